"""The program from its arguments to its exit status.

0: it worked. 1: it was refused. 2: the command line does not parse. An interrupt ends the process by
its signal. Nothing else is ever returned.
"""

from __future__ import annotations

import os

from kmsctl.cli import outcome, terminal
from kmsctl.cli.failures import CommandError
from kmsctl.cli.session import Session
from kmsctl.errors import KmsError


def main(args: list[str]) -> int:
    """Runs one command line (without the program's name) and returns the exit status."""
    _occupy_standard_descriptors()
    _forbid_core_dumps()
    session = Session(os.environ)
    try:
        return _report(args, session)
    except BrokenPipeError:
        # Whoever read has read enough: `kmsctl keys list | head` has worked.
        terminal.discard_stdout()
        return outcome.WORKED
    except KeyboardInterrupt:
        terminal.die_of_interrupt()
        return outcome.REFUSED
    finally:
        session.close()


def run(args: list[str], session: Session) -> None:
    """Runs one command line in a session; every failure is an exception."""
    if any(arg.startswith("--flags-file") for arg in args):
        from kmsctl.cli.flags_file import expand

        args = expand(args)
    else:
        from kmsctl.cli import plain

        if plain.run(args, session):
            return
    from kmsctl.cli.group import Group

    root = Group(())
    with root.make_context(root.name, args, obj=session) as context:
        root.invoke(context)


def _report(args: list[str], session: Session) -> int:
    if args in (["--version"], ["-v"]):
        args = ["version"]
    found = outcome.of(run, args, session)
    if found.error:
        _say_error(found, session)
    return found.exit


def _say_error(found: outcome.Outcome, session: Session) -> None:
    try:
        verbosity = session.verbosity
    except (CommandError, KmsError):
        # It is the settings that are wrong, and this is how that is told.
        verbosity = "warning"
    if found.exit == outcome.MISUSED or verbosity not in ("critical", "none"):
        terminal.say(f"{terminal.error_label()} {found.error}")
    if verbosity == "debug" and found.detail:
        terminal.say(found.detail)


def _occupy_standard_descriptors() -> None:
    """Where a standard stream is closed, no file of the store may get its number."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _forbid_core_dumps() -> None:
    """A core file would hold the keys that are in memory."""
    import resource

    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (OSError, ValueError):
        # A sandbox may forbid even this; there is nothing to add then.
        pass
