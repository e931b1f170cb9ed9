"""`store verify`: reads everything and says what is wrong, which resource it is about, what to do."""

from __future__ import annotations

import os

from kmsctl.errors import IntegrityError, KmsError, RollbackError, StoreError
from kmsctl.model import names, states
from kmsctl.service.maintenance import decide
from kmsctl.service.reports import Finding
from kmsctl.store import files, import_jobs, scrub, versions
from kmsctl.store.store import CONTROL
from kmsctl.store.tables import (
    BY_NUMBER,
    CONTROL_TABLES,
    CRYPTO_KEY_VERSIONS,
    CRYPTO_KEYS,
    IMPORT_JOBS,
    LOCATION_TABLES,
    PENDING_PURGES,
)
from kmsctl.store.tree import MAX_ID

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
_TORN = "The other copy serves. If no power cut explains it, somebody wrote to the file."
_PROGRESS_STEP = 2000
_MOST_NAMES = 20_000


def verify(kms: Kms, ctx: Context, progress: Progress | None) -> Iterator[Finding]:
    store = kms.find_store()
    if store is None:
        return
    try:
        damage = store.keys.anchor.damage()
        known = store.names()
    except KmsError as error:
        yield _finding(store.keys.anchor.path, "ANCHOR_DAMAGED", error)
        return  # without it nothing can be told from an older state of itself
    try:
        decide(kms, ctx, "VerifyStore")
    except (IntegrityError, StoreError):
        pass  # the state that should decide is damaged: that is to be reported below, not refused
    for text in damage:
        yield Finding(store.keys.anchor.path, "ANCHOR_DAMAGED", text, _TORN)
    yield from _check_files(store)
    for name in known:
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
    remedy = error.hint or _RESTORE
    return Finding(resource, kind, error.message, _RESTORE if "store verify" in remedy else remedy)


def _check_files(store: Store) -> Iterator[Finding]:
    """Looks at what else lies in the data directory."""
    for directory in (store.directory, os.path.join(store.directory, "locations")):
        if not os.path.isdir(directory):
            continue
        with files.DirectoryLock(directory):  # while nobody is making a database there
            entries = sorted(os.listdir(directory))
        known = {store.path_of(name) + suffix for name in store.names() for suffix in ("", "-wal", "-shm")}
        for entry in entries:
            path = os.path.join(directory, entry)
            if entry in ("locations", "pending", "snapshots") and directory == store.directory:
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
                    "If it was left by a crash, kmsctl store maintain removes it.",
                )


def _verify_database(database: Database, name: str, progress: Progress | None) -> Iterator[Finding]:
    with database.read() as snapshot:
        for damage in scrub.file_damage(snapshot.connection, name):
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
    known = _Names(snapshot, name)
    for table in tables:
        check = scrub.TreeCheck(snapshot, table)
        for row_id, row, tag in scrub.rows(snapshot, table):
            if row_id <= MAX_ID:
                check.add(max(row_id, 0), tag)  # there is no row below 1: one that is there shows
            finding = _check_row(snapshot, table, row_id, row, known)
            if finding is not None:
                explained = True
                yield finding
            done += 1
            if progress is not None and done % _PROGRESS_STEP == 0:
                progress(done, total)
        check.finish()
        if check.root is not None:
            roots[table.number] = check.root
        explained = explained or bool(check.suspects)
        yield from _check_tree(snapshot, table, check, name)
    if scrub.stray_nodes(snapshot, tables):
        yield Finding(name, "DATABASE_DAMAGED", "The integrity tree has nodes of no table.", _RESTORE)
    if not explained and not scrub.root_matches(snapshot, roots):
        text = "The rows as a whole are not those that the head vouches for."
        yield Finding(name, "ROW_REPLAYED", text, _RESTORE)
    if progress is not None:
        progress(total, total)


def _check_tree(snapshot: Snapshot, table: Table, check: scrub.TreeCheck, name: str) -> Iterator[Finding]:
    for bucket in check.suspects:
        yield _suspect(snapshot, table, check.rows_of(bucket), name)
    if check.damaged and not check.suspects:
        levels = ", ".join(str(level) for level in check.damaged)
        text = f"The integrity tree of {table.name} does not follow from its rows (level {levels})."
        yield Finding(name, "DATABASE_DAMAGED", text, _RESTORE)


class _Names:
    """The names of rows, as the database tells them. Those of keys are kept: versions share them."""

    __slots__ = ("_keys", "_location", "_snapshot")

    def __init__(self, snapshot: Snapshot, location: str) -> None:
        self._snapshot = snapshot
        self._location = location
        self._keys: dict[int, names.Name] = {}

    def text(self, table: Table, row_id: int) -> str:
        return scrub.name_of(self._snapshot.connection, table, row_id, self._location)

    def parsed(self, table: Table, row: Row) -> names.Name:
        if table is not CRYPTO_KEY_VERSIONS:
            return names.parse(self.text(table, row.id))
        number = row.integer("key")
        key = self._keys.get(number)
        if key is None:
            key = names.parse(self.text(CRYPTO_KEYS, number))
            if len(self._keys) >= _MOST_NAMES:
                self._keys.clear()
            self._keys[number] = key
        return key.version(row.integer("number")) if isinstance(key, names.CryptoKeyName) else key


def _check_row(
    snapshot: Snapshot, table: Table, row_id: int, row: Row | None, known: _Names
) -> Finding | None:
    if row is None:
        resource = known.text(table, row_id)
        text = "Its row was changed outside kmsctl: it does not fit its tag."
        return Finding(resource, "ROW_DAMAGED", text, _RESTORE)
    if table is not CRYPTO_KEY_VERSIONS and table is not IMPORT_JOBS:
        return None
    try:
        _unwrap(snapshot, row, known.parsed(table, row))
    except KmsError as error:
        return Finding(known.text(table, row_id), "MATERIAL_DAMAGED", error.message, _RESTORE)
    return None


def _unwrap(snapshot: Snapshot, row: Row, name: names.Name) -> None:
    """Unwraps whatever a row has to hold in its state."""
    if isinstance(name, names.CryptoKeyVersionName):
        if states.STATE_NAMES.get(row.integer("state")) in states.HOLDS_MATERIAL:
            versions.material(snapshot, row, name)
        versions.fingerprint(snapshot, row, name)
    elif isinstance(name, names.ImportJobName):
        if states.IMPORT_JOB_STATE_NAMES.get(row.integer("state")) == states.ACTIVE:
            import_jobs.material(snapshot, row, name)
    else:
        raise IntegrityError("It has no name.")


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
            "It is destroyed, but older copies of its wrapped material may be left in the database's files.",
            "Run kmsctl store maintain when no other command is reading the store.",
        )
    for row in _undamaged(lambda: versions.unfinished(snapshot, None)):
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


def _undamaged(find: Callable[[], list[Row]]) -> list[Row]:
    """Returns rows to look at closer, or none if one of them is damaged: that was reported already."""
    try:
        return find()
    except IntegrityError:
        return []


def damage(database: Database, progress: Progress | None = None) -> Iterator[Finding]:
    """Yields what is wrong with one database or copy; what is merely still to be done is not."""
    for finding in _verify_database(database, database.name, progress):
        if finding.kind != "PURGE_PENDING":
            yield finding
