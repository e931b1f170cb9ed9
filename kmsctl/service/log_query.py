"""Filters over log entries: what they ask of an entry, and how the store can find the ones that may pass.

The store answers a condition that every entry that passes fulfils; the test itself then decides.
"""

from __future__ import annotations

from kmsctl.errors import InvalidArgument
from kmsctl.model.log_filters import All, Any, Comparison, Not, Text, error_at
from kmsctl.model.severities import SEVERITIES
from kmsctl.model.times import parse_rfc3339

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kmsctl.model.canonical import Value
    from kmsctl.model.log_filters import Node

    Test = Callable[[dict[str, object]], bool]
    #: a condition in SQL, its parameters
    Condition = tuple[str, list[Value]]

_TIMES = frozenset((("timestamp",), ("receiveTimestamp",)))
_SEVERITY = ("severity",)
#: Operators that compare a value with another.
_ORDERED = frozenset(("=", "!=", "<", "<=", ">", ">="))
#: Fields that have a column of their own.
_COLUMNS = {
    ("protoPayload", "methodName"): "method",
    ("protoPayload", "authenticationInfo", "principalEmail"): "principal",
    ("protoPayload", "resourceName"): "resource",
}
_LOGS = ("activity", "data_access", "system_event")
#: What a severity above all others of the index is known by (the words of the partial index).
ERRORS = "severity >= 400"


def _holds_between(operator: str, left: float | str, right: float | str) -> bool:
    """Compares two numbers, or two texts."""
    if operator in ("=", "!="):
        return (left == right) is (operator == "=")
    if operator[1:] and left == right:
        return True
    below: bool = left < right  # type: ignore[operator]  # both are numbers, or both are texts
    return below if operator[0] == "<" else not below and left != right


def compile_test(node: Node) -> Test:
    """Returns what tells whether an entry passes.

    Raises:
        InvalidArgument: if a value is not what its field or operator takes, with its column.
    """
    if isinstance(node, All):
        tests = [compile_test(part) for part in node.parts]
        return lambda entry: all(test(entry) for test in tests)
    if isinstance(node, Any):
        tests = [compile_test(part) for part in node.parts]
        return lambda entry: any(test(entry) for test in tests)
    if isinstance(node, Not):
        test = compile_test(node.part)
        return lambda entry: not test(entry)
    if isinstance(node, Text):
        folded = node.text.casefold()
        return lambda entry: any(folded in text.casefold() for text in _texts(entry))
    return _comparison(node)


def _comparison(node: Comparison) -> Test:
    if node.operator == "log_id":
        ending = "/logs/" + node.value.replace("/", "%2F").casefold()
        return lambda entry: str(entry.get("logName", "")).casefold().endswith(ending)
    if node.path in _TIMES and node.operator in _ORDERED:
        return _time_test(node)
    if node.path == _SEVERITY and node.operator in _ORDERED:
        wanted, operator = _severity(node), node.operator
        return lambda entry: _holds_between(operator, SEVERITIES.get(str(entry.get("severity")), 0), wanted)
    test = _value_test(node)
    negative = node.operator in ("!=", "!~")
    path = node.path

    def passes(entry: dict[str, object]) -> bool:
        found = list(_reach(entry, path))
        if not found and len(path) == 1:
            found = [""]  # a field of every entry, with its default
        if negative:
            return bool(found) and all(test(value) for value in found)
        return any(test(value) for value in found)

    return passes


def _time_test(node: Comparison) -> Test:
    wanted, operator, field = _time(node), node.operator, node.path[0]
    return lambda entry: _holds_between(operator, parse_rfc3339(str(entry[field])), wanted)


def _time(node: Comparison) -> int:
    text = node.value if "T" in node.value or "t" in node.value else f"{node.value}T00:00:00Z"
    try:
        return parse_rfc3339(text)
    except InvalidArgument:
        raise error_at(node.column, f"{node.value!r} is no time such as 2026-01-31T12:00:00Z.") from None


def _severity(node: Comparison) -> int:
    known = SEVERITIES.get(node.value.upper())
    if known is None and node.value.isascii() and node.value.isdecimal():
        known = int(node.value[:9])
    if known is None:
        raise error_at(node.column, f"{node.value!r} is no severity: they are {', '.join(SEVERITIES)}.")
    return known


def _value_test(node: Comparison) -> Callable[[object], bool]:
    """Returns the test of one value of a field."""
    operator, text = node.operator, node.value
    if operator in ("=~", "!~"):
        return _pattern(node)
    if operator == ":":
        if text == "*" and not node.quoted:
            return lambda value: value not in ("", None, [], {})
        folded = text.casefold()
        return lambda value: (
            any(folded == str(key).casefold() for key in value)
            if isinstance(value, dict)
            else folded in _shown(value).casefold()
        )
    folded, number = text.casefold(), _number(text)

    def test(value: object) -> bool:
        if isinstance(value, dict):
            return False
        own = None if isinstance(value, bool) else _number(value)
        if own is not None and number is not None:
            return _holds_between(operator, own, number)
        return _holds_between(operator, _shown(value).casefold(), folded)

    return test


