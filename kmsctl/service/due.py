"""What has fallen due: destruction and rotation take effect when somebody could notice.

There is no daemon. Before a verb answers about a key, what is due for that key is done, in a
transaction and with records of its own; lists compute the effective state and write nothing.
"""

from __future__ import annotations

from kmsctl.errors import AccessReasonDenied, FailedPrecondition, KmsError
from kmsctl.model.methods import METHODS
from kmsctl.service import audit
from kmsctl.service.call import Reading, find_database, not_found
from kmsctl.service.purge import purge_after
from kmsctl.service.targets import Target
from kmsctl.store import keys, leases, rings, versions
from kmsctl.store.snapshot import CLOCK_TOLERANCE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from kmsctl.model.names import CryptoKeyName, CryptoKeyVersionName
    from kmsctl.service.audit import ResourceName
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.store.snapshot import Snapshot, Transaction
    from kmsctl.store.tables import Row

    T = TypeVar("T")


def find_key(snapshot: Snapshot, name: CryptoKeyName) -> Row | None:
    ring = rings.find(snapshot, name.parent)
    return None if ring is None else keys.find(snapshot, ring, name)


def read_key(
    kms: Kms,
    ctx: Context,
    method: str,
    name: ResourceName,
    key_name: CryptoKeyName,
    act: Callable[[Snapshot, Row], T],
) -> T:
    """Calls `act` with a snapshot and the key's row, after what is due for the key was done.

    Raises:
        NotFound: about `name`, if there is no such key.
    """
    settled = False
    while True:
        reading = Reading(kms, ctx, method, name)
        try:
            with reading as snapshot:
                row = None if snapshot is None else find_key(snapshot, key_name)
                if snapshot is None or row is None:
                    raise not_found(name)
                if row.values["allowed_access_reasons"] is not None:
                    _check_reason(ctx, method, key_name, row)
                wait = not settled and pending(kms, snapshot, row)
                if not wait:
                    answer = act(snapshot, row)
        except AccessReasonDenied as error:
            _record_refusal(kms, ctx, method, name, error)
            raise
        if not wait:
            reading.record()
            return answer
        settle(kms, key_name)
        settled = True


def _check_reason(ctx: Context, method: str, name: CryptoKeyName, key: Row) -> None:
    """Refuses to use a key for a reason that it does not allow."""
    if (METHODS[method].permission or "").startswith("cloudkms.cryptoKeyVersions.useTo"):
        from kmsctl.service import justifications

        justifications.check(ctx, key, name)


def _record_refusal(
    kms: Kms, ctx: Context, method: str, name: ResourceName, error: AccessReasonDenied
) -> None:
    from kmsctl.service import refusals

    refusals.record(kms, ctx, method, Target(name), error)


def pending(kms: Kms, snapshot: Snapshot, key: Row) -> bool:
    """Tells whether something is due for a key that can be done now."""
    if snapshot.clock < snapshot.now - CLOCK_TOLERANCE:
        return False  # nothing may be changed by a clock that is wrong; states are computed
    rotation = key.optional_integer("next_rotation_time")
    if rotation is not None and rotation <= snapshot.now:
        return True
    return any(
        versions.is_due(row, snapshot.trusted_now) or abandoned(kms, row)
        for row in versions.unfinished(snapshot, key)
    )


def abandoned(kms: Kms, row: Row) -> bool:
    """Tells whether a version waits for material that no living process is making."""
    return versions.is_pending_generation(row) and not leases.held(kms.data_directory, row.blob("uid"))


def settle(kms: Kms, name: CryptoKeyName) -> None:
    """Does what is due for one key."""
    database = find_database(kms, name)
    if database is None:
        return
    with database.write() as transaction:
        row = find_key(transaction, name)
        if row is not None:
            apply(kms, transaction, row, name)
    purge_after(database)


def apply(kms: Kms, transaction: Transaction, key: Row, name: CryptoKeyName) -> Done:
    """Does what is due for one key."""
    done = Done()
    for found in versions.unfinished(transaction, key):
        version = name.version(found.integer("number"))
        row = _checked(transaction, key, version)  # what destroys is decided by the row as it was left
        if versions.is_due(row, transaction.trusted_now):
            due_time = row.integer("destroy_time")
            versions.destroy(transaction, row)
            audit.append_automatic(transaction, "CompleteDestroyCryptoKeyVersion", version, due_time)
            done.destroyed.append(str(version))
        elif abandoned(kms, row):
            versions.fail_generation(transaction, row)
            audit.append_automatic(transaction, "FailCryptoKeyVersion", version, row.integer("create_time"))
            done.failed.append(str(version))
    rotation = key.optional_integer("next_rotation_time")
    if rotation is not None and rotation <= transaction.now:
        done.rotated.append(_rotate(kms, transaction, key, name, rotation))
    return done


class Done:
    """The names of versions that were destroyed, given up, and made by rotation."""

    __slots__ = ("destroyed", "failed", "rotated")

    def __init__(self) -> None:
        self.destroyed: list[str] = []
        self.failed: list[str] = []
        self.rotated: list[str] = []


def _checked(transaction: Transaction, key: Row, version: CryptoKeyVersionName) -> Row:
    row = versions.find(transaction, key, version)
    if row is None:
        raise not_found(version)
    return row


def _rotate(kms: Kms, transaction: Transaction, key: Row, name: CryptoKeyName, due_time: int) -> str:
    """Makes a new primary version; missed periods are skipped, the grid stays."""
    from kmsctl.service.generation import add_version

    try:
        number = add_version(kms, transaction, key, name)
    except KmsError as error:
        raise FailedPrecondition(f"CryptoKey {name} is due for rotation: {error.message}") from error
    period = key.optional_integer("rotation_period")
    following = None
    if period is not None:
        following = due_time + ((transaction.now - due_time) // period + 1) * period
    transaction.update(key, primary_version=number, next_rotation_time=following)
    version = name.version(number)
    audit.append_automatic(transaction, "RotateCryptoKey", version, due_time)
    return str(version)
