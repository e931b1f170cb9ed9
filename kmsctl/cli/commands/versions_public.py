"""``kmsctl keys versions``: get-public-key and get-certificate-chain."""

from __future__ import annotations

from kmsctl.cli import integrity, output, resources
from kmsctl.cli.failures import CommandError
from kmsctl.cli.files import STDIO, Inputs, Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session

_TEXT = "PEM"


def get_public_key() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "keys versions get-public-key",
        run_get_public_key,
        [
            options.version_argument(),
            *options.plain_flags("key", "keyring", "location"),
            options.public_key_format(),
            options.output_file("output-file", "public key", required=False),
        ],
        about="""
            Prints the public key of a version of an asymmetric key, which must be enabled.

            pem and der are the SubjectPublicKeyInfo, and every algorithm has them. nist-pqc is
            the bare key of ML-DSA, SLH-DSA and ML-KEM, and xwing-raw-bytes that of X-Wing. All
            but pem are bytes, not text.

            A file is for its owner alone (mode 0600); directories that it needs are made.
        """,
        examples=[
            (
                "To write a public key to a file:",
                """
                keys versions get-public-key 1 --key=release --keyring=prod --location=us-east1
                --output-file=release.pem
                """,
            )
        ],
    )


def get_certificate_chain() -> Command:
    from kmsctl.cli import options, params
    from kmsctl.cli.command import Command

    return Command(
        "keys versions get-certificate-chain",
        run_get_certificate_chain,
        [
            options.version_argument(),
            *options.plain_flags("key", "keyring", "location"),
            options.flag(
                "certificate-chain-type",
                "Which chain; all if not given.",
                params.Choice(["all", "cavium", "google-card", "google-partition"]),
            ),
            options.output_file("output-file", "certificates", required=False),
        ],
        about="""
            Prints the certificate chains of the attestation of a version in an HSM. Versions in
            software have none.
        """,
        examples=[
            (
                "To print the certificate chains of version 1 of a key:",
                "keys versions get-certificate-chain 1 --key=db --keyring=prod --location=us-east1",
            )
        ],
    )


def run_get_public_key(session: Session, args: Args) -> None:
    name = resources.plain_version(session, args)
    form = (args["public_key_format"] or _TEXT).upper().replace("-", "_")
    path = args["output_file"] or STDIO
    target = Output("--output-file", path, private=True, inputs=Inputs(), makes_parents=True)
    key = session.kms.get_public_key(session.context, name, form)
    integrity.check_name(asked=name.text, used=key.name.text)
    integrity.check_response(key.data, key.data_crc32c)
    if session.user_output or form != _TEXT or not target.is_stdout:
        target.write(key.data)
    output.show_nothing(session, stdout_taken=target.is_stdout)


def run_get_certificate_chain(session: Session, args: Args) -> None:
    session.kms.get_crypto_key_version(session.context, resources.plain_version(session, args))
    raise CommandError("Certificate chains are only available for HSM key versions.")
