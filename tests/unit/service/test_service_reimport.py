"""Importing into a version again: only the very same key."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from kmsctl.crypto import importing
from kmsctl.errors import FailedPrecondition, IntegrityError
from kmsctl.model.names import CryptoKeyName, ImportJobName
from kmsctl.store import keys, rings, versions
from tests.unit.service.imports_world import JOB, bring, fresh, make_import_key, make_job
from tests.unit.service.world import DAY, HOUR, KEY, OWNER, RING, START, World, spec

if TYPE_CHECKING:
    from kmsctl.model.resources import CryptoKeyVersion

SIGNER = CryptoKeyName(RING, "signer")
DIFFERENT = "only the same key can be imported again"


@pytest.fixture
def ready(world: World) -> World:
    make_import_key(world)
    make_job(world)
    return world


@pytest.fixture
def secret() -> bytes:
    return fresh()


@pytest.fixture
def gone(ready: World, secret: bytes) -> World:
    """A store whose only version was imported, and is destroyed."""
    bring(ready, secret)
    ready.clock.now += HOUR
    ready.kms.destroy_crypto_key_version(OWNER, KEY.version(1))
    assert ready.state() == "DESTROYED"
    return ready


def shown(world: World, number: int = 1) -> CryptoKeyVersion:
    return world.kms.get_crypto_key_version(OWNER, KEY.version(number))


def column(world: World, name: str) -> object:
    [(found,)] = world.sql(f"SELECT {name} FROM crypto_key_versions WHERE number = 1")
    return found


def test_the_same_key_comes_back_and_opens_what_it_sealed(ready: World, secret: bytes) -> None:
    bring(ready, secret)
    sealed = ready.encrypt(KEY.version(1))
    ready.clock.now += HOUR
    ready.kms.destroy_crypto_key_version(OWNER, KEY.version(1))
    version = shown(ready)
    assert (version.state, version.reimport_eligible) == ("DESTROYED", True)
    with pytest.raises(FailedPrecondition, match="current state is: DESTROYED"):
        ready.decrypt(sealed)
    ready.clock.now += HOUR
    again = bring(ready, secret, version=1)
    assert (again.name, again.state, again.reimport_eligible) == (KEY.version(1), "ENABLED", False)
    assert (again.create_time, again.import_time) == (START, START + 2 * HOUR)
    assert (again.destroy_time, again.destroy_event_time) == (None, None)
    assert ready.decrypt(sealed) == b"text"
    record = ready.records()[-1]["protoPayload"]
    assert record["resourceName"] == str(KEY.version(1))
    assert ready.verify() == []


def test_it_can_be_destroyed_and_brought_back_again(gone: World, secret: bytes) -> None:
    for _ in range(3):
        assert bring(gone, secret, version=1).state == "ENABLED"
        gone.kms.destroy_crypto_key_version(OWNER, KEY.version(1))
        assert column(gone, "material") is None
    assert gone.verify() == []


def test_another_key_is_refused_and_nothing_changes(gone: World) -> None:
    before = gone.generation()
    with pytest.raises(FailedPrecondition, match=DIFFERENT) as caught:
        bring(gone, fresh(), version=1)
    assert caught.value.hint == "Leave --version out to import it as a new version."
    assert (gone.generation(), gone.state()) == (before, "DESTROYED")


def test_another_job_will_do(gone: World, secret: bytes) -> None:
    other = ImportJobName(RING, "other")
    make_job(gone, other)
    again = bring(gone, secret, job=other, version=1)
    assert again.import_job == other


def test_what_cannot_be_unwrapped_fails_and_the_key_may_still_come_back(gone: World, secret: bytes) -> None:
    failed = bring(gone, b"", blob=bytes(1200), version=1)
    assert (failed.state, failed.import_failure_reason) == ("IMPORT_FAILED", importing.UNWRAP_FAILED)
    assert (failed.destroy_event_time, failed.reimport_eligible) == (START + HOUR, True)
    with pytest.raises(FailedPrecondition, match=DIFFERENT):
        bring(gone, fresh(), version=1)
    again = bring(gone, secret, version=1)
    assert (again.state, again.import_failure_reason) == ("ENABLED", None)
    assert gone.verify() == []


def test_a_version_that_never_held_a_key_takes_any(ready: World) -> None:
    key = CryptoKeyName(RING, "raw")
    make_import_key(ready, key, kind=("RAW_ENCRYPT_DECRYPT", "AES_256_GCM"))
    failed = bring(ready, bytes(31), key=key, algorithm="AES_256_GCM")
    assert failed.state == "IMPORT_FAILED"
    version = bring(ready, bytes(16), key=key, algorithm="AES_128_CTR", version=1)
    assert (version.name.number, version.algorithm, version.state) == (1, "AES_128_CTR", "ENABLED")
    assert ready.verify() == []


def test_another_algorithm_is_refused_once_a_key_was_there(ready: World) -> None:
    key = CryptoKeyName(RING, "raw")
    make_import_key(ready, key, kind=("RAW_ENCRYPT_DECRYPT", "AES_256_GCM"))
    bring(ready, bytes(32), key=key, algorithm="AES_256_GCM")
    ready.kms.destroy_crypto_key_version(OWNER, key.version(1))
    before = ready.generation()
    with pytest.raises(FailedPrecondition, match="had a key of algorithm AES_256_GCM"):
        bring(ready, bytes(32), key=key, algorithm="AES_256_CBC", version=1)
    assert ready.generation() == before


def test_only_a_destroyed_or_failed_version_takes_a_key(ready: World, secret: bytes) -> None:
    make_import_key(ready, CryptoKeyName(RING, "slow"))
    bring(ready, secret)
    key = CryptoKeyName(RING, "day")
    ready.kms.create_crypto_key(OWNER, key, spec(import_only=True), skip_initial_version_creation=True)
    bring(ready, secret, key=key)
    for prepare, state in (
        (lambda: None, "ENABLED"),
        (lambda: ready.kms.update_crypto_key_version(OWNER, key.version(1), "DISABLED"), "DISABLED"),
        (lambda: ready.kms.destroy_crypto_key_version(OWNER, key.version(1)), "DESTROY_SCHEDULED"),
    ):
        prepare()
        before = ready.generation()
        with pytest.raises(FailedPrecondition, match=f"has value {state} in field crypto_key_version.state"):
            bring(ready, secret, key=key, version=1)
        assert ready.generation() == before
    ready.clock.now += DAY
    assert bring(ready, secret, key=key, version=1).state == "ENABLED"


def test_a_generated_version_takes_none(keyed: World) -> None:
    make_job(keyed)
    keyed.kms.destroy_crypto_key_version(OWNER, KEY.version(1))
    keyed.clock.now += DAY
    assert keyed.state() == "DESTROYED"
    assert not shown(keyed).reimport_eligible
    with pytest.raises(FailedPrecondition, match="was not imported"):
        bring(keyed, fresh(), version=1)


def _without_public_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The same key in a shorter encoding: RFC 5915 leaves the public key optional."""
    scalar = key.private_numbers().private_value.to_bytes(32, "big")
    inner = b"\x30\x25\x02\x01\x01\x04\x20" + scalar
    identifier = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")
    body = b"\x02\x01\x00" + identifier + b"\x04" + bytes((len(inner),)) + inner
    return b"\x30" + bytes((len(body),)) + body


