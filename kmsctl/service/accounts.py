"""Service accounts, and the agents of services: made, shown, listed, enabled, disabled, deleted."""

from __future__ import annotations

from kmsctl.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from kmsctl.model import service_agents
from kmsctl.model.iam_resources import ServiceAccount
from kmsctl.model.names import ProjectName, ServiceAccountName
from kmsctl.model.texts import check_text
from kmsctl.service.control import ControlMutation, ControlReading
from kmsctl.service.defaults import PAGE_SIZE
from kmsctl.service.policies import account_target, find_account
from kmsctl.service.targets import Target
from kmsctl.store import service_accounts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.store.snapshot import Transaction
    from kmsctl.store.tables import Row

_ID_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
_ID_RULE = "[a-z]([-a-z0-9]{4,28}[a-z0-9])"


def create(
    kms: Kms, ctx: Context, parent: ProjectName, account_id: str, *, display_name: str, description: str
) -> ServiceAccount:
    _check_id(account_id)
    if service_agents.are_accounts_of(parent.project):
        raise FailedPrecondition(f"Addresses in {parent} are those of service agents.")
    check_text("display_name", display_name, 100, one_line=True)
    check_text("description", description, 256)
    email = f"{account_id}@{parent.project}.iam.gserviceaccount.com"
    name = ServiceAccountName(parent.project, email)
    with ControlMutation(kms, ctx, "CreateServiceAccount", Target(parent), creates=True) as call:
        call.request = {"accountId": account_id}
        if service_accounts.find(call.transaction, name.email) is not None:
            raise AlreadyExists(f"Service account {account_id} already exists within project {parent}.")
        unique_id = _unique_id(kms, call.transaction)
        return resource(
            service_accounts.insert(
                call.transaction,
                parent.project,
                name.email,
                unique_id,
                display_name=display_name,
                description=description,
            )
        )


def create_agent(kms: Kms, ctx: Context, parent: ProjectName, service: str) -> ServiceAccount:
    """Returns the agent of a service in a project, which is made if it is not there yet."""
    if service not in service_agents.SERVICES:
        from difflib import get_close_matches

        near = get_close_matches(service, service_agents.SERVICES, n=5)
        raise InvalidArgument(
            f"Service {service} has no service agent.",
            hint=f"Did you mean {' or '.join(near)}?"
            if near
            else "Services are named like storage.googleapis.com or run.googleapis.com.",
        )
    with ControlMutation(kms, ctx, "GenerateServiceIdentity", Target(parent), creates=True) as call:
        call.request = {"service": service}
        email = service_agents.email(service, call.project.integer("number")) or ""
        found = service_accounts.find(call.transaction, email)
        if found is None:
            found = service_accounts.insert(
                call.transaction,
                parent.project,
                email,
                _unique_id(kms, call.transaction),
                display_name=service_agents.display_name(service),
                service=service,
            )
        elif (found.text("service"), found.text("project")) != (service, parent.project):
            raise FailedPrecondition(f"{email} is not the agent of {service} in {parent}.")
        return resource(found)


def get(kms: Kms, ctx: Context, name: ServiceAccountName) -> ServiceAccount:
    target = account_target(kms, name)
    reading = ControlReading(kms, ctx, "GetServiceAccount", target)
    with reading as snapshot:
        row = None if snapshot is None else find_account(snapshot, target)
        if row is None:
            raise _missing(name)
        found = resource(row)
    reading.record()
    return found


def list_(kms: Kms, ctx: Context, parent: ProjectName, limit: int | None) -> Iterator[ServiceAccount]:
    """Yields the accounts of a project in the order of their addresses; agents are not among them."""
    after = ""
    left = limit
    while left is None or left > 0:
        reading = ControlReading(kms, ctx, "ListServiceAccounts", Target(parent))
        with reading as snapshot:
            rows = (
                []
                if snapshot is None
                else service_accounts.page(snapshot, parent.project, after=after, limit=PAGE_SIZE)
            )
        if not after:
            reading.record()
        found = [resource(row) for row in rows if not row.text("service")][:left]
        yield from found
        if len(rows) < PAGE_SIZE:
            return
        after = rows[-1].text("email")
        left = None if left is None else left - len(found)


def set_disabled(kms: Kms, ctx: Context, name: ServiceAccountName, *, disabled: bool) -> ServiceAccount:
    method = "DisableServiceAccount" if disabled else "EnableServiceAccount"
    target = account_target(kms, name)
    with ControlMutation(kms, ctx, method, target) as call:
        row = find_account(call.transaction, target)
        if row is None:
            raise _missing(name)
        call.transaction.update(row, disabled=int(disabled))
        return resource(row)


def delete(kms: Kms, ctx: Context, name: ServiceAccountName) -> None:
    """Deletes an account. Grants to it stay in policies, and are no other account's."""
    target = account_target(kms, name)
    with ControlMutation(kms, ctx, "DeleteServiceAccount", target) as call:
        row = find_account(call.transaction, target)
        if row is None:
            raise _missing(name)
        call.transaction.delete(row)


def resource(row: Row) -> ServiceAccount:
    return ServiceAccount(
        row.text("email"),
        row.text("project"),
        row.text("unique_id"),
        display_name=row.text("display_name"),
        description=row.text("description"),
        disabled=bool(row.integer("disabled")),
        service=row.text("service"),
    )


def _missing(name: ServiceAccountName) -> NotFound:
    return NotFound(f"Unknown service account: {name.email}.")


def _check_id(account_id: str) -> None:
    if (
        not 6 <= len(account_id) <= 30
        or not _ID_CHARACTERS.issuperset(account_id)
        or not account_id[0].isalpha()
        or account_id[-1] == "-"
    ):
        raise InvalidArgument(f"account_id: '{account_id}' does not match pattern '{_ID_RULE}'.")


def _unique_id(kms: Kms, transaction: Transaction) -> str:
    """Draws an id of 21 digits, as Google's service accounts have, that no account has."""
    while True:
        drawn = str(10**20 + int.from_bytes(kms.random(16), "big") % (9 * 10**20))
        if service_accounts.find_by_unique_id(transaction, drawn) is None:
            return drawn
