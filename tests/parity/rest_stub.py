"""The Cloud KMS REST API over a store, as far as gcloud asks for it here."""

from __future__ import annotations

import base64
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

from kmsctl.errors import InvalidArgument, KmsError, NotFound
from kmsctl.model import algorithms, names, rest
from kmsctl.model.durations import parse_duration
from kmsctl.model.mac_requests import MacSignRequest, MacVerifyRequest
from kmsctl.model.policy_json import parse_policy, policy_json
from kmsctl.model.requests import DecryptRequest, EncryptRequest
from kmsctl.model.resources import CryptoKeySpec
from kmsctl.model.times import parse_rfc3339
from kmsctl.service.policies import ALL_FIELDS
from tests.parity.scene import CTX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kmsctl.service.kms import Kms

    Json = dict[str, Any]

N = TypeVar("N", bound=names.Name)
_CODES = {"NOT_FOUND": 404, "ALREADY_EXISTS": 409, "PERMISSION_DENIED": 403}


class Server(ThreadingHTTPServer):
    """Serves `kms`, which may be changed between two requests."""

    def __init__(self, kms: Kms) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.kms = kms


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PATCH(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Says nothing."""

    def _answer(self) -> None:
        split = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(split.query).items()}
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"{}")
        path = unquote(split.path).removeprefix("/v1/")
        code = 200
        try:
            found = call(self.server.kms, self.command, path, query, body)
        except KmsError as error:
            code = _CODES.get(error.status, 400)
            found = {"error": {"code": code, "message": error.message, "status": error.status}}
        data = json.dumps(found).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def call(kms: Kms, method: str, path: str, query: dict[str, str], body: Json) -> Json:
    """Answers one request."""
    if path.endswith("IamPolicy"):
        path, _, verb = path.partition(":")
        return _policy(kms, path, verb, body)
    if method == "GET":
        return _get(kms, path, query)
    if method == "PATCH":
        return _patch(kms, path, query, body)
    path, colon, verb = path.partition(":")
    if colon:
        return _use(kms, path, verb, body)
    return _create(kms, path, query, body)


def _policy(kms: Kms, path: str, verb: str, body: Json) -> Json:
    name: Any = names.parse(path)
    if verb == "getIamPolicy":
        return policy_json(kms.get_iam_policy(CTX, name))
    fields = [field for field in ALL_FIELDS if field in body.get("updateMask", "bindings").split(",")]
    if "etag" in body["policy"]:  # bytes in JSON are base64 of either alphabet
        body["policy"]["etag"] = body["policy"]["etag"].replace("-", "+").replace("_", "/")
    return policy_json(kms.set_iam_policy(CTX, name, parse_policy(body["policy"]), fields))


def _get(kms: Kms, path: str, query: dict[str, str]) -> Json:
    parent, _, last = path.rpartition("/")
    if last == "locations":
        project = parent.removeprefix("projects/")
        return _page(
            "locations",
            (rest.location_json(each, project) for each in kms.list_locations(CTX, project)),
            query,
        )
    if last == "keyRings":
        rings = kms.list_key_rings(CTX, _name(parent, names.LocationName))
        return _page(last, map(rest.key_ring_json, rings), query)
    if last == "cryptoKeys":
        keys = kms.list_crypto_keys(CTX, _name(parent, names.KeyRingName))
        return _page(last, map(rest.crypto_key_json, keys), query)
    if last == "cryptoKeyVersions":
        versions = kms.list_crypto_key_versions(CTX, _name(parent, names.CryptoKeyName))
        return _page(last, map(rest.crypto_key_version_json, versions), query)
    if last == "importJobs":
        jobs = kms.list_import_jobs(CTX, _name(parent, names.KeyRingName))
        return _page(last, map(rest.import_job_json, jobs), query)
    return _describe(kms, path)


def _describe(kms: Kms, path: str) -> Json:
    name = names.parse(path)
    if isinstance(name, names.LocationName):
        return rest.location_json(kms.get_location(CTX, name), name.project)
    if isinstance(name, names.KeyRingName):
        return rest.key_ring_json(kms.get_key_ring(CTX, name))
    if isinstance(name, names.CryptoKeyName):
        return rest.crypto_key_json(kms.get_crypto_key(CTX, name))
    if isinstance(name, names.CryptoKeyVersionName):
        return rest.crypto_key_version_json(kms.get_crypto_key_version(CTX, name))
    if isinstance(name, names.ImportJobName):
        return rest.import_job_json(kms.get_import_job(CTX, name))
    raise NotFound(path)


def _page(field: str, found: Iterator[Json], query: dict[str, str]) -> Json:
    every = list(found)
    start, size = int(query.get("pageToken", 0)), int(query["pageSize"])
    answer: Json = {"totalSize": len(every)}
    if every[start : start + size]:
        answer[field] = every[start : start + size]
    if start + size < len(every):
        answer["nextPageToken"] = str(start + size)
    return answer


def _create(kms: Kms, path: str, query: dict[str, str], body: Json) -> Json:
    parent, _, collection = path.rpartition("/")
    if collection == "keyRings":
        ring = names.KeyRingName(_name(parent, names.LocationName), query["keyRingId"])
        return rest.key_ring_json(kms.create_key_ring(CTX, ring))
    if collection == "cryptoKeys":
        key = names.CryptoKeyName(_name(parent, names.KeyRingName), query["cryptoKeyId"])
        skip = query.get("skipInitialVersionCreation", "") == "True"
        made = kms.create_crypto_key(CTX, key, _spec(body), skip_initial_version_creation=skip)
        return rest.crypto_key_json(made)
    if collection == "cryptoKeyVersions":
        version = kms.create_crypto_key_version(CTX, _name(parent, names.CryptoKeyName))
        return rest.crypto_key_version_json(version)
    if collection == "importJobs":
        job = names.ImportJobName(_name(parent, names.KeyRingName), query["importJobId"])
        made_job = kms.create_import_job(CTX, job, body["importMethod"], body["protectionLevel"])
        return rest.import_job_json(made_job)
    raise NotFound(path)


def _spec(body: Json) -> CryptoKeySpec:
    template = body.get("versionTemplate", {})
    purpose = algorithms.purpose_by_enum(body["purpose"])
    default = "GOOGLE_SYMMETRIC_ENCRYPTION" if purpose.enum == "ENCRYPT_DECRYPT" else ""
    return CryptoKeySpec(
        purpose=purpose.enum,
        algorithm=template.get("algorithm", default),
        protection_level=template.get("protectionLevel", "SOFTWARE"),
        labels=body.get("labels"),
        rotation_period=_duration(body.get("rotationPeriod")),
        next_rotation_time=_time(body.get("nextRotationTime")),
        destroy_scheduled_duration=_duration(body.get("destroyScheduledDuration")),
        import_only=body.get("importOnly", False),
        allowed_access_reasons=_reasons(body),
    )


def _reasons(body: Json) -> list[str] | None:
    policy = body.get("keyAccessJustificationsPolicy")
    return None if policy is None else policy.get("allowedAccessReasons", [])


def _patch(kms: Kms, path: str, query: dict[str, str], body: Json) -> Json:
    name = names.parse(path)
    if isinstance(name, names.CryptoKeyVersionName):
        changed = kms.update_crypto_key_version(CTX, name, body["state"])
        return rest.crypto_key_version_json(changed)
    changes: Json = {}
    for field in query["updateMask"].split(","):
        if field == "labels":
            changes["labels"] = body.get("labels", {})
        elif field == "rotationPeriod":
            changes["rotation_period"] = _duration(body.get("rotationPeriod"))
        elif field == "nextRotationTime":
            changes["next_rotation_time"] = _time(body.get("nextRotationTime"))
        elif field == "versionTemplate.algorithm":
            changes["version_template.algorithm"] = body["versionTemplate"]["algorithm"]
        elif field == "keyAccessJustificationsPolicy":
            changes["key_access_justifications_policy"] = _reasons(body)
        else:
            raise InvalidArgument(f"update_mask: '{field}' cannot be changed.")
    return rest.crypto_key_json(kms.update_crypto_key(CTX, _name(path, names.CryptoKeyName), changes))


def _use(kms: Kms, path: str, verb: str, body: Json) -> Json:
    name: Any = names.parse(path)
    if verb == "updatePrimaryVersion":
        number = int(body["cryptoKeyVersionId"])
        return rest.crypto_key_json(kms.update_crypto_key_primary_version(CTX, name, number))
    if verb == "destroy":
        return rest.crypto_key_version_json(kms.destroy_crypto_key_version(CTX, name))
    if verb == "restore":
        return rest.crypto_key_version_json(kms.restore_crypto_key_version(CTX, name))
    if verb == "encrypt":
        sealed = kms.encrypt(
            CTX, EncryptRequest(name, _bytes(body, "plaintext"), **_checks(body, "plaintext"))
        )
        return {
            "name": sealed.name.text,
            "ciphertext": _text(sealed.ciphertext),
            "ciphertextCrc32c": str(sealed.ciphertext_crc32c),
            "verifiedPlaintextCrc32c": sealed.verified_plaintext_crc32c,
            "verifiedAdditionalAuthenticatedDataCrc32c": sealed.verified_aad_crc32c,
        }
    if verb == "decrypt":
        opened = kms.decrypt(
            CTX, DecryptRequest(name, _bytes(body, "ciphertext"), **_checks(body, "ciphertext"))
        )
        return {
            "plaintext": _text(opened.plaintext),
            "plaintextCrc32c": str(opened.plaintext_crc32c),
            "usedPrimary": opened.used_primary,
        }
    return _mac(kms, name, verb, body)


def _mac(kms: Kms, name: Any, verb: str, body: Json) -> Json:
    data = _bytes(body, "data")
    if verb == "macSign":
        signed = kms.mac_sign(CTX, MacSignRequest(name, data, data_crc32c=_number(body, "dataCrc32c")))
        return {
            "name": name.text,
            "mac": _text(signed.mac),
            "macCrc32c": str(signed.mac_crc32c),
            "verifiedDataCrc32c": signed.verified_data_crc32c,
        }
    if verb == "macVerify":
        request = MacVerifyRequest(
            name,
            data,
            _bytes(body, "mac"),
            data_crc32c=_number(body, "dataCrc32c"),
            mac_crc32c=_number(body, "macCrc32c"),
        )
        verified = kms.mac_verify(CTX, request)
        return {
            "name": name.text,
            "success": verified.success,
            "verifiedDataCrc32c": verified.verified_data_crc32c,
            "verifiedMacCrc32c": verified.verified_mac_crc32c,
            "verifiedSuccessIntegrity": verified.verified_success_integrity,
        }
    raise NotFound(verb)


def _checks(body: Json, field: str) -> Json:
    return {
        "aad": _bytes(body, "additionalAuthenticatedData"),
        f"{field}_crc32c": _number(body, f"{field}Crc32c"),
        "aad_crc32c": _number(body, "additionalAuthenticatedDataCrc32c"),
    }


def _number(body: Json, field: str) -> int | None:
    return int(body[field]) if field in body else None


def _bytes(body: Json, field: str) -> bytes:
    return base64.urlsafe_b64decode(body.get(field, ""))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _duration(text: str | None) -> int | None:
    return None if text is None else parse_duration(text)


def _time(text: str | None) -> int | None:
    return None if text is None else parse_rfc3339(text)


def _name(path: str, kind: type[N]) -> N:
    found = names.parse(path)
    if not isinstance(found, kind):
        raise NotFound(path)
    return found
