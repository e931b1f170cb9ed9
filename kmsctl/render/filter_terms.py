"""The terms of a filter: one key, one operator, one operand."""

from __future__ import annotations

import re

from kmsctl.render.columns import compile_key
from kmsctl.render.errors import FilterError
from kmsctl.render.patterns import compile_pattern
from kmsctl.render.projection import Chain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from typing import Any

    from kmsctl.render.paths import Path
    from kmsctl.render.transforms import Call

    Test = Callable[[Any], bool]

_TRUTH = {"true": 1, "false": 0}
_MOST_KNOWN = 1000
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?")


class Term:
    """A term.

    Attributes:
        name: its key as text; empty for a bare operand, which is looked for everywhere.
        path: of the only field that it looks at; None if there may be others.
        reach: returns what its key reaches in a record, before any transform.
        matches: tells whether a record passes.
        changing: what is said if matching is to change, once a record has shown that it would.
    """

    __slots__ = ("changing", "matches", "name", "path", "reach")

    def __init__(self, name: str, reach: Callable[[Any], Any], matches: Test) -> None:
        self.name = name
        self.path: Path | None = None
        self.reach = reach
        self.matches = matches
        self.changing = ""


def make_term(path: Path, calls: Sequence[Call], operator: str, operand: str | list[str], name: str) -> Term:
    """Makes a term. Without an `operator`, `operand` is looked for in every value.

    Raises:
        FilterError: if `operand` is not what `operator` takes.
    """
    reach = compile_key(path, None)
    if not operator:
        return Term("", reach, _anywhere(str(operand)))
    term = _keyed_term(path, calls, operator, operand, Term(name, reach, lambda _record: False))
    if not any(call.of_record for call in calls):
        term.path = path
    return term


def _keyed_term(
    path: Path, calls: Sequence[Call], operator: str, operand: str | list[str], term: Term
) -> Term:
    reach = term.reach
    get = reach
    if calls:
        chain = Chain(0)
        chain.calls.extend(calls)
        get = compile_key(path, chain)
    is_time = _no_time if calls else _is_time
    if operator in (":", "="):
        return _pattern_term(term, get, operator, operand, is_time)
    text = str(operand)
    if operator == "!=":
        test = _unequal(_equality(text, is_time), is_time)
    elif operator in ("~", "!~"):
        test = _expression(text, negative=operator == "!~")
    else:
        test = _ordered(operator, text, is_time)
    term.matches = lambda record: test(get(record))
    return term


def _pattern_term(
    term: Term, get: Callable[[Any], Any], operator: str, operand: str | list[str], is_time: Test
) -> Term:
    operands = operand if isinstance(operand, list) else [operand]
    make = _substring if operator == ":" else _equality
    tests = [
        (text, make(text, is_time), _word_test(text, is_time, prefix=operator == ":")) for text in operands
    ]

    def judge(value: Any) -> bool:
        for text, test, word_test in tests:
            found = test(value)
            if not term.changing and value is not None and found != word_test(value):
                verb = "matches but will not match" if found else "does not match but will match"
                term.changing = f"{term.name}{operator}{text} currently {verb}"
            if found:
                return True
        return False

    #: the same few values come over and over, such as states
    known: dict[str, bool] = {}

    def matches(record: Any) -> bool:
        value = get(record)
        if type(value) is not str:
            return judge(value)
        found = known.get(value)
        if found is None:
            if len(known) >= _MOST_KNOWN:
                known.clear()
            found = known[value] = judge(value)
        return found

    term.matches = matches
    return term


def _number(value: Any) -> float | int | None:
    if isinstance(value, (int, float)):
        return value
    for kind in (int, float):
        try:
            return kind(value)
        except (ValueError, TypeError):
            continue
    return None


def _is_time(value: Any) -> bool:
    return isinstance(value, str) and _TIME.match(value) is not None


def _no_time(_value: Any) -> bool:
    """What a transform returns is compared as text, whatever it looks like."""
    return False


def _folded(text: str) -> str:
    """Returns `text` as equality and ``:`` see it: without case, accents and forms of width."""
    if text.isascii():
        return text.lower()
    from unicodedata import combining, normalize

    return "".join(each for each in normalize("NFKD", text) if not combining(each)).lower()


