"""No file of a store holds key bytes, at any moment; and none holds what was destroyed."""

from __future__ import annotations

import random
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

from kmsctl.crypto.software import SoftwareBackend
from kmsctl.model.names import CryptoKeyName
from tests.unit.service.protection import (
    PASSPHRASE,
    Answers,
    Wanted,
    add_passphrase,
    make_cheap,
    nothing,
    remove,
)
from tests.unit.service.world import DAY, HOUR, OWNER, P256, RING, SYMMETRIC, Randomness, World, spec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kmsctl.crypto.backend import KeyMaterial
    from kmsctl.model.algorithms import Algorithm

MAC = ("MAC", "HMAC_SHA256")
RAW = ("RAW_ENCRYPT_DECRYPT", "AES_128_GCM")


def spellings(secret: bytes) -> Iterator[bytes]:
    """Yields how bytes may stand in a file: as they are, in hexadecimal, in Base64 at any offset."""
    yield secret
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    for offset in range(3):
        text = b64encode(bytes(offset) + secret).decode().rstrip("=")
        # The first characters depend on what is before, the last on what is behind.
        middle = text[4 if offset else 0 : -2].encode()
        yield middle
        yield middle.replace(b"+", b"-").replace(b"/", b"_")


def files(path: Path) -> dict[str, bytes]:
    return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}


class Watch:
    """Scans every file of a store for secrets, at every step that the store reports."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root_key = b""
        self.secrets: set[bytes] = set()
        self.scans = 0
        self.sizes: set[int] = set()

    def __call__(self, step: str) -> None:
        self.scan()

    def scan(self) -> None:
        content = files(self.path)
        needles = [spelling for secret in self.secrets for spelling in spellings(secret)]
        root_key = list(spellings(self.root_key)) if self.root_key else []
        for name, held in content.items():
            assert not any(needle in held for needle in needles), name
            if not name.endswith("root-key"):
                assert not any(needle in held for needle in root_key), name
        self.scans += 1
        self.sizes.add(sum(map(len, content.values())))


class Secrets(Randomness):
    """Randomness whose bytes are all secret, but for nonces, ids and numbers."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def __call__(self, size: int) -> bytes:
        drawn = super().__call__(size)
        if size not in (8, 16, 24):
            if self._watch.root_key:
                self._watch.secrets.add(drawn)
            else:
                self._watch.root_key = drawn
        return drawn


def watch_over(path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[World, Watch]:
    """Returns a new world whose files are watched for all secrets that are drawn or made in it."""
    watch = Watch(path)
    world = World(watch.path, probe=watch)
    world.random = Secrets(watch)
    world.reopen()
    generate = SoftwareBackend.generate

    def recorded(self: SoftwareBackend, algorithm: Algorithm) -> KeyMaterial:
        made = generate(self, algorithm)
        watch.secrets.add(made.secret)
        return made

    monkeypatch.setattr(SoftwareBackend, "generate", recorded)
    return world, watch


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[World, Watch]]:
    world, watch = watch_over(tmp_path / "store", monkeypatch)
    yield world, watch
    world.kms.close()


def test_the_spellings_are_found() -> None:
    secret = bytes(range(200, 232))
    for text in (secret, secret.hex().encode(), secret.hex().upper().encode()):
        assert any(spelling in b"before" + text + b"after" for spelling in spellings(secret))
    for before in (b"", b"x", b"xy", b"xyz"):
        encoded = b64encode(before + secret + b"behind")
        assert any(spelling in encoded for spelling in spellings(secret))
    assert not any(spelling in bytes(range(256)) * 2 for spelling in spellings(b"x" * 32))


def test_no_key_bytes_are_in_any_file_at_any_step(watched: tuple[World, Watch]) -> None:
    world, watch = watched
    world.kms.create_key_ring(OWNER, RING)
    keys = []
    for number, kind in enumerate((SYMMETRIC, P256, MAC, RAW)):
        keys.append(CryptoKeyName(RING, f"k{number}"))
        world.kms.create_crypto_key(OWNER, keys[-1], spec(kind))
        world.kms.create_crypto_key_version(OWNER, keys[-1])
    schedule = {"rotation_period": DAY, "next_rotation_time": world.clock.now + HOUR}
    world.kms.update_crypto_key(OWNER, keys[0], schedule)
    ciphertext = world.encrypt(keys[0], b"plaintext that is nobody's business", b"nor is this")
    watch.secrets |= {b"plaintext that is nobody's business", b"nor is this"}
    world.clock.now += 2 * HOUR
    assert world.decrypt(ciphertext, keys[0], b"nor is this")
    for key in keys:
        world.kms.update_crypto_key_version(OWNER, key.version(1), "DISABLED")
        world.kms.destroy_crypto_key_version(OWNER, key.version(1))
        world.kms.restore_crypto_key_version(OWNER, key.version(1))
        world.kms.destroy_crypto_key_version(OWNER, key.version(2))
    world.reopen()
    world.clock.now += 25 * HOUR
    world.maintain()
    assert world.verify() == []
    watch.scan()
    assert len(watch.secrets) >= 2 + 2 + 8 + 1  # master keys, texts, versions, the rotated one
    assert watch.scans > 100
    assert len(watch.sizes) > 10
    world.kms.close()
    watch.scan()


