"""One call of one verb: authorize → act → record, in one transaction of one database.

The write lock of the location is taken first, then the snapshot of control.db that decides is
read, then the anchors are raised: the lock order of the whole program.
"""

from __future__ import annotations

from kmsctl.errors import InvalidArgument, NotFound
from kmsctl.model import locations
from kmsctl.service import audit
from kmsctl.service.authorize import Decision, authorize
from kmsctl.service.purge import purge_after
from kmsctl.store import projects
from kmsctl.store.store import CONTROL

TYPE_CHECKING = False
if TYPE_CHECKING:
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


def decide(kms: Kms, ctx: Context, method: str, name: ResourceName) -> Decision:
    """Authorizes against the newest state of control.db."""
    store = kms.find_store()
    control = None if store is None else store.find(CONTROL)
    if control is None:
        return authorize(None, ctx, method, str(name), name.project)
    with control.read() as snapshot:
        return authorize(snapshot, ctx, method, str(name), name.project)


class Reading:
    """A verb that changes nothing: gives a snapshot, or None where the location was never used."""

    __slots__ = ("_context", "_database", "_decision", "_name", "_reading")

    def __init__(self, kms: Kms, ctx: Context, method: str, name: ResourceName) -> None:
        self._context = ctx
        self._name = name
        self._decision = decide(kms, ctx, method, name)
        self._database = find_database(kms, name)

    def __enter__(self) -> Snapshot | None:
        if self._database is None:
            return None
        self._reading = self._database.read()
        return self._reading.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._database is not None:
            self._reading.__exit__(kind, error, trace)

    def record(self) -> None:
        """Keeps a record of the call, where the project's audit configuration asks for one.

        To be called before the caller gets its answer: a call whose record cannot be kept fails.
        """
        if self._database is not None and self._decision.audited:
            with self._database.write() as transaction:
                audit.append(transaction, self._context, self._decision, self._name, {})


class Mutation:
    """A verb that changes something, with its `transaction` of the location's database.

    A context manager: what the block did is recorded and committed if it ends well, and undone if
    it does not. What was destroyed is then purged.

    Attributes:
        transaction: what to read and change.
        request: what the record of the call is to show of the request. Never anything secret.
    """

    __slots__ = (
        "_context",
        "_database",
        "_decision",
        "_kms",
        "_method",
        "_missing",
        "_name",
        "_writing",
        "request",
        "transaction",
    )

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
    ) -> None:
        """Prepares the call.

        Args:
            kms: the service.
            ctx: the caller.
            method: the API's short name of the verb.
            name: the resource that the verb is called on.
            creates: whether a project and a location that were never used are to be made for it.
            within: what is missing where the location was never used; `name`, if not given.
        """
        check_location(name)
        self._kms = kms
        self._context = ctx
        self._method = method
        self._missing = name if within is None else within
        self._name = name
        self._decision = decide(kms, ctx, method, name)
        self.request: dict[str, object] = {}
        if creates:
            if self._decision.project is None:
                open_project(kms, ctx, name.project)
            self._database: Database | None = kms.open_store().open(name.location)
        else:
            self._database = find_database(kms, name)

    def __enter__(self) -> Mutation:
        if self._database is None:
            raise not_found(self._missing)
        self._writing = self._database.write()
        self.transaction = self._writing.__enter__()
        try:
            # Again, now that the lock is held: this is the decision that counts.
            self._decision = decide(self._kms, self._context, self._method, self._name)
        except BaseException as error:
            self._writing.__exit__(type(error), error, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            try:
                if self.transaction.tree.changed and self._decision.audited:
                    audit.append(self.transaction, self._context, self._decision, self._name, self.request)
            except BaseException as failed:
                self._writing.__exit__(type(failed), failed, None)
                raise
        self._writing.__exit__(kind, error, trace)
        if kind is None and self._database is not None:
            purge_after(self._database)


def open_project(kms: Kms, ctx: Context, project: str) -> None:
    """Makes a project that nobody has used yet; the caller owns it."""
    with kms.open_store().open(CONTROL).write() as transaction:
        if projects.find(transaction, project) is None:
            # 12 digits, as Google's project numbers have.
            number = 10**11 + int.from_bytes(kms.random(8), "big") % (9 * 10**11)
            while projects.has_number(transaction, number):
                number += 1
            projects.insert(transaction, project, number, ctx.principal)
            audit.append_project(transaction, ctx, project, number)
