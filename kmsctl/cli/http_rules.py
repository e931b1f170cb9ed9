"""The HTTP rules of the API's methods, and what requests and answers look like without their bytes."""

from __future__ import annotations

from kmsctl.model.locations import Location
from kmsctl.model.names import Name, ProjectName, ServiceAccountName
from kmsctl.model.policies import Policy
from kmsctl.model.policy_json import policy_json
from kmsctl.model.resources import CryptoKey, CryptoKeyVersion, ImportJob, KeyRing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from kmsctl.model.names import (
        CryptoKeyName,
        CryptoKeyVersionName,
        ImportJobName,
        KeyRingName,
    )
    from kmsctl.model.resources import CryptoKeySpec

HOST = "cloudkms.googleapis.com"
REDACTED = "--- Redacted ---"

#: Field of ours → the API's, where they are not spelled alike.
_FIELDS = {
    "aad": "additionalAuthenticatedData",
    "aad_crc32c": "additionalAuthenticatedDataCrc32c",
    "iv": "initializationVector",
    "iv_crc32c": "initializationVectorCrc32c",
    "verified_aad_crc32c": "verifiedAdditionalAuthenticatedDataCrc32c",
    "verified_iv_crc32c": "verifiedInitializationVectorCrc32c",
}
#: Bytes that are left out if there are none: they are not what is kept secret.
_OPTIONAL = frozenset({"aad", "iv"})


class Request:
    """One request: its host, path below ``v1/``, query and body.

    Attributes:
        parent: the resource of a list.
        method: the HTTP method, where it is not that of the rule.
    """

    __slots__ = ("body", "host", "method", "parent", "path", "query")

    def __init__(self, path: str, query: dict[str, str] | None = None, body: object = None) -> None:
        self.host = HOST
        self.method: str | None = None
        self.path = path
        self.query = query or {}
        self.body = {} if body is None else body
        self.parent: str | None = None


class Rule:
    """A method's HTTP rule.

    Attributes:
        method: GET, POST or PATCH.
        request: makes the request from what the verb of the service is called with.
        collection: of a list: the field of its answer.
    """

    __slots__ = ("collection", "method", "request")

    def __init__(self, method: str, request: Callable[..., Request], collection: str = "") -> None:
        self.method = method
        self.request = request
        self.collection = collection


def answer_of(answer: Any, parent: object = None) -> object:
    """Returns an answer of the service as the API's JSON, without its bytes."""
    from kmsctl.model import rest

    shapes: dict[type, Callable[[Any], object]] = {
        KeyRing: rest.key_ring_json,
        CryptoKey: rest.crypto_key_json,
        CryptoKeyVersion: rest.crypto_key_version_json,
        ImportJob: rest.import_job_json,
        Policy: policy_json,
        list: lambda permissions: {"permissions": permissions} if permissions else {},
    }
    shape = shapes.get(type(answer))
    if shape is not None:
        return shape(answer)
    if isinstance(answer, Location):
        return rest.location_json(answer, str(getattr(parent, "project", parent)))
    return fields(answer, without="version")  # of a decryption, which the API does not tell


def fields(message: Any, *, without: str) -> dict[str, object]:
    """Returns a request or answer as JSON, without one of its fields, its bytes and their checksums."""
    shown: dict[str, object] = {}
    for field in type(message).__slots__:
        value = getattr(message, field)
        if field == without or value is None or value is False or (field in _OPTIONAL and not value):
            continue
        first, *rest = field.split("_")
        name = _FIELDS.get(field) or first + "".join(word.capitalize() for word in rest)
        shown[name] = _value(field, value)
    return shown


def _value(field: str, value: object) -> object:
    if value is True or isinstance(value, str):
        return value
    if isinstance(value, Name):
        return value.text
    if isinstance(value, int) and not field.endswith("_crc32c"):
        return value
    return REDACTED


def _list_locations(project: str) -> Request:
    request = Request(f"projects/{project}/locations")
    request.parent = project
    return request


