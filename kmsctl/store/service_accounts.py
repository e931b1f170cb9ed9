"""Service accounts and service agents, in control.db."""

from __future__ import annotations

from kmsctl.store.tables import SERVICE_ACCOUNTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.store.snapshot import Snapshot, Transaction
    from kmsctl.store.tables import Row


def find(snapshot: Snapshot, email: str) -> Row | None:
    return snapshot.find(SERVICE_ACCOUNTS, f"Service account {email}", email=email)


def find_by_unique_id(snapshot: Snapshot, unique_id: str) -> Row | None:
    return snapshot.find(SERVICE_ACCOUNTS, f"Service account {unique_id}", unique_id=unique_id)


def page(snapshot: Snapshot, project: str, *, after: str, limit: int) -> list[Row]:
    """Returns up to `limit` accounts of a project in the order of their addresses, from after `after`."""
    condition = "project = ? AND email > ? ORDER BY email LIMIT ?"
    return list(snapshot.scan(SERVICE_ACCOUNTS, condition, (project, after, limit)))


def insert(
    transaction: Transaction,
    project: str,
    email: str,
    unique_id: str,
    *,
    display_name: str = "",
    description: str = "",
    service: str = "",
) -> Row:
    """Adds an account; `service` is the service whose agent it is, if it is one's."""
    return transaction.insert(
        SERVICE_ACCOUNTS,
        {
            "email": email,
            "project": project,
            "unique_id": unique_id,
            "display_name": display_name,
            "description": description,
            "disabled": 0,
            "service": service,
            "create_time": transaction.now,
            "policy": "",
        },
    )
