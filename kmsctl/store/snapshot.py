"""What a reader sees and a writer changes: rows that are checked as they are read."""

from __future__ import annotations

from kmsctl.errors import FailedPrecondition, IntegrityError
from kmsctl.model.canonical import encode, encode_rows
from kmsctl.model.times import rfc3339
from kmsctl.store.connection import UniqueViolation
from kmsctl.store.tables import Row
from kmsctl.store.tree import StaleRows, Tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from kmsctl.model.canonical import Value
    from kmsctl.store.connection import Connection
    from kmsctl.store.heads import AuditHead, Head
    from kmsctl.store.ports import DatabaseKeys
    from kmsctl.store.tables import Table
    from kmsctl.store.tree import Nodes

#: How far the clock may stand behind the last recorded time before changes are refused.
CLOCK_TOLERANCE = 5 * 60 * 1_000_000
#: How far it may have moved on since it was last believed before purges wait for `maintain`: a
#: long weekend without a change is nothing to doubt, a clock that is a month ahead is.
CLOCK_JUMP = 72 * 3600 * 1_000_000


#: The year 9000: no time that follows from a clock before it is beyond what RFC 3339 can write.
LATEST_CLOCK = 221_845_392_000_000_000


def row_data(table: Table, row_id: int, values: Sequence[Value]) -> bytes:
    """Returns the bytes that the tag of a row is over."""
    return encode((table.number, row_id, *values))


def all_fit(keys: DatabaseKeys, table: Table, columns: Sequence[Sequence[Value]]) -> bool:
    """Tells at once whether the tags of many raw rows are all right: what one by one takes thrice as long.

    Args:
        keys: of the database.
        table: where the rows are from.
        columns: of the rows: id, mk, tag, and those of the table.

    Returns:
        False if some may be wrong, or were made under several master keys: `Snapshot.check` tells which.
    """
    ids, mks, tags, *values = columns
    mk = mks[0]
    if set(map(type, mks)) != {int} or mks.count(mk) < len(mks) or not keys.knows(mk):  # type: ignore[arg-type]
        return False
    try:
        return keys.row_tags(mk, encode_rows(table.number, (ids, *values))) == list(tags)  # type: ignore[arg-type]
    except TypeError:  # a value of a type that is never stored, such as REAL
        return False


def _row(table: Table, raw: Sequence[Value]) -> Row:
    row_id, _, tag, *values = raw
    return Row(table, row_id, dict(zip(table.columns, values, strict=True)), tag)  # type: ignore[arg-type]


