"""Reading a whole database to find what is wrong with it, without trusting any of it."""

from __future__ import annotations

from kmsctl.errors import IntegrityError
from kmsctl.store.migrations import check_schema
from kmsctl.store.tables import CRYPTO_KEY_VERSIONS, CRYPTO_KEYS, IMPORT_JOBS, KEY_RINGS
from kmsctl.store.tree import BITS, TOP, node_data, roots_data

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kmsctl.store.connection import Connection
    from kmsctl.store.snapshot import Snapshot
    from kmsctl.store.tables import Row, Table

#: Where the full name of a row is found: ``SELECT`` of its parts by row id.
_NAME_PARTS = {
    KEY_RINGS.number: "SELECT project, name FROM key_rings WHERE id = ?",
    CRYPTO_KEYS.number: (
        "SELECT r.project, r.name, k.name FROM crypto_keys AS k LEFT JOIN key_rings AS r ON r.id = k.ring "
        "WHERE k.id = ?"
    ),
    CRYPTO_KEY_VERSIONS.number: (
        "SELECT r.project, r.name, k.name, v.number FROM crypto_key_versions AS v "
        "LEFT JOIN crypto_keys AS k ON k.id = v.key LEFT JOIN key_rings AS r ON r.id = k.ring WHERE v.id = ?"
    ),
    IMPORT_JOBS.number: (
        "SELECT r.project, r.name, j.name FROM import_jobs AS j LEFT JOIN key_rings AS r ON r.id = j.ring "
        "WHERE j.id = ?"
    ),
}

_ORPHANS = (
    (
        "A key whose ring is missing",
        "SELECT id FROM crypto_keys WHERE ring NOT IN (SELECT id FROM key_rings)",
        CRYPTO_KEYS,
    ),
    (
        "A version whose key is missing",
        "SELECT id FROM crypto_key_versions WHERE key NOT IN (SELECT id FROM crypto_keys)",
        CRYPTO_KEY_VERSIONS,
    ),
    (
        "A key that should have more versions than there are",
        (
            "SELECT id FROM crypto_keys AS k "
            "WHERE last_version <> (SELECT count(*) FROM crypto_key_versions WHERE key = k.id)"
        ),
        CRYPTO_KEYS,
    ),
    (
        "A version whose key is in a token, but which token and which object is missing",
        (
            "SELECT id FROM crypto_key_versions WHERE protection_level = 2 AND state IN (1, 2, 4, 5) "
            "AND id NOT IN (SELECT row_id FROM token_objects WHERE tbl = 6)"
        ),
        CRYPTO_KEY_VERSIONS,
    ),
    (
        "An import job whose ring is missing",
        "SELECT id FROM import_jobs WHERE ring NOT IN (SELECT id FROM key_rings)",
        IMPORT_JOBS,
    ),
)


def name_of(connection: Connection, table: Table, row_id: int, location: str) -> str:
    """Returns the resource name of a row, as far as the database still tells it."""
    sql = _NAME_PARTS.get(table.number)
    parts = None if sql is None else connection.one(sql, (row_id,))
    if parts is None:
        return f"row {row_id} of {table.name}"
    known = [str(part) if part is not None else "?" for part in parts]
    third = "importJobs" if table is IMPORT_JOBS else "cryptoKeys"
    collections = ("projects", "keyRings", third, "cryptoKeyVersions")
    pairs = [f"{collection}/{part}" for collection, part in zip(collections, known, strict=False)]
    pairs.insert(1, f"locations/{location}")
    return "/".join(pairs)


def count(snapshot: Snapshot, tables: Sequence[Table]) -> int:
    return sum(snapshot.connection.number(f"SELECT count(*) FROM {table.name}") for table in tables)


#: How SQLite begins what it says of an index that does not belong to its table.
_INDEX_DAMAGE = (
    "row ",
    "wrong # of entries in index",
    "non-unique entry in index",
    "rowid not at end-of-record",
)


def file_damage(connection: Connection, name: str, *, indexes: bool = True) -> tuple[list[str], list[str]]:
    """Returns what is wrong with the file and its schema, and what with its indexes.

    Args:
        connection: to the database.
        name: of the database.
        indexes: also compare indexes with their tables, which takes most of the time.
    """
    check = "integrity_check" if indexes else "quick_check"
    found = [str(row[0]) for row in connection.all(f"PRAGMA {check}(100)") if row[0] != "ok"]
    of_indexes = [text for text in found if text.startswith(_INDEX_DAMAGE) and " index " in text]
    damage = [text for text in found if text not in of_indexes]
    try:
        check_schema(connection, name)
    except IntegrityError as error:
        damage.append(error.message)
    return damage, of_indexes


