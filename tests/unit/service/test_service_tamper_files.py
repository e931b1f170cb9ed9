"""Somebody has the database files, SQL and time, but not the root key: whole files."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from kmsctl.errors import IntegrityError, RollbackError
from kmsctl.model.names import KeyRingName, LocationName
from kmsctl.service.operations import DECRYPTION_FAILED
from kmsctl.store.tables import LOCATION_TABLES
from tests.unit.service.world import KEY, OWNER, PLACE, RING, STRANGER, World

if TYPE_CHECKING:
    from pathlib import Path

    from kmsctl.service.operations import DECRYPTION_FAILED
    from tests.unit.service.scene import Outcome, Scene

# Whole files


def keep(world: World, to: Path, name: str = PLACE) -> None:
    world.kms.close()
    to.mkdir()
    for file in world.files_of(name):
        if file.exists():
            shutil.copy2(file, to)


def put(world: World, of: Path, name: str = PLACE) -> None:
    world.kms.close()
    for file in world.files_of(name):
        file.unlink(missing_ok=True)
        if (of / file.name).exists():
            shutil.copy2(of / file.name, file)


def locked_out(world: World, kind: type[IntegrityError] = RollbackError) -> None:
    """Checks that nothing at all can be done with the location's keys."""
    for act in (
        world.encrypt,
        lambda: world.kms.get_key_ring(OWNER, RING),
        lambda: list(world.kms.list_crypto_keys(OWNER, RING)),
        lambda: world.kms.create_crypto_key_version(OWNER, KEY),
        lambda: world.kms.create_key_ring(OWNER, KeyRingName(RING.parent, "new")),
    ):
        with pytest.raises(kind):
            act()


def test_an_older_file_is_refused(scene: Scene, tmp_path: Path) -> None:
    keep(scene.world, tmp_path / "older")
    scene.world.kms.update_crypto_key_version(OWNER, KEY.version(1), "DISABLED")
    put(scene.world, tmp_path / "older")
    locked_out(scene.world)
    assert scene.world.kinds() == {"ROLLBACK"}
    assert scene.outcomes()["twin"][0] == "INTEGRITY"


def test_a_file_without_its_log_is_refused(scene: Scene) -> None:
    world = scene.world
    world.kms.update_crypto_key_version(OWNER, KEY.version(1), "DISABLED")
    content = world.database_path().read_bytes()  # the change is in the log alone
    world.kms.close()
    world.database_path().write_bytes(content)
    for log in world.files_of()[1:]:
        log.unlink(missing_ok=True)
    locked_out(world)
    assert world.kinds() == {"ROLLBACK"}


def test_a_removed_file_is_no_fresh_start(scene: Scene) -> None:
    scene.world.kms.close()
    for file in scene.world.files_of():
        file.unlink(missing_ok=True)
    locked_out(scene.world)
    assert scene.world.kinds() == {"ROLLBACK"}
    assert not scene.world.database_path().exists()


def test_a_location_without_files_at_all_is_no_fresh_start(scene: Scene) -> None:
    scene.world.kms.close()
    shutil.rmtree(scene.world.path / "data")
    locked_out(scene.world)
    assert scene.world.kinds() == {"ROLLBACK"}


def test_an_older_control_database_is_refused(scene: Scene, tmp_path: Path) -> None:
    keep(scene.world, tmp_path / "older", "control")
    scene.world.kms.create_key_ring(OWNER, KeyRingName(LocationName("third", PLACE), "ring"))
    put(scene.world, tmp_path / "older", "control")
    locked_out(scene.world)
    assert "ROLLBACK" in scene.world.kinds()


def test_a_removed_control_database_is_no_fresh_start(scene: Scene) -> None:
    scene.world.kms.close()
    for file in scene.world.files_of("control"):
        file.unlink(missing_ok=True)
    locked_out(scene.world)
    assert "ROLLBACK" in scene.world.kinds()


def test_the_control_database_of_another_store_is_refused(scene: Scene, tmp_path: Path) -> None:
    other = World(tmp_path / "other")
    other.kms.create_key_ring(STRANGER, RING)
    other.kms.close()
    keep(other, tmp_path / "theirs", "control")
    put(scene.world, tmp_path / "theirs", "control")
    locked_out(scene.world, IntegrityError)
    assert "DATABASE_DAMAGED" in scene.world.kinds()


def test_a_location_is_not_taken_for_another(scene: Scene) -> None:
    world = scene.world
    world.kms.close()
    shutil.copy2(world.database_path("europe-west1"), world.database_path())
    locked_out(world, IntegrityError)
    assert "DATABASE_DAMAGED" in world.kinds()


