"""The printers by name."""

from __future__ import annotations

from kmsctl.render.errors import FormatError
from kmsctl.render.projection_parser import parse_format

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from kmsctl.render.options import PrintOptions
    from kmsctl.render.projection import Projection

    Printer = Callable[[Iterable[Any], Projection, PrintOptions], Iterator[str]]

FORMATS = (
    "config",
    "csv",
    "default",
    "diff",
    "disable",
    "flattened",
    "get",
    "json",
    "list",
    "multi",
    "none",
    "object",
    "table",
    "text",
    "value",
    "yaml",
)
_NEED_KEYS = frozenset(("csv", "diff", "get", "table", "value"))


def find_printer(projection: Projection) -> Printer:
    """Returns the printer that `projection` names.

    Raises:
        FormatError: if there is none of that name, or it needs keys and has none.
    """
    name = projection.name
    if name not in FORMATS:
        raise FormatError(
            f"Format must be one of {', '.join(FORMATS)}; received [{name}]."
        )
    if name in _NEED_KEYS and not projection.columns:
        raise FormatError(
            f"Format [{name}] requires a non-empty projection. Use key parameters to specify a "
            f"projection like so `{name}(foo, bar.baz)`"
        )
    return _load(name)


def _load(name: str) -> Printer:
    if name == "table":
        from kmsctl.render.table_printer import print_table

        return print_table
    if name == "json":
        from kmsctl.render.json_printer import print_json

        return print_json
    if name in ("yaml", "default"):
        from kmsctl.render.yaml_printer import print_yaml

        return print_yaml
    if name in ("csv", "value", "get"):
        from kmsctl.render.csv_printer import print_csv, print_value

        return print_csv if name == "csv" else print_value
    if name in ("flattened", "text", "config", "list"):
        from kmsctl.render import flat_printer

        if name == "config":
            return flat_printer.print_config
        return flat_printer.print_list if name == "list" else flat_printer.print_flattened
    if name in ("object", "multi", "diff"):
        from kmsctl.render import object_printer

        printers = {
            "object": object_printer.print_object,
            "multi": object_printer.print_multi,
            "diff": object_printer.print_diff,
        }
        return printers[name]
    return _print_nothing if name == "none" else _leave_alone


def _print_nothing(records: Iterable[Any], _projection: Projection, _options: PrintOptions) -> Iterator[str]:
    """Consumes the records, so that what lists them does its work."""
    for _ in records:
        pass
    yield from ()


def _leave_alone(_records: Iterable[Any], _projection: Projection, _options: PrintOptions) -> Iterator[str]:
    yield from ()


def print_nested(records: Iterable[Any], expression: str, options: PrintOptions) -> Iterator[str]:
    """Yields `records` in the format of a key, such as ``table[box](a, b)``.

    Raises:
        RenderError: if the format is malformed.
    """
    projection = parse_format(expression, options.scope)
    return find_printer(projection)(records, projection, options)
