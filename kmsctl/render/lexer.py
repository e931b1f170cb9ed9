"""The tokens that format, projection and filter expressions are made of."""

from __future__ import annotations

from kmsctl.render.errors import ExpressionError

_SPACE = " \t\n\r\f\v"
#: What ends a part of a key. Everything else, quotes aside, belongs to it.
KEY_STOPS = frozenset(_SPACE + "!#%&()*+,./:;<=>?[]^{|}~")


class Lexer:
    """A position in an expression. Methods skip white space before what they read."""

    __slots__ = ("position", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def annotate(self, position: int | None = None) -> str:
        """Returns the expression with ``*HERE*`` at `position` (the current one by default)."""
        at = self.position if position is None else position
        left, right = self.text[:at], self.text[at:]
        before = " " if left and not left[-1].isspace() else ""
        after = " " if right and not right[0].isspace() else ""
        return f"{left}{before}*HERE*{after}{right}"

    def error(self, message: str, position: int | None = None) -> ExpressionError:
        """Makes (does not raise) the error `message`, with the expression in brackets."""
        return ExpressionError(f"{message} [{self.annotate(position)}].")

    def skip_space(self) -> None:
        text, at = self.text, self.position
        while at < len(text) and text[at].isspace():
            at += 1
        self.position = at

    def at_end(self) -> bool:
        self.skip_space()
        return self.position >= len(self.text)

    def peek(self) -> str:
        """Returns the very next character, white space included; empty at the end."""
        return self.text[self.position : self.position + 1]

    def at(self, characters: str) -> bool:
        """Tells whether one of `characters` comes next."""
        return not self.at_end() and self.text[self.position] in characters

    def take(self, characters: str) -> bool:
        """Consumes the next character if it is one of `characters`."""
        if self.at(characters):
            self.position += 1
            return True
        return False

    def expect_more(self) -> None:
        if self.at_end():
            raise self.error("More tokens expected")

    def token(self, stops: frozenset[str] | str, *, balanced: bool = False) -> str | None:
        r"""Reads up to an unquoted character of `stops`; None where one stands right here.

        Quotes of both kinds may stand anywhere in a token and are removed. A backslash protects a
        quote, a backslash and, in `balanced` tokens, nothing more: ``\n`` stays two characters.
        `balanced` tokens may hold stops inside parentheses.
        """
        self.skip_space()
        text, start = self.text, self.position
        at, depth, quote = start, 0, ""
        pieces: list[str] = []
        quoted = False
        while at < len(text):
            character = text[at]
            if character == "\\" and text[at + 1 : at + 2] in ("\\", "'", '"'):
                pieces.append(text[at + 1])
                at += 2
                continue
            if quote:
                if character == quote:
                    quote = ""
                else:
                    pieces.append(character)
            elif character in "\"'":
                quote, quoted = character, True
            elif depth == 0 and character in stops:
                break
            else:
                if balanced:
                    depth += (character == "(") - (character == ")")
                pieces.append(character)
            at += 1
        if quote:
            raise self.error(f"Unterminated [{quote}] quote", start)
        self.position = at
        return "".join(pieces) if pieces or quoted else None

    def arguments(self, separators: str = ",") -> list[str]:
        """Reads arguments and their closing parenthesis; the opening one is consumed."""
        found: list[str] = []
        self.expect_more()
        if self.take(")"):
            return found
        while True:
            self.expect_more()
            argument = self.token(separators + ")", balanced=True)
            if argument is None:
                raise self.error("Argument expected")
            found.append(argument)
            if self.peek() == ",":
                self.position += 1
                continue
            self.expect_more()
            if self.take(")"):
                return found
