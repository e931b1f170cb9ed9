from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import tokens
from tests.unit.service.hsm_world import HsmWorld
from tests.unit.service.scene import Scene
from tests.unit.service.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.service.scene import Outcome


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An empty store."""
    made = World(tmp_path / "store")
    yield made
    made.kms.close()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[World]:
    """Another machine, with a directory for a configuration and no store."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "config").mkdir(mode=0o700)
    made = World(tmp_path / "elsewhere")
    yield made
    made.kms.close()


@pytest.fixture
def keyed(world: World) -> World:
    """A store with one ring and one symmetric key."""
    world.make_key()
    return world


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """A store with some history, which nobody touches."""
    scene = Scene(World(tmp_path_factory.mktemp("scene") / "store"))
    scene.build()
    scene.world.kms.close()
    return scene


@pytest.fixture(scope="session")
def baseline(pristine: Scene) -> dict[str, Outcome]:
    """What the owner's attempts come to where nothing is wrong."""
    found = pristine.outcomes()
    pristine.world.kms.close()
    assert found["stranger"][0] == "PERMISSION_DENIED"
    assert found["decrypt 2"][0] == "FAILED_PRECONDITION"
    assert all(kind == "done" for name, (kind, _) in found.items() if name not in ("stranger", "decrypt 2"))
    return found


@pytest.fixture
def scene(pristine: Scene, tmp_path: Path) -> Iterator[Scene]:
    """A copy of the store with some history, to be tampered with."""
    copy = Scene(pristine.world.copy(tmp_path / "scene"))
    copy.texts = pristine.texts
    yield copy
    copy.world.kms.close()


@pytest.fixture
def hsm(softhsm_token: tokens.Token, tmp_path: Path) -> Iterator[HsmWorld]:
    """An empty store whose HSM keys are in a SoftHSM token."""
    made = HsmWorld(tmp_path / "store", softhsm_token)
    yield made
    made.kms.close()
