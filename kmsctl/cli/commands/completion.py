"""``kmsctl completion``."""

from __future__ import annotations

from kmsctl.cli import terminal
from kmsctl.cli.completion import SHELLS
from kmsctl.cli.failures import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session


def completion() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "completion",
        run,
        [
            options.Positional("shell", f"Shell to complete in: {', '.join(SHELLS)}."),
            options.Flag("install", "Write the script where the shell looks for it, instead of printing it."),
        ],
        about="""
            Prints the script that completes command lines of kmsctl in a shell. It completes commands,
            flags and their values, files, and the names of what is in the store. Installed from a
            package, kmsctl may have brought it along already.

            Words are in the script itself, so it is to be installed again after an upgrade. For names
            the shell runs kmsctl, which looks into the store without checking what it reads, or
            writing, and says nothing if anything is wrong. A name on Tab decides nothing.
        """,
        examples=[
            ("To have it in all shells to come:", "completion zsh --install"),
            ("To look at it:", "completion bash"),
        ],
    )


def run(session: Session, args: Args) -> None:
    from kmsctl.cli.completion.scripts import script

    shell: str = args["shell"]
    if shell not in SHELLS:
        raise UsageError(
            session.command,
            f"argument SHELL: Invalid choice: '{shell}'.\n\nValid choices are [{', '.join(SHELLS)}].",
            show_usage=False,
        )
    if args["install"]:
        _install(session, shell, script(shell))
    else:
        terminal.write_text(script(shell))


def _install(session: Session, shell: str, text: str) -> None:
    from kmsctl.cli.completion import places
    from kmsctl.cli.files import Inputs, Output

    path = places.path_of(shell, session.environment)
    replaced = places.check(path)
    target = Output("--install", path, private=False, inputs=Inputs(), makes_parents=True)
    target.write(text.encode())
    session.status(f"{'Replaced' if replaced else 'Wrote'} [{path}].\n{places.needs(shell, path)}")
