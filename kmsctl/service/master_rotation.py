"""Rotation of the master keys of databases, while other processes go on working."""

from __future__ import annotations

from kmsctl.errors import KmsError, NotFound
from kmsctl.model import names
from kmsctl.service import audit
from kmsctl.service.maintenance import decide
from kmsctl.service.purge import purge
from kmsctl.service.reports import RotationReport
from kmsctl.store import resealing
from kmsctl.store.store import CONTROL
from kmsctl.store.tables import CONTROL_TABLES, LOCATION_TABLES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kmsctl.keystore.keystore import KeyStore
    from kmsctl.service.authorize import Decision
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.store.database import Database
    from kmsctl.store.store import Store
    from kmsctl.store.tables import Table

    Progress = Callable[[int, int], None]

METHOD = "RotateMasterKey"
#: Rows a transaction: another process waits no longer than for so many.
_BATCH = 512
#: Which part of a batch's time is left to others before the next: whoever waits for SQLite's write lock looks
#: again only every now and then.
_PAUSE = 0.25


def rotate(
    kms: Kms, ctx: Context, name: str | None, progress: Progress | None = None
) -> list[RotationReport]:
    """Rotates the master key of a location (or of ``control``), or of all databases for None."""
    store = kms.find_store()
    if name is not None and name != CONTROL:
        names.check_location(name)
    decision = decide(kms, ctx, METHOD)
    if store is None:
        raise NotFound("There is no store yet.")
    known = store.names()
    if name is not None and name not in known:
        raise NotFound(f"The store has no database '{name}'.", hint="kmsctl store status shows them.")
    return rotate_all(kms, ctx, decision, store, known if name is None else [name], progress)


def rotate_all(
    kms: Kms,
    ctx: Context,
    decision: Decision,
    store: Store,
    chosen: Sequence[str],
    progress: Progress | None = None,
) -> list[RotationReport]:
    """Rotates the master keys of these databases. One that was being rotated is gone on with."""
    reports = []
    for each in chosen:
        database = store.find(each)
        if database is not None:
            rotation = _Rotation(kms, ctx, decision, store, database)
            reports.append(rotation.run(progress))
    return reports


def due(database: Database, max_age: int | None) -> bool:
    """Tells whether a rotation was begun and not ended, or the master key is `max_age` microseconds old."""
    with database.read() as snapshot:
        in_use = resealing.in_use(snapshot)
        if len(in_use) > 1:
            return True
        return max_age is not None and snapshot.now - in_use[-1].integer("create_time") >= max_age


class _Rotation:
    """The rotation of one database."""

    __slots__ = ("_context", "_database", "_decision", "_kms", "_store", "_tables")

    def __init__(self, kms: Kms, ctx: Context, decision: Decision, store: Store, database: Database) -> None:
        self._kms = kms
        self._context = ctx
        self._decision = decision
        self._store = store
        self._database = database
        self._tables: tuple[Table, ...] = CONTROL_TABLES if database.name == CONTROL else LOCATION_TABLES

    def run(self, progress: Progress | None) -> RotationReport:
        resumed = self._begin()
        self._database.probe("rotation.begun")
        done = 0
        with self._database.read() as snapshot:
            total = resealing.left(snapshot.connection, self._tables, snapshot.keys.current)
        retired: list[int] | None = None
        while retired is None:
            walk = resealing.Resealing(self._database.name, self._tables)
            while written := self._batch(walk):
                done += written
                self._database.probe("rotation.batch")
                if progress is not None:
                    progress(done, max(done, total))
            retired = self._retire()
        self._database.probe("rotation.retired")
        try:
            pending = purge(self._database)
        except KmsError:
            pending = 1
        with self._database.read() as snapshot:
            version = snapshot.keys.current
        return RotationReport(
            self._database.name, version, retired, rows=done, resumed=resumed, pending_purges=pending
        )

    def _begin(self) -> bool:
        """Makes the new master key, unless that was done. Returns whether it was."""
        keystore: KeyStore = self._store.keys  # type: ignore[assignment]  # the one of this program
        with keystore.lock(), self._database.write() as transaction:
            if len(resealing.in_use(transaction)) > 1:
                return True
            version = resealing.begin(transaction, keystore)
            audit.append_store(transaction, self._context, self._decision, {"masterKeyVersion": str(version)})
        return False

    def _batch(self, walk: resealing.Resealing) -> int:
        from time import monotonic, sleep

        begun = monotonic()
        with self._database.write() as transaction:
            written = walk.batch(transaction, _BATCH)
        if written:
            sleep((monotonic() - begun) * _PAUSE)
        return written

    def _retire(self) -> list[int] | None:
        """Retires the older master keys. Returns None if something refers to them still."""
        with self._database.write() as transaction:
            if resealing.left(transaction.connection, self._tables, transaction.keys.current):
                return None
            retired = resealing.retire(transaction)
            request: dict[str, object] = {"retiredMasterKeyVersions": [str(version) for version in retired]}
            audit.append_store(transaction, self._context, self._decision, request)
        return retired
