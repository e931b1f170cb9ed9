"""Tokens for tests: SoftHSM2 and NSS softokn, two unlike modules that need no daemon.

Where a module is missing its tests skip, and pytest's summary says so: install Debian's softhsm2 and libnss3.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote

import pytest

PIN = "12345678"
SO_PIN = "87654321"
LABEL = "kmsctl-test"
_MODULES = {
    "softhsm": (
        "/usr/lib/softhsm/libsofthsm2.so",
        "/usr/lib64/softhsm/libsofthsm2.so",
        "/usr/lib64/pkcs11/libsofthsm2.so",
        "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
        "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    ),
    "nss": (
        "/usr/lib/x86_64-linux-gnu/libsoftokn3.so",
        "/usr/lib/x86_64-linux-gnu/nss/libsoftokn3.so",
        "/usr/lib/aarch64-linux-gnu/libsoftokn3.so",
        "/usr/lib/aarch64-linux-gnu/nss/libsoftokn3.so",
        "/usr/lib64/libsoftokn3.so",
    ),
}
_PACKAGES = {"softhsm": "softhsm2", "nss": "libnss3"}


class Token:
    """A token of a test.

    Attributes:
        kind: ``softhsm`` or ``nss``.
        module: the module's path.
        directory: what the module keeps the token in, with a directory for lock files.
        uri: names the token, without a PIN.
        environment: what programs need to find it.
    """

    def __init__(
        self, kind: str, module: str, directory: Path, uri: str, environment: dict[str, str]
    ) -> None:
        self.kind = kind
        self.module = module
        self.directory = directory
        self.uri = uri
        self.environment = environment

    @property
    def locks(self) -> str:
        return str(self.directory / "locks")


def module_of(kind: str) -> str:
    """Returns the path of a module, or skips the test."""
    pytest.importorskip(
        "pkcs11", reason="python-pkcs11 is missing: NO HSM TEST RUNS. pip install kmsctl[hsm]"
    )
    for path in _MODULES[kind]:
        if os.path.exists(path):
            return path
    pytest.skip(f"NO {kind.upper()} MODULE: its HSM tests do not run. apt-get install {_PACKAGES[kind]}")


def scratch() -> Path:
    """Returns a new directory, in memory where there is such a place: tokens sync after every object."""
    memory = "/dev/shm"
    place = memory if os.access(memory, os.W_OK) else None
    return Path(tempfile.mkdtemp(prefix="kmsctl-token-", dir=place))


def make(kind: str, directory: Path) -> Token:
    """Makes a token below a directory. A process can use one SoftHSM directory and one NSS directory."""
    module = module_of(kind)
    (directory / "locks").mkdir(mode=0o700)
    return _softhsm(module, directory) if kind == "softhsm" else _nss(module, directory)


def _softhsm(module: str, directory: Path) -> Token:
    if shutil.which("softhsm2-util") is None:
        pytest.skip("NO softhsm2-util: SoftHSM's HSM tests do not run. apt-get install softhsm2")
    (directory / "tokens").mkdir(mode=0o700)
    configuration = directory / "softhsm2.conf"
    configuration.write_text(
        f"directories.tokendir = {directory}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    environment = {"SOFTHSM2_CONF": str(configuration)}
    subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", LABEL, "--so-pin", SO_PIN, "--pin", PIN],
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
    )
    return Token("softhsm", module, directory, f"pkcs11:token={LABEL}?module-path={module}", environment)


def _nss(module: str, directory: Path) -> Token:
    from kmsctl.crypto.pkcs11 import loading

    arguments = f"configdir='sql:{directory}' tokenDescription='ram' dbTokenDescription='{LABEL}' flags="
    loaded = loading.load(module, arguments)
    with loaded.library.get_token(token_label=LABEL).open(rw=True, so_pin="") as session:
        session.init_pin(PIN)
    uri = f"pkcs11:token={LABEL}?module-path={module}&x-init-args={quote(arguments)}"
    return Token("nss", module, directory, uri, {})
