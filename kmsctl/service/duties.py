"""Who manages keys and who uses them, by policies: duties that nobody should have both of."""

from __future__ import annotations

from kmsctl.model import members
from kmsctl.model.names import ProjectName
from kmsctl.service.authorize import OWNER, allowed, grants
from kmsctl.service.callers import inside
from kmsctl.service.targets import Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from kmsctl.model.policies import Policy
    from kmsctl.service.callers import Caller
    from kmsctl.store.snapshot import Snapshot
    from kmsctl.store.tables import Row

#: Who has one of these manages keys.
_MANAGES = ("cloudkms.cryptoKeyVersions.destroy", "cloudkms.cryptoKeys.setIamPolicy")
#: Who has one of these uses them.
_USES = (
    "cloudkms.cryptoKeyVersions.useToDecrypt",
    "cloudkms.cryptoKeyVersions.useToEncrypt",
    "cloudkms.cryptoKeyVersions.useToSign",
)
EVERYBODY = frozenset({members.ALL_USERS, members.ALL_AUTHENTICATED_USERS})


class Holders:
    """Members with duties, groups among them and the accounts in those. Owners have both, which is their due.

    Attributes:
        managers, users: who manages keys, who uses them, owners left out.
        owners: who owns the project.
    """

    __slots__ = ("managers", "owners", "users")

    def __init__(
        self,
        managers: frozenset[str] = frozenset(),
        users: frozenset[str] = frozenset(),
        owners: frozenset[str] = frozenset(),
    ) -> None:
        self.managers = managers
        self.users = users
        self.owners = owners


class Duties:
    """Reads duties from policies, with the groups and custom roles of one state of control.db.

    Groups that `caller` may not get are members like any other.
    """

    __slots__ = ("_caller", "_control", "_inside", "_roles")

    def __init__(self, control: Snapshot, caller: Caller) -> None:
        self._control = control
        self._caller = caller
        self._inside: dict[str, frozenset[str]] = {}
        self._roles: dict[str, tuple[bool, bool]] = {}

    def of(self, policy: Policy, above: Holders) -> Holders:
        """Returns who holds what on a resource: by its own policy, and by those above it."""
        managers, users, owners = set(above.managers), set(above.users), set(above.owners)
        for binding in policy.bindings:
            known = self._known(binding.members)
            if binding.role == OWNER:
                owners |= known
                continue
            manages, uses = self._kinds(binding.role)
            managers |= known if manages else frozenset()
            users |= known if uses else frozenset()
        return Holders(frozenset(managers), frozenset(users), frozenset(owners))

    def conflicting(self, holders: Holders) -> list[str]:
        """Returns who manages keys and uses them, in order; of a group that does, the group alone."""
        both = holders.managers & holders.users
        in_groups: set[str] = set()
        for member in both:
            in_groups |= self._of_group(member)
        return sorted(both - in_groups)

    def users(self, holders: Holders) -> list[str]:
        """Returns who can use keys, in order: the members of groups in the place of the groups."""
        known = holders.users | holders.owners
        return sorted(member for member in known if not self._of_group(member))

    def uses_keys(self, role: str) -> bool:
        return role == OWNER or any(self._kinds(role))

    def _kinds(self, role: str) -> tuple[bool, bool]:
        if role not in self._roles:
            manages, uses = (
                any(grants(self._control, role, permission) for permission in some)
                for some in (_MANAGES, _USES)
            )
            self._roles[role] = manages, uses
        return self._roles[role]

    def _known(self, given: Iterable[str]) -> frozenset[str]:
        found = frozenset(given)
        return found.union(*(self._of_group(member) for member in found))

    def _of_group(self, member: str) -> frozenset[str]:
        """Returns the accounts in a group, in groups within it too; nothing of any other member."""
        if not member.startswith(members.GROUP):
            return frozenset()
        if member not in self._inside:
            self._inside[member] = frozenset(inside(self._control, member, self._shown))
        return self._inside[member]

    def _shown(self, group: Row) -> bool:
        """Tells whether the caller may know who is in a group; else it counts as one."""
        place = Target(ProjectName(group.text("project")))
        return allowed(self._control, None, self._caller, "kmsctl.groups.get", place)[0]
