"""Walks the tree of commands, with all that each declares: what completions and manual pages are made of.

This imports every command, so it is for generators and tests, not for a command's own run.
"""

from __future__ import annotations

from kmsctl.cli.group import load
from kmsctl.cli.options import GLOBAL
from kmsctl.cli.tree import COMMANDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from kmsctl.cli.command import Command
    from kmsctl.cli.options import Flag


def commands() -> Iterator[Command]:
    """Yields every command, in the order of their words."""
    for words in sorted(COMMANDS):
        yield load(words)


def available(command: Command) -> list[Flag]:
    """Returns the flags of a command that can be used, without those of every command, in order."""
    return sorted((flag for flag in command.flags if flag.available), key=lambda flag: flag.opts[0])


def global_flags() -> list[Flag]:
    """Returns the flags of every command that can be used, in order."""
    return sorted((flag for flag in GLOBAL if flag.available), key=lambda flag: flag.opts[0])
