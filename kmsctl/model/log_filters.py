"""The Logging query language: filters over log entries, parsed.

The grammar is that of https://cloud.google.com/logging/docs/view/logging-query-language: comparisons of
fields, texts to look for anywhere, AND, OR, NOT, parentheses. OR binds closer than AND, as there.
"""

from __future__ import annotations

from kmsctl.errors import InvalidArgument

#: Fields of a LogEntry; those that hold others.
_SCALARS = frozenset(
    (
        "insertId",
        "logName",
        "receiveTimestamp",
        "severity",
        "spanId",
        "textPayload",
        "timestamp",
        "trace",
        "traceSampled",
    )
)
_MESSAGES = frozenset(
    (
        "errorGroups",
        "httpRequest",
        "jsonPayload",
        "labels",
        "metadata",
        "operation",
        "protoPayload",
        "resource",
        "sourceLocation",
        "split",
    )
)
_OPERATORS = ("=~", "!~", "!=", "<=", ">=", "=", "<", ">", ":")
_SPACE = " \t\r\n\f\v"
_WORD_STOPS = frozenset(_SPACE + "()\"'=<>!~:,")
_VALUE_STOPS = frozenset(_SPACE + "()\"',")
_PATH_STOPS = _WORD_STOPS | {"."}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_DEEPEST = 50
#: The longest filter, as Cloud Logging has it.
LONGEST = 20_000


