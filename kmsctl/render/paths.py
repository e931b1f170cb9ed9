"""Key paths: how a dotted name reaches a value in a record."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    #: A name, an index, or None for ``[]`` (every item).
    Path = tuple[str | int | None, ...]
    Getter = Callable[[Any], Any]

_MISSING = object()


def snake_case(name: str) -> str:
    """Returns ``fooBar`` as ``foo_bar``; a run of capitals counts as one word."""
    pieces: list[str] = []
    last = len(name) - 1
    for index, character in enumerate(name):
        if (
            index
            and "A" <= character <= "Z"
            and (
                (index < last and "a" <= name[index + 1] <= "z")
                or "a" <= name[index - 1] <= "z"
                or "0" <= name[index - 1] <= "9"
            )
        ):
            pieces.append("_")
        pieces.append(character)
    return "".join(pieces).lower()


def camel_case(name: str) -> str:
    """Returns ``foo_bar`` as ``fooBar``."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _spellings(name: str) -> tuple[str, ...]:
    """The spellings under which a map may hold `name`, in the order they are tried."""
    return tuple(dict.fromkeys((name, camel_case(name), snake_case(name))))


def _item(value: Any, spellings: tuple[str, ...]) -> Any:
    for spelling in spellings:
        found = value.get(spelling, _MISSING)
        if found is not _MISSING:
            return found
    return None


def _first_with(items: list[Any], name: str) -> int | None:
    """Returns the index of the first map in a list of maps that has `name`."""
    if not items or not isinstance(items[0], dict):
        return None
    spellings = _spellings(name)
    for index, item in enumerate(items):
        if isinstance(item, dict) and any(spelling in item for spelling in spellings):
            return index
    return None


def walk(value: Any, path: Path) -> Any:
    """Returns what `path` reaches in `value`, None where it reaches nothing."""
    for position, part in enumerate(path):
        if part is None:
            rest = path[position + 1 :]
            if rest and isinstance(value, (list, dict)):
                return [walk(item, rest) for item in value]
            return walk(value, rest)
        if isinstance(part, str) and isinstance(value, list):
            first = _first_with(value, part)
            return None if first is None else [walk(item, path[position:]) for item in value[first:]]
        value = _step(value, part)
        if value is None:
            return None
    return value


def _step(value: Any, part: str | int) -> Any:
    """Goes one step into a map by name, or into a list or text by index."""
    if isinstance(part, str):
        return _item(value, _spellings(part)) if isinstance(value, dict) else None
    if isinstance(value, (list, str)) and -len(value) <= part < len(value):
        return value[part]
    return None


def compile_path(path: Path) -> Getter:
    """Makes a function that does what `walk` does, quickly where `path` is plain names."""
    if not path:
        return lambda record: record
    if len(path) > 2 or not all(isinstance(part, str) for part in path):
        return lambda record: walk(record, path)
    spellings = [_spellings(part) for part in path if isinstance(part, str)]
    if len(spellings) == 1:
        return _one_name(spellings[0], path)
    return _two_names(spellings[0], spellings[1], path)


def _one_name(spellings: tuple[str, ...], path: Path) -> Getter:
    first = spellings[0]

    def get(record: Any) -> Any:
        if type(record) is dict:
            if first in record:
                return record[first]
            return _item(record, spellings) if len(spellings) > 1 else None
        return walk(record, path)

    return get


def _two_names(outer: tuple[str, ...], inner: tuple[str, ...], path: Path) -> Getter:
    outer_first, inner_first = outer[0], inner[0]
    tail = path[1:]

    def get(record: Any) -> Any:
        if type(record) is not dict:
            return walk(record, path)
        value = record[outer_first] if outer_first in record else _item(record, outer)
        if type(value) is dict:
            return value[inner_first] if inner_first in value else _item(value, inner)
        return walk(value, tail)

    return get
