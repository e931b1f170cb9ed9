"""The anchor: what each database was last known to hold, kept outside the data directory.

A file of 256-byte records, two copies of each, written in turn and synced, so that a torn write
leaves the other. Record 0 is the header, the others one slot a database. Every record carries a
tag under a key derived from the root key. docs/format.md, "Anchor", has the layout.
"""

from __future__ import annotations

import fcntl
import os

from kmsctl.errors import IntegrityError, StoreAccess
from kmsctl.store.files import check_private, os_failure, write_new
from kmsctl.store.probes import no_probe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kmsctl.store.probes import Probe

    Tagger = Callable[[bytes], bytes]

MAGIC = b"KMSANC\x00\x01"
RECORD = 256
_BODY = RECORD - 32
_NAME = 64


class Mark:
    """What one slot says of one database.

    Attributes:
        name: a location id, or ``control``.
        epoch: 16 random bytes; drawn anew when a rollback is accepted.
        generation, head_tag: of the newest acknowledged state of the resources.
        audit_sequence, audit_tag: of the newest acknowledged audit record.
        lost: the owner accepted that the database is gone; a new one may be made.
    """

    __slots__ = ("audit_sequence", "audit_tag", "epoch", "generation", "head_tag", "lost", "name")

    def __init__(
        self,
        name: str,
        epoch: bytes,
        generation: int,
        head_tag: bytes,
        audit_sequence: int,
        audit_tag: bytes,
        *,
        lost: bool = False,
    ) -> None:
        self.name = name
        self.epoch = epoch
        self.generation = generation
        self.head_tag = head_tag
        self.audit_sequence = audit_sequence
        self.audit_tag = audit_tag
        self.lost = lost

    def encode(self) -> bytes:
        return b"".join(
            (
                self.name.encode("ascii").ljust(_NAME, b"\0"),
                self.epoch,
                self.generation.to_bytes(8, "big"),
                self.head_tag,
                self.audit_sequence.to_bytes(8, "big"),
                self.audit_tag,
                bytes((self.lost,)),
            )
        )

    @classmethod
    def decode(cls, body: bytes) -> Mark:
        return cls(
            body[:64].rstrip(b"\0").decode("ascii"),
            body[64:80],
            int.from_bytes(body[80:88], "big"),
            body[88:120],
            int.from_bytes(body[120:128], "big"),
            body[128:160],
            lost=bool(body[160]),
        )


