"""``kmsctl help``."""

from __future__ import annotations

import sys

from kmsctl.cli import terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.command import Command
    from kmsctl.cli.pages import Page
    from kmsctl.cli.session import Args, Session


def help_() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "help",
        run,
        [
            options.Positional(
                "command",
                "Words of a command or a group; the program itself if not given.",
                required=False,
                several=True,
            )
        ],
        about="""
            Shows the manual page of a command: all its flags and values, examples, the environment, files
            and exit statuses. On a terminal man shows it, if there is one.
        """,
        examples=[("To read about the creation of keys:", "help keys create")],
    )


def run(session: Session, args: Args) -> None:
    del session
    from kmsctl.cli.help import whole
    from kmsctl.cli.manpages import page_of

    page = page_of(_words(args["command"] or []))
    if not (terminal.is_terminal(sys.stdout) and _show_in_man(page)):
        terminal.write_help(f"{whole(page)}\n")


def _words(given: list[str]) -> tuple[str, ...]:
    """Returns the words of a command or group; those of gcloud are taken too."""
    from kmsctl.cli.tree import COMMANDS, GROUPS
    from kmsctl.cli.usage import unknown_command

    words: tuple[str, ...] = ()
    for word in given[1:] if given[:1] == ["kms"] else given:
        if words in COMMANDS or (*words, word) not in {*COMMANDS, *GROUPS}:
            raise unknown_command(words, word)
        words = (*words, word)
    return words


def _show_in_man(page: Page) -> bool:
    """Lets man show a page. Returns False if there is none, or it cannot."""
    import os
    import shutil
    import subprocess
    import tempfile

    from kmsctl.cli.manpages import file_name, source

    program = shutil.which("man")
    if program is None:
        return False
    with tempfile.TemporaryDirectory(prefix="kmsctl-help-") as directory:
        path = os.path.join(directory, file_name(page.words))
        with open(path, "w", encoding="ascii") as file:
            file.write(source(page))
        # A name with a slash in it is a file to every man.
        return subprocess.run([program, path], check=False).returncode == 0  # noqa: S603 - found in PATH, as in a shell
