"""``kmsctl keys set-rotation-schedule`` and ``remove-rotation-schedule``."""

from __future__ import annotations

from kmsctl.cli import output, resources
from kmsctl.cli.failures import CommandError
from kmsctl.model.rest import crypto_key_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session

SCHEDULE = ("rotation_period", "next_rotation_time")


def set_rotation_schedule() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "keys set-rotation-schedule",
        run_set,
        [
            *options.resource("key", "keyring", "location"),
            options.rotation_period(),
            options.next_rotation_time(),
        ],
        about="""
            Sets how often a key rotates by itself, and when next. What is not given stays as it
            is; at least one of the two must be given.
        """,
        examples=[
            (
                "To rotate a key every 30 days, from tomorrow on:",
                """
                keys set-rotation-schedule db --keyring=prod --location=us-east1
                --rotation-period=30d --next-rotation-time=P1D
                """,
            )
        ],
    )


def remove_rotation_schedule() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "keys remove-rotation-schedule",
        run_remove,
        options.resource("key", "keyring", "location"),
        examples=[
            (
                "To let a key rotate no more by itself:",
                "keys remove-rotation-schedule db --keyring=prod --location=us-east1",
            )
        ],
    )


def run_set(session: Session, args: Args) -> None:
    changes = {field: args[field] for field in SCHEDULE if args[field] is not None}
    if not changes:
        raise CommandError("At least one of --next-rotation-time or --rotation-period must be specified.")
    _update(session, args, changes)


def run_remove(session: Session, args: Args) -> None:
    _update(session, args, dict.fromkeys(SCHEDULE))


def _update(session: Session, args: Args, changes: dict[str, object]) -> None:
    updated = session.kms.update_crypto_key(session.context, resources.key(session, args), changes)
    output.show_silent(session, crypto_key_json(updated))
