from __future__ import annotations

from typing import Any

from kmsctl.model import states
from kmsctl.model.locations import Location, find
from kmsctl.model.names import CryptoKeyName, KeyRingName, LocationName
from kmsctl.model.resources import CryptoKey, CryptoKeyVersion, KeyRing
from kmsctl.model.rest import crypto_key_json, crypto_key_version_json, key_ring_json, location_json
from kmsctl.model.times import DAY, parse_rfc3339

RING = KeyRingName(LocationName("p-test", "us-east1"), "ring")
KEY = CryptoKeyName(RING, "key")
CREATED = parse_rfc3339("2030-01-02T03:04:05.678901Z")
LATER = parse_rfc3339("2030-02-03T00:00:00Z")


def version(state: str, **times: Any) -> CryptoKeyVersion:
    return CryptoKeyVersion(
        KEY.version(3),
        algorithm="GOOGLE_SYMMETRIC_ENCRYPTION",
        protection_level="SOFTWARE",
        state=state,
        create_time=CREATED,
        **times,
    )


def test_a_region() -> None:
    location = find("us-east1")
    assert location is not None
    assert location_json(location, "p-test") == {
        "name": "projects/p-test/locations/us-east1",
        "locationId": "us-east1",
        "displayName": "South Carolina",
        "labels": {"cloud.googleapis.com/region": "us-east1"},
        "metadata": {
            "@type": "type.googleapis.com/google.cloud.kms.v1.LocationMetadata",
            "kind": "region",
            "hsmAvailable": True,
            "ekmAvailable": True,
        },
    }


def test_a_location_that_is_no_region_and_lacks_something() -> None:
    result = location_json(Location("global", "global", "Worldwide", hsm=False, ekm=False), "p-test")
    assert "labels" not in result
    assert result["metadata"] == {
        "@type": "type.googleapis.com/google.cloud.kms.v1.LocationMetadata",
        "kind": "global",
    }


def test_hsm_and_external_keys_are_told_apart() -> None:
    shown = {}
    for hsm, ekm in ((True, False), (False, True)):
        result = location_json(Location("x", "region", "X", hsm=hsm, ekm=ekm), "p-test")
        metadata = result["metadata"]
        assert isinstance(metadata, dict)
        shown[hsm, ekm] = metadata.keys() - {"@type", "kind"}
    assert shown == {(True, False): {"hsmAvailable"}, (False, True): {"ekmAvailable"}}


def test_a_key_ring() -> None:
    assert key_ring_json(KeyRing(RING, CREATED)) == {
        "name": "projects/p-test/locations/us-east1/keyRings/ring",
        "createTime": "2030-01-02T03:04:05.678901Z",
    }


def test_a_key_with_everything() -> None:
    key = CryptoKey(
        KEY,
        purpose="ENCRYPT_DECRYPT",
        algorithm="GOOGLE_SYMMETRIC_ENCRYPTION",
        protection_level="SOFTWARE",
        create_time=CREATED,
        destroy_scheduled_duration=30 * DAY,
        labels={"env": "prod"},
        primary=version(states.ENABLED, generate_time=CREATED),
        rotation_period=90 * DAY,
        next_rotation_time=LATER,
        import_only=True,
    )
    assert crypto_key_json(key) == {
        "name": KEY.text,
        "primary": {
            "name": f"{KEY.text}/cryptoKeyVersions/3",
            "state": "ENABLED",
            "protectionLevel": "SOFTWARE",
            "algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION",
            "createTime": "2030-01-02T03:04:05.678901Z",
            "generateTime": "2030-01-02T03:04:05.678901Z",
        },
        "purpose": "ENCRYPT_DECRYPT",
        "createTime": "2030-01-02T03:04:05.678901Z",
        "nextRotationTime": "2030-02-03T00:00:00Z",
        "rotationPeriod": "7776000s",
        "versionTemplate": {"protectionLevel": "SOFTWARE", "algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION"},
        "labels": {"env": "prod"},
        "importOnly": True,
        "destroyScheduledDuration": "2592000s",
    }


def test_a_key_with_nothing_beyond_what_every_key_has() -> None:
    key = CryptoKey(
        KEY,
        purpose="MAC",
        algorithm="HMAC_SHA256",
        protection_level="HSM",
        create_time=CREATED,
        destroy_scheduled_duration=0,
        labels={},
    )
    assert crypto_key_json(key) == {
        "name": KEY.text,
        "purpose": "MAC",
        "createTime": "2030-01-02T03:04:05.678901Z",
        "versionTemplate": {"protectionLevel": "HSM", "algorithm": "HMAC_SHA256"},
        "destroyScheduledDuration": "0s",
    }


def test_labels_are_a_copy() -> None:
    labels = {"env": "prod"}
    key = CryptoKey(
        KEY,
        purpose="MAC",
        algorithm="HMAC_SHA256",
        protection_level="SOFTWARE",
        create_time=CREATED,
        destroy_scheduled_duration=DAY,
        labels=labels,
    )
    assert crypto_key_json(key)["labels"] is not labels


def test_a_versions_times_appear_in_their_states_only() -> None:
    everything = {"generate_time": CREATED, "destroy_time": LATER, "destroy_event_time": LATER + 1}
    shown = {}
    for state in states.STATE_NUMBERS:
        result = crypto_key_version_json(version(state, **everything))
        assert result["state"] == state
        shown[state] = {name for name in result if name.startswith("destroy")}
    assert shown.pop(states.DESTROY_SCHEDULED) == {"destroyTime"}
    assert shown.pop(states.DESTROYED) == {"destroyEventTime"}
    assert not any(shown.values())


def test_a_version_that_has_no_material_yet_has_no_generate_time() -> None:
    assert crypto_key_version_json(version(states.PENDING_GENERATION)) == {
        "name": f"{KEY.text}/cryptoKeyVersions/3",
        "state": "PENDING_GENERATION",
        "protectionLevel": "SOFTWARE",
        "algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION",
        "createTime": "2030-01-02T03:04:05.678901Z",
    }
