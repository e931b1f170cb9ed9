"""Who asks: an account, what policies may call it, and as whom it acts."""

from __future__ import annotations

from kmsctl.model import members

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kmsctl.store.snapshot import Snapshot
    from kmsctl.store.tables import Row

#: How deep groups may lie in groups.
_MAX_NESTING = 8


class Caller:
    """An account as policies know it.

    Attributes:
        account: its address.
        members: all that a policy may call it, without its groups.
        problem: why it can do nothing, where it is an account that cannot.
    """

    __slots__ = ("account", "members", "problem")

    def __init__(self, account: str, known_as: frozenset[str], problem: str | None = None) -> None:
        self.account = account
        self.members = known_as
        self.problem = problem

    @property
    def member(self) -> str:
        """How a policy that is made for this account calls it."""
        prefixes = (members.USER, members.SERVICE_ACCOUNT)
        return next(each for each in sorted(self.members) if each.startswith(prefixes))


def identify(control: Snapshot | None, account: str) -> Caller:
    """Returns what policies may call an account. Service accounts have to be there, and enabled."""
    name = members.check_account(account)
    everyone = {members.ALL_USERS}
    if not members.is_service_account(name):
        known = {*everyone, members.ALL_AUTHENTICATED_USERS, members.USER + name}
        domain = name.rpartition("@")[2]
        if domain != name:
            known.add(members.DOMAIN + domain)
        return Caller(account, frozenset(known))
    from kmsctl.store import service_accounts

    row = None if control is None else service_accounts.find(control, name)
    if row is None:
        return Caller(account, frozenset(everyone), f"There is no service account {account}.")
    if row.integer("disabled"):
        return Caller(account, frozenset(everyone), f"The service account {account} is disabled.")
    itself = members.service_account(name, row.text("unique_id"))
    return Caller(account, frozenset({*everyone, members.ALL_AUTHENTICATED_USERS, itself}))


def matching(
    control: Snapshot | None,
    caller: Caller,
    given: tuple[str, ...],
    shown: Callable[[Row], bool] | None = None,
) -> str | None:
    """Returns the first of the members of a binding that the caller is, or None.

    Groups are looked into last, and only if the caller is an account that can do something; those that are
    not to be `shown` are not.
    """
    for member in given:
        if member in caller.members:
            return member
    if control is not None and caller.problem is None:
        for member in given:
            if not member.startswith(members.GROUP):
                continue
            if not caller.members.isdisjoint(inside(control, member, shown)):
                return member
    return None


def inside(control: Snapshot, group: str, shown: Callable[[Row], bool] | None = None) -> Iterator[str]:
    """Yields the accounts in a group and in the groups in it, each once.

    Groups that are not to be `shown` are not looked into.
    """
    from kmsctl.store import groups

    seen, level = {group}, [group]
    for _ in range(_MAX_NESTING):
        rows = (groups.find(control, each.removeprefix(members.GROUP)) for each in level)
        known = [row for row in rows if row is not None and (shown is None or shown(row))]
        found = dict.fromkeys(member for row in known for member in groups.members_of(row))
        new = [member for member in found if member not in seen]
        seen.update(new)
        level = [member for member in new if member.startswith(members.GROUP)]
        yield from (member for member in new if not member.startswith(members.GROUP))
