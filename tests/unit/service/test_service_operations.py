from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google_crc32c import value as crc32c
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kmsctl.errors import FailedPrecondition, InvalidArgument, NotFound
from kmsctl.model.names import CryptoKeyName, KeyRingName, LocationName
from kmsctl.model.requests import DecryptRequest, EncryptRequest
from kmsctl.service.operations import DECRYPTION_FAILED
from tests.unit.service.world import KEY, OWNER, P256, PROJECT, RING, World, acts, spec

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT = 64 * 1024


def failed(world: World, ciphertext: bytes, key: CryptoKeyName = KEY, aad: bytes = b"") -> None:
    with pytest.raises(InvalidArgument) as caught:
        world.decrypt(ciphertext, key, aad)
    assert caught.value.message == DECRYPTION_FAILED
    assert caught.value.hint is None


@pytest.mark.parametrize(("text", "aad"), [(0, 0), (1, 1), (LIMIT, 0), (0, LIMIT), (LIMIT, LIMIT)])
def test_what_is_encrypted_decrypts(keyed: World, text: int, aad: int) -> None:
    ciphertext = keyed.encrypt(text=b"t" * text, aad=b"a" * aad)
    assert len(ciphertext) == 20 + 40 + text
    assert ciphertext.startswith(b"KMC\x01")
    assert keyed.decrypt(ciphertext, aad=b"a" * aad) == b"t" * text


