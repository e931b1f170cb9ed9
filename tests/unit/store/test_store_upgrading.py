"""The way from one format to the next, tried with a format 2 that is made up: whole, or not at all."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from kmsctl.errors import IntegrityError, RollbackError, StoreAccess
from kmsctl.store import migrations, upgrading
from kmsctl.store.tables import KEY_RINGS, Table
from tests.process.forked import Child
from tests.unit.store.stores import PLACE, add_ring, store_in

if TYPE_CHECKING:
    from pathlib import Path

    from kmsctl.store.snapshot import Transaction
    from kmsctl.store.store import Store
    from tests.process.forked import Send

OLD = "policy TEXT NOT NULL,\n  UNIQUE (project, name)"
NEW = "policy TEXT NOT NULL, note TEXT NOT NULL,\n  UNIQUE (project, name)"
RINGS_2 = Table(KEY_RINGS.number, KEY_RINGS.name, (*KEY_RINGS.columns, "note"))


def to_format_2(transaction: Transaction) -> None:
    """Key rings get a note."""
    if transaction.head.name == "control":
        return
    upgrading.put_aside(transaction, KEY_RINGS)
    (statement,) = [each for each in migrations.schema_of(PLACE) if "TABLE key_rings" in each]
    transaction.connection.execute(statement)
    upgrading.retag(transaction, KEY_RINGS, RINGS_2, lambda row: (*row.listed(), f"of {row.text('name')}"))


def new_release(monkeypatch: pytest.MonkeyPatch) -> None:
    assert OLD in migrations.LOCATION_SCHEMA
    monkeypatch.setattr(migrations, "FORMAT", 2)
    monkeypatch.setattr(migrations, "LOCATION_SCHEMA", migrations.LOCATION_SCHEMA.replace(OLD, NEW))
    monkeypatch.setattr(upgrading, "STEPS", {1: to_format_2})


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A store of format 1 with rings in more than one bucket of the integrity tree."""
    store = store_in(tmp_path)
    with store.open(PLACE).write() as transaction:
        for number in range(130):
            add_ring(transaction, f"ring-{number}")
        transaction.append_audit("{}")
    store.close()
    return tmp_path


def notes(store: Store) -> list[str]:
    found = store.find(PLACE)
    assert found is not None
    with found.read() as snapshot:
        rows = snapshot.every(RINGS_2)
    return [row.text("note") for row in rows]


def test_a_database_is_upgraded_when_it_is_opened(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new_release(monkeypatch)
    store = store_in(old)
    assert notes(store) == [f"of ring-{number}" for number in range(130)]
    copy = old / "data" / "snapshots" / f"{PLACE}.format-1.db"
    assert copy.stat().st_mode & 0o777 == 0o600
    with store.open(PLACE).write() as transaction:
        values = {"project": "p", "name": "n", "create_time": 1, "tags": "", "policy": "", "note": "new"}
        transaction.insert(RINGS_2, values)  # type: ignore[arg-type]
    store.close()
    assert notes(store_in(old))[-1] == "new"


def test_the_older_release_refuses_what_was_upgraded(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        new_release(patch)
        assert notes(store_in(old))
    with pytest.raises(StoreAccess, match="has format 2; this release reads format 1") as caught:
        notes(store_in(old))
    assert caught.value.hint == "Use the newer kmsctl that wrote it."
    monkeypatch.setattr(migrations, "FORMAT", 3)
    with pytest.raises(StoreAccess, match="cannot upgrade"):
        notes(store_in(old))


@pytest.mark.parametrize("step", ["upgrade.copied", "upgrade.step", "upgrade.committed"])
def test_an_upgrade_that_dies_is_there_whole_or_not_at_all(
    old: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def dying(reached: str) -> None:
        if reached == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def upgrade(send: Send) -> None:
        new_release(monkeypatch)
        send(notes(store_in(old, probe=dying)))

    child = Child(upgrade)
    assert child.finish() == []
    assert child.killed
    if step != "upgrade.committed":
        store = store_in(old)
        with store.open(PLACE).read() as snapshot:  # the older release goes on with it
            assert len(snapshot.every(KEY_RINGS)) == 130
        store.close()
    new_release(monkeypatch)
    assert len(notes(store_in(old))) == 130
    assert (old / "data" / "snapshots" / f"{PLACE}.format-1.db").exists()


def test_a_damaged_or_older_database_is_not_upgraded(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sqlite3

    path = old / "data" / "locations" / f"{PLACE}.db"
    before = path.read_bytes()
    store = store_in(old)
    with store.open(PLACE).write() as transaction:
        add_ring(transaction, "newer")
    store.close()
    newer = path.read_bytes()
    new_release(monkeypatch)
    path.write_bytes(before)
    with pytest.raises(RollbackError):
        notes(store_in(old))
    path.write_bytes(newer)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE key_rings SET tags = 'a=b' WHERE id = 70")
    connection.close()
    with pytest.raises(IntegrityError):
        notes(store_in(old))


def test_an_upgrade_that_fails_leaves_the_database_as_it_was(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(transaction: Transaction) -> None:
        to_format_2(transaction)
        raise IntegrityError("half way")

    with monkeypatch.context() as patch:
        new_release(patch)
        patch.setattr(upgrading, "STEPS", {1: fail})
        with pytest.raises(IntegrityError, match="half way"):
            notes(store_in(old))
    with store_in(old).open(PLACE).read() as snapshot:
        assert len(snapshot.every(KEY_RINGS)) == 130
