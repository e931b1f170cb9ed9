"""ML-DSA (FIPS 204), pure and with an external message representative (mu).

Signatures are hedged (randomised), with an empty context. Keys are stored as seeds (RFC 9881).
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from kmsctl.crypto.software import pkcs8
from kmsctl.errors import Unimplemented
from kmsctl.model import algorithms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.mldsa import (
        MLDSA44PrivateKey,
        MLDSA44PublicKey,
        MLDSA65PrivateKey,
        MLDSA65PublicKey,
        MLDSA87PrivateKey,
        MLDSA87PublicKey,
    )

    from kmsctl.crypto.backend import KeyMaterial
    from kmsctl.model.algorithms import Algorithm

    PrivateKey = MLDSA44PrivateKey | MLDSA65PrivateKey | MLDSA87PrivateKey
    PublicKey = MLDSA44PublicKey | MLDSA65PublicKey | MLDSA87PublicKey


def _private_class(algorithm: Algorithm) -> type[PrivateKey]:
    """Returns the library's class; ImportError in releases that have none."""
    from cryptography.hazmat.primitives.asymmetric import mldsa

    if algorithm.parameters == "ML-DSA-44":
        return mldsa.MLDSA44PrivateKey
    if algorithm.parameters == "ML-DSA-65":
        return mldsa.MLDSA65PrivateKey
    return mldsa.MLDSA87PrivateKey


def _public_class(algorithm: Algorithm) -> type[PublicKey]:
    from cryptography.hazmat.primitives.asymmetric import mldsa

    if algorithm.parameters == "ML-DSA-44":
        return mldsa.MLDSA44PublicKey
    if algorithm.parameters == "ML-DSA-65":
        return mldsa.MLDSA65PublicKey
    return mldsa.MLDSA87PublicKey


def require(algorithm: Algorithm) -> None:
    """Raises UNIMPLEMENTED where the installed library lacks `algorithm`."""
    from cryptography import __version__

    external_mu = algorithm.family == algorithms.ML_DSA_EXTERNAL_MU
    try:
        private = _private_class(algorithm)
        private.from_seed_bytes(bytes(32))
        available = hasattr(private, "sign_mu") or not external_mu
    except (ImportError, UnsupportedAlgorithm):
        available = False
    if not available:
        raise Unimplemented(
            f"{algorithm.enum} needs the Python package cryptography {49 if external_mu else 48} or newer, "
            f"with its own OpenSSL or OpenSSL 3.5; {__version__} is installed."
        )


def generate(algorithm: Algorithm) -> KeyMaterial:
    """Makes a key pair from a new 32-byte seed."""
    return pkcs8.material(_private_class(algorithm).generate())


def check_material(algorithm: Algorithm, secret: bytes) -> KeyMaterial:
    """Takes the seed form of RFC 9881; an expanded key alone cannot be stored."""
    key = pkcs8.load_foreign(algorithm, secret)
    if not isinstance(key, _private_class(algorithm)):
        raise pkcs8.wrong_material(algorithm)
    return pkcs8.material(key)


def sign(algorithm: Algorithm, secret: bytes, value: bytes, *, digested: bool) -> bytes:
    """`digested` says that `value` is mu."""
    key = pkcs8.load(secret)
    if not isinstance(key, _private_class(algorithm)):
        raise pkcs8.not_of_the_algorithm()
    return key.sign_mu(value) if digested else key.sign(value)


def verify(algorithm: Algorithm, public: bytes, signature: bytes, value: bytes, *, digested: bool) -> bool:
    """`digested` says that `value` is mu."""
    key = pkcs8.load_public(public)
    if not isinstance(key, _public_class(algorithm)):
        raise pkcs8.not_of_the_algorithm()
    try:
        if digested:
            key.verify_mu(signature, value)
        else:
            key.verify(signature, value)
    except InvalidSignature:
        return False
    return True
