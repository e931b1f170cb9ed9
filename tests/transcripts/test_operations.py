"""The runbook works as it stands: the commands of its sections are run, in order, by a shell."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: Section → what is there before it is followed. Each has a store of its own.
ALONE = {
    "Protectors": "",
    "Rotating master and root keys": (
        "kmsctl store protectors add --type=passphrase --passphrase-file=passphrase"
    ),
}
#: The sections that follow one another on one store.
IN_ORDER = (
    "Backups",
    "Restore on the same machine",
    "Restore on a new machine",
    "Snapshots",
    "Moving key rings",
)
#: What the reader of the runbook has already.
BEFORE = """
umask 077; printf 'correct horse battery\\n' > passphrase
kmsctl keyrings create prod --location=us-east1
kmsctl keys create db --keyring=prod --location=us-east1 --purpose=encryption
"""


def commands(section: str) -> str:
    """Returns the commands of a section, as a person would paste them."""
    text = (ROOT / "docs" / "operations.md").read_text().split(f"\n## {section}\n")[1].split("\n## ")[0]
    return "\n".join(line[4:] for line in text.splitlines() if line.startswith("    "))


@pytest.fixture
def shell(tmp_path: Path, programs: Path) -> dict[str, str]:
    """An environment in which `kmsctl` is this checkout's, with a home directory of its own."""
    (tmp_path / "person").mkdir(mode=0o700)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KMSCTL_", "XDG_"))}
    path = f"{programs}:{kept.get('PATH', '')}"
    return {**kept, "PATH": path, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path / "person")}


@pytest.mark.parametrize("section", ALONE)
def test_a_section_works_as_it_stands(section: str, tmp_path: Path, shell: dict[str, str]) -> None:
    lines = [*BEFORE.splitlines(), ALONE[section], *commands(section).splitlines()]
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


def test_sections_work_in_order(tmp_path: Path, shell: dict[str, str]) -> None:
    for name in ("backups", "safe"):
        (tmp_path / name).mkdir()
    script = BEFORE
    for section in IN_ORDER:
        found = commands(section)
        assert found.count("kmsctl store ") >= 3
        script += f"(\n{found}\n)\n" if section != "Moving key rings" else found
    for name in ("backups", "safe"):
        script = script.replace(f"/mnt/{name}", str(tmp_path / name))
    done = subprocess.run(
        ["sh", "-e", "-x", "-c", script], cwd=tmp_path, env=shell, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("projects/local/locations/us-east1/keyRings/prod/cryptoKeys/db ") == 1
    assert done.stderr.count("The store is whole") == 3
    assert done.stderr.count("SHA-256 of the file") == 2
