"""`store repair`: it does what is safe, says it first, keeps a record, and never hides tampering."""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING

import pytest

from kmsctl.errors import PermissionDenied
from kmsctl.model.names import CryptoKeyName, KeyRingName, LocationName, ProjectName
from kmsctl.store.leases import Lease
from tests.unit.service.world import DAY, KEY, OWNER, P256, PLACE, STRANGER, World, spec

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kmsctl.service.reports import RepairReport, RepairStep


@pytest.fixture
def keyed(tmp_path: Path) -> World:
    world = World(tmp_path / "store")
    world.make_key()
    return world


def repair(world: World, *, agree: bool = True) -> tuple[list[tuple[str, str]], RepairReport]:
    asked: list[tuple[str, str]] = []

    def confirm(steps: Sequence[RepairStep]) -> bool:
        asked.extend((step.action, os.path.relpath(step.resource, world.path)) for step in steps)
        return agree

    return asked, world.kms.repair_store(OWNER, confirm=confirm)


def records(world: World, name: str = "control") -> list[object]:
    found = [record["protoPayload"] for record in world.records(name)]
    return [each["request"] for each in found if each["methodName"] == "RepairStore"]


def plant(path: Path, content: bytes = b"") -> Path:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o600)
    return path


def break_index(world: World, index: str, name: str = PLACE) -> None:
    """Makes an index forget all its rows, as somebody with SQL can."""
    world.kms.close()

    def run(*statements: str) -> list[tuple[str, ...]]:
        connection = sqlite3.connect(world.database_path(name), isolation_level=None)
        connection.execute("PRAGMA writable_schema = ON")
        found = [connection.execute(statement).fetchall() for statement in statements][-1]
        connection.close()
        return found

    [(sql,)] = run(f"SELECT sql FROM sqlite_master WHERE name = '{index}'")
    none = f"{sql.partition(' WHERE ')[0]} WHERE 0"
    run(f"UPDATE sqlite_master SET sql = '{none}' WHERE name = '{index}'", "PRAGMA schema_version = 9001")
    run(f"REINDEX {index}")
    run(f"UPDATE sqlite_master SET sql = '{sql}' WHERE name = '{index}'", "PRAGMA schema_version = 9002")
    run("PRAGMA wal_checkpoint(TRUNCATE)")


def test_there_is_nothing_to_do_in_a_whole_store_or_none(keyed: World, tmp_path: Path) -> None:
    for world in (keyed, World(tmp_path / "none")):
        asked, report = repair(world)
        assert (asked, report.steps, report.left, report.done) == ([], [], [], False)
    assert not (tmp_path / "none" / "data").exists()
    assert records(keyed) == []


def test_what_crashes_left_is_removed_and_recorded(keyed: World) -> None:
    data = keyed.path / "data"
    left = [
        plant(data / "locations" / ".us-west1.db.new"),
        plant(data / "locations" / ".us-west1.db.new-wal"),
        plant(data / "locations" / "us-west1.db-wal"),
        plant(data / "pending" / ("ab" * 16)),
        plant(data / "verified" / f"{PLACE}.new-77"),
        plant(data / "verified" / "us-west1"),
        plant(keyed.path / "config" / "keys.new" / "root-key"),
    ]
    left[-1].parent.chmod(0o700)
    with Lease(str(data), b"\7" * 16):
        asked, report = repair(keyed, agree=False)
        assert not report.done
        assert all(path.exists() for path in left)
        planned = {path for _, path in asked}
        assert planned == {os.path.relpath(path, keyed.path) for path in left[:-1]} | {"config/keys.new"}
        assert records(keyed) == []
        asked, report = repair(keyed)
        assert (report.done, report.failed, report.left) == (True, [], [])
        assert not any(path.exists() for path in left)
        assert (data / "pending" / ("07" * 16)).exists()  # it lives
    [request] = records(keyed)
    assert isinstance(request, dict)
    assert (request["action"], request["count"]) == ("remove", "7")
    assert keyed.verify() == []


def test_what_kmsctl_did_not_make_is_left(keyed: World) -> None:
    data = keyed.path / "data"
    strange = [
        plant(data / "notes"),
        plant(data / "locations" / "EVIL.db"),
        plant(data / f"locations/{PLACE}.db-journal"),
    ]
    asked, report = repair(keyed)
    assert asked == []
    assert [(finding.resource, finding.action) for finding in report.left] == [
        (str(path), "inspect") for path in sorted(strange, key=lambda path: (path.parent != data, path))
    ]
    assert all(path.exists() for path in strange)


def test_the_log_of_a_database_that_is_missing_is_left(keyed: World) -> None:
    """Together with the database, put back from where it went, it holds what was acknowledged last."""
    keyed.kms.create_crypto_key_version(OWNER, KEY)
    log = keyed.files_of()[1]
    content = log.read_bytes()
    keyed.kms.close()
    keyed.database_path().unlink()
    plant(log, content)
    asked, report = repair(keyed)
    assert asked == []
    assert "ROLLBACK" in {finding.kind for finding in report.left}
    assert log.read_bytes() == content


