"""The integrity tree: one digest over all authenticated rows, checked and kept row by row.

Rows are grouped into buckets of 64 consecutive ids; nodes of 64 children lead up to one root a
table, and the head row's tag covers the digest of all roots. Reading a row checks its bucket and
the path above it, so a row that is older than the head, or gone from beside it, is noticed by the
operation that meets it. docs/format.md, "Integrity tree", has the bytes.
"""

from __future__ import annotations

from kmsctl.errors import IntegrityError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kmsctl.store.connection import Connection
    from kmsctl.store.tables import Table

BITS = 6
FAN_OUT = 1 << BITS
TOP = 4
MAX_ID = (1 << (BITS * (TOP + 1))) - 1

_UPSERT = "INSERT OR REPLACE INTO tree (tbl, level, idx, digest) VALUES (?, ?, ?, ?)"
_DELETE = "DELETE FROM tree WHERE tbl = ? AND level = ? AND idx = ?"
_CHILDREN = "SELECT idx, digest FROM tree WHERE tbl = ? AND level = ? AND idx BETWEEN ? AND ?"
_ROOTS = "SELECT tbl, digest FROM tree WHERE level = ? AND idx = 0 ORDER BY tbl"

if TYPE_CHECKING:
    #: (table, level, index) → the digests (or tags) of the children by index, all checked against a
    #: root. Level TOP + 1 has the roots of all tables. The inner mappings never change.
    Nodes = dict[tuple[int, int, int], dict[int, bytes]]

_ALL_ROOTS = (0, TOP + 1, 0)


class StaleRows(IntegrityError):
    """Rows and digest do not belong together; `place` says where."""


def node_data(table: int, level: int, index: int, children: Mapping[int, bytes]) -> bytes:
    """Returns the bytes whose SHA-256 is the digest of a node; children are in index order."""
    place = b"kmsctl tree\x01" + bytes((table, level)) + index.to_bytes(8, "big")
    return place + b"".join([child.to_bytes(8, "big") + children[child] for child in sorted(children)])


def roots_data(roots: Mapping[int, bytes]) -> bytes:
    """Returns the bytes whose SHA-256 the head row holds as ``root``."""
    parts = [b"kmsctl roots\x01"]
    for table in sorted(roots):
        parts.append(bytes((table,)))
        parts.append(roots[table])
    return b"".join(parts)


