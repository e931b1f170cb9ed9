"""Custom roles of projects, in control.db. A deleted one keeps its row, so that no other takes its name."""

from __future__ import annotations

from kmsctl.store.policies import new_etag
from kmsctl.store.tables import CUSTOM_ROLES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from kmsctl.store.snapshot import Snapshot, Transaction
    from kmsctl.store.tables import Row


def find(snapshot: Snapshot, project: str, role: str) -> Row | None:
    label = f"Role projects/{project}/roles/{role}"
    return snapshot.find(CUSTOM_ROLES, label, project=project, role=role)


def page(snapshot: Snapshot, project: str, *, after: str, limit: int) -> list[Row]:
    """Returns up to `limit` roles of a project in the order of their ids, from after `after`."""
    condition = "project = ? AND role > ? ORDER BY role LIMIT ?"
    return list(snapshot.scan(CUSTOM_ROLES, condition, (project, after, limit)))


def insert(
    transaction: Transaction,
    project: str,
    role: str,
    permissions: Iterable[str],
    *,
    title: str,
    description: str,
    stage: str,
) -> Row:
    return transaction.insert(
        CUSTOM_ROLES,
        {
            "project": project,
            "role": role,
            "title": title,
            "description": description,
            "stage": stage,
            "permissions": encode_permissions(permissions),
            "deleted": 0,
            "etag": new_etag(transaction),
            "create_time": transaction.now,
        },
    )


def is_in_use(row: Row) -> bool:
    """Tells whether a role grants anything: it is neither deleted nor of the stage DISABLED."""
    return not row.integer("deleted") and row.text("stage") != "DISABLED"


def permissions_of(row: Row) -> list[str]:
    return row.text("permissions").split()


def encode_permissions(permissions: Iterable[str]) -> str:
    """In alphabetical order, separated by blanks."""
    return " ".join(sorted(set(permissions)))
