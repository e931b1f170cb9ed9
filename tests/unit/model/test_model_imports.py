from __future__ import annotations

import subprocess
import sys

import pytest

HOT = ["labels", "locations", "methods", "rest", "times"]
HEAVY = {
    "collections",
    "contextlib",
    "dataclasses",
    "datetime",
    "dateutil",
    "enum",
    "functools",
    "json",
    "logging",
    "pathlib",
    "re",
    "typing",
    "unicodedata",
}


@pytest.mark.parametrize("module", HOT)
def test_what_every_command_imports_imports_nothing_heavy(module: str) -> None:
    # -S: site imports are the installation's, not ours.
    code = (
        f"import sys; sys.path[:] = {sys.path!r}; before = set(sys.modules); "
        f"import kmsctl.model.{module}; print(*(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())
    assert f"kmsctl.model.{module}" in imported
    assert not imported & HEAVY
    assert {name for name in imported if not name.startswith("kmsctl")} <= {"__future__", "time"}
