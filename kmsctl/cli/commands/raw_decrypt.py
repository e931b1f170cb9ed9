"""``kmsctl raw-decrypt``."""

from __future__ import annotations

from kmsctl.cli import integrity, output, resources
from kmsctl.cli.commands.decrypt import say_empty
from kmsctl.cli.failures import CommandError
from kmsctl.cli.files import STDIO, Inputs, Output
from kmsctl.crypto.checksums import crc32c
from kmsctl.model.raw_requests import RawDecryptRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session

MAX_CIPHERTEXT = 131072
MAX_AAD = 65536
MAX_IV = 16
_IV = "--initialization-vector-file"
_INPUTS = ("--ciphertext-file", _IV, "--additional-authenticated-data-file")


def raw_decrypt() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "raw-decrypt",
        run,
        [
            *options.plain_flags("key", "keyring", "location"),
            options.required_version(),
            options.input_file("ciphertext-file", "ciphertext", required=True),
            options.output_file("plaintext-file", "plaintext"),
            options.input_file("initialization-vector-file", "initialization vector"),
            options.aad_file(),
            options.skip_integrity_verification(),
            options.access_reason(),
        ],
        about="""
            Decrypts a file with a version of a raw-encryption key, and the initialization vector
            that it was encrypted with, which must be given: 12 bytes for AES-GCM, else 16. For
            AES-GCM the ciphertext ends with the tag of 16 bytes, and additional authenticated data
            must be the very same as then.

            AES-CBC and AES-CTR do not authenticate: a ciphertext, a key or an initialization vector
            that is not the right one yields another plaintext and no error.

            The plaintext file is for its owner alone (mode 0600). At most one of the inputs can be
            standard input.
        """,
        examples=[
            (
                "To decrypt a file:",
                """
                raw-decrypt --key=disk --version=1 --keyring=prod --location=us-east1
                --ciphertext-file=blob.enc --initialization-vector-file=blob.enc.iv --plaintext-file=blob
                """,
            )
        ],
    )


def run(session: Session, args: Args) -> None:
    _check_inputs(args)
    name = resources.plain_version(session, args)
    checked = not args["skip_integrity_verification"]
    inputs = Inputs()
    ciphertext = inputs.read("--ciphertext-file", args["ciphertext_file"], "ciphertext", MAX_CIPHERTEXT)
    iv = inputs.read(_IV, args["initialization_vector_file"], "initialization vector", MAX_IV)
    aad = integrity.read_aad(inputs, args["additional_authenticated_data_file"], MAX_AAD)
    target = Output("--plaintext-file", args["plaintext_file"], private=True, inputs=inputs)
    request = RawDecryptRequest(
        name,
        ciphertext,
        iv,
        aad=aad,
        ciphertext_crc32c=crc32c(ciphertext) if checked else None,
        aad_crc32c=crc32c(aad) if checked else None,
        iv_crc32c=crc32c(iv) if checked else None,
    )
    response = session.kms.raw_decrypt(session.justified(args), request)
    if checked:
        integrity.check_request(
            response.verified_ciphertext_crc32c, response.verified_aad_crc32c, response.verified_iv_crc32c
        )
        integrity.check_response(response.plaintext, response.plaintext_crc32c)
    target.write(response.plaintext)
    if not response.plaintext and session.user_output:
        say_empty(target)
    output.show_nothing(session, stdout_taken=target.is_stdout)


def _check_inputs(args: Args) -> None:
    if args["initialization_vector_file"] is None:
        # Not the parser's business in gcloud, which has it optional and cannot do without it.
        raise CommandError(f"argument {_IV}: Must be specified.")
    given = [flag for flag in _INPUTS if args[flag[2:].replace("-", "_")] == STDIO]
    if len(given) > 1:
        raise CommandError(
            f"Invalid value for [{given[0]} and {given[1]}]: both parameters can't be read from stdin."
        )
