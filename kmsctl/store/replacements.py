"""Putting a restored database in the place of another one: whole or not at all, whenever it is cut off.

The new file is prepared beside, under a new epoch. What decides is the anchor: from the moment it has the
new epoch the old file is refused, and whoever comes next finishes what is left, the renaming. A prepared file
that the anchor does not know was left by a crash before that, and goes.
"""

from __future__ import annotations

import os

from kmsctl.errors import KmsError
from kmsctl.store.connection import Connection
from kmsctl.store.files import DirectoryLock, make_directory, os_failure, sync_directory
from kmsctl.store.heads import AuditHead, Head
from kmsctl.store.probes import no_probe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.store.anchor import Mark
    from kmsctl.store.ports import Keys
    from kmsctl.store.probes import Probe

PREPARED = ".restored"


def replace(path: str, prepared: str, mark: Mark, keys: Keys, probe: Probe = no_probe) -> None:
    """Puts a database in its place and anchors it.

    The caller holds the write lock of the database that is there, if one is.

    Args:
        path: the place.
        prepared: a closed and synced database on the same file system.
        mark: what it holds, with an epoch that was never used.
        keys: of the store.
        probe: told the name of each step.
    """
    make_directory(os.path.dirname(path))
    directory = os.path.dirname(path)
    with DirectoryLock(directory):
        try:
            _finish(path, mark.name, keys)
            os.rename(prepared, _beside(path))
            sync_directory(directory)
            probe("restore.prepared")
            keys.anchor.raise_to(mark, new_epoch=True)
            probe("restore.anchored")
            _take_place(path)
            probe("restore.replaced")
        except OSError as error:
            raise os_failure(error, "replace", path) from None


def finish_replacement(path: str, name: str, keys: Keys) -> None:
    """Brings a replacement that was cut off to its end, or undoes what it had begun."""
    if not os.path.lexists(_beside(path)):
        return
    with DirectoryLock(os.path.dirname(path)):
        try:
            _finish(path, name, keys)
        except OSError as error:
            raise os_failure(error, "replace", path) from None


def pending(directory: str) -> list[str]:
    """Returns the paths of the databases in a directory that a replacement was begun for."""
    end = ".db" + PREPARED
    return [
        os.path.join(directory, file[1 : -len(PREPARED)])
        for file in sorted(os.listdir(directory))
        if file.startswith(".") and file.endswith(end)
    ]


def is_prepared(path: str) -> bool:
    """Tells whether a file is what a replacement prepares, or its log."""
    file = os.path.basename(path)
    return file.startswith(".") and ".db" + PREPARED in file


def _beside(path: str) -> str:
    directory, file = os.path.split(path)
    return os.path.join(directory, f".{file}{PREPARED}")


def _finish(path: str, name: str, keys: Keys) -> None:
    beside = _beside(path)
    if not os.path.lexists(beside):
        return
    if _is_anchored(beside, keys.anchor.find(name)):
        _take_place(path)
    else:
        _unlink(beside, beside + "-wal", beside + "-shm")


def _is_anchored(path: str, mark: Mark | None) -> bool:
    """Tells whether a prepared database is the one that the anchor vouches for."""
    if mark is None:
        return False
    try:
        connection = Connection.open(path)
        try:
            head = Head.read(connection)
            audit = AuditHead.read(connection, head)
        finally:
            connection.close()
    except KmsError:
        return False  # it was not even whole
    known = (mark.epoch, mark.generation, mark.head_tag, mark.audit_sequence, mark.audit_tag)
    return (head.epoch, head.generation, head.tag, audit.sequence, audit.tag) == known


def _take_place(path: str) -> None:
    # The log of the old file would be taken for the new one's. Processes that still have the old file
    # open keep its log with it; what they commit there the anchor refuses.
    beside = _beside(path)
    _unlink(path + "-wal", path + "-shm", path + "-journal", beside + "-wal", beside + "-shm")
    os.rename(beside, path)
    sync_directory(os.path.dirname(path))


def _unlink(*files: str) -> None:
    for file in files:
        try:
            os.unlink(file)
        except FileNotFoundError:
            continue
