"""One call of one verb: authorize → act → record, in one transaction of one database.

The write lock of the location is taken first, then the snapshot of control.db that decides is
read, then the anchors are raised: the lock order of the whole program.
"""

from __future__ import annotations

from kmsctl.errors import FailedPrecondition, InvalidArgument, KmsError, NotFound, PermissionDenied
from kmsctl.model import locations
from kmsctl.model.names import ProjectName
from kmsctl.model.policies import Binding, Policy
from kmsctl.service import audit
from kmsctl.service.authorize import ORPHANED, OWNER, Decision, acting, authorize, denied
from kmsctl.service.purge import purge_after
from kmsctl.service.targets import Target
from kmsctl.store import projects
from kmsctl.store.store import CONTROL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from kmsctl.service.audit import ResourceName
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.store.database import Database
    from kmsctl.store.snapshot import Snapshot, Transaction


def not_found(name: ResourceName) -> NotFound:
    return NotFound(f"{type(name).__name__.removesuffix('Name')} {name} not found.")


def check_location(name: ResourceName) -> None:
    """Refuses a location that Cloud KMS does not have."""
    if locations.find(name.location) is None:
        raise InvalidArgument(
            f"location: '{name.location}' is not a Cloud KMS location.",
            hint="kmsctl locations list shows them all.",
        )


def find_database(kms: Kms, name: ResourceName) -> Database | None:
    """Returns the database of the location that `name` is in, or None if it was never used."""
    check_location(name)
    store = kms.find_store()
    return None if store is None else store.find(name.location)


def decide(
    kms: Kms,
    ctx: Context,
    method: str,
    target: Target,
    location: Snapshot | None,
    also: Sequence[Target] = (),
) -> Decision:
    """Authorizes against the newest state of control.db, and a state of the resource's location."""
    store = kms.find_store()
    control = None if store is None else store.find(CONTROL)
    if control is None:
        return authorize(None, None, ctx, method, target, also)
    with control.read() as snapshot:
        return authorize(snapshot, location, ctx, method, target, also)


class Reading:
    """A verb that changes nothing: gives a snapshot, or None where the location was never used.

    What fails within it is recorded, where the project's audit configuration asks for that.
    """

    __slots__ = ("_also", "_context", "_database", "_decision", "_kms", "_method", "_reading", "_target")

    _decision: Decision

    def __init__(
        self,
        kms: Kms,
        ctx: Context,
        method: str,
        name: ResourceName,
        also: Sequence[ResourceName | ProjectName] = (),
    ) -> None:
        self._also = tuple(Target(each) for each in also)
        self._kms = kms
        self._context = ctx
        self._method = method
        self._target = Target(name)
        self._database = find_database(kms, name)

    def __enter__(self) -> Snapshot | None:
        """Authorizes the call, and gives what it may read.

        Raises:
            PermissionDenied: if the caller may not; that is recorded.
        """
        try:
            if self._database is None:
                self._decide(None)
                return None
            self._reading = self._database.read()
            snapshot = self._reading.__enter__()
            try:
                self._decide(snapshot)
            except BaseException as error:
                self._reading.__exit__(type(error), error, None)
                raise
        except PermissionDenied as error:
            from kmsctl.service import refusals

            refusals.record(self._kms, self._context, self._method, self._target, error)
            raise
        return snapshot

    def _decide(self, snapshot: Snapshot | None) -> None:
        self._decision = decide(self._kms, self._context, self._method, self._target, snapshot, self._also)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._database is not None:
            self._reading.__exit__(kind, error, trace)
            record_failure(self._database, self._context, self._decision, self._target, {}, error)

    def failed(self, error: KmsError) -> None:
        """Keeps a record of a call that failed when a key was used, whoever is at fault."""
        if self._database is not None and self._decision.audited:
            _keep_failure(self._database, self._context, self._decision, self._target, {}, error)

    def record(self) -> None:
        """Keeps a record of the call, where the project's audit configuration asks for one.

        To be called before the caller gets its answer: a call whose record cannot be kept fails.
        """
        if self._database is not None and self._decision.audited:
            with self._database.write() as transaction:
                audit.append(transaction, self._context, self._decision, self._target, {})


