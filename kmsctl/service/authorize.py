"""Who may do what: the one decision that every verb asks for.

For now a project's owner may do everything in it and nobody else anything. The first account that
makes something in a project owns it; a project that nobody has used yet is open to whoever asks,
and empty.
"""

from __future__ import annotations

from kmsctl.errors import InvalidArgument, PermissionDenied
from kmsctl.model.methods import ADMIN_WRITE, METHODS
from kmsctl.store import projects

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.model.methods import Method
    from kmsctl.service.context import Context
    from kmsctl.store.snapshot import Snapshot
    from kmsctl.store.tables import Row


class Decision:
    """A call that was allowed: what was asked, and on what grounds."""

    __slots__ = ("control_generation", "method", "project")

    def __init__(self, method: Method, project: Row | None, control_generation: int) -> None:
        self.method = method
        self.project = project
        self.control_generation = control_generation

    @property
    def audited(self) -> bool:
        """Whether a record of the call is to be kept."""
        if self.method.audit_type is None:
            return False
        if self.project is None:  # its row was lost with control.db: changes are recorded all the same
            return self.method.audit_type == ADMIN_WRITE
        return projects.audits(self.project, self.method.audit_type)


def authorize(
    control: Snapshot | None, ctx: Context, method_name: str, resource: str, project: str
) -> Decision:
    """Decides whether the caller may call a method on a resource.

    Args:
        control: the state of control.db that decides, or None if there is none yet.
        ctx: the caller.
        method_name: the API's short name of the method.
        resource: the name that the caller sent.
        project: the project that it lies in.

    Raises:
        PermissionDenied: with the same text whether or not the resource exists.
    """
    method = METHODS[method_name]
    _check_principal(ctx)
    row = None if control is None else projects.find(control, project)
    if row is not None and row.text("owner") != ctx.principal:
        raise denied(method, resource)
    return Decision(method, row, 0 if control is None else control.head.generation)


def authorize_store(control: Snapshot | None, ctx: Context, method_name: str) -> Decision:
    """Decides whether the caller may call one of the store's own methods: every owner may."""
    method = METHODS[method_name]
    _check_principal(ctx)
    if control is None:
        return Decision(method, None, 0)
    known = projects.each(control)
    owned = next((row for row in known if row.text("owner") == ctx.principal), None)
    if known and owned is None:
        raise denied(method, "store")
    return Decision(method, owned, control.head.generation)


def _check_principal(ctx: Context) -> None:
    """Refuses a caller without a name, or with one that cannot be written down."""
    if not ctx.principal or not ctx.principal.isprintable():
        raise InvalidArgument(
            f"account: {ctx.principal!r} is not the name of an account.",
            hint="Give one with --account, or set core/account.",
        )


def denied(method: Method, resource: str) -> PermissionDenied:
    return PermissionDenied(
        f"Permission '{method.permission}' denied on resource '{resource}' (or it may not exist).",
        hint="Only the account that first made something in a project may use it. If that was you under "
        "another name, give it with --account, or set core/account.",
    )
