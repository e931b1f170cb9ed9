"""Backups: whole copies of a store in one sealed file."""

from __future__ import annotations

import os

from kmsctl.errors import FailedPrecondition, IntegrityError, InvalidArgument
from kmsctl.keystore.containers import BACKUP, Header, Reader, Writer, altered
from kmsctl.model.log_tree import LogTree
from kmsctl.model.names import check_location
from kmsctl.model.times import rfc3339
from kmsctl.service import audit
from kmsctl.service.maintenance import decide, record_reading
from kmsctl.service.reports import Finding
from kmsctl.service.unlocking import key_to_write, open_container, root_key_binding
from kmsctl.store import copies
from kmsctl.store.anchor import Mark
from kmsctl.store.files import os_failure
from kmsctl.store.store import CONTROL
from kmsctl.store.tables import CONTROL_TABLES, LOCATION_TABLES, MASTER_KEYS
from kmsctl.version import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from typing import Any

    from kmsctl.service.backup_api import Seal
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.service.unlocking import Container, Unlock
    from kmsctl.store.copies import Workshop
    from kmsctl.store.database import Database
    from kmsctl.store.ports import Keys
    from kmsctl.store.store import Store

_PIECE = 1 << 18


def require_store(kms: Kms) -> Store:
    store = kms.find_store()
    if store is None:
        raise FailedPrecondition("There is no store yet.")
    return store


def create(kms: Kms, ctx: Context, sink: Callable[[bytes], object], seal: Seal | None) -> dict[str, Any]:
    """Writes a backup of all databases to `sink` and returns its manifest.

    Each database is copied as it is at one moment; control comes last, so that whatever a location
    refers to is in it.

    Args:
        kms: the service.
        ctx: the caller.
        sink: takes the bytes of the file.
        seal: given (root key, what to bind it to), returns what the file is to hold of the root key.
    """
    store = require_store(kms)
    decision = decide(kms, ctx, "CreateBackup")
    store.keys.check_settled()
    header = Header(BACKUP, store.keys.store_id, kms.random(16))
    names = sorted(store.names(), key=lambda name: (name == CONTROL, name))
    with store.open(CONTROL).write() as transaction:
        request: dict[str, object] = {"backupId": header.file_id.hex(), "databases": names}
        audit.append_store(transaction, ctx, decision, {**request, "includesRootKey": seal is not None})
    with copies.Workshop(store.directory) as workshop:
        store.keys.check_settled()  # and no rotation of the root key ends before the workshop is let go of
        if seal is not None:
            binding = root_key_binding(header)
            header.say(rootKey=store.keys.sealed_root_key(lambda key: seal(key, binding)))
        begun = kms.clock()
        copied = [_copy(store, workshop, name) for name in names]
        manifest = {
            "kind": "backup",
            "storeId": header.store_id.hex(),
            "backupId": header.file_id.hex(),
            "beginTime": rfc3339(begun),
            "createTime": rfc3339(kms.clock()),
            "release": VERSION,
            "includesRootKey": seal is not None,
            "databases": [describe(each) for each in copied],
        }
        write(header, store.keys, manifest, copied, sink)
    return manifest


def _copy(store: Store, workshop: Workshop, name: str) -> Database:
    database = store.find(name)
    if database is None:
        raise IntegrityError(f"The database of '{name}' is missing.")
    copied = copies.copy(database, workshop, store.keys, store.clock)
    store.probe("copy.made")
    return copied


def write(
    header: Header,
    keys: Keys,
    manifest: dict[str, Any],
    copied: list[Database],
    sink: Callable[[bytes], object],
) -> None:
    """Writes a container of copies, in the order in which the manifest has them."""
    keys.check_settled()  # a rotation that began since would leave copies that need two root keys
    for each in copied:
        each.close()
    writer = Writer(header, key_to_write(keys, header), manifest, sink)
    for each in copied:
        _pour(each.path, writer.write)
    writer.finish()


def describe(copied: Database) -> dict[str, Any]:
    """Returns what a manifest says of a copy."""
    tables = CONTROL_TABLES if copied.name == CONTROL else LOCATION_TABLES
    with copied.read() as snapshot:
        head, chain = snapshot.head, snapshot.audit
        found = {
            "name": copied.name,
            "epoch": head.epoch.hex(),
            "generation": head.generation,
            "headTag": head.tag.hex(),
            "auditRecords": chain.sequence,
            "auditRoot": LogTree(snapshot.keys.digest, chain.sequence, chain.edge).root().hex(),
            "auditTag": chain.tag.hex(),
            "lastTime": rfc3339(max(head.last_time, chain.last_time)),
            "masterKeyVersions": [row.id for row in snapshot.scan(MASTER_KEYS, "1 ORDER BY id", ())],
            "counts": {
                table.name: snapshot.connection.number(f"SELECT count(*) FROM {table.name}")
                for table in tables
                if table is not MASTER_KEYS
            },
        }
    copied.close()  # its log is folded in
    return {**found, **_measure(copied.path)}


