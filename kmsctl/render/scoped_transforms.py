"""Transforms that read keys, filters or flags named in their arguments."""

from __future__ import annotations

from kmsctl.render.columns import compile_key
from kmsctl.render.errors import TransformError
from kmsctl.render.key_parser import parse_key
from kmsctl.render.lexer import Lexer
from kmsctl.render.projection import Chain
from kmsctl.render.transforms import Call, integer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from kmsctl.render.paths import Getter
    from kmsctl.render.transforms import Function, Scope


def make(
    scope: Scope, name: str, arguments: Sequence[str], given: Mapping[str, str], label: tuple[str, ...]
) -> Call:
    """Makes the call of a transform whose module is ``scope`` in the table of transforms."""
    if name == "map":
        return Call(lambda value: value, label, depth=abs(integer("map", "depth", given.get("depth"), 1)))
    if name == "uri":
        return Call(_uri(scope, given.get("undefined", ".")), (name,), of_record=True)
    if name == "if":
        return Call(lambda value: value, label, disables=not _flags_match(scope, given["expr"]))
    if name == "filter":
        return Call(_filter(scope, given["expression"]), label)
    makers: dict[str, Callable[[Scope, Sequence[str]], Function]] = {
        "extract": _extract,
        "firstof": _firstof,
        "format": _format,
        "group": _group,
        "synthesize": _synthesize,
    }
    return Call(makers[name](scope, arguments), label)


def compile_argument(scope: Scope, text: str) -> Getter:
    """Makes a getter of a key written as an argument: a path, an alias, and transforms."""
    parsed = parse_key(Lexer(text), scope)
    chain = Chain(0)
    if parsed.alias is not None and parsed.alias.chain is not None:
        chain.calls.extend(parsed.alias.chain.calls)
    chain.calls.extend(parsed.calls)
    return compile_key(parsed.path, chain if chain.calls else None)


def _uri(scope: Scope, undefined: str) -> Function:
    def uri(record: Any) -> Any:
        found = scope.uri(record) if scope.uri is not None else None
        return undefined if found is None else found

    return uri


def _flags_match(scope: Scope, expression: str) -> bool:
    from kmsctl.render.filters import parse_filter

    return parse_filter(expression, scope, bare_keys=True).matches(dict(scope.flags))


def _filter(scope: Scope, expression: str) -> Function:
    from kmsctl.render.filters import parse_filter

    parsed = parse_filter(expression, scope)

    def select(value: Any) -> Any:
        if isinstance(value, list):
            return [item for item in value if parsed.matches(item)]
        return value if value and parsed.matches(value) else ""

    return select


def _extract(scope: Scope, arguments: Sequence[str]) -> Function:
    getters = [compile_argument(scope, text) for text in arguments]

    def extract(value: Any) -> Any:
        if not value:
            return []
        return [found for found in (get(value) for get in getters) if found]

    return extract


def _firstof(scope: Scope, arguments: Sequence[str]) -> Function:
    getters = [compile_argument(scope, text) for text in arguments]

    def firstof(value: Any) -> Any:
        for get in getters:
            found = get(value)
            if found is not None:
                return found
        return ""

    return firstof


def _format(scope: Scope, arguments: Sequence[str]) -> Function:
    template = arguments[0]
    getters = [compile_argument(scope, text) for text in arguments[1:]]

    def formatted(value: Any) -> Any:
        if getters:
            items = [get(value) for get in getters]
        elif isinstance(value, list):
            items = value
        else:
            items = [value or ""]
        try:
            return _fill(template, items)
        except (ValueError, LookupError, TypeError) as error:
            raise TransformError(f"format() cannot use [{template}]: {error}") from error

    return formatted


def _fill(template: str, items: Sequence[Any]) -> str:
    """Fills a template's fields by position. ``{0.name}`` would reach into Python: it is refused."""
    from string import Formatter

    pieces: list[str] = []
    automatic = 0
    for text, field, spec, conversion in Formatter().parse(template):
        pieces.append(text)
        if field is None:
            continue
        value = items[int(field) if field else automatic]
        automatic += 1
        shown = repr(value) if conversion == "r" else str(value) if conversion == "s" else value
        pieces.append(format(shown, spec) if spec else str(shown))
    return "".join(pieces)


def _group(scope: Scope, arguments: Sequence[str]) -> Function:
    getters = [compile_argument(scope, text) for text in arguments]

    def grouped(value: Any) -> Any:
        if not value:
            return "[]"
        shown = []
        for item in value if isinstance(value, (list, dict, str)) else [value]:
            if not getters:
                shown.append(f"[{item}]")
                continue
            first, *rest = ["" if found is None else str(found) for found in (get(item) for get in getters)]
            shown.append(f"[{first}: {', '.join(rest)}]" if rest else f"[{first}]")
        return " ".join(shown)

    return grouped


def _synthesize(scope: Scope, arguments: Sequence[str]) -> Function:
    schemas = [_schema(scope, text) for text in arguments]

    def synthesize(value: Any) -> Any:
        made = []
        for schema in schemas:
            item: dict[str, Any] = {}
            for name, literal, get in schema:
                if get is None:
                    item[name] = literal
                    continue
                found = get(value)
                if name:
                    item[name] = found
                elif isinstance(found, dict):
                    item.update(found)
            if item:
                made.append(item)
        return made

    return synthesize


def _schema(scope: Scope, text: str) -> list[tuple[str, str, Getter | None]]:
    """Parses one tuple: items are ``name:literal``, ``name=key`` or ``key``."""
    if not (text.startswith("(") and text.endswith(")")):
        raise TransformError("(...) args expected in synthesize() transform")
    items: list[tuple[str, str, Getter | None]] = []
    lexer = Lexer(text)
    lexer.position = 1
    for part in lexer.arguments():
        for separator in ("=", ":"):
            name, found, rest = part.partition(separator)
            if found:
                get = compile_argument(scope, rest) if separator == "=" else None
                items.append((name.strip(), rest, get))
                break
        else:
            items.append(("", "", compile_argument(scope, part.strip())))
    return items
