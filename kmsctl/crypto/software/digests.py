"""The digests of the table of algorithms, as `cryptography` has them."""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.model.algorithms import Algorithm

_DIGESTS: dict[str | None, type[hashes.HashAlgorithm]] = {
    "SHA1": hashes.SHA1,
    "SHA224": hashes.SHA224,
    "SHA256": hashes.SHA256,
    "SHA384": hashes.SHA384,
    "SHA512": hashes.SHA512,
}


def digest_of(algorithm: Algorithm) -> hashes.HashAlgorithm:
    """Returns the digest of an algorithm that has one."""
    return _DIGESTS[algorithm.digest]()
