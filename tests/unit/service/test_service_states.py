"""Every state of a version and every verb that may be asked for in it, as in the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kmsctl.errors import FailedPrecondition, InvalidArgument, NotFound
from kmsctl.model import states
from kmsctl.store import versions
from tests.unit.service.world import DAY, HOUR, KEY, OWNER, P256, World, acts, spec

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = KEY.version(1)
STATES = [
    "PENDING_GENERATION",
    "ENABLED",
    "DISABLED",
    "DESTROY_SCHEDULED",
    "DESTROYED",
    "PENDING_IMPORT",
    "IMPORT_FAILED",
    "GENERATION_FAILED",
]

VERBS: dict[str, Callable[[World], object]] = {
    "enable": lambda world: world.kms.update_crypto_key_version(OWNER, NAME, "ENABLED"),
    "disable": lambda world: world.kms.update_crypto_key_version(OWNER, NAME, "DISABLED"),
    "destroy": lambda world: world.kms.destroy_crypto_key_version(OWNER, NAME),
    "restore": lambda world: world.kms.restore_crypto_key_version(OWNER, NAME),
    "make primary": lambda world: world.kms.update_crypto_key_primary_version(OWNER, KEY, 1),
}

#: (state, verb) → the state after it. What is not here is refused.
ALLOWED = {
    ("ENABLED", "enable"): "ENABLED",
    ("ENABLED", "disable"): "DISABLED",
    ("ENABLED", "destroy"): "DESTROY_SCHEDULED",
    ("ENABLED", "make primary"): "ENABLED",
    ("DISABLED", "enable"): "ENABLED",
    ("DISABLED", "disable"): "DISABLED",
    ("DISABLED", "destroy"): "DESTROY_SCHEDULED",
    ("DISABLED", "make primary"): "DISABLED",
    ("DESTROY_SCHEDULED", "restore"): "DISABLED",
    ("DESTROY_SCHEDULED", "make primary"): "DESTROY_SCHEDULED",
}


def bring(world: World, state: str) -> None:
    """Brings version 1 into a state: by the verbs where they lead there, else as imports would."""
    if state in ("ENABLED", "DISABLED"):
        world.kms.update_crypto_key_version(OWNER, NAME, state)
        return
    if state in ("DESTROY_SCHEDULED", "DESTROYED"):
        world.kms.destroy_crypto_key_version(OWNER, NAME)
        world.clock.now += DAY if state == "DESTROYED" else 0
        return
    with world.database().write() as transaction:
        from kmsctl.service import due

        key = due.find_key(transaction, KEY)
        assert key is not None
        row = versions.find(transaction, key, NAME)
        assert row is not None
        transaction.update(row, state=states.STATE_NUMBERS[state], material=None)


@pytest.fixture
def alive(keyed: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A version that waits for its material is being made: somebody holds the lease."""
    monkeypatch.setattr("kmsctl.service.due.leases.held", lambda directory, uid: True)
    return keyed


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_in_each_state(alive: World, state: str, verb: str) -> None:
    bring(alive, state)
    assert alive.state() == state
    generation, records = alive.generation(), len(alive.records())
    after = ALLOWED.get((state, verb))
    if after is None:
        with pytest.raises(FailedPrecondition) as caught:
            VERBS[verb](alive)
        assert caught.value.message == (
            f"The request cannot be fulfilled. Resource {NAME} has value {state} "
            "in field crypto_key_version.state."
        )
        assert (alive.generation(), len(alive.records())) == (generation, records + 1)
        assert alive.records()[-1]["protoPayload"]["status"]["code"] == 9
        after = state
    else:
        VERBS[verb](alive)
        assert alive.generation() > generation
        assert len(alive.records()) == records + 1
    assert alive.state() == after
    assert alive.verify() == []


@pytest.mark.parametrize("state", STATES)
def test_only_an_enabled_version_is_used(alive: World, state: str) -> None:
    ciphertext = alive.encrypt()
    bring(alive, state)
    if state == "ENABLED":
        assert alive.decrypt(ciphertext) == b"text"
        assert alive.decrypt(alive.encrypt(NAME)) == b"text"
        return
    text = f"{NAME} is not enabled, current state is: {state}."
    for act in acts(lambda: alive.decrypt(ciphertext), lambda: alive.encrypt(NAME), alive.encrypt):
        with pytest.raises(FailedPrecondition) as caught:
            act()
        assert caught.value.message == text


