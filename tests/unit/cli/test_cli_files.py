from __future__ import annotations

import io
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from kmsctl.cli.failures import CommandError
from kmsctl.cli.files import Inputs, Output, check_one_standard_input

NOBODY = 65534


def read(path: Path | str, limit: int = 10) -> bytes:
    return Inputs().read("--plaintext-file", str(path), "plaintext", limit)


def output(path: Path | str, *, private: bool = False, inputs: Inputs | None = None) -> Output:
    return Output("--ciphertext-file", str(path), private=private, inputs=inputs or Inputs())


def refused(path: Path | str, inputs: Inputs | None = None) -> str:
    with pytest.raises(CommandError) as caught:
        output(path, inputs=inputs)
    return caught.value.message


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def umask() -> object:
    before = os.umask(0o027)
    yield before
    os.umask(before)


def test_a_file_of_the_greatest_size_is_read(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"0123456789")
    assert read(file) == b"0123456789"


def test_a_larger_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "big.bin"
    file.write_bytes(b"0123456789a")
    with pytest.raises(CommandError) as caught:
        read(file)
    assert caught.value.message == f"The file [{file}] is larger than the maximum size of 10 bytes."


def test_an_endless_file_is_refused() -> None:
    with pytest.raises(CommandError, match="larger than the maximum"):
        read("/dev/zero")


def test_a_missing_file_is_named_as_gcloud_does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandError) as caught:
        read("nope.txt")
    assert caught.value.message == (
        "Failed to read plaintext file [nope.txt]: Unable to read file [nope.txt]: "
        "[Errno 2] No such file or directory: 'nope.txt'"
    )


def test_a_directory_is_no_input(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"\[Errno 21\] Is a directory"):
        read(tmp_path)


def test_standard_input_that_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(CommandError, match=r"Unable to read file \[-\]: \[Errno 9\] Bad file descriptor"):
        read("-")


@pytest.mark.parametrize("second", ["-", "/dev/stdin", "/dev/fd/0"])
def test_two_inputs_cannot_be_standard_input(second: str) -> None:
    with pytest.raises(CommandError) as caught:
        check_one_standard_input("--plaintext-file", "-", "--additional-authenticated-data-file", second)
    assert caught.value.message == (
        "Invalid value for [--plaintext-file]: --plaintext-file and --additional-authenticated-data-file "
        "cannot both read from stdin."
    )
    check_one_standard_input("--plaintext-file", "-", "--additional-authenticated-data-file", "f")
    check_one_standard_input("--plaintext-file", "-", "--additional-authenticated-data-file", None)


def test_a_new_file_follows_the_umask(umask: object, tmp_path: Path) -> None:
    file = tmp_path / "out"
    output(file).write(b"data")
    assert file.read_bytes() == b"data"
    assert mode(file) == 0o640


def test_a_private_file_is_its_owner_s(umask: object, tmp_path: Path) -> None:
    file = tmp_path / "out"
    output(file, private=True).write(b"data")
    assert mode(file) == 0o600
    file.chmod(0o644)
    output(file, private=True).write(b"other")
    assert file.read_bytes() == b"other"
    assert mode(file) == 0o600


def test_a_replaced_file_keeps_its_mode(umask: object, tmp_path: Path) -> None:
    file = tmp_path / "out"
    file.write_bytes(b"old")
    file.chmod(0o604)
    output(file).write(b"new")
    assert file.read_bytes() == b"new"
    assert mode(file) == 0o604


def test_nothing_is_touched_before_the_data_is_there(tmp_path: Path) -> None:
    output(tmp_path / "new")
    old = tmp_path / "old"
    old.write_bytes(b"old")
    output(old)
    assert old.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["old"]


def test_the_target_of_a_link_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    target = tmp_path / "there" / "target"
    link = tmp_path / "link"
    link.symlink_to(target)
    output(link).write(b"first")
    output(link).write(b"second")
    assert link.is_symlink()
    assert target.read_bytes() == b"second"
    assert [each.name for each in target.parent.iterdir()] == ["target"]


def test_readers_of_the_old_file_keep_it(tmp_path: Path) -> None:
    file = tmp_path / "out"
    file.write_bytes(b"old")
    with file.open("rb") as reader:
        output(file).write(b"new")
        assert reader.read() == b"old"


def test_parents_are_not_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert refused("no/c.out") == (
        "Unable to write file [no/c.out]: [Errno 2] No such file or directory: 'no/c.out'"
    )
    assert not list(tmp_path.iterdir())


def test_an_empty_name(tmp_path: Path) -> None:
    assert refused("") == "Unable to write file []: [Errno 2] No such file or directory: ''"


