from __future__ import annotations

import os
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kmsctl.crypto.integrity import Mac
from kmsctl.errors import IntegrityError, StoreAccess
from kmsctl.store.anchor import RECORD, Anchor, Mark

if TYPE_CHECKING:
    from pathlib import Path

STORE = b"s" * 16
EPOCH = b"e" * 16
TAG = Mac(bytes(32))


def mark(
    name: str = "us-east1",
    generation: int = 1,
    sequence: int = 0,
    epoch: bytes = EPOCH,
    *,
    lost: bool = False,
) -> Mark:
    return Mark(
        name, epoch, generation, bytes([generation]) * 32, sequence, bytes([sequence]) * 32, lost=lost
    )


def seen(anchor: Anchor, name: str = "us-east1") -> tuple[int, int]:
    found = anchor.find(name)
    assert found is not None
    assert found.head_tag == bytes([found.generation]) * 32
    assert found.audit_tag == bytes([found.audit_sequence]) * 32
    return found.generation, found.audit_sequence


def damage(anchor: Anchor, place: int, content: bytes = b"\xff" * RECORD) -> None:
    with open(anchor.path, "r+b") as file:
        file.seek(place * RECORD)
        file.write(content)


@pytest.fixture
def anchor(tmp_path: Path) -> Anchor:
    made = Anchor(str(tmp_path / "anchor"), STORE, TAG)
    made.create()
    return made


def test_a_new_anchor_knows_no_database(anchor: Anchor) -> None:
    assert anchor.marks() == []
    assert anchor.find("us-east1") is None
    assert os.stat(anchor.path).st_mode & 0o777 == 0o600
    assert anchor.damage() == []


def test_an_anchor_is_not_made_over_another(anchor: Anchor) -> None:
    with pytest.raises(StoreAccess):
        anchor.create()


@pytest.mark.parametrize("name", ["a", "control", "x" * 63])
def test_a_mark_reads_back(anchor: Anchor, name: str) -> None:
    made = Mark(name, os.urandom(16), 2**63 - 1, os.urandom(32), 2**63 - 2, os.urandom(32), lost=True)
    anchor.raise_to(made)
    found = anchor.find(name)
    assert found is not None
    for field in Mark.__slots__:
        assert getattr(found, field) == getattr(made, field)


def test_databases_have_slots_in_the_order_of_their_first_use(anchor: Anchor) -> None:
    for name in ("us-east1", "control", "global", "us-east1"):
        anchor.raise_to(mark(name))
    assert [found.name for found in anchor.marks()] == ["us-east1", "control", "global"]
    assert anchor.damage() == []


RAISES = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), min_size=1, max_size=12)


