"""Locations: every location of Cloud KMS, none of which needs to be set up."""

from __future__ import annotations

from kmsctl.errors import NotFound
from kmsctl.model import locations
from kmsctl.model.names import check_project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from kmsctl.model.locations import Location
    from kmsctl.model.names import LocationName


def list_(project: str) -> Iterator[Location]:
    check_project(project)
    return iter(locations.LOCATIONS)


def get(name: LocationName) -> Location:
    found = locations.find(name.location)
    if found is None:
        raise NotFound(
            f"Location {name} not found.", hint="kmsctl locations list shows every location of Cloud KMS."
        )
    return found
