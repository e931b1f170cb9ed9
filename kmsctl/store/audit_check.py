"""Reading a whole log to find what is wrong with it, without trusting any of it but the heads."""

from __future__ import annotations

from kmsctl.errors import IntegrityError
from kmsctl.model.log_tree import LogTree, leaf_hash
from kmsctl.store import audit_log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kmsctl.model.canonical import Value
    from kmsctl.store.snapshot import Snapshot

    Progress = Callable[[int, int], None]

EDITED = "EDITED"
REMOVED = "REMOVED"
ADDED = "ADDED"
MOVED = "MOVED"
REPLACED = "REPLACED"
DIVERGED = "DIVERGED"
INDEX = "INDEX"
_STEP = 5000


class Damage:
    """Something that is wrong with the records `first` to `last`.

    `kind` is EDITED, REMOVED, ADDED, MOVED (another record stands in its place), REPLACED (authentic records
    of another history), DIVERGED (not what a checkpoint said) or INDEX (what finds them is damaged).
    """

    __slots__ = ("first", "kind", "last", "message")

    def __init__(self, kind: str, first: int, last: int, message: str) -> None:
        self.kind = kind
        self.first = first
        self.last = last
        self.message = message


def damage(
    snapshot: Snapshot, progress: Progress | None = None, known: Mapping[int, bytes] | None = None
) -> Iterator[Damage]:
    """Yields what is wrong with the records of a database, in their order.

    Args:
        snapshot: the database. Its heads were checked.
        progress: called with (records done, records in all) from time to time.
        known: sizes of the log, at which it had these roots.
    """
    head = snapshot.audit
    check = _Check(snapshot, known or {})
    yield from check.start()
    for raw in audit_log.listed(snapshot):
        yield from check.add(raw)
        if progress is not None and check.size % _STEP == 0:
            progress(check.size - head.removed, head.sequence - head.removed)
    yield from check.finish()
    yield from _indexes(snapshot)
    if progress is not None:
        progress(head.sequence - head.removed, head.sequence - head.removed)


def follows(snapshot: Snapshot, sequence: int, edge: bytes) -> bool:
    """Tells whether the records after one, from the edge that the log had there, lead up to the head.

    Raises:
        IntegrityError: if one of them is not as it was written.
    """
    tree = LogTree(snapshot.keys.digest, sequence, edge)
    for record in audit_log.select(snapshot, "sequence > ? ORDER BY sequence", (sequence,)):
        if record.sequence != tree.size + 1:
            return False
        tree.append(leaf_hash(snapshot.keys.digest, record.text.encode()))
    return (tree.size, tree.edge) == (snapshot.audit.sequence, snapshot.audit.edge)


class _Check:
    """Follows a log, record by record."""

    __slots__ = ("_digest", "_known", "_make", "_snapshot", "_sound", "_tree")

    def __init__(self, snapshot: Snapshot, known: Mapping[int, bytes]) -> None:
        head = snapshot.audit
        self._snapshot = snapshot
        self._make = audit_log.tagger(snapshot)
        self._digest = _digest()
        self._tree = LogTree(self._digest, head.removed, head.removed_edge)
        self._known = known
        self._sound = True

    @property
    def size(self) -> int:
        return self._tree.size

    def start(self) -> Iterator[Damage]:
        """Yields what is wrong with the records that are no longer there."""
        if not self._is_as_known():
            yield _diverged(self.size)

    def add(self, raw: tuple[Value, ...]) -> Iterator[Damage]:
        """Takes the next record. Yields what is wrong with it, and with what should stand before it."""
        *values, text, tag = raw
        head, number = self._snapshot.audit, values[0]
        if not isinstance(number, int) or not head.removed < number <= head.sequence:
            self._sound = False
            yield _added(head.removed, head.sequence, number)
            return
        if number > self.size + 1:
            yield self._missing_before(number)
        leaf = leaf_hash(self._digest, text.encode() if isinstance(text, str) else b"")
        if not isinstance(text, str) or not audit_log.fits(self._make, values, leaf, tag):
            self._sound = False
            yield _edited(self._snapshot, number, text)
        self._tree.append(leaf)
        if self._known and self._sound and not self._is_as_known():
            yield _diverged(self.size)

    def finish(self) -> Iterator[Damage]:
        """Compares all records with the head."""
        head = self._snapshot.audit
        if self.size < head.sequence:
            yield self._missing_before(head.sequence + 1)
        if self._sound and self._tree.edge != head.edge:
            text = (
                "The records as a whole are not those that the head vouches for: some are of another history."
            )
            yield Damage(REPLACED, head.removed + 1, head.sequence, text)

    def _missing_before(self, number: int) -> Damage:
        first = self.size + 1
        self._sound = False
        # What it holds is of no more use; it goes on counting.
        self._tree = LogTree(self._digest, number - 1, bytes(32 * (number - 1).bit_count()))
        return _removed(first, number - 1)

    def _is_as_known(self) -> bool:
        said = self._known.get(self.size)
        return said is None or said == self._tree.root()


def _digest() -> Callable[[bytes], bytes]:
    """Returns SHA-256, the quicker one: a log has many records."""
    from hashlib import sha256

    return lambda data: sha256(data).digest()


def _removed(first: int, last: int) -> Damage:
    what = f"Record {first} was removed" if first == last else f"Records {first} to {last} were removed"
    return Damage(REMOVED, first, last, what + ".")


def _added(removed: int, last: int, number: object) -> Damage:
    place = number if isinstance(number, int) else 0
    text = (
        f"Record {number} is none of this log, which has the records {removed + 1} to {last}: it was added."
    )
    return Damage(ADDED, place, place, text)


def _edited(snapshot: Snapshot, number: int, text: object) -> Damage:
    """Tells a record that was changed from one that another was put in the place of."""
    from json import loads

    try:
        said = str(loads(str(text))["insertId"])
    except (ValueError, TypeError, KeyError, RecursionError):
        said = ""
    epoch, _, own = said.rpartition("-")
    if own.isdecimal() and int(own) != number and snapshot.head.epoch.hex().startswith(epoch):
        return Damage(MOVED, number, number, f"In the place of record {number} stands record {int(own)}.")
    return Damage(EDITED, number, number, f"Record {number} was changed.")


def _diverged(size: int) -> Damage:
    text = (
        f"The first {size} records are not those that the checkpoint was signed for: "
        "the log was rolled back, or written anew."
    )
    return Damage(DIVERGED, 1, size, text)


def _indexes(snapshot: Snapshot) -> Iterator[Damage]:
    """Looks at the indexes of the records: a damaged one would hide records from whoever reads the log."""
    try:
        found = [str(row[0]) for row in snapshot.connection.all("PRAGMA integrity_check(audit)")]
    except IntegrityError as error:
        found = [error.message]
    for text in found[:5]:
        if text != "ok":
            yield Damage(INDEX, 0, 0, f"What finds the records is damaged: {text}.")
