"""Somebody has the database files, SQL and time, but not the root key: owners, and older states of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kmsctl.errors import IntegrityError, PermissionDenied, RollbackError
from kmsctl.model.names import CryptoKeyName, KeyRingName, ProjectName
from kmsctl.model.policies import AuditConfig, Policy
from kmsctl.store import projects
from tests.unit.service.scene import tamper
from tests.unit.service.world import KEY, OWNER, PLACE, PROJECT, RING, STRANGER, World, spec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.service.scene import Scene


# Who may do what


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE projects SET policy = replace(policy, 'owner@', 'stranger@') WHERE project = 'acme'",
        "UPDATE projects SET project = 'gone' WHERE project = 'acme'",
        "DELETE FROM projects WHERE project = 'acme'",
        "DELETE FROM projects",
        "DELETE FROM projects; DELETE FROM tree WHERE tbl = 3",
        "UPDATE projects SET id = 9 WHERE id = 1",
        "UPDATE projects SET project = CASE id WHEN 1 THEN 'x' ELSE 'acme' END",
        "UPDATE projects SET policy = (SELECT policy FROM projects WHERE id = 2)",
        "UPDATE projects SET policy = policy || char(10) || 'audit allServices'",
    ],
)
def test_the_owner_of_a_project_is_not_replaced_or_removed(scene: Scene, statement: str) -> None:
    tamper(scene.world, statement, "control")
    before = scene.world.records()
    kms = scene.world.kms
    for ctx in (STRANGER, OWNER):
        for act in (
            lambda ctx: kms.get_key_ring(ctx, RING),
            lambda ctx: kms.destroy_crypto_key_version(ctx, KEY.version(1)),
            lambda ctx: kms.create_key_ring(ctx, KeyRingName(RING.parent, "new")),
            lambda ctx: kms.accept_rollback(ctx, PLACE),
            lambda ctx: kms.maintain_store(ctx, confirm_clock=lambda question: True),
        ):
            with pytest.raises((IntegrityError, PermissionDenied)):
                act(ctx)
    assert scene.world.records() == before
    assert scene.world.verify() != []


def test_a_project_row_that_was_put_back_does_not_decide(tmp_path: Path) -> None:
    world = World(tmp_path / "store")
    world.make_key()
    older = world.sql("SELECT * FROM projects", name="control")[0]
    with world.database("control").write() as transaction:
        row = projects.find(transaction, PROJECT)
        assert row is not None
        transaction.update(row, display_name="another")
    world.kms.close()
    world.sql("DELETE FROM projects", name="control")
    marks = ", ".join("?" * len(older))
    world.sql(f"INSERT INTO projects VALUES ({marks})", name="control", parameters=older)
    with pytest.raises(IntegrityError):
        world.encrypt()
    assert world.kinds() == {"ROW_REPLAYED"}
    world.kms.close()


# Older, authentic selves


HISTORIES: dict[str, tuple[Callable[[World], object], str, list[str]]] = {
    "a disabled version, enabled again": (
        lambda world: world.kms.update_crypto_key_version(OWNER, KEY.version(1), "DISABLED"),
        "crypto_key_versions",
        ["version 1", "decrypt 1"],
    ),
    "a version before it was scheduled for destruction": (
        lambda world: world.kms.destroy_crypto_key_version(OWNER, KEY.version(3)),
        "crypto_key_versions",
        ["decrypt 3", "encrypt", "key"],
    ),
    "another primary": (
        lambda world: world.kms.update_crypto_key_primary_version(OWNER, KEY, 1),
        "crypto_keys",
        ["encrypt", "key"],
    ),
    "other labels": (
        lambda world: world.kms.update_crypto_key(OWNER, KEY, {"labels": {"made": "later"}}),
        "crypto_keys",
        ["key"],
    ),
    "fewer versions": (
        lambda world: world.kms.create_crypto_key_version(OWNER, KEY),
        "crypto_keys",
        ["key", "encrypt"],
    ),
}


@pytest.mark.parametrize("with_tree", [False, True])
@pytest.mark.parametrize("history", HISTORIES)
def test_an_older_self_of_a_row_is_never_decided_by(scene: Scene, history: str, with_tree: bool) -> None:
    change, table, names = HISTORIES[history]
    world = scene.world

    def rows(of: str) -> list[Any]:
        return world.sql(f"SELECT * FROM {of}")

    older, nodes = rows(table), rows("tree")
    change(world)
    world.kms.close()
    put_back = [(table, older)] + ([("tree", nodes)] if with_tree else [])
    for of, content in put_back:
        world.sql(f"DELETE FROM {of}")
        marks = ", ".join("?" * len(content[0]))
        for row in content:
            world.sql(f"INSERT INTO {of} VALUES ({marks})", parameters=row)
    found = scene.outcomes()
    for name in names:
        assert found[name][0] == "INTEGRITY", (name, found[name])
    assert "ROW_REPLAYED" in world.kinds()
    with pytest.raises(IntegrityError):
        world.kms.update_crypto_key_version(OWNER, KEY.version(1), "ENABLED")


def put_back(world: World, older: dict[str, list[Any]]) -> None:
    """Exchanges whole tables for older selves of them, and checks that the store is refused then."""
    world.kms.close()
    for table, rows in older.items():
        world.sql(f"DELETE FROM {table}")
        for row in rows:
            world.sql(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", parameters=row)
    with pytest.raises(RollbackError):
        world.encrypt()
    assert world.kinds() == {"ROLLBACK"}


def test_an_older_self_with_tree_and_head_is_behind_the_anchor(scene: Scene) -> None:
    world = scene.world
    tables = ("crypto_key_versions", "tree", "head", "audit_head", "audit")
    older = {table: world.sql(f"SELECT * FROM {table}") for table in tables}
    world.kms.update_crypto_key_version(OWNER, KEY.version(1), "DISABLED")
    put_back(world, older)


def test_older_audit_records_alone_are_behind_the_anchor(scene: Scene) -> None:
    """The state of the resources is the newest; only what was recorded since is taken away."""
    world = scene.world
    uses = AuditConfig("allServices", {"DATA_READ": ()})
    world.kms.set_iam_policy(OWNER, ProjectName(PROJECT), Policy([], [uses]), ["auditConfigs"])
    older = {table: world.sql(f"SELECT * FROM {table}") for table in ("audit_head", "audit")}
    world.encrypt()
    put_back(world, older)


def test_a_running_service_notices_an_older_self_as_well(scene: Scene) -> None:
    """It remembers what it has checked; that must not hide what is done meanwhile."""
    world = scene.world
    older = world.sql("SELECT tag, state FROM crypto_key_versions WHERE key = 1 AND number = 1")[0]
    world.encrypt(KEY.version(1))
    world.kms.update_crypto_key_version(OWNER, KEY.version(1), "DISABLED")
    world.sql("UPDATE crypto_key_versions SET tag = ?, state = ? WHERE id = 1", parameters=older)
    for act in (
        lambda: world.encrypt(KEY.version(1)),
        lambda: world.state(1),
        lambda: world.kms.update_crypto_key_version(OWNER, KEY.version(1), "ENABLED"),
    ):
        with pytest.raises(IntegrityError):
            act()
    assert "ROW_REPLAYED" in world.kinds()


def test_a_running_service_does_not_cover_up_a_removal(scene: Scene) -> None:
    world = scene.world
    world.kms.create_crypto_key(OWNER, CryptoKeyName(RING, "last"), spec())
    (number,) = world.sql("SELECT max(id) FROM crypto_keys")[0]
    world.sql(f"DELETE FROM crypto_keys WHERE id = {number}")
    with pytest.raises(IntegrityError):
        world.kms.create_crypto_key(OWNER, CryptoKeyName(RING, "next"), spec())
    assert "ROW_REPLAYED" in world.kinds()
