"""The verbs of policies: read, set, and what of some permissions the caller has."""

from __future__ import annotations

from kmsctl.errors import Aborted, FailedPrecondition, InvalidArgument, PermissionDenied
from kmsctl.model import members, names
from kmsctl.model.policies import EMPTY_ETAG, LOG_TYPES, AuditConfig, Binding, Policy, encode
from kmsctl.service import refusals
from kmsctl.service.authorize import OWNER, acting, allowed
from kmsctl.service.call import Mutation, Reading, find_database, not_found
from kmsctl.service.control import ControlMutation, ControlReading, find_control
from kmsctl.service.targets import Target, below, find_project
from kmsctl.store import custom_roles, groups, policies, service_accounts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence
    from typing import TypeVar

    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.store.snapshot import Snapshot, Transaction
    from kmsctl.store.tables import Row

    T = TypeVar("T")
    PolicyHolder = (
        names.ProjectName
        | names.KeyRingName
        | names.CryptoKeyName
        | names.ImportJobName
        | names.ServiceAccountName
    )

MAX_PRINCIPALS, MAX_GROUPS, MAX_CONDITIONS, MAX_SIZE = 1500, 250, 100, 64 * 1024
_SERVICES = frozenset(
    {"allServices", "cloudkms.googleapis.com", "cloudresourcemanager.googleapis.com", "iam.googleapis.com"}
    | {"kmsctl", "logging.googleapis.com", "securitycenter.googleapis.com", "serviceusage.googleapis.com"}
)
_ACCOUNTS = ".iam.gserviceaccount.com"
_IN_CONTROL = (names.ProjectName, names.ServiceAccountName)
_CHANGED = (
    "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff."
)
ALL_FIELDS = ("auditConfigs", "bindings")


def get(kms: Kms, ctx: Context, name: PolicyHolder) -> Policy:
    if isinstance(name, _IN_CONTROL):
        target = account_target(kms, name)
        reading = ControlReading(kms, ctx, "GetIamPolicy", target)
        with reading as control:
            row = None if control is None else _control_row(control, target)
            if control is None or row is None:
                raise missing(name)
            found = _shown(control, policies.of(row))
        reading.record()
        return found
    resource = Reading(kms, ctx, "GetIamPolicy", name)
    with resource as snapshot:
        row = None if snapshot is None else _location_row(snapshot, name)
        if row is None:
            raise missing(name)
        stored = policies.of(row)
    found = _with_control(kms, lambda control: _shown(control, stored))
    resource.record()
    return found


def set_(
    kms: Kms, ctx: Context, name: PolicyHolder, policy: Policy, fields: Sequence[str] = ALL_FIELDS
) -> Policy:
    """Replaces the named fields (``bindings``, ``auditConfigs``) of a policy.

    Raises:
        Aborted: if the policy has an etag, and not that of the policy as it is.
        InvalidArgument: if a role, a member or a condition is none.
        FailedPrecondition: if nobody would own the project any more.
    """
    if policy.audit_configs and "auditConfigs" in fields and not isinstance(name, names.ProjectName):
        raise InvalidArgument("policy.auditConfigs: only the policy of a project can have some.")
    if isinstance(name, _IN_CONTROL):
        target = account_target(kms, name)
        with ControlMutation(kms, ctx, "SetIamPolicy", target) as change:
            transaction = change.transaction
            row = _control_row(transaction, target)
            if row is None:
                raise missing(name)
            project = change.project.text("project")
            before = policies.of(row)
            wanted = _merged(transaction, project, before, policy, fields)
            if isinstance(name, names.ProjectName):
                _check_owned(transaction, wanted)
            change.more, stored = _put(transaction, row, wanted)
        return _changed(kms, ctx, name, before, stored)
    with Mutation(kms, ctx, "SetIamPolicy", name) as call:
        row = _location_row(call.transaction, name)
        if row is None:
            raise missing(name)
        before = policies.of(row)
        wanted = _with_control(kms, lambda control: _merged(control, name.project, before, policy, fields))
        call.more, stored = _put(call.transaction, row, wanted)
    return _changed(kms, ctx, name, before, stored)