def test_a_directory_is_no_output(tmp_path: Path) -> None:
    assert refused(tmp_path) == f"Unable to write file [{tmp_path}]: [Errno 21] Is a directory: '{tmp_path}'"
    assert "Is a directory" in refused(f"{tmp_path}/new/")


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    assert "[Errno 20] Not a directory" in refused(f"{tmp_path}/f/out")


def test_a_loop_of_links(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert "[Errno 40]" in refused(tmp_path / "a")


@pytest.fixture
def stranger() -> Iterator[Path]:
    """A directory that all may look into, for somebody who is not root."""
    with TemporaryDirectory() as place:
        directory = Path(place)
        directory.chmod(0o755)
        if os.geteuid() != 0:
            yield directory
            return
        os.chown(directory, NOBODY, NOBODY)
        os.seteuid(NOBODY)
        yield directory
        os.seteuid(0)


def test_what_may_not_be_written_is_known_before(stranger: Path) -> None:
    closed = stranger / "closed"
    closed.mkdir(0o500)
    assert "[Errno 13] Permission denied" in refused(closed / "new")
    file = stranger / "file"
    file.touch(0o400)
    assert "[Errno 13] Permission denied" in refused(file)


def test_a_read_only_file_system_is_known_before() -> None:
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    closed = [each for each in mounts if os.path.isdir(each) and os.statvfs(each).f_flag & os.ST_RDONLY]
    if not closed:
        pytest.skip("nothing here is mounted read-only")
    assert "[Errno 30] Read-only file system" in refused(f"{closed[0]}/new")


def test_a_full_device() -> None:
    with pytest.raises(CommandError) as caught:
        output("/dev/full").write(b"data")
    assert caught.value.message == "Unable to write file [/dev/full]: [Errno 28] No space left on device"


def test_a_device_is_written_and_stays() -> None:
    output("/dev/null", private=True).write(b"data")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_fifo_is_written_and_stays(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    read_data: list[bytes] = []
    reader = threading.Thread(target=lambda: read_data.append(fifo.read_bytes()))
    reader.start()
    output(fifo).write(b"data")
    reader.join()
    assert read_data == [b"data"]
    assert stat.S_ISFIFO(fifo.stat().st_mode)


@pytest.mark.parametrize("prefix", ["/dev/fd/", "/proc/self/fd/"])
def test_a_descriptor_is_written_where_it_stands(tmp_path: Path, prefix: str) -> None:
    file = tmp_path / "log"
    file.write_bytes(b"before ")
    with file.open("ab") as log:
        output(f"{prefix}{log.fileno()}").write(b"after")
    assert file.read_bytes() == b"before after"


def test_a_closed_descriptor() -> None:
    assert "[Errno 9] Bad file descriptor: '/dev/fd/999'" in refused("/dev/fd/999")


def test_standard_output(monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(buffer))
    target = output("-")
    assert target.is_stdout
    target.write(b"\x00\xffdata")
    assert buffer.getvalue() == b"\x00\xffdata"


@pytest.mark.parametrize("kind", ["same", "link", "hard", "dotted"])
def test_an_output_is_no_input(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"data")
    other = {"same": file, "link": tmp_path / "link", "hard": tmp_path / "hard"}.get(kind, f"{tmp_path}/./f")
    if kind == "link":
        (tmp_path / "link").symlink_to(file)
    if kind == "hard":
        (tmp_path / "hard").hardlink_to(file)
    inputs = Inputs()
    inputs.read("--plaintext-file", str(file), "plaintext", 10)
    assert refused(other, inputs) == (
        "Invalid value for [--ciphertext-file]: --ciphertext-file and --plaintext-file are the same file."
    )
    assert file.read_bytes() == b"data"


def test_a_device_may_be_both_input_and_output() -> None:
    inputs = Inputs()
    assert inputs.read("--plaintext-file", "/dev/null", "plaintext", 10) == b""
    output("/dev/null", inputs=inputs).write(b"data")


def test_a_failed_write_leaves_what_was_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "out"
    file.write_bytes(b"old")
    target = output(file)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CommandError, match=r"\[Errno 28\] No space left on device"):
        target.write(b"new")
    assert file.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


STOPPED = """
import os, sys
from kmsctl.cli import files
def stop(descriptor):
    print(*os.listdir(), flush=True)
    sys.stdin.readline()
os.fsync = stop
files.Output("--f", "out", private=True, inputs=files.Inputs()).write(b"new")
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_removes_the_temporary_file(tmp_path: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STOPPED],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b".kmsctl-")
        process.send_signal(number)
        assert process.wait() == -number
    assert not list(tmp_path.iterdir())


def test_a_write_outside_the_main_thread(tmp_path: Path) -> None:
    writer = threading.Thread(target=output(tmp_path / "out").write, args=(b"data",))
    writer.start()
    writer.join()
    assert (tmp_path / "out").read_bytes() == b"data"
