"""Reading whole tables in blocks, to check each block at once: fast, and without SQLite in between.

What is plainly right is right. Whatever is not is only doubted here, and looked at again by the
checks that say what is wrong with it (`kmsctl.service.verification`).
"""

from __future__ import annotations

from kmsctl.model.canonical import encode
from kmsctl.model.states import HOLDS_MATERIAL, STATE_NUMBERS
from kmsctl.store.snapshot import all_fit
from kmsctl.store.tables import AUDIT_KEYS, CRYPTO_KEY_VERSIONS, IMPORT_JOBS
from kmsctl.store.tree import BITS, MAX_ID, node_data

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from kmsctl.store.ports import DatabaseKeys
    from kmsctl.store.snapshot import Snapshot
    from kmsctl.store.tables import Table

    #: what SQLite has
    Raw = tuple[Any, ...]
    #: (node, its digest) of each bucket, and the ids of the rows to look at again
    Swept = tuple[list[tuple[int, bytes]], list[int]]

#: Rows to a block: 16,384 versions are some 15 MB, and a tenth of a second of work.
BLOCK = 1 << 14

_VERSIONS = (
    f"SELECT {CRYPTO_KEY_VERSIONS.qualified('t')}, r.project, r.name, k.name FROM crypto_key_versions AS t "
    "LEFT JOIN crypto_keys AS k ON k.id = t.key LEFT JOIN key_rings AS r ON r.id = k.ring"
)
_HOLDING = frozenset(STATE_NUMBERS[state] for state in HOLDS_MATERIAL)


def bucket_of(row_id: int) -> int:
    """Returns the bucket of the integrity tree that a row is in. There is no row below 1: one shows."""
    return max(row_id, 0) >> BITS


def blocks(snapshot: Snapshot, table: Table, buckets: range | None = None) -> Iterator[list[Raw]]:
    """Yields the raw rows of a table in id order (of these buckets, or all), whole buckets at a time."""
    select = (
        _VERSIONS if table is CRYPTO_KEY_VERSIONS else f"SELECT {table.qualified('t')} FROM {table.name} AS t"
    )
    if buckets is None:
        reading = snapshot.connection.chunks(f"{select} ORDER BY t.id", (), BLOCK)
    else:
        first, last = buckets.start << BITS if buckets.start else -(1 << 63), (buckets.stop << BITS) - 1
        reading = snapshot.connection.chunks(
            f"{select} WHERE t.id BETWEEN ? AND ? ORDER BY t.id", (first, last), BLOCK
        )
    rest: list[Raw] = []
    for chunk in reading:
        rows = rest + chunk
        last = _bucket(rows[-1])
        end = len(rows)
        while end and _bucket(rows[end - 1]) == last:
            end -= 1
        if end:
            yield rows[:end]
        rest = rows[end:]
    if rest:
        yield rest


def _bucket(raw: Raw) -> int:
    return bucket_of(raw[0])  # an INTEGER PRIMARY KEY: SQLite has nothing else there


def sweep(keys: DatabaseKeys, table: Table, rows: list[Raw], location: str) -> Swept:
    """Checks the tags of a block's rows and unwraps the material of versions."""
    sound = _material_check(keys, location) if table is CRYPTO_KEY_VERSIONS else None
    doubted_all = table in {IMPORT_JOBS, AUDIT_KEYS}  # few, with material of other kinds
    buckets = Buckets(keys, table)
    doubted = []
    width = len(table.listed)
    fit = all_fit(keys, table, list(zip(*rows, strict=True))[:width])
    for raw in rows:
        row_id, tag = raw[0], raw[2]
        buckets.add(row_id, tag if tag.__class__ is bytes else b"")
        fits = fit or _fits(keys, table.number, raw[:width])
        if not fits or doubted_all or (sound is not None and not sound(raw)):
            doubted.append(row_id)
    return buckets.finish(), doubted


def _fits(keys: DatabaseKeys, number: int, raw: Raw) -> bool:
    """Tells whether the tag of one row is right."""
    row_id, mk, tag, *values = raw
    if mk.__class__ is not int or tag.__class__ is not bytes or not keys.knows(mk):
        return False
    try:
        return keys.row_tag(mk, encode((number, row_id, *values))) == tag
    except TypeError:  # a value of a type that is never stored, such as REAL
        return False


class Buckets:
    """Makes the digests of the buckets of rows that come in id order."""

    __slots__ = ("_digests", "_keys", "_now", "_number", "_tags")

    def __init__(self, keys: DatabaseKeys, table: Table) -> None:
        self._keys = keys
        self._number = table.number
        self._now = 0
        self._tags: dict[int, bytes] = {}
        self._digests: list[tuple[int, bytes]] = []

    def add(self, row_id: int, tag: bytes) -> None:
        if row_id > MAX_ID:
            return  # no bucket has it; its tag shows that it does not belong
        row_id = max(row_id, 0)
        if row_id >> BITS != self._now:
            self._close()
            self._now = row_id >> BITS
        self._tags[row_id] = tag

    def finish(self) -> list[tuple[int, bytes]]:
        self._close()
        return self._digests

    def _close(self) -> None:
        if self._tags:
            data = node_data(self._number, 0, self._now, self._tags)
            self._digests.append((self._now, self._keys.digest(data)))
            self._tags = {}


def _material_check(keys: DatabaseKeys, location: str) -> Callable[[Raw], bool]:
    """Returns a function that tells whether the material of a version's raw row is what it has to be."""
    place = {column: at for at, column in enumerate(CRYPTO_KEY_VERSIONS.listed)}
    state_at, number_at, uid_at = place["state"], place["number"], place["uid"]
    algorithm_at, level_at, created_at = place["algorithm"], place["protection_level"], place["create_time"]
    material_at, fingerprint_at = place["material"], place["fingerprint"]
    opens = keys.opener()

    def sound(raw: Raw) -> bool:
        material, fingerprint = raw[material_at], raw[fingerprint_at]
        if (raw[state_at] in _HOLDING) != (material is not None):
            return False
        if material is None and fingerprint is None:
            return True
        project, ring, key = raw[-3:]
        name = (
            f"projects/{project}/locations/{location}/keyRings/{ring}/cryptoKeys/{key}"
            f"/cryptoKeyVersions/{raw[number_at]}"
        )
        fixed = (name, raw[uid_at], raw[algorithm_at], raw[level_at], raw[created_at])
        if material is not None and not opens(material, ("material", *fixed)):
            return False
        return fingerprint is None or opens(fingerprint, ("fingerprint", *fixed))

    return sound
