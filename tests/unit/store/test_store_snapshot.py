from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kmsctl.errors import FailedPrecondition, IntegrityError, NotFound
from kmsctl.store.snapshot import CLOCK_JUMP, CLOCK_TOLERANCE, LATEST_CLOCK
from kmsctl.store.tables import CRYPTO_KEY_VERSIONS, CRYPTO_KEYS, KEY_RINGS, PENDING_PURGES
from tests.unit.store.stores import NOW, PLACE, add_ring, find_ring, store_in

if TYPE_CHECKING:
    from pathlib import Path

    from kmsctl.store.database import Database
    from kmsctl.store.snapshot import Transaction
    from kmsctl.store.store import Store


def sql(database: Database, *statements: str) -> None:
    connection = sqlite3.connect(database.path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def query(database: Database, statement: str) -> list[Any]:
    connection = sqlite3.connect(database.path)
    rows = connection.execute(statement).fetchall()
    connection.close()
    return rows


@pytest.fixture
def rings(database: Database) -> Database:
    """A database with three rings."""
    with database.write() as transaction:
        for name in ("one", "two", "three"):
            add_ring(transaction, name)
    return database


def test_a_row_is_found_by_any_unique_columns(rings: Database) -> None:
    with rings.read() as snapshot:
        row = snapshot.find(KEY_RINGS, "it", project="acme", name="two")
        assert row is not None
        assert (row.id, row.text("name"), row.integer("create_time")) == (2, "two", NOW)
        assert snapshot.find(KEY_RINGS, "it", id=2) is not None
        assert snapshot.find(KEY_RINGS, "it", project="acme", name="four") is None
        assert snapshot.find(KEY_RINGS, "it", id=4) is None


def test_two_rows_that_fit_are_one_too_many(rings: Database) -> None:
    with rings.read() as snapshot, pytest.raises(IntegrityError, match="it cannot be told from another row"):
        snapshot.find(KEY_RINGS, "it", project="acme")


@pytest.mark.parametrize(
    "change",
    [
        "name = 'four'",
        "project = 'other'",
        "create_time = 0",
        "create_time = 1893456000000000.5",
        "create_time = 'text'",
        "create_time = x''",
        "mk = 2",
        "mk = 'x'",
        "mk = 1.5",
        "tag = zeroblob(32)",
        "tag = 'text'",
        "tag = x''",
        "id = 9",
    ],
)
def test_an_edited_row_is_refused_and_named(rings: Database, change: str) -> None:
    sql(rings, f"UPDATE key_rings SET {change} WHERE id = 2")
    with rings.read() as snapshot:
        for condition in ("project = 'acme' AND name = 'two'", "name = 'four'", "project = 'other'"):
            found = snapshot.connection.number(f"SELECT count(*) FROM key_rings WHERE {condition}")
            if found:
                with pytest.raises(
                    IntegrityError, match=r"^it was changed outside kmsctl: row . of key_rings"
                ):
                    snapshot.scan(KEY_RINGS, condition, (), "it")
        with pytest.raises(IntegrityError):
            snapshot.every(KEY_RINGS)


def test_rows_that_traded_places_are_refused(rings: Database) -> None:
    sql(
        rings,
        "UPDATE key_rings SET id = 9 WHERE id = 1",
        "UPDATE key_rings SET id = 1 WHERE id = 2",
        "UPDATE key_rings SET id = 2 WHERE id = 9",
    )
    for name in ("one", "two"):
        with rings.read() as snapshot, pytest.raises(IntegrityError):
            snapshot.find(KEY_RINGS, "it", project="acme", name=name)


def test_a_row_that_was_put_back_is_refused(rings: Database) -> None:
    before = sqlite3.connect(rings.path)
    older = before.execute("SELECT mk, tag, create_time FROM key_rings WHERE id = 2").fetchone()
    before.close()
    with rings.write() as transaction:
        row = find_ring(transaction, "two")
        assert row is not None
        transaction.update(row, create_time=7)
    connection = sqlite3.connect(rings.path, isolation_level=None)
    connection.execute("UPDATE key_rings SET mk = ?, tag = ?, create_time = ? WHERE id = 2", older)
    connection.close()
    with rings.read() as snapshot:
        with pytest.raises(IntegrityError, match="it is not as it was left"):
            snapshot.find(KEY_RINGS, "it", name="two")
        assert snapshot.scan(KEY_RINGS, "id = 2", ())[0].integer("create_time") == NOW  # its tag is right
        with pytest.raises(IntegrityError):
            snapshot.every(KEY_RINGS)


@pytest.mark.parametrize("remembered", [False, True])
def test_an_older_self_that_a_scan_has_found_is_not_changed(
    store: Store, rings: Database, remembered: bool
) -> None:
    """A scan does not check against the head, so whoever changes what it found must."""
    (older,) = query(rings, "SELECT tag, create_time FROM key_rings WHERE id = 2")
    with rings.write() as transaction:
        row = find_ring(transaction, "two")
        assert row is not None
        transaction.update(row, create_time=7)
    sql(rings, f"UPDATE key_rings SET tag = x'{older[0].hex()}', create_time = {older[1]} WHERE id = 2")
    if not remembered:
        store.close()
    for act in ("update", "delete"):
        with store.open(PLACE).write() as transaction:
            (found,) = transaction.scan(KEY_RINGS, "id = 2", ())
            with pytest.raises(IntegrityError):
                transaction.update(found, create_time=8) if act == "update" else transaction.delete(found)


def test_every_row_means_every_row(rings: Database) -> None:
    with rings.read() as snapshot:
        assert [row.text("name") for row in snapshot.every(KEY_RINGS)] == ["one", "two", "three"]
        assert snapshot.every(CRYPTO_KEYS) == []
    sql(rings, "DELETE FROM key_rings WHERE id = 3")
    with rings.read() as snapshot, pytest.raises(IntegrityError):
        snapshot.every(KEY_RINGS)


def test_a_table_that_was_emptied_is_missed(rings: Database) -> None:
    sql(rings, "DELETE FROM key_rings", "DELETE FROM tree WHERE tbl = 4")
    with rings.read() as snapshot, pytest.raises(IntegrityError):
        snapshot.every(KEY_RINGS)


def swap_index(database: Database, index: str, forth: str, back: str) -> None:
    """Changes an index alone: changes rows with it, then changes them back without it."""
    connection = sqlite3.connect(database.path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute(forth)
    connection.execute("PRAGMA writable_schema = ON")
    kept = connection.execute("SELECT * FROM sqlite_master WHERE name = ?", (index,)).fetchone()
    ((table_sql,),) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (kept[2],))
    connection.execute("DELETE FROM sqlite_master WHERE name = ?", (index,))
    bare = table_sql.replace(",\n  UNIQUE (project, name)", "").replace(
        "BLOB NOT NULL UNIQUE", "BLOB NOT NULL"
    )
    connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", (bare, kept[2]))
    connection.close()
    connection = sqlite3.connect(database.path, isolation_level=None)
    connection.execute(back)
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", (table_sql, kept[2]))
    connection.execute("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", kept)
    connection.execute("PRAGMA writable_schema = OFF")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()


def test_an_index_that_leads_to_another_row_is_not_believed(store: Store, rings: Database) -> None:
    store.close()
    swap = "UPDATE key_rings SET name = CASE id WHEN 1 THEN '{}' WHEN 2 THEN '{}' ELSE name END"
    # By way of names that no other row has: an index is unique at each step.
    sql(rings, "UPDATE key_rings SET name = 'x' WHERE id = 1")
    swap_index(
        rings,
        "sqlite_autoindex_key_rings_1",
        "UPDATE key_rings SET name = 'one' WHERE id = 2",
        swap.format("one", "two"),
    )
    database = store.open(PLACE)
    with database.read() as snapshot:
        assert [row.text("name") for row in snapshot.every(KEY_RINGS)] == ["one", "two", "three"]
        assert snapshot.connection.all("PRAGMA integrity_check") != [("ok",)]
        with pytest.raises(IntegrityError):
            snapshot.find(KEY_RINGS, "it", project="acme", name="one")


def test_a_second_row_of_the_same_name_is_an_integrity_error(rings: Database) -> None:
    with pytest.raises(IntegrityError, match="cannot be told from another row"), rings.write() as transaction:
        add_ring(transaction, "two")
    with rings.read() as snapshot:
        assert len(snapshot.every(KEY_RINGS)) == 3


def test_a_row_beside_one_that_was_removed_is_not_added(rings: Database) -> None:
    sql(rings, "DELETE FROM key_rings WHERE id = 3")
    with pytest.raises(IntegrityError), rings.write() as transaction:
        add_ring(transaction, "four")


def test_a_row_with_the_highest_id_leaves_no_room(rings: Database) -> None:
    sql(rings, "INSERT INTO key_rings VALUES (9223372036854775807, 1, x'', 'p', 'n', 0, '', '')")
    with pytest.raises(IntegrityError), rings.write() as transaction:
        add_ring(transaction, "four")


def test_rows_are_updated_and_deleted(rings: Database) -> None:
    with rings.write() as transaction:
        two = find_ring(transaction, "two")
        three = find_ring(transaction, "three")
        assert two is not None
        assert three is not None
        transaction.update(two, create_time=7)
        transaction.update(two, name="zwei")
        transaction.delete(three)
        assert find_ring(transaction, "zwei") is not None
        assert find_ring(transaction, "three") is None
    with rings.read() as snapshot:
        rows = snapshot.every(KEY_RINGS)
        assert [(row.text("name"), row.integer("create_time")) for row in rows] == [("one", NOW), ("zwei", 7)]


def test_only_columns_of_the_table_are_changed(rings: Database) -> None:
    with rings.write() as transaction:
        row = find_ring(transaction, "one")
        assert row is not None
        with pytest.raises(KeyError):
            transaction.update(row, nonsense=1)


def test_columns_are_read_as_what_they_are(rings: Database) -> None:
    with rings.read() as snapshot:
        row = snapshot.find(KEY_RINGS, "it", id=1)
        assert row is not None
        for read in (row.integer, row.optional_integer, row.blob):
            with pytest.raises(TypeError):
                read("name")
        with pytest.raises(TypeError):
            row.text("create_time")


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "add", "update", "delete", "commit", "fail"]),
        st.integers(0, 99),
        st.integers(0, 99),
    ),
    max_size=25,
)


