"""Crypto key versions: their rows, their effective state, their wrapped material."""

from __future__ import annotations

from kmsctl.errors import IntegrityError
from kmsctl.model import algorithms, states
from kmsctl.model.protection import PROTECTION_LEVELS
from kmsctl.model.resources import CryptoKeyVersion
from kmsctl.store.tables import CRYPTO_KEY_VERSIONS, PENDING_PURGES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from kmsctl.model.canonical import Value
    from kmsctl.model.names import CryptoKeyName, CryptoKeyVersionName
    from kmsctl.store.snapshot import Snapshot, Transaction
    from kmsctl.store.tables import Row

_SCHEDULED = states.STATE_NUMBERS[states.DESTROY_SCHEDULED]
_DESTROYED = states.STATE_NUMBERS[states.DESTROYED]
_PENDING = states.STATE_NUMBERS[states.PENDING_GENERATION]


def find(snapshot: Snapshot, key: Row, name: CryptoKeyVersionName) -> Row | None:
    condition = "key = ? AND number = ?"
    return snapshot.find(CRYPTO_KEY_VERSIONS, condition, (key.id, name.number), f"CryptoKeyVersion {name}")


def find_by_uid(snapshot: Snapshot, key: Row, name: CryptoKeyName, uid: bytes) -> Row | None:
    """Returns the version of this key with this random id (which ciphertexts carry)."""
    row = snapshot.find(CRYPTO_KEY_VERSIONS, "uid = ?", (uid,), f"A version of CryptoKey {name}")
    return row if row is not None and row.integer("key") == key.id else None


def page(
    snapshot: Snapshot, key: Row, parent: CryptoKeyName, *, after: int, limit: int
) -> Iterator[CryptoKeyVersion]:
    """Yields up to `limit` versions in the order of their numbers, from after number `after`."""
    condition = "key = ? AND number > ? ORDER BY number LIMIT ?"
    label = f"A version of CryptoKey {parent}"
    for row in snapshot.scan(CRYPTO_KEY_VERSIONS, condition, (key.id, after, limit), label):
        yield resource(row, parent.version(row.integer("number")), snapshot.now)


def insert(transaction: Transaction, key: Row, name: CryptoKeyVersionName, uid: bytes, *, state: str) -> Row:
    """Adds a version of the key's algorithm without material. `set_material` gives it some."""
    return transaction.insert(
        CRYPTO_KEY_VERSIONS,
        {
            "key": key.id,
            "number": name.number,
            "uid": uid,
            "state": states.STATE_NUMBERS[state],
            "algorithm": key.integer("algorithm"),
            "protection_level": key.integer("protection_level"),
            "create_time": transaction.now,
            "generate_time": None,
            "destroy_time": None,
            "destroy_event_time": None,
            "public": None,
            "material": None,
        },
    )


def set_material(
    transaction: Transaction, row: Row, name: CryptoKeyVersionName, secret: bytes, public: bytes | None
) -> None:
    """Wraps and stores key material, and enables the version."""
    transaction.update(
        row,
        state=states.STATE_NUMBERS[states.ENABLED],
        generate_time=transaction.now,
        public=public,
        material=transaction.keys.wrap(secret, binding(row, name)),
    )


def material(snapshot: Snapshot, row: Row, name: CryptoKeyVersionName) -> bytes:
    """Returns the key material of a version, unwrapped."""
    wrapped = row.values["material"]
    if not isinstance(wrapped, bytes):
        raise IntegrityError(
            f"CryptoKeyVersion {name} is {state_of(row, snapshot.now)}, but has no key material."
        )
    return snapshot.keys.unwrap(wrapped, binding(row, name), f"CryptoKeyVersion {name}")


def binding(row: Row, name: CryptoKeyVersionName) -> tuple[Value, ...]:
    """Returns what key material is bound to: its full name and everything about it that never changes."""
    fixed = ("uid", "algorithm", "protection_level", "create_time")
    return ("material", name.text, *(row.values[column] for column in fixed))


def destroy(transaction: Transaction, row: Row) -> None:
    """Destroys a version whose time has come, and records that its material is to be purged."""
    transaction.update(row, state=_DESTROYED, destroy_event_time=row.integer("destroy_time"), material=None)
    transaction.insert(PENDING_PURGES, {"version": row.id, "since": transaction.now})


def unfinished(snapshot: Snapshot, key: Row | None) -> Iterator[Row]:
    """Yields the versions (of one key, or of all) that time or a crash may have overtaken.

    These are the ones in DESTROY_SCHEDULED, PENDING_GENERATION and PENDING_IMPORT.
    """
    condition = "state IN (4, 5, 6)"  # the very words of the partial index
    if key is None:
        return snapshot.scan(CRYPTO_KEY_VERSIONS, condition, ())
    return snapshot.scan(CRYPTO_KEY_VERSIONS, f"key = ? AND {condition}", (key.id,))


def is_due(row: Row, until: int) -> bool:
    """Tells whether a version was to be destroyed by then, and is not yet."""
    return row.integer("state") == _SCHEDULED and row.integer("destroy_time") <= until


def is_pending_generation(row: Row) -> bool:
    return row.integer("state") == _PENDING


def fail_generation(transaction: Transaction, row: Row) -> None:
    transaction.update(row, state=states.STATE_NUMBERS[states.GENERATION_FAILED])


def state_of(row: Row, now: int) -> str:
    """Returns the effective state: a version is DESTROYED from the moment its destroy time passes."""
    number = row.integer("state")
    if number == _SCHEDULED and row.integer("destroy_time") <= now:
        return states.DESTROYED
    return states.STATE_NAMES[number]


def resource(row: Row, name: CryptoKeyVersionName, now: int) -> CryptoKeyVersion:
    state = state_of(row, now)
    event = row.optional_integer("destroy_event_time")
    if state == states.DESTROYED and event is None:
        event = row.optional_integer("destroy_time")
    return CryptoKeyVersion(
        name,
        algorithm=algorithms.by_number(row.integer("algorithm")).enum,
        protection_level=PROTECTION_LEVELS[row.integer("protection_level")],
        state=state,
        create_time=row.integer("create_time"),
        generate_time=row.optional_integer("generate_time"),
        destroy_time=row.optional_integer("destroy_time"),
        destroy_event_time=event,
    )
