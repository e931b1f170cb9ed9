"""Conditions of bindings, in the Common Expression Language. The library is loaded when one is met.

A condition that cannot be evaluated does not hold.
"""

from __future__ import annotations

from kmsctl.errors import InvalidArgument, Unimplemented

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

#: Bounds of an expression, so that its evaluation is bounded too: nothing in it repeats.
MAX_LENGTH = 4096
MAX_LOGICAL_OPERATORS = 12
MAX_DEPTH = 24
MAX_TREE_DEPTH = 300
#: What the program of a pattern may take, in bytes: compiling one takes time in proportion.
MAX_PATTERN = 64 * 1024
_PROBLEMS: dict[type[Exception], str] = {
    ZeroDivisionError: "it divides by zero",
    IndexError: "a list in it has no such item",
    ValueError: "a value in it is out of range, or no number, time or time zone where one is needed",
    OverflowError: "a value in it is out of range",
}
_OPENING, _CLOSING = "([{", ")]}"
_MISSING = "Conditions need the library cel-python, which is not installed."
_INSTALL = "Install it: pip install 'kmsctl[iam]'"
_KEPT = 256

#: Expression → its parse tree, checked. Bounded; the text says all there is to know.
_compiled: dict[str, Any] = {}


class ConditionFailed(Exception):
    """A condition that could not be evaluated; its text says why, and quotes nothing that was asked."""


class Facts:
    """What a condition may look at.

    Attributes:
        name, type, service: of the resource, such as ``projects/p/locations/l/keyRings/r``,
            ``cloudkms.googleapis.com/KeyRing`` and ``cloudkms.googleapis.com``.
        time: of the request, in microseconds since 1970.
        tags: of the resource: namespaced key → value.
    """

    __slots__ = ("name", "service", "tags", "time", "type")

    def __init__(self, name: str, kind: str, service: str, time: int, tags: Mapping[str, str]) -> None:
        self.name = name
        self.type = kind
        self.service = service
        self.time = time
        self.tags = tags


def check(expression: str) -> None:
    """Checks that an expression is one that conditions can have.

    Raises:
        InvalidArgument: if it does not parse, is not a truth, or is too large.
        Unimplemented: if the library is not installed.
    """
    try:
        _compile(expression)
    except ConditionFailed as error:
        raise InvalidArgument(f"condition.expression: {error}.") from None
    except ImportError:
        raise Unimplemented(_MISSING, hint=_INSTALL) from None


def holds(expression: str, facts: Facts) -> bool:
    """Tells whether a condition holds.

    Raises:
        ConditionFailed: if that cannot be told; then it is to be taken for one that does not hold.
    """
    try:
        return _evaluate(expression, facts)
    except ImportError:
        raise ConditionFailed(f"{_MISSING} {_INSTALL}") from None
    except ConditionFailed:
        raise
    except Exception as error:  # noqa: BLE001 - whatever the library raises, the condition does not hold
        raise ConditionFailed(_problem(error)) from None


def _problem(error: Exception) -> str:
    """Says what the library found, in words of its kind: its own may quote what was asked."""
    kind = error.args[1] if len(error.args) > 1 else None
    if isinstance(kind, type):
        for known, words in _PROBLEMS.items():
            if issubclass(kind, known):
                return words
    return f"it could not be evaluated ({type(error).__name__})"


def extract(text: str, template: str) -> str:
    """Returns the part of `text` at the ``{name}`` of a template, or nothing where it does not fit.

    See https://cloud.google.com/iam/docs/conditions-attribute-reference#extract.
    """
    before, opening, rest = template.partition("{")
    _, closing, after = rest.partition("}")
    if not opening or not closing:
        return text if template == text else ""
    start = text.find(before)
    if start < 0:
        return ""
    start += len(before)
    end = text.find(after, start) if after else len(text)
    return text[start:end] if end >= 0 else ""


def _compile(expression: str) -> Any:
    known = _compiled.get(expression)
    if known is None:
        _check_size(expression)
        from celpy import Environment
        from celpy.celparser import CELParseError

        from kmsctl.service.condition_types import BOOL, TypeMismatch, type_of

        try:
            known = Environment().compile(expression)
            _check_depth(known)
            found = type_of(known)
        except CELParseError:
            raise ConditionFailed("it does not parse") from None
        except RecursionError:
            raise ConditionFailed("it is nested too deeply") from None
        except TypeMismatch as error:
            raise ConditionFailed(str(error)) from None
        if found != BOOL:
            raise ConditionFailed(f"it is {found}, but has to be bool")
        if len(_compiled) >= _KEPT:
            _compiled.clear()
        _compiled[expression] = known
    return known


def _check_size(expression: str) -> None:
    if len(expression) > MAX_LENGTH:
        raise ConditionFailed(f"it has more than {MAX_LENGTH} characters")
    # Quoted text counts too: a bound need not be exact.
    if expression.count("&&") + expression.count("||") > MAX_LOGICAL_OPERATORS:
        raise ConditionFailed(f"it has more than {MAX_LOGICAL_OPERATORS} logical operators")
    depth = deepest = 0
    for sign in expression:
        depth += (sign in _OPENING) - (sign in _CLOSING)
        deepest = max(deepest, depth)
    if deepest > MAX_DEPTH or "!" * MAX_DEPTH in expression.replace(" ", ""):
        raise ConditionFailed("it is nested too deeply")


def _check_depth(tree: Any) -> None:
    """Refuses a parse tree that is so deep that its evaluation might not come to an end."""
    depth, level = 0, [tree]
    while level:
        depth += 1
        level = [child for node in level for child in getattr(node, "children", ())]
    if depth > MAX_TREE_DEPTH:
        raise ConditionFailed("it is nested too deeply")


def _evaluate(expression: str, facts: Facts) -> bool:
    tree = _compile(expression)
    import datetime as dt

    from celpy import Environment, celtypes

    def has_tag_key(_: Any, key: str) -> Any:
        return celtypes.BoolType(str(key) in facts.tags)

    def match_tag(_: Any, key: str, value: str) -> Any:
        return celtypes.BoolType(facts.tags.get(str(key)) == str(value))

    def cel_extract(text: str, template: str) -> Any:
        return celtypes.StringType(extract(str(text), str(template)))

    def matches(text: str, pattern: str) -> Any:
        return celtypes.BoolType(_matches(str(text), str(pattern)))

    functions: dict[str, Any] = {
        "extract": cel_extract,
        "hasTagKey": has_tag_key,
        "matches": matches,
        "matchTag": match_tag,
    }
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    time = celtypes.TimestampType(epoch + dt.timedelta(microseconds=facts.time))

    def struct(**fields: Any) -> Any:
        return celtypes.MapType({celtypes.StringType(name): value for name, value in fields.items()})

    texts = {name: celtypes.StringType(getattr(facts, name)) for name in ("name", "type", "service")}
    result = (
        Environment()
        .program(tree, functions=functions)
        .evaluate({"resource": struct(**texts), "request": struct(time=time)})
    )
    if not isinstance(result, celtypes.BoolType):
        raise ConditionFailed("it is no bool")
    return bool(result)


def _matches(text: str, pattern: str) -> bool:
    """RE2 takes time in proportion to the text, and is told not to write about patterns to standard error."""
    import re2

    options = re2.Options()
    options.log_errors = False
    options.max_mem = MAX_PATTERN
    try:
        return re2.search(pattern, text, options=options) is not None
    except re2.error:
        raise ConditionFailed("a pattern in it is none that RE2 takes, or too large a one") from None
