"""Results that need directories, results that come in pairs, and inputs of any size."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kmsctl.cli.failures import CommandError
from kmsctl.cli.files import Inputs, Output

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def result(path: str, *, makes_parents: bool = False, private: bool = False) -> Output:
    return Output("--out", path, private=private, inputs=Inputs(), makes_parents=makes_parents)


def mode(path: str) -> int:
    return os.stat(path).st_mode & 0o777


# Directories


@pytest.mark.parametrize("umask", [0, 0o022, 0o077])
def test_directories_are_made_for_their_owner_alone(umask: int) -> None:
    before = os.umask(umask)
    try:
        target = result("a/b/c/file", makes_parents=True, private=True)
        assert not Path("a").exists(), "nothing is made before there is something to write"
        target.write(b"data")
    finally:
        os.umask(before)
    assert Path("a/b/c/file").read_bytes() == b"data"
    assert [mode(path) for path in ("a", "a/b", "a/b/c", "a/b/c/file")] == [0o700, 0o700, 0o700, 0o600]


def test_directories_that_are_there_stay_as_they_are() -> None:
    Path("a").mkdir(mode=0o755)
    result("a/b/file", makes_parents=True).write(b"data")
    assert (mode("a"), mode("a/b")) == (0o755, 0o700)


def test_a_directory_that_somebody_makes_meanwhile() -> None:
    target = result("a/b/file", makes_parents=True)
    Path("a/b").mkdir(parents=True)
    target.write(b"data")
    assert Path("a/b/file").read_bytes() == b"data"


def test_directories_are_made_where_a_link_points() -> None:
    Path("real").mkdir()
    Path("link").symlink_to("real")
    result("link/new/file", makes_parents=True).write(b"data")
    assert Path("real/new/file").read_bytes() == b"data"


@pytest.mark.parametrize("path", ["file/below", "dangling/below", "dangling/far/below"])
def test_what_is_in_the_way_of_directories(path: str) -> None:
    Path("file").write_bytes(b"")
    Path("dangling").symlink_to("/proc/self/nowhere/at/all")
    with pytest.raises(CommandError, match=rf"^Unable to write file \[{path}\]: "):
        result(path, makes_parents=True).write(b"data")
    assert sorted(os.listdir()) == ["dangling", "file"]


def test_without_leave_no_directory_is_made() -> None:
    with pytest.raises(CommandError, match="No such file or directory"):
        result("a/file")


# Pairs


def test_a_companion_is_written_just_before(place: Path) -> None:
    seen: list[tuple[bytes, bool]] = []
    Path("file").write_bytes(b"old")

    def companion() -> None:
        temporary = [name for name in os.listdir() if name.endswith(".tmp")]
        seen.append((Path("file").read_bytes(), len(temporary) == 1))

    result("file").write(b"new", before=companion)
    assert seen == [(b"old", True)], "all but in its place"
    assert Path("file").read_bytes() == b"new"


def fails_with(error: Exception) -> Callable[[], None]:
    def companion() -> None:
        raise error

    return companion


@pytest.mark.parametrize("error", [CommandError("no"), OSError(28, "No space left on device")])
def test_if_the_companion_fails_the_file_is_as_it_was(error: Exception) -> None:
    Path("file").write_bytes(b"old")
    with pytest.raises(CommandError):
        result("file").write(b"new", before=fails_with(error))
    assert Path("file").read_bytes() == b"old"
    assert os.listdir() == ["file"]


def test_if_the_companion_fails_nothing_is_printed(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    for path in ("-", "/dev/stdout"):
        with pytest.raises(CommandError):
            result(path).write(b"new", before=fails_with(CommandError("no")))
    assert capfdbinary.readouterr().out == b""


def test_a_file_that_cannot_be_filled_leaves_the_companion_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[int] = []

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    target = result("file")
    monkeypatch.setattr(os, "write", full)
    with pytest.raises(CommandError, match="No space left"):
        target.write(b"new", before=lambda: called.append(1))
    assert not called


def test_what_goes_to_one_place() -> None:
    Path("file").write_bytes(b"")
    Path("link").symlink_to("file")
    same = [
        ("file", "./file"),
        ("file", "link"),
        ("new", "new"),
        ("-", "-"),
        ("-", "/dev/stdout"),
        ("/dev/fd/1", "/dev/stdout"),
        ("/dev/null", "/dev/null"),
    ]
    other = [("file", "new"), ("file", "-"), ("-", "/dev/null"), ("/dev/null", "file")]
    assert all(result(one).is_same(two) for one, two in ((a, result(b)) for a, b in same))
    assert not any(result(one).is_same(result(two)) for one, two in other)
    assert [result(path).is_regular for path in ("file", "new", "link", "-", "/dev/null")] == [
        *(True, True, True),
        *(False, False),
    ]


# Inputs of any size


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (1 << 20) + 1, 3_000_000])
def test_every_byte_is_fed_once(size: int) -> None:
    data = os.urandom(size)
    Path("in").write_bytes(data)
    pieces: list[bytes] = []
    Inputs().feed("--in", "in", "input", pieces.append)
    assert b"".join(pieces) == data
    assert all(0 < len(piece) <= 1 << 20 for piece in pieces)


def test_what_was_fed_is_not_overwritten() -> None:
    Path("in").write_bytes(b"data")
    inputs = Inputs()
    inputs.feed("--in", "in", "input", lambda piece: None)
    with pytest.raises(CommandError, match="--out and --in are the same file"):
        Output("--out", "in", private=False, inputs=inputs)


@pytest.mark.parametrize("path", ["nope", "."])
def test_what_cannot_be_fed(path: str) -> None:
    with pytest.raises(CommandError, match=rf"^Failed to read input file \[{path}\]: Unable to read file"):
        Inputs().feed("--in", path, "input", lambda piece: None)