@pytest.mark.parametrize("size", [0, 4096])
def test_a_cut_off_file_is_refused_and_the_remedy_is_not_to_verify_it_again(scene: Scene, size: int) -> None:
    world = scene.world
    world.kms.close()
    os.truncate(world.database_path(), size)
    locked_out(world, IntegrityError)
    [finding] = [each for each in world.verify() if each.kind == "DATABASE_DAMAGED"]
    assert "from a backup" in finding.remedy
    assert "store verify" not in finding.remedy


def test_rows_of_another_location_are_refused(scene: Scene, baseline: dict[str, Outcome]) -> None:
    world = scene.world
    world.kms.close()
    abroad = world.database_path("europe-west1")
    tables = [table.name for table in LOCATION_TABLES if table.name not in ("master_keys", "audit_keys")]
    for table in tables:
        # Whole, with the anchor: the attempts of a stranger are recorded.
        kept = world.path.with_name("kept")
        shutil.copytree(world.path, kept)
        world.sql(
            f"ATTACH '{abroad}' AS abroad",
            f"DELETE FROM {table} WHERE id IN (SELECT id FROM abroad.{table})",
            f"INSERT INTO {table} SELECT * FROM abroad.{table}",
        )
        found = scene.outcomes()
        if world.sql(f"SELECT count(*) FROM {table}", name="europe-west1") != [(0,)]:
            assert found["key"][0] in ("INTEGRITY", "NOT_FOUND")
            assert found["decrypt 1"] in (("INTEGRITY", None), ("INVALID_ARGUMENT", DECRYPTION_FAILED))
            assert world.verify() != []
        world.kms.close()
        shutil.rmtree(world.path)
        kept.rename(world.path)
    assert scene.outcomes() == baseline


def test_the_master_key_of_another_location_is_refused(scene: Scene) -> None:
    world = scene.world
    world.kms.close()
    world.sql(
        f"ATTACH '{world.database_path('europe-west1')}' AS abroad",
        "DELETE FROM master_keys",
        "INSERT INTO master_keys SELECT * FROM abroad.master_keys",
    )
    locked_out(world, IntegrityError)
    assert world.kinds() == {"DATABASE_DAMAGED"}


# Files beside the databases


def test_files_that_are_no_part_of_the_store_are_found_and_harmless(
    scene: Scene, baseline: dict[str, Outcome]
) -> None:
    data = scene.world.path / "data"
    for name in (
        "locations/EVIL.db",
        "locations/mars.db",
        "locations/control.db",
        "notes",
        "locations/a b.db",
    ):
        (data / name).write_bytes(b"")
        (data / name).chmod(0o600)
    assert scene.outcomes() == baseline
    found = {finding.resource: finding.kind for finding in scene.world.verify()}
    assert {os.path.relpath(name, data): kind for name, kind in found.items() if name.startswith("/")} == {
        "locations/EVIL.db": "ORPHAN",
        "locations/a b.db": "ORPHAN",
        "locations/control.db": "ORPHAN",
        "notes": "ORPHAN",
    }
    assert found["mars"] == "DATABASE_DAMAGED"
    assert [text.split(":")[0] for text in scene.world.maintain().left] == ["mars"]
    status = {one.name: one.problem for one in scene.world.kms.store_status(OWNER).databases}
    assert status["mars"] is not None
    assert status[PLACE] is None


def test_files_that_others_may_read_are_found(scene: Scene) -> None:
    scene.world.database_path("europe-west1").chmod(0o644)
    assert scene.world.kinds() == {"FILE_ACCESS"}
    scene.world.database_path("control").chmod(0o644)
    assert "FILE_ACCESS" in scene.world.kinds()


# The anchor


def test_a_damaged_anchor_is_found(scene: Scene) -> None:
    path = scene.world.path / "config" / "keys" / "anchor"
    content = path.read_bytes()
    path.write_bytes(content[: 2 * 256] + bytes(256) + content[3 * 256 :])
    assert scene.world.kinds() <= {"ANCHOR_DAMAGED", "ROLLBACK"}
    assert scene.world.kinds() >= {"ANCHOR_DAMAGED"}
    path.write_bytes(b"")
    with pytest.raises(IntegrityError, match="is damaged"):
        scene.world.encrypt()
    assert scene.world.kinds() == {"ANCHOR_DAMAGED"}
    path.unlink()
    with pytest.raises(IntegrityError, match="is missing"):
        scene.world.encrypt()
    assert scene.world.kinds() == {"ANCHOR_DAMAGED"}


def test_the_anchor_of_another_store_is_refused(scene: Scene, tmp_path: Path) -> None:
    other = World(tmp_path / "other")
    other.make_key()
    other.kms.close()
    shutil.copy2(other.path / "config/keys/anchor", scene.world.path / "config/keys/anchor")
    locked_out(scene.world, IntegrityError)
    assert scene.world.kinds() == {"ANCHOR_DAMAGED"}
