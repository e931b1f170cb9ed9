"""PKCS#11 URIs: what is written is read back, whatever characters names have."""

from __future__ import annotations

import contextlib
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmsctl.errors import InvalidArgument
from kmsctl.model import pkcs11_uri
from kmsctl.model.pkcs11_uri import Pkcs11Uri, parse

_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20)
_NAMES = (
    *pkcs11_uri.TOKEN_ATTRIBUTES,
    "slot-description",
    "slot-manufacturer",
    *pkcs11_uri.LIBRARY_ATTRIBUTES,
)


@given(
    attributes=st.dictionaries(st.sampled_from(_NAMES), _TEXT),
    path=_TEXT,
    pin_source=st.none() | _TEXT,
    init_args=st.none() | _TEXT,
    slot=st.none() | st.integers(0, 2**64),
)
def test_uris_are_read_back(
    attributes: dict[str, str], path: str, pin_source: str | None, init_args: str | None, slot: int | None
) -> None:
    if slot is not None:
        attributes = {**attributes, "slot-id": str(slot)}
    uri = Pkcs11Uri("/" + path, attributes, pin_source, init_args)
    again = parse(str(uri))
    assert (again.module_path, again.pin_source, again.init_args) == ("/" + path, pin_source, init_args)
    assert (again.attributes, again.slot_id, str(again)) == (attributes, slot, str(uri))


@given(_TEXT)
def test_every_character_may_be_percent_encoded(text: str) -> None:
    encoded = "".join(f"%{byte:02x}" for byte in text.encode())
    assert parse(f"pkcs11:token={encoded}?module-path=/m").attributes == {"token": text}
    assert parse(f"pkcs11:token={quote(text, safe='')}?module-path=/m").attributes == {"token": text}


@given(st.text(max_size=60))
def test_no_text_does_anything_but_parse_or_be_refused(text: str) -> None:
    for uri in (text, f"pkcs11:{text}", f"pkcs11:?module-path=/m&{text}"):
        with contextlib.suppress(InvalidArgument):
            assert parse(uri).module_path.startswith("/")


@given(secret=st.text("0123456789abcdef", min_size=8, max_size=12))
def test_a_pin_is_refused_and_not_repeated(secret: str) -> None:
    for uri in (
        f"pkcs11:token=t?module-path=/m&pin-value={secret}",
        f"pkcs11:pin-value={secret}?module-path=/m",
        f"pkcs11:?pin_value={secret}&module-path=/m",
        f"pkcs11:?pin={secret}&module-path=/m",
    ):
        with pytest.raises(InvalidArgument) as caught:
            parse(uri)
        assert secret not in f"{caught.value.message}{caught.value.hint}"
