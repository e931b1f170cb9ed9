from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kmsctl.errors import IntegrityError, KmsError, StoreAccess
from kmsctl.keystore import stretching
from kmsctl.keystore.root import RootKey
from kmsctl.keystore.slots import Slot, Slots

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROOT = RootKey(bytes(range(16)), bytes(range(100, 132)))
NEWER = RootKey(ROOT.store_id, bytes(range(50, 82)))
KEYS = [os.urandom(32), os.urandom(32)]


def made(directory: Path, *roots: RootKey) -> Slots:
    """Writes a slot file with two slots."""
    used = list(roots) or [ROOT]
    slots = Slots(ROOT.store_id, [root.id for root in used])
    for number, key in enumerate(KEYS, 1):
        slot = Slot(number, "passphrase", 5 + number, {"salt": "00", "argv": ["a", "b"]})
        slot.seal(used, key, os.urandom)
        slots.slots.append(slot)
    slots.last = len(KEYS)
    slots.save(str(directory), used)
    return slots


def loaded(directory: Path) -> Slots:
    found = Slots.load(str(directory))
    assert found is not None
    return found


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path


def test_slots_read_back(directory: Path) -> None:
    assert Slots.load(str(directory)) is None
    made(directory)
    found = loaded(directory)
    found.check([ROOT], str(directory))
    for slot, key in zip(found.slots, KEYS, strict=True):
        roots = slot.unseal(found.store_id, found.root_ids, key)
        assert roots is not None
        assert [root.reveal() for root in roots] == [ROOT.reveal()]
        assert slot.unseal(found.store_id, found.root_ids, os.urandom(32)) is None
    assert os.listdir(directory) == ["protectors"]
    assert (directory / "protectors").stat().st_mode & 0o777 == 0o600


def test_while_the_root_key_is_rotated_both_are_in_each_slot(directory: Path) -> None:
    made(directory, NEWER, ROOT)
    found = loaded(directory)
    for known in ([ROOT], [NEWER], [NEWER, ROOT]):
        found.check(known, str(directory))
    roots = found.slots[1].unseal(found.store_id, found.root_ids, KEYS[1])
    assert roots is not None
    assert [root.id for root in roots] == [NEWER.id, ROOT.id]


@pytest.mark.parametrize(
    "change",
    [
        lambda slot: setattr(slot, "number", 3),
        lambda slot: setattr(slot, "type", "command"),
        lambda slot: setattr(slot, "create_time", 1),
        lambda slot: slot.parameters.update(salt="01"),
        lambda slot: slot.parameters.update(argv=["a b"]),
        lambda slot: slot.parameters.update(more=1),
        lambda slot: slot.sealed.update({ROOT.id: os.urandom(72)}),
        lambda slot: slot.sealed.update({ROOT.id: b""}),
        lambda slot: slot.sealed.clear(),
    ],
)
def test_everything_a_slot_says_is_bound_to_the_root_key_in_it(
    directory: Path, change: Callable[[Slot], object]
) -> None:
    slots = made(directory)
    change(slots.slots[0])
    assert slots.slots[0].unseal(slots.store_id, slots.root_ids, KEYS[0]) is None
    assert slots.slots[1].unseal(slots.store_id, slots.root_ids, KEYS[1]) is not None


def test_a_slot_of_another_store_or_under_another_id_is_refused(directory: Path) -> None:
    slots = made(directory)
    assert slots.slots[0].unseal(bytes(16), slots.root_ids, KEYS[0]) is None
    slots.slots[0].sealed[NEWER.id] = slots.slots[0].sealed[ROOT.id]
    assert slots.slots[0].unseal(slots.store_id, [NEWER.id], KEYS[0]) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found["slots"].pop(),
        lambda found: found.update(lastSlot=9),
        lambda found: found["tags"].update({ROOT.id: "00" * 32}),
        lambda found: found["tags"].clear(),
        lambda found: found["slots"][0].update(createTime=0),
        lambda found: found.update(storeId="00" * 16),
    ],
)
def test_slots_that_the_root_key_does_not_vouch_for_are_refused(
    directory: Path, change: Callable[[Any], object]
) -> None:
    made(directory)
    rewrite(directory, change)
    with pytest.raises(IntegrityError, match="was changed, or is of another store"):
        loaded(directory).check([ROOT], str(directory))


