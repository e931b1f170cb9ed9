"""The transform functions by name, and how a call is bound to one.

A function's module is imported when an expression names it, so that a plain listing loads none
that it does not use.
"""

from __future__ import annotations

from kmsctl.render.errors import TransformError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from kmsctl.render.lexer import Lexer
    from kmsctl.render.paths import Path
    from kmsctl.render.projection import Chain, Key

    Function = Callable[[Any], Any]

#: name → (module, parameters, how many of them are required). ``*`` takes any number of arguments;
#: ``scope`` as a module marks what is built from the expression's scope.
TABLE: dict[str, tuple[str, tuple[str, ...], int]] = {
    "always": ("text", (), 0),
    "basename": ("text", ("undefined",), 0),
    "collection": ("text", ("undefined",), 0),
    "color": ("text", ("red", "yellow", "green", "blue"), 0),
    "count": ("lists", (), 0),
    "date": ("times", ("format", "unit", "undefined", "tz", "tz_default"), 0),
    "decode": ("text", ("encoding", "undefined"), 1),
    "duration": (
        "times",
        ("start", "end", "parts", "precision", "calendar", "unit", "undefined"),
        0,
    ),
    "encode": ("text", ("encoding", "undefined"), 1),
    "enum": ("text", ("enums", "inverse", "undefined"), 1),
    "error": ("text", ("message",), 0),
    "extract": ("scope", ("*",), 0),
    "fatal": ("text", ("message",), 0),
    "filter": ("scope", ("expression",), 1),
    "firstof": ("scope", ("*",), 0),
    "flatten": ("lists", ("show", "undefined", "separator"), 0),
    "float": ("numbers", ("precision", "spec", "undefined"), 0),
    "format": ("scope", ("*",), 1),
    "group": ("scope", ("*",), 0),
    "if": ("scope", ("expr",), 1),
    "iso": ("times", ("undefined",), 0),
    "join": ("lists", ("sep", "undefined"), 0),
    "len": ("lists", (), 0),
    "list": ("lists", ("show", "undefined", "separator"), 0),
    "lower": ("text", (), 0),
    "map": ("scope", ("depth",), 0),
    "notnull": ("lists", (), 0),
    "regex": ("text", ("expression", "does_match", "nomatch"), 1),
    "resolution": ("numbers", ("undefined", "transpose"), 0),
    "scope": ("text", ("*",), 0),
    "segment": ("text", ("index", "undefined"), 0),
    "size": ("numbers", ("zero", "precision", "units_in", "units_out", "min"), 0),
    "slice": ("lists", ("op", "undefined"), 0),
    "sort": ("lists", ("attr",), 0),
    "split": ("text", ("sep", "undefined"), 0),
    "sub": ("text", ("pattern", "replacement", "count", "ignorecase"), 2),
    "synthesize": ("scope", ("*",), 0),
    "trailoff": ("text", ("character_limit", "undefined"), 1),
    "upper": ("text", (), 0),
    "uri": ("scope", ("undefined",), 0),
    "yesno": ("text", ("yes", "no"), 0),
}


#: Beyond it, integers of arguments are as good as infinite.
_LARGEST = 2**31


class Call:
    """A bound transform call.

    Attributes:
        function: takes the value, or for `of_record` the whole record, and returns the new value.
        label: what a heading is made from for a key that begins with this call.
        disables: whether the key it stands on is left out (``if()``).
        depth: for ``map()``, how deep the next call is applied; otherwise 0.
        of_record: whether the function takes the whole record.
    """

    __slots__ = ("depth", "disables", "function", "label", "of_record")

    def __init__(
        self,
        function: Function,
        label: tuple[str, ...],
        *,
        disables: bool = False,
        depth: int = 0,
        of_record: bool = False,
    ) -> None:
        self.function = function
        self.label = label
        self.disables = disables
        self.depth = depth
        self.of_record = of_record


