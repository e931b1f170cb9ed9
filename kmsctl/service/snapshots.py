"""Snapshots: copies of databases in the data directory, taken every hour and kept for four days.

A snapshot holds wrapped material. So that what is destroyed is gone, the snapshots of a location are dropped
when material in it is purged (`kmsctl.service.purge`).
"""

from __future__ import annotations

import os

from kmsctl.errors import IntegrityError, InvalidArgument, KmsError, NotFound
from kmsctl.keystore.containers import SNAPSHOT, Header
from kmsctl.model.times import rfc3339
from kmsctl.service import audit, backups
from kmsctl.service.backups import require_store
from kmsctl.service.maintenance import decide, record_reading
from kmsctl.service.unlocking import Container, Unlock, open_container, reader_of
from kmsctl.store import copies, snapshot_files
from kmsctl.store.files import os_failure, sync_directory
from kmsctl.store.snapshot_files import SnapshotFile
from kmsctl.store.store import CONTROL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, BinaryIO

    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.service.reports import MaintenanceReport
    from kmsctl.service.restores import RestorePlan, RestoreReport, RestoreRequest
    from kmsctl.store.copies import Workshop
    from kmsctl.store.database import Database
    from kmsctl.store.store import Store

INTERVAL = 3600 * 1_000_000
HORIZON = 4 * 24 * INTERVAL


def create(kms: Kms, ctx: Context) -> list[SnapshotFile]:
    """Takes a snapshot of every database that has changed since its last one."""
    store = require_store(kms)
    decision = decide(kms, ctx, "CreateSnapshot")
    with copies.Workshop(store.directory) as workshop:
        found = _take_changed(store, workshop, skip_damaged=False)
    with store.open(CONTROL).write() as transaction:
        audit.append_store(transaction, ctx, decision, {"snapshots": [_shown(each) for each in found]})
    return found


def list_(kms: Kms, ctx: Context) -> list[SnapshotFile]:
    store = kms.find_store()
    if store is None:
        return []
    record_reading(kms, ctx, decide(kms, ctx, "ListSnapshots"), {})
    return snapshot_files.each(store.directory)


def maintain(store: Store, report: MaintenanceReport) -> None:
    """Takes the hourly snapshot, if it is time, and drops those that are too old."""
    if not any(os.path.exists(store.path_of(name)) for name in store.names()):
        return
    now = store.clock()
    try:
        with copies.Workshop(store.directory) as workshop:
            snapshot_files.drop(_expired(snapshot_files.each(store.directory), id_of(now - HORIZON)))
            known = snapshot_files.each(store.directory)
            if not known or not id_of(now - INTERVAL) < known[-1].id <= id_of(now + INTERVAL):
                taken = _take_changed(store, workshop, skip_damaged=True)
                report.snapshots += [_shown(each) for each in taken]
    except KmsError as error:
        report.left.append(f"snapshots: {error.message}")


def _expired(known: list[SnapshotFile], horizon: str) -> list[SnapshotFile]:
    """Returns the snapshots that no time within the horizon would be restored from."""
    newest: dict[str, SnapshotFile] = {}
    expired = []
    for file in known:  # oldest first
        if file.id < horizon:
            if file.database in newest:
                expired.append(newest[file.database])
            newest[file.database] = file
    return expired


def _take_changed(store: Store, workshop: Workshop, *, skip_damaged: bool) -> list[SnapshotFile]:
    store.keys.check_settled()
    snapshot_id = _free_id(store)
    found = []
    for name in sorted(store.names(), key=lambda name: (name == CONTROL, name)):
        try:
            database = store.find(name)
            if database is not None and not _is_taken(store, database):
                found.append(take(store, workshop, database, snapshot_id))
        except IntegrityError:
            if not skip_damaged:  # maintenance has said so already, and the others do not wait for it
                raise
    return found


def _free_id(store: Store) -> str:
    """Returns the id of the present time, or the first after it that no snapshot has."""
    taken = {each.id for each in snapshot_files.each(store.directory)}
    now = store.clock()
    while id_of(now) in taken:
        now += 1_000_000
    return id_of(now)


def _is_taken(store: Store, database: Database) -> bool:
    """Tells whether the last snapshot of a database has the very state that it is in."""
    known = [each for each in snapshot_files.each(store.directory) if each.database == database.name]
    if not known:
        return False
    try:
        entry = _entry(store, known[-1])
    except KmsError:
        return False  # damaged, or of an older root key
    with database.read() as snapshot:
        return bool(entry["headTag"] == snapshot.head.tag.hex())


def _entry(store: Store, file: SnapshotFile) -> dict[str, Any]:
    with _open(file) as content:
        header = Header.read(content.read, file.path)
        reader = reader_of(header, store.keys, Container(content.read, file.path))
        return _checked_entry(header, reader.manifest, file)


