"""`store verify`: reads everything and says what is wrong, which resource it is about, what to do."""

from __future__ import annotations

import os

from kmsctl.errors import IntegrityError, KmsError, RollbackError, StoreError, StoreLocked
from kmsctl.service import leftovers
from kmsctl.service.maintenance import decide, record_reading
from kmsctl.service.reports import Finding, VerifyOptions
from kmsctl.service.row_findings import RESTORE, RowCheck
from kmsctl.store import audit_check, import_jobs, scrub, versions
from kmsctl.store.store import CONTROL
from kmsctl.store.tables import BY_NUMBER, CRYPTO_KEY_VERSIONS, IMPORT_JOBS, PENDING_PURGES
from kmsctl.store.verified import Verified

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kmsctl.keystore.keystore import KeyStore
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.store.database import Database
    from kmsctl.store.snapshot import Snapshot
    from kmsctl.store.store import Store
    from kmsctl.store.tables import Row

    Progress = Callable[[int, int], None]

_TORN = (
    "The other copy serves, and kmsctl store repair completes it. "
    "If no power cut explains it, somebody wrote to the file."
)
_ALL = VerifyOptions()


def verify(
    kms: Kms, ctx: Context, progress: Progress | None, options: VerifyOptions | None = None
) -> Iterator[Finding]:
    try:
        store = kms.find_store()
    except IntegrityError as error:
        yield _finding(kms.secrets_directory, "PROTECTOR_DAMAGED", error)
        return  # without it nothing in the store can be read
    except StoreLocked:
        raise  # nothing is wrong with it
    except StoreError as error:
        yield _finding(kms.secrets_directory, "FILE_ACCESS", error)
        return
    if store is not None:
        yield from _verify_store(kms, store, ctx, progress, options or _ALL)


def _verify_store(
    kms: Kms, store: Store, ctx: Context, progress: Progress | None, options: VerifyOptions
) -> Iterator[Finding]:
    try:
        damage = store.keys.anchor.damage()
        known = store.names()
    except KmsError as error:
        yield _finding(store.keys.anchor.path, "ANCHOR_DAMAGED", error)
        return  # without it nothing can be told from an older state of itself
    decision = None
    try:
        decision = decide(kms, ctx, "VerifyStore")
    except (IntegrityError, StoreError):
        pass  # the state that should decide is damaged: that is to be reported below, not refused
    yield from _check_secrets(kms, store)
    for text in damage:
        yield Finding(store.keys.anchor.path, "ANCHOR_DAMAGED", text, _TORN, "repair")
    yield from leftovers.findings(store)
    for name in known:
        try:
            database = store.find(name)
            if database is not None:
                yield from _verify_database(store, database, name, progress, options)
        except RollbackError as error:
            yield _finding(name, "ROLLBACK", error)
        except StoreError as error:
            yield _finding(name, "FILE_ACCESS", error)
        except KmsError as error:
            yield _finding(name, "DATABASE_DAMAGED", error)
    if decision is not None:
        record_reading(kms, ctx, decision, {})


def _finding(resource: str, kind: str, error: KmsError) -> Finding:
    remedy = error.hint or RESTORE
    return Finding(resource, kind, error.message, RESTORE if "store verify" in remedy else remedy)


def _check_secrets(kms: Kms, store: Store) -> Iterator[Finding]:
    """Looks at what lies beside the anchor."""
    from kmsctl.keystore import enrolment, root_rotation

    keystore: KeyStore = store.keys  # type: ignore[assignment]  # the one of this program
    pending = False
    with keystore.lock():  # while nobody is writing there
        entries = sorted(os.listdir(kms.secrets_directory))
        try:
            keystore.refresh()
            enrolment.read_slots(keystore)
            pending = root_rotation.is_pending(keystore)
        except KmsError as error:
            yield _finding(kms.secrets_directory, "PROTECTOR_DAMAGED", error)
    if pending:
        yield Finding(
            kms.secrets_directory,
            "ROTATION_PENDING",
            "A rotation of the root key was begun and not ended: the old root key still opens what is here.",
            "kmsctl store maintain, or rotate-root-key again, completes it.",
        )
    for entry in entries:
        if entry.endswith(".new"):
            yield Finding(
                os.path.join(kms.secrets_directory, entry),
                "ORPHAN",
                "This file was left by a crash; it may hold a root key.",
                "kmsctl store maintain removes it.",
                "maintain",
            )


def _verify_database(
    store: Store, database: Database, name: str, progress: Progress | None, options: VerifyOptions
) -> Iterator[Finding]:
    with database.read() as snapshot:
        known = Verified.load(store.directory, snapshot) if options.since_last else None
        rows = RowCheck(snapshot, name, options, known, progress)
        whole = True
        for finding in _findings(snapshot, name, rows, known, options):
            whole = whole and finding.kind == "PURGE_PENDING"
            yield finding
        if whole and options.audit:
            _record(store, snapshot, rows, known)


