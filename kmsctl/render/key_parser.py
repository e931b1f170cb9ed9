"""Reads one key of a projection, a filter or a transform: a path and its transform calls."""

from __future__ import annotations

from kmsctl.render.lexer import KEY_STOPS, Lexer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from kmsctl.render.paths import Path
    from kmsctl.render.projection import Key
    from kmsctl.render.transforms import Call, Scope


class ParsedKey:
    """A key as written.

    Attributes:
        path: its path, an alias at its start already replaced by what it stands for.
        calls: the transform calls written after the path.
        alias: the key whose alias stands at the start of the path, or None.
        label: the names that a heading is made from.
    """

    __slots__ = ("alias", "calls", "label", "path")

    def __init__(self, path: Path, calls: list[Call], alias: Key | None) -> None:
        self.path = path
        self.calls = calls
        self.alias = alias
        names = tuple(part for part in path if isinstance(part, str))
        self.label = names or next((call.label for call in calls if call.label != ("always",)), ())


def parse_key(lexer: Lexer, scope: Scope) -> ParsedKey:
    """Reads a key at the lexer's position.

    Raises:
        ExpressionError: if there is none, or it is malformed.
    """
    path: list[str | int | None] = []
    calls: list[Call] = []
    if _whole_record(lexer):
        return ParsedKey((), calls, None)
    while True:
        _expand_stars(lexer)
        if calls and lexer.peek() == "[":
            _indices(lexer)
            raise lexer.error("Transform function expected")
        if lexer.peek() != "[":
            name = lexer.token(KEY_STOPS)
            if not name:
                raise _no_name(lexer, name)
            if lexer.peek() == "(":
                lexer.position += 1
                calls.append(scope.call(name, lexer))
                if lexer.peek() != ".":
                    break
                lexer.position += 1
                continue
            if calls:
                _indices(lexer)
                raise lexer.error("Transform function expected")
            path.append(name)
        path.extend(_indices(lexer))
        if lexer.peek() != ".":
            break
        lexer.position += 1
    resolved, alias = resolve(tuple(path), scope.aliases)
    return ParsedKey(resolved, calls, alias)


def resolve(path: Path, aliases: Mapping[str, tuple[Path, Key]]) -> tuple[Path, Key | None]:
    """Replaces an alias at the start of `path`; the second value is the key it stands for."""
    first = path[0] if path else None
    if isinstance(first, str):
        found = aliases.get(first)
        if found is not None:
            return found[0] + path[1:], found[1]
    return path, None


def _whole_record(lexer: Lexer) -> bool:
    """Consumes a lone dot."""
    if not lexer.at("."):
        return False
    following = lexer.text[lexer.position + 1 : lexer.position + 2]
    if following and following not in KEY_STOPS - {".", "[", "("}:
        return False
    if following in (".", "[", "("):
        return False
    lexer.position += 1
    return True


def _expand_stars(lexer: Lexer) -> None:
    """Rewrites ``*name()`` as ``map(1).name()``."""
    lexer.skip_space()
    start = lexer.position
    end = start
    while lexer.text[end : end + 1] == "*":
        end += 1
    if end > start:
        lexer.text = f"{lexer.text[:start]}map({end - start}).{lexer.text[end:]}"


def _no_name(lexer: Lexer, name: str | None) -> Exception:
    if lexer.at_end():
        return lexer.error("More tokens expected")
    start = lexer.position
    if name is not None:  # an empty quoted name was consumed
        start -= 2
    return lexer.error("Non-empty key name expected", start)


def _indices(lexer: Lexer) -> list[str | int | None]:
    """Reads ``[0]``, ``[]`` and ``[name]``, as many as there are."""
    found: list[str | int | None] = []
    while lexer.peek() == "[":
        lexer.position += 1
        text = lexer.token("]")
        lexer.expect_more()
        lexer.take("]")
        found.append(_index(text.strip()) if text and text.strip() else None)
    return found


def _index(text: str) -> str | int:
    try:
        return int(text)
    except ValueError:
        return text
