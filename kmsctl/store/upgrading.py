"""How a database of an older format becomes one of the present: in one transaction, with a copy beside.

`STEPS` says for each format how the next one is made of it. Only format 1 was ever released, so there is
none yet; docs/format.md says what a new format needs.
"""

from __future__ import annotations

import os

from kmsctl.errors import StoreAccess
from kmsctl.store.copies import directory_in
from kmsctl.store.files import DirectoryLock, check_private, make_directory, os_failure, sync_directory
from kmsctl.store.heads import AuditHead, Head, check_anchored, check_tags, mark_of
from kmsctl.store.snapshot import Transaction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kmsctl.model.canonical import Value
    from kmsctl.store.connection import Connection
    from kmsctl.store.ports import Keys
    from kmsctl.store.probes import Probe
    from kmsctl.store.tables import Row, Table

    #: Changes the schema and the rows of a database; the transaction, digests and heads are not its business.
    Step = Callable[["Transaction"], None]

#: Format → the step that makes the format after it.
STEPS: dict[int, Step] = {}


def upgrade(
    connection: Connection, name: str, keys: Keys, clock: int, target: int, probe: Probe, *, is_copy: bool
) -> None:
    """Brings a database of an older format to the format `target`; whole, or not at all.

    A copy of it as it was is left among the snapshots, and goes with them, unless it is a copy itself.

    Raises:
        StoreAccess: if there is no way from its format to the present one.
        IntegrityError: if it is not as it was left.
    """
    if is_copy:  # which lies in the workshop, that whoever opens it holds: nobody else does
        _upgrade(connection, name, keys, clock, target, probe, is_copy=True)
        return
    with DirectoryLock(os.path.dirname(connection.path)):  # one process at a time
        if _format(connection) != target:  # else another process was faster
            _upgrade(connection, name, keys, clock, target, probe, is_copy=False)


def _upgrade(
    connection: Connection, name: str, keys: Keys, clock: int, target: int, probe: Probe, *, is_copy: bool
) -> None:
    found = _format(connection)
    if any(format_ not in STEPS for format_ in range(found, target)):
        raise StoreAccess(f"{connection.path} has format {found}, which this release cannot upgrade.")
    if not is_copy:
        _copy_beside(connection, name, found)
        probe("upgrade.copied")
    connection.execute("BEGIN IMMEDIATE")
    try:
        mark = _change(connection, name, keys, clock, target, probe)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    probe("upgrade.committed")
    keys.anchor.raise_to(mark_of(*mark))


def copy_of(path: str, name: str, found: int) -> str:
    """Returns where the copy of a database of an older format lies."""
    data = os.path.dirname(path) if name == "control" else os.path.dirname(os.path.dirname(path))
    return os.path.join(directory_in(data), f"{name}.format-{found}.db")


def retag(transaction: Transaction, old: Table, new: Table, values: Callable[[Row], Sequence[Value]]) -> None:
    """Gives every row of a table the columns and the tag of a new format.

    The table was made anew, and its old rows, which are checked, are in ``temp.old_<name>``.

    Args:
        transaction: of the upgrade.
        old: the table as it was.
        new: the table as it is to be, under the same number.
        values: returns the new columns of a row.
    """
    sql = old.select.replace(f"FROM {old.name}", f"FROM temp.old_{old.name}")
    for raw in transaction.connection.all(f"{sql} ORDER BY id"):
        row = transaction.checked(old, raw, f"A row of {old.name}")
        transaction.replace(new, row.id, values(row))
    transaction.connection.execute(f"DROP TABLE temp.old_{old.name}")


def put_aside(transaction: Transaction, table: Table) -> None:
    """Moves the rows of a table to ``temp.old_<name>`` and drops it, so that it can be made anew.

    That they are all there, and the newest, is checked before.
    """
    for row_id, tag in transaction.connection.all(f"SELECT id, tag FROM {table.name} ORDER BY id"):
        transaction.tree.check(table, row_id, tag)  # type: ignore[arg-type]  # compared only
    transaction.connection.execute(f"CREATE TEMP TABLE old_{table.name} AS SELECT * FROM main.{table.name}")
    transaction.connection.execute(f"DROP TABLE main.{table.name}")


def _format(connection: Connection) -> int:
    return connection.number("PRAGMA user_version")


def _change(
    connection: Connection, name: str, keys: Keys, clock: int, target: int, probe: Probe
) -> tuple[Head, AuditHead]:
    head = Head.read(connection)
    audit = AuditHead.read(connection, head)
    wrapped = connection.all("SELECT id, wrapped FROM master_keys ORDER BY id")
    opened = keys.unlock(name, wrapped)  # type: ignore[arg-type]  # unwrapping vouches for the types
    check_tags(head, audit, opened, connection.path)
    check_anchored(head, audit, keys.anchor.find(name), connection.path)
    transaction = Transaction(connection, head, audit, opened, max(clock, head.last_time), {}, by_clock=False)
    for format_ in range(_format(connection), target):
        STEPS[format_](transaction)
        probe("upgrade.step")
    transaction.force()
    transaction.prepare()
    connection.execute(f"PRAGMA user_version = {target}")
    return transaction.head, transaction.audit


def _copy_beside(connection: Connection, name: str, found: int) -> None:
    path = copy_of(connection.path, name, found)
    directory = os.path.dirname(path)
    make_directory(directory)
    # Not under the lock of this directory, which may be held by whoever opens the database to copy it. Only
    # one process upgrades a database, and no name of this kind is cleared away by others.
    beside = os.path.join(directory, f".{name}.format-{found}.db")
    if check_private(path, directory=False) is not None:
        return  # of an attempt that was cut off: the database is as it was
    try:
        if os.path.lexists(beside):
            os.unlink(beside)
        os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
        connection.execute("VACUUM INTO ?", (beside,))
        descriptor = os.open(beside, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
        os.rename(beside, path)
        sync_directory(directory)
    except OSError as error:
        raise os_failure(error, "write", path) from None
