"""HPKE (RFC 9180) as the import methods use it: base mode, HKDF-SHA256, AES-256-GCM, empty ``info``.

The KEMs are ML-KEM-768 and ML-KEM-1024 (draft-ietf-hpke-pq) and X-Wing (draft-connolly-cfrg-xwing-kem).
Sealed data is the encapsulated secret ‖ ciphertext ‖ 16-byte tag; the additional data is empty.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm

from kmsctl.crypto.software import kem, pkcs8, spki
from kmsctl.errors import InvalidArgument
from kmsctl.model import algorithms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from cryptography.hazmat.primitives.hpke import Suite

    from kmsctl.model.algorithms import Algorithm

__all__ = ["InvalidTag", "open_", "require", "seal"]

_X_WING_SEED_SIZE = 32
_ML_KEM_768_PUBLIC_SIZE = algorithms.PARAMETER_SETS["ML-KEM-768"][0]


def require(algorithm: Algorithm) -> None:
    """Raises UNIMPLEMENTED where the installed library lacks ML-KEM, and so HPKE with it."""
    kem.require(algorithm)


def seal(algorithm: Algorithm, public: bytes, plaintext: bytes) -> bytes:
    """Encrypts to a public key.

    Args:
        algorithm: of the key pair: ML-KEM or X-Wing.
        public: its SubjectPublicKeyInfo in DER.
        plaintext: what to encrypt.
    """
    require(algorithm)
    return _suite(algorithm).encrypt(plaintext, _public_key(algorithm, public))


def open_(algorithm: Algorithm, private: bytes, sealed: bytes) -> bytes:
    """Returns the plaintext of what `seal` returned.

    Args:
        algorithm: of the key pair.
        private: the private key, as the software backend generates it.
        sealed: the encapsulated secret, ciphertext and tag.

    Raises:
        InvalidTag: if `sealed` was not made for this key, or was changed.
    """
    require(algorithm)
    try:
        return _suite(algorithm).decrypt(sealed, _private_key(algorithm, private))
    except ValueError:
        # An X25519 point of small order: one more way in which a ciphertext can be wrong.
        raise InvalidTag from None


def _suite(algorithm: Algorithm) -> Suite:
    from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

    kems = {"ML-KEM-768": KEM.MLKEM768, "ML-KEM-1024": KEM.MLKEM1024, "X-Wing": KEM.MLKEM768_X25519}
    return Suite(kems[algorithm.parameters or ""], KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def _private_key(algorithm: Algorithm, private: bytes) -> Any:
    if algorithm.family != algorithms.X_WING:
        return pkcs8.load(private)
    from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey

    seed = spki.decode_private(algorithm, private, _X_WING_SEED_SIZE)
    if seed is None:
        raise pkcs8.not_of_the_algorithm()
    return MLKEM768X25519PrivateKey(*kem.x_wing_keys(seed))


def _public_key(algorithm: Algorithm, public: bytes) -> Any:
    """Loads a public key that came from elsewhere; INVALID_ARGUMENT if it is not of `algorithm`."""
    from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
    from cryptography.hazmat.primitives.hpke import MLKEM768X25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    wrong = InvalidArgument(f"The public key is not one of {algorithm.parameters}.")
    raw = spki.raw_public(algorithm, public)
    try:
        if algorithm.family == algorithms.X_WING:
            if spki.encode_public(algorithm, raw) != public:
                raise wrong
            return MLKEM768X25519PublicKey(
                mlkem.MLKEM768PublicKey.from_public_bytes(raw[:_ML_KEM_768_PUBLIC_SIZE]),
                x25519.X25519PublicKey.from_public_bytes(raw[_ML_KEM_768_PUBLIC_SIZE:]),
            )
        key = load_der_public_key(public)
    except (ValueError, UnsupportedAlgorithm):
        raise wrong from None
    expected = mlkem.MLKEM1024PublicKey if algorithm.parameters == "ML-KEM-1024" else mlkem.MLKEM768PublicKey
    if not isinstance(key, expected):
        raise wrong
    return key
