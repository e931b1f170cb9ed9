"""The line formats: ``flattened`` (``text``), ``config`` and ``list``."""

from __future__ import annotations

from kmsctl.render.columns import compile_columns
from kmsctl.render.projection import SELECTED
from kmsctl.render.tree import TreeProjector
from kmsctl.render.values import cell_text, sorted_deep, without_nulls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from kmsctl.render.options import PrintOptions
    from kmsctl.render.paths import Path
    from kmsctl.render.projection import Projection

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n", "\r": r"\r", "\t": r"\t"})


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
            return f'"{value.translate(_ESCAPES)}"'
        return value
    return "None" if value is None else cell_text(value)


def print_flattened(records: Iterable[Any], projection: Projection, options: PrintOptions) -> Iterator[str]:
    """Yields a ``key: value`` line per value; the values of a record line up."""
    project = TreeProjector(projection)
    separator = projection.text("separator", ": ")
    pad = projection.attributes.get("pad", True) is not False
    for record in records:
        lines = []
        shown = project(record) if projection.explicit else without_nulls(project(record))
        for path, value in _leaves(sorted_deep(shown), ()):
            node = projection.node(path) if path else None
            label = node.key.label if node is not None and node.key.state == SELECTED else None
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
    if title:
        yield title + "\n"
    for record in records:
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


def _shell_names(value: Any) -> list[tuple[str, Any]]:
    """Returns the entries of a map, or the items of a list: ``I0``, ``I1``; maps in it need no name."""
    if isinstance(value, list):
        return [("" if isinstance(item, dict) else f"I{index}", item) for index, item in enumerate(value)]
    return _entries(value)


def _shell(value: Any, command: str, prefix: str) -> Iterator[str]:
    for key, item in _shell_names(value):
        name = "_".join(part for part in (prefix, key) if part)
        if isinstance(item, (dict, list)):
            yield from _shell(item, command, name)
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
    project = TreeProjector(projection)
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
        else:
            shown = sorted_deep(without_nulls(project(record)))
            items = shown.items() if isinstance(shown, dict) else ()
            values = [f"{key}: {item}" for key, item in items] or [str(shown)]
        yield f" - {between.join(values)}\n"
