"""The words that the scripts complete, collected from the tree of commands."""

from __future__ import annotations

from kmsctl.cli import properties, reflect, tree
from kmsctl.cli.completion import values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from kmsctl.cli.command import Command
    from kmsctl.cli.completion.values import Values
    from kmsctl.cli.options import Flag, Positional

    #: (word, what it is)
    Described = tuple[str, str]


class CommandWords:
    """What can follow a command.

    Attributes:
        words: the command's, as they are typed: ``keys create``.
        flags: (``--key=`` or ``--quiet``, what it is).
        positionals: their names, in order; one that takes all words that are left ends in ``...``.
    """

    __slots__ = ("flags", "positionals", "words")

    def __init__(self, command: Command) -> None:
        self.words = " ".join(command.words)
        self.flags = spellings(reflect.available(command))
        self.positionals = [_name(each) + ("..." if each.several else "") for each in command.positionals]


class Tables:
    """Everything.

    Attributes:
        groups: words of a group → (word below it, what it is).
        commands: all commands.
        flags: those of every command.
        values: (words of a command or ``*``, flag or positional, what fits it); the first one that
            fits counts.
    """

    __slots__ = ("commands", "flags", "groups", "values")

    def __init__(self) -> None:
        self.groups: dict[str, list[Described]] = {
            " ".join(path): [(name, _brief(text)) for name, text in tree.children(path).items()]
            for path in sorted(tree.GROUPS)
        }
        found = list(reflect.commands())
        self.commands = [CommandWords(command) for command in found]
        self.flags = spellings(reflect.global_flags())
        self.values = _values(found)


def spellings(flags: Iterable[Flag]) -> list[Described]:
    """Returns each flag, and its inverse; one that takes a value ends in ``=``."""
    found: list[Described] = []
    for flag in flags:
        text = _brief(flag.help or "")
        found.append((flag.opts[0] + ("" if flag.is_flag else "="), text))
        found += [(inverse, f"The inverse of {flag.opts[0]}") for inverse in flag.secondary_opts]
    return found


def _values(commands: Iterable[Command]) -> list[tuple[str, str, Values]]:
    """Says once what fits a name everywhere alike, and for each command where they differ."""
    fitting: dict[str, dict[str, Values]] = {}
    for command in commands:
        words = " ".join(command.words)
        for flag in reflect.available(command):
            if not flag.is_flag:
                fitting.setdefault(flag.opts[0], {})[words] = values.of(command, flag)
        for positional in command.positionals:
            fitting.setdefault(_name(positional), {})[words] = values.of(command, positional)
    for flag in reflect.global_flags():
        fitting[flag.opts[0]] = {"*": values.of(None, flag)}
    for name in properties.TABLE:
        fitting[name] = {"*": values.of_property(name)}
    found: list[tuple[str, str, Values]] = []
    for name, by_command in sorted(fitting.items()):
        different = set(by_command.values())
        if len(different) == 1:
            found.append(("*", name, different.pop()))
        else:
            found += [(words, name, value) for words, value in by_command.items()]
    return [entry for entry in found if entry[2]]


def _name(positional: Positional) -> str:
    return (positional.name or "").replace("_", "-")


def _brief(text: str) -> str:
    """Returns the first sentence, without its full stop."""
    return text.partition(". ")[0].removesuffix(".")
