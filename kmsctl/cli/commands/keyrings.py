"""``kmsctl keyrings``."""

from __future__ import annotations

from kmsctl.cli import output, resources
from kmsctl.model.rest import key_ring_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session

TABLE = "table(name)"


def create() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "keyrings create",
        run_create,
        options.resource("keyring", "location"),
        about="""
            Creates a key ring. A key ring groups keys of one location. It can neither be
            renamed nor deleted, and its name is never free again.
        """,
        examples=[("To create a key ring:", "keyrings create prod --location=us-east1")],
    )


def describe() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "keyrings describe",
        run_describe,
        options.resource("keyring", "location"),
        examples=[("To show a key ring:", "keyrings describe prod --location=us-east1")],
    )


def list_() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "keyrings list",
        run_list,
        [*options.resource_flags("location"), *options.list_flags()],
        examples=[("To list the key rings of a location:", "keyrings list --location=us-east1")],
    )


def run_create(session: Session, args: Args) -> None:
    created = session.kms.create_key_ring(session.context, resources.key_ring(session, args))
    output.show_created(session, key_ring_json(created))


def run_describe(session: Session, args: Args) -> None:
    found = session.kms.get_key_ring(session.context, resources.key_ring(session, args))
    output.show(session, key_ring_json(found))


def run_list(session: Session, args: Args) -> None:
    parent = resources.location(session, args, anchor="--location")
    found = session.kms.list_key_rings(session.context, parent, limit=args["limit"])
    output.show_list(session, (key_ring_json(each) for each in found), TABLE, args)
