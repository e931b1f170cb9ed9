"""Opening a store whose root key has no file: the agent, then what opens by itself, then questions."""

from __future__ import annotations

import os

from kmsctl.errors import IntegrityError, KmsError, StoreLocked
from kmsctl.keystore import agent, protectors
from kmsctl.keystore.slots import Slot, Slots

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kmsctl.keystore.ports import Asking
    from kmsctl.keystore.root import RootKey

_HINT = (
    "Run it in a terminal, name the file of the passphrase with the property store/passphrase_file, or run "
    "kmsctl store unlock first."
)


def unlock(directory: str, asking: Asking | None) -> tuple[list[RootKey], Callable[[], Sequence[RootKey]]]:
    """Opens the first protector that can be opened, of those that a secret was brought for, if one was.

    Args:
        directory: of the slot file.
        asking: who to ask, if anybody.

    Returns:
        the root keys, and what gives them again as they are later, without a question.

    Raises:
        StoreLocked: if none could be opened.
        IntegrityError: if the slot file is damaged.
    """
    slots = _load(directory)
    asking = asking or protectors.Silent()
    brought = asking.brought()
    known = [] if brought else agent.fetch(directory, slots.store_id)
    if {root.id for root in known} >= set(slots.root_ids):
        slots.check(known, directory)
        return known, lambda: agent.fetch(directory, slots.store_id)
    failures: list[str] = []
    tried = [slot for slot in slots.slots if not brought or slot.type in brought]
    if not tried:
        raise StoreLocked(
            f"The store has no protector of type {' or '.join(brought)}.",
            hint="kmsctl store protectors list shows them.",
        )
    for slot in sorted(tried, key=_order):
        key = _key_of(slot, slots.store_id, asking, failures)
        if key is None:
            continue
        roots = slot.unseal(slots.store_id, slots.root_ids, key)
        if roots is not None:
            slots.check(roots, directory)
            return roots, _again(directory, slot.number, key)
        failures.append(
            f"{_named(slot)} was not opened: what was given is not right, or its slot was changed"
        )
    raise StoreLocked(f"The store is locked. {'. '.join(failures)}.", hint=_HINT)


def keys_of(slots: Slots, asking: Asking) -> tuple[dict[int, bytes], dict[int, str]]:
    """Returns the keys of all slots that can be opened, and why the others cannot, by slot number."""
    keys: dict[int, bytes] = {}
    failed: dict[int, str] = {}
    for slot in slots.slots:
        why: list[str] = []
        key = _key_of(slot, slots.store_id, asking, why)
        if key is not None and slot.unseal(slots.store_id, slots.root_ids, key) is None:
            why, key = [f"{_named(slot)} was not opened: what was given is not right"], None
        if key is None:
            failed[slot.number] = why[0]
        else:
            keys[slot.number] = key
    return keys, failed


def with_others(error: KmsError, directory: str) -> KmsError:
    """Returns an error about the root key's own file that says which protectors open the store without it."""
    try:
        slots = Slots.load(directory)
    except KmsError:
        slots = None
    if not isinstance(error, IntegrityError) or slots is None or not slots.slots:
        return error
    named = ", ".join(f"{slot.number} ({slot.type})" for slot in slots.slots)
    still = f"Protector {named} still opens" if len(slots.slots) == 1 else f"Protectors {named} still open"
    return IntegrityError(
        f"{error.message} {still} the store.",
        hint=f"Move {os.path.join(directory, 'root-key')} away. Then kmsctl store protectors add --type=file "
        "makes it anew.",
    )


def _load(directory: str) -> Slots:
    slots = Slots.load(directory)
    if slots is None or not slots.slots:
        raise IntegrityError(
            f"There is neither a root key nor any protector in {directory}.",
            hint="Bring the directory back from a copy. Without it nothing in the store can be read.",
        )
    return slots


def _key_of(slot: Slot, store_id: bytes, asking: Asking, failures: list[str]) -> bytes | None:
    try:
        key = protectors.module_of(slot.type).key_of(slot, store_id, asking)
    except KmsError as error:
        failures.append(f"{_named(slot)} was not opened: {error.message.removesuffix('.')}")
        return None
    if key is None:
        failures.append(f"{_named(slot)} was not opened: nobody gave what it takes")
    return key


def _named(slot: Slot) -> str:
    return f"Protector {slot.number} ({slot.type})"


def _order(slot: Slot) -> tuple[int, int]:
    known = protectors.TYPES.get(slot.type)
    return (99 if known is None else known[1], slot.number)


def _again(directory: str, number: int, key: bytes) -> Callable[[], Sequence[RootKey]]:
    def reopen() -> Sequence[RootKey]:
        slots = Slots.load(directory)
        found = [] if slots is None else [slot for slot in slots.slots if slot.number == number]
        if slots is None or not found:
            return ()
        return found[0].unseal(slots.store_id, slots.root_ids, key) or ()

    return reopen
