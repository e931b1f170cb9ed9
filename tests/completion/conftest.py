"""A store with names in it, a `kmsctl` to run, and each shell that is installed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kmsctl.cli.completion import SHELLS
from kmsctl.model.names import CryptoKeyName, KeyRingName, LocationName, ProjectName
from kmsctl.model.resources import CryptoKeySpec
from kmsctl.service.context import Context
from kmsctl.service.kms import Kms
from tests.completion.shells import Shell

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
CTX = Context("tester@host")
SYMMETRIC = CryptoKeySpec(purpose="ENCRYPT_DECRYPT", algorithm="GOOGLE_SYMMETRIC_ENCRYPTION")


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which `kmsctl` is this checkout's, with a store of its own."""
    place = tmp_path_factory.mktemp("completion")
    programs = place / "bin"
    programs.mkdir()
    launcher = programs / "kmsctl"
    launcher.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\n"
        "from kmsctl.__main__ import main\nsys.exit(main())\n"
    )
    launcher.chmod(0o755)
    home = place / "home"
    kms = Kms(str(home / "data"), str(home / "config" / "store"))
    east, west = LocationName("local", "us-east1"), LocationName("local", "us-west1")
    prod = KeyRingName(east, "prod")
    theirs = KeyRingName(LocationName("other", "us-east1"), "theirs")
    scoped = KeyRingName(LocationName("example.com:app", "us-east1"), "scoped")
    for ring in (prod, KeyRingName(west, "frontier"), theirs, scoped):
        kms.create_key_ring(CTX, ring)
    for name in ("db", "mail", "web-1", "web-2"):
        kms.create_crypto_key(CTX, CryptoKeyName(prod, name), SYMMETRIC)
    kms.create_group(CTX, ProjectName("local"), "team@example.com")
    kms.close()
    (home / "config" / "properties").write_text("[kms]\nlocation = us-west1\n")
    return {
        "PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(place),
        "LC_ALL": "C.UTF-8",
        "KMSCTL_HOME": str(home),
        "PYTHONPYCACHEPREFIX": str(place / "pycache"),
    }


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the shells are, with files to complete."""
    place = tmp_path_factory.mktemp("work")
    for name in ("secret file.txt", "other.enc"):
        (place / name).write_text("text")
    return place


@pytest.fixture(scope="session", params=SHELLS)
def shell(request: pytest.FixtureRequest, environment: dict[str, str], directory: Path) -> Iterator[Shell]:
    started = Shell(request.param, environment, directory)
    yield started
    started.close()
