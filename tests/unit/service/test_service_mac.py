"""MAC keys: tags, their verification, and what is refused."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

import pytest

from kmsctl.crypto.checksums import crc32c
from kmsctl.errors import InvalidArgument, NotFound
from kmsctl.model import algorithms
from kmsctl.model.algorithms import Algorithm
from kmsctl.model.mac_requests import MacSignRequest, MacVerifyRequest
from tests.unit.service.refusals import check_refusals
from tests.unit.service.world import KEY, OWNER, Randomness, World

if TYPE_CHECKING:
    from kmsctl.model.names import CryptoKeyVersionName

HMAC_SHA256 = ("MAC", "HMAC_SHA256")


def tag(world: World, name: CryptoKeyVersionName, data: bytes) -> bytes:
    return world.kms.mac_sign(OWNER, MacSignRequest(name, data)).mac


def verify(world: World, name: CryptoKeyVersionName, data: bytes, mac: bytes) -> bool:
    return world.kms.mac_verify(OWNER, MacVerifyRequest(name, data, mac)).success


@pytest.mark.parametrize("algorithm", algorithms.for_purpose("MAC"), ids=lambda each: each.enum)
def test_tags_are_those_of_the_standard_library(world: World, algorithm: Algorithm) -> None:
    assert isinstance(world.random, Randomness)
    name = world.make_key(kind=("MAC", algorithm.enum)).version(1)
    made = tag(world, name, b"data")
    keys = [each for each in world.random.drawn if len(each) == algorithm.secret_size]
    expected = [hmac.digest(key, b"data", (algorithm.digest or "").lower()) for key in keys]
    assert made in expected
    assert len(made) == algorithms.DIGEST_SIZES[algorithm.digest or ""]
    assert verify(world, name, b"data", made)
    for wrong in (made[:-1], made + b"\0", b"", bytes(len(made)), made[::-1]):
        assert not verify(world, name, b"data", wrong)
    assert not verify(world, name, b"other", made)


def test_each_version_has_a_key_of_its_own(world: World) -> None:
    key = world.make_key(kind=HMAC_SHA256)
    world.kms.create_crypto_key_version(OWNER, key)
    assert tag(world, key.version(1), b"data") != tag(world, key.version(2), b"data")
    assert not verify(world, key.version(2), b"data", tag(world, key.version(1), b"data"))


def test_what_answers_come_with(world: World) -> None:
    name = world.make_key(kind=HMAC_SHA256).version(1)
    signed = world.kms.mac_sign(OWNER, MacSignRequest(name, b"data", data_crc32c=crc32c(b"data")))
    assert signed.name == name
    assert signed.mac_crc32c == crc32c(signed.mac)
    assert signed.verified_data_crc32c
    assert signed.protection_level == "SOFTWARE"
    assert not world.kms.mac_sign(OWNER, MacSignRequest(name, b"data")).verified_data_crc32c
    for mac in (signed.mac, bytes(32)):
        request = MacVerifyRequest(name, b"data", mac, data_crc32c=crc32c(b"data"), mac_crc32c=crc32c(mac))
        verified = world.kms.mac_verify(OWNER, request)
        assert verified.name == name
        assert verified.success is verified.verified_success_integrity is (mac == signed.mac)
        assert verified.verified_data_crc32c
        assert verified.verified_mac_crc32c


def test_sizes(world: World) -> None:
    name = world.make_key(kind=HMAC_SHA256).version(1)
    for data in (b"", bytes(65536)):
        assert verify(world, name, data, tag(world, name, data))
    text = "Request field data must have length of at least 0, but not more than 65536"
    with pytest.raises(InvalidArgument, match=text):
        tag(world, name, bytes(65537))
    with pytest.raises(InvalidArgument, match=text):
        verify(world, name, bytes(65537), b"mac")


@pytest.mark.parametrize(
    ("method", "request_of", "field"),
    [
        ("mac_sign", lambda name: MacSignRequest(name, b"data", data_crc32c=1), "data"),
        ("mac_verify", lambda name: MacVerifyRequest(name, b"data", b"mac", data_crc32c=1), "data"),
        ("mac_verify", lambda name: MacVerifyRequest(name, b"data", b"mac", mac_crc32c=1), "mac"),
    ],
)
def test_checksums_of_requests(world: World, method: str, request_of: Any, field: str) -> None:
    name = world.make_key(kind=HMAC_SHA256).version(1)
    with pytest.raises(InvalidArgument) as caught:
        getattr(world.kms, method)(OWNER, request_of(name))
    assert caught.value.message == (
        f"The checksum in field {field}_crc32c did not match the data in field {field}."
    )


@pytest.mark.parametrize("verify_it", [False, True], ids=["sign", "verify"])
def test_what_both_refuse(world: World, verify_it: bool) -> None:
    def call(name: CryptoKeyVersionName, ctx: Any = OWNER) -> None:
        if verify_it:
            world.kms.mac_verify(ctx, MacVerifyRequest(name, b"data", b"mac"))
        else:
            world.kms.mac_sign(ctx, MacSignRequest(name, b"data"))

    with pytest.raises(NotFound):
        call(KEY.version(1))
    name = world.make_key(kind=HMAC_SHA256).version(1)
    check_refusals(world, call, name)
