"""Raw AES keys: ciphertexts that others read, initialization vectors, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from kmsctl.crypto.checksums import crc32c
from kmsctl.errors import InvalidArgument, NotFound
from kmsctl.model.algorithms import by_enum
from kmsctl.model.raw_requests import RawDecryptRequest, RawEncryptRequest
from tests.unit.service.refusals import check_refusals
from tests.unit.service.world import KEY, OWNER, Randomness, World

if TYPE_CHECKING:
    from kmsctl.model.names import CryptoKeyVersionName
    from kmsctl.model.raw_requests import RawEncryptResponse

IV = bytes(range(16))
BLOCKS = b"two whole blocks of 16 bytes...."
GCM = ["AES_128_GCM", "AES_256_GCM"]
OTHERS = ["AES_128_CBC", "AES_256_CBC", "AES_128_CTR", "AES_256_CTR"]


def make(world: World, enum: str) -> CryptoKeyVersionName:
    return world.make_key(kind=("RAW_ENCRYPT_DECRYPT", enum)).version(1)


def encrypt(
    world: World, name: CryptoKeyVersionName, plaintext: bytes = BLOCKS, **fields: Any
) -> RawEncryptResponse:
    return world.kms.raw_encrypt(OWNER, RawEncryptRequest(name, plaintext, **fields))


def decrypt(world: World, name: CryptoKeyVersionName, ciphertext: bytes, iv: bytes, **fields: Any) -> bytes:
    return world.kms.raw_decrypt(OWNER, RawDecryptRequest(name, ciphertext, iv, **fields)).plaintext


def keys_of(world: World, enum: str) -> list[bytes]:
    """Returns everything that was drawn and could be the key."""
    assert isinstance(world.random, Randomness)
    return [each for each in world.random.drawn if len(each) == by_enum(enum).secret_size]


@pytest.mark.parametrize("enum", GCM)
def test_aes_gcm_is_that_of_the_library(world: World, enum: str) -> None:
    name = make(world, enum)
    keys = keys_of(world, enum)
    made = encrypt(world, name, b"secret", aad=b"aad")
    assert (len(made.iv), made.tag_length, len(made.ciphertext)) == (12, 16, 6 + 16)
    assert made.ciphertext in [AESGCM(key).encrypt(made.iv, b"secret", b"aad") for key in keys]
    assert decrypt(world, name, made.ciphertext, made.iv, aad=b"aad") == b"secret"
    assert decrypt(world, name, made.ciphertext, made.iv, aad=b"aad", tag_length=16) == b"secret"
    assert encrypt(world, name, b"secret").iv != made.iv


@pytest.mark.parametrize("enum", OTHERS)
@pytest.mark.parametrize("iv", [b"", IV], ids=["drawn", "given"])
def test_aes_cbc_and_ctr_are_those_of_the_library(world: World, enum: str, iv: bytes) -> None:
    name = make(world, enum)
    keys = keys_of(world, enum)
    made = encrypt(world, name, iv=iv)
    assert (len(made.iv), made.tag_length, len(made.ciphertext)) == (16, 0, 32)
    assert made.iv == iv or not iv
    mode = modes.CBC(made.iv) if "CBC" in enum else modes.CTR(made.iv)
    expected = []
    for key in keys:
        encryptor = Cipher(AES(key), mode).encryptor()
        expected.append(encryptor.update(BLOCKS) + encryptor.finalize())
    assert made.ciphertext in expected
    assert decrypt(world, name, made.ciphertext, made.iv) == BLOCKS


def test_what_answers_come_with(world: World) -> None:
    name = make(world, "AES_256_GCM")
    made = encrypt(
        world,
        name,
        b"secret",
        aad=b"aad",
        plaintext_crc32c=crc32c(b"secret"),
        aad_crc32c=crc32c(b"aad"),
        iv_crc32c=0,
    )
    assert made.name == name
    assert made.ciphertext_crc32c == crc32c(made.ciphertext)
    assert made.iv_crc32c == crc32c(made.iv)
    assert made.verified_plaintext_crc32c
    assert made.verified_aad_crc32c
    assert made.verified_iv_crc32c
    request = RawDecryptRequest(
        name,
        made.ciphertext,
        made.iv,
        aad=b"aad",
        ciphertext_crc32c=made.ciphertext_crc32c,
        aad_crc32c=crc32c(b"aad"),
        iv_crc32c=made.iv_crc32c,
    )
    opened = world.kms.raw_decrypt(OWNER, request)
    assert opened.plaintext_crc32c == crc32c(b"secret")
    assert opened.verified_ciphertext_crc32c
    assert opened.verified_aad_crc32c
    assert opened.verified_iv_crc32c
    assert opened.protection_level == "SOFTWARE"
    plain = encrypt(world, name)
    assert not plain.verified_plaintext_crc32c
    assert not plain.verified_aad_crc32c
    assert not plain.verified_iv_crc32c


@pytest.mark.parametrize(
    ("enum", "plaintext", "fields", "text"),
    [
        ("AES_256_GCM", b"", {"iv": bytes(12)}, "initialization_vector must not be set"),
        ("AES_256_CTR", b"", {"iv": bytes(12)}, "initialization_vector must have length 16"),
        ("AES_256_CTR", b"", {"aad": b"a"}, "additional_authenticated_data must not be set"),
        ("AES_128_CBC", b"x" * 15, {}, "a multiple of 16 for AES_128_CBC, which does not pad"),
        (
            "AES_128_GCM",
            bytes(65537),
            {},
            "plaintext must have length of at least 0, but not more than 65536",
        ),
        (
            "AES_128_GCM",
            b"",
            {"aad": bytes(65537)},
            "additional_authenticated_data must have length of at least 0, but not more than 65536",
        ),
    ],
)
def test_what_encryption_refuses(
    world: World, enum: str, plaintext: bytes, fields: dict[str, Any], text: str
) -> None:
    with pytest.raises(InvalidArgument, match=text):
        encrypt(world, make(world, enum), plaintext, **fields)


@pytest.mark.parametrize(
    ("enum", "ciphertext", "iv", "fields", "text"),
    [
        ("AES_256_GCM", bytes(16), IV, {}, "initialization_vector must have length 12"),
        ("AES_256_GCM", bytes(16), b"", {}, "initialization_vector must have length 12"),
        ("AES_256_GCM", bytes(15), bytes(12), {}, "ciphertext must have length of at least 16"),
        ("AES_256_GCM", bytes(65553), bytes(12), {}, "ciphertext must have length of .* 65552"),
        ("AES_256_GCM", bytes(16), bytes(12), {"tag_length": 12}, "tag_length must be 16 or unset"),
        ("AES_256_GCM", bytes(16), bytes(12), {}, "Decryption failed: "),
        ("AES_256_CTR", b"", bytes(12), {}, "initialization_vector must have length 16"),
        ("AES_256_CTR", b"", IV, {"aad": b"a"}, "additional_authenticated_data must not be set"),
        ("AES_256_CTR", b"", IV, {"tag_length": 16}, "tag_length must not be set"),
        ("AES_256_CBC", bytes(17), IV, {}, "a multiple of 16"),
    ],
)
def test_what_decryption_refuses(
    world: World, enum: str, ciphertext: bytes, iv: bytes, fields: dict[str, Any], text: str
) -> None:
    with pytest.raises(InvalidArgument, match=text):
        decrypt(world, make(world, enum), ciphertext, iv, **fields)


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("plaintext", {"plaintext_crc32c": 1}),
        ("additional_authenticated_data", {"aad_crc32c": 1}),
        ("initialization_vector", {"iv_crc32c": 1}),
        ("ciphertext", {"ciphertext_crc32c": 1}),
    ],
)
def test_checksums_of_requests(world: World, field: str, given: dict[str, Any]) -> None:
    name = make(world, "AES_256_CTR")
    text = f"^The checksum in field {field}_crc32c did not match the data in field {field}.$"
    if field != "ciphertext":
        with pytest.raises(InvalidArgument, match=text):
            encrypt(world, name, **given)
    if field != "plaintext":
        with pytest.raises(InvalidArgument, match=text):
            decrypt(world, name, BLOCKS, IV, **given)


@pytest.mark.parametrize("opens", [False, True], ids=["encrypt", "decrypt"])
def test_what_both_refuse(world: World, opens: bool) -> None:
    def call(name: CryptoKeyVersionName, ctx: Any = OWNER) -> None:
        if opens:
            world.kms.raw_decrypt(ctx, RawDecryptRequest(name, BLOCKS, IV))
        else:
            world.kms.raw_encrypt(ctx, RawEncryptRequest(name, BLOCKS))

    with pytest.raises(NotFound):
        call(KEY.version(1))
    name = make(world, "AES_256_CTR")
    check_refusals(world, call, name)
