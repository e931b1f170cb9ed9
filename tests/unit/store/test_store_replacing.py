from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from kmsctl.errors import StoreAccess, StoreFull
from kmsctl.store.replacing import remove, remove_leftovers, replace

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    before = os.umask(0)
    try:
        for content in (b"one", b"another", b""):
            replace(str(path), content)
            assert path.read_bytes() == content
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    finally:
        os.umask(before)
    assert os.listdir(tmp_path) == ["file"]
    remove(str(path))
    remove(str(path))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_where_there_is_no_room_the_old_one_stays(
    tmp_path: Path, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    replace(str(path), b"old")

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, full)
        with pytest.raises(StoreFull):
            replace(str(path), b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_what_a_crash_left_is_written_over_and_cleared_away(tmp_path: Path) -> None:
    path = tmp_path / "file"
    (tmp_path / "file.new").write_bytes(b"half")
    replace(str(path), b"whole")
    assert os.listdir(tmp_path) == ["file"]
    (tmp_path / "other.new").write_bytes(b"half")
    remove_leftovers(str(tmp_path))
    assert os.listdir(tmp_path) == ["file"]
    with pytest.raises(StoreAccess):
        remove_leftovers(str(tmp_path / "missing"))
    (tmp_path / "directory.new").mkdir()
    with pytest.raises(StoreAccess):
        remove_leftovers(str(tmp_path))
