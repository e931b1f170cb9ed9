"""Ed25519 (RFC 8032), pure: it signs data."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kmsctl.crypto.software import pkcs8

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.crypto.backend import KeyMaterial
    from kmsctl.model.algorithms import Algorithm


def require(algorithm: Algorithm) -> None:
    """Every supported release of the library has it."""


def generate(algorithm: Algorithm) -> KeyMaterial:  # noqa: ARG001 - it has no parameters
    """Makes a key pair."""
    return pkcs8.material(Ed25519PrivateKey.generate())


def check_material(algorithm: Algorithm, secret: bytes) -> KeyMaterial:
    """Takes the form of RFC 8410."""
    key = pkcs8.load_foreign(algorithm, secret)
    if not isinstance(key, Ed25519PrivateKey):
        raise pkcs8.wrong_material(algorithm)
    return pkcs8.material(key)


def sign(algorithm: Algorithm, secret: bytes, value: bytes, *, digested: bool) -> bytes:  # noqa: ARG001
    """Returns 64 bytes."""
    key = pkcs8.load(secret)
    if not isinstance(key, Ed25519PrivateKey):
        raise pkcs8.not_of_the_algorithm()
    return key.sign(value)


def verify(
    algorithm: Algorithm,  # noqa: ARG001
    public: bytes,
    signature: bytes,
    value: bytes,
    *,
    digested: bool,  # noqa: ARG001
) -> bool:
    """Verifies as RFC 8032 does."""
    key = pkcs8.load_public(public)
    if not isinstance(key, Ed25519PublicKey):
        raise pkcs8.not_of_the_algorithm()
    try:
        key.verify(signature, value)
    except InvalidSignature:
        return False
    return True
