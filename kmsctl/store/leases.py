"""Leases: while a process makes key material outside any transaction, a lock file says it lives.

The kernel drops the lock when the process ends, however it ends, so the next command can tell work
in progress from work left behind by a crash, without any time-out.
"""

from __future__ import annotations

import fcntl
import os

from kmsctl.store.files import make_directory, os_failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType


class Lease:
    """A context manager that holds the lease on the version with a random id."""

    __slots__ = ("_descriptor", "_path")

    def __init__(self, data_directory: str, uid: bytes) -> None:
        self._path = _path(data_directory, uid)

    def __enter__(self) -> Lease:
        make_directory(os.path.dirname(self._path))
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            self._descriptor = os.open(self._path, flags, 0o600)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise os_failure(error, "lock", self._path) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.unlink(self._path)
        os.close(self._descriptor)


def held(data_directory: str, uid: bytes) -> bool:
    """Tells whether a living process holds the lease; a file left by a dead one is removed."""
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
    else:
        os.unlink(path)
        return False
    finally:
        os.close(descriptor)


def _path(data_directory: str, uid: bytes) -> str:
    return os.path.join(data_directory, "pending", uid.hex())
