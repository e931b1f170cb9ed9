"""`store repair`: what can safely be done about what is wrong, said first.

Each step takes away only what carries no information (files that crashes left, indexes, which follow from
rows), or ends what was begun. Rows are never touched, nor is anything that vouches for them: what
`store verify` calls damage there stays an error, for a backup to mend.
"""

from __future__ import annotations

import os

from kmsctl.errors import IntegrityError, KmsError, StoreAccess
from kmsctl.keystore.keystore import remove_half_made
from kmsctl.model.names import ImportJobName
from kmsctl.service import audit, due, expiry, leftovers, verification
from kmsctl.service.authorize import authorize_store
from kmsctl.service.maintenance import decide
from kmsctl.service.purge import purge
from kmsctl.service.reports import RepairReport, RepairStep
from kmsctl.store import import_jobs, keys
from kmsctl.store.connection import UniqueViolation
from kmsctl.store.store import CONTROL
from kmsctl.store.tables import CONTROL_TABLES, LOCATION_TABLES, PENDING_PURGES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kmsctl.model.names import CryptoKeyName
    from kmsctl.service.authorize import Decision
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.service.reports import Finding
    from kmsctl.service.verification import Progress
    from kmsctl.store.database import Database
    from kmsctl.store.store import Store

REMOVE = "remove"
REBUILD_INDEXES = "rebuild-indexes"
COMPLETE_ANCHOR = "complete-anchor"
FINISH_PURGE = "finish-purge"
SETTLE = "settle"
_METHOD = "RepairStore"
#: How many files a record names; it counts them all.
_NAMED = 100


def repair(
    kms: Kms, ctx: Context, confirm: Callable[[Sequence[RepairStep]], bool], progress: Progress | None
) -> RepairReport:
    """Verifies, plans, asks, repairs, and verifies again if anything was done."""
    store = kms.find_store()
    if store is None:
        return RepairReport([])
    decision = _decide(kms, ctx)
    findings = list(verification.verify(kms, ctx, progress))
    steps = [*_of_files(kms, store), *_of_findings(findings), *_of_work(kms, store)]
    report = RepairReport(steps)
    report.left = [finding for finding in findings if not _is_mended(finding, steps)]
    if not steps or not confirm(steps):
        return report
    report.done = True
    work = _Repair(kms, store, ctx, decision)
    for step in sorted(steps, key=lambda step: step.action != REBUILD_INDEXES):  # the others read by indexes
        try:
            if step.action != REMOVE:
                work.do(step)
        except KmsError as error:
            report.failed.append(f"{step.resource}: {error.message}")
    report.failed += work.remove([step.resource for step in steps if step.action == REMOVE])
    report.left = list(verification.verify(kms, ctx, progress))
    return report


def _decide(kms: Kms, ctx: Context) -> Decision | None:
    """Authorizes the call. None, where an index that decides is damaged: that is done by hand then."""
    try:
        return decide(kms, ctx, _METHOD)
    except IntegrityError:
        return None


def _is_mended(finding: Finding, steps: Sequence[RepairStep]) -> bool:
    purged = {step.resource for step in steps if step.action in (FINISH_PURGE, SETTLE)}
    if finding.kind == "PURGE_PENDING":
        return bool(purged)
    return finding.action == "repair"


def _of_files(kms: Kms, store: Store) -> list[RepairStep]:
    """Returns the steps that remove what crashes have left in directories."""
    steps = [
        RepairStep(REMOVE, path, "Remove a file that a crash left behind.")
        for path in leftovers.removable_files(store)
    ]
    steps += [
        RepairStep(REMOVE, path, "Remove the lock file of a process that has ended.")
        for path in leftovers.dead_leases(store)
    ]
    beside = _half_made_secrets(kms)
    if os.path.lexists(beside):
        steps.append(RepairStep(REMOVE, beside, "Remove secrets that never came into use."))
    return steps


def _half_made_secrets(kms: Kms) -> str:
    return kms.secrets_directory + ".new"


def _of_findings(findings: Sequence[Finding]) -> list[RepairStep]:
    """Returns the steps that mend what verification found, each thing once."""
    steps = {}
    for finding in findings:
        if finding.kind == "INDEX_DAMAGED":
            text = "Make all indexes anew from the rows. Each row has a tag of its own, which stays as it is."
            steps[finding.resource, REBUILD_INDEXES] = text
        elif finding.kind == "ANCHOR_DAMAGED" and finding.action == "repair":
            text = "Write the second copy of its records again, from the copy that is whole."
            steps[finding.resource, COMPLETE_ANCHOR] = text
    return [RepairStep(action, resource, text) for (resource, action), text in steps.items()]


