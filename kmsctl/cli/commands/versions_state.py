"""``kmsctl keys versions``: enable, disable, destroy, restore and update."""

from __future__ import annotations

from kmsctl.cli import output, resources
from kmsctl.cli.failures import CommandError
from kmsctl.model.rest import crypto_key_version_json
from kmsctl.model.states import DISABLED, ENABLED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session

_STATES = {"enabled": ENABLED, "disabled": DISABLED}


def enable() -> Command:
    return _command("enable", run_enable, "Enables a version that is disabled, so that it can be used again.")


def disable() -> Command:
    return _command(
        "disable",
        run_disable,
        "Disables a version. What it encrypted cannot be decrypted until it is enabled again.",
    )


def destroy() -> Command:
    return _command(
        "destroy",
        run_destroy,
        """
            Schedules a version for destruction, after its key's destroy-scheduled-duration. Until then
            it cannot be used, and kmsctl keys versions restore brings it back. After that its key
            material is gone, and with it what it encrypted.
        """,
    )


def restore() -> Command:
    return _command(
        "restore",
        run_restore,
        "Cancels the scheduled destruction of a version. It comes back disabled.",
    )


def update() -> Command:
    from kmsctl.cli import options, params

    command = _command("update", run_update, "Updates a version.")
    command.params.extend(
        [
            options.flag("state", "The new state.", params.Choice(list(_STATES))),
            *options.not_available("external-key-uri", "ekm-connection-key-path"),
        ]
    )
    return command


def _command(verb: str, run: Callable[[Session, Args], None], about: str) -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        f"keys versions {verb}",
        run,
        [options.version_argument(), *options.plain_flags("key", "keyring", "location")],
        about=about,
        examples=[
            (
                f"To {verb} version 1 of a key:",
                f"keys versions {verb} 1 --key=db --keyring=prod --location=us-east1"
                + (" --state=disabled" if verb == "update" else ""),
            )
        ],
    )


def run_enable(session: Session, args: Args) -> None:
    output.show(session, _set_state(session, args, ENABLED))


def run_disable(session: Session, args: Args) -> None:
    output.show(session, _set_state(session, args, DISABLED))


def run_destroy(session: Session, args: Args) -> None:
    name = resources.plain_version(session, args)
    version = session.kms.destroy_crypto_key_version(session.context, name)
    shown = crypto_key_version_json(version)
    if "destroyTime" in shown:
        session.status(
            f"Version [{name.number}] of key [{name.parent.crypto_key}] will be destroyed at "
            f"{shown['destroyTime']}. Until then kmsctl keys versions restore brings it back."
        )
    output.show_silent(session, shown)


def run_restore(session: Session, args: Args) -> None:
    name = resources.plain_version(session, args)
    version = session.kms.restore_crypto_key_version(session.context, name)
    output.show_silent(session, crypto_key_version_json(version))


def run_update(session: Session, args: Args) -> None:
    if not args["state"]:
        raise CommandError(
            "An error occurred: --external-key-uri or --ekm-connection-key-path or --state must be specified."
        )
    output.show_silent(session, _set_state(session, args, _STATES[args["state"]]))


def _set_state(session: Session, args: Args, state: str) -> dict[str, object]:
    name = resources.plain_version(session, args)
    return crypto_key_version_json(session.kms.update_crypto_key_version(session.context, name, state))
