"""``kmsctl asymmetric-decrypt`` and ``kmsctl decapsulate``."""

from __future__ import annotations

from kmsctl.cli import integrity, output, resources
from kmsctl.cli.files import Inputs, Output
from kmsctl.crypto.checksums import crc32c
from kmsctl.model.asymmetric_requests import AsymmetricDecryptRequest, DecapsulateRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session

#: Each algorithm takes one length; the service says which. A longer file was named by mistake.
MAX_CIPHERTEXT = 65536


def asymmetric_decrypt() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "asymmetric-decrypt",
        run_asymmetric_decrypt,
        [
            *options.plain_flags("key", "keyring", "location", "version"),
            options.input_file("ciphertext-file", "ciphertext", required=True),
            options.output_file("plaintext-file", "plaintext"),
            options.skip_integrity_verification(),
            options.access_reason(),
        ],
        about="""
            Decrypts what was encrypted to the public key of a version of an asymmetric-encryption
            key: by RSA-OAEP with an empty label, the digest of the version's algorithm serving
            for MGF1, too.

            The plaintext file is for its owner alone (mode 0600); directories that it needs are made.
        """,
        examples=[
            (
                "To decrypt a file:",
                """
                asymmetric-decrypt --key=inbox --version=1 --keyring=prod --location=us-east1
                --ciphertext-file=secret.enc --plaintext-file=secret.txt
                """,
            )
        ],
    )


def decapsulate() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "decapsulate",
        run_decapsulate,
        [
            *options.plain_flags("key", "keyring", "location", "version"),
            options.input_file("ciphertext-file", "ciphertext", required=True),
            options.output_file("shared-secret-file", "shared secret"),
            options.skip_integrity_verification(),
            options.access_reason(),
        ],
        about="""
            Recovers the shared secret, 32 bytes, from what was encapsulated to the public key of a
            version of a key-encapsulation key.

            A ciphertext that was made for another key, or changed on its way, yields another
            secret and no error (ML-KEM rejects implicitly): what the secret is then used for
            has to notice.

            The file of the secret is for its owner alone (mode 0600); directories that it needs are
            made.
        """,
        examples=[
            (
                "To recover a shared secret:",
                """
                decapsulate --key=kem --version=1 --keyring=prod --location=us-east1
                --ciphertext-file=encapsulated --shared-secret-file=secret
                """,
            )
        ],
    )


def run_asymmetric_decrypt(session: Session, args: Args) -> None:
    name = resources.plain_version(session, args)
    checked = not args["skip_integrity_verification"]
    ciphertext, target = _files(args, "plaintext-file")
    request = AsymmetricDecryptRequest(
        name, ciphertext, ciphertext_crc32c=crc32c(ciphertext) if checked else None
    )
    response = session.kms.asymmetric_decrypt(session.justified(args), request)
    if checked:
        integrity.check_request(response.verified_ciphertext_crc32c)
        integrity.check_response(response.plaintext, response.plaintext_crc32c)
    target.write(response.plaintext)
    output.show_nothing(session, stdout_taken=target.is_stdout)


def run_decapsulate(session: Session, args: Args) -> None:
    name = resources.plain_version(session, args)
    checked = not args["skip_integrity_verification"]
    ciphertext, target = _files(args, "shared-secret-file")
    request = DecapsulateRequest(name, ciphertext, ciphertext_crc32c=crc32c(ciphertext) if checked else None)
    response = session.kms.decapsulate(session.justified(args), request)
    if checked:
        integrity.check_name(asked=name.text, used=response.name.text)
        integrity.check_request(response.verified_ciphertext_crc32c)
        integrity.check_response(response.shared_secret, response.shared_secret_crc32c)
    target.write(response.shared_secret)
    output.show_nothing(session, stdout_taken=target.is_stdout)


def _files(args: Args, result: str) -> tuple[bytes, Output]:
    """Reads the ciphertext, and looks at the place of the result, which `result` is the flag of."""
    inputs = Inputs()
    ciphertext = inputs.read("--ciphertext-file", args["ciphertext_file"], "ciphertext", MAX_CIPHERTEXT)
    path: str = args[result.replace("-", "_")]
    return ciphertext, Output(f"--{result}", path, private=True, inputs=inputs, makes_parents=True)
