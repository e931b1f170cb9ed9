"""The README's tour works as it stands: each of its commands is run, in order, by a shell."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def tour() -> list[str]:
    """Returns the commands of the tour, one a line as a person would paste them."""
    text = (ROOT / "README.md").read_text()
    section = text.split("## A tour\n")[1].split("\n## ")[0]
    lines = [line[4:] for line in section.splitlines() if line.startswith("    ")]
    return "\n".join(lines).replace("\\\n", " ").splitlines()


def test_the_tour_has_commands() -> None:
    assert len([line for line in tour() if line.startswith("kmsctl")]) > 10


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, str]:
    """An environment in which `kmsctl` is this checkout's, with a home of its own."""
    programs = tmp_path / "bin"
    programs.mkdir()
    launcher = programs / "kmsctl"
    launcher.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m kmsctl "$@"\n')
    launcher.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KMSCTL_")}
    return {
        **kept,
        "PATH": f"{programs}:{kept.get('PATH', '')}",
        "PYTHONPATH": str(ROOT),
        "KMSCTL_HOME": str(tmp_path / "home"),
    }


def test_the_tour_works_as_it_stands(tmp_path: Path, shell: dict[str, str]) -> None:
    outputs = {}
    for command in tour():
        done = subprocess.run(
            ["sh", "-c", command], cwd=tmp_path, env=shell, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (command, done.stderr)
        outputs[command] = done.stdout
    decrypted = [output for command, output in outputs.items() if command.startswith("kmsctl decrypt")]
    assert decrypted == ["the database password\n", "hello\n", "the database password\n"]
