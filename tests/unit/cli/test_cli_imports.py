"""What starting up imports. A process is started for each: imports are shared within one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}
SLOW = (
    "configparser",
    "dataclasses",
    "dateutil",
    "importlib.metadata",
    "json",
    "logging",
    "pathlib",
    "platformdirs",
    "shutil",
    "subprocess",
    "tabulate",
    "tempfile",
    "textwrap",
    "yaml",
)
MAIN = "import sys; from kmsctl.cli.main import main; status = main(sys.argv[1:])"
PLACE = ("--keyring=r", "--location=us")


def loaded(code: str, home: Path, *args: str) -> set[str]:
    """Returns the modules that are there after `code` has run."""
    told = subprocess.run(
        [sys.executable, "-c", f"{code}\nprint(*sys.modules, file=sys.stderr)", *args],
        env={**ENVIRONMENT, "KMSCTL_HOME": str(home), "COLUMNS": "80"},
        capture_output=True,
        check=True,
    )
    return set(told.stderr.decode().splitlines()[-1].split())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    (home / "in").write_bytes(b"data")
    for line in (
        ["config", "set", "core/project", "p"],
        ["keyrings", "create", "r", "--location=us"],
        ["keys", "create", "k", "--purpose=encryption", *PLACE],
    ):
        loaded(MAIN, home, *line)
    return home


@pytest.mark.parametrize(
    "args",
    [
        ["--help"],
        ["keys", "create", "--help"],
        ["encrypt", "--key=k", *PLACE, "--plaintext-file={home}/in", "--ciphertext-file={home}/out"],
        ["decrypt", "--key=k", *PLACE, "--ciphertext-file={home}/out", "--plaintext-file=-"],
        ["keys", "list", *PLACE],
        ["keys", "describe", "k", *PLACE, "--format=value(name)"],
    ],
    ids=lambda args: " ".join(word for word in args[:3] if not word.startswith("--k")),
)
def test_hot_commands_import_nothing_slow(home: Path, args: list[str]) -> None:
    modules = loaded(MAIN, home, *(word.format(home=home) for word in args))
    assert not modules & set(SLOW)


def test_encryption_imports_no_rendering(home: Path) -> None:
    files = (f"--plaintext-file={home}/in", "--ciphertext-file=-")
    modules = loaded(MAIN, home, "encrypt", "--key=k", *PLACE, *files)
    assert not [name for name in modules if name.startswith("kmsctl.render")]


def test_help_imports_no_service(home: Path) -> None:
    modules = loaded(MAIN, home, "--help")
    assert not [
        name for name in modules if name.startswith(("kmsctl.service", "kmsctl.store", "kmsctl.crypto"))
    ]


def test_the_entry_decides_before_it_imports_click(home: Path) -> None:
    modules = loaded("import sys, kmsctl.__main__, kmsctl.cli.main, kmsctl.cli.commands.encrypt", home)
    assert "click" not in modules
    assert "sqlite3" not in modules
