"""Where PINs come from."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from kmsctl.crypto.pkcs11 import pins
from kmsctl.errors import TokenPinError


def _write(path: Path, data: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(data)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("data", [b"1234", b"1234\n", b"1234\r\n", b"1234\nsecond line\n"])
def test_the_first_line_of_a_file(tmp_path: Path, data: bytes) -> None:
    path = _write(tmp_path / "pin", data)
    for source in (f"file:{path}", f"file://{path}", f"file://localhost{path}", str(path)):
        assert pins.read(source) == b"1234"


def test_blanks_belong_to_the_pin(tmp_path: Path) -> None:
    assert pins.read(str(_write(tmp_path / "pin", b" 12 34 \n"))) == b" 12 34 "


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o644])
def test_files_that_others_can_read_or_write_are_refused(tmp_path: Path, mode: int) -> None:
    path = _write(tmp_path / "pin", b"1234", mode)
    with pytest.raises(TokenPinError, match=f"others can read or write it .*{mode:04o}") as caught:
        pins.read(f"file:{path}")
    assert caught.value.hint == f"chmod 0400 {path}"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("pin", "none of file:/PATH"),
        ("file:pin", "none of file:/PATH"),
        ("file://host/pin", "none of file:/PATH"),
        ("http://host/pin", "none of file:/PATH"),
        ("/there/is/no/pin", "No such file"),
        ("/dev/null", "not a regular file"),
        ("/tmp", "not a regular file"),
        ("fd:", "names no descriptor"),
        ("fd:three", "names no descriptor"),
        ("fd:-1", "names no descriptor"),
        ("fd:987654", "is the descriptor open"),
        ("fd:99999999999999999999", "is the descriptor open"),
        ("|", "absolute path of a program"),
        ("|echo 1234", "absolute path of a program"),
        ("|/bin/'sh", "absolute path of a program"),
        ("|/there/is/no/program", "does not run: No such file"),
        ("|/bin/false", "failed with exit status 1"),
        ("|/bin/true", "its first line is empty"),
    ],
)
def test_what_is_refused(source: str, why: str) -> None:
    with pytest.raises(TokenPinError, match=why):
        pins.read(source)


def test_empty_and_endless_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TokenPinError, match="first line is empty"):
        pins.read(str(_write(tmp_path / "empty", b"\n1234\n")))
    with pytest.raises(TokenPinError, match="longer than 4096 bytes"):
        pins.read(str(_write(tmp_path / "long", b"7" * 5000)))


def test_a_descriptor_is_read_up_to_the_end_of_the_line() -> None:
    reader, writer = os.pipe()
    try:
        os.write(writer, b"1234\n")
        assert pins.read(f"fd:{reader}") == b"1234"
        os.write(writer, b"5678")
        os.close(writer)
        assert pins.read(f"fd:{reader}") == b"5678"
    finally:
        os.close(reader)


def test_a_command_runs_without_a_shell(tmp_path: Path) -> None:
    program = tmp_path / "ask"
    program.write_text(f"#!{sys.executable}\nimport sys\nprint(sys.argv[1:], sys.stdin.read())\n")
    program.chmod(0o755)
    assert pins.read(f"|{program} 'a b' ; $HOME") == b"['a b', ';', '$HOME'] "


def test_what_was_read_is_in_no_message(tmp_path: Path) -> None:
    for source in (
        str(_write(tmp_path / "open", b"TOPSECRET", 0o644)),
        str(_write(tmp_path / "long", b"TOPSECRET" * 1000)),
    ):
        with pytest.raises(TokenPinError) as caught:
            pins.read(source)
        assert "TOPSECRET" not in f"{caught.value}{caught.value.hint}"
