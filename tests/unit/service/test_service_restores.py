"""Restoring: what comes back, what stays destroyed, and what others notice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kmsctl.errors import (
    FailedPrecondition,
    IntegrityError,
    InvalidArgument,
    NotFound,
    RollbackError,
    StoreNewer,
)
from kmsctl.model.names import CryptoKeyName, KeyRingName, LocationName
from kmsctl.model.policies import Binding, Policy
from kmsctl.service.restores import RestoreRequest
from kmsctl.service.unlocking import Unlock
from kmsctl.store.tables import TOMBSTONES
from tests.unit.service.backups import back_up, differences, restore, tombstones
from tests.unit.service.world import DAY, HOUR, KEY, OWNER, PROJECT, World

if TYPE_CHECKING:
    from kmsctl.service.restores import RestorePlan


@pytest.fixture
def world(world: World) -> World:
    world.make_key(destroy_scheduled_duration=DAY)
    return world


def destroy_for_good(world: World, number: int) -> None:
    world.kms.destroy_crypto_key_version(OWNER, KEY.version(number))
    world.clock.now += DAY + HOUR
    world.maintain()
    assert world.state(number) == "DESTROYED"


def test_an_older_state_comes_back_and_says_so(world: World) -> None:
    ciphertext = world.encrypt()
    data = back_up(world)
    with world.database().read() as snapshot:
        epoch = snapshot.head.epoch
    world.kms.update_crypto_key_version(OWNER, KEY.version(1), "DISABLED")
    report = restore(world, data)
    assert report is not None
    assert report.databases == ["control", "us-east1"]
    assert world.decrypt(ciphertext) == b"text"
    with world.database().read() as snapshot:
        assert snapshot.head.epoch != epoch
    for name in ("control", "us-east1"):
        record = world.records(name)[-1]["protoPayload"]
        assert record["methodName"] == "RestoreBackup"
        assert record["request"]["justification"] == "a drill"
        assert "replacedGeneration" in record["request"]
    assert world.kinds() == set()
    world.reopen()
    assert world.state() == "ENABLED"
    assert world.kinds() == set()


def test_another_process_goes_on_with_the_restored_database(world: World) -> None:
    other = world.another()
    ciphertext = world.encrypt()
    data = back_up(world)
    assert other.get_crypto_key_version(OWNER, KEY.version(1)).state == "ENABLED"
    world.kms.update_crypto_key_version(OWNER, KEY.version(1), "DISABLED")
    assert other.get_crypto_key_version(OWNER, KEY.version(1)).state == "DISABLED"
    restore(world, data)
    assert other.get_crypto_key_version(OWNER, KEY.version(1)).state == "ENABLED"
    other.create_crypto_key_version(OWNER, KEY)
    assert world.state(2) == "ENABLED"
    assert world.decrypt(ciphertext) == b"text"
    other.close()


def test_a_reader_in_the_middle_keeps_what_it_sees_and_a_kept_database_is_renewed(world: World) -> None:
    kept = world.database()
    data = back_up(world)
    world.kms.update_crypto_key_version(OWNER, KEY.version(1), "DISABLED")
    with kept.read() as old:
        before = old.head.generation
        restore(world, data)
        assert old.connection.number("SELECT generation FROM head") == before
    with kept.read() as fresh:
        assert fresh.head.epoch != old.head.epoch
    with kept.write() as transaction:
        assert transaction.head.epoch == fresh.head.epoch


def test_what_is_destroyed_stays_destroyed(world: World) -> None:
    ciphertext = world.encrypt()
    data = back_up(world)
    destroy_for_good(world, 1)
    name = "ring/cryptoKeys/key/cryptoKeyVersions/1"
    assert differences(world, data)[name].action == "STAYS_DESTROYED"
    report = restore(world, data)
    assert report is not None
    assert report.buried == [KEY.version(1).text]
    assert world.state() == "DESTROYED"
    with pytest.raises(FailedPrecondition):
        world.decrypt(ciphertext)
    assert world.kinds() == set()
    assert world.sql("SELECT material FROM crypto_key_versions") == [(None,)]


def saved_from_destruction(world: World) -> bytes:
    """Returns a backup in which a version is to be destroyed, long before now."""
    world.kms.destroy_crypto_key_version(OWNER, KEY.version(1))
    data = back_up(world)
    world.kms.restore_crypto_key_version(OWNER, KEY.version(1))
    world.kms.update_crypto_key_version(OWNER, KEY.version(1), "ENABLED")
    world.clock.now += DAY + HOUR
    world.kms.create_crypto_key_version(OWNER, KEY)
    return data


def test_what_was_saved_from_its_destruction_is_not_destroyed_at_once(world: World) -> None:
    ciphertext = world.encrypt()
    report = restore(world, saved_from_destruction(world))
    assert report is not None
    assert report.spared == [KEY.version(1).text]
    assert world.records("us-east1")[-1]["protoPayload"]["request"]["destroyedLater"] == report.spared
    world.maintain()
    assert world.state(1) == "DESTROY_SCHEDULED"
    world.kms.restore_crypto_key_version(OWNER, KEY.version(1))
    world.kms.update_crypto_key_version(OWNER, KEY.version(1), "ENABLED")
    assert world.decrypt(ciphertext) == b"text"


def test_what_is_scheduled_again_is_destroyed_when_that_says(world: World) -> None:
    data = saved_from_destruction(world)
    world.kms.destroy_crypto_key_version(OWNER, KEY.version(1))
    report = restore(world, data)
    assert report is not None
    assert report.spared == []
    world.clock.now += DAY - HOUR
    world.maintain()
    assert world.state(1) == "DESTROY_SCHEDULED"
    world.clock.now += HOUR
    world.maintain()
    assert world.state(1) == "DESTROYED"


def test_a_destroyed_version_that_is_newer_than_the_backup_leaves_a_tombstone(world: World) -> None:
    first = back_up(world)
    world.kms.create_crypto_key_version(OWNER, KEY)
    second = back_up(world)
    destroy_for_good(world, 2)
    restore(world, first)
    assert world.database().count(TOMBSTONES) == 1
    assert [version.name.number for version in world.kms.list_crypto_key_versions(OWNER, KEY)] == [1]
    report = restore(world, second)
    assert report is not None
    assert report.buried == [KEY.version(2).text]
    assert world.state(2) == "DESTROYED"
    assert world.kinds() == set()


def test_a_new_machine_says_what_it_cannot_know_and_takes_a_list(world: World, elsewhere: World) -> None:
    ciphertext = world.encrypt()
    data = back_up(world)
    destroy_for_good(world, 1)
    known = tombstones(world)
    unlock = Unlock(root_key_file=str(world.path / "config" / "keys" / "root-key"))
    plans: list[RestorePlan] = []

    def look(plan: RestorePlan) -> bool:
        plans.append(plan)
        return False

    restore(elsewhere, data, unlock=unlock, confirm=look)
    assert plans[0].unknown == ["us-east1"]
    assert plans[0].installs
    restore(elsewhere, data, unlock=unlock, known=known, confirm=look)
    assert plans[1].unknown == []
    elsewhere.clock.now = world.clock.now
    restore(elsewhere, data, unlock=unlock, known=known)
    assert elsewhere.state() == "DESTROYED"
    with pytest.raises(FailedPrecondition):
        elsewhere.decrypt(ciphertext)
    assert elsewhere.kinds() == set()


def test_an_altered_list_of_tombstones_is_refused(world: World) -> None:
    data = back_up(world)
    destroy_for_good(world, 1)
    known = bytearray(tombstones(world))
    known[-1] ^= 1
    with pytest.raises(IntegrityError):
        restore(world, data, known=bytes(known))
    with pytest.raises(InvalidArgument):
        restore(world, data, known=data)


def test_grants_that_come_back_are_shown(world: World) -> None:
    policy = world.kms.get_iam_policy(OWNER, KEY)
    granted = Policy([Binding("roles/cloudkms.admin", ["user:gone@example.com"])], [], policy.etag)
    world.kms.set_iam_policy(OWNER, KEY, granted, ["bindings"])
    data = back_up(world)
    world.kms.set_iam_policy(OWNER, KEY, Policy([], [], ""), ["bindings"])
    changes = differences(world, data)["ring/cryptoKeys/key"].changes
    assert changes == [("policy", "", "roles/cloudkms.admin user:gone@example.com")]


def test_one_location_alone(world: World) -> None:
    key = CryptoKeyName(KeyRingName(LocationName(PROJECT, "europe-west1"), "ring"), "key")
    world.make_key(key)
    data = back_up(world)
    for each in (KEY, key):
        world.kms.update_crypto_key_version(OWNER, each.version(1), "DISABLED")
    report = restore(world, data, location="europe-west1")
    assert report is not None
    assert report.databases == ["europe-west1"]
    assert world.state(key=key) == "ENABLED"
    assert world.state() == "DISABLED"
    assert world.records("control")[-1]["protoPayload"]["request"]["justification"] == "a drill"
    with pytest.raises(NotFound, match="no database 'asia-east1'"):
        restore(world, data, location="asia-east1")


@pytest.mark.parametrize("name", ["us-east1", "control"])
def test_a_lost_database_comes_back(world: World, name: str) -> None:
    ciphertext = world.encrypt()
    data = back_up(world)
    world.kms.close()
    for file in world.files_of(name):
        file.unlink(missing_ok=True)
    with pytest.raises(RollbackError):
        world.decrypt(ciphertext)
    restore(world, data)
    assert world.decrypt(ciphertext) == b"text"
    assert world.kinds() == set()


@pytest.mark.parametrize("name", ["us-east1", "control"])
def test_a_destroyed_file_is_replaced(world: World, name: str) -> None:
    ciphertext = world.encrypt()
    data = back_up(world)
    world.kms.close()
    for file in world.files_of(name):
        if file.exists():
            file.write_bytes(b"rubbish" * 1000)
    restore(world, data)
    assert world.decrypt(ciphertext) == b"text"
    assert world.kinds() == set()


def test_a_damaged_database_still_says_what_is_destroyed(world: World) -> None:
    world.make_key(CryptoKeyName(KEY.parent, "second"))
    data = back_up(world)
    destroy_for_good(world, 1)
    world.kms.close()
    world.sql("UPDATE crypto_keys SET labels = 'a=b' WHERE id = 2")
    plans: list[RestorePlan] = []

    def look(plan: RestorePlan) -> bool:
        plans.append(plan)
        return True

    report = restore(world, data, confirm=look)
    assert plans[0].unknown == ["us-east1"]
    assert report is not None
    assert report.buried == [KEY.version(1).text]
    assert world.kinds() == set()


def test_a_tombstone_that_somebody_removes_shows(world: World) -> None:
    first = back_up(world)
    world.kms.create_crypto_key_version(OWNER, KEY)
    destroy_for_good(world, 2)
    restore(world, first)
    world.kms.close()
    world.sql("DELETE FROM tombstones")
    assert "ROW_REPLAYED" in world.kinds()


def test_time_never_goes_back_with_a_restore(world: World) -> None:
    data = back_up(world)
    for day in range(20):
        world.clock.now += 2 * DAY
        world.kms.update_crypto_key(OWNER, KEY, {"labels": {"day": str(day)}})
    restore(world, data)
    with world.database().read() as snapshot:
        assert snapshot.now == world.clock.now
        assert snapshot.trusted_now == world.clock.now
    world.clock.now -= DAY
    with pytest.raises(FailedPrecondition, match="The clock says"):
        world.kms.create_crypto_key_version(OWNER, KEY)


def test_secrets_that_were_lost_come_back_to_databases_that_were_not(world: World) -> None:
    import shutil

    ciphertext = world.encrypt()
    data = back_up(world)
    kept = world.path / "root-key"
    shutil.copy2(world.path / "config" / "keys" / "root-key", kept)
    world.kms.close()
    shutil.rmtree(world.path / "config" / "keys")
    world.reopen()
    with pytest.raises(IntegrityError, match="root key and anchor are not in"):
        restore(world, data)
    restore(world, data, unlock=Unlock(root_key_file=str(kept)))
    assert world.decrypt(ciphertext) == b"text"
    assert world.kinds() == set()


def test_a_database_of_a_newer_release_is_not_replaced(world: World) -> None:
    data = back_up(world)
    world.kms.close()
    world.sql("PRAGMA user_version = 2")
    with pytest.raises(StoreNewer, match="has format 2"):
        restore(world, data)


def test_a_justification_is_needed() -> None:
    for text in ("", "  ", "x" * 1001):
        with pytest.raises(InvalidArgument, match="justification"):
            RestoreRequest(text)


def test_what_is_refused_leaves_the_store_as_it_was(world: World) -> None:
    data = back_up(world)

    def refuse(plan: RestorePlan) -> bool:
        raise FailedPrecondition(f"not {len(plan.databases)} databases")

    before = {path: path.read_bytes() for path in world.path.rglob("*.db")}
    with pytest.raises(FailedPrecondition, match="not 2 databases"):
        restore(world, data, confirm=refuse)
    assert {path: path.read_bytes() for path in world.path.rglob("*.db")} == before
    assert list((world.path / "data" / "snapshots").iterdir()) == []
