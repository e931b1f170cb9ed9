"""`store verify`: blocks of rows in processes of their own, and what is read again since the last time."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from kmsctl.service import blocks
from kmsctl.service.reports import VerifyOptions
from kmsctl.store import sweep
from kmsctl.store.tables import CRYPTO_KEY_VERSIONS
from kmsctl.store.verified import Verified
from tests.unit.service.world import KEY, OWNER, PLACE, World

if TYPE_CHECKING:
    from pathlib import Path

    from kmsctl.service.reports import Finding

# The runner of the tests has threads; the program has none.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")


def shown(findings: list[Finding]) -> list[tuple[str, str, str, str]]:
    return [(each.kind, each.resource, each.message, each.action) for each in findings]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(tmp_path_factory.mktemp("verify") / "store")
    world.make_key()
    for _ in range(299):
        world.kms.create_crypto_key_version(OWNER, KEY)
    return world


@pytest.fixture
def many(original: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A store of 300 versions, read in blocks of 64."""
    monkeypatch.setattr(sweep, "BLOCK", 64)
    return original.copy(tmp_path / "store")


def verify(world: World, **options: Any) -> list[tuple[str, str, str, str]]:
    return shown(list(world.kms.verify_store(OWNER, None, VerifyOptions(**options))))


# In blocks


def test_any_number_of_processes_finds_the_same(many: World) -> None:
    for number in (1, 63, 64, 65, 127, 200, 299, 300):
        many.sql(f"UPDATE crypto_key_versions SET state = 2 WHERE number = {number}")
    many.sql("UPDATE crypto_key_versions SET tag = zeroblob(32) WHERE number = 128")
    alone = verify(many, workers=1)
    assert [kind for kind, *_ in alone].count("ROW_DAMAGED") == 9
    assert [resource for kind, resource, *_ in alone if kind == "ROW_DAMAGED"][-1] == KEY.version(300).text
    assert verify(many, workers=2) == alone
    assert verify(many, workers=3) == alone


def test_blocks_hold_whole_buckets(many: World) -> None:
    with many.database().read() as snapshot:
        found = list(sweep.blocks(snapshot, CRYPTO_KEY_VERSIONS))
        assert [(rows[0][0], rows[-1][0]) for rows in found] == [
            (1, 63),
            (64, 127),
            (128, 191),
            (192, 255),
            (256, 300),
        ]
        some = list(sweep.blocks(snapshot, CRYPTO_KEY_VERSIONS, range(1, 3)))
        assert [(rows[0][0], rows[-1][0]) for rows in some] == [(64, 127), (128, 191)]


