from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from kmsctl.errors import IntegrityError
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
        assert not snapshot.connection.holds(needles)
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
