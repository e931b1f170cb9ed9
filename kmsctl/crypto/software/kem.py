"""Key encapsulation: ML-KEM (FIPS 203) and X-Wing (draft-connolly-cfrg-xwing-kem).

X-Wing is composed, as its draft says, of ML-KEM-768, X25519, SHAKE256 and SHA3-256, all from the
library. Keys are stored as seeds: 64 bytes for ML-KEM (RFC 9935), 32 bytes for X-Wing.
"""

from __future__ import annotations

import os

from cryptography.exceptions import UnsupportedAlgorithm

from kmsctl.crypto.backend import KeyMaterial
from kmsctl.crypto.software import pkcs8, spki
from kmsctl.errors import InvalidArgument, Unimplemented
from kmsctl.model import algorithms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM1024PrivateKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    from kmsctl.model.algorithms import Algorithm

    PrivateKey = MLKEM768PrivateKey | MLKEM1024PrivateKey

_X_WING_SEED_SIZE = 32
_X_WING_LABEL = b"\\.//^\\"
_ML_KEM_768_CIPHERTEXT_SIZE = algorithms.PARAMETER_SETS["ML-KEM-768"][1]


def _class(algorithm: Algorithm) -> type[PrivateKey]:
    """Returns the library's class; ImportError in releases that have none."""
    from cryptography.hazmat.primitives.asymmetric import mlkem

    if algorithm.parameters == "ML-KEM-1024":
        return mlkem.MLKEM1024PrivateKey
    return mlkem.MLKEM768PrivateKey


def require(algorithm: Algorithm) -> None:
    """Raises UNIMPLEMENTED where the installed library lacks ML-KEM."""
    from cryptography import __version__

    try:
        _class(algorithm).from_seed_bytes(bytes(64))
    except (ImportError, UnsupportedAlgorithm):
        raise Unimplemented(
            f"{algorithm.enum} needs the Python package cryptography 48 or newer, with its own OpenSSL or "
            f"OpenSSL 3.5; {__version__} is installed."
        ) from None


def generate(algorithm: Algorithm) -> KeyMaterial:
    """Makes a key pair from a new seed."""
    if algorithm.family == algorithms.X_WING:
        return _x_wing_material(algorithm, os.urandom(_X_WING_SEED_SIZE))
    return pkcs8.material(_class(algorithm).generate())


def check_material(algorithm: Algorithm, secret: bytes) -> KeyMaterial:
    """Takes the seed forms of RFC 9935 and of the draft of X-Wing."""
    if algorithm.family == algorithms.X_WING:
        seed = spki.decode_private(algorithm, secret, _X_WING_SEED_SIZE)
        if seed is None:
            raise pkcs8.wrong_material(algorithm)
        return _x_wing_material(algorithm, seed)
    key = pkcs8.load_foreign(algorithm, secret)
    if not isinstance(key, _class(algorithm)):
        raise pkcs8.wrong_material(algorithm)
    return pkcs8.material(key)


def decapsulate(algorithm: Algorithm, secret: bytes, ciphertext: bytes) -> bytes:
    """Returns the 32-byte shared secret; `ciphertext` has the right length already."""
    require(algorithm)
    if algorithm.family == algorithms.X_WING:
        return _x_wing_decapsulate(algorithm, secret, ciphertext)
    key = pkcs8.load(secret)
    if not isinstance(key, _class(algorithm)):
        raise pkcs8.not_of_the_algorithm()
    return key.decapsulate(ciphertext)


def x_wing_keys(seed: bytes) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
    """Expands the decapsulation key of X-Wing, which is a 32-byte seed (the draft, 5.2)."""
    from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.hashes import SHAKE256, Hash

    shake = Hash(SHAKE256(96))
    shake.update(seed)
    expanded = shake.finalize()
    return (
        MLKEM768PrivateKey.from_seed_bytes(expanded[:64]),
        X25519PrivateKey.from_private_bytes(expanded[64:]),
    )


def _x_wing_material(algorithm: Algorithm, seed: bytes) -> KeyMaterial:
    ml_kem, x25519 = x_wing_keys(seed)
    raw = ml_kem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()
    return KeyMaterial(spki.encode_private(algorithm, seed), spki.encode_public(algorithm, raw))


def _x_wing_decapsulate(algorithm: Algorithm, secret: bytes, ciphertext: bytes) -> bytes:
    """Combines both shared secrets (the draft, 5.3 and 5.5)."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
    from cryptography.hazmat.primitives.hashes import SHA3_256, Hash

    seed = spki.decode_private(algorithm, secret, _X_WING_SEED_SIZE)
    if seed is None:
        raise pkcs8.wrong_material(algorithm)
    ml_kem, x25519 = x_wing_keys(seed)
    ciphertext_x = ciphertext[_ML_KEM_768_CIPHERTEXT_SIZE:]
    secret_m = ml_kem.decapsulate(ciphertext[:_ML_KEM_768_CIPHERTEXT_SIZE])
    try:
        secret_x = x25519.exchange(X25519PublicKey.from_public_bytes(ciphertext_x))
    except ValueError:
        # The library refuses points of small order, which no sender draws (RFC 7748, 6.1).
        raise InvalidArgument("Decapsulation failed: the ciphertext is invalid.") from None
    combined = Hash(SHA3_256())
    for part in (secret_m, secret_x, ciphertext_x, x25519.public_key().public_bytes_raw(), _X_WING_LABEL):
        combined.update(part)
    return combined.finalize()
