"""The commands about backups: files, passphrases, questions."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kmsctl.cli import terminal
from kmsctl.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

WHY = "--justification=a drill"
RETURN = "--destroyed-may-return"


@pytest.fixture(autouse=True)
def _store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KMSCTL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KMSCTL_CORE_ACCOUNT", "me@here")
    monkeypatch.chdir(tmp_path)
    assert main(["keyrings", "create", "r", "--location=us"]) == 0


def run(*args: str, status: int = 0) -> None:
    assert main(["store", *args]) == status, args


def answers(monkeypatch: pytest.MonkeyPatch, *given: str) -> None:
    left = list(given)

    def answer(text: str, *, otherwise: str) -> str:
        assert "--passphrase-fd" in otherwise
        assert "assphrase" in text or "again" in text
        return left.pop(0)

    monkeypatch.setattr(terminal, "ask_secret", answer)


def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KMSCTL_HOME", str(tmp_path / "elsewhere"))


def test_a_directory_gets_a_file_that_is_named_for_the_time(tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    run("backup", "create", "backups")
    (made,) = (tmp_path / "backups").iterdir()
    assert made.name.startswith("kmsctl-20")
    assert made.name.endswith("Z.backup")
    assert made.stat().st_mode & 0o777 == 0o600


def test_a_passphrase_is_asked_for_twice_and_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, "one", "two")
    run("backup", "create", "b", "--include-root-key", status=1)
    assert not (tmp_path / "b").exists()
    answers(monkeypatch, "", "")
    run("backup", "create", "b", "--include-root-key", status=1)
    answers(monkeypatch, "one", "one")
    run("backup", "create", "b", "--include-root-key")
    elsewhere(tmp_path, monkeypatch)
    answers(monkeypatch, "two")
    run("backup", "restore", "b", WHY, "--quiet", status=1)
    answers(monkeypatch, "one")
    run("backup", "restore", "b", WHY, "--quiet", RETURN)
    assert main(["keyrings", "describe", "r", "--location=us"]) == 0


def test_a_pipe_is_not_read_to_see_what_to_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers(monkeypatch, "one", "one")
    run("backup", "create", "b", "--include-root-key")
    elsewhere(tmp_path, monkeypatch)
    read, write = os.pipe()
    os.write(write, (tmp_path / "b").read_bytes())
    os.close(write)
    capsys.readouterr()
    run("backup", "restore", f"/dev/fd/{read}", WHY, status=1)
    assert "is sealed with a passphrase.\nGive it with --passphrase-file" in capsys.readouterr().err
    os.close(read)


def test_a_passphrase_from_a_descriptor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def descriptor(content: bytes) -> str:
        read, write = os.pipe()
        os.write(write, content)
        os.close(write)
        return f"--passphrase-fd={read}"

    run("backup", "create", "b", "--include-root-key", descriptor(b"one\n"))
    elsewhere(tmp_path, monkeypatch)
    run("backup", "restore", "b", WHY, "--quiet", descriptor(b"two\n"), status=1)
    run("backup", "verify", "b", descriptor(b"one\r\n"))
    run("backup", "restore", "b", WHY, "--quiet", RETURN, descriptor(b"one"))
    run("backup", "restore", "b", WHY, "--quiet", "--passphrase-fd=999", status=1)


def test_a_dry_run_where_there_is_no_store_installs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run("backup", "create", "b")
    key = f"--root-key-file={tmp_path}/home/config/store/root-key"
    elsewhere(tmp_path, monkeypatch)
    run("backup", "restore", "b", WHY, key, "--dry-run", "--format=value(resource)")
    assert capsys.readouterr().out == "projects/local\nprojects/local/locations/us/keyRings/r\n"
    run("backup", "restore", "b", WHY, key, status=1)  # nobody can be asked
    capsys.readouterr()
    run("backup", "restore", "b", WHY, key, "--quiet", status=1)
    assert "or accept that with --destroyed-may-return" in capsys.readouterr().err
    assert not (tmp_path / "elsewhere" / "config").exists()
    assert not list((tmp_path / "elsewhere").rglob("*.db"))


def test_through_pipes(tmp_path: Path) -> None:
    def kmsctl(*args: str, given: bytes = b"") -> bytes:
        command = [sys.executable, "-m", "kmsctl", "store", *args]
        return subprocess.run(command, input=given, capture_output=True, check=True).stdout

    data = kmsctl("backup", "create", "-")
    assert data.startswith(b"KMCFILE\x01\x01")
    kmsctl("backup", "verify", "-", given=data)
    kmsctl("backup", "restore", "-", WHY, "--quiet", "--format=none", given=data)
    with pytest.raises(subprocess.CalledProcessError):
        kmsctl("backup", "verify", "-", given=data[:-1])
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["cat", str(tmp_path / "pipe")], stdout=subprocess.PIPE) as reader:
        kmsctl("backup", "create", str(tmp_path / "pipe"))
        through, _ = reader.communicate()
    kmsctl("backup", "verify", "-", given=through)


def test_prune_asks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        run("backup", "create", name)
    run("backup", "prune", ".", "--keep=1", status=1)
    error = capsys.readouterr().err
    assert "These backups will be removed:\n - ./a (" in error
    assert "run the command again with --quiet" in error
    run("backup", "prune", ".", "--keep=1", "--quiet")
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["b", "home"]


def test_what_others_could_have_read_is_no_root_key_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run("backup", "create", "b")
    copy = tmp_path / "root-key"
    copy.write_bytes((tmp_path / "home" / "config" / "store" / "root-key").read_bytes())
    copy.chmod(0o644)
    elsewhere(tmp_path, monkeypatch)
    run("backup", "restore", "b", WHY, "--root-key-file=root-key", status=1)
    assert "is open to others (mode 0644" in capsys.readouterr().err
    run("backup", "restore", "b", WHY, "--root-key-file=nowhere", status=1)
    copy.chmod(0o600)
    run("backup", "restore", "b", WHY, "--root-key-file=root-key", "--quiet", RETURN)
