"""One unambiguous byte form for a sequence of values: what tags and bindings are computed over.

``n`` is None, ``i<decimal>;`` an integer, ``s<length>:<UTF-8>`` a text, ``b<length>:<bytes>`` bytes.
The form is prefix-free, so two different sequences never encode alike. docs/format.md has it too.
"""

from __future__ import annotations

from kmsctl.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeAlias

    Value: TypeAlias = int | str | bytes | None


def encode(values: Iterable[Value]) -> bytes:
    """Returns the canonical form of the values, in their order.

    Raises:
        InvalidArgument: if a text is none in Unicode, as what is typed in another encoding.
    """
    parts = []
    for value in values:
        if value is None:
            parts.append(b"n")
        elif isinstance(value, int):
            parts.append(b"i%d;" % value)
        elif isinstance(value, str):
            try:
                text = value.encode()
            except UnicodeEncodeError:
                raise InvalidArgument("A text that is to be kept is not valid UTF-8.") from None
            parts.append(b"s%d:%b" % (len(text), text))
        else:
            parts.append(b"b%d:%b" % (len(value), value))
    return b"".join(parts)
