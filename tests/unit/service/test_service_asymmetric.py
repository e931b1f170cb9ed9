"""Asymmetric keys: what each verb answers and refuses."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

from kmsctl.crypto.checksums import crc32c
from kmsctl.errors import FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from kmsctl.model import algorithms
from kmsctl.model.algorithms import Digest, by_enum
from kmsctl.model.asymmetric_requests import (
    AsymmetricDecryptRequest,
    AsymmetricSignRequest,
    AsymmetricVerifyRequest,
    DecapsulateRequest,
)
from kmsctl.model.names import CryptoKeyName, CryptoKeyVersionName
from tests.unit.service.world import DAY, KEY, OWNER, RING, STRANGER, World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DATA = b"what is signed"
SHA256 = Digest("sha256", hashlib.sha256(DATA).digest())


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A store that the tests of this module add keys to, one of each algorithm."""
    path: Path = tmp_path_factory.mktemp("asymmetric")
    made = World(path / "store")
    made.kms.create_key_ring(OWNER, RING)
    yield made
    made.kms.close()


def version_of(world: World, enum: str) -> CryptoKeyVersionName:
    """Returns version 1 of the key of an algorithm, which is made if it is not there."""
    algorithm = by_enum(enum)
    name = CryptoKeyName(RING, algorithm.spelling)
    try:
        world.kms.get_crypto_key(OWNER, name)
    except NotFound:
        world.make_key(name, kind=(algorithm.purpose, enum))
    return name.version(1)


def sign(world: World, name: CryptoKeyVersionName, **fields: Any) -> bytes:
    return world.kms.asymmetric_sign(OWNER, AsymmetricSignRequest(name, **fields)).signature


def verify(world: World, name: CryptoKeyVersionName, signature: bytes, **fields: Any) -> bool:
    request = AsymmetricVerifyRequest(name, signature, **fields)
    return world.kms.asymmetric_verify(OWNER, request).success


def public_key(world: World, name: CryptoKeyVersionName, form: str = "PEM") -> bytes:
    return world.kms.get_public_key(OWNER, name, form).data


# Signatures


@pytest.mark.parametrize(
    "enum",
    [
        "EC_SIGN_P256_SHA256",
        "EC_SIGN_P384_SHA384",
        "EC_SIGN_SECP256K1_SHA256",
        "RSA_SIGN_PKCS1_2048_SHA256",
        "RSA_SIGN_PSS_2048_SHA256",
        "PQ_SIGN_ML_DSA_44_EXTERNAL_MU",
    ],
)
def test_digests_are_signed_and_verified(shared: World, enum: str) -> None:
    algorithm = by_enum(enum)
    name = version_of(shared, enum)
    digest = Digest(algorithm.input_digest or "", bytes(range(algorithm.input_digest_size or 0)))
    other = Digest(digest.kind, bytes(len(digest.value)))
    signature = sign(shared, name, digest=digest)
    assert verify(shared, name, signature, digest=digest)
    assert not verify(shared, name, signature, digest=other)
    assert not verify(shared, name, signature[:-1] + bytes([signature[-1] ^ 1]), digest=digest)
    assert not verify(shared, name, b"", digest=digest)


@pytest.mark.parametrize(
    "enum",
    [
        "EC_SIGN_ED25519",
        "EC_SIGN_P256_SHA256",
        "RSA_SIGN_PSS_2048_SHA256",
        "RSA_SIGN_RAW_PKCS1_2048",
        "PQ_SIGN_ML_DSA_65",
    ],
)
def test_data_is_signed_and_verified(shared: World, enum: str) -> None:
    name = version_of(shared, enum)
    signature = sign(shared, name, data=DATA)
    assert verify(shared, name, signature, data=DATA)
    assert not verify(shared, name, signature, data=DATA + b"!")


def test_data_is_digested_as_its_caller_would(shared: World) -> None:
    name = version_of(shared, "EC_SIGN_P256_SHA256")
    assert verify(shared, name, sign(shared, name, data=DATA), digest=SHA256)
    assert verify(shared, name, sign(shared, name, digest=SHA256), data=DATA)


def test_the_public_key_verifies_elsewhere(shared: World) -> None:
    name = version_of(shared, "EC_SIGN_P256_SHA256")
    key = load_pem_public_key(public_key(shared, name))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(sign(shared, name, digest=SHA256), DATA, ec.ECDSA(hashes.SHA256()))
    with pytest.raises(InvalidSignature):
        key.verify(sign(shared, name, digest=SHA256), b"other", ec.ECDSA(hashes.SHA256()))


