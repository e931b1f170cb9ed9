"""Leases: while a process makes key material outside any transaction, a lock file says it lives.

The kernel drops the lock when the process ends, however it ends, so the next command can tell work
in progress from work left behind by a crash, without any time-out.
"""

from __future__ import annotations

import fcntl
import os

from kmsctl.store.files import DirectoryLock, make_directory, os_failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType


class Lease:
    """A context manager that holds the lease on the version with a random id."""

    __slots__ = ("_descriptor", "_path")

    def __init__(self, data_directory: str, uid: bytes) -> None:
        self._path = _path(data_directory, uid)

    def __enter__(self) -> Lease:
        directory = os.path.dirname(self._path)
        make_directory(directory)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with DirectoryLock(directory):
            try:
                self._descriptor = os.open(self._path, flags, 0o600)
            except OSError as error:
                raise os_failure(error, "create", self._path) from None
            try:
                os.fchmod(self._descriptor, 0o600)
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                os.close(self._descriptor)
                raise os_failure(error, "lock", self._path) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _unlink(self._path)
        os.close(self._descriptor)


def held(data_directory: str, uid: bytes) -> bool:
    """Tells whether a living process holds the lease; a file left by a dead one is removed."""
    return _is_locked(data_directory, uid, remove=True)


def _is_locked(data_directory: str, uid: bytes, *, remove: bool = False) -> bool:
    path = _path(data_directory, uid)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise os_failure(error, "open", path) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError as error:
        raise os_failure(error, "lock", path) from None
    else:
        if remove:
            _unlink(path)
        return False
    finally:
        os.close(descriptor)


def remove_abandoned(data_directory: str) -> list[str]:
    """Removes the files of all leases whose holders are dead, and returns their paths."""
    return _abandoned(data_directory, held)


def abandoned(data_directory: str) -> list[str]:
    """Returns the paths of the files of leases whose holders are dead."""
    return _abandoned(data_directory, _is_locked)


def _abandoned(data_directory: str, is_held: Callable[[str, bytes], bool]) -> list[str]:
    directory = os.path.dirname(_path(data_directory, b""))
    found: list[str] = []
    if not os.path.isdir(directory):
        return found
    with DirectoryLock(directory):  # nobody is between making a lease's file and locking it
        for file in sorted(os.listdir(directory)):
            try:
                uid = bytes.fromhex(file)
            except ValueError:
                continue  # no lease
            if not is_held(data_directory, uid):
                found.append(_path(data_directory, uid))
    return found


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass  # another process cleared it away
    except OSError as error:
        raise os_failure(error, "remove", path) from None


def _path(data_directory: str, uid: bytes) -> str:
    return os.path.join(data_directory, "pending", uid.hex())
