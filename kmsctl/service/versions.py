"""Versions: created, shown, listed; enabled, disabled, scheduled for destruction, restored."""

from __future__ import annotations

from kmsctl.errors import FailedPrecondition, InvalidArgument
from kmsctl.model import states
from kmsctl.service import due, generation
from kmsctl.service.backends import is_hsm
from kmsctl.service.call import Mutation, Reading, find_database, not_found
from kmsctl.service.defaults import PAGE_SIZE
from kmsctl.service.keys import transition_refused
from kmsctl.store import versions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from kmsctl.model.algorithms import Algorithm
    from kmsctl.model.names import CryptoKeyName, CryptoKeyVersionName
    from kmsctl.model.resources import CryptoKeyVersion
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.store.snapshot import Snapshot, Transaction
    from kmsctl.store.tables import Row

_VERBS = {states.ENABLED: "enable", states.DISABLED: "disable"}


def create(kms: Kms, ctx: Context, parent: CryptoKeyName) -> CryptoKeyVersion:
    level, algorithm = _kind(kms, ctx, parent)
    generation.check_available(kms, level, algorithm, parent)
    if not generation.is_slow(level, algorithm):
        return _add(kms, ctx, parent, None)
    if is_hsm(level):
        due.settle_token(kms, ctx, "CreateCryptoKeyVersion", parent, parent)
    with generation.Generation(kms, parent, level) as slow:
        added = _add(kms, ctx, parent, slow)
        slow.complete(added.name)
    return get(kms, ctx, added.name)


def _kind(kms: Kms, ctx: Context, parent: CryptoKeyName) -> tuple[int, Algorithm]:
    """Returns what a new version will be: protection level and algorithm."""
    with Reading(kms, ctx, "CreateCryptoKeyVersion", parent) as snapshot:
        row = None if snapshot is None else due.find_key(snapshot, parent)
        if row is None:
            raise not_found(parent)
        generation.check_may_generate(row, parent)
        return row.integer("protection_level"), generation.algorithm_of(row)


def _add(
    kms: Kms, ctx: Context, parent: CryptoKeyName, slow: generation.Generation | None
) -> CryptoKeyVersion:
    with Mutation(kms, ctx, "CreateCryptoKeyVersion", parent) as call:
        transaction = call.transaction
        key = due.find_key(transaction, parent)
        if key is None:
            raise not_found(parent)
        due.apply(kms, transaction, key, parent)
        name = parent.version(generation.add_version(kms, transaction, key, parent, slow))
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
    due.settle_token(kms, ctx, "UpdateCryptoKeyVersion", name, name.parent)
    with Mutation(kms, ctx, "UpdateCryptoKeyVersion", name) as call:
        call.request = {"updateMask": "state", "state": state}
        key, row = _find(kms, call.transaction, name, verb)
        call.transaction.update(row, state=states.STATE_NUMBERS[state])
        return _shown(call.transaction, key, name)


def destroy(kms: Kms, ctx: Context, name: CryptoKeyVersionName) -> CryptoKeyVersion:
    due.settle_token(kms, ctx, "DestroyCryptoKeyVersion", name, name.parent)
    with Mutation(kms, ctx, "DestroyCryptoKeyVersion", name) as call:
        transaction = call.transaction
        key, row = _find(kms, transaction, name, "destroy")
        transaction.update(
            row,
            state=states.STATE_NUMBERS[states.DESTROY_SCHEDULED],
            destroy_time=transaction.now + key.integer("destroy_scheduled_duration"),
        )
        due.apply(kms, transaction, key, name.parent)  # a window of 0 is over at once
        shown = _shown(transaction, key, name)
        waits = versions.in_token(row) and versions.is_due(row, transaction.trusted_now)
    if not waits:
        return shown
    due.settle(kms, name.parent)
    database = find_database(kms, name)
    if database is None:
        raise not_found(name)
    with database.read() as snapshot:
        return _shown(snapshot, generation.find(snapshot, name)[0], name)


def restore(kms: Kms, ctx: Context, name: CryptoKeyVersionName) -> CryptoKeyVersion:
    due.settle_token(kms, ctx, "RestoreCryptoKeyVersion", name, name.parent)
    with Mutation(kms, ctx, "RestoreCryptoKeyVersion", name) as call:
        key, row = _find(kms, call.transaction, name, "restore")
        if versions.in_token(row) and versions.is_due(row, call.transaction.now):
            raise FailedPrecondition(
                f"The destroy time of CryptoKeyVersion {name} has passed: its key waits to be removed from "
                "its token."
            )
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
    shown = versions.resource(row, name, snapshot.now)
    if versions.in_token(row):
        from kmsctl.service.token_objects import attestation

        shown.attestation = attestation(snapshot, row)
    return shown
