from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from kmsctl.crypto.software.digests import digest_of
from kmsctl.errors import (
    FailedPrecondition,
    InvalidArgument,
    KmsError,
    NotFound,
    PermissionDenied,
    TokenError,
    Unimplemented,
)
from kmsctl.model.algorithms import Digest, by_enum
from kmsctl.model.asymmetric_requests import (
    AsymmetricDecryptRequest,
    AsymmetricSignRequest,
    AsymmetricVerifyRequest,
)
from kmsctl.model.mac_requests import MacSignRequest, MacVerifyRequest
from kmsctl.model.names import CryptoKeyName, LocationName
from kmsctl.model.random_requests import GenerateRandomBytesRequest
from kmsctl.model.raw_requests import RawDecryptRequest, RawEncryptRequest
from kmsctl.service.audit_keys import signing_key, statement_data
from kmsctl.service.encryptions import MOST
from kmsctl.store import token_objects
from tests.unit.service.hsm_world import ALGORITHMS, HSM
from tests.unit.service.world import DAY, HOUR, KEY, OWNER, PLACE, PROJECT, RING, STRANGER, spec

if TYPE_CHECKING:
    from tests.unit.service.hsm_world import HsmWorld

V1 = KEY.version(1)


def use(world: HsmWorld, algorithm: str, number: int = 1) -> None:
    """Uses a version for what its purpose is there for, and checks what comes back."""
    kms, name = world.kms, KEY.version(number)
    kind = ALGORITHMS[algorithm]
    if kind == "ENCRYPT_DECRYPT":
        assert world.decrypt(world.encrypt(name, b"text", b"aad"), aad=b"aad") == b"text"
    elif kind == "RAW_ENCRYPT_DECRYPT":
        made = kms.raw_encrypt(OWNER, RawEncryptRequest(name, bytes(32)))
        opened = RawDecryptRequest(name, made.ciphertext, made.iv, tag_length=made.tag_length)
        assert kms.raw_decrypt(OWNER, opened).plaintext == bytes(32)
    elif kind == "ASYMMETRIC_SIGN":
        wanted = by_enum(algorithm)
        given: dict[str, Any] = {"data": b"data"}
        if wanted.input_digest is not None:
            given = {"digest": Digest(wanted.input_digest, bytes(wanted.input_digest_size or 0))}
        signature = kms.asymmetric_sign(OWNER, AsymmetricSignRequest(name, **given)).signature
        assert kms.asymmetric_verify(OWNER, AsymmetricVerifyRequest(name, signature, **given)).success
    elif kind == "ASYMMETRIC_DECRYPT":
        ciphertext = encrypted(kms.get_public_key(OWNER, name).data, algorithm)
        assert kms.asymmetric_decrypt(OWNER, AsymmetricDecryptRequest(name, ciphertext)).plaintext == b"text"
    else:
        mac = kms.mac_sign(OWNER, MacSignRequest(name, b"data")).mac
        assert kms.mac_verify(OWNER, MacVerifyRequest(name, b"data", mac)).success
        assert not kms.mac_verify(OWNER, MacVerifyRequest(name, b"other", mac)).success


def encrypted(pem: bytes, algorithm: str) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    public = load_pem_public_key(pem)
    assert isinstance(public, rsa.RSAPublicKey)
    digest = digest_of(by_enum(algorithm))
    return public.encrypt(b"text", padding.OAEP(padding.MGF1(digest), digest, None))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_key_in_a_token_does_what_its_purpose_is(hsm: HsmWorld, algorithm: str) -> None:
    hsm.make(algorithm)
    use(hsm, algorithm)
    assert hsm.kms.create_crypto_key_version(OWNER, KEY).state == "ENABLED"
    use(hsm, algorithm, 2)
    found = hsm.kms.get_crypto_key_version(OWNER, V1)
    assert (found.protection_level, found.state, found.generate_time) == ("HSM", "ENABLED", hsm.clock.now)
    assert hsm.holds(hsm.cka_id())
    hsm.kms.update_crypto_key_version(OWNER, V1, "DISABLED")
    with pytest.raises(KmsError, match="not enabled"):
        use(hsm, algorithm)
    hsm.kms.update_crypto_key_version(OWNER, V1, "ENABLED")
    use(hsm, algorithm)
    hsm.reopen()
    use(hsm, algorithm)
    assert hsm.verify() == []
    assert hsm.warnings == []


