"""Copies of databases outside their places: made for backups, or read from them to be restored."""

from __future__ import annotations

import os

from kmsctl.store.connection import Connection
from kmsctl.store.database import Database
from kmsctl.store.files import DirectoryLock, make_directory, os_failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import TypeVar

    from kmsctl.store.anchor import Mark
    from kmsctl.store.database import Clock
    from kmsctl.store.ports import DatabaseKeys, Keys

    T = TypeVar("T")

_WORK = ".work-"


class Workshop:
    """A context manager: the directory in which copies lie, for one process at a time.

    Snapshots lie there too. While it is held nobody else makes copies or purges destroyed material, so
    no copy of what is destroyed can appear in a file after the purge looked at it. What a crash left
    half done there is removed by the next one to hold it.
    """

    __slots__ = ("_lock", "_wait", "directory")

    def __init__(self, data_directory: str, *, wait: bool = True) -> None:
        """Prepares.

        Args:
            data_directory: of the store.
            wait: whether to wait for another process that holds it.
        """
        self.directory = directory_in(data_directory)
        self._wait = wait

    def __enter__(self) -> Workshop:
        """Takes the lock.

        Raises:
            StoreBusy: if another process holds it and this one is not to wait.
        """
        make_directory(os.path.dirname(self.directory))
        make_directory(self.directory)
        self._lock = DirectoryLock(self.directory, wait=self._wait)
        self._lock.__enter__()
        self._clear()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._clear()
        finally:
            self._lock.__exit__(kind, error, trace)

    def path(self, name: str) -> str:
        """Returns the path of a working copy; it is gone when this ends."""
        return os.path.join(self.directory, f"{_WORK}{name}.db")

    def new_file(self, name: str) -> int:
        """Makes the file of a working copy, empty, and returns its descriptor."""
        path = self.path(name)
        try:
            descriptor = os.open(
                path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
            )
            os.fchmod(descriptor, 0o600)
        except OSError as error:
            raise os_failure(error, "create", path) from None
        return descriptor

    def _clear(self) -> None:
        try:
            for file in os.listdir(self.directory):
                if file.startswith(_WORK):
                    os.unlink(os.path.join(self.directory, file))
        except OSError as error:
            raise os_failure(error, "clear", self.directory) from None


def directory_in(data_directory: str) -> str:
    return os.path.join(data_directory, "snapshots")


def copy(
    database: Database, workshop: Workshop, keys: Keys, clock: Clock, working_name: str = ""
) -> Database:
    """Copies a database as it is now, while others work on; nothing is copied of what was deleted from it.

    Args:
        database: to copy.
        workshop: where the copy lies.
        keys: of the store.
        clock: tells the time.
        working_name: of the copy's file; the database's, if empty.

    Returns:
        the copy, checked to be no older than the anchor says of the original.
    """
    with database.read():
        mark = database.mark()
    working_name = working_name or database.name
    os.close(workshop.new_file(working_name))
    path = workshop.path(working_name)
    connection = database.take()
    try:
        connection.execute("VACUUM INTO ?", (path,))
    finally:
        database.give_back(connection)
    found = open_copy(database.name, path, keys, clock, mark)
    with found.read():
        pass
    return found


def open_copy(name: str, path: str, keys: Keys, clock: Clock, mark: Mark | None) -> Database:
    """Opens a copy, which is compared with `mark` in place of the store's anchor."""
    status = os.stat(path)
    return Database(name, path, (status.st_dev, status.st_ino), DetachedKeys(keys, mark), clock, is_copy=True)


def settle(copied: Database, *, emptied: bool) -> None:
    """Closes a copy that was changed: its file alone has everything.

    Args:
        copied: the copy.
        emptied: whether material was deleted from it, of which nothing may be left in unused space.
    """
    copied.close()
    connection = Connection.open(copied.path)
    try:
        if emptied:
            connection.execute("VACUUM")
        connection.truncate_log()
    finally:
        connection.close()
    descriptor = os.open(copied.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        raise os_failure(error, "write", copied.path) from None
    finally:
        os.close(descriptor)


class DetachedKeys:
    """The keys of a store, with an anchor in memory: of a copy (`kmsctl.store.ports.Keys`)."""

    __slots__ = ("_keys", "anchor")

    def __init__(self, keys: Keys, mark: Mark | None) -> None:
        self._keys = keys
        self.anchor = DetachedAnchor(mark)

    @property
    def store_id(self) -> bytes:
        return self._keys.store_id

    def unlock(self, name: str, wrapped: Sequence[tuple[int, bytes]]) -> DatabaseKeys:
        return self._keys.unlock(name, wrapped)

    def new_master_key(self, name: str, version: int) -> bytes:
        return self._keys.new_master_key(name, version)

    def check_settled(self) -> None:
        self._keys.check_settled()

    def root_ids(self) -> list[str]:
        return self._keys.root_ids()

    def file_key(self, kind: int, file_id: bytes) -> bytes:
        return self._keys.file_key(kind, file_id)

    def sealed_root_key(self, seal: Callable[[bytes], T]) -> T:
        return self._keys.sealed_root_key(seal)


class DetachedAnchor:
    """What a copy is compared with. It takes part in nothing."""

    __slots__ = ("_mark", "path")

    def __init__(self, mark: Mark | None) -> None:
        self._mark = mark
        self.path = ""

    def find(self, name: str) -> Mark | None:
        del name
        return self._mark

    def marks(self) -> list[Mark]:
        return [] if self._mark is None else [self._mark]

    def raise_to(self, mark: Mark, *, new_epoch: bool = False) -> None:
        del new_epoch
        self._mark = mark

    def check_writable(self) -> None:
        """It is."""

    def damage(self) -> list[str]:
        return []

    def complete(self) -> int:
        return 0
