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
    from kmsctl.cli import options, params
    from kmsctl.cli.command import Command

    return Command(
        "keyrings create",
        run_create,
        [
            *options.resource("keyring", "location"),
            options.flag(
                "tags",
                "Tags, for the conditions of policies: PROJECT/NAME=VALUE, or NAME=VALUE for one of the key "
                "ring's project.",
                params.Tags(),
                metavar="[KEY=VALUE,...]",
            ),
        ],
        about="""
            Creates a key ring. A key ring groups keys of one location. It can neither be
            renamed nor deleted, and its name is never free again.

            Its tags never change. A condition asks for them on the ring and all that is in it:
            resource.matchTag('local/env', 'prod').
        """,
        examples=[
            ("To create a key ring:", "keyrings create prod --location=us-east1"),
            (
                "To create a key ring that conditions can tell from others:",
                "keyrings create prod --location=us-east1 --tags=env=prod",
            ),
        ],
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
    name = resources.key_ring(session, args)
    tags = {
        key if "/" in key else f"{name.project}/{key}": value for key, value in (args["tags"] or {}).items()
    }
    created = session.kms.create_key_ring(session.context, name, tags=tags)
    output.show_created(session, key_ring_json(created))


def run_describe(session: Session, args: Args) -> None:
    found = session.kms.get_key_ring(session.context, resources.key_ring(session, args))
    output.show(session, key_ring_json(found))


def run_list(session: Session, args: Args) -> None:
    parent = resources.location(session, args, anchor="--location")
    found = session.kms.list_key_rings(session.context, parent, limit=args["limit"])
    output.show_list(session, (key_ring_json(each) for each in found), TABLE, args)
