"""The filter language: its grammar, and evaluation over records."""

from __future__ import annotations

from kmsctl.render.errors import ExpressionError
from kmsctl.render.filter_terms import Term, make_term
from kmsctl.render.key_parser import parse_key
from kmsctl.render.lexer import KEY_STOPS, Lexer
from kmsctl.render.transforms import Scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from kmsctl.render.paths import Path

    Predicate = Callable[[Any], bool]
    #: what a record has to pass, and the terms in it
    Part = tuple[Predicate, list[Term]]

_OPERATOR_CHARACTERS = ":=!<>~"
_OPERATORS = frozenset((":", "=", "!=", "<", "<=", ">", ">=", "~", "!~"))
_LOGICAL = frozenset(("AND", "OR", "NOT"))
_WORD_STOPS = " \t\r\n()"
_CHANGING = (
    "--filter : operator evaluation is changing for consistency across Google APIs.  {} "
    "in the near future.  Run `gcloud topic filters` for details."
)


class Filter:
    """A parsed filter.

    Attributes:
        expression: its text.
        matches: tells whether a record passes.
    """

    __slots__ = ("_parts", "_pending", "_terms", "expression", "matches")

    def __init__(self, expression: str, matches: Predicate, terms: list[Term], parts: list[Part]) -> None:
        self.expression = expression
        self.matches = matches
        self._parts = parts
        self._terms = terms
        self._pending = [term for term in terms if term.name]

    def sieve(self, known: Sequence[Path]) -> Predicate | None:
        """Returns a test that tells from a few fields alone that a record cannot pass.

        It is what the filter asks first, as far as that asks for these fields only: of records that
        it does not keep, the filter would have asked nothing more. So that `warnings` stays what it
        is, it has to be asked for every record.

        Args:
            known: the paths of the fields; what is below them is known too.

        Returns:
            None if the filter begins with something else.
        """
        first: list[Predicate] = []
        for part, terms in self._parts:
            if not all(_is_below(term.path, known) for term in terms):
                break
            first.append(part)
        if not first:
            return None

        fits = _all(first)

        def keep(record: Any) -> bool:
            self.observe(record)
            return fits(record)

        return keep

    def misses_keys(self) -> bool:
        """Tells whether there are keys that no record had so far."""
        return bool(self._pending)

    def observe(self, record: Any) -> None:
        """Notes which of the filter's keys `record` has, for `warnings`."""
        if self._pending:
            self._pending = [term for term in self._pending if term.reach(record) is None]

    def warnings(self) -> list[str]:
        """Returns what there is to say after the last record, as sentences without a prefix."""
        found = []
        changing = next((term.changing for term in self._terms if term.changing), "")
        if changing:
            found.append(_CHANGING.format(changing))
        missing = sorted({term.name for term in self._pending})
        if missing:
            found.append(f"The following filter keys were not present in any resource : {', '.join(missing)}")
        return found


