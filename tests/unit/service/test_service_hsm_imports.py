from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from kmsctl.errors import FailedPrecondition, InvalidArgument, KmsError, Unimplemented
from kmsctl.model.names import CryptoKeyName, ImportJobName
from kmsctl.service import token_imports
from kmsctl.service.token_due import INTERRUPTED
from tests.unit.service.hsm_world import ALGORITHMS, HSM
from tests.unit.service.imports_world import JOB, bring, make_import_key, make_job, request
from tests.unit.service.test_service_hsm_keys import use
from tests.unit.service.world import DAY, KEY, OWNER, RING, acts

if TYPE_CHECKING:
    from kmsctl.model.resources import ImportJob
    from tests.unit.service.hsm_world import HsmWorld

METHOD = "RSA_OAEP_3072_SHA1_AES_256"
V1 = KEY.version(1)


def material(algorithm: str) -> bytes:
    """Returns fresh material of an algorithm, as people bring it."""
    key: Any
    if algorithm.startswith("RSA"):
        key = rsa.generate_private_key(65537, 2048)
    elif algorithm.startswith("EC"):
        key = ec.generate_private_key(ec.SECP384R1() if "P384" in algorithm else ec.SECP256R1())
    else:
        sizes = {"AES_128_CBC": 16, "HMAC_SHA512": 64}
        return os.urandom(sizes.get(algorithm, 32))
    encoding, form = serialization.Encoding.DER, serialization.PrivateFormat.PKCS8
    der: bytes = key.private_bytes(encoding, form, serialization.NoEncryption())
    return der


def job(world: HsmWorld, name: ImportJobName = JOB) -> ImportJob:
    return world.kms.create_import_job(OWNER, name, METHOD, "HSM")


def ready(world: HsmWorld, algorithm: str = "GOOGLE_SYMMETRIC_ENCRYPTION") -> None:
    make_import_key(world, kind=(ALGORITHMS[algorithm], algorithm), **HSM)
    job(world)


@pytest.mark.parametrize(
    "algorithm",
    [
        "GOOGLE_SYMMETRIC_ENCRYPTION",
        "AES_256_GCM",
        "AES_128_CBC",
        "AES_256_CTR",
        "HMAC_SHA256",
        "HMAC_SHA512",
        "RSA_SIGN_PSS_2048_SHA256",
        "RSA_DECRYPT_OAEP_2048_SHA1",
        "EC_SIGN_P256_SHA256",
        "EC_SIGN_P384_SHA384",
    ],
)
def test_a_key_is_unwrapped_in_the_token_and_only_it_comes_back(hsm: HsmWorld, algorithm: str) -> None:
    ready(hsm, algorithm)
    brought = material(algorithm)
    version = bring(hsm, brought, algorithm=algorithm)
    assert (version.state, version.protection_level) == ("ENABLED", "HSM")
    use(hsm, algorithm)
    first = hsm.cka_id()
    found = hsm.kms.get_crypto_key_version(OWNER, V1)
    assert found.attestation is not None
    assert b'\\"origin\\":\\"imported\\"' in found.attestation.content
    hsm.kms.destroy_crypto_key_version(OWNER, V1)
    assert hsm.state() == "DESTROYED"
    assert not hsm.holds(first)
    failed = bring(hsm, material(algorithm), algorithm=algorithm, version=1)
    assert (failed.state, failed.import_failure_reason) == ("IMPORT_FAILED", token_imports.OTHER_KEY)
    again = bring(hsm, brought, algorithm=algorithm, version=1)
    assert (again.state, again.import_failure_reason) == ("ENABLED", None)
    assert hsm.cka_id() != first
    use(hsm, algorithm)
    assert set(hsm.objects()) == {str(JOB), str(V1)}
    assert hsm.verify() == []


def test_a_job_shows_its_public_key_and_an_attestation(hsm: HsmWorld) -> None:
    hsm.kms.create_key_ring(OWNER, RING)
    made = job(hsm)
    assert (made.state, made.protection_level) == ("ACTIVE", "HSM")
    assert made.public_key is not None
    found = hsm.kms.get_import_job(OWNER, JOB)
    assert found.attestation is not None
    assert str(JOB).encode() in found.attestation.content


def test_the_wrapping_pair_goes_when_the_job_expires(hsm: HsmWorld) -> None:
    hsm.kms.create_key_ring(OWNER, RING)
    job(hsm)
    ((cka_id, _),) = hsm.objects().values()
    assert hsm.holds(cka_id)
    hsm.clock.now += 3 * DAY
    assert hsm.kms.get_import_job(OWNER, JOB).state == "EXPIRED"
    assert not hsm.holds(cka_id)
    assert hsm.objects() == {}


