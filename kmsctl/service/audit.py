"""The records of calls, in the LogEntry shape of Cloud Audit Logs.

A record holds who asked for what on which resource, never any plaintext, ciphertext or key.
"""

from __future__ import annotations

from kmsctl.model import names
from kmsctl.model.methods import METHODS
from kmsctl.model.times import rfc3339

TYPE_CHECKING = False
if TYPE_CHECKING:
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

    ResourceName = LocationName | KeyRingName | ImportJobName | CryptoKeyName | CryptoKeyVersionName

#: What the service does by itself, when its time has come, it does under this name.
SYSTEM = "service@kmsctl"


def append(
    transaction: Transaction,
    ctx: Context,
    decision: Decision,
    name: ResourceName,
    request: dict[str, object],
) -> None:
    """Appends the record of an allowed call to the chain of the transaction's database."""
    method = decision.method
    payload = _payload(method.name, ctx.principal, str(name), request)
    payload["authorizationInfo"] = [{"permission": method.permission, "granted": True, "resource": str(name)}]
    payload["metadata"] = {"controlGeneration": str(decision.control_generation)}
    if ctx.request_id:
        payload["requestMetadata"] = {"requestId": ctx.request_id}
    if ctx.access_reason:
        payload["accessReason"] = ctx.access_reason
    log = "activity" if method.audit_type == "ADMIN_WRITE" else "data_access"
    _append(transaction, name.project, log, monitored_resource(name), payload)


def append_automatic(transaction: Transaction, method: str, name: ResourceName, due_time: int) -> None:
    """Appends the record of something that the service did because its time had come."""
    payload = _payload(METHODS[method].name, SYSTEM, str(name), {})
    payload["metadata"] = {"dueTime": rfc3339(due_time)}
    _append(transaction, name.project, "system_event", monitored_resource(name), payload)


def append_project(transaction: Transaction, ctx: Context, project: str, number: int) -> None:
    """Appends the record of a project that was opened by its first use."""
    resource = f"projects/{project}"
    payload = _payload("CreateProject", ctx.principal, resource, {"projectNumber": str(number)})
    payload["serviceName"] = "cloudresourcemanager.googleapis.com"
    shown: dict[str, object] = {"type": "project", "labels": {"project_id": project}}
    _append(transaction, project, "activity", shown, payload)


def append_store(
    transaction: Transaction, ctx: Context, decision: Decision, request: dict[str, object]
) -> None:
    """Appends the record of one of the store's own verbs to the chain of a database."""
    payload = _payload(decision.method.name, ctx.principal, f"store/{transaction.head.name}", request)
    payload["authorizationInfo"] = [{"permission": decision.method.permission, "granted": True}]
    payload["metadata"] = {"controlGeneration": str(decision.control_generation)}
    project = "" if decision.project is None else decision.project.text("project")
    shown: dict[str, object] = {"type": "audited_resource", "labels": {"method": decision.method.name}}
    _append(transaction, project, "activity", shown, payload)


def monitored_resource(name: ResourceName) -> dict[str, object]:
    """Returns the monitored resource of a record: its type and labels."""
    key = name.parent if isinstance(name, names.CryptoKeyVersionName) else name
    ring = key.parent if isinstance(key, names.CryptoKeyName | names.ImportJobName) else key
    labels = {"project_id": name.project, "location": name.location}
    kind = "audited_resource"
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
    transaction: Transaction, project: str, log: str, resource: dict[str, object], payload: dict[str, object]
) -> None:
    from json import dumps

    scope = f"projects/{project}" if project else "store"
    entry = {
        "insertId": f"{transaction.head.epoch.hex()[:8]}-{transaction.audit.sequence + 1}",
        "logName": f"{scope}/logs/cloudaudit.googleapis.com%2F{log}",
        "protoPayload": payload,
        "resource": resource,
        "severity": "NOTICE" if log == "activity" else "INFO",
        "timestamp": rfc3339(transaction.now),
    }
    transaction.append_audit(dumps(entry, sort_keys=True, separators=(",", ":")))
