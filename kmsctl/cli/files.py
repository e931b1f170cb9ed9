"""The files that commands read and write. ``-`` is standard input or output for every file flag.

Inputs are read whole, up to a limit. Regular output files are created whole: a temporary file in the
same directory, with its mode from the start, is synced and renamed. Devices, pipes and descriptors
(``/dev/fd/N``) are opened and written. The error texts are gcloud's.
"""

from __future__ import annotations

import errno
import os
import stat
import sys

from kmsctl.cli import inline
from kmsctl.cli.failures import CommandError
from kmsctl.cli.replacing import make_directories, replace, write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import BinaryIO, TypeVar

    from kmsctl.cli.replacing import Write

    T = TypeVar("T")

STDIO = "-"
_CHUNK = 1 << 20
_STANDARD_INPUT = frozenset({STDIO, "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"})
_DESCRIPTORS = ("/dev/fd/", "/proc/self/fd/")
_NAMED_DESCRIPTORS = {"/dev/stdout": 1, "/dev/stderr": 2}


class Inputs:
    """The input files of one command: what was read, so that no output takes their place."""

    __slots__ = ("_read",)

    def __init__(self) -> None:
        self._read: dict[tuple[int, int], str] = {}

    def read(self, flag: str, path: str, what: str, limit: int) -> bytes:
        """Reads the file that `flag` names.

        Args:
            flag: the flag, ``--plaintext-file``.
            path: its value.
            what: what the file holds, for the error: ``plaintext``.
            limit: the most bytes that it may have.

        Raises:
            CommandError: if it cannot be read, or is larger.
        """
        try:
            # One byte more than allowed tells a file that is too large, however large it is.
            data, status = _use(path, lambda file: file.read(limit + 1))
        except OSError as error:
            raise _unreadable(path, what, error) from None
        if len(data) > limit:
            raise CommandError(f"The file [{path}] is larger than the maximum size of {limit} bytes.")
        self._remember(flag, status)
        return data

    def feed(self, flag: str, path: str, what: str, sink: Callable[[bytes], None]) -> None:
        """Reads the file that `flag` names, of whatever size, and gives it to `sink` piece by piece.

        Raises:
            CommandError: if it cannot be read.
        """
        try:
            _, status = _use(path, lambda file: _pour(file, sink))
        except OSError as error:
            raise _unreadable(path, what, error) from None
        self._remember(flag, status)

    def _remember(self, flag: str, status: os.stat_result | None) -> None:
        if status is not None and stat.S_ISREG(status.st_mode):
            self._read[status.st_dev, status.st_ino] = flag

    def flag_of(self, status: os.stat_result) -> str | None:
        """Returns the flag whose regular file this is, if it is one's."""
        return self._read.get((status.st_dev, status.st_ino))


def check_one_standard_input(first: str, first_path: str, second: str, second_path: str | None) -> None:
    """Refuses two inputs that would both be standard input."""
    if first_path in _STANDARD_INPUT and second_path in _STANDARD_INPUT:
        raise CommandError(f"Invalid value for [{first}]: {first} and {second} cannot both read from stdin.")


def _unreadable(path: str, what: str, error: OSError) -> CommandError:
    return CommandError(f"Failed to read {what} file [{path}]: Unable to read file [{path}]: {error}")


def _use(path: str, action: Callable[[BinaryIO], T]) -> tuple[T, os.stat_result | None]:
    """Returns what `action` makes of the file, and the file's status if it has one."""
    if path[:1] == inline.MARK:
        from io import BytesIO

        return action(BytesIO(inline.read(path))), None
    if path == STDIO:
        try:
            return action(_stdin()), _status(_stdin())
        except OSError as error:
            raise OSError(error.errno, error.strerror, path) from None
    with open(path, "rb") as file:
        return action(file), os.fstat(file.fileno())


def _pour(file: BinaryIO, sink: Callable[[bytes], None]) -> None:
    while piece := file.read(_CHUNK):
        sink(piece)


def _status(file: BinaryIO) -> os.stat_result | None:
    try:
        return os.fstat(file.fileno())
    except OSError:
        return None  # it is in memory


def _stdin() -> BinaryIO:
    if sys.stdin is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return sys.stdin.buffer