def test_a_wrapping_pair_whose_token_is_absent_waits_for_it(hsm: HsmWorld) -> None:
    hsm.kms.create_key_ring(OWNER, RING)
    job(hsm)
    ((cka_id, _),) = hsm.objects().values()
    hsm.uri = None
    hsm.reopen()
    hsm.clock.now += 3 * DAY
    report = hsm.maintain()
    assert report.expired == [str(JOB)]
    (left,) = report.left
    assert cka_id.hex() in left
    (finding,) = hsm.verify()
    assert finding.resource == str(JOB)
    hsm.uri = hsm.token.uri
    hsm.reopen()
    assert hsm.maintain().left == []
    assert not hsm.holds(cka_id)


def test_a_job_whose_method_the_token_lacks_is_refused_by_name(hsm: HsmWorld) -> None:
    hsm.kms.create_key_ring(OWNER, RING)
    for method, error in (
        ("RSA_OAEP_3072_SHA256", Unimplemented),
        ("HPKE_KEM_XWING_HKDF_SHA256_AES_256_GCM", InvalidArgument),
    ):
        with pytest.raises(error, match=method):
            hsm.kms.create_import_job(OWNER, JOB, method, "HSM")
    assert list(hsm.kms.list_import_jobs(OWNER, RING)) == []
    assert hsm.objects() == {}


def test_what_is_wrong_with_the_material_is_the_reason_of_the_version(hsm: HsmWorld) -> None:
    ready(hsm)
    good = request(hsm, os.urandom(32)).wrapped_key
    reasons = {}
    for what, blob in {
        "short": good[:300],
        "crooked": good[:-1],
        "changed": good[:-1] + bytes([good[-1] ^ 1]),
        "size": request(hsm, os.urandom(16)).wrapped_key,
    }.items():
        version = bring(hsm, b"", blob=blob)
        assert version.state == "IMPORT_FAILED"
        reasons[what] = version.import_failure_reason
    assert reasons["short"] == "Wrapped key is too short"
    assert reasons["crooked"] == "Wrapped key does not consist of 64-bit blocks"
    assert all(reasons.values())
    assert set(hsm.objects()) == {str(JOB)}
    assert bring(hsm, os.urandom(32), version=1).state == "ENABLED"


def test_levels_of_job_and_key_must_be_the_same(hsm: HsmWorld) -> None:
    ready(hsm)
    software = ImportJobName(RING, "software")
    make_job(hsm, software)
    with pytest.raises(FailedPrecondition, match="has protection level HSM"):
        bring(hsm, os.urandom(32), job=software)
    other = CryptoKeyName(RING, "other")
    make_import_key(hsm, other)
    with pytest.raises(FailedPrecondition, match="has protection level SOFTWARE"):
        bring(hsm, os.urandom(32), key=other)


def test_an_import_without_the_token_changes_nothing(hsm: HsmWorld) -> None:
    ready(hsm)
    wanted = request(hsm, os.urandom(32))
    before = hsm.generation()
    hsm.uri = None
    hsm.reopen()
    with pytest.raises(FailedPrecondition, match="No HSM is configured"):
        hsm.kms.import_crypto_key_version(OWNER, wanted)
    assert hsm.generation() == before


class Stop(BaseException):
    """What no handler of errors expects."""


@pytest.mark.parametrize("step", ["token.begun", "token.created"])
def test_an_import_that_is_interrupted_fails_and_can_be_repeated(hsm: HsmWorld, step: str) -> None:
    ready(hsm)

    def stop(name: str) -> None:
        if name == step:
            raise Stop

    hsm.probe = stop
    with pytest.raises(Stop):
        bring(hsm, os.urandom(32))
    hsm.probe = lambda name: None
    version = hsm.kms.get_crypto_key_version(OWNER, V1)
    assert (version.state, version.import_failure_reason) == ("IMPORT_FAILED", INTERRUPTED)
    assert set(hsm.objects()) == {str(JOB)}
    assert bring(hsm, os.urandom(32), version=1).state == "ENABLED"


def test_a_job_that_gets_no_key_pair_is_taken_back(hsm: HsmWorld) -> None:
    hsm.kms.create_key_ring(OWNER, RING)

    def stop(name: str) -> None:
        if name == "token.created":
            raise Stop

    hsm.probe = stop
    with pytest.raises(Stop):
        job(hsm)
    hsm.probe = lambda name: None
    with pytest.raises(KmsError, match="not found"):
        hsm.kms.get_import_job(OWNER, JOB)
    assert hsm.objects() == {}
    assert job(hsm).state == "ACTIVE"


def test_the_kinds_of_calls_are_recorded(hsm: HsmWorld) -> None:
    ready(hsm)
    for act in acts(lambda: bring(hsm, os.urandom(32)), lambda: bring(hsm, b"", blob=bytes(300))):
        act()
    methods = [each["protoPayload"]["methodName"].rpartition(".")[2] for each in hsm.records()]
    assert methods[-4:] == [
        "ImportCryptoKeyVersion",
        "CompleteImportCryptoKeyVersion",
        "ImportCryptoKeyVersion",
        "FailCryptoKeyVersion",
    ]
