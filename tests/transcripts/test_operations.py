"""The runbook works as it stands: the commands of its sections are run, in order, by a shell."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: Section → what is there before it is followed.
SECTIONS = {
    "Protectors": "",
    "Rotating master and root keys": (
        "kmsctl store protectors add --type=passphrase --passphrase-file=passphrase"
    ),
}
BEFORE = """
umask 077; printf 'correct horse battery\\n' > passphrase
kmsctl keyrings create prod --location=us-east1
kmsctl keys create db --keyring=prod --location=us-east1 --purpose=encryption
"""


def commands(section: str) -> list[str]:
    text = (ROOT / "docs" / "operations.md").read_text()
    found = text.split(f"## {section}\n")[1].split("\n## ")[0]
    return [line[4:] for line in found.splitlines() if line.startswith("    ")]


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_works_as_it_stands(section: str, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    launcher = programs / "kmsctl"
    launcher.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m kmsctl "$@"\n')
    launcher.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KMSCTL_")}
    shell = {
        **kept,
        "PATH": f"{programs}:{kept.get('PATH', '')}",
        "PYTHONPATH": str(ROOT),
        "KMSCTL_HOME": str(tmp_path / "home"),
    }
    lines = [*BEFORE.splitlines(), SECTIONS[section], *commands(section)]
    assert len(lines) > 8
    for line in lines:
        done = subprocess.run(
            ["sh", "-c", line],
            cwd=tmp_path,
            env=shell,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (line, done.stderr)
