"""The history of keys and key rings: every change, who and when, from the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kmsctl.errors import IntegrityError, NotFound, PermissionDenied
from kmsctl.model.names import CryptoKeyName, KeyRingName, ProjectName
from kmsctl.model.policies import AuditConfig, Binding, Policy
from kmsctl.service import history as histories
from kmsctl.service.context import Context
from tests.unit.service.world import DAY, HOUR, KEY, OWNER, PROJECT, RING, START, World, spec

if TYPE_CHECKING:
    from pathlib import Path

OTHER = CryptoKeyName(RING, "KEY")  # its name differs in case alone
LONGER = CryptoKeyName(RING, "key-2")


@pytest.fixture
def keyed(tmp_path: Path) -> World:
    world = World(tmp_path / "store")
    world.make_key()
    world.clock.now += HOUR
    return world


def told(world: World, name: CryptoKeyName | KeyRingName = KEY, **more: Any) -> list[dict[str, Any]]:
    more.setdefault("recursive", True)
    return list(world.kms.list_history(OWNER, name, **more))


def methods(world: World, name: CryptoKeyName | KeyRingName = KEY, **more: Any) -> list[str]:
    return [change["methodName"] for change in told(world, name, **more)]


def test_every_change_is_told_the_newest_first(keyed: World) -> None:
    keyed.kms.create_crypto_key_version(OWNER, KEY)
    keyed.kms.update_crypto_key(OWNER, KEY, {"labels": {"a": "b"}})
    keyed.kms.update_crypto_key_primary_version(OWNER, KEY, 2)
    keyed.kms.update_crypto_key_version(OWNER, KEY.version(1), "DISABLED")
    keyed.kms.destroy_crypto_key_version(OWNER, KEY.version(1))
    policy = keyed.kms.get_iam_policy(OWNER, KEY)
    policy.bindings += (Binding("roles/cloudkms.viewer", ["user:v@example.com"]),)
    keyed.kms.set_iam_policy(OWNER, KEY, policy, ["bindings"])
    changes = told(keyed)
    assert [change["methodName"] for change in changes] == [
        "SetIamPolicy",
        "DestroyCryptoKeyVersion",
        "UpdateCryptoKeyVersion",
        "UpdateCryptoKeyPrimaryVersion",
        "UpdateCryptoKey",
        "CreateCryptoKeyVersion",
        "CreateCryptoKey",
    ]
    assert {change["principalEmail"] for change in changes} == {OWNER.principal}
    assert changes[1]["resourceName"] == KEY.version(1).text
    assert changes[4]["request"] == {"updateMask": "labels", "labels": {"a": "b"}}
    assert changes[-1]["timestamp"] == "2030-01-01T00:00:00Z"
    assert "bindingDeltas" in str(changes[0]["serviceData"])
    assert changes[0].keys() == {
        "timestamp",
        "methodName",
        "resourceName",
        "principalEmail",
        "serviceData",
        "insertId",
    }


def test_what_happens_by_itself_is_told_with_its_due_time(keyed: World) -> None:
    keyed.kms.update_crypto_key(
        OWNER, KEY, {"rotation_period": DAY, "next_rotation_time": keyed.clock.now + HOUR}
    )
    keyed.clock.now += 2 * HOUR
    keyed.encrypt()
    newest = told(keyed)[0]
    assert (newest["methodName"], newest["principalEmail"]) == ("RotateCryptoKey", "service@kmsctl")
    assert newest["resourceName"] == KEY.version(2).text
    assert newest["dueTime"] == "2030-01-01T02:00:00Z"


def test_other_resources_and_mere_uses_are_not_told(keyed: World) -> None:
    for key in (OTHER, LONGER):
        keyed.kms.create_crypto_key(OWNER, key, spec())
    policy = keyed.kms.get_iam_policy(OWNER, ProjectName(PROJECT))
    policy.audit_configs += (AuditConfig("allServices", {"DATA_READ": (), "ADMIN_READ": ()}),)
    keyed.kms.set_iam_policy(OWNER, ProjectName(PROJECT), policy, ["auditConfigs"])
    keyed.decrypt(keyed.encrypt())
    keyed.kms.get_crypto_key(OWNER, KEY)
    with pytest.raises(PermissionDenied):
        keyed.kms.create_crypto_key_version(Context("nobody@example.com"), KEY)
    assert "Encrypt" in {record["protoPayload"]["methodName"] for record in keyed.records()}
    for key in (KEY, OTHER, LONGER):
        assert [(each["methodName"], each["resourceName"]) for each in told(keyed, key)] == [
            ("CreateCryptoKey", key.text)
        ]
    # Reading it is recorded, as any reading of the resource.
    assert keyed.records()[-1]["protoPayload"]["methodName"] == "ListCryptoKeyHistory"


def test_a_ring_alone_and_with_what_is_below_it(keyed: World) -> None:
    neighbour = KeyRingName(RING.parent, "ring2")
    keyed.kms.create_key_ring(OWNER, neighbour)
    keyed.make_key(CryptoKeyName(neighbour, "key"))
    assert methods(keyed, RING, recursive=False) == ["CreateKeyRing"]
    assert methods(keyed, RING) == ["CreateCryptoKey", "CreateKeyRing"]


def test_limits_times_and_pages(keyed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(histories, "_PAGE", 2)
    for _ in range(5):
        keyed.clock.now += HOUR
        keyed.kms.create_crypto_key_version(OWNER, KEY)
    times = [change["timestamp"] for change in told(keyed)]
    assert times == sorted(times, reverse=True)
    assert len(times) == 6
    assert [change["timestamp"] for change in told(keyed, limit=3)] == times[:3]
    assert [change["timestamp"] for change in told(keyed, since=keyed.clock.now - HOUR)] == times[:2]
    assert told(keyed, since=keyed.clock.now + 1) == []
    assert times[-1] == "2030-01-01T00:00:00Z"
    assert keyed.clock.now > START


def test_who_acted_through_whom_is_told(keyed: World) -> None:
    robot = keyed.kms.create_service_account(OWNER, ProjectName(PROJECT), "robots")
    caller = f"user:{OWNER.principal}"
    policy = Policy(
        [
            Binding("roles/owner", [caller, f"serviceAccount:{robot.email}"]),
            Binding("roles/iam.serviceAccountTokenCreator", [caller]),
        ]
    )
    current = keyed.kms.get_iam_policy(OWNER, ProjectName(PROJECT))
    current.bindings = policy.bindings
    keyed.kms.set_iam_policy(OWNER, ProjectName(PROJECT), current, ["bindings"])
    acting = Context(OWNER.principal, impersonated=(robot.email,), access_reason="CUSTOMER_INITIATED_SUPPORT")
    keyed.kms.create_crypto_key_version(acting, KEY)
    newest = told(keyed)[0]
    assert newest["principalEmail"] == robot.email
    assert newest["delegation"] == [OWNER.principal]
    assert newest["accessReason"] == "CUSTOMER_INITIATED_SUPPORT"


def test_a_changed_record_is_refused(keyed: World) -> None:
    keyed.sql("UPDATE audit SET record = replace(record, 'owner', 'other') WHERE method = 'CreateCryptoKey'")
    with pytest.raises(IntegrityError, match=r"Audit record \d+ of .* was changed"):
        told(keyed)
    keyed.sql("UPDATE audit SET record = replace(record, 'other', 'owner') WHERE method = 'CreateCryptoKey'")
    assert methods(keyed) == ["CreateCryptoKey"]
    keyed.sql("UPDATE audit SET principal = 'eve@example.com' WHERE method = 'CreateCryptoKey'")
    with pytest.raises(IntegrityError):
        told(keyed)


def test_what_is_not_there_has_no_history(keyed: World) -> None:
    for name in (CryptoKeyName(RING, "none"), KeyRingName(RING.parent, "none")):
        with pytest.raises(NotFound):
            told(keyed, name)


def test_both_permissions_are_needed(keyed: World) -> None:
    reader = Context("reader@example.com")

    def grant(role: str) -> None:
        policy = keyed.kms.get_iam_policy(OWNER, ProjectName(PROJECT))
        owners = [each for each in policy.bindings if each.role == "roles/owner"]
        policy.bindings = (*owners, Binding(role, [f"user:{reader.principal}"]))
        keyed.kms.set_iam_policy(OWNER, ProjectName(PROJECT), policy, ["bindings"])

    grant("roles/cloudkms.viewer")
    with pytest.raises(PermissionDenied, match=r"logging\.logEntries\.list"):
        list(keyed.kms.list_history(reader, KEY))
    grant("roles/viewer")
    assert [each["methodName"] for each in keyed.kms.list_history(reader, KEY)] == ["CreateCryptoKey"]


def test_records_that_are_removed_meanwhile_are_left_out(
    keyed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(histories, "_PAGE", 1)
    keyed.clock.now += HOUR
    keyed.kms.create_crypto_key_version(OWNER, KEY)
    changes = keyed.kms.list_history(OWNER, KEY, recursive=True)
    assert next(changes)["methodName"] == "CreateCryptoKeyVersion"
    keyed.clock.now += HOUR
    keyed.kms.remove_log_entries(OWNER, keyed.clock.now - 1)
    assert list(changes) == []
