"""``kmsctl keys create``."""

from __future__ import annotations

from kmsctl.cli import output, resources, terminal
from kmsctl.cli.failures import CommandError
from kmsctl.model.resources import CryptoKeySpec
from kmsctl.model.rest import crypto_key_json

#: What is said while key material is made, which for RSA takes seconds.
GENERATING = "Generating the key"

TYPE_CHECKING = False
if TYPE_CHECKING:
    import click

    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session
    from kmsctl.model.algorithms import Purpose


def create() -> Command:
    from kmsctl.cli.command import Command

    return Command(
        "keys create",
        run,
        _flags(),
        about="""
            Creates a key in a key ring, with a first version, which for a key to encrypt with
            is its primary.

            A key for anything but encryption needs a --default-algorithm, has no primary version,
            and does not rotate by itself.

            With --rotation-period the key rotates by itself: each period there is a new primary
            version. Older versions keep decrypting until they are disabled or destroyed.

            With --protection-level=hsm its versions are made and used in the PKCS#11 token that the
            property hsm/uri names, and never leave it. What the token cannot do is refused here;
            hsm status shows what it can.

            A key can neither be renamed nor deleted, and its name is never free again.
        """,
        examples=[
            (
                "To create a key that rotates every 30 days:",
                """
                keys create db --keyring=prod --location=us-east1 --purpose=encryption
                --rotation-period=30d --next-rotation-time=P30D --labels=env=prod
                """,
            ),
            (
                "To create a key to sign with:",
                """
                keys create release --keyring=prod --location=us-east1 --purpose=asymmetric-signing
                --default-algorithm=ec-sign-p256-sha256
                """,
            ),
            (
                "To create a key in an HSM:",
                """
                keys create vault --keyring=prod --location=us-east1 --purpose=encryption
                --protection-level=hsm
                """,
            ),
        ],
    )


def _flags() -> list[click.Parameter]:
    from kmsctl.cli import options, params

    return [
        *options.resource("key", "keyring", "location"),
        options.purpose(),
        options.default_algorithm(),
        options.protection_level(),
        options.flag("labels", "Labels of the key.", params.Labels(), metavar="[KEY=VALUE,...]"),
        options.rotation_period(),
        options.next_rotation_time(),
        options.flag(
            "destroy-scheduled-duration",
            "How long a version stays restorable after destroy, 1d to 120d; it can never be changed. "
            "Default: the property kms/destroy_scheduled_duration, or 1d.",
            params.Duration(lower="0", upper="120d"),
        ),
        options.switch("skip-initial-version-creation", "Create no first version."),
        options.switch(
            "import-only", "The key takes imported versions alone; needs --skip-initial-version-creation."
        ),
        options.allowed_access_reasons(),
        options.not_exportable(),
        *options.not_available("crypto-key-backend"),
    ]


def run(session: Session, args: Args) -> None:
    from kmsctl.model.algorithms import by_enum, purpose_by_spelling

    name = resources.key(session, args)
    purpose = purpose_by_spelling(args["purpose"])
    spec = CryptoKeySpec(
        purpose=purpose.enum,
        algorithm=_algorithm(purpose, args["default_algorithm"]),
        protection_level=(args["protection_level"] or "software").upper(),
        labels=args["labels"],
        rotation_period=args["rotation_period"],
        next_rotation_time=args["next_rotation_time"],
        destroy_scheduled_duration=args["destroy_scheduled_duration"],
        import_only=bool(args["import_only"]),
        not_exportable=bool(args["not_exportable"]),
        allowed_access_reasons=args["allowed_access_reasons"],
    )
    slow = by_enum(spec.algorithm).secret_size is None or spec.protection_level != "SOFTWARE"
    with terminal.Working(GENERATING, visible=slow and session.user_output):
        created = session.kms.create_crypto_key(
            session.context,
            name,
            spec,
            skip_initial_version_creation=bool(args["skip_initial_version_creation"]),
        )
    output.show_created(session, crypto_key_json(created))


def _algorithm(purpose: Purpose, spelling: str | None) -> str:
    from kmsctl.cli.offers import algorithms

    fitting = {each.spelling: each.enum for each in algorithms() if each.purpose == purpose.enum}
    words = ", ".join(fitting)
    if spelling is None:
        if purpose.default_algorithm is None:
            raise CommandError(
                "--default-algorithm needs to be specified when creating a key with "
                f"--purpose={purpose.spelling}. The valid algorithms are: {words}"
            )
        return purpose.default_algorithm
    if spelling not in fitting:
        raise CommandError(
            "Default algorithm and purpose are incompatible. Here are the valid algorithms for "
            f"--purpose={purpose.spelling}: {words}"
        )
    return fitting[spelling]
