"""Accepting a database that is older than its anchor says, or gone."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from kmsctl.errors import (
    FailedPrecondition,
    IntegrityError,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    RollbackError,
)
from kmsctl.model.iam_resources import Group
from kmsctl.model.names import CryptoKeyName, KeyRingName, LocationName, ProjectName
from kmsctl.model.policies import Binding, Policy
from kmsctl.model.requests import EncryptRequest
from kmsctl.service.authorize import OWNER as OWNER_ROLE
from tests.unit.service.world import HOUR, KEY, OWNER, PLACE, PROJECT, RING, STRANGER, World, acts, spec

if TYPE_CHECKING:
    from pathlib import Path

    from kmsctl.service.context import Context


def keep(world: World, to: Path, name: str = PLACE) -> None:
    world.kms.close()
    to.mkdir()
    shutil.copy2(world.database_path(name), to)


def put_back(world: World, of: Path, name: str = PLACE) -> None:
    world.kms.close()
    for file in world.files_of(name):
        file.unlink(missing_ok=True)
    shutil.copy2(of / world.database_path(name).name, world.database_path(name))


def remove(world: World, name: str = PLACE) -> None:
    world.kms.close()
    for file in world.files_of(name):
        file.unlink(missing_ok=True)


@pytest.fixture
def rolled_back(keyed: World, tmp_path: Path) -> World:
    """A location that has lost a version."""
    keep(keyed, tmp_path / "older")
    keyed.kms.create_crypto_key_version(OWNER, KEY)
    keyed.kms.update_crypto_key_primary_version(OWNER, KEY, 2)
    put_back(keyed, tmp_path / "older")
    return keyed


def test_an_older_database_is_gone_on_with_once_it_is_accepted(rolled_back: World) -> None:
    world = rolled_back
    with pytest.raises(RollbackError) as caught:
        world.encrypt()
    assert caught.value.hint is not None
    assert "kmsctl store accept-rollback us-east1" in caught.value.hint
    world.kms.accept_rollback(OWNER, PLACE)
    assert world.decrypt(world.encrypt()) == b"text"
    assert len(list(world.kms.list_crypto_key_versions(OWNER, KEY))) == 1
    assert world.verify() == []
    world.reopen()
    assert world.verify() == []


def test_the_acceptance_is_recorded(rolled_back: World) -> None:
    rolled_back.kms.accept_rollback(OWNER, PLACE)
    payload = rolled_back.records()[-1]["protoPayload"]
    assert payload["methodName"] == "AcceptRollback"
    assert payload["resourceName"] == "store/us-east1"
    assert payload["request"] == {"anchoredGeneration": "5", "generation": "3"}
    assert payload["authenticationInfo"] == {"principalEmail": "owner@example.com"}


def test_it_draws_a_new_epoch(rolled_back: World, tmp_path: Path) -> None:
    world = rolled_back
    anchor = world.kms.open_store().keys.anchor
    before = anchor.find(PLACE)
    world.kms.accept_rollback(OWNER, PLACE)
    after = anchor.find(PLACE)
    assert before is not None
    assert after is not None
    assert before.epoch != after.epoch
    assert after.generation == 4
    # The older file that was accepted once is not accepted for ever.
    put_back(world, tmp_path / "older")
    with pytest.raises(RollbackError):
        world.encrypt()


def test_what_is_as_its_anchor_says_has_nothing_to_accept(keyed: World) -> None:
    for name in (PLACE, "control"):
        before = keyed.generation(name), len(keyed.records(name))
        with pytest.raises(InvalidArgument, match="there is nothing to accept"):
            keyed.kms.accept_rollback(OWNER, name)
        assert (keyed.generation(name), len(keyed.records(name))) == before


@pytest.mark.parametrize("name", ["europe-west1", "mars"])
def test_what_was_never_there_is_not_found(keyed: World, name: str) -> None:
    with pytest.raises(NotFound, match=f"The store has no database '{name}'"):
        keyed.kms.accept_rollback(OWNER, name)


@pytest.mark.parametrize("name", ["../control", "", "A", "us-east1.db", "locations/us-east1"])
def test_what_is_no_location_is_refused(keyed: World, name: str) -> None:
    with pytest.raises(InvalidArgument):
        keyed.kms.accept_rollback(OWNER, name)


def test_without_a_store_there_is_nothing(world: World) -> None:
    with pytest.raises(FailedPrecondition, match="There is no store yet"):
        world.kms.accept_rollback(OWNER, PLACE)
    assert not world.path.exists()


def test_a_stranger_accepts_nothing(rolled_back: World) -> None:
    with pytest.raises(PermissionDenied):
        rolled_back.kms.accept_rollback(STRANGER, PLACE)
    remove(rolled_back)
    with pytest.raises(PermissionDenied):
        rolled_back.kms.accept_rollback(STRANGER, PLACE)
    with pytest.raises(RollbackError):
        rolled_back.encrypt()


# Missing


def test_a_missing_database_is_made_anew_once_its_loss_is_accepted(keyed: World) -> None:
    remove(keyed)
    for act in (keyed.encrypt, lambda: keyed.kms.create_key_ring(OWNER, RING)):
        with pytest.raises(RollbackError, match="is missing, but was at generation 3"):
            act()
    keyed.kms.accept_rollback(OWNER, PLACE)
    with pytest.raises(NotFound):
        keyed.encrypt()
    assert keyed.verify() == []
    with pytest.raises(NotFound):
        keyed.kms.accept_rollback(OWNER, PLACE)
    keyed.make_key()
    assert keyed.decrypt(keyed.encrypt()) == b"text"
    assert keyed.verify() == []
    payload = keyed.records("control")[-1]["protoPayload"]
    assert payload["request"] == {"anchoredGeneration": "3", "lost": "us-east1"}


def test_a_service_that_runs_takes_up_the_new_database(keyed: World) -> None:
    ciphertext = keyed.encrypt()
    other = keyed.another()
    for file in keyed.files_of():
        file.unlink(missing_ok=True)
    other.accept_rollback(OWNER, PLACE)
    other.create_key_ring(OWNER, RING)
    other.create_crypto_key(OWNER, KEY, spec())
    assert keyed.decrypt(keyed.encrypt()) == b"text"
    with pytest.raises(InvalidArgument, match="Decryption failed"):
        keyed.decrypt(ciphertext)
    assert keyed.verify() == []
    other.close()


def test_what_comes_back_after_its_loss_was_accepted_is_refused(keyed: World, tmp_path: Path) -> None:
    keep(keyed, tmp_path / "kept")
    remove(keyed)
    keyed.kms.accept_rollback(OWNER, PLACE)
    put_back(keyed, tmp_path / "kept")
    with pytest.raises(RollbackError, match="never anchored"):
        keyed.encrypt()
    keyed.kms.accept_rollback(OWNER, PLACE)
    assert keyed.decrypt(keyed.encrypt()) == b"text"
    assert keyed.verify() == []


# control


def test_an_older_control_database_decides_about_itself(keyed: World, tmp_path: Path) -> None:
    keep(keyed, tmp_path / "older", "control")
    keyed.kms.create_key_ring(STRANGER, KeyRingName(LocationName("theirs", PLACE), "ring"))
    put_back(keyed, tmp_path / "older", "control")
    for act in (keyed.encrypt, lambda: keyed.kms.accept_rollback(OWNER, PLACE)):
        with pytest.raises(RollbackError, match=r"control\.db"):
            act()
    with pytest.raises(PermissionDenied):
        keyed.kms.accept_rollback(STRANGER, "control")
    keyed.kms.accept_rollback(OWNER, "control")
    assert keyed.decrypt(keyed.encrypt()) == b"text"
    assert keyed.verify() == []


def test_a_control_database_that_is_lost_leaves_the_keys(keyed: World) -> None:
    ciphertext = keyed.encrypt()
    remove(keyed, "control")
    with pytest.raises(RollbackError):
        keyed.decrypt(ciphertext)
    assert keyed.kms.accept_rollback(OWNER, "control") == [PROJECT]
    assert keyed.decrypt(ciphertext) == b"text"
    before = len(keyed.records())
    keyed.kms.update_crypto_key_version(OWNER, KEY.version(1), "DISABLED")
    assert len(keyed.records()) == before + 1
    keyed.kms.create_key_ring(OWNER, KeyRingName(RING.parent, "second"))
    with pytest.raises(PermissionDenied):
        keyed.kms.get_crypto_key(STRANGER, KEY)
    accepted, made = (record["protoPayload"] for record in keyed.records("control"))
    assert accepted["methodName"] == "AcceptRollback"
    assert accepted["request"] == {"anchoredGeneration": "2", "lost": "control", "projects": [PROJECT]}
    assert made["methodName"] == "CreateProject"
    assert {each["authenticationInfo"]["principalEmail"] for each in (accepted, made)} == {OWNER.principal}
    assert keyed.verify() == []


def closed_to(world: World, ctx: Context) -> None:
    """Checks that a project that has key rings, but is not in control.db, is nobody's."""
    ring = KeyRingName(LocationName(PROJECT, "europe-west1"), "ring")
    for act in acts(
        lambda: world.kms.encrypt(ctx, EncryptRequest(KEY, b"text")),
        lambda: world.kms.get_crypto_key(ctx, KEY),
        lambda: list(world.kms.list_key_rings(ctx, RING.parent)),
        lambda: world.kms.set_iam_policy(
            ctx, KEY, Policy([Binding(OWNER_ROLE, ["user:m@x.y"])]), ["bindings"]
        ),
        lambda: list(world.kms.list_history(ctx, KEY)),
    ):
        with pytest.raises(PermissionDenied) as refused:
            act()
        assert "kmsctl store accept-rollback control" in (refused.value.hint or "")
    for act in acts(
        lambda: world.kms.create_project(ctx, ProjectName(PROJECT)),
        lambda: world.kms.create_key_ring(ctx, ring),
        lambda: world.kms.create_service_account(ctx, ProjectName(PROJECT), "runner"),
    ):
        with pytest.raises(FailedPrecondition, match="does not know this project, which has key rings"):
            act()
    assert list(world.kms.list_log_entries(ctx, [PROJECT])) == []
    for name in (KEY, ProjectName(PROJECT)):
        explained = world.kms.explain_access(ctx, "cloudkms.keyRings.create", name, ctx.principal)
        assert not explained.granted
        assert "which has key rings" in explained.note


