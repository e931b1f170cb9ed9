"""Backups, snapshots and moved key rings, together with rotations, verification and repair."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kmsctl.errors import FailedPrecondition
from kmsctl.model.names import KeyRingName, LocationName
from kmsctl.service.unlocking import Unlock
from kmsctl.store import copies
from tests.unit.service.backups import back_up, check, restore, tombstones
from tests.unit.service.protection import Answers
from tests.unit.service.test_service_moving import arrive, export
from tests.unit.service.world import DAY, HOUR, KEY, OWNER, RING, World

if TYPE_CHECKING:
    pass


@pytest.fixture
def world(world: World) -> World:
    world.make_key(destroy_scheduled_duration=DAY)
    return world


def test_a_ring_arrives_after_the_master_key_of_control_was_rotated(world: World, elsewhere: World) -> None:
    data = export(world, elsewhere.kms.get_store_public_key(OWNER))
    elsewhere.kms.rotate_master_key(OWNER, None)
    assert arrive(elsewhere, data).key_ring.endswith(str(RING))
    assert elsewhere.kinds() == set()


def test_a_backup_from_before_a_rotation_of_the_master_key_is_restored(world: World) -> None:
    ciphertext, data = world.encrypt(), back_up(world)
    world.kms.rotate_master_key(OWNER, None)
    assert restore(world, data) is not None
    assert world.decrypt(ciphertext) == b"text"
    assert world.kinds() == set()
    world.kms.rotate_master_key(OWNER, None)
    assert world.decrypt(ciphertext) == b"text"
    assert world.kinds() == set()


def test_a_rotation_of_the_master_key_drops_the_snapshots_that_hold_the_old_one(world: World) -> None:
    world.kms.create_snapshot(OWNER)
    world.kms.rotate_master_key(OWNER, None)
    assert world.kms.list_snapshots(OWNER) == []
    assert world.kinds() == set()


def test_after_a_rotation_of_the_root_key_older_copies_do_not_open(world: World) -> None:
    before = back_up(world)
    world.kms.create_snapshot(OWNER)
    world.kms.rotate_root_key(OWNER, Answers())
    assert world.kms.list_snapshots(OWNER) == []
    with pytest.raises(
        FailedPrecondition, match=r"made under the root key '[0-9a-f]{16}'; the one at hand is"
    ):
        check(world, before)
    world.clock.now += HOUR
    taken = world.kms.maintain_store(OWNER, confirm_clock=lambda _: True).snapshots
    assert [each.partition("/")[0] for each in taken] == ["us-east1", "control"]
    after = back_up(world)
    assert check(world, after) == []
    assert restore(world, after) is not None
    assert world.kinds() == set()


def test_a_new_machine_goes_on_with_the_newest_root_key(world: World, elsewhere: World) -> None:
    ciphertext = world.encrypt()
    world.kms.rotate_root_key(OWNER, Answers())
    world.kms.rotate_master_key(OWNER, None)
    data = back_up(world)
    restore(elsewhere, data, unlock=Unlock(root_key_file=f"{world.kms.secrets_directory}/root-key"))
    assert elsewhere.decrypt(ciphertext) == b"text"
    elsewhere.kms.rotate_root_key(OWNER, Answers())
    assert elsewhere.decrypt(ciphertext) == b"text"
    assert elsewhere.kinds() == set()


def test_while_the_root_key_is_being_rotated_nothing_is_copied_and_a_backup_mends(world: World) -> None:
    world.kms.create_key_ring(OWNER, KeyRingName(LocationName(RING.project, "us-east4"), "there"))
    before = back_up(world)
    world.kms.close()
    world.database_path("us-east4").unlink()
    with pytest.raises(FailedPrecondition, match="'us-east4' could not be wrapped"):
        world.kms.rotate_root_key(OWNER, Answers())
    for copy in (back_up, tombstones, lambda _: world.kms.create_snapshot(OWNER)):
        with pytest.raises(FailedPrecondition, match="being rotated"):
            copy(world)
    restore(world, before, location="us-east4")
    world.kms.rotate_root_key(OWNER, Answers())
    assert check(world, back_up(world)) == []
    assert len(world.kms.create_snapshot(OWNER)) == 3
    assert world.kinds() == set()


def test_what_a_restore_had_prepared_is_left_to_maintenance(world: World) -> None:
    path = world.database_path()
    beside = path.with_name(f".{path.name}.restored")
    beside.write_bytes(path.read_bytes())
    beside.chmod(0o600)
    (finding,) = world.verify()
    assert (finding.resource, finding.action) == (str(beside), "maintain")
    world.kms.repair_store(OWNER, confirm=lambda _: True)
    world.maintain()
    assert not beside.exists()
    assert world.kinds() == set()


def test_what_a_restore_had_prepared_goes_when_something_is_purged(world: World) -> None:
    world.encrypt()
    world.kms.close()
    path = world.database_path()
    beside = path.with_name(f".{path.name}.restored")
    beside.write_bytes(path.read_bytes())
    beside.chmod(0o600)
    world.kms.destroy_crypto_key_version(OWNER, KEY.version(1))
    world.clock.now += DAY + HOUR
    world.kms.create_crypto_key_version(OWNER, KEY)
    assert world.state(1) == "DESTROYED"
    assert not beside.exists()
    assert world.kinds() == set()


def test_a_restore_that_waited_for_a_rotation_of_the_root_key_puts_nothing_under_the_old_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ciphertext, data = world.encrypt(), back_up(world)
    world.encrypt()
    enter = copies.Workshop.__enter__

    def rotated_first(workshop: copies.Workshop) -> copies.Workshop:
        monkeypatch.undo()
        other = world.another()
        other.rotate_root_key(OWNER, Answers())
        other.close()
        return enter(workshop)

    monkeypatch.setattr(copies.Workshop, "__enter__", rotated_first)
    with pytest.raises(FailedPrecondition, match="rotated in the meantime"):
        restore(world, data)
    world.reopen()
    assert world.decrypt(ciphertext) == b"text"
    assert world.kinds() == set()


def test_a_location_that_is_restored_while_a_rotation_of_the_root_key_waits_is_wrapped_anew_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = KeyRingName(LocationName(RING.project, "us-east4"), "there")
    world.kms.create_key_ring(OWNER, there)
    data = back_up(world)
    world.kms.close()
    world.database_path("us-east4").unlink()
    world.kms.accept_rollback(OWNER, "us-east4")
    enter = copies.Workshop.__enter__

    def restored_first(workshop: copies.Workshop) -> copies.Workshop:
        monkeypatch.undo()
        restore(world, data, location="us-east4")
        return enter(workshop)

    monkeypatch.setattr(copies.Workshop, "__enter__", restored_first)
    other = world.another()
    other.rotate_root_key(OWNER, Answers())
    other.close()
    world.reopen()
    assert [ring.name for ring in world.kms.list_key_rings(OWNER, there.parent)] == [there]
    assert world.kinds() == set()
