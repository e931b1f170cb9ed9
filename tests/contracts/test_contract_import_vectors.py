"""Published vectors of key wrapping, valid and invalid ones, through the unwrapping of imports.

The README of each folder under tests/vectors says where they come from.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import mlkem, padding, rsa, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from kmsctl.crypto import importing
from kmsctl.crypto.import_wrapping import wrap
from kmsctl.crypto.software import spki
from kmsctl.model import algorithms, import_methods, pem

if TYPE_CHECKING:
    from collections.abc import Callable

    from kmsctl.crypto.backend import Backend, KeyMaterial
    from kmsctl.model.algorithms import Algorithm

    KeyOf = Callable[[Algorithm], KeyMaterial]

_ROOT = Path(__file__).parents[1] / "vectors"
_RSA_AES = import_methods.by_enum("RSA_OAEP_3072_SHA256_AES_256")
_BARE = (
    ("wycheproof_rsa_oaep_3072_sha256_mgf1sha256.json", "RSA_OAEP_3072_SHA256"),
    ("wycheproof_rsa_oaep_4096_sha256_mgf1sha256.json", "RSA_OAEP_4096_SHA256"),
)


def _tests(path: str) -> list[Any]:
    tests: list[Any] = json.loads((_ROOT / path).read_text("utf-8"))["tests"]
    assert tests
    return tests


def _unwrap(backend: Backend, method: str, private: bytes, wrapped: bytes) -> bytes | None:
    try:
        return importing.unwrap(backend, import_methods.by_enum(method), private, wrapped, os.urandom)
    except importing.UnwrapError:
        return None


@pytest.mark.parametrize("file", ["nist_kwp_256.json", "wycheproof_aes_kwp_256.json"])
def test_aes_kwp_under_an_ephemeral_key(software: Backend, software_key_of: KeyOf, file: str) -> None:
    key = software_key_of(_RSA_AES.wrapping_algorithm)
    assert key.public is not None
    public = load_der_public_key(key.public)
    assert isinstance(public, rsa.RSAPublicKey)
    text = pem.encode(pem.PUBLIC_KEY, key.public)
    for test in _tests(f"aes_kwp/{file}"):
        ephemeral, wrapped = bytes.fromhex(test["key"]), bytes.fromhex(test["wrapped"])
        head = public.encrypt(ephemeral, padding.OAEP(padding.MGF1(SHA256()), SHA256(), None))
        found = _unwrap(software, _RSA_AES.enum, key.secret, head + wrapped)
        if not test["valid"]:
            assert found is None, test["id"]
            continue
        material = bytes.fromhex(test["material"])
        assert found == material, test["id"]
        made = wrap(_RSA_AES, text, material, lambda size, key=ephemeral: key[:size])  # type: ignore[misc]
        assert made[_RSA_AES.encapsulation_size :] == wrapped, test["id"]


@pytest.mark.parametrize(("file", "method"), _BARE)
def test_rsa_oaep_alone(software: Backend, file: str, method: str) -> None:
    [group] = json.loads((_ROOT / "rsa_oaep" / file).read_text("utf-8"))["groups"]
    private = bytes.fromhex(group["secret"])
    for test in group["tests"]:
        found = _unwrap(software, method, private, bytes.fromhex(test["ciphertext"]))
        # A key of no bytes is none, so the one vector with an empty message is refused like the rest.
        expected = bytes.fromhex(test["plaintext"]) or None if test["valid"] else None
        assert found == expected, test["id"]


# RFC 9180, 5.1, written out: an implementation of its own to compare with.


def _extract(salt: bytes, key: bytes, digest: str) -> bytes:
    return hmac.new(salt or bytes(hashlib.new(digest).digest_size), key, digest).digest()


def _expand(key: bytes, info: bytes, length: int, digest: str) -> bytes:
    block, result = b"", b""
    for counter in range(1, 256):
        block = hmac.new(key, block + info + bytes((counter,)), digest).digest()
        result += block
        if len(result) >= length:
            break
    return result[:length]


def _key_schedule(suite: bytes, shared: bytes, info: bytes, size: int, digest: str) -> tuple[bytes, bytes]:
    def extract(salt: bytes, label: bytes, key: bytes) -> bytes:
        return _extract(salt, b"HPKE-v1" + suite + label + key, digest)

    def expand(key: bytes, label: bytes, context: bytes, length: int) -> bytes:
        labelled = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + context
        return _expand(key, labelled, length, digest)

    context = b"\x00" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
    secret = extract(shared, b"secret", b"")
    return expand(secret, b"key", context, size), expand(secret, b"base_nonce", context, 12)


def _suite(kem: int, kdf: int, aead: int) -> bytes:
    return b"HPKE" + b"".join(number.to_bytes(2, "big") for number in (kem, kdf, aead))


_KEMS = {0x41: "ML_KEM_768", 0x42: "ML_KEM_1024", 0x647A: "KEM_XWING"}
_DIGESTS = {1: "sha256", 2: "sha384"}


def _private(algorithm: Algorithm, seed: bytes) -> bytes:
    if algorithm.family == algorithms.X_WING:
        return spki.encode_private(algorithm, seed)
    from kmsctl.crypto.software import pkcs8

    kind = mlkem.MLKEM1024PrivateKey if algorithm.enum == "ML_KEM_1024" else mlkem.MLKEM768PrivateKey
    return pkcs8.material(kind.from_seed_bytes(seed)).secret


@pytest.mark.parametrize("test", _tests("hpke/hpke_pq_draft.json"), ids=lambda test: _KEMS[test["kem_id"]])
def test_hpke_from_the_drafts_shared_secrets_to_the_import_methods(software: Backend, test: Any) -> None:
    algorithm = algorithms.by_enum(_KEMS[test["kem_id"]])
    reason = software.unavailable_reason(algorithm)
    if reason is not None:
        pytest.skip(reason)
    value = {name: bytes.fromhex(text) for name, text in test.items() if isinstance(text, str)}
    private = _private(algorithm, value["skRm"])
    shared = software.decapsulate(algorithm, private, value["enc"])
    assert shared == value["shared_secret"]
    ids = (test["kem_id"], test["kdf_id"], test["aead_id"])
    found = _key_schedule(_suite(*ids), shared, value["info"], len(value["key"]), _DIGESTS[test["kdf_id"]])
    assert found == (value["key"], value["base_nonce"])
    aead: AESGCM | ChaCha20Poly1305 = ChaCha20Poly1305(found[0]) if test["aead_id"] == 3 else AESGCM(found[0])
    assert aead.encrypt(found[1], value["plaintext"], value["aad"]) == value["ciphertext"]

    method = next(each for each in import_methods.IMPORT_METHODS if each.wrapping_algorithm is algorithm)
    key, nonce = _key_schedule(_suite(test["kem_id"], 1, 2), shared, b"", 32, "sha256")
    sealed = value["enc"] + AESGCM(key).encrypt(nonce, b"material", b"")
    assert _unwrap(software, method.enum, private, sealed) == b"material"


def test_what_is_sealed_opens_by_the_rfc_alone(software: Backend, software_key_of: KeyOf) -> None:
    for number, name in _KEMS.items():
        algorithm = algorithms.by_enum(name)
        method = next(each for each in import_methods.IMPORT_METHODS if each.wrapping_algorithm is algorithm)
        made = software_key_of(algorithm)
        assert made.public is not None
        sealed = wrap(method, pem.encode(pem.PUBLIC_KEY, made.public), b"material")
        size = method.encapsulation_size
        shared = software.decapsulate(algorithm, made.secret, sealed[:size])
        key, nonce = _key_schedule(_suite(number, 1, 2), shared, b"", 32, "sha256")
        assert AESGCM(key).decrypt(nonce, sealed[size:], b"") == b"material"


def test_a_point_of_small_order_is_no_other_failure(software: Backend, software_key_of: KeyOf) -> None:
    method = import_methods.by_enum("HPKE_KEM_XWING_HKDF_SHA256_AES_256_GCM")
    made = software_key_of(method.wrapping_algorithm)
    assert made.public is not None
    sealed = bytearray(wrap(method, pem.encode(pem.PUBLIC_KEY, made.public), b"material"))
    sealed[1088:1120] = bytes(32)
    with pytest.raises(ValueError, match=r"."):
        x25519.X25519PrivateKey.generate().exchange(x25519.X25519PublicKey.from_public_bytes(bytes(32)))
    with pytest.raises(importing.UnwrapError, match=importing.UNWRAP_FAILED):
        importing.unwrap(software, method, made.secret, bytes(sealed), os.urandom)