class Snapshot:
    """One consistent state of a database.

    Attributes:
        clock: what the clock says.
        now: the time of this call: the clock's, but never before the last recorded time.
        trusted_now: until when the passing of time is believed enough to destroy material for good.
    """

    __slots__ = ("audit", "clock", "connection", "head", "keys", "now", "tree", "trusted_now")

    def __init__(
        self,
        connection: Connection,
        head: Head,
        audit: AuditHead,
        keys: DatabaseKeys,
        clock: int,
        nodes: Nodes,
    ) -> None:
        self.connection = connection
        self.head = head
        self.audit = audit
        self.keys = keys
        self.clock = clock
        self.now = max(clock, head.last_time, audit.last_time)
        jumped = self.now - head.confirmed_time > CLOCK_JUMP
        self.trusted_now = head.confirmed_time if jumped else self.now
        self.tree = Tree(connection, keys.digest, head.root, nodes)

    def find(self, table: Table, label: str, /, **equal: Value) -> Row | None:
        """Returns the one row with these values, checked against its tag and against the head's digest.

        Args:
            table: where to look.
            label: what to call the row in an error.
            equal: the values, by column (or ``id``); no two rows may have the same.

        Raises:
            IntegrityError: if the row is not as it was left, or is not the one that was asked for: an
                index is no more to be trusted than a row.
        """
        condition = " AND ".join(f"{column} = ?" for column in equal)
        found = self.connection.all(f"{table.select} WHERE {condition} LIMIT 2", (*equal.values(),))
        if not found:
            return None
        row = self.checked(table, found[0], label)
        if len(found) > 1 or any(
            (row.id if column == "id" else row.values[column]) != value for column, value in equal.items()
        ):
            raise index_damage(table, label)
        try:
            self.tree.check(table, row.id, row.tag)
        except StaleRows as stale:
            raise IntegrityError(f"{label} is not as it was left. {stale.message}", hint=stale.hint) from None
        return row

    def scan(self, table: Table, condition: str, parameters: Sequence[Value], label: str = "") -> list[Row]:
        """Returns the rows that fit, each checked against its tag (not against the head's digest)."""
        return [_row(table, raw) for raw in self.raw_rows(table, condition, parameters, label)]

    def raw_rows(
        self, table: Table, condition: str, parameters: Sequence[Value], label: str = ""
    ) -> list[tuple[Value, ...]]:
        """Returns the rows that fit as `scan` does, but raw: id, mk, tag, columns..."""
        found = self.connection.all(f"{table.select} WHERE {condition}", parameters)
        if found and not all_fit(self.keys, table, list(zip(*found, strict=True))):
            for raw in found:
                self.check(table, raw, label or f"A row of {table.name}")
        return found

    def every(self, table: Table) -> list[Row]:
        """Returns all rows of a table that is small, checked as a set against the head's digest.

        What is not among them is not there: no other read can tell.
        """
        rows = self.scan(table, "1 ORDER BY id", ())
        self.tree.check_all(table, {row.id: row.tag for row in rows})
        return rows

    def checked(self, table: Table, raw: Sequence[Value], label: str) -> Row:
        """Turns a raw row (id, mk, tag, columns...) into a `Row` if its tag is right."""
        self.check(table, raw, label)
        return _row(table, raw)

    def check(self, table: Table, raw: Sequence[Value], label: str) -> None:
        """Refuses a raw row (id, mk, tag, columns...) without the right tag, which vouches for its types."""
        row_id, mk, tag, *values = raw
        try:
            fits = (
                isinstance(row_id, int)
                and isinstance(mk, int)
                and self.keys.knows(mk)
                and self.keys.row_tag(mk, encode((table.number, row_id, *values))) == tag
            )
        except TypeError:  # a value of a type that is never stored, such as REAL
            fits = False
        if not fits:
            raise IntegrityError(
                f"{label} was changed outside kmsctl: row {row_id!r} of {table.name} does not fit its tag.",
                hint="Bring the store back from a backup; kmsctl store verify tells what else is affected.",
            )


