"""Transforms of text."""

from __future__ import annotations

from kmsctl.render.errors import TransformError
from kmsctl.render.transforms import integer, truth

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kmsctl.render.transforms import Function


def _always() -> Function:
    return lambda value: value


def _basename(undefined: str = "") -> Function:
    def basename(value: Any) -> Any:
        if not value:
            return undefined
        if isinstance(value, list):
            return [basename(item) for item in value]
        text = str(value)
        return text[text.rfind("/") + 1 :] or undefined

    return basename


def _constant(undefined: str = "") -> Function:
    """What a local command has no source for: the collection of a resource, enumerations."""
    return lambda _value: undefined


def _enum(enums: str, inverse: str = "", undefined: str = "") -> Function:
    del enums, inverse
    return _constant(undefined)


def _color(red: str = "", yellow: str = "", green: str = "", blue: str = "") -> Function:
    """Each argument is an expression; the first one that a value fits gives it its colour."""
    import re

    from kmsctl.render.colours import Coloured

    patterns = {"red": red, "yellow": yellow, "green": green, "blue": blue}
    try:
        tests = [(name, re.compile(pattern).search) for name, pattern in patterns.items() if pattern]
    except re.error as error:
        raise TransformError(f"color() cannot use an expression: {error}") from error

    def color(value: Any) -> Any:
        if value is None:
            return None
        text = str(value)
        found = next((name for name, search in tests if search(text)), None)
        return text if found is None else Coloured(text, found)

    return color


def _decode(encoding: str, undefined: str = "") -> Function:
    def decode(value: Any) -> Any:
        from base64 import b64decode

        if encoding != "base64" or not isinstance(value, str):  # text is decoded UTF-8 already
            return undefined
        try:
            return b64decode(value, validate=True).decode("utf-8")
        except ValueError:
            return undefined

    return decode


def _encode(encoding: str, undefined: str = "") -> Function:
    def encode(value: Any) -> Any:
        if encoding == "utf-8":
            return value if isinstance(value, str) else undefined
        if encoding != "base64" or value is None:
            return undefined
        from base64 import b64encode

        return b64encode(str(value).encode("utf-8")).decode("ascii")

    return encode


def _error(message: str | None = None) -> Function:
    def error(value: Any) -> Any:
        raise TransformError(str(value) if message is None else message)

    return error


def _lower() -> Function:
    return lambda value: value.lower() if isinstance(value, str) else value


def _upper() -> Function:
    return lambda value: value.upper() if isinstance(value, str) else value


def _regex(expression: str, does_match: str | None = None, nomatch: str = "") -> Function:
    from kmsctl.render.patterns import compile_pattern

    try:
        pattern = compile_pattern(expression)
    except ValueError as error:
        raise TransformError(f"regex() pattern [{expression}]: {error}") from error

    def regex(value: Any) -> Any:
        if not isinstance(value, str) or not pattern.match(value):
            return nomatch
        return value if does_match is None else does_match

    return regex


def _scope(*names: str) -> Function:
    markers = [f"/{name}/" for name in names or ("regions", "zones")]

    def scope(value: Any) -> Any:
        if not value:
            return ""
        text = str(value)
        for marker in markers:
            _, found, after = text.partition(marker)
            if found:
                return after
        return text

    return scope


def _segment(index: str | None = None, undefined: str = "") -> Function:
    position = integer("segment", "index", index, -1)

    def segment(value: Any) -> Any:
        if not value:
            return undefined
        parts = str(value).split("/")
        return (parts[position] if -len(parts) <= position < len(parts) else "") or undefined

    return segment


def _split(sep: str = "/", undefined: str = "") -> Function:
    def split(value: Any) -> Any:
        if not isinstance(value, str) or not value:
            return undefined
        return value.split(sep) if sep else list(value)

    return split


def _sub(pattern: str, replacement: str, count: str | None = None, ignorecase: str | None = None) -> Function:
    import re

    from kmsctl.render.patterns import compile_pattern

    limit = max(integer("sub", "count", count, 0), 0)
    try:
        compiled = compile_pattern(pattern, ignore_case=truth(ignorecase, default=True))
    except ValueError:  # a pattern that is none leaves the text as it is
        return lambda value: value

    def sub(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return compiled.sub(replacement, value, count=limit)
        except (re.error, IndexError):  # so does a reference to a group that is not there
            return value

    return sub


def _trailoff(character_limit: str, undefined: str = "") -> Function:
    limit = int(character_limit) if character_limit.isdecimal() else 0

    def trailoff(value: Any) -> Any:
        if limit <= 3 or value is None:
            return undefined
        if not isinstance(value, str):
            return value
        return value if len(value) < limit else f"{value[: limit - 3]}..."

    return trailoff


def _yesno(yes: str | None = None, no: str = "No") -> Function:
    return lambda value: (value if yes is None else yes) if value else no


FACTORIES: dict[str, Callable[..., Function]] = {
    "always": _always,
    "basename": _basename,
    "collection": _constant,
    "color": _color,
    "decode": _decode,
    "encode": _encode,
    "enum": _enum,
    "error": _error,
    "fatal": _error,
    "lower": _lower,
    "regex": _regex,
    "scope": _scope,
    "segment": _segment,
    "split": _split,
    "sub": _sub,
    "trailoff": _trailoff,
    "upper": _upper,
    "yesno": _yesno,
}
