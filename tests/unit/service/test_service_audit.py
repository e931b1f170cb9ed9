from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kmsctl.errors import (
    AlreadyExists,
    FailedPrecondition,
    Internal,
    InvalidArgument,
    KmsError,
    StoreFull,
    TokenError,
)
from kmsctl.model.asymmetric_requests import AsymmetricDecryptRequest, AsymmetricSignRequest
from kmsctl.model.members import SYSTEM
from kmsctl.model.names import CryptoKeyName, KeyRingName, LocationName
from kmsctl.model.raw_requests import RawDecryptRequest
from kmsctl.service import audit, operations
from kmsctl.service.context import Context
from tests.unit.service.world import DAY, HOUR, KEY, OWNER, P256, PLACE, RING, START, World, acts, spec

if TYPE_CHECKING:
    from collections.abc import Callable

    from kmsctl.service.kms import Kms

LABELS = {"env": "prod"}


def last(world: World, name: str = PLACE) -> Any:
    return world.records(name)[-1]


def test_a_record_has_the_shape_of_a_log_entry(keyed: World) -> None:
    ctx = Context(
        OWNER.principal,
        request_id="call-7",
        access_reason="CUSTOMER_INITIATED_ACCESS",
        user_agent="tests",
        deadline=None,
    )
    keyed.clock.now += HOUR
    keyed.kms.destroy_crypto_key_version(ctx, KEY.version(1))
    with keyed.database("control").read() as control, keyed.database().read() as snapshot:
        generation, epoch, sequence = control.head.generation, snapshot.head.epoch, snapshot.audit.sequence
    assert last(keyed) == {
        "insertId": f"{epoch.hex()[:8]}-{sequence}",
        "logName": "projects/acme/logs/cloudaudit.googleapis.com%2Factivity",
        "protoPayload": {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "serviceName": "cloudkms.googleapis.com",
            "methodName": "DestroyCryptoKeyVersion",
            "resourceName": str(KEY.version(1)),
            "authenticationInfo": {"principalEmail": "owner@example.com"},
            "authorizationInfo": [
                {
                    "permission": "cloudkms.cryptoKeyVersions.destroy",
                    "granted": True,
                    "resource": str(KEY.version(1)),
                    "permissionType": "ADMIN_WRITE",
                }
            ],
            "request": {
                "@type": "type.googleapis.com/google.cloud.kms.v1.DestroyCryptoKeyVersionRequest",
                "name": str(KEY.version(1)),
            },
            "requestMetadata": {
                "callerSuppliedUserAgent": "tests",
                "requestAttributes": {
                    "id": "call-7",
                    "reason": "CUSTOMER_INITIATED_ACCESS",
                    "time": "2030-01-01T01:00:00Z",
                },
            },
            "resourceLocation": {"currentLocations": ["us-east1"]},
            "metadata": {"controlGeneration": str(generation)},
            "status": {},
        },
        "resource": {
            "type": "cloudkms_cryptokeyversion",
            "labels": {
                "project_id": "acme",
                "location": "us-east1",
                "key_ring_id": "ring",
                "crypto_key_id": "key",
                "crypto_key_version_id": "1",
            },
        },
        "severity": "NOTICE",
        "timestamp": "2030-01-01T01:00:00Z",
        "receiveTimestamp": "2030-01-01T01:00:00Z",
    }


