"""Purging: after a version was destroyed, no older copy of its material is left in the files.

Snapshots hold such copies, so all of the location are dropped with it.
"""

from __future__ import annotations

from kmsctl.errors import KmsError
from kmsctl.store import purges
from kmsctl.store.tables import PENDING_PURGES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.store.database import Database


def purge(database: Database) -> int:
    """Purges what was destroyed in a location. Returns how many purges are still pending.

    The material is gone from its row since the commit that destroyed it. What is left are copies in
    unused space and in the write-ahead log; a reader in the middle of a snapshot may still
    need those, and then the purge stays pending and is tried again by the next change.
    """
    if not database.count(PENDING_PURGES):
        return 0
    from kmsctl.store.snapshot_files import drop_of

    database.renew(None)  # what a restore had prepared, and a crash left, is a copy too
    with database.read() as snapshot:
        pending = purges.pending(snapshot)
    if not database.purge(list(purges.traces(pending))) or not drop_of(database):
        return len(pending)
    database.probe("purge.truncated")
    with database.write() as transaction:
        for row in pending:
            purges.finish(transaction, row)
    return 0


def purge_after(database: Database) -> None:
    """Purges after a change that is committed: what goes wrong now does not undo it.

    The purge stays pending, `store verify` shows it, and the next change or `store maintain` tries again.
    """
    try:
        purge(database)
    except KmsError:
        pass
