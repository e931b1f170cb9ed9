from __future__ import annotations

import io
import os
import pty
import subprocess
import sys

import pexpect
import pytest

from kmsctl.cli import terminal
from kmsctl.cli.failures import CommandError

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "PYTHONPATH": os.pathsep.join(sys.path),
    "TERM": "xterm",
    "HOME": "/",
}
CONFIRM = """
from kmsctl.cli import terminal
from kmsctl.cli.failures import CommandError
try:
    terminal.confirm("This cannot be undone.", quiet=False)
    print("DONE")
except CommandError as error:
    print("REFUSED", error.message)
"""


def spawn(code: str, **environment: str) -> pexpect.spawn[str]:
    return pexpect.spawn(
        sys.executable, ["-c", code], env={**ENVIRONMENT, **environment}, encoding="utf-8", timeout=10
    )


@pytest.mark.parametrize("answer", ["y", "Y", "yes"])
def test_yes_is_yes(answer: str) -> None:
    child = spawn(CONFIRM)
    child.expect_exact("This cannot be undone.\r\nDo you want to continue (y/N)?  ")
    child.sendline(answer)
    child.expect_exact("DONE")


@pytest.mark.parametrize("answer", ["n", "No", ""])
def test_anything_that_is_not_yes_is_no(answer: str) -> None:
    child = spawn(CONFIRM)
    child.expect_exact("(y/N)?  ")
    child.sendline(answer)
    child.expect_exact("REFUSED Aborted by user.")


def test_the_end_of_input_is_no() -> None:
    child = spawn(CONFIRM)
    child.expect_exact("(y/N)?  ")
    child.sendeof()
    child.expect_exact("REFUSED Aborted by user.")


def test_an_unclear_answer_is_asked_again() -> None:
    child = spawn(CONFIRM)
    child.expect_exact("(y/N)?  ")
    child.sendline("perhaps")
    child.expect_exact("Please enter 'y' or 'n':  ")
    child.sendline("y")
    child.expect_exact("DONE")


def test_quiet_is_yes() -> None:
    terminal.confirm("This cannot be undone.", quiet=True)


def test_without_a_terminal_the_answer_is_no(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    with pytest.raises(CommandError, match="with --quiet"):
        terminal.confirm("This cannot be undone.", quiet=False)


PROGRESS = """
from kmsctl.cli.terminal import Progress
bar = Progress("Verifying")
bar.update(0, 4); bar.update(2, 4); bar.update(4, 4); bar.clear()
print("DONE")
"""


def test_progress_is_drawn_and_taken_away_on_a_terminal() -> None:
    child = spawn(PROGRESS)
    child.expect_exact("Verifying [" + "." * 30 + "]   0%")
    child.expect_exact("\r\x1b[KVerifying [" + "#" * 30 + "] 100%\r\x1b[KDONE")


def test_progress_is_nothing_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    bar = terminal.Progress("Verifying")
    bar.update(1, 2)
    bar.clear()
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("environment", "label"),
    [
        ({}, "\x1b[1;31mERROR:\x1b[0m"),
        ({"NO_COLOR": ""}, "\x1b[1;31mERROR:\x1b[0m"),
        ({"NO_COLOR": "1"}, "ERROR:"),
        ({"TERM": "dumb"}, "ERROR:"),
        ({"TERM": ""}, "ERROR:"),
    ],
)
def test_errors_are_red_where_colours_are_seen(environment: dict[str, str], label: str) -> None:
    child = spawn("from kmsctl.cli import terminal; print(repr(terminal.error_label()))", **environment)
    child.expect_exact(repr(label) + "\r\n")


def test_errors_are_plain_in_a_file() -> None:
    code = "from kmsctl.cli import terminal; print(terminal.error_label())"
    told = subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, check=True)
    assert told.stdout == b"ERROR:\n"


def test_text_is_utf_8_in_any_locale() -> None:
    code = "from kmsctl.cli import terminal; terminal.write_text('\\xe9\\n')"
    told = subprocess.run(
        [sys.executable, "-c", code],
        env={**ENVIRONMENT, "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        capture_output=True,
        check=True,
    )
    assert told.stdout == "é\n".encode()


def test_a_full_standard_output_is_an_error() -> None:
    code = """
import sys
from kmsctl.cli import terminal
from kmsctl.cli.failures import CommandError
try:
    terminal.write_stdout(b"data")
except CommandError as error:
    sys.exit(error.message)
"""
    with open("/dev/full", "wb") as full:
        told = subprocess.run(
            [sys.executable, "-c", code], env=ENVIRONMENT, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert told.returncode == 1
    assert told.stderr == b"Unable to write to standard output: [Errno 28] No space left on device\n"


def test_a_closed_standard_output_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(terminal, "discard_stdout", lambda: None)
    with pytest.raises(CommandError, match=r"\[Errno 9\]"):
        terminal.write_stdout(b"data")


def test_a_closed_standard_error_hides_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    terminal.say("text")


def test_what_is_a_terminal() -> None:
    ours, theirs = pty.openpty()
    with open(theirs, "w", encoding="utf-8") as stream:
        assert terminal.is_terminal(stream)
    assert not terminal.is_terminal(stream)
    assert not terminal.is_terminal(None)
    os.close(ours)