class _Parser:
    """A recursive descent: juxtaposed terms are all required, and bind looser than OR."""

    __slots__ = ("_bare_keys", "_lexer", "_scope", "parts", "terms")

    def __init__(self, expression: str, scope: Scope, *, bare_keys: bool) -> None:
        self._bare_keys = bare_keys
        self._lexer = Lexer(expression)
        self._scope = scope
        self.terms: list[Term] = []
        #: what is required at the top, with the terms in it
        self.parts: list[Part] = []

    def parse(self) -> Predicate:
        lexer = self._lexer
        if lexer.at_end():
            return lambda _record: True
        found = self._expression(nested=False)
        if not lexer.at_end():
            raise ExpressionError(f"Unexpected tokens [{lexer.annotate()}] in expression.")
        return found

    def _expression(self, *, nested: bool) -> Predicate:
        """Parses up to the end, or to the parenthesis that closes a `nested` one."""
        lexer = self._lexer
        required: list[Predicate] = []
        before = 0
        alternatives: list[Predicate] = []
        used: set[str] = set()
        operator = ""
        while True:
            factor = self._factor()
            if operator == "OR":
                alternatives.append(factor)
            else:
                alternatives = [factor]
                required.append(_any(alternatives))
                if not nested:
                    self.parts.append((required[-1], []))
            if not nested:
                self.parts[-1][1].extend(self.terms[before:])
                before = len(self.terms)
            if lexer.at_end():
                if nested:
                    raise lexer.error("More tokens expected")
                return _all(required)
            if lexer.at(")"):
                return _all(required)
            operator = self._logical()
            used.add(operator)
            if {"AND", "OR"} <= used:
                raise lexer.error("Parenthesis grouping is required when AND and OR are are combined")

    def _logical(self) -> str:
        """Consumes AND or OR; empty where the next term follows without either."""
        word = self._word()
        if word in ("AND", "OR"):
            self._lexer.skip_space()
            self._lexer.position += len(word)
            return word
        return ""

    def _word(self) -> str:
        """Returns the unquoted word that comes next without consuming it."""
        lexer = self._lexer
        lexer.skip_space()
        text, start = lexer.text, lexer.position
        end = start
        while end < len(text) and text[end] not in _WORD_STOPS and text[end] not in _OPERATOR_CHARACTERS:
            end += 1
        return text[start:end]

    def _factor(self) -> Predicate:
        lexer = self._lexer
        if lexer.at_end():
            raise lexer.error("Term expected")
        word = self._word()
        if word in _LOGICAL:
            start = lexer.position
            if lexer.text[start + len(word) : start + len(word) + 1] in tuple(_OPERATOR_CHARACTERS):
                raise lexer.error("Term expected")
            lexer.position += len(word)
            if word != "NOT" or lexer.at_end():
                raise lexer.error("Term expected")
            return _negate(self._factor())
        if lexer.take("-"):
            if lexer.at_end():
                raise lexer.error("Term expected")
            return _negate(self._term() if lexer.at("-") else self._factor())
        if lexer.take("("):
            if lexer.take(")"):
                return lambda _record: True
            lexer.expect_more()
            found = self._expression(nested=True)
            lexer.take(")")
            return found
        return self._term()

    def _term(self) -> Predicate:
        lexer = self._lexer
        if lexer.at(")"):
            raise ExpressionError(f"Unexpected tokens [{lexer.annotate()}] in expression.")
        start = lexer.position
        if not self._has_key():
            operand = self._bare_operand()
            if self._bare_keys:
                term = make_term((operand,), [], ":", "*", operand)
            else:
                term = make_term((), [], "", operand, "")
            self.terms.append(term)
            return term.matches
        lexer.position = start
        parsed = parse_key(lexer, self._scope)
        lexer.skip_space()
        at_operator = lexer.position
        operator = self._operator()
        if not operator:
            if lexer.at_end() and parsed.path:
                raise lexer.error("Operator expected")
            if not parsed.path and parsed.calls:
                raise lexer.error("Term expected")
            raise lexer.error("Malformed operator", at_operator)
        name = ".".join("" if part is None else str(part) for part in parsed.path)
        term = make_term(parsed.path, parsed.calls, operator, self._operand(operator), name)
        self.terms.append(term)
        return term.matches

    def _has_key(self) -> bool:
        """Tells whether an operator follows what comes next, or it calls a transform."""
        lexer = self._lexer
        start = lexer.position
        text = lexer.text
        if text[start] in _OPERATOR_CHARACTERS:
            return True
        lexer.token(KEY_STOPS - frozenset(".[]"))
        following = text[lexer.position : lexer.position + 1]
        if following == "(" and lexer.position > start:
            return text[start : lexer.position].find(" ") < 0
        lexer.skip_space()
        following = text[lexer.position : lexer.position + 1]
        lexer.position = start
        return bool(following) and following in _OPERATOR_CHARACTERS

    def _bare_operand(self) -> str:
        lexer = self._lexer
        start = lexer.position
        operand = lexer.token(KEY_STOPS - frozenset(".[]"))
        if operand is None:
            lexer.position = start
            operand = lexer.token(_WORD_STOPS)
            if operand and any(character in operand for character in _OPERATOR_CHARACTERS):
                raise lexer.error("Non-empty key name expected", start)
        return operand or ""

    def _operator(self) -> str:
        """Consumes an operator; empty if there is none, or one that does not exist."""
        lexer = self._lexer
        end = lexer.position
        while end < len(lexer.text) and lexer.text[end] in _OPERATOR_CHARACTERS:
            end += 1
        found = lexer.text[lexer.position : end]
        if found not in _OPERATORS:
            return ""
        lexer.position = end
        return found

    def _operand(self, operator: str) -> str | list[str]:
        lexer = self._lexer
        if lexer.at_end():
            raise lexer.error("Term operand expected")
        if lexer.at("("):
            if operator not in (":", "="):
                raise lexer.error("Term operand expected")
            lexer.position += 1
            return lexer.arguments(" \t\r\n,")
        if self._word() in _LOGICAL:
            raise lexer.error("Logical operator not expected")
        operand = lexer.token(_WORD_STOPS)
        if operand is None:
            raise lexer.error("Term operand expected")
        return operand


def _is_below(path: Path | None, known: Sequence[Path]) -> bool:
    return path is not None and any(path[: len(above)] == above for above in known)


def _any(parts: list[Predicate]) -> Predicate:
    def found(record: Any) -> bool:
        for part in parts:  # noqa: SIM110 - any() takes twice as long, for every record
            if part(record):
                return True
        return False

    return found


def _all(parts: list[Predicate]) -> Predicate:
    if len(parts) == 1:
        return parts[0]
    return lambda record: all(part(record) for part in parts)


def _negate(part: Predicate) -> Predicate:
    return lambda record: not part(record)


def parse_filter(expression: str, scope: Scope | None = None, *, bare_keys: bool = False) -> Filter:
    """Parses a filter; an empty one lets everything pass.

    Args:
        expression: such as ``state=ENABLED AND createTime>-P1Y``.
        scope: its aliases may be used as keys; None for no aliases.
        bare_keys: whether a bare word asks for a key to be set, rather than for a value anywhere.

    Raises:
        ExpressionError: if it is malformed.
        FilterError: if an operand is not what its operator takes.
    """
    parser = _Parser(expression, scope or Scope(), bare_keys=bare_keys)
    matches = parser.parse()
    return Filter(expression, matches, parser.terms, parser.parts)
