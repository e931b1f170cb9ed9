"""Locations: every location of Cloud KMS, none of which needs to be set up."""

from __future__ import annotations

from kmsctl.errors import NotFound
from kmsctl.model import locations
from kmsctl.model.names import ProjectName
from kmsctl.service.control import ControlReading
from kmsctl.service.targets import Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from kmsctl.model.locations import Location
    from kmsctl.model.names import LocationName
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms


def list_(kms: Kms, ctx: Context, project: str) -> Iterator[Location]:
    with ControlReading(kms, ctx, "ListLocations", Target(ProjectName(project))):
        pass  # the decision is what is needed; nothing is read
    return iter(locations.LOCATIONS)


def get(kms: Kms, ctx: Context, name: LocationName) -> Location:
    with ControlReading(kms, ctx, "GetLocation", Target(name)):
        pass
    found = locations.find(name.location)
    if found is None:
        raise NotFound(
            f"Location {name} not found.", hint="kmsctl locations list shows every location of Cloud KMS."
        )
    return found
