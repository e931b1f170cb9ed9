"""Pending purges: whose material was destroyed, but may be left in older pages of the files.

The commit that destroys material removes it from its row. Older copies can be left in two places: in the
write-ahead log, and in unused space of pages whose rows SQLite has moved, which it does not clear.
"""

from __future__ import annotations

from kmsctl.errors import IntegrityError
from kmsctl.store.tables import PENDING_PURGES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kmsctl.store.connection import Connection
    from kmsctl.store.probes import Probe
    from kmsctl.store.snapshot import Snapshot, Transaction
    from kmsctl.store.tables import Row

#: Wrapped material starts with the master key's version (4 bytes) and the nonce (24 bytes).
_NONCE = slice(4, 28)
_NONCE_OF_MASTER_KEY = slice(24)
_PIECE = 8
#: How often a purge starts again because somebody has written meanwhile.
_ATTEMPTS = 3


def insert(transaction: Transaction, row: Row) -> None:
    """Records that the material of `row`, which still has it, is destroyed in this transaction."""
    _insert(transaction, row, row.blob("material")[_NONCE])


def insert_master_key(transaction: Transaction, row: Row) -> None:
    """Records that a wrapped master key is retired, or wrapped anew, in this transaction."""
    _insert(transaction, row, row.blob("wrapped")[_NONCE_OF_MASTER_KEY])


def _insert(transaction: Transaction, row: Row, nonce: bytes) -> None:
    values = {"tbl": row.table.number, "row_id": row.id, "since": transaction.now}
    transaction.insert(PENDING_PURGES, {**values, "trace": _inverted(nonce)})


def pending(snapshot: Snapshot) -> list[Row]:
    """Returns all pending purges, oldest first."""
    return list(snapshot.scan(PENDING_PURGES, "1 ORDER BY id", ()))


def finish(transaction: Transaction, row: Row) -> None:
    """Removes a pending purge that was done, unless somebody else has."""
    found = transaction.find(PENDING_PURGES, f"Pending purge {row.id}", id=row.id)
    if found is not None:
        transaction.delete(found)


def traces(rows: Sequence[Row]) -> Iterator[bytes]:
    """Yields the byte strings that give away what is to be purged, if a file holds one of them.

    They are the pieces of the nonces: without its nonce, wrapped material cannot be unwrapped by
    whoever has the master key either. A copy that was overwritten in part is found by what is left.
    """
    for row in rows:
        nonce = _inverted(row.blob("trace"))
        if len(nonce) != _NONCE.stop - _NONCE.start:
            raise IntegrityError(f"Pending purge {row.id} is not as it should be.")
        for start in range(0, len(nonce), _PIECE):
            yield nonce[start : start + _PIECE]


def clear(connection: Connection, traces: Sequence[bytes], probe: Probe) -> bool:
    """Clears away older copies of what was destroyed: from unused space of pages, then from the log.

    The log is written back first: then all pages are in the file, which is searched. If one has a copy,
    the file is written anew, and the log that this takes is cleared away too. Once no page has a copy,
    none gets one again.

    Args:
        connection: to the database.
        traces: byte strings that are in the files only if a copy is.
        probe: told the name of each step.

    Returns:
        False if somebody else is in the way; then it is to be tried again later.
    """
    for _ in range(_ATTEMPTS):
        if not connection.truncate_log():
            return False
        found = connection.holds(traces) if traces else False
        if found is not None:  # nobody has written in between
            break
    if found:
        connection.execute("VACUUM")
        probe("purge.vacuumed")
        return connection.truncate_log()
    return found is False


def _inverted(nonce: bytes) -> bytes:
    """Returns the complement of each byte: what is recorded must not look like what is searched for."""
    return bytes(255 - byte for byte in nonce)
