"""What the parser says: gcloud's usage blocks and error texts, for people and for scripts that match."""

from __future__ import annotations

from kmsctl.cli.failures import NOT_AVAILABLE, CommandError, UsageError
from kmsctl.cli.flags_file import origin_of
from kmsctl.cli.options import Flag, Positional
from kmsctl.cli.tree import COMMANDS, GROUPS, NOT_YET, children, spoken

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args

    Words = tuple[str, ...]

_WIDTH = 80
_SUGGESTIONS = 10


def of_command(command: Command) -> str:
    """Returns the usage block of a command."""
    required = [_required(flag) for flag in command.flags if flag.required and not flag.heads_resource]
    head = " ".join(
        [
            *(_positional(command, positional) for positional in command.positionals),
            *(resource_group(command, flag) for flag in command.flags if flag.heads_resource),
            *sorted(required),
        ]
    )
    optional = ["--help"]
    optional += [flag.opts[0] for flag in command.flags if not flag.required and flag.available]
    lines = [
        f"Usage: {spoken(command.words)} {f'{head} ' if head else ''}[optional flags]",
        *_wrapped("  optional flags may be  ", sorted(optional)),
    ]
    return "\n".join([*lines, "", *_more(command.words)])


def of_group(words: Words) -> str:
    """Returns the usage block of a group."""
    names = children(words)
    groups = [name for name in names if (*words, name) in GROUPS]
    commands = [name for name in names if (*words, name) in COMMANDS]
    lines = [f"Usage: {spoken(words)} [optional flags] <{'group | ' if groups else ''}command>"]
    if groups:
        lines += _wrapped("  group may be           ", groups)
    lines += _wrapped("  command may be         ", commands)
    return "\n".join([*lines, "", *_more(words)])


def resource_group(command: Command, head: Flag | Positional, *, values: bool = True) -> str:
    """Returns a resource with the flags of its parents: ``(KEY : --keyring=KEYRING --location=LOCATION)``."""
    parents = [flag for flag in command.flags if flag.in_resource]
    text = _shown(head, values=values)
    if not parents:
        return text
    return f"({text} : {' '.join(sorted(_shown(flag, values=values) for flag in parents))})"


def missing_name(command: Command, missing: Flag | Positional, values: Args) -> str:
    """Returns how an error names what is missing.

    Raises:
        UsageError: if a part of a resource's name is given without its last part.
    """
    if not missing.heads_resource:
        return _shown(missing, values=False)
    given = [flag for flag in command.flags if flag.in_resource and values[str(flag.name)] is not None]
    if given:
        names = " ".join(sorted(flag.spelling for flag in given))
        text = f"argument {names}: {_shown(missing, values=False)} must be specified."
        raise UsageError(command.words, text)
    return resource_group(command, missing, values=isinstance(missing, Positional))


def no_command(words: Words) -> UsageError:
    """Returns the error for a group without a command."""
    return UsageError(
        words,
        "Command name argument expected.",
        show_usage=False,
        epilog="\n".join([*_available(words), *_more(words)]),
    )


def _available(words: Words) -> list[str]:
    """Returns the groups and commands of a group with their summaries."""
    names = children(words)
    lines = [""]
    for title, table in (("groups", GROUPS), ("commands", COMMANDS)):
        here = [name for name in names if (*words, name) in table]
        if here:
            lines += [f"Available {title} for {spoken(words)}:", ""]
            lines += [f"      {name:<26}  {names[name]}" for name in here]
            lines.append("")
    return lines


def unknown_command(words: Words, name: str, following: Sequence[str] = ()) -> UsageError | CommandError:
    """Returns the error for a word that is no command of a group, with what may have been meant.

    Args:
        words: the group.
        name: the word.
        following: the words after it, which tell apart commands that are alike: ``key list``.
    """
    path = (*words, name)
    if path in NOT_YET:
        return CommandError(f"{spoken(path)} {NOT_AVAILABLE}")
    suggestions = _similar_commands(words, name, following)
    lines = ["Maybe you meant:", *(f"  {spoken(each)}" for each in suggestions), ""]
    if not suggestions:
        lines = _available(words)
    return UsageError(
        words, f"Invalid choice: '{name}'.", show_usage=False, epilog="\n".join([*lines, *_more(words)])
    )


def unknown_words(words: Words, unknown: Sequence[str], flags: Iterable[Flag]) -> UsageError:
    """Returns the error for words that are no flags and no positionals of a command."""
    spellings = [s for flag in flags if flag.available for s in (*flag.opts, *flag.secondary_opts)]
    shown = []
    for word in unknown:
        near = _similar_flag(word, spellings) if word.startswith("-") or "=" in word else None
        text = f"{word}{origin_of(word)}"
        shown.append(f"{text} (did you mean '{near}'?)" if near else text)
    text = f" {shown[0]} \n" if len(shown) == 1 else "".join(f"\n  {each}" for each in shown) + "\n"
    return UsageError(
        words, f"unrecognized arguments:{text}", show_usage=False, epilog="\n".join(_more(words))
    )


def _more(words: Words) -> list[str]:
    subject = "this command and its flags" if words in COMMANDS else "the commands and flags"
    return [f"For detailed information on {subject}, run:", f"  {spoken(words)} --help"]


def _positional(command: Command, positional: Positional) -> str:
    return resource_group(command, positional) if positional.heads_resource else positional.shown


def _required(flag: Flag) -> str:
    return _shown(flag, values=True)


def _shown(parameter: Flag | Positional, *, values: bool) -> str:
    if isinstance(parameter, Positional):
        return parameter.shown
    return f"{parameter.opts[0]}={parameter.metavar}" if values else parameter.opts[0]


def _wrapped(label: str, items: Sequence[str]) -> list[str]:
    lines, line = [], label
    for number, item in enumerate(items):
        piece = item if number == len(items) - 1 else f"{item} | "
        if len(line) > len(label) and len(line) + len(piece.rstrip()) >= _WIDTH:
            lines.append(line.rstrip())
            line = " " * len(label)
        line += piece
    return [*lines, line.rstrip()]


def _similar_flag(word: str, spellings: Sequence[str]) -> str | None:
    from difflib import get_close_matches

    name = word.partition("=")[0]
    if name in spellings:
        # It stood after two hyphens, where it is no flag.
        return None
    longer = [spelling for spelling in spellings if len(name) > 3 and spelling.startswith(name)]
    near = longer or get_close_matches(name.lower(), spellings, n=1)
    return near[0] if near else None


def _similar_commands(words: Words, name: str, following: Sequence[str]) -> list[Words]:
    """Returns commands and groups whose last word is like `name`: those below the group, or else all.

    First come those that have the words that follow, too; a group is continued by those words.
    """
    from difflib import SequenceMatcher

    scored = []
    for path in (*COMMANDS, *GROUPS):
        if not path:
            continue
        likeness = SequenceMatcher(None, name, path[-1]).ratio()
        if likeness >= 0.7 or (len(name) > 2 and path[-1].startswith(name)):
            whole = _continued(path, following)
            shared = len(set(whole).intersection(following))
            scored.append((-shared, path[:-1] != words, -likeness, whole))
    below = [each for each in scored if each[-1][: len(words)] == words]
    return [path for *_, path in sorted(below or scored)[:_SUGGESTIONS]]


def _continued(path: Words, following: Sequence[str]) -> Words:
    for word in following:
        if (*path, word) not in COMMANDS and (*path, word) not in GROUPS:
            break
        path = (*path, word)
    return path
