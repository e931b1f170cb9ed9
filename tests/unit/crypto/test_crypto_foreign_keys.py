"""What material is, and what is said about it when it is not what it should be."""

from __future__ import annotations

import re
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from kmsctl.crypto import foreign_keys
from kmsctl.crypto.software import SoftwareBackend
from kmsctl.model import algorithms, pem
from kmsctl.model.algorithms import by_enum

RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
BACKEND = SoftwareBackend()
QUICK = [
    each
    for each in algorithms.ALGORITHMS
    if (each.key_bits or 0) <= 3072 and BACKEND.unavailable_reason(each) is None
]
PRIVATE: dict[str, PrivateKeyTypes] = {
    "rsa": RSA,
    "ec": EC,
    "p384": ec.generate_private_key(ec.SECP384R1()),
    "p521": ec.generate_private_key(ec.SECP521R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
    "ed448": ed448.Ed448PrivateKey.generate(),
}


def pkcs8(key: str) -> bytes:
    return PRIVATE[key].private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def traditional(key: str, encoding: Encoding = Encoding.DER) -> bytes:
    return PRIVATE[key].private_bytes(encoding, PrivateFormat.TraditionalOpenSSL, NoEncryption())


def encrypted() -> bytes:
    scheme = BestAvailableEncryption(b"passphrase")
    return EC.private_bytes(Encoding.DER, PrivateFormat.PKCS8, scheme)


def public() -> bytes:
    return EC.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (pkcs8("rsa"), foreign_keys.PKCS8),
        (pkcs8("ec"), foreign_keys.PKCS8),
        (pkcs8("ed25519"), foreign_keys.PKCS8),
        (traditional("rsa"), foreign_keys.PKCS1),
        (traditional("ec"), foreign_keys.SEC1),
        (encrypted(), foreign_keys.ENCRYPTED),
        (public(), foreign_keys.PUBLIC),
        (traditional("rsa", Encoding.PEM), foreign_keys.PEM),
        (b"", None),
        (b"0", None),
        (b"secret", None),
        (pkcs8("ec") + b"\x00", None),
        (pkcs8("ec")[:-1], None),
    ],
)
def test_forms_are_told_apart(data: bytes, expected: str | None) -> None:
    assert foreign_keys.form(data) == expected


@pytest.mark.parametrize("algorithm", QUICK, ids=repr)
def test_nothing_is_wrong_with_a_key_of_the_algorithm(algorithm: algorithms.Algorithm) -> None:
    assert foreign_keys.problem(algorithm, BACKEND.generate(algorithm).secret) is None


@pytest.mark.parametrize(
    ("enum", "data", "words"),
    [
        ("EC_SIGN_P256_SHA256", pkcs8("p384"), "EC key on P-384; EC_SIGN_P256_SHA256 needs P-256"),
        ("EC_SIGN_P384_SHA384", pkcs8("ec"), "EC key on P-256; EC_SIGN_P384_SHA384 needs P-384"),
        ("EC_SIGN_SECP256K1_SHA256", pkcs8("p521"), "EC key on P-521"),
        ("EC_SIGN_P256_SHA256", pkcs8("rsa"), "key of type RSA; EC_SIGN_P256_SHA256 needs EC"),
        ("EC_SIGN_ED25519", pkcs8("ed448"), "key of type Ed448; EC_SIGN_ED25519 needs Ed25519"),
        ("RSA_SIGN_PSS_2048_SHA256", pkcs8("ed25519"), "key of type Ed25519; .* needs RSA"),
        ("RSA_SIGN_PSS_3072_SHA256", pkcs8("rsa"), "RSA key of 2048 bits; .* needs 3072 bits"),
        ("PQ_SIGN_ML_DSA_65", pkcs8("ec"), "key of type EC; PQ_SIGN_ML_DSA_65 needs ML-DSA-65"),
        ("RSA_SIGN_PSS_2048_SHA256", traditional("rsa"), "PKCS#1 RSA key; .* PKCS#8"),
        ("EC_SIGN_P256_SHA256", traditional("ec"), "SEC 1 EC key; .* PKCS#8"),
        ("EC_SIGN_P256_SHA256", encrypted(), "encrypted PKCS#8"),
        ("EC_SIGN_P256_SHA256", public(), "public key; .* private key"),
        ("EC_SIGN_P256_SHA256", pem.encode(pem.PRIVATE_KEY, pkcs8("ec")), "PEM text; .* DER"),
        ("EC_SIGN_P256_SHA256", b"rubbish", "not a private key"),
        ("EC_SIGN_P256_SHA256", bytes.fromhex("300a02010030020400"), "not a private key"),
        ("EC_SIGN_P256_SHA256", bytes.fromhex("3007020100300004" + "00"), "not a well-formed"),
        ("GOOGLE_SYMMETRIC_ENCRYPTION", bytes(31), "has 31 bytes; .* exactly 32 bytes"),
        ("GOOGLE_SYMMETRIC_ENCRYPTION", b"0123456789abcdef" * 4 + b"\n", "hexadecimal"),
        ("GOOGLE_SYMMETRIC_ENCRYPTION", b"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=", "base64"),
        ("HMAC_SHA512", bytes(65), "has 65 bytes; HMAC_SHA512 needs exactly 64 bytes"),
        ("AES_128_CTR", b"", "has 0 bytes"),
    ],
)
def test_what_is_wrong_is_said(enum: str, data: bytes, words: str) -> None:
    found = foreign_keys.problem(by_enum(enum), data)
    assert found is not None
    assert re.search(words, found)


