"""Calls that were refused a short while ago, counted, so that their records are bounded."""

from __future__ import annotations

from kmsctl.store.tables import REFUSALS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.store.snapshot import Snapshot, Transaction
    from kmsctl.store.tables import Row


def every(snapshot: Snapshot) -> list[Row]:
    """Returns all of them; they are few."""
    return snapshot.every(REFUSALS)


def insert(transaction: Transaction, principal: str, method: str, resource: str) -> Row:
    values: dict[str, int | str | bytes | None] = {
        "principal": principal,
        "method": method,
        "resource": resource,
        "since": transaction.now,
        "count": 1,
    }
    return transaction.insert(REFUSALS, values)
