"""The records of calls, in the LogEntry shape of Cloud Audit Logs.

A record holds who asked for what on which resource, never any plaintext, ciphertext or key.
"""

from __future__ import annotations

from kmsctl.errors import AccessReasonDenied, KmsError, PermissionDenied
from kmsctl.model import names
from kmsctl.model.members import SYSTEM
from kmsctl.model.methods import METHODS
from kmsctl.model.severities import SEVERITIES
from kmsctl.model.times import rfc3339
from kmsctl.service.targets import Target

TYPE_CHECKING = False
if TYPE_CHECKING:
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

#: Status → its number in google.rpc.Code.
CODES = {
    "UNKNOWN": 2,
    "INVALID_ARGUMENT": 3,
    "NOT_FOUND": 5,
    "ALREADY_EXISTS": 6,
    "PERMISSION_DENIED": 7,
    "RESOURCE_EXHAUSTED": 8,
    "FAILED_PRECONDITION": 9,
    "ABORTED": 10,
    "UNIMPLEMENTED": 12,
    "INTERNAL": 13,
    "UNAVAILABLE": 14,
    "INTEGRITY": 15,  # DATA_LOSS
}
_OWN_FAULTS = frozenset(("INVALID_ARGUMENT", "NOT_FOUND", "ALREADY_EXISTS", "FAILED_PRECONDITION", "ABORTED"))
_PROJECTS = "cloudresourcemanager.googleapis.com"
#: Service → the package of its requests.
_REQUESTS = {
    "cloudkms.googleapis.com": "google.cloud.kms.v1",
    "iam.googleapis.com": "google.iam.admin.v1",
    "logging.googleapis.com": "google.logging.v2",
    "serviceusage.googleapis.com": "google.api.serviceusage.v1beta1",
    _PROJECTS: "google.cloud.resourcemanager.v3",
}
#: Kind of resource → the field of the request to make one that has its id.
_IDS: dict[type, str] = {
    names.KeyRingName: "keyRingId",
    names.CryptoKeyName: "cryptoKeyId",
    names.ImportJobName: "importJobId",
}


def append(
    transaction: Transaction,
    ctx: Context,
    decision: Decision,
    target: Target,
    request: dict[str, object],
    **more: object,
) -> None:
    """Appends the record of an allowed call to the log of the transaction's database.

    `more` are further fields of the record, such as ``serviceData``.
    """
    payload = _allowed(ctx, decision, target, request, transaction.now)
    payload.update(more)
    method = decision.method
    _append(transaction, target.project, log_of(method), monitored_resource(target, method), payload)


def append_failure(
    transaction: Transaction,
    ctx: Context,
    decision: Decision,
    target: Target,
    request: dict[str, object],
    error: KmsError,
) -> None:
    """Appends the record of a call that was allowed, but failed and changed nothing."""
    payload = _allowed(ctx, decision, target, request, transaction.now)
    payload["status"] = {"code": CODES[error.status], "message": error.message}
    method = decision.method
    shown = monitored_resource(target, method)
    _append(transaction, target.project, log_of(method), shown, payload, "ERROR")


def is_recorded(error: BaseException | None) -> bool:
    """Tells whether a call that failed is recorded: if it was the call's own fault, and not a refusal."""
    return isinstance(error, KmsError) and error.status in _OWN_FAULTS


def append_refusal(
    transaction: Transaction, ctx: Context, method_name: str, target: Target, error: PermissionDenied
) -> None:
    """Appends the record of a call that was refused."""
    method = METHODS[method_name]
    permission, resource = error.asked or (method.permission_on(target.kind.rpartition("/")[2]), target.name)
    chain = refused(ctx, error)
    payload = _payload(method.name, chain[-1], target.name, _request(method, target, {}))
    payload["serviceName"] = _service(method, target)
    asked = _authorization(method, permission, target, granted=isinstance(error, AccessReasonDenied))
    asked["resource"] = resource
    payload["authorizationInfo"] = [asked]
    payload["status"] = {"code": CODES[error.status], "message": error.message}
    _add_caller(payload, ctx, transaction.now, chain)
    shown = monitored_resource(target, method)
    _append(transaction, target.project, log_of(method), shown, payload, "ERROR")


