"""``kmsctl raw-encrypt``."""

from __future__ import annotations

from kmsctl.cli import integrity, output, resources
from kmsctl.cli.failures import CommandError
from kmsctl.cli.files import STDIO, Inputs, Output
from kmsctl.crypto.checksums import crc32c
from kmsctl.model.raw_requests import RawEncryptRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session
    from kmsctl.model.names import CryptoKeyVersionName
    from kmsctl.model.raw_requests import RawEncryptResponse

MAX_PLAINTEXT = MAX_AAD = 65536
IV_SIZE = 16
_IV = "--initialization-vector-file"
_IV_OUTPUT = "--initialization-vector-output-file"


def raw_encrypt() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    command = Command(
        "raw-encrypt",
        run,
        [
            *options.plain_flags("key", "keyring", "location"),
            options.required_version(),
            options.input_file("plaintext-file", "plaintext", required=True),
            options.output_file("ciphertext-file", "ciphertext"),
            options.input_file("initialization-vector-file", "initialization vector"),
            options.output_file(
                "initialization-vector-output-file", "generated initialization vector", required=False
            ),
            options.aad_file(),
            options.skip_integrity_verification(),
            options.access_reason(),
        ],
        about="""
            Encrypts a file of at most 64 KiB with a version of a raw-encryption key: by AES-GCM,
            AES-CBC or AES-CTR, as the version's algorithm says. The ciphertext is that of the mode
            and nothing else; for AES-GCM it ends with the tag of 16 bytes. AES-CBC does not pad:
            the plaintext must be whole blocks of 16 bytes.

            The initialization vector is needed to decrypt. One is generated (12 bytes for AES-GCM,
            else 16) and written to --initialization-vector-output-file, or without that to
            CIPHERTEXT_FILE.iv. For AES-CBC and AES-CTR it can be given instead, 16 bytes: never the
            same with one version twice.

            Additional authenticated data, at most 64 KiB, is for AES-GCM only, and the very same
            must be given to decrypt. At most one of the inputs can be standard input.
        """,
        examples=[
            (
                "To encrypt a file, and its initialization vector to blob.enc.iv:",
                """
                raw-encrypt --key=disk --version=1 --keyring=prod --location=us-east1
                --plaintext-file=blob --ciphertext-file=blob.enc
                """,
            )
        ],
    )
    command.exclusive = [("initialization-vector-file", "initialization-vector-output-file")]
    return command


def run(session: Session, args: Args) -> None:
    _check_inputs(args)
    name = resources.plain_version(session, args)
    checked = not args["skip_integrity_verification"]
    inputs = Inputs()
    request = _request(args, inputs, name, checked=checked)
    target = Output("--ciphertext-file", args["ciphertext_file"], private=False, inputs=inputs)
    beside = f"{args['ciphertext_file']}.iv"
    iv_target = None if request.iv else _iv_output(args, inputs, target, beside)
    response = session.kms.raw_encrypt(session.justified(args), request)
    if checked:
        _check(name, response)
    target.write(response.ciphertext, before=lambda: iv_target.write(response.iv) if iv_target else None)
    if iv_target is not None and args["initialization_vector_output_file"] is None:
        session.status(f"The initialization vector is in [{beside}]. It is needed to decrypt.")
    taken = target.is_stdout or (iv_target is not None and iv_target.is_stdout)
    output.show_nothing(session, stdout_taken=taken)


def _check_inputs(args: Args) -> None:
    iv, aad = args["initialization_vector_file"], args["additional_authenticated_data_file"]
    if iv is not None and aad is not None:
        raise CommandError(
            f"Invalid value for [{_IV} and --additional-authenticated-data-file]: both parameters cannot be "
            "provided simultaneously."
        )
    if args["plaintext_file"] == STDIO and STDIO in (iv, aad):
        raise CommandError(
            "Invalid value for [--plaintext-file]: multiple parameters cannot be read from stdin."
        )


def _request(args: Args, inputs: Inputs, name: CryptoKeyVersionName, *, checked: bool) -> RawEncryptRequest:
    plaintext = inputs.read("--plaintext-file", args["plaintext_file"], "plaintext", MAX_PLAINTEXT)
    aad = integrity.read_aad(inputs, args["additional_authenticated_data_file"], MAX_AAD)
    path: str | None = args["initialization_vector_file"]
    iv = b""
    if path is not None:
        iv = inputs.read(_IV, path, "initialization vector", IV_SIZE)
        if len(iv) != IV_SIZE:
            # An empty one would ask the service to draw one.
            raise CommandError(f"Invalid value for [{_IV}]: the IV size must be {IV_SIZE} bytes.")
    return RawEncryptRequest(
        name,
        plaintext,
        aad=aad,
        iv=iv,
        plaintext_crc32c=crc32c(plaintext) if checked else None,
        aad_crc32c=crc32c(aad) if checked else None,
        iv_crc32c=crc32c(iv) if checked else None,
    )


def _iv_output(args: Args, inputs: Inputs, ciphertext: Output, beside: str) -> Output:
    """Returns where the generated initialization vector goes: a ciphertext without it is lost."""
    path: str | None = args["initialization_vector_output_file"]
    if path is None and not ciphertext.is_regular:
        raise CommandError(
            "Invalid value for [--ciphertext-file]: the generated initialization vector cannot be put beside "
            f"what is no regular file. Name a file for it: {_IV_OUTPUT}."
        )
    found = Output(_IV_OUTPUT, beside if path is None else path, private=False, inputs=inputs)
    if found.is_same(ciphertext):
        raise CommandError(
            f"Invalid value for [{_IV_OUTPUT}]: {_IV_OUTPUT} and --ciphertext-file are the same file."
        )
    return found


def _check(name: CryptoKeyVersionName, response: RawEncryptResponse) -> None:
    integrity.check_name(asked=name.text, used=response.name.text)
    integrity.check_request(
        response.verified_plaintext_crc32c, response.verified_aad_crc32c, response.verified_iv_crc32c
    )
    integrity.check_response(response.ciphertext, response.ciphertext_crc32c)
    integrity.check_response(response.iv, response.iv_crc32c)
