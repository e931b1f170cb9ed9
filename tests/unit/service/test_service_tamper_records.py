"""Somebody has the database files, SQL and time, but not the root key: audit records, purges and indexes."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from kmsctl.errors import IntegrityError
from kmsctl.model.names import KeyRingName, LocationName
from tests.unit.service.scene import SECOND, TWIN, outcome, refused, tamper
from tests.unit.service.world import DAY, KEY, OWNER, PLACE, World

if TYPE_CHECKING:
    from tests.unit.service.scene import Outcome, Scene


# Audit records


RECORDS = {
    "other words": "UPDATE audit SET record = replace(record, 'owner@example.com', 'nobody@example.com')",
    "a blank": "UPDATE audit SET record = record || ' ' WHERE sequence = 2",
    "bytes": "UPDATE audit SET record = CAST(record AS BLOB) WHERE sequence = 2",
    "another tag": "UPDATE audit SET tag = zeroblob(32) WHERE sequence = 1",
    "another time": "UPDATE audit SET time = time + 1 WHERE sequence = 1",
    "another principal": "UPDATE audit SET principal = 'nobody' WHERE sequence = 1",
    "of another project": "UPDATE audit SET project = 'other' WHERE sequence = 1",
    "no error": "UPDATE audit SET severity = 299 WHERE sequence = 1",
    "the first is removed": "DELETE FROM audit WHERE sequence = 1",
    "the second is removed": "DELETE FROM audit WHERE sequence = 2",
    "the last is removed": "DELETE FROM audit WHERE sequence = (SELECT max(sequence) FROM audit)",
    "all are removed": "DELETE FROM audit",
    "one is added": """
        INSERT INTO audit
        SELECT sequence + 1, time, project, log, severity, method, principal, resource, record, tag
        FROM audit ORDER BY sequence DESC LIMIT 1
        """,
    "one is added in front": "INSERT INTO audit VALUES (-3, 0, '', '', 0, '', '', '', '{}', zeroblob(32))",
    "two trade places": """
        UPDATE audit SET sequence = -sequence WHERE sequence IN (1, 2);
        UPDATE audit SET sequence = sequence + 3 WHERE sequence < 0;
        """,
}


@pytest.mark.parametrize("name", [PLACE, "control"])
@pytest.mark.parametrize("deed", RECORDS)
def test_changed_audit_records_are_found(
    scene: Scene, baseline: dict[str, Outcome], name: str, deed: str
) -> None:
    world = scene.world
    tamper(world, RECORDS[deed], name)
    assert world.kinds() == {"AUDIT_DAMAGED"}
    assert scene.outcomes() == baseline
    # Going on does not mend it.
    try:
        world.kms.create_key_ring(OWNER, KeyRingName(LocationName("third", PLACE), "new"))
    except IntegrityError:
        pass
    assert world.kinds() == {"AUDIT_DAMAGED"}


def test_a_tree_that_was_made_anew_is_found(scene: Scene) -> None:
    """The hashes of the tree are no secret, but the head that vouches for them is tagged."""
    from kmsctl.crypto.integrity import digest
    from kmsctl.model.log_tree import LogTree, leaf_hash

    world = scene.world
    world.kms.close()
    tree = LogTree(digest)
    for sequence, record in world.sql("SELECT sequence, record FROM audit ORDER BY sequence"):
        forged = record.replace("owner@", "nobody@")
        tree.append(leaf_hash(digest, forged.encode()))
        world.sql("UPDATE audit SET record = ?1 WHERE sequence = ?2", parameters=(forged, sequence))
    assert world.kinds() == {"AUDIT_DAMAGED"}
    world.kms.close()
    world.sql("UPDATE audit_head SET edge = ?", parameters=(tree.edge,))
    assert world.kinds() == {"DATABASE_DAMAGED"}


# Purges


def purging(world: World) -> None:
    """Leaves a purge pending: version 4 is destroyed while somebody reads."""
    world.clock.now += 2 * DAY
    with world.database().read() as snapshot:
        snapshot.connection.all("SELECT * FROM head")
        assert world.state(4) == "DESTROYED"
    assert world.sql("SELECT count(*) FROM pending_purges") == [(1,)]
    assert world.kinds() == {"PURGE_PENDING"}
    world.kms.close()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM pending_purges",
        "UPDATE pending_purges SET row_id = 99",
        "UPDATE pending_purges SET tbl = 99",
        "UPDATE pending_purges SET trace = zeroblob(24)",
        "UPDATE pending_purges SET trace = x''",
        "INSERT INTO pending_purges SELECT id + 1, mk, tag, tbl, row_id, since, trace FROM pending_purges",
    ],
)
def test_an_edited_pending_purge_is_found_and_does_not_stop_other_work(scene: Scene, statement: str) -> None:
    world = scene.world
    purging(world)
    world.sql(statement)
    assert world.kinds() & {"ROW_DAMAGED", "ROW_REPLAYED"}
    assert world.state(4) == "DESTROYED"
    world.kms.create_crypto_key_version(OWNER, KEY)
    assert world.kinds() & {"ROW_DAMAGED", "ROW_REPLAYED"}
    left = world.maintain().left
    assert len(left) == (0 if statement.startswith("DELETE") else 1)


def test_a_finished_purge_that_was_put_back_does_not_stop_other_work(scene: Scene) -> None:
    world = scene.world
    purging(world)
    row = world.sql("SELECT * FROM pending_purges")[0]
    assert world.maintain().purged == 1
    world.kms.close()
    world.sql("INSERT INTO pending_purges VALUES (?, ?, ?, ?, ?, ?, ?)", parameters=row)
    world.kms.create_crypto_key_version(OWNER, SECOND)
    assert "ROW_REPLAYED" in world.kinds()
    (text,) = world.maintain().left
    assert text.startswith("us-east1: ")


# Indexes


def detached(world: World, index: str, forth: str, back: str) -> None:
    """Changes an index alone: changes rows with it, then changes them back while it is detached."""
    world.kms.close()
    path = world.database_path()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.executescript(forth)
    connection.execute("PRAGMA writable_schema = ON")
    kept = connection.execute("SELECT * FROM sqlite_master WHERE name = ?", (index,)).fetchone()
    ((sql,),) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (kept[2],))
    connection.execute("DELETE FROM sqlite_master WHERE name = ?", (index,))
    if index.startswith("sqlite_autoindex"):
        bare = sql.replace(" UNIQUE,", ",")
        for unique in ("project, name", "ring, name", "key, number"):
            bare = bare.replace(f",\n  UNIQUE ({unique})", "")
        connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", (bare, kept[2]))
        connection.execute("DELETE FROM sqlite_master WHERE sql IS NULL AND tbl_name = ?", (kept[2],))
    others = [kept]
    connection.close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(back)
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", (sql, kept[2]))
    for row in others:
        connection.execute("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", row)
    connection.execute("PRAGMA writable_schema = OFF")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()


def test_an_index_that_hides_what_is_due_does_not_make_a_destroyed_version_usable(scene: Scene) -> None:
    world = scene.world
    detached(
        world,
        "crypto_key_versions_pending",
        "UPDATE crypto_key_versions SET state = 1 WHERE state = 4",
        "UPDATE crypto_key_versions SET state = 4 WHERE key = 1 AND number = 4",
    )
    world.clock.now += 2 * DAY
    for act in (lambda: world.state(4), lambda: world.encrypt(KEY.version(4))):
        kind, value = outcome(act)
        assert kind == "INTEGRITY" or "DESTROYED" in value
    assert world.verify() != []


def test_an_index_that_leads_to_versions_that_are_not_due_destroys_nothing(scene: Scene) -> None:
    """Versions in the index of what is unfinished are destroyed; it is made to name others."""
    world = scene.world
    detached(
        world,
        "crypto_key_versions_pending",
        "UPDATE crypto_key_versions SET state = 4, destroy_time = 1 WHERE key = 3",
        "UPDATE crypto_key_versions SET state = 1, destroy_time = NULL WHERE key = 3",
    )
    world.clock.now += 2 * DAY
    outcome(lambda: world.kms.get_crypto_key(OWNER, KEY))
    outcome(lambda: world.kms.get_crypto_key(OWNER, TWIN))
    outcome(lambda: world.maintain(confirm=True))
    assert world.sql("SELECT count(*) FROM crypto_key_versions WHERE key = 3 AND material IS NULL") == [(0,)]
    assert outcome(lambda: world.kms.get_crypto_key_version(OWNER, TWIN.version(1)).state) in (
        ("done", "ENABLED"),
        ("INTEGRITY", None),
    )
    assert world.verify() != []


LED_ASTRAY = {
    "sqlite_autoindex_crypto_keys_1": (
        """
        UPDATE crypto_keys SET name = 'x' WHERE id = 1;
        UPDATE crypto_keys SET name = 'key' WHERE id = 2;
        """,
        """
        UPDATE crypto_keys SET name = 'key' WHERE id = 1;
        UPDATE crypto_keys SET name = 'second' WHERE id = 2;
        """,
    ),
    "sqlite_autoindex_crypto_key_versions_2": (
        """
        UPDATE crypto_key_versions SET number = 9 WHERE key = 1 AND number = 3;
        UPDATE crypto_key_versions SET number = 3 WHERE key = 1 AND number = 2;
        """,
        """
        UPDATE crypto_key_versions SET number = 2 WHERE key = 1 AND number = 3;
        UPDATE crypto_key_versions SET number = 3 WHERE key = 1 AND number = 9;
        """,
    ),
    "sqlite_autoindex_key_rings_1": (
        """
        UPDATE key_rings SET name = 'x' WHERE id = 1;
        UPDATE key_rings SET name = 'ring' WHERE id = 2;
        """,
        """
        UPDATE key_rings SET name = 'ring' WHERE id = 1;
        UPDATE key_rings SET name = 'other' WHERE id = 2;
        """,
    ),
}


@pytest.mark.parametrize("index", LED_ASTRAY)
def test_an_index_that_leads_to_another_row_is_never_followed(
    scene: Scene, baseline: dict[str, Outcome], index: str
) -> None:
    detached(scene.world, index, *LED_ASTRAY[index])
    refused(scene, baseline)


# While it is open


def test_a_running_service_finds_what_was_planted_meanwhile(
    scene: Scene, baseline: dict[str, Outcome]
) -> None:
    """Its connections are open already, so that opening them no longer shows it."""
    world = scene.world
    world.encrypt()
    world.sql("CREATE TRIGGER t AFTER UPDATE ON head BEGIN UPDATE crypto_key_versions SET state = 1; END")
    assert world.kinds() == {"DATABASE_DAMAGED"}
    assert scene.outcomes() == baseline
    world.kms.create_crypto_key_version(OWNER, KEY)  # the trigger enables what was disabled
    for number in (2, 4):
        with pytest.raises(IntegrityError):
            world.state(number)
    assert "DATABASE_DAMAGED" in world.kinds()
