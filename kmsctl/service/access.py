"""Why somebody may do something, or may not: the answer people need when access fails."""

from __future__ import annotations

from kmsctl.model import members, names
from kmsctl.service.authorize import ORPHANED, acting, allowed, facts, grants
from kmsctl.service.call import find_database
from kmsctl.service.callers import Groups, identify, inside, matching
from kmsctl.service.control import ControlReading, find_control
from kmsctl.service.orphans import projects_with_key_rings
from kmsctl.service.policies import account_target, check_permissions, shown_member
from kmsctl.service.targets import Target, find_project, levels

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kmsctl.model.policies import Binding
    from kmsctl.service.callers import Caller
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.service.targets import Level
    from kmsctl.store.snapshot import Snapshot
    from kmsctl.store.tables import Row

GRANTED, NOT_MET, UNKNOWN, NOT_A_MEMBER = "GRANTED", "CONDITION_NOT_MET", "CONDITION_FAILED", "NOT_A_MEMBER"
NOT_TOLD = "MEMBERSHIP_NOT_TOLD"
_UNUSED = "Nobody has used the project yet: whoever makes something in it first owns it."
_NOT_TOLD = "It may have the permission by a group whose members you may not see."


class Ground:
    """One binding that has the permission, and whether it gives it to the account.

    Attributes:
        level: the resource whose policy it stands in.
        binding: the binding.
        outcome: GRANTED, CONDITION_NOT_MET, CONDITION_FAILED, NOT_A_MEMBER, or MEMBERSHIP_NOT_TOLD where it
            may be one by a group that the caller may not get.
        via: the member of the binding that the account is, or empty.
        problem: why the condition could not be told, or empty.
    """

    __slots__ = ("binding", "level", "outcome", "problem", "via")

    def __init__(self, level: str, binding: Binding, outcome: str, via: str = "", problem: str = "") -> None:
        self.level = level
        self.binding = binding
        self.outcome = outcome
        self.via = via
        self.problem = problem


class Explanation:
    """Whether an account has a permission, and all bindings that could have given it.

    `note` says what no binding does: that the project is nobody's yet, or that the account can do nothing.
    """

    __slots__ = ("account", "granted", "grounds", "note", "permission", "resource")

    def __init__(
        self, account: str, permission: str, resource: str, *, granted: bool, grounds: list[Ground], note: str
    ) -> None:
        self.account = account
        self.permission = permission
        self.resource = resource
        self.granted = granted
        self.grounds = grounds
        self.note = note


class Holder:
    """A member that holds a permission: directly, or in a group."""

    __slots__ = ("condition", "level", "member", "role", "via")

    def __init__(self, member: str, role: str, level: str, condition: str, via: str) -> None:
        self.member = member
        self.role = role
        self.level = level
        self.condition = condition
        self.via = via


def explain(kms: Kms, ctx: Context, permission: str, name: names.Name, account: str) -> Explanation:
    """Explains whether `account` has a permission on a resource, to a caller who may see policies."""
    check_permissions([permission])
    with _View(kms, ctx, name) as view:
        control, location, target = view.control, view.location, view.target
        if control is None or find_project(control, target) is None:
            caller = identify(control, account)
            granted, problems = allowed(control, location, caller, permission, target)
            store = kms.find_store()
            if granted and store is not None and target.project in projects_with_key_rings(store):
                granted, problems = False, list(ORPHANED)
            note = " ".join(problems) or caller.problem or _UNUSED
            return Explanation(account, permission, target.name, granted=granted, grounds=[], note=note)
        caller, sight = identify(control, account), _Sight(control, acting(control, ctx))
        grounds = []
        for level, binding in _granting(control, location, target, permission):
            sight.hidden = False
            via = matching(caller, binding.members, Groups(control, caller, sight.shown))
            if via is None:
                outcome = NOT_TOLD if sight.hidden else NOT_A_MEMBER
                grounds.append(Ground(level.name, _shown(control, binding), outcome))
                continue
            outcome, problem = _outcome(control, location, target, binding)
            grounds.append(
                Ground(level.name, _shown(control, binding), outcome, shown_member(control, via), problem)
            )
        outcomes = {each.outcome for each in grounds}
        granted = GRANTED in outcomes and caller.problem is None
        note = caller.problem or (
            "" if grounds else "No binding on the way to the resource has the permission."
        )
        if not granted and NOT_TOLD in outcomes:
            note = note or _NOT_TOLD
        return Explanation(account, permission, target.name, granted=granted, grounds=grounds, note=note)


