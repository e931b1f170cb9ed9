"""How the process ends. A process is started for each: it is gone afterwards."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_RUN = "import sys\nfrom kmsctl.__main__ import main\n{before}\nstatus = main()\nprint('still here')\nsys.exit(status)"


def run(before: str, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _RUN.format(before=before), *args],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path), "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("args", "status"), [(["help"], 0), (["config", "get", "nosuch"], 1), (["nosuch"], 2)]
)
def test_the_process_ends_at_once_with_its_status(args: list[str], status: int) -> None:
    done = run("", *args)
    assert done.returncode == status
    assert "still here" not in done.stdout
    assert done.stdout if status == 0 else done.stderr.startswith("ERROR: ")


@pytest.mark.parametrize(
    "before",
    [
        "import atexit; atexit.register(print, 'at the end')",
        "import threading\nwork = threading.Timer(0.1, print, ['at the end'])\nwork.start()",
    ],
    ids=["callback", "thread"],
)
def test_what_is_to_be_done_at_the_end_is_done(before: str) -> None:
    done = run(before, "help")
    assert done.returncode == 0
    assert done.stdout.endswith("still here\nat the end\n")


def test_a_run_that_is_measured_goes_on_to_its_end() -> None:
    assert run("sys.setprofile(lambda *_: None)", "help").stdout.endswith("still here\n")


def test_what_was_buffered_is_written() -> None:
    done = run("print('buffered', end=' ')", "version", "--format=value(kmsctl)")
    assert done.returncode == 0
    assert "buffered" in done.stdout
