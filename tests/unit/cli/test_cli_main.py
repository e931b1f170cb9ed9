"""The program as a process: exit statuses, streams, signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kmsctl.cli import hints
from kmsctl.cli import main as program
from kmsctl.cli.failures import CommandError
from kmsctl.cli.session import Session
from kmsctl.errors import FailedPrecondition, NotFound, PermissionDenied
from kmsctl.version import VERSION

ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path), "TERM": "dumb"}


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {**ENVIRONMENT, "KMSCTL_HOME": str(tmp_path / "store"), "HOME": str(tmp_path)}


def kmsctl(environment: dict[str, str], *args: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "kmsctl", *args],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )


def test_the_three_exit_statuses(home: dict[str, str]) -> None:
    assert kmsctl(home, "version").returncode == 0
    refused = kmsctl(home, "keys", "versions", "list")
    assert (refused.returncode, refused.stdout) == (1, b"")
    assert refused.stderr == b"ERROR: (kmsctl.keys.versions.list) argument --location: Must be specified.\n"
    misused = kmsctl(home, "keys", "list", "--foo")
    assert (misused.returncode, misused.stdout) == (2, b"")


@pytest.mark.parametrize("flag", ["--version", "-v"])
def test_the_version_is_also_a_flag(home: dict[str, str], flag: str) -> None:
    assert f"kmsctl {VERSION}\n".encode() in kmsctl(home, flag).stdout


@pytest.mark.parametrize(("verbosity", "shown"), [("none", False), ("critical", False), ("error", True)])
def test_verbosity_hides_errors_and_keeps_the_status(
    home: dict[str, str], verbosity: str, *, shown: bool
) -> None:
    told = kmsctl(home, "keys", "versions", "list", f"--verbosity={verbosity}")
    assert told.returncode == 1
    assert bool(told.stderr) == shown
    assert kmsctl(home, "keys", "list", "--foo", f"--verbosity={verbosity}").stderr


def test_a_reader_that_leaves_is_no_error(home: dict[str, str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "kmsctl", "locations", "list"],
        env=home,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


@pytest.mark.parametrize("line", ["locations list", "--help", "keys create -h", "completion bash"])
def test_a_full_standard_output_is_an_error(home: dict[str, str], line: str) -> None:
    with open("/dev/full", "wb") as full:
        told = subprocess.run(
            [sys.executable, "-m", "kmsctl", *line.split()],
            env=home,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert told.returncode == 1
    assert told.stderr.startswith(b"ERROR: (kmsctl")
    assert told.stderr.endswith(b"Unable to write to standard output: [Errno 28] No space left on device\n")


def test_an_interrupt_ends_the_process_by_its_signal(home: dict[str, str]) -> None:
    ours, theirs = os.pipe()
    key = "--key=projects/p/locations/us/keyRings/r/cryptoKeys/k"
    with subprocess.Popen(
        [sys.executable, "-m", "kmsctl", "encrypt", key, "--plaintext-file=-", "--ciphertext-file=-"],
        env={**home, "PYTHONPROFILEIMPORTTIME": "1"},
        stdin=ours,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stderr is not None
        # The last module that is imported before standard input is read.
        for line in process.stderr:
            if b"kmsctl.model.requests" in line:
                break
        process.send_signal(signal.SIGINT)
        assert b"\n\nCommand killed by keyboard interrupt\n\n" in process.stderr.read()
        assert process.wait() == -signal.SIGINT
    os.close(ours)
    os.close(theirs)


def test_no_core_is_ever_dumped() -> None:
    code = """
import resource
from kmsctl.cli.main import main
main(["-h"])
print(resource.getrlimit(resource.RLIMIT_CORE))
"""
    told = subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, check=True)
    assert told.stdout.endswith(b"(0, 0)\n")


def test_a_defect_shows_where_and_not_what(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(args: list[str], session: Session) -> None:
        raise ValueError("the password is swordfish")

    monkeypatch.setattr(program, "run", fail)
    assert program.main(["version"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("ERROR: kmsctl crashed (ValueError) at kmsctl.cli.outcome:")
    assert "swordfish" not in err


@pytest.fixture
def session(tmp_path: Path) -> Session:
    session = Session({"KMSCTL_HOME": str(tmp_path), "KMSCTL_CORE_ACCOUNT": "me@here"})
    session.command = ("keys", "describe")
    return session


def test_a_service_error_has_its_status(session: Session) -> None:
    error = FailedPrecondition("It is not enabled.", hint="Enable it.")
    assert hints.refused(error, session) == (
        "(kmsctl.keys.describe) FAILED_PRECONDITION: It is not enabled.\nEnable it."
    )


@pytest.mark.parametrize(("message", "stop"), [("Not there.", "."), ("Not there", "")])
def test_who_one_is_matters_where_something_is_not_found(session: Session, message: str, stop: str) -> None:
    for kind in (NotFound, PermissionDenied):
        text = hints.refused(kind(message), session)
        assert text.endswith(
            f"{message} This command is run as [me@here], the account of the [core/account] property{stop}"
        )


def test_a_refusal_has_no_status(session: Session) -> None:
    assert hints.refused(CommandError("No."), session) == "(kmsctl.keys.describe) No."


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_do_no_harm(home: dict[str, str], closed: str) -> None:
    line = f"exec {sys.executable} -m kmsctl keyrings create r --location=us {closed}"
    assert subprocess.run(["sh", "-c", line], env=home, check=False).returncode == 0
    assert kmsctl(home, "keyrings", "describe", "r", "--location=us").returncode == 0
    assert kmsctl(home, "store", "verify").returncode == 0


def test_without_a_home_there_is_a_hint(home: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import pwd, sys\n"
        "def unknown(number): raise KeyError(number)\n"
        "pwd.getpwuid = unknown\n"
        "from kmsctl.cli.main import main\n"
        "sys.exit(main(['keyrings', 'list', '--location=us']))"
    )
    told = subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, check=False)
    assert told.returncode == 1
    assert told.stderr == (
        b"ERROR: (kmsctl.keyrings.list) FAILED_PRECONDITION: There is no home directory to keep the store "
        b"in.\nSet KMSCTL_HOME to a directory of yours.\n"
    )