def test_what_a_signature_comes_with(shared: World) -> None:
    name = version_of(shared, "EC_SIGN_P256_SHA256")
    request = AsymmetricSignRequest(name, digest=SHA256, digest_crc32c=crc32c(SHA256.value))
    response = shared.kms.asymmetric_sign(OWNER, request)
    assert response.name == name
    assert response.signature_crc32c == crc32c(response.signature)
    assert response.protection_level == "SOFTWARE"
    assert (response.verified_digest_crc32c, response.verified_data_crc32c) == (True, False)
    by_data = AsymmetricSignRequest(name, data=DATA, data_crc32c=crc32c(DATA))
    response = shared.kms.asymmetric_sign(OWNER, by_data)
    assert (response.verified_digest_crc32c, response.verified_data_crc32c) == (False, True)
    response = shared.kms.asymmetric_sign(OWNER, AsymmetricSignRequest(name, data=DATA))
    assert (response.verified_digest_crc32c, response.verified_data_crc32c) == (False, False)


@pytest.mark.parametrize("right", [True, False])
def test_what_a_verification_comes_with(shared: World, right: bool) -> None:
    name = version_of(shared, "EC_SIGN_P256_SHA256")
    signature = sign(shared, name, digest=SHA256) if right else b"no signature"
    response = shared.kms.asymmetric_verify(
        OWNER,
        AsymmetricVerifyRequest(
            name,
            signature,
            digest=SHA256,
            digest_crc32c=crc32c(SHA256.value),
            signature_crc32c=crc32c(signature),
        ),
    )
    assert response.name == name
    assert response.success is response.verified_success_integrity is right
    assert response.verified_signature_crc32c
    assert (response.verified_digest_crc32c, response.verified_data_crc32c) == (True, False)


@pytest.mark.parametrize(
    ("enum", "fields", "text"),
    [
        ("EC_SIGN_P256_SHA256", {}, "One of the request fields digest and data must be set."),
        (
            "EC_SIGN_P256_SHA256",
            {"digest": SHA256, "data": DATA},
            "Request fields digest and data must not both be set.",
        ),
        (
            "EC_SIGN_P256_SHA256",
            {"digest": Digest("sha512", bytes(64))},
            "EC_SIGN_P256_SHA256 takes digest.sha256, not digest.sha512.",
        ),
        (
            "EC_SIGN_P256_SHA256",
            {"digest": Digest("sha256", bytes(31))},
            "Request field digest.sha256 must have length 32. Provided value had length 31.",
        ),
        (
            "EC_SIGN_ED25519",
            {"digest": SHA256},
            "EC_SIGN_ED25519 signs data, not a digest: data must be set instead.",
        ),
        (
            "EC_SIGN_ED25519",
            {"data": bytes(65537)},
            (
                "Request field data must have length of at least 0, but not more than 65536. "
                "Provided value had length 65537."
            ),
        ),
        (
            "RSA_SIGN_RAW_PKCS1_2048",
            {"data": bytes(246)},
            (
                "Request field data must have length of at least 1, but not more than 245. "
                "Provided value had length 246."
            ),
        ),
        (
            "PQ_SIGN_ML_DSA_44_EXTERNAL_MU",
            {"data": DATA},
            "PQ_SIGN_ML_DSA_44_EXTERNAL_MU signs no data: digest.external_mu must be set instead.",
        ),
        (
            "PQ_SIGN_ML_DSA_44_EXTERNAL_MU",
            {"digest": Digest("external_mu", bytes(32))},
            "Request field digest.external_mu must have length 64. Provided value had length 32.",
        ),
    ],
)
def test_inputs_that_are_refused_for_both(
    shared: World, enum: str, fields: dict[str, Any], text: str
) -> None:
    name = version_of(shared, enum)
    with pytest.raises(InvalidArgument) as caught:
        sign(shared, name, **fields)
    assert caught.value.message == text
    with pytest.raises(InvalidArgument) as caught:
        verify(shared, name, b"signature", **fields)
    assert caught.value.message == text


# Decryption and decapsulation


def test_what_is_encrypted_to_the_public_key_is_decrypted(shared: World) -> None:
    name = version_of(shared, "RSA_DECRYPT_OAEP_2048_SHA256")
    key = load_pem_public_key(public_key(shared, name))
    assert isinstance(key, rsa.RSAPublicKey)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    ciphertext = key.encrypt(b"plain", oaep)
    request = AsymmetricDecryptRequest(name, ciphertext, ciphertext_crc32c=crc32c(ciphertext))
    response = shared.kms.asymmetric_decrypt(OWNER, request)
    assert response.plaintext == b"plain"
    assert response.plaintext_crc32c == crc32c(b"plain")
    assert response.verified_ciphertext_crc32c
    assert not shared.kms.asymmetric_decrypt(
        OWNER, AsymmetricDecryptRequest(name, ciphertext)
    ).verified_ciphertext_crc32c
    other = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
    for wrong in (key.encrypt(b"plain", other), ciphertext[:-1] + bytes([ciphertext[-1] ^ 1]), bytes(256)):
        with pytest.raises(InvalidArgument, match=r"^Decryption failed\.$"):
            shared.kms.asymmetric_decrypt(OWNER, AsymmetricDecryptRequest(name, wrong))


