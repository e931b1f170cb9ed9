"""Key Access Justifications: keys that say for which reasons they may be used."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kmsctl.errors import AccessReasonDenied, InvalidArgument
from kmsctl.model.access_reasons import ACCESS_REASONS
from kmsctl.model.asymmetric_requests import AsymmetricSignRequest
from kmsctl.model.mac_requests import MacSignRequest, MacVerifyRequest
from kmsctl.model.raw_requests import RawEncryptRequest
from kmsctl.model.requests import DecryptRequest, EncryptRequest
from kmsctl.model.rest import crypto_key_json
from kmsctl.service.context import Context
from tests.unit.service.world import KEY, OWNER, P256, PLACE, spec

if TYPE_CHECKING:
    from tests.unit.service.world import World

POLICY = "key_access_justifications_policy"
SUPPORT = "CUSTOMER_INITIATED_SUPPORT"
ACCESS = "CUSTOMER_INITIATED_ACCESS"


def because(reason: str | None) -> Context:
    return Context(OWNER.principal, access_reason=reason)


def records(world: World) -> list[dict[str, Any]]:
    world.kms.close()
    return [json.loads(text) for (text,) in world.sql("SELECT record FROM audit ORDER BY sequence")]


@pytest.mark.parametrize("reason", [None, SUPPORT])
def test_a_key_without_a_policy_takes_every_reason(keyed: World, reason: str | None) -> None:
    assert keyed.kms.encrypt(because(reason), EncryptRequest(KEY, b"x")).ciphertext


@pytest.mark.parametrize("allowed", ["REASON_UNSPECIFIED", ACCESS, SUPPORT])
def test_a_key_with_a_policy_takes_what_is_in_it(keyed: World, allowed: str) -> None:
    sealed = keyed.encrypt()
    keyed.kms.update_crypto_key(OWNER, KEY, {POLICY: [allowed]})
    for reason in ACCESS_REASONS:
        ctx = because(reason)
        if reason == allowed:
            assert keyed.kms.decrypt(ctx, DecryptRequest(KEY, sealed)).plaintext == b"text"
        else:
            with pytest.raises(AccessReasonDenied, match=f"Access reason {reason} is not allowed"):
                keyed.kms.decrypt(ctx, DecryptRequest(KEY, sealed))


@pytest.mark.parametrize(("allowed", "works"), [([ACCESS], True), ([SUPPORT], False), ([], False)])
def test_a_call_without_a_reason_is_of_the_customers_own(
    keyed: World, allowed: list[str], works: bool
) -> None:
    keyed.kms.update_crypto_key(OWNER, KEY, {POLICY: allowed})
    if works:
        keyed.encrypt()
    else:
        with pytest.raises(AccessReasonDenied):
            keyed.encrypt()


def test_an_empty_policy_allows_nothing_and_none_allows_all(keyed: World) -> None:
    changed = keyed.kms.update_crypto_key(OWNER, KEY, {POLICY: []})
    assert changed.allowed_access_reasons == ()
    assert crypto_key_json(changed)["keyAccessJustificationsPolicy"] == {}
    for reason in ACCESS_REASONS:
        with pytest.raises(AccessReasonDenied):
            keyed.kms.encrypt(because(reason), EncryptRequest(KEY, b"x"))
    removed = keyed.kms.update_crypto_key(OWNER, KEY, {POLICY: None})
    assert "keyAccessJustificationsPolicy" not in crypto_key_json(removed)
    assert keyed.encrypt()


@pytest.mark.parametrize(
    ("kind", "call"),
    [
        (P256, lambda kms, ctx: kms.asymmetric_sign(ctx, AsymmetricSignRequest(KEY.version(1), data=b"x"))),
        (("MAC", "HMAC_SHA256"), lambda kms, ctx: kms.mac_sign(ctx, MacSignRequest(KEY.version(1), b"x"))),
        (
            ("MAC", "HMAC_SHA256"),
            lambda kms, ctx: kms.mac_verify(ctx, MacVerifyRequest(KEY.version(1), b"x", b"y")),
        ),
        (
            ("RAW_ENCRYPT_DECRYPT", "AES_256_GCM"),
            lambda kms, ctx: kms.raw_encrypt(ctx, RawEncryptRequest(KEY.version(1), b"x")),
        ),
    ],
)
def test_every_use_is_asked_for_its_reason(world: World, kind: tuple[str, str], call: Any) -> None:
    world.kms.create_key_ring(OWNER, KEY.parent)
    made = world.kms.create_crypto_key(
        OWNER, KEY, spec(kind, allowed_access_reasons=[SUPPORT, SUPPORT, ACCESS])
    )
    assert made.allowed_access_reasons == (SUPPORT, ACCESS)
    with pytest.raises(AccessReasonDenied):
        call(world.kms, because("GOOGLE_INITIATED_REVIEW"))
    assert call(world.kms, because(SUPPORT))


def test_the_key_can_still_be_seen_and_managed(world: World) -> None:
    world.kms.create_key_ring(OWNER, KEY.parent)
    world.kms.create_crypto_key(OWNER, KEY, spec(P256, allowed_access_reasons=[]))
    assert world.kms.get_crypto_key(OWNER, KEY).allowed_access_reasons == ()
    assert [each.allowed_access_reasons for each in world.kms.list_crypto_keys(OWNER, KEY.parent)] == [()]
    assert world.kms.get_public_key(OWNER, KEY.version(1)).data
    world.kms.update_crypto_key_version(OWNER, KEY.version(1), "DISABLED")


@pytest.mark.parametrize("given", [["BECAUSE"], ["customer-initiated-access"], [""]])
def test_what_is_no_reason_is_refused(keyed: World, given: list[str]) -> None:
    with pytest.raises(InvalidArgument, match="is not an AccessReason"):
        keyed.kms.update_crypto_key(OWNER, KEY, {POLICY: given})
    keyed.kms.update_crypto_key(OWNER, KEY, {POLICY: [ACCESS]})
    with pytest.raises(InvalidArgument, match="access_reason: 'BECAUSE' is not"):
        keyed.kms.encrypt(because("BECAUSE"), EncryptRequest(KEY, b"x"))


def test_refusals_are_recorded_with_their_reason(keyed: World) -> None:
    keyed.kms.update_crypto_key(OWNER, KEY, {POLICY: [ACCESS]})
    with pytest.raises(AccessReasonDenied):
        keyed.kms.encrypt(because(SUPPORT), EncryptRequest(KEY, b"x"))
    change, refusal = [each["protoPayload"] for each in records(keyed)[-2:]]
    assert change["request"]["allowedAccessReasons"] == [ACCESS]
    assert refusal["requestMetadata"]["requestAttributes"]["reason"] == SUPPORT
    assert refusal["status"]["code"] == 7
    assert refusal["authorizationInfo"][0]["granted"] is True
    assert PLACE in refusal["resourceName"]


def test_without_the_permission_nobody_learns_of_the_policy(keyed: World) -> None:
    keyed.kms.update_crypto_key(OWNER, KEY, {POLICY: []})
    with pytest.raises(Exception, match="or it may not exist") as refused:
        keyed.kms.encrypt(Context("eve@example.com"), EncryptRequest(KEY, b"x"))
    assert not isinstance(refused.value, AccessReasonDenied)
