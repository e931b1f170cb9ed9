"""Transport keys: the key pairs of a store that others seal whole key rings to."""

from __future__ import annotations

from kmsctl.errors import IntegrityError
from kmsctl.store.tables import TRANSPORT_KEYS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.model.canonical import Value
    from kmsctl.store.snapshot import Snapshot, Transaction
    from kmsctl.store.tables import Row

LABEL = "a transport key"


def each(snapshot: Snapshot) -> list[Row]:
    """Returns all transport keys, oldest first."""
    return sorted(snapshot.every(TRANSPORT_KEYS), key=lambda row: row.id)


def insert(transaction: Transaction, uid: bytes, algorithm: int, secret: bytes, public: bytes) -> Row:
    values: dict[str, Value] = {"uid": uid, "algorithm": algorithm, "create_time": transaction.now}
    material = transaction.keys.wrap(secret, binding(values))
    return transaction.insert(TRANSPORT_KEYS, {**values, "public": public, "material": material})


def material(snapshot: Snapshot, row: Row) -> bytes:
    """Returns the private key, as the software backend makes it."""
    wrapped = row.values["material"]
    if not isinstance(wrapped, bytes):
        raise IntegrityError("A transport key has no key material.")
    return snapshot.keys.unwrap(wrapped, binding(row.values), LABEL)


def binding(values: dict[str, Value]) -> tuple[Value, ...]:
    """Returns what the material of a transport key is bound to."""
    return ("transport key", *(values[column] for column in ("uid", "algorithm", "create_time")))
