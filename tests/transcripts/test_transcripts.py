"""Whole sessions as data: each ``*.txt`` beside this file is a command line and what it prints.

A transcript is run in a new directory with a store of its own. A line that begins with ``$`` is a
command; what follows is its standard output, then its standard error with ``2>`` before each line, then
``[N]`` if its exit status is not 0. Lines that begin with ``#`` are comments. Times, ids and places are
masked. Plain ``kmsctl`` lines run in this process; everything else goes to the shell. A transcript whose
name is ``hsm_`` and a kind of token has a new token of that kind configured; all its lines go to the shell.

``KMSCTL_WRITE_TRANSCRIPTS=1`` writes what was printed into the files; read the difference before
you keep it.
"""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kmsctl.cli.account import default_account
from kmsctl.cli.main import main
from tests import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

WRITE = bool(os.environ.get("KMSCTL_WRITE_TRANSCRIPTS"))
HERE = Path(__file__).parent
TRANSCRIPTS = sorted(HERE.glob("*.txt"))
_SHELL = re.compile(r"[|<>&;$`*()]")
_MASKS = (
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "<TIME>"),
    (re.compile(r"\b\d{8}T\d{6}Z\b"), "<SNAPSHOT>"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "<ID>"),
    (re.compile(r"\bset [0-9a-f]{16}\b"), "set <ID>"),
    (re.compile(r"(/usr)?/bin/cat\b"), "<BIN>/cat"),
    (re.compile(r"\b[1-9]\d{20}\b"), "<UNIQUE ID>"),
    (re.compile(r"\b[1-9]\d{11}\b"), "<NUMBER>"),
    (re.compile(r"(?<=etag: )[A-Za-z0-9+/]{16}$", re.MULTILINE), "<ETAG>"),
    (re.compile(r"kmsctl-quickstart-\w+"), "<NEW>"),
    (re.compile(r"\b[0-9a-f]{16}\b"), "<SERIAL>"),
)


def run_here(line: str) -> tuple[bytes, bytes, int]:
    out, err = io.BytesIO(), io.BytesIO()
    streams = sys.stdin, sys.stdout, sys.stderr
    ours = io.TextIOWrapper(io.BytesIO()), io.TextIOWrapper(out), io.TextIOWrapper(err, "utf-8")
    sys.stdin, sys.stdout, sys.stderr = ours
    try:
        status = main(shlex.split(line)[1:])
        return out.getvalue(), err.getvalue(), status
    finally:
        sys.stdin, sys.stdout, sys.stderr = streams


def run_in_shell(line: str) -> tuple[bytes, bytes, int]:
    done = subprocess.run(["/bin/sh", "-c", line], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return done.stdout, done.stderr, done.returncode


def shown(line: str, directory: Path, *, in_shell: bool = False) -> str:
    """Runs one line and returns what a transcript has below it."""
    here = not in_shell and line.startswith("kmsctl") and not _SHELL.search(re.sub(r"'[^']*'", "", line))
    out, err, status = (run_here if here else run_in_shell)(line)
    text = out.decode("utf-8", "backslashreplace")
    text += "\n" if text and not text.endswith("\n") else ""
    text += "".join(f"2> {each}\n" for each in err.decode().splitlines())
    text += f"[{status}]\n" if status else ""
    text = text.replace(str(directory), "<HOME>").replace(default_account(), "<ACCOUNT>")
    for pattern, mask in _MASKS:
        text = pattern.sub(mask, text)
    return text


def replayed(transcript: str, directory: Path, *, in_shell: bool = False) -> str:
    """Runs a transcript and returns it with what was printed now."""
    result, commands = [], False
    lines = iter(transcript.splitlines())
    for line in lines:
        if line.startswith("$ "):
            commands = True
            command = line[2:]
            result.append(f"{line}\n")
            while command.endswith("\\"):
                more = next(lines)
                result.append(f"{more}\n")
                command = command[:-1] + more.lstrip()
            result.append(shown(command, directory, in_shell=in_shell))
        elif line.startswith("#") or not commands:
            result.append(f"{line}\n")
    return "".join(result)


@pytest.fixture
def directory(tmp_path: Path, programs: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory to run in, with the program on the path and nothing configured."""
    for name in list(os.environ):
        if name.startswith("KMSCTL_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    monkeypatch.setenv("KMSCTL_HOME", str(tmp_path / "store"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return tmp_path


@pytest.fixture
def memory() -> Iterator[Path]:
    """A new directory in memory, for tokens."""
    place = tokens.scratch()
    yield place
    shutil.rmtree(place)


def configure_token(kind: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes a token, in a process of its own, and configures it for those that follow."""
    tokens.module_of(kind)  # or the test is skipped
    code = (
        "import json, pathlib, sys\nfrom tests import tokens\n"
        "token = tokens.make(sys.argv[1], pathlib.Path(sys.argv[2]))\n"
        "print(json.dumps({'KMSCTL_HSM_URI': token.uri, **token.environment}))"
    )
    command = [sys.executable, "-c", code, kind, str(place)]
    root = Path(__file__).parent.parent.parent
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    for name, value in json.loads(done.stdout).items():
        monkeypatch.setenv(name, value)
    (place / "pin").write_text(tokens.PIN)
    (place / "pin").chmod(0o600)
    separator = "&" if "?" in os.environ["KMSCTL_HSM_URI"] else "?"
    pin_source = f"{separator}pin-source=file:{place}/pin"
    monkeypatch.setenv("KMSCTL_HSM_URI", os.environ["KMSCTL_HSM_URI"] + pin_source)
    monkeypatch.setenv("PLACE", str(place))


@pytest.mark.parametrize("file", TRANSCRIPTS, ids=lambda file: file.stem)
def test_transcript(file: Path, directory: Path, memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = file.read_text("utf-8")
    _, hsm, kind = file.stem.rpartition("hsm_")
    if hsm:
        configure_token(kind, memory, monkeypatch)
    actual = replayed(expected, directory, in_shell=bool(hsm)).replace(str(memory), "<TOKENS>")
    if hsm:
        actual = actual.replace(tokens.module_of(kind), "<MODULE>")
        actual = actual.replace(os.path.realpath(tokens.module_of(kind)), "<MODULE>")
    if WRITE:
        file.write_text(actual, "utf-8")
    assert actual == expected


def test_there_are_transcripts() -> None:
    assert TRANSCRIPTS
