"""Backups: what they hold, what opens them, and that no altered one is believed."""

from __future__ import annotations

import json
import random
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from kmsctl.crypto import recipients
from kmsctl.errors import (
    FailedPrecondition,
    IntegrityError,
    InvalidArgument,
    KmsError,
    PermissionDenied,
    StoreAccess,
)
from kmsctl.keystore.containers import Header
from kmsctl.model.log_tree import LogTree
from kmsctl.service.unlocking import Unlock
from tests.unit.service.backups import back_up, check, container, differences, restore, tombstones
from tests.unit.service.test_service_planted_bytes import spellings
from tests.unit.service.world import DAY, KEY, OWNER, P256, STRANGER, Randomness, World, spec

if TYPE_CHECKING:
    from pathlib import Path

PASSPHRASE = b"correct horse"


@pytest.fixture
def world(world: World) -> World:
    world.make_key(destroy_scheduled_duration=DAY)
    return world


def sealed_root_key(key: bytes, binding: bytes) -> dict[str, object]:
    return recipients.seal_for_passphrase(PASSPHRASE, key, binding, Randomness())


def root_key_of(world: World) -> str:
    return str(world.path / "config" / "keys" / "root-key")


def test_a_backup_is_whole_and_says_what_is_in_it(world: World) -> None:
    seen: dict[str, object] = {}
    data = back_up(world)
    assert list(world.kms.verify_backup(OWNER, container(data), Unlock(), manifest=seen.update)) == []
    assert [each["name"] for each in seen["databases"]] == ["us-east1", "control"]  # type: ignore[attr-defined]
    location = seen["databases"][0]  # type: ignore[index]
    with world.database().read() as snapshot:
        chain = snapshot.audit
        assert location["generation"] == snapshot.head.generation
        assert location["epoch"] == snapshot.head.epoch.hex()
        assert (
            location["auditRoot"]
            == LogTree(lambda data: sha256(data).digest(), chain.sequence, chain.edge).root().hex()
        )
        assert location["auditRecords"] == chain.sequence
    assert location["counts"]["crypto_key_versions"] == 1
    assert location["masterKeyVersions"] == [1]
    assert world.kinds() == set()


def test_a_backup_is_recorded_and_needs_its_permission(world: World) -> None:
    back_up(world)
    record = world.records("control")[-1]["protoPayload"]
    assert record["methodName"] == "CreateBackup"
    asked = {"permission": "kmsctl.store.backup", "permissionType": "ADMIN_WRITE", "granted": True}
    assert record["authorizationInfo"] == [asked]
    with pytest.raises(PermissionDenied):
        world.kms.create_backup(STRANGER, lambda _: None)
    with pytest.raises(PermissionDenied):
        check_as_stranger(world)
    with pytest.raises(PermissionDenied):
        restore(world, back_up(world), context=STRANGER)


def check_as_stranger(world: World) -> None:
    list(world.kms.verify_backup(STRANGER, container(back_up(world)), Unlock(), manifest=lambda _: None))


def test_no_key_bytes_are_in_a_backup_unless_the_root_key_is_asked_for(world: World) -> None:
    world.kms.create_crypto_key_version(OWNER, KEY)
    data = back_up(world)
    drawn = world.random.drawn  # type: ignore[attr-defined]
    secrets = [each for each in drawn if len(each) == 32]
    assert len(secrets) >= 4
    for secret in secrets:
        for spelling in spellings(secret):
            assert spelling not in data
    assert Header.read(container(data).read, "").sections("").keys() == {"rootKeyId"}
    full = back_up(world, seal_root_key=sealed_root_key)
    root = drawn[1]
    assert len(root) == 32
    assert not any(spelling in full for spelling in spellings(root))
    assert json.loads(Header.read(container(full).read, "").section)["rootKey"]["kdf"] == "scrypt"


