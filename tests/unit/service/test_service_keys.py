from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kmsctl.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from kmsctl.model.names import CryptoKeyName, KeyRingName
from kmsctl.model.rest import crypto_key_json
from tests.unit.service.world import DAY, HOUR, KEY, OWNER, P256, RING, START, World, spec

if TYPE_CHECKING:
    from collections.abc import Callable

OTHER = CryptoKeyName(RING, "other")


@pytest.fixture
def ring(world: World) -> World:
    world.kms.create_key_ring(OWNER, RING)
    return world


def test_a_ring_is_made_once(ring: World) -> None:
    assert ring.kms.get_key_ring(OWNER, RING).create_time == START
    with pytest.raises(AlreadyExists) as caught:
        ring.kms.create_key_ring(OWNER, RING)
    assert caught.value.message == f"KeyRing {RING} already exists."
    with pytest.raises(NotFound) as missing:
        ring.kms.get_key_ring(OWNER, KeyRingName(RING.parent, "none"))
    assert missing.value.message == f"KeyRing {RING.parent}/keyRings/none not found."


def test_a_key_is_made_once(ring: World) -> None:
    made = ring.kms.create_crypto_key(OWNER, KEY, spec(labels={"a": "b"}))
    assert crypto_key_json(made) == crypto_key_json(ring.kms.get_crypto_key(OWNER, KEY))
    generation = ring.generation()
    with pytest.raises(AlreadyExists) as caught:
        ring.kms.create_crypto_key(OWNER, KEY, spec())
    assert caught.value.message == f"CryptoKey {KEY} already exists."
    assert ring.generation() == generation
    with pytest.raises(NotFound) as missing:
        ring.kms.create_crypto_key(OWNER, CryptoKeyName(KeyRingName(RING.parent, "none"), "key"), spec())
    assert missing.value.message == f"KeyRing {RING.parent}/keyRings/none not found."


@pytest.mark.parametrize("name", ["a", "Z", "0", "-", "_", "x" * 63, "-_-", "CON"])
def test_ids_at_their_limits(world: World, name: str) -> None:
    ring = KeyRingName(RING.parent, name)
    key = CryptoKeyName(ring, name)
    world.make_key(key)
    assert world.decrypt(world.encrypt(key), key) == b"text"
    assert [str(found.name) for found in world.kms.list_crypto_keys(OWNER, ring)] == [str(key)]
    assert world.kms.get_crypto_key(OWNER, key).primary is not None


def test_ids_differ_by_case(ring: World) -> None:
    ring.make_key(CryptoKeyName(RING, "a"))
    ring.make_key(CryptoKeyName(RING, "A"))
    assert len(list(ring.kms.list_crypto_keys(OWNER, RING))) == 2


def test_a_key_without_first_version(ring: World) -> None:
    made = ring.kms.create_crypto_key(OWNER, KEY, spec(), skip_initial_version_creation=True)
    assert made.primary is None
    assert list(ring.kms.list_crypto_key_versions(OWNER, KEY)) == []
    with pytest.raises(FailedPrecondition, match="has no primary version") as caught:
        ring.encrypt()
    assert caught.value.hint is not None
    added = ring.kms.create_crypto_key_version(OWNER, KEY)
    assert (added.name, added.state) == (KEY.version(1), "ENABLED")
    with pytest.raises(FailedPrecondition, match="has no primary version"):
        ring.encrypt()
    assert ring.decrypt(ring.encrypt(added.name)) == b"text"
    ring.kms.update_crypto_key_primary_version(OWNER, KEY, 1)
    assert ring.decrypt(ring.encrypt()) == b"text"


def test_new_versions_are_not_made_the_primary(keyed: World) -> None:
    numbers = [keyed.kms.create_crypto_key_version(OWNER, KEY).name.number for _ in range(3)]
    assert numbers == [2, 3, 4]
    key = keyed.kms.get_crypto_key(OWNER, KEY)
    assert key.primary is not None
    assert key.primary.name == KEY.version(1)


def test_versions_have_material_of_their_own(keyed: World) -> None:
    keyed.kms.create_crypto_key_version(OWNER, KEY)
    secrets = [drawn for drawn in keyed.random.drawn if len(drawn) == 32]  # type: ignore[attr-defined]
    assert len(set(secrets)) == len(secrets) == 1 + 2 + 2  # root key, two master keys, two versions


