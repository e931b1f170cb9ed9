from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from kmsctl.errors import IntegrityError, StoreAccess, StoreBusy, StoreFull
from kmsctl.keystore.keystore import KeyStore
from kmsctl.model.names import CryptoKeyName, KeyRingName, LocationName
from kmsctl.service.kms import Kms
from kmsctl.store.connection import Connection
from kmsctl.store.database import Database
from tests.unit.service.world import DAY, HOUR, KEY, OWNER, PLACE, RING, START, World

if TYPE_CHECKING:
    from pathlib import Path

ABROAD = CryptoKeyName(KeyRingName(LocationName("acme", "global"), "ring"), "key")


def test_maintenance_does_what_is_due_everywhere(world: World) -> None:
    schedule = {"rotation_period": DAY, "next_rotation_time": START + HOUR}
    keys = [KEY, ABROAD, CryptoKeyName(RING, "second")]
    for key in keys:
        world.make_key(key, **schedule)
        world.kms.destroy_crypto_key_version(OWNER, key.version(1))
    world.clock.now += 25 * HOUR
    report = world.maintain()
    assert sorted(report.rotated) == sorted(str(key.version(2)) for key in keys)
    assert len(report.destroyed) == 3
    assert (report.purged, report.failed, report.left) == (3, [], [])
    assert world.verify() == []
    again = world.maintain()
    assert (again.rotated, again.destroyed, again.purged, again.left) == ([], [], 0, [])


def test_maintenance_without_a_store_makes_none(world: World) -> None:
    report = world.maintain()
    assert (report.rotated, report.left) == ([], [])
    assert world.verify() == []
    status = world.kms.store_status(OWNER)
    assert (status.initialized, status.databases) == (False, [])
    assert not world.path.exists()


def test_status_tells_what_there_is(keyed: World) -> None:
    keyed.make_key(ABROAD)
    keyed.kms.create_crypto_key_version(OWNER, KEY)
    status = keyed.kms.store_status(OWNER)
    assert status.initialized
    assert status.store_id == keyed.kms.open_store().keys.store_id.hex()
    control, abroad, here = status.databases
    assert [one.name for one in status.databases] == ["control", "global", PLACE]
    assert {name: number for name, number in control.counts.items() if number} == {"projects": 1}
    assert {name: number for name, number in here.counts.items() if number} == {
        "key_rings": 1,
        "crypto_keys": 1,
        "crypto_key_versions": 2,
    }
    assert (here.generation, here.audit_records) == (4, 3)
    assert (abroad.generation, abroad.audit_records) == (3, 2)
    assert here.master_key_versions == [1]
    assert here.last_time == START
    assert here.path == str(keyed.database_path())
    assert here.bytes_on_disk >= os.stat(here.path).st_size
    assert len(here.epoch) == 32
    assert here.problem is None


def test_status_names_what_is_wrong_with_one_and_shows_the_others(keyed: World) -> None:
    keyed.make_key(ABROAD)
    keyed.kms.close()
    keyed.sql("DELETE FROM head", name="global")
    problems = {one.name: one.problem for one in keyed.kms.store_status(OWNER).databases}
    assert problems["control"] is None
    assert problems[PLACE] is None
    assert str(problems["global"]).startswith("INTEGRITY: ")


def test_one_location_that_is_damaged_does_not_keep_the_others_waiting(keyed: World) -> None:
    keyed.make_key(ABROAD)
    for key in (KEY, ABROAD):
        keyed.kms.destroy_crypto_key_version(OWNER, key.version(1))
    keyed.kms.close()
    keyed.sql("DELETE FROM head", name="global")
    keyed.clock.now += DAY
    report = keyed.maintain()
    assert report.destroyed == [str(KEY.version(1))]
    assert [text.partition(":")[0] for text in report.left] == ["global"]


def test_one_key_that_is_damaged_does_not_keep_the_others_waiting(keyed: World) -> None:
    second = CryptoKeyName(RING, "second")
    keyed.make_key(second)
    for key in (KEY, second):
        keyed.kms.destroy_crypto_key_version(OWNER, key.version(1))
    keyed.sql("UPDATE crypto_keys SET labels = 'a=b' WHERE name = 'second'")
    keyed.clock.now += DAY
    report = keyed.maintain()
    assert report.destroyed == [] or report.destroyed == [str(KEY.version(1))]
    assert report.left != []
    assert keyed.state(1) == "DESTROYED"


# Purges


def leave_pending(world: World) -> None:
    """Destroys version 1 while somebody reads, so that its purge waits."""
    world.kms.destroy_crypto_key_version(OWNER, KEY.version(1))
    world.clock.now += DAY
    with world.database().read() as snapshot:
        snapshot.connection.all("SELECT * FROM head")
        assert world.state() == "DESTROYED"
    assert world.sql("SELECT count(*) FROM pending_purges") == [(1,)]


def test_a_reader_delays_a_purge_which_shows_and_is_tried_again(keyed: World) -> None:
    leave_pending(keyed)
    (finding,) = keyed.verify()
    assert (finding.kind, finding.resource) == ("PURGE_PENDING", str(KEY.version(1)))
    here = keyed.kms.store_status(OWNER).databases[1]
    assert here.pending_purges == 1
    with keyed.database().read() as snapshot:
        snapshot.connection.all("SELECT * FROM head")
        (text,) = keyed.maintain().left
        assert text == "us-east1: 1 purge(s) wait for a reader of the database to finish."
    keyed.kms.create_crypto_key_version(OWNER, KEY)  # the next change does it
    assert keyed.verify() == []
    assert keyed.maintain().purged == 0


