"""`store rotate-root-key`: a new root key over all master keys, the anchor and the protectors."""

from __future__ import annotations

import os

from kmsctl.errors import FailedPrecondition, KmsError, NotFound
from kmsctl.service import audit
from kmsctl.service.maintenance import decide
from kmsctl.service.purge import purge
from kmsctl.service.reports import RootRotationReport
from kmsctl.store import copies, purges, replacing, resealing, snapshot_files
from kmsctl.store.files import DirectoryLock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.keystore.keystore import KeyStore
    from kmsctl.keystore.ports import Asking
    from kmsctl.service.authorize import Decision
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.store.database import Database
    from kmsctl.store.store import Store

METHOD = "RotateRootKey"


def rotate(kms: Kms, ctx: Context, asking: Asking, *, drop_unavailable: bool) -> RootRotationReport:
    """Rotates the root key. A rotation that was begun and not ended is gone on with instead."""
    from kmsctl.keystore import root_rotation

    store = kms.find_store()
    decision = decide(kms, ctx, METHOD)
    if store is None:
        raise NotFound("There is no store yet.")
    keystore = _keystore(store)
    report = RootRotationReport()
    with keystore.lock():
        replacing.remove_leftovers(keystore.directory)
        keystore.refresh()
        root_rotation.settle(keystore)
        report.resumed = len(keystore.roots) > 1
        if not report.resumed:
            report.dropped = root_rotation.begin(
                keystore, kms.asking(asking), drop_unavailable=drop_unavailable
            )
        _complete(ctx, decision, store, report)
    return report


def remove_leftovers(store: Store) -> None:
    """Removes what a crash left beside root key, slot file and anchor: it may hold a root key."""
    keystore = _keystore(store)
    with keystore.lock():
        replacing.remove_leftovers(keystore.directory)


def resume(ctx: Context, decision: Decision, store: Store) -> RootRotationReport | None:
    """Goes on with a rotation that was begun and not ended, if there is one. Nobody is asked."""
    from kmsctl.keystore import root_rotation

    keystore = _keystore(store)
    if not root_rotation.is_pending(keystore):
        return None
    report = RootRotationReport()
    report.resumed = True
    with keystore.lock():
        keystore.refresh()
        root_rotation.settle(keystore)
        if len(keystore.roots) > 1:
            _complete(ctx, decision, store, report)
    return report


def _complete(ctx: Context, decision: Decision, store: Store, report: RootRotationReport) -> None:
    """Wraps all master keys anew, then lets go of the old root key. The lock of the secrets is held."""
    from kmsctl.keystore import root_rotation

    keystore = _keystore(store)
    # Nobody makes copies or restores one meanwhile: it would need the old root key afterwards.
    with copies.Workshop(store.directory):
        names = _all_names(store)
        for name in names:
            _wrap_database(store, name, ctx, decision, report)
        snapshot_files.drop(snapshot_files.each(store.directory))  # they open with the old root key alone
        root_rotation.finish(keystore)
    for name in names:
        database = store.find(name)
        if database is not None:
            try:
                report.pending_purges += purge(database)
            except KmsError:
                report.pending_purges += 1


def _wrap_database(
    store: Store, name: str, ctx: Context, decision: Decision, report: RootRotationReport
) -> None:
    keystore = _keystore(store)
    try:
        database = store.find(name)
        if database is None:
            raise NotFound(f"The database '{name}' is missing.")
        if _wrap_anew(keystore, database, ctx, decision):
            report.databases.append(name)
    except KmsError as error:
        raise FailedPrecondition(
            f"The master key of '{name}' could not be wrapped by the new root key: {error.message}",
            hint="Nothing is lost: protectors open both root keys. When that is mended, run "
            "kmsctl store rotate-root-key again; it goes on from here.",
        ) from None
    keystore.probe("root.database")


def _all_names(store: Store) -> list[str]:
    """Returns the names of all databases, when none is being made under the old root key any more.

    Whoever makes one holds its directory's lock, and looks for a new root key under it.
    """
    for directory in (store.directory, os.path.join(store.directory, "locations")):
        if os.path.isdir(directory):
            with DirectoryLock(directory):
                pass
    return store.names()


def _wrap_anew(keystore: KeyStore, database: Database, ctx: Context, decision: Decision) -> bool:
    """Wraps the master keys of a database by the newest root key. Returns False if they are already."""
    with database.write() as transaction:
        changed = False
        for row in resealing.in_use(transaction):
            wrapped = keystore.wrap_anew(database.name, row.id, row.blob("wrapped"))
            if wrapped is not None:
                purges.insert_master_key(transaction, row)
                transaction.update(row, wrapped=wrapped)
                changed = True
        if changed:
            audit.append_store(transaction, ctx, decision, {"rootKey": keystore.roots[0].id})
    return changed


def _keystore(store: Store) -> KeyStore:
    return store.keys  # type: ignore[return-value]  # the one of this program
