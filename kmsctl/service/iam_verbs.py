"""The verbs of `Kms` about who may do what: policies, projects, accounts, roles, groups."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kmsctl.model.findings import SecurityFinding
    from kmsctl.model.iam_resources import Group, IamRole, Project, ServiceAccount
    from kmsctl.model.names import Name, ProjectName, ServiceAccountName
    from kmsctl.model.policies import Policy
    from kmsctl.service.access import Explanation, Holder
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.service.policies import PolicyHolder


def _kms(verbs: IamVerbs) -> Kms:
    """Returns the whole of which the verbs are a part."""
    return verbs  # type: ignore[return-value]  # nothing else is made of them


class IamVerbs:
    """A part of `kmsctl.service.kms.Kms`. Each verb is one function in the module of its noun."""

    __slots__ = ()

    def get_iam_policy(self, ctx: Context, name: PolicyHolder) -> Policy:
        from kmsctl.service import policies

        return policies.get(_kms(self), ctx, name)

    def set_iam_policy(
        self, ctx: Context, name: PolicyHolder, policy: Policy, fields: Sequence[str]
    ) -> Policy:
        from kmsctl.service import policies

        return policies.set_(_kms(self), ctx, name, policy, fields)

    def test_iam_permissions(self, ctx: Context, name: PolicyHolder, permissions: Sequence[str]) -> list[str]:
        from kmsctl.service import policies

        return policies.test_permissions(_kms(self), ctx, name, permissions)

    def create_project(
        self,
        ctx: Context,
        name: ProjectName,
        *,
        display_name: str = "",
        labels: Mapping[str, str] | None = None,
    ) -> Project:
        from kmsctl.service import projects

        return projects.create(_kms(self), ctx, name, display_name, labels or {})

    def get_project(self, ctx: Context, name: ProjectName) -> Project:
        from kmsctl.service import projects

        return projects.get(_kms(self), ctx, name)

    def list_projects(self, ctx: Context) -> Iterator[Project]:
        from kmsctl.service import projects

        return projects.list_(_kms(self), ctx)

    def create_service_account(
        self,
        ctx: Context,
        parent: ProjectName,
        account_id: str,
        *,
        display_name: str = "",
        description: str = "",
    ) -> ServiceAccount:
        from kmsctl.service import accounts

        return accounts.create(
            _kms(self), ctx, parent, account_id, display_name=display_name, description=description
        )

    def create_service_identity(self, ctx: Context, parent: ProjectName, service: str) -> ServiceAccount:
        from kmsctl.service import accounts

        return accounts.create_agent(_kms(self), ctx, parent, service)

    def get_service_account(self, ctx: Context, name: ServiceAccountName) -> ServiceAccount:
        from kmsctl.service import accounts

        return accounts.get(_kms(self), ctx, name)

    def list_service_accounts(
        self, ctx: Context, parent: ProjectName, *, limit: int | None = None
    ) -> Iterator[ServiceAccount]:
        from kmsctl.service import accounts

        return accounts.list_(_kms(self), ctx, parent, limit)

    def set_service_account_disabled(
        self, ctx: Context, name: ServiceAccountName, *, disabled: bool
    ) -> ServiceAccount:
        from kmsctl.service import accounts

        return accounts.set_disabled(_kms(self), ctx, name, disabled=disabled)

    def delete_service_account(self, ctx: Context, name: ServiceAccountName) -> None:
        from kmsctl.service import accounts

        accounts.delete(_kms(self), ctx, name)

    def get_predefined_role(self, ctx: Context, role_id: str) -> IamRole:  # noqa: ARG002 - everybody may
        from kmsctl.service import roles

        return roles.predefined(role_id)

    def list_predefined_roles(self, ctx: Context) -> Iterator[IamRole]:  # noqa: ARG002 - everybody may
        from kmsctl.service import roles

        return roles.list_predefined()

    def get_custom_role(self, ctx: Context, parent: ProjectName, role: str) -> IamRole:
        from kmsctl.service import roles

        return roles.get(_kms(self), ctx, parent, role)

    def list_custom_roles(
        self, ctx: Context, parent: ProjectName, *, show_deleted: bool = False
    ) -> Iterator[IamRole]:
        from kmsctl.service import roles

        return roles.list_(_kms(self), ctx, parent, show_deleted=show_deleted)

    def create_custom_role(self, ctx: Context, parent: ProjectName, role: str, given: IamRole) -> IamRole:
        from kmsctl.service import roles

        return roles.create(_kms(self), ctx, parent, role, given)

    def update_custom_role(
        self, ctx: Context, parent: ProjectName, role: str, changes: Mapping[str, object], etag: str = ""
    ) -> IamRole:
        from kmsctl.service import roles

        return roles.update(_kms(self), ctx, parent, role, changes, etag)

    def set_custom_role_deleted(
        self, ctx: Context, parent: ProjectName, role: str, *, deleted: bool
    ) -> IamRole:
        from kmsctl.service import roles

        return roles.set_deleted(_kms(self), ctx, parent, role, deleted=deleted)

    def create_group(
        self,
        ctx: Context,
        parent: ProjectName,
        email: str,
        *,
        display_name: str = "",
        description: str = "",
    ) -> Group:
        from kmsctl.service import member_groups

        return member_groups.create(
            _kms(self), ctx, parent, email, display_name=display_name, description=description
        )

    def get_group(self, ctx: Context, parent: ProjectName, email: str) -> Group:
        from kmsctl.service import member_groups

        return member_groups.get(_kms(self), ctx, parent, email)

    def list_groups(self, ctx: Context, parent: ProjectName) -> Iterator[Group]:
        from kmsctl.service import member_groups

        return member_groups.list_(_kms(self), ctx, parent)

    def change_group_members(
        self,
        ctx: Context,
        parent: ProjectName,
        email: str,
        *,
        add: Sequence[str] = (),
        remove: Sequence[str] = (),
    ) -> Group:
        from kmsctl.service import member_groups

        return member_groups.change_members(_kms(self), ctx, parent, email, add=add, remove=remove)

    def import_groups(self, ctx: Context, parent: ProjectName, given: Sequence[Group]) -> list[Group]:
        from kmsctl.service import member_groups

        return member_groups.import_(_kms(self), ctx, parent, given)

    def delete_group(self, ctx: Context, parent: ProjectName, email: str) -> None:
        from kmsctl.service import member_groups

        member_groups.delete(_kms(self), ctx, parent, email)

    def explain_access(self, ctx: Context, permission: str, name: Name, account: str) -> Explanation:
        from kmsctl.service import access

        return access.explain(_kms(self), ctx, permission, name, account)

    def list_findings(
        self,
        ctx: Context,
        parent: ProjectName,
        *,
        location: str | None = None,
        key_ring: str | None = None,
    ) -> Iterator[SecurityFinding]:
        from kmsctl.service import findings

        return findings.list_(_kms(self), ctx, parent, location, key_ring)

    def who_can(self, ctx: Context, permission: str, name: Name) -> list[Holder]:
        from kmsctl.service import access

        return access.who_can(_kms(self), ctx, permission, name)