def test_another_encoding_of_the_same_key_is_the_same_key(ready: World) -> None:
    make_import_key(ready, SIGNER, kind=("ASYMMETRIC_SIGN", "EC_SIGN_P256_SHA256"))
    key = ec.generate_private_key(ec.SECP256R1())
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    fields = {"key": SIGNER, "algorithm": "EC_SIGN_P256_SHA256"}
    bring(ready, der, **fields)
    before = ready.kms.get_public_key(OWNER, SIGNER.version(1)).data
    ready.kms.destroy_crypto_key_version(OWNER, SIGNER.version(1))
    short = _without_public_key(key)
    assert short != der
    assert bring(ready, short, version=1, **fields).state == "ENABLED"
    assert ready.kms.get_public_key(OWNER, SIGNER.version(1)).data == before
    ready.kms.destroy_crypto_key_version(OWNER, SIGNER.version(1))
    other = _without_public_key(ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(FailedPrecondition, match=DIFFERENT):
        bring(ready, other, version=1, **fields)


def test_a_version_that_a_doubtful_clock_destroys_is_left_alone(ready: World, secret: bytes) -> None:
    key = CryptoKeyName(RING, "day")
    ready.kms.create_crypto_key(OWNER, key, spec(import_only=True), skip_initial_version_creation=True)
    bring(ready, secret, key=key)
    ready.kms.destroy_crypto_key_version(OWNER, key.version(1))
    ready.clock.now = START + 100 * DAY
    other = ImportJobName(RING, "later")
    make_job(ready, other)
    assert ready.kms.get_crypto_key_version(OWNER, key.version(1)).state == "DESTROYED"
    for material in (secret, fresh()):
        with pytest.raises(FailedPrecondition, match="has not been confirmed yet"):
            bring(ready, material, key=key, job=other, version=1)
    ready.maintain(confirm=True)
    assert bring(ready, secret, key=key, job=other, version=1).state == "ENABLED"


def test_a_fingerprint_says_nothing(ready: World, secret: bytes) -> None:
    first, second = CryptoKeyName(RING, "first"), CryptoKeyName(RING, "second")
    for key in (first, second):
        make_import_key(ready, key)
        bring(ready, secret, key=key)
    one, two = (found for (found,) in ready.sql("SELECT fingerprint FROM crypto_key_versions ORDER BY id"))
    assert len(one) == len(two) == 4 + 40 + 64
    assert not set(one[4:12]) >= set(two[4:12])
    for known in (secret, hashlib.sha256(secret).digest()):
        assert known[:8] not in one + two


def test_a_fingerprint_is_bound_to_its_version(ready: World, secret: bytes) -> None:
    bring(ready, secret)
    bring(ready, fresh())
    with ready.database().write() as transaction:
        ring = rings.find(transaction, RING)
        assert ring is not None
        key = keys.find(transaction, ring, KEY)
        assert key is not None
        rows = [versions.find(transaction, key, KEY.version(number)) for number in (1, 2)]
        assert rows[0] is not None
        assert rows[1] is not None
        transaction.update(rows[0], fingerprint=rows[1].values["fingerprint"])
    [finding] = ready.verify()
    assert (finding.kind, finding.resource) == ("MATERIAL_DAMAGED", str(KEY.version(1)))
    assert "fingerprint" in finding.message
    ready.kms.destroy_crypto_key_version(OWNER, KEY.version(1))
    with pytest.raises(IntegrityError, match="fingerprint"):
        bring(ready, secret, version=1)


def test_the_job_of_the_last_import_is_shown(gone: World) -> None:
    assert shown(gone).import_job == JOB
