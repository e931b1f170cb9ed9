"""Crypto key versions: their rows, their effective state, their wrapped material."""

from __future__ import annotations

from kmsctl.errors import IntegrityError
from kmsctl.model import algorithms, states
from kmsctl.model.names import ImportJobName
from kmsctl.model.protection import HSM, PROTECTION_LEVEL_NUMBERS, PROTECTION_LEVELS
from kmsctl.model.resources import CryptoKeyVersion
from kmsctl.store import purges
from kmsctl.store.snapshot import index_damage
from kmsctl.store.tables import CRYPTO_KEY_VERSIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol

    from kmsctl.model.canonical import Value
    from kmsctl.model.names import CryptoKeyName, CryptoKeyVersionName
    from kmsctl.store.snapshot import Snapshot, Transaction
    from kmsctl.store.tables import Row

    Blob = bytes | None
    Number = int | None
    Text = str | None
    #: The columns of `CRYPTO_KEY_VERSIONS`: key, number, uid, state, algorithm, protection_level, ...
    Columns = tuple[
        int,
        int,
        bytes,
        int,
        int,
        int,
        int,
        Number,
        Text,
        Text,
        Number,
        Text,
        Blob,
        Number,
        Number,
        Blob,
        Blob,
    ]

    class ImportedMaterial(Protocol):
        """Secret material and the public key that belongs to it (`kmsctl.crypto.backend.KeyMaterial`)."""

        secret: bytes
        public: bytes | None


_SCHEDULED = states.STATE_NUMBERS[states.DESTROY_SCHEDULED]
_DESTROYED = states.STATE_NUMBERS[states.DESTROYED]
_PENDING = states.STATE_NUMBERS[states.PENDING_GENERATION]
_IMPORTING = states.STATE_NUMBERS[states.PENDING_IMPORT]
_HSM = PROTECTION_LEVEL_NUMBERS[HSM]


def find(snapshot: Snapshot, key: Row, name: CryptoKeyVersionName) -> Row | None:
    """Returns the row of a version, or None if the key never had one of that number.

    Raises:
        IntegrityError: if it had: versions are numbered from 1 and never go.
    """
    if not 0 < name.number <= key.integer("last_version"):
        return None
    label = f"CryptoKeyVersion {name}"
    row = snapshot.find(CRYPTO_KEY_VERSIONS, label, key=key.id, number=name.number)
    if row is None:
        raise missing(label)
    return row


def find_by_uid(snapshot: Snapshot, key: Row, name: CryptoKeyName, uid: bytes) -> Row | None:
    """Returns the version of this key with this random id (which ciphertexts carry)."""
    label = f"A version of CryptoKey {name}"
    row = snapshot.find(CRYPTO_KEY_VERSIONS, label, uid=uid)
    if row is not None and row.integer("key") == key.id:
        return row
    there = snapshot.connection.number("SELECT count(*) FROM crypto_key_versions WHERE key = ?", (key.id,))
    if there != key.integer("last_version"):
        raise missing(label)
    return None


def missing(label: str) -> IntegrityError:
    return IntegrityError(
        f"{label} is missing: it was removed outside kmsctl.",
        hint="Bring the store back from a backup; kmsctl store verify tells what else is affected.",
    )


def page(
    snapshot: Snapshot, key: Row, parent: CryptoKeyName, *, after: int, limit: int
) -> Iterator[CryptoKeyVersion]:
    """Yields up to `limit` versions in the order of their numbers, from after number `after`."""
    condition = "key = ? AND number > ? ORDER BY number LIMIT ?"
    label = f"A version of CryptoKey {parent}"
    found = snapshot.raw_rows(CRYPTO_KEY_VERSIONS, condition, (key.id, after, limit), label)
    if len(found) < min(limit, key.integer("last_version") - after):
        raise missing(label)
    for number, raw in enumerate(found, after + 1):
        columns: Columns = raw[3:]  # type: ignore[assignment]  # the tag vouches for the types
        if columns[:2] != (key.id, number):
            raise missing(label)
        yield listed(columns, parent.version(number), snapshot.now)


