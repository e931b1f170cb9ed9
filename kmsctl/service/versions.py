"""Versions: created, shown, listed; enabled, disabled, scheduled for destruction, restored."""

from __future__ import annotations

from kmsctl.errors import InvalidArgument
from kmsctl.model import states
from kmsctl.service import due, generation
from kmsctl.service.call import Mutation, Reading, not_found
from kmsctl.service.defaults import PAGE_SIZE
from kmsctl.service.keys import transition_refused
from kmsctl.store import versions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from kmsctl.model.names import CryptoKeyName, CryptoKeyVersionName
    from kmsctl.model.resources import CryptoKeyVersion
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.store.snapshot import Snapshot, Transaction
    from kmsctl.store.tables import Row

_VERBS = {states.ENABLED: "enable", states.DISABLED: "disable"}


def create(kms: Kms, ctx: Context, parent: CryptoKeyName) -> CryptoKeyVersion:
    if not _generates_slowly(kms, ctx, parent):
        return _add(kms, ctx, parent, None)
    with generation.Generation(kms, parent) as slow:
        added = _add(kms, ctx, parent, slow.uid)
        slow.complete(added.name)
    return get(kms, ctx, added.name)


def _generates_slowly(kms: Kms, ctx: Context, parent: CryptoKeyName) -> bool:
    with Reading(kms, ctx, "CreateCryptoKeyVersion", parent) as snapshot:
        row = None if snapshot is None else due.find_key(snapshot, parent)
        if row is None:
            raise not_found(parent)
        generation.check_may_generate(row, parent)
        level, algorithm = row.integer("protection_level"), generation.algorithm_of(row)
    generation.check_available(kms, level, algorithm)
    return algorithm.secret_size is None


def _add(kms: Kms, ctx: Context, parent: CryptoKeyName, uid: bytes | None) -> CryptoKeyVersion:
    with Mutation(kms, ctx, "CreateCryptoKeyVersion", parent) as call:
        transaction = call.transaction
        key = due.find_key(transaction, parent)
        if key is None:
            raise not_found(parent)
        due.apply(kms, transaction, key, parent)
        name = parent.version(generation.add_version(kms, transaction, key, parent, uid))
        call.request = {"cryptoKeyVersionId": str(name.number)}
        return _shown(transaction, key, name)


def get(kms: Kms, ctx: Context, name: CryptoKeyVersionName) -> CryptoKeyVersion:
    def shown(snapshot: Snapshot, key: Row) -> CryptoKeyVersion:
        return _shown(snapshot, key, name)

    return due.read_key(kms, ctx, "GetCryptoKeyVersion", name, name.parent, shown)


def list_(kms: Kms, ctx: Context, parent: CryptoKeyName, limit: int | None) -> Iterator[CryptoKeyVersion]:
    after = 0
    left = limit
    while left is None or left > 0:
        size = PAGE_SIZE if left is None else min(left, PAGE_SIZE)
        reading = Reading(kms, ctx, "ListCryptoKeyVersions", parent)
        with reading as snapshot:
            key = None if snapshot is None else due.find_key(snapshot, parent)
            if snapshot is None or key is None:
                raise not_found(parent)
            found = list(versions.page(snapshot, key, parent, after=after, limit=size))
        if not after:
            reading.record()
        yield from found
        if len(found) < size:
            return
        after = found[-1].name.number
        left = None if left is None else left - size


def update_state(kms: Kms, ctx: Context, name: CryptoKeyVersionName, state: str) -> CryptoKeyVersion:
    verb = _VERBS.get(state)
    if verb is None:
        raise InvalidArgument(f"crypto_key_version.state: '{state}' is neither ENABLED nor DISABLED.")
    with Mutation(kms, ctx, "UpdateCryptoKeyVersion", name) as call:
        call.request = {"updateMask": "state", "state": state}
        key, row = _find(kms, call.transaction, name, verb)
        call.transaction.update(row, state=states.STATE_NUMBERS[state])
        return _shown(call.transaction, key, name)


def destroy(kms: Kms, ctx: Context, name: CryptoKeyVersionName) -> CryptoKeyVersion:
    with Mutation(kms, ctx, "DestroyCryptoKeyVersion", name) as call:
        transaction = call.transaction
        key, row = _find(kms, transaction, name, "destroy")
        transaction.update(
            row,
            state=states.STATE_NUMBERS[states.DESTROY_SCHEDULED],
            destroy_time=transaction.now + key.integer("destroy_scheduled_duration"),
        )
        due.apply(kms, transaction, key, name.parent)  # a window of 0 is over at once
        return _shown(transaction, key, name)


def restore(kms: Kms, ctx: Context, name: CryptoKeyVersionName) -> CryptoKeyVersion:
    with Mutation(kms, ctx, "RestoreCryptoKeyVersion", name) as call:
        key, row = _find(kms, call.transaction, name, "restore")
        call.transaction.update(row, state=states.STATE_NUMBERS[states.DISABLED], destroy_time=None)
        return _shown(call.transaction, key, name)


def _find(kms: Kms, transaction: Transaction, name: CryptoKeyVersionName, verb: str) -> tuple[Row, Row]:
    """Returns the rows of key and version, if `verb` may be asked for in the version's state."""
    key = due.find_key(transaction, name.parent)
    if key is None:
        raise not_found(name)
    due.apply(kms, transaction, key, name.parent)
    row = versions.find(transaction, key, name)
    if row is None:
        raise not_found(name)
    state = versions.state_of(row, transaction.now)
    if state not in states.ALLOWED[verb]:
        raise transition_refused(str(name), state)
    return key, row


def _shown(snapshot: Snapshot, key: Row, name: CryptoKeyVersionName) -> CryptoKeyVersion:
    row = versions.find(snapshot, key, name)
    if row is None:
        raise not_found(name)
    return versions.resource(row, name, snapshot.now)
