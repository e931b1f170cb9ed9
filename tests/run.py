"""Runs everything that has to pass: lint, types, layers, tests, and the built wheel from elsewhere.

    python3 tests/run.py            everything, in a virtual environment of its own (.venv-tests)
    python3 tests/run.py pytest -k anchor    one step, with arguments of your own

It needs Python 3.11 or later and pip, and sets up the rest. Once that is done, it needs no network.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv-tests"
STAMP = ENVIRONMENT / "kmsctl-test-requirements"
#: What the built wheel needs, and what builds it.
WHEELS = ENVIRONMENT / "wheels"


def run(*command: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
    """Runs a command; its failure is ours."""
    words = [str(word) for word in command]
    print("$", *(Path(words[0]).name, *words[1:]), flush=True)
    status = subprocess.run(words, cwd=cwd, env=env, check=False).returncode
    if status:
        sys.exit(status)


def prepare() -> Path:
    """Makes the virtual environment, unless it is there for these very requirements."""
    project = (ROOT / "pyproject.toml").read_text()
    requirements = project + sys.version
    programs = ENVIRONMENT / "bin"
    if not STAMP.exists() or STAMP.read_text() != requirements:
        import tomllib  # older Pythons, which are refused below, have none

        venv.create(ENVIRONMENT, with_pip=True, clear=True)
        pip = (programs / "python", "-m", "pip", "--disable-pip-version-check")
        run(*pip, "install", "--quiet", "--editable", ".[test]")
        builders = tomllib.loads(project)["build-system"]["requires"]
        run(*pip, "wheel", "--quiet", "--wheel-dir", WHEELS, ROOT, *builders)
        STAMP.write_text(requirements)
    return programs


def check_wheel(programs: Path) -> None:
    """Builds the wheel, installs it alone, and runs the main job from another directory."""
    with tempfile.TemporaryDirectory(prefix="kmsctl-wheel-") as scratch:
        place = Path(scratch)
        pip = ("-m", "pip", "--disable-pip-version-check")
        # By the environment, for pip hands it down to the one that builds.
        offline = {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(WHEELS)}
        build = ("wheel", "--quiet", "--no-deps", "--wheel-dir", place, ROOT)
        run(programs / "python", *pip, *build, env=offline)
        venv.create(place / "venv", with_pip=True)
        installed = place / "venv" / "bin"
        run(installed / "python", *pip, "install", "--quiet", *place.glob("*.whl"), cwd=place, env=offline)
        home = {name: value for name, value in os.environ.items() if not name.startswith("KMSCTL_")}
        home |= {"KMSCTL_HOME": str(place / "home"), "TMPDIR": scratch}
        home.pop("PYTHONPATH", None)
        run(installed / "kmsctl", "quickstart", "--quiet", cwd=place, env=home)
        run(installed / "kmsctl", "store", "verify", cwd=place, env=home)


def main(arguments: list[str]) -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever runs this may have an older one
        sys.exit("kmsctl needs Python 3.11 or later.")
    began = time.monotonic()
    programs = prepare()
    if arguments:
        run(programs / arguments[0], *arguments[1:])
        return
    run(programs / "ruff", "format", "--check", "--quiet", ".")
    run(programs / "ruff", "check", "--quiet", ".")
    run(programs / "mypy")
    run(programs / "lint-imports", "--no-cache")
    check_wheel(programs)
    workers = str(min(4, os.cpu_count() or 1))
    run(programs / "pytest", "-q", "-n", workers, "--dist", "worksteal")
    print(f"Everything passed in {time.monotonic() - began:.0f} s.")


if __name__ == "__main__":
    if shutil.which("git") is None:
        print("note: without git some tests of the repository itself are skipped", file=sys.stderr)
    main(sys.argv[1:])
