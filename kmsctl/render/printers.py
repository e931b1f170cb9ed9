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
    #: What makes a piece of some records, and what makes the output of the pieces.
    Pieces = tuple[Callable[[Iterable[Any]], Any], Callable[[Iterable[Any]], Iterator[str]]]

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
#: Those whose text of a list is the texts of its records, one after the other.
_IN_A_ROW = frozenset(("default", "flattened", "get", "text", "value", "yaml"))
_NEED_KEYS = frozenset(("csv", "diff", "get", "table", "value"))


def find_printer(projection: Projection) -> Printer:
    """Returns the printer that `projection` names.

    Raises:
        FormatError: if there is none of that name, or it needs keys and has none.
    """
    name = projection.name
    if name not in FORMATS:
        raise FormatError(f"Format must be one of {', '.join(FORMATS)}; received [{name}].")
    if name in _NEED_KEYS and not projection.columns:
        raise FormatError(
            f"Format [{name}] requires a non-empty projection. Use key parameters to specify a "
            f"projection like so `{name}(foo, bar.baz)`"
        )
    return _load(name)


def find_pieces(projection: Projection, options: PrintOptions) -> Pieces | None:
    """Returns how a list is printed of which some records at a time can be worked on, perhaps elsewhere.

    None if the printer has to see all records. Pieces are texts, or lists that end in texts.
    """
    if not options.is_list or options.colours:  # coloured texts know more than their characters
        return None
    if projection.name == "json":
        from kmsctl.render import json_printer

        return json_printer.in_pieces(projection, options)
    if projection.name == "table":
        from kmsctl.render import table_printer

        return table_printer.in_pieces(projection, options)
    if projection.name == "csv":
        from kmsctl.render import csv_printer

        return csv_printer.in_pieces(projection, options)
    if projection.name in _IN_A_ROW:
        printer = _load(projection.name)
        return (
            lambda records: "".join(printer(records, projection, options)),
            lambda texts: filter(None, texts),
        )
    return None


def _load(name: str) -> Printer:
    found: Printer
    if name == "table":
        from kmsctl.render.table_printer import print_table as found
    elif name == "json":
        from kmsctl.render.json_printer import print_json as found
    elif name in ("yaml", "default"):
        from kmsctl.render.yaml_printer import print_yaml as found
    elif name == "csv":
        from kmsctl.render.csv_printer import print_csv as found
    elif name in ("value", "get"):
        from kmsctl.render.csv_printer import print_value as found
    elif name in ("none", "disable"):
        found = _print_nothing if name == "none" else _leave_alone
    else:
        found = _load_rare(name)
    return found


def _load_rare(name: str) -> Printer:
    from kmsctl.render import flat_printer, object_printer

    rare: dict[str, Printer] = {
        "config": flat_printer.print_config,
        "diff": object_printer.print_diff,
        "flattened": flat_printer.print_flattened,
        "list": flat_printer.print_list,
        "multi": object_printer.print_multi,
        "object": object_printer.print_object,
        "text": flat_printer.print_flattened,
    }
    return rare[name]


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