class _Operand:
    """An operand as text, and lazily as a number and as a time."""

    __slots__ = ("_time", "folded", "number", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.folded = _folded(text)
        self.number = _number(self.folded)
        self._time: datetime | None = None

    def time(self) -> datetime:
        from kmsctl.render.dates import parse_time

        if self._time is None:
            try:
                self._time = parse_time(self.text)
            except ValueError as error:
                raise FilterError(str(error)) from error
        return self._time


def _same_time(value: str, operand: _Operand) -> bool:
    from kmsctl.render.dates import parse_time

    return parse_time(value) == operand.time()


def _scalar_equal(value: Any, operand: _Operand) -> bool:
    if value is None:
        return operand.folded in ("", "null")
    if isinstance(value, (dict, list)):
        return False
    if _folded(str(value)) == operand.folded:
        return True
    if isinstance(value, (int, float)) and operand.folded in _TRUTH:
        return value == _TRUTH[operand.folded]
    return operand.number is not None and _number(value) == operand.number


def _equality(text: str, is_time: Test) -> Test:
    operand = _Operand(text)

    def equal(value: Any) -> bool:
        if isinstance(value, list):
            return any(equal(item) for item in value)
        if isinstance(value, dict):
            return any(_scalar_equal(item, operand) for pair in value.items() for item in pair)
        if text and is_time(value):
            return _same_time(value, operand)
        return _scalar_equal(value, operand)

    return equal


def _unequal(equal: Test, is_time: Test) -> Test:
    undefined = [True]  # as for the ordering operators

    def test(value: Any) -> bool:
        if isinstance(value, list) and value:
            return any(not equal(item) for item in value)
        if value is None and not undefined[0]:
            return False
        if is_time(value):
            undefined[0] = False
        return not equal(value)

    return test


def _deep(test: Test) -> Test:
    """Applies `test` to keys and values of maps, and items of lists, all the way down."""

    def run(value: Any) -> bool:
        if isinstance(value, dict):
            return any(run(item) for pair in value.items() for item in pair)
        if isinstance(value, list):
            return any(run(item) for item in value)
        return test(value)

    return run


def _substring(text: str, is_time: Test) -> Test:
    operand = _Operand(text)
    before, star, after = operand.folded.partition("*")
    if "*" in after:
        raise FilterError(f"At most one * expected in : patterns [{text}].")
    if text == "*":
        return lambda value: value is not None and value not in ("", [], {})

    def scalar(value: Any) -> bool:
        if value is None:
            return operand.folded in ("", "null")
        folded = _folded(str(value))
        if star:
            fits = len(folded) >= len(before) + len(after)
            return fits and folded.startswith(before) and folded.endswith(after)
        if operand.folded in folded:
            return True
        return isinstance(value, (int, float)) and _scalar_equal(value, operand)

    deep = _deep(scalar)
    return lambda value: _same_time(value, operand) if text and is_time(value) else deep(value)


def _word_test(text: str, is_time: Test, *, prefix: bool) -> Test:
    """Makes the test that is to replace the present one: whole words, or the beginning of one."""
    if prefix and text == "*":
        return lambda value: value not in ("", [], {})
    if prefix and text.endswith("*"):
        pattern = re.compile(r"\b" + re.escape(_folded(text[:-1])))
    else:
        pattern = re.compile(r"\b" + re.escape(_folded(text)) + r"\b")
    operand = _Operand(text)

    def scalar(value: Any) -> bool:
        if _scalar_equal(value, operand):
            return True
        return value is not None and pattern.search(_folded(str(value))) is not None

    deep = _deep(scalar)
    return lambda value: deep(value) or bool(text and is_time(value) and _same_time(value, operand))


def _expression(text: str, *, negative: bool) -> Test:
    try:
        search = compile_pattern(text).search
    except ValueError as error:
        raise FilterError(f"Filter expression RE pattern [{text}]: {error}") from error

    def found(value: Any) -> bool:
        if isinstance(value, list):
            return any(found(item) for item in value)
        if isinstance(value, dict):
            return False
        return search("" if value is None else str(value)) is not None

    def missing(value: Any) -> bool:
        if isinstance(value, list):
            return any(missing(item) for item in value)
        return not isinstance(value, dict) and not found(value)

    return missing if negative else found


def _ordered(operator: str, text: str, is_time: Test) -> Test:
    operand = _Operand(text)
    below, same = operator[0] == "<", operator.endswith("=")
    undefined = [below]  # once a time was seen, what is undefined is no longer below

    def holds(left: Any, right: Any) -> bool:
        return (bool(left == right) and same) or bool(left < right if below else left > right)

    def test(value: Any) -> bool:
        if value is None:
            return undefined[0] if text else same
        if isinstance(value, list):
            return any(test(item) for item in value)
        if isinstance(value, dict):
            return False
        number = _number(value)
        if number is not None and operand.number is not None:
            return holds(number, operand.number)
        if is_time(value):
            from kmsctl.render.dates import parse_time

            undefined[0] = False
            return holds(parse_time(value), operand.time())
        return holds(str(value), text)

    return test


def _anywhere(text: str) -> Test:
    folded = text.lower()

    def found(value: Any) -> bool:
        if isinstance(value, dict):
            return any(found(item) for item in value.values())
        if isinstance(value, list):
            return any(found(item) for item in value)
        return value is not None and folded in str(value).lower()

    return found