def _measure(path: str) -> dict[str, object]:
    from hashlib import sha256

    hashed, size = sha256(), 0

    def take(piece: bytes) -> None:
        nonlocal size
        hashed.update(piece)
        size += len(piece)

    _pour(path, take)
    return {"size": size, "sha256": hashed.hexdigest()}


def _pour(path: str, sink: Callable[[bytes], object]) -> None:
    try:
        with open(path, "rb") as file:
            while piece := file.read(_PIECE):
                sink(piece)
    except OSError as error:
        raise os_failure(error, "read", path) from None


def read_if_there(kms: Kms, ctx: Context, method: str) -> None:
    """Authorizes and records a reading where there is a store; else, who has the root key has everything."""
    try:
        record_reading(kms, ctx, decide(kms, ctx, method), {})
    except IntegrityError:
        pass  # what should decide is damaged: a backup is what helps


def verify(
    kms: Kms, ctx: Context, container: Container, unlock: Unlock, manifest: Callable[[dict[str, Any]], None]
) -> Iterator[Finding]:
    """Reads a whole backup and checks everything in it; yields what is wrong.

    Raises:
        IntegrityError: if the file was changed or cut off.
    """
    read_if_there(kms, ctx, "VerifyBackup")
    _, keys, reader = open_container(kms, container, unlock, BACKUP)
    manifest(reader.manifest)
    with copies.Workshop(kms.data_directory) as workshop:
        for copied in unpack(reader, workshop, keys, kms, container.label):
            yield from damage(copied)


def damage(copied: Database) -> Iterator[Finding]:
    from kmsctl.service import verification

    yield from verification.damage(copied)


def unpack(
    reader: Reader, workshop: Workshop, keys: Keys, kms: Kms, label: str, only: Collection[str] = ()
) -> list[Database]:
    """Reads a container of copies to its end. Returns the copies (those named, if any are), unverified."""
    found = []
    for entry in reader.manifest["databases"]:
        name = entry["name"]
        wanted = not only or name in only
        path = _unpack_one(reader, workshop if wanted else None, entry, label)
        if wanted:
            found.append(copies.open_copy(name, path, keys, kms.clock, mark_in(entry)))
    reader.finish()
    return found


def read_through(reader: Reader, label: str) -> None:
    """Reads a container of copies to its end, and keeps nothing of it.

    Raises:
        IntegrityError: if it was changed or cut off.
    """
    for entry in reader.manifest["databases"]:
        _unpack_one(reader, None, entry, label)
    reader.finish()


def _unpack_one(reader: Reader, workshop: Workshop | None, entry: dict[str, Any], label: str) -> str:
    from hashlib import sha256

    name, left = check_name(entry["name"]), int(entry["size"])
    path = "" if workshop is None else workshop.path(name)
    hashed = sha256()
    descriptor = -1 if workshop is None else workshop.new_file(name)
    try:
        while left:
            piece = reader.read(min(left, _PIECE))
            left -= len(piece)
            hashed.update(piece)
            view = memoryview(piece)
            while workshop is not None and view:
                view = view[os.write(descriptor, view) :]
        if workshop is not None:
            os.fsync(descriptor)
    except OSError as error:
        raise os_failure(error, "write", path) from None
    finally:
        if workshop is not None:
            os.close(descriptor)
    if hashed.hexdigest() != entry["sha256"]:
        raise altered(label)
    return path


def check_name(name: str) -> str:
    """Refuses the name of a database that could be more than that in a path."""
    if name == CONTROL:
        return name
    try:
        return check_location(name)
    except InvalidArgument:
        raise IntegrityError("A container names a database that cannot be one.") from None


def mark_in(entry: dict[str, Any]) -> Mark:
    """Returns the mark that an entry of a manifest holds."""
    return Mark(
        entry["name"],
        bytes.fromhex(entry["epoch"]),
        int(entry["generation"]),
        bytes.fromhex(entry["headTag"]),
        int(entry["auditRecords"]),
        bytes.fromhex(entry["auditTag"]),
    )
