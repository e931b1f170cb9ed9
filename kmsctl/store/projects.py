"""Projects, in control.db."""

from __future__ import annotations

from kmsctl.store import policies
from kmsctl.store.snapshot import index_damage
from kmsctl.store.tables import PROJECTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.model.policies import Policy
    from kmsctl.store.snapshot import Snapshot, Transaction
    from kmsctl.store.tables import Row


def find(snapshot: Snapshot, project: str) -> Row | None:
    """Returns the row of a project, or None if nobody has used it yet.

    A project without a row is open to whoever asks, so that it has none is checked too.
    """
    label = f"Project projects/{project}"
    row = snapshot.find(PROJECTS, label, project=project)
    if row is None and any(other.text("project") == project for other in snapshot.every(PROJECTS)):
        raise index_damage(PROJECTS, label)
    return row


def each(snapshot: Snapshot) -> list[Row]:
    """Returns all projects: none is kept back, none is out of date."""
    return snapshot.every(PROJECTS)


def has_number(snapshot: Snapshot, number: int) -> bool:
    """Tells whether a project number is taken."""
    return any(row.integer("number") == number for row in each(snapshot))


def insert(
    transaction: Transaction,
    project: str,
    number: int,
    policy: Policy,
    *,
    display_name: str = "",
    labels: str = "",
) -> Row:
    """Adds a project with its first policy, which says who owns it; nothing but changes is recorded yet."""
    row = transaction.insert(
        PROJECTS,
        {
            "project": project,
            "number": number,
            "display_name": display_name,
            "labels": labels,
            "create_time": transaction.now,
            "policy": "",
        },
    )
    policies.put(transaction, row, policy)
    return row
