"""``kmsctl import-jobs``: create, describe and list."""

from __future__ import annotations

from kmsctl.cli import attestations, output, resources, terminal
from kmsctl.model.rest import import_job_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session

TABLE = "table( name, state, import_method, protection_level, labels.list())"


def create() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "import-jobs create",
        run_create,
        [
            options.import_job_argument(),
            *options.plain_flags("keyring", "location"),
            options.import_protection_level(),
            options.import_method(),
        ],
        about="""
            Creates an import job: a key pair whose public key wraps keys of one's own, so that
            they can be imported into keys of the same key ring and protection level.

            With --protection-level=hsm the private key is made in the PKCS#11 token that the property
            hsm/uri names, and what is imported is unwrapped inside it. Methods that the token does
            not have are refused.

            An import job expires three days after it was created. Its private key is then destroyed.

            Methods that end in -aes-256 take keys of every kind. rsa-oaep-3072-sha256 and
            rsa-oaep-4096-sha256 take at most 318 and 446 bytes, which RSA keys exceed. The methods with
            ml-kem and xwing withstand quantum computers; they need the Python package cryptography 48 or
            newer. rsa-oaep-3072-sha256-aes-256 is what most need.
        """,
        examples=[
            (
                "To create an import job:",
                """
                import-jobs create bring --keyring=prod --location=us-east1
                --import-method=rsa-oaep-3072-sha256-aes-256 --protection-level=software
                """,
            )
        ],
    )


def describe() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "import-jobs describe",
        run_describe,
        [
            options.import_job_argument(),
            *options.plain_flags("keyring", "location"),
            options.flag("attestation-file", "File to write the attestation of an HSM to."),
        ],
        about="Shows an import job with the public key that wraps keys for it.",
        examples=[
            ("To show an import job:", "import-jobs describe bring --keyring=prod --location=us-east1"),
            (
                "To print its public key:",
                """
                import-jobs describe bring --keyring=prod --location=us-east1
                --format='value(publicKey.pem)'
                """,
            ),
        ],
    )


def list_() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "import-jobs list",
        run_list,
        [*options.plain_flags("keyring", "location"), *options.list_flags()],
        examples=[
            ("To list the import jobs of a key ring:", "import-jobs list --keyring=prod --location=us-east1")
        ],
    )


def run_create(session: Session, args: Args) -> None:
    from kmsctl.model.import_methods import by_spelling

    name = resources.plain_import_job(session, args)
    method = by_spelling(args["import_method"])
    level: str = args["protection_level"].upper()
    with terminal.Working("Generating the key pair", visible=session.user_output):
        created = session.kms.create_import_job(session.context, name, method.enum, level)
    output.show_created(session, import_job_json(created))


def run_describe(session: Session, args: Args) -> None:
    found = session.kms.get_import_job(session.context, resources.plain_import_job(session, args))
    shown = import_job_json(found)
    attestations.write(
        args["attestation_file"],
        shown,
        none="Attestations are only available for HSM import jobs.",
        early="The attestation is unavailable until the import job is generated.",
    )
    output.show(session, shown)


def run_list(session: Session, args: Args) -> None:
    parent = resources.plain_key_ring(session, args)
    found = session.kms.list_import_jobs(session.context, parent, limit=args["limit"])
    output.show_list(session, (import_job_json(each) for each in found), TABLE, args)
