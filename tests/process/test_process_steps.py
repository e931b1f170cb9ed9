"""kill -9 at each step of a change in turn, also twice in a row, from the first use of a store on."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kmsctl.model.names import CryptoKeyName, KeyRingName, LocationName
from kmsctl.service.kms import Kms
from tests.process import expected
from tests.process.expected import CTX, DAY, HOUR
from tests.process.forked import Child, Dying

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.process.expected import Operation, State
    from tests.process.forked import Send

RING = KeyRingName(LocationName("kmsctl-local", "us-east1"), "ring")
START = 1_800_000_000_000_000
#: What the store of most tests has been through.
PAST: list[Operation] = [
    {"do": "ring"},
    {"do": "key", "key": "db", "labels": {"n": "1"}, "schedule": [DAY, START + HOUR]},
    {"do": "version", "key": "db"},
    {"do": "version", "key": "db"},
    {"do": "disable", "key": "db", "number": "2"},
    {"do": "destroy", "key": "db", "number": "3"},
]
NEXT: Operation = {"do": "key", "key": "next", "labels": {}, "schedule": None}

#: One operation of each kind on that store, and when: later, a rotation and a destruction are due.
OPERATIONS: list[tuple[int, Operation]] = [
    (START, {"do": "key", "key": "new", "labels": {}, "schedule": None}),
    (START, {"do": "version", "key": "db"}),
    (START, {"do": "labels", "key": "db", "labels": {"n": "2"}}),
    (START, {"do": "schedule", "key": "db", "schedule": None}),
    (START, {"do": "primary", "key": "db", "number": "2"}),
    (START, {"do": "enable", "key": "db", "number": "2"}),
    (START, {"do": "destroy", "key": "db", "number": "1"}),
    (START, {"do": "restore", "key": "db", "number": "3"}),
    (START + 2 * HOUR, {"do": "encrypt", "key": "db", "text": "00"}),
    (START + 2 * HOUR, {"do": "version", "key": "db"}),
    (START + DAY, {"do": "encrypt", "key": "db", "text": "00"}),
    (START + DAY, {"do": "destroy", "key": "db", "number": "1"}),
]


def quiet(step: str) -> None:
    """Goes on."""


def open_kms(home: Path, now: int, probe: Callable[[str], None] = quiet) -> Kms:
    return Kms(str(home / "data"), str(home / "config" / "store"), clock=lambda: now, probe=probe)


def past_of(operations: list[Operation]) -> State:
    state = expected.empty()
    for operation in operations:
        state = expected.apply(state, operation, START)
    return state


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a past. Tests take copies."""
    home = tmp_path_factory.mktemp("used") / "home"
    kms = open_kms(home, START)
    for operation in PAST:
        expected.carry_out(kms, RING, operation)
    kms.close()
    return home


def attempt(home: Path, operation: Operation, now: int, last: int) -> tuple[bool, list[str]]:
    """Does an operation in a process that dies at its step `last`.

    Returns:
        whether it died, and the steps that it came to.
    """

    def work(send: Send) -> None:
        kms = open_kms(home, now, Dying(last, send))
        expected.carry_out(kms, RING, operation)

    child = Child(work)
    steps: list[Any] = child.finish()
    return child.killed, steps


def deaths(home: Path, copy: Path, operation: Operation, now: int) -> Iterator[tuple[int, list[str]]]:
    """Yields (step, all steps up to it) with a copy of a store in which an operation died there."""
    for last in range(200):
        shutil.rmtree(copy, ignore_errors=True)
        if home.exists():
            shutil.copytree(home, copy)
        died, steps = attempt(copy, operation, now, last)
        if not died:
            assert last >= 5, f"an operation with the steps {steps} only"
            return
        assert len(steps) == last + 1
        yield last, steps
    pytest.fail("an operation without an end")


