"""Blocks of rows that are worked on in processes of their own."""

from __future__ import annotations

import os
import signal
from itertools import chain
from select import select
from typing import TYPE_CHECKING

import pytest

from kmsctl.errors import IntegrityError
from kmsctl.model.names import CryptoKeyName, KeyRingName
from kmsctl.model.rest import crypto_key_json
from kmsctl.service import blocks
from kmsctl.service import keys as verbs
from tests.unit.service.world import OWNER, RING, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kmsctl.model.resources import CryptoKey

# The runner of the tests has threads; the program has none.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")

HERE = os.getpid()


def work(result: object) -> Callable[[], tuple[object, bool]]:
    """Work on a block, which tells whether it was done in another process."""
    return lambda: (result, os.getpid() != HERE)


def shown(keys: Iterable[CryptoKey]) -> list[dict[str, object]]:
    return list(map(crypto_key_json, keys))


def shaped(world: World, ring: KeyRingName = RING) -> Iterator[dict[str, object]]:
    return chain.from_iterable(world.kms.shape_crypto_keys(OWNER, ring, shown))


@pytest.fixture(autouse=True)
def forked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The processes that were forked: the runner of the tests may have others of its own."""
    pids: list[int] = []
    fork = os.fork

    def recorded() -> int:
        pid = fork()
        pids.append(pid)
        return pid

    monkeypatch.setattr(os, "fork", recorded)
    return pids


def none_is_left(pids: list[int]) -> bool:
    for pid in pids:
        try:
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            continue
        return False
    return bool(pids)


def test_results_are_in_order_and_the_last_block_is_worked_on_here(forked: list[int]) -> None:
    for workers in (2, 5):
        found = list(blocks.worked([work(number) for number in range(4)], workers))
        assert found == [(0, True), (1, True), (2, True), (3, False)]
    assert list(blocks.worked([work("one")], 2)) == [("one", False)]
    assert list(blocks.worked([], 2)) == []
    assert list(blocks.worked([work(1), work(2)], 1)) == [(1, False), (2, False)]
    assert none_is_left(forked)


def test_results_may_be_larger_than_a_pipe() -> None:
    found = list(blocks.worked([lambda: ["x" * 10**6, {"a": [1, None, "é"]}]] * 3, 2))
    assert found == [["x" * 10**6, {"a": [1, None, "é"]}]] * 3


def test_blocks_are_not_read_ahead_without_end(forked: list[int]) -> None:
    read = []

    def many() -> Iterator[Callable[[], tuple[object, bool]]]:
        for number in range(50):
            read.append(number)
            yield work(number)

    found = blocks.worked(many(), 2)
    assert next(found) == (0, True)
    assert len(read) <= 4
    found.close()  # type: ignore[attr-defined]  # it is a generator
    assert none_is_left(forked)


def test_processes_end_though_nobody_reads_what_they_have(forked: list[int]) -> None:
    found = blocks.worked([lambda: "x" * 10**6] * 6, 3)
    next(found)
    found.close()  # type: ignore[attr-defined]  # it is a generator
    assert none_is_left(forked)


def test_processes_end_with_the_one_that_forked_them() -> None:
    ends, held = os.pipe()  # a pipe that all of them hold
    pid = os.fork()
    if pid == 0:
        found = blocks.worked([lambda: "x" * 10**6] * 6, 3)
        next(found)
        os._exit(0)  # as if it were killed
    os.close(held)
    assert os.waitpid(pid, 0)[1] == 0
    assert select([ends], [], [], 20)[0], "somebody is left"
    os.close(ends)


@pytest.mark.parametrize("how", ["raises", "exits", "is killed", "has no plain result"])
def test_what_fails_elsewhere_is_done_again_here(how: str, forked: list[int]) -> None:
    def fails() -> object:
        if os.getpid() == HERE:
            return "here"
        if how == "raises":
            raise ValueError(how)
        if how == "exits":
            raise SystemExit(0)
        if how == "is killed":
            os.kill(os.getpid(), signal.SIGKILL)
        return object()

    assert list(blocks.worked([fails, work("last")], 2)) == ["here", ("last", False)]
    assert none_is_left(forked)


def test_an_error_is_raised_here(forked: list[int]) -> None:
    def fails() -> object:
        raise KeyError("wrong")

    found = blocks.worked([work(1), fails, work(3), work(4)], 2)
    assert next(found) == (1, True)
    with pytest.raises(KeyError, match="wrong"):
        next(found)
    assert none_is_left(forked)


def test_no_process_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", refuse)
    assert list(blocks.worked([work(1), work(2)], 2)) == [(1, False), (2, False)]


@pytest.fixture
def many(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Eleven keys, in a first page of two and blocks of three."""
    monkeypatch.setattr(verbs, "PAGE_SIZE", 2)
    monkeypatch.setattr(verbs, "BLOCK_SIZE", 3)
    monkeypatch.setattr(blocks, "processors", lambda: 2)
    for number in range(11):
        world.make_key(CryptoKeyName(RING, f"k{number:02}"), labels={"n": str(number)})
    return world


def test_a_list_is_the_same_on_more_processors(many: World, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = [crypto_key_json(key) for key in many.kms.list_crypto_keys(OWNER, RING)]
    assert list(shaped(many)) == whole
    monkeypatch.setattr(blocks, "processors", lambda: 1)
    assert list(shaped(many)) == whole
    assert len(whole) == 11


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 6])
def test_lists_of_every_length(many: World, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(verbs, "BLOCK_SIZE", 2)
    ring = KeyRingName(RING.parent, "other")
    many.kms.create_key_ring(OWNER, ring)
    for number in range(count):
        many.make_key(CryptoKeyName(ring, f"k{number}"))
    names = [key["name"] for key in shaped(many, ring)]
    assert names == [f"{ring}/cryptoKeys/k{number}" for number in range(count)]


def test_a_row_that_was_changed_is_found_by_whoever_works_on_it(many: World, forked: list[int]) -> None:
    many.sql("UPDATE crypto_keys SET labels = 'n=9' WHERE name = 'k04'")
    found = shaped(many)
    assert [next(found)["name"] for _ in range(2)]
    with pytest.raises(IntegrityError, match="row 5 of crypto_keys"):
        list(found)
    assert none_is_left(forked)


def test_the_store_can_be_used_while_others_work(many: World) -> None:
    for key in shaped(many):
        name = CryptoKeyName(RING, str(key["name"]).rpartition("/")[2])
        many.kms.update_crypto_key(OWNER, name, {"labels": {"seen": "yes"}})
    assert all(key.labels == {"seen": "yes"} for key in many.kms.list_crypto_keys(OWNER, RING))
    assert many.verify() == []
