"""What a change of a policy or a role does, as records of it say: google.iam.v1.PolicyDelta and the like."""

from __future__ import annotations

from kmsctl.model.members import UID
from kmsctl.model.policies import Condition, Policy
from kmsctl.model.policy_json import condition_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeVar

    T = TypeVar("T")
    #: (role, member, condition)
    Grant = tuple[str, str, Condition | None]
    #: (service, type of log, member that is exempt from it; nothing for the log itself)
    Audited = tuple[str, str, str]


def policy_delta(before: Policy, after: Policy) -> dict[str, object]:
    """Returns who was given which role or lost it, and what is recorded since, or no longer."""
    delta: dict[str, object] = {"bindingDeltas": _deltas(_grants(before), _grants(after), _binding)}
    audited = _deltas(_audited(before), _audited(after), _audit_config)
    if audited:
        delta["auditConfigDeltas"] = audited
    return delta


def permission_delta(before: Iterable[str], after: Iterable[str]) -> dict[str, object]:
    """Returns what permissions a role got, and what it lost, as google.iam.admin.v1.AuditData has it."""
    old, new = set(before), set(after)
    shown = {"addedPermissions": sorted(new - old), "removedPermissions": sorted(old - new)}
    return {field: found for field, found in shown.items() if found}


def _deltas(
    before: dict[T, None], after: dict[T, None], shown: Callable[[T], dict[str, object]]
) -> list[dict[str, object]]:
    removed = [{"action": "REMOVE", **shown(each)} for each in before if each not in after]
    return removed + [{"action": "ADD", **shown(each)} for each in after if each not in before]


def _grants(policy: Policy) -> dict[Grant, None]:
    """Returns the members of all bindings one by one, in order."""
    return {
        (binding.role, member, binding.condition): None
        for binding in policy.bindings
        for member in binding.members
    }


def _binding(grant: Grant) -> dict[str, object]:
    role, member, condition = grant
    shown: dict[str, object] = {"member": member.partition(UID)[0], "role": role}
    if condition is not None:
        shown["condition"] = condition_json(condition)
    return shown


def _audited(policy: Policy) -> dict[Audited, None]:
    """Returns each type of log that is kept of a service, and who is exempt from it, in order."""
    return {
        (config.service, kind, member): None
        for config in policy.audit_configs
        for kind, exempt in config.exempt.items()
        for member in ("", *exempt)
    }


def _audit_config(audited: Audited) -> dict[str, object]:
    service, kind, member = audited
    shown: dict[str, object] = {"logType": kind, "service": service}
    if member:
        shown["exemptedMember"] = member.partition(UID)[0]
    return shown
