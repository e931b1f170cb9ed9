"""One call of a verb whose effect is in control.db: projects, accounts, roles, groups, their policies."""

from __future__ import annotations

from kmsctl.errors import NotFound, PermissionDenied
from kmsctl.service import audit, refusals
from kmsctl.service.authorize import Decision, authorize
from kmsctl.service.call import open_project, record_failure
from kmsctl.store.store import CONTROL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.service.targets import Target
    from kmsctl.store.database import Database
    from kmsctl.store.snapshot import Snapshot, Transaction
    from kmsctl.store.tables import Row


def find_control(kms: Kms) -> Database | None:
    store = kms.find_store()
    return None if store is None else store.find(CONTROL)


class ControlReading:
    """A verb that reads control.db: gives a snapshot of it, or None where there is none yet."""

    __slots__ = ("_context", "_database", "_kms", "_method", "_reading", "_target", "decision")

    decision: Decision

    def __init__(self, kms: Kms, ctx: Context, method: str, target: Target) -> None:
        self._kms = kms
        self._context = ctx
        self._method = method
        self._target = target
        self._database = find_control(kms)

    def __enter__(self) -> Snapshot | None:
        if self._database is None:
            self.decision = authorize(None, None, self._context, self._method, self._target)
            return None
        self._reading = self._database.read()
        snapshot = self._reading.__enter__()
        try:
            self.decision = authorize(snapshot, None, self._context, self._method, self._target)
        except BaseException as error:
            self._reading.__exit__(type(error), error, None)
            if isinstance(error, PermissionDenied):
                refusals.record(self._kms, self._context, self._method, self._target, error)
            raise
        return snapshot

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._database is not None:
            self._reading.__exit__(kind, error, trace)
            record_failure(self._database, self._context, self.decision, self._target, {}, error)

    def record(self, request: dict[str, object] | None = None) -> None:
        """Keeps a record of the call, where the project's audit configuration asks for one."""
        if self._database is not None and self.decision.audited:
            with self._database.write() as transaction:
                audit.append(transaction, self._context, self.decision, self._target, request or {})


class ControlMutation:
    """A verb that changes control.db. What the block did is recorded and committed if it ends well.

    Attributes:
        transaction: what to read and change.
        project: the row of the project.
        decision: who acts, and on what grounds.
        request: what the record of the call is to show of the request. Never anything secret.
        more: further fields of the record.
    """

    __slots__ = (
        "_context",
        "_creates",
        "_database",
        "_kms",
        "_method",
        "_target",
        "_writing",
        "decision",
        "more",
        "project",
        "request",
        "transaction",
    )

    decision: Decision
    project: Row
    transaction: Transaction

    def __init__(self, kms: Kms, ctx: Context, method: str, target: Target, *, creates: bool = False) -> None:
        """Prepares the call; `creates` makes a project that nobody has used yet."""
        self._kms = kms
        self._context = ctx
        self._method = method
        self._target = target
        self._creates = creates
        self.request: dict[str, object] = {}
        self.more: dict[str, object] = {}

    def __enter__(self) -> ControlMutation:
        # A look before the lock: nobody waits for one who may not, or for conditions to be loaded.
        reading = ControlReading(self._kms, self._context, self._method, self._target)
        with reading:
            used = reading.decision.project is not None
        if self._creates and not used:
            open_project(self._kms, self._context, self._target.project)
        database = find_control(self._kms)
        if database is None:
            raise self._not_found()
        self._database = database
        self._writing = database.write()
        self.transaction = self._writing.__enter__()
        try:
            self.decision = authorize(self.transaction, None, self._context, self._method, self._target)
            self.project = self._project()
        except BaseException as error:
            self._writing.__exit__(type(error), error, None)
            if isinstance(error, PermissionDenied):
                refusals.record(self._kms, self._context, self._method, self._target, error)
            raise
        return self

    def _project(self) -> Row:
        if self.decision.project is None:
            raise self._not_found()
        return self.decision.project

    def _not_found(self) -> NotFound:
        return NotFound(f"Project projects/{self._target.project} not found.")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            try:
                if self.transaction.tree.changed:
                    audit.append(
                        self.transaction,
                        self._context,
                        self.decision,
                        self._target,
                        self.request,
                        **self.more,
                    )
            except BaseException as failed:
                self._writing.__exit__(type(failed), failed, None)
                raise
        self._writing.__exit__(kind, error, trace)
        record_failure(self._database, self._context, self.decision, self._target, self.request, error)