@pytest.mark.parametrize("duration", [DAY, 30 * DAY, 120 * DAY])
def test_the_destroy_window_is_the_keys(ring: World, duration: int) -> None:
    made = ring.kms.create_crypto_key(OWNER, KEY, spec(destroy_scheduled_duration=duration))
    assert made.destroy_scheduled_duration == duration
    assert ring.kms.destroy_crypto_key_version(OWNER, KEY.version(1)).destroy_time == START + duration


@pytest.mark.parametrize("duration", [0, 1, -DAY, DAY - 1, 120 * DAY + 1, 2**70])
def test_a_destroy_window_outside_the_limits_is_refused(ring: World, duration: int) -> None:
    with pytest.raises(InvalidArgument, match=r"at least 24 hours .* and at most 120 days"):
        ring.kms.create_crypto_key(OWNER, KEY, spec(destroy_scheduled_duration=duration))


def test_import_only_keys_may_have_no_window(ring: World) -> None:
    imported = spec(import_only=True, destroy_scheduled_duration=0)
    ring.kms.create_crypto_key(OWNER, KEY, imported, skip_initial_version_creation=True)
    with pytest.raises(FailedPrecondition, match="is import-only"):
        ring.kms.create_crypto_key_version(OWNER, KEY)
    with pytest.raises(InvalidArgument, match="cannot have a generated first version"):
        ring.kms.create_crypto_key(OWNER, OTHER, spec(import_only=True))


def test_the_default_window_is_the_services(ring: World) -> None:
    ring.kms.destroy_scheduled_duration = 7 * DAY
    assert ring.kms.create_crypto_key(OWNER, KEY, spec()).destroy_scheduled_duration == 7 * DAY
    ring.kms.destroy_scheduled_duration = HOUR
    with pytest.raises(InvalidArgument):
        ring.kms.create_crypto_key(OWNER, OTHER, spec())


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"purpose": "NONSENSE"}, InvalidArgument, "is not a CryptoKeyPurpose"),
        ({"algorithm": "NONSENSE"}, InvalidArgument, "is not a CryptoKeyVersionAlgorithm"),
        ({"algorithm": "EC_SIGN_P256_SHA256"}, InvalidArgument, "does not fit the purpose ENCRYPT_DECRYPT"),
        ({"protection_level": "NONSENSE"}, InvalidArgument, "is not a ProtectionLevel"),
        ({"protection_level": "EXTERNAL"}, InvalidArgument, "is not offered at protection level EXTERNAL"),
        ({"protection_level": "HSM"}, FailedPrecondition, "No HSM is configured"),
        ({"labels": {"A": "b"}}, InvalidArgument, "labels: the key 'A' is not valid"),
        ({"labels": {"a": "B"}}, InvalidArgument, "labels: the value 'B' of 'a' is not valid"),
        ({"labels": {f"k{number}": "" for number in range(65)}}, InvalidArgument, "65 labels"),
    ],
)
def test_what_no_key_can_be_is_refused(
    ring: World, change: dict[str, Any], error: type[Exception], text: str
) -> None:
    wanted = spec()
    for field, value in change.items():
        setattr(wanted, field, value)
    before = ring.generation()
    with pytest.raises(error, match=text):
        ring.kms.create_crypto_key(OWNER, KEY, wanted)
    assert ring.generation() == before


LABELS = [
    {},
    {"a": ""},
    {"env": "prod", "a-b_c": "1-2_3"},
    {"é": "ß", "名": "前", "ª": "²"},
    {f"k{number:02}": "v" * 63 for number in range(64)},
    {"x" * 63: "y" * 63},
]


@pytest.mark.parametrize("labels", LABELS)
def test_labels_read_back(ring: World, labels: dict[str, str]) -> None:
    assert dict(ring.kms.create_crypto_key(OWNER, KEY, spec(labels=labels)).labels) == labels
    ring.kms.update_crypto_key(OWNER, KEY, {"labels": {"other": "x"}})
    assert dict(ring.kms.update_crypto_key(OWNER, KEY, {"labels": labels}).labels) == labels
    ring.reopen()
    assert dict(ring.kms.get_crypto_key(OWNER, KEY).labels) == labels
    (listed,) = ring.kms.list_crypto_keys(OWNER, RING)
    assert dict(listed.labels) == labels


