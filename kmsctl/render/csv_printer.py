"""CSV, and its bare forms ``value`` and ``get``."""

from __future__ import annotations

from kmsctl.render.columns import compile_columns
from kmsctl.render.values import float_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from kmsctl.render.options import PrintOptions
    from kmsctl.render.projection import Projection

_BATCH = 256


def _writer(delimiter: str, quote: Callable[[str], str] | None) -> Callable[[Any], str]:
    """Makes the function that writes one value."""

    def write(value: Any) -> str:
        if type(value) is str:
            return value if quote is None else quote(value)
        if value is None:
            return ""
        if isinstance(value, dict):
            items = [f"{name}={value[name]}" for name in sorted(value)]
        elif isinstance(value, list):
            items = [str(item) if item else "" for item in value]
        else:
            text = float_text(value) if isinstance(value, float) else str(value)
            return text if quote is None else quote(text)
        if quote is not None:
            items = [quote(item) for item in items]
        return delimiter.join(items)

    return write


def _quoter(*special: str) -> Callable[[str], str]:
    marks = [mark for mark in (*special, '"') if mark]

    def quote(text: str) -> str:
        if any(mark in text for mark in marks) or text != text.strip():
            return '"' + text.replace('"', '""') + '"'
        return text

    return quote


class _Lines:
    """How records are written in lines.

    Attributes:
        heading: the line that comes before the first record; None if there is none.
        end: what comes after each line.
        of: writes a record's line, without its end.
    """

    __slots__ = ("end", "heading", "of")

    def __init__(
        self, projection: Projection, separator: str, *, quoted: bool, heading: bool, transforms: bool
    ) -> None:
        separator = projection.text("separator", separator)
        delimiter = projection.text("delimiter", ";")
        self.end = projection.text("terminator", "\n")
        quote = _quoter(separator, delimiter, self.end) if quoted else None
        labels = [(column.key.label or "").lower() for column in projection.columns]
        self.heading: str | None = None
        if heading and any(labels):
            self.heading = separator.join(labels if quote is None else [quote(label) for label in labels])
        write = _writer(delimiter, quote)
        getters = compile_columns(projection, projection.columns, transforms=transforms)
        only = getters[0]
        self.of: Callable[[Any], str]
        if len(getters) == 1:
            self.of = lambda record: write(only(record))
        else:
            self.of = lambda record: separator.join([write(get(record)) for get in getters])


def _print(records: Iterable[Any], lines: _Lines) -> Iterator[str]:
    end = lines.end
    waiting: list[str] = []
    heading = lines.heading
    try:
        for record in records:
            line = lines.of(record)
            if heading is not None:
                waiting.append(heading)
                heading = None
            waiting.append(line)
            if len(waiting) >= _BATCH:
                yield end.join(waiting) + end
                waiting = []
    except Exception:
        if waiting:
            yield end.join(waiting) + end
        raise
    if waiting:
        yield end.join(waiting) + end


def in_pieces(
    projection: Projection, options: PrintOptions
) -> tuple[Callable[[Iterable[Any]], str | None], Callable[[Iterable[str | None]], Iterator[str]]]:
    """Returns what makes the lines of some records, if there are any, and puts the heading before them."""
    lines = _csv(projection, options)

    def make(records: Iterable[Any]) -> str | None:
        written = [lines.of(record) + lines.end for record in records]
        return "".join(written) if written else None

    def join(texts: Iterable[str | None]) -> Iterator[str]:
        before = "" if lines.heading is None else lines.heading + lines.end
        for text in texts:
            if text is not None:
                yield before + text
                before = ""

    return make, join


def _csv(projection: Projection, options: PrintOptions) -> _Lines:
    return _Lines(
        projection,
        ",",
        quoted=projection.attributes.get("quote", True) is not False,
        heading=projection.attributes.get("heading") is not False and not options.continued,
        transforms=True,
    )


def print_csv(records: Iterable[Any], projection: Projection, options: PrintOptions) -> Iterator[str]:
    return _print(records, _csv(projection, options))


def print_value(records: Iterable[Any], projection: Projection, _options: PrintOptions) -> Iterator[str]:
    lines = _Lines(
        projection,
        "\t",
        quoted=projection.flag("quote"),
        heading=False,
        transforms=projection.name != "get",
    )
    return _print(records, lines)
