"""One thread in a module, and one process that changes a token.

Processes that make keys at the same time lose them: a module said that a key was made, and it was gone
(rule 2). So every use of a module holds a lock file: shared to find and use keys, exclusive to make and
destroy them.
The file is the module's, not a token's: loading a module reads all its tokens. One is in the data directory,
for all that share it, and one in a directory of the user's, for stores that share a token. A module is
entered by one thread at a time; there are modules that crash otherwise, whatever they say about locking.
"""

from __future__ import annotations

import fcntl
import os
import stat
import threading

from kmsctl.crypto.integrity import digest
from kmsctl.errors import StoreAccess

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import TypeVar

    T = TypeVar("T")

#: Held by the thread that is inside any module. No fork happens meanwhile: a child would begin with a module
#: whose own locks are held by a thread that it does not have.
_ENTRY = threading.RLock()
os.register_at_fork(before=_ENTRY.acquire, after_in_parent=_ENTRY.release, after_in_child=_ENTRY.release)


class ModuleLock:
    """The lock of a module. Not reentrant.

    There are two files: whoever waits for the lock holds the turn, and others queue for that, so that a
    process which wants to make a key is not passed for ever by those that use keys.
    """

    __slots__ = ("_directory", "_name")

    def __init__(self, directory: str, module: str) -> None:
        self._directory = directory
        self._name = f"pkcs11-{digest(os.fsencode(module)).hex()[:16]}"

    def hold(self, *, exclusive: bool) -> Hold:
        """Returns a context manager that holds the lock."""
        paths = [os.path.join(self._directory, self._name)]
        user = user_directory()
        if user is not None:
            paths.append(os.path.join(user, self._name))
        return Hold(paths, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)


class Hold:
    """One hold of a lock; waits for it when it is entered. The kernel drops it when the process ends.

    All processes take the files in one order, the data directory's first.
    """

    __slots__ = ("_held", "_kind", "_paths")

    def __init__(self, paths: list[str], kind: int) -> None:
        self._paths = paths
        self._kind = kind
        self._held: list[int] = []

    def __enter__(self) -> Hold:
        _ENTRY.acquire()
        try:
            self._take_all(self._kind)
        except BaseException:
            self._release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()

    def alone(self, work: Callable[[], T]) -> T:
        """Does `work` with the lock held exclusively, and goes back to what it was.

        In between the lock is given up: two that held it shared would wait for each other.
        """
        if self._kind == fcntl.LOCK_EX:
            return work()
        self._drop_all()
        self._take_all(fcntl.LOCK_EX)
        try:
            return work()
        finally:
            self._drop_all()
            self._take_all(self._kind)

    def _take_all(self, kind: int) -> None:
        for path in self._paths:
            self._held.append(_take(path, kind))

    def _drop_all(self) -> None:
        while self._held:
            os.close(self._held.pop())

    def _release(self) -> None:
        self._drop_all()
        _ENTRY.release()


def user_directory() -> str | None:
    """Returns a directory in which all processes of the user meet, or None if there is none to be had.

    The environment has no say: that of cron is not that of a terminal. A directory that somebody else made
    under the name in /tmp is left alone: stores then exclude their own processes alone.
    """
    for path in _places():
        try:
            _make(path)
            status = os.lstat(path)
        except OSError:
            continue
        if stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o077:
            return path
    return None


def _places() -> tuple[str, str]:
    user = os.geteuid()
    return f"/run/user/{user}/kmsctl", f"/tmp/kmsctl-{user}"  # noqa: S108 - it is looked at before it is used


def _make(path: str) -> None:
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        pass


def _take(path: str, kind: int) -> int:
    """Returns the descriptor of a lock file that is locked; who holds the turn waits for it."""
    turn = _open(f"{path}.turn")
    try:
        fcntl.flock(turn, fcntl.LOCK_EX)
        descriptor = _open(f"{path}.lock")
        try:
            fcntl.flock(descriptor, kind)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor
    finally:
        os.close(turn)


def _open(path: str) -> int:
    """Opens a lock file anew each time: a descriptor that a fork shares would share its lock."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreAccess(f"Cannot open the token's lock file {path}: {error.strerror}.") from None
