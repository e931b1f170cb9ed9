from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmsctl.errors import IntegrityError
from kmsctl.keystore.masters import MasterKey, MasterKeys

KEYS = [os.urandom(32), os.urandom(32)]
BINDING = ("material", "name", b"uid", 1, None)


def masters(*versions: int, context: bytes = b"context") -> MasterKeys:
    return MasterKeys({version: MasterKey(KEYS[version - 1], context, os.urandom) for version in versions})


def test_material_is_wrapped_under_the_newest_and_unwrapped_by_whichever_it_was() -> None:
    older, both = masters(1), masters(1, 2)
    assert (older.current, both.current) == (1, 2)
    first, second = older.wrap(b"one", BINDING), both.wrap(b"two", BINDING)
    assert (first[:4], second[:4]) == (b"\0\0\0\1", b"\0\0\0\2")
    assert both.unwrap(first, BINDING, "it") == b"one"
    assert both.unwrap(second, BINDING, "it") == b"two"
    assert both.knows(1)
    assert not both.knows(3)


def refused(
    keys: MasterKeys, wrapped: bytes, binding: tuple[int | str | bytes | None, ...] = BINDING
) -> None:
    with pytest.raises(IntegrityError, match="The key material of it does not belong to it, or was damaged"):
        keys.unwrap(wrapped, binding, "it")


@pytest.mark.parametrize("place", range(len(BINDING)))
def test_every_part_of_the_binding_counts(place: int) -> None:
    keys = masters(1)
    refused(keys, keys.wrap(b"material", BINDING), (*BINDING[:place], "other", *BINDING[place + 1 :]))


def test_the_version_of_the_master_key_is_bound_too() -> None:
    keys = MasterKeys({version: MasterKey(KEYS[0], b"context", os.urandom) for version in (1, 2)})
    wrapped = keys.wrap(b"material", BINDING)
    assert keys.unwrap(wrapped, BINDING, "it") == b"material"
    refused(keys, b"\0\0\0\1" + wrapped[4:])


@pytest.mark.parametrize(
    "wrapped", [b"", b"\0\0\0", b"\0\0\0\1", b"\0\0\0\1" + bytes(40), b"\0\0\0\3" + bytes(99)]
)
def test_what_was_never_wrapped_is_refused(wrapped: bytes) -> None:
    refused(masters(1), wrapped)


@given(st.data())
def test_one_flipped_bit_anywhere_is_refused(data: st.DataObject) -> None:
    wrapped = bytearray(masters(1).wrap(b"material", BINDING))
    bit = data.draw(st.integers(0, 8 * len(wrapped) - 1))
    wrapped[bit // 8] ^= 1 << bit % 8
    refused(masters(1), bytes(wrapped))


def test_each_use_and_each_database_has_a_key_of_its_own() -> None:
    here, there = masters(1), masters(1, context=b"elsewhere")
    tags = {
        here.row_tag(1, b"data"),
        here.head_tag(1, b"data"),
        there.row_tag(1, b"data"),
        there.head_tag(1, b"data"),
    }
    assert len(tags) == 4
    refused(there, here.wrap(b"material", BINDING))


def test_tags_are_the_same_for_the_same_data() -> None:
    assert masters(1).row_tag(1, b"data") == masters(1, 2).row_tag(1, b"data")
    assert masters(1, 2).row_tag(1, b"data") != masters(1, 2).row_tag(2, b"data")
    assert len(masters(1).digest(b"data")) == 32


def test_master_keys_do_not_print_themselves() -> None:
    keys = masters(1)
    shown = f"{keys!r} {keys} {keys._versions!r} {keys._versions[1]!r}"
    assert KEYS[0].hex() not in shown
    assert repr(KEYS[0]) not in shown
