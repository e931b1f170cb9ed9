"""Groups of commands, loaded lazily: click's documented pattern, on the table of `kmsctl.cli.tree`.

Neither help nor a usage error of a group imports a command's module.
"""

from __future__ import annotations

import click

from kmsctl.cli import parsing, tree, usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Session


class Group(click.Group):
    """The commands below some words, which may be none."""

    def __init__(self, words: tuple[str, ...]) -> None:
        super().__init__(
            words[-1] if words else tree.PROGRAM, short_help=tree.GROUPS[words], add_help_option=False
        )
        self.words = words

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(tree.children(self.words))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        path = (*self.words, cmd_name)
        if path in tree.GROUPS:
            return Group(path)
        return load(path) if path in tree.COMMANDS else None

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        session: Session = ctx.obj
        session.group = self.words
        rest = parsing.parse_group(self.words, session, args)
        if not self.words and rest[0] == "kms":
            # `gcloud kms X` is `kmsctl X` and `kmsctl kms X`.
            rest = parsing.parse_group(self.words, session, rest[1:])
        ctx.args = rest
        return ctx.args

    def get_help(self, ctx: click.Context) -> str:
        from kmsctl.cli.help import of_group

        del ctx
        return of_group(self.words)

    def invoke(self, ctx: click.Context) -> None:
        name, *args = ctx.args
        command = self.get_command(ctx, name)
        if command is None:
            raise usage.unknown_command(self.words, name, args)
        session: Session = ctx.obj
        session.command = (*self.words, name)
        with command.make_context(name, args, parent=ctx) as inner:
            command.invoke(inner)


def load(path: tuple[str, ...]) -> Command:
    """Imports the module of a command and returns the command."""
    from importlib import import_module

    module, function, _ = tree.COMMANDS[path]
    command: Command = getattr(import_module(f"kmsctl.cli.commands.{module}"), function)()
    return command
