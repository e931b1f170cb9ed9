from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmsctl.crypto import envelope

UID = bytes(range(16))
UIDS = st.binary(min_size=16, max_size=16)
NAMES = st.text("abc/", max_size=40)


@given(UIDS, st.binary(max_size=80))
def test_a_ciphertext_is_split_as_it_was_put_together(uid: bytes, sealed: bytes) -> None:
    header = envelope.header(uid)
    assert len(header) == envelope.HEADER_SIZE == 20
    assert envelope.split(header + sealed) == (header, uid, sealed)


@pytest.mark.parametrize(
    "ciphertext",
    [
        b"",
        b"KMC",
        b"KMC\x01" + UID[:15],
        b"KMC\x00" + UID,
        b"KMC\x02" + UID,
        b"kmc\x01" + UID,
        b"\x00" * 60,
        b"KMD\x01" + UID,
    ],
)
def test_another_format_is_malformed(ciphertext: bytes) -> None:
    with pytest.raises(envelope.MalformedCiphertext):
        envelope.split(ciphertext)


@given(st.tuples(UIDS, NAMES, st.binary(max_size=40)), st.tuples(UIDS, NAMES, st.binary(max_size=40)))
def test_the_associated_data_frames_its_parts(
    one: tuple[bytes, str, bytes], other: tuple[bytes, str, bytes]
) -> None:
    def framed(parts: tuple[bytes, str, bytes]) -> bytes:
        return envelope.associated_data(envelope.header(parts[0]), parts[1], parts[2])

    assert (framed(one) == framed(other)) == (one == other)


def test_moving_a_byte_between_name_and_data_changes_what_is_bound() -> None:
    header = envelope.header(UID)
    assert envelope.associated_data(header, "ab", b"c") != envelope.associated_data(header, "a", b"bc")