def test_what_the_token_lacks_is_refused_by_name_when_the_key_is_made(hsm: HsmWorld) -> None:
    hsm.kms.create_key_ring(OWNER, RING)
    with pytest.raises(Unimplemented, match="RSA_DECRYPT_OAEP_2048_SHA256"):
        hsm.kms.create_crypto_key(
            OWNER, KEY, spec(("ASYMMETRIC_DECRYPT", "RSA_DECRYPT_OAEP_2048_SHA256"), **HSM)
        )
    with pytest.raises(NotFound):
        hsm.kms.get_crypto_key(OWNER, KEY)
    with pytest.raises(InvalidArgument, match="not offered at protection level HSM"):
        hsm.kms.create_crypto_key(OWNER, KEY, spec(("ASYMMETRIC_SIGN", "PQ_SIGN_ML_DSA_65"), **HSM))


def test_external_keys_stay_refused(hsm: HsmWorld) -> None:
    hsm.kms.create_key_ring(OWNER, RING)
    with pytest.raises(FailedPrecondition, match="EXTERNAL is not available"):
        hsm.kms.create_crypto_key(
            OWNER,
            KEY,
            spec(("ENCRYPT_DECRYPT", "EXTERNAL_SYMMETRIC_ENCRYPTION"), protection_level="EXTERNAL"),
        )


def test_nothing_is_written_where_the_token_cannot_be_used(hsm: HsmWorld) -> None:
    hsm.kms.create_key_ring(OWNER, RING)
    before = hsm.generation()
    for uri, pin, words in (
        (None, "", "No HSM is configured"),
        (hsm.token.uri.replace("kmsctl-test", "another"), hsm.pin, "No token"),
        ("pkcs11:token=x?module-path=/nowhere/module.so", hsm.pin, "/nowhere/module.so"),
    ):
        hsm.uri, hsm.pin = uri, pin
        hsm.reopen()
        with pytest.raises(KmsError, match=words):
            hsm.kms.create_crypto_key(OWNER, KEY, spec(**HSM))
    assert hsm.generation() == before
    assert hsm.objects() == {}


def test_a_wrong_pin_is_tried_once_and_leaves_the_store_as_it_was(hsm: HsmWorld) -> None:
    hsm.kms.create_key_ring(OWNER, RING)
    before = hsm.generation()
    hsm.pin = "00000000"
    for _ in range(3):
        with pytest.raises(TokenError, match="PIN"):
            hsm.kms.create_crypto_key(OWNER, KEY, spec(**HSM))
    assert hsm.asked == 1
    assert hsm.generation() == before


def test_who_may_not_is_refused_before_the_token_is_asked(hsm: HsmWorld) -> None:
    hsm.make_key()
    hsm.uri = None
    with pytest.raises(PermissionDenied):
        hsm.kms.create_crypto_key(STRANGER, CryptoKeyName(RING, "other"), spec(**HSM))
    assert hsm.asked == 0


def test_another_token_is_refused_and_both_are_named(hsm: HsmWorld) -> None:
    hsm.make("GOOGLE_SYMMETRIC_ENCRYPTION")
    text = hsm.encrypt()
    with hsm.database().write() as transaction:
        row = token_objects.by_cka_id(transaction, hsm.cka_id())
        assert row is not None
        transaction.update(row, label="the-other", serial="feed")
    with pytest.raises(FailedPrecondition, match=r"'the-other' \(serial feed\).*'kmsctl-test' \(serial"):
        hsm.decrypt(text)
    assert hsm.kms.get_crypto_key_version(OWNER, V1).state == "ENABLED"


