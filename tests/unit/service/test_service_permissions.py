from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from kmsctl.errors import InvalidArgument, KmsError, NotFound, PermissionDenied
from kmsctl.model.names import CryptoKeyName, KeyRingName, LocationName
from kmsctl.model.requests import DecryptRequest, EncryptRequest
from kmsctl.service.context import Context
from kmsctl.store.tables import CONTROL_TABLES, LOCATION_TABLES, REFUSALS
from tests.unit.service.world import (
    KEY,
    OWNER,
    P256,
    PLACE,
    PROJECT,
    RING,
    STRANGER,
    World,
    acts,
    spec,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from kmsctl.service.kms import Kms


#: verb → (the permission it needs, the verb, the resource it names)
VERBS: dict[str, tuple[str, Callable[[Kms, Context, CryptoKeyName], Any], str]] = {
    "create ring": ("keyRings.create", lambda kms, ctx, key: kms.create_key_ring(ctx, key.parent), "ring"),
    "get ring": ("keyRings.get", lambda kms, ctx, key: kms.get_key_ring(ctx, key.parent), "ring"),
    "list rings": (
        "keyRings.list",
        lambda kms, ctx, key: list(kms.list_key_rings(ctx, key.parent.parent)),
        "location",
    ),
    "create key": ("cryptoKeys.create", lambda kms, ctx, key: kms.create_crypto_key(ctx, key, spec()), "key"),
    "create key pair": (
        "cryptoKeys.create",
        lambda kms, ctx, key: kms.create_crypto_key(ctx, key, spec(P256)),
        "key",
    ),
    "get key": ("cryptoKeys.get", lambda kms, ctx, key: kms.get_crypto_key(ctx, key), "key"),
    "list keys": (
        "cryptoKeys.list",
        lambda kms, ctx, key: list(kms.list_crypto_keys(ctx, key.parent)),
        "ring",
    ),
    "update key": (
        "cryptoKeys.update",
        lambda kms, ctx, key: kms.update_crypto_key(ctx, key, {"labels": {}}),
        "key",
    ),
    "update algorithm": (
        "cryptoKeys.update",
        lambda kms, ctx, key: kms.update_crypto_key(
            ctx, key, {"version_template.algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION"}
        ),
        "key",
    ),
    "set primary": (
        "cryptoKeys.update",
        lambda kms, ctx, key: kms.update_crypto_key_primary_version(ctx, key, 1),
        "key",
    ),
    "create version": (
        "cryptoKeyVersions.create",
        lambda kms, ctx, key: kms.create_crypto_key_version(ctx, key),
        "key",
    ),
    "get version": (
        "cryptoKeyVersions.get",
        lambda kms, ctx, key: kms.get_crypto_key_version(ctx, key.version(1)),
        "version",
    ),
    "list versions": (
        "cryptoKeyVersions.list",
        lambda kms, ctx, key: list(kms.list_crypto_key_versions(ctx, key)),
        "key",
    ),
    "enable": (
        "cryptoKeyVersions.update",
        lambda kms, ctx, key: kms.update_crypto_key_version(ctx, key.version(1), "ENABLED"),
        "version",
    ),
    "destroy": (
        "cryptoKeyVersions.destroy",
        lambda kms, ctx, key: kms.destroy_crypto_key_version(ctx, key.version(1)),
        "version",
    ),
    "restore": (
        "cryptoKeyVersions.restore",
        lambda kms, ctx, key: kms.restore_crypto_key_version(ctx, key.version(1)),
        "version",
    ),
    "encrypt": (
        "cryptoKeyVersions.useToEncrypt",
        lambda kms, ctx, key: kms.encrypt(ctx, EncryptRequest(key, b"x")),
        "key",
    ),
    "encrypt with a version": (
        "cryptoKeyVersions.useToEncrypt",
        lambda kms, ctx, key: kms.encrypt(ctx, EncryptRequest(key.version(1), b"x")),
        "version",
    ),
    "decrypt": (
        "cryptoKeyVersions.useToDecrypt",
        lambda kms, ctx, key: kms.decrypt(ctx, DecryptRequest(key, b"x")),
        "key",
    ),
}

KEYS = {
    "a key that is there": KEY,
    "a key that is not": CryptoKeyName(RING, "none"),
    "a ring that is not": CryptoKeyName(KeyRingName(RING.parent, "none"), "key"),
    "a location that was never used": CryptoKeyName(
        KeyRingName(LocationName(PROJECT, "europe-west1"), "ring"), "key"
    ),
}


def resources_on_disk(world: World) -> dict[str, Any]:
    """Returns the rows of all resources, beside which there are only refusals, and which files there are."""
    found: dict[str, Any] = {
        name: [
            world.sql(f"SELECT * FROM {table.name}", name=name) for table in tables if table is not REFUSALS
        ]
        for name, tables in (("control", CONTROL_TABLES), (PLACE, LOCATION_TABLES))
    }
    found["files"] = sorted(
        os.path.join(directory, file)
        for directory, _, files in os.walk(world.path)
        for file in files
        if not file.endswith(("-wal", "-shm"))
    )
    return found


@pytest.mark.parametrize("verb", VERBS)
def test_a_stranger_gets_the_same_answer_whatever_is_there_and_only_that_is_written(
    keyed: World, verb: str
) -> None:
    permission, act, named = VERBS[verb]
    before = resources_on_disk(keyed)
    records = {name: len(keyed.records(name)) for name in ("control", PLACE)}
    for key in KEYS.values():
        resource = {"key": key, "ring": key.parent, "location": key.parent.parent, "version": key.version(1)}
        with pytest.raises(PermissionDenied) as caught:
            act(keyed.kms, STRANGER, key)
        assert caught.value.status == "PERMISSION_DENIED"
        assert caught.value.message == (
            f"Permission 'cloudkms.{permission}' denied on resource '{resource[named]}' (or it may not exist)."
        )
        assert caught.value.hint is not None
    assert resources_on_disk(keyed) == before
    for name, count in records.items():
        # The first is recorded, those after it are counted.
        (record,) = keyed.records(name)[count:]
        refusal = record["protoPayload"]
        assert refusal["status"]["code"] == 7
        assert refusal["authenticationInfo"]["principalEmail"] == STRANGER.principal
    counted = [keyed.sql("SELECT count FROM refusals", name=name) for name in records]
    assert counted == [[(1,)], [(len(KEYS) - 1,)]]
    assert keyed.kinds() == set()


@pytest.mark.parametrize("verb", VERBS)
def test_in_a_project_that_nobody_uses_there_is_nothing(keyed: World, verb: str) -> None:
    _, act, _ = VERBS[verb]
    key = CryptoKeyName(KeyRingName(LocationName("unused", PLACE), "ring"), "key")
    if verb == "create ring":
        act(keyed.kms, STRANGER, key)
        assert keyed.kms.get_key_ring(STRANGER, key.parent).name == key.parent
        with pytest.raises(PermissionDenied):
            keyed.kms.get_key_ring(OWNER, key.parent)
        return
    before = keyed.generation("control"), keyed.generation()
    if verb == "list rings":
        assert act(keyed.kms, STRANGER, key) == []
    else:
        with pytest.raises(NotFound):
            act(keyed.kms, STRANGER, key)
    assert (keyed.generation("control"), keyed.generation()) == before


@pytest.mark.parametrize("verb", VERBS)
def test_without_a_store_nothing_is_made_but_by_a_first_ring(world: World, verb: str) -> None:
    _, act, _ = VERBS[verb]
    if verb == "create ring":
        act(world.kms, OWNER, KEY)
        assert world.verify() == []
        return
    if verb == "list rings":
        assert act(world.kms, OWNER, KEY) == []
    else:
        with pytest.raises(NotFound):
            act(world.kms, OWNER, KEY)
    assert not world.path.exists()


def test_the_first_account_to_make_something_owns_the_project(keyed: World) -> None:
    ((project, policy, number),) = keyed.sql("SELECT project, policy, number FROM projects", name="control")
    assert project == PROJECT
    assert policy.splitlines()[1:] == [f"bind roles/owner user:{OWNER.principal}"]
    assert 10**11 <= number < 10**12
    with pytest.raises(PermissionDenied):
        keyed.kms.create_key_ring(STRANGER, KeyRingName(RING.parent, "theirs"))
    theirs = KeyRingName(LocationName("other", PLACE), "ring")
    keyed.kms.create_key_ring(STRANGER, theirs)
    with pytest.raises(PermissionDenied):
        keyed.kms.get_key_ring(OWNER, theirs)


def test_what_counts_is_who_may_when_the_lock_is_held(keyed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the first look and the lock, the project has become another's."""
    from kmsctl.model.policies import Binding, Policy
    from kmsctl.service import call
    from kmsctl.store import policies, projects

    decide = call.decide
    looks: list[bool] = []

    def late(*asked: Any) -> Any:
        locked = asked[4] is not None and hasattr(asked[4], "update")
        looks.append(locked)
        if locked:
            with keyed.database("control").write() as transaction:
                row = projects.find(transaction, PROJECT)
                assert row is not None
                theirs = Binding("roles/owner", [f"user:{STRANGER.principal}"])
                policies.put(transaction, row, Policy([theirs]))
        return decide(*asked)

    monkeypatch.setattr(call, "decide", late)
    before = resources_on_disk(keyed)[PLACE]
    with pytest.raises(PermissionDenied):
        keyed.kms.destroy_crypto_key_version(OWNER, KEY.version(1))
    assert resources_on_disk(keyed)[PLACE] == before
    assert looks == [False, True]


def test_nobody_waits_for_one_who_may_not(keyed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused change takes no write lock, but for the record of its refusal."""
    from kmsctl.model.names import ProjectName, ServiceAccountName
    from kmsctl.service import refusals
    from kmsctl.store.database import Database

    monkeypatch.setattr(refusals, "record", lambda *_: None)
    account = ServiceAccountName(
        "-", keyed.kms.create_service_account(OWNER, ProjectName(PROJECT), "runner").email
    )
    monkeypatch.setattr(Database, "write", None)
    for act in acts(
        lambda: keyed.kms.destroy_crypto_key_version(STRANGER, KEY.version(1)),
        lambda: keyed.kms.delete_service_account(STRANGER, account),
        lambda: keyed.kms.create_key_ring(STRANGER, KeyRingName(RING.parent, "theirs")),
    ):
        with pytest.raises(PermissionDenied):
            act()


def test_two_projects_may_have_rings_of_the_same_name(keyed: World) -> None:
    key = CryptoKeyName(KeyRingName(LocationName("other", PLACE), "ring"), "key")
    keyed.kms.create_key_ring(STRANGER, key.parent)
    keyed.kms.create_crypto_key(STRANGER, key, spec())
    theirs = keyed.kms.encrypt(STRANGER, EncryptRequest(key, b"theirs")).ciphertext
    with pytest.raises(InvalidArgument, match="Decryption failed"):
        keyed.decrypt(theirs)
    assert [str(ring.name) for ring in keyed.kms.list_key_rings(STRANGER, key.parent.parent)] == [
        str(key.parent)
    ]


def test_project_numbers_differ_even_if_randomness_does_not(world: World) -> None:
    world.random = lambda size: b"\7" * size
    world.reopen()
    for project in ("one", "two", "three"):
        # Epochs and master keys are the same too: what counts here are the projects.
        world.kms.create_key_ring(OWNER, KeyRingName(LocationName(project, PLACE), "ring"))
    numbers = [number for (number,) in world.sql("SELECT number FROM projects", name="control")]
    assert len(set(numbers)) == 3


@pytest.mark.parametrize("principal", ["", "\ud800", "a\nb", "a\0b", "\u2028"])
def test_a_caller_has_a_name_that_can_be_written_down(keyed: World, principal: str) -> None:
    ctx = Context(principal)
    for act in acts(
        lambda: keyed.kms.get_crypto_key(ctx, KEY),
        lambda: keyed.kms.create_key_ring(ctx, KeyRingName(LocationName("other", PLACE), "ring")),
        lambda: list(keyed.kms.list_key_rings(ctx, RING.parent)),
        lambda: keyed.kms.store_status(ctx),
        lambda: list(keyed.kms.verify_store(ctx)),
    ):
        with pytest.raises(InvalidArgument, match="is not the name of an account"):
            act()
    assert keyed.sql("SELECT count(*) FROM projects", name="control") == [(1,)]


@pytest.mark.parametrize(
    "principal", ["uid-1000@host", "ö@x", 'O\'Brien"x";DROPTABLEprojects', "a" * 500, "%"]
)
def test_any_other_name_will_do(world: World, principal: str) -> None:
    ctx = Context(principal)
    world.kms.create_key_ring(ctx, RING)
    assert world.kms.get_key_ring(ctx, RING).name == RING
    with pytest.raises(PermissionDenied):
        world.kms.get_key_ring(OWNER, RING)
    assert list(world.kms.verify_store(ctx)) == []


def test_a_name_is_not_cut(world: World) -> None:
    world.make_key()
    for principal in (
        "owner@example.com ",
        "owner@example.co",
        "owner@example.com\u200b",
    ):
        with pytest.raises((PermissionDenied, InvalidArgument)):
            world.kms.get_key_ring(Context(principal), RING)


def test_the_stores_own_verbs_are_for_owners(keyed: World) -> None:
    verbs: list[Callable[[Context], object]] = [
        keyed.kms.store_status,
        lambda ctx: list(keyed.kms.verify_store(ctx)),
        lambda ctx: keyed.kms.maintain_store(ctx, confirm_clock=lambda question: True),
        lambda ctx: keyed.kms.accept_rollback(ctx, PLACE),
        lambda ctx: keyed.kms.accept_rollback(ctx, "control"),
        lambda ctx: keyed.kms.accept_rollback(ctx, "europe-west1"),
    ]
    for act in verbs:
        with pytest.raises(PermissionDenied, match=r"denied on resource 'store'"):
            act(STRANGER)
        try:
            act(OWNER)
        except KmsError as error:
            assert error.status in ("INVALID_ARGUMENT", "NOT_FOUND")  # noqa: PT017 - nothing to accept


@pytest.mark.parametrize("location", ["mars", "us-east99", "us", "a" * 63])
def test_only_locations_of_cloud_kms_are_served(keyed: World, location: str) -> None:
    ring = KeyRingName(LocationName(PROJECT, location), "ring")
    if location == "us":
        keyed.kms.create_key_ring(OWNER, ring)
        return
    for act in acts(
        lambda: keyed.kms.create_key_ring(OWNER, ring), lambda: keyed.kms.get_key_ring(OWNER, ring)
    ):
        with pytest.raises(InvalidArgument, match=f"'{location}' is not a Cloud KMS location"):
            act()
    assert not keyed.database_path(location).exists()


def test_a_key_pair_for_a_ring_that_is_not_there_makes_nothing(keyed: World) -> None:
    with pytest.raises(NotFound):
        keyed.kms.create_crypto_key(OWNER, CryptoKeyName(KeyRingName(RING.parent, "none"), "key"), spec(P256))
    pending = keyed.path / "data" / "pending"
    assert not pending.exists() or list(pending.iterdir()) == []
