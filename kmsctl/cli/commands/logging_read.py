"""``kmsctl logging read``."""

from __future__ import annotations

from kmsctl.cli import output
from kmsctl.cli.failures import CommandError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session

_DAY = 86_400_000_000
_DESCENDING = "desc"
_ABOUT = """
    Shows entries of the audit logs of the current project: the newest first, of one day
    unless the filter has a timestamp. Entries of data access are shown to those who have
    logging.privateLogEntries.list.

    The filter has comparisons (severity>=ERROR, protoPayload.methodName="Encrypt",
    resource.labels.crypto_key_id:db, timestamp>="2026-01-31T00:00:00Z"), with =, !=, <,
    <=, >, >=, : (has), =~ and !~ (regular expressions), texts to look for anywhere, AND,
    OR, NOT or -, and parentheses. OR binds closer than AND; what stands side by side is
    required together. Letter case counts in regular expressions alone.
"""


def read() -> Command:
    from kmsctl.cli import options, params
    from kmsctl.cli.command import Command

    return Command(
        "logging read",
        run_read,
        [
            options.Positional(
                "log_filter",
                "Which entries, in the Logging query language; all if not given.",
                required=False,
            ),
            options.flag(
                "freshness",
                "Show entries that are not older than this; 1d if not given. It counts with --order=desc and "
                "filters without timestamp alone.",
                params.Duration(),
            ),
            options.flag("limit", "Show at most so many entries.", params.PositiveInteger()),
            options.flag("location", "Location whose log is read, or control; all if not given."),
            options.flag(
                "order",
                "Order of the entries by their time; desc if not given.",
                params.Choice(["asc", "desc"]),
            ),
            options.flag(
                "resource-names",
                "Projects whose entries are shown (projects/ID), instead of the current project.",
                params.Items(),
                metavar="RESOURCE",
            ),
        ],
        about=_ABOUT,
        examples=[
            (
                "To show who destroyed versions in the last week:",
                "logging read 'protoPayload.methodName=DestroyCryptoKeyVersion' --freshness=7d",
            ),
            (
                "To show refused calls as a table:",
                """
                logging read 'severity>=ERROR' --limit=20
                --format='table(timestamp, protoPayload.authenticationInfo.principalEmail,
                protoPayload.methodName, protoPayload.resourceName)'
                """,
            ),
        ],
    )


def run_read(session: Session, args: Args) -> None:
    text: str = args["log_filter"] or ""
    order: str = args["order"] or _DESCENDING
    since = None
    if order == _DESCENDING and "timestamp" not in text:
        from kmsctl.model.times import now_us

        freshness: int | None = args["freshness"]
        since = now_us() - (_DAY if freshness is None else freshness)
    found = session.kms.list_log_entries(
        session.context,
        _projects(session, args["resource_names"]),
        text,
        location=args["location"],
        order=order,
        since=since,
        limit=args["limit"],
    )
    output.show_found(session, found, "yaml")


def _projects(session: Session, names: list[str] | None) -> list[str]:
    if not names:
        return [session.project]
    found = []
    for name in names:
        kind, _, project = name.partition("/")
        if kind != "projects" or not project or "/" in project:
            raise CommandError(
                f"Invalid value for [--resource-names]: [{name}] is not of the form projects/ID."
            )
        found.append(project)
    return found
