"""Which modules a command imports, as a subprocess tells.

``python -m tests.meta.imported`` writes them to imported.txt, which test_imports.py holds commands to.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

RECORD = Path(__file__).with_name("imported.txt")
_HOLD = ("--location=us-east1", "--keyring=ring")
_SETUP: tuple[tuple[str, ...], ...] = (
    ("keyrings", "create", "ring", "--location=us-east1"),
    ("keys", "create", "key", *_HOLD, "--purpose=encryption"),
)
_FILES = ("--key=key", "--plaintext-file=plain", "--ciphertext-file=sealed")
COMMANDS: dict[str, tuple[str, ...]] = {
    "help": ("--help",),
    "encrypt": ("encrypt", *_HOLD, *_FILES),
    "decrypt": ("decrypt", *_HOLD, *_FILES),
    "keys list": ("keys", "list", *_HOLD),
    "keys describe": ("keys", "describe", "key", *_HOLD),
    "tab": ("--complete-names", "key", "k", *_HOLD),
}
#: Runs a command and writes, to the file named first, what it imported on top of a bare interpreter.
_RUN = """
import sys
bare = set(sys.modules)
record, *sys.argv[1:] = sys.argv[1:]
import os
end = os._exit
def tell(status=0):
    with open(record, "w") as file:
        file.write("\\n".join(sorted(name for name in sys.modules if name not in bare)))
    end(status)
os._exit = tell
from kmsctl.__main__ import main
tell(main())
"""


def measure() -> dict[str, set[str]]:
    """Runs all commands on a new store and returns what each of them imported.

    Raises:
        RuntimeError: if a command fails.
    """
    found = {}
    with tempfile.TemporaryDirectory(prefix="kmsctl-imports-") as place:
        Path(place, "plain").write_bytes(b"text")
        for arguments in _SETUP:
            _run(place, arguments)
        for name, arguments in COMMANDS.items():
            found[name] = _run(place, arguments)
    return found


def _run(place: str, arguments: tuple[str, ...]) -> set[str]:
    record = Path(place, "record")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("KMSCTL_")},
        "KMSCTL_HOME": str(Path(place, "home")),
        "KMSCTL_CORE_ACCOUNT": "tester@host",
        "PYTHONPATH": str(Path(__file__).parent.parent.parent),
    }
    command = [sys.executable, "-c", _RUN, str(record), *arguments]
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"kmsctl {' '.join(arguments)}: {done.stderr}")
    return set(record.read_text().split())


def package(module: str) -> str:
    return module.partition(".")[0]


def recorded(modules: set[str]) -> list[str]:
    """Returns what is recorded of a set of modules.

    Those of kmsctl by their full names, everything else by package: which modules a package imports of its
    own, and which private modules there are, changes with every version of Python and of a library.
    """
    own = {name for name in modules if package(name) == "kmsctl"}
    others = {package(name) for name in modules - own}
    return sorted(own) + sorted(
        name for name in others if not name.startswith("_") or name == "_cffi_backend"
    )


def read_record() -> dict[str, list[str]]:
    """Returns what is on record for each command."""
    found: dict[str, list[str]] = {}
    command = ""
    for line in RECORD.read_text().splitlines():
        if line.startswith("    "):
            found[command].append(line.strip())
        elif line and not line.startswith("#"):
            command = line
            found[command] = []
    return found


def main() -> None:
    lines = [
        "# What commands import on top of a bare interpreter. Made by: python -m tests.meta.imported",
        f"# {sys.implementation.name} {sys.version_info.major}.{sys.version_info.minor}",
    ]
    for name, modules in measure().items():
        lines += ["", name, *(f"    {module}" for module in recorded(modules))]
    RECORD.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
