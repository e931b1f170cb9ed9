from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmsctl.crypto import xaes
from kmsctl.crypto.wrapping import InvalidTag, WrappingKey

KEY = WrappingKey(bytes(range(32)), os.urandom)


@given(st.binary(max_size=3000), st.binary(max_size=100))
def test_what_was_wrapped_unwraps(material: bytes, binding: bytes) -> None:
    wrapped = KEY.wrap(material, binding)
    assert KEY.unwrap(wrapped, binding) == material
    assert len(wrapped) == len(material) + xaes.OVERHEAD


@given(st.binary(max_size=50), st.binary(max_size=50))
def test_another_binding_is_refused(binding: bytes, other: bytes) -> None:
    wrapped = KEY.wrap(b"material", binding)
    if binding != other:
        with pytest.raises(InvalidTag):
            KEY.unwrap(wrapped, other)


@given(st.data())
def test_one_flipped_bit_anywhere_is_refused(data: st.DataObject) -> None:
    wrapped = bytearray(KEY.wrap(b"material", b""))
    bit = data.draw(st.integers(0, 8 * len(wrapped) - 1))
    wrapped[bit // 8] ^= 1 << bit % 8
    with pytest.raises(InvalidTag):
        KEY.unwrap(bytes(wrapped), b"")


@pytest.mark.parametrize("wrapped", [b"", bytes(39), bytes(40)])
def test_what_was_never_wrapped_is_refused(wrapped: bytes) -> None:
    with pytest.raises(InvalidTag):
        KEY.unwrap(wrapped, b"")


def test_each_wrapping_draws_a_nonce_of_its_own() -> None:
    drawn: list[int] = []

    def random(size: int) -> bytes:
        drawn.append(size)
        return os.urandom(size)

    key = WrappingKey(bytes(32), random)
    first, second = key.wrap(b"material", b""), key.wrap(b"material", b"")
    assert drawn == [24, 24]
    assert first[:24] != second[:24]
    assert first[24:] != second[24:]


def test_another_key_is_refused() -> None:
    with pytest.raises(InvalidTag):
        WrappingKey(bytes(32), os.urandom).unwrap(KEY.wrap(b"material", b""), b"")


def test_a_wrapping_key_does_not_print_itself() -> None:
    key = bytes(range(32))
    shown = repr(WrappingKey(key, os.urandom)) + str(WrappingKey(key, os.urandom))
    assert key.hex() not in shown
    assert repr(key) not in shown
