"""Policies as the JSON of google.iam.v1.Policy, in both directions."""

from __future__ import annotations

from kmsctl.errors import InvalidArgument
from kmsctl.model.policies import EMPTY_ETAG, LOG_TYPES, AuditConfig, Binding, Condition, Policy
from kmsctl.model.texts import check_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

FIELDS = ("auditConfigs", "bindings", "etag", "version")
CONDITIONS_VERSION = 3
_VERSIONS = (0, 1, CONDITIONS_VERSION)


def policy_json(policy: Policy) -> dict[str, object]:
    """Returns a google.iam.v1.Policy."""
    shown: dict[str, object] = {}
    if policy.audit_configs:
        shown["auditConfigs"] = [_audit_config_json(config) for config in policy.audit_configs]
    if policy.bindings:
        shown["bindings"] = [_binding_json(binding) for binding in policy.bindings]
    shown["etag"] = policy.etag or EMPTY_ETAG
    if policy.bindings or policy.audit_configs:
        shown["version"] = CONDITIONS_VERSION if policy.has_conditions else 1
    return shown


def condition_json(condition: Condition) -> dict[str, str]:
    """Returns a google.type.Expr."""
    shown = {"expression": condition.expression, "title": condition.title}
    if condition.description:
        shown["description"] = condition.description
    return shown


def parse_policy(given: Mapping[str, object]) -> Policy:
    """Reads a google.iam.v1.Policy. Roles and members are not looked at here.

    Raises:
        InvalidArgument: naming the field that is not as it should be.
    """
    for field in given:
        if field not in FIELDS:
            raise InvalidArgument(f"policy: there is no field '{field}'.")
    version = given.get("version") or 0
    if version not in _VERSIONS:
        raise InvalidArgument(f"policy.version: {version!r} is none of 0, 1 and 3.")
    etag = given.get("etag") or ""
    if not isinstance(etag, str) or not etag.isascii() or not etag.isprintable() or " " in etag:
        raise InvalidArgument("policy.etag: this is not an etag.")
    bindings = [
        _parse_binding(f"policy.bindings[{place}]", each)
        for place, each in enumerate(_list(given.get("bindings"), "policy.bindings"))
    ]
    if version != CONDITIONS_VERSION and any(binding.condition for binding in bindings):
        raise InvalidArgument(
            "A policy with conditions must have version 3.", hint='Set "version": 3 in the policy.'
        )
    configs = [
        _parse_audit_config(f"policy.auditConfigs[{place}]", each)
        for place, each in enumerate(_list(given.get("auditConfigs"), "policy.auditConfigs"))
    ]
    return Policy(bindings, configs, etag.replace("-", "+").replace("_", "/"))


def parse_condition(place: str, given: object) -> Condition:
    """Reads a google.type.Expr.

    Raises:
        InvalidArgument: naming `place`, if it is none.
    """
    fields = _mapping(given, place, ("description", "expression", "location", "title"))
    texts = {name: _text(fields.get(name) or "", f"{place}.{name}") for name in fields}
    for name, most in (("expression", None), ("title", 100), ("description", 256)):
        text = texts.get(name, "")
        if not text and name != "description":
            raise InvalidArgument(f"{place}.{name}: a condition must have one.")
        check_text(f"{place}.{name}", text, most, one_line=name == "title")
    return Condition(texts["expression"], texts["title"], texts.get("description", ""))


def _binding_json(binding: Binding) -> dict[str, object]:
    shown: dict[str, object] = {"members": list(binding.members), "role": binding.role}
    if binding.condition is not None:
        shown["condition"] = condition_json(binding.condition)
    return shown


def _audit_config_json(config: AuditConfig) -> dict[str, object]:
    logs = []
    for kind, exempt in config.exempt.items():
        log: dict[str, object] = {"logType": kind}
        if exempt:
            log["exemptedMembers"] = list(exempt)
        logs.append(log)
    return {"auditLogConfigs": logs, "service": config.service}


def _parse_binding(place: str, given: object) -> Binding:
    fields = _mapping(given, place, ("condition", "members", "role"))
    role = _text(fields.get("role"), f"{place}.role")
    members = [_text(each, f"{place}.members") for each in _list(fields.get("members"), f"{place}.members")]
    if not members:
        raise InvalidArgument(f"{place}.members: a binding must have a member.")
    condition = fields.get("condition")
    parsed = None if condition is None else parse_condition(f"{place}.condition", condition)
    return Binding(role, list(dict.fromkeys(members)), parsed)


def _parse_audit_config(place: str, given: object) -> AuditConfig:
    fields = _mapping(given, place, ("auditLogConfigs", "service"))
    exempt: dict[str, tuple[str, ...]] = {}
    for each in _list(fields.get("auditLogConfigs"), f"{place}.auditLogConfigs"):
        log = _mapping(each, f"{place}.auditLogConfigs", ("exemptedMembers", "logType"))
        kind = log.get("logType")
        if kind not in LOG_TYPES:
            raise InvalidArgument(f"{place}.auditLogConfigs.logType: it is none of {', '.join(LOG_TYPES)}.")
        where = f"{place}.auditLogConfigs.exemptedMembers"
        exempt[str(kind)] = tuple(_text(member, where) for member in _list(log.get("exemptedMembers"), where))
    if not exempt:
        raise InvalidArgument(f"{place}.auditLogConfigs: it must name a log type.")
    return AuditConfig(_text(fields.get("service"), f"{place}.service"), exempt)


def _mapping(value: object, place: str, fields: tuple[str, ...]) -> dict[str, object]:
    if not isinstance(value, dict):
        raise InvalidArgument(f"{place}: this is not an object.")
    for field in value:
        if field not in fields:
            raise InvalidArgument(f"{place}: there is no field '{field}'.")
    return value


def _list(value: object, place: str) -> list[object]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidArgument(f"{place}: this is not a list.")
    return value


def _text(value: object, place: str) -> str:
    if not isinstance(value, str):
        raise InvalidArgument(f"{place}: this is not a text.")
    return value
