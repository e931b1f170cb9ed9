from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kmsctl.errors import FailedPrecondition, InvalidArgument
from kmsctl.model.names import CryptoKeyName
from kmsctl.model.rest import crypto_key_json
from kmsctl.model.times import MAX_TIME
from tests.unit.service.world import DAY, HOUR, KEY, MINUTE, OWNER, P256, RING, SECOND, START, World, spec

if TYPE_CHECKING:
    from pathlib import Path


def rotating(world: World, period: int | None = DAY, following: int = START + HOUR) -> World:
    world.make_key(rotation_period=period, next_rotation_time=following)
    return world


def primary(world: World) -> int:
    key = world.kms.get_crypto_key(OWNER, KEY)
    assert key.primary is not None
    return key.primary.name.number


def following(world: World) -> int | None:
    return world.kms.get_crypto_key(OWNER, KEY).next_rotation_time


def count(world: World) -> int:
    return len(list(world.kms.list_crypto_key_versions(OWNER, KEY)))


def test_nothing_happens_before_its_time(world: World) -> None:
    rotating(world)
    world.clock.now = START + HOUR - 1
    assert (primary(world), following(world)) == (1, START + HOUR)


@pytest.mark.parametrize("missed", [0, 1, 3, 1000])
def test_missed_periods_make_one_version_and_the_grid_stays(world: World, missed: int) -> None:
    rotating(world)
    ciphertext = world.encrypt()
    due = START + HOUR
    world.clock.now = due + missed * DAY + 7 * MINUTE
    assert primary(world) == 2
    assert following(world) == due + (missed + 1) * DAY
    assert count(world) == 2
    assert world.decrypt(ciphertext) == b"text"
    assert world.encrypt()[4:20] != ciphertext[4:20]
    (record,) = [one for one in world.records() if one["protoPayload"]["methodName"] == "RotateCryptoKey"]
    assert record["protoPayload"]["metadata"] == {"dueTime": "2030-01-01T01:00:00Z"}
    assert record["protoPayload"]["authenticationInfo"] == {"principalEmail": "service@kmsctl"}


@given(st.integers(0, 400 * DAY), st.sampled_from([DAY, DAY + 1, 30 * DAY, 7 * DAY + 13 * MINUTE]))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_next_time_is_in_the_future_and_on_the_grid(tmp_path: Path, late: int, period: int) -> None:
    world = World(tmp_path / os.urandom(8).hex())
    rotating(world, period)
    world.clock.now += HOUR + late
    after = following(world)
    assert after is not None
    assert world.clock.now < after <= world.clock.now + period
    assert (after - START - HOUR) % period == 0
    assert count(world) == 2
    world.kms.close()


def test_a_rotation_at_its_very_time(world: World) -> None:
    rotating(world)
    world.clock.now = START + HOUR
    assert (primary(world), following(world)) == (2, START + HOUR + DAY)


def test_a_time_without_a_period_rotates_once(world: World) -> None:
    rotating(world, period=None)
    world.clock.now += 2 * HOUR
    assert (primary(world), following(world)) == (2, None)
    world.clock.now += 100 * DAY
    assert primary(world) == 2


@pytest.mark.parametrize("act", ["encrypt", "get version", "create version", "update", "maintain"])
def test_whoever_comes_first_rotates(world: World, act: str) -> None:
    rotating(world)
    world.clock.now += 2 * HOUR
    if act == "encrypt":
        assert world.kms.get_crypto_key_version(OWNER, KEY.version(1)).state == "ENABLED"
        assert world.decrypt(world.encrypt()) == b"text"
    elif act == "get version":
        assert world.state(2) == "ENABLED"
    elif act == "create version":
        assert world.kms.create_crypto_key_version(OWNER, KEY).name == KEY.version(3)
    elif act == "update":
        world.kms.update_crypto_key(OWNER, KEY, {"labels": {"a": "b"}})
    else:
        assert world.maintain().rotated == [str(KEY.version(2))]
        assert world.maintain().rotated == []
    assert primary(world) == 2


def test_lists_write_nothing(world: World) -> None:
    rotating(world)
    world.clock.now += 2 * HOUR
    before = world.generation()
    (listed,) = world.kms.list_crypto_keys(OWNER, RING)
    assert listed.primary is not None
    assert listed.primary.name == KEY.version(1)
    assert count(world) == 1
    assert world.generation() == before


def test_a_disabled_primary_is_replaced_by_rotation(world: World) -> None:
    rotating(world)
    world.kms.update_crypto_key_version(OWNER, KEY.version(1), "DISABLED")
    world.clock.now += 2 * HOUR
    assert world.decrypt(world.encrypt()) == b"text"


def test_a_change_that_fails_leaves_what_is_due_to_the_next(world: World) -> None:
    rotating(world)
    world.clock.now += 2 * HOUR
    with pytest.raises(FailedPrecondition):
        world.kms.restore_crypto_key_version(OWNER, KEY.version(1))
    assert world.sql("SELECT count(*) FROM crypto_key_versions") == [(1,)]
    assert primary(world) == 2


# Schedules


