"""Snapshots: taken by maintenance, restored, and gone with what is destroyed."""

from __future__ import annotations

from pathlib import Path

import pytest

from kmsctl.errors import IntegrityError, InvalidArgument, NotFound, PermissionDenied
from kmsctl.service.restores import RestoreRequest
from kmsctl.store.copies import Workshop
from tests.unit.service.backups import yes
from tests.unit.service.world import DAY, HOUR, KEY, MINUTE, OWNER, STRANGER, World

WHY = RestoreRequest("a drill")


@pytest.fixture
def world(world: World) -> World:
    world.make_key(destroy_scheduled_duration=DAY)
    return world


def listed(world: World) -> list[tuple[str, str]]:
    return [(each.id, each.database) for each in world.kms.list_snapshots(OWNER)]


def test_what_has_not_changed_is_not_taken_again(world: World) -> None:
    taken = [each.database for each in world.kms.create_snapshot(OWNER)]
    assert taken == ["us-east1", "control"]
    assert world.kms.create_snapshot(OWNER) == []
    world.kms.create_crypto_key_version(OWNER, KEY)
    assert [each.database for each in world.kms.create_snapshot(OWNER)] == ["us-east1"]
    with pytest.raises(PermissionDenied):
        world.kms.create_snapshot(STRANGER)
    assert world.kinds() == set()


def test_a_snapshot_is_restored_and_the_state_before_is_kept(world: World) -> None:
    ciphertext = world.encrypt()
    snapshot_id = world.kms.create_snapshot(OWNER)[0].id
    world.clock.now += MINUTE
    world.kms.update_crypto_key_version(OWNER, KEY.version(1), "DISABLED")
    report = world.kms.restore_snapshot(OWNER, snapshot_id, WHY, confirm=yes)
    assert report is not None
    assert report.databases == ["us-east1"]
    assert world.decrypt(ciphertext) == b"text"
    assert world.kinds() == set()
    newest = listed(world)[-1]
    assert newest == ("20300101T000100Z", "us-east1")
    world.kms.restore_snapshot(OWNER, newest[0], WHY, confirm=yes)
    assert world.state() == "DISABLED"
    assert world.records()[-1]["protoPayload"]["methodName"] == "RestoreSnapshot"


def test_maintenance_takes_one_an_hour_and_keeps_four_days(world: World) -> None:
    for _ in range(3):
        world.maintain()
        world.clock.now += 20 * MINUTE
        world.kms.create_crypto_key_version(OWNER, KEY)
    assert len({snapshot_id for snapshot_id, _ in listed(world)}) == 1
    world.maintain()
    assert len({snapshot_id for snapshot_id, _ in listed(world)}) == 2
    for day in range(6):
        world.clock.now += DAY
        world.kms.update_crypto_key(OWNER, KEY, {"labels": {"day": str(day)}})
        world.maintain()
    days = [snapshot_id for snapshot_id, database in listed(world) if database == "us-east1"]
    assert len(days) == 6
    assert [snapshot_id for snapshot_id in days if snapshot_id < "20300103T010000Z"] == ["20300102T010000Z"]
    # What has not changed since is kept: it is the state of all times after it.
    assert [snapshot_id for snapshot_id, database in listed(world) if database == "control"] == [
        "20300101T000000Z"
    ]
    assert world.kinds() == set()


def test_destroyed_is_gone_from_snapshots_too(world: World) -> None:
    world.kms.create_snapshot(OWNER)
    world.kms.destroy_crypto_key_version(OWNER, KEY.version(1))
    assert ("20300101T000000Z", "us-east1") in listed(world)
    world.clock.now += DAY + HOUR
    assert world.state() == "DESTROYED"
    assert [database for _, database in listed(world)] == ["control"]
    assert world.kinds() == set()


def test_a_purge_waits_for_copies_that_are_being_made(world: World) -> None:
    world.kms.create_snapshot(OWNER)
    world.kms.destroy_crypto_key_version(OWNER, KEY.version(1))
    world.clock.now += DAY + HOUR
    with Workshop(str(world.path / "data")):
        assert world.state() == "DESTROYED"
    assert world.kinds() == {"PURGE_PENDING"}
    assert len(listed(world)) == 2
    world.maintain()
    assert world.kinds() == set()


def test_altered_and_renamed_snapshots_are_refused(world: World) -> None:
    first = world.kms.create_snapshot(OWNER)[0]
    world.clock.now += HOUR
    world.kms.create_crypto_key_version(OWNER, KEY)
    second = world.kms.create_snapshot(OWNER)[0]
    directory = world.path / "data" / "snapshots"
    older, newer = (directory / f"us-east1.{each.id}.snapshot" for each in (first, second))
    content = newer.read_bytes()
    newer.write_bytes(older.read_bytes())
    with pytest.raises(IntegrityError, match="another snapshot than its name says"):
        world.kms.restore_snapshot(OWNER, second.id, WHY, confirm=yes)
    newer.write_bytes(content[:-1])
    with pytest.raises(IntegrityError, match="changed or cut off"):
        world.kms.restore_snapshot(OWNER, second.id, WHY, confirm=yes)
    assert world.kinds() == set()


def test_what_is_no_snapshot(world: World) -> None:
    with pytest.raises(InvalidArgument):
        world.kms.restore_snapshot(OWNER, "yesterday", WHY, confirm=yes)
    with pytest.raises(NotFound):
        world.kms.restore_snapshot(OWNER, "20300101T000000Z", WHY, confirm=yes)
    world.kms.create_snapshot(OWNER)
    with pytest.raises(NotFound, match="of 'europe-west1'"):
        world.kms.restore_snapshot(
            OWNER, "20300101T000000Z", RestoreRequest("a drill", "europe-west1"), confirm=yes
        )


def test_a_snapshot_holds_no_key_bytes_and_is_private(world: World) -> None:
    taken = world.kms.create_snapshot(OWNER)
    secrets = [each for each in world.random.drawn if len(each) == 32]  # type: ignore[attr-defined]
    for file in (world.path / "data" / "snapshots").iterdir():
        assert file.stat().st_mode & 0o777 == 0o600
        assert not any(secret in file.read_bytes() for secret in secrets)
    assert len(taken) == 2
    assert (world.path / "data" / "snapshots").stat().st_mode & 0o777 == 0o700


def test_a_snapshot_that_is_dropped_while_they_are_listed_hides_no_other(world: World) -> None:
    (first, *_) = world.kms.create_snapshot(OWNER)
    directory = Path(first.path).parent
    for time in ("20200101T000000Z", "20400101T000000Z"):
        (directory / f"us-east1.{time}.snapshot").symlink_to("nowhere")
    assert first.id in {each.id for each in world.kms.list_snapshots(OWNER)}
