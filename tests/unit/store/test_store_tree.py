from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kmsctl.errors import IntegrityError
from kmsctl.store.connection import Connection
from kmsctl.store.migrations import schema_of
from kmsctl.store.tables import KEY_RINGS, PENDING_PURGES
from kmsctl.store.tree import MAX_ID, StaleRows, Tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from kmsctl.store.tables import Table

TABLES = {PENDING_PURGES.number: PENDING_PURGES, KEY_RINGS.number: KEY_RINGS}
ADD = {
    PENDING_PURGES.number: "INSERT INTO pending_purges VALUES (?, 1, ?, 6, 1, 0, x'')",
    KEY_RINGS.number: "INSERT INTO key_rings VALUES (?, 1, ?, 'p', 'r' || ?1, 0, '', '')",
}


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def rebuilt(rows: Mapping[int, Mapping[int, bytes]]) -> bytes:
    """Returns the root over rows (table → id → tag), from docs/format.md and nothing else."""
    roots = b"kmsctl roots\x01"
    for table in sorted(rows):
        nodes = dict(rows[table])
        for level in range(5):
            above: dict[int, bytes] = {}
            for node in sorted({number >> 6 for number in nodes}):
                data = b"kmsctl tree\x01" + bytes([table, level]) + node.to_bytes(8, "big")
                for child in sorted(nodes):
                    if child >> 6 == node:
                        data += child.to_bytes(8, "big") + nodes[child]
                above[node] = sha256(data)
            nodes = above
        if nodes:
            assert list(nodes) == [0]
            roots += bytes([table]) + nodes[0]
    return sha256(roots)


EMPTY = rebuilt({})


