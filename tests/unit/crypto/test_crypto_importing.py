"""Wrapping and unwrapping, and that no failure of the unwrap can be told from another."""

from __future__ import annotations

import os
from functools import cache

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.keywrap import aes_key_wrap_with_padding
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from kmsctl.crypto import import_wrapping, importing
from kmsctl.crypto.backend import KeyMaterial
from kmsctl.crypto.software import SoftwareBackend
from kmsctl.errors import InvalidArgument
from kmsctl.model import import_methods, pem
from kmsctl.model.import_methods import IMPORT_METHODS, ImportMethod

BACKEND = SoftwareBackend()
RSA_AES = import_methods.by_enum("RSA_OAEP_3072_SHA256_AES_256")
BARE = import_methods.by_enum("RSA_OAEP_3072_SHA256")
HPKE = import_methods.by_enum("HPKE_KEM_XWING_HKDF_SHA256_AES_256_GCM")


@cache
def pair(name: str, bits: int | None) -> KeyMaterial:
    """Returns a key pair of a wrapping algorithm; RSA keys of one size serve all digests."""
    method = next(
        each
        for each in IMPORT_METHODS
        if each.wrapping_algorithm.family == name and each.wrapping_algorithm.key_bits == bits
    )
    return BACKEND.generate(method.wrapping_algorithm)


def key_of(method: ImportMethod) -> KeyMaterial:
    algorithm = method.wrapping_algorithm
    if method.hpke:
        return _kem(algorithm.enum)
    return pair(algorithm.family, algorithm.key_bits)


@cache
def _kem(enum: str) -> KeyMaterial:
    return BACKEND.generate(
        next(each.wrapping_algorithm for each in IMPORT_METHODS if each.wrapping_algorithm.enum == enum)
    )


def text_of(method: ImportMethod) -> bytes:
    return pem.encode(pem.PUBLIC_KEY, key_of(method).public or b"")


def wrap(method: ImportMethod, material: bytes) -> bytes:
    return import_wrapping.wrap(method, text_of(method), material)


def unwrap(method: ImportMethod, wrapped: bytes) -> bytes:
    return importing.unwrap(BACKEND, method, key_of(method).secret, wrapped, os.urandom)


def reason(method: ImportMethod, wrapped: bytes) -> str:
    with pytest.raises(importing.UnwrapError) as caught:
        unwrap(method, wrapped)
    return caught.value.reason


def rsa_public(method: ImportMethod) -> rsa.RSAPublicKey:
    key = load_der_public_key(key_of(method).public or b"")
    assert isinstance(key, rsa.RSAPublicKey)
    return key


def oaep(method: ImportMethod, message: bytes, label: bytes | None = None) -> bytes:
    return rsa_public(method).encrypt(message, padding.OAEP(padding.MGF1(SHA256()), SHA256(), label))


@pytest.mark.parametrize("method", IMPORT_METHODS, ids=repr)
def test_every_size_that_fits_comes_back(method: ImportMethod) -> None:
    for size in (1, 8, 31, 32, 33, method.max_material):
        material = os.urandom(size)
        assert unwrap(method, wrap(method, material)) == material


@pytest.mark.parametrize("method", IMPORT_METHODS, ids=repr)
def test_a_byte_too_many_and_no_byte_are_refused(method: ImportMethod) -> None:
    with pytest.raises(InvalidArgument, match=f"maximum size of {method.max_material} bytes"):
        wrap(method, bytes(method.max_material + 1))
    with pytest.raises(InvalidArgument, match="empty"):
        wrap(method, b"")


@pytest.mark.parametrize("method", IMPORT_METHODS, ids=repr)
def test_two_wraps_of_a_key_have_nothing_in_common(method: ImportMethod) -> None:
    first, second = wrap(method, bytes(32)), wrap(method, bytes(32))
    assert first[:32] != second[:32]
    assert first[-16:] != second[-16:]


