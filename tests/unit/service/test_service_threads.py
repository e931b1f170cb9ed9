"""One service, many threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from kmsctl.errors import AlreadyExists, FailedPrecondition
from kmsctl.model.names import CryptoKeyName, KeyRingName, LocationName
from kmsctl.model.requests import DecryptRequest, EncryptRequest
from tests.unit.service.world import KEY, OWNER, PROJECT, RING, World, spec

if TYPE_CHECKING:
    from collections.abc import Callable

THREADS = 8


def together(act: Callable[[int], object]) -> list[object]:
    """Runs `act` in eight threads at once; what one raises is what it gives."""
    barrier = threading.Barrier(THREADS)

    def run(number: int) -> object:
        barrier.wait()
        try:
            return act(number)
        except Exception as error:  # noqa: BLE001 - it is looked at
            return error

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def test_threads_encrypt_while_another_destroys(keyed: World) -> None:
    """Once the destruction is acknowledged, no call that begins later may still use the version."""
    for _ in range(2):
        keyed.kms.create_crypto_key_version(OWNER, KEY)
    destroyed = threading.Event()

    def act(number: int) -> object:
        if number == 0:
            keyed.kms.destroy_crypto_key_version(OWNER, KEY.version(1))
            destroyed.set()
            return None
        served = 0
        for _ in range(30):
            late = destroyed.is_set()
            try:
                ciphertext = keyed.kms.encrypt(OWNER, EncryptRequest(KEY.version(1), b"text")).ciphertext
            except FailedPrecondition as error:
                if not error.message.endswith("current state is: DESTROY_SCHEDULED."):
                    raise
                continue
            assert not late
            served += 1
            assert ciphertext.startswith(b"KMC\x01")
        other = keyed.kms.encrypt(OWNER, EncryptRequest(KEY.version(2), b"text")).ciphertext
        assert keyed.kms.decrypt(OWNER, DecryptRequest(KEY, other)).plaintext == b"text"
        return served

    for result in together(act):
        assert result is None or isinstance(result, int), result
    assert keyed.state() == "DESTROY_SCHEDULED"
    assert keyed.verify() == []


def test_threads_race_to_make_the_same_ring_and_key(world: World) -> None:
    """It is the first use of everything: secrets, control, location, project, ring."""
    rings = together(lambda number: world.kms.create_key_ring(OWNER, RING))
    assert sum(isinstance(result, AlreadyExists) for result in rings) == THREADS - 1, rings
    keys = together(lambda number: world.kms.create_crypto_key(OWNER, KEY, spec()))
    assert sum(isinstance(result, AlreadyExists) for result in keys) == THREADS - 1, keys
    assert len(world.records("control")) == 1
    assert world.verify() == []


def test_each_thread_makes_the_first_use_of_a_location(world: World) -> None:
    places = [
        "us-east1",
        "us-east4",
        "us-west1",
        "europe-west1",
        "europe-west2",
        "asia-east1",
        "global",
        "us",
    ]

    def act(number: int) -> object:
        key = CryptoKeyName(KeyRingName(LocationName(PROJECT, places[number]), "ring"), "key")
        world.kms.create_key_ring(OWNER, key.parent)
        world.kms.create_crypto_key(OWNER, key, spec())
        return world.decrypt(world.encrypt(key), key)

    assert together(act) == [b"text"] * THREADS
    assert world.verify() == []
    assert len(world.kms.open_store().keys.anchor.marks()) == 1 + THREADS


def test_versions_made_by_threads_are_counted(keyed: World) -> None:
    made = together(
        lambda number: [keyed.kms.create_crypto_key_version(OWNER, KEY).name.number for _ in range(5)]
    )
    numbers: list[int] = []
    for result in made:
        assert isinstance(result, list), result
        numbers += result
    assert sorted(numbers) == list(range(2, 2 + 5 * THREADS))
    assert keyed.verify() == []


def test_a_rotation_that_is_due_is_made_once(world: World) -> None:
    day = 86_400_000_000
    world.make_key(rotation_period=day, next_rotation_time=world.clock.now + 1)
    world.clock.now += 100
    results = together(lambda number: world.decrypt(world.encrypt()))
    assert results == [b"text"] * THREADS
    assert len(list(world.kms.list_crypto_key_versions(OWNER, KEY))) == 2


def test_a_service_may_be_closed_and_used_again(keyed: World) -> None:
    def act(number: int) -> object:
        for _ in range(10):
            if number == 0:
                keyed.kms.close()
            elif keyed.decrypt(keyed.encrypt()) != b"text":
                return "other"
        return "done"

    assert together(act) == ["done"] * THREADS
    assert keyed.verify() == []


def test_two_services_in_one_process_share_a_store(keyed: World) -> None:
    other = keyed.another()

    def act(number: int) -> object:
        kms = keyed.kms if number % 2 else other
        for step in range(5):
            kms.create_crypto_key(OWNER, CryptoKeyName(RING, f"k{number}-{step}"), spec())
        return len(list(kms.list_crypto_keys(OWNER, RING))) >= 5

    assert together(act) == [True] * THREADS
    assert len(list(keyed.kms.list_crypto_keys(OWNER, RING))) == 1 + 5 * THREADS
    assert keyed.verify() == []
    assert list(other.verify_store(OWNER)) == []
    other.close()


@pytest.mark.parametrize("act", ["encrypt", "create"])
def test_no_connection_is_lost(keyed: World, act: str) -> None:
    together(
        lambda number: (
            keyed.encrypt() if act == "encrypt" else keyed.kms.create_crypto_key_version(OWNER, KEY)
        )
    )
    assert 1 <= len(keyed.database()._idle) <= THREADS
    assert 1 <= len(keyed.database("control")._idle) <= 2 * THREADS
