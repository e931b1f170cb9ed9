"""Groups of accounts, in control.db. A group's address is unique in the store; one project looks after it."""

from __future__ import annotations

from kmsctl.store.tables import ACCOUNT_GROUPS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from kmsctl.store.snapshot import Snapshot, Transaction
    from kmsctl.store.tables import Row


def find(snapshot: Snapshot, email: str) -> Row | None:
    return snapshot.find(ACCOUNT_GROUPS, f"Group {email}", email=email)


def page(snapshot: Snapshot, project: str, *, after: str, limit: int) -> list[Row]:
    """Returns up to `limit` groups of a project in the order of their addresses, from after `after`."""
    condition = "project = ? AND email > ? ORDER BY email LIMIT ?"
    return list(snapshot.scan(ACCOUNT_GROUPS, condition, (project, after, limit)))


def insert(
    transaction: Transaction, project: str, email: str, *, display_name: str = "", description: str = ""
) -> Row:
    return transaction.insert(
        ACCOUNT_GROUPS,
        {
            "email": email,
            "project": project,
            "display_name": display_name,
            "description": description,
            "members": "",
            "create_time": transaction.now,
        },
    )


def members_of(row: Row) -> list[str]:
    """Returns the members as policies hold them, groups among them."""
    return row.text("members").split()


def set_members(transaction: Transaction, row: Row, members: Iterable[str]) -> None:
    transaction.update(row, members=" ".join(members))
