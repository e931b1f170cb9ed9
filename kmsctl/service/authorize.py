"""Who may do what: the one decision that every verb asks for.

A permission is granted by the policy of the resource or of one above it: project, key ring, key or import
job. The first account that makes something in a project gets the owner role in its policy; a project that
nobody has used yet is open to whoever asks, and empty. One that has key rings, but is unknown to the control
database, is closed: that database was lost, or is an older one.
"""

from __future__ import annotations

from kmsctl.errors import InvalidArgument, PermissionDenied
from kmsctl.model.members import SYSTEM, UID
from kmsctl.model.methods import ADMIN_WRITE, METHODS, service_of
from kmsctl.model.names import ProjectName, ServiceAccountName
from kmsctl.service.callers import identify, matching
from kmsctl.service.targets import Target, find_project, levels
from kmsctl.store import policies, projects, rings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from kmsctl.model.methods import Method
    from kmsctl.model.policies import Condition
    from kmsctl.service.callers import Caller
    from kmsctl.service.conditions import Facts
    from kmsctl.service.context import Context
    from kmsctl.store.snapshot import Snapshot
    from kmsctl.store.tables import Row

OWNER = "roles/owner"
#: What the owner role holds all of, so that no table has to be loaded for it; a test compares.
_OWNED = ("cloudkms.", "kmsctl.")
#: What refusals call the store itself.
STORE = "store"
_FOR_OWNERS = "The store's own commands are for the owners of the project that was made in it first."
#: Why a project is closed that has key rings, though control.db does not know it.
ORPHANED = (
    "The control database does not know this project, which has key rings: it was lost, or is an older one.",
    "Restore it, or take the project over as the store's owner: kmsctl store accept-rollback control",
)
IMPERSONATE = "iam.serviceAccounts.getAccessToken"
#: Accounts that nobody has: what the service does by itself is recorded as done by the first, and what
#: is counted of callers that are not told apart, as done by the other.
_RESERVED = (SYSTEM, "*")
_LONGEST_ACCOUNT = 1000
#: Bounds of a chain of service accounts, and of each of their addresses: all of it is recorded.
_LONGEST_CHAIN, _LONGEST_ADDRESS = 16, 320


class Decision:
    """A call that was allowed: what was asked, by whom, and on what grounds.

    Attributes:
        caller: who acts.
        permission: what was asked for; None where nothing has to be.
        project: the row of the project that decided, or None where nobody has used it.
        also: further permissions that were asked for, and the resources they were asked on.
    """

    __slots__ = ("also", "caller", "control_generation", "method", "permission", "project")

    def __init__(
        self,
        method: Method,
        permission: str | None,
        project: Row | None,
        caller: Caller,
        control_generation: int,
    ) -> None:
        self.also: tuple[tuple[str, Target], ...] = ()
        self.method = method
        self.permission = permission
        self.project = project
        self.caller = caller
        self.control_generation = control_generation

    @property
    def service(self) -> str:
        """The service that the call is of, as audit configurations and records name it."""
        if self.method.checked_on != "resource":
            return self.method.service
        return service_of(self.permission or "")

    @property
    def audited(self) -> bool:
        """Whether a record is to be kept: always of changes, else as the project's policy says."""
        kind = self.method.audit_type
        if kind is None or kind == ADMIN_WRITE:  # changes are recorded even where control.db was lost
            return kind is not None
        if self.project is None:
            return False
        from kmsctl.model.policies import audits

        return audits(policies.of(self.project), self.service, kind, self.caller.members)


def authorize(
    control: Snapshot | None,
    location: Snapshot | None,
    ctx: Context,
    method_name: str,
    target: Target,
    also: Sequence[Target] = (),
) -> Decision:
    """Decides whether the caller may call a method on a resource.

    Args:
        control: the state of control.db that decides, or None if there is none yet.
        location: the state of the resource's location, or None if it was never used or does not matter.
        ctx: the caller.
        method_name: the API's short name of the method.
        target: the resource that the caller named.
        also: the resources that the method's further permissions are needed on, in their order.

    Raises:
        PermissionDenied: with the same text whether or not the resource exists.
    """
    method = METHODS[method_name]
    permission = method.permission_on(target.kind.rpartition("/")[2])
    caller = acting(control, ctx)
    project = find_project(control, target)
    decision = Decision(
        method, permission, project, caller, 0 if control is None else control.head.generation
    )
    needed = [] if permission is None else [(permission, target.checked_on(method.checked_on))]
    decision.also = tuple((each, place) for (each, _), place in zip(method.also, also, strict=True))
    needed += decision.also
    for each, place in needed:
        _require(control, location, caller, each, place, shown=target.name if each == permission else "")
    return decision


def authorize_store(control: Snapshot | None, ctx: Context, method_name: str) -> Decision:
    """Decides whether the caller may call one of the store's own methods.

    The policy of the store's first project decides: whoever made the store owns that one.
    """
    method = METHODS[method_name]
    caller = acting(control, ctx)
    known = [] if control is None else projects.each(control)
    if control is None or not known:
        return Decision(method, method.permission, None, caller, 0)
    first = min(known, key=lambda row: row.id)
    if method.permission is not None:
        target = Target(ProjectName(first.text("project")))
        _require(control, None, caller, method.permission, target, shown=STORE)
    return Decision(method, method.permission, first, caller, control.head.generation)


