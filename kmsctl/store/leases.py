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
    from types import TracebackType


class Lease:
    """A context manager that holds the lease on the version with a random id."""

    __slots__ = ("_descriptor", "_path")

    def __init__(self, data_directory: str, uid: bytes) -> None:
        self._path = _path(data_directory, uid)

    def __enter__(self) -> Lease:
        directory = os.path.dirname(self._path)
        make_directory(directory)
        with DirectoryLock(directory):
            self.take()
        return self

    def take(self) -> None:
        """Takes the lease, while the lock of the directory is held."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
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

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _unlink(self._path)
        os.close(self._descriptor)

    def leave(self) -> None:
        """Gives the lease up as the end of the process does: its file stays, and tells whoever comes next."""
        os.close(self._descriptor)


class Claimed:
    """A lease that `claim` took; a context manager that gives it up."""

    __slots__ = ("_lease",)

    def __init__(self, lease: Lease) -> None:
        self._lease = lease

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lease.__exit__(kind, error, trace)


def claim(data_directory: str, uid: bytes) -> Claimed | None:
    """Takes the lease on what a dead process left unfinished; None if another process has it."""
    directory = os.path.dirname(_path(data_directory, uid))
    make_directory(directory)
    with DirectoryLock(directory):
        if _held(_path(data_directory, uid), remove=True):
            return None
        lease = Lease(data_directory, uid)
        lease.take()
    return Claimed(lease)


def held(data_directory: str, uid: bytes) -> bool:
    """Tells whether a living process holds the lease; a file left by a dead one is removed."""
    path = _path(data_directory, uid)
    if not os.path.lexists(path):
        return False
    with DirectoryLock(os.path.dirname(path)):  # nobody is between making the file and locking it
        return _held(path, remove=True)


def _held(path: str, *, remove: bool) -> bool:
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
    return _abandoned(data_directory, remove=True)


def abandoned(data_directory: str) -> list[str]:
    """Returns the paths of the files of leases whose holders are dead."""
    return _abandoned(data_directory, remove=False)


def _abandoned(data_directory: str, *, remove: bool) -> list[str]:
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
            path = _path(data_directory, uid)
            if not _held(path, remove=remove):
                found.append(path)
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
