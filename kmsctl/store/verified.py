"""What was found whole when the store was last verified: the digests of all buckets, under a tag.

``data/verified/DATABASE`` (docs/format.md, "Verified buckets"). A bucket whose rows have the same tags
as then need not be read again to know what was changed since. Whoever puts an older one in its place only
makes for more to read; a newer one cannot be made without the master key.
"""

from __future__ import annotations

import os

from kmsctl.errors import IntegrityError, StoreError
from kmsctl.model.canonical import encode
from kmsctl.store.files import make_directory, os_failure, read_private, sync_directory, write_new

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from kmsctl.store.heads import Head
    from kmsctl.store.ports import DatabaseKeys
    from kmsctl.store.snapshot import Snapshot

    #: number of a table → node → digest of the bucket
    Buckets = Mapping[int, Mapping[int, bytes]]

DIRECTORY = "verified"
_MAGIC = b"KMSVFD\x00\x01"
_NEW = ".new"
#: A bucket takes 40 bytes: this is enough for a hundred million rows.
_LIMIT = 1 << 26
_ENTRY = 40
#: Magic, master key, times and numbers, tag.
_SMALLEST = 8 + 4 + 20 + 32


class Verified:
    """What a database was when it was verified.

    Attributes:
        buckets: the digests of the buckets that were whole.
        read_time: when every row was last read, in microseconds since 1970.
        sequence, edge: of the log of audit records, as far as it was checked.
    """

    __slots__ = ("buckets", "edge", "read_time", "sequence")

    def __init__(self, buckets: Buckets, read_time: int, sequence: int, edge: bytes) -> None:
        self.buckets = buckets
        self.read_time = read_time
        self.sequence = sequence
        self.edge = edge

    def save(self, data_directory: str, snapshot: Snapshot) -> None:
        """Writes it whole, or not at all."""
        directory = os.path.join(data_directory, DIRECTORY)
        make_directory(directory)
        path = os.path.join(directory, snapshot.head.name)
        beside = f"{path}{_NEW}-{os.getpid()}"
        try:
            write_new(beside, self.encode(snapshot.keys, snapshot.head))
            os.replace(beside, path)
            sync_directory(directory)
        except OSError as error:
            raise os_failure(error, "write", path) from None
        finally:
            if os.path.lexists(beside):
                os.unlink(beside)

    def encode(self, keys: DatabaseKeys, head: Head) -> bytes:
        """Returns the bytes of the file."""
        parts = [self.read_time.to_bytes(8, "big"), self.sequence.to_bytes(8, "big")]
        parts += [len(self.edge).to_bytes(4, "big"), self.edge]
        for table, buckets in sorted(self.buckets.items()):
            parts.append(table.to_bytes(4, "big") + len(buckets).to_bytes(4, "big"))
            parts += [index.to_bytes(8, "big") + digest for index, digest in sorted(buckets.items())]
        body = b"".join(parts)
        return _MAGIC + keys.current.to_bytes(4, "big") + body + _tag(keys, head, keys.current, body)

    @classmethod
    def load(cls, data_directory: str, snapshot: Snapshot) -> Verified | None:
        """Returns what was recorded, or None if nothing was, or if it is not as it was written."""
        path = os.path.join(data_directory, DIRECTORY, snapshot.head.name)
        try:
            content = read_private(path, _LIMIT)
        except (StoreError, IntegrityError):
            return None
        return None if content is None else cls.decode(content, snapshot.keys, snapshot.head)

    @classmethod
    def decode(cls, content: bytes, keys: DatabaseKeys, head: Head) -> Verified | None:
        """Returns what the bytes of a file say, or None if they are not as they were written."""
        if len(content) < _SMALLEST or content[:8] != _MAGIC:
            return None
        mk, body = int.from_bytes(content[8:12], "big"), content[12:-32]
        if not keys.knows(mk) or _tag(keys, head, mk, body) != content[-32:]:
            return None
        buckets: dict[int, dict[int, bytes]] = {}
        at = 20 + int.from_bytes(body[16:20], "big")
        edge = body[20:at]
        while at < len(body):
            table, count = (
                int.from_bytes(body[at : at + 4], "big"),
                int.from_bytes(body[at + 4 : at + 8], "big"),
            )
            at += 8
            buckets[table] = {
                int.from_bytes(body[place : place + 8], "big"): body[place + 8 : place + _ENTRY]
                for place in range(at, at + count * _ENTRY, _ENTRY)
            }
            at += count * _ENTRY
        return cls(buckets, int.from_bytes(body[:8], "big"), int.from_bytes(body[8:16], "big"), edge)


def is_leftover(entry: str) -> bool:
    """Tells whether a file of the directory was left half written."""
    return _NEW in entry


def _tag(keys: DatabaseKeys, head: Head, mk: int, body: bytes) -> bytes:
    return keys.head_tag(mk, encode(("verified", head.store_id, head.name, keys.digest(body))))
