"""Crypto keys."""

from __future__ import annotations

from kmsctl.model import algorithms
from kmsctl.model.names import CryptoKeyName
from kmsctl.model.protection import PROTECTION_LEVEL_NUMBERS, PROTECTION_LEVELS
from kmsctl.model.resources import CryptoKey
from kmsctl.store import labels, versions
from kmsctl.store.rings import follows, name_by_id, prefix_end
from kmsctl.store.snapshot import index_damage
from kmsctl.store.tables import CRYPTO_KEY_VERSIONS, CRYPTO_KEYS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kmsctl.model.canonical import Value
    from kmsctl.model.names import KeyRingName
    from kmsctl.model.resources import CryptoKeySpec
    from kmsctl.store.snapshot import Snapshot, Transaction
    from kmsctl.store.tables import Row

_PAGE = (
    f"SELECT {CRYPTO_KEYS.qualified('k')}, {CRYPTO_KEY_VERSIONS.qualified('v')} FROM crypto_keys AS k "
    "LEFT JOIN crypto_key_versions AS v ON v.key = k.id AND v.number = k.primary_version "
    "WHERE k.ring = ? AND k.name >= ? AND k.name < ? AND k.name > ? ORDER BY k.name LIMIT ?"
)
_WIDTH = len(CRYPTO_KEYS.listed)


def find(snapshot: Snapshot, ring: Row, name: CryptoKeyName) -> Row | None:
    return snapshot.find(CRYPTO_KEYS, f"CryptoKey {name}", ring=ring.id, name=name.crypto_key)


def insert(
    transaction: Transaction, ring: Row, name: CryptoKeyName, spec: CryptoKeySpec, destroy_duration: int
) -> Row:
    algorithm = algorithms.by_enum(spec.algorithm)
    return transaction.insert(
        CRYPTO_KEYS,
        {
            "ring": ring.id,
            "name": name.crypto_key,
            "purpose": algorithms.purpose_by_enum(spec.purpose).number,
            "algorithm": algorithm.number,
            "protection_level": PROTECTION_LEVEL_NUMBERS[spec.protection_level],
            "create_time": transaction.now,
            "destroy_scheduled_duration": destroy_duration,
            "import_only": int(spec.import_only),
            "labels": labels.encode(spec.labels),
            "rotation_period": spec.rotation_period,
            "next_rotation_time": spec.next_rotation_time,
            "primary_version": None,
            "last_version": 0,
            "allowed_access_reasons": None,
            "policy": "",
        },
    )


def page(
    snapshot: Snapshot, ring: Row, parent: KeyRingName, *, prefix: str, after: str, limit: int
) -> Iterator[CryptoKey]:
    """Yields up to `limit` keys in name order, whose names start with `prefix` and follow `after`."""
    parameters = (ring.id, prefix, prefix_end(prefix), after, limit)
    label = f"A key of KeyRing {parent}"
    for raw in snapshot.connection.all(_PAGE, parameters):
        row = snapshot.checked(CRYPTO_KEYS, raw[:_WIDTH], label)
        if row.integer("ring") != ring.id or not follows(row.text("name"), prefix, after):
            raise index_damage(CRYPTO_KEYS, label)
        after = row.text("name")
        name = CryptoKeyName(parent, after)
        yield resource(row, name, _listed_primary(snapshot, row, name, raw[_WIDTH:]), snapshot.now)


def _listed_primary(snapshot: Snapshot, key: Row, name: CryptoKeyName, raw: Sequence[Value]) -> Row | None:
    """Checks that what was found as the primary version of a key is."""
    number = key.optional_integer("primary_version")
    if number is None:
        return None
    label = f"The primary version of CryptoKey {name}"
    if raw[0] is None:
        raise versions.missing(label)
    row = snapshot.checked(CRYPTO_KEY_VERSIONS, raw, label)
    if (row.integer("key"), row.integer("number")) != (key.id, number):
        raise index_damage(CRYPTO_KEY_VERSIONS, label)
    return row


def primary_of(snapshot: Snapshot, row: Row, name: CryptoKeyName) -> Row | None:
    number = row.optional_integer("primary_version")
    return None if number is None else versions.find(snapshot, row, name.version(number))


def resource(row: Row, name: CryptoKeyName, primary: Row | None, now: int) -> CryptoKey:
    """Returns the key as the API shows it; `primary` is the row of its primary version."""
    shown = None
    if primary is not None:
        shown = versions.resource(primary, name.version(primary.integer("number")), now)
    return CryptoKey(
        name,
        purpose=algorithms.purpose_by_number(row.integer("purpose")).enum,
        algorithm=algorithms.by_number(row.integer("algorithm")).enum,
        protection_level=PROTECTION_LEVELS[row.integer("protection_level")],
        create_time=row.integer("create_time"),
        destroy_scheduled_duration=row.integer("destroy_scheduled_duration"),
        labels=labels.decode(row.text("labels")),
        primary=shown,
        rotation_period=row.optional_integer("rotation_period"),
        next_rotation_time=row.optional_integer("next_rotation_time"),
        import_only=bool(row.integer("import_only")),
    )


def with_work(snapshot: Snapshot, location: str) -> Iterator[tuple[Row, CryptoKeyName]]:
    """Yields (row, name) of each key that has a rotation due or versions that are unfinished."""
    condition = (
        "id IN (SELECT id FROM crypto_keys WHERE next_rotation_time <= ? "
        "UNION SELECT key FROM crypto_key_versions WHERE state IN (4, 5, 6)) ORDER BY id"
    )
    rings: dict[int, KeyRingName] = {}
    for row in list(snapshot.scan(CRYPTO_KEYS, condition, (snapshot.now,))):
        ring = row.integer("ring")
        if ring not in rings:
            rings[ring] = name_by_id(snapshot, ring, location)
        yield row, CryptoKeyName(rings[ring], row.text("name"))
