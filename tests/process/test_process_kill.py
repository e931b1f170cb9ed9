"""kill -9 at any moment: what was acknowledged is there, what was not is there whole or not at all."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from kmsctl.model.names import CryptoKeyName, KeyRingName, LocationName
from kmsctl.service.kms import Kms
from tests.process import expected
from tests.process.expected import CTX
from tests.process.forked import Child

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

    from tests.process.expected import Operation
    from tests.process.forked import Send, Task

LOCATION = LocationName("kmsctl-local", "us-east1")
RINGS = [KeyRingName(LocationName("kmsctl-local", "us-east1"), name) for name in ("left", "right")]
START = 1_800_000_000_000_000
MUTATIONS = 3000
#: The workers' lives, in seconds, are drawn between 0 and this.
LIFE = 0.03
#: After so many rounds the next one starts with an empty directory.
ROUNDS_A_STORE = 12


class Storm:
    """One store, two workers at a time that are killed, and what the store should hold by now."""

    def __init__(self, home: Path, rng: Random) -> None:
        self.home = home
        self.rng = rng
        self.now = START
        self.states = [expected.empty() for _ in RINGS]
        self.ciphertexts: list[tuple[CryptoKeyName, str, str]] = []
        self.mutations = 0

    def kms(self) -> Kms:
        return open_kms(self.home, self.now)

    def round(self) -> None:
        """Lets both workers run for a while, kills them, and checks what they left."""
        self.now += self.rng.randrange(9) * expected.HOUR
        workers = [Child(self._worker(number)) for number in range(len(RINGS))]
        lives = sorted((self.rng.uniform(0, LIFE), number) for number in range(len(RINGS)))
        waited = 0.0
        for life, number in lives:
            time.sleep(life - waited)  # not for something to happen: this is the moment that was drawn
            waited = life
            workers[number].kill()
        kms = self.kms()
        try:
            for number, worker in enumerate(workers):
                self._settle(kms, number, worker.finish())
            self._check(kms)
        finally:
            kms.close()

    def _worker(self, number: int) -> Task:
        seed, state, ring = self.rng.random(), self.states[number], RINGS[number]

        def work(send: Send) -> None:
            self.rng.seed(seed)
            kms, now = self.kms(), state
            while True:
                operation = expected.choose(self.rng, now, self.now)
                send(operation)
                send({"done": expected.carry_out(kms, ring, operation)})
                now = expected.apply(now, operation, self.now)

        return work

    def _settle(self, kms: Kms, number: int, messages: list[Any]) -> None:
        """Compares a ring with what its worker said, up to the one operation it was killed in."""
        state, ring = self.states[number], RINGS[number]
        begun: Operation | None = None
        for message in messages:
            if "do" in message:
                begun = message
                self.mutations += message["do"] != "encrypt"
                continue
            assert begun is not None
            state = expected.apply(state, begun, self.now)
            if message["done"] is not None:
                name = CryptoKeyName(ring, begun["key"])
                self.ciphertexts.append((name, message["done"], begun["text"]))
            begun = None
        held = expected.observe(kms, ring)
        candidates = [expected.settle(state, self.now)]
        if begun is not None:
            candidates.append(expected.settle(expected.apply(state, begun, self.now), self.now))
        fitting = [each for each in candidates if expected.without_records(each) == held]
        assert fitting, f"{ring} holds {held}, but should hold one of {candidates}; in it was {begun}"
        self.states[number] = fitting[0]

    def _check(self, kms: Kms) -> None:
        found = {finding.kind: finding for finding in kms.verify_store(CTX)}
        unexpected = found.keys() - {"PURGE_PENDING", "ORPHAN"}
        assert not unexpected, [found[kind].message for kind in unexpected]
        report = kms.maintain_store(CTX, confirm_clock=refuse)
        assert not report.left
        left = [(finding.resource, finding.kind, finding.message) for finding in kms.verify_store(CTX)]
        assert not left
        self._check_records(kms)
        for name, ciphertext, text in self.rng.sample(self.ciphertexts, min(3, len(self.ciphertexts))):
            self._check_ciphertext(kms, name, ciphertext, text)

    def _check_records(self, kms: Kms) -> None:
        """Each change has its audit record, and there is no record of a change that is not there."""
        counts = {each.name: each.audit_records for each in kms.store_status(CTX).databases}
        assert counts.get(LOCATION.location, 0) == sum(state["records"] for state in self.states)

    def _check_ciphertext(self, kms: Kms, name: CryptoKeyName, ciphertext: str, text: str) -> None:
        state = self.states[RINGS.index(name.parent)]
        versions = state["keys"][name.crypto_key]["versions"].values()
        if all(version["state"] == "ENABLED" for version in versions):
            assert expected.decrypts(kms, name, ciphertext, text)


def open_kms(home: Path, now: int) -> Kms:
    return Kms(str(home / "data"), str(home / "config" / "store"), clock=lambda: now)


def refuse(question: str) -> bool:
    pytest.fail(f"asked: {question}")


def import_everything(home: Path, rng: Random) -> None:
    """Makes every import that the workers need, so that they die in the code under test instead."""
    kms, state = open_kms(home, START), expected.empty()
    for _ in range(60):
        operation = expected.choose(rng, state, START)
        expected.carry_out(kms, RINGS[0], operation)
        state = expected.apply(state, operation, START)
    kms.close()


def test_workers_killed_at_random_moments(tmp_path: Path, crash_rng: Random, crash_seconds: float) -> None:
    import_everything(tmp_path / "imports", crash_rng)
    deadline = time.monotonic() + crash_seconds
    done = stores = 0
    while done < MUTATIONS or time.monotonic() < deadline:
        stores += 1
        home = tmp_path / f"store-{stores}"
        storm = Storm(home, crash_rng)
        for _ in range(ROUNDS_A_STORE):
            storm.round()
        done += storm.mutations
    print(f"{done} mutations in {stores} stores, {stores * ROUNDS_A_STORE * len(RINGS)} kills")
    assert os.path.isdir(tmp_path / "store-1" / "data")
