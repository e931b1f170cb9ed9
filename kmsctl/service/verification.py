"""`store verify`: reads everything and says what is wrong, which resource it is about, what to do."""

from __future__ import annotations

import os

from kmsctl.errors import IntegrityError, KmsError, RollbackError, StoreError
from kmsctl.model import names, states
from kmsctl.service.maintenance import decide
from kmsctl.service.reports import Finding
from kmsctl.store import files, scrub, versions
from kmsctl.store.store import CONTROL
from kmsctl.store.tables import (
    BY_NUMBER,
    CONTROL_TABLES,
    CRYPTO_KEY_VERSIONS,
    LOCATION_TABLES,
    PENDING_PURGES,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.store.database import Database
    from kmsctl.store.snapshot import Snapshot
    from kmsctl.store.store import Store
    from kmsctl.store.tables import Row, Table

    Progress = Callable[[int, int], None]

_RESTORE = "Bring the database back from a backup."
_PROGRESS_STEP = 2000


def verify(kms: Kms, ctx: Context, progress: Progress | None) -> Iterator[Finding]:
    store = kms.find_store()
    if store is None:
        return
    try:
        decide(kms, ctx, "VerifyStore")
    except IntegrityError as error:
        # The state that should decide is damaged: that is what is to be reported, not refused.
        yield _finding(CONTROL, "DATABASE_DAMAGED", error)
    yield from _check_files(store)
    for name in store.names():
        try:
            database = store.find(name)
            if database is None:
                continue
            yield from _verify_database(database, name, progress)
        except RollbackError as error:
            yield _finding(name, "ROLLBACK", error)
        except StoreError as error:
            yield _finding(name, "FILE_ACCESS", error)
        except KmsError as error:
            yield _finding(name, "DATABASE_DAMAGED", error)


def _finding(resource: str, kind: str, error: KmsError) -> Finding:
    return Finding(resource, kind, error.message, error.hint or _RESTORE)


def _check_files(store: Store) -> Iterator[Finding]:
    """Looks at what else lies in the data directory."""
    locations = os.path.join(store.directory, "locations")
    known = {store.path_of(name) + suffix for name in store.names() for suffix in ("", "-wal", "-shm")}
    for directory in (store.directory, locations):
        if not os.path.isdir(directory):
            continue
        for entry in sorted(os.listdir(directory)):
            path = os.path.join(directory, entry)
            if entry in ("locations", "pending") and directory == store.directory:
                continue
            try:
                files.check_private(path, directory=False)
            except StoreError as error:
                yield _finding(path, "FILE_ACCESS", error)
            if path not in known:
                yield Finding(
                    path,
                    "ORPHAN",
                    "This file is no part of the store.",
                    "If it was left by a crash, kmsctl store maintain removes it after an hour.",
                )


def _verify_database(database: Database, name: str, progress: Progress | None) -> Iterator[Finding]:
    with database.read() as snapshot:
        for damage in scrub.file_damage(snapshot.connection):
            yield Finding(name, "DATABASE_DAMAGED", damage, _RESTORE)
        yield from _verify_rows(snapshot, name, progress)
        if name != CONTROL:
            yield from _check_relations(snapshot, name)
        broken = scrub.audit_damage(snapshot)
        if broken is not None:
            yield Finding(name, "AUDIT_DAMAGED", f"The audit records were changed: {broken}.", _RESTORE)


def _verify_rows(snapshot: Snapshot, name: str, progress: Progress | None) -> Iterator[Finding]:
    """Checks every row and the digest of all rows, and unwraps all material."""
    tables = CONTROL_TABLES if name == CONTROL else LOCATION_TABLES
    total, done = scrub.count(snapshot, tables), 0
    roots: dict[int, bytes] = {}
    explained = False
    for table in tables:
        check = scrub.TreeCheck(snapshot, table)
        for row_id, row, tag in scrub.rows(snapshot, table):
            check.add(row_id, tag)
            finding = _check_row(snapshot, table, row_id, row, name)
            if finding is not None:
                explained = True
                yield finding
            done += 1
            if progress is not None and done % _PROGRESS_STEP == 0:
                progress(done, total)
        check.finish()
        if check.root is not None:
            roots[table.number] = check.root
        for bucket in check.suspects:
            explained = True
            yield _suspect(snapshot, table, check.rows_of(bucket), name)
    if not explained and not scrub.root_matches(snapshot, roots):
        text = "The rows as a whole are not those that the head vouches for."
        yield Finding(name, "ROW_REPLAYED", text, _RESTORE)
    if progress is not None:
        progress(total, total)


def _check_row(
    snapshot: Snapshot, table: Table, row_id: int, row: Row | None, location: str
) -> Finding | None:
    if row is None:
        resource = scrub.name_of(snapshot.connection, table, row_id, location)
        text = "Its row was changed outside kmsctl: it does not fit its tag."
        return Finding(resource, "ROW_DAMAGED", text, _RESTORE)
    if table is not CRYPTO_KEY_VERSIONS:
        return None
    state = states.STATE_NAMES.get(row.integer("state"))
    if state not in states.HOLDS_MATERIAL:
        return None
    resource = scrub.name_of(snapshot.connection, table, row_id, location)
    try:
        name = names.parse(resource)
        if not isinstance(name, names.CryptoKeyVersionName):
            raise IntegrityError("It has no name.")
        versions.material(snapshot, row, name)
    except KmsError as error:
        return Finding(resource, "MATERIAL_DAMAGED", error.message, _RESTORE)
    return None


def _suspect(snapshot: Snapshot, table: Table, rows: list[int], location: str) -> Finding:
    """Describes a bucket whose rows are authentic one by one, but not the newest, or not all."""
    shown = [scrub.name_of(snapshot.connection, table, row_id, location) for row_id in rows[:8]]
    if len(rows) > len(shown):
        shown.append(f"{len(rows) - len(shown)} more")
    text = "A row beside these was removed or added, or one of them is an older state of itself: "
    resource = shown[0] if len(shown) == 1 else f"{location}: {table.name}"
    return Finding(resource, "ROW_REPLAYED", text + (", ".join(shown) or "(none is left)"), _RESTORE)


def _check_relations(snapshot: Snapshot, location: str) -> Iterator[Finding]:
    for resource, what in scrub.orphans(snapshot.connection, location):
        yield Finding(resource, "ORPHAN", what + ".", _RESTORE)
    for row in snapshot.scan(PENDING_PURGES, "1 ORDER BY id", ()):
        table = BY_NUMBER[row.integer("tbl")]
        resource = scrub.name_of(snapshot.connection, table, row.integer("row_id"), location)
        yield Finding(
            resource,
            "PURGE_PENDING",
            "It is destroyed, but older copies of its wrapped material may be left in the write-ahead log.",
            "Run kmsctl store maintain when no other command is reading the store.",
        )
    for row in versions.unfinished(snapshot, None):
        if versions.is_due(row, snapshot.now):
            resource = scrub.name_of(snapshot.connection, CRYPTO_KEY_VERSIONS, row.id, location)
            yield Finding(
                resource,
                "PURGE_PENDING",
                "Its destroy time has passed, but its wrapped material is still there.",
                "Run kmsctl store maintain.",
            )