CHANGES: list[tuple[Callable[[World], object], str, str, dict[str, Any], str]] = [
    (
        lambda world: world.kms.create_key_ring(OWNER, KeyRingName(RING.parent, "second")),
        "CreateKeyRing",
        f"{RING.parent}/keyRings/second",
        {"parent": str(RING.parent), "keyRingId": "second"},
        "cloudkms_keyring",
    ),
    (
        lambda world: world.make_key(CryptoKeyName(RING, "second"), labels=LABELS),
        "CreateCryptoKey",
        f"{RING}/cryptoKeys/second",
        {
            "parent": str(RING),
            "cryptoKeyId": "second",
            "purpose": "ENCRYPT_DECRYPT",
            "algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION",
            "labels": LABELS,
        },
        "cloudkms_cryptokey",
    ),
    (
        lambda world: world.kms.update_crypto_key(
            OWNER, KEY, {"labels": LABELS, "next_rotation_time": START + DAY}
        ),
        "UpdateCryptoKey",
        str(KEY),
        {
            "name": str(KEY),
            "updateMask": "labels,next_rotation_time",
            "labels": LABELS,
            "nextRotationTime": "2030-01-02T00:00:00Z",
        },
        "cloudkms_cryptokey",
    ),
    (
        lambda world: world.kms.update_crypto_key_primary_version(OWNER, KEY, 1),
        "UpdateCryptoKeyPrimaryVersion",
        str(KEY),
        {"name": str(KEY), "cryptoKeyVersionId": "1"},
        "cloudkms_cryptokey",
    ),
    (
        lambda world: world.kms.create_crypto_key_version(OWNER, KEY),
        "CreateCryptoKeyVersion",
        str(KEY),
        {"parent": str(KEY), "cryptoKeyVersionId": "2"},
        "cloudkms_cryptokey",
    ),
    (
        lambda world: world.kms.update_crypto_key_version(OWNER, KEY.version(1), "DISABLED"),
        "UpdateCryptoKeyVersion",
        str(KEY.version(1)),
        {"name": str(KEY.version(1)), "updateMask": "state", "state": "DISABLED"},
        "cloudkms_cryptokeyversion",
    ),
]


@pytest.mark.parametrize("change", CHANGES, ids=[method for _, method, *_ in CHANGES])
def test_each_change_is_recorded_with_what_it_changed(
    keyed: World, change: tuple[Callable[[World], object], str, str, dict[str, Any], str]
) -> None:
    act, method, resource, request, kind = change
    before = len(keyed.records())
    act(keyed)
    records = keyed.records()
    assert len(records) == before + 1
    payload = records[-1]["protoPayload"]
    shown = {"@type": f"type.googleapis.com/google.cloud.kms.v1.{method}Request", **request}
    assert (payload["methodName"], payload["resourceName"], payload["request"]) == (method, resource, shown)
    assert payload["requestMetadata"]["requestAttributes"]["id"] == "r-1"
    assert records[-1]["resource"]["type"] == kind
    assert keyed.verify() == []


def test_the_first_use_of_a_project_is_recorded_in_control(keyed: World) -> None:
    (record,) = keyed.records("control")
    payload = record["protoPayload"]
    ((number,),) = keyed.sql("SELECT number FROM projects", name="control")
    assert payload["serviceName"] == "cloudresourcemanager.googleapis.com"
    assert payload["methodName"] == "CreateProject"
    assert payload["resourceName"] == "projects/acme"
    assert payload["request"]["projectNumber"] == str(number)
    assert record["resource"] == {"type": "project", "labels": {"project_id": "acme"}}


def test_what_the_service_does_by_itself_is_recorded_with_its_due_time(world: World) -> None:
    world.make_key(rotation_period=DAY, next_rotation_time=START + HOUR)
    world.kms.destroy_crypto_key_version(OWNER, KEY.version(1))
    world.clock.now += 30 * HOUR
    world.kms.get_crypto_key(OWNER, KEY)
    destroyed, rotated = world.records()[-2:]
    for record, method, version, due in (
        (destroyed, "CompleteDestroyCryptoKeyVersion", 1, "2030-01-02T00:00:00Z"),
        (rotated, "RotateCryptoKey", 2, "2030-01-01T01:00:00Z"),
    ):
        payload = record["protoPayload"]
        assert payload["methodName"] == method
        assert payload["resourceName"] == str(KEY.version(version))
        assert payload["authenticationInfo"] == {"principalEmail": SYSTEM}
        assert payload["metadata"] == {"dueTime": due}
        assert "authorizationInfo" not in payload
        assert record["timestamp"] == "2030-01-02T06:00:00Z"
        assert record["logName"].endswith("%2Fsystem_event")
        assert record["severity"] == "INFO"


