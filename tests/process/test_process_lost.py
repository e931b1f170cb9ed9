"""Each file of a store is lost in turn: commands say which, and what to do; put back, all is as it was."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kmsctl.model.names import CryptoKeyName, KeyRingName, LocationName
from kmsctl.service.kms import Kms
from tests.process import expected
from tests.process.expected import CTX

PLACE = ["--location=us-east1", "--keyring=ring"]
RING = KeyRingName(LocationName("local", "us-east1"), "ring")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that nobody closed: its logs hold what was done last."""
    home = tmp_path_factory.mktemp("lost") / "home"
    kms = Kms(str(home / "data"), str(home / "config" / "store"))
    kms.create_key_ring(CTX, RING)
    kms.create_crypto_key(CTX, CryptoKeyName(RING, "db"), expected.symmetric())
    assert list(kms.verify_store(CTX)) == []
    kms.create_crypto_key_version(CTX, CryptoKeyName(RING, "db"))
    kms.update_crypto_key_primary_version(CTX, CryptoKeyName(RING, "db"), 2)
    copy = home.with_name("crashed")
    shutil.copytree(home, copy)
    kms.close()
    return copy


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kmsctl", *arguments, f"--account={CTX.principal}"],
        env={**os.environ, "KMSCTL_HOME": str(home), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )


DESCRIBE = ["keys", "describe", "db", *PLACE, "--format=value(primary.name.basename())"]

#: what is lost → the kind of what verification finds, words of the error, and of what to do
LOST = {
    "data/control.db": ("ROLLBACK", "control.db is missing", "from a backup"),
    "data/control.db-wal": ("DATABASE_DAMAGED|ROLLBACK", "control.db", "back"),
    "data/locations/us-east1.db": ("ROLLBACK", "us-east1.db is missing", "from a backup"),
    "data/locations/us-east1.db-wal": ("DATABASE_DAMAGED|ROLLBACK", "us-east1.db", "back"),
    "data/locations": ("ROLLBACK", "us-east1.db is missing", "from a backup"),
    "data": ("ROLLBACK", "us-east1.db is missing", "from a backup"),
    "config/store/root-key": ("PROTECTOR_DAMAGED", "root-key is missing", "Bring it back from a copy"),
    "config/store/anchor": ("ANCHOR_DAMAGED", "anchor is missing", "Bring the configuration directory back"),
    "config/store": ("PROTECTOR_DAMAGED", "root key and anchor are not in", "Bring that directory back"),
}
#: what can be lost without any harm
HARMLESS = [
    "data/control.db-shm",
    "data/locations/us-east1.db-shm",
    "data/verified",
    "data/verified/us-east1",
]


@pytest.mark.parametrize("part", LOST)
def test_what_is_lost_is_named_with_what_to_do(original: Path, tmp_path: Path, part: str) -> None:
    home = tmp_path / "home"
    shutil.copytree(original, home)
    kinds, words, remedy = LOST[part]
    (home / part).rename(tmp_path / "kept")
    found = run(home, *DESCRIBE)
    assert found.returncode == 1
    assert found.stdout == ""
    assert words in found.stderr
    assert remedy in found.stderr
    verified = run(home, "store", "verify", "--format=json")
    assert verified.returncode == 1
    findings = json.loads(verified.stdout)
    assert {each["kind"] for each in findings} & set(kinds.split("|"))
    assert all(each["action"] == "restore" for each in findings), findings
    repaired = run(home, "store", "repair", "--quiet")
    assert repaired.returncode == 1  # nothing of it is repair's to make good
    if (home / part).is_dir():
        shutil.rmtree(home / part)
    (tmp_path / "kept").rename(home / part)
    assert run(home, *DESCRIBE).stdout == "2\n"


def test_what_can_be_lost_is_not_missed(original: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(original, home)
    for part in HARMLESS:
        if (home / part).is_dir():
            shutil.rmtree(home / part)
        else:
            (home / part).unlink(missing_ok=True)
    assert run(home, *DESCRIBE).stdout == "2\n"
    assert run(home, "store", "verify", "--since-last").returncode == 0


def test_all_parts_are_looked_at(original: Path) -> None:
    files = {str(path.relative_to(original)) for path in original.rglob("*") if path.is_file()}
    assert files == {
        part for part in [*LOST, *HARMLESS, "data/verified/control"] if (original / part).is_file()
    }
