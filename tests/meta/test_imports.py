"""What is imported is what a command costs: each module on a hot path is there on purpose."""

from __future__ import annotations

import sys

import pytest

from tests.meta.imported import COMMANDS, measure, package, read_record, recorded

#: No command that people wait for imports these: each costs more than all the work that it does.
SLOW = {
    "argparse",
    "asyncio",
    "dataclasses",
    "dateutil",
    "email",
    "http",
    "importlib.metadata",
    "json",
    "logging",
    "pathlib",
    "pkcs11",
    "platformdirs",
    "pydoc",
    "socket",
    "ssl",
    "subprocess",
    "tabulate",
    "tempfile",
    "unittest",
    "urllib",
    "yaml",
}
FORBIDDEN = {
    "help": SLOW | {"cryptography", "google_crc32c", "sqlite3", "hashlib"},
    "encrypt": SLOW | {"click", "hashlib", "hmac"},
    "decrypt": SLOW | {"click", "hashlib", "hmac"},
    "keys list": SLOW | {"click", "google_crc32c", "hashlib", "hmac"},
    "keys describe": SLOW | {"click", "google_crc32c", "hashlib", "hmac"},
    "tab": SLOW | {"click", "cryptography", "enum", "google_crc32c", "hashlib", "re", "typing"},
}


@pytest.fixture(scope="module")
def imported() -> dict[str, set[str]]:
    return measure()


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_slow_is_imported(imported: dict[str, set[str]], command: str) -> None:
    modules = imported[command]
    assert not FORBIDDEN[command] & (modules | {package(name) for name in modules})


@pytest.mark.parametrize("command", COMMANDS)
def test_the_modules_are_those_on_record(imported: dict[str, set[str]], command: str) -> None:
    """Where this is meant to change: python -m tests.meta.imported, and look at the difference."""
    expected, found = set(read_record()[command]), set(recorded(imported[command]))
    if sys.version_info[:2] != (3, 11):  # the standard library imports other parts of itself
        expected, found = (
            {name for name in names if package(name) not in sys.stdlib_module_names}
            for names in (expected, found)
        )
    assert found == expected
