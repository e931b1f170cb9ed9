"""Reading and writing of key pairs in the forms of `KeyMaterial`."""

from __future__ import annotations

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

from kmsctl.crypto.backend import KeyMaterial
from kmsctl.errors import Internal, InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

    from kmsctl.model.algorithms import Algorithm


def material(key: PrivateKeyTypes) -> KeyMaterial:
    """Returns the forms in which a key pair is stored."""
    return KeyMaterial(
        key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
        key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    )


def load(secret: bytes) -> PrivateKeyTypes:
    """Loads a private key that this backend wrote; only that may skip the validation of RSA."""
    try:
        return load_der_private_key(secret, None, unsafe_skip_rsa_key_validation=True)
    except ValueError:
        raise not_of_the_algorithm() from None


def load_public(public: bytes) -> PublicKeyTypes:
    """Loads a public key that this backend wrote."""
    try:
        return load_der_public_key(public)
    except ValueError:
        raise not_of_the_algorithm() from None


def not_of_the_algorithm() -> Internal:
    """Returns the error for stored material of another type, which the store's own checks preclude."""
    return Internal("The stored key material is not of the version's algorithm.")


def load_foreign(algorithm: Algorithm, secret: bytes) -> PrivateKeyTypes:
    """Loads and validates private key material that is to be imported, of whatever type it is.

    Raises:
        InvalidArgument: if it is no unencrypted PKCS#8 DER of a sound key.
    """
    if not _is_pkcs8(secret):
        raise wrong_material(algorithm)
    try:
        return load_der_private_key(secret, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The library's own text is dropped: it may quote what it could not parse.
        raise wrong_material(algorithm) from None


def _is_pkcs8(der: bytes) -> bool:
    """Tells PKCS#8 from the older forms that the library reads as well (PKCS#1, SEC 1).

    All are a SEQUENCE that begins with an INTEGER; only in PKCS#8 a SEQUENCE follows.
    """
    long_form = der[1] & 0x7F if len(der) > 1 and der[1] & 0x80 else 0
    version = 2 + long_form
    return der[version : version + 2] == b"\x02\x01" and der[version + 3 : version + 4] == b"\x30"


def wrong_material(algorithm: Algorithm) -> InvalidArgument:
    """Returns the error for material that is not, or not soundly, a key of `algorithm`."""
    return InvalidArgument(
        f"Key material for {algorithm.enum} must be an unencrypted PKCS#8 key in DER, of exactly that "
        "type and size.",
        hint="openssl pkcs8 -topk8 -nocrypt -inform PEM -outform DER converts a PEM file.",
    )
