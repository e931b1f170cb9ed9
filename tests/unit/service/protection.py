"""What tests of protectors and rotation share: answers to questions, cheap passphrases, wishes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kmsctl.keystore import stretching
from tests.unit.service.world import OWNER, World

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pytest

    from kmsctl.keystore.enrolment import Enrolled
    from kmsctl.service.kms import Kms

PASSPHRASE = b"correct horse battery"


class Answers:
    """Answers each question with the next of some passphrases, the last one again and again."""

    def __init__(
        self, *passphrases: bytes, shares: Sequence[bytes] = (), brought: Sequence[str] = ()
    ) -> None:
        self.passphrases = list(passphrases)
        self.asked: list[str] = []
        self._shares = shares
        self._brought = brought

    def passphrase(self, question: str) -> bytes | None:
        self.asked.append(question)
        if len(self.passphrases) > 1:
            return self.passphrases.pop(0)
        return self.passphrases[0] if self.passphrases else None

    new_passphrase = passphrase

    def token(self) -> None:
        pass

    def shares(self) -> Sequence[bytes]:
        return self._shares

    def brought(self) -> Sequence[str]:
        return self._brought


class Wanted:
    """What a new protector is to be like."""

    def __init__(
        self, command: Sequence[str] = (), *, timeout: int = 20, shares: int = 0, threshold: int = 0
    ) -> None:
        self.command = command
        self.command_timeout = timeout
        self.shares = shares
        self.threshold = threshold


def make_cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes passphrases cost next to nothing, as far as the bounds allow it."""
    monkeypatch.setattr(stretching, "COST", {"iterations": 1, "lanes": 1, "memoryKib": 1 << 13})


def secrets_of(world: World) -> Path:
    return world.path / "config" / "keys"


def add_passphrase(world: World, passphrase: bytes = PASSPHRASE) -> Enrolled:
    return world.kms.add_protector(OWNER, "passphrase", Wanted(), Answers(passphrase), nothing)


def add_command(world: World, script: str, *, timeout: int = 20) -> Enrolled:
    wanted = Wanted(["sh", "-c", script], timeout=timeout)
    return world.kms.add_protector(OWNER, "command", wanted, Answers(), nothing)


def opened_by(world: World, answers: Answers | None = None) -> Kms:
    """Returns another service over the same store, which asks `answers`."""
    kms = world.another()
    kms._ask = None if answers is None else lambda: answers
    return kms


def remove(world: World, number: int) -> str | None:
    return world.kms.remove_protector(OWNER, number, nothing)[1]


def nothing(what: object) -> None:
    """Does nothing."""