def test_the_making_of_a_key_pair_is_recorded_in_two_steps(keyed: World) -> None:
    before = len(keyed.records())
    keyed.kms.create_crypto_key(OWNER, CryptoKeyName(RING, "signing"), spec(P256))
    methods = [record["protoPayload"]["methodName"] for record in keyed.records()[before:]]
    assert methods == ["CreateCryptoKey", "GenerateCryptoKeyVersion"]


FAILURES: list[tuple[Callable[[World], object], str, int]] = [
    (lambda world: world.kms.create_crypto_key(OWNER, KEY, spec()), "CreateCryptoKey", 6),
    (
        lambda world: world.kms.restore_crypto_key_version(OWNER, KEY.version(1)),
        "RestoreCryptoKeyVersion",
        9,
    ),
    (
        lambda world: world.kms.create_crypto_key_version(OWNER, CryptoKeyName(RING, "none")),
        "CreateCryptoKeyVersion",
        5,
    ),
]


@pytest.mark.parametrize("failure", FAILURES, ids=[method for _, method, _ in FAILURES])
def test_changes_that_fail_are_recorded(
    keyed: World, failure: tuple[Callable[[World], object], str, int]
) -> None:
    act, method, code = failure
    before, generation = len(keyed.records()), keyed.generation()
    with pytest.raises(KmsError) as caught:
        act(keyed)
    (record,) = keyed.records()[before:]
    payload = record["protoPayload"]
    assert payload["methodName"] == method
    assert payload["status"] == {"code": code, "message": caught.value.message}
    assert payload["authorizationInfo"][0]["granted"] is True
    assert record["severity"] == "ERROR"
    assert record["logName"].endswith("%2Factivity")
    assert keyed.generation() == generation
    assert keyed.verify() == []


def test_uses_that_fail_are_recorded_where_the_project_asks_for_it(keyed: World) -> None:
    before = len(keyed.records())
    with pytest.raises(KmsError):
        keyed.decrypt(b"no ciphertext")
    assert len(keyed.records()) == before
    asking_for(keyed, "DATA_READ")
    with pytest.raises(KmsError):
        keyed.decrypt(b"no ciphertext")
    record = last(keyed)
    assert record["protoPayload"]["status"]["code"] == 3
    assert record["logName"].endswith("%2Fdata_access")


@pytest.mark.parametrize(
    ("kind", "act", "method"),
    [
        (
            ("ASYMMETRIC_DECRYPT", "RSA_DECRYPT_OAEP_2048_SHA256"),
            lambda kms: kms.asymmetric_decrypt(OWNER, AsymmetricDecryptRequest(KEY.version(1), b"guess")),
            "AsymmetricDecrypt",
        ),
        (
            ("RAW_ENCRYPT_DECRYPT", "AES_256_GCM"),
            lambda kms: kms.raw_decrypt(OWNER, RawDecryptRequest(KEY.version(1), b"x" * 32, b"i" * 12)),
            "RawDecrypt",
        ),
        (
            P256,
            lambda kms: kms.asymmetric_sign(OWNER, AsymmetricSignRequest(KEY.version(1), data=b"x" * 70_000)),
            "AsymmetricSign",
        ),
    ],
)
def test_a_use_is_recorded_as_it_ended(
    world: World, kind: tuple[str, str], act: Callable[[Kms], object], method: str
) -> None:
    """Whoever guesses ciphertexts leaves failures, not successes."""
    world.make_key(KEY, kind=kind)
    asking_for(world, "DATA_READ")
    before = len(world.records())
    with pytest.raises(InvalidArgument) as failed:
        act(world.kms)
    (record,) = world.records()[before:]
    payload = record["protoPayload"]
    assert payload["methodName"] == method
    assert payload["status"] == {"code": 3, "message": failed.value.message}
    assert record["severity"] == "ERROR"


