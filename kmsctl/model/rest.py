"""Resources as the JSON of the Cloud KMS v1 API (proto3 JSON): the one place that knows its field names.

What the API leaves out is left out: fields that are not set, false booleans, empty maps. Times are
RFC 3339, durations end in ``s``, enums are names.
"""

from __future__ import annotations

from kmsctl.model.states import (
    ACTIVE,
    DESTROY_SCHEDULED,
    DESTROYED,
    EXPIRED,
    GENERATION_FAILED,
    IMPORT_FAILED,
)
from kmsctl.model.times import duration_json, rfc3339

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.model.locations import Location
    from kmsctl.model.resources import Attestation, CryptoKey, CryptoKeyVersion, ImportJob, KeyRing


def location_json(location: Location, project: str) -> dict[str, object]:
    """Returns a google.cloud.location.Location with Cloud KMS's LocationMetadata.

    `metadata.kind` is kmsctl's own: ``region``, ``dual-region``, ``multi-region`` or ``global``.
    """
    metadata: dict[str, object] = {
        "@type": "type.googleapis.com/google.cloud.kms.v1.LocationMetadata",
        "kind": location.kind,
    }
    if location.hsm:
        metadata["hsmAvailable"] = True
    if location.ekm:
        metadata["ekmAvailable"] = True
    result: dict[str, object] = {
        "name": f"projects/{project}/locations/{location.id}",
        "locationId": location.id,
        "displayName": location.place,
        "metadata": metadata,
    }
    if location.kind == "region":
        result["labels"] = {"cloud.googleapis.com/region": location.id}
    return result


def key_ring_json(key_ring: KeyRing) -> dict[str, object]:
    """Returns a google.cloud.kms.v1.KeyRing; `tags` are kmsctl's own."""
    result: dict[str, object] = {"name": key_ring.name.text, "createTime": rfc3339(key_ring.create_time)}
    if key_ring.tags:
        result["tags"] = dict(key_ring.tags)
    return result


def crypto_key_json(key: CryptoKey) -> dict[str, object]:
    """Returns a google.cloud.kms.v1.CryptoKey."""
    result: dict[str, object] = {"name": key.name.text}
    if key.primary is not None:
        result["primary"] = crypto_key_version_json(key.primary)
    result["purpose"] = key.purpose
    result["createTime"] = rfc3339(key.create_time)
    if key.next_rotation_time is not None:
        result["nextRotationTime"] = rfc3339(key.next_rotation_time)
    if key.rotation_period is not None:
        result["rotationPeriod"] = duration_json(key.rotation_period)
    result["versionTemplate"] = {"protectionLevel": key.protection_level, "algorithm": key.algorithm}
    if key.labels:
        result["labels"] = dict(key.labels)
    if key.import_only:
        result["importOnly"] = True
    if key.not_exportable:  # of kmsctl: the API has nothing like it
        result["notExportable"] = True
    result["destroyScheduledDuration"] = duration_json(key.destroy_scheduled_duration)
    if key.allowed_access_reasons is not None:
        reasons = list(key.allowed_access_reasons)
        result["keyAccessJustificationsPolicy"] = {"allowedAccessReasons": reasons} if reasons else {}
    return result


def crypto_key_version_json(version: CryptoKeyVersion) -> dict[str, object]:
    """Returns a google.cloud.kms.v1.CryptoKeyVersion."""
    result: dict[str, object] = {
        "name": version.name.text,
        "state": version.state,
        "protectionLevel": version.protection_level,
        "algorithm": version.algorithm,
    }
    if version.attestation is not None:
        result["attestation"] = _attestation_json(version.attestation)
    result["createTime"] = rfc3339(version.create_time)
    if version.generate_time is not None:
        result["generateTime"] = rfc3339(version.generate_time)
    if version.generation_failure_reason is not None and version.state == GENERATION_FAILED:
        result["generationFailureReason"] = version.generation_failure_reason
    # Each only in its state, as the API's documentation of the two fields says.
    if version.destroy_time is not None and version.state == DESTROY_SCHEDULED:
        result["destroyTime"] = rfc3339(version.destroy_time)
    if version.destroy_event_time is not None and version.state == DESTROYED:
        result["destroyEventTime"] = rfc3339(version.destroy_event_time)
    if version.import_job is not None:
        result["importJob"] = version.import_job.text
    if version.import_time is not None:
        result["importTime"] = rfc3339(version.import_time)
    if version.import_failure_reason is not None and version.state == IMPORT_FAILED:
        result["importFailureReason"] = version.import_failure_reason
    if version.reimport_eligible:
        result["reimportEligible"] = True
    return result


def import_job_json(job: ImportJob) -> dict[str, object]:
    """Returns a google.cloud.kms.v1.ImportJob."""
    result: dict[str, object] = {
        "name": job.name.text,
        "importMethod": job.import_method,
        "protectionLevel": job.protection_level,
        "createTime": rfc3339(job.create_time),
    }
    if job.generate_time is not None:
        result["generateTime"] = rfc3339(job.generate_time)
    result["expireTime"] = rfc3339(job.expire_time)
    if job.expire_event_time is not None and job.state == EXPIRED:
        result["expireEventTime"] = rfc3339(job.expire_event_time)
    result["state"] = job.state
    if job.public_key is not None and job.state == ACTIVE:
        result["publicKey"] = {"pem": job.public_key}
    if job.attestation is not None:
        result["attestation"] = _attestation_json(job.attestation)
    return result


def _attestation_json(attestation: Attestation) -> dict[str, object]:
    from binascii import b2a_base64

    return {"format": attestation.format, "content": b2a_base64(attestation.content, newline=False).decode()}
