"""Passphrases at a terminal, from files and descriptors; what is said of protectors and rotation."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pexpect
import pytest

from kmsctl.cli.main import main
from kmsctl.keystore import stretching

if TYPE_CHECKING:
    from pathlib import Path

WORD = "correct horse battery"
ENVIRONMENT = {
    name: value for name, value in os.environ.items() if not name.startswith(("KMSCTL_", "PYTEST_", "COV_"))
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KMSCTL_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(stretching, "COST", {"iterations": 1, "lanes": 1, "memoryKib": 1 << 13})
    monkeypatch.chdir(tmp_path)
    assert main(["keyrings", "create", "r", "--location=us"]) == 0
    return tmp_path / "home"


def spawn(home: Path, *args: str) -> Any:
    environment = {**ENVIRONMENT, "KMSCTL_HOME": str(home)}
    return pexpect.spawn(
        sys.executable, ["-m", "kmsctl", *args], env=environment, encoding="utf-8", timeout=20
    )


def ended(child: Any) -> tuple[int, str]:
    child.expect(pexpect.EOF)
    said = str(child.before)
    child.close()
    return child.exitstatus, said


ADD = ("store", "protectors", "add", "--type=passphrase")


def test_a_new_passphrase_is_asked_for_twice_and_not_shown(home: Path) -> None:
    child = spawn(home, *ADD)
    for question in ("New passphrase: ", "The same again: "):
        child.expect_exact(question)
        child.sendline(WORD)
    status, said = ended(child)
    assert status == 0
    assert "Added protector 1 (passphrase)" in said
    assert WORD not in said


def test_two_that_differ_are_refused(home: Path) -> None:
    child = spawn(home, *ADD)
    child.expect_exact("New passphrase: ")
    child.sendline(WORD)
    child.expect_exact("The same again: ")
    child.sendline(WORD + "x")
    status, said = ended(child)
    assert status == 1
    assert "The two passphrases are not the same." in said


def test_a_command_asks_where_it_can_and_removal_asks_too(home: Path, tmp_path: Path) -> None:
    (tmp_path / "word").write_text(WORD)
    assert main([*ADD, f"--passphrase-file={tmp_path / 'word'}"]) == 0
    child = spawn(home, "store", "protectors", "remove", "0")
    child.expect_exact("continue (y/N)?")
    child.sendline("n")
    assert ended(child)[0] == 1
    child = spawn(home, "store", "protectors", "remove", "0")
    child.expect_exact("continue (y/N)?")
    child.sendline("y")
    status, said = ended(child)
    assert status == 0
    assert "This revokes nothing" in said
    assert "kmsctl store rotate-root-key" in said
    for word, expected in ((WORD, 0), ("wrong", 1), ("", 1)):
        child = spawn(home, "keyrings", "list", "--location=us")
        child.expect_exact("Passphrase of protector 1: ")
        child.sendline(word)
        status, said = ended(child)
        assert status == expected
        assert not word or word not in said.replace("locations/us", "").replace("what was given", "")
    assert ended(spawn(home, "keyrings", "list", "--location=us", "--quiet"))[0] == 1


def test_a_passphrase_comes_from_a_descriptor(home: Path) -> None:
    read, write = os.pipe()
    os.write(write, WORD.encode() + b"\n")
    os.close(write)
    assert main([*ADD, f"--passphrase-fd={read}"]) == 0
    os.close(read)
    assert main(["store", "protectors", "remove", "0", "--quiet"]) == 0
    read, write = os.pipe()
    os.write(write, WORD.encode())
    os.close(write)
    assert main(["store", "rotate-root-key", f"--passphrase-fd={read}"]) == 0
    os.close(read)
    environment = {**ENVIRONMENT, "KMSCTL_HOME": str(home), "KMSCTL_STORE_PASSPHRASE_FILE": "-"}
    done = subprocess.run(
        [sys.executable, "-m", "kmsctl", "keyrings", "list", "--location=us"],
        input=WORD.encode(),
        env=environment,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--passphrase-file=missing"], "Failed to read passphrase file [missing]"),
        (["--passphrase-file=empty"], "The passphrase that was given is empty."),
        (["--passphrase-file=long"], "larger than the maximum size"),
        (["--passphrase-fd=99"], "Unable to read descriptor [99]"),
        (["--passphrase-file=short"], "A passphrase has 8 to 1024 bytes."),
        (["--shares=3"], "[--shares]: it goes with --type=shares, not passphrase"),
        (["--command=cat"], "[--command]: it goes with --type=command, not passphrase"),
        (["--type=command", "--command='cat"], "Invalid value for [--command]: No closing quotation"),
        (["--type=command"], "needs a command"),
        (["--type=command", "--command="], "needs a command"),
        (["--type=command", "--command=/no/such/program"], "There is no program"),
        (["--type=shares", "--shares-directory=."], "--threshold is at least 2"),
    ],
)
def test_what_is_wrong_is_named(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], given: list[str], message: str
) -> None:
    (tmp_path / "empty").write_bytes(b"\n")
    (tmp_path / "short").write_bytes(b"short\n")
    (tmp_path / "long").write_bytes(bytes(5000))
    held = {path.name: path.read_bytes() for path in (home / "config" / "store").iterdir()}
    assert main([*ADD, *given]) == 1
    assert message in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in (home / "config" / "store").iterdir()} == held


def test_a_passphrase_file_that_others_may_read_is_warned_of(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "word").write_text(WORD)
    (tmp_path / "word").chmod(0o644)
    assert main([*ADD, "--passphrase-file=word"]) == 0
    assert "WARNING: Others may read the passphrase: chmod 0600 word" in capsys.readouterr().err


def test_shares_are_written_for_their_owner_alone(home: Path, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        add = ["store", "protectors", "add", "--type=shares", "--shares=3", "--threshold=2"]
        assert main([*add, "--shares-directory=out"]) == 0
        assert main([*add, "--shares-directory=out"]) == 1  # none is written over another
    finally:
        os.umask(before)
    files = sorted((tmp_path / "out").iterdir())
    assert [file.name for file in files] == ["share-1", "share-2", "share-3"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o700


def test_protectors_as_json(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["store", "protectors", "list", "--format=json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    path = str(home / "config" / "store" / "root-key")
    assert found == {"protector": 0, "type": "file", "detail": path}
