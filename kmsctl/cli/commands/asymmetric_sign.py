"""``kmsctl asymmetric-sign`` and ``kmsctl asymmetric-verify``."""

from __future__ import annotations

from kmsctl.cli import integrity, output, resources, terminal
from kmsctl.cli.failures import CommandError
from kmsctl.cli.files import Inputs, Output, check_one_standard_input
from kmsctl.crypto.checksums import crc32c
from kmsctl.model import algorithms
from kmsctl.model.asymmetric_requests import AsymmetricSignRequest, AsymmetricVerifyRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session
    from kmsctl.model.algorithms import Digest
    from kmsctl.model.names import CryptoKeyVersionName

    #: a digest or data, of which exactly one is given
    Signed = tuple[Digest | None, bytes | None]

MAX_DATA = 65536
#: No signature is nearly as long; a file that is was named by mistake.
MAX_SIGNATURE = 65536
_INPUT = "--input-file"
_SIGNATURE = "--signature-file"

_ABOUT_DIGESTS = """
    With --digest-algorithm the digest of the input is taken here, however long it is, and it must
    be the digest of the version's algorithm. Without it the input itself is sent, at most 64 KiB:
    Ed25519, ML-DSA, SLH-DSA and raw PKCS #1 sign nothing else. For the external-mu variants of
    ML-DSA it is external-mu, which needs the permission to view the public key, too; the signature
    is one of plain ML-DSA over the input.
"""


def sign() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "asymmetric-sign",
        run_sign,
        [
            *options.plain_flags("key", "keyring", "location", "version"),
            options.digest_algorithm(),
            options.input_file("input-file", "input", required=True),
            options.output_file("signature-file", "signature"),
            options.skip_integrity_verification(),
            options.access_reason(),
        ],
        about=f"""
            Signs a file with a version of an asymmetric-signing key. The signature file holds the
            bytes of the signature: DER for ECDSA, and as the standards have it for the others.

            {_ABOUT_DIGESTS}

            The signature file is for its owner alone (mode 0600); directories that it needs are made.
        """,
        examples=[
            (
                "To sign a file with an ECDSA key:",
                """
                asymmetric-sign --key=release --version=1 --keyring=prod --location=us-east1
                --digest-algorithm=sha256 --input-file=app.tar --signature-file=app.sig
                """,
            )
        ],
    )


def verify() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "asymmetric-verify",
        run_verify,
        [
            *options.plain_flags("key", "keyring", "location", "version"),
            options.digest_algorithm(),
            options.input_file("input-file", "input", required=True),
            options.input_file("signature-file", "signature", required=True),
            options.skip_integrity_verification(),
        ],
        about=f"""
            Verifies a signature of a file with the public key of a version, which must be enabled.
            Prints True; or prints False and exits with status 1, so that a script stops there.
            (mac-verify, which gcloud has too, exits with status 0 for both.)

            {_ABOUT_DIGESTS}
        """,
        examples=[
            (
                "To verify a signature of a file:",
                """
                asymmetric-verify --key=release --version=1 --keyring=prod --location=us-east1
                --digest-algorithm=sha256 --input-file=app.tar --signature-file=app.sig
                """,
            )
        ],
    )


def run_sign(session: Session, args: Args) -> None:
    name = resources.plain_version(session, args)
    checked = not args["skip_integrity_verification"]
    inputs = Inputs()
    digest, data = _signed(session, args, inputs, name)
    target = Output(_SIGNATURE, args["signature_file"], private=True, inputs=inputs, makes_parents=True)
    request = AsymmetricSignRequest(
        name,
        digest=digest,
        data=data,
        digest_crc32c=crc32c(digest.value) if checked and digest is not None else None,
        data_crc32c=crc32c(data) if checked and data is not None else None,
    )
    response = session.kms.asymmetric_sign(session.justified(args), request)
    if checked:
        integrity.check_name(asked=name.text, used=response.name.text)
        integrity.check_request(
            response.verified_data_crc32c if digest is None else response.verified_digest_crc32c
        )
        integrity.check_response(response.signature, response.signature_crc32c)
    target.write(response.signature)
    output.show_nothing(session, stdout_taken=target.is_stdout)


def run_verify(session: Session, args: Args) -> None:
    check_one_standard_input(_INPUT, args["input_file"], _SIGNATURE, args["signature_file"])
    name = resources.plain_version(session, args)
    checked = not args["skip_integrity_verification"]
    inputs = Inputs()
    digest, data = _signed(session, args, inputs, name)
    signature = inputs.read(_SIGNATURE, args["signature_file"], "signature", MAX_SIGNATURE)
    request = AsymmetricVerifyRequest(
        name,
        signature,
        digest=digest,
        data=data,
        signature_crc32c=crc32c(signature) if checked else None,
        digest_crc32c=crc32c(digest.value) if checked and digest is not None else None,
        data_crc32c=crc32c(data) if checked and data is not None else None,
    )
    response = session.kms.asymmetric_verify(session.context, request)
    if checked:
        integrity.check_name(asked=name.text, used=response.name.text)
        integrity.check_request(
            response.verified_signature_crc32c,
            response.verified_data_crc32c if digest is None else response.verified_digest_crc32c,
        )
        integrity.check_success(response.success, response.verified_success_integrity)
    try:
        if session.user_output:
            terminal.write_text(f"{response.success}\n")
    except BrokenPipeError:
        if response.success:
            raise
    if not response.success:
        raise CommandError(f"The signature is not one of {name} over this input.")


def _signed(session: Session, args: Args, inputs: Inputs, name: CryptoKeyVersionName) -> Signed:
    """Reads the input, or takes its digest."""
    path, word = args["input_file"], args["digest_algorithm"]
    if word is None:
        return None, inputs.read(_INPUT, path, "input", MAX_DATA)
    from kmsctl.crypto.signing_input import Digester

    kind = word.replace("-", "_")
    digester = Digester(kind, _ml_dsa_key(session, name) if kind == algorithms.EXTERNAL_MU else b"")
    inputs.feed(_INPUT, path, "input", digester.update)
    return digester.finish(), None


def _ml_dsa_key(session: Session, name: CryptoKeyVersionName) -> bytes:
    """Returns the raw public key, on which the message representative depends."""
    key = session.kms.get_public_key(session.context, name, "DER")
    integrity.check_response(key.data, key.data_crc32c)
    algorithm = algorithms.by_enum(key.algorithm)
    if algorithm.input_digest != algorithms.EXTERNAL_MU or not algorithm.public_key_size:
        raise CommandError(
            "Invalid value for [--digest-algorithm]: external-mu is for the EXTERNAL_MU variants of ML-DSA; "
            f"the algorithm of {name} is {algorithm.enum}."
        )
    # The raw key ends the SubjectPublicKeyInfo (RFC 9881).
    return key.data[-algorithm.public_key_size :]
