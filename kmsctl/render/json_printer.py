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
_SEPARATOR = f",\n{_INDENT}"

#: The records of a list are alike, so the layout of a map is nearly always known.
_MOST_LAYOUTS = 100


class _Level:
    """A depth of indentation: puts values in pieces, each line but the first with the margin of the level.

    The standard encoder is slow when it indents: it leaves its C part. Strings, which are nearly
    all of a resource, still go through that part here.
    """

    __slots__ = ("_below", "_inner", "_layouts", "_margin")

    def __init__(self, margin: str) -> None:
        self._margin = margin
        self._inner = f"\n{margin}{_INDENT}"
        #: names of a map as they come → its names in order, each with what stands before its value
        self._layouts: dict[tuple[str, ...], list[tuple[str, str]]] = {}
        self._below: _Level | None = None

    def put(self, value: Any, add: Callable[[str], None]) -> None:
        """Adds the pieces of a value."""
        kind = type(value)
        if kind is dict and value:
            for name, lead in self._layouts.get(tuple(value)) or self._layout(value):
                add(lead)
                item = value[name]
                if type(item) is str:
                    add(encode_basestring(item))
                else:
                    self._deeper().put(item, add)
            add(f"\n{self._margin}}}")
        elif kind is list and value:
            lead = "["
            for item in value:
                add(lead + self._inner)
                self._deeper().put(item, add)
                lead = ","
            add(f"\n{self._margin}]")
        else:
            add(encode_basestring(value) if kind is str else dumps(value, ensure_ascii=False))

    def _layout(self, value: dict[str, Any]) -> list[tuple[str, str]]:
        if len(self._layouts) >= _MOST_LAYOUTS:
            self._layouts.clear()
        layout = []
        lead = "{"
        for name in sorted(value):
            layout.append((name, f"{lead}{self._inner}{encode_basestring(name)}: "))
            lead = ","
        self._layouts[tuple(value)] = layout
        return layout

    def _deeper(self) -> _Level:
        if self._below is None:
            self._below = _Level(self._margin + _INDENT)
        return self._below


_TOP = _Level("")
_IN_LIST = _Level(_INDENT)


def indented(value: Any) -> str:
    """Returns `value` as JSON."""
    pieces: list[str] = []
    _TOP.put(value, pieces.append)
    return "".join(pieces)


def print_json(records: Iterable[Any], projection: Projection, options: PrintOptions) -> Iterator[str]:
    """Yields the records as one JSON list, or one JSON value where the command has one resource."""
    if options.is_list:
        make, join = in_pieces(projection, options)
        yield from join(make((record,)) for record in records)
        return
    project = TreeProjector(projection)
    for record in records:
        yield indented(project(record)) + "\n"


def in_pieces(
    projection: Projection, options: PrintOptions
) -> tuple[Callable[[Iterable[Any]], str], Callable[[Iterable[str]], Iterator[str]]]:
    """Returns what makes the text of some records, and what makes a list of such texts."""
    project = TreeProjector(projection)
    identity = project.identity

    def make(records: Iterable[Any]) -> str:
        pieces: list[str] = []
        for record in records if identity else map(project, records):
            pieces.append(_SEPARATOR)
            _IN_LIST.put(record, pieces.append)
        return "".join(pieces[1:])

    def join(texts: Iterable[str]) -> Iterator[str]:
        return _listed(filter(None, texts), options)

    return make, join


def _listed(texts: Iterable[str], options: PrintOptions) -> Iterator[str]:
    """Makes a list of items, and closes it even if they fail half-way: what was shown is valid JSON."""
    before = f"[\n{_INDENT}"
    try:
        for text in texts:
            yield before + text
            before = _SEPARATOR
    except Exception:
        yield "\n]\n" if before is _SEPARATOR else "[]\n"
        raise
    if before is _SEPARATOR:
        yield "\n]\n"
    elif not options.continued:
        yield "[]\n"
