from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import pexpect
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    #: runs lines of Python in a terminal of 10 lines
    Run = Callable[..., pexpect.spawn]

LINES = "from kmsctl.cli.pager import write_pages; write_pages(f'line {n}\\n' for n in range(%d))"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A pager of our own writes what it was told to a file."""
    program = tmp_path / "pager"
    program.write_text(f'#!/bin/sh\necho "$LESS $*" > {tmp_path}/told\nexec cat > {tmp_path}/shown\n')
    program.chmod(0o755)
    for name in ("KMSCTL_PAGER", "LESS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PAGER", f"{program} --flag")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))

    def run(text: str, **environment: str) -> pexpect.spawn:
        return pexpect.spawn(
            sys.executable,
            ["-c", text],
            env={**os.environ, **environment},
            dimensions=(10, 80),
            timeout=20,
            encoding="utf-8",
        )

    return run


def test_what_fills_the_screen_goes_to_the_pager(run: Run, tmp_path: Path) -> None:
    child = run(LINES % 500)
    child.expect(pexpect.EOF)
    assert child.before == ""
    assert (tmp_path / "shown").read_text() == "".join(f"line {n}\n" for n in range(500))
    assert (tmp_path / "told").read_text() == "FRX --flag\n"


@pytest.mark.parametrize(("line", "pages"), [("keys create --help", True), ("version -h", False)])
def test_help_goes_to_the_pager_where_it_does_not_fit(
    run: Run, tmp_path: Path, line: str, *, pages: bool
) -> None:
    child = run(f"from kmsctl.cli.main import main; main({line.split()!r})")
    child.expect(pexpect.EOF)
    text = (tmp_path / "shown").read_text() if pages else child.before
    assert text.startswith("NAME\n    kmsctl keys create - " if pages else "Usage: kmsctl version ")
    assert (tmp_path / "shown").exists() == pages


@pytest.mark.parametrize("count", [0, 1, 8])
def test_what_fits_does_not(run: Run, tmp_path: Path, count: int) -> None:
    child = run(LINES % count)
    child.expect(pexpect.EOF)
    assert child.before == "".join(f"line {n}\r\n" for n in range(count))
    assert not (tmp_path / "shown").exists()


@pytest.mark.parametrize("pager", ["", "cat", "no-such-program", "'"])
def test_there_may_be_no_pager(run: Run, tmp_path: Path, pager: str) -> None:
    child = run(LINES % 30, KMSCTL_PAGER=pager)
    child.expect(pexpect.EOF)
    assert child.before == "".join(f"line {n}\r\n" for n in range(30))
    assert not (tmp_path / "shown").exists()


def test_an_error_comes_after_what_was_there(run: Run, tmp_path: Path) -> None:
    text = """
from kmsctl.cli.pager import write_pages
def lines():
    for number in range(%d):
        yield "line\\n"
    raise ValueError("over")
try:
    write_pages(lines())
except ValueError as error:
    print("caught", error)
"""
    for count in (3, 40):
        child = run(text % count)
        child.expect("caught over")
        child.expect(pexpect.EOF)
    assert (tmp_path / "shown").read_text() == "line\n" * 40


@pytest.mark.skipif(shutil.which("less") is None, reason="there is no less here")
def test_who_leaves_early_has_seen_enough(run: Run) -> None:
    child = run(LINES % 200_000 + "; print('went on')", PAGER="less", TERM="xterm")
    child.expect("line 8")
    child.send("q")
    child.expect("went on")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


@pytest.mark.skipif(shutil.which("less") is None, reason="there is no less here")
def test_an_interrupt_is_for_the_pager(run: Run) -> None:
    child = run(LINES % 200 + "; print('went on')", PAGER="less", TERM="xterm")
    child.expect("line 8")
    child.sendintr()
    for _ in range(20):  # what is typed while less looks after the interrupt is lost
        child.send("q")
        if child.expect(["went on", pexpect.TIMEOUT], timeout=1) == 0:
            break
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