def who_can(kms: Kms, ctx: Context, permission: str, name: names.Name) -> list[Holder]:
    """Returns everybody who is granted a permission on a resource, and by what.

    Who is in a group is told to those who may get the groups of the project that looks after it.
    """
    check_permissions([permission])
    with _View(kms, ctx, name) as view:
        control = view.control
        if control is None or find_project(control, view.target) is None:
            return []
        shown = _Sight(control, acting(control, ctx)).shown
        return [
            Holder(shown_member(control, member), binding.role, level.name, _title(binding), via)
            for level, binding in _granting(control, view.location, view.target, permission)
            for member, via in _everybody(control, binding.members, shown)
        ]


class _Sight:
    """Which groups a caller may look into; `hidden` tells whether there was one that it may not."""

    __slots__ = ("_caller", "_control", "hidden")

    def __init__(self, control: Snapshot, caller: Caller) -> None:
        self._control = control
        self._caller = caller
        self.hidden = False

    def shown(self, group: Row) -> bool:
        place = Target(names.ProjectName(group.text("project")))
        found = allowed(self._control, None, self._caller, "kmsctl.groups.get", place)[0]
        self.hidden = self.hidden or not found
        return found


class _View:
    """The newest states of control.db and of a resource's location, for somebody who may see policies."""

    __slots__ = ("_kms", "_location", "_policy", "_reading", "control", "location", "target")

    control: Snapshot | None
    location: Snapshot | None

    def __init__(self, kms: Kms, ctx: Context, name: names.Name) -> None:
        self._kms = kms
        self.target = account_target(kms, name)
        self._policy = ControlReading(
            kms, ctx, "ExplainAccess", Target(names.ProjectName(self.target.project))
        )

    def __enter__(self) -> _View:
        with self._policy:
            pass
        self._policy.record()
        self.control = self.location = None
        self._location = self._reading = None
        place = getattr(self.target.resource, "location", None)
        database = find_database(self._kms, self.target.resource) if place else None  # type: ignore[arg-type]
        control = find_control(self._kms)
        if database is not None:
            self._location = database.read()
            self.location = self._location.__enter__()
        if control is not None:
            self._reading = control.read()
            self.control = self._reading.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        for reading in (self._reading, self._location):
            if reading is not None:
                reading.__exit__(None, None, None)


def _granting(
    control: Snapshot, location: Snapshot | None, target: Target, permission: str
) -> Iterator[tuple[Level, Binding]]:
    project = find_project(control, target)
    if project is not None:
        for level in levels(project, control, location, target):
            for binding in level.policy.bindings:
                if grants(control, binding.role, permission):
                    yield level, binding


def _outcome(
    control: Snapshot, location: Snapshot | None, target: Target, binding: Binding
) -> tuple[str, str]:
    if binding.condition is None:
        return GRANTED, ""
    from kmsctl.service.conditions import ConditionFailed, holds

    try:
        met = holds(binding.condition.expression, facts(control, location, target))
    except ConditionFailed as error:
        return UNKNOWN, str(error)
    return (GRANTED if met else NOT_MET), ""


def _shown(control: Snapshot, binding: Binding) -> Binding:
    from kmsctl.model.policies import Binding

    return Binding(
        binding.role, [shown_member(control, member) for member in binding.members], binding.condition
    )


def _title(binding: Binding) -> str:
    return "" if binding.condition is None else binding.condition.title


def _everybody(
    control: Snapshot, given: tuple[str, ...], shown: Callable[[Row], bool]
) -> Iterator[tuple[str, str]]:
    """Yields (member, the group that it is in, or nothing) of a binding, groups spelled out."""
    for member in given:
        yield member, ""
        if member.startswith(members.GROUP):
            for each in inside(control, member, shown):
                yield each, member