def _of_work(kms: Kms, store: Store) -> list[RepairStep]:
    """Returns the steps that end what was begun, or take it back."""
    steps = []
    for name in store.names():
        try:
            database = store.find(name)
            if database is None:
                continue
            if name != CONTROL:
                for resource in (*_unfinished_keys(kms, database), *_unfinished_jobs(kms, database)):
                    text = "Give up the key that a process was making when it ended, and do what else is due."
                    steps.append(RepairStep(SETTLE, str(resource), text))
            tables = CONTROL_TABLES if name == CONTROL else LOCATION_TABLES
            waiting = database.count(PENDING_PURGES) if PENDING_PURGES in tables else 0
            if waiting:
                text = f"Clear {waiting} destroyed key(s) out of the files, if nobody is reading."
                steps.append(RepairStep(FINISH_PURGE, name, text))
        except KmsError:
            continue  # verification has found it
    return steps


def _unfinished_keys(kms: Kms, database: Database) -> list[CryptoKeyName]:
    from kmsctl.store import versions

    with database.read() as snapshot:
        return [
            name
            for row, name in keys.with_work(snapshot, database.name)
            if any(due.abandoned(kms, each) for each in versions.unfinished(snapshot, row))
        ]


def _unfinished_jobs(kms: Kms, database: Database) -> list[ImportJobName]:
    with database.read() as snapshot:
        return [
            import_jobs.name_of(snapshot, row, database.name)
            for row in import_jobs.unfinished(snapshot)
            if expiry.abandoned(kms, row)
        ]


class _Repair:
    """The steps, done. What no record can be kept of is not done."""

    __slots__ = ("_ctx", "_decision", "_kms", "_store")

    def __init__(self, kms: Kms, store: Store, ctx: Context, decision: Decision | None) -> None:
        self._kms = kms
        self._store = store
        self._ctx = ctx
        self._decision = decision

    def do(self, step: RepairStep) -> None:
        if step.action == REBUILD_INDEXES:
            self._rebuild_indexes(step.resource)
            return
        self._record({"action": step.action, "resource": step.resource})
        if step.action == COMPLETE_ANCHOR:
            self._store.keys.anchor.complete()
        elif step.action == FINISH_PURGE:
            purge(self._database(step.resource))
        else:
            self._settle(step.resource)

    def _record(self, request: dict[str, object]) -> None:
        """Keeps a record of what is done outside any database, before it is done."""
        decision = self._decided()
        with self._database(CONTROL).write() as transaction:
            audit.append_store(transaction, self._ctx, decision, request)

    def _decided(self) -> Decision:
        if self._decision is None:
            self._decision = decide(self._kms, self._ctx, _METHOD)
        return self._decision

    def _database(self, name: str) -> Database:
        found = self._store.find(name)
        if found is None:
            raise StoreAccess(f"There is no database '{name}' to keep a record in.")
        return found

    def _rebuild_indexes(self, name: str) -> None:
        """Makes the indexes of a database anew; those of control may be what the decision is read by."""
        with self._database(name).write() as transaction:
            try:
                transaction.connection.execute("REINDEX")
            except UniqueViolation:
                raise IntegrityError(
                    "Its indexes cannot be made anew: two rows have the name of one resource.",
                ) from None
            decision = self._decision
            if decision is None and name == CONTROL:
                decision = authorize_store(transaction, self._ctx, _METHOD)
            audit.append_store(
                transaction,
                self._ctx,
                decision or self._decided(),
                {"action": REBUILD_INDEXES, "resource": name},
            )

    def remove(self, paths: Sequence[str]) -> list[str]:
        """Removes files, if they still are what they were planned for. Returns what could not be done."""
        if not paths:
            return []
        request: dict[str, object] = {
            "action": REMOVE,
            "files": list(paths[:_NAMED]),
            "count": str(len(paths)),
        }
        try:
            self._record(request)
        except KmsError as error:
            return [f"{path}: {error.message}" for path in paths]
        failed = []
        for path in paths:
            try:
                if path == _half_made_secrets(self._kms):
                    remove_half_made(self._kms.secrets_directory)
                else:
                    leftovers.remove(self._store, path)
            except KmsError as error:
                failed.append(f"{path}: {error.message}")
        return failed

    def _settle(self, resource: str) -> None:
        from kmsctl.model import names

        name = names.parse(resource)
        if isinstance(name, names.CryptoKeyName):
            due.settle(self._kms, name)
        elif isinstance(name, ImportJobName):
            expiry.settle(self._kms, name)
