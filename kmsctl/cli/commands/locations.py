"""``kmsctl locations``."""

from __future__ import annotations

from kmsctl.cli import output, resources
from kmsctl.model.rest import location_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session

TABLE = "table(locationId, metadata.hsmAvailable, metadata.ekmAvailable)"


def list_() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "locations list",
        run_list,
        options.list_flags(),
        about="""
            Lists every location of Cloud KMS. Each can be used: it has a database of its own in
            the store. The two columns say what Google's HSMs and external key managers offer
            there.
        """,
        examples=[
            (
                "To list all locations with their kind:",
                "locations list --format='table(locationId,metadata.kind)'",
            )
        ],
    )


def describe() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "locations describe",
        run_describe,
        options.resource("location"),
        examples=[("To show a location:", "locations describe europe-west4")],
    )


def run_list(session: Session, args: Args) -> None:
    project = session.project
    found = session.kms.list_locations(session.context, project)
    output.show_list(session, (location_json(each, project) for each in found), TABLE, args)


def run_describe(session: Session, args: Args) -> None:
    name = resources.location(session, args, anchor="location")
    found = session.kms.get_location(session.context, name)
    output.show(session, location_json(found, name.project))
