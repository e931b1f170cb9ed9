"""Projects, in control.db."""

from __future__ import annotations

from kmsctl.store.tables import PROJECTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from kmsctl.store.snapshot import Snapshot, Transaction
    from kmsctl.store.tables import Row


def find(snapshot: Snapshot, project: str) -> Row | None:
    return snapshot.find(PROJECTS, "project = ?", (project,), f"Project projects/{project}")


def each(snapshot: Snapshot) -> Iterator[Row]:
    return snapshot.scan(PROJECTS, "1 ORDER BY project", ())


def insert(transaction: Transaction, project: str, number: int, owner: str) -> Row:
    """Adds a project. Its data-access audit configuration starts empty, as Cloud's does."""
    return transaction.insert(
        PROJECTS,
        {
            "project": project,
            "number": number,
            "owner": owner,
            "create_time": transaction.now,
            "audit_config": "",
        },
    )


def audits(row: Row, audit_type: str) -> bool:
    """Tells whether calls of this audit type are recorded for the project."""
    return audit_type == "ADMIN_WRITE" or audit_type in row.text("audit_config").split()
