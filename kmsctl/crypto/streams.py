"""Sealed streams: AES-256-GCM over chunks, under a key that is used for one stream alone.

The construction is STREAM (Hoang, Reyhanitabar, Rogaway and Vizár, 2015) as age uses it: the nonce of a chunk
is its number (11 bytes, big endian) and a byte that is 1 for the last chunk and else 0, so no chunk can be
changed, moved, repeated or cut off without notice. docs/format.md, "Containers", has the layout.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CHUNK", "InvalidTag", "Opener", "Sealer"]

#: Bytes of plaintext in each chunk but the last, which may have fewer.
CHUNK = 1 << 16
_TAG = 16


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes((last,))


class Sealer:
    """Seals what is written to it, and gives it to `sink` chunk by chunk."""

    __slots__ = ("_aad", "_buffer", "_cipher", "_number", "_sink")

    def __init__(self, key: bytes, aad: bytes, sink: Callable[[bytes], object]) -> None:
        """Starts a stream.

        Args:
            key: 32 bytes, never used for another stream.
            aad: is bound to every chunk.
            sink: takes the sealed bytes.
        """
        self._cipher = AESGCM(key)
        self._aad = aad
        self._sink = sink
        self._buffer = bytearray()
        self._number = 0

    def write(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) > CHUNK:  # a full one is kept back: it may be the last
            self._seal(bytes(self._buffer[:CHUNK]), last=False)
            del self._buffer[:CHUNK]

    def finish(self) -> None:
        """Seals the last chunk. A stream without it is refused as cut off."""
        self._seal(bytes(self._buffer), last=True)

    def _seal(self, chunk: bytes, *, last: bool) -> None:
        self._sink(self._cipher.encrypt(_nonce(self._number, last=last), chunk, self._aad))
        self._number += 1


class Opener:
    """Opens a sealed stream chunk by chunk: nothing comes out of it that was not authenticated."""

    __slots__ = ("_aad", "_ahead", "_cipher", "_ended", "_number", "_read")

    def __init__(self, key: bytes, aad: bytes, read: Callable[[int], bytes]) -> None:
        """Begins to open.

        Args:
            key: of the stream.
            aad: what it was bound to.
            read: returns up to that many sealed bytes, none only at the end.
        """
        self._cipher = AESGCM(key)
        self._aad = aad
        self._read = read
        self._number = 0
        self._ended = False
        self._ahead = self._take()

    def next(self) -> bytes | None:
        """Returns the plaintext of the next chunk, or None after the last.

        Raises:
            InvalidTag: if the stream was changed or cut off.
        """
        if self._ended:
            return None
        sealed = self._ahead
        self._ahead = self._take() if len(sealed) == CHUNK + _TAG else b""
        self._ended = not self._ahead
        nonce = _nonce(self._number, last=self._ended)
        if len(sealed) < _TAG:
            raise InvalidTag
        self._number += 1
        return self._cipher.decrypt(nonce, sealed, self._aad)

    def _take(self) -> bytes:
        """Reads a whole sealed chunk, or what is left: pipes give what they have."""
        parts = []
        missing = CHUNK + _TAG
        while missing and (part := self._read(missing)):
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)
