"""The files of snapshots: one for each database and time, beside the databases' own."""

from __future__ import annotations

import os

from kmsctl.errors import StoreBusy
from kmsctl.store.copies import Workshop, directory_in
from kmsctl.store.files import os_failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.store.database import Database

_SUFFIX = ".snapshot"
_ID_SIZE = len("20260102T030405Z")


class SnapshotFile:
    """One snapshot of one database. `id` is its time, ``20260102T030405Z``, which sorts."""

    __slots__ = ("database", "id", "path", "size")

    def __init__(self, database: str, snapshot_id: str, path: str, size: int) -> None:
        self.database = database
        self.id = snapshot_id
        self.path = path
        self.size = size


def path_of(data_directory: str, database: str, snapshot_id: str) -> str:
    return os.path.join(directory_in(data_directory), f"{database}.{snapshot_id}{_SUFFIX}")


def each(data_directory: str) -> list[SnapshotFile]:
    """Returns all snapshots, oldest first."""
    directory = directory_in(data_directory)
    found = []
    try:
        files = os.listdir(directory)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise os_failure(error, "read", directory) from None
    for file in files:
        database, _, snapshot_id = file.removesuffix(_SUFFIX).partition(".")
        if file.endswith(_SUFFIX) and database and is_id(snapshot_id):
            path = os.path.join(directory, file)
            try:
                found.append(SnapshotFile(database, snapshot_id, path, os.stat(path).st_size))
            except FileNotFoundError:
                continue  # it was dropped this moment
            except OSError as error:
                raise os_failure(error, "read", path) from None
    return sorted(found, key=lambda each: (each.id, each.database))


def upgraded(data_directory: str, database: str) -> list[SnapshotFile]:
    """Returns the copies of a database in older formats, which upgrades left."""
    directory = directory_in(data_directory)
    start = f"{database}.format-"
    found = [file for file in os.listdir(directory) if file.startswith(start) and file.endswith(".db")]
    return [SnapshotFile(database, "", os.path.join(directory, file), 0) for file in found]


def is_id(text: str) -> bool:
    digits = text[:8] + text[9:15]
    return len(text) == _ID_SIZE and digits.isascii() and digits.isdigit() and text[8] + text[15] == "TZ"


def drop(files: list[SnapshotFile]) -> None:
    """Removes snapshots. The workshop is held by the caller."""
    for file in files:
        try:
            os.unlink(file.path)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise os_failure(error, "remove", file.path) from None


def drop_of(database: Database) -> bool:
    """Drops all snapshots of a database, because some of its material is destroyed for good.

    Returns:
        False if another process is making copies; then it is to be tried again later.
    """
    data_directory = os.path.dirname(database.path)
    if os.path.basename(data_directory) == "locations":
        data_directory = os.path.dirname(data_directory)
    if not os.path.isdir(directory_in(data_directory)):
        return True
    try:
        with Workshop(data_directory, wait=False):
            drop([file for file in each(data_directory) if file.database == database.name])
            drop(upgraded(data_directory, database.name))
    except StoreBusy:
        return False
    return True