class Rows:
    """Rows in a database, and the same rows in memory."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.root = EMPTY
        self.rows: dict[int, dict[int, bytes]] = {number: {} for number in TABLES}

    def tree(self, before: Tree | None = None) -> Tree:
        """Returns the tree as a new transaction has it: knowing nothing, or what the one before knew."""
        return Tree(self.connection, sha256, self.root, {} if before is None else before.nodes.copy())

    def put(self, tree: Tree, table: Table, row_id: int, tag: bytes | None) -> None:
        known = self.rows[table.number]
        if row_id in known:
            tree.check(table, row_id, known[row_id])
        else:
            tree.check_free(table, row_id)
        if tag is None:
            tree.put(table, row_id, None)
            self.connection.execute(f"DELETE FROM {table.name} WHERE id = ?", (row_id,))
            del known[row_id]
            return
        if row_id in known:
            self.connection.execute(f"UPDATE {table.name} SET tag = ? WHERE id = ?", (tag, row_id))
        else:
            self.connection.execute(ADD[table.number], (row_id, tag))
        tree.put(table, row_id, tag)
        known[row_id] = tag

    def clear(self) -> None:
        for name in ("tree", *(table.name for table in TABLES.values())):
            self.connection.execute(f"DELETE FROM {name}")
        self.__init__(self.connection)  # type: ignore[misc]  # as new


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    path: Path = tmp_path_factory.mktemp("tree") / "us-east1.db"
    made = Connection(str(path), create=True)
    made.execute("PRAGMA synchronous = OFF")
    for statement in schema_of("us-east1"):
        made.execute(statement)
    made.execute("BEGIN")
    yield made
    made.close()


@pytest.fixture
def rows(connection: Connection) -> Rows:
    made = Rows(connection)
    made.clear()
    return made


IDS = st.one_of(
    st.integers(1, 200), st.integers(1, 70_000), st.integers(1, MAX_ID), st.sampled_from([63, 64])
)
TAGS = st.none() | st.binary(min_size=32, max_size=32)
ENDS = st.sampled_from(["go on", "go on", "remember", "forget"])
STEPS = st.lists(st.tuples(st.sampled_from(sorted(TABLES)), IDS, TAGS, ENDS), max_size=30)


@given(STEPS)
@settings(max_examples=60, deadline=None)
def test_the_kept_digest_is_the_digest_rebuilt_from_nothing(
    connection: Connection, steps: list[tuple[int, int, bytes | None, str]]
) -> None:
    rows = Rows(connection)
    rows.clear()
    tree = rows.tree()
    for number, row_id, tag, end in steps:
        if tag is None and row_id not in rows.rows[number]:
            continue
        rows.put(tree, TABLES[number], row_id, tag)
        if end != "go on":
            rows.root = tree.flush()
            assert rows.root == rebuilt(rows.rows)
            tree = rows.tree(tree if end == "remember" else None)
    rows.root = tree.flush()
    assert rows.root == rebuilt(rows.rows)
    fresh = rows.tree()
    for number, known in rows.rows.items():
        fresh.check_all(TABLES[number], known)
        for row_id, tag in known.items():
            fresh.check(TABLES[number], row_id, tag)
    if not any(rows.rows.values()):
        assert connection.number("SELECT count(*) FROM tree") == 0


def filled(rows: Rows, ids: list[int]) -> None:
    tree = rows.tree()
    for row_id in ids:
        rows.put(tree, KEY_RINGS, row_id, sha256(b"%d" % row_id))
    rows.root = tree.flush()


IDS_USED = [1, 2, 63, 64, 65, 4096, 5000, 300_000, MAX_ID]


@given(st.sampled_from(IDS_USED), st.sampled_from(IDS_USED), st.binary(min_size=32, max_size=32))
@settings(max_examples=40, deadline=None)
def test_a_row_with_another_tag_than_was_left_is_noticed(
    connection: Connection, changed: int, other: int, tag: bytes
) -> None:
    rows = Rows(connection)
    rows.clear()
    filled(rows, IDS_USED)
    connection.execute("UPDATE key_rings SET tag = ? WHERE id = ?", (tag, changed))
    with pytest.raises(StaleRows):
        rows.tree().check(KEY_RINGS, changed, tag)
    with pytest.raises(StaleRows):
        rows.tree().check(KEY_RINGS, changed, rows.rows[KEY_RINGS.number][changed])
    if changed >> 6 != other >> 6:
        rows.tree().check(KEY_RINGS, other, rows.rows[KEY_RINGS.number][other])


@pytest.mark.parametrize("gone", IDS_USED)
def test_a_removed_row_is_noticed_by_whoever_meets_its_bucket(rows: Rows, gone: int) -> None:
    filled(rows, IDS_USED)
    rows.connection.execute("DELETE FROM key_rings WHERE id = ?", (gone,))
    with pytest.raises(StaleRows):
        rows.tree().check_free(KEY_RINGS, gone)
    with pytest.raises(StaleRows):
        rows.tree().check(KEY_RINGS, gone, rows.rows[KEY_RINGS.number][gone])
    with pytest.raises(StaleRows):
        rows.tree().check_all(KEY_RINGS, {})


@pytest.mark.parametrize("added", [3, 66, 130, 70_000])
def test_an_added_row_is_noticed(rows: Rows, added: int) -> None:
    filled(rows, IDS_USED)
    tag = sha256(b"new")
    rows.connection.execute(ADD[KEY_RINGS.number], (added, tag))
    with pytest.raises(StaleRows):
        rows.tree().check(KEY_RINGS, added, tag)
    with pytest.raises(StaleRows):
        rows.tree().check_all(KEY_RINGS, {**rows.rows[KEY_RINGS.number], added: tag})


def test_a_whole_set_is_checked_as_a_set(rows: Rows) -> None:
    known = rows.rows[KEY_RINGS.number]
    rows.tree().check_all(KEY_RINGS, {})
    filled(rows, IDS_USED)
    rows.tree().check_all(KEY_RINGS, known)
    for one in IDS_USED:
        rest = {row_id: tag for row_id, tag in known.items() if row_id != one}
        with pytest.raises(StaleRows):
            rows.tree().check_all(KEY_RINGS, rest)
        with pytest.raises(StaleRows):
            rows.tree().check_all(KEY_RINGS, {**known, one: bytes(32)})


@pytest.mark.parametrize("level", range(5))
def test_every_node_on_the_path_counts(rows: Rows, level: int) -> None:
    filled(rows, IDS_USED)
    for change in ("UPDATE tree SET digest = zeroblob(32)", "DELETE FROM tree"):
        rows.connection.execute("SAVEPOINT before")
        rows.connection.execute(f"{change} WHERE level = ? AND idx = 0", (level,))
        with pytest.raises(StaleRows):
            rows.tree().check(KEY_RINGS, 1, rows.rows[KEY_RINGS.number][1])
        rows.connection.execute("ROLLBACK TO before")


@pytest.mark.parametrize(
    "planted",
    [
        "INSERT INTO tree VALUES (300, 4, 0, zeroblob(32))",
        "INSERT INTO tree VALUES (-1, 4, 0, zeroblob(32))",
        "INSERT INTO tree VALUES (0, 4, 0, zeroblob(32))",
        "INSERT INTO tree VALUES (9, 4, 0, zeroblob(32))",
        "INSERT INTO tree VALUES ('x', 4, 0, zeroblob(32))",
        "UPDATE tree SET digest = 'text' WHERE level = 4",
        "UPDATE tree SET digest = 1.5 WHERE level = 0",
    ],
)
def test_what_cannot_be_in_the_tree_is_an_integrity_error(rows: Rows, planted: str) -> None:
    filled(rows, IDS_USED)
    rows.connection.execute(planted)
    with pytest.raises(IntegrityError):
        rows.tree().check(KEY_RINGS, 1, rows.rows[KEY_RINGS.number][1])


def test_a_write_does_not_cover_up_what_was_done_beside_it(rows: Rows) -> None:
    filled(rows, IDS_USED)
    rows.connection.execute("UPDATE key_rings SET tag = zeroblob(32) WHERE id = 2")
    with pytest.raises(StaleRows):
        rows.put(rows.tree(), KEY_RINGS, 3, sha256(b"new"))


@pytest.mark.parametrize("row_id", [0, -1, MAX_ID + 1, 2**63 - 1])
def test_ids_beyond_the_tree_are_refused(rows: Rows, row_id: int) -> None:
    with pytest.raises(IntegrityError, match="has no row ids left"):
        rows.tree().check_free(KEY_RINGS, row_id)


def test_what_a_transaction_does_is_not_seen_by_who_shares_its_nodes(rows: Rows) -> None:
    filled(rows, IDS_USED)
    reader = rows.tree()
    tags = dict(rows.rows[KEY_RINGS.number])
    reader.check_all(KEY_RINGS, tags)
    writer = rows.tree(reader)
    rows.put(writer, KEY_RINGS, 2, sha256(b"new"))
    rows.put(writer, KEY_RINGS, 65, None)
    writer.flush()
    reader.check_all(KEY_RINGS, tags)


def test_what_is_remembered_does_not_hide_a_change(rows: Rows) -> None:
    filled(rows, IDS_USED)
    before = rows.tree()
    before.check_all(KEY_RINGS, rows.rows[KEY_RINGS.number])
    rows.connection.execute("UPDATE key_rings SET tag = zeroblob(32) WHERE id = 2")
    with pytest.raises(StaleRows):
        rows.tree(before).check(KEY_RINGS, 2, bytes(32))
    tree = rows.tree(before)
    rows.put(tree, KEY_RINGS, 3, sha256(b"new"))  # beside it
    rows.root = tree.flush()
    for known in (None, tree):
        with pytest.raises(StaleRows):
            rows.tree(known).check(KEY_RINGS, 2, bytes(32))


def test_a_new_row_does_not_take_the_place_of_one_that_was_removed(rows: Rows) -> None:
    filled(rows, [1, 2, 3])
    known = rows.tree()
    known.check_all(KEY_RINGS, rows.rows[KEY_RINGS.number])
    rows.connection.execute("DELETE FROM key_rings WHERE id = 3")
    for tree in (rows.tree(), rows.tree(known)):
        with pytest.raises(StaleRows):
            tree.check_free(KEY_RINGS, 3)


def test_nothing_changed_flushes_to_the_same_root(rows: Rows) -> None:
    filled(rows, IDS_USED)
    tree = rows.tree()
    assert not tree.changed
    assert tree.flush() == rows.root
