"""A thin connection whose errors are the store's own. Only this and `lookup` know SQLite's module."""

from __future__ import annotations

import os

from kmsctl.errors import (
    IntegrityError,
    InvalidArgument,
    StoreAccess,
    StoreBusy,
    StoreError,
    StoreFull,
)
from kmsctl.store.files import check_file_system, check_private, os_failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    SqlValue = int | str | bytes | None
else:
    try:
        # What sqlite3 adds to this are dates, which take a fifth of a bare start of Python.
        import _sqlite3 as sqlite3
    except ImportError:
        import sqlite3

BUSY_TIMEOUT_MS = 30_000
#: How long a purge waits for readers: it is tried again by whoever comes next.
_PURGE_WAIT_MS = 100
_LITTLE_SPACE = 1 << 16
#: How much of a file is searched at once.
_PIECE = 1 << 20
#: To search a file for more than this takes longer than to write it anew.
_MOST_NEEDLES = 60
_WRITABLE = "The store's directories must be writable, also for reading: SQLite keeps its log there."
#: Besides its own, sqlite3 raises these: for values that SQLite cannot take (above 64 bits, or no valid
#: Unicode), and where SQLite's words for what is wrong with a file quote bytes of it that are no text.
_FAILURES = (sqlite3.Error, OverflowError, UnicodeError)


class UniqueViolation(Exception):
    """A row with the same unique columns is there already."""


def _failure(  # noqa: PLR0911 - one return for each kind of failure
    error: Exception, path: str
) -> StoreError | IntegrityError | InvalidArgument | UniqueViolation:
    if isinstance(error, UnicodeDecodeError):
        return _damaged(path, "its schema cannot be read")
    if not isinstance(error, sqlite3.Error):
        return InvalidArgument("The request has a number that is too large, or a text that is not Unicode.")
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreBusy(f"{path} is locked by another process.", hint="Wait for it to finish and try again.")
    if name.startswith("SQLITE_FULL") or (name.startswith("SQLITE_IOERR") and _is_full(path)):
        return StoreFull(
            f"There is no room left to write {path}: the disk is full, or a limit was reached.",
            hint="Free some space (or raise the quota or limit) and try again; nothing was changed.",
        )
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_FORMAT")):
        return _damaged(path, error)
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        return StoreAccess(
            f"{path} cannot be opened or written: {error}.",
            hint=_WRITABLE,
        )
    if name.startswith("SQLITE_IOERR"):
        return StoreAccess(f"Reading or writing {path} failed: {error} ({name}).")
    if name.startswith("SQLITE_CONSTRAINT_UNIQUE"):
        return UniqueViolation(str(error))
    if name.startswith(("SQLITE_CONSTRAINT", "SQLITE_MISMATCH")) or isinstance(
        error, sqlite3.OperationalError
    ):
        return IntegrityError(f"The database {path} is not as it should be: {error}.")
    return StoreError(f"The database {path} failed: {error}.")


def _damaged(path: str, what: object) -> IntegrityError:
    return IntegrityError(
        f"The database {path} is damaged: {what}.",
        hint="Bring it back from a backup; kmsctl store verify tells what else is affected.",
    )


def _is_full(path: str) -> bool:
    """Tells whether an I/O error is most likely one for want of space, which SQLite does not say."""
    from resource import RLIM_INFINITY, RLIMIT_FSIZE, getrlimit

    disk = os.statvfs(os.path.dirname(path))
    return disk.f_bavail * disk.f_frsize < _LITTLE_SPACE or getrlimit(RLIMIT_FSIZE)[0] != RLIM_INFINITY


