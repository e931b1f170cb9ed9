"""JSON: two spaces of indentation, keys in order, non-ASCII text as it is."""

from __future__ import annotations

from json import dumps
from json.encoder import encode_basestring

from kmsctl.render.tree import TreeProjector

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from kmsctl.render.options import PrintOptions
    from kmsctl.render.projection import Projection

_INDENT = "  "

#: (margin, names of a map as they come) → its names in order, each with what stands before its value.
#: The records of a list are alike, so this is nearly always known.
_layouts: dict[tuple[str, ...], list[tuple[str, str]]] = {}
_MOST_LAYOUTS = 500


def indented(value: Any, margin: str = "") -> str:
    """Returns `value` as JSON; every line but the first begins with `margin`.

    The standard encoder is slow when it indents: it leaves its C part. Strings, which are nearly
    all of a resource, still go through that part here.
    """
    kind = type(value)
    if kind is str:
        return encode_basestring(value)
    inner = margin + _INDENT
    if kind is dict:
        if not value:
            return "{}"
        lines = []
        for name, lead in _layouts.get((inner, *value)) or _layout(inner, value):
            item = value[name]
            lines.append(lead + (encode_basestring(item) if type(item) is str else indented(item, inner)))
        body = ",\n".join(lines)
        return f"{{\n{body}\n{margin}}}"
    if kind is list:
        if not value:
            return "[]"
        body = ",\n".join([f"{inner}{indented(item, inner)}" for item in value])
        return f"[\n{body}\n{margin}]"
    return dumps(value, ensure_ascii=False)


def _layout(margin: str, value: dict[str, Any]) -> list[tuple[str, str]]:
    if len(_layouts) >= _MOST_LAYOUTS:
        _layouts.clear()
    layout = [(name, f"{margin}{encode_basestring(name)}: ") for name in sorted(value)]
    _layouts[margin, *value] = layout
    return layout


def print_json(records: Iterable[Any], projection: Projection, options: PrintOptions) -> Iterator[str]:
    """Yields the records as one JSON list, or one JSON value where the command has one resource."""
    if options.is_list:
        piece, join = in_pieces(projection, options)
        yield from join(map(piece, records))
        return
    project = TreeProjector(projection)
    for record in records:
        yield indented(project(record)) + "\n"


def in_pieces(
    projection: Projection, options: PrintOptions
) -> tuple[Callable[[Any], str], Callable[[Iterable[str]], Iterator[str]]]:
    """Returns what makes a record's text, and what makes a list of such texts.

    The list is closed even if the texts fail half-way, so that what was shown is valid JSON.
    """
    project = TreeProjector(projection)

    def join(texts: Iterable[str]) -> Iterator[str]:
        return _listed(texts, options)

    return _item if project.identity else lambda record: _item(project(record)), join


def _item(record: Any) -> str:
    return indented(record, _INDENT)


def _listed(texts: Iterable[str], options: PrintOptions) -> Iterator[str]:
    separator = "[\n  "
    try:
        for text in texts:
            yield separator + text
            separator = ",\n  "
    except Exception:
        yield "\n]\n" if separator.startswith(",") else "[]\n"
        raise
    if separator.startswith(","):
        yield "\n]\n"
    elif not options.continued:
        yield "[]\n"