class Scope:
    """What transforms may use besides their value.

    Attributes:
        aliases: the aliases of the expression being parsed.
        flags: flag names with underscores → their values, for ``if()``.
        uri: returns the URI of a record, or None; None where records have none.
    """

    __slots__ = ("aliases", "flags", "uri")

    def __init__(
        self,
        *,
        flags: Mapping[str, Any] | None = None,
        uri: Callable[[Any], str | None] | None = None,
    ) -> None:
        self.aliases: Mapping[str, tuple[Path, Key]] = {}
        self.flags = flags or {}
        self.uri = uri

    def with_aliases(self, aliases: Mapping[str, tuple[Path, Key]]) -> Scope:
        """Returns this scope with the aliases of another expression."""
        scope = Scope(flags=self.flags, uri=self.uri)
        scope.aliases = aliases
        return scope

    def call(self, name: str, lexer: Lexer) -> Call:
        """Reads the arguments of a call of transform `name`, and binds them.

        Raises:
            ExpressionError: if there is no such transform, or the arguments are malformed.
            TransformError: if it does not take them.
        """
        if name not in TABLE:
            raise lexer.error(f"Unknown transform function {name}")
        arguments = lexer.arguments()
        module, parameters, required = TABLE[name]
        names = [text for text in arguments if not text.startswith("(") and not _is_keyword(text)]
        label = tuple(names) or (name,)
        if "*" in parameters:
            if len(arguments) < required:
                raise TransformError(f"{name}() needs at least {required} argument.")
            given: dict[str, str] = {}
        else:
            given = _bind(name, parameters, required, arguments)
        if module == "scope":
            from kmsctl.render.scoped_transforms import make

            return make(self, name, arguments, given, label)
        factory = _factory(module, name)
        return Call(factory(*arguments) if "*" in parameters else factory(**given), label)


def _is_keyword(text: str) -> bool:
    name, equals, _ = text.partition("=")
    return bool(equals) and name.isidentifier()


def _bind(name: str, parameters: Sequence[str], required: int, arguments: Sequence[str]) -> dict[str, str]:
    """Binds arguments by position, and by ``parameter=value``."""
    given: dict[str, str] = {}
    position = 0
    for argument in arguments:
        keyword, equals, value = argument.partition("=")
        if equals and keyword in parameters:
            given[keyword] = value
            continue
        if position >= len(parameters):
            takes = ", ".join(parameters) or "no arguments"
            raise TransformError(f"{name}() takes {takes}; [{argument}] is one too many.")
        given[parameters[position]] = argument
        position += 1
    for parameter in parameters[:required]:
        if parameter not in given:
            raise TransformError(f"{name}() needs [{parameter}].")
    return given


def _factory(module: str, name: str) -> Callable[..., Function]:
    """Returns the function that makes transform `name` from its arguments."""
    if module == "text":
        from kmsctl.render import text_transforms

        return text_transforms.FACTORIES[name]
    if module == "lists":
        from kmsctl.render import list_transforms

        return list_transforms.FACTORIES[name]
    if module == "numbers":
        from kmsctl.render import number_transforms

        return number_transforms.FACTORIES[name]
    from kmsctl.render import time_transforms

    return time_transforms.FACTORIES[name]


def integer(transform: str, parameter: str, text: str | None, default: int) -> int:
    """Returns an argument as an integer of 32 bits or so, `default` where it was not given."""
    if text is None:
        return default
    try:
        return max(-_LARGEST, min(int(text), _LARGEST))
    except ValueError:
        raise TransformError(
            f"{transform}() needs an integer for [{parameter}]; received [{text}]."
        ) from None


def truth(text: str | None, *, default: bool) -> bool:
    """Returns an argument as a truth value: ``false``, ``no``, ``0`` and the empty text are false."""
    if text is None:
        return default
    return text.lower() not in ("false", "no", "0", "")


def compile_chain(chain: Chain) -> Callable[[Any, Any], Any]:
    """Makes one function of (value, record) that applies all calls of `chain`."""
    steps: list[tuple[Function, bool]] = []
    depth = 0
    for call in chain.calls:
        if call.depth:
            depth = call.depth
            continue
        steps.append((_mapped(call.function, depth), call.of_record))
        depth = 0
    if len(steps) == 1 and not steps[0][1]:
        function = steps[0][0]
        return lambda value, _record: function(value)

    def run(value: Any, record: Any) -> Any:
        for function, of_record in steps:
            value = function(record if of_record else value)
        return value

    return run


def _mapped(function: Function, depth: int) -> Function:
    """Applies `function` to the items of lists, `depth` levels down."""
    if depth == 0:
        return function

    def run(value: Any) -> Any:
        if not isinstance(value, list):
            return function(value) if value else value
        items = value
        for _ in range(depth - 1):  # deeper lists come out as one
            items = [inner for item in items for inner in (item if isinstance(item, list) else [item])]
        return [function(item) for item in items]

    return run
