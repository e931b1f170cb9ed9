"""Import jobs and imports whose process dies: what is left is whole, and the name of a job is free again."""

from __future__ import annotations

import os
import signal
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from kmsctl.crypto.import_wrapping import wrap
from kmsctl.errors import AlreadyExists
from kmsctl.model import import_methods
from kmsctl.model.import_requests import ImportCryptoKeyVersionRequest
from kmsctl.model.names import CryptoKeyName, ImportJobName, KeyRingName, LocationName
from kmsctl.model.requests import DecryptRequest, EncryptRequest
from kmsctl.model.resources import CryptoKeySpec
from kmsctl.model.times import DAY, now_us
from kmsctl.service import generation
from kmsctl.service.kms import Kms
from tests.process.expected import CTX
from tests.process.forked import Child

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.process.forked import Send

RING = KeyRingName(LocationName("kmsctl-local", "us-east1"), "ring")
KEY = CryptoKeyName(RING, "key")
JOB = ImportJobName(RING, "job")
QUICK = "HPKE_KEM_ML_KEM_768_HKDF_SHA256_AES_256_GCM"


def quiet(step: str) -> None:
    """Goes on."""


def open_kms(home: Path, probe: Callable[[str], None] = quiet) -> Kms:
    return Kms(str(home / "data"), str(home / "config" / "store"), probe=probe)


def findings(kms: Kms) -> list[str]:
    return [f"{each.kind} {each.resource}: {each.message}" for each in kms.verify_store(CTX)]


def pending_files(home: Path) -> list[str]:
    pending = home / "data" / "pending"
    return [path.name for path in pending.iterdir()] if pending.is_dir() else []


def dying_after(steps: int) -> Callable[[str], None]:
    """Returns a probe that ends the process at the step after that many."""
    left = [steps]

    def probe(step: str) -> None:
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1

    return probe


@pytest.fixture
def home(tmp_path: Path) -> Path:
    kms = open_kms(tmp_path)
    kms.create_key_ring(CTX, RING)
    spec = CryptoKeySpec(
        purpose="ENCRYPT_DECRYPT",
        algorithm="GOOGLE_SYMMETRIC_ENCRYPTION",
        import_only=True,
        destroy_scheduled_duration=0,
    )
    kms.create_crypto_key(CTX, KEY, spec, skip_initial_version_creation=True)
    kms.close()
    return tmp_path


def test_a_job_whose_process_died_while_making_its_key_pair_is_taken_back(home: Path) -> None:
    def dies(send: Send) -> None:
        def killed(*_: object) -> None:
            os.kill(os.getpid(), signal.SIGKILL)

        generation.make_interruptibly = killed  # type: ignore[assignment]  # in a child only
        open_kms(home).create_import_job(CTX, JOB, QUICK)
        send("made")

    child = Child(dies)
    assert child.finish() == []
    assert child.killed
    kms = open_kms(home)
    [listed] = kms.list_import_jobs(CTX, RING)
    assert (listed.state, listed.public_key) == ("PENDING_GENERATION", None)
    assert findings(kms) == []
    assert len(pending_files(home)) == 1
    assert kms.create_import_job(CTX, JOB, QUICK).state == "ACTIVE"
    assert pending_files(home) == []
    assert findings(kms) == []


def test_a_job_in_the_making_is_left_alone_by_everybody_else(home: Path) -> None:
    begun, release = os.pipe(), os.pipe()

    def works(send: Send) -> None:
        make = generation.make_interruptibly

        def wait(*arguments: object) -> object:
            os.write(begun[1], b"!")
            os.read(release[0], 1)
            return make(*arguments)  # type: ignore[arg-type]

        generation.make_interruptibly = wait  # type: ignore[assignment]  # in a child only
        send(open_kms(home).create_import_job(CTX, JOB, QUICK).state)

    child = Child(works)
    os.read(begun[0], 1)
    kms = open_kms(home)
    assert kms.get_import_job(CTX, JOB).state == "PENDING_GENERATION"
    with pytest.raises(AlreadyExists):
        kms.create_import_job(CTX, JOB, QUICK)
    assert kms.maintain_store(CTX, confirm_clock=lambda _: False).failed == []
    os.write(release[1], b"!")
    assert child.finish() == ["ACTIVE"]
    assert kms.get_import_job(CTX, JOB).state == "ACTIVE"
    for descriptor in (*begun, *release):
        os.close(descriptor)


