"""Reads command lines as gcloud does.

Flags and positionals may be mixed; after ``--`` everything is positional; a flag's value may follow
``=`` or the next word; prefixes of flags are not expanded; of a repeated flag the last value counts,
or all of them where the type says so; global flags may stand anywhere. Wrong values are reported
first, in their order, then words that are not known, then flags that exclude each other, then what is
missing, all of it at once.
"""

from __future__ import annotations

import click

from kmsctl.cli import usage
from kmsctl.cli.failures import NOT_AVAILABLE, CommandError, HelpRequested, UsageError
from kmsctl.cli.flags_file import Word, origin_of
from kmsctl.cli.options import GLOBAL, Flag
from kmsctl.cli.params import InvalidChoice, Items, Labels

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session

    Words = tuple[str, ...]


class _Scanner:
    """Goes over words once and sorts them into flags with their values, positionals and unknown words."""

    def __init__(self, words: Words, flags: Iterable[Flag]) -> None:
        self.words = words
        self.values: dict[str, Any] = {}
        self.positionals: list[tuple[int, str]] = []
        self.unknown: list[tuple[int, str]] = []
        #: name of a flag → where a flags file has it, as errors show it
        self.origins: dict[str, str] = {}
        self._origin = ""
        self._flags: dict[str, tuple[Flag, bool]] = {}
        for flag in flags:
            self._flags.update((spelling, (flag, True)) for spelling in flag.opts)
            self._flags.update((spelling, (flag, False)) for spelling in flag.secondary_opts)

    def scan(self, args: list[str], *, stop_at_positional: bool = False) -> int:
        """Returns how many of `args` were taken."""
        index = 0
        only_positionals = False
        while index < len(args):
            word = args[index]
            if word == "--" and not only_positionals:
                only_positionals = True
                if stop_at_positional:
                    self.unknown.append((index, word))
            elif only_positionals or not self._looks_like_flag(word):
                if stop_at_positional:
                    return index
                self.positionals.append((index, word))
            elif word.partition("=")[0] in self._flags:
                index += self._take(word, args[index + 1] if index + 1 < len(args) else None)
            else:
                self.unknown.append((index, word))
                following = args[index + 1] if index + 1 < len(args) else ""
                if isinstance(following, Word) and following.delimited:
                    index += 1  # the value of a flag that is not known is none of its own
            index += 1
        return index

    def _looks_like_flag(self, word: str) -> bool:
        """A lone hyphen, a negative number and a phrase with blanks are values, not flags."""
        if len(word) < 2 or word[0] != "-" or (isinstance(word, Word) and word.delimited):
            return False
        if word.partition("=")[0] in self._flags:
            return True
        number = word[1:].replace(".", "", 1)
        return not (number.isascii() and number.isdigit()) and " " not in word

    def _take(self, word: str, following: str | None) -> int:
        """Takes one flag and returns how many more words it took."""
        spelling, equals, value = word.partition("=")
        flag, positive = self._flags[spelling]
        self._origin = origin_of(word)
        if flag.is_flag and equals:
            raise self._misused(flag, f"ignored explicit argument '{value}'")
        if not flag.available:
            raise CommandError(f"{spelling} {NOT_AVAILABLE}")
        if flag.name == "help":
            raise HelpRequested(self.words, short=spelling == "-h")
        if flag.is_flag:
            self._put(flag, positive)
            return 0
        if equals:
            self._put(flag, self._convert(flag, value))
            return 0
        if following is None or following == "--" or self._looks_like_flag(following):
            raise self._misused(flag, "expected one argument")
        self._put(flag, self._convert(flag, following))
        return 1

    def _convert(self, flag: Flag, value: str) -> object:
        if isinstance(value, Word) and isinstance(flag.type, Items | Labels):
            value = value.delimited or value
        try:
            return flag.type.convert(value, flag, None)
        except InvalidChoice as error:
            raise self._misused(flag, error.message, show_usage=False) from None
        except click.BadParameter as error:
            raise self._misused(flag, error.message) from None

    def _misused(self, flag: Flag, what: str, *, show_usage: bool = True) -> UsageError:
        message = f"argument {flag.spelling}{self._origin}: {what}"
        return UsageError(self.words, message, show_usage=show_usage)

    def _put(self, flag: Flag, value: Any) -> None:
        name = str(flag.name)
        earlier = self.values.get(name)
        if earlier is not None and isinstance(flag.type, Items):
            value = [*earlier, *value]
        elif earlier is not None and isinstance(flag.type, Labels):
            from kmsctl.model.labels import merge_label_args

            try:
                value = merge_label_args(earlier, value)
            except ValueError as error:
                raise self._misused(flag, str(error)) from None
        self.values[name] = value
        self.origins[name] = self._origin


