"""Restoring over a database whose pages are damaged, and what is still known of what was destroyed in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kmsctl.errors import StoreFull
from kmsctl.model import states
from kmsctl.store.connection import Connection
from kmsctl.store.tables import CRYPTO_KEY_VERSIONS, LOCATION_TABLES
from tests.unit.service.backups import back_up, restore
from tests.unit.service.world import DAY, HOUR, KEY, OWNER, World

if TYPE_CHECKING:
    from pathlib import Path

    from kmsctl.service.restores import RestorePlan

#: Three pages of rows.
VERSIONS = 60


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path / "store")
    made.make_key(destroy_scheduled_duration=DAY)
    return made


def damage_page(world: World, number: int, size: int, *, begin: int = 0, length: int = 64) -> None:
    with world.database_path().open("r+b") as file:
        file.seek((number - 1) * size + begin)
        file.write(b"\xff" * length)


def page_size(world: World) -> int:
    """Returns it, after everything was written back from the log."""
    world.kms.close()
    world.sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return int(world.sql("PRAGMA page_size")[0][0])


def root_of(world: World, table: str) -> int:
    return int(world.sql(f"SELECT rootpage FROM sqlite_master WHERE name = '{table}'")[0][0])


def children(world: World, number: int, size: int) -> list[int]:
    """Returns the pages below an interior page of a table, without the last (SQLite's file format, 1.6)."""
    page = world.database_path().read_bytes()[(number - 1) * size : number * size]
    assert page[0] == 5
    cells = int.from_bytes(page[3:5], "big")
    places = [int.from_bytes(page[12 + 2 * cell :][:2], "big") for cell in range(cells)]
    return [int.from_bytes(page[place:][:4], "big") for place in places]


@pytest.mark.parametrize("table", [each.name for each in LOCATION_TABLES])
def test_a_database_with_a_damaged_page_is_replaced(world: World, table: str) -> None:
    ciphertext, data = world.encrypt(), back_up(world)
    size = page_size(world)
    damage_page(world, root_of(world, table), size)
    assert world.kinds() != set()
    assert restore(world, data) is not None
    assert world.decrypt(ciphertext) == b"text"
    assert world.kinds() == set()


def test_what_was_destroyed_is_read_from_both_sides_of_a_damaged_page(world: World) -> None:
    for _ in range(VERSIONS - 1):
        world.kms.create_crypto_key_version(OWNER, KEY)
    data = back_up(world)
    for number in (1, VERSIONS):
        world.kms.destroy_crypto_key_version(OWNER, KEY.version(number))
    world.clock.now += DAY + HOUR
    world.maintain()
    size = page_size(world)
    leaves = children(world, root_of(world, CRYPTO_KEY_VERSIONS.name), size)
    assert len(leaves) >= 2
    damage_page(world, leaves[1], size)
    report = restore(world, data)
    assert report is not None
    assert report.buried == [KEY.version(1).text, KEY.version(VERSIONS).text]
    assert world.kinds() == set()


def test_of_the_state_that_was_last_anchored_nothing_is_unknown(world: World) -> None:
    before = back_up(world)
    world.kms.create_crypto_key_version(OWNER, KEY)
    newest = back_up(world)
    world.kms.close()
    world.database_path().write_bytes(b"rubbish" * 1000)
    plans: list[RestorePlan] = []

    def look(plan: RestorePlan) -> bool:
        plans.append(plan)
        return False

    restore(world, before, confirm=look)
    restore(world, newest, confirm=look)
    assert [plan.unknown for plan in plans] == [["us-east1"], []]


def test_a_database_that_is_whole_is_not_replaced_unread(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = back_up(world)
    world.kms.destroy_crypto_key_version(OWNER, KEY.version(1))
    world.clock.now += DAY + HOUR
    world.maintain()
    execute = Connection.execute

    def full(connection: Connection, sql: str, *more: object) -> None:
        if sql == "BEGIN IMMEDIATE" and connection.path == str(world.database_path()):
            raise StoreFull("There is no room left.")
        execute(connection, sql, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(Connection, "execute", full)
    with pytest.raises(StoreFull):
        restore(world, data)
    monkeypatch.undo()
    assert world.state() == "DESTROYED"
    assert world.kinds() == set()


def test_what_was_saved_from_being_destroyed_is_spared_though_the_indexes_are_damaged(world: World) -> None:
    ciphertext = world.encrypt()
    version = KEY.version(1)
    world.kms.destroy_crypto_key_version(OWNER, version)
    data = back_up(world)
    world.kms.restore_crypto_key_version(OWNER, version)
    world.clock.now += DAY - HOUR
    size = page_size(world)
    indexes = world.sql(
        "SELECT rootpage FROM sqlite_master WHERE type = 'index' AND tbl_name = 'crypto_key_versions'"
    )
    for (page,) in indexes:
        damage_page(world, int(page), size)
    report = restore(world, data)
    assert report is not None
    assert report.spared == [version.text]
    world.clock.now += 2 * HOUR
    world.kms.restore_crypto_key_version(OWNER, version)
    world.kms.update_crypto_key_version(OWNER, version, states.ENABLED)
    assert world.decrypt(ciphertext) == b"text"
    assert world.kinds() == set()


def test_a_page_that_no_copy_can_be_made_of_does_not_pass_for_a_full_disk(world: World) -> None:
    for _ in range(10):
        world.kms.create_crypto_key_version(OWNER, KEY)
    ciphertext, data = world.encrypt(), back_up(world)
    world.kms.destroy_crypto_key_version(OWNER, KEY.version(2))
    world.clock.now += DAY + HOUR
    world.maintain()
    size = page_size(world)
    for leaf in children(world, root_of(world, "audit"), size):
        damage_page(world, leaf, size, begin=size // 2, length=size // 2)
    report = restore(world, data)
    assert report is not None
    assert report.buried == [KEY.version(2).text]
    assert world.decrypt(ciphertext) == b"text"
    assert world.kinds() == set()