def test_making_a_job_can_die_at_each_step(home: Path) -> None:
    """One job after the other in one store, each dying one step later."""
    states = []
    for last in range(100):
        name = ImportJobName(RING, f"j{last}")

        def works(send: Send, name: ImportJobName = name, last: int = last) -> None:
            open_kms(home, dying_after(last)).create_import_job(CTX, name, QUICK)
            send("made")

        said = Child(works).finish()
        kms = open_kms(home)
        assert findings(kms) == []
        kms.maintain_store(CTX, confirm_clock=lambda _: False)
        states.append({job.name: job.state for job in kms.list_import_jobs(CTX, RING)}.get(name, "absent"))
        assert pending_files(home) == []
        assert findings(kms) == []
        kms.close()
        if said == ["made"]:
            break
    assert set(states) == {"absent", "ACTIVE"}
    assert states == sorted(states, key=["absent", "ACTIVE"].index)


def test_an_import_can_die_at_each_step_and_is_whole_or_not_there(home: Path) -> None:
    kms = open_kms(home)
    job = kms.create_import_job(CTX, JOB, QUICK)
    assert job.public_key is not None
    secret = os.urandom(32)
    blob = wrap(import_methods.by_enum(QUICK), job.public_key.encode(), secret)
    kms.close()
    counts = [0]
    for last in range(100):

        def works(send: Send, last: int = last) -> None:
            request = ImportCryptoKeyVersionRequest(
                KEY, algorithm="GOOGLE_SYMMETRIC_ENCRYPTION", import_job=JOB, wrapped_key=blob
            )
            open_kms(home, dying_after(last)).import_crypto_key_version(CTX, request)
            send("imported")

        said = Child(works).finish()
        kms = open_kms(home)
        found = list(kms.list_crypto_key_versions(CTX, KEY))
        assert {version.state for version in found} <= {"ENABLED"}
        assert findings(kms) == []
        for version in found[counts[-1] :]:
            sealed = kms.encrypt(CTX, EncryptRequest(version.name, b"text")).ciphertext
            assert kms.decrypt(CTX, DecryptRequest(KEY, sealed)).plaintext == b"text"
        counts.append(len(found))
        kms.close()
        if said == ["imported"]:
            break
    added = [after - before for before, after in pairwise(counts)]
    assert added == sorted(added)
    assert set(added) == {0, 1}


def test_an_expiry_can_die_at_each_step_and_the_key_is_gone_in_the_end(home: Path) -> None:
    now = [now_us()]

    def clocked(probe: Callable[[str], None] = quiet) -> Kms:
        return Kms(str(home / "data"), str(home / "config" / "store"), probe=probe, clock=lambda: now[0])

    died = 0
    for last in range(100):
        name = ImportJobName(RING, f"e{last}")
        kms = clocked()
        kms.create_import_job(CTX, name, QUICK)
        kms.close()
        now[0] += 3 * DAY

        def works(send: Send, name: ImportJobName = name, last: int = last) -> None:
            clocked(dying_after(last)).get_import_job(CTX, name)
            send("expired")

        said = Child(works).finish()
        kms = clocked()
        assert kms.get_import_job(CTX, name).state == "EXPIRED"
        kms.maintain_store(CTX, confirm_clock=lambda _: False)
        assert findings(kms) == []
        kms.close()
        if said == ["expired"]:
            break
        died += 1
    assert 5 < died < 99
