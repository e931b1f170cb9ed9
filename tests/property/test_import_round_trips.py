"""import(wrap(k)) behaves as k does, for every algorithm that may be imported and every import method."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kmsctl.crypto.import_wrapping import wrap
from kmsctl.crypto.software import SoftwareBackend
from kmsctl.model import algorithms
from kmsctl.model.algorithms import ALGORITHMS, RSA_OAEP, Algorithm, Digest
from kmsctl.model.asymmetric_requests import (
    AsymmetricDecryptRequest,
    AsymmetricSignRequest,
    DecapsulateRequest,
)
from kmsctl.model.import_methods import IMPORT_METHODS, ImportMethod
from kmsctl.model.import_requests import ImportCryptoKeyVersionRequest
from kmsctl.model.mac_requests import MacSignRequest
from kmsctl.model.names import CryptoKeyName, ImportJobName, KeyRingName, LocationName
from kmsctl.model.raw_requests import RawDecryptRequest, RawEncryptRequest
from kmsctl.model.requests import DecryptRequest, EncryptRequest
from kmsctl.model.resources import CryptoKeySpec
from kmsctl.service.context import Context
from kmsctl.service.kms import Kms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kmsctl.crypto.backend import KeyMaterial
    from kmsctl.model.names import CryptoKeyVersionName
    from kmsctl.model.resources import CryptoKeyVersion, ImportJob

CTX = Context("owner@example.com")
RING = KeyRingName(LocationName("acme", "us-east1"), "ring")
BACKEND = SoftwareBackend()
AVAILABLE = [each for each in ALGORITHMS if each.importable and BACKEND.unavailable_reason(each) is None]
#: RSA keys are too long for RSA-OAEP alone.
PAIRS = [
    (algorithm, method)
    for algorithm in AVAILABLE
    for method in IMPORT_METHODS
    if method.aes_kwp or method.hpke or algorithm.secret_size is not None
]


class Place:
    """A store with an import-only key of each purpose and a job of each method, made when needed."""

    def __init__(self, kms: Kms) -> None:
        self.kms = kms
        self._jobs: dict[str, ImportJob] = {}
        self._keys: dict[str, CryptoKeyName] = {}

    def job(self, method: ImportMethod) -> ImportJob:
        if method.enum not in self._jobs:
            name = ImportJobName(RING, method.spelling)
            self._jobs[method.enum] = self.kms.create_import_job(CTX, name, method.enum)
        return self._jobs[method.enum]

    def key(self, purpose: str) -> CryptoKeyName:
        if purpose not in self._keys:
            name = self._keys[purpose] = CryptoKeyName(RING, purpose.lower())
            default = algorithms.for_purpose(purpose)[0].enum
            spec = CryptoKeySpec(purpose=purpose, algorithm=default, import_only=True)
            self.kms.create_crypto_key(CTX, name, spec, skip_initial_version_creation=True)
        return self._keys[purpose]

    def bring(self, algorithm: Algorithm, method: ImportMethod, material: bytes) -> CryptoKeyVersion:
        job = self.job(method)
        assert job.public_key is not None
        request = ImportCryptoKeyVersionRequest(
            self.key(algorithm.purpose),
            algorithm=algorithm.enum,
            import_job=job.name,
            wrapped_key=wrap(method, job.public_key.encode(), material),
        )
        return self.kms.import_crypto_key_version(CTX, request)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    path = tmp_path_factory.mktemp("imports")
    kms = Kms(str(path / "data"), str(path / "config" / "keys"))
    kms.create_key_ring(CTX, RING)
    yield Place(kms)
    kms.close()


@cache
def rsa_key(bits: int) -> KeyMaterial:
    """Returns one RSA key of a size for all schemes: they take long to make."""
    return BACKEND.generate(
        next(each for each in ALGORITHMS if each.family == RSA_OAEP and each.key_bits == bits)
    )


def key_of(algorithm: Algorithm) -> KeyMaterial:
    if algorithm.secret_size is None and algorithm.key_bits is not None:
        return rsa_key(algorithm.key_bits)
    return BACKEND.generate(algorithm)


# What a version must do like the key it was made from, by purpose.


def _encrypt(
    kms: Kms, name: CryptoKeyVersionName, algorithm: Algorithm, key: KeyMaterial, data: bytes
) -> None:
    del algorithm
    sealed = kms.encrypt(CTX, EncryptRequest(name, data)).ciphertext
    bound = sealed[:20] + len(str(name.parent)).to_bytes(4, "big") + str(name.parent).encode()
    assert BACKEND.decrypt(key.secret, sealed[20:], bound) == data
    by_key = sealed[:20] + BACKEND.encrypt(key.secret, data, bound)
    assert kms.decrypt(CTX, DecryptRequest(name.parent, by_key)).plaintext == data


def _raw(kms: Kms, name: CryptoKeyVersionName, algorithm: Algorithm, key: KeyMaterial, data: bytes) -> None:
    blocks = data + bytes(-len(data) % 16)
    made = BACKEND.raw_encrypt(algorithm, key.secret, blocks)
    request = RawDecryptRequest(name, made.ciphertext, made.iv, tag_length=made.tag_length)
    assert kms.raw_decrypt(CTX, request).plaintext == blocks
    answer = kms.raw_encrypt(CTX, RawEncryptRequest(name, blocks))
    assert BACKEND.raw_decrypt(algorithm, key.secret, answer.ciphertext, iv=answer.iv) == blocks


def _sign(kms: Kms, name: CryptoKeyVersionName, algorithm: Algorithm, key: KeyMaterial, data: bytes) -> None:
    fields: dict[str, Any] = {"data": data[:200] or b"-"}
    if algorithm.input_digest == algorithms.EXTERNAL_MU:
        fields = {"digest": Digest(algorithms.EXTERNAL_MU, hashlib.shake_256(data).digest(64))}
    elif algorithm.input_digest is not None:
        hashed = hashlib.new(algorithm.input_digest, data).digest()
        fields = {"digest": Digest(algorithm.input_digest, hashed)}
    signature = kms.asymmetric_sign(CTX, AsymmetricSignRequest(name, **fields)).signature
    assert key.public is not None
    assert BACKEND.verify(algorithm, key.public, signature, **fields)


def _decrypt(
    kms: Kms, name: CryptoKeyVersionName, algorithm: Algorithm, key: KeyMaterial, data: bytes
) -> None:
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    from kmsctl.crypto.software.digests import digest_of

    public = load_der_public_key(key.public or b"")
    assert isinstance(public, rsa.RSAPublicKey)
    digest = digest_of(algorithm)
    sealed = public.encrypt(data[:64], padding.OAEP(padding.MGF1(digest), digest, None))
    assert kms.asymmetric_decrypt(CTX, AsymmetricDecryptRequest(name, sealed)).plaintext == data[:64]


def _mac(kms: Kms, name: CryptoKeyVersionName, algorithm: Algorithm, key: KeyMaterial, data: bytes) -> None:
    assert kms.mac_sign(CTX, MacSignRequest(name, data)).mac == BACKEND.mac_sign(algorithm, key.secret, data)


def _decapsulate(
    kms: Kms, name: CryptoKeyVersionName, algorithm: Algorithm, key: KeyMaterial, data: bytes
) -> None:
    size = algorithm.ciphertext_size or 0
    # ML-KEM rejects implicitly, so any bytes have a secret; X-Wing's last 32 are a point of X25519.
    ciphertext = hashlib.shake_256(data).digest(size)
    shared = kms.decapsulate(CTX, DecapsulateRequest(name, ciphertext)).shared_secret
    assert shared == BACKEND.decapsulate(algorithm, key.secret, ciphertext)


CHECKS: dict[str, Callable[[Kms, CryptoKeyVersionName, Algorithm, KeyMaterial, bytes], None]] = {
    algorithms.ENCRYPT_DECRYPT: _encrypt,
    algorithms.RAW_ENCRYPT_DECRYPT: _raw,
    algorithms.ASYMMETRIC_SIGN: _sign,
    algorithms.ASYMMETRIC_DECRYPT: _decrypt,
    algorithms.MAC: _mac,
    algorithms.KEY_ENCAPSULATION: _decapsulate,
}


@settings(max_examples=1, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(min_size=1, max_size=300))
@pytest.mark.parametrize("algorithm", AVAILABLE, ids=repr)
def test_an_imported_key_behaves_as_the_key_does(place: Place, algorithm: Algorithm, data: bytes) -> None:
    key = key_of(algorithm)
    method = next(each for each in IMPORT_METHODS if each.aes_kwp)
    version = place.bring(algorithm, method, key.secret)
    assert (version.state, version.import_failure_reason) == ("ENABLED", None)
    CHECKS[algorithm.purpose](place.kms, version.name, algorithm, key, data)
    if key.public is not None:
        assert place.kms.get_public_key(CTX, version.name, "DER").data == key.public


@settings(max_examples=35, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pair=st.sampled_from(PAIRS), data=st.binary(min_size=1, max_size=300))
def test_every_method_brings_every_key(
    place: Place, pair: tuple[Algorithm, ImportMethod], data: bytes
) -> None:
    algorithm, method = pair
    key = key_of(algorithm)
    version = place.bring(algorithm, method, key.secret)
    assert version.state == "ENABLED"
    CHECKS[algorithm.purpose](place.kms, version.name, algorithm, key, data)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    algorithm=st.sampled_from([each for each in AVAILABLE if each.secret_size is not None]),
    material=st.binary(min_size=1, max_size=80),
)
def test_a_symmetric_key_is_its_bytes_or_it_is_refused(
    place: Place, algorithm: Algorithm, material: bytes
) -> None:
    method = IMPORT_METHODS[6]
    version = place.bring(algorithm, method, material)
    assert version.state == ("ENABLED" if len(material) == algorithm.secret_size else "IMPORT_FAILED")


def test_a_store_full_of_imports_is_whole(place: Place) -> None:
    assert list(place.kms.verify_store(CTX)) == []