def _get(name: Name) -> Request:
    return Request(name.text)


def _list(collection: str) -> Callable[..., Request]:
    def request(parent: Name, **_: object) -> Request:
        return Request(f"{parent.text}/{collection}")

    return request


def _create_key_ring(name: KeyRingName, *, tags: Mapping[str, str] | None = None) -> Request:
    body = {"tags": dict(tags)} if tags else {}
    return Request(f"{name.parent}/keyRings", {"keyRingId": name.key_ring}, body)


def _create_crypto_key(
    name: CryptoKeyName, spec: CryptoKeySpec, *, skip_initial_version_creation: bool = False
) -> Request:
    from kmsctl.model.times import duration_json, rfc3339

    query = {"cryptoKeyId": name.crypto_key}
    if skip_initial_version_creation:
        query["skipInitialVersionCreation"] = "true"
    body: dict[str, object] = {
        "purpose": spec.purpose,
        "versionTemplate": {"algorithm": spec.algorithm, "protectionLevel": spec.protection_level},
    }
    if spec.labels:
        body["labels"] = dict(spec.labels)
    if spec.rotation_period is not None:
        body["rotationPeriod"] = duration_json(spec.rotation_period)
    if spec.next_rotation_time is not None:
        body["nextRotationTime"] = rfc3339(spec.next_rotation_time)
    if spec.destroy_scheduled_duration is not None:
        body["destroyScheduledDuration"] = duration_json(spec.destroy_scheduled_duration)
    if spec.import_only:
        body["importOnly"] = True
    if spec.not_exportable:
        body["notExportable"] = True
    if spec.allowed_access_reasons is not None:
        body["keyAccessJustificationsPolicy"] = _policy(spec.allowed_access_reasons)
    return Request(f"{name.parent}/cryptoKeys", query, body)


def _update_crypto_key(name: CryptoKeyName, changes: Mapping[str, Any]) -> Request:
    from kmsctl.model.times import duration_json, rfc3339

    body: dict[str, object] = {}
    mask = []
    for field, value in sorted(changes.items()):
        if field == "labels":
            mask.append(field)
            body[field] = dict(value)
        elif field == "version_template.algorithm":
            mask.append("versionTemplate.algorithm")
            body["versionTemplate"] = {"algorithm": value}
        elif field == "key_access_justifications_policy":
            mask.append("keyAccessJustificationsPolicy")
            if value is not None:
                body[mask[-1]] = _policy(value)
        elif field == "not_exportable":
            mask.append("notExportable")
            body["notExportable"] = value
        else:
            period = field == "rotation_period"
            mask.append("rotationPeriod" if period else "nextRotationTime")
            if value is not None:
                body[mask[-1]] = duration_json(value) if period else rfc3339(value)
    return Request(name.text, {"updateMask": ",".join(mask)}, body)


def _policy(reasons: Sequence[str]) -> dict[str, object]:
    return {"allowedAccessReasons": list(reasons)} if reasons else {}


def _update_primary(name: CryptoKeyName, version: int) -> Request:
    return Request(f"{name}:updatePrimaryVersion", body={"cryptoKeyVersionId": str(version)})


def _create_version(parent: CryptoKeyName) -> Request:
    return Request(f"{parent}/cryptoKeyVersions")


def _update_version(name: CryptoKeyVersionName, state: str) -> Request:
    return Request(name.text, {"updateMask": "state"}, {"state": state})


def _create_import_job(
    name: ImportJobName, import_method: str, protection_level: str = "SOFTWARE"
) -> Request:
    body = {"importMethod": import_method, "protectionLevel": protection_level}
    return Request(f"{name.parent}/importJobs", {"importJobId": name.import_job}, body)


def _import_version(request: Any) -> Request:
    return Request(f"{request.parent}/cryptoKeyVersions:import", body=fields(request, without="parent"))


def _public_key(name: CryptoKeyVersionName, public_key_format: str = "PEM") -> Request:
    return Request(f"{name}/publicKey", {"publicKeyFormat": public_key_format})


