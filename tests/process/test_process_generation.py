"""Key pairs that take long to make: what becomes of one whose process dies, and of one that lives."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from kmsctl.errors import FailedPrecondition
from kmsctl.model.algorithms import by_enum
from kmsctl.model.names import CryptoKeyName, KeyRingName, LocationName
from kmsctl.model.resources import CryptoKeySpec
from kmsctl.service import generation
from kmsctl.service.backends import backend
from kmsctl.service.kms import Kms
from tests.process import expected
from tests.process.expected import CTX
from tests.process.forked import Child

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kmsctl.crypto.backend import KeyMaterial
    from kmsctl.model.algorithms import Algorithm
    from tests.process.forked import Send

RING = KeyRingName(LocationName("kmsctl-local", "us-east1"), "ring")
KEY = CryptoKeyName(RING, "signer")
VERSION = KEY.version(1)
SLOW = "RSA_SIGN_PSS_4096_SHA512"


def quiet(step: str) -> None:
    """Goes on."""


def open_kms(home: Path, probe: Callable[[str], None] = quiet) -> Kms:
    return Kms(str(home / "data"), str(home / "config" / "store"), probe=probe)


def spec() -> CryptoKeySpec:
    return CryptoKeySpec(purpose="ASYMMETRIC_SIGN", algorithm=SLOW)


def findings(kms: Kms) -> list[str]:
    return [f"{each.kind} {each.resource}: {each.message}" for each in kms.verify_store(CTX)]


def pending_files(home: Path) -> list[str]:
    pending = home / "data" / "pending"
    return [path.name for path in pending.iterdir()] if pending.is_dir() else []


class QuickBackend:
    """The software backend, but what it would take long to make was made before."""

    def __init__(self, ready: Callable[[], None]) -> None:
        self._ready = ready
        self._real = backend(Kms("", ""), 1)

    def unavailable_reason(self, algorithm: Algorithm) -> str | None:
        return self._real.unavailable_reason(algorithm)

    def generate(self, algorithm: Algorithm) -> KeyMaterial:
        self._ready()
        assert algorithm.enum == SLOW
        return self._real.generate(by_enum("EC_SIGN_P256_SHA256"))


def use_quick_backend(ready: Callable[[], None]) -> None:
    quick: Any = QuickBackend(ready)
    generation.backend = lambda *_: quick  # type: ignore[attr-defined]  # in a child only


@pytest.fixture
def home(tmp_path: Path) -> Path:
    kms = open_kms(tmp_path)
    kms.create_key_ring(CTX, RING)
    kms.close()
    return tmp_path


def test_a_version_whose_process_died_while_making_it_is_given_up(home: Path) -> None:
    def dies(send: Send) -> None:
        # From when the version is waiting for its material on, it has a twentieth of a second: the
        # alarm's default is to end the process, and no 4096-bit key is made in that time.
        def probe(step: str) -> None:
            if step == "anchor.raised":
                signal.setitimer(signal.ITIMER_REAL, 0.05)

        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        open_kms(home, probe).create_crypto_key(CTX, KEY, spec())
        send("made")

    child = Child(dies)
    assert child.finish() == []
    assert child.killed
    kms = open_kms(home)
    (listed,) = kms.list_crypto_key_versions(CTX, KEY)
    assert listed.state in ("PENDING_GENERATION", "GENERATION_FAILED")
    assert len(pending_files(home)) == 1
    assert kms.get_crypto_key_version(CTX, VERSION).state == "GENERATION_FAILED"
    (listed,) = kms.list_crypto_key_versions(CTX, KEY)
    assert listed.state == "GENERATION_FAILED"
    assert pending_files(home) == []
    assert findings(kms) == []
    with pytest.raises(FailedPrecondition, match="GENERATION_FAILED"):
        kms.destroy_crypto_key_version(CTX, VERSION)


def test_a_version_in_the_making_is_left_alone_by_everybody_else(home: Path) -> None:
    begun, release = os.pipe(), os.pipe()

    def works(send: Send) -> None:
        def wait() -> None:
            os.write(begun[1], b"!")
            os.read(release[0], 1)

        use_quick_backend(wait)
        open_kms(home).create_crypto_key(CTX, KEY, spec())
        send("made")

    child = Child(works)
    os.read(begun[0], 1)
    kms = open_kms(home)
    assert kms.get_crypto_key_version(CTX, VERSION).state == "PENDING_GENERATION"
    kms.maintain_store(CTX, confirm_clock=lambda _: False)
    assert kms.get_crypto_key_version(CTX, VERSION).state == "PENDING_GENERATION"
    assert findings(kms) == []
    os.write(release[1], b"!")
    assert child.finish() == ["made"]
    assert kms.get_crypto_key_version(CTX, VERSION).state == "ENABLED"
    assert pending_files(home) == []
    assert findings(kms) == []
    for descriptor in (*begun, *release):
        os.close(descriptor)


def test_making_a_key_pair_can_die_at_each_step(home: Path) -> None:
    """One key after the other in one store, each dying one step later."""
    states = []
    for last in range(100):
        key = CryptoKeyName(RING, f"k{last}")

        def works(send: Send, key: CryptoKeyName = key, last: int = last) -> None:
            left = [last]

            def probe(step: str) -> None:
                if not left[0]:
                    os.kill(os.getpid(), signal.SIGKILL)
                left[0] -= 1

            use_quick_backend(lambda: None)
            open_kms(home, probe).create_crypto_key(CTX, key, spec())
            send("made")

        child = Child(works)
        said = child.finish()
        kms = open_kms(home)
        there = [each.name for each in kms.list_crypto_keys(CTX, RING)]
        if key in there:
            states.append(kms.get_crypto_key_version(CTX, key.version(1)).state)
        else:
            states.append("absent")
        assert findings(kms) == []
        kms.maintain_store(CTX, confirm_clock=lambda _: False)
        assert pending_files(home) == []
        kms.close()
        if said == ["made"]:
            break
        assert child.killed
    order = ["absent", "GENERATION_FAILED", "ENABLED"]
    assert states == sorted(states, key=order.index)
    assert set(states) == set(order)


def test_a_symmetric_key_is_made_in_one_step(home: Path) -> None:
    open_kms(home).create_crypto_key(CTX, CryptoKeyName(RING, "db"), expected.symmetric())
    assert not (home / "data" / "pending").exists()
