"""One database file: snapshots to read, transactions to write."""

from __future__ import annotations

import os
from _thread import allocate_lock

from kmsctl.errors import IntegrityError, KmsError, RollbackError, StoreError
from kmsctl.store import migrations
from kmsctl.store.connection import Connection
from kmsctl.store.files import DirectoryLock, check_private
from kmsctl.store.heads import AuditHead, Head, check_anchored, check_tags, mark_of
from kmsctl.store.probes import no_probe
from kmsctl.store.snapshot import Snapshot, Transaction
from kmsctl.store.tables import MASTER_KEYS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from kmsctl.store.anchor import Mark
    from kmsctl.store.ports import DatabaseKeys, Keys
    from kmsctl.store.probes import Probe
    from kmsctl.store.tables import Table
    from kmsctl.store.tree import Nodes

    Clock = Callable[[], int]
    Identity = tuple[int, int]


#: How many nodes of the integrity tree are remembered: about 9 KB each.
_MOST_NODES = 1500
#: How many restores, one right after the other, a call outlives.
_RENEWALS = 20


class Database:
    """A database of the store. Safe to share between threads; each use has a connection of its own."""

    __slots__ = (
        "_checked",
        "_clock",
        "_closed",
        "_idle",
        "_is_copy",
        "_keys",
        "_lock",
        "_masters",
        "_probe",
        "identity",
        "name",
        "path",
    )

    def __init__(
        self,
        name: str,
        path: str,
        identity: Identity,
        keys: Keys,
        clock: Clock,
        probe: Probe = no_probe,
        *,
        is_copy: bool = False,
    ) -> None:
        self.name = name
        self.path = path
        #: Device and inode of the file: another file in its place is another database.
        self.identity = identity
        self._closed = False
        self._is_copy = is_copy
        self._keys = keys
        self._clock = clock
        self._probe = probe
        self._idle: list[Connection] = []
        self._lock = allocate_lock()
        #: Master keys, and the epoch and generation of the head that they were read with.
        self._masters: tuple[DatabaseKeys, bytes, int] | None = None
        #: A root of the integrity tree, and the nodes that were checked against it.
        self._checked: tuple[bytes, Nodes] = (b"", {})

    def read(self) -> _Reading:
        """Returns a context manager that gives a `Snapshot`."""
        return _Reading(self)

    def write(
        self, *, by_clock: bool = False, epoch: bytes | None = None, timeless: bool = False
    ) -> _Writing:
        """Returns a context manager that gives a `Transaction`, committed where the block ends well.

        Args:
            by_clock: the owner vouches for the clock, wherever it stands.
            epoch: the owner accepts a database that is not as its anchor says; this is its new epoch.
            timeless: the change has nothing to do with time, so the clock does not matter.
        """
        return _Writing(self, by_clock=by_clock, epoch=epoch, timeless=timeless)

    def nodes(self, root: bytes) -> Nodes:
        """Returns the nodes of the integrity tree that are known to belong to this root."""
        known_root, nodes = self._checked
        if known_root != root:
            nodes = {}
        elif len(nodes) > _MOST_NODES:
            # Buckets are the many; the nodes above them serve every row.
            nodes = {place: nodes[place] for place in list(nodes) if place[1]}
            if len(nodes) > _MOST_NODES:
                nodes = {}
        self.keep(root, nodes)
        return nodes

    def keep(self, root: bytes, nodes: Nodes) -> None:
        """Remembers nodes that were checked against a root: they are good for as long as it is the head's."""
        self._checked = (root, nodes)

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
            identity = self.identity
        if self._is_copy:
            connection = Connection.open(self.path)
        else:
            # Its log is opened with it: never that of another file, which a restore puts in its place.
            with DirectoryLock(os.path.dirname(self.path), shared=True):
                connection = Connection.open(self.path)
        connection.identity = identity
        try:
            migrations.settle(connection, self.name, self._keys, self._clock, self._probe)
        except Exception:
            connection.close()
            raise
        return connection

    def give_back(self, connection: Connection, *, after: type[BaseException] | None = None) -> None:
        """Ends what `take` began, undoing what is not committed.

        Args:
            connection: what was taken.
            after: the type of the error that ended its use, if one did. After some of them the
                connection is not used again, for it may still hold on to what it read.
        """
        sound = _leaves_sound(after)
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except BaseException:
            sound = False
            raise
        finally:
            with self._lock:
                if not sound:
                    self._masters = None
                sound = sound and not self._closed and connection.identity == self.identity
                if sound:
                    self._idle.append(connection)
            if not sound:
                connection.close()

    def renew(self, connection: Connection | None) -> bool:
        """Tells whether a restored database is in the place of the file that a connection was opened for.

        If so, all that is known of the old one is forgotten. A restore that was cut off
        after it was decided is brought to its end first.
        """
        from kmsctl.store.replacements import finish_replacement

        finish_replacement(self.path, self.name, self._keys)
        status = check_private(self.path, directory=False)
        if status is None:
            return False
        identity = (status.st_dev, status.st_ino)
        idle: list[Connection] = []
        with self._lock:
            if identity != self.identity:
                self.identity = identity
                self._masters = None
                self._checked = (b"", {})
                idle, self._idle = self._idle, []
        for each in idle:
            each.close()
        return connection is not None and connection.identity != identity

    def close(self) -> None:
        """Closes all connections: those in use when they are given back."""
        with self._lock:
            self._closed = True
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

    def purge(self, traces: Sequence[bytes]) -> bool:
        """Clears away older copies of what was destroyed, as `kmsctl.store.purges.clear` does."""
        from kmsctl.store.purges import clear

        connection = self.take()
        try:
            return clear(connection, traces, self._probe)
        finally:
            self.give_back(connection)

    def begin(
        self, connection: Connection, *, write: bool, anchored: bool = True
    ) -> tuple[Head, AuditHead, DatabaseKeys]:
        """Begins a transaction and checks heads, master keys and anchor."""
        if write:
            self._keys.anchor.check_writable()
            connection.execute("BEGIN IMMEDIATE")
            mark = self.mark()
            head, audit = _read_heads(connection)
        else:
            mark, head, audit = self._begin_reading(connection)
        keys, several = self._database_keys(connection, head)
        check_tags(head, audit, keys, self.path)
        if several:
            # Where there is one, the head's tag vouches for it. One that was retired must not come back.
            Snapshot(connection, head, audit, keys, 0, {}).every(MASTER_KEYS)
        if head.store_id != self._keys.store_id or head.name != self.name:
            raise IntegrityError(
                f"The database {self.path} belongs to another store or location.",
                hint="Put it back where it came from.",
            )
        if anchored:
            check_anchored(head, audit, mark, self.path)
            if write and (mark is None or mark.lost):
                # Whoever made the database did not come to this. Without it, a crash right after
                # the coming commit would leave a database in use that was never anchored.
                self._keys.anchor.raise_to(mark_of(head, audit), new_epoch=mark is not None)
        return head, audit, keys

    def _begin_reading(self, connection: Connection) -> tuple[Mark | None, Head, AuditHead]:
        """Reads the anchor, then begins: it is raised after a commit, so that what is read is as new."""
        for last in (False, True):
            mark = self.mark()
            connection.execute("BEGIN")
            head, audit = _read_heads(connection)
            if last or (mark is not None and mark.epoch == head.epoch):
                break
            connection.execute("ROLLBACK")  # made, or accepted, by another process in between: once more
        return mark, head, audit

    def anchor(self, head: Head, audit: AuditHead, *, new_epoch: bool) -> None:
        self._probe("anchor.before")
        try:
            self._keys.anchor.raise_to(mark_of(head, audit), new_epoch=new_epoch)
        except KmsError as error:
            raise type(error)(
                f"{error.message} The change itself was made.",
                hint="There is no need to repeat it: the next change anchors it too, once the anchor can be "
                "written.",
            ) from None
        self._probe("anchor.raised")

    def _database_keys(self, connection: Connection, head: Head) -> tuple[DatabaseKeys, bool]:
        """Returns the master keys in use, and whether there are several that were not known before.

        Those that are known serve the state that they were read with and later ones, until there is a new
        one; in an older state, one may be in use that was retired since.
        """
        if self._masters is not None:
            known, epoch, generation = self._masters
            if epoch == head.epoch and generation <= head.generation and known.knows(head.mk):
                return known, False
        rows = connection.all("SELECT id, wrapped FROM master_keys WHERE retired = 0 ORDER BY id")
        found = self._keys.unlock(self.name, rows)  # type: ignore[arg-type]  # unwrapping vouches
        self._masters = (found, head.epoch, head.generation)
        return found, len(rows) > 1

    @property
    def clock(self) -> Clock:
        return self._clock

    @property
    def probe(self) -> Probe:
        return self._probe