class Connection:
    """A connection to one database file. One thread at a time may use it."""

    __slots__ = ("_sqlite", "identity", "path")

    def __init__(self, path: str, *, create: bool = False) -> None:
        """Opens `path`; it must exist unless `create`."""
        self.path = path
        #: Device and inode of the file that it was opened for, where somebody keeps that.
        self.identity: tuple[int, int] | None = None
        mode = "rwc" if create else "rw"
        quoted = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
        try:
            self._sqlite = sqlite3.connect(
                f"file:{quoted}?mode={mode}",
                uri=True,
                timeout=BUSY_TIMEOUT_MS / 1000,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=64,
            )
        except sqlite3.Error as error:
            raise _failure(error, path) from None

    @classmethod
    def open(cls, path: str) -> Connection:
        """Opens a database of the store with its log, after checking both and their file system."""
        for file in (path, path + "-wal", path + "-shm"):
            check_private(file, directory=False)
        check_file_system(path)
        directory = os.path.dirname(path)
        if not os.access(directory, os.W_OK | os.X_OK):
            raise StoreAccess(
                f"{directory} is not writable.",
                hint=_WRITABLE,
            )
        connection = cls(path)
        try:
            connection.configure()
            connection.number("PRAGMA application_id")  # SQLite opens the log when it first reads
        except Exception:
            connection.close()
            raise
        return connection

    def configure(self) -> None:
        """Durable commits, and deleted content overwritten with zeros."""
        self.execute("PRAGMA synchronous = FULL")
        self.execute("PRAGMA secure_delete = ON")
        self.execute("PRAGMA trusted_schema = OFF")
        self.execute("PRAGMA cell_size_check = ON")
        self.execute("PRAGMA temp_store = MEMORY")

    def execute(self, sql: str, parameters: Sequence[SqlValue] = ()) -> None:
        try:
            self._sqlite.execute(sql, parameters).close()
        except _FAILURES as error:
            raise _failure(error, self.path) from None

    def change(self, sql: str, parameters: Sequence[SqlValue]) -> None:
        """Inserts, updates or deletes one row: no more, and no less."""
        try:
            cursor = self._sqlite.execute(sql, parameters)
            changed = cursor.rowcount
            cursor.close()
        except _FAILURES as error:
            raise _failure(error, self.path) from None
        if changed != 1:
            raise IntegrityError(f"The database {self.path} did not make a change that it was asked for.")

    def insert_many(self, sql: str, rows: Iterator[Sequence[SqlValue]]) -> None:
        try:
            self._sqlite.executemany(sql, rows).close()
        except _FAILURES as error:
            raise _failure(error, self.path) from None

    def one(self, sql: str, parameters: Sequence[SqlValue] = ()) -> tuple[SqlValue, ...] | None:
        """Returns the first row, or None."""
        try:
            cursor = self._sqlite.execute(sql, parameters)
            row: tuple[SqlValue, ...] | None = cursor.fetchone()
            cursor.close()
        except _FAILURES as error:
            raise _failure(error, self.path) from None
        return row

    def all(self, sql: str, parameters: Sequence[SqlValue] = ()) -> list[tuple[SqlValue, ...]]:
        try:
            return self._sqlite.execute(sql, parameters).fetchall()
        except _FAILURES as error:
            raise _failure(error, self.path) from None

    def each(self, sql: str, parameters: Sequence[SqlValue] = ()) -> Iterator[tuple[SqlValue, ...]]:
        """Yields the rows one by one. The snapshot lasts until the last one, or until this is closed."""
        try:
            yield from self._sqlite.execute(sql, parameters)
        except _FAILURES as error:
            raise _failure(error, self.path) from None

    def chunks(
        self, sql: str, parameters: Sequence[SqlValue], size: int
    ) -> Iterator[list[tuple[SqlValue, ...]]]:
        """Yields the rows in lists of up to `size`, as `each` does."""
        try:
            cursor = self._sqlite.execute(sql, parameters)
            while rows := cursor.fetchmany(size):
                yield rows
        except _FAILURES as error:
            raise _failure(error, self.path) from None

    def number(self, sql: str, parameters: Sequence[SqlValue] = ()) -> int:
        """Returns the single integer that the query answers; NULL counts as 0."""
        row = self.one(sql, parameters)
        value = row[0] if row else 0
        if value is None:
            return 0
        if not isinstance(value, int):
            raise IntegrityError(f"The database {self.path} is not as it should be.")
        return value

    def truncate_log(self) -> bool:
        """Empties the write-ahead log. Returns False if a reader still needs what is in it."""
        self.execute(f"PRAGMA busy_timeout = {_PURGE_WAIT_MS}")
        try:
            row = self.one("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        return row is not None and row[0] == 0

    def holds(self, needles: Sequence[bytes]) -> bool | None:
        """Tells whether one of these is anywhere in the file of the database, unused space included.

        The file is read a piece at a time, while a snapshot keeps others from writing to it. All pages are in
        it if the write-ahead log is empty: None is returned if it is not, or is not any more. Also says that
        one is there if that cannot be found out, or not for less than it takes to write the file anew.
        """
        if len(needles) > _MOST_NEEDLES:
            return True
        self.execute("BEGIN")
        try:
            self.number("SELECT count(*) FROM head")
            # An empty log has no newer pages, and nobody moves any into the file below this snapshot.
            if os.path.exists(f"{self.path}-wal") and os.stat(f"{self.path}-wal").st_size:
                return None
            return _file_holds(self.path, needles)
        except OSError as error:
            raise os_failure(error, "read", self.path) from None
        finally:
            self.execute("ROLLBACK")

    @property
    def in_transaction(self) -> bool:
        return self._sqlite.in_transaction

    def close(self) -> None:
        try:
            self._sqlite.close()
        except sqlite3.Error as error:
            raise _failure(error, self.path) from None


def _file_holds(path: str, needles: Sequence[bytes]) -> bool | None:
    """Searches a file that SQLite has open, through SQLite's own descriptor.

    To open it once more would be easy, but to close it then would release all locks of this process on it.
    """
    status = os.stat(path)
    descriptor = next((each for each in _descriptors() if _is_of(each, status)), None)
    if descriptor is None:
        return True
    overlap = max(map(len, needles), default=1) - 1
    place, rest = 0, b""
    while piece := os.pread(descriptor, _PIECE, place):
        place += len(piece)
        piece = rest + piece
        if not _is_of(descriptor, status):
            return None  # another thread has closed it, and it may be another file's by now
        if any(needle in piece for needle in needles):
            return True
        rest = piece[len(piece) - overlap :] if overlap else b""
    return False


def _descriptors() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/dev/fd")]
    except OSError:
        return []


def _is_of(descriptor: int, status: os.stat_result) -> bool:
    """Tells whether a descriptor is of the file that has this status."""
    try:
        found = os.fstat(descriptor)
    except OSError:
        return False
    return (found.st_dev, found.st_ino) == (status.st_dev, status.st_ino)
