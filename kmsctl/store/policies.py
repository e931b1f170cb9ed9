"""The policies of rows that have one, in their column ``policy``: empty where none was ever set."""

from __future__ import annotations

from kmsctl.model.policies import Policy, decode, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.store.snapshot import Snapshot, Transaction
    from kmsctl.store.tables import Row, Table

_KEPT = 1024
#: The text says all there is to know of a policy, so nothing here can be out of date.
_decoded: dict[str, Policy] = {}


def of(row: Row) -> Policy:
    """Returns the policy in a row that was checked. What was decoded before is kept, by its text."""
    text = row.text("policy")
    known = _decoded.get(text)
    if known is None:
        if len(_decoded) >= _KEPT:
            _decoded.clear()
        known = _decoded[text] = decode(text) if text else Policy()
    return known


def any_naming(snapshot: Snapshot, table: Table, member: str) -> bool:
    """Tells whether a policy in a table gives something to a member, which is as it is stored."""
    found = snapshot.scan(table, "instr(policy, ?) > 0", (member,))
    return any(member in binding.members for row in found for binding in of(row).bindings)


def put(transaction: Transaction, row: Row, policy: Policy) -> Policy:
    """Gives a row a policy and returns it with its new etag, which no earlier state of the row had."""
    fresh = Policy(policy.bindings, policy.audit_configs, new_etag(transaction))
    transaction.update(row, policy=encode(fresh))
    return fresh


def new_etag(transaction: Transaction) -> str:
    """Returns an etag for what this transaction writes: epoch and generation never come again together."""
    from base64 import b64encode

    generation = transaction.head.generation + 1
    return b64encode(transaction.head.epoch[:4] + generation.to_bytes(8, "big")).decode()
