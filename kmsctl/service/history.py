"""What was done to a resource, when and by whom: from the audit records of its location."""

from __future__ import annotations

from kmsctl.model import names
from kmsctl.model.times import rfc3339
from kmsctl.service import due
from kmsctl.service.call import Reading, not_found
from kmsctl.store import audit_log, rings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.store.audit_log import Record
    from kmsctl.store.snapshot import Snapshot

Subject = names.KeyRingName | names.CryptoKeyName

_METHODS = {
    names.KeyRingName: "ListKeyRingHistory",
    names.CryptoKeyName: "ListCryptoKeyHistory",
}
_PAGE = 500
#: From this severity on a record is of a call that was refused, which changed nothing.
_ERROR = 500
#: Fields of requests that repeat the method or the resource.
_ABOUT = frozenset(("@type", "name", "parent", "resource"))


def list_(
    kms: Kms, ctx: Context, name: Subject, *, recursive: bool, since: int | None, limit: int | None
) -> Iterator[dict[str, object]]:
    """Yields the changes of a resource, the newest first; see `kmsctl.service.api`."""
    method = _METHODS[type(name)]
    reading = Reading(kms, ctx, method, name, also=[names.ProjectName(name.project)])
    with reading as snapshot:
        if snapshot is None or not _is_there(snapshot, name):
            raise not_found(name)
        numbers = _numbers(snapshot, name, recursive=recursive, since=since)
    reading.record()
    if limit is not None:
        del numbers[limit:]
    for start in range(0, len(numbers), _PAGE):
        with Reading(kms, ctx, method, name, also=[names.ProjectName(name.project)]) as snapshot:
            found = [] if snapshot is None else _records(snapshot, numbers[start : start + _PAGE])
        yield from (_change(record) for record in found)


def _is_there(snapshot: Snapshot, name: Subject) -> bool:
    if isinstance(name, names.KeyRingName):
        return rings.find(snapshot, name) is not None
    return due.find_key(snapshot, name) is not None


def _numbers(snapshot: Snapshot, name: Subject, *, recursive: bool, since: int | None) -> list[int]:
    """Returns the numbers of the records of changes, the newest first."""
    text = name.text
    # The column compares without regard to case; the index has the names as they are.
    condition = "log <> 'data_access' AND severity < ? AND resource = ? AND +resource = ? COLLATE BINARY"
    found = _find(snapshot, condition, (_ERROR, text, text), since)
    if recursive:
        condition = (
            "log <> 'data_access' AND severity < ? "
            "AND resource > ? AND resource < ? AND substr(resource, 1, ?) = ?"
        )
        below = text + "/"
        found += _find(snapshot, condition, (_ERROR, below, text + "0", len(below), below), since)
    return sorted(found, reverse=True)


def _find(
    snapshot: Snapshot, condition: str, parameters: Sequence[int | str], since: int | None
) -> list[int]:
    sql = f"SELECT sequence FROM audit INDEXED BY audit_changes WHERE {condition} AND time >= ?"
    found = snapshot.connection.all(sql, (*parameters, -1 if since is None else since))
    return [number for (number,) in found if isinstance(number, int)]


def _records(snapshot: Snapshot, numbers: Sequence[int]) -> list[Record]:
    """Returns records by their numbers, each checked. One that was removed meanwhile is left out."""
    marks = ", ".join("?" * len(numbers))
    condition = f"sequence IN ({marks}) ORDER BY sequence DESC"
    return list(audit_log.select(snapshot, condition, numbers))


def _details(request: object) -> dict[str, object]:
    """Returns what a request says besides what it is about."""
    if not isinstance(request, dict):
        return {}
    return {field: value for field, value in request.items() if field not in _ABOUT and value}


def _change(record: Record) -> dict[str, object]:
    """Returns what a record says of a change, in fields of the LogEntry that it is of."""
    from json import loads

    entry = loads(record.text)
    payload = entry["protoPayload"]
    caller = payload["authenticationInfo"]
    change: dict[str, object] = {
        "timestamp": rfc3339(record.time),
        "methodName": record.method,
        "resourceName": record.resource,
        "principalEmail": record.principal,
    }
    delegation = [
        each["firstPartyPrincipal"]["principalEmail"]
        for each in caller.get("serviceAccountDelegationInfo", ())
    ]
    more = {
        "delegation": delegation,
        "accessReason": payload.get("requestMetadata", {}).get("requestAttributes", {}).get("reason"),
        "dueTime": payload.get("metadata", {}).get("dueTime"),
        "request": _details(payload.get("request")),
        "serviceData": payload.get("serviceData"),
    }
    change.update((field, value) for field, value in more.items() if value)
    change["insertId"] = entry["insertId"]
    return change
