"""What has fallen due: destruction and rotation take effect when somebody could notice.

There is no daemon. Before a verb answers about a key, what is due for that key is done, in a
transaction and with records of its own; lists compute the effective state and write nothing.
"""

from __future__ import annotations

from kmsctl.errors import AccessReasonDenied, FailedPrecondition, KmsError
from kmsctl.model.methods import METHODS
from kmsctl.service import audit
from kmsctl.service.backends import is_hsm
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
    from kmsctl.store.database import Database
    from kmsctl.store.snapshot import Snapshot, Transaction
    from kmsctl.store.tables import Row

    T = TypeVar("T")
    U = TypeVar("U")


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
    return use_key(kms, ctx, method, name, key_name, act, use=lambda found: found)


def use_key(
    kms: Kms,
    ctx: Context,
    method: str,
    name: ResourceName,
    key_name: CryptoKeyName,
    act: Callable[[Snapshot, Row], T],
    *,
    use: Callable[[T], U],
) -> U:
    """As `read_key`; with what was read, `use` then does the cryptography outside the snapshot.

    The record of the call is kept when that is done, and before it is answered: it says how it ended.
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
                    found = act(snapshot, row)
        except AccessReasonDenied as error:
            _record_refusal(kms, ctx, method, name, error)
            raise
        if not wait:
            try:
                answer = use(found)
            except KmsError as error:
                reading.failed(error)
                raise
            reading.record()
            return answer
        done = settle(kms, key_name)
        if done.unrotated is not None and method == "Encrypt":
            failed = done.unrotated  # nothing is encrypted with a version that should have been replaced
            text = f"CryptoKey {key_name} is due for rotation: {failed.message}"
            raise FailedPrecondition(text, hint=failed.hint) from failed
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
    unfinished = versions.unfinished(snapshot, key)
    if rotates(snapshot, key) and not any(_replaces(row) for row in unfinished):
        return True
    return any(versions.is_due(row, snapshot.trusted_now) or abandoned(kms, row) for row in unfinished)


def rotates(snapshot: Snapshot, key: Row) -> bool:
    """Tells whether a key is due for rotation."""
    rotation = key.optional_integer("next_rotation_time")
    return rotation is not None and rotation <= snapshot.now


def _replaces(row: Row) -> bool:
    """Tells whether a version is in the making that `promote` will make the primary one."""
    return versions.in_token(row) and versions.is_pending_generation(row)


def abandoned(kms: Kms, row: Row) -> bool:
    """Tells whether a version waits for material that no living process is making."""
    waits = versions.is_pending_generation(row) or (
        versions.in_token(row) and versions.is_pending_import(row)
    )
    return waits and not leases.held(kms.data_directory, row.blob("uid"))


def settle(kms: Kms, name: CryptoKeyName) -> Done:
    """Does what is due for one key, and purges what was destroyed."""
    database = find_database(kms, name)
    if database is None:
        return Done()
    done = act(kms, database, name)
    purge_after(database)
    return done


def act(kms: Kms, database: Database, name: CryptoKeyName) -> Done:
    """Does what is due for one key. What needs a token and cannot be done is in `Done.left`."""
    with database.write() as transaction:
        key = find_key(transaction, name)
        if key is None:
            return Done()
        if not is_hsm(key.integer("protection_level")):
            return apply(kms, transaction, key, name)
    from kmsctl.service import token_due

    return token_due.settle(kms, database, name)


def settle_token(kms: Kms, ctx: Context, method: str, name: ResourceName, key_name: CryptoKeyName) -> None:
    """Does what is due for a key whose versions are in a token, before `method` changes it.

    In the transaction of a change it cannot be done.
    """
    with Reading(kms, ctx, method, name) as snapshot:
        key = None if snapshot is None else find_key(snapshot, key_name)
        if snapshot is None or key is None or not is_hsm(key.integer("protection_level")):
            return
        wait = pending(kms, snapshot, key)
    if wait:
        settle(kms, key_name)


def apply(kms: Kms, transaction: Transaction, key: Row, name: CryptoKeyName) -> Done:
    """Does what is due for one key, if it can be done within a transaction."""
    done = Done()
    if is_hsm(key.integer("protection_level")):
        return done
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
    """What was done about a key.

    Attributes:
        destroyed, failed, rotated, made: the names of versions that were destroyed, given up, made by
            rotation, and made after an earlier process had left them unfinished.
        left: a sentence for each thing that a token did not let be done.
        unrotated: why the key was not rotated, if it was due for it.
    """

    __slots__ = ("destroyed", "failed", "left", "made", "rotated", "unrotated")

    def __init__(self) -> None:
        self.destroyed: list[str] = []
        self.failed: list[str] = []
        self.rotated: list[str] = []
        self.made: list[str] = []
        self.left: list[str] = []
        self.unrotated: KmsError | None = None


def _checked(transaction: Transaction, key: Row, version: CryptoKeyVersionName) -> Row:
    row = versions.find(transaction, key, version)
    if row is None:
        raise not_found(version)
    return row


def _rotate(kms: Kms, transaction: Transaction, key: Row, name: CryptoKeyName, due_time: int) -> str:
    """Makes a new primary version."""
    from kmsctl.service.generation import add_version

    try:
        number = add_version(kms, transaction, key, name)
    except KmsError as error:
        raise FailedPrecondition(f"CryptoKey {name} is due for rotation: {error.message}") from error
    version = name.version(number)
    _make_primary(transaction, key, version, due_time)
    return str(version)


def promote(transaction: Transaction, key: Row, version: CryptoKeyVersionName) -> bool:
    """Makes a new version the primary one, if the key is due for rotation. Returns whether it was."""
    if not rotates(transaction, key):
        return False
    _make_primary(transaction, key, version, key.integer("next_rotation_time"))
    return True


def _make_primary(transaction: Transaction, key: Row, version: CryptoKeyVersionName, due_time: int) -> None:
    """Rotates a key to a new version; missed periods are skipped, the grid stays."""
    period = key.optional_integer("rotation_period")
    following = None
    if period is not None:
        following = due_time + ((transaction.now - due_time) // period + 1) * period
    transaction.update(key, primary_version=version.number, next_rotation_time=following)
    audit.append_automatic(transaction, "RotateCryptoKey", version, due_time)
