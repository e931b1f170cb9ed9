"""IAM policies: who holds which role, under which condition, and what is recorded.

A policy is stored as text (docs/format.md), so that reading one takes no parser that would have to be
loaded. Its JSON is that of google.iam.v1.Policy.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: What the API shows where no policy was ever set.
EMPTY_ETAG = "ACAB"
LOG_TYPES = ("ADMIN_READ", "DATA_READ", "DATA_WRITE")

#: Characters that would end a field or a line → how they are written; the escape itself comes first.
_ESCAPES = (("%", "%25"), (" ", "%20"), ("\n", "%0A"), ("\r", "%0D"))
_NOTHING = "%"


class Condition:
    """When a binding holds: an expression in CEL. Conditions are equal if all three texts are."""

    __slots__ = ("description", "expression", "title")

    def __init__(self, expression: str, title: str, description: str = "") -> None:
        self.expression = expression
        self.title = title
        self.description = description

    def _all(self) -> tuple[str, str, str]:
        return (self.expression, self.title, self.description)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Condition) and self._all() == other._all()

    def __hash__(self) -> int:
        return hash(self._all())


class Binding:
    """A role, and who holds it."""

    __slots__ = ("condition", "members", "role")

    def __init__(self, role: str, members: Sequence[str], condition: Condition | None = None) -> None:
        self.role = role
        self.members = tuple(members)
        self.condition = condition


class AuditConfig:
    """Which calls of a service are recorded: type of log → members whose calls are not."""

    __slots__ = ("exempt", "service")

    def __init__(self, service: str, exempt: dict[str, tuple[str, ...]]) -> None:
        self.service = service
        self.exempt = exempt


class Policy:
    """A policy.

    Attributes:
        bindings: who has which roles.
        audit_configs: what is recorded; of a project.
        etag: names the state that it was read in, or is empty.
        conflicts: of a policy that was just set: (member, resource) of those who since then both manage
            keys and use them. It is no part of the policy.
    """

    __slots__ = ("audit_configs", "bindings", "conflicts", "etag")

    def __init__(
        self, bindings: Iterable[Binding] = (), audit_configs: Iterable[AuditConfig] = (), etag: str = ""
    ) -> None:
        self.bindings = tuple(bindings)
        self.audit_configs = tuple(audit_configs)
        self.etag = etag
        self.conflicts: tuple[tuple[str, str], ...] = ()

    @property
    def has_conditions(self) -> bool:
        return any(binding.condition is not None for binding in self.bindings)

    @property
    def is_empty(self) -> bool:
        return not self.bindings and not self.audit_configs


def encode(policy: Policy) -> str:
    """Returns a policy as it is stored."""
    lines = [f"etag {policy.etag}"]
    for binding in policy.bindings:
        lines.append(" ".join(("bind", binding.role, *binding.members)))
        if binding.condition is not None:
            condition = binding.condition
            fields = (condition.expression, condition.title, condition.description)
            lines.append(" ".join(("if", *(_escape(field) for field in fields))))
    for config in policy.audit_configs:
        lines.append(f"audit {config.service}")
        lines += [" ".join(("log", kind, *config.exempt[kind])) for kind in config.exempt]
    return "\n".join(lines)


def decode(text: str) -> Policy:
    """Returns a stored policy. The row that holds it is authenticated, so its form is believed."""
    bindings: list[Binding] = []
    configs: list[AuditConfig] = []
    etag = ""
    for line in text.split("\n"):
        kind, *fields = line.split(" ")
        if kind == "bind":
            bindings.append(Binding(fields[0], fields[1:]))
        elif kind == "if":
            bindings[-1].condition = Condition(*map(_plain, fields))
        elif kind == "audit":
            configs.append(AuditConfig(fields[0], {}))
        elif kind == "log":
            configs[-1].exempt[fields[0]] = tuple(fields[1:])
        else:
            etag = fields[0]
    return Policy(bindings, configs, etag)


def audits(policy: Policy, service: str, log_type: str, members: frozenset[str]) -> bool:
    """Tells whether a call of a service is recorded, made by somebody who is all of `members`.

    Configurations of the service and of ``allServices`` add up, as do their exempt members.
    """
    applying = [
        config.exempt[log_type]
        for config in policy.audit_configs
        if config.service in (service, "allServices") and log_type in config.exempt
    ]
    return bool(applying) and not any(members.intersection(exempt) for exempt in applying)


def with_binding(policy: Policy, role: str, member: str, condition: Condition | None) -> Policy:
    """Returns the policy with a member added at the end of its binding, or in a new binding."""
    bindings = list(policy.bindings)
    for place, binding in enumerate(bindings):
        if binding.role == role and binding.condition == condition:
            if member not in binding.members:
                bindings[place] = Binding(role, (*binding.members, member), condition)
            break
    else:
        bindings.append(Binding(role, (member,), condition))
    return Policy(bindings, policy.audit_configs, policy.etag)


def without_binding(
    policy: Policy, role: str, member: str, condition: Condition | None, *, whatever_condition: bool = False
) -> Policy | None:
    """Returns the policy without a member in a binding, or None if there is no such binding."""
    left: list[Binding] = []
    found = False
    for binding in policy.bindings:
        fits = binding.role == role and (whatever_condition or binding.condition == condition)
        if not fits or member not in binding.members:
            left.append(binding)
            continue
        found = True
        members = [each for each in binding.members if each != member]
        if members:
            left.append(Binding(role, members, binding.condition))
    return Policy(left, policy.audit_configs, policy.etag) if found else None


def _escape(text: str) -> str:
    if not text:
        return _NOTHING
    for sign, written in _ESCAPES:
        text = text.replace(sign, written)
    return text


def _plain(field: str) -> str:
    if field == _NOTHING:
        return ""
    for sign, written in reversed(_ESCAPES):
        field = field.replace(written, sign)
    return field
