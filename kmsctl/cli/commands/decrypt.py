"""``kmsctl decrypt``."""

from __future__ import annotations

from kmsctl.cli import integrity, output, resources, terminal
from kmsctl.cli.failures import CommandError
from kmsctl.cli.files import Inputs, Output, check_one_standard_input
from kmsctl.crypto.checksums import crc32c
from kmsctl.model.requests import DecryptRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session

MAX_CIPHERTEXT = 131072
MAX_AAD = 65536


def decrypt() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "decrypt",
        run,
        [
            *options.plain_flags("key", "keyring", "location"),
            options.input_file("ciphertext-file", "ciphertext", required=True),
            options.output_file("plaintext-file", "plaintext"),
            options.aad_file(),
            options.skip_integrity_verification(),
            options.access_reason(),
        ],
        about="""
            Decrypts what kmsctl encrypt encrypted with a key. The version is found in the
            ciphertext. Additional authenticated data must be the very same as then.

            The plaintext file is for its owner alone (mode 0600).
        """,
        examples=[
            (
                "To print the plaintext of a file:",
                """
                decrypt --key=db --keyring=prod --location=us-east1 --ciphertext-file=secret.enc
                --plaintext-file=-
                """,
            )
        ],
    )


def run(session: Session, args: Args) -> None:
    aad_path: str | None = args["additional_authenticated_data_file"]
    check_one_standard_input(
        "--ciphertext-file", args["ciphertext_file"], "--additional-authenticated-data-file", aad_path
    )
    _refuse_version(args["key"] or "")
    name = resources.plain_key(session, args)
    inputs = Inputs()
    ciphertext = inputs.read("--ciphertext-file", args["ciphertext_file"], "ciphertext", MAX_CIPHERTEXT)
    aad = integrity.read_aad(inputs, aad_path, MAX_AAD)
    target = Output("--plaintext-file", args["plaintext_file"], private=True, inputs=inputs)

    verify = not args["skip_integrity_verification"]
    request = DecryptRequest(
        name,
        ciphertext,
        aad=aad,
        ciphertext_crc32c=crc32c(ciphertext) if verify else None,
        aad_crc32c=crc32c(aad) if verify else None,
    )
    response = session.kms.decrypt(session.justified(args), request)
    if verify:
        integrity.check_response(response.plaintext, response.plaintext_crc32c)
    target.write(response.plaintext)
    if not response.plaintext and session.user_output:
        say_empty(target)
    output.show_nothing(session, stdout_taken=target.is_stdout)


def say_empty(target: Output) -> None:
    """Gcloud says it on standard output; where that is the plaintext's place, it would be no plaintext."""
    text = "Decrypted file is empty"
    if target.is_stdout:
        terminal.say(text)
    else:
        terminal.write_text(f"{text}\n")


def _refuse_version(key: str) -> None:
    if "/cryptoKeyVersions/" in key:
        short = key.rpartition("/cryptoKeys/")[2]
        raise CommandError(
            f"Invalid value for [--key]: {short} includes cryptoKeyVersion which is not valid for decrypt."
        )