def test_what_the_hint_says_about_a_primary_that_is_not_enabled(keyed: World) -> None:
    keyed.kms.update_crypto_key_version(OWNER, NAME, "DISABLED")
    with pytest.raises(FailedPrecondition) as caught:
        keyed.encrypt()
    assert caught.value.hint == (
        f"This is the primary version of the key. Enable it again (kmsctl keys versions enable {NAME}), or "
        "make another version the primary: kmsctl keys set-primary-version."
    )
    keyed.kms.destroy_crypto_key_version(OWNER, NAME)
    with pytest.raises(FailedPrecondition) as caught:
        keyed.encrypt()
    assert caught.value.hint == (
        "This is the primary version of the key. Make another version the primary: "
        "kmsctl keys set-primary-version."
    )
    with pytest.raises(FailedPrecondition) as caught:
        keyed.encrypt(NAME)
    assert caught.value.hint is None


def test_times_go_with_the_states(keyed: World) -> None:
    def shown() -> tuple[str, int | None, int | None]:
        found = keyed.kms.get_crypto_key_version(OWNER, NAME)
        return found.state, found.destroy_time, found.destroy_event_time

    start = keyed.clock.now
    assert shown() == ("ENABLED", None, None)
    keyed.clock.now += HOUR
    due = start + HOUR + DAY
    scheduled = keyed.kms.destroy_crypto_key_version(OWNER, NAME)
    assert (scheduled.state, scheduled.destroy_time) == ("DESTROY_SCHEDULED", due)
    assert shown() == ("DESTROY_SCHEDULED", due, None)
    assert keyed.kms.restore_crypto_key_version(OWNER, NAME).destroy_time is None
    assert shown() == ("DISABLED", None, None)
    keyed.kms.destroy_crypto_key_version(OWNER, NAME)
    keyed.clock.now = due - 1
    assert shown() == ("DESTROY_SCHEDULED", due, None)
    keyed.clock.now = due
    assert shown() == ("DESTROYED", due, due)
    keyed.clock.now += 3 * HOUR
    assert shown() == ("DESTROYED", due, due)


def test_a_destroyed_primary_stays_the_primary_until_another_is_made(keyed: World) -> None:
    keyed.kms.destroy_crypto_key_version(OWNER, NAME)
    keyed.clock.now += DAY
    key = keyed.kms.get_crypto_key(OWNER, KEY)
    assert key.primary is not None
    assert (key.primary.name, key.primary.state) == (NAME, "DESTROYED")
    with pytest.raises(FailedPrecondition, match="current state is: DESTROYED"):
        keyed.encrypt()
    added = keyed.kms.create_crypto_key_version(OWNER, KEY)
    with pytest.raises(FailedPrecondition, match="current state is: DESTROYED"):
        keyed.encrypt()
    keyed.kms.update_crypto_key_primary_version(OWNER, KEY, added.name.number)
    assert keyed.decrypt(keyed.encrypt()) == b"text"


@pytest.mark.parametrize("state", ["DESTROYED", "enabled", "", "PENDING_GENERATION", "STATE_UNSPECIFIED"])
def test_a_version_is_only_enabled_or_disabled_by_an_update(keyed: World, state: str) -> None:
    with pytest.raises(InvalidArgument, match=f"'{state}' is neither ENABLED nor DISABLED"):
        keyed.kms.update_crypto_key_version(OWNER, NAME, state)


@pytest.mark.parametrize("number", [0, -1, 2, 2**31, 2**63 - 1, 2**63, 2**80])
def test_a_version_that_is_not_there_is_not_found(keyed: World, number: int) -> None:
    name = KEY.version(number)
    for act in acts(
        lambda: keyed.kms.get_crypto_key_version(OWNER, name),
        lambda: keyed.kms.update_crypto_key_version(OWNER, name, "ENABLED"),
        lambda: keyed.kms.destroy_crypto_key_version(OWNER, name),
        lambda: keyed.kms.restore_crypto_key_version(OWNER, name),
        lambda: keyed.kms.update_crypto_key_primary_version(OWNER, KEY, number),
        lambda: keyed.encrypt(name),
    ):
        with pytest.raises(NotFound) as caught:
            act()
        assert caught.value.message == f"CryptoKeyVersion {name} not found."


def test_other_kinds_of_keys_have_no_primary(world: World) -> None:
    world.make_key()
    signing = type(KEY)(KEY.parent, "signing")
    world.kms.create_crypto_key(OWNER, signing, spec(P256))
    assert world.kms.get_crypto_key(OWNER, signing).primary is None
    with pytest.raises(FailedPrecondition, match="has incorrect key purpose: ASYMMETRIC_SIGN"):
        world.kms.update_crypto_key_primary_version(OWNER, signing, 1)
    with pytest.raises(FailedPrecondition, match="has incorrect key purpose: ASYMMETRIC_SIGN"):
        world.encrypt(signing)
