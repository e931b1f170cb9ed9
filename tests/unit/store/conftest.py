from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.store.stores import PLACE, store_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kmsctl.store.database import Database
    from kmsctl.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = store_in(tmp_path / "store")
    yield made
    made.close()


@pytest.fixture
def database(store: Store) -> Database:
    return store.open(PLACE)
