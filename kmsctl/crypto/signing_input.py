"""Digests of what is to be signed, taken piece by piece where the data is.

The API signs data of at most 64 KiB; of anything longer its caller sends a digest.
"""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes

from kmsctl.model.algorithms import EXTERNAL_MU, EXTERNAL_MU_SIZE, Digest

_DIGESTS: dict[str, type[hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}


class Digester:
    """Takes the digest of data that is given in pieces.

    Args:
        kind: a field of the API's ``Digest``: ``sha256``, ``sha384``, ``sha512`` or ``external_mu``.
        public_key: for ``external_mu`` the raw ML-DSA public key (FIPS 204), which its message
            representative depends on; else empty.
    """

    __slots__ = ("_hash", "_kind")

    def __init__(self, kind: str, public_key: bytes = b"") -> None:
        self._kind = kind
        if kind == EXTERNAL_MU:
            self._hash = hashes.Hash(hashes.SHAKE256(EXTERNAL_MU_SIZE))
            self._hash.update(_shake256(public_key))
            # Pure ML-DSA, and a context of no bytes (FIPS 204, algorithm 2).
            self._hash.update(b"\x00\x00")
        else:
            self._hash = hashes.Hash(_DIGESTS[kind]())

    def update(self, piece: bytes) -> None:
        self._hash.update(piece)

    def finish(self) -> Digest:
        """Returns the digest of all pieces."""
        return Digest(self._kind, self._hash.finalize())


def _shake256(data: bytes) -> bytes:
    """The hash of a public key, tr (FIPS 204, algorithm 6)."""
    shake = hashes.Hash(hashes.SHAKE256(EXTERNAL_MU_SIZE))
    shake.update(data)
    return shake.finalize()
