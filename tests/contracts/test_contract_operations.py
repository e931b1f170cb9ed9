"""What every algorithm of a backend does, and what it refuses."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from kmsctl.errors import FailedPrecondition, InvalidArgument
from kmsctl.model import algorithms
from kmsctl.model.algorithms import ALGORITHMS, LIMITS, Algorithm, Digest, by_enum, for_purpose

if TYPE_CHECKING:
    from collections.abc import Callable

    from kmsctl.crypto.backend import Backend, KeyMaterial

    KeyOf = Callable[[Algorithm], KeyMaterial]

_DATA = b"The Moon is a harsh mistress.\0\xff"
_OFFERED = [a for a in ALGORITHMS if algorithms.SOFTWARE in a.protection_levels]
_SIGNING = list(for_purpose(algorithms.ASYMMETRIC_SIGN))
_RAW = list(for_purpose(algorithms.RAW_ENCRYPT_DECRYPT))
_MAC = list(for_purpose(algorithms.MAC))
_KEM = list(for_purpose(algorithms.KEY_ENCAPSULATION))


def _name(value: object) -> str:
    return value.enum if isinstance(value, Algorithm) else str(value)


def _inputs(algorithm: Algorithm) -> list[dict[str, object]]:
    """The ways in which `_DATA`, or its digest, may be given to sign and verify."""
    ways: list[dict[str, object]] = []
    if algorithm.signs_data:
        ways.append({"data": _DATA})
    if algorithm.input_digest == algorithms.EXTERNAL_MU:
        ways.append({"digest": Digest(algorithms.EXTERNAL_MU, hashlib.shake_256(_DATA).digest(64))})
    elif algorithm.input_digest:
        value = hashlib.new(algorithm.input_digest, _DATA).digest()
        ways.append({"digest": Digest(algorithm.input_digest, value)})
    return ways


@pytest.mark.parametrize("algorithm", _SIGNING, ids=_name)
def test_signatures_verify_whichever_way_the_input_is_given(
    backend: Backend, key_of: KeyOf, algorithm: Algorithm
) -> None:
    key = key_of(algorithm)
    assert key.public is not None
    inputs = _inputs(algorithm)
    for made_with in inputs:
        signature = backend.sign(algorithm, key.secret, **made_with)  # type: ignore[arg-type]
        for checked_with in inputs:
            assert backend.verify(algorithm, key.public, signature, **checked_with)  # type: ignore[arg-type]
        flipped = signature[:-1] + bytes((signature[-1] ^ 1,))
        for wrong in (flipped, signature[:-1], signature + b"\0", b""):
            assert backend.verify(algorithm, key.public, wrong, **made_with) is False  # type: ignore[arg-type]


@pytest.mark.parametrize("algorithm", [a for a in _SIGNING if a.signs_data], ids=_name)
def test_signature_of_other_data_is_false(backend: Backend, key_of: KeyOf, algorithm: Algorithm) -> None:
    key = key_of(algorithm)
    assert key.public is not None
    signature = backend.sign(algorithm, key.secret, data=_DATA)
    assert backend.verify(algorithm, key.public, signature, data=_DATA + b"!") is False


@pytest.mark.parametrize("algorithm", [a for a in _SIGNING if a.input_digest], ids=_name)
def test_wrong_digest_kind_and_length_are_refused_with_the_cause(
    backend: Backend, algorithm: Algorithm
) -> None:
    kind, size = algorithm.input_digest or "", algorithm.input_digest_size or 0
    for length in (0, size - 1, size + 1):
        digest = Digest(kind, bytes(length))
        with pytest.raises(InvalidArgument, match=rf"{kind} must have length {size}\. .* {length}\."):
            backend.sign(algorithm, b"", digest=digest)
        with pytest.raises(InvalidArgument, match=f"{kind} must have length {size}"):
            backend.verify(algorithm, b"", b"", digest=digest)
    for other in {"sha256", "sha384", "sha512", "external_mu"} - {kind}:
        with pytest.raises(InvalidArgument, match=f"takes digest.{kind}, not digest.{other}"):
            backend.sign(algorithm, b"", digest=Digest(other, bytes(size)))


@pytest.mark.parametrize("algorithm", _SIGNING, ids=_name)
def test_exactly_one_fitting_input_is_taken(backend: Backend, algorithm: Algorithm) -> None:
    with pytest.raises(InvalidArgument, match="must not both be set"):
        backend.sign(algorithm, b"", digest=Digest("sha256", bytes(32)), data=b"")
    with pytest.raises(InvalidArgument, match="must be set"):
        backend.sign(algorithm, b"")
    if not algorithm.signs_data:
        with pytest.raises(InvalidArgument, match=r"signs no data: digest\.external_mu must be set"):
            backend.sign(algorithm, b"", data=_DATA)
    if not algorithm.input_digest:
        with pytest.raises(InvalidArgument, match="signs data, not a digest"):
            backend.sign(algorithm, b"", digest=Digest("sha256", bytes(32)))


@pytest.mark.parametrize("algorithm", [a for a in _SIGNING if a.signs_data], ids=_name)
def test_data_to_sign_has_a_limit(backend: Backend, key_of: KeyOf, algorithm: Algorithm) -> None:
    most = algorithm.max_data or LIMITS[backend.protection_level].data
    key = key_of(algorithm)
    assert key.public is not None
    signature = backend.sign(algorithm, key.secret, data=bytes(most))
    assert backend.verify(algorithm, key.public, signature, data=bytes(most))
    with pytest.raises(InvalidArgument, match=rf"not more than {most}\. .* {most + 1}\."):
        backend.sign(algorithm, key.secret, data=bytes(most + 1))


@pytest.mark.parametrize("algorithm", _OFFERED, ids=_name)
def test_generated_material_passes_its_own_import_check(
    software: Backend, software_key_of: KeyOf, algorithm: Algorithm
) -> None:
    key = software_key_of(algorithm)
    again = software.check_material(algorithm, key.secret)
    assert (again.secret, again.public) == (key.secret, key.public)
    assert (key.public is None) is (not algorithm.public_key_formats)
    assert repr(key) == "KeyMaterial(...)"


@pytest.mark.parametrize("algorithm", [a for a in _OFFERED if a.secret_size], ids=_name)
def test_symmetric_material_must_have_the_exact_size(software: Backend, algorithm: Algorithm) -> None:
    size = algorithm.secret_size or 0
    assert len(software.generate(algorithm).secret) == size
    assert software.generate(algorithm).secret != software.generate(algorithm).secret
    for length in (0, size - 1, size + 1):
        with pytest.raises(InvalidArgument, match=f"exactly {size} bytes.* {length}"):
            software.check_material(algorithm, bytes(length))


@pytest.mark.parametrize("algorithm", [a for a in _OFFERED if a.public_key_formats], ids=_name)
def test_asymmetric_material_of_anything_else_is_refused(
    software: Backend, software_key_of: KeyOf, algorithm: Algorithm
) -> None:
    own = software_key_of(algorithm)
    others = [
        by_enum(name)
        for name in ("EC_SIGN_P256_SHA256", "EC_SIGN_SECP256K1_SHA256", "EC_SIGN_ED25519")
        if name != algorithm.enum
    ]
    sound = [software_key_of(other).secret for other in others]
    for wrong in (b"", b"\x30", bytes(32), own.secret[:-1], own.secret + b"\0", own.public or b"", *sound):
        with pytest.raises(InvalidArgument, match=f"Key material for {algorithm.enum} must be"):
            software.check_material(algorithm, wrong)


def test_symmetric_encryption_opens_only_what_was_sealed(software: Backend, software_key_of: KeyOf) -> None:
    secret = software_key_of(by_enum("GOOGLE_SYMMETRIC_ENCRYPTION")).secret
    sealed = software.encrypt(secret, _DATA, b"aad")
    assert sealed != software.encrypt(secret, _DATA, b"aad")
    assert software.decrypt(secret, sealed, b"aad") == _DATA
    for ciphertext, aad in ((sealed, b""), (sealed[:-1], b"aad"), (b"\0" + sealed, b"aad"), (b"", b"aad")):
        with pytest.raises(InvalidArgument, match="Decryption failed: the ciphertext is invalid"):
            software.decrypt(secret, ciphertext, aad)


@pytest.mark.parametrize("algorithm", _RAW, ids=_name)
@pytest.mark.parametrize("size", [0, 16, "most"])
def test_raw_encryption_returns(
    backend: Backend, key_of: KeyOf, algorithm: Algorithm, size: int | str
) -> None:
    secret, gcm = key_of(algorithm).secret, algorithm.family == algorithms.AES_GCM
    aad = b"aad" if gcm else b""
    if isinstance(size, str):
        limits = LIMITS[backend.protection_level]
        size = min(limits.plaintext, limits.together - len(aad))
    made = backend.raw_encrypt(algorithm, secret, bytes(size), aad=aad)
    assert len(made.iv) == (12 if gcm else 16)
    assert made.tag_length == (16 if gcm else 0)
    assert len(made.ciphertext) == size + made.tag_length
    for tag_length in {0, made.tag_length}:
        assert backend.raw_decrypt(
            algorithm, secret, made.ciphertext, iv=made.iv, aad=aad, tag_length=tag_length
        ) == bytes(size)
    assert backend.raw_encrypt(algorithm, secret, bytes(size), aad=aad).iv != made.iv


@pytest.mark.parametrize("algorithm", _RAW, ids=_name)
def test_raw_encryption_refuses_what_does_not_fit(
    backend: Backend, key_of: KeyOf, algorithm: Algorithm
) -> None:
    secret = key_of(algorithm).secret
    most = LIMITS[backend.protection_level].plaintext
    with pytest.raises(InvalidArgument, match=f"plaintext must have length .* {most}"):
        backend.raw_encrypt(algorithm, secret, bytes(most + 16))
    if algorithm.family == algorithms.AES_GCM:
        with pytest.raises(InvalidArgument, match="is always generated"):
            backend.raw_encrypt(algorithm, secret, b"", iv=bytes(12))
        with pytest.raises(InvalidArgument, match="tag_length must be 16 or unset"):
            backend.raw_decrypt(algorithm, secret, bytes(16), iv=bytes(12), tag_length=12)
        with pytest.raises(InvalidArgument, match="ciphertext must have length of at least 16"):
            backend.raw_decrypt(algorithm, secret, bytes(15), iv=bytes(12))
        return
    for length in (1, 12, 15, 17):
        with pytest.raises(InvalidArgument, match=f"must have length 16. .* {length}"):
            backend.raw_encrypt(algorithm, secret, bytes(16), iv=bytes(length))
    with pytest.raises(InvalidArgument, match="does not authenticate"):
        backend.raw_encrypt(algorithm, secret, bytes(16), aad=b"aad")
    with pytest.raises(InvalidArgument, match="does not authenticate"):
        backend.raw_decrypt(algorithm, secret, bytes(16), iv=bytes(16), aad=b"aad")
    with pytest.raises(InvalidArgument, match="tag_length must not be set"):
        backend.raw_decrypt(algorithm, secret, bytes(16), iv=bytes(16), tag_length=16)


@pytest.mark.parametrize("algorithm", _RAW, ids=_name)
def test_raw_decryption_needs_the_whole_iv(backend: Backend, algorithm: Algorithm) -> None:
    expected = 12 if algorithm.family == algorithms.AES_GCM else 16
    for length in {0, 12, 15, 16, 17} - {expected}:
        with pytest.raises(InvalidArgument, match=f"initialization_vector must have length {expected}"):
            backend.raw_decrypt(algorithm, bytes(32), bytes(32), iv=bytes(length))


@pytest.mark.parametrize("algorithm", [a for a in _RAW if a.family == algorithms.AES_CBC], ids=_name)
@pytest.mark.parametrize("length", [1, 15, 17])
def test_cbc_neither_pads_nor_unpads(backend: Backend, algorithm: Algorithm, length: int) -> None:
    secret = bytes(algorithm.secret_size or 0)
    with pytest.raises(InvalidArgument, match=f"plaintext must have a length that is a multiple.* {length}"):
        backend.raw_encrypt(algorithm, secret, bytes(length))
    with pytest.raises(InvalidArgument, match="ciphertext must have a length that is a multiple"):
        backend.raw_decrypt(algorithm, secret, bytes(length), iv=bytes(16))


@pytest.mark.parametrize("algorithm", _MAC, ids=_name)
def test_mac_is_the_whole_digest_and_has_a_limit(
    backend: Backend, key_of: KeyOf, algorithm: Algorithm
) -> None:
    secret = key_of(algorithm).secret
    most = LIMITS[backend.protection_level].mac_data
    mac = backend.mac_sign(algorithm, secret, bytes(most))
    assert len(mac) == algorithm.secret_size
    assert backend.mac_verify(algorithm, secret, bytes(most), mac) is True
    assert backend.mac_verify(algorithm, secret, bytes(most - 1), mac) is False
    with pytest.raises(InvalidArgument, match=f"data must have length .* {most + 1}"):
        backend.mac_sign(algorithm, secret, bytes(most + 1))
    with pytest.raises(InvalidArgument, match="data must have length"):
        backend.mac_verify(algorithm, secret, bytes(most + 1), mac)


@pytest.mark.parametrize("algorithm", [*_KEM, *for_purpose(algorithms.ASYMMETRIC_DECRYPT)], ids=_name)
def test_ciphertexts_of_fixed_length_are_refused_at_any_other(backend: Backend, algorithm: Algorithm) -> None:
    size = algorithm.ciphertext_size or 0
    operation = backend.decapsulate if algorithm in _KEM else backend.asymmetric_decrypt
    for length in (0, size - 1, size + 1):
        with pytest.raises(InvalidArgument, match=f"ciphertext must have length {size} .* {length}"):
            operation(algorithm, b"", bytes(length))


@pytest.mark.parametrize("algorithm", _KEM, ids=_name)
def test_decapsulation_of_a_foreign_ciphertext_gives_another_secret(
    backend: Backend, key_of: KeyOf, algorithm: Algorithm
) -> None:
    secret = key_of(algorithm).secret
    ciphertext = b"\x09" * (algorithm.ciphertext_size or 0)
    shared = backend.decapsulate(algorithm, secret, ciphertext)
    assert len(shared) == 32
    assert backend.decapsulate(algorithm, secret, ciphertext) == shared
    assert backend.decapsulate(algorithm, secret, b"\x08" + ciphertext[1:]) != shared


_OPERATIONS: dict[str, Callable[[Backend, Algorithm], object]] = {
    algorithms.RAW_ENCRYPT_DECRYPT: lambda backend, a: backend.raw_encrypt(a, bytes(16), b""),
    algorithms.ASYMMETRIC_SIGN: lambda backend, a: backend.sign(a, b"", data=b"data"),
    algorithms.ASYMMETRIC_DECRYPT: lambda backend, a: backend.asymmetric_decrypt(a, b"", b""),
    algorithms.MAC: lambda backend, a: backend.mac_sign(a, bytes(32), b""),
    algorithms.KEY_ENCAPSULATION: lambda backend, a: backend.decapsulate(a, b"", b""),
}
_SECOND_OPERATIONS: dict[str, Callable[[Backend, Algorithm], object]] = {
    algorithms.RAW_ENCRYPT_DECRYPT: lambda backend, a: backend.raw_decrypt(a, bytes(16), b"", iv=b""),
    algorithms.ASYMMETRIC_SIGN: lambda backend, a: backend.verify(a, b"", b"", data=b"data"),
    algorithms.MAC: lambda backend, a: backend.mac_verify(a, bytes(32), b"", b""),
}


@pytest.mark.parametrize("algorithm", _OFFERED, ids=_name)
@pytest.mark.parametrize("table", [_OPERATIONS, _SECOND_OPERATIONS], ids=["first", "second"])
def test_every_operation_refuses_keys_of_another_purpose(
    backend: Backend, algorithm: Algorithm, table: dict[str, Callable[[Backend, Algorithm], object]]
) -> None:
    for purpose, operation in table.items():
        if purpose != algorithm.purpose:
            with pytest.raises(
                FailedPrecondition, match=f"{algorithm.enum} has incorrect key purpose: {algorithm.purpose}"
            ):
                operation(backend, algorithm)


def test_external_keys_are_refused(backend: Backend) -> None:
    external = by_enum("EXTERNAL_SYMMETRIC_ENCRYPTION")
    assert backend.unavailable_reason(external) is not None
    with pytest.raises(FailedPrecondition, match="is not an algorithm of"):
        backend.generate(external)
    with pytest.raises(FailedPrecondition, match="is not an algorithm of"):
        backend.check_material(external, bytes(32))


def test_random_bytes(backend: Backend) -> None:
    for length in (8, 1024):
        assert len(backend.random_bytes(length)) == length
    assert backend.random_bytes(32) != backend.random_bytes(32)
    for length in (-1, 0, 7, 1025):
        with pytest.raises(InvalidArgument, match=rf"at least 8, but not more than 1024\. .* {length}\."):
            backend.random_bytes(length)


@pytest.mark.parametrize("algorithm", [a for a in _OFFERED if not a.public_key_formats], ids=_name)
def test_symmetric_keys_have_no_public_key(backend: Backend, algorithm: Algorithm) -> None:
    with pytest.raises(InvalidArgument, match="it has no public key"):
        backend.public_key(algorithm, b"", "PEM")
