"""Plain command lines, read without click: what scripts run most, and what has to start fast.

A line is plain if it is a command's words, then flags that take a text, switches and positionals, each
spelled out, and nothing is missing. On any doubt (another flag, a typed value, help, a mistake) the
whole parser reads the line instead, so everything that can be wrong is told in one place. The facts
are in `kmsctl.cli.plain_lines`, which is generated from the commands' own declarations; a test holds
that both ways of reading give the same.
"""

from __future__ import annotations

from kmsctl.cli.plain_lines import GLOBAL_SWITCHES, GLOBAL_TEXTS, PLAIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from kmsctl.cli.session import Session

    Words = tuple[str, ...]


class Line:
    """A plain line that was read.

    Attributes:
        words: the command.
        module, function: where what it does is: a module of `kmsctl.cli.commands`.
        values: of its own flags and positionals, as the whole parser gives them.
        settings: the global flags.
        fallbacks: properties that stand in for required flags that were not given.
    """

    __slots__ = ("fallbacks", "function", "module", "settings", "values", "words")

    def __init__(self, words: Words, module: str, function: str) -> None:
        self.words = words
        self.module = module
        self.function = function
        self.values: dict[str, str | bool | None] = {}
        self.settings: dict[str, str | bool] = {}
        self.fallbacks: list[str] = []


def read(args: Sequence[str]) -> Line | None:
    """Reads a command line (without the program's name). Returns None on any doubt."""
    rest = list(args)
    if rest and rest[0] == "kms":
        del rest[0]
    for length in (2, 3, 1):
        facts = PLAIN.get(tuple(rest[:length]))
        if facts is not None:
            break
    else:
        return None
    words = tuple(rest[:length])
    module, function, names, texts, switches, others, required = facts
    line = Line(words, module, function)
    for group in (names, texts, switches, others):
        line.values.update((name.replace("-", "_"), None) for name in group.split())
    if not _scan(line, rest[length:], names.split(), texts.split(), switches.split()):
        return None
    for name, fallback in required:
        if line.values[name.replace("-", "_")] is None:
            if not fallback:
                return None
            line.fallbacks.append(fallback)
    return line


def _scan(line: Line, rest: list[str], positionals: list[str], texts: list[str], switches: list[str]) -> bool:
    """Goes over the words after the command's. Returns False on any doubt."""
    left = iter(rest)
    for word in left:
        if word[:1] != "-" or word == "-":
            if not positionals:
                return False
            line.values[positionals.pop(0).replace("-", "_")] = word
            continue
        flag, equals, value = word.partition("=")
        name = {"-q": "quiet"}.get(flag, flag[2:] if flag[:2] == "--" else "")
        key = name.replace("-", "_")
        if name in switches or name in GLOBAL_SWITCHES:
            if equals:
                return False
            (line.settings if name in GLOBAL_SWITCHES else line.values)[key] = True
        elif name in texts or name in GLOBAL_TEXTS:
            if not equals:
                value = next(left, "")
                if not value or (value[0] == "-" and value != "-"):
                    return False
            (line.settings if name in GLOBAL_TEXTS else line.values)[key] = value
        else:
            return False
    return True


def run(args: Sequence[str], session: Session) -> bool:
    """Runs a command line if it is plain. Returns False if the whole parser is to read it."""
    line = read(args)
    if line is None:
        return False
    session.settings.update(line.settings)
    session.group = line.words[:-1]
    session.command = line.words
    if any(session.properties.get(name) is None for name in line.fallbacks):
        session.settings.clear()
        session.command = ()
        return False
    from importlib import import_module

    from kmsctl.cli import output

    module = import_module(f"kmsctl.cli.commands.{line.module}")
    output.run(session, getattr(module, line.function), line.values)
    return True
