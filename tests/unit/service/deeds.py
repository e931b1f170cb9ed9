"""What somebody with SQL may do to a location's database, and which attempts have to be refused then."""

from __future__ import annotations

#: what was done → (SQL, names of `Scene.attempts`)
DEEDS: dict[str, tuple[str, list[str]]] = {
    # A state, a primary version, a schedule, labels: what is decided by
    "a disabled version is enabled": (
        "UPDATE crypto_key_versions SET state = 1 WHERE state = 2",
        ["version 2", "decrypt 2"],
    ),
    "a scheduled version is enabled": (
        "UPDATE crypto_key_versions SET state = 1 WHERE state = 4",
        ["version 4"],
    ),
    "a destroy time is put off": (
        "UPDATE crypto_key_versions SET destroy_time = destroy_time * 2 WHERE state = 4",
        ["version 4"],
    ),
    "another primary version": (
        "UPDATE crypto_keys SET primary_version = 1 WHERE id = 1",
        ["key", "encrypt", "keys"],
    ),
    "no primary version": (
        "UPDATE crypto_keys SET primary_version = NULL WHERE id = 1",
        ["key", "encrypt", "keys"],
    ),
    "other labels": (
        "UPDATE crypto_keys SET labels = 'made=later' WHERE id = 1",
        ["key", "keys"],
    ),
    "a schedule": (
        "UPDATE crypto_keys SET rotation_period = 1, next_rotation_time = 1 WHERE id = 1",
        ["key", "encrypt"],
    ),
    "fewer versions": (
        "UPDATE crypto_keys SET last_version = 1 WHERE id = 1",
        ["key", "version 2"],
    ),
    # Material
    "the material of two versions is swapped": (
        """
        CREATE TEMP TABLE old AS SELECT * FROM crypto_key_versions;
        UPDATE crypto_key_versions SET material = (
          SELECT material FROM old WHERE old.key = 1 AND old.number = 4 - crypto_key_versions.number
        ) WHERE key = 1 AND number IN (1, 3);
        """,
        ["decrypt 1", "decrypt 3", "encrypt"],
    ),
    "the material of another key is copied": (
        """
        UPDATE crypto_key_versions SET material = (
          SELECT material FROM crypto_key_versions WHERE key = 3 AND number = 1
        ) WHERE key = 1 AND number = 3;
        """,
        ["encrypt", "decrypt 3"],
    ),
    "material is cut": (
        "UPDATE crypto_key_versions SET material = substr(material, 1, 40)",
        ["encrypt", "decrypt twin"],
    ),
    "material is removed": (
        "UPDATE crypto_key_versions SET material = NULL",
        ["encrypt", "decrypt twin"],
    ),
    # Rows that were moved
    "a version is moved to another key": (
        "UPDATE crypto_key_versions SET key = 3, number = 9 WHERE key = 1 AND number = 3",
        ["key", "encrypt"],
    ),
    "a version is given another number": (
        "UPDATE crypto_key_versions SET number = 9 WHERE key = 1 AND number = 3",
        ["key", "encrypt", "versions"],
    ),
    "a key is moved to another ring": (
        "UPDATE crypto_keys SET ring = 2, name = 'moved' WHERE id = 1",
        [],
    ),
    "a ring is renamed": (
        "UPDATE key_rings SET name = 'renamed' WHERE name = 'ring' AND project = 'acme'",
        ["rings"],
    ),
    "two rows trade their ids": (
        """
        UPDATE crypto_key_versions SET id = CASE id WHEN 1 THEN -1 ELSE -2 END WHERE id IN (1, 2);
        UPDATE crypto_key_versions SET id = CASE id WHEN -1 THEN 2 ELSE 1 END WHERE id < 0;
        """,
        ["decrypt 1"],
    ),
    # Rows that were removed
    "the primary version is removed": (
        "DELETE FROM crypto_key_versions WHERE key = 1 AND number = 3",
        ["key", "keys", "encrypt", "versions"],
    ),
    "a version in the middle is removed": (
        "DELETE FROM crypto_key_versions WHERE key = 1 AND number = 2",
        ["version 2", "versions", "decrypt 2"],
    ),
    "the last version is removed": (
        "DELETE FROM crypto_key_versions WHERE key = 1 AND number = 4",
        ["version 4", "versions"],
    ),
    "all versions are removed": (
        "DELETE FROM crypto_key_versions",
        ["key", "keys", "encrypt", "decrypt 1", "versions", "decrypt twin"],
    ),
    # The tree
    "the tree is removed": ("DELETE FROM tree", ["ring", "key", "encrypt", "version 1", "decrypt 1"]),
    "the tree loses its leaves": ("DELETE FROM tree WHERE level = 0", ["ring", "key", "encrypt"]),
    "the tree loses its middle": ("DELETE FROM tree WHERE level = 2", ["ring", "key", "encrypt"]),
    "the tree loses its top": ("DELETE FROM tree WHERE level = 4", ["ring", "key", "encrypt"]),
    "a node of the tree is changed": (
        "UPDATE tree SET digest = zeroblob(32) WHERE level = 3 AND tbl = 6",
        ["encrypt", "version 1"],
    ),
    "nodes of the tree are moved": ("UPDATE tree SET idx = idx + 1 WHERE level = 1", ["key"]),
    "the tree has a table more": ("INSERT INTO tree VALUES (200, 4, 0, zeroblob(32))", ["key"]),
    "the tree has a table that cannot be": ("INSERT INTO tree VALUES (700, 4, 0, zeroblob(32))", ["key"]),
    # Rows that were added
    "a copy of a version under another id": (
        """
        CREATE TEMP TABLE new AS SELECT * FROM crypto_key_versions WHERE id = 1;
        UPDATE new SET id = 100, number = 100, uid = zeroblob(16);
        INSERT INTO crypto_key_versions SELECT * FROM new;
        """,
        [],
    ),
    "a row with a negative id": (
        """
        CREATE TEMP TABLE new AS SELECT * FROM crypto_key_versions WHERE id = 1;
        UPDATE new SET id = -5, number = 100, uid = zeroblob(16);
        INSERT INTO crypto_key_versions SELECT * FROM new;
        """,
        [],
    ),
    "a row with the highest id, and a tag that is none": (
        """
        CREATE TEMP TABLE new AS SELECT * FROM crypto_key_versions WHERE id = 1;
        UPDATE new SET id = 9223372036854775807, number = 100, uid = zeroblob(16), tag = 'text';
        INSERT INTO crypto_key_versions SELECT * FROM new;
        """,
        [],
    ),
    # Master keys
    "the master key is another": (
        "UPDATE master_keys SET wrapped = zeroblob(72)",
        ["ring", "key", "encrypt"],
    ),
    "the master key is removed": ("DELETE FROM master_keys", ["ring", "key", "encrypt"]),
    "the master key has another version": ("UPDATE master_keys SET id = 2", ["ring", "key", "encrypt"]),
    "the master key is retired": ("UPDATE master_keys SET retired = 1", []),
    "the master key is there twice": (
        "INSERT INTO master_keys SELECT 2, mk, tag, retired, create_time, wrapped FROM master_keys",
        ["key"],
    ),
    "a second master key": (
        "INSERT INTO master_keys VALUES (2, 1, zeroblob(32), 0, 0, zeroblob(72))",
        ["key"],
    ),
    # Heads
    "a generation more": ("UPDATE head SET generation = generation + 1", ["ring", "key", "encrypt"]),
    "an earlier time": ("UPDATE head SET last_time = 0", ["ring", "key", "encrypt"]),
    "a time that is believed": (
        "UPDATE head SET confirmed_time = confirmed_time + 86400000000",
        ["ring", "key", "encrypt"],
    ),
    "another root": ("UPDATE head SET root = zeroblob(32)", ["ring", "key", "encrypt"]),
    "no head": ("DELETE FROM head", ["ring", "key", "encrypt"]),
    "no audit records": (
        "UPDATE audit_head SET sequence = 0, edge = x''",
        ["ring", "key", "encrypt"],
    ),
    # The schema
    "an index is dropped": ("DROP INDEX crypto_key_versions_pending", ["ring", "key", "encrypt"]),
    "another index is dropped": ("DROP INDEX crypto_keys_due", ["ring", "key", "encrypt"]),
    "plans are changed": ("ANALYZE", ["key"]),
    "a trigger that enables versions": (
        "CREATE TRIGGER t AFTER UPDATE ON head BEGIN UPDATE crypto_key_versions SET state = 1; END",
        ["key"],
    ),
    "a trigger that prevents changes": (
        "CREATE TRIGGER t BEFORE UPDATE ON crypto_key_versions BEGIN SELECT RAISE(IGNORE); END",
        ["key"],
    ),
    "a view": ("CREATE VIEW v AS SELECT * FROM crypto_keys", ["key"]),
    "a view in the place of a table": (
        "ALTER TABLE crypto_keys RENAME TO k2; CREATE VIEW crypto_keys AS SELECT * FROM k2",
        ["key", "keys"],
    ),
    "a table": ("CREATE TABLE planted (a)", ["key"]),
    "a column": ("ALTER TABLE crypto_keys ADD COLUMN planted", ["key"]),
}