@pytest.mark.parametrize("kind", [StoreFull, StoreBusy, StoreAccess, IntegrityError])
@pytest.mark.parametrize("place", ["purge", "count"])
def test_a_purge_that_fails_does_not_fail_what_was_done(
    keyed: World, monkeypatch: pytest.MonkeyPatch, kind: type[Exception], place: str
) -> None:
    def failing(*args: object) -> None:
        raise kind("no")

    ciphertext = keyed.encrypt()
    second = keyed.kms.create_crypto_key_version(OWNER, KEY).name
    keyed.kms.destroy_crypto_key_version(OWNER, second)
    keyed.clock.now += DAY
    with monkeypatch.context() as patch:
        patch.setattr(Database, place, failing)
        assert keyed.decrypt(ciphertext) == b"text"  # which destroys what is due, and cannot purge it
        assert keyed.kms.create_crypto_key_version(OWNER, KEY).name == KEY.version(3)
    assert keyed.kinds() == {"PURGE_PENDING"}
    assert keyed.maintain().purged == 1
    assert keyed.verify() == []


def test_a_vacuum_that_fails_leaves_the_purge_to_the_next(
    keyed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connection, "holds", lambda self, needles: True)
    execute = Connection.execute

    def failing(self: Connection, sql: str, parameters: tuple[object, ...] = ()) -> None:
        if sql == "VACUUM":
            raise StoreFull("no room")
        execute(self, sql, parameters)  # type: ignore[arg-type]

    keyed.kms.destroy_crypto_key_version(OWNER, KEY.version(1))
    keyed.clock.now += DAY
    with monkeypatch.context() as patch:
        patch.setattr(Connection, "execute", failing)
        assert keyed.state() == "DESTROYED"
        (text,) = keyed.maintain().left
        assert text == "us-east1: no room"
    assert keyed.maintain().purged == 1
    assert keyed.verify() == []


def test_a_new_use_of_a_store_that_others_purge_goes_on(keyed: World) -> None:
    other = keyed.another()
    ciphertext = keyed.encrypt()
    second = keyed.kms.create_crypto_key_version(OWNER, KEY).name
    keyed.kms.destroy_crypto_key_version(OWNER, second)
    keyed.clock.now += DAY
    other.maintain_store(OWNER, confirm_clock=lambda question: False)
    assert keyed.decrypt(ciphertext) == b"text"
    assert keyed.verify() == []
    other.close()


# Progress


def test_progress_is_told_and_ends_whole(keyed: World) -> None:
    told: list[tuple[int, int]] = []
    assert list(keyed.kms.verify_store(OWNER, lambda done, total: told.append((done, total)))) == []
    ends = [one for one in told if one[0] == one[1]]
    assert len(ends) >= 2  # each database
    assert told[-1] == ends[-1]
    assert all(0 < done <= total for done, total in told)


def test_verification_that_is_left_half_way_holds_nothing(keyed: World) -> None:
    keyed.sql("UPDATE crypto_keys SET labels = 'a=b'")
    findings = keyed.kms.verify_store(OWNER)
    next(findings)
    findings.close()  # type: ignore[attr-defined]
    assert keyed.database().purge([])


# Opening


def test_a_store_that_another_process_makes_in_between_is_no_orphan(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Secrets are made first: whoever has looked for them before must look again when databases are there."""
    other = world.another()
    opened = KeyStore.open
    raced: list[str] = []

    def late(*args: object) -> object:
        found = opened(*args)  # type: ignore[arg-type]
        if not raced:
            raced.append("now")
            assert found is None
            other.create_key_ring(OWNER, RING)
        return found

    monkeypatch.setattr(KeyStore, "open", late)
    assert world.kms.get_key_ring(OWNER, RING).name == RING
    other.close()


def test_paths_with_odd_characters(tmp_path: Path) -> None:
    world = World(tmp_path / "a b%20?#é" / "x'y\"z")
    world.make_key()
    world.reopen()
    assert world.decrypt(world.encrypt()) == b"text"
    assert world.verify() == []
    world.kms.close()


def test_data_and_secrets_may_lie_apart(tmp_path: Path) -> None:
    kms = Kms(str(tmp_path / "one" / "data"), str(tmp_path / "two" / "keys"), clock=lambda: START)
    kms.create_key_ring(OWNER, RING)
    assert sorted(entry.name for entry in (tmp_path / "two" / "keys").iterdir()) == ["anchor", "root-key"]
    assert (tmp_path / "one" / "data" / "control.db").exists()
    kms.close()
    other = Kms(str(tmp_path / "one" / "data"), str(tmp_path / "three" / "keys"), clock=lambda: START)
    with pytest.raises(IntegrityError, match="its root key and anchor are not in"):
        other.get_key_ring(OWNER, RING)
    assert not (tmp_path / "three").exists()


def test_the_root_key_of_another_store_is_refused(keyed: World, tmp_path: Path) -> None:
    other = World(tmp_path / "other")
    other.make_key()
    other.kms.close()
    keyed.kms.close()
    secrets = keyed.path / "config" / "keys"
    for file in ("root-key", "anchor"):
        (secrets / file).write_bytes((other.path / "config" / "keys" / file).read_bytes())
        with pytest.raises(IntegrityError):
            keyed.encrypt()
        keyed.kms.close()
    assert "DATABASE_DAMAGED" in keyed.kinds()