def _checked_entry(header: Header, manifest: dict[str, Any], file: SnapshotFile) -> dict[str, Any]:
    """Returns what a snapshot says of its database, if it is the one that its name says."""
    entry: dict[str, Any] = manifest["databases"][0]
    if header.kind != SNAPSHOT or (manifest["snapshotId"], entry["name"]) != (file.id, file.database):
        raise IntegrityError(f"{file.path} is another snapshot than its name says.")
    return entry


def take(store: Store, workshop: Workshop, database: Database, snapshot_id: str = "") -> SnapshotFile:
    """Takes a snapshot of one database. The workshop is held."""
    snapshot_id = snapshot_id or _free_id(store)
    copied = copies.copy(database, workshop, store.keys, store.clock, f"snapshot-{database.name}")
    header = Header(SNAPSHOT, store.keys.store_id, os.urandom(16))
    manifest = {
        "kind": "snapshot",
        "storeId": header.store_id.hex(),
        "snapshotId": snapshot_id,
        "createTime": rfc3339(store.clock()),
        "databases": [backups.describe(copied)],
    }
    path = snapshot_files.path_of(store.directory, database.name, snapshot_id)
    beside = workshop.path(f"sealed-{database.name}")
    descriptor = workshop.new_file(f"sealed-{database.name}")
    try:
        with os.fdopen(descriptor, "wb") as file:
            backups.write(header, store.keys, manifest, [copied], file.write)
            file.flush()
            os.fsync(descriptor)
        store.probe("snapshot.written")
        os.rename(beside, path)
        sync_directory(workshop.directory)
        store.probe("snapshot.renamed")
        os.unlink(copied.path)
        return SnapshotFile(database.name, snapshot_id, path, os.stat(path).st_size)
    except OSError as error:
        raise os_failure(error, "write", path) from None


def restore(
    kms: Kms, ctx: Context, snapshot_id: str, request: RestoreRequest, confirm: Callable[[RestorePlan], bool]
) -> RestoreReport | None:
    """Restores the state of a time: of each database its newest snapshot up to then."""
    from kmsctl.service.restores import Restoring

    store = require_store(kms)
    if not snapshot_files.is_id(snapshot_id):
        raise InvalidArgument(f"'{snapshot_id}' is not the id of a snapshot, such as 20260102T030405Z.")
    with copies.Workshop(store.directory) as workshop:
        chosen = _chosen(store, snapshot_id, request.location)
        copied, entries = [], []
        for file in chosen:
            with _open(file) as content:
                container = Container(content.read, file.path)
                header, keys, reader = open_container(kms, container, Unlock(), SNAPSHOT)
                entry = _checked_entry(header, reader.manifest, file)
                if not _is_current(store, entry):
                    copied += backups.unpack(reader, workshop, keys, kms, file.path)
                    entries.append(entry)
        origin: dict[str, object] = {"snapshotId": snapshot_id}
        restoring = Restoring(kms, ctx, "RestoreSnapshot", store.keys, workshop, request, origin)
        return restoring.carry_out(copied, entries, f"The snapshot {snapshot_id}", confirm)


def _chosen(store: Store, snapshot_id: str, location: str | None) -> list[SnapshotFile]:
    newest = {
        file.database: file
        for file in snapshot_files.each(store.directory)
        if file.id <= snapshot_id and location in {None, file.database}
    }
    known = {file.id for file in snapshot_files.each(store.directory)}
    if not newest or snapshot_id not in known:
        of = "" if location is None else f" of '{location}'"
        raise NotFound(
            f"There is no snapshot {snapshot_id}{of}.", hint="kmsctl store snapshot list shows them all."
        )
    return list(newest.values())


def _is_current(store: Store, entry: dict[str, Any]) -> bool:
    """Tells whether a database is in the state of a snapshot already."""
    try:
        database = store.find(entry["name"])
        if database is None:
            return False
        with database.read() as snapshot:
            return bool(entry["headTag"] == snapshot.head.tag.hex())
    except IntegrityError:
        return False


def _open(file: SnapshotFile) -> BinaryIO:
    try:
        return open(file.path, "rb")
    except FileNotFoundError:
        raise NotFound(f"The snapshot {file.path} was dropped.") from None
    except OSError as error:
        raise os_failure(error, "read", file.path) from None


def id_of(us: int) -> str:
    """Returns a time as the ids of snapshots have it."""
    text = rfc3339(us).partition(".")[0].removesuffix("Z")
    return text.replace("-", "").replace(":", "") + "Z"


def _shown(file: SnapshotFile) -> str:
    return f"{file.database}/{file.id}"
