from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmsctl.model import pem


@given(st.binary(min_size=1, max_size=300))
def test_what_is_encoded_decodes(der: bytes) -> None:
    text = pem.encode(pem.PUBLIC_KEY, der)
    assert pem.decode(text, pem.PUBLIC_KEY) == der
    assert pem.label_of(text) == pem.PUBLIC_KEY
    assert all(len(line) <= 64 for line in text.split(b"\n"))


def test_text_around_the_block_and_other_line_ends_are_skipped() -> None:
    text = pem.encode(pem.PUBLIC_KEY, bytes(100)).replace(b"\n", b"\r\n")
    assert pem.decode(b"Subject: me\r\n" + text + b"\r\nthe end", pem.PUBLIC_KEY) == bytes(100)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"-----BEGIN PUBLIC KEY-----",
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n",
        b"-----BEGIN PUBLIC KEY-----\nAA*A\n-----END PUBLIC KEY-----\n",
        b"-----BEGIN PUBLIC KEY-----\nAAA\n-----END PUBLIC KEY-----\n",
        pem.encode(pem.PRIVATE_KEY, bytes(10)),
    ],
)
def test_what_is_no_sound_block_of_the_label_is_none(text: bytes) -> None:
    assert pem.decode(text, pem.PUBLIC_KEY) is None


def test_a_label_has_to_end() -> None:
    assert pem.label_of(b"-----BEGIN " + b"A" * 200 + b"-----") is None
    assert pem.label_of(b"no key") is None
