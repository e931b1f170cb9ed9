"""Projects, service accounts, roles and groups as plain values, and as the JSON of their APIs."""

from __future__ import annotations

from kmsctl.errors import InvalidArgument
from kmsctl.model.times import rfc3339

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Launch stages of roles.
STAGES = ("ALPHA", "BETA", "GA", "DEPRECATED", "DISABLED", "EAP")
_GROUP_FIELDS = frozenset({"createTime", "description", "displayName", "email", "members", "projectId"})


class Project:
    """A project; `number` has 12 digits."""

    __slots__ = ("create_time", "display_name", "labels", "number", "project")

    def __init__(
        self, project: str, number: int, display_name: str, labels: Mapping[str, str], create_time: int
    ) -> None:
        self.project = project
        self.number = number
        self.display_name = display_name
        self.labels = labels
        self.create_time = create_time


class ServiceAccount:
    """A service account; `service` is the service whose agent it is, or empty."""

    __slots__ = ("description", "disabled", "display_name", "email", "project", "service", "unique_id")

    def __init__(
        self,
        email: str,
        project: str,
        unique_id: str,
        *,
        display_name: str = "",
        description: str = "",
        disabled: bool = False,
        service: str = "",
    ) -> None:
        self.email = email
        self.project = project
        self.unique_id = unique_id
        self.display_name = display_name
        self.description = description
        self.disabled = disabled
        self.service = service


class IamRole:
    """A role, predefined (``roles/ID``) or custom (``projects/PROJECT/roles/ID``)."""

    __slots__ = ("deleted", "description", "etag", "name", "permissions", "stage", "title")

    def __init__(
        self,
        name: str,
        title: str,
        description: str,
        stage: str,
        permissions: Sequence[str],
        *,
        deleted: bool = False,
        etag: str = "",
    ) -> None:
        self.name = name
        self.title = title
        self.description = description
        self.stage = stage
        self.permissions = permissions
        self.deleted = deleted
        self.etag = etag


class Group:
    """A group of accounts; its members are as in policies."""

    __slots__ = ("create_time", "description", "display_name", "email", "members", "project")

    def __init__(
        self,
        email: str,
        project: str,
        members: Sequence[str],
        *,
        display_name: str = "",
        description: str = "",
        create_time: int = 0,
    ) -> None:
        self.email = email
        self.project = project
        self.members = members
        self.display_name = display_name
        self.description = description
        self.create_time = create_time


def project_json(project: Project) -> dict[str, object]:
    """Returns a google.cloud.resourcemanager v1 Project, which is what gcloud prints."""
    shown: dict[str, object] = {
        "createTime": rfc3339(project.create_time),
        "lifecycleState": "ACTIVE",
        "name": project.display_name or project.project,
        "projectId": project.project,
        "projectNumber": str(project.number),
    }
    if project.labels:
        shown["labels"] = dict(project.labels)
    return shown


def service_account_json(account: ServiceAccount) -> dict[str, object]:
    """Returns a google.iam.admin.v1.ServiceAccount."""
    shown: dict[str, object] = {
        "email": account.email,
        "name": f"projects/{account.project}/serviceAccounts/{account.email}",
        "oauth2ClientId": account.unique_id,
        "projectId": account.project,
        "uniqueId": account.unique_id,
    }
    if account.display_name:
        shown["displayName"] = account.display_name
    if account.description:
        shown["description"] = account.description
    if account.disabled:
        shown["disabled"] = True
    return shown


def role_json(role: IamRole, *, with_permissions: bool = True) -> dict[str, object]:
    """Returns a google.iam.admin.v1.Role."""
    shown: dict[str, object] = {"name": role.name, "stage": role.stage, "title": role.title}
    if role.description:
        shown["description"] = role.description
    if role.etag:
        shown["etag"] = role.etag
    if with_permissions and role.permissions:
        shown["includedPermissions"] = list(role.permissions)
    if role.deleted:
        shown["deleted"] = True
    return shown


def group_json(group: Group) -> dict[str, object]:
    """Returns a group. The shape is kmsctl's own."""
    shown: dict[str, object] = {
        "createTime": rfc3339(group.create_time),
        "email": group.email,
        "members": list(group.members),
        "projectId": group.project,
    }
    if group.display_name:
        shown["displayName"] = group.display_name
    if group.description:
        shown["description"] = group.description
    return shown


def parse_groups(given: object, project: str) -> list[Group]:
    """Reads groups from JSON as `group_json` writes it: a list of them, or one.

    Raises:
        InvalidArgument: if it is something else; the message names the field.
    """
    listed = given if isinstance(given, list) else [given]
    return [_parse_group(each, f"groups[{place}]", project) for place, each in enumerate(listed)]


def _parse_group(given: object, field: str, project: str) -> Group:
    if not isinstance(given, dict) or not isinstance(given.get("email"), str):
        raise InvalidArgument(f"{field}: a group is a mapping with its email and its members.")
    unknown = [key for key in given if key not in _GROUP_FIELDS]
    if unknown:
        raise InvalidArgument(f"{field}: there is no field '{unknown[0]}'.")
    members = given.get("members")
    inside = [] if members is None else members
    if not isinstance(inside, list) or not all(isinstance(each, str) for each in inside):
        raise InvalidArgument(f"{field}.members: the members of a group are a list of texts.")
    texts = [given.get(key) or "" for key in ("displayName", "description")]
    if not all(isinstance(text, str) for text in texts):
        raise InvalidArgument(f"{field}: displayName and description are texts.")
    if given.get("projectId") not in (None, project):
        raise InvalidArgument(f"{field}.projectId: the group is another project's.")
    return Group(given["email"], project, inside, display_name=texts[0], description=texts[1])