@pytest.mark.parametrize("seed", range(6))
def test_a_flipped_bit_anywhere_is_refused(world: World, elsewhere: World, seed: int) -> None:
    data = back_up(world, seal_root_key=sealed_root_key)
    rng = random.Random(seed)
    places = [*range(seed * 9, seed * 9 + 9), *(rng.randrange(len(data)) for _ in range(25))]
    for place in places:
        altered = bytearray(data)
        altered[place] ^= 1 << rng.randrange(8)
        with pytest.raises((IntegrityError, InvalidArgument, FailedPrecondition)):
            check(world, bytes(altered))
    with pytest.raises((IntegrityError, InvalidArgument, FailedPrecondition)):
        restore(elsewhere, bytes(altered), unlock=Unlock(root_key_file=root_key_of(world)))
    assert elsewhere.kms.find_store() is None


def test_a_backup_that_is_cut_off_anywhere_is_refused(world: World) -> None:
    data = back_up(world)
    rng = random.Random(1)
    for size in [*range(48), *(rng.randrange(len(data)) for _ in range(60)), len(data) - 1]:
        with pytest.raises((IntegrityError, InvalidArgument)):
            check(world, data[:size])
    with pytest.raises(IntegrityError):
        check(world, data + b"x")
    with pytest.raises(IntegrityError):
        check(world, data + data)


def test_a_backup_of_another_store_or_a_newer_format_is_refused_clearly(world: World, tmp_path: Path) -> None:
    other = World(tmp_path / "other")
    other.make_key()
    data = back_up(other)
    with pytest.raises(FailedPrecondition, match="is of the store"):
        restore(world, data)
    newer = bytearray(back_up(world))
    newer[7] = 2
    with pytest.raises(FailedPrecondition, match="format 2") as caught:
        restore(world, bytes(newer))
    assert caught.value.hint == "Use the newer kmsctl that wrote it."
    with pytest.raises(InvalidArgument, match="not a file that kmsctl made"):
        restore(world, b"PK\x03\x04 some archive, quite another kind of file")
    with pytest.raises(InvalidArgument, match="list of tombstones, not a backup"):
        restore(world, tombstones(world))


def test_a_database_of_a_newer_format_in_a_backup_is_refused_clearly(world: World) -> None:
    world.kms.close()
    world.sql("PRAGMA user_version = 2", name="us-east1")
    with pytest.raises(StoreAccess, match="has format 2; this release reads format 1"):
        back_up(world)


def test_a_damaged_store_is_not_backed_up_as_if_it_were_whole(world: World) -> None:
    data = back_up(world)
    world.kms.close()
    world.sql("UPDATE crypto_keys SET labels = 'a=b'")
    damaged = back_up(world)
    assert check(world, damaged)
    with pytest.raises(IntegrityError, match="holds a damaged copy of 'us-east1'"):
        restore(world, damaged)
    restore(world, data)
    assert world.kinds() == set()


def test_a_passphrase_or_a_private_key_brings_the_root_key(world: World, elsewhere: World) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    ciphertext = world.encrypt()
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(PASSPHRASE),
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    data = back_up(world, seal_root_key=lambda key, binding: recipients.seal_to(public, key, binding))
    with pytest.raises(FailedPrecondition, match="sealed to the public key"):
        restore(elsewhere, data, unlock=Unlock(passphrase=PASSPHRASE))
    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(FailedPrecondition, match="does not open"):
        restore(elsewhere, data, unlock=Unlock(private_key=other))
    assert not (elsewhere.path / "config" / "keys").exists()
    restore(elsewhere, data, unlock=Unlock(passphrase=PASSPHRASE, private_key=pem))
    assert elsewhere.decrypt(ciphertext) == b"text"
    assert elsewhere.kinds() == set()


def test_without_what_opens_it_a_new_machine_stays_empty(world: World, elsewhere: World) -> None:
    with pytest.raises(FailedPrecondition, match="does not include its root key"):
        restore(elsewhere, back_up(world))
    full = back_up(world, seal_root_key=sealed_root_key)
    with pytest.raises(FailedPrecondition, match="sealed with a passphrase"):
        restore(elsewhere, full)
    with pytest.raises(FailedPrecondition, match="does not open"):
        restore(elsewhere, full, unlock=Unlock(passphrase=b"wrong"))
    assert not (elsewhere.path / "config" / "keys").exists()
    restore(elsewhere, full, unlock=Unlock(passphrase=PASSPHRASE))
    assert elsewhere.kinds() == set()