def test_a_schedule_is_set_changed_and_removed(keyed: World) -> None:
    update = keyed.kms.update_crypto_key
    key = update(OWNER, KEY, {"rotation_period": 2 * DAY, "next_rotation_time": START + DAY})
    assert (key.rotation_period, key.next_rotation_time) == (2 * DAY, START + DAY)
    key = update(OWNER, KEY, {"rotation_period": 3 * DAY})
    assert (key.rotation_period, key.next_rotation_time) == (3 * DAY, START + DAY)
    key = update(OWNER, KEY, {"next_rotation_time": START + 5 * DAY})
    assert (key.rotation_period, key.next_rotation_time) == (3 * DAY, START + 5 * DAY)
    key = update(OWNER, KEY, {"rotation_period": None})
    assert (key.rotation_period, key.next_rotation_time) == (None, START + 5 * DAY)
    key = update(OWNER, KEY, {"rotation_period": None, "next_rotation_time": None})
    assert (key.rotation_period, key.next_rotation_time) == (None, None)
    keyed.clock.now += 100 * DAY
    assert primary(keyed) == 1


WRONG = [
    ({"rotation_period": DAY}, "next_rotation_time must be set when rotation_period is"),
    (
        {"rotation_period": DAY - 1, "next_rotation_time": START + DAY},
        "at least 24 hours and at most 876000 hours",
    ),
    ({"rotation_period": 0, "next_rotation_time": START + DAY}, "at least 24 hours"),
    ({"rotation_period": -DAY, "next_rotation_time": START + DAY}, "at least 24 hours"),
    ({"rotation_period": 876_000 * HOUR + 1, "next_rotation_time": START + DAY}, "at most 876000 hours"),
    ({"rotation_period": 2**70, "next_rotation_time": START + DAY}, "at most 876000 hours"),
    ({"next_rotation_time": START}, "must lie in the future"),
    ({"next_rotation_time": 0}, "must lie in the future"),
    ({"next_rotation_time": -(2**70)}, "must lie in the future"),
    ({"next_rotation_time": MAX_TIME + 1}, "before the year 10000"),
    ({"next_rotation_time": 2**63}, "before the year 10000"),
]


@pytest.mark.parametrize(("schedule", "text"), WRONG)
def test_a_wrong_schedule_is_refused(keyed: World, schedule: dict[str, int], text: str) -> None:
    with pytest.raises(InvalidArgument, match=text):
        keyed.kms.update_crypto_key(OWNER, KEY, {**schedule})
    with pytest.raises(InvalidArgument, match=text):
        keyed.make_key(CryptoKeyName(RING, "other"), **schedule)
    assert (primary(keyed), following(keyed)) == (1, None)
    assert len(list(keyed.kms.list_crypto_keys(OWNER, RING))) == 1


@pytest.mark.parametrize(
    "schedule",
    [
        {"rotation_period": DAY, "next_rotation_time": START + 1},
        {"rotation_period": 876_000 * HOUR, "next_rotation_time": MAX_TIME},
        {"next_rotation_time": MAX_TIME},
    ],
)
def test_the_limits_of_schedules(world: World, schedule: dict[str, int]) -> None:
    world.make_key(**schedule)
    key = world.kms.get_crypto_key(OWNER, KEY)
    assert key.next_rotation_time == schedule["next_rotation_time"]
    assert crypto_key_json(key)["nextRotationTime"]


def test_a_next_time_is_not_removed_from_below_a_period(world: World) -> None:
    rotating(world)
    with pytest.raises(InvalidArgument, match="must be set when rotation_period is"):
        world.kms.update_crypto_key(OWNER, KEY, {"next_rotation_time": None})


def test_a_schedule_that_has_fallen_due_may_still_be_removed(world: World) -> None:
    rotating(world)
    world.clock.now += 2 * HOUR
    world.kms.update_crypto_key(OWNER, KEY, {"rotation_period": None, "next_rotation_time": None})
    assert (primary(world), following(world)) == (2, None)


def test_only_symmetric_keys_rotate(keyed: World) -> None:
    schedule = {"rotation_period": DAY, "next_rotation_time": START + DAY}
    signing = CryptoKeyName(RING, "signing")
    with pytest.raises(InvalidArgument, match="for symmetric encryption keys only"):
        keyed.kms.create_crypto_key(OWNER, signing, spec(P256, **schedule))
    keyed.kms.create_crypto_key(OWNER, signing, spec(P256))
    with pytest.raises(InvalidArgument, match="this key's purpose is ASYMMETRIC_SIGN"):
        keyed.kms.update_crypto_key(OWNER, signing, {**schedule})
    assert keyed.kms.update_crypto_key(OWNER, signing, {"rotation_period": None}).rotation_period is None


def test_import_only_keys_do_not_rotate(keyed: World) -> None:
    schedule = {"rotation_period": DAY, "next_rotation_time": START + DAY}
    name = CryptoKeyName(RING, "imported")
    with pytest.raises(InvalidArgument, match="import-only"):
        keyed.kms.create_crypto_key(
            OWNER, name, spec(import_only=True, **schedule), skip_initial_version_creation=True
        )
    keyed.kms.create_crypto_key(OWNER, name, spec(import_only=True), skip_initial_version_creation=True)
    with pytest.raises(InvalidArgument, match="import-only"):
        keyed.kms.update_crypto_key(OWNER, name, {**schedule})
    keyed.clock.now += 2 * DAY
    assert keyed.kms.get_crypto_key(OWNER, name).next_rotation_time is None


def test_a_key_without_versions_gets_its_first_by_rotation(world: World) -> None:
    world.kms.create_key_ring(OWNER, RING)
    world.kms.create_crypto_key(
        OWNER, KEY, spec(next_rotation_time=START + HOUR), skip_initial_version_creation=True
    )
    with pytest.raises(FailedPrecondition, match="has no primary version"):
        world.encrypt()
    world.clock.now += HOUR + SECOND
    assert world.decrypt(world.encrypt()) == b"text"
    assert primary(world) == 1
