"""Directories of backups: what lies in them, and which go when only the newest are kept."""

from __future__ import annotations

import os

from kmsctl.errors import IntegrityError, InvalidArgument, KmsError
from kmsctl.keystore.containers import BACKUP, MAGIC
from kmsctl.service import audit
from kmsctl.service.backups import read_if_there, read_through, require_store
from kmsctl.service.maintenance import decide
from kmsctl.service.unlocking import Container, Unlock, open_container
from kmsctl.store.files import os_failure
from kmsctl.store.store import CONTROL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms


class BackupFile:
    """A file that is a backup by its first bytes.

    Attributes:
        path: where it is.
        size: in bytes.
        manifest: what it says of itself, authenticated; empty if it cannot be opened.
        problem: why it cannot be opened; else empty.
    """

    __slots__ = ("manifest", "path", "problem", "size")

    def __init__(self, path: str, size: int, manifest: dict[str, Any], problem: str = "") -> None:
        self.path = path
        self.size = size
        self.manifest = manifest
        self.problem = problem


def list_(kms: Kms, ctx: Context, directory: str, unlock: Unlock) -> list[BackupFile]:
    """Returns the backups in a directory (or the one in a file), oldest first; their content is not read."""
    read_if_there(kms, ctx, "ListBackups")
    found = [_look(kms, path, unlock) for path in _candidates(directory)]
    return sorted(found, key=lambda each: (each.manifest.get("createTime", ""), each.path))


def _candidates(directory: str) -> Iterator[str]:
    """Yields the paths of the files that begin as backups do."""
    try:
        paths = [directory]
        if os.path.isdir(directory):
            paths = [os.path.join(directory, file) for file in sorted(os.listdir(directory))]
        for path in paths:
            if path != directory and not os.path.isfile(path):
                continue
            with open(path, "rb") as file:
                first = file.read(len(MAGIC) + 2)
            if first[: len(MAGIC)] == MAGIC and first[-1] == BACKUP:
                yield path
    except OSError as error:
        raise os_failure(error, "read", directory) from None


def _look(kms: Kms, path: str, unlock: Unlock) -> BackupFile:
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            try:
                manifest = open_container(kms, Container(file.read, path), unlock, BACKUP)[2].manifest
            except KmsError as error:
                return BackupFile(path, size, {}, error.message)
    except OSError as error:
        raise os_failure(error, "read", path) from None
    return BackupFile(path, size, manifest)


def prune(
    kms: Kms, ctx: Context, directory: str, keep: int, confirm: Callable[[list[BackupFile]], None]
) -> list[BackupFile]:
    """Removes all backups of this store in a directory but the newest. What cannot be opened stays.

    The newest one is read to its end before any other goes.

    Args:
        kms: the service.
        ctx: the caller.
        directory: where to look.
        keep: how many are to stay, 1 or more.
        confirm: sees what would go, and raises if it is to stay.
    """
    store = require_store(kms)
    decision = decide(kms, ctx, "PruneBackups")
    if keep < 1:
        raise InvalidArgument("keep: at least one backup is to stay.")
    known = [each for each in list_(kms, ctx, directory, Unlock()) if not each.problem]
    going = known[:-keep]
    if not going:
        return []
    _check_whole(kms, known[-1].path)
    confirm(going)
    with store.open(CONTROL).write() as transaction:
        request: dict[str, object] = {
            "backupIds": [each.manifest["backupId"] for each in going],
            "keep": keep,
        }
        audit.append_store(transaction, ctx, decision, request)
    for each in going:
        try:
            os.unlink(each.path)
        except OSError as error:
            raise os_failure(error, "remove", each.path) from None
    return going


def _check_whole(kms: Kms, path: str) -> None:
    """Refuses to go by a newest backup of which only the beginning is there."""
    try:
        with open(path, "rb") as file:
            read_through(open_container(kms, Container(file.read, path), Unlock(), BACKUP)[2], path)
    except IntegrityError as error:
        raise IntegrityError(
            f"The newest backup is not whole, so no other one is removed: {error.message}", hint=error.hint
        ) from None
    except OSError as error:
        raise os_failure(error, "read", path) from None