class Anchor:
    """The anchor file of one store. Safe to share between threads: it keeps nothing open."""

    __slots__ = ("_others", "_probe", "_seen", "_store_id", "_tag", "path")

    def __init__(
        self,
        path: str,
        store_id: bytes,
        tag: Tagger,
        probe: Probe = no_probe,
        others: Callable[[], Sequence[Tagger]] = tuple,
    ) -> None:
        """Opens nothing yet.

        Args:
            path: of the file.
            store_id: of the store.
            tag: makes the tags, as far as is known.
            probe: told the name of each step.
            others: what else may make the tags by now: the root key is rotated while the store is in use.
        """
        self.path = path
        self._store_id = store_id
        self._tag = tag
        self._probe = probe
        self._others = others
        #: What the file held when it was last read, and the marks in it: the same bytes need no second check.
        self._seen: tuple[bytes | None, list[Mark]] = (None, [])

    def create(self) -> None:
        """Writes a new anchor without slots; the file must not exist."""
        header = self._header(0)
        write_new(self.path, record_of(self._tag, 0, 1, header) + record_of(self._tag, 1, 0, header))

    def find(self, name: str) -> Mark | None:
        """Returns the mark of a database, or None if it was never anchored."""
        for mark in self.marks():
            if mark.name == name:
                return mark
        return None

    def marks(self) -> list[Mark]:
        """Returns the marks of all databases, in the order they were first used."""
        content = self._read()
        seen, marks = self._seen
        if seen != content:
            view = self._view(content)
            if not view.is_readable():
                content = self._read()  # it was tagged anew while another thread looked at what it had been
                view = self._view(content)
            marks = [mark for _, mark in view.slots()]
            self._seen = (content, marks)
        return marks

    def raise_to(self, mark: Mark, *, new_epoch: bool = False) -> None:
        """Records a newer state, never an older one; returns when it is on the disk.

        Args:
            mark: what the database holds now.
            new_epoch: also take the place of a mark with another epoch (a rollback was accepted).
        """
        descriptor = self._lock()
        try:
            view = self._view(self._pread(descriptor))
            slot, known = view.slot_of(mark.name)
            if known is not None:
                if known.epoch == mark.epoch:
                    mark = _newest(known, mark)
                    if mark is known:
                        return
                elif not new_epoch:
                    raise IntegrityError(f"The anchor of '{mark.name}' is of another epoch.")
            self._put(descriptor, view, 1 + slot, mark.encode())
            self._probe("anchor.slot")
            if known is None:
                self._put(descriptor, view, 0, self._header(slot + 1))
                self._probe("anchor.header")
        except OSError as error:
            raise os_failure(error, "write", self.path) from None
        finally:
            os.close(descriptor)

    def check_writable(self) -> None:
        """Refuses to go on where `raise_to` could not: better before a commit than after it."""
        if check_private(self.path, directory=False) is not None and not os.access(self.path, os.W_OK):
            raise self._inaccessible("it is not writable")

    def damage(self) -> list[str]:
        """Returns which of the records have lost one of their two copies.

        A torn write leaves one; somebody who wants to take the anchor one step back would, too.
        """
        view = self._view(self._read())
        found = []
        for record in range(1 + view.count()):
            copies = list(view.copies(record))
            if len(copies) < min(2, view.newest_copy(record)[1]):
                found.append(f"Record {record} of the anchor {self.path} has lost one of its two copies.")
        return found

    def complete(self) -> int:
        """Writes the second copy of each record that has lost it again, and returns of how many."""
        descriptor = self._lock()
        completed = 0
        try:
            view = self._view(self._pread(descriptor))
            for record in range(1 + view.count()):
                _, sequence, body = view.newest_copy(record)
                if len(list(view.copies(record))) < min(2, sequence):
                    self._put(descriptor, view, record, body.rstrip(b"\0"))
                    completed += 1
        except OSError as error:
            raise os_failure(error, "write", self.path) from None
        finally:
            os.close(descriptor)
        return completed

    def _inaccessible(self, why: str) -> StoreAccess:
        return StoreAccess(
            f"The anchor {self.path} cannot be opened: {why}.",
            hint="The configuration directory must be writable, whatever protects the root key.",
        )

    def _open(self, flags: int) -> int:
        if check_private(self.path, directory=False) is None:
            raise IntegrityError(
                f"The anchor {self.path} is missing.",
                hint="Bring the configuration directory back from where it was moved or from a copy. "
                "Without its anchor a store cannot tell whether it was rolled back.",
            )
        try:
            return os.open(self.path, flags | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise self._inaccessible(str(error.strerror)) from None

    def _pread(self, descriptor: int) -> bytes:
        return os.pread(descriptor, os.fstat(descriptor).st_size, 0)

    def _read(self) -> bytes:
        descriptor = self._open(os.O_RDONLY)
        try:
            return self._pread(descriptor)
        except OSError as error:
            raise os_failure(error, "read", self.path) from None
        finally:
            os.close(descriptor)

    def _header(self, count: int) -> bytes:
        return MAGIC + self._store_id + count.to_bytes(4, "big")

    def _view(self, content: bytes) -> _View:
        """Returns what the file holds, by whichever root key it is tagged."""
        view = _View(self.path, self._store_id, self._tag, content)
        if not view.is_readable():
            for tag in self._others():
                other = _View(self.path, self._store_id, tag, content)
                if other.is_readable():
                    self._tag = tag
                    return other
        return view

    def _lock(self) -> int:
        """Opens the file to write, and locks it: the one that has the name, not one that was replaced."""
        while True:
            descriptor = self._open(os.O_RDWR)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                if _is_at(descriptor, self.path):
                    return descriptor
            except OSError as error:
                os.close(descriptor)
                raise os_failure(error, "lock", self.path) from None
            os.close(descriptor)

    def retag(self, tag: Tagger) -> None:
        """Writes the file anew with tags under another root key, in the place of the one that is there.

        Both copies of each record are written, and nothing in them changes.
        """
        from kmsctl.store.replacing import replace

        descriptor = self._lock()
        try:
            view = self._view(self._pread(descriptor))
            bodies = [view.newest_copy(record)[2] for record in range(1 + view.count())]
            content = b"".join(
                record_of(tag, 2 * record, 2, body) + record_of(tag, 2 * record + 1, 1, body)
                for record, body in enumerate(bodies)
            )
            replace(self.path, content, self._probe)
            self._tag = tag
        finally:
            os.close(descriptor)

    def _put(self, descriptor: int, view: _View, record: int, body: bytes) -> None:
        newest = max(view.copies(record), key=lambda copy: copy[1], default=None)
        place, sequence = (2 * record, 1) if newest is None else (newest[0] ^ 1, newest[1] + 1)
        data = record_of(view.tag, place, sequence, body)
        if os.pwrite(descriptor, data, place * RECORD) != len(data):
            raise StoreAccess(f"The anchor {self.path} could not be written whole.")
        os.fsync(descriptor)


class _View:
    """What the file held at one moment, and the tags that vouch for it."""

    __slots__ = ("_content", "_path", "_store_id", "tag")

    def __init__(self, path: str, store_id: bytes, tag: Tagger, content: bytes) -> None:
        self._path = path
        self._store_id = store_id
        self.tag = tag
        self._content = content

    def is_readable(self) -> bool:
        """Tells whether the header is tagged by this root key."""
        return any(self.copies(0))

    def copies(self, record: int) -> Iterator[tuple[int, int, bytes]]:
        """Yields (place, sequence, body) of the valid copies of a record."""
        for place in (2 * record, 2 * record + 1):
            raw = self._content[place * RECORD : (place + 1) * RECORD]
            if len(raw) == RECORD and self.tag(place.to_bytes(4, "big") + raw[:_BODY]) == raw[_BODY:]:
                yield place, int.from_bytes(raw[:8], "big"), raw[8:_BODY]

    def newest_copy(self, record: int) -> tuple[int, int, bytes]:
        copies = list(self.copies(record))
        if not copies:
            under = " or was written under another root key" * (not record)
            raise IntegrityError(
                f"The anchor {self._path} is damaged{under} (record {record}).",
                hint="Bring it back from a copy of the configuration directory.",
            )
        return max(copies, key=lambda copy: copy[1])

    def count(self) -> int:
        body = self.newest_copy(0)[2]
        if body[:24] != MAGIC + self._store_id:
            raise IntegrityError(f"The anchor {self._path} is of another store or a newer format.")
        return int.from_bytes(body[24:28], "big")

    def slots(self) -> Iterator[tuple[int, Mark]]:
        for slot in range(self.count()):
            yield slot, Mark.decode(self.newest_copy(1 + slot)[2])

    def slot_of(self, name: str) -> tuple[int, Mark | None]:
        """Returns the slot of a database and what it says, or the next free slot."""
        for slot, mark in self.slots():
            if mark.name == name:
                return slot, mark
        return self.count(), None


def record_of(tag: Tagger, place: int, sequence: int, body: bytes) -> bytes:
    """Returns one copy of a record, for its place."""
    filled = (sequence.to_bytes(8, "big") + body).ljust(_BODY, b"\0")
    return filled + tag(place.to_bytes(4, "big") + filled)


def _is_at(descriptor: int, path: str) -> bool:
    """Tells whether an open file is the one that a path names now."""
    mine = os.fstat(descriptor)
    try:
        there = os.lstat(path)
    except FileNotFoundError:
        return False
    return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)


def _newest(known: Mark, mark: Mark) -> Mark:
    """Joins two marks of one epoch: each half is never lowered."""
    resources = known if known.generation >= mark.generation else mark
    records = known if known.audit_sequence >= mark.audit_sequence else mark
    if resources is records and known.lost == mark.lost:
        return resources
    return Mark(
        mark.name,
        mark.epoch,
        resources.generation,
        resources.head_tag,
        records.audit_sequence,
        records.audit_tag,
        lost=mark.lost,
    )
