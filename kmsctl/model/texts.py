"""Texts that somebody writes and others read on their terminal: names to display, titles, descriptions."""

from __future__ import annotations

from kmsctl.errors import InvalidArgument

_BLANKS = str.maketrans("\n\r\t", "   ")


def check_text(field: str, text: str, most: int | None = None, *, one_line: bool = False) -> None:
    """Refuses a text that is too long, or would do to a terminal more than fill lines.

    Raises:
        InvalidArgument: naming the field.
    """
    if most is not None and len(text) > most:
        raise InvalidArgument(f"{field}: it has more than {most} characters.")
    if not (text if one_line else text.translate(_BLANKS)).isprintable():
        raise InvalidArgument(f"{field}: it has characters that do not print.")
