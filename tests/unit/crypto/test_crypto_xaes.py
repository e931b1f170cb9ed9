from __future__ import annotations

import json
from hashlib import shake_128
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmsctl.crypto import xaes

VECTORS = Path(__file__).parents[2] / "vectors" / "xaes"
KEY = bytes(range(32))
NONCE = bytes(range(24))
BYTES = st.binary(max_size=300)
OPENER = xaes.Opener(KEY)


def load(name: str) -> Any:
    return json.loads((VECTORS / name).read_text())


@pytest.mark.parametrize("vector", load("examples.json"))
def test_the_examples_of_the_specification(vector: dict[str, str]) -> None:
    key, nonce = bytes.fromhex(vector["key"]), vector["nonce"].encode()
    plaintext, aad = vector["plaintext"].encode(), vector["aad"].encode()
    sealed = xaes.seal(key, nonce, plaintext, aad)
    assert sealed == nonce + bytes.fromhex(vector["ciphertext"])
    assert xaes.open_(key, sealed, aad) == plaintext
    assert xaes.Opener(key).open(sealed, aad) == plaintext


def accumulate(iterations: int) -> str:
    """Returns the accumulated hash of the specification's randomised tests."""
    stream = shake_128(b"").digest(iterations * (32 + 24 + 2 + 2 * 255))
    position = 0
    hashed = shake_128()

    def read(size: int) -> bytes:
        nonlocal position
        position += size
        return stream[position - size : position]

    for _ in range(iterations):
        key, nonce = read(32), read(24)
        plaintext = read(read(1)[0])
        aad = read(read(1)[0])
        sealed = xaes.seal(key, nonce, plaintext, aad)
        assert xaes.open_(key, sealed, aad) == xaes.Opener(key).open(sealed, aad) == plaintext
        hashed.update(sealed[24:])
    return hashed.hexdigest(32)


def test_the_accumulated_randomised_tests() -> None:
    vector = load("accumulated.json")[0]
    assert accumulate(vector["iterations"]) == vector["shake128"]


@pytest.mark.slow
def test_the_long_accumulated_randomised_test(request: pytest.FixtureRequest) -> None:
    if "slow" not in request.config.getoption("-m"):
        pytest.skip("takes ten seconds: run with -m slow")
    vector = load("accumulated.json")[1]
    assert accumulate(vector["iterations"]) == vector["shake128"]


@given(BYTES, BYTES, st.binary(min_size=24, max_size=24))
def test_what_was_sealed_opens(plaintext: bytes, aad: bytes, nonce: bytes) -> None:
    sealed = xaes.seal(KEY, nonce, plaintext, aad)
    assert len(sealed) == len(plaintext) + xaes.OVERHEAD
    assert xaes.open_(KEY, sealed, aad) == plaintext


@given(BYTES, BYTES, st.data())
def test_one_flipped_bit_anywhere_is_refused(plaintext: bytes, aad: bytes, data: st.DataObject) -> None:
    sealed = bytearray(xaes.seal(KEY, NONCE, plaintext, aad))
    bit = data.draw(st.integers(0, 8 * len(sealed) - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(xaes.InvalidTag):
        xaes.open_(KEY, bytes(sealed), aad)


@given(BYTES, BYTES, BYTES)
def test_other_data_is_refused(plaintext: bytes, aad: bytes, other: bytes) -> None:
    sealed = xaes.seal(KEY, NONCE, plaintext, aad)
    if other != aad:
        with pytest.raises(xaes.InvalidTag):
            xaes.open_(KEY, sealed, other)


@pytest.mark.parametrize("size", [0, 1, 23, 24, 39])
def test_what_is_too_short_to_be_sealed_is_refused(size: int) -> None:
    with pytest.raises(xaes.InvalidTag):
        xaes.open_(KEY, bytes(size), b"")


def test_another_key_is_refused() -> None:
    with pytest.raises(xaes.InvalidTag):
        xaes.open_(bytes(32), xaes.seal(KEY, NONCE, b"text", b""), b"")


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_key_has_32_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        xaes.seal(bytes(size), NONCE, b"", b"")
    with pytest.raises(ValueError, match="32 bytes"):
        xaes.open_(bytes(size), bytes(40), b"")


@pytest.mark.parametrize("size", [0, 12, 23, 25])
def test_a_nonce_has_24_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="24 bytes"):
        xaes.seal(KEY, bytes(size), b"", b"")


@given(BYTES, st.binary(max_size=80), st.integers(min_value=0), BYTES)
def test_an_opener_refuses_what_open_refuses(plaintext: bytes, sealed: bytes, at: int, aad: bytes) -> None:
    """One opener for all: nothing of one message is left for the next."""
    good = xaes.seal(KEY, NONCE, plaintext, aad)
    place = at % len(good)
    changed = good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :]
    for bad in (sealed, changed, good[:-1], good[1:], b""):
        with pytest.raises(xaes.InvalidTag):
            xaes.open_(KEY, bad, aad)
        with pytest.raises(xaes.InvalidTag):
            OPENER.open(bad, aad)
        assert OPENER.open(good, aad) == plaintext


def test_an_opener_takes_keys_of_32_bytes_only() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        xaes.Opener(KEY[:16])
