"""Restores, where keys are in a token: what the token has done since is not taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kmsctl.errors import FailedPrecondition
from kmsctl.model import states
from kmsctl.service import generation
from kmsctl.service.encryptions import MOST
from kmsctl.store import token_objects, versions
from tests.unit.service.backups import back_up, restore
from tests.unit.service.world import DAY, HOUR, KEY, OWNER

if TYPE_CHECKING:
    from tests.unit.service.hsm_world import HsmWorld
    from tests.unit.service.world import World

V1 = KEY.version(1)


def count(world: HsmWorld, cka_id: bytes) -> int:
    with world.database().read() as snapshot:
        row = token_objects.by_cka_id(snapshot, cka_id)
    assert row is not None
    return row.integer("encryptions")


def destroy_for_good(world: HsmWorld, number: int = 1) -> None:
    world.kms.destroy_crypto_key_version(OWNER, KEY.version(number))
    world.clock.now += DAY + HOUR
    world.maintain()
    assert world.state(number) == "DESTROYED"


def test_a_restore_does_not_take_back_how_often_a_key_has_encrypted(hsm: HsmWorld) -> None:
    world = hsm
    world.make("GOOGLE_SYMMETRIC_ENCRYPTION")
    cka_id = world.cka_id()
    data = back_up(world)
    with world.database().write() as transaction:
        row = token_objects.by_cka_id(transaction, cka_id)
        assert row is not None
        transaction.update(row, encryptions=MOST)
    report = restore(world, data)
    assert report is not None
    assert report.orphans == []
    assert count(world, cka_id) == MOST
    world.reopen()
    with pytest.raises(FailedPrecondition, match="as often as a key"):
        world.encrypt(V1)
    assert world.kinds() == set()


def test_a_restore_of_an_older_count_keeps_the_newer_one_of_a_newer_backup(hsm: HsmWorld) -> None:
    world = hsm
    world.make("GOOGLE_SYMMETRIC_ENCRYPTION")
    cka_id = world.cka_id()
    older = back_up(world)
    before = count(world, cka_id)
    world.encrypt(V1)
    newer = back_up(world)
    assert restore(world, older) is not None
    assert restore(world, newer) is not None
    assert count(world, cka_id) == before + 1


def test_objects_made_since_stay_in_the_token_and_the_restore_names_them(hsm: HsmWorld) -> None:
    world = hsm
    world.make("GOOGLE_SYMMETRIC_ENCRYPTION")
    data = back_up(world)
    world.kms.create_crypto_key_version(OWNER, KEY)
    cka_id = world.cka_id(2)
    report = restore(world, data)
    assert report is not None
    assert len(report.orphans) == 1
    assert str(KEY.version(2)) in report.orphans[0]
    assert cka_id.hex() in report.orphans[0]
    assert world.records("us-east1")[-1]["protoPayload"]["request"]["staysInToken"] == report.orphans
    world.maintain()
    assert world.holds(cka_id)
    assert world.kinds() == set()


def test_what_was_being_made_then_is_not_made_anew_over_what_it_became(hsm: HsmWorld) -> None:
    world = hsm
    world.make("GOOGLE_SYMMETRIC_ENCRYPTION")
    cka_id = world.cka_id()
    with world.database().write() as transaction:
        row = generation.find(transaction, V1)[1]
        held = dict(row.values)
        pending = states.STATE_NUMBERS[states.PENDING_GENERATION]
        transaction.update(row, state=pending, material=None, generate_time=None)
        made = token_objects.of(transaction, row, "V1")
        transaction.update(made, state=token_objects.INTENT, attestation=None)
    data = back_up(world)
    with world.database().write() as transaction:
        row = generation.find(transaction, V1)[1]
        transaction.update(row, **{each: held[each] for each in ("state", "material", "generate_time")})
        made = token_objects.of(transaction, row, "V1")
        transaction.update(made, state=token_objects.LIVE, attestation=b"{}")
    report = restore(world, data)
    assert report is not None
    assert [cka_id.hex() in each for each in report.orphans] == [True]
    world.maintain()
    assert world.state() == "ENABLED"
    assert world.cka_id() != cka_id
    assert world.holds(cka_id)


def test_a_destroyed_version_stays_destroyed(hsm: HsmWorld) -> None:
    world = hsm
    world.make("GOOGLE_SYMMETRIC_ENCRYPTION", destroy_scheduled_duration=DAY)
    cka_id = world.cka_id()
    data = back_up(world)
    destroy_for_good(world)
    assert not world.holds(cka_id)
    report = restore(world, data)
    assert report is not None
    assert report.buried == [str(V1)]
    assert world.state() == "DESTROYED"
    assert world.kinds() <= {"PURGE_PENDING"}
    world.maintain()
    assert world.kinds() == set()
    assert world.objects() == {}


def test_the_object_of_a_version_that_was_saved_from_its_destruction_stays(hsm: HsmWorld) -> None:
    world = hsm
    world.make("GOOGLE_SYMMETRIC_ENCRYPTION", destroy_scheduled_duration=DAY)
    world.kms.destroy_crypto_key_version(OWNER, V1)
    data = back_up(world)
    world.kms.restore_crypto_key_version(OWNER, V1)
    world.clock.now += DAY + HOUR
    world.maintain()
    report = restore(world, data)
    assert report is not None
    assert report.spared == [str(V1)]
    world.maintain()
    assert world.holds(world.cka_id())
    assert world.state() == "DESTROY_SCHEDULED"


def test_the_object_of_a_version_that_stays_destroyed_is_removed(hsm: HsmWorld) -> None:
    """As where the token, too, was brought back from a copy."""
    world = hsm
    world.make("GOOGLE_SYMMETRIC_ENCRYPTION")
    cka_id = world.cka_id()
    data = back_up(world)
    with world.database().write() as transaction:
        row = generation.find(transaction, V1)[1]
        versions.bury(transaction, row, transaction.now)
        transaction.delete(token_objects.of(transaction, row, "V1"))
    assert world.holds(cka_id)
    report = restore(world, data)
    assert report is not None
    assert report.buried == [str(V1)]
    world.maintain()
    assert not world.holds(cka_id)
    assert world.kinds() == set()
    assert world.objects() == {}


def test_what_is_to_be_removed_from_a_token_still_is_after_a_restore(hsm: HsmWorld) -> None:
    world = hsm
    world.make("GOOGLE_SYMMETRIC_ENCRYPTION")
    data = back_up(world)
    world.kms.create_crypto_key_version(OWNER, KEY)
    cka_id = world.cka_id(2)
    with world.database().write() as transaction:
        row = token_objects.by_cka_id(transaction, cka_id)
        assert row is not None
        token_objects.doom(transaction, row)
    report = restore(world, data)
    assert report is not None
    assert report.orphans == []
    world.maintain()
    assert not world.holds(cka_id)
    assert world.kinds() == set()


def test_a_version_that_was_being_made_then_and_is_destroyed_now_is_not_made_again(world: World) -> None:
    world.make_key()
    with world.database().write() as transaction:
        row = generation.find(transaction, V1)[1]
        transaction.update(row, state=states.STATE_NUMBERS[states.PENDING_GENERATION], material=None)
    data = back_up(world)
    with world.database().write() as transaction:
        row = generation.find(transaction, V1)[1]
        versions.bury(transaction, row, transaction.now)
    report = restore(world, data)
    assert report is not None
    assert report.buried == [str(V1)]
    world.maintain()
    assert world.state() == "DESTROYED"