def scheduled(snapshot: Snapshot, ring: Row) -> dict[int, list[tuple[int, int]]]:
    """Returns the versions in a ring that are going to be destroyed: row id of their key → (number, time)."""
    condition = (
        "state = ? AND destroy_time > ? AND key IN (SELECT id FROM crypto_keys WHERE ring = ?) "
        "ORDER BY key, number"
    )
    found: dict[int, list[tuple[int, int]]] = {}
    for row in snapshot.scan(CRYPTO_KEY_VERSIONS, condition, (_SCHEDULED, snapshot.now, ring.id)):
        what = row.integer("number"), row.integer("destroy_time")
        found.setdefault(row.integer("key"), []).append(what)
    return found


def insert(
    transaction: Transaction,
    key: Row,
    name: CryptoKeyVersionName,
    uid: bytes,
    *,
    state: str,
    algorithm: int | None = None,
) -> Row:
    """Adds a version without material, of the key's algorithm if no other number is given.

    `set_material` or `set_imported` gives it some.
    """
    return transaction.insert(
        CRYPTO_KEY_VERSIONS,
        {
            "key": key.id,
            "number": name.number,
            "uid": uid,
            "state": states.STATE_NUMBERS[state],
            "algorithm": key.integer("algorithm") if algorithm is None else algorithm,
            "protection_level": key.integer("protection_level"),
            "create_time": transaction.now,
            "generate_time": None,
            "generation_failure_reason": None,
            "import_job": None,
            "import_time": None,
            "import_failure_reason": None,
            "fingerprint": None,
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


def set_imported(
    transaction: Transaction,
    row: Row,
    name: CryptoKeyVersionName,
    imported: ImportedMaterial,
    *,
    import_job: str,
    fingerprint: bytes,
) -> None:
    """Wraps and stores imported material with its fingerprint, and enables the version."""
    transaction.update(
        row,
        state=states.STATE_NUMBERS[states.ENABLED],
        import_job=import_job,
        import_time=transaction.now,
        import_failure_reason=None,
        fingerprint=transaction.keys.wrap(fingerprint, binding(row, name, "fingerprint")),
        destroy_time=None,
        destroy_event_time=None,
        public=imported.public,
        material=transaction.keys.wrap(imported.secret, binding(row, name)),
    )


def fail_import(transaction: Transaction, row: Row, *, import_job: str, reason: str) -> None:
    """Records that an import failed. What an earlier import left stays: fingerprint, public key."""
    transaction.update(
        row,
        state=states.STATE_NUMBERS[states.IMPORT_FAILED],
        import_job=import_job,
        import_failure_reason=reason,
    )


def fingerprint(snapshot: Snapshot, row: Row, name: CryptoKeyVersionName) -> bytes | None:
    """Returns the fingerprint of the material that was imported, or None if none ever was."""
    wrapped = row.values["fingerprint"]
    if not isinstance(wrapped, bytes):
        return None
    bound = binding(row, name, "fingerprint")
    return snapshot.keys.unwrap(wrapped, bound, f"the fingerprint of CryptoKeyVersion {name}")


def material(snapshot: Snapshot, row: Row, name: CryptoKeyVersionName) -> bytes:
    """Returns the key material of a version, unwrapped."""
    wrapped = row.values["material"]
    if not isinstance(wrapped, bytes):
        raise IntegrityError(
            f"CryptoKeyVersion {name} is {state_of(row, snapshot.now)}, but has no key material."
        )
    return snapshot.keys.unwrap(wrapped, binding(row, name), f"CryptoKeyVersion {name}")


def binding(row: Row, name: CryptoKeyVersionName, what: str = "material") -> tuple[Value, ...]:
    """Returns what key material is bound to: its full name and everything about it that never changes."""
    fixed = ("uid", "algorithm", "protection_level", "create_time")
    return (what, name.text, *(row.values[column] for column in fixed))


def destroy(transaction: Transaction, row: Row) -> None:
    """Destroys a version whose time has come, and records that its material is to be purged."""
    purges.insert(transaction, row)
    transaction.update(row, state=_DESTROYED, destroy_event_time=row.integer("destroy_time"), material=None)


def bury(transaction: Transaction, row: Row, destroy_time: int) -> None:
    """Destroys a version in a copy, because it was destroyed where the copy is from."""
    transaction.update(
        row, state=_DESTROYED, destroy_time=destroy_time, destroy_event_time=destroy_time, material=None
    )


def unfinished(snapshot: Snapshot, key: Row | None) -> list[Row]:
    """Returns the versions (of one key, or of all) that time or a crash may have overtaken.

    These are the ones in DESTROY_SCHEDULED, PENDING_GENERATION and PENDING_IMPORT.
    """
    condition = "state IN (4, 5, 6)"  # the very words of the partial index
    if key is None:
        return snapshot.scan(CRYPTO_KEY_VERSIONS, condition, ())
    found = snapshot.scan(CRYPTO_KEY_VERSIONS, f"key = ? AND {condition}", (key.id,))
    if any(row.integer("key") != key.id for row in found):
        raise index_damage(CRYPTO_KEY_VERSIONS, "A version that something may be due for")
    return found


def is_due(row: Row, until: int) -> bool:
    """Tells whether a version was to be destroyed by then, and is not yet."""
    return row.integer("state") == _SCHEDULED and row.integer("destroy_time") <= until


def is_pending_generation(row: Row) -> bool:
    return row.integer("state") == _PENDING


def is_pending_import(row: Row) -> bool:
    return row.integer("state") == _IMPORTING


def fail_generation(transaction: Transaction, row: Row, reason: str | None = None) -> None:
    """Gives a version up that got no material; `reason` is shown with it."""
    failed = states.STATE_NUMBERS[states.GENERATION_FAILED]
    transaction.update(row, state=failed, generation_failure_reason=reason)


def in_token(row: Row) -> bool:
    """Tells whether the material of a version is in a token; what the row holds is its ``CKA_ID``."""
    return row.integer("protection_level") == _HSM


def state_of(row: Row, now: int) -> str:
    """Returns the effective state: a version is DESTROYED from the moment its destroy time passes.

    One whose material is in a token stays DESTROY_SCHEDULED until the token has removed it; it can
    neither be used nor restored any more.
    """
    level = row.integer("protection_level")
    return effective_state(row.integer("state"), row.optional_integer("destroy_time"), level, now)


def effective_state(number: int, destroy_time: int | None, level: int, now: int) -> str:
    """Returns the effective state of a version whose row has these values."""
    if number == _SCHEDULED and destroy_time is not None and destroy_time <= now and level != _HSM:
        return states.DESTROYED
    return states.STATE_NAMES[number]


def resource(row: Row, name: CryptoKeyVersionName, now: int) -> CryptoKeyVersion:
    return listed(row.listed(), name, now)  # type: ignore[arg-type]  # its tag vouches for the types


def listed(columns: Columns, name: CryptoKeyVersionName, now: int) -> CryptoKeyVersion:
    """Returns the version whose row has these columns."""
    _, _, _, number, algorithm, level, created, generated = columns[:8]
    failure, job, imported, reason, _, due, event, _, _ = columns[8:]
    state = effective_state(number, due, level, now)
    if state == states.DESTROYED and event is None:
        event = due
    version = CryptoKeyVersion(  # by position: by name it takes three times as long, and lists are long
        name,
        algorithms.by_number(algorithm).enum,
        PROTECTION_LEVELS[level],
        state,
        created,
        generated,
        failure,
        due,
        event,
        None if job is None else ImportJobName(name.parent.parent, job),
        imported,
        reason,
    )
    version.reimport_eligible = job is not None and state in states.ALLOWED["import"]
    return version
