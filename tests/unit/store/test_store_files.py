from __future__ import annotations

import errno
import os
import stat
import threading
from typing import TYPE_CHECKING

import pytest

from kmsctl.errors import IntegrityError, StoreAccess, StoreBusy, StoreFull
from kmsctl.store import files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:24 / /home rw,relatime shared:2 - nfs4 server:/home rw,vers=4.2
31 30 8:2 / /home/me rw,relatime - xfs /dev/sdb1 rw
32 22 0:30 / /mnt/with\\040space rw master:1 propagate_from:2 - cifs //server/share rw
33 22 0:31 / /mnt/back\\134slash rw - 9p drvfs rw
34 22 0:32 / /mnt/tab\\011and\\012line rw - fuse.sshfs me@server:/ rw
35 22 0:33 / /mnt/over rw - nfs server:/over rw
36 35 8:3 / /mnt/over rw - ext4 /dev/sdc1 rw
garbage
"""


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o777])
def any_umask(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    assert tmp_path.exists()  # under a mask of 0777 nobody but root could use it
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.mark.usefixtures("any_umask")
def test_a_file_is_made_private_whatever_the_umask(tmp_path: Path) -> None:
    files.write_new(str(tmp_path / "file"), b"content")
    assert mode(tmp_path / "file") == 0o600
    assert (tmp_path / "file").read_bytes() == b"content"


@pytest.mark.usefixtures("any_umask")
def test_directories_are_made_private_whatever_the_umask_with_all_above_them(tmp_path: Path) -> None:
    files.make_directory(str(tmp_path / "a" / "b" / "c"))
    assert [mode(tmp_path / part) for part in ("a", "a/b", "a/b/c")] == [0o700] * 3


def test_making_a_directory_again_checks_it(tmp_path: Path) -> None:
    path = tmp_path / "a"
    files.make_directory(str(path))
    files.make_directory(str(path))
    path.chmod(0o750)
    with pytest.raises(StoreAccess, match=r"open to others \(mode 0750, not 0700\)"):
        files.make_directory(str(path))


def test_a_directory_that_another_process_makes_first_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    make = os.mkdir

    def slower(directory: str, permissions: int = 0o777) -> None:
        make(directory, 0o755)
        make(directory, permissions)

    monkeypatch.setattr(os, "mkdir", slower)
    with pytest.raises(StoreAccess, match="open to others"):
        files.make_directory(str(path))


def test_a_directory_is_not_made_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for path in ("file/a", "file/a/b/c"):
        with pytest.raises(StoreAccess):
            files.make_directory(str(tmp_path / path))


def test_an_existing_file_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"before")
    with pytest.raises(StoreAccess, match="Could not create"):
        files.write_new(str(path), b"after")
    assert path.read_bytes() == b"before"


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(StoreAccess):
        files.write_new(str(tmp_path / "link"), b"content")
    assert not (tmp_path / "target").exists()


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    assert files.check_private(str(tmp_path / "a"), directory=False) is None
    assert files.read_private(str(tmp_path / "a")) is None


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o660, 0o601, 0o610, 0o666])
def test_a_file_that_others_may_open_is_refused(tmp_path: Path, bits: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    path.chmod(bits)
    with pytest.raises(StoreAccess, match=f"mode {bits:04o}, not 0600") as caught:
        files.read_private(str(path))
    assert caught.value.hint == f"If nobody has touched it: chmod 0600 {path}"


def test_a_link_a_fifo_and_a_directory_are_no_files(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "file").chmod(0o600)
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "dangling").symlink_to("nothing")
    os.mkfifo(tmp_path / "fifo", 0o600)
    (tmp_path / "directory").mkdir(mode=0o700)
    for name in ("link", "dangling", "fifo", "directory"):
        with pytest.raises(StoreAccess, match="not a plain file"):
            files.check_private(str(tmp_path / name), directory=False)
    (tmp_path / "to-directory").symlink_to("directory")
    for name in ("file", "to-directory"):
        with pytest.raises(StoreAccess, match="not a plain directory"):
            files.check_private(str(tmp_path / name), directory=True)


def test_what_another_user_owns_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"")
    path.chmod(0o600)
    owner = me = os.geteuid()
    if me == 0:
        owner = 12345
        os.chown(path, owner, -1)
    else:
        me += 1
        monkeypatch.setattr(os, "geteuid", lambda: me)
    with pytest.raises(StoreAccess, match=rf"belongs to uid {owner}, not to you \(uid {me}\)"):
        files.check_private(str(path), directory=False)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    files.write_new(str(tmp_path / "file"), bytes(101))
    assert files.read_private(str(tmp_path / "file"), limit=101) == bytes(101)
    with pytest.raises(IntegrityError, match="too large"):
        files.read_private(str(tmp_path / "file"), limit=100)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_has_an_error_of_its_own(code: int) -> None:
    failure = files.os_failure(OSError(code, os.strerror(code)), "write", "/place")
    assert isinstance(failure, StoreFull)
    assert failure.status == "RESOURCE_EXHAUSTED"
    assert failure.message.startswith("Could not write /place: ")


def test_a_write_that_fails_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, data: memoryview) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(StoreFull):
        files.write_new(str(tmp_path / "file"), b"content")


def test_a_short_write_is_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:3]))
    files.write_new(str(tmp_path / "file"), b"0123456789")
    assert (tmp_path / "file").read_bytes() == b"0123456789"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext4"),
        ("/srv/data", "ext4"),
        ("/home", "nfs4"),
        ("/home/you/x", "nfs4"),
        ("/home/me/x", "xfs"),
        ("/home/mean", "nfs4"),
        ("/homework", "ext4"),
        ("/mnt/with space/x", "cifs"),
        ("/mnt/back\\slash/x", "9p"),
        ("/mnt/tab\tand\nline/x", "fuse.sshfs"),
        ("/mnt/over/x", "ext4"),
    ],
)
def test_the_file_system_is_that_of_the_innermost_and_last_mount(path: str, kind: str) -> None:
    assert files.file_system_of(path, MOUNTS) == kind


def test_without_a_list_of_mounts_nothing_is_known() -> None:
    assert files.file_system_of("/srv", "") == ""
    files.check_file_system("/srv", lambda: "")


@pytest.mark.parametrize("kind", sorted(files.NETWORK_FILE_SYSTEMS))
def test_a_network_file_system_is_refused(tmp_path: Path, kind: str) -> None:
    mounts = f"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n23 22 0:9 / {tmp_path} rw - {kind} server rw\n"
    with pytest.raises(StoreAccess, match="lies on a network file system") as caught:
        files.check_file_system(str(tmp_path / "x.db"), lambda: mounts)
    assert caught.value.hint == "Set KMSCTL_HOME to a directory on a local disk."
    files.check_file_system("/elsewhere/x.db", lambda: mounts)


def test_the_file_system_is_that_of_the_place_a_link_leads_to(tmp_path: Path) -> None:
    (tmp_path / "remote").mkdir()
    (tmp_path / "link").symlink_to("remote")
    mounts = f"22 1 8:1 / / rw - ext4 a rw\n23 22 0:9 / {tmp_path}/remote rw - nfs server rw\n"
    with pytest.raises(StoreAccess):
        files.check_file_system(str(tmp_path / "link" / "x.db"), lambda: mounts)


def test_one_at_a_time_works_in_a_directory(tmp_path: Path) -> None:
    from fcntl import LOCK_EX, LOCK_NB, flock

    descriptor = os.open(tmp_path, os.O_RDONLY)
    with files.DirectoryLock(str(tmp_path)), pytest.raises(BlockingIOError):
        flock(descriptor, LOCK_EX | LOCK_NB)
    flock(descriptor, LOCK_EX | LOCK_NB)
    os.close(descriptor)


def test_nobody_waits_for_a_directory_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LOCK_WAIT", 0.05)
    with files.DirectoryLock(str(tmp_path)):
        with pytest.raises(StoreBusy, match="Another process works in ") as caught:
            files.DirectoryLock(str(tmp_path)).__enter__()
        assert caught.value.hint is not None
    with files.DirectoryLock(str(tmp_path)):
        pass


def test_a_directory_that_is_let_go_of_is_had_soon(tmp_path: Path) -> None:
    first, waiting = files.DirectoryLock(str(tmp_path)), threading.Event()

    def wait() -> None:
        waiting.set()
        with files.DirectoryLock(str(tmp_path)):
            had.append(True)

    had: list[bool] = []
    thread = threading.Thread(target=wait)
    with first:
        thread.start()
        assert waiting.wait(10)
        assert not had
    thread.join(10)
    assert had


def test_a_directory_that_is_not_there_cannot_be_locked(tmp_path: Path) -> None:
    with pytest.raises(StoreAccess), files.DirectoryLock(str(tmp_path / "a")):
        pass


def test_databases_are_seen_in_both_directories(tmp_path: Path) -> None:
    assert not files.has_databases(str(tmp_path / "nothing"))
    (tmp_path / "locations").mkdir()
    (tmp_path / "notes").write_bytes(b"")
    assert not files.has_databases(str(tmp_path))
    (tmp_path / "locations" / "us-east1.db").write_bytes(b"")
    assert files.has_databases(str(tmp_path))
    with pytest.raises(StoreAccess):
        files.has_databases(str(tmp_path / "notes"))
