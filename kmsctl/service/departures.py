"""Exporting a key ring: everything in it, sealed to the public key of another store."""

from __future__ import annotations

from kmsctl.errors import FailedPrecondition
from kmsctl.keystore.containers import RINGS, Header, Writer
from kmsctl.model import algorithms, states
from kmsctl.model.protection import PROTECTION_LEVELS
from kmsctl.model.times import rfc3339
from kmsctl.service import audit, transport
from kmsctl.service.backups import require_store
from kmsctl.service.call import check_location, not_found
from kmsctl.service.maintenance import decide
from kmsctl.store import rings, versions
from kmsctl.store.tables import CRYPTO_KEY_VERSIONS, CRYPTO_KEYS
from kmsctl.version import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from kmsctl.model.names import CryptoKeyName, CryptoKeyVersionName, KeyRingName
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.store.snapshot import Snapshot
    from kmsctl.store.tables import Row


class Movement:
    """What an export or import carried.

    Attributes:
        key_ring: the ring's name.
        keys, versions: how many.
        metadata_only: names of the versions whose material does not travel.
        digest: SHA-256 of the file, hexadecimal, to compare on both sides.
    """

    __slots__ = ("digest", "key_ring", "keys", "metadata_only", "versions")

    def __init__(self, key_ring: str) -> None:
        self.key_ring = key_ring
        self.keys = 0
        self.versions = 0
        self.metadata_only: list[str] = []
        self.digest = ""


def export(
    kms: Kms, ctx: Context, name: KeyRingName, public_key: bytes, sink: Callable[[bytes], object]
) -> Movement:
    """Writes a key ring with its keys and versions, sealed to another store's public key.

    It is recorded before anything is written. Import jobs stay: they end by themselves.

    Raises:
        FailedPrecondition: if a key must not be exported, or a version is being made.
    """
    from hashlib import sha256

    check_location(name)
    store = require_store(kms)
    decision = decide(kms, ctx, "ExportKeyRing")
    file_key = kms.random(32)
    sealed = transport.seal(public_key, file_key)
    database = store.find(name.location)
    if database is None:
        raise not_found(name)
    hashed = sha256()

    def pass_on(data: bytes) -> None:
        hashed.update(data)
        sink(data)

    with database.write() as transaction:
        ring = rings.find(transaction, name)
        if ring is None:
            raise not_found(name)
        keys = _keys(transaction, ring, name)
        _check_exportable(transaction, keys)
        request = {"publicKeyDigest": sealed["publicKeyDigest"], "keyRing": name.text}
        audit.append_store(transaction, ctx, decision, request)
    moved = Movement(name.text)
    with database.read() as snapshot:
        _write_ring(kms, snapshot, (sealed, file_key), moved, name, pass_on)
    moved.digest = hashed.hexdigest()
    return moved


def _write_ring(
    kms: Kms,
    snapshot: Snapshot,
    key_of_file: tuple[dict[str, object], bytes],
    moved: Movement,
    name: KeyRingName,
    sink: Callable[[bytes], object],
) -> None:
    ring = rings.find(snapshot, name)
    if ring is None:
        raise not_found(name)
    keys = _keys(snapshot, ring, name)
    _check_exportable(snapshot, keys)
    sealed, file_key = key_of_file
    store_id = snapshot.head.store_id
    header = _header(kms, store_id, sealed)
    writer = Writer(header, file_key, _manifest(kms, store_id, name, ring, keys), sink)
    for row, key in keys:
        _write(writer, _plain(row, "ring"))
        moved.keys += 1
        for each in _versions(snapshot, row):
            version = key.version(each.integer("number"))
            _write(writer, _version(snapshot, each, version, moved))
    writer.finish()


def _header(kms: Kms, store_id: bytes, sealed: dict[str, object]) -> Header:
    from json import dumps

    return Header(RINGS, store_id, kms.random(16), dumps({"to": sealed}, sort_keys=True).encode())


def _manifest(
    kms: Kms, store_id: bytes, name: KeyRingName, ring: Row, keys: list[tuple[Row, CryptoKeyName]]
) -> dict[str, object]:
    return {
        "kind": "rings",
        "storeId": store_id.hex(),
        "createTime": rfc3339(kms.clock()),
        "release": VERSION,
        "keyRing": name.text,
        "ring": _plain(ring, "project", "name"),
        "keys": len(keys),
        "versions": sum(row.integer("last_version") for row, _ in keys),
    }


def _keys(snapshot: Snapshot, ring: Row, name: KeyRingName) -> list[tuple[Row, CryptoKeyName]]:
    from kmsctl.model.names import CryptoKeyName

    rows = snapshot.scan(CRYPTO_KEYS, "ring = ? ORDER BY name", (ring.id,))
    return [(row, CryptoKeyName(name, row.text("name"))) for row in rows]


def _versions(snapshot: Snapshot, key: Row) -> Iterator[Row]:
    found = snapshot.scan(CRYPTO_KEY_VERSIONS, "key = ? ORDER BY number", (key.id,))
    if [row.integer("number") for row in found] != list(range(1, key.integer("last_version") + 1)):
        raise versions.missing("A version in the key ring")
    for row in found:
        snapshot.tree.check(CRYPTO_KEY_VERSIONS, row.id, row.tag)
        yield row


def _check_exportable(snapshot: Snapshot, keys: list[tuple[Row, CryptoKeyName]]) -> None:
    for row, name in keys:
        snapshot.tree.check(CRYPTO_KEYS, row.id, row.tag)
        if row.integer("not_exportable"):
            raise FailedPrecondition(f"CryptoKey {name} is marked as never to be exported.")
        for each in versions.unfinished(snapshot, row):
            if versions.is_pending_generation(each):
                raise FailedPrecondition(
                    f"A version of CryptoKey {name} is being made.", hint="Export when it is there."
                )


def _plain(row: Row, *without: str) -> dict[str, Any]:
    """Returns a row for JSON: bytes as hexadecimal digits."""
    return {
        column: value.hex() if isinstance(value, bytes) else value
        for column, value in row.values.items()
        if column not in without
    }


def _version(snapshot: Snapshot, row: Row, name: CryptoKeyVersionName, moved: Movement) -> dict[str, Any]:
    found = _plain(row, "key", "material", "fingerprint")
    state = versions.state_of(row, snapshot.now)
    found["state"] = states.STATE_NUMBERS[state]
    software = PROTECTION_LEVELS[row.integer("protection_level")] == algorithms.SOFTWARE
    if state in states.HOLDS_MATERIAL and software:
        found["material"] = versions.material(snapshot, row, name).hex()
    elif state in states.HOLDS_MATERIAL or state == states.DESTROYED:
        moved.metadata_only.append(name.text)
    fingerprint = versions.fingerprint(snapshot, row, name)
    found["fingerprint"] = None if fingerprint is None else fingerprint.hex()
    if state == states.DESTROYED and row.values["destroy_event_time"] is None:
        found["destroy_event_time"] = row.integer("destroy_time")
    moved.versions += 1
    return found


def _write(writer: Writer, record: dict[str, Any]) -> None:
    from json import dumps

    text = dumps(record, sort_keys=True, separators=(",", ":")).encode()
    writer.write(len(text).to_bytes(4, "big") + text)
