"""Tombstones: which versions are destroyed for good, so that no restored copy brings one back.

The row of a destroyed version is its tombstone as long as it is there. Where a restore takes such a row
away, because the copy is older than the version, it leaves a row in the table of tombstones.
"""

from __future__ import annotations

from kmsctl.errors import IntegrityError
from kmsctl.model import states
from kmsctl.store import scrub, versions
from kmsctl.store.tables import CRYPTO_KEY_VERSIONS, CRYPTO_KEYS, TOMBSTONES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kmsctl.model.canonical import Value
    from kmsctl.store.snapshot import Snapshot, Transaction
    from kmsctl.store.tables import Row

_DESTROYED = states.STATE_NUMBERS[states.DESTROYED]
_SCHEDULED = states.STATE_NUMBERS[states.DESTROY_SCHEDULED]


class Tombstone:
    """A version that is destroyed: its random id, its full name, and when it was destroyed (microseconds)."""

    __slots__ = ("destroy_time", "name", "uid")

    def __init__(self, uid: bytes, name: str, destroy_time: int) -> None:
        self.uid = uid
        self.name = name
        self.destroy_time = destroy_time


def each(snapshot: Snapshot) -> Iterator[Tombstone]:
    """Yields what is destroyed in a location, each from a row that was checked.

    A version whose destroy time has passed counts, as far as the clock is believed.
    """
    connection, location = snapshot.connection, snapshot.head.name
    condition = "state = ? OR (state = 4 AND destroy_time <= ?)"
    for row in snapshot.scan(CRYPTO_KEY_VERSIONS, condition, (_DESTROYED, snapshot.trusted_now)):
        name = scrub.name_of(connection, CRYPTO_KEY_VERSIONS, row.id, location)
        yield Tombstone(row.blob("uid"), name, _when(row))
    for row in snapshot.scan(TOMBSTONES, "1 ORDER BY id", ()):
        yield Tombstone(row.blob("uid"), row.text("name"), row.integer("destroy_time"))


def authentic(snapshot: Snapshot) -> list[Tombstone]:
    """Returns what `each` yields; of a damaged database, what can still be believed of it."""
    try:
        return list(each(snapshot))
    except IntegrityError:
        pass
    found = [
        Tombstone(row.blob("uid"), _name(snapshot, row), _when(row))
        for row in scrub.sound(snapshot, CRYPTO_KEY_VERSIONS)
        if row.integer("state") == _DESTROYED or versions.is_due(row, snapshot.trusted_now)
    ]
    found += [
        Tombstone(row.blob("uid"), row.text("name"), row.integer("destroy_time"))
        for row in scrub.sound(snapshot, TOMBSTONES)
    ]
    return found


def _when(row: Row) -> int:
    when = row.optional_integer("destroy_event_time") or row.optional_integer("destroy_time")
    return when or row.integer("create_time")


def _name(snapshot: Snapshot, row: Row) -> str:
    try:
        return scrub.name_of(snapshot.connection, CRYPTO_KEY_VERSIONS, row.id, snapshot.head.name)
    except IntegrityError:
        return f"row {row.id} of {CRYPTO_KEY_VERSIONS.name}"


def returning(snapshot: Snapshot, known: Mapping[bytes, Tombstone]) -> Iterator[tuple[int, Tombstone]]:
    """Yields (row id, tombstone) of the versions in a copy that are destroyed elsewhere, but not in it."""
    # Those that are yet to be made or imported would be, under the id of what is destroyed.
    sql = (
        "SELECT id, uid FROM crypto_key_versions "
        "WHERE state <> ? AND (material IS NOT NULL OR state IN (5, 6)) ORDER BY id"
    )
    for row_id, uid in snapshot.connection.each(sql, (_DESTROYED,)):
        if isinstance(uid, bytes) and isinstance(row_id, int) and uid in known:
            yield row_id, known[uid]


def bury(transaction: Transaction, known: Mapping[bytes, Tombstone]) -> list[str]:
    """Destroys the versions in a copy that are destroyed elsewhere, and keeps the tombstones of all others.

    Returns:
        the names of the versions that were destroyed.
    """
    buried = []
    for row_id, tombstone in list(returning(transaction, known)):
        row = transaction.find(CRYPTO_KEY_VERSIONS, f"CryptoKeyVersion {tombstone.name}", id=row_id)
        if row is None:
            raise IntegrityError(f"CryptoKeyVersion {tombstone.name} disappeared from the copy.")
        versions.bury(transaction, row, tombstone.destroy_time)
        buried.append(tombstone.name)
    there = transaction.connection.all("SELECT uid FROM crypto_key_versions UNION SELECT uid FROM tombstones")
    kept = {uid for (uid,) in there}
    for tombstone in known.values():
        if tombstone.uid not in kept:
            values: dict[str, Value] = {
                "uid": tombstone.uid,
                "name": tombstone.name,
                "destroy_time": tombstone.destroy_time,
            }
            transaction.insert(TOMBSTONES, values)
    return buried


def spare(transaction: Transaction, live: Snapshot) -> list[str]:
    """Gives versions that a copy is to destroy, and that were saved from that since, their whole time anew.

    Else the clock would destroy them as soon as the copy is in place: with their objects in tokens, too.

    Returns:
        the names of the versions.
    """
    spared = []
    scheduled = transaction.scan(CRYPTO_KEY_VERSIONS, "state = 4 ORDER BY id", ())
    present = _counterparts(live, {row.blob("uid") for row in scheduled})
    for row in scheduled:
        now = present.get(row.blob("uid"))
        if now is None or now.integer("state") == _DESTROYED:
            continue
        name = scrub.name_of(transaction.connection, CRYPTO_KEY_VERSIONS, row.id, transaction.head.name)
        if now.integer("state") == _SCHEDULED:
            later = now.integer("destroy_time")
        else:
            key = transaction.find(CRYPTO_KEYS, f"The key of {name}", id=row.integer("key"))
            if key is None:
                raise IntegrityError(f"The key of {name} disappeared from the copy.")
            later = transaction.now + key.integer("destroy_scheduled_duration")
            spared.append(name)
        transaction.update(row, destroy_time=max(later, row.integer("destroy_time")))
    return spared


def _counterparts(live: Snapshot, uids: set[bytes]) -> dict[bytes, Row]:
    """Returns versions by uid, of a database that may be damaged, as far as their rows can be believed."""
    found = {}
    try:
        for uid in uids:
            for (row_id,) in live.connection.all("SELECT id FROM crypto_key_versions WHERE uid = ?", (uid,)):
                row = scrub.row(live, CRYPTO_KEY_VERSIONS, row_id) if isinstance(row_id, int) else None
                if row is not None:
                    found[row.blob("uid")] = row
    except IntegrityError:
        pass
    if found.keys() == uids:
        return found
    # Some are not there, or the index is damaged, which may be why the database is replaced.
    return {row.blob("uid"): row for row in scrub.sound(live, CRYPTO_KEY_VERSIONS) if row.blob("uid") in uids}