def _action(verb: str) -> Callable[[Name], Request]:
    return lambda name: Request(f"{name}:{verb}")


def _use(verb: str) -> Callable[[Any], Request]:
    """A cryptographic method: its request is the body, but for the resource that it is called on."""
    return lambda request: Request(f"{request.name}:{verb}", body=fields(request, without="name"))


def _of_iam(name: Name, verb: str, body: object) -> Request:
    """A method of policies: projects and service accounts are other services', which take POST alone."""
    request = Request(f"{name.text}:{verb}", body=body)
    if isinstance(name, ProjectName):
        request.host = "cloudresourcemanager.googleapis.com"
    elif isinstance(name, ServiceAccountName):
        request.host = "iam.googleapis.com"
    if request.host != HOST:
        request.method = "POST"
    return request


def _get_policy(name: Name) -> Request:
    request = _of_iam(name, "getIamPolicy", {})
    request.query["options.requestedPolicyVersion"] = "3"
    return request


def _set_policy(name: Name, policy: Policy, fields: Sequence[str]) -> Request:
    mask = ",".join(sorted({*fields, *(["etag"] if policy.etag else [])}))
    return _of_iam(name, "setIamPolicy", {"policy": policy_json(policy), "updateMask": mask})


def _test_permissions(name: Name, permissions: Sequence[str]) -> Request:
    return _of_iam(name, "testIamPermissions", {"permissions": list(permissions)})


#: Verb of `KmsApi` → its rule. Verbs that the API does not have are not in here.
RULES: dict[str, Rule] = {
    "list_locations": Rule("GET", _list_locations, "locations"),
    "get_location": Rule("GET", _get),
    "create_key_ring": Rule("POST", _create_key_ring),
    "get_key_ring": Rule("GET", _get),
    "list_key_rings": Rule("GET", _list("keyRings"), "keyRings"),
    "create_crypto_key": Rule("POST", _create_crypto_key),
    "get_crypto_key": Rule("GET", _get),
    "list_crypto_keys": Rule("GET", _list("cryptoKeys"), "cryptoKeys"),
    "update_crypto_key": Rule("PATCH", _update_crypto_key),
    "update_crypto_key_primary_version": Rule("POST", _update_primary),
    "create_crypto_key_version": Rule("POST", _create_version),
    "get_crypto_key_version": Rule("GET", _get),
    "list_crypto_key_versions": Rule("GET", _list("cryptoKeyVersions"), "cryptoKeyVersions"),
    "update_crypto_key_version": Rule("PATCH", _update_version),
    "destroy_crypto_key_version": Rule("POST", _action("destroy")),
    "restore_crypto_key_version": Rule("POST", _action("restore")),
    "create_import_job": Rule("POST", _create_import_job),
    "get_import_job": Rule("GET", _get),
    "list_import_jobs": Rule("GET", _list("importJobs"), "importJobs"),
    "import_crypto_key_version": Rule("POST", _import_version),
    "get_iam_policy": Rule("GET", _get_policy),
    "set_iam_policy": Rule("POST", _set_policy),
    "test_iam_permissions": Rule("POST", _test_permissions),
    "encrypt": Rule("POST", _use("encrypt")),
    "decrypt": Rule("POST", _use("decrypt")),
    "asymmetric_sign": Rule("POST", _use("asymmetricSign")),
    "asymmetric_decrypt": Rule("POST", _use("asymmetricDecrypt")),
    "decapsulate": Rule("POST", _use("decapsulate")),
    "get_public_key": Rule("GET", _public_key),
    "mac_sign": Rule("POST", _use("macSign")),
    "mac_verify": Rule("POST", _use("macVerify")),
    "raw_encrypt": Rule("POST", _use("rawEncrypt")),
    "raw_decrypt": Rule("POST", _use("rawDecrypt")),
    "generate_random_bytes": Rule("POST", _use("generateRandomBytes")),
}
