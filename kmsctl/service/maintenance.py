"""The store's own verbs: status, maintenance, and accepting what was rolled back or lost."""

from __future__ import annotations

import os

from kmsctl.errors import (
    FailedPrecondition,
    InvalidArgument,
    KmsError,
    NotFound,
    PermissionDenied,
    RollbackError,
)
from kmsctl.model import names
from kmsctl.model.times import rfc3339
from kmsctl.service import audit, due, expiry, refusals
from kmsctl.service.authorize import authorize_store
from kmsctl.service.call import add_project
from kmsctl.service.orphans import projects_with_key_rings
from kmsctl.service.purge import purge
from kmsctl.service.reports import DatabaseStatus, MaintenanceReport, StoreStatus
from kmsctl.store import import_jobs, keys, projects, resealing, versions
from kmsctl.store.snapshot import CLOCK_TOLERANCE
from kmsctl.store.store import CONTROL
from kmsctl.store.tables import (
    AUDIT_KEYS,
    CONTROL_TABLES,
    LOCATION_TABLES,
    MASTER_KEYS,
    PENDING_PURGES,
    TOKEN_OBJECTS,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kmsctl.service.authorize import Decision
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.store.database import Database
    from kmsctl.store.snapshot import Snapshot
    from kmsctl.store.store import Store


def decide(kms: Kms, ctx: Context, method: str) -> Decision:
    """Authorizes one of the store's own methods. Refusals are recorded in the log of control."""
    store = kms.find_store()
    control = None if store is None else store.find(CONTROL)
    if control is None:
        return authorize_store(None, ctx, method)
    try:
        with control.read() as snapshot:
            return authorize_store(snapshot, ctx, method)
    except PermissionDenied as error:
        refusals.record_store(control, ctx, method, error)
        raise


def record_reading(kms: Kms, ctx: Context, decision: Decision, request: dict[str, object]) -> None:
    """Keeps a record of a call that changed nothing, where the first project's policy asks for one."""
    store = kms.find_store()
    control = None if store is None else store.find(CONTROL)
    if control is not None and decision.audited:
        with control.write() as transaction:
            audit.append_store(transaction, ctx, decision, request)


def status(kms: Kms, ctx: Context) -> StoreStatus:
    store = kms.find_store()
    if store is None:
        return StoreStatus("", [], initialized=False)
    decision = decide(kms, ctx, "StoreStatus")
    found = [_database_status(store, name) for name in store.names()]
    record_reading(kms, ctx, decision, {})
    return StoreStatus(store.keys.store_id.hex(), found, initialized=True)


def _database_status(store: Store, name: str) -> DatabaseStatus:
    try:
        path = store.path_of(name)
        database = store.find(name)
        if database is None:
            return DatabaseStatus(name, path, problem="missing")
        with database.read() as snapshot:
            tables = CONTROL_TABLES if name == CONTROL else LOCATION_TABLES
            counts = {
                table.name: snapshot.connection.number(f"SELECT count(*) FROM {table.name}")
                for table in tables
            }
            purges = counts.pop(PENDING_PURGES.name, 0)
            for each in (MASTER_KEYS, AUDIT_KEYS):
                counts.pop(each.name)
            return DatabaseStatus(
                name,
                path,
                generation=snapshot.head.generation,
                epoch=snapshot.head.epoch.hex(),
                counts=counts,
                audit_records=snapshot.audit.sequence - snapshot.audit.removed,
                bytes_on_disk=_size(path),
                master_key_versions=[row.id for row in resealing.in_use(snapshot)],
                pending_purges=purges,
                pending_removals=_pending_removals(snapshot, name),
                last_time=max(snapshot.head.last_time, snapshot.audit.last_time),
            )
    except KmsError as error:
        return DatabaseStatus(name, "", problem=f"{error.status}: {error.message}")


def _pending_removals(snapshot: Snapshot, name: str) -> list[str]:
    """Says which objects are yet to be removed from their tokens."""
    if name == CONTROL or not snapshot.connection.number(f"SELECT count(*) FROM {TOKEN_OBJECTS.name}"):
        return []
    from kmsctl.service import token_objects

    return token_objects.pending_removals(snapshot)


def _size(path: str) -> int:
    total = 0
    for file in (path, path + "-wal"):
        try:
            total += os.stat(file).st_size
        except FileNotFoundError:
            continue
    return total


def maintain(
    kms: Kms, ctx: Context, confirm_clock: Callable[[str], bool], max_master_key_age: int | None = None
) -> MaintenanceReport:
    """Does all that is due in all locations: destruction, rotation, purges, work left by crashes."""
    report = MaintenanceReport()
    store = kms.find_store()
    if store is None:
        return report
    decision = decide(kms, ctx, "MaintainStore")
    rotation = decision if max_master_key_age is None else decide(kms, ctx, "RotateMasterKey")
    _resume_root_rotation(ctx, decision, store, report)
    for name in store.names():
        try:
            database = store.find(name)
            if database is None:
                continue
            _settle_clock(database, ctx, decision, confirm_clock, report)
            refusals.settle(database)
            if name != CONTROL:
                _maintain_location(kms, database, report)
            _rotate_master_key(kms, ctx, rotation, database, max_master_key_age, report)
            _purge(database, report)
        except KmsError as error:  # one that is damaged does not keep the others waiting
            report.left.append(f"{name}: {error.message}")
    store.remove_leftovers()
    from kmsctl.service import protectors, snapshots

    report.left += protectors.clear(kms)

    snapshots.maintain(store, report)
    return report


def _settle_clock(
    database: Database,
    ctx: Context,
    decision: Decision,
    confirm: Callable[[str], bool],
    report: MaintenanceReport,
) -> None:
    """Asks whether to believe a clock that was set back, or that jumped while something is due."""
    with database.read() as snapshot:
        last, now, clock = snapshot.head.confirmed_time, snapshot.now, snapshot.clock
        behind = clock < now - CLOCK_TOLERANCE
        waiting = jobs = 0
        if not behind and snapshot.trusted_now < now and database.name != CONTROL:
            waiting = sum(
                versions.is_due(row, now) and not versions.is_due(row, snapshot.trusted_now)
                for row in versions.unfinished(snapshot, None)
            )
            jobs = sum(
                import_jobs.is_due(row, now) and not import_jobs.is_due(row, snapshot.trusted_now)
                for row in import_jobs.unfinished(snapshot)
            )
    if behind:
        question = (
            f"'{database.name}' was last changed at {rfc3339(now)}, but the clock says {rfc3339(clock)}. "
            "Go on from the clock's time"
        )
    elif waiting or jobs:
        keys_of_jobs = f" and the keys of {jobs} import job(s)" if jobs else ""
        question = (
            f"In '{database.name}' {waiting} version(s){keys_of_jobs} are to be destroyed for good by the "
            f"clock, which says {rfc3339(clock)}; the last time that was believed is {rfc3339(last)}. "
            "Is the clock right"
        )
    else:
        return
    if not confirm(question + "?"):
        report.left.append(f"{database.name}: the clock was not confirmed, so nothing was destroyed.")
        return
    with database.write(by_clock=True) as transaction:
        audit.append_store(transaction, ctx, decision, {"confirmedTime": rfc3339(clock)})


def _maintain_location(kms: Kms, database: Database, report: MaintenanceReport) -> None:
    for name in _keys_with_work(kms, database):
        try:
            done = due.act(kms, database, name)
        except KmsError as error:
            report.left.append(f"{name}: {error.message}")
            continue
        report.destroyed += done.destroyed
        report.rotated += done.rotated
        report.failed += done.failed
        report.made += done.made
        report.left += done.left
    _maintain_import_jobs(kms, database, report)
    report.left += [text for text in expiry.sweep(kms, database) if text not in report.left]


def _resume_root_rotation(ctx: Context, decision: Decision, store: Store, report: MaintenanceReport) -> None:
    from kmsctl.service import root_rotation

    try:
        root_rotation.remove_leftovers(store)
        root_rotation.resume(ctx, decision, store)
    except KmsError as error:
        report.left.append(f"The rotation of the root key is not complete: {error.message}")


def _rotate_master_key(
    kms: Kms,
    ctx: Context,
    decision: Decision,
    database: Database,
    max_age: int | None,
    report: MaintenanceReport,
) -> None:
    """Rotates a master key that is old enough, or goes on with a rotation that a crash ended."""
    from kmsctl.service import master_rotation

    store = kms.find_store()
    if store is not None and master_rotation.due(database, max_age):
        master_rotation.rotate_all(kms, ctx, decision, store, [database.name])
        report.rewrapped.append(database.name)


def _purge(database: Database, report: MaintenanceReport) -> None:
    before = database.count(PENDING_PURGES)
    left = purge(database)
    report.purged += before - left
    if left:
        report.left.append(f"{database.name}: {left} purge(s) wait for a reader of the database to finish.")


def _maintain_import_jobs(kms: Kms, database: Database, report: MaintenanceReport) -> None:
    with database.read() as snapshot:
        found = [
            import_jobs.name_of(snapshot, row, database.name)
            for row in import_jobs.unfinished(snapshot)
            if expiry.pending(kms, snapshot, row)
        ]
    for name in found:
        with database.write() as transaction:
            row = expiry.find_job(transaction, name)
            expired = row is not None and import_jobs.is_due(row, transaction.trusted_now)
            if row is not None and expiry.apply(kms, transaction, row, name):
                (report.expired if expired else report.failed).append(str(name))


def _keys_with_work(kms: Kms, database: Database) -> list[names.CryptoKeyName]:
    with database.read() as snapshot:
        return [
            name for row, name in keys.with_work(snapshot, database.name) if due.pending(kms, snapshot, row)
        ]


def accept_rollback(kms: Kms, ctx: Context, name: str) -> list[str]:
    """Goes on with a database that is behind its anchor or missing, under a new epoch.

    Returns the projects that the caller owns now, because control.db does not know them any more.
    """
    store = kms.find_store()
    if store is None:
        raise FailedPrecondition("There is no store yet.")
    if name != CONTROL:
        names.check_location(name)
    try:
        decided = decide(kms, ctx, "AcceptRollback")
    except RollbackError:
        if name != CONTROL:
            raise
        decided = None  # what is to be accepted decides, if it is there
    path = store.path_of(name)
    mark = store.keys.anchor.find(name)
    there = os.path.lexists(path)
    if not there and (mark is None or mark.lost) and not (name == CONTROL and projects_with_key_rings(store)):
        raise NotFound(f"The store has no database '{name}'.")
    request: dict[str, object] = {"anchoredGeneration": "0" if mark is None else str(mark.generation)}
    if not there:
        request["lost"] = name
        if name == CONTROL:
            store.accept_loss(name)
            return _take_over(kms, ctx, store, request)
        with store.open(CONTROL).write() as transaction:
            decision = decided or authorize_store(transaction, ctx, "AcceptRollback")
            audit.append_store(transaction, ctx, decision, request)
        store.accept_loss(name)
        return []
    database = store.find(name)
    rolled_back = database is not None and database.is_rolled_back()
    if database is not None and rolled_back:
        with database.write(epoch=kms.random(16)) as transaction:
            decision = decided or authorize_store(transaction, ctx, "AcceptRollback")
            request["generation"] = str(transaction.head.generation)
            audit.append_store(transaction, ctx, decision, request)
    taken = _take_over(kms, ctx, store, {}) if name == CONTROL else []
    if not (rolled_back or taken):
        raise InvalidArgument(f"'{name}' is as its anchor says: there is nothing to accept.")
    return taken


def _take_over(kms: Kms, ctx: Context, store: Store, request: dict[str, object]) -> list[str]:
    """Makes the caller own the projects that have key rings, but are not in control.db any more."""
    found = projects_with_key_rings(store)
    with store.open(CONTROL).write() as transaction:
        decision = authorize_store(transaction, ctx, "AcceptRollback")
        known = {row.text("project") for row in projects.each(transaction)}
        taken = [project for project in found if project not in known]
        if request or taken:
            audit.append_store(transaction, ctx, decision, {**request, "projects": taken})
    for project in taken:
        with store.open(CONTROL).write() as transaction:
            if projects.find(transaction, project) is None:
                add_project(kms, transaction, ctx, project)
    return taken