class Mutation:
    """A verb that changes something, with its `transaction` of the location's database.

    A context manager: what the block did is recorded and committed if it ends well, and undone if
    it does not. What was destroyed is then purged.

    Attributes:
        transaction: what to read and change.
        request: what the record of the call is to show of the request. Never anything secret.
        more: further fields of the record.
    """

    __slots__ = (
        "_also",
        "_context",
        "_creates",
        "_database",
        "_decision",
        "_kms",
        "_method",
        "_missing",
        "_name",
        "_target",
        "_writing",
        "more",
        "request",
        "transaction",
    )

    _decision: Decision
    transaction: Transaction

    def __init__(
        self,
        kms: Kms,
        ctx: Context,
        method: str,
        name: ResourceName,
        *,
        creates: bool = False,
        within: ResourceName | None = None,
        also: Sequence[ResourceName] = (),
    ) -> None:
        """Prepares the call.

        Args:
            kms: the service.
            ctx: the caller.
            method: the API's short name of the verb.
            name: the resource that the verb is called on.
            creates: whether a project and a location that were never used are to be made for it.
            within: what is missing where the location was never used; `name`, if not given.
            also: the resources that further permissions of the method are needed on.
        """
        check_location(name)
        self._kms = kms
        self._context = ctx
        self._method = method
        self._missing = name if within is None else within
        self._name = name
        self._target = Target(name)
        self._also = tuple(Target(each) for each in also)
        self._creates = creates
        self._database: Database | None = None
        self.request: dict[str, object] = {}
        self.more: dict[str, object] = {}

    def __enter__(self) -> Mutation:
        """Authorizes the call under the write lock.

        Raises:
            PermissionDenied: if the caller may not; that is recorded.
        """
        try:
            self._enter()
        except PermissionDenied as error:
            from kmsctl.service import refusals

            refusals.record(self._kms, self._context, self._method, self._target, error)
            raise
        return self

    def _enter(self) -> None:
        if self._creates:
            # Before anything is made. A project's policy alone decides where there is nothing below it.
            if self._decide(None).project is None:
                open_project(self._kms, self._context, self._name.project)
            self._database = self._kms.open_store().open(self._name.location)
        else:
            self._database = find_database(self._kms, self._name)
        if self._database is None:
            self._decide(None)
            raise not_found(self._missing)
        if not self._creates:
            # A look before the lock: nobody waits for one who may not, or for conditions to be loaded.
            with self._database.read() as snapshot:
                self._decide(snapshot)
        self._writing = self._database.write()
        self.transaction = self._writing.__enter__()
        try:
            # Now that the lock is held: this is the decision that counts.
            self._decision = self._decide(self.transaction)
        except BaseException as error:
            self._writing.__exit__(type(error), error, None)
            raise

    def _decide(self, snapshot: Snapshot | None) -> Decision:
        return decide(self._kms, self._context, self._method, self._target, snapshot, self._also)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            try:
                if self.transaction.tree.changed and self._decision.audited:
                    audit.append(
                        self.transaction,
                        self._context,
                        self._decision,
                        self._target,
                        self.request,
                        **self.more,
                    )
            except BaseException as failed:
                self._writing.__exit__(type(failed), failed, None)
                raise
        self._writing.__exit__(kind, error, trace)
        if self._database is None:
            return
        if kind is None:
            purge_after(self._database)
        else:
            record_failure(self._database, self._context, self._decision, self._target, self.request, error)


def record_failure(
    database: Database,
    ctx: Context,
    decision: Decision,
    target: Target,
    request: dict[str, object],
    error: BaseException | None,
) -> None:
    """Keeps a record of an allowed call that failed by its own fault, as Cloud Audit Logs does.

    Where that cannot be kept, the call has failed all the same, for the reason that its caller learns.
    """
    if isinstance(error, KmsError) and audit.is_recorded(error) and decision.audited:
        _keep_failure(database, ctx, decision, target, request, error)


def _keep_failure(
    database: Database,
    ctx: Context,
    decision: Decision,
    target: Target,
    request: dict[str, object],
    error: KmsError,
) -> None:
    try:
        with database.write() as transaction:
            audit.append_failure(transaction, ctx, decision, target, request, error)
    except KmsError:
        pass


def open_project(kms: Kms, ctx: Context, project: str, *, display_name: str = "", labels: str = "") -> bool:
    """Makes a project that nobody has used yet; whoever acts owns it. Returns whether it was made.

    Raises:
        FailedPrecondition: if it has key rings, so that somebody owned it before control.db was lost.
    """
    with kms.open_store().open(CONTROL).write() as transaction:
        if projects.find(transaction, project) is not None:
            return False
        from kmsctl.service.orphans import has_key_rings

        if has_key_rings(kms.open_store(), project):
            raise FailedPrecondition(f"projects/{project}: {ORPHANED[0]}", hint=ORPHANED[1])
        add_project(kms, transaction, ctx, project, display_name=display_name, labels=labels)
        return True


def add_project(
    kms: Kms,
    transaction: Transaction,
    ctx: Context,
    project: str,
    *,
    display_name: str = "",
    labels: str = "",
) -> None:
    """Adds a project to control.db, with a record of that; whoever acts owns it."""
    caller = acting(transaction, ctx)
    if caller.problem is not None:
        raise denied(
            "resourcemanager.projects.create", f"projects/{project}", caller.account, hint=caller.problem
        )
    # 12 digits, as Google's project numbers have.
    number = 10**11 + int.from_bytes(kms.random(8), "big") % (9 * 10**11)
    while projects.has_number(transaction, number):
        number += 1
    policy = Policy([Binding(OWNER, [caller.member])])
    projects.insert(transaction, project, number, policy, display_name=display_name, labels=labels)
    target = Target(ProjectName(project))
    audit.append_project(transaction, ctx, caller.account, target, {"projectNumber": str(number)})
