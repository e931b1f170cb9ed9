"""Purging: after a version was destroyed, no older copy of its material is left in the files."""

from __future__ import annotations

from kmsctl.store.tables import PENDING_PURGES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.store.database import Database


def purge(database: Database) -> int:
    """Purges what was destroyed in a location. Returns how many purges are still pending.

    The material is gone from its row, and zeros are where it was in the database, since the commit
    that destroyed it. What is left is the write-ahead log; a reader in the middle of a snapshot may
    still need it, and then the purge stays pending and is tried again by the next change.
    """
    if not database.count(PENDING_PURGES):
        return 0
    with database.read() as snapshot:
        pending = list(snapshot.scan(PENDING_PURGES, "1 ORDER BY id", ()))
    if not database.purge():
        return len(pending)
    database.probe("purge.truncated")
    with database.write() as transaction:
        for row in pending:
            left = transaction.find(PENDING_PURGES, "id = ?", (row.id,), f"Pending purge {row.id}")
            if left is not None:
                transaction.delete(left)
    return 0