def test_where_a_passphrase_protects_it_the_root_key_is_in_no_file_at_any_step(
    watched: tuple[World, Watch], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_cheap(monkeypatch)
    world, watch = watched
    watch.secrets |= {PASSPHRASE, b"another passphrase"}
    world.kms.init_store(OWNER, "passphrase", Wanted(), Answers(PASSPHRASE), nothing)
    world.make_key()
    ciphertext = world.encrypt()
    for _ in range(2):
        world.kms.rotate_master_key(OWNER, None)
        world.kms.rotate_root_key(OWNER, Answers(PASSPHRASE))
    add_passphrase(world, b"another passphrase")
    remove(world, 1)
    assert world.decrypt(ciphertext) == b"text"
    assert world.verify() == []
    assert len(watch.secrets) >= 2 + 2 + 4 + 2 + 1  # passphrases, master keys, root keys, a version
    assert watch.scans > 100
    world.kms.close()
    watch.scan()


def test_audit_records_and_errors_show_no_key_bytes(watched: tuple[World, Watch]) -> None:
    world, watch = watched
    world.make_key()
    shown = repr(world.kms) + repr(world.kms.open_store()) + repr(world.kms.open_store().keys)
    shown += repr(world.database()) + "".join(map(repr, world.records() + world.records("control")))
    with world.database().read() as snapshot:
        shown += repr(snapshot) + repr(snapshot.keys) + repr(snapshot.head)
    for secret in (*watch.secrets, watch.root_key):
        assert repr(secret)[2:-1] not in shown
        assert not any(spelling.decode("latin-1") in shown for spelling in spellings(secret))


@pytest.mark.parametrize("seed", range(6))
def test_what_was_destroyed_and_purged_is_in_no_file(tmp_path: Path, seed: int) -> None:
    """Also not where SQLite moved rows between pages: it leaves copies behind in unused space."""
    rng = random.Random(seed)
    steps: list[str] = []
    world = World(tmp_path / "store", probe=steps.append)
    keys = [CryptoKeyName(RING, f"k{number}") for number in range(3)]
    for key in keys:
        world.make_key(key)
    alive = [key.version(1) for key in keys]
    dead: list[bytes] = []

    def blob(version: object) -> bytes:
        number = str(version).rpartition("/")[2]
        key = str(version).split("/")[7]
        sql = (
            "SELECT material FROM crypto_key_versions WHERE number = ? AND key = "
            "(SELECT id FROM crypto_keys WHERE name = ?)"
        )
        ((found,),) = world.sql(sql, parameters=(number, key))
        return bytes(found)

    for _ in range(120):
        world.clock.now += HOUR // 10
        chance = rng.random()
        if chance < 0.6 or len(alive) < 4:
            alive.append(world.kms.create_crypto_key_version(OWNER, rng.choice(keys)).name)
        elif chance < 0.8:
            state = rng.choice(["ENABLED", "DISABLED"])
            world.kms.update_crypto_key_version(OWNER, rng.choice(alive), state)
        else:
            version = alive.pop(rng.randrange(len(alive)))
            dead.append(blob(version))
            world.kms.destroy_crypto_key_version(OWNER, version)
        if rng.random() < 0.05:
            world.clock.now += 20 * HOUR
    world.clock.now += 25 * HOUR
    assert world.maintain().left == []
    content = b"".join(files(world.path / "data").values())
    assert len(dead) > 10
    for wrapped in dead:
        for start in range(4, len(wrapped) - 12, 4):
            assert wrapped[start : start + 12] not in content
    for version in alive:
        assert content.count(blob(version)) >= 1
    assert world.verify() == []
    assert "purge.truncated" in steps
    world.kms.close()


def test_material_that_was_moved_within_the_file_is_purged_by_way_of_a_vacuum(tmp_path: Path) -> None:
    steps: list[str] = []
    world = World(tmp_path / "store", probe=steps.append)
    world.make_key()
    ((wrapped,),) = world.sql("SELECT material FROM crypto_key_versions")
    world.kms.destroy_crypto_key_version(OWNER, CryptoKeyName(RING, "key").version(1))
    # What SQLite leaves when it moves a row: a copy in the unused space of a page.
    world.sql(
        "PRAGMA secure_delete = OFF",
        "CREATE TABLE scratch AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) "
        "SELECT material FROM crypto_key_versions, n",
        "DROP TABLE scratch",
        "PRAGMA wal_checkpoint(TRUNCATE)",
    )
    world.clock.now += DAY
    world.maintain()
    assert "purge.vacuumed" in steps
    assert wrapped not in b"".join(files(world.path / "data").values())
    assert world.verify() == []
    world.kms.close()
