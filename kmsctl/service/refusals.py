"""Records of calls that were refused, so bounded that nobody without rights can fill the disk with them.

The first refusal of an account and method is recorded at once. More of them within a minute are counted, and
the count is recorded later. So are all refusals beyond a few accounts and methods a minute, taken together.
"""

from __future__ import annotations

from kmsctl.errors import KmsError
from kmsctl.service import audit
from kmsctl.service.targets import Target
from kmsctl.store import refusals
from kmsctl.store.store import CONTROL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.errors import PermissionDenied
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.store.database import Database
    from kmsctl.store.snapshot import Transaction
    from kmsctl.store.tables import Row

#: How long repeats are counted, in microseconds.
WINDOW = 60_000_000
#: How many accounts and methods are told apart within a window; the rest are counted together.
_SLOTS = 8
_OTHERS = "*"
#: What an outsider chose is not stored at any length.
_LONGEST = 512


def record(kms: Kms, ctx: Context, method: str, target: Target, error: PermissionDenied) -> None:
    """Records a refusal in the log of the resource's location, or of control where that is not used.

    If it cannot be recorded, the call is refused all the same, which is all that the caller learns.
    """
    try:
        database = _database(kms, target)
        if database is not None:
            with database.write() as transaction:
                _count(transaction, ctx, method, target, error)
    except KmsError:
        pass


def record_store(control: Database, ctx: Context, method: str, error: PermissionDenied) -> None:
    """Records that one of the store's own verbs was refused, as `record` does."""
    target = Target.store()
    try:
        with control.write() as transaction:
            _count(transaction, ctx, method, target, error)
    except KmsError:
        pass


def settle(database: Database) -> None:
    """Records the counts whose minute is over, where there are any."""
    with database.read() as snapshot:
        waiting = any(_is_over(row, snapshot.now) for row in refusals.every(snapshot))
    if waiting:
        with database.write() as transaction:
            _close(transaction)


def _database(kms: Kms, target: Target) -> Database | None:
    store = kms.find_store()
    if store is None:
        return None
    place = getattr(target.resource, "location", None)
    found = store.find(place) if isinstance(place, str) else None
    return found or store.find(CONTROL)


def _count(
    transaction: Transaction, ctx: Context, method: str, target: Target, error: PermissionDenied
) -> None:
    open_rows = _close(transaction)
    account = audit.refused(ctx, error)[-1][:_LONGEST]
    same = [row for row in open_rows if _key(row) == (account, method)]
    others = [row for row in open_rows if row.text("principal") == _OTHERS]
    if not same and len(open_rows) - len(others) >= _SLOTS:
        same = others or [refusals.insert(transaction, _OTHERS, "", "")]
        if not others:
            return
    if same:
        transaction.update(same[0], count=same[0].integer("count") + 1)
        return
    refusals.insert(transaction, account, method, target.name[:_LONGEST])
    audit.append_refusal(transaction, ctx, method, target, error)


def _close(transaction: Transaction) -> list[Row]:
    """Records what was counted in minutes that are over, and returns the rows of those that are not."""
    left = []
    for row in refusals.every(transaction):
        if not _is_over(row, transaction.now):
            left.append(row)
            continue
        first_is_recorded = row.text("principal") != _OTHERS
        repeats = row.integer("count") - first_is_recorded
        if repeats:
            audit.append_repeats(transaction, row, repeats)
        transaction.delete(row)
    return left


def _is_over(row: Row, now: int) -> bool:
    return now - row.integer("since") >= WINDOW


def _key(row: Row) -> tuple[str, str]:
    return row.text("principal"), row.text("method")
