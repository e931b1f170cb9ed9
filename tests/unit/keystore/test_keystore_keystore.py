from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from kmsctl.errors import IntegrityError, StoreAccess, StoreFull
from kmsctl.keystore import keystore as module
from kmsctl.keystore.keystore import KeyStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def directory(tmp_path: Path) -> str:
    return str(tmp_path / "config" / "keys")


def files_in(path: Path) -> list[str]:
    return sorted(str(entry.relative_to(path)) for entry in path.rglob("*"))


MADE = ["config", "config/keys", "config/keys/anchor", "config/keys/root-key"]


def test_secrets_are_made_once_and_opened_again(directory: str, tmp_path: Path) -> None:
    assert KeyStore.open(directory, os.urandom) is None
    made = KeyStore.create(directory, os.urandom)
    again = KeyStore.open(directory, os.urandom)
    assert again is not None
    assert again.store_id == made.store_id
    assert again.anchor.marks() == []
    assert KeyStore.create(directory, os.urandom).store_id == made.store_id
    assert files_in(tmp_path) == MADE


@pytest.mark.parametrize("mask", [0o000, 0o777])
def test_they_are_private_whatever_the_umask(directory: str, tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        KeyStore.create(directory, os.urandom)
    finally:
        os.umask(before)
    modes = [stat.S_IMODE((tmp_path / name).lstat().st_mode) for name in MADE]
    assert modes == [0o700, 0o700, 0o600, 0o600]


class Crash(BaseException):
    pass


STEPS = ["keystore.begun", "keystore.root", "keystore.filled", "keystore.renamed"]


@pytest.mark.parametrize("at", STEPS)
def test_a_crash_leaves_both_files_or_none(directory: str, at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def probe(step: str) -> None:
        if step == at:
            raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(module, "_remove", lambda path: None)  # whoever crashes does not clear away
        with pytest.raises(Crash):
            KeyStore.create(directory, os.urandom, probe)
    opened = KeyStore.open(directory, os.urandom)
    assert (opened is not None) == (at == "keystore.renamed")
    made = KeyStore.create(directory, os.urandom)
    assert made.anchor.marks() == []
    assert os.listdir(os.path.dirname(directory)) == ["keys"]


@pytest.mark.parametrize("call", ["write", "fsync", "rename"])
def test_secrets_that_cannot_be_made_leave_nothing(
    directory: str, tmp_path: Path, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "config").mkdir(mode=0o700)
    with monkeypatch.context() as patch:
        patch.setattr(os, call, full)
        with pytest.raises(StoreFull):
            KeyStore.create(directory, os.urandom)
    assert files_in(tmp_path) == ["config"]


def test_what_is_in_the_way_is_named(directory: str, tmp_path: Path) -> None:
    (tmp_path / "config" / "keys.new").mkdir(mode=0o700, parents=True)
    (tmp_path / "config").chmod(0o700)
    (tmp_path / "config" / "keys.new" / "notes").write_bytes(b"")
    with pytest.raises(StoreAccess, match="Could not create"):
        KeyStore.create(directory, os.urandom)
    assert (tmp_path / "config" / "keys.new" / "notes").exists()


def test_a_missing_root_key_is_no_fresh_start(directory: str) -> None:
    KeyStore.create(directory, os.urandom)
    os.unlink(os.path.join(directory, "root-key"))
    for act in (KeyStore.open, KeyStore.create):
        with pytest.raises(IntegrityError, match=r"The root key .* is missing"):
            act(directory, os.urandom)
    assert os.listdir(directory) == ["anchor"]


def test_a_missing_anchor_is_no_fresh_start(directory: str) -> None:
    KeyStore.create(directory, os.urandom)
    os.unlink(os.path.join(directory, "anchor"))
    opened = KeyStore.open(directory, os.urandom)
    assert opened is not None
    with pytest.raises(IntegrityError, match=r"The anchor .* is missing"):
        opened.anchor.marks()


@pytest.mark.parametrize("place", ["config", "config/keys", "config/keys/root-key", "config/keys/anchor"])
def test_what_others_may_open_is_refused(directory: str, tmp_path: Path, place: str) -> None:
    KeyStore.create(directory, os.urandom)
    (tmp_path / place).chmod((tmp_path / place).stat().st_mode | 0o040)
    with pytest.raises(StoreAccess, match="open to others"):
        opened(directory).anchor.marks()


@pytest.mark.parametrize("place", ["config", "config/keys", "config/keys/root-key", "config/keys/anchor"])
def test_links_are_refused(directory: str, tmp_path: Path, place: str) -> None:
    KeyStore.create(directory, os.urandom)
    (tmp_path / place).rename(tmp_path / "elsewhere")
    (tmp_path / place).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreAccess, match="links are not followed"):
        opened(directory).anchor.marks()


def opened(directory: str) -> KeyStore:
    found = KeyStore.open(directory, os.urandom)
    assert found is not None
    return found


def test_a_secrets_directory_that_is_a_file_is_refused(directory: str, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir(mode=0o700)
    (tmp_path / "config" / "keys").write_bytes(b"")
    for act in (KeyStore.open, KeyStore.create):
        with pytest.raises(StoreAccess):
            act(directory, os.urandom)


# Master keys


@pytest.fixture
def secrets(directory: str) -> KeyStore:
    return KeyStore.create(directory, os.urandom)


def test_a_master_key_unlocks_for_its_database_and_version_only(secrets: KeyStore, tmp_path: Path) -> None:
    wrapped = secrets.new_master_key("us-east1", 1)
    assert secrets.unlock("us-east1", [(1, wrapped)]).current == 1
    other = KeyStore.create(str(tmp_path / "other" / "keys"), os.urandom)
    attempts: list[Callable[[], object]] = [
        lambda: secrets.unlock("us-east2", [(1, wrapped)]),
        lambda: secrets.unlock("us-east1", [(2, wrapped)]),
        lambda: other.unlock("us-east1", [(1, wrapped)]),
        lambda: secrets.unlock("us-east1", [(1, wrapped[:-1])]),
        lambda: secrets.unlock("us-east1", [(1, bytes([wrapped[0] ^ 1]) + wrapped[1:])]),
        lambda: secrets.unlock("us-east1", [(1, b"")]),
    ]
    for attempt in attempts:
        with pytest.raises(IntegrityError, match="cannot be unwrapped with the root key"):
            attempt()


def test_master_keys_that_traded_places_are_refused(secrets: KeyStore) -> None:
    first, second = secrets.new_master_key("global", 1), secrets.new_master_key("global", 2)
    assert secrets.unlock("global", [(1, first), (2, second)]).current == 2
    with pytest.raises(IntegrityError, match="Master key 1 of 'global'"):
        secrets.unlock("global", [(1, second), (2, first)])


@pytest.mark.parametrize("wrapped", [None, 5, 1.5, "text"])
def test_what_is_no_wrapped_key_at_all_is_refused(secrets: KeyStore, wrapped: object) -> None:
    with pytest.raises(IntegrityError, match="cannot be unwrapped"):
        secrets.unlock("global", [(1, wrapped)])  # type: ignore[list-item]


def test_a_database_without_master_key_is_refused(secrets: KeyStore) -> None:
    with pytest.raises(IntegrityError, match="has no master key"):
        secrets.unlock("global", [])
