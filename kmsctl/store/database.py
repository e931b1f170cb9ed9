"""One database file: snapshots to read, transactions to write."""

from __future__ import annotations

from _thread import allocate_lock

from kmsctl.errors import IntegrityError, RollbackError, StoreAccess
from kmsctl.store.connection import Connection
from kmsctl.store.heads import AuditHead, Head, check_anchored, check_tags, mark_of
from kmsctl.store.migrations import APPLICATION_ID, FORMAT
from kmsctl.store.snapshot import Snapshot, Transaction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from kmsctl.store.anchor import Mark
    from kmsctl.store.ports import DatabaseKeys, Keys
    from kmsctl.store.tables import Table

    Clock = Callable[[], int]
    Probe = Callable[[str], None]


def no_probe(step: str) -> None:
    """The probe of production: crash tests pass one that stops the process at a named step."""


class Database:
    """A database of the store. Safe to share between threads; each use has a connection of its own."""

    __slots__ = ("_clock", "_idle", "_keys", "_lock", "_masters", "_probe", "name", "path")

    def __init__(self, name: str, path: str, keys: Keys, clock: Clock, probe: Probe = no_probe) -> None:
        self.name = name
        self.path = path
        self._keys = keys
        self._clock = clock
        self._probe = probe
        self._idle: list[Connection] = []
        self._lock = allocate_lock()
        self._masters: DatabaseKeys | None = None

    def read(self) -> _Reading:
        """Returns a context manager that gives a `Snapshot`."""
        return _Reading(self)

    def write(self, *, by_clock: bool = False, epoch: bytes | None = None) -> _Writing:
        """Returns a context manager that gives a `Transaction`, committed where the block ends well.

        Args:
            by_clock: the owner vouches for the clock, wherever it stands.
            epoch: the owner accepts a database that is not as its anchor says; this is its new epoch.
        """
        return _Writing(self, by_clock=by_clock, epoch=epoch)

    def is_rolled_back(self) -> bool:
        """Tells whether the database is not as its anchor says (and is otherwise sound)."""
        try:
            with self.read():
                return False
        except RollbackError:
            return True

    def mark(self) -> Mark | None:
        return self._keys.anchor.find(self.name)

    def take(self) -> Connection:
        """Takes an idle connection, or opens one. `give_back` it."""
        with self._lock:
            if self._idle:
                return self._idle.pop()
        connection = Connection.open(self.path)
        try:
            self._check_format(connection)
        except Exception:
            connection.close()
            raise
        return connection

    def give_back(self, connection: Connection) -> None:
        with self._lock:
            self._idle.append(connection)

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def count(self, table: Table) -> int:
        """Returns how many rows a table has, unchecked: good for deciding whether to look."""
        connection = self.take()
        try:
            return connection.number(f"SELECT count(*) FROM {table.name}")
        finally:
            self.give_back(connection)

    def purge(self) -> bool:
        """Truncates the write-ahead log, so that no older copy of a page is left in it.

        Returns:
            False if a reader is in the way; then it is to be tried again later.
        """
        connection = self.take()
        try:
            row = connection.one("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self.give_back(connection)
        return row is not None and row[0] == 0

    def begin(
        self, connection: Connection, *, write: bool, anchored: bool = True
    ) -> tuple[Head, AuditHead, DatabaseKeys]:
        """Begins a transaction and checks heads, master keys and anchor.

        The anchor is read first by a reader: it is raised after a commit, so that what is read
        then can only be as new or newer.
        """
        if write:
            connection.execute("BEGIN IMMEDIATE")
            mark = self.mark()
        else:
            mark = self.mark()
            connection.execute("BEGIN")
        head = Head.read(connection)
        audit = AuditHead.read(connection, head)
        keys = self._database_keys(connection, head)
        check_tags(head, audit, keys, self.path)
        if head.store_id != self._keys.store_id or head.name != self.name:
            raise IntegrityError(
                f"The database {self.path} belongs to another store or location.",
                hint="Put it back where it came from.",
            )
        if mark is not None and mark.epoch != head.epoch:
            mark = self.mark()  # accepted by another process in between
        if anchored:
            check_anchored(head, audit, mark, self.path)
        return head, audit, keys

    def anchor(self, head: Head, audit: AuditHead, *, new_epoch: bool) -> None:
        self._probe("anchor.before")
        self._keys.anchor.raise_to(mark_of(head, audit), new_epoch=new_epoch)
        self._probe("anchor.raised")

    def _database_keys(self, connection: Connection, head: Head) -> DatabaseKeys:
        known = self._masters
        if known is None or not known.knows(head.mk):
            rows = connection.all("SELECT id, wrapped FROM master_keys ORDER BY id")
            known = self._keys.unlock(self.name, rows)  # type: ignore[arg-type]  # unwrapping vouches
            self._masters = known
        return known

    def _check_format(self, connection: Connection) -> None:
        if connection.number("PRAGMA application_id") != APPLICATION_ID:
            raise StoreAccess(f"{self.path} is not a kmsctl database.")
        found = connection.number("PRAGMA user_version")
        if found != FORMAT:
            raise StoreAccess(
                f"{self.path} has format {found}; this release reads format {FORMAT}.",
                hint="Use the newer kmsctl that wrote it." if found > FORMAT else None,
            )

    @property
    def clock(self) -> Clock:
        return self._clock

    @property
    def probe(self) -> Probe:
        return self._probe


class _Reading:
    __slots__ = ("_connection", "_database")

    def __init__(self, database: Database) -> None:
        self._database = database

    def __enter__(self) -> Snapshot:
        connection = self._connection = self._database.take()
        try:
            head, audit, keys = self._database.begin(connection, write=False)
        except BaseException:
            self._end()
            raise
        return Snapshot(connection, head, audit, keys, self._database.clock())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        self._database.give_back(self._connection)


class _Writing:
    __slots__ = ("_by_clock", "_connection", "_database", "_epoch", "_transaction")

    def __init__(self, database: Database, *, by_clock: bool, epoch: bytes | None) -> None:
        self._database = database
        self._by_clock = by_clock
        self._epoch = epoch

    def __enter__(self) -> Transaction:
        connection = self._connection = self._database.take()
        try:
            heads = self._database.begin(connection, write=True, anchored=self._epoch is None)
            clock = self._database.clock()
            self._transaction = Transaction(connection, *heads, clock, by_clock=self._by_clock)
            if self._epoch is not None:
                self._transaction.start_epoch(self._epoch)
        except BaseException:
            self._abort()
            raise
        self._database.probe("transaction.begun")
        return self._transaction

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._abort()
            return
        transaction = self._transaction
        try:
            changed = transaction.prepare()
            self._database.probe("transaction.prepared")
            self._connection.execute("COMMIT" if changed else "ROLLBACK")
        except BaseException:
            self._abort()
            raise
        self._database.give_back(self._connection)
        if changed:
            self._database.probe("transaction.committed")
            self._database.anchor(transaction.head, transaction.audit, new_epoch=self._epoch is not None)

    def _abort(self) -> None:
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        finally:
            self._database.give_back(self._connection)