def _changed(kms: Kms, ctx: Context, name: PolicyHolder, before: Policy, stored: Policy) -> Policy:
    """Returns a policy that was set, with what that did to the separation of duties."""
    from kmsctl.service.conflicts import arising

    changed = _with_control(kms, lambda control: _shown(control, stored))
    changed.conflicts = arising(kms, ctx, name, before, stored)
    return changed


def test_permissions(kms: Kms, ctx: Context, name: PolicyHolder, permissions: Sequence[str]) -> list[str]:
    """Returns those of the permissions that the caller has; none of a resource that is not there."""
    check_permissions(permissions)
    target = account_target(kms, name)
    control = find_control(kms)
    if control is None:
        return []
    database = None if isinstance(name, _IN_CONTROL) else find_database(kms, name)

    def held(location: Snapshot | None) -> list[str]:
        with control.read() as snapshot:
            if find_project(snapshot, target) is None:
                return []
            if not isinstance(name, _IN_CONTROL) and (
                location is None or _location_row(location, name) is None
            ):
                return []
            caller = acting(snapshot, ctx)
            return [each for each in permissions if allowed(snapshot, location, caller, each, target)[0]]

    try:
        if database is None:
            return held(None)
        with database.read() as found:
            return held(found)
    except PermissionDenied as error:  # to act as a service account
        refusals.record(kms, ctx, "TestIamPermissions", target, error)
        raise


def check_permissions(permissions: Sequence[str]) -> None:
    """Refuses what is no permission: of those the owner's short cut would know as little as anybody."""
    from kmsctl.model.grants import known_permissions

    known = known_permissions()
    for permission in permissions:
        if permission not in known:
            raise InvalidArgument(f"permissions: '{permission}' is not a permission.")


def account_target(kms: Kms, name: names.Name) -> Target:
    """Returns the target of a name; that of a service account in ``-`` with the project that it is in.

    An account that is not there is taken to be in the project of its address, so that this alone tells nobody
    whether it is.
    """
    control = find_control(kms)
    if isinstance(name, names.ServiceAccountName) and name.project == "-" and control is not None:
        with control.read() as snapshot:
            row = service_accounts.find(snapshot, name.email)
        if row is not None:
            return Target(names.ServiceAccountName(row.text("project"), name.email))
        project = name.email.rpartition("@")[2].removesuffix(_ACCOUNTS)
        return Target(names.ServiceAccountName(project, name.email))
    return Target(name)


def find_account(control: Snapshot, target: Target) -> Row | None:
    """Returns the row of the service account that a target is, which has to be in the target's project.

    That is the project whose policy decided; under the name of another, an account is not to be found, be it
    that it was made only after the project of its name was looked up.
    """
    name = target.resource
    row = service_accounts.find(control, name.email) if isinstance(name, names.ServiceAccountName) else None
    return row if row is not None and row.text("project") == target.project else None


def missing(name: names.Name) -> Exception:
    return not_found(name)  # type: ignore[arg-type]  # it only asks for the name's type and text


def _with_control(kms: Kms, act: Callable[[Snapshot], T]) -> T:
    control = find_control(kms)
    if control is None:
        raise FailedPrecondition("There is no project yet.")
    with control.read() as snapshot:
        return act(snapshot)


def _control_row(control: Snapshot, target: Target) -> Row | None:
    if isinstance(target.resource, names.ServiceAccountName):
        return find_account(control, target)
    return find_project(control, target)


def _location_row(location: Snapshot, name: names.Name) -> Row | None:
    return next((level.row for level in below(location, name) if level.name == name.text), None)


