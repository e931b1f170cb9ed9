"""Bytes of the files are changed at random: nothing but the truth, or a refusal, comes of it.

More of it: ``KMSCTL_FUZZ_SEEDS=20000 pytest tests/unit/service/test_service_tamper_fuzz.py``. A seed that
fails is part of the message.
"""

from __future__ import annotations

import os
import random
import shutil
from typing import TYPE_CHECKING

import pytest

from kmsctl.errors import KmsError
from tests.unit.service.scene import Scene, honest
from tests.unit.service.world import KEY, OWNER, Clock, World

if TYPE_CHECKING:
    from pathlib import Path


SEEDS = int(os.environ.get("KMSCTL_FUZZ_SEEDS", "40"))
PAGE = 4096


def damaged(content: bytes, rng: random.Random) -> bytes:
    """Returns content with one thing wrong with it."""
    data = bytearray(content)
    at, page = rng.randrange(len(data)), rng.randrange(0, len(data), PAGE)
    other = rng.randrange(0, len(data), PAGE)
    how = rng.choice(["bit", "byte", "run", "zeros", "swap", "copy", "cut"])
    if how == "bit":
        data[at] ^= 1 << rng.randrange(8)
    elif how == "byte":
        data[at] = rng.randrange(256)
    elif how == "run":
        data[at : at + 40] = rng.randbytes(len(data[at : at + 40]))
    elif how == "zeros":
        data[page : page + PAGE] = bytes(len(data[page : page + PAGE]))
    elif how == "swap":
        data[page : page + PAGE], data[other : other + PAGE] = (
            data[other : other + PAGE],
            data[page : page + PAGE],
        )
    elif how == "copy":
        data[page : page + PAGE] = data[other : other + PAGE]
    else:
        del data[at:]
    return bytes(data)


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> tuple[Scene, list[Path]]:
    """A store that was closed, and the same one as a crash leaves it: with its log."""
    path = tmp_path_factory.mktemp("fuzz")
    scene = Scene(World(path / "closed"))
    scene.build()
    shutil.copytree(path / "closed", path / "crashed")
    scene.world.kms.close()
    return scene, [path / "closed", path / "crashed"]


def test_random_damage_is_never_served(originals: tuple[Scene, list[Path]], tmp_path: Path) -> None:
    scene, paths = originals
    baseline = scene.outcomes()
    scene.world.kms.close()
    for seed in range(SEEDS):
        rng = random.Random(seed)
        path = tmp_path / "damaged"
        shutil.copytree(rng.choice(paths), path, copy_function=shutil.copy2)
        files = sorted(file for file in (path / "data").rglob("*") if file.is_file() and file.stat().st_size)
        for _ in range(rng.choice([1, 1, 2, 5])):
            file = rng.choice(files)
            content = file.read_bytes()
            if content:
                file.write_bytes(damaged(content, rng))
        world = World(path, clock=Clock(scene.world.clock.now))
        copy = Scene(world)
        copy.texts = scene.texts
        wrong = [
            name for name, attempt in copy.attempts().items() if not honest(name, baseline[name], attempt)
        ]
        assert wrong == [], f"seed {seed}"
        verify_and_change(world, seed)
        world.kms.close()
        shutil.rmtree(path)


def verify_and_change(world: World, seed: int) -> None:
    """Whatever is wrong, errors are the store's own, and verification comes to an end."""
    world.verify()
    for act in (
        lambda: world.kms.create_crypto_key_version(OWNER, KEY),
        lambda: world.kms.update_crypto_key(OWNER, KEY, {"labels": {"seed": str(seed)}}),
        lambda: world.maintain(confirm=True),
    ):
        try:
            act()
        except KmsError:
            continue
    world.verify()
