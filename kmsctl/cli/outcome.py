"""What became of one command line: the exit status, and what there is to say."""

from __future__ import annotations

from kmsctl.cli import terminal
from kmsctl.cli.failures import CommandError, HelpRequested, UsageError
from kmsctl.errors import KmsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kmsctl.cli.session import Session

WORKED, REFUSED, MISUSED = 0, 1, 2
#: Statuses besides those of the service's own errors.
OK, USAGE, FAILED, CRASHED = "OK", "USAGE", "FAILED", "CRASHED"


class Outcome:
    """How a command line ended.

    Attributes:
        exit: the exit status.
        status: OK; the service's status, such as ``NOT_FOUND``; USAGE for a command line that does not
            parse; FAILED for what was refused before or beside the service; CRASHED for a defect.
        error: what went wrong, without the word ERROR; empty if nothing did.
        detail: what only ``--verbosity=debug`` shows of it.
    """

    __slots__ = ("detail", "error", "exit", "status")

    def __init__(self, exit_status: int, status: str, error: str = "", detail: str = "") -> None:
        self.exit = exit_status
        self.status = status
        self.error = error
        self.detail = detail


def of(run: Callable[[list[str], Session], None], args: list[str], session: Session) -> Outcome:
    """Runs one command line and returns what became of it.

    Raises:
        BrokenPipeError: if standard output is a pipe that nobody reads.
    """
    try:
        try:
            run(args, session)
        except HelpRequested as request:
            _help(request)
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - the last resort, so that no traceback shows a secret
        return _failed(error, session)
    return Outcome(WORKED, OK)


def _help(request: HelpRequested) -> None:
    from kmsctl.cli import hints

    text = hints.usage_of(request.command) if request.short else hints.help_of(request.command)
    terminal.write_help(f"{text}\n")


def _failed(error: Exception, session: Session) -> Outcome:
    from kmsctl.cli import hints

    if isinstance(error, UsageError):
        return Outcome(MISUSED, USAGE, hints.misused(error))
    if isinstance(error, CommandError):
        return Outcome(REFUSED, FAILED, hints.refused(error, session))
    if isinstance(error, KmsError):
        return Outcome(REFUSED, error.status, hints.refused(error, session))
    return Outcome(REFUSED, CRASHED, hints.crashed(error), hints.places(error))
