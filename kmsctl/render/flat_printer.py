"""The line formats: ``flattened`` (``text``), ``config`` and ``list``."""

from __future__ import annotations

from kmsctl.render.columns import compile_columns
from kmsctl.render.tree import TreeProjector
from kmsctl.render.values import cell_text, sorted_deep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from kmsctl.render.options import PrintOptions
    from kmsctl.render.paths import Path
    from kmsctl.render.projection import Projection


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Yields every scalar and every empty map or list in `value`, with its path."""
    if isinstance(value, dict) and value:
        for name in value:
            yield from _leaves(value[name], (*path, name))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))
    else:
        yield path, value


def _dotted(path: Path) -> str:
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else str(part)
    return text


def _flat_value(value: Any) -> str:
    if isinstance(value, str):
        if "\n" in value or value != value.strip():
            from json import dumps

            return dumps(value)
        return value
    return "None" if value is None else cell_text(value)


def print_flattened(records: Iterable[Any], projection: Projection, options: PrintOptions) -> Iterator[str]:
    """Yields a ``key: value`` line per value; the values of a record line up."""
    project = TreeProjector(projection)
    separator = projection.text("separator", ": ")
    pad = projection.attributes.get("pad", True) is not False
    for record in records:
        lines = []
        for path, value in _leaves(sorted_deep(project(record)), ()):
            node = projection.node(path) if path else None
            label = node.key.label if node is not None and projection.explicit else None
            name = _dotted(path) if label is None else label.lower()
            lines.append((name + separator, _flat_value(value)))
        width = max((len(name) for name, _ in lines), default=0) if pad else 0
        text = "".join([f"{name.ljust(width)}{value}\n" for name, value in lines])
        yield ("---\n" if options.is_list else "") + text


def print_config(records: Iterable[Any], projection: Projection, _options: PrintOptions) -> Iterator[str]:
    """Yields ``key = value`` lines in sections, or shell commands that set or unset variables."""
    project = TreeProjector(projection)
    if projection.flag("export"):
        command = "export"
    elif projection.flag("unset"):
        command = "unset"
    else:
        command = ""
    title = projection.text("title", "")
    for record in records:
        if title:
            yield title + "\n"
            title = ""
        value = sorted_deep(project(record))
        lines = _shell(value, command, "") if command else _section(value, "")
        yield "".join([f"{line}\n" for line in lines])


def _entries(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    if isinstance(value, list):
        return [(str(index), item) for index, item in enumerate(value)]
    return []


def _section(value: Any, name: str) -> Iterator[str]:
    entries = _entries(value)
    scalars = [(key, item) for key, item in entries if not isinstance(item, (dict, list))]
    if scalars and name:
        yield f"[{name}]"
    for key, item in scalars:
        yield f"{key} (unset)" if item is None else f"{key} = {item}"
    for key, item in entries:
        if isinstance(item, (dict, list)):
            yield from _section(item, f"{name}.{key}" if name else key)


def _shell(value: Any, command: str, prefix: str) -> Iterator[str]:
    entries = value.items() if isinstance(value, dict) else []
    for key, item in entries:
        name = f"{prefix}_{key}" if prefix else key
        if isinstance(item, dict):
            yield from _shell(item, command, name)
        elif isinstance(item, list):
            for inner in item:
                yield from _shell(inner if isinstance(inner, dict) else {}, command, name)
        elif command == "unset":
            yield f"unset {name}"
        elif item is None:
            yield f"{name} (unset)"
        else:
            from shlex import quote

            yield f"export {name}={quote(str(item))}"


def print_list(records: Iterable[Any], projection: Projection, _options: PrintOptions) -> Iterator[str]:
    """Yields an item per record: ``-`` before its first value, the others below or beside it."""
    getters = compile_columns(projection, projection.columns) if projection.columns else []
    title = projection.text("title", "")
    between = " " if projection.flag("compact") else "\n   "
    if title and projection.flag("always-display-title"):
        yield title + "\n"
        title = ""
    for record in records:
        if title:
            yield title + "\n"
            title = ""
        if getters:
            values = [str(value) for value in (get(record) for get in getters) if value is not None]
        elif isinstance(record, dict):
            values = [f"{key}: {item}" for key, item in sorted_deep(record).items()]
        else:
            values = [str(record)]
        yield f" - {between.join(values)}\n"
