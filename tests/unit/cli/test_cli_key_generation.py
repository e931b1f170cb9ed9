"""Making a key that takes long: what is shown meanwhile, and what an interrupt does."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

#: The program, in which a key pair takes as long as its standard input stays open.
SLOW = """
import os, sys
from kmsctl.crypto.software import SoftwareBackend

generate = SoftwareBackend.generate

def slowly(backend, algorithm):
    os.write(int(os.environ["BEGUN"]), b"begun")
    os.read(0, 1)
    return generate(backend, algorithm)

SoftwareBackend.generate = slowly
from kmsctl.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
PLACE = ("--location=us-east1", "--keyring=r")
CREATE = (
    *("keys", "create", "k", *PLACE, "--purpose=asymmetric-signing"),
    "--default-algorithm=rsa-sign-pkcs1-2048-sha256",
)


class Program:
    """The program while it makes a key, with standard error in a terminal or in a pipe."""

    def __init__(self, home: Path, *args: str, terminal: bool, term: str = "xterm") -> None:
        self.environment = {
            "KMSCTL_HOME": str(home),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(sys.path),
            "TERM": term,
        }
        self._reading, writing = pty.openpty() if terminal else os.pipe()
        begun, tell = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-c", SLOW, *args],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=writing,
            env={**self.environment, "BEGUN": str(tell)},
            pass_fds=[tell],
        )
        os.close(writing)
        os.close(tell)
        assert os.read(begun, 5) == b"begun"
        os.close(begun)

    def shown(self, size: int) -> bytes:
        """Waits until so many bytes were shown, and returns them."""
        found = b""
        while len(found) < size:
            found += os.read(self._reading, size - len(found))
        return found

    def finish(self) -> tuple[int, bytes]:
        """Lets the key be made, and returns the exit status and what else was shown."""
        out, _ = self._process.communicate()
        assert out == b""
        rest = b""
        try:
            while piece := os.read(self._reading, 4096):
                rest += piece
        except OSError:
            pass  # the end of a terminal
        os.close(self._reading)
        return self._process.returncode, rest

    def interrupt(self) -> tuple[int, bytes]:
        self._process.send_signal(signal.SIGINT)
        assert self._process.wait(10) == self._process.returncode
        return self.finish()

    def run(self, *args: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "kmsctl", *args],
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout


@pytest.fixture
def home(tmp_path: Path) -> Path:
    from kmsctl.cli.main import run
    from kmsctl.cli.session import Session

    session = Session({"KMSCTL_HOME": str(tmp_path / "store")})
    run(["keyrings", "create", "r", "--location=us-east1"], session)
    session.close()
    return tmp_path / "store"


def states(program: Program) -> list[str]:
    listed = ("keys", "versions", "list", "--key=k", *PLACE, "--format=value(state)")
    return program.run(*listed).split()


def test_a_terminal_shows_that_something_goes_on(home: Path) -> None:
    program = Program(home, *CREATE, terminal=True)
    frame = b"\r\x1b[KGenerating the key... "
    shown = program.shown(2 * len(frame) + 2)
    assert shown == frame + b"|" + frame + b"/"
    status, rest = program.finish()
    assert status == 0
    assert rest.endswith(b"\r\x1b[K"), "the line is taken away"
    assert states(program) == ["ENABLED"]


def test_a_dumb_terminal_has_one_line(home: Path) -> None:
    program = Program(home, *CREATE, terminal=True, term="dumb")
    line = b"Generating the key...\r\n"
    assert program.shown(len(line)) == line
    assert program.finish() == (0, b"")


@pytest.mark.parametrize("more", [(), ("--quiet",)], ids=["", "quiet"])
def test_a_pipe_has_nothing(home: Path, more: tuple[str, ...]) -> None:
    program = Program(home, *CREATE, *more, terminal=False)
    assert program.finish() == (0, b"")


def test_nothing_is_shown_that_is_not_wanted(home: Path) -> None:
    program = Program(home, *CREATE, "--no-user-output-enabled", terminal=True)
    assert program.finish() == (0, b"")


def test_an_interrupt_leaves_a_version_that_failed(home: Path) -> None:
    program = Program(home, *CREATE, terminal=True)
    program.shown(1)
    status, rest = program.interrupt()
    assert status == -signal.SIGINT
    assert rest.endswith(b"\r\x1b[K\r\n\r\nCommand killed by keyboard interrupt\r\n\r\n")
    assert states(program) == ["GENERATION_FAILED"]
    program.run("keys", "versions", "create", "--key=k", *PLACE)
    assert states(program) == ["GENERATION_FAILED", "ENABLED"]


def test_another_version_shows_it_too(home: Path) -> None:
    Program(home, *CREATE, terminal=False).finish()
    program = Program(home, "keys", "versions", "create", "--key=k", *PLACE, terminal=True)
    assert program.shown(24) == b"\r\x1b[KGenerating the key..."[:24]
    assert program.finish()[0] == 0
    assert states(program) == ["ENABLED", "ENABLED"]


def test_a_process_that_is_killed_leaves_a_version_that_failed(home: Path) -> None:
    program = Program(home, *CREATE, terminal=False)
    assert states(program) == ["PENDING_GENERATION"]
    program._process.kill()
    assert program.finish() == (-signal.SIGKILL, b"")
    described = ("keys", "versions", "describe", "1", "--key=k", *PLACE, "--format=value(state)")
    assert program.run(*described) == "GENERATION_FAILED\n"
