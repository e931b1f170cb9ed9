"""Lock files of modules: where they are, and whom they keep out."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

import pytest

from kmsctl.crypto.pkcs11 import locking

if TYPE_CHECKING:
    from pathlib import Path

_MODULE = "/usr/lib/module.so"


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's directory, which is yet to be made."""
    path = tmp_path / "user"
    monkeypatch.setattr(locking, "_places", lambda: (str(tmp_path / "none" / "kmsctl"), str(path)))
    return path


def _locked(directory: Path) -> bool:
    (path,) = directory.glob("*.lock")
    descriptor = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@pytest.mark.parametrize("exclusive", [False, True])
def test_stores_of_one_user_exclude_each_other(tmp_path: Path, shared: Path, exclusive: bool) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with locking.ModuleLock(str(data), _MODULE).hold(exclusive=exclusive):
        assert [_locked(data), _locked(shared)] == [True, True]
        assert shared.stat().st_mode & 0o777 == 0o700
    assert [_locked(data), _locked(shared)] == [False, False]


def test_a_directory_that_is_not_the_users_alone_is_left_alone(tmp_path: Path, shared: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    shared.symlink_to(tmp_path / "elsewhere")
    assert locking.user_directory() is None
    shared.unlink()
    shared.mkdir()
    shared.chmod(0o770)
    assert locking.user_directory() is None
    with locking.ModuleLock(str(tmp_path), _MODULE).hold(exclusive=True):
        assert _locked(tmp_path)
    assert list(shared.iterdir()) == []
    shared.chmod(0o700)
    assert locking.user_directory() == str(shared)