class Transaction(Snapshot):
    """A snapshot that may be changed while the database's write lock is held."""

    __slots__ = ("_audited", "_forced")

    def __init__(
        self,
        connection: Connection,
        head: Head,
        audit: AuditHead,
        keys: DatabaseKeys,
        clock: int,
        nodes: Nodes,
        *,
        by_clock: bool = False,
        timeless: bool = False,
    ) -> None:
        """Starts a transaction.

        Args:
            connection: whose write lock is held.
            head: of the resources.
            audit: of the audit records.
            keys: of the database.
            clock: what the clock says.
            nodes: of the integrity tree, as far as they are known.
            by_clock: the owner vouches for the clock, wherever it stands.
            timeless: what is changed has nothing to do with time: wherever the clock stands, the last
                recorded time stays as it is.
        """
        super().__init__(connection, head, audit, keys, clock, nodes.copy())
        self._audited = False
        self._forced = by_clock
        if not 0 <= clock <= LATEST_CLOCK:
            raise FailedPrecondition("The clock is not set to any time that can be.")
        if by_clock:
            self.now = self.trusted_now = clock
        elif timeless:
            self.now, self.trusted_now = max(head.last_time, audit.last_time), head.confirmed_time
        elif clock < self.now - CLOCK_TOLERANCE:
            raise FailedPrecondition(
                f"The clock says {rfc3339(clock)}, but the store was last changed at {rfc3339(self.now)}.",
                hint="Set the clock right. If it was wrong before: kmsctl store maintain asks whether "
                "to believe it now.",
            )

    def start_epoch(self, epoch: bytes) -> None:
        """Goes on under a new epoch: this state follows another one than the anchor's."""
        self.head.epoch = self.audit.epoch = epoch
        self._forced = self._audited = True

    def carry_time(self, last_time: int, confirmed_time: int) -> None:
        """Goes on from the times of the state that this one takes the place of: time never goes back."""
        self.now = max(self.now, last_time)
        self.head.confirmed_time = max(self.head.confirmed_time, confirmed_time)
        if self.now - self.head.confirmed_time <= CLOCK_JUMP:
            self.trusted_now = self.now

    def force(self) -> None:
        """Makes this transaction a change, even if no row changes."""
        self._forced = True

    def replace(self, table: Table, row_id: int, values: Sequence[Value]) -> None:
        """Inserts a row under an id that had another one: in a table that is made anew."""
        named = dict(zip(table.columns, values, strict=True))
        self._store(table, table.insert, row_id, named, ())

    def next_id(self, table: Table) -> int:
        return self.connection.number(f"SELECT max(id) FROM {table.name}") + 1

    def insert(self, table: Table, values: dict[str, Value]) -> Row:
        """Adds a row, one value for each of the table's columns."""
        row_id = self.next_id(table)
        self.tree.check_free(table, row_id)
        return Row(table, row_id, values, self._store(table, table.insert, row_id, values, ()))

    def update(self, row: Row, **changes: Value) -> None:
        """Changes columns of a row that was read in this transaction."""
        if not row.values.keys() >= changes.keys():
            raise KeyError(changes)
        row.values.update(changes)
        self.tree.check(row.table, row.id, row.tag)
        row.tag = self._store(row.table, row.table.update, row.id, row.values, (row.id,))

    def delete(self, row: Row) -> None:
        self.tree.check(row.table, row.id, row.tag)
        self.tree.put(row.table, row.id, None)
        self.connection.change(f"DELETE FROM {row.table.name} WHERE id = ?", (row.id,))

    def _store(
        self, table: Table, sql: str, row_id: int, values: dict[str, Value], last: tuple[int, ...]
    ) -> bytes:
        columns = [values[column] for column in table.columns]
        mk = self.keys.current
        tag = self.keys.row_tag(mk, row_data(table, row_id, columns))
        first = (mk, tag) if last else (row_id, mk, tag)
        try:
            self.connection.change(sql, (*first, *columns, *last))
        except UniqueViolation as error:  # every verb looks before it adds
            raise index_damage(table, f"A row of {table.name}") from error
        self.tree.put(table, row_id, tag)
        return tag

    def append_audit(  # the columns that records are looked for by
        self,
        text: str,
        *,
        project: str = "",
        log: str = "",
        severity: int = 0,
        method: str = "",
        principal: str = "",
        resource: str = "",
    ) -> int:
        """Adds a record (JSON text) to the log of audit records and returns its number."""
        from kmsctl.store.audit_log import Record, append

        number = self.audit.sequence + 1
        record = Record(number, self.now, project, log, severity, method, principal, resource, text)
        append(self, record)
        self.audit.last_time = self.now
        self._audited = True
        return number

    def log_changed(self) -> None:
        """Notes that records were removed from the log."""
        self._audited = True

    def prepare(self) -> bool:
        """Writes digests and heads. Returns False if nothing was changed."""
        changed = self.tree.changed or self._forced
        if changed:
            self.head.root = self.tree.flush()
            self.head.generation += 1
            self.head.last_time = self.now
            if self.trusted_now == self.now:
                self.head.confirmed_time = self.now
            self.head.sign(self.keys)
            self.head.update(self.connection)
        if self._audited:
            self.audit.sign(self.keys)
            self.audit.update(self.connection)
        return changed or self._audited


def index_damage(table: Table, label: str) -> IntegrityError:
    """Returns the error that another row was found than the one that was looked for."""
    return IntegrityError(
        f"{label} cannot be told from another row: an index of {table.name} was changed outside kmsctl.",
        hint="Bring the store back from a backup; kmsctl store verify tells what else is affected.",
    )
