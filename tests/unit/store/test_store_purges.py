from __future__ import annotations

import os
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from kmsctl.errors import IntegrityError
from kmsctl.store import connection as connections
from kmsctl.store import purges
from kmsctl.store.tables import IMPORT_JOBS, PENDING_PURGES, Row
from tests.unit.store.stores import PLACE, add_ring, store_in

if TYPE_CHECKING:
    from pathlib import Path

    from kmsctl.store.database import Database

WRAPPED = b"\0\0\0\1" + bytes(range(24)) + b"ciphertext and tag"


def destroyed(wrapped: bytes = WRAPPED) -> Row:
    return Row(IMPORT_JOBS, 7, {"material": wrapped}, b"")


def record(database: Database, wrapped: bytes = WRAPPED) -> None:
    with database.write() as transaction:
        purges.insert(transaction, destroyed(wrapped))


def test_a_pending_purge_tells_what_to_look_for_without_being_found_itself(database: Database) -> None:
    record(database)
    with database.read() as snapshot:
        (row,) = purges.pending(snapshot)
        assert (row.integer("tbl"), row.integer("row_id")) == (7, 7)
        needles = list(purges.traces([row]))
        assert needles == [bytes(range(8)), bytes(range(8, 16)), bytes(range(16, 24))]
    assert not any(files_hold(database, needle) for needle in needles)
    with database.write() as transaction:
        purges.finish(transaction, row)
        purges.finish(transaction, row)  # somebody else was faster
    with database.read() as snapshot:
        assert purges.pending(snapshot) == []


def test_a_record_of_another_length_is_refused(database: Database) -> None:
    record(database, WRAPPED[:20])
    with database.read() as snapshot, pytest.raises(IntegrityError):
        list(purges.traces(purges.pending(snapshot)))


def test_what_has_no_material_is_not_purged(database: Database) -> None:
    row = Row(IMPORT_JOBS, 7, {"material": None}, b"")
    with pytest.raises(TypeError), database.write() as transaction:
        purges.insert(transaction, row)


def files_hold(database: Database, needle: bytes) -> bool:
    content = b""
    for suffix in ("", "-wal", "-shm"):
        with open(database.path + suffix, "rb") as file:
            content += file.read()
    return needle in content


@pytest.mark.parametrize("left", ["in the log", "in unused space"])
def test_copies_are_cleared_away_wherever_they_are(tmp_path: Path, left: str) -> None:
    steps: list[str] = []
    store = store_in(tmp_path / "store", probe=steps.append)
    database = store.open(PLACE)
    needle = os.urandom(8)
    with database.write() as transaction:
        for number in range(200):
            add_ring(transaction, f"r{number}")
    connection = database.take()
    if left == "in unused space":
        connection.execute("PRAGMA secure_delete = OFF")
    connection.execute("CREATE TABLE scratch (a)")
    connection.execute("INSERT INTO scratch VALUES (?)", (needle * 20,))
    connection.execute("DROP TABLE scratch")
    database.give_back(connection)
    assert files_hold(database, needle)
    assert database.purge([os.urandom(8), needle])
    assert not files_hold(database, needle)
    assert ("purge.vacuumed" in steps) == (left == "in unused space")
    with database.read() as snapshot:
        assert snapshot.head.generation == 2
        assert len(snapshot.every(PENDING_PURGES)) == 0
        assert snapshot.connection.one("PRAGMA journal_mode") == ("wal",)
    store.close()


def test_a_reader_delays_a_purge(database: Database) -> None:
    record(database)
    with database.read() as snapshot:
        snapshot.connection.all("SELECT * FROM head")
        with database.write() as transaction:
            add_ring(transaction)
        assert not database.purge([])
    assert database.purge([])


def plant(database: Database, content: bytes) -> None:
    """Leaves content in unused space of the file, and nothing in the log."""
    connection = database.take()
    connection.execute("PRAGMA secure_delete = OFF")
    connection.execute("CREATE TABLE scratch (a)")
    connection.execute("INSERT INTO scratch VALUES (?)", (content,))
    connection.execute("DROP TABLE scratch")
    assert connection.truncate_log()
    connection.execute("PRAGMA secure_delete = ON")
    database.give_back(connection)


def test_a_copy_is_found_wherever_a_piece_of_the_file_ends(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    needle = os.urandom(8)
    plant(database, b"x" * 5000 + needle + b"x" * 5000)
    with open(database.path, "rb") as file:
        place = file.read().index(needle)
    connection = database.take()
    for size in (place + 1, place + 7, place + 8, place, 4096, 1000, 8, 9):
        monkeypatch.setattr(connections, "_PIECE", size)
        assert connection.holds([os.urandom(8), needle]) is True
        assert connection.holds([os.urandom(8), needle[:7] + b"?"]) is False
    database.give_back(connection)


def test_a_file_is_searched_a_piece_at_a_time(database: Database) -> None:
    plant(database, os.urandom(30 << 20))
    connection = database.take()
    tracemalloc.start()
    assert connection.holds([os.urandom(8)]) is False
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    database.give_back(connection)
    assert os.stat(database.path).st_size > 30 << 20
    assert peak < 5 << 20


def test_a_search_releases_no_lock(database: Database) -> None:
    """POSIX locks go with the first descriptor of the file that the process closes."""

    def locks() -> list[str]:
        with open("/proc/locks") as file:
            inode = os.stat(database.path).st_ino
            mine = [line for line in file if f":{inode} " in line and f" {os.getpid()} " in line]
            return [line.partition(": ")[2] for line in mine]

    if not os.path.exists("/proc/locks"):
        pytest.skip("NOT TESTED: this system does not show locks")
    reader = database.take()
    reader.number("SELECT count(*) FROM head")
    connection = database.take()
    before = locks()
    assert before
    assert connection.holds([b"x" * 8]) is not None
    assert locks() == before
    for each in (reader, connection):
        database.give_back(each)


def test_what_others_write_meanwhile_is_searched_too(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    emptying = connections.Connection.truncate_log
    written: list[str] = []

    def late(self: connections.Connection) -> bool:
        emptied = emptying(self)
        if len(written) < 2:
            written.append(os.urandom(4).hex())
            with database.write() as transaction:
                add_ring(transaction, written[-1])
        return emptied

    monkeypatch.setattr(connections.Connection, "truncate_log", late)
    assert database.purge([os.urandom(8)])
    assert len(written) == 2
    written[:] = []
    monkeypatch.setattr(purges, "_ATTEMPTS", 2)
    assert not database.purge([os.urandom(8)])  # it stays pending


def test_for_very_many_the_file_is_written_anew_at_once(tmp_path: Path) -> None:
    steps: list[str] = []
    store = store_in(tmp_path / "store", probe=steps.append)
    assert store.open(PLACE).purge([os.urandom(8) for _ in range(100)])
    assert "purge.vacuumed" in steps
    store.close()
