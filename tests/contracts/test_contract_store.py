"""What every store is held to, through Store, Database, Snapshot and Transaction alone.

A store joins by a line in `_STORES`: a function that opens the store of a directory, once more each
time it is called, as another process would.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from kmsctl.errors import FailedPrecondition, IntegrityError, InvalidArgument, NotFound
from kmsctl.keystore.keystore import KeyStore
from kmsctl.model.names import CryptoKeyName, KeyRingName, LocationName
from kmsctl.model.policies import Policy
from kmsctl.model.resources import CryptoKeySpec
from kmsctl.store import keys, projects, purges, rings, versions
from kmsctl.store.store import Store
from kmsctl.store.tables import CRYPTO_KEY_VERSIONS, CRYPTO_KEYS, KEY_RINGS, PROJECTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kmsctl.store.database import Database
    from kmsctl.store.snapshot import Snapshot, Transaction
    from kmsctl.store.tables import Row

    Open = Callable[[], Store]

NOW = 1_893_456_000_000_000
DAY = 86_400_000_000
PLACE = "us-east1"
PARENT = LocationName("acme", PLACE)
RING = KeyRingName(PARENT, "ring")
KEY = CryptoKeyName(RING, "key")
SPEC = CryptoKeySpec(purpose="ENCRYPT_DECRYPT", algorithm="GOOGLE_SYMMETRIC_ENCRYPTION", labels={"a": "b"})


class Clock:
    now = NOW

    def __call__(self) -> int:
        return self.now


def _files(path: Path, clock: Clock) -> Store:
    """The store of files, over SQLite."""
    secrets = str(path / "config" / "keys")
    found = KeyStore.open(secrets, os.urandom) if (path / "config").exists() else None
    opened = found or KeyStore.create(secrets, os.urandom)
    return Store(str(path / "data"), opened, clock=clock, random=os.urandom)


_STORES = {"files": _files}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=_STORES)
def open_store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Open]:
    opened: list[Store] = []

    def again() -> Store:
        opened.append(_STORES[request.param](tmp_path / "store", clock))
        return opened[-1]

    yield again
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Open) -> Store:
    return open_store()


@pytest.fixture
def database(store: Store) -> Database:
    return store.open(PLACE)


def add_key(transaction: Transaction, name: CryptoKeyName = KEY) -> Row:
    ring = rings.find(transaction, name.parent) or rings.insert(transaction, name.parent)
    return keys.insert(transaction, ring, name, SPEC, DAY)


def add_version(
    transaction: Transaction, key: Row, name: CryptoKeyName = KEY, secret: bytes = b"s" * 32
) -> Row:
    number = key.integer("last_version") + 1
    version = name.version(number)
    row = versions.insert(transaction, key, version, os.urandom(16), state="PENDING_GENERATION")
    versions.set_material(transaction, row, version, secret, None)
    transaction.update(key, last_version=number)
    return row


def find_key(snapshot: Snapshot, name: CryptoKeyName = KEY) -> Row | None:
    ring = rings.find(snapshot, name.parent)
    return None if ring is None else keys.find(snapshot, ring, name)


def the(row: Row | None) -> Row:
    assert row is not None
    return row


# Databases


def test_a_location_that_was_never_used_is_not_there(store: Store) -> None:
    assert store.find(PLACE) is None
    assert store.names() == []


def test_locations_are_apart(store: Store, open_store: Open) -> None:
    with store.open(PLACE).write() as transaction:
        rings.insert(transaction, RING)
    with store.open("global").write() as transaction:
        assert rings.find(transaction, RING) is None
        assert transaction.head.store_id == store.keys.store_id
    store.open("control")
    assert open_store().names() == ["control", "global", PLACE]


def test_a_store_that_is_opened_again_is_as_it_was_left(database: Database, open_store: Open) -> None:
    with database.write() as transaction:
        add_version(transaction, add_key(transaction))
    with open_store().open(PLACE).read() as snapshot:
        key = the(find_key(snapshot))
        row = the(versions.find(snapshot, key, KEY.version(1)))
        assert versions.material(snapshot, row, KEY.version(1)) == b"s" * 32


@pytest.mark.parametrize("name", ["", "A", "../x", "a/b", "x" * 64])
def test_names_of_databases_are_checked(store: Store, name: str) -> None:
    with pytest.raises(InvalidArgument):
        store.open(name)


# Snapshots and transactions


def test_a_transaction_is_all_or_nothing(database: Database) -> None:
    with pytest.raises(NotFound), database.write() as transaction:
        add_then_raise(transaction)
    with database.read() as snapshot:
        assert rings.find(snapshot, RING) is None
        assert (snapshot.head.generation, snapshot.audit.sequence) == (1, 0)
    with database.write() as transaction:
        rings.insert(transaction, RING)
        transaction.append_audit("{}")
    with database.read() as snapshot:
        assert rings.find(snapshot, RING) is not None
        assert (snapshot.head.generation, snapshot.audit.sequence) == (2, 1)


def add_then_raise(transaction: Transaction) -> None:
    rings.insert(transaction, RING)
    transaction.append_audit("{}")
    raise NotFound("no")


def test_a_snapshot_is_of_one_moment(database: Database) -> None:
    with database.read() as before:
        assert before.head.generation == 1
        with database.write() as transaction:
            rings.insert(transaction, RING)
        assert rings.find(before, RING) is None
        with database.read() as after:
            assert rings.find(after, RING) is not None
            assert after.head.generation == 2


def test_what_another_commits_is_seen_by_the_next_snapshot(database: Database, open_store: Open) -> None:
    other = open_store().open(PLACE)
    for number in range(5):
        with (other if number % 2 else database).write() as transaction:
            rings.insert(transaction, KeyRingName(PARENT, f"r{number}"))
        for one in (database, other):
            with one.read() as snapshot:
                assert snapshot.head.generation == number + 2
                assert rings.find(snapshot, KeyRingName(PARENT, f"r{number}")) is not None


def test_a_transaction_sees_its_own_changes(database: Database) -> None:
    with database.write() as transaction:
        key = add_key(transaction)
        add_version(transaction, key)
        assert the(find_key(transaction)).integer("last_version") == 1
        row = the(versions.find(transaction, key, KEY.version(1)))
        transaction.update(row, state=2)
        assert versions.state_of(the(versions.find(transaction, key, KEY.version(1))), NOW) == "DISABLED"


def test_nothing_changed_is_nothing_written(database: Database) -> None:
    before = database.mark()
    with database.write():
        pass
    after = database.mark()
    assert before is not None
    assert after is not None
    assert (before.generation, before.head_tag) == (after.generation, after.head_tag)


def test_one_writes_at_a_time(database: Database, open_store: Open) -> None:
    """Whoever comes second waits, and then sees what the first has done."""
    other = open_store().open(PLACE)
    inside = threading.Event()
    seen: list[object] = []

    def second() -> None:
        inside.wait()
        with other.write() as transaction:
            seen.append(rings.find(transaction, RING) is not None)

    thread = threading.Thread(target=second)
    thread.start()
    with database.write() as transaction:
        inside.set()
        rings.insert(transaction, RING)
        assert seen == []
    thread.join()
    assert seen == [True]


def test_eight_threads_and_two_openers_lose_nothing(database: Database, open_store: Open) -> None:
    other = open_store().open(PLACE)
    with database.write() as transaction:
        add_key(transaction)

    def work(number: int) -> None:
        mine = other if number % 2 else database
        for _ in range(6):
            with mine.write() as transaction:
                add_version(transaction, the(find_key(transaction)))
                transaction.append_audit("{}")
            with mine.read() as snapshot:
                count = the(find_key(snapshot)).integer("last_version")
                assert (
                    len(list(versions.page(snapshot, the(find_key(snapshot)), KEY, after=0, limit=99)))
                    == count
                )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    with database.read() as snapshot:
        assert the(find_key(snapshot)).integer("last_version") == 48
        assert snapshot.audit.sequence == 48
        assert snapshot.head.generation == 50
        assert len(snapshot.every(CRYPTO_KEY_VERSIONS)) == 48


# Rows


def test_rows_are_found_by_what_is_unique(database: Database) -> None:
    with database.write() as transaction:
        for name in ("a", "b"):
            add_key(transaction, CryptoKeyName(RING, name))
        with pytest.raises(IntegrityError):
            add_key(transaction, CryptoKeyName(RING, "a"))
    with database.read() as snapshot:
        assert snapshot.find(CRYPTO_KEYS, "it", name="none") is None


def test_ids_are_not_given_twice(database: Database) -> None:
    seen: list[int] = []
    for number in range(70):
        with database.write() as transaction:
            seen.append(rings.insert(transaction, KeyRingName(PARENT, f"r{number}")).id)
    assert seen == list(range(1, 71))
    with database.read() as snapshot:
        assert [row.id for row in snapshot.every(KEY_RINGS)] == seen


def test_every_kind_of_value_reads_back(database: Database) -> None:
    values: dict[str, Any] = {
        "project": "é名\n\0x",
        "name": "",
        "create_time": -(2**63),
        "tags": "",
        "policy": "bind",
    }
    with database.write() as transaction:
        transaction.insert(KEY_RINGS, dict(values))
        key = add_key(transaction)
        row = versions.insert(transaction, key, KEY.version(1), b"\0\xff" * 8, state="PENDING_GENERATION")
        transaction.update(row, destroy_time=2**63 - 1, public=b"", material=None)
    with database.read() as snapshot:
        assert the(snapshot.find(KEY_RINGS, "it", id=1)).values == values
        found = the(snapshot.find(CRYPTO_KEY_VERSIONS, "it", uid=b"\0\xff" * 8))
        assert found.optional_integer("destroy_time") == 2**63 - 1
        assert (found.values["public"], found.values["material"]) == (b"", None)


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1])
def test_a_value_that_does_not_fit_is_refused(database: Database, value: int) -> None:
    with pytest.raises(InvalidArgument), database.write() as transaction:
        transaction.insert(
            KEY_RINGS, {"project": "p", "name": "n", "create_time": value, "tags": "", "policy": ""}
        )
    with database.read() as snapshot:
        assert snapshot.every(KEY_RINGS) == []


def test_rows_are_deleted(store: Store) -> None:
    database = store.open("control")
    with database.write() as transaction:
        for number, name in enumerate(("one", "two")):
            projects.insert(transaction, name, number, Policy())
    with database.write() as transaction:
        transaction.delete(the(projects.find(transaction, "one")))
    with database.read() as snapshot:
        assert projects.find(snapshot, "one") is None
        assert [row.text("project") for row in projects.each(snapshot)] == ["two"]
        assert len(snapshot.every(PROJECTS)) == 1


def test_pages_are_in_name_order(database: Database) -> None:
    names = ["-", "0", "A", "Z", "_", "a", "a-", "aa", "z", "z" * 63]
    with database.write() as transaction:
        for name in reversed(names):
            rings.insert(transaction, KeyRingName(PARENT, name))
            if name == "-":
                continue
            add_key(transaction, CryptoKeyName(KeyRingName(PARENT, "z"), name)) if name < "z" else None
    with database.read() as snapshot:
        for prefix in ("", "a", "z", "zz", "Z"):
            found, after = [], ""
            while page := list(rings.page(snapshot, PARENT, prefix=prefix, after=after, limit=3)):
                found += [ring.name.key_ring for ring in page]
                after = found[-1]
            assert found == [name for name in names if name.startswith(prefix)]


def test_material_is_bound_to_its_version(database: Database) -> None:
    with database.write() as transaction:
        key = add_key(transaction)
        first, second = add_version(transaction, key), add_version(transaction, key, secret=b"t" * 32)
        assert versions.material(transaction, second, KEY.version(2)) == b"t" * 32
        with pytest.raises(IntegrityError):
            versions.material(transaction, first, KEY.version(2))


def test_a_destroyed_version_leaves_a_purge_to_do(database: Database) -> None:
    with database.write() as transaction:
        key = add_key(transaction)
        row = add_version(transaction, key)
        transaction.update(row, state=4, destroy_time=transaction.now)
    with database.write() as transaction:
        (due,) = versions.unfinished(transaction, the(find_key(transaction)))
        assert versions.is_due(due, transaction.trusted_now)
        versions.destroy(transaction, due)
    with database.read() as snapshot:
        row = the(versions.find(snapshot, the(find_key(snapshot)), KEY.version(1)))
        assert versions.state_of(row, NOW) == "DESTROYED"
        assert row.values["material"] is None
        pending = purges.pending(snapshot)
        assert [purge.integer("row_id") for purge in pending] == [row.id]
    assert database.purge(list(purges.traces(pending)))
    with database.write() as transaction:
        purges.finish(transaction, pending[0])
    with database.read() as snapshot:
        assert purges.pending(snapshot) == []


# Time and anchors


def test_the_anchor_follows_each_commit(database: Database) -> None:
    for number in range(3):
        with database.write() as transaction:
            rings.insert(transaction, KeyRingName(PARENT, f"r{number}"))
            transaction.append_audit("{}")
        mark = database.mark()
        assert mark is not None
        assert (mark.generation, mark.audit_sequence) == (number + 2, number + 1)


def test_time_does_not_go_back(database: Database, clock: Clock) -> None:
    clock.now = NOW + DAY
    with database.write() as transaction:
        rings.insert(transaction, RING)
    clock.now = NOW
    with database.read() as snapshot:
        assert snapshot.now == NOW + DAY
    with pytest.raises(FailedPrecondition), database.write():
        pytest.fail("begun")
    with database.write(by_clock=True) as transaction:
        rings.insert(transaction, KeyRingName(PARENT, "other"))
        transaction.append_audit("{}")
    with database.read() as snapshot:
        assert snapshot.now == NOW


def test_a_loss_that_was_accepted_makes_room(store: Store) -> None:
    store.open("global")
    store.accept_loss("europe-west1")
    assert store.names() == ["global"]
    with store.open("europe-west1").write() as transaction:
        rings.insert(transaction, KeyRingName(LocationName("acme", "europe-west1"), "ring"))
    mark = store.keys.anchor.find("europe-west1")
    assert mark is not None
    assert (mark.lost, mark.generation) == (False, 2)
