"""YAML: block style, a document per resource."""

from __future__ import annotations

from kmsctl.render.tree import TreeProjector
from kmsctl.render.values import float_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from kmsctl.render.options import PrintOptions
    from kmsctl.render.projection import Projection

_PLAIN_FIRST = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ/$_")
_PLAIN = _PLAIN_FIRST | frozenset("0123456789-.+*@(){}[]!&%~^;,")
_WORDS = frozenset(("true", "True", "TRUE", "false", "False", "FALSE", "null", "Null", "NULL"))
_DIGITS = frozenset("0123456789")


class _Hard(Exception):  # not an error: it asks for the slow way
    """A value that needs the whole of YAML's rules."""


def _text(value: str) -> str:
    """Returns text as YAML if that is plain to see; raises _Hard otherwise."""
    first = value[:1]
    if first in _PLAIN_FIRST:
        if _PLAIN.issuperset(value) and value not in _WORDS:
            return value
    elif first in _DIGITS and value.isascii():
        if value.isdigit() or _is_timestamp(value):
            return f"'{value}'"
        if value[-1] == "s" and value[:-1].isdigit():  # a duration
            return value
    raise _Hard


def _scalar(value: Any) -> str:
    kind = type(value)
    if kind is str:
        return _text(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return str(value)
    if kind is float:
        return float_text(value)
    raise _Hard


def _is_timestamp(text: str) -> bool:
    """Tells whether `text` is a UTC time of RFC 3339 with a capital T and Z."""
    if not 20 <= len(text) <= 30 or text[-1] != "Z" or text[10] != "T":
        return False
    shape = text[4] + text[7] + text[13] + text[16]
    digits = text[:4] + text[5:7] + text[8:10] + text[11:13] + text[14:16] + text[17:19]
    fraction = text[19:-1]
    return (
        shape == "--::"
        and digits.isdigit()
        and (not fraction or (fraction[0] == "." and (len(fraction) == 1 or fraction[1:].isdigit())))
    )


def _write(value: Any, margin: str, lines: list[str], lead: str) -> None:
    """Appends a map or list. `lead` replaces the margin of the first line."""
    if type(value) is dict:
        for name in sorted(value):
            item = value[name]
            kind = type(item)
            head = f"{lead}{_scalar(name)}:"
            if kind is dict and item:
                lines.append(head)
                _write(item, margin + "  ", lines, margin + "  ")
            elif kind is list and item:
                lines.append(head)
                _write(item, margin, lines, margin)
            else:
                lines.append(f"{head} {_empty_or_scalar(item)}")
            lead = margin
        return
    for item in value:
        if item and (type(item) is dict or type(item) is list):
            _write(item, margin + "  ", lines, f"{lead}- ")
        else:
            lines.append(f"{lead}- {_empty_or_scalar(item)}")
        lead = margin


def _empty_or_scalar(item: Any) -> str:
    if type(item) is dict:
        return "{}"
    if type(item) is list:
        return "[]"
    return _scalar(item)


def quick(value: Any) -> str | None:
    """Returns a map or list as YAML, None if anything in it needs the full emitter."""
    lines: list[str] = []
    try:
        _write(value, "", lines, "")
    except _Hard:
        return None
    return "\n".join(lines) + "\n"


def document(value: Any, null_text: str, *, in_list: bool) -> str:
    """Returns one resource as YAML, with the marker before it where it is one of a list."""
    marker = "---" if in_list else ""
    start = "---\n" if in_list else ""
    if value and (type(value) is dict or type(value) is list):
        text = quick(value)
        if text is not None:
            return start + text
    from kmsctl.render.yaml_dumper import dump

    text = dump(value, null_text)
    if isinstance(value, (dict, list)) or text.startswith("|"):
        return start + text
    return f"{marker}\n  {text.removesuffix('...' + chr(10))}"


def print_yaml(records: Iterable[Any], projection: Projection, options: PrintOptions) -> Iterator[str]:
    """Yields each record as a document; records of a list begin with ``---``."""
    project = TreeProjector(projection)
    identity = project.identity
    null_text = projection.text("null", "null")
    version = projection.attributes.get("version")
    head = f"%YAML {version}\n" if isinstance(version, str) else ""
    for record in records:
        value = record if identity else project(record)
        if not head:
            yield document(value, null_text, in_list=options.is_list)
        else:
            yield head + document(value, null_text, in_list=True)
