"""What a permission is checked on: a resource, and the policies above it, from the project down."""

from __future__ import annotations

from kmsctl.model import names
from kmsctl.store import keys, policies, projects, rings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from kmsctl.model.policies import Policy
    from kmsctl.store.snapshot import Snapshot
    from kmsctl.store.tables import Row

_KMS = "cloudkms.googleapis.com"
_PROJECTS = "cloudresourcemanager.googleapis.com"
_IAM = "iam.googleapis.com"
_TYPES: dict[type, str] = {
    names.LocationName: "Location",
    names.KeyRingName: "KeyRing",
    names.CryptoKeyName: "CryptoKey",
    names.CryptoKeyVersionName: "CryptoKeyVersion",
    names.ImportJobName: "ImportJob",
}

_ABOVE_RINGS = (names.ProjectName, names.LocationName, names.ServiceAccountName)


class Target:
    """A resource that somebody asks about; it need not exist.

    Attributes:
        name: its full name.
        project: the project that it is in.
        resource: its name as a type.
        service, kind: what conditions call ``resource.service`` and ``resource.type``.
    """

    __slots__ = ("kind", "name", "project", "resource", "service")

    def __init__(self, resource: names.Name) -> None:
        self.resource = resource
        if isinstance(resource, names.ServiceAccountName):
            self.project = resource.project
            # The same whether or not it exists, in whichever project.
            self.name = f"projects/-/serviceAccounts/{resource.email}"
            self.service, kind = _IAM, "ServiceAccount"
        elif isinstance(resource, names.ProjectName):
            self.project = resource.project
            self.name = resource.text
            self.service, kind = _PROJECTS, "Project"
        else:
            self.project = str(resource.text.split("/", 2)[1])
            self.name = resource.text
            self.service, kind = _KMS, _TYPES[type(resource)]
        self.kind = f"{self.service}/{kind}"

    def checked_on(self, kind: str | None) -> Target:
        """Returns what the permission to make this resource is checked on: what it is made in."""
        resource = self.resource
        if (kind == "location" and isinstance(resource, names.KeyRingName)) or (
            kind == "keyRing" and isinstance(resource, names.CryptoKeyName | names.ImportJobName)
        ):
            return Target(resource.parent)
        return self

    @classmethod
    def store(cls) -> Target:
        """Returns the store itself, which the records of its own verbs are about."""
        target = cls(names.ProjectName("store"))
        target.name, target.project, target.kind = "store", "", "kmsctl/Store"
        return target


class Level:
    """One policy that may decide: of the resource `name`, whose row it stands in."""

    __slots__ = ("name", "row")

    def __init__(self, name: str, row: Row) -> None:
        self.name = name
        self.row = row

    @property
    def policy(self) -> Policy:
        return policies.of(self.row)


def levels(project: Row, control: Snapshot, location: Snapshot | None, target: Target) -> Iterator[Level]:
    """Yields the policies that may allow something on a target, from its project's down to its own."""
    yield Level(f"projects/{target.project}", project)
    resource = target.resource
    if isinstance(resource, names.ServiceAccountName):
        from kmsctl.store import service_accounts

        account = service_accounts.find(control, resource.email)
        if account is not None and account.text("project") == target.project:
            yield Level(target.name, account)
        return
    if location is None or isinstance(resource, _ABOVE_RINGS):
        return
    yield from below(location, resource)


def below(location: Snapshot, resource: names.Name) -> Iterator[Level]:
    """Yields the policies in a location: of the key ring, and of the key or import job in it."""
    inner = resource.parent if isinstance(resource, names.CryptoKeyVersionName) else resource
    ring_name = inner if isinstance(inner, names.KeyRingName) else inner.parent  # type: ignore[attr-defined]
    ring = rings.find(location, ring_name)
    if ring is None:
        return
    yield Level(ring_name.text, ring)
    row = None
    if isinstance(inner, names.CryptoKeyName):
        row = keys.find(location, ring, inner)
    elif isinstance(inner, names.ImportJobName):
        from kmsctl.store import import_jobs

        row = import_jobs.find(location, ring, inner)
    if row is not None:
        yield Level(inner.text, row)


def tags(location: Snapshot | None, target: Target) -> dict[str, str]:
    """Returns the tags that a target has, which are those of its key ring."""
    resource = target.resource
    if location is None or isinstance(resource, _ABOVE_RINGS):
        return {}
    inner = resource.parent if isinstance(resource, names.CryptoKeyVersionName) else resource
    name = inner if isinstance(inner, names.KeyRingName) else inner.parent  # type: ignore[attr-defined]
    row = rings.find(location, name)
    return {} if row is None else rings.tags_of(row)


def find_project(control: Snapshot | None, target: Target) -> Row | None:
    return None if control is None else projects.find(control, target.project)
