"""What is wrong with the rows of a database: each by itself, and all as a set."""

from __future__ import annotations

from _thread import _count as other_threads

from kmsctl.errors import IntegrityError, KmsError
from kmsctl.model import names, states
from kmsctl.service import blocks
from kmsctl.service.reports import Finding
from kmsctl.store import audit_keys, import_jobs, scrub, sweep, versions
from kmsctl.store.store import CONTROL
from kmsctl.store.tables import (
    AUDIT_KEYS,
    CONTROL_TABLES,
    CRYPTO_KEY_VERSIONS,
    CRYPTO_KEYS,
    IMPORT_JOBS,
    LOCATION_TABLES,
)
from kmsctl.store.tree import MAX_ID

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kmsctl.service.reports import VerifyOptions
    from kmsctl.store.snapshot import Snapshot
    from kmsctl.store.sweep import Swept
    from kmsctl.store.tables import Row, Table
    from kmsctl.store.verified import Verified

    Progress = Callable[[int, int], None]

RESTORE = "Bring the database back from a backup."
_MOST_NAMES = 20_000
#: Changed buckets that are next to each other are read at once, up to so many.
_RUN = 64


class RowCheck:
    """Checks all rows of one database, and what they are as a set.

    Attributes:
        buckets: after `findings`: the digests of all buckets, by table; to be recorded.
        known: what was recorded when the database was last verified, if that is to be relied on.
    """

    __slots__ = (
        "_done",
        "_name",
        "_names",
        "_options",
        "_progress",
        "_snapshot",
        "_total",
        "buckets",
        "known",
    )

    def __init__(
        self,
        snapshot: Snapshot,
        name: str,
        options: VerifyOptions,
        known: Verified | None,
        progress: Progress | None,
    ) -> None:
        self._snapshot = snapshot
        self._name = name
        self._names = _Names(snapshot, name)
        self._options = options
        self._progress = progress
        self._done = self._total = 0
        self.known = known
        self.buckets: dict[int, dict[int, bytes]] = {}

    def findings(self) -> Iterator[Finding]:
        """Yields what is wrong with rows, their material, and the integrity tree over them."""
        snapshot = self._snapshot
        tables = CONTROL_TABLES if self._name == CONTROL else LOCATION_TABLES
        self._total = scrub.count(snapshot, tables)
        roots: dict[int, bytes] = {}
        explained = False
        for table in tables:
            check = scrub.TreeCheck(snapshot, table)
            for finding in self._rows(table, check):
                explained = True
                yield finding
            check.finish()
            if check.root is not None:
                roots[table.number] = check.root
            self.buckets[table.number] = check.buckets
            explained = explained or bool(check.suspects)
            yield from _check_tree(snapshot, table, check, self._name)
        if scrub.stray_nodes(snapshot, tables):
            yield Finding(
                self._name, "DATABASE_DAMAGED", "The integrity tree has nodes of no table.", RESTORE
            )
        if not explained and not scrub.root_matches(snapshot, roots):
            text = "The rows as a whole are not those that the head vouches for."
            yield Finding(self._name, "ROW_REPLAYED", text, RESTORE)
        self._advance(self._total - self._done)

    def _rows(self, table: Table, check: scrub.TreeCheck) -> Iterator[Finding]:
        changed = None
        if self.known is not None:
            digests, beyond = self._digests(table)
            check.add(digests)
            for row_id in beyond:
                finding = self._look(table, row_id)
                if finding is not None:
                    yield finding
            before = self.known.buckets.get(table.number, {})
            changed = [index for index, digest in check.buckets.items() if before.get(index) != digest]
        workers = self._options.workers
        if workers is None:
            workers = 1 if other_threads() else blocks.processors()  # a fork has the one thread that forked
        for swept in blocks.worked(self._work(table, changed), workers):
            buckets, doubted = swept
            check.add(buckets)
            for row_id in doubted:
                finding = self._look(table, row_id)
                if finding is not None:
                    yield finding

    def _work(self, table: Table, changed: list[int] | None) -> Iterator[Callable[[], Swept]]:
        """Reads blocks of rows and yields the work on each."""
        keys, location = self._snapshot.keys, self._name

        def work(rows: list[sweep.Raw]) -> Callable[[], Swept]:
            return lambda: sweep.sweep(keys, table, rows, location)

        runs = [None] if changed is None else _runs(changed)
        for run in runs:
            for rows in sweep.blocks(self._snapshot, table, run):
                if changed is None:
                    self._advance(len(rows))
                yield work(rows)

    def _digests(self, table: Table) -> tuple[list[tuple[int, bytes]], list[int]]:
        """Returns the digests of all buckets, from the tags of the rows, and the ids that no bucket has."""
        beyond: list[int] = []
        buckets = sweep.Buckets(self._snapshot.keys, table)
        reading = self._snapshot.connection.chunks(
            f"SELECT id, tag FROM {table.name} ORDER BY id", (), sweep.BLOCK
        )
        for rows in reading:
            for row_id, tag in rows:
                buckets.add(row_id, tag if isinstance(tag, bytes) else b"")  # type: ignore[arg-type]
            beyond += [row_id for row_id, _ in rows if row_id > MAX_ID]  # type: ignore[operator,misc]
            self._advance(len(rows))
        return buckets.finish(), beyond

    def _advance(self, rows: int) -> None:
        self._done += rows
        if self._progress is not None:
            self._progress(self._done, self._total)

    def _look(self, table: Table, row_id: int) -> Finding | None:
        """Looks at one row that is in doubt, and says what is wrong with it."""
        row = scrub.row(self._snapshot, table, row_id)
        if row is None:
            text = "Its row was changed outside kmsctl: it does not fit its tag."
            return Finding(self._names.text(table, row_id), "ROW_DAMAGED", text, RESTORE)
        if table not in {CRYPTO_KEY_VERSIONS, IMPORT_JOBS, AUDIT_KEYS}:
            return None
        try:
            if table is AUDIT_KEYS:
                audit_keys.secret(self._snapshot, row)
            else:
                _unwrap(self._snapshot, row, self._names.parsed(table, row))
        except KmsError as error:
            return Finding(self._names.text(table, row_id), "MATERIAL_DAMAGED", error.message, RESTORE)
        return None


def _runs(changed: list[int]) -> Iterator[range]:
    """Joins buckets that are next to each other."""
    start = stop = -1
    for index in changed:
        if index != stop or stop - start >= _RUN:
            if start >= 0:
                yield range(start, stop)
            start = index
        stop = index + 1
    if start >= 0:
        yield range(start, stop)


def _check_tree(snapshot: Snapshot, table: Table, check: scrub.TreeCheck, name: str) -> Iterator[Finding]:
    for bucket in check.suspects:
        yield _suspect(snapshot, table, check.rows_of(bucket), name)
    if check.damaged and not check.suspects:
        levels = ", ".join(str(level) for level in check.damaged)
        text = f"The integrity tree of {table.name} does not follow from its rows (level {levels})."
        yield Finding(name, "DATABASE_DAMAGED", text, RESTORE)


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
    return Finding(resource, "ROW_REPLAYED", text + (", ".join(shown) or "(none is left)"), RESTORE)
