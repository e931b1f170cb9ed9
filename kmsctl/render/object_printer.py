"""The formats for looking inside: ``object``, ``multi`` and ``diff``."""

from __future__ import annotations

from kmsctl.render.columns import compile_columns
from kmsctl.render.errors import FormatError
from kmsctl.render.values import sorted_deep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from kmsctl.render.options import PrintOptions
    from kmsctl.render.projection import Projection


def print_object(records: Iterable[Any], projection: Projection, _options: PrintOptions) -> Iterator[str]:
    """Yields each record in Python's notation."""
    separator = projection.text("separator", "")
    terminator = projection.text("terminator", "")
    first = True
    for record in records:
        if separator and not first:
            yield separator + "\n"
        first = False
        yield f"{sorted_deep(record)}\n"
        if terminator:
            yield terminator + "\n"


def print_multi(records: Iterable[Any], projection: Projection, options: PrintOptions) -> Iterator[str]:
    """Yields each key of each record in the format of that key."""
    from kmsctl.render.printers import print_nested

    separator = projection.text("separator", "")
    for column in projection.columns:
        if column.key.format is None:
            name = ".".join(str(part) for part in column.path)
            raise FormatError(f"{name} requires format attribute.")
    getters = compile_columns(projection, projection.columns, inherited=False)
    shown: set[int] = set()
    for record in records:
        if options.is_list:
            yield separator
        for index, (column, get) in enumerate(zip(projection.columns, getters, strict=True)):
            if index:
                yield separator
            value = get(record)
            values = value if isinstance(value, list) else [value] if value else []
            nested = options.nested(is_list=isinstance(value, list) or not value, continued=index in shown)
            shown.add(index)
            yield from print_nested(values, column.key.format or "", nested)


def print_diff(records: Iterable[Any], projection: Projection, options: PrintOptions) -> Iterator[str]:
    """Yields a unified diff of the first two keys of each record."""
    from difflib import unified_diff

    from kmsctl.render.printers import print_nested

    expression = projection.text("format", "flattened") or "flattened"
    getters = compile_columns(projection, projection.columns[:2])
    if len(getters) < 2:  # a difference is between two
        return
    for record in records:
        texts = [
            "".join(print_nested([get(record)], expression, options.nested(is_list=False))) for get in getters
        ]
        before, after = (text.split("\n") for text in texts)
        lines = list(unified_diff(before, after))
        if lines:
            yield "\n".join(lines) + "\n"
