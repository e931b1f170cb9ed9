"""Backups and restores by real processes: killed at each step, on full disks, while others work."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kmsctl.errors import KmsError, StoreFull
from kmsctl.model.names import CryptoKeyName
from kmsctl.model.requests import DecryptRequest, EncryptRequest
from kmsctl.service.restores import RestoreRequest
from kmsctl.service.unlocking import Container, Unlock
from tests.process import expected
from tests.process.expected import CTX
from tests.process.forked import Child, Dying, limit_files, run_all
from tests.process.test_process_steps import RING, START, open_kms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kmsctl.service.kms import Kms
    from tests.process.expected import Operation
    from tests.process.forked import Send

KEY = CryptoKeyName(RING, "db")
WHY = RestoreRequest("a drill")


def back_up(kms: Kms, path: Path) -> None:
    with path.open("wb") as file:
        kms.create_backup(CTX, file.write)


def restore(kms: Kms, path: Path) -> None:
    container = Container(io.BytesIO(path.read_bytes()).read, str(path))
    kms.restore_backup(CTX, container, WHY, Unlock(), confirm=lambda _: True)


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a store in ``home``, a backup, and a snapshot; the key's version 1 was enabled in both."""
    directory = tmp_path_factory.mktemp("used")
    kms = open_kms(directory / "home", START)
    past: list[Operation] = [{"do": "ring"}, {"do": "key", "key": "db", "labels": {}, "schedule": None}]
    for operation in past:
        expected.carry_out(kms, RING, operation)
    back_up(kms, directory / "backup")
    kms.create_snapshot(CTX)
    kms.update_crypto_key_version(CTX, KEY.version(1), "DISABLED")
    kms.close()
    return directory


def deaths(used: Path, copy: Path, work: Callable[[Kms], None]) -> Iterator[list[str]]:
    """Yields the steps up to which `work` came on a copy of the store, in `copy`, before it was killed."""
    for last in range(100):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(used / "home", copy)

        def dying(send: Send, last: int = last) -> None:
            work(open_kms(copy, START, Dying(last, send)))

        child = Child(dying)
        steps = child.finish()
        if not child.killed:
            assert last >= 3
            return
        yield steps
    pytest.fail("work without an end")


def check(home: Path, *, restored: bool) -> None:
    """Checks that a store holds one state whole, and works, without any repair."""
    kms = open_kms(home, START)
    assert kms.get_crypto_key_version(CTX, KEY.version(1)).state == ("ENABLED" if restored else "DISABLED")
    kms.create_crypto_key_version(CTX, KEY)
    kms.maintain_store(CTX, confirm_clock=lambda _: False)
    assert [finding.message for finding in kms.verify_store(CTX)] == []
    kms.close()
    left = [path.name for path in home.rglob("*") if ".work-" in path.name or ".restored" in path.name]
    assert left == []


@pytest.mark.parametrize("source", ["backup", "snapshot"])
def test_a_restore_that_dies_at_any_step_is_done_or_not_begun(
    used: Path, tmp_path: Path, source: str
) -> None:
    def work(kms: Kms) -> None:
        if source == "backup":
            restore(kms, used / "backup")
        else:
            newest = kms.list_snapshots(CTX)[-1].id
            kms.restore_snapshot(CTX, newest, WHY, confirm=lambda _: True)

    replaced = 2 if source == "backup" else 1  # control comes first; the snapshot has it as it is
    done = []
    seen = set()
    for steps in deaths(used, tmp_path / "copy", work):
        done.append(steps.count("anchor.slot") >= replaced)
        seen.update(steps)
        check(tmp_path / "copy", restored=done[-1])
    assert True in done
    assert False in done
    assert seen >= {"restore.prepared", "restore.anchored", "restore.replaced"}


def test_a_backup_or_snapshot_that_dies_at_any_step_harms_nothing(used: Path, tmp_path: Path) -> None:
    def work(kms: Kms) -> None:
        back_up(kms, tmp_path / "backup")
        kms.create_snapshot(CTX)

    seen = set()
    for steps in deaths(used, tmp_path / "copy", work):
        seen.update(steps)
        check(tmp_path / "copy", restored=False)
    assert seen >= {"copy.made", "snapshot.written", "snapshot.renamed"}


