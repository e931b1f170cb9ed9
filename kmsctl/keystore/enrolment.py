"""Adding and removing protectors. Nothing in the data changes; the last protector stays."""

from __future__ import annotations

import os

from kmsctl.errors import AlreadyExists, FailedPrecondition, KmsError, NotFound
from kmsctl.keystore import protectors
from kmsctl.keystore.keystore import ROOT_KEY_FILE
from kmsctl.keystore.root import RootKey, text_of
from kmsctl.keystore.slots import MOST_SLOTS, Slot, Slots
from kmsctl.store.replacing import remove as remove_file
from kmsctl.store.replacing import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kmsctl.keystore.keystore import KeyStore
    from kmsctl.keystore.ports import Asking, Enrolling, Request
    from kmsctl.store.probes import Probe


#: The number of the root key's own file, which has no slot.
FILE_NUMBER = 0


class Enrolled:
    """A protector that is there: its number, type, creation time (or None) and what else is to be known."""

    __slots__ = ("create_time", "detail", "number", "type")

    def __init__(self, number: int, type_: str, create_time: int | None, detail: str) -> None:
        self.number = number
        self.type = type_
        self.create_time = create_time
        self.detail = detail


class Prepared:
    """A protector that is made, and not enrolled yet: what is slow about it is done."""

    __slots__ = ("_asking", "handed_out", "key", "parameters", "type")

    def __init__(
        self, type_: str, request: Request, store_id: bytes, asking: Enrolling, random: Callable[[int], bytes]
    ) -> None:
        made = protectors.module_of(type_).enrol(request, store_id, asking, random)
        self._asking = asking
        self.type = type_
        self.parameters, self.key, self.handed_out = made

    def forget(self) -> None:
        """Removes what was left elsewhere, for the protector is not enrolled after all."""
        if self.type == protectors.PKCS11:
            return  # `clear_token` does it, once it has looked whether that is so
        try:
            protectors.module_of(self.type).forget(self.parameters, self._asking)
        except KmsError:
            pass  # the error that led here is told


def clear_token(directory: str, cka_id: bytes, asking: Asking) -> None:
    """Removes a key from the token that was made for a protector, unless that is enrolled.

    Raises:
        KmsError: if it cannot be removed, or the slot file cannot be read.
    """
    from kmsctl.keystore import token

    slots = Slots.load(directory)
    known = [] if slots is None else [slot.parameters.get("ckaId") for slot in slots.slots]
    if cka_id.hex() not in known:
        token.clear(cka_id, asking)


def listed(directory: str, slots: Slots | None) -> list[Enrolled]:
    """Returns all protectors."""
    found = []
    path = os.path.join(directory, ROOT_KEY_FILE)
    if os.path.lexists(path):
        found.append(Enrolled(FILE_NUMBER, protectors.FILE, None, path))
    return found + [enrolled(slot) for slot in ([] if slots is None else slots.slots)]


def enrolled(slot: Slot) -> Enrolled:
    known = slot.type in protectors.TYPES
    detail = protectors.module_of(slot.type).describe(slot.parameters) if known else "of a newer kmsctl"
    return Enrolled(slot.number, slot.type, slot.create_time, detail)


def read_slots(keystore: KeyStore) -> Slots | None:
    """Returns what the slot file holds, if it is as it was left."""
    slots = Slots.load(keystore.directory)
    if slots is not None:
        slots.check(keystore.roots, keystore.directory)
    return slots


def add_file(keystore: KeyStore) -> Enrolled:
    """Writes the root key's own file. The caller holds the lock of `keystore`."""
    path = os.path.join(keystore.directory, ROOT_KEY_FILE)
    if os.path.lexists(path):
        raise AlreadyExists(f"The root key has its file already: {path}.")
    replace(path, text_of(keystore.roots), keystore.probe)
    return Enrolled(FILE_NUMBER, protectors.FILE, None, path)


