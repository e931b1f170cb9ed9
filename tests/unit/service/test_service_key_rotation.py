"""Rotation of master keys and of the root key, within one process."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import pytest

from kmsctl.errors import FailedPrecondition, IntegrityError, NotFound, StoreLocked
from kmsctl.model.names import CryptoKeyName, ImportJobName, KeyRingName, LocationName
from kmsctl.service import master_rotation
from kmsctl.store import resealing
from kmsctl.store.tables import CONTROL_TABLES, LOCATION_TABLES
from tests.unit.service.protection import (
    PASSPHRASE,
    Answers,
    Wanted,
    add_command,
    add_passphrase,
    make_cheap,
    nothing,
    opened_by,
    remove,
    secrets_of,
)
from tests.unit.service.test_service_planted_bytes import files, spellings
from tests.unit.service.world import DAY, KEY, OWNER, P256, PLACE, RING, World, spec

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.service.scene import Scene

MAC = ("MAC", "HMAC_SHA256")


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    make_cheap(monkeypatch)


def versions_of(world: World) -> dict[str, list[int]]:
    return {each.name: list(each.master_key_versions) for each in world.kms.store_status(OWNER).databases}


def test_every_column_that_is_wrapped_is_known_to_rotation() -> None:
    """Its table says that it is `sealed`, and `kmsctl.store.resealing` knows what it is bound to."""
    tables = {*CONTROL_TABLES, *LOCATION_TABLES}
    for table in tables:
        wrapped = {"material", "fingerprint"} & set(table.columns)
        assert set(table.sealed) == wrapped, table.name
    assert {table.number for table in tables if table.sealed} == resealing.BOUND


def test_after_a_rotation_all_is_as_it_was_and_nothing_refers_to_the_old_key(scene: Scene) -> None:
    world = scene.world
    job = ImportJobName(RING, "job")
    world.kms.create_key_ring(OWNER, KeyRingName(LocationName(RING.project, "global"), "else"))
    world.kms.create_import_job(OWNER, job, "RSA_OAEP_3072_SHA256_AES_256")
    before = scene.outcomes()
    state = files_of_interest(world)
    reports = {report.name: report for report in world.kms.rotate_master_key(OWNER, None)}
    assert set(reports) == {"control", "europe-west1", "global", PLACE}
    assert all(
        (each.version, list(each.retired), each.resumed, each.pending_purges) == (2, [1], False, 0)
        for each in reports.values()
    )
    assert all(found == [2] for found in versions_of(world).values())
    for name in reports:
        for table in CONTROL_TABLES if name == "control" else LOCATION_TABLES:
            found = world.sql(f"SELECT DISTINCT mk FROM {table.name}", name=name)
            assert found in ([], [(2,)]), table.name
        for head in ("head", "audit_head"):
            assert world.sql(f"SELECT mk FROM {head}", name=name) == [(2,)]
    for column in ("material", "fingerprint"):
        sql = f"SELECT count(*) FROM crypto_key_versions WHERE substr({column}, 1, 4) <> x'00000002'"
        assert world.sql(sql) == [(0,)]
    assert world.sql("SELECT substr(material, 1, 4) FROM import_jobs WHERE material NOT NULL")[0] == (
        b"\0\0\0\2",
    )
    assert files_of_interest(world) == state
    world.reopen()
    assert world.verify() == []
    assert scene.outcomes() == before
    assert world.kms.get_import_job(OWNER, job).state == "ACTIVE"


def files_of_interest(world: World) -> list[Any]:
    """What a rotation leaves as it is: all columns but those that are sealed or made with a master key."""
    columns = "key, number, uid, state, algorithm, create_time, destroy_time, public, length(material)"
    return world.sql(f"SELECT {columns} FROM crypto_key_versions ORDER BY id")


def test_the_old_wrapped_master_key_is_in_no_file(keyed: World) -> None:
    old = [bytes(world_row[0]) for world_row in keyed.sql("SELECT wrapped FROM master_keys")]
    old += [bytes(row[0]) for row in keyed.sql("SELECT wrapped FROM master_keys", name="control")]
    keyed.kms.rotate_master_key(OWNER, None)
    keyed.kms.close()
    held = b"".join(files(keyed.path).values())
    for wrapped in old:
        for start in range(0, len(wrapped) - 12, 4):
            assert wrapped[start : start + 12] not in held


def test_a_reader_in_the_way_leaves_a_pending_purge_that_maintain_finishes(keyed: World) -> None:
    other = keyed.another()
    store: Any = other.find_store()
    with store.find(PLACE).read():
        (report,) = keyed.kms.rotate_master_key(OWNER, PLACE)
        assert report.pending_purges == 1
        assert [finding.kind for finding in keyed.verify()] == ["PURGE_PENDING"]
    other.close()
    assert keyed.maintain().purged == 1
    assert keyed.verify() == []


def test_a_rotation_is_recorded_in_the_chain_of_its_database(keyed: World) -> None:
    keyed.kms.rotate_master_key(OWNER, PLACE)
    found = [
        record["protoPayload"]["request"]
        for record in keyed.records()
        if record["protoPayload"]["methodName"] == "RotateMasterKey"
    ]
    assert found == [{"masterKeyVersion": "2"}, {"retiredMasterKeyVersions": ["1"]}]


def test_what_is_not_there_is_not_rotated(world: World) -> None:
    with pytest.raises(NotFound, match="no store yet"):
        world.kms.rotate_master_key(OWNER, None)
    with pytest.raises(NotFound, match="no store yet"):
        world.kms.rotate_root_key(OWNER, Answers())
    world.make_key()
    with pytest.raises(NotFound, match="no database 'us-east4'"):
        world.kms.rotate_master_key(OWNER, "us-east4")


def interrupted(world: World, step: str, act: Callable[[], object]) -> None:
    class Stop(BaseException):
        pass

    def probe(name: str) -> None:
        if name == step:
            raise Stop

    world.probe = probe
    world.reopen()
    with pytest.raises(Stop):
        act()
    world.probe = nothing
    world.reopen()


@pytest.mark.parametrize("by", ["command", "maintain"])
def test_a_rotation_that_was_interrupted_goes_on(
    keyed: World, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(master_rotation, "_BATCH", 2)
    for _ in range(5):
        keyed.kms.create_crypto_key_version(OWNER, KEY)
    ciphertext = keyed.encrypt()
    interrupted(keyed, "rotation.batch", lambda: keyed.kms.rotate_master_key(OWNER, PLACE))
    assert versions_of(keyed)[PLACE] == [1, 2]
    assert keyed.verify() == []
    assert keyed.decrypt(ciphertext) == b"text"
    # A change in between writes a row under the new key whose material is under the old one.
    keyed.kms.update_crypto_key_version(OWNER, KEY.version(6), "DISABLED")
    if by == "maintain":
        assert keyed.maintain().rewrapped == [PLACE]
    else:
        (report,) = keyed.kms.rotate_master_key(OWNER, PLACE)
        assert report.resumed
        assert report.version == 2
    assert versions_of(keyed)[PLACE] == [2]
    keyed.reopen()
    keyed.kms.update_crypto_key_version(OWNER, KEY.version(6), "ENABLED")
    keyed.kms.update_crypto_key_primary_version(OWNER, KEY, 6)
    assert keyed.decrypt(keyed.encrypt()) == b"text"
    assert keyed.verify() == []


def test_maintain_rotates_by_age(keyed: World) -> None:
    age = 30 * DAY
    assert keyed.kms.maintain_store(OWNER, confirm_clock=yes, max_master_key_age=age).rewrapped == []
    keyed.clock.now += age - 1
    assert keyed.kms.maintain_store(OWNER, confirm_clock=yes, max_master_key_age=age).rewrapped == []
    keyed.clock.now += 1
    rotated = keyed.kms.maintain_store(OWNER, confirm_clock=yes, max_master_key_age=age).rewrapped
    assert rotated == ["control", PLACE]
    assert keyed.kms.maintain_store(OWNER, confirm_clock=yes, max_master_key_age=age).rewrapped == []
    assert versions_of(keyed) == {"control": [2], PLACE: [2]}


def yes(question: str) -> bool:
    return bool(question)


def test_damaged_material_stops_a_rotation_and_is_named(keyed: World) -> None:
    other = keyed.make_key(CryptoKeyName(RING, "other"), kind=MAC)
    keyed.make_key(CryptoKeyName(RING, "pair"), kind=P256)
    keyed.sql("UPDATE crypto_key_versions SET material = zeroblob(72) WHERE key = 2")
    keyed.reopen()
    for _ in range(2):
        with pytest.raises(IntegrityError, match="row 2 of crypto_key_versions does not fit its tag"):
            keyed.kms.rotate_master_key(OWNER, PLACE)
    assert versions_of(keyed)[PLACE] == [1, 2]
    assert keyed.decrypt(keyed.encrypt()) == b"text"
    assert {finding.resource for finding in keyed.verify()} >= {str(other.version(1))}


def test_a_master_key_that_was_retired_cannot_be_put_back(keyed: World) -> None:
    (old,) = keyed.sql("SELECT mk, tag, retired, create_time, wrapped FROM master_keys")
    keyed.kms.rotate_master_key(OWNER, PLACE)
    keyed.kms.close()
    keyed.sql(
        "UPDATE master_keys SET mk = ?, tag = ?, retired = ?, create_time = ?, wrapped = ? WHERE id = 1",
        parameters=old,
    )
    with pytest.raises(IntegrityError):
        keyed.encrypt()
    (tag,) = keyed.sql("SELECT tag FROM master_keys WHERE id = 2")[0]
    keyed.sql("UPDATE master_keys SET mk = 2, tag = ? WHERE id = 1", parameters=(tag,))
    with pytest.raises(IntegrityError):
        keyed.encrypt()


def test_an_older_snapshot_keeps_its_master_keys(keyed: World) -> None:
    """A reader from before the end of a rotation reads rows of before; another thread has the newer keys."""
    keyed.kms.create_crypto_key_version(OWNER, KEY)
    interrupted(keyed, "rotation.begun", lambda: keyed.kms.rotate_master_key(OWNER, PLACE))
    database = keyed.database()
    connection = database.take()
    connection.execute("BEGIN")
    connection.one("SELECT count(*) FROM head")
    rotator = keyed.another()
    rotator.rotate_master_key(OWNER, PLACE)
    keyed.encrypt()  # this service knows of the end of the rotation now
    from kmsctl.store.heads import Head

    keys, several = database._database_keys(connection, Head.read(connection))
    assert several
    assert keys.knows(1)
    database.give_back(connection)
    rotator.close()
    assert keyed.maintain().purged == 1
    assert keyed.verify() == []


def test_threads_work_on_while_it_rotates(keyed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(master_rotation, "_BATCH", 3)
    for _ in range(30):
        keyed.kms.create_crypto_key_version(OWNER, KEY)
    failed: list[BaseException] = []
    over = threading.Event()

    def work() -> None:
        try:
            while not over.is_set():
                assert keyed.decrypt(keyed.encrypt()) == b"text"
                keyed.kms.create_crypto_key_version(OWNER, KEY)
        except BaseException as error:  # noqa: BLE001 - told below
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    keyed.kms.rotate_master_key(OWNER, None)
    keyed.kms.rotate_root_key(OWNER, Answers())
    keyed.kms.rotate_master_key(OWNER, None)
    over.set()
    for thread in threads:
        thread.join()
    assert failed == []
    assert keyed.verify() == []


# The root key


def root_of(world: World) -> bytes:
    keystore: Any = world.kms.open_store().keys
    assert len(keystore.roots) == 1
    found: bytes = keystore.roots[0].reveal()
    return found


def test_after_a_rotation_the_old_root_key_opens_nothing(keyed: World) -> None:
    add_passphrase(keyed)
    add_command(keyed, "echo 0123456789abcdef")
    older = {name: path.read_bytes() for name, path in named(keyed).items()}
    ciphertext, old = keyed.encrypt(), root_of(keyed)
    wrapped = [bytes(row[0]) for row in keyed.sql("SELECT wrapped FROM master_keys")]
    report = keyed.kms.rotate_root_key(OWNER, Answers(PASSPHRASE))
    assert (report.databases, report.dropped, report.resumed) == (["control", PLACE], [], False)
    assert report.pending_purges == 0
    assert keyed.decrypt(ciphertext) == b"text"
    keyed.reopen()
    assert root_of(keyed) != old
    assert keyed.decrypt(ciphertext) == b"text"
    assert keyed.verify() == []
    held = b"".join(files(keyed.path).values())
    assert not any(spelling in held for spelling in spellings(old))
    assert all(each[start : start + 12] not in held for each in wrapped for start in range(0, 60, 4))
    remove(keyed, 0)
    for answers in (Answers(PASSPHRASE), Answers()):
        kms = opened_by(keyed, answers)
        assert list(kms.list_key_rings(OWNER, RING.parent))
        kms.close()
    # Whoever kept the files of before, with a protector that was removed since:
    for name in ("root-key", "protectors"):
        (secrets_of(keyed) / name).unlink(missing_ok=True)
        (secrets_of(keyed) / name).touch(mode=0o600)
        (secrets_of(keyed) / name).write_bytes(older[name])
    keyed.reopen()
    with pytest.raises(IntegrityError):
        keyed.encrypt()


def named(world: World) -> dict[str, Any]:
    return {path.name: path for path in secrets_of(world).iterdir()}


def test_protectors_that_cannot_be_given_the_new_key_are_named_and_dropped_on_request_only(
    keyed: World,
) -> None:
    add_passphrase(keyed)
    add_passphrase(keyed, b"somebody else's")
    script = keyed.path / "secret"
    script.write_text("0123456789abcdef")
    add_command(keyed, f"cat {script}")
    script.unlink()
    held, old = files(secrets_of(keyed)), root_of(keyed)
    with pytest.raises(FailedPrecondition, match="Not all protectors") as caught:
        keyed.kms.rotate_root_key(OWNER, Answers(PASSPHRASE))
    assert "Protector 2 (passphrase)" in caught.value.message
    assert "Protector 3 (command)" in caught.value.message
    assert "Protector 1" not in caught.value.message
    assert "--drop-unavailable" in str(caught.value.hint)
    assert files(secrets_of(keyed)) == held
    assert root_of(keyed) == old
    report = keyed.kms.rotate_root_key(OWNER, Answers(PASSPHRASE), drop_unavailable=True)
    assert report.dropped == ["2 (passphrase)", "3 (command)"]
    found, _ = keyed.kms.list_protectors(OWNER)
    assert [each.number for each in found] == [0, 1]
    assert keyed.verify() == []


def test_the_last_protector_is_never_dropped(keyed: World) -> None:
    add_passphrase(keyed)
    remove(keyed, 0)
    with pytest.raises(FailedPrecondition, match="No protector would be left"):
        keyed.kms.rotate_root_key(OWNER, Answers(b"wrong passphrase"), drop_unavailable=True)
    assert opened_by(keyed, Answers(PASSPHRASE)).store_status(OWNER).initialized


def test_shares_are_given_the_new_key_if_they_are_at_hand(keyed: World) -> None:
    shares: list[bytes] = []
    keyed.kms.add_protector(OWNER, "shares", Wanted(shares=3, threshold=2), Answers(), shares.extend)
    with pytest.raises(FailedPrecondition, match=r"Protector 1 \(shares\)"):
        keyed.kms.rotate_root_key(OWNER, Answers())
    keyed.kms.rotate_root_key(OWNER, Answers(shares=shares[:2]))
    remove(keyed, 0)
    keyed.reopen()
    assert opened_by(keyed, Answers(shares=shares[1:])).store_status(OWNER).initialized


def test_another_service_that_is_open_follows(keyed: World) -> None:
    other = keyed.another()
    assert list(other.list_key_rings(OWNER, RING.parent))
    keyed.kms.rotate_root_key(OWNER, Answers())
    assert list(other.list_key_rings(OWNER, RING.parent))
    other.create_key_ring(OWNER, KeyRingName(LocationName(RING.project, "us-east4"), "there"))
    other.rotate_master_key(OWNER, None)
    other.close()
    keyed.reopen()
    assert keyed.verify() == []
    assert versions_of(keyed) == {"control": [2], PLACE: [2], "us-east4": [2]}


def test_another_service_that_a_passphrase_opened_follows_without_a_question(keyed: World) -> None:
    add_passphrase(keyed)
    remove(keyed, 0)
    answers = Answers(PASSPHRASE)
    other = opened_by(keyed, answers)
    assert list(other.list_key_rings(OWNER, RING.parent))
    keyed.kms.rotate_root_key(OWNER, Answers(PASSPHRASE))
    other.create_key_ring(OWNER, KeyRingName(LocationName(RING.project, "us-east4"), "there"))
    assert len(answers.asked) == 1
    other.close()


def test_whoever_cannot_follow_makes_no_database_under_the_old_root_key(keyed: World) -> None:
    add_passphrase(keyed)
    remove(keyed, 0)
    other = opened_by(keyed, Answers(PASSPHRASE))
    assert list(other.list_key_rings(OWNER, RING.parent))
    store: Any = other.find_store()
    store.keys._reopen = tuple  # it has forgotten what opened the store
    keyed.kms.rotate_root_key(OWNER, Answers(PASSPHRASE))
    keystore: Any = store.keys
    with pytest.raises(StoreLocked, match="root key was rotated in the meantime"):
        keystore.new_master_key("us-east4", 1)
    other.close()


def test_a_database_that_cannot_be_wrapped_anew_keeps_the_old_root_key(keyed: World) -> None:
    keyed.kms.create_key_ring(OWNER, KeyRingName(LocationName(RING.project, "us-east4"), "there"))
    keyed.kms.close()
    path, away = keyed.database_path("us-east4"), keyed.path / "away.db"
    os.rename(path, away)
    with pytest.raises(FailedPrecondition, match="'us-east4' could not be wrapped") as caught:
        keyed.kms.rotate_root_key(OWNER, Answers())
    assert "rotate-root-key again" in str(caught.value.hint)
    keyed.reopen()
    assert keyed.decrypt(keyed.encrypt()) == b"text"
    left = keyed.maintain().left
    assert any("The rotation of the root key is not complete" in text for text in left)
    os.rename(away, path)
    keyed.reopen()
    report = keyed.kms.rotate_root_key(OWNER, Answers())
    assert report.resumed
    keyed.reopen()
    root_of(keyed)
    assert keyed.verify() == []


def test_the_anchor_still_tells_a_rollback_after_a_rotation(keyed: World) -> None:
    keyed.kms.close()
    older = keyed.database_path().read_bytes()
    keyed.make_key(CryptoKeyName(RING, "second"))
    keyed.kms.rotate_root_key(OWNER, Answers())
    keyed.kms.close()
    for path in keyed.files_of():
        path.unlink(missing_ok=True)
    keyed.database_path().write_bytes(older)
    keyed.database_path().chmod(0o600)
    assert keyed.verify() != []
    with pytest.raises(IntegrityError):
        keyed.encrypt()


def test_a_key_pair_is_the_same_after_rotations(keyed: World) -> None:
    pair = CryptoKeyName(RING, "pair")
    keyed.kms.create_crypto_key(OWNER, pair, spec(P256))
    before = keyed.kms.get_public_key(OWNER, pair.version(1)).data
    keyed.kms.rotate_root_key(OWNER, Answers())
    keyed.kms.rotate_master_key(OWNER, None)
    assert keyed.kms.get_public_key(OWNER, pair.version(1)).data == before
