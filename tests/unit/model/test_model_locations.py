from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from kmsctl.model.locations import LOCATIONS, find
from kmsctl.model.names import LocationName

VECTORS = Path(__file__).parents[2] / "vectors" / "model"
ROWS = json.loads((VECTORS / "locations.json").read_text("utf-8"))["rows"]


def test_every_location_is_there_once_in_order() -> None:
    ids = [location.id for location in LOCATIONS]
    assert ids == sorted(row["id"] for row in ROWS)
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_a_location_has_its_kind_and_what_is_offered_there(row: dict[str, object]) -> None:
    location = find(str(row["id"]))
    assert location is not None
    assert location.kind == row["kind"]
    assert location.hsm is (row["hsm"] is not False)
    assert location.ekm is (row["ekm"] is True)
    assert location.place


def test_every_id_can_stand_in_a_name() -> None:
    for location in LOCATIONS:
        assert LocationName("p", location.id).text == f"projects/p/locations/{location.id}"


def test_the_kinds() -> None:
    kinds = Counter(location.kind for location in LOCATIONS)
    assert kinds == {"region": 43, "multi-region": 20, "dual-region": 3, "global": 1}


@pytest.mark.parametrize("name", ["", "eu", "mars", "US", "us-east1 ", "us-central2"])
def test_what_is_no_location_is_not_found(name: str) -> None:
    assert find(name) is None
