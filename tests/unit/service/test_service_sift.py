"""Lists that ask the caller which keys are wanted before they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kmsctl.errors import IntegrityError, NotFound
from kmsctl.model.names import CryptoKeyName, KeyRingName
from kmsctl.service import keys as verbs
from kmsctl.store import keys as rows
from tests.unit.service.world import DAY, OWNER, P256, RING, World, spec

if TYPE_CHECKING:
    from collections.abc import Callable

    from kmsctl.model.resources import CryptoKeyOutline


@pytest.fixture
def many(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Seven keys, read in pages of two and three."""
    monkeypatch.setattr(verbs, "SIFT_SIZE", 3)
    monkeypatch.setattr(rows, "_AT_ONCE", 2)
    for number in range(5):
        world.make_key(CryptoKeyName(RING, f"k{number}"), labels={"n": str(number)})
    world.kms.create_crypto_key(OWNER, CryptoKeyName(RING, "A"), spec(P256))
    world.kms.create_crypto_key(OWNER, CryptoKeyName(RING, "z"), spec(), skip_initial_version_creation=True)
    return world


def listed(world: World, keep: Callable[[CryptoKeyOutline], bool], *, limit: int | None = None) -> list[str]:
    found = world.kms.list_crypto_keys(OWNER, RING, keep=keep, limit=limit)
    return [key.name.crypto_key for key in found]


EVERY = ["A", "k0", "k1", "k2", "k3", "k4", "z"]


def test_each_key_is_asked_for_once_and_in_order(many: World) -> None:
    asked: list[str] = []

    def keep(key: CryptoKeyOutline) -> bool:
        asked.append(key.crypto_key)
        return False

    assert listed(many, keep) == []
    assert asked == EVERY
    assert listed(many, lambda _: True) == EVERY
    assert listed(many, lambda key: key.crypto_key in ("A", "k2", "k3", "z")) == ["A", "k2", "k3", "z"]


def test_outlines_are_what_the_keys_are(many: World) -> None:
    name = CryptoKeyName(RING, "k1").version(1)
    many.kms.update_crypto_key_version(OWNER, name, "DISABLED")
    many.kms.destroy_crypto_key_version(OWNER, CryptoKeyName(RING, "k2").version(1))
    many.kms.destroy_crypto_key_version(OWNER, CryptoKeyName(RING, "k3").version(1))
    for _ in range(2):
        outlines: list[CryptoKeyOutline] = []
        listed(many, lambda key, outlines=outlines: bool(outlines.append(key)))  # type: ignore[misc]  # bound now
        for outline, key in zip(outlines, many.kms.list_crypto_keys(OWNER, RING), strict=True):
            assert outline.crypto_key == key.name.crypto_key
            assert (outline.purpose, outline.labels) == (key.purpose, key.labels)
            assert outline.primary_state == (key.primary.state if key.primary else None)
        # The destroy times pass: the effective state is what counts.
        many.clock.now += 2 * DAY
    assert [outline.primary_state for outline in outlines][2:5] == ["DISABLED", "DESTROYED", "DESTROYED"]


def test_with_a_limit_nobody_is_asked(many: World) -> None:
    def keep(key: CryptoKeyOutline) -> bool:
        raise AssertionError(key)

    assert listed(many, keep, limit=3) == EVERY[:3]


def test_what_is_wanted_is_checked(many: World) -> None:
    many.sql("UPDATE crypto_keys SET labels = 'n=9' WHERE name = 'k2'")
    assert listed(many, lambda key: key.labels == {"n": "1"}) == ["k1"]
    with pytest.raises(IntegrityError):
        listed(many, lambda key: key.labels == {"n": "9"})


@pytest.mark.parametrize("change", ["purpose = 'x'", "purpose = 99", "labels = 7", "primary_version = 12"])
def test_rows_that_make_no_sense_can_be_asked_for(many: World, change: str) -> None:
    many.sql(f"UPDATE crypto_keys SET {change} WHERE name = 'k2'")
    assert listed(many, lambda key: key.crypto_key == "k1") == ["k1"]
    with pytest.raises(IntegrityError):
        listed(many, lambda key: key.crypto_key == "k2")


def test_a_ring_that_is_not_there(many: World) -> None:
    with pytest.raises(NotFound):
        list(many.kms.list_crypto_keys(OWNER, KeyRingName(RING.parent, "none"), keep=lambda _: True))