def test_public_keys_need_no_token(hsm: HsmWorld) -> None:
    hsm.make("EC_SIGN_P256_SHA256")
    digest = Digest("sha256", bytes(32))
    signature = hsm.kms.asymmetric_sign(OWNER, AsymmetricSignRequest(V1, digest=digest)).signature
    hsm.uri = None
    hsm.reopen()
    assert hsm.kms.get_public_key(OWNER, V1).data.startswith(b"-----BEGIN PUBLIC KEY-----")
    assert hsm.kms.asymmetric_verify(OWNER, AsymmetricVerifyRequest(V1, signature, digest=digest)).success
    assert hsm.asked == 1


def test_random_bytes_of_the_token(hsm: HsmWorld) -> None:
    hsm.kms.create_key_ring(OWNER, RING)
    place = LocationName(PROJECT, PLACE)
    request = GenerateRandomBytesRequest(place, 64, protection_level="HSM")
    drawn = {hsm.kms.generate_random_bytes(OWNER, request).data for _ in range(4)}
    assert {len(data) for data in drawn} == {64}
    assert len(drawn) == 4


def test_requests_are_smaller_than_in_software(hsm: HsmWorld) -> None:
    hsm.make("GOOGLE_SYMMETRIC_ENCRYPTION")
    assert hsm.decrypt(hsm.encrypt(text=bytes(8192))) == bytes(8192)
    with pytest.raises(InvalidArgument, match="8192"):
        hsm.encrypt(text=bytes(8193))


def test_a_ciphertext_of_another_or_a_changed_one_does_not_open(hsm: HsmWorld) -> None:
    hsm.make("GOOGLE_SYMMETRIC_ENCRYPTION")
    text = hsm.encrypt(aad=b"aad")
    for wrong in (text[:-1] + bytes([text[-1] ^ 1]), text[:-1], text[:20]):
        with pytest.raises(InvalidArgument, match="Decryption failed: verify"):
            hsm.decrypt(wrong, aad=b"aad")
    with pytest.raises(InvalidArgument, match="Decryption failed: verify"):
        hsm.decrypt(text)


# Destruction


def test_destruction_removes_the_object_when_it_is_due(hsm: HsmWorld) -> None:
    hsm.make("GOOGLE_SYMMETRIC_ENCRYPTION")
    cka_id = hsm.cka_id()
    hsm.kms.destroy_crypto_key_version(OWNER, V1)
    hsm.clock.now += DAY - HOUR
    assert hsm.state() == "DESTROY_SCHEDULED"
    assert hsm.holds(cka_id)
    hsm.kms.restore_crypto_key_version(OWNER, V1)
    hsm.clock.now += 2 * DAY
    assert hsm.state() == "DISABLED"
    assert hsm.holds(cka_id)
    hsm.kms.destroy_crypto_key_version(OWNER, V1)
    hsm.clock.now += DAY
    assert hsm.state() == "DESTROYED"
    assert not hsm.holds(cka_id)
    assert hsm.objects() == {}
    assert hsm.verify() == []
    methods = [record["protoPayload"]["methodName"] for record in hsm.records()]
    assert methods[-1].endswith("CompleteDestroyCryptoKeyVersion")


