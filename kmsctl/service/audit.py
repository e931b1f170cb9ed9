"""The records of calls, in the LogEntry shape of Cloud Audit Logs.

A record holds who asked for what on which resource, never any plaintext, ciphertext or key.
"""

from __future__ import annotations

from kmsctl.model import names
from kmsctl.model.members import SYSTEM
from kmsctl.model.methods import METHODS
from kmsctl.model.times import rfc3339
from kmsctl.service.targets import Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.errors import PermissionDenied
    from kmsctl.model.methods import Method
    from kmsctl.model.names import (
        CryptoKeyName,
        CryptoKeyVersionName,
        ImportJobName,
        KeyRingName,
        LocationName,
    )
    from kmsctl.service.authorize import Decision
    from kmsctl.service.context import Context
    from kmsctl.store.snapshot import Transaction
    from kmsctl.store.tables import Row

    ResourceName = LocationName | KeyRingName | ImportJobName | CryptoKeyName | CryptoKeyVersionName

#: The code of google.rpc.Code.
_PERMISSION_DENIED = 7


def append(
    transaction: Transaction,
    ctx: Context,
    decision: Decision,
    target: Target,
    request: dict[str, object],
    **more: object,
) -> None:
    """Appends the record of an allowed call to the chain of the transaction's database.

    `more` are further fields of the record, such as ``serviceData``.
    """
    method = decision.method
    payload = _payload(method.name, decision.caller.account, target.name, request)
    payload["serviceName"] = method.service
    if decision.permission is not None:
        payload["authorizationInfo"] = [
            {"permission": decision.permission, "granted": True, "resource": target.name}
        ]
    payload["metadata"] = {"controlGeneration": str(decision.control_generation)}
    payload.update(more)
    _add_caller(payload, ctx)
    _append(transaction, target.project, log_of(method), monitored_resource(target), payload)


def append_refusal(
    transaction: Transaction, ctx: Context, method_name: str, target: Target, error: PermissionDenied
) -> None:
    """Appends the record of a call that was refused."""
    method = METHODS[method_name]
    account = ctx.impersonated[-1] if ctx.impersonated else ctx.principal
    permission = method.permission_on(target.kind.rpartition("/")[2])
    payload = _payload(method.name, account, target.name, {})
    payload["serviceName"] = method.service
    payload["authorizationInfo"] = [{"permission": permission, "granted": False, "resource": target.name}]
    payload["status"] = {"code": _PERMISSION_DENIED, "message": error.message}
    _add_caller(payload, ctx)
    _append(transaction, target.project, log_of(method), monitored_resource(target), payload, "ERROR")


def append_repeats(transaction: Transaction, row: Row, repeats: int) -> None:
    """Appends the record that calls like one that was recorded were refused again, so many times."""
    resource, method = row.text("resource"), row.text("method")
    payload = _payload(method or "*", row.text("principal"), resource, {})
    payload["status"] = {"code": _PERMISSION_DENIED, "message": "Calls were refused repeatedly."}
    payload["metadata"] = {"repeats": str(repeats), "since": rfc3339(row.integer("since"))}
    parts = resource.split("/")
    project = parts[1] if parts[0] == "projects" and len(parts) > 1 else ""
    shown: dict[str, object] = {"type": "audited_resource", "labels": {"method": method or "*"}}
    log = log_of(METHODS[method]) if method in METHODS else "activity"
    _append(transaction, project, log, shown, payload, "ERROR")


def append_automatic(transaction: Transaction, method: str, name: ResourceName, due_time: int) -> None:
    """Appends the record of something that the service did because its time had come."""
    payload = _payload(METHODS[method].name, SYSTEM, str(name), {})
    payload["metadata"] = {"dueTime": rfc3339(due_time)}
    _append(transaction, name.project, "system_event", monitored_resource(Target(name)), payload)


def append_project(
    transaction: Transaction, ctx: Context, account: str, target: Target, request: dict[str, object]
) -> None:
    """Appends the record of a project that was made, or opened by its first use."""
    payload = _payload("CreateProject", account, target.name, request)
    payload["serviceName"] = "cloudresourcemanager.googleapis.com"
    _add_caller(payload, ctx)
    _append(transaction, target.project, "activity", monitored_resource(target), payload)


