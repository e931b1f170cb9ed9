"""Key files as people have them → key material as it is imported.

Symmetric and MAC keys are the bytes of the file. Private keys are PKCS#8, in PEM or DER, encrypted or not;
what is wrapped is always DER, not encrypted.
"""

from __future__ import annotations

from kmsctl.crypto import foreign_keys
from kmsctl.errors import InvalidArgument
from kmsctl.model import pem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.model.algorithms import Algorithm

_ENCRYPTED = b"ENCRYPTED PRIVATE KEY"
_CONVERT = "openssl pkcs8 -topk8 -nocrypt -in KEY -outform DER -out KEY.der"
_CONVERT_DER = "openssl pkcs8 -topk8 -nocrypt -inform DER -in KEY -outform DER -out KEY.der"
#: Labels of PEM files that are often taken for the right one → (what they are, what to do).
_OTHERS = {
    b"RSA PRIVATE KEY": (foreign_keys.PKCS1, f"Convert it: {_CONVERT}"),
    b"EC PRIVATE KEY": (foreign_keys.SEC1, f"Convert it: {_CONVERT}"),
    b"EC PARAMETERS": (foreign_keys.SEC1, f"Convert it: {_CONVERT}"),
    b"OPENSSH PRIVATE KEY": ("an OpenSSH key", "Convert a copy of it: ssh-keygen -p -m PKCS8 -f COPY"),
    b"PUBLIC KEY": (foreign_keys.PUBLIC, "The private key is what is imported."),
    b"CERTIFICATE": ("a certificate", "The private key is what is imported."),
}


def needs_passphrase(algorithm: Algorithm, data: bytes) -> bool:
    """Tells whether a file holds an encrypted private key."""
    if algorithm.secret_size is not None:
        return False
    if pem.label_of(data) is not None:
        return pem.label_of(data) == _ENCRYPTED
    return foreign_keys.form(data) == foreign_keys.ENCRYPTED


def material_of(algorithm: Algorithm, data: bytes, passphrase: bytes | None = None) -> bytes:
    """Returns the key material in a file.

    It is what `algorithm` needs as far as its form, type and size tell; whether the key is sound is
    for a backend to check.

    Args:
        algorithm: of the version to be.
        data: the content of the file.
        passphrase: of an encrypted private key.

    Raises:
        InvalidArgument: if the file holds anything else; the hint says how to convert it.
    """
    if algorithm.secret_size is not None:
        return _checked(algorithm, data, _decoding(foreign_keys.problem(algorithm, data)))
    label = pem.label_of(data)
    der = data if label is None else _from_pem(algorithm, label, data)
    if needs_passphrase(algorithm, data):
        der = _decrypted(der, passphrase)
    return _checked(algorithm, der, f"Convert it: {_CONVERT_DER}" if _is_older(der) else None)


def _checked(algorithm: Algorithm, material: bytes, hint: str | None) -> bytes:
    problem = foreign_keys.problem(algorithm, material)
    if problem is not None:
        raise InvalidArgument(problem, hint=hint)
    return material


def _is_older(der: bytes) -> bool:
    return foreign_keys.form(der) in (foreign_keys.PKCS1, foreign_keys.SEC1)


def _decoding(problem: str | None) -> str | None:
    if problem is not None and problem.endswith("hexadecimal digits."):
        return "Decode it: xxd -r -p KEY > KEY.bin"
    if problem is not None and problem.endswith("base64."):
        return "Decode it: openssl base64 -d -A -in KEY -out KEY.bin"
    return None


def _from_pem(algorithm: Algorithm, label: bytes, data: bytes) -> bytes:
    if label not in (pem.PRIVATE_KEY, _ENCRYPTED):
        what, hint = _OTHERS.get(label, ("a PEM file of another kind", None))
        raise InvalidArgument(
            f"The key file holds {what}; {algorithm.enum} needs the private key as PKCS#8.", hint=hint
        )
    der = pem.decode(data, label)
    if der is None:
        raise InvalidArgument("The key file is PEM, but damaged.")
    return der


def _decrypted(der: bytes, passphrase: bytes | None) -> bytes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        load_der_private_key,
    )

    if not passphrase:
        raise InvalidArgument("The key file is encrypted; its passphrase is needed.")
    try:
        key = load_der_private_key(der, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The library's own text is dropped: it may quote what it could not parse.
        raise InvalidArgument(
            "The key file cannot be decrypted: the passphrase is not its own, or it is damaged.",
        ) from None
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
