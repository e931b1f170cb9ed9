from __future__ import annotations

import os
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kmsctl.errors import (
    FailedPrecondition,
    IntegrityError,
    NotFound,
    RollbackError,
    StoreAccess,
    StoreFull,
)
from kmsctl.store.anchor import Anchor
from kmsctl.store.connection import Connection
from kmsctl.store.migrations import FORMAT
from kmsctl.store.tables import KEY_RINGS
from tests.unit.store.stores import PLACE, add_ring, add_ring_and_raise, find_ring, store_in

if TYPE_CHECKING:
    from kmsctl.store.database import Database
    from kmsctl.store.snapshot import Transaction
    from kmsctl.store.store import Store


def sql(database: Database, *statements: str) -> None:
    connection = sqlite3.connect(database.path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def reopened(store: Store) -> Database:
    store.close()
    return store.open(PLACE)


def test_a_change_is_there_for_the_next_reader_and_raises_generation_and_anchor(database: Database) -> None:
    with database.write() as transaction:
        add_ring(transaction)
    with database.read() as snapshot:
        assert snapshot.find(KEY_RINGS, "ring", name="ring") is not None
        assert snapshot.head.generation == 2
        mark = database.mark()
        assert mark is not None
        assert (mark.generation, mark.head_tag, mark.epoch) == (2, snapshot.head.tag, snapshot.head.epoch)


def test_a_block_that_fails_changes_nothing(database: Database) -> None:
    with pytest.raises(NotFound), database.write() as transaction:
        add_ring_and_raise(transaction, NotFound("no"))
    with database.read() as snapshot:
        assert snapshot.find(KEY_RINGS, "ring", name="ring") is None
        assert snapshot.head.generation == 1


def test_a_block_that_changes_nothing_leaves_the_generation(database: Database) -> None:
    with database.write():
        pass
    with database.read() as snapshot:
        assert snapshot.head.generation == 1


def test_audit_records_have_a_head_of_their_own(database: Database) -> None:
    with database.write() as transaction:
        transaction.append_audit("{}")
    with database.read() as snapshot:
        assert (snapshot.head.generation, snapshot.audit.sequence) == (1, 1)
        mark = database.mark()
        assert mark is not None
        assert (mark.generation, mark.audit_sequence, mark.audit_tag) == (1, 1, snapshot.audit.tag)


def test_a_snapshot_does_not_see_what_is_changed_meanwhile(database: Database) -> None:
    with database.read() as snapshot:
        with database.write() as transaction:
            add_ring(transaction)
        assert snapshot.find(KEY_RINGS, "ring", name="ring") is None


def test_the_order_of_a_commit(tmp_path: Path) -> None:
    steps: list[str] = []
    store = store_in(tmp_path / "store", probe=steps.append)
    database = store.open(PLACE)
    steps.clear()
    with database.write() as transaction:
        add_ring(transaction)
        steps.append("(the block)")
    assert steps[:6] == [
        "transaction.begun",
        "(the block)",
        "transaction.prepared",
        "transaction.committed",
        "anchor.before",
        "anchor.raised",
    ]
    store.close()


class Crash(BaseException):
    pass


@pytest.mark.parametrize(
    ("at", "made"),
    [
        ("transaction.begun", False),
        ("transaction.prepared", False),
        ("transaction.committed", True),
        ("anchor.before", True),
        ("anchor.raised", True),
    ],
)
def test_a_crash_leaves_all_or_nothing(tmp_path: Path, at: str, made: bool) -> None:
    crashing = False

    def probe(step: str) -> None:
        if crashing and step == at:
            raise Crash

    store = store_in(tmp_path / "store", probe=probe)
    database = store.open(PLACE)
    crashing = True
    with pytest.raises(Crash), database.write() as transaction:
        add_ring(transaction)
    crashing = False
    database = reopened(store)
    with database.write() as transaction:
        assert (find_ring(transaction) is not None) == made
        add_ring(transaction, "next")
    mark = database.mark()
    assert mark is not None
    assert mark.generation == (3 if made else 2)
    store.close()


def test_an_anchor_that_fails_after_the_commit_says_that_the_change_was_made(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Anchor, *args: object, **more: object) -> None:
        raise StoreFull("Could not write the anchor: No space left on device.")

    with monkeypatch.context() as patch:
        patch.setattr(Anchor, "raise_to", full)
        with (
            pytest.raises(StoreFull, match="The change itself was made") as caught,
            database.write() as changed,
        ):
            add_ring(changed)
        assert caught.value.hint is not None
        assert "no need to repeat" in caught.value.hint
    with database.write() as transaction:
        assert find_ring(transaction) is not None
        add_ring(transaction, "next")
    mark = database.mark()
    assert mark is not None
    assert mark.generation == 3


def test_an_anchor_that_is_gone_after_the_commit_says_so_too(database: Database) -> None:
    path = database._keys.anchor.path
    writing = database.write()
    add_ring(writing.__enter__())
    os.rename(path, path + ".away")
    with pytest.raises(IntegrityError, match=r"is missing\. The change itself was made"):
        writing.__exit__(None, None, None)
    os.rename(path + ".away", path)
    with database.write() as transaction:
        assert find_ring(transaction) is not None


def test_an_anchor_that_cannot_be_written_stops_a_change_before_it_begins(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    anchor = database._keys.anchor.path
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != anchor and access(path, mode))
    with database.read():
        pass
    with pytest.raises(StoreAccess, match="not writable"), database.write():
        pytest.fail("begun")
    with database.read() as snapshot:
        assert snapshot.head.generation == 1


# Format


def test_a_newer_format_is_refused_untouched(store: Store, database: Database) -> None:
    with database.read():
        pass
    store.close()
    sql(database, f"PRAGMA user_version = {FORMAT + 1}")
    before = Path(database.path).read_bytes()
    with pytest.raises(StoreAccess, match=f"has format {FORMAT + 1}; this release reads format 1") as caught:
        store.open(PLACE).read().__enter__()
    assert caught.value.hint == "Use the newer kmsctl that wrote it."
    store.close()
    assert Path(database.path).read_bytes() == before


@pytest.mark.parametrize("statement", ["PRAGMA application_id = 0", "PRAGMA application_id = 1"])
def test_somebody_elses_database_is_refused(store: Store, database: Database, statement: str) -> None:
    store.close()
    sql(database, statement)
    with pytest.raises(StoreAccess, match="is not a kmsctl database"), store.open(PLACE).read():
        pass


def test_an_emptied_database_is_damaged_and_not_somebody_elses(store: Store, database: Database) -> None:
    store.close()
    os.truncate(database.path, 0)
    with pytest.raises(IntegrityError, match=r"is empty\.$") as caught, store.open(PLACE).read():
        pass
    assert caught.value.hint == "Bring it back from a backup."


@pytest.mark.parametrize("size", [0, 1, 100, 1000, 4096, 10_000])
def test_a_truncated_database_is_refused(store: Store, database: Database, size: int) -> None:
    with database.write() as transaction:
        add_ring(transaction)
    store.close()
    os.truncate(database.path, size)
    with pytest.raises((IntegrityError, StoreAccess)), store.open(PLACE).write():
        pytest.fail("opened")


PLANTED = [
    "CREATE TABLE planted (a)",
    "CREATE VIEW planted AS SELECT * FROM crypto_keys",
    "CREATE TRIGGER planted AFTER UPDATE ON head BEGIN UPDATE crypto_key_versions SET state = 1; END",
    "CREATE TRIGGER planted BEFORE UPDATE ON crypto_key_versions BEGIN SELECT RAISE(IGNORE); END",
    "CREATE INDEX planted ON crypto_keys (labels)",
    "DROP INDEX crypto_key_versions_pending",
    "DROP TABLE pending_purges",
    "ALTER TABLE crypto_keys ADD COLUMN planted",
    "ALTER TABLE crypto_keys RENAME COLUMN labels TO labels2",
    "ANALYZE",
]


@pytest.mark.parametrize("statement", PLANTED)
def test_another_schema_is_refused(store: Store, database: Database, statement: str) -> None:
    store.close()
    sql(database, statement)
    with pytest.raises(IntegrityError, match=r"The schema of .* was changed outside kmsctl"):
        store.open(PLACE).read().__enter__()


def test_a_schema_that_was_edited_as_text_is_refused(store: Store, database: Database) -> None:
    store.close()
    sql(
        database,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = replace(sql, 'state INTEGER NOT NULL', 'state INTEGER') "
        "WHERE name = 'crypto_key_versions'",
    )
    with pytest.raises(IntegrityError, match="CREATE TABLE crypto_key_versions"):
        store.open(PLACE).read().__enter__()


def test_a_copy_without_a_write_ahead_log_gets_one_again(store: Store, database: Database) -> None:
    with database.write() as transaction:
        add_ring(transaction)
    store.close()
    sql(database, "PRAGMA journal_mode = DELETE")
    with store.open(PLACE).read() as snapshot:
        assert snapshot.find(KEY_RINGS, "ring", name="ring") is not None
        assert snapshot.connection.one("PRAGMA journal_mode") == ("wal",)


# What the anchor says


def copy_of(database: Database, to: Path) -> None:
    to.mkdir()
    for suffix in ("", "-wal"):
        if os.path.exists(database.path + suffix):
            shutil.copy2(database.path + suffix, to)


def put_back(copy: Path, database: Database) -> None:
    for suffix in ("", "-wal", "-shm"):
        if os.path.exists(database.path + suffix):
            os.unlink(database.path + suffix)
    for file in copy.iterdir():
        shutil.copy2(file, os.path.dirname(database.path))


def test_an_older_file_is_refused_until_it_is_accepted(
    store: Store, database: Database, tmp_path: Path
) -> None:
    store.close()
    copy_of(database, tmp_path / "older")
    database = store.open(PLACE)
    for name in ("one", "two"):
        with database.write() as transaction:
            add_ring(transaction, name)
    store.close()
    put_back(tmp_path / "older", database)
    database = store.open(PLACE)
    text = "is at generation 1, but was at 3 before: it was rolled back, or its -wal file is missing"
    for begin in (database.read, database.write):
        with pytest.raises(RollbackError, match=text):
            begin().__enter__()
    assert database.is_rolled_back()
    with database.write(epoch=b"n" * 16) as transaction:
        assert find_ring(transaction, "two") is None
    assert not database.is_rolled_back()
    with database.read() as snapshot:
        assert (snapshot.head.epoch, snapshot.audit.epoch) == (b"n" * 16, b"n" * 16)
        assert snapshot.head.generation == 2
    # What was before the acceptance is refused now, however new it was.
    store.close()
    put_back(tmp_path / "older", database)
    assert store.open(PLACE).is_rolled_back()


def test_a_database_without_its_log_is_refused(store: Store, database: Database) -> None:
    with database.write() as transaction:
        add_ring(transaction)
    copy = Path(database.path).read_bytes()  # while the change is in the log only
    store.close()
    Path(database.path).write_bytes(copy)
    with pytest.raises(RollbackError, match="-wal file is missing"), store.open(PLACE).read():
        pass


def test_another_future_of_the_same_generation_is_refused(
    store: Store, database: Database, tmp_path: Path
) -> None:
    store.close()
    shutil.copytree(tmp_path / "store", tmp_path / "twin", copy_function=shutil.copy2)
    twin = store_in(tmp_path / "twin")
    for one, name in ((store, "one"), (twin, "two")):
        with one.open(PLACE).write() as transaction:
            add_ring(transaction, name)
        one.close()
    put_back(tmp_path / "twin" / "data" / "locations", database)
    with pytest.raises(RollbackError, match="is not the one that was used last"), store.open(PLACE).read():
        pass


def test_a_database_in_use_without_anchor_is_refused(store: Store, database: Database) -> None:
    older = Path(store.keys.anchor.path).read_bytes()
    with store.open("global").write() as transaction:
        add_ring(transaction)
    Path(store.keys.anchor.path).write_bytes(older)
    with pytest.raises(RollbackError, match="is in use but was never anchored"), store.open("global").read():
        pass


def test_a_new_database_that_its_maker_did_not_anchor_is_anchored_by_the_first_writer(tmp_path: Path) -> None:
    def probe(step: str) -> None:
        if step == "create.linked":
            raise Crash

    crashing = store_in(tmp_path / "store", probe=probe)
    with pytest.raises(Crash):
        crashing.open(PLACE)
    crashing.close()
    store = store_in(tmp_path / "store")
    database = store.open(PLACE)
    assert database.mark() is None
    with database.read() as snapshot:
        assert snapshot.head.generation == 1
    with database.write() as transaction:
        assert database.mark() is not None  # before the commit, so that no crash leaves it in use and unknown
        add_ring(transaction)
    store.close()


def test_the_database_of_another_location_is_refused(store: Store, database: Database) -> None:
    other = store.open("global")
    store.close()
    shutil.copy2(other.path, database.path)
    with pytest.raises(IntegrityError, match="Master key 1 of 'us-east1' cannot be unwrapped"):
        store.open(PLACE).read().__enter__()


def test_the_database_of_another_store_is_refused(store: Store, database: Database, tmp_path: Path) -> None:
    store.close()
    other = store_in(tmp_path / "other")
    path = other.open(PLACE).path
    other.close()
    shutil.copy2(path, database.path)
    with pytest.raises(IntegrityError, match="cannot be unwrapped"), store.open(PLACE).read():
        pass


@pytest.mark.parametrize("table", ["head", "audit_head"])
@pytest.mark.parametrize("value", ["NULL", "7", "-1", "1.5", "'text'", "x'00'", "zeroblob(16)"])
def test_every_column_of_the_heads_is_authenticated(
    store: Store, database: Database, table: str, value: str
) -> None:
    store.close()
    connection = sqlite3.connect(database.path, isolation_level=None)
    names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    for column in names[1:]:
        # A value may be the one that is there, or one that the column does not take.
        connection.execute("BEGIN")
        try:
            before = connection.execute(f"SELECT {column} FROM {table}").fetchone()
            connection.execute(f"UPDATE {table} SET {column} = {value}")
            changed = connection.execute(f"SELECT {column} FROM {table}").fetchone() != before
        except sqlite3.IntegrityError:
            changed = False
        connection.execute("COMMIT" if changed else "ROLLBACK")
        if not changed:
            continue
        with pytest.raises(IntegrityError), store.open(PLACE).read():
            pytest.fail(column)
        connection.execute(f"UPDATE {table} SET {column} = ?", before)
    connection.close()
    with store.open(PLACE).read():
        pass


@pytest.mark.parametrize("table", ["head", "audit_head"])
def test_a_head_that_is_gone_is_an_integrity_error(store: Store, database: Database, table: str) -> None:
    store.close()
    sql(database, f"DELETE FROM {table}")
    with pytest.raises(IntegrityError, match="has no head"), store.open(PLACE).read():
        pass


def test_heads_of_different_epochs_do_not_belong_together(
    store: Store, database: Database, tmp_path: Path
) -> None:
    store.close()
    copy_of(database, tmp_path / "older")
    with store.open(PLACE).write(epoch=b"n" * 16):
        pass
    store.close()
    older = tmp_path / "older" / "us-east1.db"
    sql(
        database,
        f"ATTACH '{older}' AS older",
        "DELETE FROM audit_head",
        "INSERT INTO audit_head SELECT * FROM older.audit_head",
    )
    with pytest.raises(IntegrityError, match="do not belong together"), store.open(PLACE).read():
        pass


# Connections


def test_connections_are_used_again(database: Database) -> None:
    with database.read() as first:
        connection = first.connection
    with database.write() as second:
        assert second.connection is connection
    with database.read() as third, database.read() as fourth:
        assert third.connection is connection
        assert fourth.connection is not connection


def test_a_refusal_leaves_the_connection_good(database: Database) -> None:
    with database.read() as snapshot:
        connection = snapshot.connection
    with pytest.raises(FailedPrecondition), database.write() as transaction:
        add_ring_and_raise(transaction, FailedPrecondition("no"))
    with database.read() as snapshot:
        assert snapshot.connection is connection
        assert snapshot.find(KEY_RINGS, "ring", name="ring") is None


@pytest.mark.parametrize("kind", [IntegrityError, StoreFull, KeyError, KeyboardInterrupt])
@pytest.mark.parametrize("write", [False, True])
def test_any_other_error_ends_the_connection(
    database: Database, kind: type[BaseException], write: bool
) -> None:
    begun = database.write() if write else database.read()
    connection = begun.__enter__().connection
    begun.__exit__(kind, kind("no"), None)
    with pytest.raises(Exception, match="closed"):
        connection.execute("SELECT 1")
    assert database._idle == []
    assert database._masters is None
    with database.write() as transaction:
        add_ring(transaction)


def test_an_error_that_is_kept_does_not_keep_a_snapshot(database: Database) -> None:
    with database.write() as transaction:
        for number in range(5):
            add_ring(transaction, f"r{number}")
    kept = None
    try:
        with database.read() as snapshot:
            for _ in snapshot.connection.each("SELECT * FROM key_rings"):
                raise IntegrityError("in the middle")  # noqa: TRY301 - what the test is about
    except IntegrityError as error:
        kept = error
    with database.write() as transaction:
        add_ring(transaction, "next")
    with database.read() as snapshot:
        assert snapshot.head.generation == 3
    assert database.purge([])
    assert kept is not None


def test_a_rollback_that_fails_ends_the_connection(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute = Connection.execute

    def failing(self: Connection, sql: str, parameters: tuple[object, ...] = ()) -> None:
        if sql == "ROLLBACK":
            raise StoreAccess("Reading or writing failed.")
        execute(self, sql, parameters)  # type: ignore[arg-type]

    reading = database.read()
    reading.__enter__()
    with monkeypatch.context() as patch:
        patch.setattr(Connection, "execute", failing)
        with pytest.raises(StoreAccess):
            reading.__exit__(None, None, None)
    assert database._idle == []
    with database.write() as transaction:
        add_ring(transaction)


def test_a_clock_that_fails_leaks_nothing(tmp_path: Path) -> None:
    times = iter([1_893_456_000_000_000])
    store = store_in(tmp_path / "store", clock=lambda: next(times))
    database = store.open(PLACE)
    for begin in (database.read, database.write):
        with pytest.raises(StopIteration), begin():
            pytest.fail("begun")
    assert database._idle == []
    store.close()


def test_closing_waits_for_nobody_and_leaves_nothing_open(store: Store, database: Database) -> None:
    with database.read() as snapshot:
        connection = snapshot.connection
        store.close()
        assert snapshot.find(KEY_RINGS, "ring", name="ring") is None
    with pytest.raises(Exception, match="closed"):
        connection.execute("SELECT 1")
    assert database._idle == []


def test_a_file_that_takes_the_place_of_another_is_another_database(
    store: Store, database: Database, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    with database.write() as transaction:
        add_ring(transaction)
    database.purge([])
    shutil.copy2(database.path, copy)
    os.rename(copy, database.path)
    again = store.open(PLACE)
    assert again is not database
    assert database._idle == []
    with again.read() as snapshot:
        assert snapshot.find(KEY_RINGS, "ring", name="ring") is not None
    assert store.open(PLACE) is again


def test_a_file_that_goes_while_it_is_open_is_missed(store: Store, database: Database) -> None:
    with database.read():
        pass
    os.unlink(database.path)
    with pytest.raises(RollbackError, match="is missing, but was at generation 1"):
        store.find(PLACE)


def test_a_mode_that_is_opened_meanwhile_is_noticed(store: Store, database: Database) -> None:
    with database.read():
        pass
    os.chmod(database.path, 0o644)
    with pytest.raises(StoreAccess, match="open to others"):
        store.find(PLACE)


@pytest.mark.parametrize("table", ["key_rings", "head", "audit_head"])
def test_a_trigger_that_is_planted_while_the_database_is_open_prevents_nothing_unseen(
    database: Database, table: str
) -> None:
    with database.write() as transaction:
        add_ring(transaction)
    sql(database, f"CREATE TRIGGER t BEFORE UPDATE ON {table} BEGIN SELECT RAISE(IGNORE); END")

    def change(transaction: Transaction) -> None:
        ring = find_ring(transaction)
        assert ring is not None
        transaction.append_audit("{}")
        transaction.update(ring, create_time=7)

    with pytest.raises(IntegrityError, match="did not make a change"), database.write() as transaction:
        change(transaction)
    with pytest.raises(IntegrityError, match="CREATE TRIGGER t"), database.read():
        pass
    sql(database, "DROP TRIGGER t")
    with database.read() as snapshot:
        assert snapshot.head.generation == 2


def test_eight_threads_share_a_database(database: Database) -> None:
    def work(number: int) -> None:
        for step in range(10):
            with database.write() as transaction:
                add_ring(transaction, f"r{number}-{step}")
            with database.read() as snapshot:
                assert snapshot.find(KEY_RINGS, "ring", name=f"r{number}-{step}") is not None

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    with database.read() as snapshot:
        assert len(snapshot.every(KEY_RINGS)) == 80
        assert snapshot.head.generation == 81