@given(RAISES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_it_is_never_lowered(tmp_path: Path, raises: list[tuple[int, int]]) -> None:
    anchor = Anchor(str(tmp_path / os.urandom(8).hex()), STORE, TAG)
    anchor.create()
    for number, (generation, sequence) in enumerate(raises, 1):
        anchor.raise_to(mark(generation=generation, sequence=sequence))
        done = raises[:number]
        assert seen(anchor) == (max(one for one, _ in done), max(other for _, other in done))


def test_a_raise_to_the_same_state_writes_nothing(anchor: Anchor) -> None:
    anchor.raise_to(mark(generation=3, sequence=2))
    with open(anchor.path, "rb") as file:
        before = file.read()
    anchor.raise_to(mark(generation=3, sequence=2))
    anchor.raise_to(mark(generation=1, sequence=1))
    with open(anchor.path, "rb") as file:
        assert file.read() == before


def test_another_epoch_needs_to_be_accepted(anchor: Anchor) -> None:
    anchor.raise_to(mark(generation=5, sequence=5))
    with pytest.raises(IntegrityError, match="of another epoch"):
        anchor.raise_to(mark(generation=9, sequence=9, epoch=b"f" * 16))
    assert seen(anchor) == (5, 5)
    anchor.raise_to(mark(generation=2, sequence=1, epoch=b"f" * 16), new_epoch=True)
    assert seen(anchor) == (2, 1)


def test_the_two_copies_of_a_record_are_written_in_turn(anchor: Anchor) -> None:
    def copies() -> tuple[bytes, bytes]:
        with open(anchor.path, "rb") as file:
            file.seek(2 * RECORD)
            return file.read(RECORD), file.read(RECORD)

    anchor.raise_to(mark(generation=1))
    states = [copies()]
    for generation in range(2, 6):
        anchor.raise_to(mark(generation=generation))
        states.append(copies())
    changed = [
        [one != other for one, other in zip(before, after, strict=True)] for before, after in pairwise(states)
    ]
    assert changed == [[False, True], [True, False], [False, True], [True, False]]


@pytest.mark.parametrize("torn", [b"", b"\xff", b"\xff" * 100, b"\xff" * RECORD, bytes(RECORD)])
def test_a_torn_write_leaves_the_state_before_it(anchor: Anchor, torn: bytes) -> None:
    for generation in (1, 2, 3):
        anchor.raise_to(mark(generation=generation))
    assert anchor.damage() == []
    damage(anchor, 2, torn)  # the third is at the first place again
    if torn:
        assert seen(anchor) == (2, 0)
        assert len(anchor.damage()) == 1
    anchor.raise_to(mark(generation=4))
    assert seen(anchor) == (4, 0)
    assert anchor.damage() == []


def test_the_other_copy_may_be_damaged_too(anchor: Anchor) -> None:
    for generation in (1, 2, 3):
        anchor.raise_to(mark(generation=generation))
    damage(anchor, 3)
    assert seen(anchor) == (3, 0)
    assert anchor.damage() == [f"Record 1 of the anchor {anchor.path} has lost one of its two copies."]


def test_a_record_without_a_good_copy_is_refused(anchor: Anchor) -> None:
    for generation in (1, 2):
        anchor.raise_to(mark(generation=generation))
    damage(anchor, 2)
    damage(anchor, 3)
    for act in (anchor.marks, anchor.damage, lambda: anchor.raise_to(mark(generation=3))):
        with pytest.raises(IntegrityError, match=r"is damaged \(record 1\)"):
            act()


def test_the_header_has_two_copies_as_well(anchor: Anchor) -> None:
    anchor.raise_to(mark("us-east1"))
    anchor.raise_to(mark("global"))
    damage(anchor, 1)
    assert len(anchor.damage()) == 1
    assert {found.name for found in anchor.marks()} >= {"us-east1"}
    damage(anchor, 0)
    with pytest.raises(
        IntegrityError, match=r"is damaged or was written under another root key \(record 0\)"
    ):
        anchor.marks()


def test_a_crash_between_slot_and_header_leaves_the_database_unanchored(anchor: Anchor) -> None:
    class Crash(Exception):
        pass

    def probe(step: str) -> None:
        if step == "anchor.slot":
            raise Crash

    with pytest.raises(Crash):
        Anchor(anchor.path, STORE, TAG, probe).raise_to(mark(generation=7))
    assert anchor.find("us-east1") is None
    anchor.raise_to(mark(generation=1))
    assert seen(anchor) == (1, 0)
    assert len(anchor.marks()) == 1


@pytest.mark.parametrize(
    ("size", "record"),
    [(0, 0), (1, 0), (RECORD - 1, 0), (2 * RECORD, 1), (3 * RECORD - 1, 1)],
)
def test_a_truncated_anchor_is_refused(anchor: Anchor, size: int, record: int) -> None:
    for generation in (1, 2, 3):
        anchor.raise_to(mark(generation=generation))
    for one in (anchor, Anchor(anchor.path, STORE, TAG)):
        os.truncate(one.path, size)
        for act in (one.marks, one.damage, lambda: anchor.raise_to(mark(generation=4))):
            with pytest.raises(
                IntegrityError, match=rf"is damaged( or was [a-z ]+ key)? \(record {record}\)"
            ):
                act()


def test_a_truncated_second_copy_shows(anchor: Anchor) -> None:
    for generation in (1, 2, 3):
        anchor.raise_to(mark(generation=generation))
    os.truncate(anchor.path, 4 * RECORD - 1)
    assert seen(anchor) == (3, 0)
    assert len(anchor.damage()) == 1


def test_records_do_not_serve_at_another_place(anchor: Anchor) -> None:
    anchor.raise_to(mark("us-east1", generation=9))
    anchor.raise_to(mark("global", generation=1))
    with open(anchor.path, "rb") as file:
        content = file.read()
    for place in (4, 5):
        damage(anchor, place, content[2 * RECORD : 3 * RECORD])
    with pytest.raises(IntegrityError, match=r"is damaged \(record 2\)"):
        anchor.marks()


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_no_flipped_bit_makes_a_state_that_never_was(anchor: Anchor, data: st.DataObject) -> None:
    if anchor.find("us-east1") is None:
        for generation in (1, 2, 3):
            anchor.raise_to(mark(generation=generation))
    with open(anchor.path, "rb") as file:
        content = file.read()
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    byte = bytes([content[bit // 8] ^ 1 << bit % 8])
    with open(anchor.path, "r+b") as file:
        file.seek(bit // 8)
        file.write(byte)
    try:
        found = anchor.find("us-east1")
        if found is None:  # the header of before the first use: a database in use is then refused
            assert RECORD <= bit // 8 < 2 * RECORD
        else:
            assert seen(anchor) in ((2, 0), (3, 0))
            assert anchor.damage()
    finally:
        with open(anchor.path, "r+b") as file:
            file.write(content)


def test_the_anchor_of_another_key_or_store_is_refused(anchor: Anchor) -> None:
    anchor.raise_to(mark())
    with pytest.raises(IntegrityError, match="is damaged"):
        Anchor(anchor.path, STORE, Mac(b"k" * 32)).marks()
    with pytest.raises(IntegrityError, match="of another store or a newer format"):
        Anchor(anchor.path, b"t" * 16, TAG).marks()


def test_a_missing_anchor_is_no_fresh_start(anchor: Anchor) -> None:
    os.unlink(anchor.path)
    for act in (anchor.marks, lambda: anchor.raise_to(mark())):
        with pytest.raises(IntegrityError, match=r"The anchor .* is missing"):
            act()
    assert not os.path.exists(anchor.path)


@pytest.mark.parametrize("bits", [0o640, 0o604])
def test_an_anchor_that_others_may_read_is_refused(anchor: Anchor, bits: int) -> None:
    os.chmod(anchor.path, bits)
    with pytest.raises(StoreAccess, match="open to others"):
        anchor.marks()


def test_a_link_to_an_anchor_is_refused(anchor: Anchor, tmp_path: Path) -> None:
    os.rename(anchor.path, tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", anchor.path)
    with pytest.raises(StoreAccess, match="not a plain file"):
        anchor.marks()


def test_an_anchor_that_cannot_be_written_is_seen_beforehand(
    anchor: Anchor, monkeypatch: pytest.MonkeyPatch
) -> None:
    anchor.check_writable()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(StoreAccess, match="it is not writable"):
        anchor.check_writable()


def test_a_short_write_is_an_error(anchor: Anchor, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda descriptor, data, at: write(descriptor, data[:100], at))
    with pytest.raises(StoreAccess, match="could not be written whole"):
        anchor.raise_to(mark())


# Tags under another root key

NEWER = Mac(b"n" * 32)


def test_tags_are_made_anew_and_nothing_else_changes(anchor: Anchor) -> None:
    for name, generation in (("us-east1", 3), ("global", 1), ("us-east1", 4)):
        anchor.raise_to(mark(name, generation=generation))
    before = [each.encode() for each in anchor.marks()]
    other = Anchor(anchor.path, STORE, TAG, others=lambda: [NEWER, TAG])
    assert [each.encode() for each in other.marks()] == before
    anchor.retag(NEWER)
    for reader in (anchor, other, Anchor(anchor.path, STORE, NEWER)):
        assert [each.encode() for each in reader.marks()] == before
        assert reader.damage() == []
    with pytest.raises(IntegrityError, match="is damaged"):
        Anchor(anchor.path, STORE, TAG).marks()
    other.raise_to(mark("us-east1", generation=5))
    assert seen(Anchor(anchor.path, STORE, NEWER)) == (5, 0)


def test_whoever_waits_while_tags_are_made_anew_writes_to_the_new_file(anchor: Anchor) -> None:
    import threading

    anchor.raise_to(mark(generation=1))
    waiting = Anchor(anchor.path, STORE, TAG, others=lambda: [NEWER])
    thread = threading.Thread(target=lambda: waiting.raise_to(mark(generation=2)))

    def probe(step: str) -> None:
        if step == "replace.written":
            thread.start()

    Anchor(anchor.path, STORE, TAG, probe).retag(NEWER)
    thread.join()
    assert seen(Anchor(anchor.path, STORE, NEWER)) == (2, 0)


def test_an_older_file_is_not_taken_for_the_new_one(anchor: Anchor) -> None:
    anchor.raise_to(mark(generation=1))
    with open(anchor.path, "rb") as file:
        older = file.read()
    anchor.retag(NEWER)
    with open(anchor.path, "wb") as file:
        file.write(older)
    with pytest.raises(IntegrityError, match="is damaged"):
        Anchor(anchor.path, STORE, NEWER, others=lambda: [NEWER]).marks()
