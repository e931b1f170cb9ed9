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


def _print(
    records: Iterable[Any],
    projection: Projection,
    *,
    separator: str,
    quoted: bool,
    heading: bool,
    transforms: bool,
) -> Iterator[str]:
    separator = projection.text("separator", separator)
    delimiter = projection.text("delimiter", ";")
    terminator = projection.text("terminator", "\n")
    quote = _quoter(separator, delimiter, terminator) if quoted else None
    write = _writer(delimiter, quote)
    getters = compile_columns(projection, projection.columns, transforms=transforms)
    labels = [(column.key.label or "").lower() for column in projection.columns]
    heading = heading and any(labels)
    if heading:
        first = separator.join(labels if quote is None else [quote(label) for label in labels])
    lines: list[str] = []
    only = getters[0] if len(getters) == 1 else None
    try:
        for record in records:
            line = write(only(record)) if only else separator.join([write(get(record)) for get in getters])
            if heading:
                lines.append(first)
                heading = False
            lines.append(line)
            if len(lines) >= _BATCH:
                yield terminator.join(lines) + terminator
                lines = []
    except Exception:
        if lines:
            yield terminator.join(lines) + terminator
        raise
    if lines:
        yield terminator.join(lines) + terminator


def print_csv(records: Iterable[Any], projection: Projection, options: PrintOptions) -> Iterator[str]:
    return _print(
        records,
        projection,
        separator=",",
        quoted=projection.attributes.get("quote", True) is not False,
        heading=projection.attributes.get("heading") is not False and not options.continued,
        transforms=True,
    )


def print_value(records: Iterable[Any], projection: Projection, _options: PrintOptions) -> Iterator[str]:
    return _print(
        records,
        projection,
        separator="\t",
        quoted=projection.flag("quote"),
        heading=False,
        transforms=projection.name != "get",
    )
