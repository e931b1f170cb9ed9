"""What only the software backend promises of its keys."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from kmsctl.crypto.software import SoftwareBackend
from kmsctl.errors import Internal, InvalidArgument
from kmsctl.model.algorithms import Algorithm, by_enum

_BACKEND = SoftwareBackend()
_SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def _available(enum: str) -> Algorithm:
    algorithm = by_enum(enum)
    reason = _BACKEND.unavailable_reason(algorithm)
    if reason is not None:
        pytest.skip(reason)
    return algorithm


@pytest.fixture(scope="module")
def rsa_2048() -> bytes:
    return _BACKEND.generate(by_enum("RSA_SIGN_PKCS1_2048_SHA256")).secret


def test_secp256k1_signs_with_low_s_and_verifies_either() -> None:
    algorithm = by_enum("EC_SIGN_SECP256K1_SHA256")
    key = _BACKEND.generate(algorithm)
    assert key.public is not None
    for number in range(32):
        data = bytes((number,))
        signature = _BACKEND.sign(algorithm, key.secret, data=data)
        r, s = decode_dss_signature(signature)
        assert s <= _SECP256K1_ORDER // 2
        assert _BACKEND.verify(algorithm, key.public, signature, data=data)
        assert _BACKEND.verify(
            algorithm, key.public, encode_dss_signature(r, _SECP256K1_ORDER - s), data=data
        )


def _damaged(secret: bytes) -> bytes:
    """An RSA key whose exponent for one prime is wrong, as only validation notices."""
    key = load_der_private_key(secret, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    n = key.private_numbers()
    wrong = rsa.RSAPrivateNumbers(n.p, n.q, n.d + 2, n.dmp1, n.dmq1, n.iqmp, n.public_numbers)
    damaged = wrong.private_key(unsafe_skip_rsa_key_validation=True)
    return damaged.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def test_rsa_keys_are_validated_at_import_and_not_again(rsa_2048: bytes) -> None:
    algorithm = by_enum("RSA_SIGN_PKCS1_2048_SHA256")
    damaged = _damaged(rsa_2048)
    with pytest.raises(InvalidArgument, match="must be an unencrypted PKCS#8"):
        _BACKEND.check_material(algorithm, damaged)
    # The store authenticates what it holds: using it does not pay for validation.
    assert len(_BACKEND.sign(algorithm, damaged, data=b"data")) == 256


def test_an_import_error_quotes_nothing_of_the_key(rsa_2048: bytes) -> None:
    with pytest.raises(InvalidArgument) as caught:
        _BACKEND.check_material(by_enum("EC_SIGN_P256_SHA256"), rsa_2048)
    assert caught.value.__cause__ is None
    assert rsa_2048[40:48].hex() not in repr(caught.value).lower()


@pytest.mark.parametrize(
    "enum", ["RSA_SIGN_PSS_2048_SHA256", "EC_SIGN_P256_SHA256", "EC_SIGN_ED25519", "PQ_SIGN_ML_DSA_44"]
)
def test_stored_material_of_another_type_is_an_internal_error(enum: str) -> None:
    algorithm = _available(enum)
    other = _BACKEND.generate(by_enum("EC_SIGN_ED25519" if "ED25519" not in enum else "EC_SIGN_P256_SHA256"))
    assert other.public is not None
    for secret, public in ((other.secret, other.public), (b"", b"")):
        with pytest.raises(Internal, match="not of the version's algorithm"):
            _BACKEND.sign(algorithm, secret, data=b"data")
        with pytest.raises(Internal, match="not of the version's algorithm"):
            _BACKEND.verify(algorithm, public, b"", data=b"data")


def test_every_oaep_failure_reads_the_same(rsa_2048: bytes) -> None:
    algorithm = by_enum("RSA_DECRYPT_OAEP_2048_SHA256")
    key = load_der_private_key(rsa_2048, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    n = key.public_key().public_numbers()
    failures = set()
    for number in (0, 1, 2, 2**2040, n.n - 1, n.n, 2**2048 - 1):
        with pytest.raises(InvalidArgument) as caught:
            _BACKEND.asymmetric_decrypt(algorithm, rsa_2048, number.to_bytes(256, "big"))
        assert caught.value.__suppress_context__
        failures.add((str(caught.value), caught.value.hint, caught.value.__cause__))
    assert failures == {("Decryption failed.", None, None)}


def _labeled_extract(salt: bytes, label: bytes, ikm: bytes, suite: bytes) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256

    hmac = HMAC(salt or bytes(32), SHA256())
    hmac.update(b"HPKE-v1" + suite + label + ikm)
    return hmac.finalize()


def _labeled_expand(secret: bytes, label: bytes, info: bytes, length: int, suite: bytes) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

    labeled = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return HKDFExpand(SHA256(), length, labeled).derive(secret)


def test_x_wing_agrees_with_the_librarys_hybrid_encryption() -> None:
    """The library has X-Wing inside its HPKE (RFC 9180 with KEM 0x647a) and hides the KEM itself."""
    algorithm = _available("KEM_XWING")

    from cryptography.hazmat.primitives import hpke
    from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PublicKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    key = _BACKEND.generate(algorithm)
    assert key.public is not None
    raw = _BACKEND.public_key(algorithm, key.public, "XWING_RAW_BYTES")
    public = hpke.MLKEM768X25519PublicKey(
        MLKEM768PublicKey.from_public_bytes(raw[:1184]), X25519PublicKey.from_public_bytes(raw[1184:])
    )
    suite = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
    sealed = suite.encrypt(b"to the holder of the key", public)
    shared = _BACKEND.decapsulate(algorithm, key.secret, sealed[:1120])

    suite_id = b"HPKE\x64\x7a\x00\x01\x00\x02"
    context = b"\x00" + b"".join(
        _labeled_extract(b"", label, b"", suite_id) for label in (b"psk_id_hash", b"info_hash")
    )
    secret = _labeled_extract(shared, b"secret", b"", suite_id)
    aead_key = _labeled_expand(secret, b"key", context, 32, suite_id)
    nonce = _labeled_expand(secret, b"base_nonce", context, 12, suite_id)
    assert AESGCM(aead_key).decrypt(nonce, sealed[1120:], b"") == b"to the holder of the key"


def test_x_wing_refuses_points_of_small_order() -> None:
    algorithm = _available("KEM_XWING")
    secret = _BACKEND.generate(algorithm).secret
    for point in (bytes(32), b"\x01" + bytes(31)):
        with pytest.raises(InvalidArgument, match="Decapsulation failed: the ciphertext is invalid"):
            _BACKEND.decapsulate(algorithm, secret, bytes(1088) + point)


def test_random_source_is_used_for_keys_nonces_and_random_bytes() -> None:
    drawn: list[int] = []

    def source(count: int) -> bytes:
        drawn.append(count)
        return bytes(count)

    backend = SoftwareBackend(source)
    secret = backend.generate(by_enum("GOOGLE_SYMMETRIC_ENCRYPTION")).secret
    assert backend.encrypt(secret, b"", b"")[:24] == bytes(24)
    assert backend.raw_encrypt(by_enum("AES_256_GCM"), secret, b"").iv == bytes(12)
    assert backend.raw_encrypt(by_enum("AES_256_CTR"), secret, b"").iv == bytes(16)
    assert backend.random_bytes(9) == bytes(9)
    assert drawn == [32, 24, 12, 16, 9]