@pytest.mark.parametrize(
    "labels", [{"a=b": "c"}, {"a": "b\nc=d"}, {"a\n": "b"}, {"": "a"}, {"a": "b\u2028"}, {"a": "b\x85"}]
)
def test_labels_that_could_be_read_as_others_are_refused(keyed: World, labels: dict[str, str]) -> None:
    with pytest.raises(InvalidArgument, match="labels: "):
        keyed.kms.update_crypto_key(OWNER, KEY, {"labels": labels})
    assert dict(keyed.kms.get_crypto_key(OWNER, KEY).labels) == {}


def test_an_update_changes_what_it_names_and_nothing_else(ring: World) -> None:
    ring.make_key(labels={"a": "b"}, rotation_period=2 * DAY, next_rotation_time=START + DAY)
    before = crypto_key_json(ring.kms.get_crypto_key(OWNER, KEY))
    after = crypto_key_json(ring.kms.update_crypto_key(OWNER, KEY, {"labels": {"c": "d"}}))
    assert after == {**before, "labels": {"c": "d"}}
    after = crypto_key_json(ring.kms.update_crypto_key(OWNER, KEY, {"rotation_period": 3 * DAY}))
    assert after == {**before, "labels": {"c": "d"}, "rotationPeriod": "259200s"}


UPDATES: list[tuple[dict[str, Any], str]] = [
    ({}, "The update mask is empty"),
    ({"destroy_scheduled_duration": DAY}, "'destroy_scheduled_duration' cannot be changed"),
    ({"purpose": "MAC"}, "'purpose' cannot be changed"),
    ({"labels": None}, "'labels' cannot be changed"),
    ({"labels": [("a", "b")]}, "'labels' cannot be changed"),
    ({"rotation_period": "1d"}, "'rotation_period' cannot be changed"),
    ({"rotation_period": 1.5}, "'rotation_period' cannot be changed"),
    ({"version_template.algorithm": 1}, "'version_template.algorithm' cannot be changed"),
    ({"version_template.algorithm": "NONSENSE"}, "is not a CryptoKeyVersionAlgorithm"),
    ({"version_template.algorithm": "HMAC_SHA256"}, "does not fit the purpose"),
    (
        {"version_template.algorithm": "EXTERNAL_SYMMETRIC_ENCRYPTION"},
        "not offered at protection level SOFTWARE",
    ),
    ({"labels": {"a": "b"}, "nonsense": 1}, "'nonsense' cannot be changed"),
]


@pytest.mark.parametrize(("changes", "text"), UPDATES)
def test_what_cannot_be_changed_is_refused_whole(keyed: World, changes: dict[str, Any], text: str) -> None:
    before = keyed.generation()
    with pytest.raises(InvalidArgument, match=text):
        keyed.kms.update_crypto_key(OWNER, KEY, changes)
    assert keyed.generation() == before
    assert dict(keyed.kms.get_crypto_key(OWNER, KEY).labels) == {}


def test_the_algorithm_of_later_versions_may_be_changed(ring: World) -> None:
    ring.kms.create_crypto_key(OWNER, KEY, spec(P256))
    changed = ring.kms.update_crypto_key(OWNER, KEY, {"version_template.algorithm": "EC_SIGN_P384_SHA384"})
    assert changed.algorithm == "EC_SIGN_P384_SHA384"
    assert ring.kms.create_crypto_key_version(OWNER, KEY).algorithm == "EC_SIGN_P384_SHA384"
    assert ring.kms.get_crypto_key_version(OWNER, KEY.version(1)).algorithm == "EC_SIGN_P256_SHA256"


@pytest.mark.parametrize(
    "act",
    [
        lambda world: world.kms.get_crypto_key(OWNER, OTHER),
        lambda world: world.kms.update_crypto_key(OWNER, OTHER, {"labels": {}}),
        lambda world: world.kms.update_crypto_key_primary_version(OWNER, OTHER, 1),
        lambda world: world.kms.create_crypto_key_version(OWNER, OTHER),
        lambda world: list(world.kms.list_crypto_key_versions(OWNER, OTHER)),
        lambda world: world.encrypt(OTHER),
    ],
)
def test_a_key_that_is_not_there_is_not_found(keyed: World, act: Callable[[World], object]) -> None:
    with pytest.raises(NotFound) as caught:
        act(keyed)
    assert caught.value.message == f"CryptoKey {OTHER} not found."