def refused(ctx: Context, error: PermissionDenied) -> tuple[str, ...]:
    """Returns who was refused, last, and before it those that it was reached by.

    An account that somebody may not act as has done nothing.
    """
    chain = (ctx.principal, *ctx.impersonated)
    return chain[: chain.index(error.account) + 1] if error.account in chain else chain


def append_repeats(transaction: Transaction, row: Row, repeats: int) -> None:
    """Appends the record that calls like one that was recorded were refused again, so many times."""
    resource, method = row.text("resource"), row.text("method")
    payload = _payload(method or "*", row.text("principal"), resource, {})
    payload["status"] = {"code": CODES[PermissionDenied.status], "message": "Calls were refused repeatedly."}
    payload["metadata"] = {"repeats": str(repeats), "since": rfc3339(row.integer("since"))}
    parts = resource.split("/")
    project = parts[1] if parts[0] == "projects" and len(parts) > 1 else ""
    known = METHODS.get(method)
    if known is not None:
        payload["serviceName"] = known.service
    shown = _audited_resource(project, str(payload["serviceName"]), method or "*")
    log = "activity" if known is None else log_of(known)
    _append(transaction, project, log, shown, payload, "ERROR")


def append_automatic(transaction: Transaction, method: str, name: ResourceName, due_time: int) -> None:
    """Appends the record of something that the service did because its time had come."""
    payload = _payload(METHODS[method].name, SYSTEM, str(name), {})
    payload["metadata"] = {"dueTime": rfc3339(due_time)}
    shown = monitored_resource(Target(name), METHODS[method])
    _append(transaction, name.project, "system_event", shown, payload)


def append_project(
    transaction: Transaction, ctx: Context, account: str, target: Target, request: dict[str, object]
) -> None:
    """Appends the record of a project that was made, or opened by its first use."""
    method = METHODS["CreateProject"]
    payload = _payload(method.name, account, target.name, _request(method, target, request))
    payload["serviceName"] = method.service
    _add_caller(payload, ctx, transaction.now)
    _append(transaction, target.project, "activity", monitored_resource(target, method), payload)


def append_store(
    transaction: Transaction, ctx: Context, decision: Decision, request: dict[str, object]
) -> None:
    """Appends the record of one of the store's own verbs to the log of a database."""
    payload = _payload(
        decision.method.name, decision.caller.account, f"store/{transaction.head.name}", request
    )
    payload["serviceName"] = decision.method.service
    _add_caller(payload, ctx, transaction.now)
    payload["authorizationInfo"] = [
        {
            "permission": decision.method.permission,
            "granted": True,
            "permissionType": decision.method.audit_type,
        }
    ]
    payload["metadata"] = {"controlGeneration": str(decision.control_generation)}
    project = "" if decision.project is None else decision.project.text("project")
    shown = _audited_resource(project, decision.method.service, decision.method.name)
    _append(transaction, project, log_of(decision.method), shown, payload)


def log_of(method: Method) -> str:
    """Returns the log that a method's records stand in."""
    return "activity" if method.audit_type == "ADMIN_WRITE" else "data_access"


def monitored_resource(target: Target, method: Method) -> dict[str, object]:
    """Returns the monitored resource of a record: its type and labels."""
    name = target.resource
    labels = {"project_id": target.project}
    if isinstance(name, names.ServiceAccountName):
        return {"type": "service_account", "labels": {**labels, "email_id": name.email}}
    key = name.parent if isinstance(name, names.CryptoKeyVersionName) else name
    ring = key.parent if isinstance(key, names.CryptoKeyName | names.ImportJobName) else key
    if isinstance(name, names.ProjectName) and _service(method, target) == _PROJECTS:
        return {"type": "project", "labels": labels}
    if not isinstance(ring, names.KeyRingName):
        return _audited_resource(target.project, method.service, method.name)
    labels["location"] = ring.parent.location
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


