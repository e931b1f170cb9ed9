"""Maintenance, purging, verification and repair are killed, or run out of disk, at any moment."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING, Any

import pytest

from kmsctl.errors import KmsError
from kmsctl.model.names import CryptoKeyName, KeyRingName, LocationName
from kmsctl.service.kms import Kms
from tests.process import expected
from tests.process.expected import CTX, DAY, HOUR
from tests.process.forked import Child, limit_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from random import Random

    from tests.process.forked import Send

RING = KeyRingName(LocationName("kmsctl-local", "us-east1"), "ring")
START = 1_800_000_000_000_000
LATER = START + 2 * DAY
ROUNDS = 30
KEYS = 12
#: What a crash may leave: maintenance and repair clear it away.
HONEST = {"maintain", "repair"}
SIZES = [0, 100, 512, 1024, 4096, 8192, 16_384, 32_768, 50_000, 80_000, 120_000, 160_000, 200_000, 300_000]


def open_kms(home: Path, now: int = LATER) -> Kms:
    return Kms(str(home / "data"), str(home / "config" / "store"), clock=lambda: now)


@pytest.fixture(scope="module")
def due(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which much has fallen due: versions to destroy, keys to rotate, leftovers of crashes."""
    home = tmp_path_factory.mktemp("due") / "home"
    kms = open_kms(home, START)
    kms.create_key_ring(CTX, RING)
    for number in range(KEYS):
        name = CryptoKeyName(RING, f"k{number}")
        schedule = {"rotation_period": DAY, "next_rotation_time": START + HOUR} if number % 3 else {}
        kms.create_crypto_key(CTX, name, expected.symmetric(**schedule))
        kms.destroy_crypto_key_version(CTX, kms.create_crypto_key_version(CTX, name).name)
    kms.close()
    leftover = home / "data" / "locations" / ".us-west1.db.new"
    leftover.touch(mode=0o600)
    return home


def upkeep(home: Path, send: Send) -> None:
    kms = open_kms(home)
    acts: list[tuple[str, Callable[[], list[str]]]] = [
        ("maintain", lambda: kms.maintain_store(CTX, confirm_clock=lambda _: True).left),
        ("verify", lambda: [each.message for each in kms.verify_store(CTX) if each.action not in HONEST]),
        ("repair", lambda: kms.repair_store(CTX, confirm=lambda _: True).failed),
    ]
    for name, act in acts:
        send(name)
        try:
            send({"left": act()})
        except KmsError as error:
            send({"refused": error.status})
    kms.close()


def check(home: Path) -> None:
    """Checks that nothing is wrong but what is left to do, and that doing it is all it takes."""
    kms = open_kms(home)
    wrong = [(each.kind, each.message) for each in kms.verify_store(CTX) if each.action not in HONEST]
    assert wrong == []
    assert kms.maintain_store(CTX, confirm_clock=lambda _: True).left == []
    report = kms.repair_store(CTX, confirm=lambda _: True)
    assert (report.failed, report.left) == ([], [])
    kms.close()
    kms = open_kms(home)
    for number in range(KEYS):
        name = CryptoKeyName(RING, f"k{number}")
        states = [version.state for version in kms.list_crypto_key_versions(CTX, name)]
        assert states == (["ENABLED", "DESTROYED", "ENABLED"] if number % 3 else ["ENABLED", "DESTROYED"])
        operation: expected.Operation = {"do": "encrypt", "key": name.crypto_key, "text": "00"}
        assert expected.carry_out(kms, RING, operation)
    assert list(kms.verify_store(CTX)) == []
    kms.close()


def test_upkeep_is_killed_at_any_moment(due: Path, tmp_path: Path, crash_rng: Random) -> None:
    started = time.monotonic()
    home = tmp_path / "whole"
    shutil.copytree(due, home)
    messages: list[Any] = Child(lambda send: upkeep(home, send)).finish()
    assert [each for each in messages if isinstance(each, dict)] == [{"left": []}] * 3
    check(home)
    life = time.monotonic() - started
    reached = set()
    for _ in range(ROUNDS):
        shutil.rmtree(home)
        shutil.copytree(due, home)
        child = Child(lambda send: upkeep(home, send))
        time.sleep(
            crash_rng.uniform(0, life / 2)
        )  # not for something to happen: this is the moment that was drawn
        child.kill()
        said = [each for each in child.finish() if isinstance(each, str)]
        reached.add(said[-1] if said else "")
        check(home)
    assert reached >= {"maintain"}


@pytest.mark.parametrize("size", SIZES)
def test_upkeep_without_room_harms_nothing(due: Path, tmp_path: Path, size: int) -> None:
    home = tmp_path / "home"
    shutil.copytree(due, home)

    def limited(send: Send) -> None:
        limit_files(size)
        upkeep(home, send)

    messages = Child(limited).finish()
    refused = {each["refused"] for each in messages if isinstance(each, dict) and "refused" in each}
    assert refused <= {"RESOURCE_EXHAUSTED"}
    check(home)