def parse_group(words: Words, session: Session, args: list[str]) -> list[str]:
    """Takes the global flags before a group's command. Returns the words from the command on.

    Raises:
        UsageError: if there are other flags, or no command.
        HelpRequested: if help for the group is asked for.
    """
    scanner = _Scanner(words, GLOBAL)
    taken = scanner.scan(args, stop_at_positional=True)
    if scanner.unknown:
        raise usage.unknown_words(words, [word for _, word in scanner.unknown], GLOBAL)
    session.settings.update(scanner.values)
    if taken == len(args):
        raise usage.no_command(words)
    return args[taken:]


def parse_command(command: Command, session: Session, args: list[str]) -> dict[str, Any]:
    """Reads the words after a command's name. Global flags go to the session's settings.

    Returns:
        the name of each flag and positional with its value; None for a flag that is not given.

    Raises:
        UsageError: if they are not a command line of this command.
        HelpRequested: if help for the command is asked for.
    """
    scanner = _Scanner(command.words, [each for each in command.params if isinstance(each, Flag)])
    scanner.scan(args)
    values: dict[str, Any] = {str(each.name): None for each in (*command.positionals, *command.flags)}
    extra = _fill_positionals(command, values, scanner.positionals)
    if extra or scanner.unknown:
        words = [word for _, word in sorted([*extra, *scanner.unknown])]
        raise usage.unknown_words(command.words, words, [*command.flags, *GLOBAL])
    general = {str(flag.name) for flag in GLOBAL}
    for name, value in scanner.values.items():
        (session.settings if name in general else values)[name] = value
    _check_exclusive(command, values, scanner.origins)
    _check_required(command, session, values)
    return values


def _fill_positionals(
    command: Command, values: dict[str, Any], found: list[tuple[int, str]]
) -> list[tuple[int, str]]:
    """Gives each positional its word, and one that takes several all of them; returns what is left over."""
    for positional, (_, word) in zip(command.positionals, found, strict=False):
        values[str(positional.name)] = word
    count = len(command.positionals)
    if count and command.positionals[-1].several:
        words = [word for _, word in found[count - 1 :]]
        values[str(command.positionals[-1].name)] = words or None
        return []
    return found[count:]


def _check_exclusive(command: Command, values: Args, origins: dict[str, str]) -> None:
    for group in command.exclusive:
        given = [name for name in group if values[name.replace("-", "_")] not in (None, False)]
        if len(given) > 1:
            choices = " | ".join(f"--{name}" for name in sorted(group))
            first = min(given)
            origin = origins.get(first.replace("-", "_"), "")
            raise UsageError(
                command.words, f"argument --{first}{origin}: At most one of {choices} can be specified."
            )


def _check_required(command: Command, session: Session, values: Args) -> None:
    positionals = [
        usage.missing_name(command, positional, values)
        for positional in command.positionals
        if positional.required and values[str(positional.name)] is None
    ]
    flags = []
    for flag in command.flags:
        if not flag.required or values[str(flag.name)] is not None:
            continue
        if flag.fallback is None or session.properties.get(flag.fallback) is None:
            flags.append(usage.missing_name(command, flag, values))
    missing = " ".join((*positionals, *sorted(flags)))
    if missing:
        raise UsageError(command.words, f"argument {missing}: Must be specified.")