def check(home: Path, now: int, candidates: list[State]) -> None:
    """Checks that a store is sound and holds one of some states, with a record of each change."""
    kms = open_kms(home, now)
    try:
        found = {finding.kind for finding in kms.verify_store(CTX)}
        assert found <= {"PURGE_PENDING", "ORPHAN"}
        held = expected.observe(kms, RING)
        settled = [expected.settle(candidate, now) for candidate in candidates]
        fitting = [state for state in settled if expected.without_records(state) == held]
        assert fitting, f"{held} is none of {settled}"
        counts = {each.name: each.audit_records for each in kms.store_status(CTX).databases}
        assert counts.get("us-east1", 0) in [state["records"] for state in fitting]
        assert not kms.maintain_store(CTX, confirm_clock=lambda _: False).left
        assert [finding.message for finding in kms.verify_store(CTX)] == []
        if kms.find_store() is not None:
            assert leftovers(home) == []  # else the first use of the store clears them away
    finally:
        kms.close()


def leftovers(home: Path) -> list[str]:
    return [str(path) for path in home.rglob("*") if ".new" in path.name]


def make_next(home: Path, now: int) -> None:
    """The next command, as somebody would type it who knows nothing of the crash."""
    kms = open_kms(home, now)
    if not any(ring.name == RING for ring in kms.list_key_rings(CTX, RING.parent)):
        kms.create_key_ring(CTX, RING)
    expected.carry_out(kms, RING, NEXT)
    kms.close()


@pytest.mark.parametrize(("now", "operation"), OPERATIONS, ids=lambda value: str(value)[-40:])
def test_a_change_that_dies_at_any_step_is_there_whole_or_not_at_all(
    used: Path, tmp_path: Path, now: int, operation: Operation
) -> None:
    before = past_of(PAST)
    after = expected.apply(before, operation, now)
    copy = tmp_path / "copy"
    committed = []
    for last, steps in deaths(used, copy, operation, now):
        committed.append("transaction.committed" in steps)
        check(copy, now, [after] if committed[-1] else [before])
        make_next(copy, now)
        assert open_kms(copy, now).get_crypto_key(CTX, CryptoKeyName(RING, "next")).primary, last
    assert True in committed
    assert False in committed


def test_the_next_command_after_a_death_needs_no_check_before_it(used: Path, tmp_path: Path) -> None:
    now, operation = START + DAY, OPERATIONS[-1][1]
    before = past_of(PAST)
    copy = tmp_path / "copy"
    for _ in deaths(used, copy, operation, now):
        make_next(copy, now)
        states = [before, expected.apply(before, operation, now)]
        check(copy, now, [expected.apply(state, NEXT, now) for state in states])


@pytest.mark.parametrize("start", ["nothing", "location lost"])
def test_a_first_use_that_dies_twice_in_a_row_leaves_a_store_that_works(
    used: Path, tmp_path: Path, start: str
) -> None:
    nothing = expected.empty()
    ring: Operation = {"do": "ring"}
    once, twice, home = tmp_path / "once", tmp_path / "twice", tmp_path / "start"
    commits = 2  # the project's, then the ring's
    if start == "location lost":
        commits = 1
        shutil.copytree(used, home)
        (home / "data" / "locations" / "us-east1.db").unlink()
        open_kms(home, START).accept_rollback(CTX, "us-east1")
    seen = set()
    for _, steps in deaths(home, once, ring, START):
        seen.update(steps)
        acted = steps.count("transaction.committed") == commits
        check_copy(once, [expected.apply(nothing, ring, START) if acted else nothing])
        following = NEXT if acted else ring
        for _, more in deaths(once, twice, following, START):
            done = "transaction.committed" in more if acted else None
            before = expected.apply(nothing, ring, START) if acted else nothing
            after = expected.apply(before, following, START)
            check(twice, START, [before, after] if done is None else [after if done else before])
            make_next(twice, START) if not (acted and done) else None
    assert seen >= {"create.begun", "create.filled", "create.linked", "create.anchored", "anchor.slot"}
    if start == "nothing":
        assert seen >= {"keystore.begun", "keystore.root", "keystore.filled", "keystore.renamed"}
        assert "anchor.header" in seen


def check_copy(home: Path, candidates: list[State]) -> None:
    """Checks a store, and leaves it as it is."""
    copy = home.with_name("checked")
    shutil.copytree(home, copy)
    check(copy, START, candidates)
    shutil.rmtree(copy)
