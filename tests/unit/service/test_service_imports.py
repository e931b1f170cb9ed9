"""ImportCryptoKeyVersion: what becomes a version, what becomes a failed one, what is refused."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from kmsctl.crypto import importing
from kmsctl.crypto.software import SoftwareBackend
from kmsctl.errors import FailedPrecondition, InvalidArgument, KmsError, NotFound, PermissionDenied
from kmsctl.model import import_methods, pem, rest
from kmsctl.model.algorithms import by_enum
from kmsctl.model.import_requests import ImportCryptoKeyVersionRequest
from kmsctl.model.names import CryptoKeyName, ImportJobName, KeyRingName
from kmsctl.model.resources import CryptoKeySpec
from kmsctl.store import keys, rings
from tests.unit.service.imports_world import (
    JOB,
    RSA_AES,
    SYMMETRIC,
    bring,
    fresh,
    make_import_key,
    make_job,
    request,
    wrapped,
)
from tests.unit.service.world import DAY, KEY, OWNER, RING, START, STRANGER, World, spec

if TYPE_CHECKING:
    from collections.abc import Callable

OTHER_RING = KeyRingName(RING.parent, "other")
SIGNER = CryptoKeyName(RING, "signer")


@pytest.fixture
def ready(world: World) -> World:
    """A store with an import-only key and an active job."""
    make_import_key(world)
    make_job(world)
    return world


def pkcs8(key: Any) -> bytes:
    data = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    assert isinstance(data, bytes)
    return data


def make_signer(world: World, algorithm: str = "EC_SIGN_P256_SHA256", key: CryptoKeyName = SIGNER) -> None:
    make_import_key(world, key, kind=("ASYMMETRIC_SIGN", algorithm))


def test_imported_material_is_the_next_version(ready: World) -> None:
    version = bring(ready, fresh())
    assert rest.crypto_key_version_json(version) == {
        "name": f"{KEY}/cryptoKeyVersions/1",
        "state": "ENABLED",
        "protectionLevel": "SOFTWARE",
        "algorithm": SYMMETRIC,
        "createTime": "2030-01-01T00:00:00Z",
        "importJob": str(JOB),
        "importTime": "2030-01-01T00:00:00Z",
    }
    shown = ready.kms.get_crypto_key_version(OWNER, KEY.version(1))
    assert rest.crypto_key_version_json(shown) == rest.crypto_key_version_json(version)
    assert bring(ready, fresh()).name == KEY.version(2)
    assert ready.verify() == []


def test_an_imported_version_does_not_become_the_primary_by_itself(ready: World) -> None:
    bring(ready, fresh())
    assert ready.kms.get_crypto_key(OWNER, KEY).primary is None
    with pytest.raises(FailedPrecondition, match="no primary version"):
        ready.encrypt()
    ready.kms.update_crypto_key_primary_version(OWNER, KEY, 1)
    assert ready.decrypt(ready.encrypt()) == b"text"


def test_a_key_with_generated_versions_takes_imported_ones_too(keyed: World) -> None:
    make_job(keyed)
    before = keyed.encrypt()
    assert bring(keyed, fresh()).name == KEY.version(2)
    primary = keyed.kms.get_crypto_key(OWNER, KEY).primary
    assert primary is not None
    assert primary.name == KEY.version(1)
    assert keyed.decrypt(before) == b"text"
    assert keyed.decrypt(keyed.encrypt(KEY.version(2))) == b"text"


def test_an_import_only_key_cannot_generate(ready: World) -> None:
    with pytest.raises(FailedPrecondition, match="import-only"):
        ready.kms.create_crypto_key_version(OWNER, KEY)


def test_an_import_is_recorded_without_a_secret(ready: World) -> None:
    material = fresh()
    bring(ready, material)
    record = ready.records()[-1]["protoPayload"]
    assert record["methodName"] == "ImportCryptoKeyVersion"
    assert record["resourceName"] == str(KEY)
    assert record["authenticationInfo"]["principalEmail"] == OWNER.principal
    assert [each["permission"] for each in record["authorizationInfo"]] == [
        "cloudkms.cryptoKeyVersions.create",
        "cloudkms.importJobs.useToImport",
    ]
    assert record["request"] == {
        "@type": "type.googleapis.com/google.cloud.kms.v1.ImportCryptoKeyVersionRequest",
        "parent": str(KEY),
        "algorithm": SYMMETRIC,
        "cryptoKeyVersionId": "1",
        "importJob": str(JOB),
        "state": "ENABLED",
    }
    assert material.hex() not in str(ready.records())


@pytest.mark.parametrize("method", [each.enum for each in import_methods.IMPORT_METHODS if not each.hpke])
def test_every_rsa_method_imports(ready: World, method: str) -> None:
    job = ImportJobName(RING, "rsa")
    make_job(ready, job, method)
    assert bring(ready, fresh(), job=job).state == "ENABLED"


def test_the_algorithm_may_differ_from_the_keys_default(ready: World) -> None:
    make_signer(ready, "RSA_SIGN_PSS_2048_SHA256")
    material = pkcs8(ec.generate_private_key(ec.SECP384R1()))
    version = bring(ready, material, key=SIGNER, algorithm="EC_SIGN_P384_SHA384")
    assert (version.algorithm, version.state) == ("EC_SIGN_P384_SHA384", "ENABLED")
    assert ready.kms.get_public_key(OWNER, version.name).algorithm == "EC_SIGN_P384_SHA384"


def _failures() -> dict[str, tuple[str, Callable[[], bytes], str]]:
    """What is wrong → (algorithm, the material, what the reason says)."""
    small = rsa.generate_private_key(65537, 1024)
    p256, p384 = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP384R1())
    two = pkcs8(ed25519.Ed25519PrivateKey.generate())
    unsound = bytearray(pkcs8(rsa.generate_private_key(65537, 2048)))
    unsound[-20] ^= 1
    mismatched = bytearray(pkcs8(p256))
    mismatched[-1] ^= 1

    def traditional() -> bytes:
        return p256.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())

    def encrypted() -> bytes:
        return p256.private_bytes(Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(b"word"))

    ecdsa, pss = "EC_SIGN_P256_SHA256", "RSA_SIGN_PSS_2048_SHA256"
    return {
        "another curve": (ecdsa, lambda: pkcs8(p384), "EC key on P-384; .* needs P-256"),
        "another type": (ecdsa, lambda: two, "type Ed25519; .* needs EC"),
        "a small modulus": (pss, lambda: pkcs8(small), "RSA key of 1024 bits; .* needs 2048"),
        "a small exponent": (pss, lambda: pkcs8(rsa.generate_private_key(3, 2048)), "public exponent 3"),
        "SEC 1": (ecdsa, traditional, "SEC 1 EC key"),
        "encrypted": (ecdsa, encrypted, "encrypted PKCS#8"),
        "PEM": (ecdsa, lambda: pem.encode(pem.PRIVATE_KEY, pkcs8(p256)), "PEM text"),
        "an unsound RSA key": (pss, lambda: bytes(unsound), "parts do not belong together"),
        "a public key that does not match": (ecdsa, lambda: bytes(mismatched), "do not belong together"),
        "bytes after the key": (ecdsa, lambda: pkcs8(p256) + b"\x00", "not a private key"),
        "no key": (ecdsa, lambda: b"rubbish", "not a private key"),
        "an unsound seed": ("PQ_SIGN_ML_DSA_65", _truncated_ml_dsa, "seed form"),
    }


def _truncated_ml_dsa() -> bytes:
    der = bytearray(SoftwareBackend().generate(by_enum("PQ_SIGN_ML_DSA_65")).secret)
    der[-34:-32] = b"\x81\x20"  # the tag of the expanded form
    return bytes(der)


@pytest.mark.parametrize(
    ("algorithm", "make", "words"), [pytest.param(*each, id=what) for what, each in _failures().items()]
)
def test_material_that_is_not_right_leaves_a_version_that_says_why(
    ready: World, algorithm: str, make: Callable[[], bytes], words: str
) -> None:
    make_signer(ready)
    version = bring(ready, make(), key=SIGNER, algorithm=algorithm)
    assert version.state == "IMPORT_FAILED"
    assert version.import_failure_reason is not None
    assert re.search(words, version.import_failure_reason)
    shown = rest.crypto_key_version_json(ready.kms.get_crypto_key_version(OWNER, version.name))
    assert shown == {
        "name": str(SIGNER.version(1)),
        "state": "IMPORT_FAILED",
        "protectionLevel": "SOFTWARE",
        "algorithm": algorithm,
        "createTime": "2030-01-01T00:00:00Z",
        "importJob": str(JOB),
        "importFailureReason": version.import_failure_reason,
        "reimportEligible": True,
    }
    assert ready.verify() == []


@pytest.mark.parametrize("size", [0, 1, 16, 31, 33, 64])
def test_a_symmetric_key_of_another_size_fails(ready: World, size: int) -> None:
    job = ready.kms.get_import_job(OWNER, JOB)
    if size == 0:
        blob = bytes(1088 + 16)  # nothing but the tag
        version = bring(ready, b"", blob=blob)
        assert version.import_failure_reason == importing.TOO_SHORT
        return
    version = bring(ready, b"", blob=wrapped(job, os.urandom(size)))
    assert version.state == "IMPORT_FAILED"
    assert version.import_failure_reason == (
        f"The key material has {size} bytes; GOOGLE_SYMMETRIC_ENCRYPTION needs exactly 32 bytes, not encoded."
    )


def test_whatever_goes_wrong_inside_the_unwrap_reads_the_same(ready: World) -> None:
    rsa_job, other = ImportJobName(RING, "rsa"), ImportJobName(RING, "rsa-2")
    for name in (rsa_job, other):
        make_job(ready, name, RSA_AES)
    blob = wrapped(ready.kms.get_import_job(OWNER, rsa_job), fresh())
    blobs = {
        "the other job's": wrapped(ready.kms.get_import_job(OWNER, other), fresh()),
        "a changed ephemeral key": bytes((blob[0] ^ 1,)) + blob[1:],
        "changed material": blob[:-1] + bytes((blob[-1] ^ 1,)),
        "truncated by a block": blob[:-8],
        "a block more": blob + bytes(8),
        "zeros": bytes(len(blob)),
        "random bytes": os.urandom(len(blob)),
    }
    reasons = {
        what: bring(ready, b"", job=rsa_job, blob=each).import_failure_reason for what, each in blobs.items()
    }
    assert set(reasons.values()) == {importing.UNWRAP_FAILED}
    assert bring(ready, b"", job=rsa_job, blob=blob[:-1]).import_failure_reason == importing.NOT_IN_BLOCKS
    assert bring(ready, b"", job=rsa_job, blob=blob[:384]).import_failure_reason == importing.TOO_SHORT


def test_a_failed_version_can_do_nothing(ready: World) -> None:
    bring(ready, b"", blob=bytes(1200))
    with pytest.raises(FailedPrecondition, match="is not enabled, current state is: IMPORT_FAILED"):
        ready.encrypt(KEY.version(1))
    calls: list[Callable[[], Any]] = [
        lambda: ready.kms.update_crypto_key_version(OWNER, KEY.version(1), "ENABLED"),
        lambda: ready.kms.destroy_crypto_key_version(OWNER, KEY.version(1)),
        lambda: ready.kms.restore_crypto_key_version(OWNER, KEY.version(1)),
        lambda: ready.kms.update_crypto_key_primary_version(OWNER, KEY, 1),
    ]
    for call in calls:
        with pytest.raises(FailedPrecondition, match="IMPORT_FAILED"):
            call()


def _refusals() -> dict[str, tuple[dict[str, Any], type[KmsError], str]]:
    job = ImportJobName(OTHER_RING, "job")
    return {
        "no bytes": ({"blob": b""}, InvalidArgument, "at least 1, but not more than 65536"),
        "too many bytes": ({"blob": bytes(65537)}, InvalidArgument, "Provided value had length 65537"),
        "an unknown algorithm": ({"algorithm": "ROT13"}, InvalidArgument, "not a CryptoKeyVersionAlgorithm"),
        "an external algorithm": (
            {"algorithm": "EXTERNAL_SYMMETRIC_ENCRYPTION"},
            InvalidArgument,
            "cannot be imported",
        ),
        "another purpose": (
            {"algorithm": "EC_SIGN_P256_SHA256"},
            InvalidArgument,
            "does not fit the purpose ENCRYPT_DECRYPT",
        ),
        "a job of another ring": ({"job": job}, InvalidArgument, "is not in the key ring of CryptoKey"),
        "a missing job": ({"job": ImportJobName(RING, "none")}, NotFound, "ImportJob .*/none not found"),
        "a missing key": ({"key": CryptoKeyName(RING, "none")}, NotFound, "CryptoKey .*/none not found"),
        "a missing version": ({"version": 7}, NotFound, "CryptoKeyVersion .*/7 not found"),
    }


@pytest.mark.parametrize(
    ("fields", "error", "words"), [pytest.param(*each, id=what) for what, each in _refusals().items()]
)
def test_a_request_that_is_not_right_changes_nothing(
    ready: World, fields: dict[str, Any], error: type[KmsError], words: str
) -> None:
    before = ready.generation()
    with pytest.raises(error, match=words):
        bring(ready, b"", **{"blob": bytes(1200), **fields})
    assert ready.generation() == before
    assert list(ready.kms.list_crypto_key_versions(OWNER, KEY)) == []


def test_a_version_of_another_key_is_refused(ready: World) -> None:
    make_signer(ready)
    asked = ImportCryptoKeyVersionRequest(
        KEY,
        algorithm=SYMMETRIC,
        import_job=JOB,
        wrapped_key=b"x",
        crypto_key_version=SIGNER.version(1),
    )
    with pytest.raises(InvalidArgument, match="is not a version of CryptoKey"):
        ready.kms.import_crypto_key_version(OWNER, asked)


def test_a_location_that_was_never_used_has_no_key(world: World) -> None:
    with pytest.raises(NotFound, match=f"CryptoKey {KEY} not found"):
        bring(world, b"", blob=bytes(1200))


def test_a_stranger_imports_nothing(ready: World) -> None:
    asked = request(ready, fresh())
    with pytest.raises(PermissionDenied, match=r"cloudkms\.cryptoKeyVersions\.create"):
        ready.kms.import_crypto_key_version(STRANGER, asked)


def test_an_expired_job_imports_nothing_and_loses_its_key(ready: World) -> None:
    asked = request(ready, fresh())
    ready.clock.now = START + 3 * DAY
    with pytest.raises(FailedPrecondition, match=r"is not active \(state is EXPIRED\)") as caught:
        ready.kms.import_crypto_key_version(OWNER, asked)
    assert caught.value.hint == "Create another import job and wrap the key with its public key."
    assert ready.sql("SELECT material FROM import_jobs") == [(None,)]
    assert list(ready.kms.list_crypto_key_versions(OWNER, KEY)) == []
    assert ready.verify() == []


def test_a_job_that_expires_during_the_unwrap_imports_nothing(
    ready: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    unwrap = importing.unwrap

    def slow(*arguments: Any) -> bytes:
        ready.clock.now = START + 3 * DAY
        return unwrap(*arguments)

    monkeypatch.setattr(importing, "unwrap", slow)
    before = ready.generation()
    with pytest.raises(FailedPrecondition, match="state is EXPIRED"):
        bring(ready, fresh())
    assert ready.generation() == before


def test_unwrapping_holds_no_lock(ready: World, monkeypatch: pytest.MonkeyPatch) -> None:
    unwrap = importing.unwrap

    def other_works(*arguments: Any) -> bytes:
        another = ready.another()
        another.create_key_ring(OWNER, OTHER_RING)
        another.close()
        return unwrap(*arguments)

    monkeypatch.setattr(importing, "unwrap", other_works)
    assert bring(ready, fresh()).state == "ENABLED"
    assert ready.kms.get_key_ring(OWNER, OTHER_RING).name == OTHER_RING


def test_two_imports_at_once_get_a_version_each(ready: World, monkeypatch: pytest.MonkeyPatch) -> None:
    unwrap = importing.unwrap
    inner: list[Any] = []

    def meanwhile(*arguments: Any) -> bytes:
        monkeypatch.setattr(importing, "unwrap", unwrap)
        inner.append(bring(ready, fresh()))
        return unwrap(*arguments)

    monkeypatch.setattr(importing, "unwrap", meanwhile)
    outer = bring(ready, fresh())
    assert {outer.name.number, inner[0].name.number} == {1, 2}
    assert ready.verify() == []


def test_a_job_of_another_protection_level_is_refused(ready: World) -> None:
    asked = request(ready, fresh())
    with ready.database().write() as transaction:
        ring = rings.find(transaction, RING)
        assert ring is not None
        key = keys.find(transaction, ring, KEY)
        assert key is not None
        transaction.update(key, protection_level=2)
    before = ready.generation()
    with pytest.raises(
        FailedPrecondition, match=f"has protection level HSM, but ImportJob {JOB} has SOFTWARE"
    ):
        ready.kms.import_crypto_key_version(OWNER, asked)
    assert ready.generation() == before


def test_what_is_due_for_the_key_is_done_first(keyed: World) -> None:
    make_job(keyed)
    keyed.kms.update_crypto_key(
        OWNER, KEY, {"rotation_period": DAY, "next_rotation_time": keyed.clock.now + DAY}
    )
    keyed.clock.now += DAY
    assert bring(keyed, fresh()).name == KEY.version(3)
    primary = keyed.kms.get_crypto_key(OWNER, KEY).primary
    assert primary is not None
    assert primary.name == KEY.version(2)


def test_an_import_only_key_has_no_rotation_schedule(world: World) -> None:
    world.kms.create_key_ring(OWNER, RING)
    scheduled = spec(import_only=True, next_rotation_time=START + DAY)
    with pytest.raises(InvalidArgument, match="import-only"):
        world.kms.create_crypto_key(OWNER, KEY, scheduled, skip_initial_version_creation=True)


def test_bare_rsa_oaep_takes_no_key_pairs(world: World) -> None:
    world.kms.create_key_ring(OWNER, RING)
    signing = CryptoKeySpec(purpose="ASYMMETRIC_SIGN", algorithm="EC_SIGN_P256_SHA256", import_only=True)
    world.kms.create_crypto_key(OWNER, KEY, signing, skip_initial_version_creation=True)
    make_job(world, method="RSA_OAEP_3072_SHA256")
    with pytest.raises(InvalidArgument, match="takes symmetric keys only"):
        bring(world, fresh(), algorithm="EC_SIGN_P256_SHA256")
    assert list(world.kms.list_crypto_key_versions(OWNER, KEY)) == []
