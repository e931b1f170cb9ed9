"""Importing a key ring that another store exported to this one."""

from __future__ import annotations

from kmsctl.errors import AlreadyExists, FailedPrecondition, InvalidArgument
from kmsctl.keystore.containers import KINDS, RINGS, Header, Reader, altered
from kmsctl.model import names
from kmsctl.model.policies import decode
from kmsctl.service import audit, transport
from kmsctl.service.arrival_checks import check_key, check_ring, check_version, columns, wrong
from kmsctl.service.backups import require_store
from kmsctl.service.call import check_location, open_project
from kmsctl.service.departures import Movement
from kmsctl.service.maintenance import decide
from kmsctl.service.policies import check_arriving
from kmsctl.store import policies, rings, versions
from kmsctl.store.tables import CRYPTO_KEY_VERSIONS, CRYPTO_KEYS, TOMBSTONES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kmsctl.model.canonical import Value
    from kmsctl.model.names import KeyRingName
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.service.unlocking import Container
    from kmsctl.store.snapshot import Transaction
    from kmsctl.store.tables import Row

_MOST_RECORD = 1 << 20
_BYTES = frozenset({"uid", "public", "material", "fingerprint"})


class _Arrival:
    """A ring as it was read and checked, before anything is written."""

    __slots__ = ("keys", "manifest", "moved", "name")

    def __init__(self, name: KeyRingName, manifest: dict[str, Any], moved: Movement) -> None:
        self.name = name
        self.manifest = manifest
        self.moved = moved
        #: (columns of the key, columns of its versions)
        self.keys: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []


def import_(kms: Kms, ctx: Context, container: Container, *, with_policies: bool) -> Movement:
    """Adds a key ring that was exported to this store, in one transaction.

    Raises:
        AlreadyExists: if there is a ring of that name.
        FailedPrecondition: if the file is sealed to another store.
        InvalidArgument: if its policies name roles or groups that are not here.
        IntegrityError: if it was changed or cut off, or a public key does not belong to its private key.
    """
    store = require_store(kms)
    decision = decide(kms, ctx, "ImportKeyRing")
    arrival = _read(kms, container)
    name = arrival.name
    check_location(name)
    open_project(kms, ctx, name.project)
    if with_policies:
        for text in (arrival.manifest["ring"]["policy"], *(key["policy"] for key, _ in arrival.keys)):
            if text:
                check_arriving(kms, name.project, decode(text))
    with store.open(name.location).write() as transaction:
        if rings.find(transaction, name) is not None:
            raise AlreadyExists(f"KeyRing {name} already exists.")
        _insert(transaction, arrival, with_policies=with_policies)
        request = {
            "keyRing": name.text,
            "sourceStore": arrival.manifest["storeId"],
            "fileDigest": arrival.moved.digest,
            "keys": arrival.moved.keys,
            "versions": arrival.moved.versions,
            "withPolicies": with_policies,
        }
        audit.append_store(transaction, ctx, decision, request)
    return arrival.moved


def _read(kms: Kms, container: Container) -> _Arrival:
    """Reads a file to its end and checks all that is in it. Slow: RSA keys are validated."""
    from hashlib import sha256

    hashed = sha256()

    def read(size: int) -> bytes:
        piece = container.read(size)
        hashed.update(piece)
        return piece

    header = Header.read(read, container.label)
    if header.kind != RINGS:
        raise InvalidArgument(f"{container.label} is a {KINDS[header.kind]}, not an {KINDS[RINGS]}.")
    sealed = header.sections(container.label).get("to")
    key = transport.open_(kms, container.label, sealed if isinstance(sealed, dict) else {})
    reader = Reader(header, key, read, container.label)
    try:
        arrival = _contents(kms, reader, container.label)
    except (KeyError, TypeError, ValueError, RecursionError, InvalidArgument):
        raise wrong(container.label, "it does not have the form of an export") from None
    reader.finish()
    arrival.moved.digest = hashed.hexdigest()
    return arrival


