"""Key files as people have them, and what they are told about the ones that do not fit."""

from __future__ import annotations

import os

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from kmsctl.crypto import key_files
from kmsctl.errors import InvalidArgument
from kmsctl.model import pem
from kmsctl.model.algorithms import by_enum

KEYS: dict[str, PrivateKeyTypes] = {
    "EC_SIGN_P256_SHA256": ec.generate_private_key(ec.SECP256R1()),
    "EC_SIGN_ED25519": ed25519.Ed25519PrivateKey.generate(),
    "RSA_SIGN_PSS_2048_SHA256": rsa.generate_private_key(65537, 2048),
}
EC = KEYS["EC_SIGN_P256_SHA256"]
P256 = by_enum("EC_SIGN_P256_SHA256")
SYMMETRIC = by_enum("GOOGLE_SYMMETRIC_ENCRYPTION")


def pkcs8(key: PrivateKeyTypes, encoding: Encoding = Encoding.DER, word: bytes | None = None) -> bytes:
    scheme = NoEncryption() if word is None else BestAvailableEncryption(word)
    return key.private_bytes(encoding, PrivateFormat.PKCS8, scheme)


def refusal(data: bytes, algorithm: str = P256.enum, passphrase: bytes | None = None) -> InvalidArgument:
    with pytest.raises(InvalidArgument) as caught:
        key_files.material_of(by_enum(algorithm), data, passphrase)
    return caught.value


@pytest.mark.parametrize("algorithm", KEYS)
def test_pem_and_der_encrypted_or_not_are_the_same_key(algorithm: str) -> None:
    key, wanted = KEYS[algorithm], by_enum(algorithm)
    der = pkcs8(key)
    for encoding in (Encoding.DER, Encoding.PEM):
        plain = pkcs8(key, encoding)
        assert not key_files.needs_passphrase(wanted, plain)
        assert key_files.material_of(wanted, plain) == der
        sealed = pkcs8(key, encoding, b"a word")
        assert key_files.needs_passphrase(wanted, sealed)
        assert key_files.material_of(wanted, sealed, b"a word") == der


def test_text_around_a_pem_key_is_skipped() -> None:
    text = b"Bag Attributes\n    friendlyName: key\n" + pkcs8(EC, Encoding.PEM)
    assert key_files.material_of(P256, text) == pkcs8(EC)


def test_a_symmetric_key_is_the_bytes_of_the_file() -> None:
    key = os.urandom(32)
    assert key_files.material_of(SYMMETRIC, key) == key
    looks_like_pem = b"-----BEGIN ENCRYPTED PRIVATE KEY"
    assert key_files.material_of(SYMMETRIC, looks_like_pem[:32]) == looks_like_pem[:32]
    assert not key_files.needs_passphrase(SYMMETRIC, pkcs8(EC, word=b"a word"))


@pytest.mark.parametrize("passphrase", [None, b"", b"another word", b"\xff"])
def test_without_the_passphrase_it_stays_shut(passphrase: bytes | None) -> None:
    error = refusal(pkcs8(EC, Encoding.PEM, b"a word"), passphrase=passphrase)
    assert "passphrase" in error.message
    assert "another" not in error.message


@pytest.mark.parametrize(
    ("data", "words", "hint"),
    [
        (
            EC.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
            "holds a SEC 1 EC key; EC_SIGN_P256_SHA256 needs the private key as PKCS#8",
            "openssl pkcs8 -topk8 -nocrypt -in KEY",
        ),
        (
            EC.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
            "is a SEC 1 EC key",
            "openssl pkcs8 -topk8 -nocrypt -inform DER -in KEY",
        ),
        (
            KEYS["RSA_SIGN_PSS_2048_SHA256"].private_bytes(
                Encoding.PEM, PrivateFormat.TraditionalOpenSSL, BestAvailableEncryption(b"a word")
            ),
            "holds a PKCS#1 RSA key",
            "openssl pkcs8 -topk8",
        ),
        (
            EC.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()),
            "holds an OpenSSH key",
            "ssh-keygen -p -m PKCS8",
        ),
        (
            EC.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            "holds a public key",
            "The private key is what is imported.",
        ),
        (pem.encode(b"CERTIFICATE", b"x"), "holds a certificate", "private key"),
        (pem.encode(b"X509 CRL", b"x"), "a PEM file of another kind", None),
        (b"-----BEGIN PRIVATE KEY-----\nMIG!\n-----END PRIVATE KEY-----\n", "PEM, but damaged", None),
        (pkcs8(KEYS["EC_SIGN_ED25519"]), "key of type Ed25519", None),
        (b"", "not a private key", None),
    ],
)
def test_another_kind_of_file_is_named_and_how_to_convert_it(
    data: bytes, words: str, hint: str | None
) -> None:
    error = refusal(data)
    assert words in error.message
    assert (hint is None and error.hint is None) or (hint or "-") in (error.hint or "")


@pytest.mark.parametrize(
    ("data", "hint"),
    [
        (b"ab" * 32 + b"\n", "xxd -r -p"),
        (b"q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=\n", "openssl base64 -d"),
        (bytes(33), None),
    ],
)
def test_an_encoded_symmetric_key_is_to_be_decoded(data: bytes, hint: str | None) -> None:
    error = refusal(data, SYMMETRIC.enum)
    assert "needs exactly 32 bytes, not encoded" in error.message
    assert (hint is None and error.hint is None) or (hint or "-") in (error.hint or "")