def _put(transaction: Transaction, row: Row, policy: Policy) -> tuple[dict[str, object], Policy]:
    """Stores a policy. Returns what the record of the call says about it, and what was stored."""
    from kmsctl.service.policy_deltas import policy_delta

    delta = policy_delta(policies.of(row), policy)
    return {"serviceData": {"policyDelta": delta}}, policies.put(transaction, row, policy)


def check_arriving(kms: Kms, project: str, policy: Policy) -> None:
    """Refuses a policy that comes from another store, as it is stored there, if it could not be set here.

    Raises:
        InvalidArgument: if it names a role or a group that is not here: somebody else could make it.
    """

    def check(control: Snapshot) -> None:
        _merged(control, project, Policy(), Policy(_shown(control, policy).bindings), ("bindings",))

    _with_control(kms, check)


def _merged(control: Snapshot, project: str, before: Policy, given: Policy, fields: Sequence[str]) -> Policy:
    """Returns the policy to store: checked, with those fields as they were that are not to change."""
    if given.etag and given.etag != (before.etag or EMPTY_ETAG):
        raise Aborted(_CHANGED)
    bindings, configs = before.bindings, before.audit_configs
    if "bindings" in fields:
        bindings = tuple(_checked_binding(control, project, binding, before) for binding in given.bindings)
    if "auditConfigs" in fields:
        configs = tuple(_checked_config(control, config, before) for config in given.audit_configs)
    policy = Policy(bindings, configs)
    principals = [member for binding in bindings for member in binding.members]
    groups = sum(member.startswith(members.GROUP) for member in principals)
    if len(principals) > MAX_PRINCIPALS or groups > MAX_GROUPS:
        raise InvalidArgument(
            f"policy: it names {len(principals)} principals, {groups} of them groups; the most are "
            f"{MAX_PRINCIPALS} and {MAX_GROUPS}."
        )
    if sum(binding.condition is not None for binding in bindings) > MAX_CONDITIONS:
        raise InvalidArgument(f"policy: more than {MAX_CONDITIONS} of its bindings have conditions.")
    if len(encode(policy)) > MAX_SIZE:
        raise InvalidArgument("policy: it is larger than 64 KB.")
    return policy


def _checked_binding(control: Snapshot, project: str, binding: Binding, before: Policy) -> Binding:
    if all(binding.role != known.role for known in before.bindings):
        _check_role(control, project, binding.role)
    if binding.condition is not None and all(
        binding.condition != known.condition for known in before.bindings
    ):
        from kmsctl.service.conditions import check

        check(binding.condition.expression)
    named = {member for known in before.bindings for member in known.members}
    known = [stored_member(control, member, named) for member in binding.members]
    return Binding(binding.role, tuple(dict.fromkeys(known)), binding.condition)


def _checked_config(control: Snapshot, config: AuditConfig, before: Policy) -> AuditConfig:
    if config.service not in _SERVICES and all(
        config.service != known.service for known in before.audit_configs
    ):
        raise InvalidArgument(f"policy.auditConfigs.service: there is no service '{config.service}'.")
    if not config.exempt.keys() <= set(LOG_TYPES):
        raise InvalidArgument(f"policy.auditConfigs.logType: it is none of {', '.join(LOG_TYPES)}.")
    named = {member for known in before.audit_configs for each in known.exempt.values() for member in each}
    exempt = {
        kind: tuple(stored_member(control, member, named) for member in given)
        for kind, given in config.exempt.items()
    }
    return AuditConfig(config.service, exempt)


def _check_role(control: Snapshot, project: str, role: str) -> None:
    if role.startswith("roles/"):
        from kmsctl.model.grants import permissions_of

        found = permissions_of(role) is not None
    else:
        parts = role.split("/")
        found = len(parts) == 4 and parts[0] == "projects" and parts[2] == "roles" and parts[1] == project
        row = custom_roles.find(control, project, parts[3]) if found else None
        found = row is not None and not row.integer("deleted")
    if not found:
        raise InvalidArgument(
            f"Role {role} is not supported for this resource.", hint="kmsctl iam roles list shows the roles."
        )