def damage(database: Database, progress: Progress | None = None) -> Iterator[Finding]:
    """Yields what is wrong with one database or copy; what is merely still to be done is not."""
    with database.read() as snapshot:
        rows = RowCheck(snapshot, database.name, _ALL, None, progress)
        for finding in _findings(snapshot, database.name, rows, None, _ALL):
            if finding.kind != "PURGE_PENDING":
                yield finding


def _findings(
    snapshot: Snapshot, name: str, rows: RowCheck, known: Verified | None, options: VerifyOptions
) -> Iterator[Finding]:
    damage, of_indexes = scrub.file_damage(snapshot.connection, name, indexes=known is None)
    for text in damage:
        yield Finding(name, "DATABASE_DAMAGED", text, RESTORE)
    if of_indexes:
        more = f" (and {len(of_indexes) - 1} more)" if len(of_indexes) > 1 else ""
        text = f"An index does not belong to its table: {of_indexes[0]}{more}."
        remedy = "Run kmsctl store repair: indexes are made from the rows, which are checked by themselves."
        yield Finding(name, "INDEX_DAMAGED", text, remedy)
    yield from rows.findings()
    yield from _check_purges(snapshot, name)
    if name != CONTROL:
        yield from _check_relations(snapshot, name)
    if options.audit:
        yield from _verify_log(snapshot, name, known)


def _verify_log(snapshot: Snapshot, name: str, known: Verified | None) -> Iterator[Finding]:
    try:
        if known is not None and audit_check.follows(snapshot, known.sequence, known.edge):
            return
        for found in audit_check.damage(snapshot):
            if found.kind != audit_check.INDEX:  # all indexes were looked at
                yield Finding(name, "AUDIT_DAMAGED", f"Audit records: {found.message}", RESTORE)
    except IntegrityError as error:
        yield _finding(name, "AUDIT_DAMAGED", error)


def _record(store: Store, snapshot: Snapshot, rows: RowCheck, known: Verified | None) -> None:
    """Records that the database was whole. Where that cannot be written, the next time takes longer."""
    log = snapshot.audit
    read_time = snapshot.now if known is None else known.read_time
    try:
        Verified(rows.buckets, read_time, log.sequence, log.edge).save(store.directory, snapshot)
    except StoreError:
        pass


def _check_relations(snapshot: Snapshot, location: str) -> Iterator[Finding]:
    for resource, what in scrub.orphans(snapshot.connection, location):
        yield Finding(resource, "ORPHAN", what + ".", RESTORE, "restore")
    yield from _check_tokens(snapshot)
    for row in _undamaged(lambda: versions.unfinished(snapshot, None)):
        if versions.in_token(row):
            continue
        if versions.is_due(row, snapshot.now):
            resource = scrub.name_of(snapshot.connection, CRYPTO_KEY_VERSIONS, row.id, location)
            yield Finding(
                resource,
                "PURGE_PENDING",
                "Its destroy time has passed, but its wrapped material is still there.",
                "Run kmsctl store maintain.",
            )
    for row in _undamaged(lambda: import_jobs.unfinished(snapshot)):
        if import_jobs.is_due(row, snapshot.now):
            resource = scrub.name_of(snapshot.connection, IMPORT_JOBS, row.id, location)
            yield Finding(
                resource,
                "PURGE_PENDING",
                "It has expired, but its wrapped private key is still there.",
                "Run kmsctl store maintain.",
            )


def _check_tokens(snapshot: Snapshot) -> Iterator[Finding]:
    from kmsctl.service import token_objects

    try:
        for text in token_objects.pending_removals(snapshot):
            resource, _, what = text.partition(": ")
            yield Finding(
                resource, "PURGE_PENDING", what, "Run kmsctl store maintain when the token is there."
            )
    except IntegrityError:
        pass  # the row that is damaged was reported already


def _check_purges(snapshot: Snapshot, location: str) -> Iterator[Finding]:
    for row in snapshot.scan(PENDING_PURGES, "1 ORDER BY id", ()):
        table = BY_NUMBER[row.integer("tbl")]
        resource = scrub.name_of(snapshot.connection, table, row.integer("row_id"), location)
        yield Finding(
            resource,
            "PURGE_PENDING",
            "It is destroyed, but older copies of its wrapped material may be left in the database's files.",
            "Run kmsctl store maintain when no other command is reading the store.",
        )


def _undamaged(find: Callable[[], list[Row]]) -> list[Row]:
    """Returns rows to look at closer, or none if one of them is damaged: that was reported already."""
    try:
        return find()
    except IntegrityError:
        return []
