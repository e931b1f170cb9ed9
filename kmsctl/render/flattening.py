"""``--flatten`` and ``--sort-by``."""

from __future__ import annotations

from kmsctl.render.columns import compile_key
from kmsctl.render.key_parser import parse_key
from kmsctl.render.lexer import Lexer
from kmsctl.render.paths import walk
from kmsctl.render.projection import Chain
from kmsctl.render.transforms import Scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

    from kmsctl.render.paths import Getter, Path


def flatten_records(records: Iterable[Any], keys: Sequence[str]) -> Iterable[Any]:
    """Makes a record of each item of the lists at `keys`, with the item in the list's place.

    A value that is no list takes the place of the whole record.

    Raises:
        ExpressionError: if a key is malformed.
    """
    for key in filter(None, keys):
        path = parse_key(Lexer(key), Scope()).path
        for level in _levels(path):
            records = _sliced(records, level)
    return records


def _levels(path: Path) -> list[Path]:
    """Returns the path of each list that `path` goes through, outermost first."""
    levels: list[Path] = []
    plain: list[str | int | None] = []
    for part in path:
        if part is None:
            levels.append(tuple(plain))
        else:
            plain.append(part)
    if not path or path[-1] is not None:
        levels.append(tuple(plain))
    return levels


def _sliced(records: Iterable[Any], path: Path) -> Iterator[Any]:
    for record in records:
        value = walk(record, path)
        if not isinstance(value, list):
            yield value
            continue
        for item in value:
            yield _replaced(record, path, item)


def _replaced(record: Any, path: Path, item: Any) -> Any:
    """Returns a copy of `record` with `item` at `path`; what is not on the way is shared."""
    if not path:
        return item
    name, rest = path[0], path[1:]
    if isinstance(record, dict) and isinstance(name, str):
        return {**record, name: _replaced(record.get(name), rest, item)}
    if isinstance(record, list) and isinstance(name, int):
        copy = list(record)
        copy[name] = _replaced(copy[name], rest, item)
        return copy
    return record


def sort_records(records: Iterable[Any], keys: Sequence[str]) -> list[Any]:
    """Sorts by `keys`, the first one above all; ``~key`` in descending order.

    Numbers come before text; what is missing counts as the text ``None``.
    """
    found = list(records)
    for key in reversed(keys):
        name = key.strip()
        if not name.removeprefix("~"):
            continue
        parsed = parse_key(Lexer(name.removeprefix("~")), Scope())
        chain = Chain(0)
        chain.calls.extend(parsed.calls)
        get = compile_key(parsed.path, chain if parsed.calls else None)
        found.sort(key=_by(get), reverse=name.startswith("~"))
    return found


def _by(get: Getter) -> Callable[[Any], tuple[int, Any]]:
    return lambda record: _order(get(record))


def _order(value: Any) -> tuple[int, Any]:
    if isinstance(value, (int, float)):
        return (0, value)
    return (1, str(value))