def append_store(
    transaction: Transaction, ctx: Context, decision: Decision, request: dict[str, object]
) -> None:
    """Appends the record of one of the store's own verbs to the chain of a database."""
    payload = _payload(
        decision.method.name, decision.caller.account, f"store/{transaction.head.name}", request
    )
    payload["serviceName"] = decision.method.service
    _add_caller(payload, ctx)
    payload["authorizationInfo"] = [{"permission": decision.method.permission, "granted": True}]
    payload["metadata"] = {"controlGeneration": str(decision.control_generation)}
    project = "" if decision.project is None else decision.project.text("project")
    shown: dict[str, object] = {"type": "audited_resource", "labels": {"method": decision.method.name}}
    _append(transaction, project, "activity", shown, payload)


def log_of(method: Method) -> str:
    """Returns the log that a method's records stand in."""
    return "activity" if method.audit_type == "ADMIN_WRITE" else "data_access"


def monitored_resource(target: Target) -> dict[str, object]:
    """Returns the monitored resource of a record: its type and labels."""
    name = target.resource
    labels = {"project_id": target.project}
    if isinstance(name, names.ServiceAccountName):
        return {"type": "service_account", "labels": {**labels, "email_id": name.email}}
    if isinstance(name, names.ProjectName):
        return {"type": "project", "labels": labels}
    key = name.parent if isinstance(name, names.CryptoKeyVersionName) else name
    ring = key.parent if isinstance(key, names.CryptoKeyName | names.ImportJobName) else key
    kind = "audited_resource"
    place = ring.parent if isinstance(ring, names.KeyRingName) else ring
    if isinstance(place, names.LocationName):
        labels["location"] = place.location
    if isinstance(ring, names.KeyRingName):
        labels["key_ring_id"] = ring.key_ring
        kind = "cloudkms_keyring"
    if isinstance(key, names.ImportJobName):
        labels["import_job_id"] = key.import_job
        kind = "cloudkms_import_job"
    if isinstance(key, names.CryptoKeyName):
        labels["crypto_key_id"] = key.crypto_key
        kind = "cloudkms_cryptokey"
    if isinstance(name, names.CryptoKeyVersionName):
        labels["crypto_key_version_id"] = str(name.number)
        kind = "cloudkms_cryptokeyversion"
    return {"type": kind, "labels": labels}


def _add_caller(payload: dict[str, object], ctx: Context) -> None:
    if ctx.request_id:
        payload["requestMetadata"] = {"requestId": ctx.request_id}
    if ctx.access_reason:
        payload["accessReason"] = ctx.access_reason
    if ctx.impersonated:
        chain = (ctx.principal, *ctx.impersonated[:-1])
        delegation = [{"firstPartyPrincipal": {"principalEmail": account}} for account in chain]
        authentication = payload["authenticationInfo"]
        if isinstance(authentication, dict):
            authentication["serviceAccountDelegationInfo"] = delegation


def _payload(method: str, principal: str, resource: str, request: dict[str, object]) -> dict[str, object]:
    return {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "serviceName": "cloudkms.googleapis.com",
        "methodName": method,
        "resourceName": resource,
        "authenticationInfo": {"principalEmail": principal},
        "request": request,
        "status": {},
    }


def _append(
    transaction: Transaction,
    project: str,
    log: str,
    resource: dict[str, object],
    payload: dict[str, object],
    severity: str = "",
) -> None:
    from json import dumps

    scope = f"projects/{project}" if project else "store"
    entry = {
        "insertId": f"{transaction.head.epoch.hex()[:8]}-{transaction.audit.sequence + 1}",
        "logName": f"{scope}/logs/cloudaudit.googleapis.com%2F{log}",
        "protoPayload": payload,
        "resource": resource,
        "severity": severity or ("NOTICE" if log == "activity" else "INFO"),
        "timestamp": rfc3339(transaction.now),
    }
    transaction.append_audit(dumps(entry, sort_keys=True, separators=(",", ":")))
