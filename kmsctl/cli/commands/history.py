"""``kmsctl keyrings|keys history``. gcloud has no such commands."""

from __future__ import annotations

from kmsctl.cli import output, resources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.command import Command
    from kmsctl.cli.options import Flag
    from kmsctl.cli.session import Args, Session
    from kmsctl.service.history import Subject

TABLE = (
    "table(timestamp, methodName, resourceName.scope(keyRings):label=RESOURCE, principalEmail, "
    "request.list():label=REQUEST)"
)
_ABOUT = """
    Each change has its time (timestamp), the method of the API (methodName), the resource
    (resourceName), who asked for it (principalEmail; service@kmsctl is the service itself,
    for what was due) and the id of its log entry (insertId), and what was asked for
    (request), and where there is one, when it was due (dueTime), what changed in a policy
    (serviceData), who acted as the account (delegation) and the reason that was given
    (accessReason). The newest comes first.

    Changes are read from the audit log, as far back as it is kept; each entry is checked
    against its tag. That none is missing is for kmsctl logging verify to tell. You need
    logging.logEntries.list in the project. Refused calls and uses of keys are in kmsctl
    logging read.
"""


def key_rings() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "keyrings history",
        run_key_rings,
        [
            *options.resource("keyring", "location"),
            options.switch("recursive", "Also what was done to its keys, versions and import jobs."),
            *_list_flags(),
        ],
        about="Lists what was done to a key ring, from the day it was created.\n" + _ABOUT,
        examples=[
            ("To show who changed a key ring:", "keyrings history prod --location=us-east1"),
            (
                "To show who changed anything in it, and what:",
                "keyrings history prod --location=us-east1 --recursive --limit=20 --format=yaml",
            ),
        ],
    )


def keys() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "keys history",
        run_keys,
        [*options.resource("key", "keyring", "location"), *_list_flags()],
        about="Lists what was done to a key and its versions, from the day it was created.\n" + _ABOUT,
        examples=[
            ("To show who changed a key:", "keys history db --keyring=prod --location=us-east1"),
            (
                "To show who destroyed one of its versions:",
                """
                keys history db --keyring=prod --location=us-east1
                --filter=methodName=DestroyCryptoKeyVersion
                """,
            ),
        ],
    )


def _list_flags() -> list[Flag]:
    """Returns the flags of a list whose items have no URIs."""
    from kmsctl.cli import options

    return [flag for flag in options.list_flags() if flag.name != "uri"]


def run_key_rings(session: Session, args: Args) -> None:
    _show(session, args, resources.key_ring(session, args), recursive=bool(args["recursive"]))


def run_keys(session: Session, args: Args) -> None:
    _show(session, args, resources.key(session, args), recursive=True)


def _show(session: Session, args: Args, name: Subject, *, recursive: bool) -> None:
    limit: int | None = None if args["filter"] or args["sort_by"] else args["limit"]
    found = session.kms.list_history(session.context, name, recursive=recursive, limit=limit)
    output.show_list(session, found, TABLE, args)
