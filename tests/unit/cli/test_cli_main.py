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


def unread(environment: dict[str, str], *args: str, given: bytes = b"") -> tuple[int, bytes]:
    """Runs a command whose standard output nobody reads; returns its status and its errors."""
    ours, theirs = os.pipe()
    os.close(ours)
    try:
        told = subprocess.run(
            [sys.executable, "-m", "kmsctl", *args],
            env=environment,
            input=given,
            stdout=theirs,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(theirs)
    return told.returncode, told.stderr


@pytest.mark.parametrize("command", [("store", "verify"), ("logging", "verify"), ("store", "repair")])
def test_what_a_check_finds_is_told_by_the_status_though_nobody_reads_it(
    home: dict[str, str], command: tuple[str, ...]
) -> None:
    assert kmsctl(home, "keyrings", "create", "r", "--location=us").returncode == 0
    status, errors = unread(home, *command, "--format=json")
    assert (status, b"is wrong" in errors or b"nothing to repair" in errors) == (0, True)
    database = Path(home["KMSCTL_HOME"], "data", "locations", "us.db")
    database.write_bytes(b"")
    status, errors = unread(home, *command, "--format=json")
    assert status == 1
    assert b"finding" in errors
    assert b"Traceback" not in errors
    assert b"Broken pipe" not in errors
    assert kmsctl(home, *command, "--format=disable").returncode == 1


def test_commands_leave_nothing_open_and_use_nothing_deprecated(home: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"data")
    place, key = "--location=us", "--keyring=r"
    for line in (
        ("keyrings", "create", "r", place),
        ("keys", "create", "k", key, place, "--purpose=encryption", "--format=none"),
        ("encrypt", "--key=k", key, place, f"--plaintext-file={tmp_path}/in", "--ciphertext-file=-"),
        ("keys", "list", key, place),
        ("keys", "describe", "missing", key, place),
        ("keys", "versions", "destroy", "1", "--key=k", key, place),
        ("logging", "read"),
        ("logging", "verify"),
        ("store", "status"),
        ("store", "maintain"),
        ("store", "verify"),
        ("store", "rotate-master-key", "--all"),
        ("store", "backup", "create", str(tmp_path / "a.backup")),
        ("store", "backup", "restore", str(tmp_path / "a.backup"), "--justification=drill", "--quiet"),
        ("--complete-names", "keyring", "", "--location=us"),
    ):
        told = subprocess.run(
            [sys.executable, "-X", "dev", "-W", "error", "-m", "kmsctl", *line],
            env=home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        assert told.returncode == ("missing" in line), (line, told.stderr)
        assert told.stdout.startswith(b"r") or line[0] != "--complete-names"
        for word in (b"Warning", b"Exception ignored", b"Traceback"):
            assert word not in told.stderr, (line, told.stderr)


def test_a_batch_without_a_reader_does_not_go_on(home: dict[str, str]) -> None:
    lines = b"keyrings create a --location=us\nkeyrings create b --location=us\n"
    status, errors = unread(home, "batch", "-", given=lines)
    assert (status, errors) == (
        1,
        b"ERROR: (kmsctl.batch) Nobody reads the results: line 0 (counted from 0) was the last that was run.\n",
    )
    found = kmsctl(home, "keyrings", "list", "--location=us", "--format=value(name.basename())")
    assert found.stdout == b"a\n"


def test_nothing_is_restored_if_nobody_reads_what_would_change(home: dict[str, str], tmp_path: Path) -> None:
    backup = str(tmp_path / "a.backup")
    assert kmsctl(home, "keyrings", "create", "a", "--location=us").returncode == 0
    assert kmsctl(home, "store", "backup", "create", backup).returncode == 0
    assert kmsctl(home, "keyrings", "create", "b", "--location=us").returncode == 0
    restore = ("store", "backup", "restore", backup, "--justification=drill", "--quiet")
    status, errors = unread(home, *restore)
    assert (status, b"Nothing was restored" in errors) == (1, True)
    assert unread(home, *restore, "--dry-run") == (0, b"")
    found = kmsctl(home, "keyrings", "list", "--location=us", "--format=value(name.basename())")
    assert found.stdout == b"a\nb\n"


def test_a_command_goes_on_though_nobody_reads_its_one_answer(home: dict[str, str]) -> None:
    lost = Path(home["KMSCTL_HOME"], "data", "locations", "us.db")
    assert kmsctl(home, "keyrings", "create", "r", "--location=us").returncode == 0
    lost.unlink()
    status, errors = unread(home, "store", "maintain", "--format=json")
    assert (status, b"Not all could be done" in errors) == (1, True)


@pytest.mark.parametrize("command", [("store", "verify"), ("logging", "verify"), ("store", "repair")])
def test_a_store_that_is_not_there_is_not_called_whole(
    home: dict[str, str], command: tuple[str, ...]
) -> None:
    told = kmsctl(home, *command)
    assert told.returncode == 1
    assert b"FAILED_PRECONDITION: There is no store in " in told.stderr


def test_a_text_that_is_not_utf_8_is_refused(home: dict[str, str]) -> None:
    told = subprocess.run(
        [
            *(sys.executable, "-m", "kmsctl", "iam", "roles", "create", "rotator"),
            *("--title", b"\xff", "--permissions=cloudkms.cryptoKeys.get"),
        ],
        env=home,
        capture_output=True,
        check=False,
    )
    assert told.returncode == 1
    assert b"INVALID_ARGUMENT: role.title: it has characters that do not print.\n" in told.stderr


@pytest.mark.parametrize("args", [("locations", "list"), ("--help",), ("keys", "-h"), ("completion", "bash")])
def test_a_full_standard_output_is_an_error(home: dict[str, str], args: tuple[str, ...]) -> None:
    with open("/dev/full", "wb") as full:
        told = subprocess.run(
            [sys.executable, "-m", "kmsctl", *args],
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
