"""Fingerprints of keys that were imported into a token, whose bytes nobody sees.

A key pair has that of its public key. A symmetric key proves itself by what only it can do with a random
salt: decrypt what was encrypted at the first import, or compute the same tag (docs/format.md).
"""

from __future__ import annotations

from kmsctl.crypto.integrity import bytes_eq
from kmsctl.errors import InvalidArgument
from kmsctl.model import algorithms
from kmsctl.service import fingerprints

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kmsctl.crypto.backend import KeyMaterial
    from kmsctl.crypto.pkcs11 import TokenBackend
    from kmsctl.model.algorithms import Algorithm

_AAD = b"kmsctl fingerprint"
#: How often a key that counts its encryptions has encrypted when its import is done: once to be
#: tried out, once for its fingerprint.
ENCRYPTIONS = 2


def make(
    token: TokenBackend, algorithm: Algorithm, material: KeyMaterial, random: Callable[[int], bytes]
) -> bytes:
    """Returns the fingerprint of a key in a token."""
    if material.public is not None:
        return fingerprints.make(algorithm, material, random)
    salt = random(fingerprints.SALT_SIZE)
    return salt + _proof(token, algorithm, material.secret, salt)


def matches(fingerprint: bytes, token: TokenBackend, algorithm: Algorithm, material: KeyMaterial) -> bool:
    """Tells whether a fingerprint is of the same key."""
    if material.public is not None:
        return fingerprints.matches(fingerprint, algorithm, material)
    salt, proof = fingerprint[: fingerprints.SALT_SIZE], fingerprint[fingerprints.SALT_SIZE :]
    cka_id = material.secret
    if algorithm.family == algorithms.HMAC:
        return token.mac_verify(algorithm, cka_id, salt, proof)
    try:
        if algorithm.family == algorithms.GOOGLE_SYMMETRIC:
            return bytes_eq(token.decrypt(cka_id, proof, _AAD), salt)
        gcm = algorithm.family == algorithms.AES_GCM
        size = 12 if gcm else 16
        opened = token.raw_decrypt(algorithm, cka_id, proof[size:], iv=proof[:size], aad=_AAD if gcm else b"")
    except InvalidArgument:
        return False
    return bytes_eq(opened, salt)


def _proof(token: TokenBackend, algorithm: Algorithm, cka_id: bytes, salt: bytes) -> bytes:
    if algorithm.family == algorithms.HMAC:
        return token.mac_sign(algorithm, cka_id, salt)
    if algorithm.family == algorithms.GOOGLE_SYMMETRIC:
        return token.encrypt(cka_id, salt, _AAD)
    aad = _AAD if algorithm.family == algorithms.AES_GCM else b""
    made = token.raw_encrypt(algorithm, cka_id, salt, aad=aad)
    return made.iv + made.ciphertext