def test_keys_whose_owner_was_lost_are_nobodys_until_somebody_takes_them_over(keyed: World) -> None:
    remove(keyed, "control")
    keyed.kms.open_store().accept_loss("control")  # and there the acceptance was interrupted
    keyed.kms.create_project(STRANGER, ProjectName("theirs"))
    for caller in (OWNER, STRANGER):
        closed_to(keyed, caller)
    with pytest.raises(PermissionDenied):
        keyed.kms.accept_rollback(OWNER, "control")
    assert keyed.kms.accept_rollback(STRANGER, "control") == [PROJECT]
    assert list(keyed.kms.list_crypto_keys(STRANGER, RING)) != []


def test_a_location_that_is_lost_keeps_new_projects_waiting_and_no_others(keyed: World) -> None:
    """What it held could have been theirs."""
    elsewhere = LocationName(PROJECT, "europe-west1")
    keyed.kms.create_key_ring(OWNER, KeyRingName(elsewhere, "ring"))
    remove(keyed, elsewhere.location)
    for act in acts(
        lambda: keyed.kms.create_project(STRANGER, ProjectName("new")),
        lambda: keyed.kms.create_key_ring(STRANGER, KeyRingName(LocationName("new", PLACE), "ring")),
        lambda: keyed.kms.create_group(OWNER, ProjectName(PROJECT), "team@example.com"),
    ):
        with pytest.raises(RollbackError, match=elsewhere.location):
            act()
    assert keyed.decrypt(keyed.encrypt()) == b"text"
    keyed.kms.create_key_ring(OWNER, KeyRingName(RING.parent, "second"))
    keyed.kms.accept_rollback(OWNER, elsewhere.location)
    keyed.kms.create_project(STRANGER, ProjectName("new"))