def test_the_root_key_of_one_backup_does_not_open_in_another(world: World, elsewhere: World) -> None:
    first, second = (back_up(world, seal_root_key=sealed_root_key) for _ in range(2))
    one, two = (Header.read(container(data).read, "") for data in (first, second))
    two.section = one.section
    moved = two.encode() + second[len(two.encode()) :]
    with pytest.raises(FailedPrecondition, match="does not open"):
        restore(elsewhere, moved, unlock=Unlock(passphrase=PASSPHRASE))


def test_a_dry_run_lists_every_difference_and_changes_nothing(world: World) -> None:
    second = KEY.parent.__class__(KEY.parent.parent, "other")
    data = back_up(world)
    world.kms.create_key_ring(OWNER, second)
    world.kms.update_crypto_key(OWNER, KEY, {"labels": {"a": "b"}})
    world.kms.create_crypto_key_version(OWNER, KEY)
    world.kms.update_crypto_key_version(OWNER, KEY.version(1), "DISABLED")
    before = world.generation()
    found = differences(world, data)
    assert world.generation() == before
    assert {name: each.action for name, each in found.items()} == {
        "other": "REMOVED",
        "ring/cryptoKeys/key": "CHANGED",
        "ring/cryptoKeys/key/cryptoKeyVersions/1": "CHANGED",
        "ring/cryptoKeys/key/cryptoKeyVersions/2": "REMOVED",
    }
    assert found["ring/cryptoKeys/key/cryptoKeyVersions/1"].changes == [("state", "DISABLED", "ENABLED")]
    assert ("labels", "a=b", "") in found["ring/cryptoKeys/key"].changes


def test_differences_are_lost_and_come_back_for_every_kind_of_key(world: World) -> None:
    world.kms.create_crypto_key(OWNER, KEY.__class__(KEY.parent, "sign"), spec(P256))
    data = back_up(world)
    assert differences(world, data) == {}


def test_prune_goes_by_no_backup_of_which_only_the_beginning_is_there(world: World, tmp_path: Path) -> None:
    for _ in range(300):  # more than a chunk; the manifest is in the first
        world.kms.create_crypto_key_version(OWNER, KEY)
    for name in ("old", "new"):
        world.clock.now += DAY
        (tmp_path / name).write_bytes(back_up(world))
    whole = (tmp_path / "new").read_bytes()
    (tmp_path / "new").write_bytes(whole[:-50])
    known = world.kms.list_backups(OWNER, str(tmp_path), Unlock())
    assert [each.problem for each in known] == ["", ""]
    with pytest.raises(IntegrityError, match="newest backup is not whole, so no other one is removed"):
        world.kms.prune_backups(OWNER, str(tmp_path), 1, confirm=lambda _: None)
    assert (tmp_path / "old").exists()
    (tmp_path / "new").write_bytes(whole)
    assert len(world.kms.prune_backups(OWNER, str(tmp_path), 1, confirm=lambda _: None)) == 1
    assert not (tmp_path / "old").exists()


def test_prune_keeps_the_newest_and_what_is_none_of_its(world: World, tmp_path: Path) -> None:
    directory = tmp_path / "backups"
    directory.mkdir()
    for name in ("c", "a", "b"):
        world.clock.now += DAY
        (directory / name).write_bytes(back_up(world))
    (directory / "notes").write_text("KMCFILE is the beginning of one")
    damaged = bytearray((directory / "a").read_bytes())
    damaged[60] ^= 1
    (directory / "damaged").write_bytes(damaged)
    shown: list[object] = []
    removed = world.kms.prune_backups(OWNER, str(directory), 1, confirm=shown.append)
    assert [each.path for each in removed] == [str(directory / name) for name in ("c", "a")]
    assert shown == [removed]
    assert sorted(path.name for path in directory.iterdir()) == ["b", "damaged", "notes"]
    listed = world.kms.list_backups(OWNER, str(directory), Unlock())
    assert [bool(each.problem) for each in listed] == [True, False]
    with pytest.raises(KmsError):
        world.kms.prune_backups(OWNER, str(directory), 0, confirm=shown.append)
