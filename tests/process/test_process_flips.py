"""One bit of any file of the store is flipped: it is found, or it was nothing; it is never served.

Every file is meant: databases and their logs, root key, anchor, the record of verification. More of it:
``-m slow`` flips a bit of every byte of the secrets, and many more of the databases.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from kmsctl.service.reports import VerifyOptions
from tests.unit.service.scene import Scene, honest
from tests.unit.service.world import OWNER, Clock, World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from random import Random


#: file → how many of its bits are flipped by default
FLIPS = {
    "root-key": 10,
    "anchor": 8,
    "control.db": 8,
    "control.db-wal": 8,
    "us-east1.db": 16,
    "us-east1.db-wal": 16,
    "us-east1.db-shm": 2,
    "us-east1": 3,
}


class Original:
    """A store as a crash leaves it, with its logs, and what comes of every attempt on it."""

    def __init__(self, path: Path) -> None:
        self.path = path / "crashed"
        scene = Scene(World(path / "live"))
        scene.build()
        self.baseline = scene.outcomes()
        assert scene.world.verify() == []
        shutil.copytree(path / "live", self.path)
        self.texts, self.now = scene.texts, scene.world.clock.now
        scene.world.kms.close()

    def files(self) -> dict[str, Path]:
        return {
            path.name: path.relative_to(self.path)
            for path in sorted(self.path.rglob("*"))
            if path.is_file() and path.stat().st_size
        }

    def check(self, place: Path, file: Path, bit: int) -> bool:
        """Flips a bit in a copy and looks at all that comes of it. Returns whether verification finds it."""
        shutil.copytree(self.path, place, copy_function=shutil.copy2)
        content = bytearray((place / file).read_bytes())
        content[bit >> 3] ^= 1 << (bit & 7)
        (place / file).write_bytes(content)
        world = World(place, clock=Clock(self.now))
        scene = Scene(world)
        scene.texts = self.texts
        outcomes = {name: (attempt, self.baseline[name]) for name, attempt in scene.attempts().items()}
        served = [name for name, (attempt, before) in outcomes.items() if not honest(name, before, attempt)]
        assert served == [], f"bit {bit} of {file}"
        world.reopen()
        found = world.verify()
        list(world.kms.verify_store(OWNER, None, VerifyOptions(since_last=True)))
        assert all(each.action and each.remedy for each in found)
        if not found:
            scene.world.reopen()
            assert scene.outcomes() == self.baseline, f"bit {bit} of {file} is not found"
        world.kms.close()
        shutil.rmtree(place)
        return bool(found)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Original:
    return Original(tmp_path_factory.mktemp("flips"))


def test_every_file_is_there(original: Original) -> None:
    assert FLIPS.keys() < original.files().keys()


@pytest.mark.parametrize("name", FLIPS)
def test_a_flipped_bit_is_found_or_was_nothing(
    original: Original, tmp_path: Path, crash_rng: Random, name: str
) -> None:
    file = original.files()[name]
    bits = 8 * (original.path / file).stat().st_size
    found = [
        original.check(tmp_path / "flipped", file, bit) for bit in crash_rng.sample(range(bits), FLIPS[name])
    ]
    if name in ("root-key", "anchor"):
        assert sum(found) >= len(found) // 2  # the anchor has an older copy of each record, and room in each


def every_bit(original: Original, rng: Random) -> Iterator[tuple[Path, int]]:
    for name, file in original.files().items():
        size = (original.path / file).stat().st_size
        places = (
            range(size)
            if name in ("root-key", "anchor")
            else sorted(rng.sample(range(size), min(size, 1500)))
        )
        for place in places:
            yield file, 8 * place + rng.randrange(8)


@pytest.mark.slow
def test_a_flipped_bit_of_every_byte(
    original: Original, tmp_path: Path, request: pytest.FixtureRequest, crash_rng: Random
) -> None:
    if "slow" not in request.config.getoption("-m"):
        pytest.skip("takes half an hour: run with -m slow")
    for file, bit in every_bit(original, crash_rng):
        original.check(tmp_path / "flipped", file, bit)
