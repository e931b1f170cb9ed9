"""Reading a whole log to find what is wrong with it, without trusting any of it but the heads."""

from __future__ import annotations

from kmsctl.errors import IntegrityError
from kmsctl.model.log_tree import LogTree, leaf_hash
from kmsctl.store import audit_log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

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
    make, digest = audit_log.tagger(snapshot), _digest()
    tree = LogTree(digest, head.removed, head.removed_edge)
    left = dict(known or {})
    total, sound = head.sequence - head.removed, True
    if tree.size in left and tree.root() != left.pop(tree.size):
        yield _diverged(tree.size)
    for *values, text, tag in audit_log.listed(snapshot):
        number = values[0]
        if not isinstance(number, int) or not head.removed < number <= head.sequence:
            sound = False
            yield _added(head.removed, head.sequence, number)
            continue
        if number > tree.size + 1:
            sound = False
            yield _removed(tree.size + 1, number - 1)
            tree = LogTree(digest, number - 1, bytes(32 * (number - 1).bit_count()))  # of no more use
        leaf = leaf_hash(digest, text.encode() if isinstance(text, str) else b"")
        if not isinstance(text, str) or not audit_log.fits(make, values, leaf, tag):
            sound = False
            yield _edited(snapshot, number, text)
        tree.append(leaf)
        if sound and tree.size in left and tree.root() != left.pop(tree.size):
            yield _diverged(tree.size)
        if progress is not None and tree.size % _STEP == 0:
            progress(tree.size - head.removed, total)
    if tree.size < head.sequence:
        sound = False
        yield _removed(tree.size + 1, head.sequence)
    if sound and tree.edge != head.edge:
        text = "The records as a whole are not those that the head vouches for: some are of another history."
        yield Damage(REPLACED, head.removed + 1, head.sequence, text)
    yield from _indexes(snapshot)
    if progress is not None:
        progress(total, total)


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
