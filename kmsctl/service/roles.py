"""Roles: the predefined ones, and custom roles of projects."""

from __future__ import annotations

from kmsctl.errors import Aborted, AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from kmsctl.model import grants
from kmsctl.model.iam_resources import STAGES, IamRole
from kmsctl.model.names import ProjectName
from kmsctl.model.texts import check_text
from kmsctl.service.control import ControlMutation, ControlReading
from kmsctl.service.defaults import PAGE_SIZE
from kmsctl.service.policy_deltas import permission_delta
from kmsctl.service.targets import Target
from kmsctl.store import custom_roles
from kmsctl.store.policies import new_etag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.store.snapshot import Transaction
    from kmsctl.store.tables import Row

_ID_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.")
_TEXTS = {"title": 100, "description": 300}
#: No custom role can have these: the owner role alone has them.
_RESERVED = "kmsctl.store."


def predefined(role_id: str) -> IamRole:
    found = grants.find(role_id)
    if found is None:
        raise NotFound(f"The role named {role_id} was not found.")
    return IamRole(found.id, found.title, found.description, found.stage, found.permissions)


def list_predefined() -> Iterator[IamRole]:
    for role in grants.all_roles():
        yield IamRole(role.id, role.title, role.description, role.stage, role.permissions)


def get(kms: Kms, ctx: Context, parent: ProjectName, role: str) -> IamRole:
    reading = ControlReading(kms, ctx, "GetRole", Target(parent))
    with reading as snapshot:
        row = None if snapshot is None else custom_roles.find(snapshot, parent.project, role)
        if row is None:
            raise _missing(parent, role)
        found = _resource(row)
    reading.record()
    return found


def list_(kms: Kms, ctx: Context, parent: ProjectName, *, show_deleted: bool) -> Iterator[IamRole]:
    after = ""
    while True:
        reading = ControlReading(kms, ctx, "ListRoles", Target(parent))
        with reading as snapshot:
            rows = (
                []
                if snapshot is None
                else custom_roles.page(snapshot, parent.project, after=after, limit=PAGE_SIZE)
            )
        if not after:
            reading.record()
        yield from (_resource(row) for row in rows if show_deleted or not row.integer("deleted"))
        if len(rows) < PAGE_SIZE:
            return
        after = rows[-1].text("role")


def create(kms: Kms, ctx: Context, parent: ProjectName, role: str, given: IamRole) -> IamRole:
    if not 3 <= len(role) <= 64 or not _ID_CHARACTERS.issuperset(role):
        raise InvalidArgument(f"role_id: '{role}' does not match pattern '[a-zA-Z0-9_.]{{3,64}}'.")
    _check_texts({"title": given.title, "description": given.description, "stage": given.stage})
    _check_permissions(given.permissions)
    with ControlMutation(kms, ctx, "CreateRole", Target(parent), creates=True) as call:
        call.request = {"roleId": role, "includedPermissions": list(given.permissions)}
        found = custom_roles.find(call.transaction, parent.project, role)
        if found is not None:
            state = " and is deleted" if found.integer("deleted") else ""
            raise AlreadyExists(f"A role named {role} in {parent} already exists{state}.")
        row = custom_roles.insert(
            call.transaction,
            parent.project,
            role,
            given.permissions,
            title=given.title or role,
            description=given.description,
            stage=given.stage or "ALPHA",
        )
        return _resource(row)


def update(
    kms: Kms,
    ctx: Context,
    parent: ProjectName,
    role: str,
    changes: Mapping[str, object],
    etag: str = "",
) -> IamRole:
    """Changes ``title``, ``description``, ``stage`` and ``permissions``: those that are named.

    Raises:
        Aborted: if `etag` is given, and is not that of the role as it is.
    """
    texts = {name: str(changes[name]) for name in ("title", "description", "stage") if name in changes}
    _check_texts(texts)
    columns: dict[str, str] = dict(texts)
    wanted = changes.get("permissions")
    if isinstance(wanted, list | tuple):
        _check_permissions(wanted)
        columns["permissions"] = custom_roles.encode_permissions(wanted)
    with ControlMutation(kms, ctx, "UpdateRole", Target(parent)) as call:
        call.request = {"roleId": role, "updateMask": ",".join(sorted(columns))}
        if texts:
            call.request["role"] = texts
        row = _find(call.transaction, parent, role)
        if etag and etag != row.text("etag"):
            raise Aborted(f"There were concurrent changes of the role {role}. Read it again and retry.")
        if row.integer("deleted"):
            raise FailedPrecondition(f"The role {role} in {parent} is deleted.")
        if "permissions" in columns:
            delta = permission_delta(custom_roles.permissions_of(row), columns["permissions"].split())
            call.more = {"serviceData": {"permissionDelta": delta}}
        call.transaction.update(row, **columns, etag=new_etag(call.transaction))
        return _resource(row)


def set_deleted(kms: Kms, ctx: Context, parent: ProjectName, role: str, *, deleted: bool) -> IamRole:
    """Deletes a custom role, so that it grants nothing, or brings it back."""
    with ControlMutation(kms, ctx, "DeleteRole" if deleted else "UndeleteRole", Target(parent)) as call:
        call.request = {"roleId": role}
        row = _find(call.transaction, parent, role)
        if bool(row.integer("deleted")) == deleted:
            raise FailedPrecondition(f"The role {role} in {parent} is {'' if deleted else 'not '}deleted.")
        call.transaction.update(row, deleted=int(deleted), etag=new_etag(call.transaction))
        return _resource(row)


def _find(transaction: Transaction, parent: ProjectName, role: str) -> Row:
    row = custom_roles.find(transaction, parent.project, role)
    if row is None:
        raise _missing(parent, role)
    return row


def _missing(parent: ProjectName, role: str) -> NotFound:
    return NotFound(f"The role named {parent}/roles/{role} was not found.")


def _check_texts(texts: Mapping[str, str]) -> None:
    for name, most in _TEXTS.items():
        check_text(f"role.{name}", texts.get(name, ""), most, one_line=name == "title")
    stage = texts.get("stage")
    if stage and stage not in STAGES:
        raise InvalidArgument(f"role.stage: '{stage}' is none of {', '.join(STAGES)}.")


def _check_permissions(permissions: Sequence[object]) -> None:
    known = grants.known_permissions()
    for permission in permissions:
        if permission not in known or str(permission).startswith(_RESERVED):
            raise InvalidArgument(f"Permission {permission} is not valid.")


def _resource(row: Row) -> IamRole:
    return IamRole(
        f"projects/{row.text('project')}/roles/{row.text('role')}",
        row.text("title"),
        row.text("description"),
        row.text("stage"),
        custom_roles.permissions_of(row),
        deleted=bool(row.integer("deleted")),
        etag=row.text("etag"),
    )
