"""Transforms of lists and maps."""

from __future__ import annotations

from kmsctl.render.paths import compile_path
from kmsctl.render.sorting import sort_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kmsctl.render.transforms import Function


def _count() -> Function:
    def count(value: Any) -> Any:
        counts: dict[str, int] = {}
        if not isinstance(value, (list, str, dict)):
            return counts
        for item in value:
            if isinstance(item, (list, dict)):  # only scalars can be counted
                return {}
            counts[str(item)] = counts.get(str(item), 0) + 1
        return counts

    return count


def _map_items(value: dict[str, Any], show: str, separator: str, deep: Callable[[Any], Any]) -> str:
    if show == "keys":
        return separator.join(value)
    if show == "values":
        return separator.join([str(deep(item)) for item in value.values()])
    return separator.join([f"{key}={deep(item)}" for key, item in value.items()])


def _list(show: str = "", undefined: str = "", separator: str = ",") -> Function:
    def listed(value: Any) -> Any:
        if isinstance(value, dict):
            return _map_items(value, show, separator, lambda item: item)
        if isinstance(value, list):
            return separator.join(map(str, value))
        return value or undefined

    return listed


def _flatten(show: str = "", undefined: str = "", separator: str = ",") -> Function:
    def deep(value: Any) -> Any:
        if isinstance(value, dict):
            return _map_items(value, show, separator, deep)
        if isinstance(value, list):
            nested = bool(value) and isinstance(value[0], (dict, list))
            return separator.join(str(deep(item) if nested else item) for item in value)
        return value

    return lambda value: deep(value) if value else undefined


def _join(sep: str = "/", undefined: str = "") -> Function:
    def join(value: Any) -> Any:
        if not isinstance(value, (list, str, dict)):
            return undefined
        return sep.join(map(str, value)) or undefined

    return join


def _len() -> Function:
    return lambda value: len(value) if isinstance(value, (str, list, dict)) else 0


def _notnull() -> Function:
    def notnull(value: Any) -> Any:
        if not isinstance(value, (list, str, dict)):
            return []
        return [item for item in value if item is not None]

    return notnull


def _slice(op: str = ":", undefined: str = "") -> Function:
    from kmsctl.render.slices import parse_slice

    selected = parse_slice(op)

    def take(value: Any) -> Any:
        if selected is None or not isinstance(value, (list, str)):
            return undefined
        return list(value)[selected] or undefined

    return take


def _sort(attr: str = "") -> Function:
    get = compile_path(tuple(attr.split("."))) if attr else None

    def ordered(value: Any) -> Any:
        if not isinstance(value, (list, str, dict)):
            return [] if value is None else value
        return sorted(value, key=lambda item: sort_key(get(item) if get else item))

    return ordered


FACTORIES: dict[str, Callable[..., Function]] = {
    "count": _count,
    "flatten": _flatten,
    "join": _join,
    "len": _len,
    "list": _list,
    "notnull": _notnull,
    "slice": _slice,
    "sort": _sort,
}