def test_an_absent_token_leaves_a_version_pending_and_says_so(hsm: HsmWorld) -> None:
    hsm.make("GOOGLE_SYMMETRIC_ENCRYPTION")
    cka_id = hsm.cka_id()
    hsm.kms.destroy_crypto_key_version(OWNER, V1)
    hsm.uri = None
    hsm.reopen()
    hsm.clock.now += DAY + HOUR
    assert hsm.state() == "DESTROY_SCHEDULED"
    assert [one.state for one in hsm.kms.list_crypto_key_versions(OWNER, KEY)] == ["DESTROY_SCHEDULED"]
    with pytest.raises(FailedPrecondition, match="has passed"):
        hsm.kms.restore_crypto_key_version(OWNER, V1)
    with pytest.raises(FailedPrecondition, match="not enabled"):
        hsm.encrypt(V1)
    (left,) = hsm.maintain().left
    assert str(V1) in left
    assert "No HSM is configured" in left
    status = {each.name: each for each in hsm.kms.store_status(OWNER).databases}[PLACE]
    (pending,) = status.pending_removals
    assert cka_id.hex() in pending
    assert "kmsctl-test" in pending
    (finding,) = hsm.verify()
    assert (finding.kind, finding.resource) == ("PURGE_PENDING", str(V1))
    hsm.uri = hsm.token.uri
    hsm.reopen()
    assert hsm.maintain().destroyed == [str(V1)]
    assert not hsm.holds(cka_id)
    assert hsm.verify() == []


def test_an_object_that_is_gone_already_does_not_stand_in_the_way(hsm: HsmWorld) -> None:
    hsm.make("GOOGLE_SYMMETRIC_ENCRYPTION")
    hsm.kms.destroy_crypto_key_version(OWNER, V1)
    assert hsm.kms.tokens.of(RING).destroy(hsm.cka_id())
    hsm.clock.now += DAY
    assert hsm.state() == "DESTROYED"


def test_an_object_that_was_removed_behind_our_back_is_an_error_that_names_it(hsm: HsmWorld) -> None:
    hsm.make("GOOGLE_SYMMETRIC_ENCRYPTION")
    text = hsm.encrypt()
    assert hsm.kms.tokens.of(RING).destroy(hsm.cka_id())
    with pytest.raises(KmsError, match=hsm.cka_id().hex()):
        hsm.decrypt(text)


# Rotation


def test_rotation_makes_the_new_primary_version_in_the_token(hsm: HsmWorld) -> None:
    hsm.make("GOOGLE_SYMMETRIC_ENCRYPTION", rotation_period=10 * DAY, next_rotation_time=hsm.clock.now + DAY)
    old = hsm.encrypt()
    hsm.clock.now += 2 * DAY
    new = hsm.encrypt()
    key = hsm.kms.get_crypto_key(OWNER, KEY)
    assert key.primary is not None
    assert key.primary.name == KEY.version(2)
    assert key.next_rotation_time == hsm.clock.now + 9 * DAY
    assert (hsm.decrypt(old), hsm.decrypt(new)) == (b"text", b"text")
    assert hsm.cka_id(1) != hsm.cka_id(2)
    assert hsm.maintain().rotated == []


def test_a_key_that_cannot_be_rotated_is_shown_and_decrypts_but_does_not_encrypt(hsm: HsmWorld) -> None:
    hsm.make("GOOGLE_SYMMETRIC_ENCRYPTION", rotation_period=10 * DAY, next_rotation_time=hsm.clock.now + DAY)
    hsm.clock.now += 2 * DAY
    hsm.uri = None
    hsm.reopen()
    assert hsm.kms.get_crypto_key(OWNER, KEY).primary is not None
    with pytest.raises(FailedPrecondition, match="due for rotation: No HSM"):
        hsm.encrypt()
    (left,) = hsm.maintain().left
    assert str(KEY) in left
    hsm.uri = hsm.token.uri
    hsm.reopen()
    assert hsm.maintain().rotated == [str(KEY.version(2))]


# Counting


def encryptions(world: HsmWorld) -> int:
    with world.database().read() as snapshot:
        row = token_objects.by_cka_id(snapshot, world.cka_id())
        assert row is not None
        return row.integer("encryptions")


def test_encryptions_are_counted_in_growing_blocks(hsm: HsmWorld) -> None:
    hsm.make("GOOGLE_SYMMETRIC_ENCRYPTION")
    assert encryptions(hsm) == 1  # the one that tried it out
    reserved = []
    for _ in range(7):
        hsm.encrypt()
        reserved.append(encryptions(hsm))
    assert reserved == [2, 6, 6, 6, 6, 22, 22]
    hsm.reopen()
    hsm.encrypt()
    assert encryptions(hsm) == 23