def test_an_import_that_dies_at_any_step_is_there_whole_or_not_at_all(used: Path, tmp_path: Path) -> None:
    from kmsctl.model.names import KeyRingName

    ring = KeyRingName(RING.parent, "moved")
    other = open_kms(tmp_path / "other", START)
    other.create_key_ring(CTX, ring)
    other.create_crypto_key(CTX, CryptoKeyName(ring, "key"), expected.symmetric())
    kms = open_kms(used / "home", START)
    pieces: list[bytes] = []
    other.export_key_ring(CTX, ring, kms.get_store_public_key(CTX), pieces.append)
    kms.close()

    def work(kms: Kms) -> None:
        kms.import_key_ring(CTX, Container(io.BytesIO(b"".join(pieces)).read, "the export"))

    found = []
    for steps in deaths(used, tmp_path / "copy", work):
        kms = open_kms(tmp_path / "copy", START)
        found.append([each.name for each in kms.list_key_rings(CTX, ring.parent)])
        assert (ring in found[-1]) == ("transaction.committed" in steps)
        if ring in found[-1]:
            assert len(list(kms.list_crypto_key_versions(CTX, CryptoKeyName(ring, "key")))) == 1
        kms.close()
        check(tmp_path / "copy", restored=False)
    assert [RING] in found
    assert any(ring in each for each in found)


def test_others_go_on_while_it_is_restored(used: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(used / "home", home)
    kms = open_kms(home, START)
    kms.update_crypto_key_version(CTX, KEY.version(1), "ENABLED")
    back_up(kms, tmp_path / "backup")
    sealed = kms.encrypt(CTX, EncryptRequest(KEY, b"text")).ciphertext
    kms.close()

    def writing(send: Send) -> None:
        own = open_kms(home, START)
        for number in range(40):
            own.update_crypto_key(CTX, KEY, {"labels": {"n": str(number)}})
        send("done")

    def reading(send: Send) -> None:
        own = open_kms(home, START)
        for _ in range(120):
            assert own.decrypt(CTX, DecryptRequest(KEY, sealed)).plaintext == b"text"
        send("done")

    def restoring(send: Send) -> None:
        for _ in range(6):
            own = open_kms(home, START)
            restore(own, tmp_path / "backup")
            back_up(own, tmp_path / "another")
            own.close()
        send("done")

    assert run_all([writing, reading, restoring, reading, writing]) == [["done"]] * 5
    kms = open_kms(home, START)
    assert [finding.message for finding in kms.verify_store(CTX)] == []


@pytest.mark.parametrize("size", [0, 1000, 4096, 20_000, 60_000, 100_000, 130_000, 400_000])
def test_a_full_disk_leaves_the_store_as_it_was(used: Path, tmp_path: Path, size: int) -> None:
    home = tmp_path / "home"
    shutil.copytree(used / "home", home)

    def limited(send: Send) -> None:
        limit_files(size)
        kms = open_kms(home, START)
        for act in (lambda: restore(kms, used / "backup"), lambda: kms.create_snapshot(CTX)):
            try:
                act()
                send("done")
            except StoreFull as error:
                send(error.status)

    restored, _ = Child(limited).finish()
    kms = open_kms(home, START)
    for database in ("control", "us-east1"):
        assert kms.find_store().find(database) is not None  # type: ignore[union-attr]
    kms.maintain_store(CTX, confirm_clock=lambda _: False)
    assert [finding.message for finding in kms.verify_store(CTX)] == []
    state = kms.get_crypto_key_version(CTX, KEY.version(1)).state
    assert state == ("ENABLED" if restored == "done" else "DISABLED")
    assert restored == ("done" if size >= 400_000 else "RESOURCE_EXHAUSTED")


def test_a_full_disk_leaves_no_half_a_backup(used: Path, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    target.write_bytes(b"the backup of yesterday")
    command = [sys.executable, "-m", "kmsctl", "store", "backup", "create", str(target)]
    environment = {
        **os.environ,
        "KMSCTL_HOME": str(used / "home"),
        "KMSCTL_CORE_ACCOUNT": CTX.principal,
        "PYTHONDONTWRITEBYTECODE": "1",  # see `limit_files`
    }
    done = subprocess.run(
        command,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: limit_files(2000),
    )
    assert done.returncode == 1
    assert "RESOURCE_EXHAUSTED" in done.stderr or "File too large" in done.stderr
    assert target.read_bytes() == b"the backup of yesterday"
    assert [path.name for path in tmp_path.iterdir()] == ["backup"]


def test_what_went_wrong_is_an_error_of_the_store(used: Path, tmp_path: Path) -> None:
    kms = open_kms(used / "home", START)
    with pytest.raises(KmsError):
        kms.list_backups(CTX, str(tmp_path / "nowhere"), Unlock())
    kms.close()
