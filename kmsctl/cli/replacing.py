"""Regular files that are written whole: beside, under a name that is gone at the end, then renamed."""

from __future__ import annotations

import errno
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import TypeAlias

    #: what takes the pieces of a content, in their order
    Write: TypeAlias = Callable[[bytes], object]

#: Some file systems cannot sync directories, or not for those who may only write to them.
_SYNC_UNSUPPORTED = frozenset({errno.EACCES, errno.EINVAL, errno.ENOTSUP})


def replace(
    target: str,
    fill: Callable[[Write], object],
    *,
    mode: int | None,
    private: bool,
    before: Callable[[], None] | None = None,
) -> None:
    """Puts a new file in the place of `target`.

    Args:
        target: the file, not a link to it.
        fill: is given what takes the pieces of the content.
        mode: of the file that is there, if one is.
        private: whether the file is for its owner alone.
        before: is called when the file is all but in its place; it is not put there if this raises.

    Raises:
        OSError: if that fails. The file is then as it was before, as it is if `fill` raises.
    """
    directory = os.path.dirname(target)
    beside = os.path.join(directory, f".kmsctl-{os.urandom(8).hex()}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with Temporary(beside):
        descriptor = os.open(beside, flags, 0o600 if private else 0o666)
        try:
            if private:
                os.fchmod(descriptor, 0o600)
            elif mode is not None:
                os.fchmod(descriptor, mode)
            fill(lambda piece: write_all(descriptor, piece))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if before is not None:
            before()
        os.replace(beside, target)
    _sync_directory(directory)


def write_all(descriptor: int, data: bytes) -> None:
    """Writes bytes to a descriptor, however many it takes at a time."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def make_directories(directory: str) -> None:
    """Makes a directory and those above it, as far as they are missing, for their owner alone."""
    missing = []
    while not os.path.lexists(directory):
        missing.append(directory)
        directory = os.path.dirname(directory)
    for each in reversed(missing):
        try:
            os.mkdir(each, 0o700)
        except FileExistsError:
            # Somebody else made it in between; if it is no directory, the next step says so.
            pass


def _sync_directory(directory: str) -> None:
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _SYNC_UNSUPPORTED:
            raise


class Temporary:
    """Sees to it that a temporary file is gone at the end, also when a signal ends the process.

    An interrupt is an exception in Python; a termination or a hang-up is not, so those two have a
    handler for as long as the file may be there.
    """

    __slots__ = ("_path", "_previous")

    def __init__(self, path: str) -> None:
        self._path = path
        self._previous: dict[int, object] = {}

    def __enter__(self) -> None:
        import signal

        try:
            for number in (signal.SIGTERM, signal.SIGHUP):
                if signal.getsignal(number) == signal.SIG_DFL:
                    self._previous[number] = signal.signal(number, self._end)
        except ValueError:
            # Not the main thread, which alone may handle signals.
            self._previous.clear()

    def __exit__(self, *_: object) -> None:
        self._remove()
        import signal

        for number in self._previous:
            signal.signal(number, signal.SIG_DFL)

    def _end(self, number: int, frame: FrameType | None) -> None:
        del frame
        import signal

        self._remove()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def _remove(self) -> None:
        try:
            os.unlink(self._path)
        except OSError:
            # Usually it has taken its name; what cannot be removed is no secret that its owner lacks.
            pass