def stored_member(control: Snapshot, given: str, named: Container[str] = ()) -> str:
    """Returns a member as it is stored: a service account with the id of the one that is meant.

    Args:
        control: the state of control.db.
        given: the member.
        named: members that may stay, though they be gone.

    Raises:
        InvalidArgument: if it is no member, or is a service account or group that is not there.
    """
    member = members.parse(given)
    if member.startswith(members.DELETED):
        return member.removeprefix(members.DELETED)
    if member.startswith(members.GROUP) and member not in named:
        address = member.removeprefix(members.GROUP)
        if groups.find(control, address) is None:
            raise InvalidArgument(
                f"Group {address} does not exist.", hint=f"Make it: kmsctl iam groups create {address}"
            )
    if member.startswith(members.USER) and members.is_service_account(member):
        raise InvalidArgument(
            f'Principal {given} is of type "serviceAccount".',
            hint=f"It has to appear as {members.SERVICE_ACCOUNT}{member.removeprefix(members.USER)}",
        )
    if not member.startswith(members.SERVICE_ACCOUNT):
        return member
    email = member.removeprefix(members.SERVICE_ACCOUNT)
    row = service_accounts.find(control, email)
    if row is None:
        raise InvalidArgument(
            f"Service account {email} does not exist.",
            hint="Make it: kmsctl iam service-accounts create, or kmsctl services identity create.",
        )
    return members.service_account(email, row.text("unique_id"))


def _shown(control: Snapshot, policy: Policy) -> Policy:
    """Returns a policy as the API shows it: service accounts by address, and those that are gone as such."""
    bindings = [
        Binding(each.role, [shown_member(control, member) for member in each.members], each.condition)
        for each in policy.bindings
    ]
    configs = [
        AuditConfig(
            config.service,
            {
                kind: tuple(shown_member(control, member) for member in exempt)
                for kind, exempt in config.exempt.items()
            },
        )
        for config in policy.audit_configs
    ]
    return Policy(bindings, configs, policy.etag or EMPTY_ETAG)


def shown_member(control: Snapshot, member: str) -> str:
    """Returns a stored member as the API shows it."""
    address, mark, unique_id = member.partition(members.UID)
    if not mark:
        return member
    return address if _is_there(control, address, unique_id) else members.DELETED + member


def _is_there(control: Snapshot, address: str, unique_id: str) -> bool:
    """Tells whether the service account with this id is there, and is the one of this address."""
    row = service_accounts.find_by_unique_id(control, unique_id)
    return row is not None and address == members.SERVICE_ACCOUNT + row.text("email")


def _check_owned(control: Snapshot, policy: Policy) -> None:
    """Refuses a policy of a project that everybody owns, as Google does, or nobody.

    Nobody could ever give it an owner again; and with the first project, everybody would own the store.
    """
    owners = (
        member
        for binding in policy.bindings
        if binding.role == OWNER and binding.condition is None
        for member in binding.members
    )
    if not any(_can_act(control, owner) for owner in owners):
        raise FailedPrecondition(
            f"The project must keep an owner: a user or service account with {OWNER} and no condition."
        )
    for binding in policy.bindings:
        open_to = {members.ALL_USERS, members.ALL_AUTHENTICATED_USERS}.intersection(binding.members)
        if binding.role == OWNER and open_to:
            raise InvalidArgument(f"{min(open_to)} cannot have {OWNER} on a project.")


def _can_act(control: Snapshot, member: str) -> bool:
    """Tells whether a stored member is an account: a user, or a service account that is there."""
    address, gone, unique_id = member.partition(members.UID)
    if address.startswith(members.SERVICE_ACCOUNT):
        return _is_there(control, address, unique_id)
    return address.startswith(members.USER) and not gone