@pytest.mark.parametrize("size", [0, 255, 257])
def test_a_ciphertext_has_one_length(shared: World, size: int) -> None:
    name = version_of(shared, "RSA_DECRYPT_OAEP_2048_SHA256")
    with pytest.raises(InvalidArgument, match=f"must have length 256.*had length {size}"):
        shared.kms.asymmetric_decrypt(OWNER, AsymmetricDecryptRequest(name, bytes(size)))


@pytest.mark.parametrize("enum", ["ML_KEM_768", "ML_KEM_1024"])
def test_what_is_encapsulated_to_the_public_key_is_decapsulated(shared: World, enum: str) -> None:
    name = version_of(shared, enum)
    key: Any = load_der_public_key(public_key(shared, name, "DER"))
    secret, ciphertext = key.encapsulate()
    request = DecapsulateRequest(name, ciphertext, ciphertext_crc32c=crc32c(ciphertext))
    response = shared.kms.decapsulate(OWNER, request)
    assert response.name == name
    assert response.shared_secret == secret
    assert response.shared_secret_crc32c == crc32c(secret)
    assert response.verified_ciphertext_crc32c
    changed = DecapsulateRequest(name, ciphertext[:-1] + bytes([ciphertext[-1] ^ 1]))
    other = shared.kms.decapsulate(OWNER, changed)
    assert len(other.shared_secret) == 32
    assert other.shared_secret != secret
    assert not other.verified_ciphertext_crc32c
    with pytest.raises(InvalidArgument, match=f"must have length {len(ciphertext)} for {enum}"):
        shared.kms.decapsulate(OWNER, DecapsulateRequest(name, ciphertext[:-1]))


# Public keys


@pytest.mark.parametrize("enum", ["EC_SIGN_ED25519", "PQ_SIGN_ML_DSA_44", "ML_KEM_768", "KEM_XWING"])
def test_formats_of_a_public_key(shared: World, enum: str) -> None:
    name = version_of(shared, enum)
    algorithm = by_enum(enum)
    for form in algorithms.PUBLIC_KEY_FORMATS:
        if form not in algorithm.public_key_formats:
            with pytest.raises(InvalidArgument, match=f"{form} is not a format for {enum}"):
                shared.kms.get_public_key(OWNER, name, form)
            continue
        key = shared.kms.get_public_key(OWNER, name, form)
        assert key.name == name
        assert key.algorithm == enum
        assert key.public_key_format == form
        assert key.data_crc32c == crc32c(key.data)
        assert key.data.startswith(b"-----BEGIN PUBLIC KEY-----\n") is (form == "PEM")
    with pytest.raises(InvalidArgument, match="'JWK' is not a PublicKeyFormat"):
        shared.kms.get_public_key(OWNER, name, "JWK")


# What every verb refuses

#: verb → a request that is sound for its own algorithm
VERBS: dict[str, tuple[str, str, Any]] = {
    "sign": ("ASYMMETRIC_SIGN", "asymmetric_sign", lambda name: AsymmetricSignRequest(name, data=DATA)),
    "verify": (
        "ASYMMETRIC_SIGN",
        "asymmetric_verify",
        lambda name: AsymmetricVerifyRequest(name, b"", data=DATA),
    ),
    "decrypt": (
        "ASYMMETRIC_DECRYPT",
        "asymmetric_decrypt",
        lambda name: AsymmetricDecryptRequest(name, bytes(256)),
    ),
    "decapsulate": ("KEY_ENCAPSULATION", "decapsulate", lambda name: DecapsulateRequest(name, bytes(1088))),
    "public key": ("ASYMMETRIC_SIGN", "get_public_key", lambda name: name),
}
EVERY_VERB = pytest.mark.parametrize("verb", VERBS)
ONE_OF_EACH = {
    "ENCRYPT_DECRYPT": "GOOGLE_SYMMETRIC_ENCRYPTION",
    "RAW_ENCRYPT_DECRYPT": "AES_256_GCM",
    "ASYMMETRIC_SIGN": "EC_SIGN_ED25519",
    "ASYMMETRIC_DECRYPT": "RSA_DECRYPT_OAEP_2048_SHA256",
    "MAC": "HMAC_SHA256",
    "KEY_ENCAPSULATION": "ML_KEM_768",
}


