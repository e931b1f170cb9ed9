"""A service over a store of its own, with a clock that is set by hand and randomness that is recorded."""

from __future__ import annotations

import os
import shutil
import sqlite3
from typing import TYPE_CHECKING, Any

from kmsctl.model.names import CryptoKeyName, CryptoKeyVersionName, KeyRingName, LocationName
from kmsctl.model.requests import DecryptRequest, EncryptRequest
from kmsctl.model.resources import CryptoKeySpec
from kmsctl.service.context import Context
from kmsctl.service.kms import Kms
from kmsctl.store.probes import no_probe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kmsctl.service.reports import Finding, MaintenanceReport
    from kmsctl.store.database import Database
    from kmsctl.store.probes import Probe

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = 1_893_456_000 * SECOND  # 2030-01-01T00:00:00Z

OWNER = Context("owner@example.com", request_id="r-1")
STRANGER = Context("stranger@example.com")
PROJECT = "acme"
PLACE = "us-east1"
RING = KeyRingName(LocationName(PROJECT, PLACE), "ring")
KEY = CryptoKeyName(RING, "key")

SYMMETRIC = ("ENCRYPT_DECRYPT", "GOOGLE_SYMMETRIC_ENCRYPTION")
P256 = ("ASYMMETRIC_SIGN", "EC_SIGN_P256_SHA256")


def spec(kind: tuple[str, str] = SYMMETRIC, **more: Any) -> CryptoKeySpec:
    return CryptoKeySpec(purpose=kind[0], algorithm=kind[1], **more)


def acts(*each: Callable[[], object]) -> tuple[Callable[[], object], ...]:
    """Returns what is to be tried, one after the other."""
    return each


class Clock:
    def __init__(self, now: int = START) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


class Randomness:
    """Real random bytes that are remembered."""

    def __init__(self) -> None:
        self.drawn: list[bytes] = []

    def __call__(self, size: int) -> bytes:
        self.drawn.append(os.urandom(size))
        return self.drawn[-1]


class World:
    """A store in `path`, and one `Kms` over it at a time."""

    def __init__(self, path: Path, *, clock: Clock | None = None, probe: Probe = no_probe) -> None:
        self.path = path
        self.clock = clock or Clock()
        self.random: Callable[[int], bytes] = Randomness()
        self.probe = probe
        self.kms = self.another()

    def another(self) -> Kms:
        """Returns another service over the same store, as another process would have it."""
        return Kms(
            str(self.path / "data"),
            str(self.path / "config" / "keys"),
            clock=self.clock,
            random=self.random,
            probe=self.probe,
        )

    def reopen(self) -> None:
        self.kms.close()
        self.kms = self.another()

    def copy(self, path: Path) -> World:
        """Returns a copy of the store, as it is on the disk, with a clock of its own."""
        self.kms.close()
        shutil.copytree(self.path, path, copy_function=shutil.copy2)
        return World(path, clock=Clock(self.clock.now))

    def database_path(self, name: str = PLACE) -> Path:
        data = self.path / "data"
        return data / "control.db" if name == "control" else data / "locations" / f"{name}.db"

    def files_of(self, name: str = PLACE) -> list[Path]:
        path = self.database_path(name)
        return [path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm")]

    def database(self, name: str = PLACE) -> Database:
        found = self.kms.open_store().find(name)
        assert found is not None
        return found

    def sql(self, *statements: str, name: str = PLACE, parameters: tuple[Any, ...] = ()) -> list[Any]:
        """Runs SQL on a database as somebody without its keys can. Returns the rows of the last."""
        connection = sqlite3.connect(self.database_path(name), isolation_level=None)
        try:
            rows: list[Any] = []
            for statement in statements:
                rows = connection.execute(statement, parameters).fetchall()
            return rows
        finally:
            connection.close()

    # What most tests do

    def make_key(self, key: CryptoKeyName = KEY, **more: Any) -> CryptoKeyName:
        if not any(ring.name == key.parent for ring in self.kms.list_key_rings(OWNER, key.parent.parent)):
            self.kms.create_key_ring(OWNER, key.parent)
        self.kms.create_crypto_key(OWNER, key, spec(**more))
        return key

    def encrypt(
        self, name: CryptoKeyName | CryptoKeyVersionName = KEY, text: bytes = b"text", aad: bytes = b""
    ) -> bytes:
        return self.kms.encrypt(OWNER, EncryptRequest(name, text, aad=aad)).ciphertext

    def decrypt(self, ciphertext: bytes, key: CryptoKeyName = KEY, aad: bytes = b"") -> bytes:
        return self.kms.decrypt(OWNER, DecryptRequest(key, ciphertext, aad=aad)).plaintext

    def state(self, number: int = 1, key: CryptoKeyName = KEY) -> str:
        return self.kms.get_crypto_key_version(OWNER, key.version(number)).state

    def verify(self) -> list[Finding]:
        return list(self.kms.verify_store(OWNER))

    def kinds(self) -> set[str]:
        """Returns the kinds of what `store verify` finds."""
        return {finding.kind for finding in self.verify()}

    def maintain(self, *, confirm: bool | None = None) -> MaintenanceReport:
        """Maintains the store; without `confirm` a question is a mistake."""

        def answer(question: str) -> bool:
            assert confirm is not None, question
            return confirm

        return self.kms.maintain_store(OWNER, confirm_clock=answer)

    def records(self, name: str = PLACE) -> list[Any]:
        """Returns the audit records, parsed."""
        import json

        found = self.sql("SELECT record FROM audit ORDER BY sequence", name=name)
        return [json.loads(record) for (record,) in found]

    def generation(self, name: str = PLACE) -> int:
        with self.database(name).read() as snapshot:
            return snapshot.head.generation
