"""Policies that several processes change and go by at once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from kmsctl.errors import Aborted, PermissionDenied
from kmsctl.model.names import CryptoKeyName, KeyRingName, LocationName, ProjectName
from kmsctl.model.policies import Policy, with_binding, without_binding
from kmsctl.model.requests import EncryptRequest
from kmsctl.service.context import Context
from kmsctl.service.kms import Kms
from tests.process import expected
from tests.process.expected import CTX
from tests.process.forked import Child, run_all

if TYPE_CHECKING:
    from pathlib import Path

    from tests.process.forked import Send

LOCATION = LocationName("kmsctl-local", "us-east1")
RING = KeyRingName(LOCATION, "ring")
KEY = CryptoKeyName(RING, "db")
PROJECT = ProjectName("kmsctl-local")
ENCRYPTER = "roles/cloudkms.cryptoKeyEncrypter"
ANN = Context("ann@example.com")


def open_kms(home: Path) -> Kms:
    return Kms(str(home / "data"), str(home / "config" / "store"))


@pytest.fixture
def kms(tmp_path: Path) -> Kms:
    kms = open_kms(tmp_path)
    kms.create_key_ring(CTX, RING)
    kms.create_crypto_key(CTX, KEY, expected.symmetric())
    return kms


@pytest.mark.parametrize("name", [PROJECT, RING, KEY], ids=["project", "ring", "key"])
def test_of_two_that_read_the_same_policy_one_writes_it(
    tmp_path: Path, kms: Kms, name: ProjectName | KeyRingName | CryptoKeyName
) -> None:
    """A policy that was read, changed and written: whoever comes second is told, and overwrites nothing."""
    turns = 10

    def worker(send: Send) -> None:
        mine = open_kms(tmp_path)
        for turn in range(turns):
            member = f"user:{os.getpid()}-{turn}@example.com"
            aborted = 0
            while True:
                read = mine.get_iam_policy(CTX, name)
                try:
                    mine.set_iam_policy(CTX, name, with_binding(read, ENCRYPTER, member, None), ["bindings"])
                except Aborted:
                    aborted += 1
                    continue
                break
            send([member, aborted])

    kms.close()
    said = [message for messages in run_all([worker] * 2) for message in messages]
    found = kms.get_iam_policy(CTX, name)
    (granted,) = [binding.members for binding in found.bindings if binding.role == ENCRYPTER]
    assert sorted(granted) == sorted(member for member, _ in said)
    assert len(granted) == 2 * turns
    stale = Policy(found.bindings[:1], (), "QUJBQg==")
    with pytest.raises(Aborted):
        kms.set_iam_policy(CTX, name, stale, ["bindings"])
    assert kms.get_iam_policy(CTX, name).etag == found.etag
    assert list(kms.verify_store(CTX)) == []


@pytest.mark.parametrize("name", [PROJECT, RING, KEY], ids=["project", "ring", "key"])
def test_what_is_taken_back_binds_the_next_call_of_another_process(
    tmp_path: Path, kms: Kms, name: ProjectName | KeyRingName | CryptoKeyName
) -> None:
    """The other process is in the middle of its work, with all that it remembers."""
    member = f"user:{ANN.principal}"
    kms.set_iam_policy(
        CTX, name, with_binding(kms.get_iam_policy(CTX, name), ENCRYPTER, member, None), ["bindings"]
    )
    kms.close()
    asked, ask = os.pipe()
    answers, answer = os.pipe()

    def worker(send: Send) -> None:
        mine = open_kms(tmp_path)
        while os.read(asked, 1) == b"?":
            try:
                mine.encrypt(ANN, EncryptRequest(KEY, b"text"))
            except PermissionDenied:
                os.write(answer, b"n")
            else:
                os.write(answer, b"y")
        send("well")

    child = Child(worker)

    def may() -> bool:
        os.write(ask, b"?")
        return os.read(answers, 1) == b"y"

    for _ in range(3):
        assert may()
        without = without_binding(kms.get_iam_policy(CTX, name), ENCRYPTER, member, None)
        assert without is not None
        kms.set_iam_policy(CTX, name, without, ["bindings"])
        assert not may()
        again = with_binding(kms.get_iam_policy(CTX, name), ENCRYPTER, member, None)
        kms.set_iam_policy(CTX, name, again, ["bindings"])
    assert may()
    os.write(ask, b".")
    assert child.finish() == ["well"]
    for descriptor in (asked, ask, answers, answer):
        os.close(descriptor)