def test_an_interrupted_acceptance_is_completed_by_another(keyed: World) -> None:
    remove(keyed, "control")
    keyed.kms.open_store().accept_loss("control")
    assert keyed.kms.accept_rollback(OWNER, "control") == [PROJECT]
    assert keyed.decrypt(keyed.encrypt()) == b"text"
    with pytest.raises(InvalidArgument, match="there is nothing to accept"):
        keyed.kms.accept_rollback(OWNER, "control")


def test_a_project_that_an_older_control_database_does_not_know_is_the_stores_owners(
    world: World, tmp_path: Path
) -> None:
    world.kms.create_project(OWNER, ProjectName("first"))
    keep(world, tmp_path / "older", "control")
    world.make_key()
    put_back(world, tmp_path / "older", "control")
    with pytest.raises(PermissionDenied):
        world.kms.accept_rollback(STRANGER, "control")
    assert world.kms.accept_rollback(OWNER, "control") == [PROJECT]
    assert world.decrypt(world.encrypt()) == b"text"
    with pytest.raises(PermissionDenied):
        world.kms.get_crypto_key(STRANGER, KEY)


def test_a_group_that_an_older_control_database_does_not_know_is_nobody_elses(
    keyed: World, tmp_path: Path
) -> None:
    """Its members are gone; whoever made it anew would be given what it was given."""
    team, mine, theirs = "team@example.com", ProjectName(PROJECT), ProjectName("theirs")
    keep(keyed, tmp_path / "older", "control")
    keyed.kms.create_group(OWNER, mine, team)
    use = Policy([Binding("roles/cloudkms.cryptoKeyEncrypter", [f"group:{team}"])])
    keyed.kms.set_iam_policy(OWNER, KEY, use, ["bindings"])
    put_back(keyed, tmp_path / "older", "control")
    keyed.kms.accept_rollback(OWNER, "control")
    keyed.kms.create_project(STRANGER, theirs)
    for act in acts(
        lambda: keyed.kms.create_group(STRANGER, theirs, team),
        lambda: keyed.kms.import_groups(STRANGER, theirs, [Group(team, "theirs", [])]),
    ):
        with pytest.raises(FailedPrecondition, match="Policies name group"):
            act()
    keyed.kms.create_group(STRANGER, theirs, "am@example.com")  # part of the other's address
    keyed.kms.create_group(OWNER, mine, team)
    keyed.kms.change_group_members(OWNER, mine, team, add=[f"user:{STRANGER.principal}"])
    assert keyed.kms.encrypt(STRANGER, EncryptRequest(KEY, b"text")).ciphertext
    assert keyed.verify() == []


