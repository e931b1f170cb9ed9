"""Groups of accounts: a project looks after each; policies of any project may name it.

A policy can only name a group that is there, and the address of one that was deleted stays its project's:
whoever may make a project could else make the group that a policy names.
"""

from __future__ import annotations

from kmsctl.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from kmsctl.model import members
from kmsctl.model.iam_resources import Group
from kmsctl.model.names import ProjectName
from kmsctl.model.texts import check_text
from kmsctl.service.authorize import authorize_store
from kmsctl.service.control import ControlMutation, ControlReading
from kmsctl.service.defaults import PAGE_SIZE
from kmsctl.service.policies import shown_member, stored_member
from kmsctl.service.targets import Target
from kmsctl.store import groups

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Container, Iterator, Sequence

    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.store.snapshot import Snapshot, Transaction
    from kmsctl.store.tables import Row

_MAX_MEMBERS, _MAX_DESCRIPTION = 1500, 4096


def create(
    kms: Kms, ctx: Context, parent: ProjectName, email: str, *, display_name: str, description: str
) -> Group:
    address = _address(email)
    _check_texts(display_name, description)
    with ControlMutation(kms, ctx, "CreateGroup", Target(parent), creates=True) as call:
        call.request = {"group": address}
        row = groups.find_address(call.transaction, address)
        if row is None:
            _check_new(kms, ctx, call.transaction, address)
            row = groups.insert(
                call.transaction, parent.project, address, display_name=display_name, description=description
            )
        elif row.integer("deleted") and row.text("project") == parent.project:
            row = groups.revive(call.transaction, row, display_name=display_name, description=description)
        else:
            raise AlreadyExists(f"Group {address} already exists.")
        return _resource(call.transaction, row)


def get(kms: Kms, ctx: Context, parent: ProjectName, email: str) -> Group:
    reading = ControlReading(kms, ctx, "GetGroup", Target(parent))
    with reading as snapshot:
        if snapshot is None:
            raise _missing(email)
        found = _resource(snapshot, _find(snapshot, parent, email))
    reading.record()
    return found


def list_(kms: Kms, ctx: Context, parent: ProjectName) -> Iterator[Group]:
    after = ""
    while True:
        reading = ControlReading(kms, ctx, "ListGroups", Target(parent))
        found: list[Group] = []
        with reading as snapshot:
            if snapshot is not None:
                rows = groups.page(snapshot, parent.project, after=after, limit=PAGE_SIZE)
                found = [_resource(snapshot, row) for row in rows]
        if not after:
            reading.record()
        yield from found
        if len(found) < PAGE_SIZE:
            return
        after = found[-1].email


def change_members(
    kms: Kms, ctx: Context, parent: ProjectName, email: str, *, add: Sequence[str], remove: Sequence[str]
) -> Group:
    """Adds members to a group, and takes members out of it."""
    with ControlMutation(kms, ctx, "UpdateGroup", Target(parent)) as call:
        call.request = {"group": _address(email), "add": list(add), "remove": list(remove)}
        row = _find(call.transaction, parent, email)
        inside = dict.fromkeys(groups.members_of(row))
        for given in remove:
            gone = members.parse(given)
            stored = next((each for each in inside if each.partition(members.UID)[0] == gone), None)
            if stored is None:
                raise NotFound(f"{given} is no member of the group {_address(email)}.")
            del inside[stored]
        for given in add:
            inside[_stored(call.transaction, given)] = None
        _check_size(inside)
        groups.set_members(call.transaction, row, inside)
        return _resource(call.transaction, row)


def import_(kms: Kms, ctx: Context, parent: ProjectName, given: Sequence[Group]) -> list[Group]:
    """Makes groups what they are said to be, those that are not there too: all of them, or none.

    Raises:
        InvalidArgument: if one is named twice, or a member cannot be in a group.
        AlreadyExists: if one is another project's.
    """
    for group in given:
        _check_texts(group.display_name, group.description)
    with ControlMutation(kms, ctx, "ImportGroups", Target(parent), creates=True) as call:
        transaction = call.transaction
        rows: dict[str, Row] = {}
        for group in given:  # all are there before the first one can have another as a member
            address = _address(group.email)
            if address in rows:
                raise InvalidArgument(f"groups: {address} is there twice.")
            rows[address] = _made(kms, ctx, transaction, parent, address)
        for group, row in zip(given, rows.values(), strict=True):
            before = groups.members_of(row)
            inside = dict.fromkeys(_stored(transaction, each, before) for each in group.members)
            _check_size(inside)
            transaction.update(
                row,
                display_name=group.display_name,
                description=group.description,
                members=" ".join(inside),
            )
        changed = [_resource(transaction, row) for row in rows.values()]
        call.request = {"groups": [{"group": each.email, "members": list(each.members)} for each in changed]}
        return changed


def _check_texts(display_name: str, description: str) -> None:
    check_text("display_name", display_name, 100, one_line=True)
    check_text("description", description, _MAX_DESCRIPTION)


def _check_new(kms: Kms, ctx: Context, transaction: Transaction, address: str) -> None:
    """Refuses an address that policies name, though no group ever had it: control.db was lost, or is older.

    Whoever owns the store may make the group again.
    """
    from kmsctl.service.orphans import names_group

    if names_group(kms.open_store(), transaction, address):
        try:
            authorize_store(transaction, ctx, "AcceptRollback")
        except PermissionDenied:
            raise FailedPrecondition(
                f"Policies name group {address}, but the control database does not know it: it was lost, "
                "or is an older one.",
                hint="Restore it; or the store's owner makes the group again.",
            ) from None


def _made(kms: Kms, ctx: Context, transaction: Transaction, parent: ProjectName, address: str) -> Row:
    """Returns the row of a group of the project, which is made if it is not there."""
    row = groups.find_address(transaction, address)
    if row is None:
        _check_new(kms, ctx, transaction, address)
        return groups.insert(transaction, parent.project, address)
    if row.text("project") != parent.project:
        raise AlreadyExists(f"Group {address} already exists.")
    if row.integer("deleted"):
        return groups.revive(transaction, row, display_name="", description="")
    return row


def _stored(transaction: Transaction, given: str, named: Container[str] = ()) -> str:
    member = stored_member(transaction, given, named)
    if not member.startswith((members.USER, members.GROUP, members.SERVICE_ACCOUNT)):
        raise InvalidArgument(f"Member {given} cannot be in a group.")
    return member


def _check_size(inside: Collection[str]) -> None:
    if len(inside) > _MAX_MEMBERS:
        raise InvalidArgument(f"A group has at most {_MAX_MEMBERS} members.")


def delete(kms: Kms, ctx: Context, parent: ProjectName, email: str) -> None:
    with ControlMutation(kms, ctx, "DeleteGroup", Target(parent)) as call:
        call.request = {"group": _address(email)}
        groups.delete(call.transaction, _find(call.transaction, parent, email))


def _find(snapshot: Snapshot | Transaction, parent: ProjectName, email: str) -> Row:
    row = groups.find(snapshot, _address(email))
    if row is None or row.text("project") != parent.project:
        raise _missing(email)
    return row


def _address(email: str) -> str:
    return members.parse(members.GROUP + email).removeprefix(members.GROUP)


def _missing(email: str) -> NotFound:
    return NotFound(f"Group {email} not found.")


def _resource(snapshot: Snapshot, row: Row) -> Group:
    return Group(
        row.text("email"),
        row.text("project"),
        [shown_member(snapshot, member) for member in groups.members_of(row)],
        display_name=row.text("display_name"),
        description=row.text("description"),
        create_time=row.integer("create_time"),
    )
