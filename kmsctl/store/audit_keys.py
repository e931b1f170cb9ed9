"""The audit key of a database: what signs its log and tags its records. Made with the database."""

from __future__ import annotations

from kmsctl.errors import IntegrityError
from kmsctl.store.tables import AUDIT_KEYS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.model.canonical import Value
    from kmsctl.store.snapshot import Snapshot
    from kmsctl.store.tables import Row

#: A database has one, in this row.
ROW = 1
#: Bytes of the secret: the seed of an Ed25519 key, then the key of the records' tags.
SIZE = 64
LABEL = "The audit key"


def binding(create_time: int) -> tuple[Value, ...]:
    """Returns what the wrapped secret is bound to; the key that wraps it is bound to the database."""
    return ("audit key", create_time)


def find(snapshot: Snapshot) -> Row:
    row = snapshot.find(AUDIT_KEYS, LABEL, id=ROW)
    if row is None:
        raise IntegrityError(
            f"The database {snapshot.connection.path} has no audit key.",
            hint="Bring the database back from a backup.",
        )
    return row


def secret(snapshot: Snapshot, row: Row) -> bytes:
    """Returns the 64 bytes of the secret, unwrapped."""
    found = snapshot.keys.unwrap(row.blob("material"), binding(row.integer("create_time")), LABEL)
    if len(found) != SIZE:
        raise IntegrityError(f"{LABEL} of {snapshot.connection.path} is not as it was made.")
    return found
