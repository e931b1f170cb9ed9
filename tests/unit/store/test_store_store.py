from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kmsctl.errors import InvalidArgument, KmsError, RollbackError, StoreAccess, StoreFull
from kmsctl.store import store as module
from kmsctl.store.files import write_new
from kmsctl.store.tables import KEY_RINGS
from tests.unit.store.stores import PLACE, add_ring, find_ring, store_in

if TYPE_CHECKING:
    from kmsctl.store.store import Store


def names_in(directory: Path) -> list[str]:
    return sorted(entry.name for entry in directory.iterdir())


def test_a_location_that_was_never_used_has_no_database_and_gets_none_by_asking(store: Store) -> None:
    assert store.find(PLACE) is None
    assert store.names() == []
    assert not os.path.exists(store.directory)


def test_each_location_has_a_file_of_its_own(store: Store) -> None:
    for name in ("control", PLACE, "global"):
        store.open(name)
    assert store.names() == ["control", "global", PLACE]
    assert store.path_of("control").endswith("/data/control.db")
    assert store.path_of("global").endswith("/data/locations/global.db")
    assert store.open(PLACE) is store.open(PLACE)
    assert store.find(PLACE) is store.open(PLACE)


@pytest.mark.parametrize(
    "name", ["../x", "a/b", "", "A", "us_east1", "x" * 64, ".", "..", "a\0b", "control/../x"]
)
def test_what_is_no_location_never_becomes_part_of_a_path(store: Store, name: str) -> None:
    for act in (store.path_of, store.find, store.open):
        with pytest.raises(InvalidArgument, match="does not match pattern"):
            act(name)
    assert not os.path.exists(store.directory)


def test_files_and_directories_are_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = store_in(tmp_path / "store")
        with store.open(PLACE).write() as transaction:
            add_ring(transaction)
        found = {
            os.path.relpath(os.path.join(directory, name), tmp_path): stat.S_IMODE(
                os.lstat(os.path.join(directory, name)).st_mode
            )
            for directory, directories, files in os.walk(tmp_path / "store")
            for name in (*directories, *files)
        }
        store.close()
    finally:
        os.umask(before)
    assert found == {
        "store/config": 0o700,
        "store/config/keys": 0o700,
        "store/config/keys/anchor": 0o600,
        "store/config/keys/root-key": 0o600,
        "store/data": 0o700,
        "store/data/locations": 0o700,
        "store/data/locations/us-east1.db": 0o600,
        "store/data/locations/us-east1.db-shm": 0o600,
        "store/data/locations/us-east1.db-wal": 0o600,
    }


@pytest.mark.parametrize("place", ["data", "data/locations", "data/locations/us-east1.db"])
@pytest.mark.parametrize("bits", [0o750, 0o705, 0o770, 0o640])
def test_what_others_may_open_is_refused(store: Store, tmp_path: Path, place: str, bits: int) -> None:
    store.open(PLACE)
    store.close()
    (tmp_path / "store" / place).chmod(bits)
    with pytest.raises(StoreAccess, match="open to others"):
        store.find(PLACE)


@pytest.mark.parametrize("place", ["data", "data/locations", "data/locations/us-east1.db"])
def test_links_are_refused(store: Store, tmp_path: Path, place: str) -> None:
    store.open(PLACE)
    store.close()
    path = tmp_path / "store" / place
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreAccess, match="links are not followed"):
        store.find(PLACE)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("place", ["data", "data/locations", "data/locations/us-east1.db"])
def test_what_somebody_else_owns_is_refused(store: Store, tmp_path: Path, place: str) -> None:
    store.open(PLACE)
    store.close()
    os.chown(tmp_path / "store" / place, 12345, -1)
    with pytest.raises(StoreAccess, match="belongs to uid 12345"):
        store.find(PLACE)


def test_nothing_is_left_beside_a_new_database(store: Store, tmp_path: Path) -> None:
    store.open(PLACE)
    assert names_in(tmp_path / "store" / "data" / "locations") == ["us-east1.db"]
    with store.open(PLACE).read() as snapshot:
        assert (snapshot.head.generation, snapshot.audit.sequence) == (1, 0)


def test_a_database_that_cannot_be_made_leaves_nothing(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "link", full)
        with pytest.raises(StoreFull, match=r"Could not create .*us-east1\.db"):
            store.open(PLACE)
    with monkeypatch.context() as patch:
        patch.setattr(module, "schema_of", lambda name: ["no sql"])
        with pytest.raises(KmsError):
            store.open(PLACE)
    assert names_in(tmp_path / "store" / "data" / "locations") == []
    assert store.names() == []
    assert store.find(PLACE) is None
    assert store.open(PLACE) is not None