def test_a_child_of_a_fork_reserves_its_own_encryptions(
    hsm: HsmWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    hsm.make("GOOGLE_SYMMETRIC_ENCRYPTION")
    for _ in range(2):
        hsm.encrypt()
    before = encryptions(hsm)
    hsm.encrypt()
    assert encryptions(hsm) == before
    monkeypatch.setattr("kmsctl.service.encryptions.os.getpid", lambda: 1)
    hsm.encrypt()
    assert encryptions(hsm) > before


@pytest.mark.parametrize("algorithm", ["GOOGLE_SYMMETRIC_ENCRYPTION", "AES_256_GCM"])
def test_a_key_encrypts_no_more_than_it_may(hsm: HsmWorld, algorithm: str) -> None:
    hsm.make(algorithm)
    use(hsm, algorithm)
    before = hsm.encrypt(V1) if algorithm.startswith("GOOGLE") else None
    hsm.reopen()
    with hsm.database().write() as transaction:
        row = token_objects.by_cka_id(transaction, hsm.cka_id())
        assert row is not None
        transaction.update(row, encryptions=MOST - 1)
    use(hsm, algorithm)
    with pytest.raises(FailedPrecondition, match="2\\^32") as refused:
        use(hsm, algorithm)
    assert refused.value.hint is not None
    assert "Rotate" in refused.value.hint
    if before is not None:
        assert hsm.decrypt(before) == b"text"
    hsm.kms.create_crypto_key_version(OWNER, KEY)
    use(hsm, algorithm, 2)


def test_other_modes_are_not_counted(hsm: HsmWorld) -> None:
    hsm.make("AES_256_CTR")
    use(hsm, "AES_256_CTR")
    assert encryptions(hsm) == 0


# Attestation


def test_an_attestation_is_signed_by_the_audit_key_of_the_location(hsm: HsmWorld) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    hsm.make("EC_SIGN_P256_SHA256")
    found = hsm.kms.get_crypto_key_version(OWNER, V1).attestation
    assert found is not None
    assert found.format == "KMSCTL_PKCS11_ATTRIBUTES"
    content = json.loads(found.content)
    with hsm.database().read() as snapshot:
        key = signing_key(snapshot)
    assert content["keyName"] == key.name
    signed = statement_data("kmsctl attestation", content["statement"].encode())
    Ed25519PublicKey.from_public_bytes(key.public).verify(base64.b64decode(content["signature"]), signed)
    statement = json.loads(content["statement"])
    assert statement["resource"] == str(V1)
    assert statement["algorithm"] == "EC_SIGN_P256_SHA256"
    assert statement["ckaId"] == hsm.cka_id().hex()
    assert statement["token"]["label"] == "kmsctl-test"
    attributes = statement["attributes"]
    assert attributes["CKA_SENSITIVE"] is True
    assert attributes["CKA_EXTRACTABLE"] is False
    assert attributes["CKA_LABEL"] == "key"


def test_only_versions_in_a_token_are_attested(hsm: HsmWorld) -> None:
    hsm.make_key()
    assert hsm.kms.get_crypto_key_version(OWNER, V1).attestation is None


def test_counting_does_not_depend_on_the_clock(hsm: HsmWorld) -> None:
    hsm.make("GOOGLE_SYMMETRIC_ENCRYPTION")
    for step in (-30 * DAY, 400 * DAY):
        with hsm.database().read() as snapshot:
            before = snapshot.head.last_time, snapshot.head.confirmed_time
        hsm.clock.now += step
        assert hsm.decrypt(hsm.encrypt()) == b"text"
        with hsm.database().read() as snapshot:
            assert (snapshot.head.last_time, snapshot.head.confirmed_time) == before