def _small_exponent() -> bytes:
    return rsa.generate_private_key(3, 2048).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def test_a_small_public_exponent_is_named() -> None:
    found = foreign_keys.problem(by_enum("RSA_SIGN_PKCS1_2048_SHA256"), _small_exponent())
    assert found is not None
    assert "public exponent 3; it must be at least 65537" in found


def _der(tag: int, *parts: bytes) -> bytes:
    value = b"".join(parts)
    size = len(value).to_bytes(3, "big")
    return bytes((tag, 0x83)) + size + value


@pytest.mark.parametrize("bits", [512, 60_000])
def test_a_tiny_or_huge_modulus_is_refused_before_anything_is_computed(bits: int) -> None:
    modulus = _der(0x02, b"\x00" + ((1 << (bits - 1)) | 1).to_bytes(bits // 8, "big"))
    inner = _der(0x30, b"\x02\x01\x00", modulus, b"\x02\x03\x01\x00\x01", modulus)
    identifier = bytes.fromhex("300d06092a864886f70d0101010500")
    key = _der(0x30, b"\x02\x01\x00", identifier, _der(0x04, inner))
    started = time.perf_counter()
    found = foreign_keys.problem(by_enum("RSA_SIGN_PSS_2048_SHA256"), key)
    assert time.perf_counter() - started < 0.05
    assert found is not None
    assert f"RSA key of {bits} bits" in found


@given(st.sampled_from(sorted(PRIVATE)), st.data())
def test_no_change_of_a_key_makes_it_fall_over(name: str, data: st.DataObject) -> None:
    der = bytearray(pkcs8(name))
    for _ in range(data.draw(st.integers(1, 3))):
        der[data.draw(st.integers(0, min(60, len(der) - 1)))] = data.draw(st.integers(0, 255))
    foreign_keys.problem(by_enum("EC_SIGN_P256_SHA256"), bytes(der))
    assert foreign_keys.form(bytes(der)) in {None, *(name for _, name in foreign_keys._SHAPES)}


@given(st.binary(max_size=64))
def test_nothing_makes_it_fall_over(data: bytes) -> None:
    for enum in ("EC_SIGN_ED25519", "RSA_SIGN_PSS_2048_SHA256", "GOOGLE_SYMMETRIC_ENCRYPTION"):
        found = foreign_keys.problem(by_enum(enum), data)
        assert found is None or found.startswith("The key material ")


def test_no_byte_of_the_material_is_quoted() -> None:
    secret = b"correct horse battery staple"
    for enum in ("EC_SIGN_ED25519", "GOOGLE_SYMMETRIC_ENCRYPTION"):
        found = foreign_keys.problem(by_enum(enum), secret)
        assert found is not None
        assert "horse" not in found
