"""The README's tour works as it stands: each of its commands is run, in order, by a shell."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import tokens

ROOT = Path(__file__).resolve().parents[2]


def tour(heading: str = "A tour") -> list[str]:
    """Returns the commands of a section, one a line as a person would paste them."""
    text = (ROOT / "README.md").read_text()
    section = text.split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line[4:] for line in section.splitlines() if line.startswith("    ")]
    return "\n".join(lines).replace("\\\n", " ").splitlines()


def test_the_tour_has_commands() -> None:
    assert len([line for line in tour() if line.startswith("kmsctl")]) > 10


@pytest.fixture
def shell(tmp_path: Path, programs: Path) -> dict[str, str]:
    """An environment in which `kmsctl` is this checkout's, with a home of its own."""
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


def test_a_token_from_nothing_as_it_stands(tmp_path: Path, shell: dict[str, str]) -> None:
    module = tokens.module_of("softhsm")
    if module != "/usr/lib/softhsm/libsofthsm2.so" or shutil.which("softhsm2-util") is None:
        pytest.skip(
            "NO softhsm2 as Debian has it: the README's HSM keys are not tried. apt-get install softhsm2"
        )
    environment = {**shell, "HOME": str(tmp_path)}
    script = "set -e\n" + "\n".join(tour("HSM keys"))
    done = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("hello\n")