def rewrite(directory: Path, change: Callable[[Any], object]) -> None:
    path = directory / "protectors"
    found = json.loads(path.read_text())
    change(found)
    path.write_text(json.dumps(found))


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found.update(format="kmsctl-protectors-2"),
        lambda found: found.update(storeId="00"),
        lambda found: found.update(storeId=5),
        lambda found: found.update(rootKeys=[]),
        lambda found: found.update(rootKeys=["a", "b", "c"]),
        lambda found: found.update(rootKeys=[1]),
        lambda found: found.update(lastSlot=True),
        lambda found: found.update(slots={}),
        lambda found: found.update(slots=[5]),
        lambda found: found["slots"][0].update(slot=0),
        lambda found: found["slots"][0].update(slot=2),
        lambda found: found["slots"][0].update(slot="1"),
        lambda found: found["slots"].reverse(),
        lambda found: found["slots"][0].update(type=1),
        lambda found: found["slots"][0].update(parameters=[]),
        lambda found: found["slots"][0].update(parameters={"argv": [1]}),
        lambda found: found["slots"][0].update(parameters={"argv": ["\ud800"]}),
        lambda found: found["slots"][0].update(parameters={"argv": ["a\0b"]}),
        lambda found: found["slots"][0].update(parameters={"kdf": {}}),
        lambda found: found["slots"][0].update(sealed={}),
        lambda found: found["slots"][0]["sealed"].update({ROOT.id: "!"}),
        lambda found: found.pop("slots"),
        lambda found: found.pop("tags"),
        lambda found: found.update(tags=[]),
    ],
)
def test_a_slot_file_that_makes_no_sense_is_damaged(directory: Path, change: Callable[[Any], object]) -> None:
    made(directory)
    rewrite(directory, change)
    with pytest.raises(IntegrityError, match=r"The slot file .* is damaged"):
        loaded(directory)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"5", b"\xff", b"[" * 100_000])
def test_what_is_no_slot_file_is_damaged(directory: Path, content: bytes) -> None:
    made(directory)
    (directory / "protectors").write_bytes(content)
    with pytest.raises(IntegrityError, match="is damaged"):
        loaded(directory)


def test_a_slot_file_that_is_too_large_or_open_to_others_is_refused(directory: Path) -> None:
    made(directory)
    (directory / "protectors").chmod(0o640)
    with pytest.raises(StoreAccess, match="open to others"):
        loaded(directory)
    (directory / "protectors").chmod(0o600)
    (directory / "protectors").write_bytes(bytes(1 << 19))
    with pytest.raises(IntegrityError, match="too large"):
        loaded(directory)


@given(st.data())
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_flipped_bit_opens_anything_else(directory: Path, data: st.DataObject) -> None:
    path = directory / "protectors"
    if not path.exists():
        made(directory)
    content = path.read_bytes()
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    path.write_bytes(changed)
    try:
        found = loaded(directory)
        opened = []
        for slot in found.slots:
            for key in KEYS:
                roots = slot.unseal(found.store_id, found.root_ids, key)
                if roots is not None:
                    found.check(roots, str(directory))
                    opened += [root.reveal() for root in roots]
        # A digit of a tag or id may have become a capital, white space other white space.
        assert set(opened) <= {ROOT.reveal()}
        if opened:
            assert changed.lower().split() == content.lower().split()
    except KmsError as error:
        assert isinstance(error, IntegrityError)  # noqa: PT017 - one or the other
    finally:
        path.write_bytes(content)


# What passphrases cost


def test_what_it_costs_is_stored_and_is_what_is_computed_with() -> None:
    parameters = stretching.draw(os.urandom)
    assert {name: parameters[name] for name in ("kdf", "iterations", "lanes", "memoryKib")} == {
        "kdf": "argon2id",
        "iterations": 3,
        "lanes": 4,
        "memoryKib": 262_144,
    }
    cheap = {**parameters, "memoryKib": 8192, "iterations": 1}
    assert stretching.stretch(cheap, b"secret") == stretching.stretch(cheap, b"secret")
    keys = {
        stretching.stretch({**cheap, **more}, b"secret")
        for more in ({}, {"iterations": 2}, {"lanes": 2}, {"memoryKib": 8200}, {"salt": "00" * 16})
    }
    assert len(keys) == 5


@pytest.mark.parametrize(
    "wrong",
    [
        {"memoryKib": 8191},
        {"memoryKib": (1 << 21) + 1},
        {"iterations": 0},
        {"iterations": 65},
        {"lanes": 0},
        {"lanes": 65},
        {"lanes": "4"},
        {"salt": "00"},
        {"salt": "x"},
        {"kdf": "scrypt"},
    ],
)
def test_costs_beyond_the_bounds_are_not_computed(wrong: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match="slot file was changed"):
        stretching.stretch({**stretching.draw(os.urandom), **wrong}, b"secret")
