"""Somebody has the database files, SQL and time, but not the root key: rows and columns."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from kmsctl.errors import IntegrityError
from kmsctl.store.tables import CONTROL_TABLES, LOCATION_TABLES
from tests.unit.service.deeds import DEEDS
from tests.unit.service.scene import refused, tamper
from tests.unit.service.world import KEY, OWNER, PLACE, RING, spec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.service.scene import Outcome, Scene


def test_nothing_is_found_where_nothing_is_wrong(scene: Scene, baseline: dict[str, Outcome]) -> None:
    assert scene.outcomes() == baseline
    assert scene.world.verify() == []


# Every column of every row


#: Tables without a row in this store.
EMPTY = (
    "pending_purges",
    "import_jobs",
    "token_objects",
    "service_accounts",
    "custom_roles",
    "account_groups",
    "refusals",
    "tombstones",
    "transport_keys",
)


def columns() -> Iterator[tuple[str, str, str]]:
    for name, tables in (("control", CONTROL_TABLES), (PLACE, LOCATION_TABLES)):
        for table in tables:
            for column in table.listed:
                if table.name not in EMPTY:
                    yield name, table.name, column


#: What may be written where: for each of these, a value of another kind is tried as well.
VALUES = ["NULL", "1 - {0}", "{0} + 1", "{0} || 'x'", "1.5", "x'00'", "'text'", "9223372036854775807", "-1"]


@pytest.mark.parametrize(("name", "table", "column"), list(columns()))
def test_an_edited_column_is_never_served(
    scene: Scene, baseline: dict[str, Outcome], name: str, table: str, column: str
) -> None:
    tried = 0
    path = scene.world.database_path(name)
    scene.world.kms.close()
    for value in VALUES:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("BEGIN")
        before = connection.execute(f"SELECT id, {column} FROM {table} ORDER BY id").fetchall()
        try:
            connection.execute(f"UPDATE {table} SET {column} = {value.format(column)} WHERE id = 1")
            after = connection.execute(f"SELECT id, {column} FROM {table} ORDER BY id").fetchall()
        except (sqlite3.IntegrityError, sqlite3.OperationalError, sqlite3.DataError):
            after = before
        if after == before:
            connection.execute("ROLLBACK")
            connection.close()
            continue
        connection.execute("COMMIT")
        tried += 1
        refused(scene, baseline)
        scene.world.kms.close()
        ((row_id, _),) = set(after) - set(before) or {(after[0][0], None)}
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", (before[0][1], row_id))
        connection.close()
    assert tried
    assert scene.world.verify() == []


@pytest.mark.parametrize("deed", DEEDS)
def test_what_was_done_to_a_location_is_never_served(
    scene: Scene, baseline: dict[str, Outcome], deed: str
) -> None:
    script, names = DEEDS[deed]
    tamper(scene.world, script)
    refused(scene, baseline, *names)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("DELETE FROM crypto_keys WHERE id = 1", "NOT_FOUND"),
        ("DELETE FROM key_rings WHERE id = 1", "NOT_FOUND"),
    ],
)
def test_a_removed_name_is_missing_and_verify_tells(scene: Scene, statement: str, message: str) -> None:
    scene.world.sql(statement)
    found = scene.outcomes()
    for name in ("key", "encrypt", "decrypt 1", "version 1"):
        assert found[name][0] == message, (name, found[name])
    assert {"ROW_REPLAYED", "ORPHAN"} <= scene.world.kinds()


def test_a_removed_name_is_not_given_to_another_beside_it(scene: Scene) -> None:
    scene.world.sql("DELETE FROM crypto_keys WHERE id = 1")
    with pytest.raises(IntegrityError):
        scene.world.kms.create_crypto_key(OWNER, KEY, spec())
    scene.world.sql("DELETE FROM key_rings WHERE id = 1")
    with pytest.raises(IntegrityError):
        scene.world.kms.create_key_ring(OWNER, RING)
