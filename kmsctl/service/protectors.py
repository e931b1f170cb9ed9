"""The protectors of the root key: listed, added, removed. The records are in the chain of control."""

from __future__ import annotations

from kmsctl.errors import (
    AlreadyExists,
    FailedPrecondition,
    IntegrityError,
    KmsError,
    NotFound,
    StoreLocked,
)
from kmsctl.service import audit
from kmsctl.service.maintenance import decide, record_reading
from kmsctl.store.replacing import remove_leftovers
from kmsctl.store.store import CONTROL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from kmsctl.keystore.enrolment import Enrolled
    from kmsctl.keystore.keystore import KeyStore
    from kmsctl.keystore.ports import Asking, HandOut, Request
    from kmsctl.keystore.root import RootKey
    from kmsctl.service.authorize import Decision
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.store.store import Store

    T = TypeVar("T")


def list_(kms: Kms, ctx: Context) -> tuple[list[Enrolled], str | None]:
    """Returns the protectors, and why nothing vouches for the list, if nothing does.

    They are shown to whoever owns the files also where the store does not open: that is when they are wanted.
    """
    from kmsctl.keystore import enrolment
    from kmsctl.keystore.slots import Slots

    try:
        store = kms.find_store()
    except (StoreLocked, IntegrityError) as error:
        return enrolment.listed(kms.secrets_directory, Slots.load(kms.secrets_directory)), error.message
    decision = decide(kms, ctx, "ListProtectors")
    if store is None:
        return [], None
    keystore = _keystore(store)
    found = enrolment.listed(keystore.directory, enrolment.read_slots(keystore))
    record_reading(kms, ctx, decision, {})
    return found, None


def init(kms: Kms, type_: str, request: Request, asking: Asking, hand_out: HandOut) -> list[Enrolled]:
    """Makes the secrets of a store that is not there yet, with a first protector of some type."""
    from kmsctl.keystore import enrolment
    from kmsctl.keystore.keystore import KeyStore
    from kmsctl.keystore.protectors import FILE

    made: list[Enrolled] = []
    asked = kms.asking(asking)

    def keep(root: RootKey, directory: str) -> None:
        prepared = enrolment.Prepared(type_, request, root.store_id, asked, kms.random)
        hand_out(prepared.handed_out)
        made.append(enrolment.create(directory, root, prepared, kms.clock(), kms.random, kms.probe))

    if kms.find_store() is not None:
        raise AlreadyExists(
            f"There is a store already: its secrets are in {kms.secrets_directory}.",
            hint="Add a protector to it: kmsctl store protectors add",
        )
    try:
        keystore = KeyStore.create(
            kms.secrets_directory, kms.random, kms.probe, None if type_ == FILE else keep
        )
    finally:
        asked.made()
        clear(kms)
    if type_ == FILE:
        made = enrolment.listed(keystore.directory, None)
    if not made:
        raise AlreadyExists("Another process was faster: there is a store now.")
    kms.use_keys(keystore)
    return made


def add(kms: Kms, ctx: Context, type_: str, request: Request, asking: Asking, hand_out: HandOut) -> Enrolled:
    """Enrols a protector.

    Args:
        kms: the service.
        ctx: the caller.
        type_: of the protector.
        request: what it is to be like.
        asking: who to ask for its secret.
        hand_out: is given the shares of a new protector of type ``shares``, before it is enrolled.
    """
    from kmsctl.keystore import enrolment
    from kmsctl.keystore.protectors import FILE

    store, decision = _decided(kms, ctx, "AddProtector")
    keystore = _keystore(store)
    if type_ == FILE:
        return _changed(store, ctx, decision, {"type": type_}, lambda: enrolment.add_file(keystore))
    asked = kms.asking(asking)
    try:
        prepared = enrolment.Prepared(type_, request, keystore.store_id, asked, kms.random)
        try:
            hand_out(prepared.handed_out)
            now = kms.clock()
            return _changed(
                store, ctx, decision, {"type": type_}, lambda: enrolment.add(keystore, prepared, now)
            )
        except BaseException:
            prepared.forget()
            raise
    finally:
        asked.made()
        clear(kms)


