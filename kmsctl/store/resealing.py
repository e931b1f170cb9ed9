"""Rotation of a database's master key: rows tagged and material wrapped anew, a batch at a time.

While it goes on there are two master keys. Every change writes its rows under the newer one, so what is
left to do only ever gets less; nothing refers to the older one in the end, and it is retired.
"""

from __future__ import annotations

from kmsctl.errors import IntegrityError
from kmsctl.model import names
from kmsctl.store import audit_keys, import_jobs, purges, scrub, transport_keys, versions
from kmsctl.store.tables import (
    AUDIT_KEYS,
    CRYPTO_KEY_VERSIONS,
    CRYPTO_KEYS,
    IMPORT_JOBS,
    MASTER_KEYS,
    TRANSPORT_KEYS,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Protocol

    from kmsctl.model.canonical import Value
    from kmsctl.store.connection import Connection
    from kmsctl.store.ports import DatabaseKeys
    from kmsctl.store.snapshot import Snapshot, Transaction
    from kmsctl.store.tables import Row, Table

    #: What an error calls the material, and what it is bound to.
    Bound = tuple[str, tuple[Value, ...]]

    class MasterKeySource(Protocol):
        """Where a new master key comes from (`kmsctl.keystore.keystore.KeyStore`)."""

        def new_master_key(self, name: str, version: int) -> bytes: ...
        def unlock(self, name: str, wrapped: Sequence[tuple[int, bytes]]) -> DatabaseKeys: ...


_MOST_NAMES = 10_000


def in_use(snapshot: Snapshot) -> list[Row]:
    """Returns the master keys that are not retired, oldest first; two while a rotation goes on."""
    return [row for row in snapshot.every(MASTER_KEYS) if not row.integer("retired")]


def begin(transaction: Transaction, source: MasterKeySource) -> int:
    """Makes a new master key, with which everything is written from now on. Returns its version."""
    name = transaction.head.name
    known = [(row.id, row.blob("wrapped")) for row in in_use(transaction)]
    version = transaction.next_id(MASTER_KEYS)
    wrapped = source.new_master_key(name, version)
    transaction.keys = source.unlock(name, [*known, (version, wrapped)])
    values: dict[str, Value] = {"retired": 0, "create_time": transaction.now, "wrapped": wrapped}
    transaction.insert(MASTER_KEYS, values)
    return version


def retire(transaction: Transaction) -> list[int]:
    """Retires all master keys but the newest, for nothing refers to them. Returns their versions."""
    retired = []
    for row in in_use(transaction)[:-1]:
        purges.insert_master_key(transaction, row)
        transaction.update(row, retired=transaction.now, wrapped=b"")
        retired.append(row.id)
    return retired


def left(connection: Connection, tables: Sequence[Table], current: int) -> int:
    """Returns how many rows refer to an older master key: by their tag, or by what is wrapped in them."""
    found = 0
    for table in tables:
        condition, parameters = _older(table, current)
        found += connection.number(f"SELECT count(*) FROM {table.name} WHERE {condition}", parameters)
    return found


class Resealing:
    """Goes through the rows of one database, from the first to the last of each table."""

    __slots__ = ("_after", "_names", "_tables")

    def __init__(self, location: str, tables: Sequence[Table]) -> None:
        self._tables = list(tables)
        self._after = 0
        self._names = _Names(location)

    def batch(self, transaction: Transaction, size: int) -> int:
        """Writes the next rows anew, at most `size`. Returns how many; fewer only at the end."""
        done = 0
        while self._tables and done < size:
            table = self._tables[0]
            condition, parameters = _older(table, transaction.keys.current)
            sql = f"{table.select} WHERE id > ? AND ({condition}) ORDER BY id LIMIT ?"
            found = transaction.connection.all(sql, (self._after, *parameters, size - done))
            for raw in found:
                label = "A row"
                row = transaction.checked(table, raw, label)
                transaction.update(row, **self._sealed_anew(transaction, row))
                self._after = row.id
            done += len(found)
            if done < size:
                self._tables.pop(0)
                self._after = 0
        return done

    def _sealed_anew(self, transaction: Transaction, row: Row) -> dict[str, Value]:
        changes: dict[str, Value] = {}
        prefix = transaction.keys.current.to_bytes(4, "big")
        for column in row.table.sealed:
            wrapped = row.values[column]
            if not isinstance(wrapped, bytes) or wrapped[:4] == prefix:
                continue
            label, binding = _BINDINGS[row.table.number](self._names, transaction.connection, row, column)
            material = transaction.keys.unwrap(wrapped, binding, label)
            changes[column] = transaction.keys.wrap(material, binding)
        return changes


class _Names:
    """The names that material is bound to. They are not checked: with a wrong one it cannot be unwrapped."""

    __slots__ = ("_keys", "_location")

    def __init__(self, location: str) -> None:
        self._location = location
        self._keys: dict[int, names.Name] = {}

    def of(self, connection: Connection, table: Table, row_id: int) -> names.Name:
        return names.parse(scrub.name_of(connection, table, row_id, self._location))

    def of_key(self, connection: Connection, row_id: int) -> names.Name:
        key = self._keys.get(row_id)
        if key is None:
            if len(self._keys) >= _MOST_NAMES:
                self._keys.clear()
            key = self._keys[row_id] = self.of(connection, CRYPTO_KEYS, row_id)
        return key


def _older(table: Table, current: int) -> tuple[str, tuple[int | bytes, ...]]:
    """Returns the condition for rows that refer to an older master key, and its parameters."""
    condition = " OR ".join(("mk <> ?", *(f"substr({column}, 1, 4) <> ?" for column in table.sealed)))
    return condition, (current, *(current.to_bytes(4, "big") for _ in table.sealed))


def _version_binding(found: _Names, connection: Connection, row: Row, column: str) -> Bound:
    key = found.of_key(connection, row.integer("key"))
    if not isinstance(key, names.CryptoKeyName):
        raise IntegrityError(f"Row {row.id} of {row.table.name} is a version of no key.")
    name = key.version(row.integer("number"))
    return f"CryptoKeyVersion {name}", versions.binding(row, name, column)


def _job_binding(found: _Names, connection: Connection, row: Row, column: str) -> Bound:
    del column
    name = found.of(connection, row.table, row.id)
    if not isinstance(name, names.ImportJobName):
        raise IntegrityError(f"Row {row.id} of {row.table.name} is no import job.")
    return f"ImportJob {name}", import_jobs.binding(row, name)


def _audit_key_binding(found: _Names, connection: Connection, row: Row, column: str) -> Bound:
    del found, connection, column
    return audit_keys.LABEL, audit_keys.binding(row.integer("create_time"))


def _transport_key_binding(found: _Names, connection: Connection, row: Row, column: str) -> Bound:
    del found, connection, column
    return transport_keys.LABEL, transport_keys.binding(row.values)


#: What the material in the `sealed` columns of each table is bound to.
_BINDINGS: dict[int, Callable[[_Names, Connection, Row, str], Bound]] = {
    CRYPTO_KEY_VERSIONS.number: _version_binding,
    IMPORT_JOBS.number: _job_binding,
    AUDIT_KEYS.number: _audit_key_binding,
    TRANSPORT_KEYS.number: _transport_key_binding,
}
#: The numbers of the tables with material that is found here.
BOUND = frozenset(_BINDINGS)