@pytest.mark.parametrize(
    ("index", "place"),
    [
        ("crypto_key_versions_pending", PLACE),
        ("crypto_keys_due", PLACE),
        ("service_accounts_project", "control"),
    ],
)
def test_an_index_is_made_anew_from_the_rows(keyed: World, index: str, place: str) -> None:
    soon = CryptoKeyName(KEY.parent, "soon")
    keyed.make_key(soon, rotation_period=DAY, next_rotation_time=keyed.clock.now + DAY)
    keyed.kms.destroy_crypto_key_version(OWNER, keyed.kms.create_crypto_key_version(OWNER, KEY).name)
    keyed.kms.create_service_account(OWNER, ProjectName("acme"), "robots")
    break_index(keyed, index, place)
    [finding] = keyed.verify()
    assert (finding.kind, finding.action, finding.resource) == ("INDEX_DAMAGED", "repair", place)
    asked, report = repair(keyed)
    assert [action for action, _ in asked] == ["rebuild-indexes"]
    assert (report.failed, report.left) == ([], [])
    assert records(keyed, place) == [{"action": "rebuild-indexes", "resource": place}]
    assert keyed.verify() == []


def test_the_anchor_is_completed(keyed: World) -> None:
    path = keyed.path / "config" / "keys" / "anchor"
    content = bytearray(path.read_bytes())
    older = min(range(2), key=lambda copy: content[(2 + copy) * 256 : (2 + copy) * 256 + 8])
    content[(2 + older) * 256 + 50] ^= 1
    path.write_bytes(content)
    [finding] = keyed.verify()
    assert (finding.kind, finding.action) == ("ANCHOR_DAMAGED", "repair")
    marks = [mark.encode() for mark in keyed.kms.open_store().keys.anchor.marks()]
    asked, report = repair(keyed)
    assert [action for action, _ in asked] == ["complete-anchor"]
    assert (report.failed, report.left) == ([], [])
    after = {mark.name: mark for mark in keyed.kms.open_store().keys.anchor.marks()}
    assert after[PLACE].encode() in marks
    assert keyed.verify() == []


def test_a_key_that_was_being_made_is_given_up(keyed: World) -> None:
    class Killed(BaseException):
        pass

    def probe(step: str) -> None:
        if step == "transaction.committed":
            raise Killed

    keyed.probe = probe
    keyed.reopen()
    key = CryptoKeyName(KEY.parent, "signer")
    with pytest.raises(Killed):
        keyed.kms.create_crypto_key(OWNER, key, spec(P256))
    keyed.probe = lambda step: None
    keyed.reopen()
    asked, report = repair(keyed)
    assert ("settle", key.text) in [
        (action, step.resource) for (action, _), step in zip(asked, report.steps, strict=True)
    ]
    assert (report.failed, report.left) == ([], [])
    assert keyed.state(1, key) == "GENERATION_FAILED"


def test_purges_are_finished(keyed: World) -> None:
    second = keyed.kms.create_crypto_key_version(OWNER, KEY).name
    keyed.kms.destroy_crypto_key_version(OWNER, second)
    keyed.clock.now += DAY
    with keyed.database().read():
        keyed.kms.get_crypto_key(OWNER, KEY)
    assert keyed.kinds() == {"PURGE_PENDING"}
    _, report = repair(keyed)
    assert [(step.action, step.resource) for step in report.steps] == [("finish-purge", PLACE)]
    assert (report.failed, report.left) == ([], [])


@pytest.mark.parametrize(
    "deed",
    [
        "UPDATE crypto_key_versions SET state = 2",
        "DELETE FROM crypto_key_versions",
        "DELETE FROM key_rings",
        "DELETE FROM tree WHERE level = 0",
        "INSERT INTO tree VALUES (200, 4, 0, zeroblob(32))",
        "UPDATE audit SET record = '{}' WHERE sequence = 1",
        "UPDATE head SET generation = generation + 1",
        "UPDATE master_keys SET wrapped = zeroblob(72)",
        "DROP INDEX crypto_keys_due",
        "CREATE TABLE planted (a)",
    ],
)
def test_tampering_stays_an_error(keyed: World, deed: str) -> None:
    keyed.sql(deed)
    before = [(finding.kind, finding.resource, finding.action) for finding in keyed.verify()]
    assert before
    asked, report = repair(keyed)
    assert asked == []
    assert [(finding.kind, finding.resource, finding.action) for finding in report.left] == before
    assert {finding.action for finding in report.left} == {"restore"}


def test_it_needs_its_permission(keyed: World) -> None:
    plant(keyed.path / "data" / "locations" / ".us-west1.db.new")
    with pytest.raises(PermissionDenied, match=r"kmsctl\.store\.repair"):
        keyed.kms.repair_store(STRANGER, confirm=lambda _: True)
    assert (keyed.path / "data" / "locations" / ".us-west1.db.new").exists()


def test_nothing_is_removed_that_no_record_can_be_kept_of(keyed: World) -> None:
    path = plant(keyed.path / "data" / "locations" / ".us-west1.db.new")
    keyed.sql("UPDATE audit_head SET sequence = sequence + 1", name="control")
    asked, report = repair(keyed)
    assert [action for action, _ in asked] == ["remove"]
    assert len(report.failed) == 1
    assert path.exists()


def test_a_database_that_is_being_made_meanwhile_is_not_removed(
    keyed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(keyed.path / "data" / "locations" / "us-west1.db-wal")
    other = keyed.another()

    def confirm(steps: Sequence[RepairStep]) -> bool:
        other.create_key_ring(OWNER, KeyRingName(LocationName("acme", "us-west1"), "new"))
        return True

    report = keyed.kms.repair_store(OWNER, confirm=confirm)
    assert (report.failed, report.left) == ([], [])
    assert [
        ring.name.key_ring for ring in keyed.kms.list_key_rings(OWNER, LocationName("acme", "us-west1"))
    ] == ["new"]
    other.close()
