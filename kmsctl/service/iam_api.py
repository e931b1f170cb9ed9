"""The verbs about who may do what, as a Protocol. Imported for types only; see `kmsctl.service.api`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from kmsctl.model.findings import SecurityFinding
from kmsctl.model.iam_resources import Group, IamRole, Project, ServiceAccount
from kmsctl.model.names import Name, ProjectName, ServiceAccountName
from kmsctl.model.policies import Policy
from kmsctl.service.access import Explanation, Holder
from kmsctl.service.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.service.policies import PolicyHolder


class IamApi(Protocol):
    """One method per API method. Lists are lazy and in name order."""

    def get_iam_policy(self, ctx: Context, name: PolicyHolder) -> Policy: ...
    def set_iam_policy(
        self, ctx: Context, name: PolicyHolder, policy: Policy, fields: Sequence[str]
    ) -> Policy:
        """Replaces the named fields of a policy: ``bindings``, ``auditConfigs``. See `Policy.etag`."""
        ...

    def test_iam_permissions(self, ctx: Context, name: PolicyHolder, permissions: Sequence[str]) -> list[str]:
        """Returns those of the permissions that the caller has on a resource."""
        ...

    def create_project(
        self,
        ctx: Context,
        name: ProjectName,
        *,
        display_name: str = "",
        labels: Mapping[str, str] | None = None,
    ) -> Project: ...
    def get_project(self, ctx: Context, name: ProjectName) -> Project: ...
    def list_projects(self, ctx: Context) -> Iterator[Project]:
        """Yields the projects that the caller may get."""
        ...

    def create_service_account(
        self,
        ctx: Context,
        parent: ProjectName,
        account_id: str,
        *,
        display_name: str = "",
        description: str = "",
    ) -> ServiceAccount: ...
    def create_service_identity(self, ctx: Context, parent: ProjectName, service: str) -> ServiceAccount:
        """Returns the agent of a service, which is made if it is not there yet."""
        ...

    def get_service_account(self, ctx: Context, name: ServiceAccountName) -> ServiceAccount: ...
    def list_service_accounts(
        self, ctx: Context, parent: ProjectName, *, limit: int | None = None
    ) -> Iterator[ServiceAccount]: ...
    def set_service_account_disabled(
        self, ctx: Context, name: ServiceAccountName, *, disabled: bool
    ) -> ServiceAccount: ...
    def delete_service_account(self, ctx: Context, name: ServiceAccountName) -> None: ...
    def get_predefined_role(self, ctx: Context, role_id: str) -> IamRole: ...
    def list_predefined_roles(self, ctx: Context) -> Iterator[IamRole]: ...
    def get_custom_role(self, ctx: Context, parent: ProjectName, role: str) -> IamRole: ...
    def list_custom_roles(
        self, ctx: Context, parent: ProjectName, *, show_deleted: bool = False
    ) -> Iterator[IamRole]: ...
    def create_custom_role(self, ctx: Context, parent: ProjectName, role: str, given: IamRole) -> IamRole: ...
    def update_custom_role(
        self, ctx: Context, parent: ProjectName, role: str, changes: Mapping[str, object], etag: str = ""
    ) -> IamRole: ...
    def set_custom_role_deleted(
        self, ctx: Context, parent: ProjectName, role: str, *, deleted: bool
    ) -> IamRole: ...
    def create_group(
        self, ctx: Context, parent: ProjectName, email: str, *, display_name: str = "", description: str = ""
    ) -> Group: ...
    def get_group(self, ctx: Context, parent: ProjectName, email: str) -> Group: ...
    def list_groups(self, ctx: Context, parent: ProjectName) -> Iterator[Group]: ...
    def change_group_members(
        self,
        ctx: Context,
        parent: ProjectName,
        email: str,
        *,
        add: Sequence[str] = (),
        remove: Sequence[str] = (),
    ) -> Group:
        """Adds and removes members, as policies name them."""
        ...

    def import_groups(self, ctx: Context, parent: ProjectName, given: Sequence[Group]) -> list[Group]:
        """Makes groups what they are said to be; those that are not named stay as they are."""
        ...

    def delete_group(self, ctx: Context, parent: ProjectName, email: str) -> None: ...
    def explain_access(self, ctx: Context, permission: str, name: Name, account: str) -> Explanation: ...
    def list_findings(
        self,
        ctx: Context,
        parent: ProjectName,
        *,
        location: str | None = None,
        key_ring: str | None = None,
    ) -> Iterator[SecurityFinding]:
        """Yields what the detectors find in a project, in one of its locations, or in a key ring there."""
        ...

    def who_can(self, ctx: Context, permission: str, name: Name) -> list[Holder]: ...
