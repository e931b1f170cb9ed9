"""PKCS#11 URIs (RFC 7512) as far as they name a token."""

from __future__ import annotations

import pytest

from kmsctl.errors import InvalidArgument
from kmsctl.model.pkcs11_uri import parse


def test_the_parts_of_a_uri() -> None:
    uri = parse(
        "pkcs11:token=The%20Software%20PKCS%2311%20Softtoken;manufacturer=Snake%20Oil,%20Inc.;serial=;"
        "model=1.0?module-path=/usr/lib/libpkcs11.so&pin-source=file:/etc/token_pin".replace("serial=;", "")
    )
    assert uri.attributes == {
        "token": "The Software PKCS#11 Softtoken",
        "manufacturer": "Snake Oil, Inc.",
        "model": "1.0",
    }
    assert (uri.module_path, uri.pin_source, uri.init_args, uri.slot_id) == (
        "/usr/lib/libpkcs11.so",
        "file:/etc/token_pin",
        None,
        None,
    )


def test_sources_of_pins_that_the_rfc_shows() -> None:
    assert (
        parse("pkcs11:token=t?pin-source=|/usr/lib/pinomatic&module-path=/m").pin_source
        == "|/usr/lib/pinomatic"
    )
    assert parse("PKCS11:?module-path=/m&pin-source=file:///run/pin").pin_source == "file:///run/pin"


def test_slots_are_decimal_and_empty_attributes_are_skipped() -> None:
    assert parse("pkcs11:;slot-id=007;?module-path=/m&").slot_id == 7


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "begins with 'pkcs11:'"),
        ("http://token", "begins with 'pkcs11:'"),
        ("pkcs11:token=t", "has no module-path"),
        ("pkcs11:token=t?module-path=", "module-path of the PKCS#11 URI has no value"),
        ("pkcs11:token=t?module-path=lib.so", "absolute path"),
        ("pkcs11:token=t?module-name=softhsm2", "modules are not searched for"),
        ("pkcs11:token=t;token=u?module-path=/m", "token is in the PKCS#11 URI twice"),
        ("pkcs11:token=?module-path=/m", "token of the PKCS#11 URI has no value"),
        ("pkcs11:token?module-path=/m", "has no value"),
        ("pkcs11:slot-id=0x1?module-path=/m", "decimal"),
        ("pkcs11:slot-id=²?module-path=/m", "percent-encoded"),
        ("pkcs11:slot-id=-1?module-path=/m", "decimal"),
        ("pkcs11:token=a b?module-path=/m", "character ' '"),
        ("pkcs11:token=a/b?module-path=/m", "character '/'"),
        ("pkcs11:token=%2?module-path=/m", "two hexadecimal digits"),
        ("pkcs11:token=%zz?module-path=/m", "two hexadecimal digits"),
        ("pkcs11:token=%ff?module-path=/m", "not UTF-8"),
        ("pkcs11:token=a%00?module-path=/m", "zero byte"),
        ("pkcs11:object=key?module-path=/m", "names a token"),
        ("pkcs11:id=%01?module-path=/m", "names a token"),
        ("pkcs11:type=private?module-path=/m", "names a token"),
        ("pkcs11:colour=red?module-path=/m", "unknown path attribute: colour"),
        ("pkcs11:module-path=/m", "unknown path attribute: module-path"),
        ("pkcs11:?token=t&module-path=/m", "unknown query attribute: token"),
        ("pkcs11:token=t?module-path=/m&pin-value=1234", "pin-value .* refused: a PIN"),
    ],
)
def test_what_is_refused(text: str, why: str) -> None:
    with pytest.raises(InvalidArgument, match=why):
        parse(text)