class Tree:
    """The tree as one snapshot or transaction sees it. What was read and checked is kept."""

    __slots__ = ("_connection", "_digest", "_dirty", "_root", "nodes")

    def __init__(
        self, connection: Connection, digest: Callable[[bytes], bytes], root: bytes, nodes: Nodes
    ) -> None:
        """Starts from what is known.

        Args:
            connection: in a transaction.
            digest: SHA-256.
            root: what the head row has.
            nodes: what was checked against this very root before; what is read is added to it.
        """
        self._connection = connection
        self._digest = digest
        self._root = root
        self.nodes = nodes
        self._dirty: set[tuple[int, int]] = set()

    def check(self, table: Table, row_id: int, tag: bytes) -> None:
        """Checks that the set of rows that the head vouches for has this row with this tag."""
        if self._bucket(table, row_id >> BITS).get(row_id) != tag:
            raise self._stale(table.number, 0, row_id >> BITS)

    def check_all(self, table: Table, tags: Mapping[int, bytes]) -> None:
        """Checks that these are the tags of all rows, by row id, that the head vouches for."""
        nodes = [0] if table.number in self._all_roots() else []
        for level in range(TOP, 0, -1):
            nodes = [child for node in nodes for child in self._children(table.number, level, node)]
        known: dict[int, bytes] = {}
        for node in nodes:
            known.update(self._bucket(table, node))
        if known != tags:
            raise self._stale(table.number, TOP, 0)

    def put(self, table: Table, row_id: int, tag: bytes | None) -> None:
        """Records that a row has a new tag (None: that it is gone). `flush` writes it.

        The bucket is checked first, so that a write never covers up what was done to it before.
        """
        self._bucket(table, row_id >> BITS)
        self._set((table.number, 0, row_id >> BITS), row_id, tag)
        self._dirty.add((table.number, row_id >> BITS))

    def check_free(self, table: Table, row_id: int) -> None:
        """Checks that there is no row with this id yet: a new one must not cover up that one was removed."""
        if not 0 < row_id <= MAX_ID:
            raise IntegrityError(f"{table.name} has no row ids left.")
        if row_id in self._bucket(table, row_id >> BITS):
            raise self._stale(table.number, 0, row_id >> BITS)

    def start(self, table: Table, tags: dict[int, bytes]) -> None:
        """Fills the first bucket of a table in a new database, where there is nothing to check yet."""
        for level in range(1, TOP + 1):
            self.nodes[table.number, level, 0] = {}
        self.nodes[table.number, 0, 0] = tags
        self._dirty.add((table.number, 0))

    def flush(self) -> bytes:
        """Writes the nodes above all changed rows and returns the new root."""
        dirty = self._dirty
        self._all_roots()
        for level in range(TOP + 1):
            above: set[tuple[int, int]] = set()
            for table, index in sorted(dirty):
                children = self.nodes[table, level, index]
                digest = self._digest(node_data(table, level, index, children)) if children else None
                if level == TOP:
                    self._set(_ALL_ROOTS, table, digest)
                else:
                    self._children(table, level + 1, index >> BITS)
                    self._set((table, level + 1, index >> BITS), index, digest)
                if digest is None:
                    self._connection.execute(_DELETE, (table, level, index))
                else:
                    self._connection.execute(_UPSERT, (table, level, index, digest))
                above.add((table, index >> BITS))
            dirty = above
        self._dirty = set()
        self._root = self._digest(roots_data(self._all_roots()))
        return self._root

    def _set(self, place: tuple[int, int, int], child: int, digest: bytes | None) -> None:
        """Changes one child of a node that was checked. Others may be reading the node as it was."""
        children = dict(self.nodes[place])
        if digest is None:
            children.pop(child, None)
        else:
            children[child] = digest
        self.nodes[place] = children

    @property
    def changed(self) -> bool:
        return bool(self._dirty)

    def _bucket(self, table: Table, index: int) -> dict[int, bytes]:
        place = (table.number, 0, index)
        known = self.nodes.get(place)
        if known is None:
            sql = f"SELECT id, tag FROM {table.name} WHERE id BETWEEN ? AND ?"
            first = index << BITS
            known = self._load(sql, (first, first + FAN_OUT - 1))
            self._attach(*place, known)
            self.nodes[place] = known
        return known

    def _children(self, table: int, level: int, index: int) -> dict[int, bytes]:
        place = (table, level, index)
        known = self.nodes.get(place)
        if known is None:
            first = index << BITS
            known = self._load(_CHILDREN, (table, level - 1, first, first + FAN_OUT - 1))
            self._attach(*place, known)
            self.nodes[place] = known
        return known

    def _attach(self, table: int, level: int, index: int, children: dict[int, bytes]) -> None:
        """Checks a node against its parent, and so on up to the head."""
        digest = self._digest(node_data(table, level, index, children)) if children else None
        if level == TOP:
            expected = self._all_roots().get(table)
        else:
            expected = self._children(table, level + 1, index >> BITS).get(index)
        if expected != digest:
            raise self._stale(table, level, index)

    def _all_roots(self) -> dict[int, bytes]:
        known = self.nodes.get(_ALL_ROOTS)
        if known is None:
            known = self._load(_ROOTS, (TOP,))
            possible = all(0 < table < 256 for table in known)
            if not possible or self._digest(roots_data(known)) != self._root:
                raise self._stale(0, TOP, 0)
            self.nodes[_ALL_ROOTS] = known
        return known

    def _load(self, sql: str, parameters: tuple[int, ...]) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        for index, value in self._connection.all(sql, parameters):
            if not isinstance(index, int) or not isinstance(value, bytes):
                raise IntegrityError(f"The database {self._connection.path} is not as it should be.")
            found[index] = value
        return found

    def _stale(self, table: int, level: int, index: int) -> StaleRows:
        return StaleRows(
            f"Rows of {self._connection.path} were changed, removed or put back outside kmsctl "
            f"(table {table}, level {level}, node {index}).",
            hint="kmsctl store verify tells which. Bring the store back from a backup.",
        )
