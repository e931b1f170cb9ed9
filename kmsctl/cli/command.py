"""A command: click's, with gcloud's way of reading a command line."""

from __future__ import annotations

import click

from kmsctl.cli import output, parsing
from kmsctl.cli.options import GLOBAL, Flag, Positional
from kmsctl.cli.tree import COMMANDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from kmsctl.cli.session import Args, Session


class Command(click.Command):
    """One command.

    Attributes:
        words: its name, without the program's: ``("keys", "create")``.
        run: what it does, given the session and the values of its flags and positionals.
        about: what help says about it; blank lines part its paragraphs.
        examples: (what is done, the command line without the program's name).
        exclusive: groups of flags of which at most one can be given.
    """

    def __init__(
        self,
        words: str,
        run: Callable[[Session, Args], None],
        parameters: Iterable[click.Parameter],
        *,
        about: str = "",
        examples: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.words = tuple(words.split())
        self.run = run
        self.about = about
        self.examples = examples
        self.exclusive: Sequence[tuple[str, ...]] = ()
        super().__init__(
            self.words[-1],
            params=[*parameters, *GLOBAL],
            short_help=COMMANDS[self.words][2],
            add_help_option=False,
        )

    @property
    def positionals(self) -> list[Positional]:
        return [each for each in self.params if isinstance(each, Positional)]

    @property
    def flags(self) -> list[Flag]:
        """Its own flags, without those of every command."""
        return [each for each in self.params if isinstance(each, Flag) and each not in GLOBAL]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        session: Session = ctx.obj
        ctx.params = parsing.parse_command(self, session, args)
        return []

    def get_help(self, ctx: click.Context) -> str:
        from kmsctl.cli.help import of_command

        del ctx
        return of_command(self)

    def invoke(self, ctx: click.Context) -> None:
        session: Session = ctx.obj
        output.run(session, self.run, ctx.params)