@given(STEPS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_sequence_of_changes_is_what_is_there(tmp_path: Path, steps: list[tuple[str, int, int]]) -> None:
    store = store_in(tmp_path / os.urandom(8).hex())
    database = store.open(PLACE)
    kept: dict[int, int] = {}
    block: list[tuple[str, int, int]] = []
    for step in (*steps, ("commit", 0, 0)):
        if step[0] not in ("commit", "fail"):
            block.append(step)
            continue
        known = dict(kept)
        try:
            with database.write() as transaction:
                for verb, which, value in block:
                    carry_out(transaction, known, verb, which, value)
                if step[0] == "fail":
                    raise NotFound("no")  # noqa: TRY301 - the transaction is to see it
            kept = known
        except NotFound:
            assert step[0] == "fail"
        block = []
        with database.read() as snapshot:
            found = {row.id: row.integer("since") for row in snapshot.every(PENDING_PURGES)}
        assert found == kept
    store.close()
    with (
        store_in(tmp_path / os.path.basename(os.path.dirname(store.directory))).open(PLACE).read() as snapshot
    ):
        assert {row.id: row.integer("since") for row in snapshot.every(PENDING_PURGES)} == kept


def carry_out(transaction: Transaction, known: dict[int, int], verb: str, which: int, value: int) -> None:
    if verb == "add":
        added = transaction.insert(PENDING_PURGES, {"tbl": 6, "row_id": 1, "since": value, "trace": b""})
        known[added.id] = value
        return
    if not known:
        return
    row_id = sorted(known)[which % len(known)]
    row = transaction.find(PENDING_PURGES, "it", id=row_id)
    assert row is not None
    if verb == "delete":
        transaction.delete(row)
        del known[row_id]
    else:
        transaction.update(row, since=value)
        known[row_id] = value


# Time


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed(tmp_path: Path, clock: Clock) -> Database:
    return store_in(tmp_path / "timed", clock=clock).open(PLACE)


def change(database: Database, name: str, *, by_clock: bool = False) -> int:
    with database.write(by_clock=by_clock) as transaction:
        add_ring(transaction, name)
        transaction.append_audit("{}")
        return transaction.now


def test_now_is_never_before_the_last_recorded_time(timed: Database, clock: Clock) -> None:
    clock.now = NOW + 1000
    change(timed, "a")
    clock.now = NOW + 1000 - CLOCK_TOLERANCE
    assert change(timed, "b") == NOW + 1000
    with timed.read() as snapshot:
        assert snapshot.now == NOW + 1000
        assert snapshot.head.last_time == NOW + 1000


def test_a_clock_far_behind_refuses_changes_and_nothing_else(timed: Database, clock: Clock) -> None:
    clock.now = NOW - CLOCK_TOLERANCE - 1
    with timed.read() as snapshot:
        assert snapshot.now == NOW
    with pytest.raises(FailedPrecondition, match=r"The clock says 2029-12-31T23:54:59\.999999Z") as caught:
        change(timed, "a")
    assert caught.value.hint is not None
    assert "store maintain" in caught.value.hint
    assert change(timed, "a", by_clock=True) == clock.now
    assert change(timed, "b") == clock.now


def test_the_time_of_an_audit_record_counts_too(timed: Database, clock: Clock) -> None:
    clock.now = NOW + 7
    with timed.write() as transaction:
        transaction.append_audit("{}")
    clock.now = NOW
    with timed.read() as snapshot:
        assert snapshot.head.last_time == NOW
        assert snapshot.now == NOW + 7


def test_a_jump_ahead_is_not_believed_until_somebody_vouches_for_it(timed: Database, clock: Clock) -> None:
    clock.now = NOW + CLOCK_JUMP
    change(timed, "a")
    clock.now = before = NOW + 2 * CLOCK_JUMP + 1
    assert change(timed, "b") == before
    with timed.read() as snapshot:
        assert (snapshot.now, snapshot.trusted_now) == (before, NOW + CLOCK_JUMP)
        assert snapshot.head.confirmed_time == NOW + CLOCK_JUMP
    change(timed, "c", by_clock=True)
    with timed.read() as snapshot:
        assert snapshot.trusted_now == snapshot.head.confirmed_time == before


@pytest.mark.parametrize("now", [-1, LATEST_CLOCK + 1, 2**62, -(10**18)])
def test_a_clock_that_cannot_be_changes_nothing(timed: Database, clock: Clock, now: int) -> None:
    clock.now = now
    for by_clock in (False, True):
        with pytest.raises(FailedPrecondition, match="not set to any time"):
            change(timed, "a", by_clock=by_clock)
    with timed.read() as snapshot:
        assert snapshot.every(KEY_RINGS) == []


def test_tables_have_the_columns_of_the_schema(database: Database) -> None:
    from kmsctl.store.tables import LOCATION_TABLES

    with database.read() as snapshot:
        for table in LOCATION_TABLES:
            columns = [row[1] for row in snapshot.connection.all(f"PRAGMA table_info({table.name})")]
            assert tuple(columns) == table.listed
    assert CRYPTO_KEY_VERSIONS.qualified("v").startswith("v.id, v.mk, v.tag, v.key")