def clear(kms: Kms) -> list[str]:
    """Removes keys from the token that were made for protectors which were not enrolled.

    Returns:
        a sentence for each that could not be: it is tried again.
    """
    import os

    from kmsctl.keystore import enrolment
    from kmsctl.store import leases

    directory = os.path.dirname(kms.secrets_directory)
    left = []
    for path in leases.abandoned(directory):
        cka_id = bytes.fromhex(os.path.basename(path))
        try:
            enrolment.clear_token(kms.secrets_directory, cka_id, kms.asking())
        except KmsError as error:
            left.append(
                f"The key of a protector that was not enrolled (CKA_ID {cka_id.hex()}) is yet to be removed "
                f"from the token: {error.message} If that token is gone for good, remove {path}."
            )
        else:
            leases.held(directory, cka_id)  # removes the note
    return left


def remove(
    kms: Kms, ctx: Context, number: int, confirm: Callable[[Enrolled], None]
) -> tuple[Enrolled, str | None]:
    """Removes a protector, once `confirm` does not raise.

    Returns:
        the protector, and what is left of it elsewhere, if something is.
    """
    from kmsctl.keystore import enrolment

    store, decision = _decided(kms, ctx, "RemoveProtector")
    keystore = _keystore(store)
    gone = enrolment.find(keystore, number)
    confirm(gone)
    request: dict[str, object] = {"protector": str(number), "type": gone.type}
    asked = kms.asking()
    try:
        slot = _changed(store, ctx, decision, request, lambda: enrolment.remove(keystore, number, asked))
        return gone, None if slot is None else enrolment.forget(slot, asked)
    finally:
        asked.made()
        clear(kms)


def unlock(kms: Kms, seconds: int) -> bool:
    """Leaves the root key with an agent for some time. Returns whether the agent's memory is locked.

    Raises:
        FailedPrecondition: if the root key has a file of its own, so that there is nothing to unlock.
    """
    import os

    from kmsctl.keystore import agent
    from kmsctl.keystore.keystore import ROOT_KEY_FILE

    if os.path.lexists(os.path.join(kms.secrets_directory, ROOT_KEY_FILE)):
        raise FailedPrecondition("The root key has a file of its own: the store is never locked.")
    agent.end(kms.secrets_directory)  # whoever wants more time shows again that they may have it
    store = kms.find_store()
    if store is None:
        raise NotFound("There is no store yet.", hint="Make one: kmsctl store init")
    keystore = _keystore(store)
    with keystore.lock():  # one at a time: the agent of another would live on where nobody finds it
        keystore.refresh()
        return agent.start(keystore.directory, keystore.roots, seconds)


def lock(kms: Kms) -> bool:
    """Ends the agent. Returns False if there is none."""
    from kmsctl.keystore import agent

    return agent.end(kms.secrets_directory)


def _decided(kms: Kms, ctx: Context, method: str) -> tuple[Store, Decision]:
    store = kms.find_store()
    decision = decide(kms, ctx, method)
    if store is None:
        raise NotFound("There is no store yet.", hint="Make one: kmsctl store init")
    return store, decision


def _keystore(store: Store) -> KeyStore:
    return store.keys  # type: ignore[return-value]  # the one of this program


def _changed(
    store: Store, ctx: Context, decision: Decision, request: dict[str, object], act: Callable[[], T]
) -> T:
    """Changes protectors, and keeps a record of it, both or neither as far as two files allow."""
    keystore = _keystore(store)
    with keystore.lock():
        remove_leftovers(keystore.directory)
        keystore.refresh()
        control = store.find(CONTROL)
        if control is None:
            return act()  # nothing was ever made in this store
        with control.write() as transaction:
            done = act()
            audit.append_store(transaction, ctx, decision, request)
        return done