def _read_heads(connection: Connection) -> tuple[Head, AuditHead]:
    head = Head.read(connection)
    return head, AuditHead.read(connection, head)


class _Reading:
    __slots__ = ("_connection", "_database")

    _connection: Connection | None

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection = None

    def __enter__(self) -> Snapshot:
        for _ in range(_RENEWALS):
            try:
                return self._enter()
            except RollbackError:
                if not self._database.renew(self._connection):
                    raise
        return self._enter()

    def _enter(self) -> Snapshot:
        connection = self._connection = self._database.take()
        try:
            head, audit, keys = self._database.begin(connection, write=False)
            nodes = self._database.nodes(head.root)
            return Snapshot(connection, head, audit, keys, self._database.clock(), nodes)
        except BaseException as error:
            self._end(type(error))
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end(kind)

    def _end(self, kind: type[BaseException] | None) -> None:
        if self._connection is not None:
            self._database.give_back(self._connection, after=kind)


class _Writing:
    __slots__ = ("_by_clock", "_connection", "_database", "_epoch", "_timeless", "_transaction")

    def __init__(self, database: Database, *, by_clock: bool, epoch: bytes | None, timeless: bool) -> None:
        self._timeless = timeless
        self._database = database
        self._by_clock = by_clock
        self._epoch = epoch

    def __enter__(self) -> Transaction:
        for _ in range(_RENEWALS):
            try:
                return self._enter()
            except RollbackError:
                if not self._database.renew(getattr(self, "_connection", None)):
                    raise
        return self._enter()

    def _enter(self) -> Transaction:
        connection = self._connection = self._database.take()
        try:
            heads = self._database.begin(connection, write=True, anchored=self._epoch is None)
            clock = self._database.clock()
            nodes = self._database.nodes(heads[0].root)
            self._transaction = Transaction(
                connection, *heads, clock, nodes, by_clock=self._by_clock, timeless=self._timeless
            )
            if self._epoch is not None:
                self._transaction.start_epoch(self._epoch)
            self._database.probe("transaction.begun")
        except BaseException as error:
            self._database.give_back(connection, after=type(error))
            raise
        return self._transaction

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._database.give_back(self._connection, after=kind)
            return
        transaction = self._transaction
        try:
            changed = transaction.prepare()
            self._database.probe("transaction.prepared")
            self._connection.execute("COMMIT" if changed else "ROLLBACK")
        except BaseException as failed:
            self._database.give_back(self._connection, after=type(failed))
            raise
        self._database.give_back(self._connection)
        self._database.keep(transaction.head.root, transaction.tree.nodes)
        if changed:
            self._database.probe("transaction.committed")
            self._database.anchor(transaction.head, transaction.audit, new_epoch=self._epoch is not None)


def _leaves_sound(kind: type[BaseException] | None) -> bool:
    """Tells whether a connection is good for another use after an error: a refusal says nothing about it."""
    return kind is None or (issubclass(kind, KmsError) and not issubclass(kind, StoreError | IntegrityError))
