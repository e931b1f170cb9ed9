"""``kmsctl encrypt``."""

from __future__ import annotations

from kmsctl.cli import integrity, output, resources
from kmsctl.cli.files import Inputs, Output, check_one_standard_input
from kmsctl.crypto.checksums import crc32c
from kmsctl.model.names import CryptoKeyVersionName
from kmsctl.model.requests import EncryptRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session

MAX_PLAINTEXT = MAX_AAD = 65536


def encrypt() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "encrypt",
        run,
        [
            *options.plain_flags("key", "keyring", "location", "version"),
            options.input_file("plaintext-file", "plaintext", required=True),
            options.output_file("ciphertext-file", "ciphertext"),
            options.aad_file(),
            options.skip_integrity_verification(),
            options.access_reason(),
        ],
        about="""
            Encrypts a file of at most 64 KiB with a symmetric key: with its primary version, or
            with the version that is named. Additional authenticated data, at most 64 KiB, is
            not in the ciphertext; the very same must be given to decrypt it.

            At most one of the inputs can be standard input.
        """,
        examples=[
            (
                "To encrypt a file:",
                """
                encrypt --key=db --keyring=prod --location=us-east1 --plaintext-file=secret.txt
                --ciphertext-file=secret.enc
                """,
            )
        ],
    )


def run(session: Session, args: Args) -> None:
    aad_path: str | None = args["additional_authenticated_data_file"]
    check_one_standard_input(
        "--plaintext-file", args["plaintext_file"], "--additional-authenticated-data-file", aad_path
    )
    name = resources.key_or_version(session, args)
    inputs = Inputs()
    plaintext = inputs.read("--plaintext-file", args["plaintext_file"], "plaintext", MAX_PLAINTEXT)
    aad = integrity.read_aad(inputs, aad_path, MAX_AAD)
    target = Output("--ciphertext-file", args["ciphertext_file"], private=False, inputs=inputs)

    verify = not args["skip_integrity_verification"]
    request = EncryptRequest(
        name,
        plaintext,
        aad=aad,
        plaintext_crc32c=crc32c(plaintext) if verify else None,
        aad_crc32c=crc32c(aad) if verify else None,
    )
    response = session.kms.encrypt(session.justified(args), request)
    if verify:
        used = response.name if isinstance(name, CryptoKeyVersionName) else response.name.parent
        integrity.check_name(asked=name.text, used=used.text)
        integrity.check_request(response.verified_plaintext_crc32c, response.verified_aad_crc32c)
        integrity.check_response(response.ciphertext, response.ciphertext_crc32c)
    target.write(response.ciphertext)
    output.show_nothing(session, stdout_taken=target.is_stdout)
