"""The help of commands and groups, laid out like a manual page."""

from __future__ import annotations

from kmsctl.cli.options import GLOBAL, Flag, Positional
from kmsctl.cli.tree import COMMANDS, GROUPS, PROGRAM, children, spoken
from kmsctl.cli.usage import resource_group

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kmsctl.cli.command import Command

_WIDTH = 80
_WIDE = "KMSCTL_WIDE_FLAG"
_BACKSLASH = " \\"


def of_command(command: Command) -> str:
    """Returns the help of a command."""
    summary = COMMANDS[command.words][2]
    flags = sorted(command.flags, key=lambda flag: flag.opts[0])
    parts = [
        *_head(command.words, summary, _synopsis(command)),
        *_section("DESCRIPTION", [filled(text, 4) for text in (command.about or summary).split("\n\n")]),
        *_section("EXAMPLES", [_example(*each) for each in command.examples]),
        *_section("POSITIONAL ARGUMENTS", [_entry(each.shown, each.text) for each in command.positionals]),
        *_section("REQUIRED FLAGS", [_flag(flag) for flag in flags if flag.required]),
        *_section("OPTIONAL FLAGS", [_flag(flag) for flag in flags if not flag.required and flag.available]),
        *_wide_flags(),
    ]
    return "\n".join(parts)


def of_group(words: tuple[str, ...]) -> str:
    """Returns the help of a group, or of the program."""
    names = children(words)
    groups = [_entry(name, names[name]) for name in names if (*words, name) in GROUPS]
    commands = [_entry(name, names[name]) for name in names if (*words, name) in COMMANDS]
    choice = "GROUP | COMMAND" if groups else "COMMAND"
    about = [GROUPS[words]]
    if not words:
        about.append(
            f"The commands are those of gcloud kms, and {PROGRAM} kms is accepted for {PROGRAM}. "
            f"{PROGRAM} quickstart shows the main job step by step."
        )
    parts = [
        *_head(words, GROUPS[words], [choice, f"[{_WIDE} ...]"]),
        *_section("DESCRIPTION", [filled(text, 4) for text in about]),
        *_section("GROUPS", groups),
        *_section("COMMANDS", commands),
        *(_wide_flags() if words else _section("KMSCTL WIDE FLAGS", _global_entries())),
    ]
    return "\n".join(parts)


def _head(words: tuple[str, ...], summary: str, synopsis: Sequence[str]) -> list[str]:
    name = spoken(words)
    summary = (summary[0].lower() + summary[1:]).removesuffix(".")
    return [
        *_section("NAME", [filled(f"{name} - {summary}", 4)]),
        *_section("SYNOPSIS", [_joined([name, *synopsis], 4)]),
    ]


def _section(title: str, blocks: Sequence[list[str]]) -> list[str]:
    if not blocks:
        return []
    lines = [title]
    for block in blocks:
        lines += [*block, ""]
    return lines


def _synopsis(command: Command) -> list[str]:
    heads: list[Flag | Positional] = [*command.positionals, *command.flags]
    pieces = [resource_group(command, each) for each in heads if each.heads_resource]
    pieces += [each.shown for each in command.positionals if not each.heads_resource]
    plain = [flag for flag in command.flags if not flag.heads_resource and not flag.in_resource]
    plain.sort(key=lambda flag: flag.opts[0])
    pieces += [_signature(flag) for flag in plain if flag.required]
    pieces += [f"[{_signature(flag)}]" for flag in plain if not flag.required and flag.available]
    return [*pieces, f"[{_WIDE} ...]"]


def _signature(flag: Flag) -> str:
    return flag.opts[0] if flag.is_flag else f"{flag.opts[0]}={flag.metavar}"


def _flag(flag: Flag) -> list[str]:
    from kmsctl.cli.params import Choice

    text = flag.help or ""
    if isinstance(flag.type, Choice):
        text += f" {flag.metavar} must be one of: {', '.join(sorted(flag.type.choices))}."
    if flag.fallback:
        text += f" Default: the property {flag.fallback}."
    if flag.secondary_opts:
        text += f" {flag.secondary_opts[0]} turns it off."
    return _entry(", ".join([_signature(flag), *flag.opts[1:]]), text)


def _global_entries() -> list[list[str]]:
    return [_flag(flag) for flag in GLOBAL if flag.available]


def _wide_flags() -> list[str]:
    names = ", ".join(flag.opts[0] for flag in GLOBAL if flag.available)
    text = f"These flags are available to all commands: {names}. {PROGRAM} --help explains them."
    return _section("KMSCTL WIDE FLAGS", [filled(text, 4)])


def _example(text: str, command: str) -> list[str]:
    lines = [*filled(text, 4), ""]
    words = command.split()
    line = f"        $ {PROGRAM}"
    for word in words:
        if len(line) + 1 + len(word) + len(_BACKSLASH) > _WIDTH:
            lines.append(line + _BACKSLASH)
            line = " " * 11
        line += f" {word}"
    return [*lines, line]


def _entry(title: str, text: str) -> list[str]:
    return [f"     {title}", *filled(text, 8)]


def filled(text: str, indent: int) -> list[str]:
    """Sets the words of `text` into lines."""
    return _joined(text.split(), indent, hanging=0)


def _joined(pieces: Iterable[str], indent: int, *, hanging: int = 4) -> list[str]:
    """Sets pieces into lines; none is broken, and lines after the first are indented further."""
    lines: list[str] = []
    line = " " * indent
    is_empty = True
    for piece in pieces:
        if not is_empty and len(line) + 1 + len(piece) > _WIDTH:
            lines.append(line)
            line = " " * (indent + hanging)
            is_empty = True
        line += piece if is_empty else f" {piece}"
        is_empty = False
    return [*lines, line]
