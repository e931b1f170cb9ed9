"""The store: a directory with a database for each location and one for control."""

from __future__ import annotations

import os

from kmsctl.errors import IntegrityError, InvalidArgument, RollbackError
from kmsctl.model.names import check_location
from kmsctl.store import audit_keys, migrations
from kmsctl.store.anchor import Mark
from kmsctl.store.connection import Connection
from kmsctl.store.database import Database
from kmsctl.store.files import DirectoryLock, check_private, make_directory, os_failure, sync_directory
from kmsctl.store.heads import AuditHead, Head, mark_of
from kmsctl.store.leases import remove_abandoned
from kmsctl.store.migrations import APPLICATION_ID, schema_of
from kmsctl.store.probes import no_probe
from kmsctl.store.snapshot import row_data
from kmsctl.store.tables import AUDIT_KEYS, MASTER_KEYS
from kmsctl.store.tree import Tree, roots_data

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kmsctl.store.database import Clock
    from kmsctl.store.ports import Keys
    from kmsctl.store.probes import Probe

CONTROL = "control"
_HALF_MADE = ".new"
_SUFFIX = ".db"


class Store:
    """The databases of one store. A location id is checked before it becomes part of a path."""

    __slots__ = ("_clock", "_databases", "_probe", "_random", "directory", "keys")

    def __init__(
        self,
        directory: str,
        keys: Keys,
        *,
        clock: Clock,
        random: Callable[[int], bytes],
        probe: Probe = no_probe,
    ) -> None:
        self.directory = directory
        self.keys = keys
        self._clock = clock
        self._random = random
        self._probe = probe
        self._databases: dict[str, Database] = {}

    def path_of(self, name: str) -> str:
        if name == CONTROL:
            return os.path.join(self.directory, CONTROL + _SUFFIX)
        return os.path.join(self.directory, "locations", check_location(name) + _SUFFIX)

    def find(self, name: str) -> Database | None:
        """Returns the database of a location (or ``control``), or None if it was never used.

        Raises:
            RollbackError: if it was used before, but its file is gone.
        """
        path = self.path_of(name)
        for directory in (self.directory, os.path.dirname(path)):
            check_private(directory, directory=True)
        status = check_private(path, directory=False)
        if status is None:
            from kmsctl.store.replacements import finish_replacement

            finish_replacement(path, name, self.keys)
            mark = self.keys.anchor.find(name)
            status = check_private(path, directory=False)  # made and anchored in between
        if status is None:
            self._forget(name)
            if mark is not None and not mark.lost:
                raise RollbackError(
                    f"The database {path} is missing, but was at generation {mark.generation}.",
                    hint="Bring it back from where it was moved or from a backup. To go on without "
                    f"what was in it: kmsctl store accept-rollback {name}",
                )
            return None
        identity = (status.st_dev, status.st_ino)
        known = self._databases.get(name)
        if known is not None and known.identity == identity:
            return known
        self._forget(name)
        database = Database(name, path, identity, self.keys, self._clock, self._probe)
        return self._databases.setdefault(name, database)

    def _forget(self, name: str) -> None:
        """Lets go of a database whose file is gone, or has another one in its place."""
        known = self._databases.pop(name, None)
        if known is not None:
            known.close()

    def open(self, name: str) -> Database:
        """Returns the database of a location (or ``control``), making it if it was never used."""
        found = self.find(name)
        if found is None:
            self._create(name)
            found = self.find(name)
        if found is None:
            raise IntegrityError(f"The database {self.path_of(name)} disappeared while it was being made.")
        return found

    def names(self) -> list[str]:
        """Returns the names of all databases that are there or are anchored, control first."""
        found = {mark.name for mark in self.keys.anchor.marks() if not mark.lost}
        if os.path.lexists(self.path_of(CONTROL)):
            found.add(CONTROL)
        try:
            files = os.listdir(os.path.join(self.directory, "locations"))
        except FileNotFoundError:
            files = []
        except OSError as error:
            raise os_failure(error, "read", os.path.join(self.directory, "locations")) from None
        found.update(file[:-3] for file in files if file.endswith(_SUFFIX) and _is_location(file[:-3]))
        return sorted(found, key=lambda name: (name != CONTROL, name))

    @property
    def clock(self) -> Clock:
        return self._clock

    @property
    def probe(self) -> Probe:
        return self._probe

    def accept_loss(self, name: str) -> None:
        """Records that a database is gone for good; a new one may take its place."""
        nothing = bytes(32)
        mark = Mark(name, self._random(16), 0, nothing, 0, nothing, lost=True)
        self.keys.anchor.raise_to(mark, new_epoch=True)

    def remove_leftovers(self) -> None:
        """Removes what crashes left: databases that never got their name, leases of the dead."""
        from kmsctl.store.replacements import finish_replacement, pending

        for directory in (self.directory, os.path.join(self.directory, "locations")):
            if os.path.isdir(directory):
                with DirectoryLock(directory):
                    _remove_half_made(directory)
                for path in pending(directory):
                    finish_replacement(path, os.path.basename(path)[: -len(_SUFFIX)], self.keys)
        remove_abandoned(self.directory)

    def close(self) -> None:
        for database in self._databases.values():
            database.close()
        self._databases.clear()

    def _create(self, name: str) -> None:
        """Makes a database beside, synced, then links it without overwriting, then anchors it."""
        path = self.path_of(name)
        make_directory(self.directory)
        make_directory(os.path.dirname(path))
        directory, file = os.path.split(path)
        beside = os.path.join(directory, f".{file}{_HALF_MADE}")
        with DirectoryLock(directory):
            try:
                _remove_half_made(directory)
                if os.path.lexists(path):
                    return  # another process was faster
                head, audit = self._fill(beside, name)
                self._probe("create.filled")
                # The log of a database that was lost would be taken for the new one's.
                for suffix in ("-wal", "-shm", "-journal"):
                    if os.path.lexists(path + suffix):
                        os.unlink(path + suffix)
                os.link(beside, path)
                sync_directory(directory)
                self._probe("create.linked")
                known = self.keys.anchor.find(name)
                self.keys.anchor.raise_to(mark_of(head, audit), new_epoch=known is not None and known.lost)
                self._probe("create.anchored")
            except OSError as error:
                raise os_failure(error, "create", path) from None
            finally:
                _remove_half_made(directory)

    def _fill(self, path: str, name: str) -> tuple[Head, AuditHead]:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        os.fchmod(descriptor, 0o600)
        os.close(descriptor)
        self._probe("create.begun")
        now = self._clock()
        wrapped = self.keys.new_master_key(name, 1)
        keys = self.keys.unlock(name, [(1, wrapped)])
        epoch = self._random(16)
        connection = Connection.open(path)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            for statement in schema_of(name):
                connection.execute(statement)
            tree = Tree(connection, keys.digest, keys.digest(roots_data({})), {})
            secret = keys.wrap(self._random(audit_keys.SIZE), audit_keys.binding(now))
            for table, values in ((MASTER_KEYS, (0, now, wrapped)), (AUDIT_KEYS, (now, secret))):
                tag = keys.row_tag(1, row_data(table, 1, values))
                connection.execute(table.insert, (1, 1, tag, *values))
                # The row is there before its bucket is: the tree is told to start from nothing.
                tree.start(table, {1: tag})
            head = Head(self.keys.store_id, name, epoch, 1, tree.flush(), now, now)
            head.sign(keys)
            head.insert(connection)
            audit = AuditHead(self.keys.store_id, name, epoch, 0, b"", 0, b"", now)
            audit.sign(keys)
            audit.insert(connection)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {migrations.FORMAT}")
            connection.execute("COMMIT")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()
        return head, audit


def _is_location(name: str) -> bool:
    try:
        check_location(name)
    except InvalidArgument:
        return False
    return name != CONTROL


def is_half_made(file: str) -> bool:
    """Tells whether a file is a database, or its log, that has not got its name yet."""
    return file.startswith(".") and _SUFFIX + _HALF_MADE in file


def _remove_half_made(directory: str) -> None:
    """Removes databases without a name of their own. The directory's lock is held."""
    for file in os.listdir(directory):
        if is_half_made(file):
            os.unlink(os.path.join(directory, file))
