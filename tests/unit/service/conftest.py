from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.service.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An empty store."""
    made = World(tmp_path / "store")
    yield made
    made.kms.close()


@pytest.fixture
def keyed(world: World) -> World:
    """A store with one ring and one symmetric key."""
    world.make_key()
    return world
