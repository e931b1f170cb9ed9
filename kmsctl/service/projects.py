"""Projects: made by hand or by their first use, shown, listed."""

from __future__ import annotations

from kmsctl.errors import AlreadyExists, NotFound, PermissionDenied
from kmsctl.model.iam_resources import Project
from kmsctl.model.labels import check_labels
from kmsctl.model.names import ProjectName
from kmsctl.model.texts import check_text
from kmsctl.service import refusals
from kmsctl.service.authorize import acting, allowed
from kmsctl.service.call import open_project
from kmsctl.service.control import ControlReading, find_control
from kmsctl.service.targets import Target
from kmsctl.store import labels as encoded
from kmsctl.store import projects

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.store.tables import Row

_GET = "resourcemanager.projects.get"


def create(
    kms: Kms, ctx: Context, name: ProjectName, display_name: str, labels: Mapping[str, str]
) -> Project:
    check_labels(labels)
    check_text("project.name", display_name, 30, one_line=True)
    made = open_project(kms, ctx, name.project, display_name=display_name, labels=encoded.encode(labels))
    if not made:
        raise AlreadyExists(f"Project {name} already exists.")
    return get(kms, ctx, name)


def get(kms: Kms, ctx: Context, name: ProjectName) -> Project:
    reading = ControlReading(kms, ctx, "GetProject", Target(name))
    with reading as snapshot:
        row = None if snapshot is None else projects.find(snapshot, name.project)
        if row is None:
            raise NotFound(f"Project {name} not found.")
        found = _resource(row)
    reading.record()
    return found


def list_(kms: Kms, ctx: Context) -> Iterator[Project]:
    """Yields the projects that the caller may get, in the order of their ids."""
    control = find_control(kms)
    if control is None:
        return
    with control.read() as snapshot:
        try:
            caller = acting(snapshot, ctx)
        except PermissionDenied as error:
            refusals.record_store(control, ctx, "ListProjects", error)
            raise
        found = [
            _resource(row)
            for row in sorted(projects.each(snapshot), key=lambda row: row.text("project"))
            if allowed(snapshot, None, caller, _GET, Target(ProjectName(row.text("project"))))[0]
        ]
    yield from found


def _resource(row: Row) -> Project:
    return Project(
        row.text("project"),
        row.integer("number"),
        row.text("display_name"),
        encoded.decode(row.text("labels")),
        row.integer("create_time"),
    )
