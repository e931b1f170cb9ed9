"""Errors as people see them: gcloud's layout, who the command ran as, and what to do next."""

from __future__ import annotations

from kmsctl.cli.failures import CommandError, UsageError
from kmsctl.cli.tree import dotted
from kmsctl.errors import KmsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.session import Session

#: Statuses that may come from being somebody else than one thinks.
_ABOUT_THE_CALLER = frozenset({"NOT_FOUND", "PERMISSION_DENIED", "UNAUTHENTICATED"})


def refused(error: CommandError | KmsError, session: Session) -> str:
    """Returns what to print for an error of a command, below the word ERROR."""
    name = f"({dotted(session.command or session.group)})"
    if isinstance(error, CommandError):
        return f"{name} {error.message}"
    from kmsctl.render.errors import RenderError

    if isinstance(error, RenderError):
        return f"{name} {error.message}"
    from kmsctl.cli import integrity

    if integrity.is_checksum_mismatch(error):
        return f"{name} {integrity.REQUEST_CORRUPTED}"
    lines = [f"{name} {error.status}: {error.message}{_caller(error, session)}"]
    if error.hint:
        lines.append(error.hint)
    return "\n".join(lines)


def misused(error: UsageError) -> str:
    """Returns what to print for a command line that does not parse, below the word ERROR."""
    text = f"({dotted(error.command)}) {error.message}"
    if error.show_usage:
        return f"{text}\n{usage_of(error.command)}"
    return f"{text}\n{error.epilog}" if error.epilog else text


def usage_of(words: tuple[str, ...]) -> str:
    """Returns the usage of a command or group."""
    from kmsctl.cli import usage
    from kmsctl.cli.group import load
    from kmsctl.cli.tree import GROUPS

    return usage.of_group(words) if words in GROUPS else usage.of_command(load(words))


def help_of(words: tuple[str, ...]) -> str:
    """Returns the help of a command or group."""
    from kmsctl.cli import help as pages
    from kmsctl.cli.group import load
    from kmsctl.cli.tree import GROUPS

    return pages.of_group(words) if words in GROUPS else pages.of_command(load(words))


def crashed(error: BaseException) -> str:
    """Returns what to print for an error that nobody foresaw.

    It says where, and not with what: the text of a foreign exception may hold anything.
    """
    ours = [place for place in _frames(error) if place.startswith("kmsctl")]
    place = f" at {ours[-1]}" if ours else ""
    return f"kmsctl crashed ({type(error).__name__}){place}. This is a defect of kmsctl; please report it."


def places(error: BaseException) -> str:
    """Returns the way to an error, a line each call, without any values."""
    return "\n".join(["The way to the error:", *_frames(error)])


def _frames(error: BaseException) -> list[str]:
    found = []
    trace = error.__traceback__
    while trace is not None:
        found.append(f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}")
        trace = trace.tb_next
    return found


def _caller(error: KmsError, session: Session) -> str:
    if error.status not in _ABOUT_THE_CALLER:
        return ""
    stop = "." if error.message.endswith(".") else ""
    acting = ""
    if session.settings.get("impersonate_service_account"):
        acting = f", impersonating [{session.settings['impersonate_service_account'].rpartition(',')[2]}]"
    run_as = f"This command is run as [{session.account}], the account of the [core/account] property"
    return f" {run_as}{acting}{stop}"
