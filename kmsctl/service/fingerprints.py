"""Fingerprints of imported material: what tells, after it was destroyed, that the same key comes back.

A fingerprint is a random salt and the HMAC-SHA256 of the key's identity under it, and is stored
encrypted by the location's master key, like material (docs/format.md, "Fingerprints").
"""

from __future__ import annotations

from kmsctl.crypto.integrity import Mac, bytes_eq
from kmsctl.model import algorithms
from kmsctl.model.canonical import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kmsctl.crypto.backend import KeyMaterial
    from kmsctl.model.algorithms import Algorithm

SALT_SIZE = 32


def make(algorithm: Algorithm, material: KeyMaterial, random: Callable[[int], bytes]) -> bytes:
    """Returns the fingerprint of material: salt ‖ tag."""
    return _tagged(random(SALT_SIZE), algorithm, material)


def matches(fingerprint: bytes, algorithm: Algorithm, material: KeyMaterial) -> bool:
    """Tells whether a fingerprint is of the same key."""
    return bytes_eq(_tagged(fingerprint[:SALT_SIZE], algorithm, material), fingerprint)


def _tagged(salt: bytes, algorithm: Algorithm, material: KeyMaterial) -> bytes:
    identity = encode(("fingerprint", algorithm.number, _identity(algorithm, material)))
    return salt + Mac(salt)(identity)


def _identity(algorithm: Algorithm, material: KeyMaterial) -> bytes:
    """Returns what makes a key the same: its bytes, or the public key, which determines the private one.

    A private key has many encodings, a public key has one. The public key of SLH-DSA leaves a part of
    the private one open (SK.prf).
    """
    if material.public is None or algorithm.family in (algorithms.SLH_DSA, algorithms.HASH_SLH_DSA):
        return material.secret
    return material.public
