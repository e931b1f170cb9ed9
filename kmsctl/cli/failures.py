"""What can go wrong before or around the service, and the exit status of each.

The service's own errors are `kmsctl.errors.KmsError`; `kmsctl.cli.hints` lays all of them out.
"""

from __future__ import annotations

#: What is said of the commands, flags and values of gcloud's that are not there yet.
NOT_AVAILABLE = "is not available in this version of kmsctl."


class UsageError(Exception):
    """The command line does not parse: exit status 2.

    Attributes:
        command: the words of the command the error is about, without the program's name.
        message: what is wrong.
        show_usage: whether the command's usage stands below the message.
        epilog: lines that stand below the message instead.
    """

    def __init__(
        self, command: tuple[str, ...], message: str, *, show_usage: bool = True, epilog: str = ""
    ) -> None:
        super().__init__(message)
        self.command = command
        self.message = message
        self.show_usage = show_usage
        self.epilog = epilog


class CommandError(Exception):
    """A command was understood and is refused before, or beside, the service: exit status 1."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class HelpRequested(BaseException):
    """Help is asked for, which ends the reading of the command line; `short` means the usage alone."""

    def __init__(self, command: tuple[str, ...], *, short: bool) -> None:
        super().__init__()
        self.command = command
        self.short = short
