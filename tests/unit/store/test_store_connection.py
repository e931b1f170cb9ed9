from __future__ import annotations

import os
import sqlite3
import stat
from typing import TYPE_CHECKING, Any

import pytest

from kmsctl.errors import (
    IntegrityError,
    InvalidArgument,
    KmsError,
    StoreAccess,
    StoreBusy,
    StoreError,
    StoreFull,
)
from kmsctl.store import connection as module
from kmsctl.store.connection import Connection, UniqueViolation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database with a table, private, in a private directory."""
    directory = tmp_path / "data"
    directory.mkdir(mode=0o700)
    path = directory / "x.db"
    made = Connection(str(path), create=True)
    made.execute("PRAGMA journal_mode = WAL")
    made.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a UNIQUE, b BLOB NOT NULL)")
    made.close()
    path.chmod(0o600)
    return path


@pytest.fixture
def connection(path: Path) -> Iterator[Connection]:
    made = Connection.open(str(path))
    yield made
    made.close()


def test_queries(connection: Connection) -> None:
    connection.insert_many("INSERT INTO t VALUES (?, ?, ?)", iter([(1, "a", b"x"), (2, None, b"y")]))
    assert connection.one("SELECT a FROM t WHERE id = 1") == ("a",)
    assert connection.one("SELECT a FROM t WHERE id = 3") is None
    assert connection.all("SELECT id, b FROM t ORDER BY id") == [(1, b"x"), (2, b"y")]
    assert list(connection.each("SELECT id FROM t ORDER BY id")) == [(1,), (2,)]
    assert connection.number("SELECT max(id) FROM t") == 2
    assert connection.number("SELECT max(id) FROM t WHERE id > ?", (9,)) == 0
    with pytest.raises(IntegrityError):
        connection.number("SELECT 'text'")


def test_durability_and_deletion_are_set(connection: Connection) -> None:
    def pragma(name: str) -> Any:
        row = connection.one(f"PRAGMA {name}")
        assert row is not None
        return row[0]

    assert pragma("journal_mode") == "wal"
    assert pragma("synchronous") == 2
    assert pragma("secure_delete") == 1
    assert pragma("trusted_schema") == 0
    assert pragma("cell_size_check") == 1
    assert pragma("temp_store") == 2


def test_nothing_is_left_to_how_sqlite_was_built(connection: Connection) -> None:
    statements: list[str] = []
    connection._sqlite.set_trace_callback(statements.append)
    connection.configure()
    connection._sqlite.set_trace_callback(None)
    assert {"PRAGMA secure_delete = ON", "PRAGMA synchronous = FULL", "PRAGMA trusted_schema = OFF"} <= set(
        statements
    )


def test_the_log_has_the_mode_of_the_database_whatever_the_umask(path: Path) -> None:
    before = os.umask(0)
    try:
        connection = Connection.open(str(path))
        connection.execute("INSERT INTO t VALUES (1, 1, x'')")
        for suffix in ("", "-wal", "-shm"):
            assert stat.S_IMODE(os.stat(f"{path}{suffix}").st_mode) == 0o600
        connection.close()
    finally:
        os.umask(before)


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
def test_files_that_others_may_open_are_refused(path: Path, connection: Connection, suffix: str) -> None:
    connection.execute("INSERT INTO t VALUES (1, 1, x'')")
    os.chmod(f"{path}{suffix}", 0o644)
    with pytest.raises(StoreAccess, match="open to others"):
        Connection.open(str(path))


def test_a_database_is_not_made_by_opening_it(tmp_path: Path) -> None:
    with pytest.raises(StoreAccess, match="cannot be opened"):
        Connection.open(str(tmp_path / "none.db"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a b.db", "100%.db", "what?.db", "a#b.db", "%2e.db", "a&mode=memory.db"])
def test_a_path_is_no_uri(tmp_path: Path, name: str) -> None:
    made = Connection(str(tmp_path / name), create=True)
    made.execute("CREATE TABLE t (a)")
    made.close()
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_a_directory_that_is_not_writable_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda place, mode: place != str(path.parent))
    with pytest.raises(StoreAccess, match="is not writable") as caught:
        Connection.open(str(path))
    assert caught.value.hint is not None
    assert "also for reading" in caught.value.hint


def test_another_writer_makes_it_busy(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Connection.open(str(path))
    first.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(module, "BUSY_TIMEOUT_MS", 1)
    second = Connection.open(str(path))
    with pytest.raises(StoreBusy) as caught:
        second.execute("BEGIN IMMEDIATE")
    assert caught.value.status == "UNAVAILABLE"
    first.execute("ROLLBACK")
    second.execute("BEGIN IMMEDIATE")
    first.close()
    second.close()


def test_a_full_database_is_full_and_undone(connection: Connection) -> None:
    connection.execute("PRAGMA max_page_count = 4")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO t VALUES (1, 1, x'')")
    with pytest.raises(StoreFull, match="no room left") as caught:
        connection.execute("INSERT INTO t VALUES (2, 2, zeroblob(100000))")
    assert caught.value.status == "RESOURCE_EXHAUSTED"
    if connection.in_transaction:
        connection.execute("ROLLBACK")
    assert connection.all("SELECT id FROM t") == []


def failure(name: str, kind: type[sqlite3.Error] = sqlite3.OperationalError) -> Exception:
    error = kind("what SQLite says")
    error.sqlite_errorname = name
    return module._failure(error, "/no/such/place/x.db")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("SQLITE_BUSY", StoreBusy),
        ("SQLITE_BUSY_SNAPSHOT", StoreBusy),
        ("SQLITE_LOCKED_SHAREDCACHE", StoreBusy),
        ("SQLITE_FULL", StoreFull),
        ("SQLITE_CORRUPT", IntegrityError),
        ("SQLITE_CORRUPT_INDEX", IntegrityError),
        ("SQLITE_NOTADB", IntegrityError),
        ("SQLITE_READONLY", StoreAccess),
        ("SQLITE_READONLY_DBMOVED", StoreAccess),
        ("SQLITE_CANTOPEN_ISDIR", StoreAccess),
        ("SQLITE_PERM", StoreAccess),
        ("SQLITE_AUTH", StoreAccess),
        ("SQLITE_CONSTRAINT_UNIQUE", UniqueViolation),
        ("SQLITE_CONSTRAINT_NOTNULL", IntegrityError),
        ("SQLITE_CONSTRAINT_PRIMARYKEY", IntegrityError),
        ("SQLITE_MISMATCH", IntegrityError),
        ("SQLITE_ERROR", IntegrityError),
        ("", IntegrityError),
    ],
)
def test_each_error_of_sqlite_is_one_of_the_stores_own(name: str, kind: type[Exception]) -> None:
    assert type(failure(name)) is kind


def test_what_is_no_operational_error_says_that_the_store_failed() -> None:
    assert type(failure("SQLITE_MISUSE", sqlite3.ProgrammingError)) is StoreError
    assert type(failure("SQLITE_TOOBIG", sqlite3.DataError)) is StoreError


@pytest.mark.parametrize(("free", "kind"), [(0, StoreFull), (10**9, StoreAccess)])
def test_an_io_error_on_a_full_disk_is_a_full_disk(
    monkeypatch: pytest.MonkeyPatch, free: int, kind: type[Exception]
) -> None:
    class Disk:
        f_bavail = free
        f_frsize = 1

    monkeypatch.setattr(os, "statvfs", lambda path: Disk)
    for name in ("SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_FSYNC"):
        assert type(failure(name)) is kind


def overwrite(path: Path, offset: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(content)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: overwrite(path, 0, b"not a database at all, but long enough to be looked at" * 90),
        lambda path: overwrite(path, 100, b"\xff" * 400),
        lambda path: os.truncate(path, 5000),
        lambda path: os.truncate(path, 50),
    ],
)
def test_a_damaged_file_is_an_integrity_error(path: Path, damage: Callable[[Path], None]) -> None:
    damage(path)
    with pytest.raises(IntegrityError):  # noqa: PT012 - opening may notice, or reading
        connection = Connection.open(str(path))
        try:
            connection.all("SELECT * FROM t")
        finally:
            connection.close()


def test_a_change_is_of_one_row(connection: Connection) -> None:
    connection.change("INSERT INTO t VALUES (?, ?, x'')", (1, "a"))
    connection.change("UPDATE t SET a = ? WHERE id = 1", ("b",))
    for statement in ("UPDATE t SET a = ? WHERE id = 2", "DELETE FROM t WHERE a = ?"):
        with pytest.raises(IntegrityError, match="did not make a change"):
            connection.change(statement, ("c",))
    connection.change("DELETE FROM t WHERE id = ?", (1,))


def test_a_unique_row_twice(connection: Connection) -> None:
    connection.execute("INSERT INTO t VALUES (1, 'a', x'')")
    with pytest.raises(UniqueViolation):
        connection.execute("INSERT INTO t VALUES (2, 'a', x'')")


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 10**40, "\ud800"])
def test_a_value_that_cannot_be_stored_is_the_callers_mistake(connection: Connection, value: Any) -> None:
    acts: list[Callable[[], object]] = [
        lambda: connection.execute("SELECT ?", (value,)),
        lambda: connection.one("SELECT ?", (value,)),
        lambda: connection.all("SELECT ?", (value,)),
        lambda: list(connection.each("SELECT ?", (value,))),
        lambda: connection.insert_many("INSERT INTO t VALUES (1, ?, x'')", iter([(value,)])),
    ]
    for act in acts:
        with pytest.raises(InvalidArgument):
            act()


def test_a_text_that_is_no_text_is_an_integrity_error(connection: Connection) -> None:
    connection.execute("INSERT INTO t VALUES (1, CAST(x'ff' AS TEXT), x'')")
    with pytest.raises(IntegrityError):
        connection.all("SELECT a FROM t")


def test_words_of_sqlite_that_are_no_text_are_an_integrity_error(path: Path) -> None:
    """It quotes the name of what it cannot read in the schema."""
    sqlite = sqlite3.connect(path)
    sqlite.execute("PRAGMA writable_schema = ON")
    sqlite.execute("UPDATE sqlite_master SET sql = 'CREATE nonsense', name = CAST(x'70ff91' AS TEXT)")
    sqlite.commit()
    sqlite.close()
    with pytest.raises(IntegrityError, match="is damaged"):
        Connection.open(str(path)).all("SELECT * FROM t")


def test_a_closed_connection_fails_as_a_store(path: Path) -> None:
    connection = Connection.open(str(path))
    connection.close()
    with pytest.raises(StoreError):
        connection.execute("SELECT 1")


def test_the_log_is_emptied_unless_a_reader_needs_it(path: Path, connection: Connection) -> None:
    connection.execute("INSERT INTO t VALUES (1, 1, x'')")
    log = path.with_name("x.db-wal")
    reader = Connection.open(str(path))
    reader.execute("BEGIN")
    reader.all("SELECT * FROM t")
    connection.execute("INSERT INTO t VALUES (2, 2, x'')")
    assert not connection.truncate_log()
    assert log.stat().st_size > 0
    reader.execute("ROLLBACK")
    assert connection.truncate_log()
    assert log.stat().st_size == 0
    reader.close()


def test_emptying_the_log_waits_for_a_short_while_only(path: Path) -> None:
    connection = Connection.open(str(path))
    before = connection.number("PRAGMA busy_timeout")
    seen: list[str] = []
    execute = connection._sqlite.execute

    class Spy:
        def execute(self, sql: str, parameters: Any = ()) -> Any:
            seen.append(sql)
            return execute(sql, parameters)

    connection._sqlite = Spy()  # type: ignore[assignment]
    connection.truncate_log()
    assert seen == [
        f"PRAGMA busy_timeout = {module._PURGE_WAIT_MS}",
        "PRAGMA wal_checkpoint(TRUNCATE)",
        f"PRAGMA busy_timeout = {module.BUSY_TIMEOUT_MS}",
    ]
    assert module._PURGE_WAIT_MS <= 250
    assert connection.number("PRAGMA busy_timeout") == before


def test_deleted_content_is_found_where_sqlite_left_it(connection: Connection) -> None:
    def holds(*needles: bytes) -> bool | None:
        connection.truncate_log()
        return connection.holds(needles)

    needle = os.urandom(24)
    connection.execute("PRAGMA secure_delete = OFF")
    connection.execute("CREATE TABLE head (id)")
    connection.execute("INSERT INTO t VALUES (1, 1, ?)", (b"a" * 100 + needle,))
    assert connection.holds([needle]) is None  # it is in the log
    assert holds(b"x" * 24, needle)
    connection.execute("DELETE FROM t")
    assert holds(needle)
    assert holds(b"x" * 24) is False
    connection.execute("VACUUM")
    assert holds(needle) is False
    assert holds() is False


def test_where_nobody_can_look_content_may_be_there(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection.execute("CREATE TABLE head (id)")
    connection.truncate_log()
    assert connection.holds([b"x" * 8]) is False
    monkeypatch.setattr(module, "_descriptors", list)
    assert connection.holds([b"x" * 8]) is True


def test_errors_do_not_show_values(connection: Connection) -> None:
    for statement, values in (
        ("INSERT INTO t VALUES (1, ?, NULL)", ("secret",)),
        ("INSERT INTO t VALUES (?, 1, x'')", ("secret",)),
        ("SELECT ?, ?", ("secret", 2**70)),
    ):
        with pytest.raises(KmsError) as caught:
            connection.execute(statement, values)
        assert "secret" not in caught.value.message + str(caught.value.hint)
