"""Keys derived from keys, tags over rows, digests over sets.

Everything here is specified in docs/format.md: the encoding of values, the labels of derived
keys, the digests of the integrity tree and of the logs.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFHMAC, CounterLocation, Mode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Mac", "bytes_eq", "derive", "digest"]

_SHA256 = SHA256()


def bytes_eq(a: bytes, b: bytes) -> bool:
    """Compares in constant time."""
    # Imports half of hashlib, which commands that encrypt or list can do without.
    from cryptography.hazmat.primitives import constant_time

    return constant_time.bytes_eq(a, b)


def derive(key: bytes, label: bytes, context: bytes) -> bytes:
    """Derives 32 bytes from a 32-byte key: SP 800-108 KBKDF, counter mode, HMAC-SHA256."""
    if len(key) != 32:
        raise ValueError("a key to derive from has 32 bytes")
    derivation = KBKDFHMAC(
        _SHA256,
        Mode.CounterMode,
        length=32,
        rlen=4,
        llen=4,
        location=CounterLocation.BeforeFixed,
        label=label,
        context=context,
        fixed=None,
    )
    return derivation.derive(key)


class Mac:
    """HMAC-SHA256 under one key, for many messages."""

    __slots__ = ("_keyed",)

    def __init__(self, key: bytes) -> None:
        self._keyed = HMAC(key, _SHA256)

    def __call__(self, data: bytes) -> bytes:
        """Returns the 32-byte tag of `data`."""
        mac = self._keyed.copy()
        mac.update(data)
        return mac.finalize()

    def each(self, messages: Iterable[bytes]) -> list[bytes]:
        """Returns the tags of many messages, in order."""
        tags = []
        for data in messages:
            mac = self._keyed.copy()
            mac.update(data)
            tags.append(mac.finalize())
        return tags


def digest(data: bytes) -> bytes:
    """Returns the SHA-256 digest of `data`."""
    hashed = Hash(_SHA256)
    hashed.update(data)
    return hashed.finalize()