def test_a_worker_that_dies_hides_nothing(many: World, monkeypatch: pytest.MonkeyPatch) -> None:
    many.sql("UPDATE crypto_key_versions SET state = 2 WHERE number = 1")
    here, sweeping = os.getpid(), sweep.sweep

    def dying(*args: object) -> object:
        if os.getpid() != here:
            os._exit(9)
        return sweeping(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(sweep, "sweep", dying)
    assert [kind for kind, *_ in verify(many, workers=2)] == ["ROW_DAMAGED"]


def test_material_that_does_not_open_is_found(many: World) -> None:
    """The tag is right, which nobody without the keys can do: a fault of ours would look like this."""
    with many.database().write() as transaction:
        [row] = transaction.scan(CRYPTO_KEY_VERSIONS, "number = ?", (70,))
        [other] = transaction.scan(CRYPTO_KEY_VERSIONS, "number = ?", (71,))
        transaction.update(row, material=other.values["material"])
    every: list[dict[str, Any]] = [{}, {"since_last": True}]
    for options in every:
        [(kind, resource, _, action)] = verify(many, **options)
        assert (kind, resource, action) == ("MATERIAL_DAMAGED", KEY.version(70).text, "restore")


@pytest.mark.parametrize("state", [1, 2, 4])
def test_material_that_is_missing_is_found(many: World, state: int) -> None:
    with many.database().write() as transaction:
        [row] = transaction.scan(CRYPTO_KEY_VERSIONS, "number = ?", (70,))
        transaction.update(row, material=None, state=state, destroy_time=transaction.now + 1)
    assert [kind for kind, *_ in verify(many)] == ["MATERIAL_DAMAGED"]


def test_threads_beside_are_never_forked(many: World, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    monkeypatch.setattr(blocks, "processors", lambda: 2)
    monkeypatch.setattr(os, "fork", lambda: pytest.fail("forked"))
    started, ended = threading.Event(), threading.Event()

    def wait() -> None:
        started.set()
        ended.wait()

    thread = threading.Thread(target=wait)
    thread.start()
    started.wait()
    try:
        assert verify(many) == []
    finally:
        ended.set()
        thread.join()


# Since the last time


@pytest.fixture
def whole(many: World) -> World:
    assert verify(many) == []
    assert (many.path / "data" / "verified" / PLACE).exists()
    return many


@pytest.fixture
def read_rows(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of rows of the blocks that are swept, in this process."""
    monkeypatch.setattr(blocks, "processors", lambda: 1)
    seen: list[int] = []
    sweeping = sweep.sweep

    def counting(keys: object, table: object, rows: list[object], location: str) -> object:
        seen.append(len(rows))
        return sweeping(keys, table, rows, location)  # type: ignore[arg-type]

    monkeypatch.setattr(sweep, "sweep", counting)
    return seen


def test_only_what_changed_is_read_again(whole: World, read_rows: list[int]) -> None:
    assert verify(whole, since_last=True) == []
    assert read_rows == []
    whole.kms.update_crypto_key_version(OWNER, KEY.version(100), "DISABLED")
    assert verify(whole, since_last=True) == []
    assert read_rows == [64]
    read_rows.clear()
    assert verify(whole, since_last=True) == []  # the last one was recorded too
    assert read_rows == []
    assert verify(whole) == []
    assert sum(read_rows) > 300


def test_damage_to_what_changed_is_found_each_time(whole: World) -> None:
    whole.kms.update_crypto_key_version(OWNER, KEY.version(100), "DISABLED")
    whole.sql("UPDATE crypto_key_versions SET state = 1 WHERE number = 100")
    for _ in range(2):
        assert [(kind, name) for kind, name, *_ in verify(whole, since_last=True)] == [
            ("ROW_DAMAGED", KEY.version(100).text)
        ]


@pytest.mark.parametrize(
    "deed",
    [
        "DELETE FROM crypto_key_versions WHERE number = 100",
        "UPDATE crypto_key_versions SET tag = (SELECT tag FROM crypto_key_versions WHERE number = 1) WHERE number = 9",
        "UPDATE tree SET digest = zeroblob(32) WHERE level = 0 AND idx = 3 AND tbl = 6",
        "UPDATE crypto_key_versions SET id = 1 << 40 WHERE id = 300",
        "UPDATE crypto_key_versions SET id = -3 WHERE id = 1",
        "UPDATE audit SET record = '{}' WHERE sequence = (SELECT max(sequence) FROM audit)",
    ],
)
def test_what_an_attacker_does_to_old_rows_as_a_set_is_found(whole: World, deed: str) -> None:
    whole.kms.update_crypto_key(OWNER, KEY, {"labels": {"a": "b"}})
    whole.sql(deed)
    assert verify(whole, since_last=True) != []
    assert verify(whole) != []


def test_a_row_that_is_put_back_is_found(whole: World) -> None:
    old = whole.sql("SELECT * FROM crypto_key_versions WHERE number = 100")[0]
    whole.kms.update_crypto_key_version(OWNER, KEY.version(100), "DISABLED")
    assert verify(whole) == []
    marks = ", ".join("?" * len(old))
    whole.sql(f"INSERT OR REPLACE INTO crypto_key_versions VALUES ({marks})", parameters=tuple(old))
    assert [kind for kind, *_ in verify(whole, since_last=True)] == ["ROW_REPLAYED"]


def test_what_it_says_that_it_does_not_find(whole: World) -> None:
    whole.sql("UPDATE crypto_key_versions SET state = 2 WHERE number = 100")
    assert verify(whole, since_last=True) == []
    assert [kind for kind, *_ in verify(whole)] == ["ROW_DAMAGED"]


@pytest.mark.parametrize(
    "what", ["gone", "empty", "cut", "changed", "of another store", "of another location"]
)
def test_a_record_that_is_not_ours_is_none(
    whole: World, tmp_path: Path, read_rows: list[int], what: str
) -> None:
    path = whole.path / "data" / "verified" / PLACE
    content = path.read_bytes()
    if what == "gone":
        path.unlink()
    elif what == "of another store":
        other = World(tmp_path / "other")
        other.make_key()
        assert other.verify() == []
        shutil.copy2(other.path / "data" / "verified" / PLACE, path)
    elif what == "of another location":
        shutil.copy2(whole.path / "data" / "verified" / "control", path)
    else:
        at = len(content) // 2
        changed = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
        path.write_bytes({"empty": b"", "cut": content[:-40], "changed": changed}[what])
    whole.sql("UPDATE crypto_key_versions SET state = 2 WHERE number = 100")
    read_rows.clear()
    assert [kind for kind, *_ in verify(whole, since_last=True)] == ["ROW_DAMAGED"]
    assert sum(read_rows) > 300


def test_an_older_record_only_makes_for_more_to_read(whole: World, read_rows: list[int]) -> None:
    path = whole.path / "data" / "verified" / PLACE
    older = path.read_bytes()
    whole.kms.update_crypto_key_version(OWNER, KEY.version(100), "DISABLED")
    assert verify(whole, since_last=True) == []
    path.write_bytes(older)
    read_rows.clear()
    assert verify(whole, since_last=True) == []
    assert read_rows == [64]


def test_nothing_is_recorded_of_what_is_not_whole(many: World) -> None:
    many.sql("UPDATE crypto_key_versions SET state = 2 WHERE number = 100")
    assert verify(many) != []
    assert not (many.path / "data" / "verified" / PLACE).exists()
    assert (many.path / "data" / "verified" / "control").exists()


def test_when_all_was_read_is_kept(whole: World) -> None:
    def read_time() -> int:
        with whole.database().read() as snapshot:
            found = Verified.load(str(whole.path / "data"), snapshot)
            assert found is not None
            return found.read_time

    before = read_time()
    whole.clock.now += 1_000_000
    assert verify(whole, since_last=True) == []
    assert read_time() == before
    assert verify(whole) == []
    assert read_time() == before + 1_000_000


def test_the_audit_records_can_be_left_out(whole: World) -> None:
    whole.sql("UPDATE audit SET record = '{}' WHERE sequence = 3")
    assert verify(whole, audit=False) == []
    assert [kind for kind, *_ in verify(whole)] == ["AUDIT_DAMAGED"]