@given(st.binary(max_size=100), st.binary(max_size=40), st.binary(max_size=40))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_only_the_same_data_decrypts(keyed: World, text: bytes, aad: bytes, other: bytes) -> None:
    ciphertext = keyed.encrypt(text=text, aad=aad)
    assert keyed.decrypt(ciphertext, aad=aad) == text
    if other != aad:
        failed(keyed, ciphertext, aad=other)


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_one_flipped_bit_anywhere_is_the_same_refusal(keyed: World, data: st.DataObject) -> None:
    ciphertext = bytearray(keyed.encrypt())
    bit = data.draw(st.integers(0, 8 * len(ciphertext) - 1))
    ciphertext[bit // 8] ^= 1 << bit % 8
    failed(keyed, bytes(ciphertext))


def test_whatever_is_wrong_it_is_the_same_refusal(keyed: World) -> None:
    twin = CryptoKeyName(KeyRingName(RING.parent, "second"), "key")
    abroad = CryptoKeyName(KeyRingName(LocationName(PROJECT, "global"), "ring"), "key")
    for key in (twin, abroad):
        keyed.make_key(key)
    ciphertext = keyed.encrypt()
    for wrong in (
        b"",
        b"x",
        ciphertext[:19],
        ciphertext[:20],
        ciphertext[:59],
        ciphertext[:-1],
        ciphertext + b"x",
        b"KMC\x02" + ciphertext[4:],
        bytes(100),
        keyed.encrypt(twin),
        keyed.encrypt(abroad),
    ):
        failed(keyed, wrong)
    failed(keyed, ciphertext, twin)
    failed(keyed, ciphertext, abroad)


def test_ciphertexts_of_the_same_text_differ(keyed: World) -> None:
    assert len({keyed.encrypt() for _ in range(20)}) == 20


def test_the_version_is_found_in_the_ciphertext(keyed: World) -> None:
    texts = {1: keyed.encrypt()}
    for number in (2, 3):
        keyed.kms.create_crypto_key_version(OWNER, KEY)
        keyed.kms.update_crypto_key_primary_version(OWNER, KEY, number)
        texts[number] = keyed.encrypt()
    for number, ciphertext in texts.items():
        response = keyed.kms.decrypt(OWNER, DecryptRequest(KEY, ciphertext))
        assert (response.version, response.used_primary) == (KEY.version(number), number == 3)
        assert (response.plaintext, response.plaintext_crc32c) == (b"text", crc32c(b"text"))
        assert response.protection_level == "SOFTWARE"
    named = keyed.kms.encrypt(OWNER, EncryptRequest(KEY.version(2), b"text"))
    assert named.name == KEY.version(2)
    assert keyed.kms.decrypt(OWNER, DecryptRequest(KEY, named.ciphertext)).version == KEY.version(2)


def test_checksums_are_checked_and_given(keyed: World) -> None:
    request = EncryptRequest(
        KEY, b"text", aad=b"aad", plaintext_crc32c=crc32c(b"text"), aad_crc32c=crc32c(b"aad")
    )
    response = keyed.kms.encrypt(OWNER, request)
    assert response.verified_plaintext_crc32c
    assert response.verified_aad_crc32c
    assert response.ciphertext_crc32c == crc32c(response.ciphertext)
    bare = keyed.kms.encrypt(OWNER, EncryptRequest(KEY, b"text"))
    assert not bare.verified_plaintext_crc32c
    assert not bare.verified_aad_crc32c
    empty = keyed.kms.encrypt(OWNER, EncryptRequest(KEY, b"", plaintext_crc32c=0, aad_crc32c=0))
    assert empty.verified_plaintext_crc32c
    assert empty.verified_aad_crc32c
    back = DecryptRequest(
        KEY,
        response.ciphertext,
        aad=b"aad",
        ciphertext_crc32c=response.ciphertext_crc32c,
        aad_crc32c=crc32c(b"aad"),
    )
    assert keyed.kms.decrypt(OWNER, back).plaintext == b"text"


CHECKSUMS: list[tuple[str, Callable[[World], object]]] = [
    ("plaintext", lambda world: world.kms.encrypt(OWNER, EncryptRequest(KEY, b"text", plaintext_crc32c=1))),
    (
        "additional_authenticated_data",
        lambda world: world.kms.encrypt(OWNER, EncryptRequest(KEY, b"text", aad=b"aad", aad_crc32c=1)),
    ),
    ("ciphertext", lambda world: world.kms.decrypt(OWNER, DecryptRequest(KEY, b"text", ciphertext_crc32c=1))),
    (
        "additional_authenticated_data",
        lambda world: world.kms.decrypt(OWNER, DecryptRequest(KEY, b"text", aad=b"aad", aad_crc32c=2**32)),
    ),
]


@pytest.mark.parametrize(("field", "act"), CHECKSUMS)
def test_a_checksum_of_other_data_is_refused(
    keyed: World, field: str, act: Callable[[World], object]
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        act(keyed)
    text = f"The checksum in field {field}_crc32c did not match the data in field {field}."
    assert caught.value.message == text


def test_what_is_too_long_is_refused(keyed: World) -> None:
    aad = "additional_authenticated_data"
    attempts: list[tuple[Callable[[], object], str, int]] = [
        (lambda: keyed.encrypt(text=bytes(LIMIT + 1)), "plaintext", LIMIT),
        (lambda: keyed.encrypt(aad=bytes(LIMIT + 1)), aad, LIMIT),
        (lambda: keyed.decrypt(bytes(2 * LIMIT + 1)), "ciphertext", 2 * LIMIT),
        (lambda: keyed.decrypt(b"", aad=bytes(LIMIT + 1)), aad, LIMIT),
    ]
    for act, field, most in attempts:
        text = rf"field {field} must have length .* not more than {most}\."
        with pytest.raises(InvalidArgument, match=text):
            act()


def test_other_purposes_neither_encrypt_nor_decrypt(keyed: World) -> None:
    signing = CryptoKeyName(RING, "signing")
    keyed.kms.create_crypto_key(OWNER, signing, spec(P256))
    for act in acts(
        lambda: keyed.encrypt(signing),
        lambda: keyed.encrypt(signing.version(1)),
        lambda: keyed.decrypt(keyed.encrypt(), signing),
    ):
        with pytest.raises(FailedPrecondition, match="incorrect key purpose: ASYMMETRIC_SIGN"):
            act()


def test_a_key_that_is_not_there_is_not_found(keyed: World) -> None:
    with pytest.raises(NotFound, match=r"^CryptoKey .*none not found\.$"):
        keyed.decrypt(keyed.encrypt(), CryptoKeyName(RING, "none"))


def test_using_a_key_changes_nothing(keyed: World) -> None:
    before = keyed.generation(), keyed.generation("control"), len(keyed.records())
    for _ in range(3):
        keyed.decrypt(keyed.encrypt())
    assert (keyed.generation(), keyed.generation("control"), len(keyed.records())) == before


def test_what_one_service_encrypts_another_decrypts(keyed: World) -> None:
    other = keyed.another()
    ciphertext = other.encrypt(OWNER, EncryptRequest(KEY, b"text")).ciphertext
    assert keyed.decrypt(ciphertext) == b"text"
    other.update_crypto_key_version(OWNER, KEY.version(1), "DISABLED")
    with pytest.raises(FailedPrecondition, match="DISABLED"):
        keyed.decrypt(ciphertext)  # the very next call knows
    other.close()
