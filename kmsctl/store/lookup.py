"""Names for completion: what stands in the database files, read-only and unverified.

A Tab decides nothing, so it needs no keys: rows are not checked against their tags, and whoever can
change the files can make a Tab show another name. Every operation on that name checks. The files are
checked as everywhere: their owner, their modes, their file system.

Nothing is written, not even SQLite's own files: a database whose log is empty is read as immutable (a
change in that moment can make the answer old, or none), one with a log through the shared memory
that is there.
"""

from __future__ import annotations

import os

from kmsctl.store.files import check_file_system, check_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from sqlite3 import Connection

    SqlValue = int | str | bytes | None
    #: column → value, in the order of the query
    Found = tuple[SqlValue, ...]

BUSY_TIMEOUT = 0.05

_RING = "(SELECT id FROM key_rings WHERE project = ? AND name = ?)"
_KEY = f"(SELECT id FROM crypto_keys WHERE ring = {_RING} AND name = ?)"
_NOW = "SELECT max((SELECT last_time FROM head), (SELECT last_time FROM audit_head))"

#: Each lists names from one below another, in name order: the first column is the name.
PROJECTS = "SELECT project AS name FROM projects WHERE project >= ? AND project < ?"
SERVICE_ACCOUNTS = "SELECT email AS name FROM service_accounts WHERE project = ? AND email >= ? AND email < ?"
GROUPS = (
    "SELECT email AS name FROM account_groups WHERE deleted = 0 AND project = ? AND email >= ? AND email < ?"
)
CUSTOM_ROLES = (
    "SELECT role AS name FROM custom_roles WHERE project = ? AND deleted = 0 AND role >= ? AND role < ?"
)
KEY_RINGS = "SELECT name FROM key_rings WHERE project = ? AND name >= ? AND name < ?"
CRYPTO_KEYS = (
    "SELECT k.name AS name, k.purpose, v.number, v.state, v.destroy_time FROM crypto_keys AS k "
    "LEFT JOIN crypto_key_versions AS v ON v.key = k.id AND v.number = k.primary_version "
    f"WHERE k.ring = {_RING} AND k.name >= ? AND k.name < ?"
)
IMPORT_JOBS = (
    "SELECT name, import_method, state, expire_time FROM import_jobs "
    f"WHERE ring = {_RING} AND name >= ? AND name < ?"
)
#: Numbers from one to another.
_VERSIONS = (
    "SELECT number, algorithm, state, destroy_time FROM crypto_key_versions "
    f"WHERE key = {_KEY} AND number BETWEEN ? AND ? ORDER BY number LIMIT ?"
)
_POLICY = "SELECT policy FROM projects WHERE project = ?"
_LAST_VERSION = f"SELECT max(number) FROM crypto_key_versions WHERE key = {_KEY}"


class Lookup:
    """A database opened for one look. Nothing outlives the process, so nothing is closed."""

    __slots__ = ("_sqlite",)

    def __init__(self, path: str) -> None:
        """Opens a database of the store.

        Raises:
            FileNotFoundError: if it is not there.
            StoreAccess: if it, or a directory above it, is not the user's alone.
            sqlite3.Error: as every method, if it cannot be read.
        """
        try:
            # What sqlite3 adds to this, it adds to each Tab: a fifth of a bare start of Python.
            from _sqlite3 import connect
        except ImportError:
            from sqlite3 import connect

        address = f"file:{_quoted(path)}?{_options(path)}"
        self._sqlite: Connection = connect(address, timeout=BUSY_TIMEOUT, uri=True)
        self._sqlite.execute("PRAGMA trusted_schema = OFF")
        self._sqlite.execute("PRAGMA cell_size_check = ON")

    def names(self, query: str, parent: Sequence[str], prefix: str, limit: int) -> list[Found]:
        """Returns the rows of `query` whose names start with `prefix`.

        Where there are more than `limit`, the last of all stands at the end: what all names have in
        common is what the first and the last have in common.
        """
        # Names are ASCII, so ~ is above them.
        range_ = (*parent, prefix, prefix + "~")
        found = self._sqlite.execute(f"{query} ORDER BY name LIMIT ?", (*range_, limit)).fetchall()
        if len(found) == limit:
            last = self._sqlite.execute(f"{query} ORDER BY name DESC LIMIT 1", range_)
            found[-1:] = last.fetchall()
        return found

    def policy(self, project: str) -> str:
        """Returns the policy of a project as it is stored; of one that is not there, nothing."""
        found = self._sqlite.execute(_POLICY, (project,)).fetchone()
        return str(found[0]) if found else ""

    def versions(self, key: Sequence[str], prefix: str, limit: int) -> list[Found]:
        """Returns the rows of versions whose numbers start with `prefix`; `key` is project, ring, key."""
        (last,) = self._sqlite.execute(_LAST_VERSION, tuple(key)).fetchone()
        first, final = (int(prefix), int(prefix)) if prefix else (1, last or 0)
        found: list[Found] = []
        while first <= (last or 0) and len(found) < limit:
            found += self._sqlite.execute(_VERSIONS, (*key, first, final, limit - len(found)))
            first, final = first * 10, final * 10 + 9
            if not prefix:
                break
        return found

    def now(self, clock: int) -> int:
        """Returns the time, which is never before the last recorded time."""
        last: int = self._sqlite.execute(_NOW).fetchone()[0]
        return max(clock, last)


def path_of(directory: str, location: str | None = None) -> str:
    """Returns the database of a location, which is a checked id, or of control."""
    if location is None:
        return os.path.join(directory, "control.db")
    return os.path.join(directory, "locations", f"{location}.db")


def _options(path: str) -> str:
    """Checks the files of a database and returns how to open it."""
    directory = os.path.dirname(path)
    # The directory above a location's is the store's; the one above that of control is anybody's.
    for above in {directory, os.path.dirname(directory)} if directory.endswith("locations") else {directory}:
        check_private(above, directory=True)
    if check_private(path, directory=False) is None:
        raise FileNotFoundError(path)
    check_file_system(path)
    log, memory = (check_private(path + suffix, directory=False) for suffix in ("-wal", "-shm"))
    if log is not None and log.st_size and memory is not None:
        return "mode=ro&readonly_shm=1"
    return "mode=ro&immutable=1"


def _quoted(path: str) -> str:
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