@pytest.mark.parametrize("method", IMPORT_METHODS, ids=repr)
def test_every_changed_part_is_the_same_failure(method: ImportMethod) -> None:
    wrapped = wrap(method, os.urandom(32))
    places = {0, 1, method.encapsulation_size - 1, len(wrapped) - 1, len(wrapped) // 2}
    for place in sorted(places):
        changed = bytearray(wrapped)
        changed[place] ^= 0x10
        assert reason(method, bytes(changed)) == importing.UNWRAP_FAILED, place


@pytest.mark.parametrize("method", IMPORT_METHODS, ids=repr)
def test_what_another_key_wrapped_is_the_same_failure(method: ImportMethod) -> None:
    other = BACKEND.generate(method.wrapping_algorithm)
    text = pem.encode(pem.PUBLIC_KEY, other.public or b"")
    assert reason(method, import_wrapping.wrap(method, text, bytes(32))) == importing.UNWRAP_FAILED


@pytest.mark.parametrize("method", IMPORT_METHODS, ids=repr)
def test_lengths_that_cannot_be_are_told_from_the_length_alone(method: ImportMethod) -> None:
    size = method.encapsulation_size
    if method.hpke:
        assert reason(method, bytes(size + 16)) == importing.TOO_SHORT
        assert reason(method, bytes(size + 17)) == importing.UNWRAP_FAILED
    elif method.aes_kwp:
        assert reason(method, bytes(size + 15)) == importing.TOO_SHORT
        assert reason(method, bytes(size)) == importing.TOO_SHORT
        assert reason(method, bytes(size + 17)) == importing.NOT_IN_BLOCKS
        assert reason(method, bytes(size + 16)) == importing.UNWRAP_FAILED
    else:
        assert reason(method, bytes(size + 1)) == importing.INVALID_LENGTH
        assert reason(method, bytes(size - 1)) == importing.INVALID_LENGTH
        assert reason(method, bytes(size)) == importing.UNWRAP_FAILED


def test_the_layers_of_rsa_aes_fail_alike() -> None:
    ephemeral, size = os.urandom(32), RSA_AES.encapsulation_size
    sound = aes_key_wrap_with_padding(ephemeral, bytes(32))
    failures = {
        "ephemeral key of 16 bytes": oaep(RSA_AES, ephemeral[:16])
        + aes_key_wrap_with_padding(ephemeral[:16], bytes(32)),
        "ephemeral key of 33 bytes": oaep(RSA_AES, ephemeral + b"0") + sound,
        "another label": oaep(RSA_AES, ephemeral, b"label") + sound,
        "other digests": rsa_public(RSA_AES).encrypt(
            ephemeral, padding.OAEP(padding.MGF1(SHA1()), SHA1(), None)
        )
        + sound,
        "PKCS#1 v1.5": rsa_public(RSA_AES).encrypt(ephemeral, padding.PKCS1v15()) + sound,
        "another ephemeral key": oaep(RSA_AES, os.urandom(32)) + sound,
        "AES key wrap without padding": oaep(RSA_AES, ephemeral) + os.urandom(40),
        "a number above the modulus": b"\xff" * size + sound,
        "zeros": bytes(size) + sound,
    }
    for what, wrapped in failures.items():
        assert reason(RSA_AES, wrapped) == importing.UNWRAP_FAILED, what


def test_an_empty_message_is_no_key() -> None:
    assert reason(BARE, oaep(BARE, b"")) == importing.UNWRAP_FAILED


def test_without_an_ephemeral_key_a_wrap_under_the_stand_in_is_refused_too() -> None:
    stand_in = bytes(range(32))
    wrapped = bytes(RSA_AES.encapsulation_size) + aes_key_wrap_with_padding(stand_in, bytes(32))
    with pytest.raises(importing.UnwrapError):
        importing.unwrap(BACKEND, RSA_AES, key_of(RSA_AES).secret, wrapped, lambda size: stand_in[:size])


def _ec_text() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    ("method", "text", "words"),
    [
        (RSA_AES, b"", "PEM file"),
        (RSA_AES, b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "PEM file"),
        (RSA_AES, pem.encode(pem.PUBLIC_KEY, b"rubbish"), "RSA keys of 3072 bits"),
        (RSA_AES, _ec_text(), "RSA keys of 3072 bits"),
        (RSA_AES, text_of(import_methods.by_number(4)), "RSA keys of 3072 bits"),
        (HPKE, text_of(RSA_AES), "not one of X-Wing"),
        (HPKE, pem.encode(pem.PUBLIC_KEY, b"rubbish"), "not one of X-Wing"),
        (import_methods.by_number(8), text_of(import_methods.by_number(9)), "not one of ML-KEM-768"),
        (import_methods.by_number(8), pem.encode(pem.PUBLIC_KEY, b"rubbish"), "not one of ML-KEM-768"),
    ],
)
def test_a_public_key_of_another_kind_is_refused(method: ImportMethod, text: bytes, words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        import_wrapping.wrap(method, text, bytes(32))


def test_an_x_wing_key_with_a_bad_half_is_refused() -> None:
    public = bytearray(key_of(HPKE).public or b"")
    public[-1216:-1200] = b"\xff" * 16  # coefficients above the modulus of ML-KEM
    with pytest.raises(InvalidArgument, match="not one of X-Wing"):
        import_wrapping.wrap(HPKE, pem.encode(pem.PUBLIC_KEY, bytes(public)), bytes(32))