def add(keystore: KeyStore, prepared: Prepared, now: int) -> Enrolled:
    """Enrols a protector. The caller holds the lock of `keystore`."""
    slots = read_slots(keystore) or Slots(keystore.store_id, keystore.root_ids())
    settle(keystore, slots)
    slot = enrol(slots, prepared, keystore.roots, now, keystore.random)
    slots.save(keystore.directory, keystore.roots, keystore.probe)
    return enrolled(slot)


def enrol(
    slots: Slots, prepared: Prepared, roots: Sequence[RootKey], now: int, random: Callable[[int], bytes]
) -> Slot:
    """Adds a slot to what will be the slot file."""
    if len(slots.slots) >= MOST_SLOTS:
        raise FailedPrecondition(f"There are {MOST_SLOTS} protectors already.", hint="Remove one first.")
    slot = Slot(slots.last + 1, prepared.type, now, prepared.parameters)
    slot.seal(roots, prepared.key, random)
    slots.last = slot.number
    slots.slots.append(slot)
    return slot


def create(
    directory: str, root: RootKey, prepared: Prepared, now: int, random: Callable[[int], bytes], probe: Probe
) -> Enrolled:
    """Writes the slot file of a new store."""
    slots = Slots(root.store_id, [root.id])
    slot = enrol(slots, prepared, [root], now, random)
    slots.save(directory, [root], probe)
    return enrolled(slot)


def find(keystore: KeyStore, number: int) -> Enrolled:
    """Returns a protector that may be removed.

    Raises:
        NotFound: if there is none of this number.
        FailedPrecondition: if it is the last one.
    """
    known = listed(keystore.directory, read_slots(keystore))
    found = [each for each in known if each.number == number]
    if not found:
        raise NotFound(f"There is no protector {number}.", hint="kmsctl store protectors list shows them.")
    if len(known) == 1:
        raise FailedPrecondition(
            f"Protector {number} ({found[0].type}) is the last one: without it nothing could open the store.",
            hint="Add another one first.",
        )
    return found[0]


def remove(keystore: KeyStore, number: int, asking: Enrolling) -> Slot | None:
    """Removes a protector. The caller holds the lock of `keystore`.

    Returns:
        its slot, of which something may be left elsewhere (`forget`); None if it had none.
    """
    find(keystore, number)
    if number == FILE_NUMBER:
        remove_file(os.path.join(keystore.directory, ROOT_KEY_FILE))
        keystore.probe("protectors.removed")
        return None
    slots = read_slots(keystore)
    if slots is None:
        raise NotFound(f"There is no protector {number}.")
    settle(keystore, slots)
    gone = next(slot for slot in slots.slots if slot.number == number)
    if gone.type == protectors.PKCS11:
        asking.making(bytes.fromhex(str(gone.parameters["ckaId"])))  # noted, as what is not enrolled is
    slots.slots.remove(gone)
    slots.save(keystore.directory, keystore.roots, keystore.probe)
    return gone


def forget(gone: Slot, asking: Asking) -> str | None:
    """Removes what a protector that was removed kept elsewhere. No lock is held: it may take long.

    Returns:
        what is left of it, as a sentence, if something is.
    """
    try:
        protectors.module_of(gone.type).forget(gone.parameters, asking)
    except KmsError as error:
        return f"What protector {gone.number} kept elsewhere was not removed: {error.message}"
    return None


def settle(keystore: KeyStore, slots: Slots) -> bool:
    """Drops sealed root keys that a rotation began with, or ended with, and was ended by a crash.

    The root key's own file decides: where it is there, it is written after the slot file at the beginning of
    a rotation, and before it at the end. Returns whether anything was dropped; the caller saves.
    """
    kept = keystore.root_ids()
    if slots.root_ids == kept:
        return False
    if not set(kept) <= set(slots.root_ids):
        raise FailedPrecondition(
            "The slot file has not got the root key: it is of another time than the root key's own file.",
            hint="Bring both back from one copy, or move the slot file away and add its protectors anew.",
        )
    slots.root_ids = kept
    for slot in slots.slots:
        slot.sealed = {id_: slot.sealed[id_] for id_ in kept}
    return True