# Secrets


def test_databases_without_secrets_are_no_fresh_start(keyed: World) -> None:
    keyed.kms.close()
    os.rename(keyed.path / "config" / "keys", keyed.path / "config" / "away")
    for act in (
        keyed.encrypt,
        lambda: keyed.kms.create_key_ring(OWNER, KeyRingName(RING.parent, "new")),
        lambda: keyed.kms.store_status(OWNER),
        keyed.maintain,
        lambda: keyed.kms.accept_rollback(OWNER, PLACE),
    ):
        with pytest.raises(IntegrityError, match="its root key and anchor are not in"):
            act()
    [finding] = keyed.verify()
    assert (finding.kind, finding.action) == ("PROTECTOR_DAMAGED", "restore")
    assert "its root key and anchor are not in" in finding.message
    assert not (keyed.path / "config" / "keys").exists()
    os.rename(keyed.path / "config" / "away", keyed.path / "config" / "keys")
    assert keyed.decrypt(keyed.encrypt()) == b"text"


@pytest.mark.parametrize("file", ["root-key", "anchor"])
def test_half_of_the_secrets_is_no_fresh_start(keyed: World, file: str) -> None:
    keyed.kms.close()
    os.rename(keyed.path / "config" / "keys" / file, keyed.path / "away")
    for act in (keyed.encrypt, lambda: keyed.kms.create_key_ring(OWNER, KeyRingName(RING.parent, "new"))):
        with pytest.raises(IntegrityError, match="is missing"):
            act()
    assert not (keyed.path / "config" / "keys" / file).exists()


def test_a_clock_may_be_behind_what_was_rolled_back(rolled_back: World) -> None:
    rolled_back.clock.now -= HOUR
    with pytest.raises(FailedPrecondition, match="The clock says"):
        rolled_back.kms.accept_rollback(OWNER, PLACE)
    rolled_back.clock.now += HOUR
    rolled_back.kms.accept_rollback(OWNER, PLACE)
    assert rolled_back.verify() == []


def test_keys_elsewhere_go_on(rolled_back: World) -> None:
    abroad = CryptoKeyName(KeyRingName(LocationName("acme", "europe-west1"), "ring"), "key")
    rolled_back.make_key(abroad)
    assert rolled_back.decrypt(rolled_back.encrypt(abroad), abroad) == b"text"
    report = rolled_back.maintain()
    assert [text.partition(":")[0] for text in report.left] == [PLACE]
    problems = {one.name: one.problem for one in rolled_back.kms.store_status(OWNER).databases}
    assert problems["europe-west1"] is None
    problem = problems[PLACE]
    assert problem is not None
    assert problem.startswith("INTEGRITY: ")