def call(world: World, verb: str, name: CryptoKeyVersionName, ctx: Any = OWNER) -> None:
    _, method, request = VERBS[verb]
    getattr(world.kms, method)(ctx, request(name))


def serves(verb: str, purpose: str) -> bool:
    return VERBS[verb][0] == purpose or (
        verb == "public key" and purpose in ("ASYMMETRIC_DECRYPT", "KEY_ENCAPSULATION")
    )


@pytest.mark.parametrize(
    ("verb", "purpose"),
    [(verb, purpose) for verb in VERBS for purpose in ONE_OF_EACH if not serves(verb, purpose)],
)
def test_keys_of_another_purpose(shared: World, verb: str, purpose: str) -> None:
    name = version_of(shared, ONE_OF_EACH[purpose])
    with pytest.raises(FailedPrecondition) as caught:
        call(shared, verb, name)
    assert caught.value.message == (
        f"Operation requested for Key {name} has incorrect key purpose: {purpose}"
    )


@EVERY_VERB
def test_versions_that_are_not_there(shared: World, verb: str) -> None:
    version = version_of(shared, ONE_OF_EACH[VERBS[verb][0]])
    for name in (version.parent.version(2), CryptoKeyName(RING, "nobody").version(1)):
        with pytest.raises(NotFound, match=f"^CryptoKeyVersion {name} not found"):
            call(shared, verb, name)


@EVERY_VERB
def test_there_is_no_store_yet(world: World, verb: str) -> None:
    with pytest.raises(NotFound):
        call(world, verb, KEY.version(1))
    assert not world.path.exists()


@EVERY_VERB
def test_strangers(shared: World, verb: str) -> None:
    name = version_of(shared, ONE_OF_EACH[VERBS[verb][0]])
    with pytest.raises(PermissionDenied):
        call(shared, verb, name, STRANGER)


@EVERY_VERB
def test_versions_that_are_not_enabled(world: World, verb: str) -> None:
    kind = (VERBS[verb][0], ONE_OF_EACH[VERBS[verb][0]])
    name = world.make_key(kind=kind).version(1)
    world.kms.update_crypto_key_version(OWNER, name, "DISABLED")
    _check_refused_as(world, verb, name, "DISABLED")
    world.kms.destroy_crypto_key_version(OWNER, name)
    _check_refused_as(world, verb, name, "DESTROY_SCHEDULED")
    world.clock.now += DAY
    _check_refused_as(world, verb, name, "DESTROYED")


def _check_refused_as(world: World, verb: str, name: CryptoKeyVersionName, state: str) -> None:
    with pytest.raises(FailedPrecondition) as caught:
        call(world, verb, name)
    assert caught.value.message == f"{name} is not enabled, current state is: {state}."


@pytest.mark.parametrize(
    ("method", "request_with", "field"),
    [
        (
            "asymmetric_sign",
            lambda name: AsymmetricSignRequest(name, digest=SHA256, digest_crc32c=1),
            "digest",
        ),
        ("asymmetric_sign", lambda name: AsymmetricSignRequest(name, data=DATA, data_crc32c=1), "data"),
        (
            "asymmetric_verify",
            lambda name: AsymmetricVerifyRequest(name, b"s", digest=SHA256, digest_crc32c=1),
            "digest",
        ),
        (
            "asymmetric_verify",
            lambda name: AsymmetricVerifyRequest(name, b"s", data=DATA, data_crc32c=1),
            "data",
        ),
        (
            "asymmetric_verify",
            lambda name: AsymmetricVerifyRequest(name, b"s", data=DATA, signature_crc32c=1),
            "signature",
        ),
        (
            "asymmetric_decrypt",
            lambda name: AsymmetricDecryptRequest(name, b"c", ciphertext_crc32c=1),
            "ciphertext",
        ),
        ("decapsulate", lambda name: DecapsulateRequest(name, b"c", ciphertext_crc32c=1), "ciphertext"),
    ],
)
def test_checksums_of_requests(shared: World, method: str, request_with: Any, field: str) -> None:
    name = version_of(shared, "EC_SIGN_P256_SHA256")
    with pytest.raises(InvalidArgument) as caught:
        getattr(shared.kms, method)(OWNER, request_with(name))
    assert caught.value.message == (
        f"The checksum in field {field}_crc32c did not match the data in field {field}."
    )


@EVERY_VERB
def test_nothing_is_written(shared: World, verb: str) -> None:
    name = version_of(shared, ONE_OF_EACH[VERBS[verb][0]])
    before = shared.generation(), len(shared.records())
    if verb == "decrypt":
        with pytest.raises(InvalidArgument, match=r"^Decryption failed\.$"):
            call(shared, verb, name)
    else:
        call(shared, verb, name)
    assert (shared.generation(), len(shared.records())) == before
