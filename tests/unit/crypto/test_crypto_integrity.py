from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmsctl.crypto.integrity import Mac, derive, digest

KEY = bytes(range(32))
PARTS = st.binary(max_size=60)


def reference(key: bytes, label: bytes, context: bytes) -> bytes:
    """SP 800-108r1, section 4.1, by hand: one block, for HMAC-SHA256 gives as much as is asked for."""
    fixed = label + b"\0" + context + (256).to_bytes(4, "big")
    return hmac.new(key, (1).to_bytes(4, "big") + fixed, hashlib.sha256).digest()


@given(st.binary(min_size=32, max_size=32), PARTS, PARTS)
def test_derivation_is_the_kbkdf_of_the_format(key: bytes, label: bytes, context: bytes) -> None:
    assert derive(key, label, context) == reference(key, label, context)


@pytest.mark.parametrize("size", [0, 16, 31, 33, 64])
def test_only_a_32_byte_key_is_derived_from(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        derive(bytes(size), b"label", b"context")


def test_uses_have_keys_of_their_own() -> None:
    made = {derive(KEY, label, context) for label in (b"a", b"b") for context in (b"c", b"d")}
    assert len(made) == 4


@given(st.lists(PARTS, min_size=1, max_size=4))
def test_a_mac_is_hmac_sha256_for_any_number_of_messages(messages: list[bytes]) -> None:
    mac = Mac(KEY)
    for message in messages:
        assert mac(message) == hmac.new(KEY, message, hashlib.sha256).digest()


@given(PARTS)
def test_a_digest_is_sha256(data: bytes) -> None:
    assert digest(data) == hashlib.sha256(data).digest()