class Text:
    """A text that is looked for in every field."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class Comparison:
    """A field compared with a value.

    Attributes:
        path: the names that lead to the field.
        operator: one of ``= != < <= > >= : =~ !~``.
        value: as it was written, without its quotes.
        quoted: whether it had quotes.
        column: where in the filter the value stands, from 1.
    """

    __slots__ = ("column", "operator", "path", "quoted", "value")

    def __init__(
        self, path: tuple[str, ...], operator: str, value: str, column: int, *, quoted: bool
    ) -> None:
        self.path = path
        self.operator = operator
        self.value = value
        self.column = column
        self.quoted = quoted


class All:
    """All of these hold. None of them: anything does."""

    __slots__ = ("parts",)

    def __init__(self, parts: list[Node]) -> None:
        self.parts = parts


class Any:
    """At least one of these holds."""

    __slots__ = ("parts",)

    def __init__(self, parts: list[Node]) -> None:
        self.parts = parts


class Not:
    """This does not hold."""

    __slots__ = ("part",)

    def __init__(self, part: Node) -> None:
        self.part = part


TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Node = Text | Comparison | All | Any | Not


def error_at(column: int, text: str) -> InvalidArgument:
    """Returns the error that something is wrong with a filter, at a column from 1."""
    return InvalidArgument(f"filter: column {column}: {text}")


def parse(text: str) -> Node:
    """Parses a filter; an empty one lets every entry pass.

    Raises:
        InvalidArgument: with the column at which it makes no sense.
    """
    if len(text) > LONGEST:
        raise error_at(LONGEST + 1, f"a filter has at most {LONGEST} characters.")
    parser = _Parser(text)
    if parser.at_end():
        return All([])
    found = parser.conjunction(parser.factor)
    if not parser.at_end():
        raise parser.error("')' without '('.")
    return found


class _Parser:
    """A recursive descent over the text of one filter."""

    __slots__ = ("_at", "_depth", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def error(self, text: str, at: int | None = None) -> InvalidArgument:
        return error_at((self._at if at is None else at) + 1, text)

    def at_end(self) -> bool:
        """Skips blanks and comments, and tells whether nothing is left."""
        text, at = self._text, self._at
        while at < len(text):
            if text[at] in _SPACE:
                at += 1
            elif text.startswith("--", at):
                end = text.find("\n", at)
                at = len(text) if end < 0 else end
            else:
                break
        self._at = at
        return at >= len(text)

    def conjunction(self, term: Callable[[], Node]) -> Node:
        """Parses terms joined by AND, or by nothing, up to the end or to a closing parenthesis."""
        parts = [self._disjunction(term)]
        while not self.at_end() and self._text[self._at] != ")":
            self._keyword("AND")
            parts.append(self._disjunction(term))
        return parts[0] if len(parts) == 1 else All(parts)

    def _disjunction(self, term: Callable[[], Node]) -> Node:
        parts = [self._negation(term)]
        while self._keyword("OR"):
            parts.append(self._negation(term))
        return parts[0] if len(parts) == 1 else Any(parts)

    def _negation(self, term: Callable[[], Node]) -> Node:
        if self.at_end():
            raise self.error("something to look for is missing.")
        for word in ("AND", "OR"):
            if self._is_keyword(word):
                raise self.error(f"{word} stands between two terms.")
        if self._keyword("NOT") or self._minus():
            self._enter()
            found = Not(self._negation(term))
            self._depth -= 1
            return found
        return term()

    def _minus(self) -> bool:
        following = self._text[self._at + 1 : self._at + 2]
        if self._text[self._at] != "-" or not following or following in _SPACE:
            return False
        self._at += 1
        return True

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self.error(f"it is nested more than {_DEEPEST} deep.")

    def _is_keyword(self, word: str) -> bool:
        end = self._at + len(word)
        following = self._text[end : end + 1]
        return self._text.startswith(word, self._at) and (not following or following in "()" + _SPACE)

    def _keyword(self, word: str) -> bool:
        if self.at_end() or not self._is_keyword(word):
            return False
        self._at += len(word)
        return True

    def _group(self, term: Callable[[], Node]) -> Node:
        """Parses what stands in parentheses; the opening one comes next."""
        opened = self._at
        self._at += 1
        self._enter()
        if self.at_end() or self._text[self._at] == ")":
            raise self.error("something to look for is missing.")
        found = self.conjunction(term)
        if self.at_end():
            raise self.error("this '(' is never closed.", opened)
        self._at += 1
        self._depth -= 1
        return found

    def factor(self) -> Node:
        """Parses a group, a comparison, a function or a text to look for."""
        start = self._at
        if self._text[start] == "(":
            return self._group(self.factor)
        path, text, quoted = self._path()
        operator = self._operator()
        if not operator:
            if self._text[self._at : self._at + 1] == "(" and not quoted:
                return self._function(text, start)
            if not text and not quoted:
                raise self.error(
                    f"{self._text[self._at]!r} stands alone." if not self.at_end() else "unfinished."
                )
            return Text(text)
        _check_path(path, start + 1)
        if self.at_end():
            raise self.error(f"a value is missing after {operator!r}.")

        def value() -> Node:
            column = self._at + 1
            if self._text[self._at] == "(":
                return self._group(value)
            found, is_quoted = self._value()
            return Comparison(path, operator, found, column, quoted=is_quoted)

        return value()

    def _path(self) -> tuple[tuple[str, ...], str, bool]:
        """Parses names joined by dots. Returns them, and the same as one text; and whether it has quotes."""
        parts: list[str] = []
        start = self._at
        quoted = False
        while True:
            character = self._text[self._at : self._at + 1]
            if character and character in "\"'":
                quoted = True
                parts.append(self._string())
            else:
                parts.append(self._token(_PATH_STOPS))
            if self._text[self._at : self._at + 1] != ".":
                break
            self._at += 1
        whole = parts[0] if quoted and len(parts) == 1 else self._text[start : self._at]
        return tuple(parts), whole, quoted

    def _operator(self) -> str:
        start = self._at
        if self.at_end():
            return ""
        for operator in _OPERATORS:
            if self._text.startswith(operator, self._at):
                self._at += len(operator)
                self.at_end()
                return operator
        if self._text[self._at] in "!~,":
            raise self.error(f"{self._text[self._at]!r} is no operator.")
        self._at = start
        return ""

    def _value(self) -> tuple[str, bool]:
        if self._text[self._at] in "\"'":
            return self._string(), True
        found = self._token(_VALUE_STOPS)
        if not found:
            raise self.error("a value is missing.")
        start = self._at - len(found)
        if found in ("AND", "OR", "NOT"):
            raise self.error(f"a value is missing before {found}.", start)
        if found[0] in "=<>!~":  # a == b is what it most often is
            raise self.error(f"a value that begins with {found[0]!r} is to be quoted.", start)
        return found, False

    def _token(self, stops: frozenset[str]) -> str:
        text, start = self._text, self._at
        end = start
        while end < len(text) and text[end] not in stops:
            end += 1
        self._at = end
        return text[start:end]

    def _string(self) -> str:
        text, opened = self._text, self._at
        quote = text[opened]
        at = opened + 1
        pieces = []
        while at < len(text) and text[at] != quote:
            character = text[at]
            at += 1
            if character == "\\" and at < len(text):
                character = text[at]
                at += 1
                if character == "u":
                    digits = text[at : at + 4]
                    if len(digits) != 4 or not all(digit in "0123456789abcdefABCDEF" for digit in digits):
                        raise self.error("\\u takes four hexadecimal digits.", at - 2)
                    character = chr(int(digits, 16))
                    at += 4
                elif character in _ESCAPES:
                    character = _ESCAPES[character]
                elif character not in "\"'\\":
                    character = "\\" + character  # as regular expressions have it
            pieces.append(character)
        if at >= len(text):
            raise self.error("this quote is never closed.", opened)
        self._at = at + 1
        return "".join(pieces)

    def _function(self, name: str, start: int) -> Node:
        if name != "log_id":
            raise self.error(f"there is no function {name!r} here.", start)
        self._at += 1
        column = self._at + 1
        if self.at_end():
            raise self.error("the id of a log is missing.")
        log, quoted = self._value()
        if self.at_end() or self._text[self._at] != ")":
            raise self.error("')' is missing.")
        self._at += 1
        return Comparison(("logName",), "log_id", log, column, quoted=quoted)


def _check_path(path: tuple[str, ...], column: int) -> None:
    if not all(path):
        raise error_at(column, "the name of a field is missing.")
    first = path[0]
    if first not in _SCALARS and first not in _MESSAGES:
        raise error_at(column, f"a log entry has no field {first!r}.")
    if first in _SCALARS and len(path) > 1:
        raise error_at(column, f"the field {first!r} has no fields in it.")
