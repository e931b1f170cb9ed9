"""Fills a store in bulk: rings, keys and versions as the service would have left them, in seconds.

Rows, tags, integrity tree, head, audit record and anchor are all consistent, and all material can be
unwrapped: `kmsctl store verify` finds nothing. Only the audit records of the single creations are missing.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from kmsctl.model import algorithms, states
from kmsctl.model.names import CryptoKeyName, KeyRingName, LocationName
from kmsctl.model.protection import PROTECTION_LEVEL_NUMBERS, SOFTWARE
from kmsctl.service.context import Context
from kmsctl.service.defaults import DESTROY_SCHEDULED_DURATION
from kmsctl.store import versions
from kmsctl.store.snapshot import row_data
from kmsctl.store.tables import CRYPTO_KEY_VERSIONS, CRYPTO_KEYS, Row
from kmsctl.store.tree import BITS, TOP, node_data, roots_data

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kmsctl.model.canonical import Value
    from kmsctl.service.kms import Kms
    from kmsctl.store.ports import DatabaseKeys
    from kmsctl.store.snapshot import Transaction
    from kmsctl.store.tables import Table

    SqlRow = tuple[Value, ...]

CTX = Context("bench@host")
LOCATION = LocationName("local", "us-east1")
ALGORITHM = "GOOGLE_SYMMETRIC_ENCRYPTION"
RING = KeyRingName(LOCATION, "many")
_CACHE_KIB = 600_000


def key_name(number: int) -> CryptoKeyName:
    """Returns the name of a seeded key; they are numbered from 1."""
    return CryptoKeyName(RING, f"key-{number:06}")


def seed(kms: Kms, *, keys: int, versions_each: int) -> None:
    """Makes the ring RING with `keys` keys of `versions_each` versions; the newest ones are primary.

    The location must not have any keys yet.
    """
    kms.create_key_ring(CTX, RING)
    database = kms.open_store().open(LOCATION.location)
    with database.write() as transaction:
        transaction.connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        bulk = _Bulk(transaction)
        ring = transaction.connection.number("SELECT id FROM key_rings WHERE name = ?", (RING.key_ring,))
        bulk.insert(CRYPTO_KEYS, _key_rows(transaction, ring, keys, versions_each))
        bulk.insert(CRYPTO_KEY_VERSIONS, _version_rows(transaction, keys, versions_each))
        bulk.finish()
    database.close()  # its connection has the large cache


def _key_rows(
    transaction: Transaction, ring: int, keys: int, versions_each: int
) -> Iterator[dict[str, Value]]:
    for number in range(1, keys + 1):
        yield {
            "ring": ring,
            "name": key_name(number).crypto_key,
            "purpose": algorithms.purpose_by_enum("ENCRYPT_DECRYPT").number,
            "algorithm": algorithms.by_enum(ALGORITHM).number,
            "protection_level": PROTECTION_LEVEL_NUMBERS[SOFTWARE],
            "create_time": transaction.now,
            "destroy_scheduled_duration": DESTROY_SCHEDULED_DURATION,
            "labels": f"env=prod\nteam=t{number % 7}",
            "import_only": 0,
            "primary_version": versions_each,
            "last_version": versions_each,
            "policy": "",
            "not_exportable": 0,
        }


def _version_rows(transaction: Transaction, keys: int, versions_each: int) -> Iterator[dict[str, Value]]:
    fixed: dict[str, Value] = {
        "state": states.STATE_NUMBERS[states.ENABLED],
        "algorithm": algorithms.by_enum(ALGORITHM).number,
        "protection_level": PROTECTION_LEVEL_NUMBERS[SOFTWARE],
        "create_time": transaction.now,
        "generate_time": transaction.now,
    }
    for key in range(1, keys + 1):
        name = key_name(key)
        for number in range(1, versions_each + 1):
            values: dict[str, Value] = {"key": key, "number": number, "uid": os.urandom(16), **fixed}
            bound = versions.binding(Row(CRYPTO_KEY_VERSIONS, 0, values, b""), name.version(number))
            values["material"] = transaction.keys.wrap(os.urandom(32), bound)
            yield values


class _Bulk:
    """Writes whole tables and the trees over them, in one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._keys: DatabaseKeys = transaction.keys
        self._roots: dict[int, bytes] = {}
        for table, root in transaction.connection.all(
            "SELECT tbl, digest FROM tree WHERE level = ? AND idx = 0", (TOP,)
        ):
            self._roots[table] = root  # type: ignore[index,assignment]  # as the store wrote them

    def insert(self, table: Table, rows: Iterator[dict[str, Value]]) -> None:
        """Adds rows to an empty table, with ids from 1; columns that a row does not name are NULL."""
        level: dict[int, bytes] = {}
        self._transaction.connection.insert_many(table.insert, self._tagged(table, rows, level))
        number = table.number
        for height in range(TOP + 1):
            stored = ((number, height, index, digest) for index, digest in level.items())
            self._transaction.connection.insert_many(
                "INSERT INTO tree (tbl, level, idx, digest) VALUES (?, ?, ?, ?)", stored
            )
            if height == TOP:
                break
            grouped: dict[int, dict[int, bytes]] = {}
            for index, digest in level.items():
                grouped.setdefault(index >> BITS, {})[index] = digest
            level = {
                index: self._keys.digest(node_data(number, height + 1, index, nodes))
                for index, nodes in grouped.items()
            }
        self._roots[number] = level[0]

    def _tagged(
        self, table: Table, rows: Iterator[dict[str, Value]], buckets: dict[int, bytes]
    ) -> Iterator[SqlRow]:
        """Yields the rows as SQL takes them, and fills in the digests of their buckets."""
        mk, bucket = self._keys.current, 0
        tags: dict[int, bytes] = {}
        for row_id, values in enumerate(rows, 1):
            columns = [values.get(column) for column in table.columns]
            tag = self._keys.row_tag(mk, row_data(table, row_id, columns))
            if row_id >> BITS != bucket:
                buckets[bucket] = self._keys.digest(node_data(table.number, 0, bucket, tags))
                tags, bucket = {}, row_id >> BITS
            tags[row_id] = tag
            yield row_id, mk, tag, *columns
        buckets[bucket] = self._keys.digest(node_data(table.number, 0, bucket, tags))

    def finish(self) -> None:
        """Lets the head vouch for all of it."""
        transaction = self._transaction
        head = transaction.head
        head.root = self._keys.digest(roots_data(self._roots))
        head.generation += 1
        head.last_time = head.confirmed_time = transaction.now
        head.sign(self._keys)
        head.update(transaction.connection)
        transaction.append_audit('{"insertId":"seed"}')