def _contents(kms: Kms, reader: Reader, label: str) -> _Arrival:
    manifest = reader.manifest
    full = manifest["keyRing"]
    name = names.parse(full) if isinstance(full, str) else None
    if not isinstance(name, names.KeyRingName):
        raise wrong(label, "it names no key ring")
    check_ring(manifest["ring"], label)
    arrival = _Arrival(name, manifest, Movement(name.text))
    for _ in range(manifest["keys"]):
        key = columns(_record(reader, label), CRYPTO_KEYS.columns, _BYTES, label)
        names.CryptoKeyName(name, key["name"])
        check_key(key, label)
        found = []
        for number in range(1, key["last_version"] + 1):
            version = columns(_record(reader, label), CRYPTO_KEY_VERSIONS.columns, _BYTES, label)
            if version["number"] != number:
                raise wrong(label, "a version is missing")
            full = f"{name}/cryptoKeys/{key['name']}/cryptoKeyVersions/{number}"
            check_version(kms, key, version, full, arrival.moved, label)
            found.append(version)
        arrival.keys.append((key, found))
        arrival.moved.keys += 1
    return arrival


def _record(reader: Reader, label: str) -> dict[str, Any]:
    from json import loads

    size = int.from_bytes(reader.read(4), "big")
    if size > _MOST_RECORD:
        raise altered(label)
    found = loads(reader.read(size))
    if not isinstance(found, dict):
        raise wrong(label, "it does not have the form of an export")
    return found


def _insert(transaction: Transaction, arrival: _Arrival, *, with_policies: bool) -> None:
    ring = rings.insert(transaction, arrival.name)
    fixed = arrival.manifest["ring"]
    transaction.update(ring, create_time=int(fixed["create_time"]), tags=str(fixed["tags"]))
    if with_policies:
        _put_policy(transaction, ring, fixed["policy"])
    for key, found in arrival.keys:
        policy = key.pop("policy")
        row = transaction.insert(
            CRYPTO_KEYS, {**_ordered(CRYPTO_KEYS.columns, key), "ring": ring.id, "policy": ""}
        )
        if with_policies:
            _put_policy(transaction, row, policy)
        name = names.CryptoKeyName(arrival.name, row.text("name"))
        for version in found:
            _insert_version(transaction, row, name, version)


def _insert_version(
    transaction: Transaction, key: Row, name: names.CryptoKeyName, version: dict[str, Any]
) -> None:
    if transaction.find(CRYPTO_KEY_VERSIONS, "A version", uid=version["uid"]) is not None:
        raise AlreadyExists(
            f"The store has a version with the id of CryptoKeyVersion {name}/{version['number']}."
        )
    if transaction.find(TOMBSTONES, "A tombstone", uid=version["uid"]) is not None:
        raise FailedPrecondition(
            f"CryptoKeyVersion {name}/{version['number']} was destroyed in this store, and stays destroyed."
        )
    secret, fingerprint = version.pop("material", None), version.pop("fingerprint", None)
    values = _ordered(CRYPTO_KEY_VERSIONS.columns, {**version, "key": key.id})
    row = transaction.insert(CRYPTO_KEY_VERSIONS, values)
    full = name.version(row.integer("number"))
    wrapped: dict[str, Value] = {}
    if secret is not None:
        wrapped["material"] = transaction.keys.wrap(secret, versions.binding(row, full))
    if fingerprint is not None:
        bound = versions.binding(row, full, "fingerprint")
        wrapped["fingerprint"] = transaction.keys.wrap(fingerprint, bound)
    if wrapped:
        transaction.update(row, **wrapped)


def _ordered(columns: tuple[str, ...], values: dict[str, Any]) -> dict[str, Value]:
    """Returns a value for each column, those that did not travel empty."""
    return {column: values.get(column) for column in columns}


def _put_policy(transaction: Transaction, row: Row, text: str) -> None:
    if text:
        policies.put(transaction, row, decode(text))