class Output:
    """Where a command's result goes. It is checked before the work is done, and written after."""

    __slots__ = ("_descriptor", "_makes_parents", "_mode", "_path", "_private", "_target")

    def __init__(
        self, flag: str, path: str, *, private: bool, inputs: Inputs, makes_parents: bool = False
    ) -> None:
        """Looks at the place, so that what cannot be written is known before the service is asked.

        Args:
            flag: the flag that names the file.
            path: its value.
            private: whether a new file is for its owner alone (plaintext and keys).
            inputs: the files read, none of which may be the output.
            makes_parents: whether directories that are missing are made, for their owner alone.

        Raises:
            CommandError: if it cannot be written, or is an input.
        """
        self._path = path
        self._private = private
        self._makes_parents = makes_parents
        self._descriptor = _descriptor(path)
        #: of a regular file: where it really lies; else None
        self._target: str | None = None
        #: of a regular file that is there: its permissions
        self._mode: int | None = None
        try:
            status = self._look()
        except OSError as error:
            raise self._refusal(error) from None
        source = inputs.flag_of(status) if status is not None and stat.S_ISREG(status.st_mode) else None
        if source is not None and self._target is not None:
            raise CommandError(f"Invalid value for [{flag}]: {flag} and {source} are the same file.")

    @property
    def is_stdout(self) -> bool:
        """Whether standard output carries the result, so that nothing else may be written there."""
        return self._path == STDIO or self._descriptor == 1

    @property
    def is_regular(self) -> bool:
        """Whether the result becomes a regular file, beside which others can be put."""
        return self._target is not None

    def is_same(self, other: Output) -> bool:
        """Tells whether two results would go to one place."""
        if self._target is not None or other._target is not None:
            return self._target == other._target
        return (self.is_stdout and other.is_stdout) or self._path == other._path

    def write(self, data: bytes | Iterable[bytes], *, before: Callable[[], None] | None = None) -> None:
        """Writes the result.

        Args:
            data: the result, whole or in pieces.
            before: is called when a regular file is all but in its place, and otherwise first. If it
                raises, a regular file is as it was before.

        Raises:
            CommandError: if that fails; a regular file is then as it was before.
            BrokenPipeError: if standard output is a pipe that nobody reads.
        """
        pieces = (data,) if isinstance(data, bytes) else data

        def fill(write: Write) -> None:
            for piece in pieces:
                write(piece)

        self.stream(fill, before=before)

    def stream(self, fill: Callable[[Write], object], *, before: Callable[[], None] | None = None) -> None:
        """Writes a result that is made piece by piece: `fill` is given what takes the pieces.

        Raises: as `write`; if `fill` raises, a regular file is as it was before.
        """
        if self._path[:1] == inline.MARK:
            pieces: list[bytes] = []
            _call(before)
            fill(pieces.append)
            inline.write(self._path, b"".join(pieces))
            return
        if self._path == STDIO:
            from kmsctl.cli.terminal import write_stdout

            _call(before)
            fill(write_stdout)
            return
        try:
            if self._target is not None:
                if self._makes_parents:
                    make_directories(os.path.dirname(self._target))
                replace(self._target, fill, mode=self._mode, private=self._private, before=before)
            else:
                _call(before)
                self._write_through(fill)
        except BrokenPipeError:
            if self.is_stdout:
                raise
            raise CommandError(f"Unable to write file [{self._path}]: nobody reads it.") from None
        except OSError as error:
            raise self._refusal(error) from None

    def _refusal(self, error: OSError) -> CommandError:
        shown = OSError(error.errno, error.strerror, self._path)
        if error.errno == errno.ENOSPC:
            # A full device is no fault of the name: gcloud shows none.
            shown = OSError(error.errno, error.strerror)
        return CommandError(f"Unable to write file [{self._path}]: {shown}")

    def _look(self) -> os.stat_result | None:
        if self._path == STDIO or self._path[:1] == inline.MARK:
            return None
        if self._descriptor is not None:
            return os.fstat(self._descriptor)
        status = None
        try:
            status = os.stat(self._path)
        except FileNotFoundError:
            if not self._path:
                raise
        if self._path.endswith("/") or (status is not None and stat.S_ISDIR(status.st_mode)):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
        if status is None or stat.S_ISREG(status.st_mode):
            self._target = os.path.realpath(self._path)
            directory = os.path.dirname(self._target)
            _check_directory(_existing(directory) if self._makes_parents else directory)
        if status is not None:
            self._mode = stat.S_IMODE(status.st_mode) & 0o777
            if not _may(self._path, os.W_OK):
                raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        return status

    def _write_through(self, fill: Callable[[Write], object]) -> None:
        descriptor = self._descriptor
        if descriptor is None:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            fill(lambda piece: write_all(descriptor, piece))
        finally:
            if self._descriptor is None:
                os.close(descriptor)


def _descriptor(path: str) -> int | None:
    """Returns the descriptor that a path stands for. Opening the path would start at its file's beginning."""
    if path in _NAMED_DESCRIPTORS:
        return _NAMED_DESCRIPTORS[path]
    for prefix in _DESCRIPTORS:
        number = path.removeprefix(prefix)
        if number != path and number.isascii() and number.isdigit():
            return int(number)
    return None


def _may(path: str, what: int) -> bool:
    return os.access(path, what, effective_ids=os.access in os.supports_effective_ids)


def _check_directory(directory: str) -> None:
    if not stat.S_ISDIR(os.stat(directory).st_mode):
        raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    if os.statvfs(directory).f_flag & os.ST_RDONLY:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))
    if not _may(directory, os.W_OK | os.X_OK):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))


def _existing(directory: str) -> str:
    """Returns the nearest directory above (or itself) that is there."""
    while not os.path.lexists(directory):
        directory = os.path.dirname(directory)
    return directory


def _call(action: Callable[[], None] | None) -> None:
    if action is not None:
        action()
