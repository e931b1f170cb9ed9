"""Files in the data directory that are no part of the store: left by crashes, or put there by others."""

from __future__ import annotations

import os

from kmsctl.errors import StoreError
from kmsctl.service.reports import Finding
from kmsctl.store import files, leases, replacements, verified
from kmsctl.store.store import is_half_made

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from kmsctl.store.store import Store

_SUFFIXES = ("", "-wal", "-shm")
#: Directories in the data directory whose files are looked at elsewhere.
_OTHERS = ("pending", "snapshots", "tokens")
_LOGS = ("-wal", "-shm", "-journal")
_STRANGE = "Nothing in kmsctl made it. Look what it is, and remove it."
_CUT_OFF = "kmsctl store maintain brings it to its end, or undoes what it had begun."
_LEFT = "A crash has left it; kmsctl store repair removes it."


def findings(store: Store) -> Iterator[Finding]:
    """Yields what is wrong with the files of the data directory, and what does not belong there."""
    removable = set(removable_files(store))
    names = store.names()
    known = {store.path_of(name) + suffix for name in names for suffix in _SUFFIXES}
    known |= {os.path.join(store.directory, verified.DIRECTORY, name) for name in names}
    for path in _entries(store):
        try:
            files.check_private(path, directory=False)
        except StoreError as error:
            yield Finding(path, "FILE_ACCESS", error.message, error.hint or "Look what it is.")
        if path in removable:
            yield Finding(path, "ORPHAN", "This file is no part of the store.", _LEFT, "repair")
        elif replacements.is_prepared(path):
            yield Finding(path, "ORPHAN", "A restore was cut off here.", _CUT_OFF, "maintain")
        elif path not in known:
            yield Finding(path, "ORPHAN", "This file is no part of the store.", _STRANGE)


def removable_files(store: Store) -> list[str]:
    """Returns the files that crashes have left: they have names that kmsctl gives, and nobody needs them.

    Those are databases that never got their name, logs of databases that were never anchored, and records
    of verifications that were not written to the end or whose database is gone.
    """
    names = store.names()
    return [path for path in _entries(store) if _is_removable(store, names, path)]


def _is_removable(store: Store, names: list[str], path: str) -> bool:
    directory, entry = os.path.split(path)
    if os.path.basename(directory) == verified.DIRECTORY:
        return verified.is_leftover(entry) or entry not in names
    logs = {store.path_of(name) + suffix for name in names for suffix in _LOGS}
    ended = entry.endswith(_LOGS) and ".db-" in entry and path not in logs
    return is_half_made(entry) or ended


def remove(store: Store, path: str) -> None:
    """Removes a file that a crash left, or the lock file of a lease, if it still is one."""
    directory = os.path.dirname(path)
    if directory == os.path.join(store.directory, "pending"):
        leases.remove_abandoned(store.directory)
        return
    names = store.names()
    with files.DirectoryLock(directory):  # nobody is making a database there now
        if not _is_removable(store, names, path):
            return
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise files.os_failure(error, "remove", path) from None


def dead_leases(store: Store) -> list[str]:
    """Returns the files of leases whose holders are gone."""
    return leases.abandoned(store.directory)


def _entries(store: Store) -> list[str]:
    """Returns the paths of all files, while nobody is making one."""
    found = []
    for directory in _directories(store):
        with files.DirectoryLock(directory):
            entries = sorted(os.listdir(directory))
        inside = {os.path.join(directory, entry) for entry in entries} & set(_directories(store))
        inside.update(os.path.join(store.directory, name) for name in _OTHERS)
        found += [path for entry in entries if (path := os.path.join(directory, entry)) not in inside]
    return found


def _directories(store: Store) -> list[str]:
    parts = ("", "locations", verified.DIRECTORY)
    return [path for part in parts if os.path.isdir(path := os.path.join(store.directory, part).rstrip("/"))]