def _pattern(node: Comparison) -> Callable[[object], bool]:
    try:
        search = _search(node.value)
    except ValueError as error:
        raise error_at(node.column, f"the regular expression makes no sense: {error}.") from None
    positive = node.operator == "=~"
    return lambda value: not isinstance(value, dict) and (search(_shown(value)) is not None) is positive


def _search(pattern: str) -> Callable[[str], object]:
    """Returns what looks for a pattern: RE2, as in Cloud Logging, which takes time in proportion to the text.

    Where it is not installed, it is Python's, which may take for ever.

    Raises:
        ValueError: if it is no regular expression; its text says why.
    """
    try:
        import re2
    except ImportError:
        import re

        try:
            return re.compile(pattern).search
        except (re.error, RecursionError, OverflowError) as error:
            raise ValueError(error) from None
    options = re2.Options()
    options.log_errors = False
    try:
        search = re2.compile(pattern.encode("utf-8", "replace"), options).search
    except re2.error as error:
        raise ValueError(error.args[0].decode("utf-8", "replace")) from None
    return lambda text: search(text.encode("utf-8", "replace"))


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _number(value: object) -> float | int | None:
    if not isinstance(value, str | int | float):
        return None
    for kind in (int, float):
        try:
            return kind(value)
        except (ValueError, OverflowError):
            continue
    return None


def _reach(value: object, path: tuple[str, ...]) -> Iterator[object]:
    """Yields the values that a path leads to: several where there are lists on the way."""
    if isinstance(value, list):
        for item in value:
            yield from _reach(item, path)
    elif not path:
        yield value
    elif isinstance(value, dict) and path[0] in value:
        yield from _reach(value[path[0]], path[1:])


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    else:
        yield _shown(value)


def condition(node: Node) -> Condition | None:
    """Returns a condition that every record that passes fulfils, or None if there is nothing to ask."""
    if isinstance(node, All):
        known = [found for part in node.parts if (found := condition(part)) is not None]
        return _joined(" AND ", known) if known else None
    if isinstance(node, Any):
        every = [condition(part) for part in node.parts]
        known = [found for found in every if found is not None]
        return _joined(" OR ", known) if len(known) == len(every) else None
    if isinstance(node, Not):
        return None
    if isinstance(node, Text):
        return _holds(node.text)
    return _of_comparison(node)


def _joined(word: str, parts: list[Condition]) -> Condition:
    if len(parts) == 1:
        return parts[0]
    return word.join(f"({sql})" for sql, _ in parts), [value for _, values in parts for value in values]


def _of_comparison(node: Comparison) -> Condition | None:
    operator = node.operator
    if operator == "log_id":
        log = node.value.casefold().replace("%2f", "/").rpartition("/")[2]
        return ("log = ?", [log]) if log in _LOGS else None
    if node.path in _TIMES and operator in _ORDERED:
        # What is stored is whole microseconds.
        sql = {"<": "time <= ?", ">": "time >= ?", "!=": ""}.get(operator, f"time {operator} ?")
        return (sql, [_time(node)]) if sql else None
    if node.path == _SEVERITY and operator in _ORDERED:
        number = _severity(node)
        sql = f"severity {operator} {number}"
        above = operator in ("=", ">", ">=") and number >= 400
        return f"{ERRORS} AND {sql}" if above else sql, []
    column = _COLUMNS.get(node.path)
    if column is not None and operator == "=" and node.value.isascii() and _number(node.value) is None:
        return f"{column} = ?", [node.value]
    if operator == "=" or (operator == ":" and (node.quoted or node.value != "*")):
        return _holds(node.value)
    return None


def _holds(text: str) -> Condition | None:
    """Returns the condition that a record has a text somewhere, as JSON writes it."""
    if not text.isascii() or not text or _number(text) is not None or text.lower() in {"true", "false"}:
        return None
    from json import dumps

    escaped = dumps(text)[1:-1].replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return "record LIKE ? ESCAPE '\\'", [f"%{escaped}%"]


def index_for(sql: str) -> str:
    """Returns the index that a condition is to be answered by, where the store would not choose it."""
    exact = any(f"{column} = ?" in sql for column in _COLUMNS.values())
    return (
        "audit_errors" if sql.startswith((ERRORS, f"({ERRORS}")) and not exact and " OR " not in sql else ""
    )
