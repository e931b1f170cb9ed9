"""``kmsctl keys versions``: create, describe and list."""

from __future__ import annotations

from kmsctl.cli import attestations, output, resources, terminal
from kmsctl.cli.commands.keys_create import GENERATING
from kmsctl.model.rest import crypto_key_version_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session

TABLE = "table(name, state)"


def create() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "keys versions create",
        run_create,
        [
            *options.plain_flags("key", "keyring", "location"),
            options.switch("primary", "Make the new version the primary version: rotate the key."),
            *options.not_available("external-key-uri", "ekm-connection-key-path"),
        ],
        about="Creates a version of a key, with new key material.",
        examples=[
            (
                "To rotate a key:",
                "keys versions create --key=db --keyring=prod --location=us-east1 --primary",
            )
        ],
    )


def describe() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "keys versions describe",
        run_describe,
        [
            options.version_argument(),
            *options.plain_flags("key", "keyring", "location"),
            options.flag("attestation-file", "File to write the attestation of an HSM to."),
        ],
        examples=[
            (
                "To show version 1 of a key:",
                "keys versions describe 1 --key=db --keyring=prod --location=us-east1",
            )
        ],
    )


def list_() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "keys versions list",
        run_list,
        [*options.plain_flags("key", "keyring", "location"), *options.list_flags()],
        examples=[
            (
                "To list the versions of a key:",
                "keys versions list --key=db --keyring=prod --location=us-east1",
            )
        ],
    )


def run_create(session: Session, args: Args) -> None:
    parent = resources.plain_key(session, args)
    with terminal.Working(GENERATING, visible=session.user_output):
        created = session.kms.create_crypto_key_version(session.context, parent)
    if args["primary"]:
        number = created.name.number
        session.kms.update_crypto_key_primary_version(session.context, parent, number)
        if created.algorithm == "GOOGLE_SYMMETRIC_ENCRYPTION":
            session.status(
                f"Successfully created key version [{number}] and set it as the primary version. "
                f"Future encryption requests will use [{number}] until the next key rotation. "
                "Data that was encrypted with an older key version can still be decrypted, and Cloud KMS "
                "will automatically choose the correct key for decryption based on the ciphertext."
            )
    output.show_silent(session, crypto_key_version_json(created))


def run_describe(session: Session, args: Args) -> None:
    found = session.kms.get_crypto_key_version(session.context, resources.plain_version(session, args))
    shown = crypto_key_version_json(found)
    attestations.write(
        args["attestation_file"],
        shown,
        none="Attestations are only available for HSM key versions.",
        early="The attestation is unavailable until the version is generated.",
    )
    output.show(session, shown)


def run_list(session: Session, args: Args) -> None:
    parent = resources.plain_key(session, args)
    found = session.kms.list_crypto_key_versions(session.context, parent, limit=args["limit"])
    output.show_list(session, (crypto_key_version_json(each) for each in found), TABLE, args)