def _service(method: Method, target: Target) -> str:
    return method.service_on(target.kind.rpartition("/")[2])


def _audited_resource(project: str, service: str, method: str) -> dict[str, object]:
    labels = {"project_id": project, "service": service, "method": method}
    return {"type": "audited_resource", "labels": labels}


def _allowed(
    ctx: Context, decision: Decision, target: Target, request: dict[str, object], now: int
) -> dict[str, object]:
    """Returns what a record says of a call that was allowed."""
    method = decision.method
    payload = _payload(method.name, decision.caller.account, target.name, _request(method, target, request))
    payload["serviceName"] = decision.service
    if decision.permission is not None:
        payload["authorizationInfo"] = [
            _authorization(method, permission, place, granted=True)
            for permission, place in ((decision.permission, target), *decision.also)
        ]
    payload["metadata"] = {"controlGeneration": str(decision.control_generation)}
    location = getattr(target.resource, "location", None)
    if isinstance(location, str):
        payload["resourceLocation"] = {"currentLocations": [location]}
    _add_caller(payload, ctx, now)
    return payload


def _authorization(
    method: Method, permission: str | None, target: Target, *, granted: bool
) -> dict[str, object]:
    return {
        "permission": permission,
        "granted": granted,
        "resource": target.name,
        "permissionType": method.audit_type,
    }


def _request(method: Method, target: Target, known: dict[str, object]) -> dict[str, object]:
    """Returns what a record shows of the request: its type, the resource it names, what is known of it."""
    package = _REQUESTS.get(method.service)
    if package is None:
        return known
    shown: dict[str, object] = {}
    if method.checked_on == "resource":
        package, shown["resource"] = "google.iam.v1", target.name
    else:
        inside = target.checked_on(method.checked_on)
        within = method.name.startswith(("Create", "Import", "List"))
        shown["parent" if within else "name"] = inside.name
        if inside is not target:
            shown[_IDS[type(target.resource)]] = target.name.rpartition("/")[2]
    return {"@type": f"type.googleapis.com/{package}.{method.name}Request", **shown, **known}


def _add_caller(
    payload: dict[str, object], ctx: Context, now: int, chain: tuple[str, ...] | None = None
) -> None:
    attributes: dict[str, object] = {"time": rfc3339(now)}
    if ctx.request_id:
        attributes["id"] = ctx.request_id
    if ctx.access_reason:
        attributes["reason"] = ctx.access_reason
    metadata: dict[str, object] = {"requestAttributes": attributes}
    if ctx.user_agent:
        metadata["callerSuppliedUserAgent"] = ctx.user_agent
    payload["requestMetadata"] = metadata
    by = (chain or (ctx.principal, *ctx.impersonated))[:-1]
    if by:
        delegation = [{"firstPartyPrincipal": {"principalEmail": account}} for account in by]
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

    severity = severity or ("NOTICE" if log == "activity" else "INFO")
    scope = f"projects/{project}" if project else "store"
    time = rfc3339(transaction.now)
    entry = {
        "insertId": f"{transaction.head.epoch.hex()[:8]}-{transaction.audit.sequence + 1}",
        "logName": f"{scope}/logs/cloudaudit.googleapis.com%2F{log}",
        "protoPayload": payload,
        "receiveTimestamp": time,
        "resource": resource,
        "severity": severity,
        "timestamp": time,
    }
    authentication = payload["authenticationInfo"]
    transaction.append_audit(
        dumps(entry, sort_keys=True, separators=(",", ":")),
        project=project,
        log=log,
        severity=SEVERITIES[severity],
        method=str(payload["methodName"]),
        principal=str(authentication["principalEmail"]) if isinstance(authentication, dict) else "",
        resource=str(payload["resourceName"]),
    )