@pytest.mark.parametrize(
    ("error", "code"), [(TokenError("gone"), 14), (Internal("broken"), 13), (KmsError("unknown"), 2)]
)
def test_a_use_that_fails_by_nobodys_fault_is_recorded(
    keyed: World, monkeypatch: pytest.MonkeyPatch, error: KmsError, code: int
) -> None:
    def fail(*args: object) -> None:
        raise error

    ciphertext = keyed.encrypt()
    asking_for(keyed, "DATA_READ")
    before = len(keyed.records())
    monkeypatch.setattr(operations, "holding", fail)
    for act in acts(keyed.encrypt, lambda: keyed.decrypt(ciphertext)):
        with pytest.raises(type(error)):
            act()
    assert [each["protoPayload"]["status"]["code"] for each in keyed.records()[before:]] == [code, code]


def test_a_failure_whose_record_cannot_be_kept_is_the_failure_all_the_same(
    keyed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise StoreFull("no room")

    monkeypatch.setattr(audit, "append_failure", full)
    with pytest.raises(AlreadyExists):
        keyed.kms.create_crypto_key(OWNER, KEY, spec())


def test_reads_and_uses_are_not_recorded_by_default(keyed: World) -> None:
    before = len(keyed.records())
    keyed.decrypt(keyed.encrypt())
    keyed.state()
    list(keyed.kms.list_crypto_keys(OWNER, RING))
    assert len(keyed.records()) == before


def asking_for(world: World, *types: str) -> None:
    """Sets the project's audit configuration."""
    from kmsctl.model.names import ProjectName
    from kmsctl.model.policies import AuditConfig, Policy

    config = AuditConfig("allServices", dict.fromkeys(types, ()))
    world.kms.set_iam_policy(OWNER, ProjectName("acme"), Policy([], [config]), ["auditConfigs"])


def test_uses_are_recorded_where_the_project_asks_for_it(keyed: World) -> None:
    asking_for(keyed, "DATA_READ")
    before = keyed.generation()
    secret = b"a plaintext that is nobody's business"
    ciphertext = keyed.encrypt(text=secret, aad=b"neither is this")
    record = last(keyed)
    assert record["protoPayload"]["methodName"] == "Encrypt"
    assert record["logName"].endswith("%2Fdata_access")
    assert record["severity"] == "INFO"
    keyed.decrypt(ciphertext, aad=b"neither is this")
    assert last(keyed)["protoPayload"]["methodName"] == "Decrypt"
    text = json.dumps(keyed.records())
    for data in (secret, b"neither is this", ciphertext):
        assert data.decode("latin-1") not in text
        assert data.hex() not in text
    assert keyed.generation() == before  # the digest of the resources is not touched
    count = len(keyed.records())
    list(keyed.kms.list_crypto_keys(OWNER, RING))
    assert len(keyed.records()) == count
    assert keyed.verify() == []


def test_each_list_is_one_record(keyed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asking_for(keyed, "ADMIN_READ")
    monkeypatch.setattr("kmsctl.service.keys.PAGE_SIZE", 1)
    for name in ("a", "b", "c"):
        keyed.make_key(CryptoKeyName(RING, name))
    count = len(keyed.records())
    assert len(list(keyed.kms.list_crypto_keys(OWNER, RING))) == 4
    assert len(keyed.records()) == count + 1
    assert last(keyed)["protoPayload"]["methodName"] == "ListCryptoKeys"


def test_a_use_whose_record_cannot_be_kept_fails(keyed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ciphertext = keyed.encrypt()
    asking_for(keyed, "DATA_READ")
    keyed.clock.now -= DAY
    for act in acts(keyed.encrypt, lambda: keyed.decrypt(ciphertext)):
        with pytest.raises(FailedPrecondition, match="The clock says"):
            act()
    keyed.clock.now += DAY

    def full(*args: object) -> None:
        raise StoreFull("no room")

    monkeypatch.setattr(audit, "append", full)
    for act in acts(keyed.encrypt, lambda: keyed.decrypt(ciphertext)):
        with pytest.raises(StoreFull):
            act()


def test_records_that_cannot_be_kept_undo_the_change(keyed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise StoreFull("no room")

    before = keyed.generation()
    with monkeypatch.context() as patch:
        patch.setattr(audit, "append", full)
        with pytest.raises(StoreFull):
            keyed.kms.update_crypto_key_version(OWNER, KEY.version(1), "DISABLED")
    assert keyed.state() == "ENABLED"
    assert keyed.generation() == before
    assert keyed.verify() == []


def test_odd_words_of_callers_are_kept_as_they_are(keyed: World) -> None:
    ctx = Context(OWNER.principal, request_id='"\n\ud800é', access_reason="\0")
    keyed.kms.update_crypto_key_version(ctx, KEY.version(1), "DISABLED")
    payload = last(keyed)["protoPayload"]
    assert payload["requestMetadata"]["requestAttributes"]["id"] == '"\n\ud800é'
    assert payload["requestMetadata"]["requestAttributes"]["reason"] == "\0"
    assert keyed.verify() == []


def test_records_are_written_the_same_way_always(keyed: World) -> None:
    for (record,) in keyed.sql("SELECT record FROM audit"):
        assert record == json.dumps(json.loads(record), sort_keys=True, separators=(",", ":"))
        assert record.isascii()


def test_every_location_has_a_chain_of_its_own(keyed: World) -> None:
    abroad = CryptoKeyName(KeyRingName(LocationName("acme", "global"), "ring"), "key")
    keyed.make_key(abroad)
    assert len(keyed.records("global")) == 2
    assert len(keyed.records()) == 2
    assert len(keyed.records("control")) == 1
    sequences = keyed.sql("SELECT sequence FROM audit ORDER BY sequence", name="global")
    assert sequences == [(1,), (2,)]


def test_maintenance_records_that_a_clock_was_believed(keyed: World) -> None:
    keyed.clock.now -= DAY
    keyed.maintain(confirm=True)
    for name in ("control", PLACE):
        record = last(keyed, name)
        payload = record["protoPayload"]
        assert payload["methodName"] == "MaintainStore"
        assert payload["resourceName"] == f"store/{name}"
        assert payload["request"] == {"confirmedTime": "2029-12-31T00:00:00Z"}
        assert record["resource"] == {
            "type": "audited_resource",
            "labels": {"project_id": "acme", "service": "kmsctl", "method": "MaintainStore"},
        }
        assert record["timestamp"] == "2029-12-31T00:00:00Z"


def test_a_policy_is_recorded_by_the_service_that_has_the_resource(keyed: World) -> None:
    from kmsctl.model.names import ProjectName, ServiceAccountName

    project = ProjectName("acme")
    made = keyed.kms.create_service_account(OWNER, project, "runner")
    account = ServiceAccountName("-", made.email)
    for name, place, service, kind in (
        (project, "control", "cloudresourcemanager.googleapis.com", "project"),
        (account, "control", "iam.googleapis.com", "service_account"),
        (KEY, PLACE, "cloudkms.googleapis.com", "cloudkms_cryptokey"),
    ):
        policy = keyed.kms.get_iam_policy(OWNER, name)
        keyed.kms.set_iam_policy(OWNER, name, policy, ["bindings"])
        record = last(keyed, place)
        assert (record["protoPayload"]["methodName"], record["protoPayload"]["serviceName"]) == (
            "SetIamPolicy",
            service,
        )
        assert record["resource"]["type"] == kind
