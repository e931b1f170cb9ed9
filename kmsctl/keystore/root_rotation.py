"""Rotation of the root key, as far as protectors and anchor go.

Both root keys are kept while databases are wrapped anew: each protector then opens both, so a crash at any
point leaves a store that opens, and a rotation that goes on without anybody being asked again.
"""

from __future__ import annotations

import os

from kmsctl.errors import FailedPrecondition
from kmsctl.keystore import agent, enrolment
from kmsctl.keystore.keystore import ROOT_KEY_FILE, anchor_tag
from kmsctl.keystore.root import RootKey, text_of
from kmsctl.keystore.slots import Slots
from kmsctl.keystore.unlocking import keys_of
from kmsctl.store.replacing import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.keystore.keystore import KeyStore
    from kmsctl.keystore.ports import Asking


def is_pending(keystore: KeyStore) -> bool:
    """Tells whether a rotation was begun and not ended."""
    if len(keystore.roots) > 1:
        return True
    slots = Slots.load(keystore.directory)
    return slots is not None and len(slots.root_ids) > 1


def settle(keystore: KeyStore) -> None:
    """Brings the slot file to what the root key's own file says, after a crash between the two."""
    slots = enrolment.read_slots(keystore)
    if slots is not None and enrolment.settle(keystore, slots):
        slots.save(keystore.directory, keystore.roots, keystore.probe)


def begin(keystore: KeyStore, asking: Asking, *, drop_unavailable: bool) -> list[str]:
    """Draws a new root key and enrols it with all protectors, beside the one in use.

    Returns:
        the protectors that were dropped, as ``NUMBER (TYPE)``.

    Raises:
        FailedPrecondition: if one cannot be opened to enrol it, and is not to be dropped.
    """
    slots = enrolment.read_slots(keystore)
    path = os.path.join(keystore.directory, ROOT_KEY_FILE)
    has_file = os.path.lexists(path)
    dropped = []
    new = RootKey.generate(keystore.random, keystore.store_id)
    roots = [new, *keystore.roots]
    if slots is not None:
        keys, failed = keys_of(slots, asking)
        if failed and not drop_unavailable:
            raise FailedPrecondition(
                f"Not all protectors can be given the new root key. {'. '.join(failed.values())}.",
                hint="Give what they take, or leave them out with --drop-unavailable: they are removed then.",
            )
        if not keys and not has_file:
            raise FailedPrecondition("No protector would be left.", hint="Add another one first.")
        dropped = [f"{slot.number} ({slot.type})" for slot in slots.slots if slot.number in failed]
        slots.slots = [slot for slot in slots.slots if slot.number in keys]
        for slot in slots.slots:
            slot.seal([new], keys[slot.number], keystore.random)
        slots.root_ids = [root.id for root in roots]
        slots.save(keystore.directory, roots, keystore.probe)
    if has_file:
        replace(path, text_of(roots), keystore.probe)
    keystore.use(roots)
    agent.update(keystore.directory, roots)
    keystore.probe("root.begun")
    return dropped


def finish(keystore: KeyStore) -> None:
    """Lets go of the old root key: nothing in the databases is wrapped by it any more."""
    keystore.anchor.retag(anchor_tag(keystore.roots[0]))
    keystore.probe("root.anchored")
    roots = keystore.roots[:1]
    slots = enrolment.read_slots(keystore)
    path = os.path.join(keystore.directory, ROOT_KEY_FILE)
    if os.path.lexists(path):
        replace(path, text_of(roots), keystore.probe)
    keystore.use(roots)
    if slots is not None and enrolment.settle(keystore, slots):
        slots.save(keystore.directory, roots, keystore.probe)
    agent.update(keystore.directory, roots)
    keystore.probe("root.finished")
