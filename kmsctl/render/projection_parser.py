"""The format language's grammar: printer names, their attributes, and projections."""

from __future__ import annotations

from kmsctl.render.key_parser import ParsedKey, parse_key
from kmsctl.render.lexer import KEY_STOPS, Lexer
from kmsctl.render.paths import snake_case
from kmsctl.render.projection import INNER, SELECTED, UNSELECTED, Chain, Column, Key, Node, Projection
from kmsctl.render.transforms import Scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from kmsctl.render.paths import Path

_NAME_STOPS = " \t\r\n([:"
_ATTRIBUTE_STOPS = " \t\r\n,=]"
_VALUE_STOPS = " \t\r\n,]"
_KEY_VALUE_STOPS = " \t\r\n,):"
#: The place of a sort key that is only said to be reversed: after all that have a number.
_LAST = 1 << 30
_ALIGNMENTS = ("left", "center", "right")
#: attribute → whether it takes a value: True, False, or None for either.
_KEY_ATTRIBUTES = {
    "alias": True,
    "align": True,
    "format": True,
    "label": True,
    "optional": False,
    "reverse": False,
    "sort": True,
    "width": True,
    "wrap": None,
}


class ProjectionParser:
    """Parses a format expression, several of which may follow one another."""

    __slots__ = ("_lexer", "_result", "_scope")

    def __init__(self, expression: str, scope: Scope | None = None) -> None:
        self._lexer = Lexer(expression)
        self._result = Projection()
        self._scope = (scope or Scope()).with_aliases(self._result.aliases)

    def parse(self) -> Projection:
        """Returns what the expression says.

        Raises:
            ExpressionError: if it is malformed.
        """
        lexer, result = self._lexer, self._result
        while not lexer.at_end():
            if lexer.take("("):
                result.level += 1
                result.start()
                result.explicit = True
                self._keys(attributes_only=False)
            elif lexer.take("["):
                self._attributes()
            elif lexer.take(":"):
                if lexer.take("("):
                    self._keys(attributes_only=True)
            else:
                self._name()
        return result

    def _name(self) -> None:
        lexer, result = self._lexer, self._result
        start = lexer.position
        name = lexer.token(_NAME_STOPS)
        if not name or not name.isidentifier():
            raise lexer.error("Name expected", start)
        result.name = name
        result.attributes = {}
        result.start()
        result.explicit = False

    def _attributes(self) -> None:
        lexer = self._lexer
        while True:
            name = lexer.token(_ATTRIBUTE_STOPS)
            value: str | bool | None = True
            if lexer.peek() == "=":
                lexer.position += 1
                value = lexer.token(_VALUE_STOPS)
            if name is not None:
                if name.startswith("no-"):
                    name, value = name[3:], False
                self._result.attributes[name] = value
            lexer.expect_more()
            if lexer.at(",]"):
                if lexer.take("]"):
                    return
                lexer.take(",")
                lexer.expect_more()
                continue
            raise lexer.error("Expected ] in attribute list")

    def _keys(self, *, attributes_only: bool) -> None:
        lexer = self._lexer
        lexer.expect_more()
        if lexer.take(")"):
            return
        while True:
            lexer.expect_more()
            parsed = parse_key(lexer, self._scope)
            changes = self._key_attributes()
            if not any(call.disables for call in parsed.calls):
                self._add(parsed, changes, attributes_only=attributes_only)
            lexer.expect_more()
            if lexer.take(")"):
                return
            if not lexer.take(","):
                raise lexer.error("Expected ) in projection expression")

    def _key_attributes(self) -> dict[str, str | bool]:
        lexer = self._lexer
        changes: dict[str, str | bool] = {}
        lexer.skip_space()
        while lexer.peek() == ":":
            lexer.position += 1
            name = lexer.token(KEY_STOPS)
            if name is None:
                lexer.expect_more()
                raise lexer.error("Key attribute expected")
            on = True
            if name.startswith("no-"):
                name, on = name[3:], False
            if name not in _KEY_ATTRIBUTES:
                raise lexer.error("Unknown key attribute")
            changes[name] = self._key_attribute_value(name, on=on)
        return changes

    def _key_attribute_value(self, name: str, *, on: bool) -> str | bool:
        lexer = self._lexer
        takes_value = _KEY_ATTRIBUTES[name]
        after_name = lexer.position
        if lexer.peek() != "=":
            if takes_value:
                raise lexer.error("value expected", after_name)
            return on
        if takes_value is False:
            raise lexer.error("value not expected", after_name)
        lexer.position += 1
        value = lexer.token(_KEY_VALUE_STOPS)
        if name == "align" and value not in _ALIGNMENTS:
            raise lexer.error("Unknown alignment", after_name)
        if value is None:
            lexer.expect_more()
            return ""
        return value

    def _add(self, parsed: ParsedKey, changes: Mapping[str, str | bool], *, attributes_only: bool) -> None:
        result = self._result
        node, is_new = self._find(parsed.path, parsed.alias)
        key = node.key
        if not attributes_only and key.state == SELECTED and not is_new:
            key = (parsed.alias or key).copy()
        self._chain(key, parsed)
        self._change(key, changes)
        if key.label is None:
            key.label = self._heading(parsed)
        if key.label:
            result.aliases[key.label] = (parsed.path, key)
        alias = changes.get("alias")
        if isinstance(alias, str):
            result.aliases[alias] = (parsed.path, key)
        if not attributes_only:
            key.state = SELECTED
            key.hidden = False
            result.columns.append(Column(parsed.path, key))
        elif is_new and key.order is not None:
            key.state = SELECTED
            key.hidden = True
            result.sorters.append(Column(parsed.path, key))

    def _find(self, path: Path, alias: Key | None) -> tuple[Node, bool]:
        """Returns the node of `path` and whether it was made just now."""
        node = self._result.root
        created = False
        if not path:  # a transform of the whole record: each is a key of its own
            return Node(Key()), True
        for position, part in enumerate(path):
            child = node.children.get(part)
            created = child is None
            if child is None:
                last = position == len(path) - 1
                child = Node(alias.copy() if alias is not None and last else Key())
                child.key.state = UNSELECTED
                node.children[part] = child
            if position < len(path) - 1 and child.key.state == UNSELECTED:
                child.key.state = INNER
            node = child
        return node, created

    def _chain(self, key: Key, parsed: ParsedKey) -> None:
        if not parsed.calls:
            return
        if parsed.alias is not None and key.chain is not None:
            key.chain.calls.extend(parsed.calls)
            return
        key.chain = Chain(self._result.level)
        key.chain.calls.extend(parsed.calls)

    @staticmethod
    def _change(key: Key, changes: Mapping[str, str | bool]) -> None:
        for name, value in changes.items():
            if name == "label":
                key.label = str(value)
            elif name == "align":
                key.align = str(value)
            elif name == "format":
                key.format = str(value)
            elif name == "optional":
                key.optional = bool(value)
            elif name == "reverse":
                key.reverse = bool(value)
                key.order = key.order or (_LAST if value else None)
            elif name == "sort":
                key.order = _number(value) or None
            elif name == "width":
                key.width = _number(value)
            elif name == "wrap":
                key.wrap = (_number(value) if isinstance(value, str) else None) or (10 if value else None)

    def _heading(self, parsed: ParsedKey) -> str:
        """Makes the default label: as many names, from the right, as tell it from other keys."""
        names = parsed.label
        stands_for = parsed.path or names
        label = ""
        for count in range(1, len(names) + 1):
            label = "_".join(snake_case(name) for name in names[-count:]).upper()
            if self._result.headings.setdefault(label, stands_for) == stands_for:
                break
        return label


def _number(value: str | bool) -> int | None:
    try:
        return int(value)
    except ValueError:
        return None


def parse_format(expression: str, scope: Scope | None = None) -> Projection:
    """Parses a format expression.

    Args:
        expression: such as ``table[box](name, state:label=S)``.
        scope: what transforms may use; None for nothing.

    Raises:
        ExpressionError: if it is malformed.
    """
    return ProjectionParser(expression, scope).parse()