def acting(control: Snapshot | None, ctx: Context) -> Caller:
    """Returns who acts: the account that asks, or the last of the service accounts that it acts as.

    Raises:
        PermissionDenied: if one of them may not act as the next.
    """
    _check_principal(ctx)
    caller = identify(control, ctx.principal)
    for email in ctx.impersonated:
        project = ""
        if control is not None:
            from kmsctl.store import service_accounts

            row = service_accounts.find(control, email)
            project = "" if row is None else row.text("project")
        shown = f"projects/-/serviceAccounts/{email}"
        if control is None or not project:
            raise denied(IMPERSONATE, shown, caller.account)
        target = Target(ServiceAccountName(project, email))
        _require(control, None, caller, IMPERSONATE, target)
        before, caller = caller, identify(control, email)
        if caller.problem is not None:
            raise denied(IMPERSONATE, shown, before.account, hint=caller.problem)
    return caller


def allowed(
    control: Snapshot | None, location: Snapshot | None, caller: Caller, permission: str, target: Target
) -> tuple[bool, list[str]]:
    """Tells whether a permission is granted on a target; else also which conditions could not be told.

    Conditions are looked at last: they alone cost something.
    """
    if caller.problem is not None:
        return False, []
    project = find_project(control, target)
    if control is None or project is None:
        if location is not None and rings.any_of(location, target.project):
            return False, list(ORPHANED)
        # Open to whoever asks, except where it cannot be a project: then nothing is there to be seen.
        return not isinstance(target.resource, ServiceAccountName), []
    conditional: list[Condition] = []
    for level in levels(project, control, location, target):
        for binding in level.policy.bindings:
            if grants(control, binding.role, permission) and matching(control, caller, binding.members):
                if binding.condition is None:
                    return True, []
                conditional.append(binding.condition)
    return _any_holds(control, location, target, conditional) if conditional else (False, [])


def grants(control: Snapshot, role: str, permission: str) -> bool:
    """Tells whether a role has a permission; one that is not there, deleted or disabled has none."""
    if role == OWNER and permission.startswith(_OWNED):
        return True
    if role.startswith("roles/"):
        from kmsctl.model.grants import permissions_of

        known = permissions_of(role)
        return known is not None and permission in known
    from kmsctl.store import custom_roles

    _, project, _, name = role.split("/")
    row = custom_roles.find(control, project, name)
    return row is not None and custom_roles.is_in_use(row) and permission in custom_roles.permissions_of(row)


def facts(control: Snapshot, location: Snapshot | None, target: Target) -> Facts:
    """Returns what conditions may look at."""
    from kmsctl.service.conditions import Facts
    from kmsctl.service.targets import tags

    now = control.now if location is None else max(control.now, location.now)
    return Facts(target.name, target.kind, target.service, now, tags(location, target))


def _any_holds(
    control: Snapshot, location: Snapshot | None, target: Target, conditional: list[Condition]
) -> tuple[bool, list[str]]:
    from kmsctl.service.conditions import ConditionFailed, holds

    known = facts(control, location, target)
    problems = []
    for condition in conditional:
        try:
            if holds(condition.expression, known):
                return True, []
        except ConditionFailed as error:
            problems.append(f"The condition '{condition.title}' counts as not met: {error}.")
    return False, problems


def _require(
    control: Snapshot | None,
    location: Snapshot | None,
    caller: Caller,
    permission: str,
    target: Target,
    *,
    shown: str = "",
) -> None:
    granted, problems = allowed(control, location, caller, permission, target)
    if not granted:
        hint = " ".join(problems) or caller.problem
        raise denied(permission, shown or target.name, caller.account, hint=hint)


def _check_principal(ctx: Context) -> None:
    """Refuses a caller without a name, or with one that policies and records could not hold as one word.

    So it does one that would be taken for another there: for the service, or for a member that was deleted.
    """
    account = ctx.principal
    if len(ctx.impersonated) > _LONGEST_CHAIN or any(len(one) > _LONGEST_ADDRESS for one in ctx.impersonated):
        raise InvalidArgument(
            f"A chain of service accounts has at most {_LONGEST_CHAIN} of them, "
            f"with addresses of at most {_LONGEST_ADDRESS} characters."
        )
    if (
        not 1 <= len(account) <= _LONGEST_ACCOUNT
        or not account.isprintable()
        or " " in account
        or UID in account
        or account.lower() in _RESERVED
    ):
        raise InvalidArgument(
            f"account: {ctx.principal!r} is not the name of an account.",
            hint="Give one with --account, or set core/account.",
        )


def denied(permission: str, resource: str, account: str, hint: str | None = None) -> PermissionDenied:
    """Returns the error for an account that was refused: the caller, or whom it acts as."""
    from shlex import quote

    explained = (
        "Whoever may see its policies is told why by: kmsctl iam explain "
        f"{permission} {resource} --account={quote(account)}"
    )
    error = PermissionDenied(
        f"Permission '{permission}' denied on resource '{resource}' (or it may not exist).",
        hint=hint or (_FOR_OWNERS if resource == STORE else explained),
    )
    error.asked = permission, resource
    error.account = account
    return error
