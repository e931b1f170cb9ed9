"""Groups of accounts, in control.db. A group's address is unique in the store; one project looks after it.

A deleted one keeps its row, so that no other project takes its address, and with it what it was granted.
"""

from __future__ import annotations

from kmsctl.store.tables import ACCOUNT_GROUPS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from kmsctl.store.snapshot import Snapshot, Transaction
    from kmsctl.store.tables import Row


def find(snapshot: Snapshot, email: str) -> Row | None:
    row = find_address(snapshot, email)
    return None if row is None or row.integer("deleted") else row


def find_address(snapshot: Snapshot, email: str) -> Row | None:
    """Returns the row of the group that has an address, or had it last."""
    return snapshot.find(ACCOUNT_GROUPS, f"Group {email}", email=email)


def page(snapshot: Snapshot, project: str, *, after: str, limit: int) -> list[Row]:
    """Returns up to `limit` groups of a project in the order of their addresses, from after `after`."""
    condition = "deleted = 0 AND project = ? AND email > ? ORDER BY email LIMIT ?"
    return list(snapshot.scan(ACCOUNT_GROUPS, condition, (project, after, limit)))


def any_with(snapshot: Snapshot, member: str) -> bool:
    """Tells whether a group has a member, as it is stored."""
    found = snapshot.scan(ACCOUNT_GROUPS, "instr(members, ?) > 0", (member,))
    return any(member in members_of(row) for row in found)


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
            "deleted": 0,
            "create_time": transaction.now,
        },
    )


def delete(transaction: Transaction, row: Row) -> None:
    transaction.update(row, deleted=1, members="")


def revive(transaction: Transaction, row: Row, *, display_name: str, description: str) -> Row:
    """Makes a group of the address of one that was deleted, without members."""
    transaction.update(
        row,
        display_name=display_name,
        description=description,
        members="",
        deleted=0,
        create_time=transaction.now,
    )
    return row


def members_of(row: Row) -> list[str]:
    """Returns the members as policies hold them, groups among them."""
    return row.text("members").split()


def set_members(transaction: Transaction, row: Row, members: Iterable[str]) -> None:
    transaction.update(row, members=" ".join(members))
