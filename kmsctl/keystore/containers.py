"""Containers: files that leave the databases sealed: backups, snapshots, tombstones, moved rings.

A header that can be read without any key, then a sealed stream of compressed content that begins with a
manifest. docs/format.md, "Containers", has the bytes.
"""

from __future__ import annotations

import zlib

from kmsctl.crypto.integrity import bytes_eq, digest
from kmsctl.crypto.streams import InvalidTag, Opener, Sealer
from kmsctl.errors import FailedPrecondition, IntegrityError, InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Read = Callable[[int], bytes]

MAGIC = b"KMCFILE"
FORMAT = 1
BACKUP, SNAPSHOT, TOMBSTONES, RINGS = 1, 2, 3, 4
KINDS = {
    BACKUP: "backup",
    SNAPSHOT: "snapshot",
    TOMBSTONES: "list of tombstones",
    RINGS: "export of key rings",
}
_FIXED = 45
_MOST_SECTION = 1 << 16
#: Of what the holder of the root key made. An export of key rings can be made up by anybody.
_MOST_MANIFEST, _MOST_MANIFEST_OF_RINGS = 1 << 28, 1 << 21
_LEVEL = 1


class Header:
    """The readable beginning of a container.

    Attributes:
        kind: BACKUP, SNAPSHOT, TOMBSTONES or RINGS.
        store_id: of the store that made it.
        file_id: 16 random bytes.
        section: JSON that says which root key opens it, and what else does; may be empty.
    """

    __slots__ = ("file_id", "kind", "section", "store_id")

    def __init__(self, kind: int, store_id: bytes, file_id: bytes, section: bytes = b"") -> None:
        self.kind = kind
        self.store_id = store_id
        self.file_id = file_id
        self.section = section

    def encode(self) -> bytes:
        fixed = MAGIC + bytes((FORMAT, self.kind)) + self.store_id + self.file_id
        return fixed + len(self.section).to_bytes(4, "big") + self.section

    @classmethod
    def read(cls, read: Read, label: str) -> Header:
        """Reads a header; `label` names the file in errors.

        Raises:
            InvalidArgument: if it is no container.
            FailedPrecondition: if a newer release wrote it.
            IntegrityError: if it is cut off.
        """
        fixed = _exactly(read, _FIXED)
        if not fixed.startswith(MAGIC):
            raise InvalidArgument(f"{label} is not a file that kmsctl made.")
        if len(fixed) > len(MAGIC) and fixed[7] != FORMAT:
            raise FailedPrecondition(
                f"{label} has format {fixed[7]}; this release reads format {FORMAT}.",
                hint="Use the newer kmsctl that wrote it." if fixed[7] > FORMAT else None,
            )
        size = int.from_bytes(fixed[41:45], "big")
        if len(fixed) != _FIXED or fixed[8] not in KINDS or size > _MOST_SECTION:
            raise altered(label)
        section = _exactly(read, size)
        if len(section) != size:
            raise altered(label)
        return cls(fixed[8], fixed[9:25], fixed[25:41], section)

    def say(self, **more: object) -> None:
        """Adds members to the section."""
        from json import dumps

        self.section = dumps({**self.sections(""), **more}, sort_keys=True).encode()

    def sections(self, label: str) -> dict[str, Any]:
        """Returns the section, parsed. It is not to be believed before the first chunk was opened."""
        from json import loads

        if not self.section:
            return {}
        try:
            found = loads(self.section)
        except (ValueError, RecursionError):
            raise altered(label) from None
        if not isinstance(found, dict):
            raise altered(label)
        return found


class Writer:
    """Writes a container piece by piece."""

    __slots__ = ("_pack", "_sealer")

    def __init__(
        self, header: Header, key: bytes, manifest: dict[str, object], sink: Callable[[bytes], object]
    ) -> None:
        from json import dumps

        encoded = header.encode()
        sink(encoded)
        self._sealer = Sealer(key, digest(encoded), sink)
        self._pack = zlib.compressobj(_LEVEL)
        text = dumps(manifest, sort_keys=True, separators=(",", ":")).encode()
        self.write(len(text).to_bytes(4, "big") + text)

    def write(self, data: bytes) -> None:
        self._sealer.write(self._pack.compress(data))

    def finish(self) -> None:
        self._sealer.write(self._pack.flush())
        self._sealer.finish()


class Reader:
    """Reads a container piece by piece; what it returns was authenticated."""

    __slots__ = ("_buffer", "_key", "_label", "_opener", "_pack", "manifest")

    def __init__(self, header: Header, key: bytes, read: Read, label: str) -> None:
        """Opens a container whose header was read.

        Raises:
            IntegrityError: if it was changed or cut off, or the key is another one.
        """
        from json import loads

        self._key = key
        self._label = label
        self._buffer = bytearray()
        self._pack = zlib.decompressobj()
        self._opener = Opener(key, digest(header.encode()), read)
        size = int.from_bytes(self.read(4), "big")
        if size > (_MOST_MANIFEST_OF_RINGS if header.kind == RINGS else _MOST_MANIFEST):
            raise altered(label)
        try:
            found = loads(self.read(size))
        except (ValueError, RecursionError):
            raise altered(label) from None
        if not isinstance(found, dict):
            raise altered(label)
        #: What the container says of its content.
        self.manifest: dict[str, Any] = found

    def is_under(self, key: bytes) -> bool:
        """Tells whether this is the key that the container was opened with."""
        return bytes_eq(self._key, key)

    def read(self, size: int) -> bytes:
        """Returns exactly that many bytes."""
        while len(self._buffer) < size:
            if not self._fill():
                raise altered(self._label)
        found = bytes(self._buffer[:size])
        del self._buffer[:size]
        return found

    def finish(self) -> None:
        """Checks that nothing is left, and that the end is that of the file."""
        while not self._buffer:
            if not self._fill():
                break
        if self._buffer or not self._pack.eof or self._pack.unused_data:
            raise altered(self._label)

    def _fill(self) -> bool:
        try:
            chunk = self._opener.next()
            if chunk is None:
                return False
            self._buffer += self._pack.decompress(chunk)
        except (InvalidTag, zlib.error):
            raise altered(self._label) from None
        return True


def altered(label: str) -> IntegrityError:
    return IntegrityError(
        f"{label} was changed or cut off, or was made under another root key.",
        hint="Use another copy of it.",
    )


def _exactly(read: Read, size: int) -> bytes:
    parts = []
    while size and (part := read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