def row(snapshot: Snapshot, table: Table, row_id: int) -> Row | None:
    """Returns a row, or None if it does not fit its tag, or is not there."""
    try:
        raw = snapshot.connection.one(f"{table.select} WHERE id = ?", (row_id,))
        return None if raw is None else snapshot.checked(table, raw, "")
    except IntegrityError:
        return None


def sound(snapshot: Snapshot, table: Table) -> Iterator[Row]:
    """Yields the rows of a table that can be read and fit their tags, whatever else of it is damaged."""
    seen: set[int] = set()
    for order in ("", " DESC"):  # a damaged page ends a scan: what lies behind it is read from the other end
        try:
            for (row_id,) in snapshot.connection.each(f"SELECT id FROM {table.name} ORDER BY id{order}"):
                if not isinstance(row_id, int) or row_id in seen:
                    continue
                seen.add(row_id)
                found = row(snapshot, table, row_id)
                if found is not None:
                    yield found
        except IntegrityError:
            continue
        return


class TreeCheck:
    """Compares the integrity tree of one table, rebuilt from its buckets, with the stored one."""

    __slots__ = ("_level", "_snapshot", "_table", "damaged", "root", "suspects")

    def __init__(self, snapshot: Snapshot, table: Table) -> None:
        self._snapshot = snapshot
        self._table = table
        self._level: dict[int, bytes] = {}
        self.root: bytes | None = None
        #: Buckets whose rows are not those that the tree has.
        self.suspects: list[int] = []
        #: Levels of the stored tree that do not follow from the rows.
        self.damaged: list[int] = []

    def add(self, buckets: Iterable[tuple[int, bytes]]) -> None:
        """Takes the digests of buckets, as their rows are."""
        self._level.update(buckets)

    @property
    def buckets(self) -> dict[int, bytes]:
        return self._level

    def finish(self) -> None:
        """Compares all buckets, then builds the nodes above them up to `root`."""
        stored = self._stored(0)
        self.suspects = sorted(
            index
            for index in stored.keys() | self._level.keys()
            if stored.get(index) != self._level.get(index)
        )
        number, children = self._table.number, self._level
        for level in range(1, TOP + 1):
            grouped: dict[int, dict[int, bytes]] = {}
            for index, digest in children.items():
                grouped.setdefault(index >> BITS, {})[index] = digest
            children = {
                index: self._snapshot.keys.digest(node_data(number, level, index, nodes))
                for index, nodes in grouped.items()
            }
            if self._stored(level) != children:
                self.damaged.append(level)
        self.root = children.get(0)

    def rows_of(self, bucket: int) -> list[int]:
        """Returns the ids of the rows that are in a bucket now."""
        first = bucket << BITS
        found = self._snapshot.connection.all(
            f"SELECT id FROM {self._table.name} WHERE id BETWEEN ? AND ?", (first, first + (1 << BITS) - 1)
        )
        return [row[0] for row in found if isinstance(row[0], int)]

    def _stored(self, level: int) -> dict[int, bytes]:
        found = self._snapshot.connection.all(
            "SELECT idx, digest FROM tree WHERE tbl = ? AND level = ?", (self._table.number, level)
        )
        return {index: digest for index, digest in found}  # type: ignore[misc]  # noqa: C416 - compared only


def stray_nodes(snapshot: Snapshot, tables: Sequence[Table]) -> int:
    """Returns how many nodes of the stored tree are of no table, or above its top."""
    numbers = ", ".join(str(table.number) for table in tables)
    sql = f"SELECT count(*) FROM tree WHERE tbl NOT IN ({numbers}) OR level NOT BETWEEN 0 AND {TOP}"
    return snapshot.connection.number(sql)


def root_matches(snapshot: Snapshot, roots: dict[int, bytes]) -> bool:
    """Tells whether rebuilt roots are those that the head vouches for."""
    return snapshot.keys.digest(roots_data(roots)) == snapshot.head.root


def orphans(connection: Connection, location: str) -> Iterator[tuple[str, str]]:
    """Yields (resource name, what is wrong) of rows that have lost what they belong to."""
    for what, sql, table in _ORPHANS:
        for row in connection.all(sql):
            if isinstance(row[0], int):
                yield name_of(connection, table, row[0], location), what
