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


class Groups:
    """The groups of one state of control.db, as far as a caller may be in them.

    Each is read once, however many bindings and groups name it.
    """

    __slots__ = ("_caller", "_control", "_known", "_shown")

    def __init__(self, control: Snapshot, caller: Caller, shown: Callable[[Row], bool] | None = None) -> None:
        """Starts looking; groups that are not to be `shown` are taken for empty ones."""
        self._control = control
        self._caller = caller
        self._shown = shown
        #: Group → whether the caller is in it itself, and the groups in it.
        self._known: dict[str, tuple[bool, list[str]]] = {}

    def hold(self, group: str) -> bool:
        """Tells whether the caller is in a group, or in one of the groups in it."""
        seen, level = {group}, [group]
        for _ in range(_MAX_NESTING):
            found = [self._look(each) for each in level]
            if any(itself for itself, _ in found):
                return True
            level = list(dict.fromkeys(each for _, within in found for each in within if each not in seen))
            seen.update(level)
        return False

    def _look(self, group: str) -> tuple[bool, list[str]]:
        known = self._known.get(group)
        if known is None:
            within = _members(self._control, group, self._shown)
            itself = not self._caller.members.isdisjoint(within)
            known = itself, [member for member in within if member.startswith(members.GROUP)]
            self._known[group] = known
        return known


def matching(caller: Caller, given: tuple[str, ...], groups: Groups) -> str | None:
    """Returns the first of the members of a binding that the caller is, or None.

    Groups are looked into last, and only if the caller is an account that can do something.
    """
    for member in given:
        if member in caller.members:
            return member
    if caller.problem is None:
        for member in given:
            if member.startswith(members.GROUP) and groups.hold(member):
                return member
    return None


def _members(control: Snapshot, group: str, shown: Callable[[Row], bool] | None) -> list[str]:
    from kmsctl.store import groups

    row = groups.find(control, group.removeprefix(members.GROUP))
    return [] if row is None or (shown is not None and not shown(row)) else groups.members_of(row)


def inside(control: Snapshot, group: str, shown: Callable[[Row], bool] | None = None) -> Iterator[str]:
    """Yields the accounts in a group and in the groups in it, each once.

    Groups that are not to be `shown` are not looked into.
    """
    seen, level = {group}, [group]
    for _ in range(_MAX_NESTING):
        found = dict.fromkeys(member for each in level for member in _members(control, each, shown))
        new = [member for member in found if member not in seen]
        seen.update(new)
        level = [member for member in new if member.startswith(members.GROUP)]
        yield from (member for member in new if not member.startswith(members.GROUP))
