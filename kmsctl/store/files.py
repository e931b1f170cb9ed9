"""Files and directories of the store: who may own them, how they are made, where they may lie."""

from __future__ import annotations

import os
import stat

from kmsctl.errors import IntegrityError, StoreAccess, StoreBusy, StoreError, StoreFull

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

#: How long is waited for the lock of a directory, and between two looks at it, in seconds.
LOCK_WAIT = 60.0
_LOCK_PAUSE = 0.01
#: File systems on which SQLite's WAL cannot work: its shared memory is per machine.
NETWORK_FILE_SYSTEMS = frozenset(
    (
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "coda",
        "davfs",
        "fuse.blobfuse2",
        "fuse.cephfs",
        "fuse.davfs2",
        "fuse.gcsfuse",
        "fuse.glusterfs",
        "fuse.goofys",
        "fuse.juicefs",
        "fuse.rclone",
        "fuse.s3fs",
        "fuse.sshfs",
        "fuse.vmhgfs-fuse",
        "gfs",
        "gfs2",
        "glusterfs",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "ocfs2",
        "smb3",
        "smbfs",
        "vboxsf",
        "virtiofs",
    )
)
#: How proc(5) writes the characters that would end a field; the backslash last, for it is in the others.
_ESCAPES = (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\"))
_FULL = frozenset({27, 28, 122})  # EFBIG (a limit on file sizes), ENOSPC, EDQUOT


def os_failure(error: OSError, doing: str, path: str) -> StoreError:
    """Turns an OSError into the store's own error; `doing` is a verb such as ``write``."""
    if error.errno in _FULL:
        return StoreFull(
            f"Could not {doing} {path}: {error.strerror}.", hint="Free some space and try again."
        )
    return StoreAccess(f"Could not {doing} {path}: {error.strerror}.")


def check_private(path: str, *, directory: bool) -> os.stat_result | None:
    """Refuses a path that others own, may read, or that is a link. Returns None if nothing is there."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise os_failure(error, "look at", path) from None
    kind = "directory" if directory else "file"
    fits = stat.S_ISDIR(status.st_mode) if directory else stat.S_ISREG(status.st_mode)
    if not fits:
        raise StoreAccess(
            f"{path} is not a plain {kind} (links are not followed).",
            hint="Name the real place with KMSCTL_HOME.",
        )
    if status.st_uid != os.geteuid():
        raise StoreAccess(
            f"{path} belongs to uid {status.st_uid}, not to you (uid {os.geteuid()}).",
            hint="Use a store of your own: set KMSCTL_HOME, or run as its owner.",
        )
    if status.st_mode & 0o077:
        mode, want = stat.S_IMODE(status.st_mode), "0700" if directory else "0600"
        raise StoreAccess(
            f"{path} is open to others (mode {mode:04o}, not {want}).",
            hint=f"If nobody has touched it: chmod {want} {path}",
        )
    return status


def make_directory(path: str) -> None:
    """Makes a directory of mode 0700, with its parents, and checks it if it is there already."""
    if check_private(path, directory=True) is not None:
        return
    parent = os.path.dirname(path)
    if parent and not os.path.isdir(parent):
        _make_parents(parent)
    try:
        os.mkdir(path, 0o700)
        os.chmod(path, 0o700)
        sync_directory(parent)
    except FileExistsError:
        check_private(path, directory=True)
    except OSError as error:
        raise os_failure(error, "create", path) from None


def _make_parents(path: str) -> None:
    """Makes the directories above, each of mode 0700: `os.makedirs` leaves all but the last to the umask."""
    missing = []
    while path and not os.path.isdir(path):
        missing.append(path)
        path = os.path.dirname(path)
    for directory in reversed(missing):
        try:
            os.mkdir(directory, 0o700)
            os.chmod(directory, 0o700)
        except FileExistsError:
            continue  # another process was faster
        except OSError as error:
            raise os_failure(error, "create", directory) from None


def has_databases(directory: str) -> bool:
    """Tells whether there are databases in a data directory."""
    for place in (directory, os.path.join(directory, "locations")):
        try:
            if any(file.endswith(".db") for file in os.listdir(place)):
                return True
        except FileNotFoundError:
            continue
        except OSError as error:
            raise os_failure(error, "read", place) from None
    return False


def sync_directory(path: str) -> None:
    descriptor = os.open(path or ".", os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class DirectoryLock:
    """A context manager: one process at a time makes or clears away files in a directory.

    The kernel ends the lock with the process, so what lies there half made while the lock is held
    by the caller was left by a crash. Nobody waits for it without end: whoever holds it may be asking a
    person who has gone home.
    """

    __slots__ = ("_descriptor", "_path", "_shared", "_wait")

    def __init__(self, path: str, *, wait: bool = True, shared: bool = False) -> None:
        """Prepares the lock.

        Args:
            path: of the directory.
            wait: whether to wait for another process that holds it, for `LOCK_WAIT` seconds at most.
            shared: whether only those are kept out who hold it without others.
        """
        self._path = path
        self._wait = wait
        self._shared = shared

    def __enter__(self) -> None:
        """Takes the lock.

        Raises:
            StoreBusy: if another process holds it, and goes on doing so for as long as this one waits.
        """
        try:
            self._descriptor = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            if self._take() or (self._wait and self._take_later()):
                return
        except OSError as error:
            raise os_failure(error, "lock", self._path) from None
        os.close(self._descriptor)
        raise StoreBusy(
            f"Another process works in {self._path}.",
            hint="It may be waiting for an answer in another terminal. Try again later.",
        )

    def _take(self) -> bool:
        from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock

        try:
            flock(self._descriptor, (LOCK_SH if self._shared else LOCK_EX) | LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _take_later(self) -> bool:
        from time import monotonic, sleep

        end = monotonic() + LOCK_WAIT
        while monotonic() < end:
            sleep(_LOCK_PAUSE)
            if self._take():
                return True
        return False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)


def write_new(path: str, content: bytes) -> None:
    """Writes a file that must not exist yet, mode 0600, synced."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise os_failure(error, "create", path) from None
    try:
        os.fchmod(descriptor, 0o600)
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    except OSError as error:
        raise os_failure(error, "write", path) from None
    finally:
        os.close(descriptor)


def read_private(path: str, limit: int = 1 << 20) -> bytes | None:
    """Reads a private file whole. Returns None if it is not there."""
    if check_private(path, directory=False) is None:
        return None
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            content = os.read(descriptor, limit + 1)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise os_failure(error, "read", path) from None
    if len(content) > limit:
        raise IntegrityError(f"{path} is too large to be what it should be.")
    return content


def _read_mounts() -> str:
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as mounts:
            return mounts.read()
    except OSError:
        return ""


def file_system_of(path: str, mounts: str) -> str:
    """Returns the type of the file system that holds `path`, from the text of mountinfo (proc(5))."""
    best, kind = "", ""
    for line in mounts.split("\n"):
        fields = line.split(" ")
        if len(fields) < 7 or "-" not in fields:
            continue
        point = fields[4]
        for code, character in _ESCAPES:
            point = point.replace(code, character)
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, fields[fields.index("-") + 1]
    return kind


def check_file_system(path: str, read_mounts: Callable[[], str] = _read_mounts) -> None:
    """Refuses a network file system, on which the store would be damaged sooner or later."""
    kind = file_system_of(os.path.realpath(path), read_mounts())
    if kind in NETWORK_FILE_SYSTEMS:
        raise StoreAccess(
            f"{path} lies on a network file system ({kind}), where the store cannot be kept safely.",
            hint="Set KMSCTL_HOME to a directory on a local disk.",
        )
