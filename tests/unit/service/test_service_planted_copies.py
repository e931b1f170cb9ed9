"""No backup, snapshot, export or file of a restore holds key bytes; what is destroyed is in none of the store's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kmsctl.crypto import recipients
from kmsctl.model.names import CryptoKeyName
from kmsctl.service.restores import RestoreRequest
from tests.unit.service.backups import back_up, restore, tombstones, yes
from tests.unit.service.test_service_planted_bytes import files, watch_over
from tests.unit.service.world import DAY, HOUR, KEY, OWNER, P256, RING, World, spec

if TYPE_CHECKING:
    from pathlib import Path


def test_no_key_bytes_are_in_any_copy_at_any_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world, watch = watch_over(tmp_path / "store", monkeypatch)
    world.make_key(destroy_scheduled_duration=DAY)
    world.kms.create_crypto_key(OWNER, CryptoKeyName(RING, "sign"), spec(P256))

    def seal(key: bytes, binding: bytes) -> dict[str, object]:
        return recipients.seal_for_passphrase(b"a passphrase that nobody knows", key, binding, bytes)

    # All that is written goes into the directory that is watched.
    (world.path / "plain").write_bytes(back_up(world))
    (world.path / "full").write_bytes(back_up(world, seal_root_key=seal))
    (world.path / "tombstones").write_bytes(tombstones(world))
    pieces: list[bytes] = []
    world.kms.export_key_ring(OWNER, RING, world.kms.get_store_public_key(OWNER), pieces.append)
    (world.path / "rings").write_bytes(b"".join(pieces))
    world.kms.create_snapshot(OWNER)
    watch.secrets.add(b"a passphrase that nobody knows")
    watch.scan()
    world.kms.create_crypto_key_version(OWNER, KEY)
    world.kms.destroy_crypto_key_version(OWNER, KEY.version(1))
    world.clock.now += DAY + HOUR
    assert world.state() == "DESTROYED"
    restore(world, (world.path / "full").read_bytes())
    assert world.state() == "DESTROYED"
    world.kms.restore_snapshot(
        OWNER, world.kms.list_snapshots(OWNER)[-1].id, RestoreRequest("a drill"), confirm=yes
    )
    watch.scan()
    assert watch.scans > 60
    assert len(watch.secrets) >= 8
    assert world.kinds() == set()


def test_what_stays_destroyed_is_in_no_file_after_a_restore(tmp_path: Path) -> None:
    world = World(tmp_path / "store")
    world.make_key(destroy_scheduled_duration=DAY)
    for _ in range(30):
        world.kms.create_crypto_key_version(OWNER, KEY)
    data = back_up(world)
    wrapped = [
        bytes(blob) for (blob,) in world.sql("SELECT material FROM crypto_key_versions ORDER BY number")
    ]
    for number in range(1, 32, 2):
        world.kms.destroy_crypto_key_version(OWNER, KEY.version(number))
    world.clock.now += DAY + HOUR
    world.maintain()
    report = restore(world, data)
    assert report is not None
    assert len(report.buried) == 16
    world.kms.close()
    content = b"".join(files(world.path / "data").values())
    for number, blob in enumerate(wrapped, 1):
        pieces = [blob[start : start + 12] in content for start in range(4, len(blob) - 12, 4)]
        assert any(pieces) == (number % 2 == 0)
