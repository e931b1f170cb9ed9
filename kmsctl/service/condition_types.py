"""The types of conditions: a condition is checked when a policy is set, not when it is first needed.

What the Common Expression Language offers is narrowed to what IAM conditions use: no comprehensions, maps or
messages. So the time that an expression takes is bounded by its length.
See https://cloud.google.com/iam/docs/conditions-attribute-reference.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

BOOL, INT, DOUBLE, STRING = "bool", "int", "double", "string"
TIMESTAMP, DURATION, NULL = "timestamp", "duration", "null"
RESOURCE, REQUEST = "resource", "request"
_LIST = "list of "

VARIABLES = {"resource": RESOURCE, "request": REQUEST}
_FIELDS = {
    (RESOURCE, "name"): STRING,
    (RESOURCE, "type"): STRING,
    (RESOURCE, "service"): STRING,
    (REQUEST, "time"): TIMESTAMP,
}
_ORDERED = frozenset({INT, DOUBLE, STRING, TIMESTAMP, DURATION})
_COMPARED = _ORDERED | {BOOL, NULL}
_PARTS_OF_TIMES = (
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getFullYear",
    "getHours",
    "getMilliseconds",
    "getMinutes",
    "getMonth",
    "getSeconds",
)
#: (type, method) → the lists of arguments that it takes, and what it returns.
_METHODS: dict[tuple[str, str], tuple[tuple[tuple[str, ...], ...], str]] = {
    (STRING, "contains"): (((STRING,),), BOOL),
    (STRING, "endsWith"): (((STRING,),), BOOL),
    (STRING, "extract"): (((STRING,),), STRING),
    (STRING, "matches"): (((STRING,),), BOOL),
    (STRING, "size"): (((),), INT),
    (STRING, "startsWith"): (((STRING,),), BOOL),
    (RESOURCE, "hasTagKey"): (((STRING,),), BOOL),
    (RESOURCE, "matchTag"): (((STRING, STRING),), BOOL),
    **{(TIMESTAMP, part): (((), (STRING,)), INT) for part in _PARTS_OF_TIMES},
    **{
        (DURATION, part): (((),), INT) for part in ("getHours", "getMilliseconds", "getMinutes", "getSeconds")
    },
}
#: function → argument type → result
_FUNCTIONS = {
    "double": {INT: DOUBLE, DOUBLE: DOUBLE, STRING: DOUBLE},
    "duration": {STRING: DURATION, DURATION: DURATION},
    "int": {INT: INT, DOUBLE: INT, STRING: INT, TIMESTAMP: INT},
    "size": {STRING: INT},
    "string": {INT: STRING, DOUBLE: STRING, STRING: STRING, BOOL: STRING, TIMESTAMP: STRING},
    "timestamp": {STRING: TIMESTAMP, TIMESTAMP: TIMESTAMP},
}
_LITERALS = {
    "FLOAT_LIT": DOUBLE,
    "INT_LIT": INT,
    "MLSTRING_LIT": STRING,
    "STRING_LIT": STRING,
    "BOOL_LIT": BOOL,
    "NULL_LIT": NULL,
}
_SUMS = {
    ("addition_add", TIMESTAMP, DURATION): TIMESTAMP,
    ("addition_add", DURATION, TIMESTAMP): TIMESTAMP,
    ("addition_sub", TIMESTAMP, DURATION): TIMESTAMP,
    ("addition_sub", TIMESTAMP, TIMESTAMP): DURATION,
    **{
        (sign, each, each): each
        for sign in ("addition_add", "addition_sub")
        for each in (INT, DOUBLE, DURATION)
    },
    ("addition_add", STRING, STRING): STRING,
}


class TypeMismatch(Exception):
    """An expression whose parts do not fit each other; its text says which."""


def type_of(node: Any) -> str:
    """Returns the type of an expression, given as celpy's parse tree.

    Raises:
        TypeMismatch: if it has none.
    """
    rule: Callable[[Any], str] | None = _RULES.get(str(node.data))
    if rule is None:
        raise TypeMismatch(f"{str(node.data).replace('_', ' ')} is not available in conditions")
    return rule(node.children)


def _expr(parts: Any) -> str:
    if len(parts) == 1:
        return type_of(parts[0])
    _need(BOOL, parts[0])
    first, second = type_of(parts[1]), type_of(parts[2])
    if first != second:
        raise TypeMismatch(f"the two sides of ?: are {first} and {second}")
    return first


def _logical(parts: Any) -> str:
    if len(parts) == 1:
        return type_of(parts[0])
    for part in parts:
        _need(BOOL, part)
    return BOOL


def _relation(parts: Any) -> str:
    if len(parts) == 1:
        return type_of(parts[0])
    sign = str(parts[0].data)
    left, right = type_of(parts[0].children[0]), type_of(parts[1])
    if sign == "relation_in":
        fits = right in (_LIST + left, _LIST)
    elif sign in ("relation_eq", "relation_ne"):
        fits = left == right and (left in _COMPARED or left.startswith(_LIST))
    else:
        fits = left == right and left in _ORDERED
    if not fits:
        raise TypeMismatch(f"{left} cannot be compared with {right}")
    return BOOL


def _addition(parts: Any) -> str:
    if len(parts) == 1:
        return type_of(parts[0])
    left, right = type_of(parts[0].children[0]), type_of(parts[1])
    found = _SUMS.get((str(parts[0].data), left, right))
    if found is None:
        raise TypeMismatch(f"{left} and {right} cannot be added or subtracted")
    return found


def _multiplication(parts: Any) -> str:
    if len(parts) == 1:
        return type_of(parts[0])
    left, right = type_of(parts[0].children[0]), type_of(parts[1])
    allowed = (INT,) if parts[0].data == "multiplication_mod" else (INT, DOUBLE)
    if left != right or left not in allowed:
        raise TypeMismatch(f"{left} and {right} cannot be multiplied or divided")
    return left


def _unary(parts: Any) -> str:
    if len(parts) == 1:
        return type_of(parts[0])
    if parts[0].data == "unary_not":
        return _need(BOOL, parts[1])
    found = type_of(parts[1])
    if found not in (INT, DOUBLE):
        raise TypeMismatch(f"{found} has no negative")
    return found


def _only(parts: Any) -> str:
    return type_of(parts[0])


def _field(parts: Any) -> str:
    owner, name = type_of(parts[0]), str(parts[1])
    if (owner, name) not in _FIELDS:
        raise TypeMismatch(f"{owner} has no attribute '{name}'")
    return _FIELDS[owner, name]


def _method(parts: Any) -> str:
    owner, name = type_of(parts[0]), str(parts[1])
    arguments = tuple(type_of(each) for each in parts[2].children) if len(parts) > 2 and parts[2] else ()
    known = _METHODS.get((owner, name))
    if known is None:
        raise TypeMismatch(f"{owner} has no function '{name}'")
    if arguments not in known[0]:
        raise TypeMismatch(f"'{name}' does not take ({', '.join(arguments)})")
    return known[1]


def _index(parts: Any) -> str:
    owner = type_of(parts[0])
    _need(INT, parts[1])
    if not owner.startswith(_LIST) or owner == _LIST:
        raise TypeMismatch(f"{owner} has no items")
    return owner.removeprefix(_LIST)


def _variable(parts: Any) -> str:
    name = str(parts[0])
    if name not in VARIABLES:
        raise TypeMismatch(f"there is no attribute '{name}'")
    return VARIABLES[name]


def _function(parts: Any) -> str:
    name = str(parts[0])
    arguments = [type_of(each) for each in parts[1].children] if len(parts) > 1 and parts[1] else []
    known = _FUNCTIONS.get(name)
    if known is None:
        raise TypeMismatch(f"there is no function '{name}'")
    if len(arguments) == 1 and name == "size" and arguments[0].startswith(_LIST):
        return INT
    if len(arguments) != 1 or arguments[0] not in known:
        raise TypeMismatch(f"'{name}' does not take ({', '.join(arguments)})")
    return known[arguments[0]]


def _list(parts: Any) -> str:
    kinds = {type_of(each) for each in parts[0].children} if parts and parts[0] else set()
    if len(kinds) > 1:
        raise TypeMismatch(f"the items of a list are {' and '.join(sorted(kinds))}")
    return _LIST + "".join(kinds)


def _literal(parts: Any) -> str:
    found = _LITERALS.get(parts[0].type)
    if found is None:
        raise TypeMismatch(f"{parts[0]} is not available in conditions")
    return found


def _need(wanted: str, node: Any) -> str:
    found = type_of(node)
    if found != wanted:
        raise TypeMismatch(f"{wanted} is needed, but this is {found}")
    return wanted


_RULES: dict[str, Callable[[Any], str]] = {
    "expr": _expr,
    "conditionalor": _logical,
    "conditionaland": _logical,
    "relation": _relation,
    "addition": _addition,
    "multiplication": _multiplication,
    "unary": _unary,
    "member": _only,
    "member_dot": _field,
    "member_dot_arg": _method,
    "member_index": _index,
    "primary": _only,
    "paren_expr": _only,
    "ident": _variable,
    "ident_arg": _function,
    "list_lit": _list,
    "literal": _literal,
}