def test_whoever_is_second_to_make_a_database_takes_the_first(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = store_in(tmp_path / "store")
    find = store.find
    raced: list[str] = []

    def slow(name: str) -> object:
        found = find(name)
        if not raced:
            raced.append(name)
            with other.open(name).write() as transaction:
                add_ring(transaction)
        return found

    monkeypatch.setattr(type(store), "find", lambda self, name: slow(name) if self is store else find(name))
    monkeypatch.setattr(type(other), "find", lambda self, name: slow(name) if self is store else find(name))
    with store.open(PLACE).write() as transaction:
        assert find_ring(transaction) is not None
    other.close()


def test_a_missing_database_is_no_fresh_start(store: Store) -> None:
    path = store.open(PLACE).path
    store.close()
    os.unlink(path)
    for act in (store.find, store.open):
        with pytest.raises(RollbackError, match=r"is missing, but was at generation 1") as caught:
            act(PLACE)
        assert caught.value.hint is not None
        assert caught.value.hint.endswith("kmsctl store accept-rollback us-east1")
    assert store.names() == [PLACE]
    assert not os.path.exists(path)


def test_a_loss_that_was_accepted_makes_room(store: Store) -> None:
    database = store.open(PLACE)
    with database.write() as transaction:
        add_ring(transaction)
    os.unlink(database.path)
    store.accept_loss(PLACE)
    assert store.names() == []
    assert store.find(PLACE) is None
    again = store.open(PLACE)
    assert again is not database
    with again.write() as transaction:
        assert find_ring(transaction) is None
        add_ring(transaction, "new")
    assert store.names() == [PLACE]
    mark = store.keys.anchor.find(PLACE)
    assert mark is not None
    assert (mark.lost, mark.generation) == (False, 2)


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
def test_what_is_left_of_a_lost_database_is_not_taken_for_the_new_ones(store: Store, suffix: str) -> None:
    database = store.open(PLACE)
    with database.write() as transaction:
        add_ring(transaction)
        add_ring(transaction, "two")
    log = database.path + "-wal"
    content = Path(log).read_bytes()
    store.close()
    os.unlink(database.path)
    write_new(database.path + suffix, content)
    store.accept_loss(PLACE)
    with store.open(PLACE).write() as transaction:
        assert transaction.every(KEY_RINGS) == []
        add_ring(transaction)


def test_what_was_given_up_for_lost_is_not_taken_back_silently(store: Store, tmp_path: Path) -> None:
    database = store.open(PLACE)
    with database.write() as transaction:
        add_ring(transaction)
    store.close()
    os.rename(database.path, tmp_path / "kept.db")
    store.accept_loss(PLACE)
    os.rename(tmp_path / "kept.db", database.path)
    with pytest.raises(RollbackError), store.open(PLACE).read():
        pass


def test_names_are_those_of_locations_only(store: Store, tmp_path: Path) -> None:
    store.open(PLACE)
    directory = tmp_path / "store" / "data" / "locations"
    for name in ("EVIL.db", "a b.db", ".hidden.db", "notes", "control.db", ".us-east1.db.new", "x.db-wal"):
        (directory / name).write_bytes(b"")
    (directory / "mars.db").write_bytes(b"")
    assert store.names() == ["mars", PLACE]


def test_databases_that_a_crash_left_half_made_are_cleared_away(store: Store, tmp_path: Path) -> None:
    store.open(PLACE)
    store.open("control")
    directory = tmp_path / "store" / "data"
    for left in (
        ".control.db.new",
        ".control.db.new-wal",
        "locations/.global.db.new",
        "locations/.global.db.new-shm",
    ):
        (directory / left).write_bytes(b"")
    (directory / "locations" / "notes").write_bytes(b"")
    store.remove_leftovers()
    assert names_in(directory) == ["control.db", "locations"]
    assert names_in(directory / "locations") == ["notes", "us-east1.db"]


def test_clearing_away_makes_nothing(store: Store) -> None:
    store.remove_leftovers()
    assert not os.path.exists(store.directory)


@pytest.mark.parametrize("kind", ["fuse.sshfs", "nfs4", "9p"])
def test_a_store_on_a_network_file_system_is_refused(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    from kmsctl.store import files

    mounts = f"1 1 8:1 / / rw - ext4 a rw\n2 1 0:1 / {tmp_path} rw - {kind} b rw\n"
    monkeypatch.setattr(files.check_file_system, "__defaults__", (lambda: mounts,))
    with pytest.raises(StoreAccess, match="network file system"):
        store.open(PLACE)
    assert store.names() == []
