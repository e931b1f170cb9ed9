from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from kmsctl.errors import StoreAccess
from kmsctl.store import leases
from kmsctl.store.leases import Lease, held, remove_abandoned

if TYPE_CHECKING:
    from pathlib import Path

UID = bytes(range(16))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    directory = tmp_path / "data"
    directory.mkdir(mode=0o700)
    return directory


def lease_file(data: Path, uid: bytes = UID) -> Path:
    return data / "pending" / uid.hex()


def test_a_lease_is_held_for_as_long_as_it_is_open(data: Path) -> None:
    assert not held(str(data), UID)
    with Lease(str(data), UID):
        assert held(str(data), UID)
        assert not held(str(data), bytes(16))
        assert lease_file(data).exists()
    assert not held(str(data), UID)
    assert not lease_file(data).exists()


@pytest.mark.parametrize("mask", [0o000, 0o777])
def test_its_file_is_private_whatever_the_umask(data: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        with Lease(str(data), UID):
            assert stat.S_IMODE(lease_file(data).stat().st_mode) == 0o600
            assert stat.S_IMODE((data / "pending").stat().st_mode) == 0o700
            assert held(str(data), UID)
    finally:
        os.umask(before)


def test_what_a_dead_process_left_is_not_held_and_goes(data: Path) -> None:
    child = os.fork()
    if child == 0:
        Lease(str(data), UID).__enter__()
        os._exit(0)
    os.waitpid(child, 0)
    assert lease_file(data).exists()
    assert not held(str(data), UID)
    assert not lease_file(data).exists()


def test_an_id_is_leased_once(data: Path) -> None:
    with Lease(str(data), UID), pytest.raises(StoreAccess, match="Could not create"), Lease(str(data), UID):
        pytest.fail("twice")


def test_a_lease_that_somebody_cleared_away_ends_all_the_same(data: Path) -> None:
    with Lease(str(data), UID):
        lease_file(data).unlink()


def test_two_who_clear_away_the_same_lease_do_not_trip(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (data / "pending").mkdir(mode=0o700)
    lease_file(data).write_bytes(b"")
    unlink = os.unlink

    def faster(path: str) -> None:
        unlink(path)
        unlink(path)

    monkeypatch.setattr(os, "unlink", faster)
    assert not held(str(data), UID)


def test_a_link_is_no_lease(data: Path) -> None:
    (data / "pending").mkdir(mode=0o700)
    lease_file(data).symlink_to(data / "target")
    with pytest.raises(StoreAccess):
        held(str(data), UID)
    with pytest.raises(StoreAccess):
        Lease(str(data), UID).__enter__()
    assert not (data / "target").exists()


def test_a_lock_that_fails_is_the_stores_error(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing:
        LOCK_EX = LOCK_NB = 0

        @staticmethod
        def flock(descriptor: int, how: int) -> None:
            raise OSError(37, "No locks available")

    (data / "pending").mkdir(mode=0o700)
    lease_file(data).write_bytes(b"")
    opened = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
    monkeypatch.setattr(leases, "fcntl", Failing)
    with pytest.raises(StoreAccess, match="No locks available"):
        held(str(data), UID)
    with pytest.raises(StoreAccess, match="No locks available"):
        Lease(str(data), bytes(16)).__enter__()
    if opened:
        assert len(os.listdir("/proc/self/fd")) == opened


def test_only_leases_of_the_dead_are_cleared_away(data: Path) -> None:
    remove_abandoned(str(data))
    with Lease(str(data), UID):
        lease_file(data, bytes(16)).write_bytes(b"")
        (data / "pending" / "notes").write_bytes(b"")
        remove_abandoned(str(data))
        assert sorted(entry.name for entry in (data / "pending").iterdir()) == [UID.hex(), "notes"]


def test_what_a_dead_process_left_is_claimed_by_one(data: Path) -> None:
    child = os.fork()
    if child == 0:
        Lease(str(data), UID).__enter__()
        os._exit(0)
    os.waitpid(child, 0)
    first = leases.claim(str(data), UID)
    assert first is not None
    with first:
        assert held(str(data), UID)
        assert leases.claim(str(data), UID) is None
    assert not held(str(data), UID)
    assert not lease_file(data).exists()


def test_a_lease_that_is_held_cannot_be_claimed(data: Path) -> None:
    with Lease(str(data), UID):
        assert leases.claim(str(data), UID) is None


def test_many_who_claim_at_once_are_one_at_a_time(data: Path) -> None:
    mark = data / "mark"

    def claims(turns: int) -> None:
        for _ in range(turns):
            claimed = leases.claim(str(data), UID)
            if claimed is not None:
                with claimed:
                    os.close(os.open(mark, os.O_CREAT | os.O_EXCL))  # fails where another one is inside
                    mark.unlink()

    children = []
    for _ in range(4):
        child = os.fork()
        if child == 0:
            try:
                claims(100)
                os._exit(0)
            finally:
                os._exit(1)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0, 0]
