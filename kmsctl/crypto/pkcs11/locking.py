"""One thread in a module, and one process that changes a token.

Processes that make keys at the same time lose them: a module said that a key was made, and it was gone
(rule 2). So every use of a module holds a lock file: shared to find and use keys, exclusive to make and
destroy them.
The file is the module's, not a token's: loading a module reads all its tokens. A module is entered by one
thread at a time; there are modules that crash otherwise, whatever they say about locking.
"""

from __future__ import annotations

import fcntl
import os
import threading

from kmsctl.crypto.integrity import digest
from kmsctl.errors import StoreAccess

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

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
        path = os.path.join(self._directory, self._name)
        return Hold(f"{path}.turn", f"{path}.lock", fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)


class Hold:
    """One hold of a lock; waits for it when it is entered. The kernel drops it when the process ends."""

    __slots__ = ("_descriptor", "_kind", "_lock", "_turn")

    def __init__(self, turn: str, lock: str, kind: int) -> None:
        self._turn = turn
        self._lock = lock
        self._kind = kind

    def __enter__(self) -> None:
        _ENTRY.acquire()
        try:
            turn = _open(self._turn)
            try:
                fcntl.flock(turn, fcntl.LOCK_EX)
                self._descriptor = _open(self._lock)
                try:
                    fcntl.flock(self._descriptor, self._kind)
                except BaseException:
                    os.close(self._descriptor)
                    raise
            finally:
                os.close(turn)
        except BaseException:
            _ENTRY.release()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)
        _ENTRY.release()


def _open(path: str) -> int:
    """Opens a lock file anew each time: a descriptor that a fork shares would share its lock."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreAccess(f"Cannot open the token's lock file {path}: {error.strerror}.") from None
