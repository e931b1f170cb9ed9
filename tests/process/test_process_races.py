"""Several processes on one store at once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from kmsctl.errors import AlreadyExists
from kmsctl.model.names import CryptoKeyName, KeyRingName, LocationName
from kmsctl.service.kms import Kms
from kmsctl.store.anchor import Anchor, Mark
from tests.process import expected
from tests.process.expected import CTX, DAY
from tests.process.forked import Child, run_all

if TYPE_CHECKING:
    from pathlib import Path

    from tests.process.forked import Send, Task

LOCATION = LocationName("kmsctl-local", "us-east1")
RING = KeyRingName(LOCATION, "ring")
KEY = CryptoKeyName(RING, "db")
EIGHT = 8


def open_kms(home: Path, now: int | None = None) -> Kms:
    data, secrets = str(home / "data"), str(home / "config" / "store")
    return Kms(data, secrets) if now is None else Kms(data, secrets, clock=lambda: now)


def findings(kms: Kms) -> list[str]:
    return [f"{each.kind} {each.resource}: {each.message}" for each in kms.verify_store(CTX)]


def with_key(home: Path) -> Kms:
    kms = open_kms(home)
    kms.create_key_ring(CTX, RING)
    kms.create_crypto_key(CTX, KEY, expected.symmetric())
    return kms


def test_eight_processes_rotate_and_encrypt(tmp_path: Path) -> None:
    with_key(tmp_path).close()
    turns = 12

    def worker(send: Send) -> None:
        kms = open_kms(tmp_path)
        for turn in range(turns):
            version = kms.create_crypto_key_version(CTX, KEY)
            kms.update_crypto_key_primary_version(CTX, KEY, version.name.number)
            text = f"{os.getpid():08x}{turn:08x}"
            ciphertext = expected.carry_out(kms, RING, {"do": "encrypt", "key": "db", "text": text})
            send([version.name.number, text, ciphertext])

    said = [message for messages in run_all([worker] * EIGHT) for message in messages]
    kms = open_kms(tmp_path)
    assert sorted(number for number, _, _ in said) == list(range(2, 2 + EIGHT * turns))
    listed = [(each.name.number, each.state) for each in kms.list_crypto_key_versions(CTX, KEY)]
    assert listed == [(number, "ENABLED") for number in range(1, 2 + EIGHT * turns)]
    assert all(expected.decrypts(kms, KEY, ciphertext, text) for _, text, ciphertext in said)
    assert findings(kms) == []


@pytest.mark.parametrize("processes", [2, EIGHT])
@pytest.mark.parametrize("used", [False, True], ids=["unused store", "used store"])
def test_one_of_many_makes_the_ring(tmp_path: Path, processes: int, used: bool) -> None:
    if used:
        with_key(tmp_path).close()
    rings = [KeyRingName(LOCATION, f"race-{turn}") for turn in range(10 if used else 1)]

    def worker(send: Send) -> None:
        kms = open_kms(tmp_path)
        for ring in rings:
            try:
                kms.create_key_ring(CTX, ring)
                send("made")
            except AlreadyExists as error:
                send(str(error))

    said = run_all([worker] * processes)
    for place, ring in enumerate(rings):
        results = sorted(messages[place] for messages in said)
        assert results == [f"KeyRing {ring} already exists."] * (processes - 1) + ["made"]
    assert findings(open_kms(tmp_path)) == []


@pytest.mark.parametrize("turn", range(6))
def test_the_first_use_of_a_store_by_eight_processes_makes_one_store(tmp_path: Path, turn: int) -> None:
    def worker_of(number: int) -> Task:
        def worker(send: Send) -> None:
            kms = open_kms(tmp_path)
            ring = KeyRingName(LOCATION, f"ring-{number}")
            kms.create_key_ring(CTX, ring)
            send(kms.store_status(CTX).store_id)

        return worker

    stores = run_all([worker_of(number) for number in range(EIGHT)])
    kms = open_kms(tmp_path)
    assert {str(messages) for messages in stores} == {str([kms.store_status(CTX).store_id])}
    rings = [ring.name.key_ring for ring in kms.list_key_rings(CTX, LOCATION)]
    assert rings == [f"ring-{number}" for number in range(EIGHT)]
    assert findings(kms) == []
    assert [path.name for path in tmp_path.rglob("*") if ".new" in path.name] == []


@pytest.mark.parametrize("turn", range(6))
def test_the_first_use_of_a_location_while_others_read_it(tmp_path: Path, turn: int) -> None:
    with_key(tmp_path).close()
    place = LocationName("kmsctl-local", "europe-west3")

    def worker_of(number: int) -> Task:
        def worker(send: Send) -> None:
            kms = open_kms(tmp_path)
            if number % 2:
                seen = 0
                for _ in range(25):
                    rings = list(kms.list_key_rings(CTX, place))
                    assert len(rings) >= seen
                    seen = len(rings)
            else:
                kms.create_key_ring(CTX, KeyRingName(place, f"ring-{number}"))
            send("well")

        return worker

    assert run_all([worker_of(number) for number in range(EIGHT)]) == [["well"]] * EIGHT
    kms = open_kms(tmp_path)
    assert len(list(kms.list_key_rings(CTX, place))) == EIGHT / 2
    assert findings(kms) == []


def test_a_location_that_appears_between_two_looks_is_not_taken_for_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_key(tmp_path).close()
    ring = KeyRingName(LocationName("kmsctl-local", "global"), "ring")
    find, others = Anchor.find, [lambda: open_kms(tmp_path).create_key_ring(CTX, ring)]

    def find_after_others(anchor: Anchor, name: str) -> Mark | None:
        if name == "global" and others:
            others.pop()()  # the file was looked for, and is made and anchored now
        return find(anchor, name)

    monkeypatch.setattr(Anchor, "find", find_after_others)
    kms = open_kms(tmp_path)
    assert [found.name for found in kms.list_key_rings(CTX, ring.parent)] == [ring]
    assert not others


def test_readers_see_whole_changes_while_others_write(tmp_path: Path) -> None:
    with_key(tmp_path).close()

    def writer(send: Send) -> None:
        kms = open_kms(tmp_path)
        for _ in range(40):
            number = kms.create_crypto_key_version(CTX, KEY).name.number
            kms.update_crypto_key_primary_version(CTX, KEY, number)
        send("well")

    def reader(send: Send) -> None:
        kms = open_kms(tmp_path)
        for _ in range(40):
            (key,) = kms.list_crypto_keys(CTX, RING)
            versions = [each.name.number for each in kms.list_crypto_key_versions(CTX, KEY)]
            assert key.primary is not None
            assert versions == list(range(1, len(versions) + 1))
            assert len(versions) >= key.primary.name.number
            text = f"{os.getpid():08x}"
            ciphertext = expected.carry_out(kms, RING, {"do": "encrypt", "key": "db", "text": text})
            assert ciphertext is not None
            assert expected.decrypts(kms, KEY, ciphertext, text)
        send("well")

    def verifier(send: Send) -> None:
        kms = open_kms(tmp_path)
        for _ in range(5):
            assert findings(kms) == []
        send("well")

    tasks: list[Task] = [writer, writer, reader, reader, reader, verifier]
    assert run_all(tasks) == [["well"]] * len(tasks)


def test_a_reader_delays_the_purge_of_what_was_destroyed(tmp_path: Path) -> None:
    kms = with_key(tmp_path)
    kms.create_crypto_key_version(CTX, KEY)
    due = kms.destroy_crypto_key_version(CTX, KEY.version(2)).destroy_time
    kms.close()
    assert due is not None
    ready, release = os.pipe(), os.pipe()

    def reader(send: Send) -> None:
        store = open_kms(tmp_path).find_store()
        database = None if store is None else store.find(LOCATION.location)
        assert database is not None
        with database.read() as snapshot:
            before = snapshot.head.generation
            os.write(ready[1], b"!")
            os.read(release[0], 1)
            send(snapshot.head.generation == before)

    child = Child(reader)
    os.read(ready[0], 1)
    kms = open_kms(tmp_path, due)
    assert kms.get_crypto_key_version(CTX, KEY.version(2)).state == "DESTROYED"
    assert pending(kms) == 1
    assert [each.kind for each in kms.verify_store(CTX)] == ["PURGE_PENDING"]
    kms.create_key_ring(CTX, KeyRingName(LOCATION, "during"))
    assert pending(kms) == 1
    os.write(release[1], b"!")
    assert child.finish() == [True]
    kms.create_key_ring(CTX, KeyRingName(LOCATION, "afterwards"))
    assert pending(kms) == 0
    assert findings(kms) == []
    for descriptor in (*ready, *release):
        os.close(descriptor)


def pending(kms: Kms) -> int:
    status: Any = {each.name: each for each in kms.store_status(CTX).databases}
    return int(status[LOCATION.location].pending_purges)


def test_a_purge_that_was_delayed_is_finished_by_maintenance(tmp_path: Path) -> None:
    kms = with_key(tmp_path)
    due = kms.destroy_crypto_key_version(CTX, KEY.version(1)).destroy_time
    assert due is not None
    kms.close()

    def dies_before_the_purge(send: Send) -> None:
        def probe(step: str) -> None:
            if step == "purge.truncated":
                send("dead")
                os._exit(9)

        data, secrets = str(tmp_path / "data"), str(tmp_path / "config" / "store")
        Kms(data, secrets, clock=lambda: due, probe=probe).get_crypto_key(CTX, KEY)

    assert Child(dies_before_the_purge).finish() == ["dead"]
    kms = open_kms(tmp_path, due + DAY)
    assert pending(kms) == 1
    assert kms.maintain_store(CTX, confirm_clock=lambda _: False).purged == 1
    assert findings(kms) == []
