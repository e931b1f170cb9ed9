"""What a change of a policy does to the separation of duties: who both manages keys and uses them since."""

from __future__ import annotations

from kmsctl.errors import KmsError
from kmsctl.model.names import CryptoKeyName, KeyRingName, LocationName, ProjectName
from kmsctl.model.policies import Policy
from kmsctl.service.authorize import acting, allowed
from kmsctl.service.control import find_control
from kmsctl.service.duties import Duties, Holders
from kmsctl.service.policies import shown_member
from kmsctl.service.targets import Target, find_project
from kmsctl.store import keys, policies, rings
from kmsctl.store.store import CONTROL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from kmsctl.model.names import Name
    from kmsctl.service.callers import Caller
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.store.snapshot import Snapshot
    from kmsctl.store.tables import Row

    #: (member, full name of a resource)
    Conflict = tuple[str, str]


def arising(kms: Kms, ctx: Context, name: Name, before: Policy, after: Policy) -> tuple[Conflict, ...]:
    """Returns who manages keys and uses them since the policy of a resource changed, and on what.

    The change is made: what cannot be read for this is left out, as are policies above the resource that
    the caller may not see.
    """
    control = find_control(kms)
    if control is None or not isinstance(name, ProjectName | KeyRingName | CryptoKeyName):
        return ()
    try:
        with control.read() as snapshot:
            caller = acting(snapshot, ctx)
            duties = Duties(snapshot, caller)
            if not any(duties.uses_keys(role) for role in _added(before, after)):
                return ()
            change = _Change(kms, caller, snapshot, duties, before, after)
            found = list(change.conflicts(name))
            return tuple((shown_member(snapshot, member), resource) for member, resource in found)
    except KmsError:
        return ()


def _added(before: Policy, after: Policy) -> set[str]:
    """Returns the roles that somebody has now, by this policy, who had not."""
    known = {(each.role, member) for each in before.bindings for member in each.members}
    return {
        each.role
        for each in after.bindings
        if any((each.role, member) not in known for member in each.members)
    }


_SEES_RING = "cloudkms.keyRings.getIamPolicy"


class _Change:
    """One change of one policy."""

    __slots__ = ("_after", "_before", "_caller", "_control", "_duties", "_kms")

    def __init__(
        self, kms: Kms, caller: Caller, control: Snapshot, duties: Duties, before: Policy, after: Policy
    ) -> None:
        self._kms = kms
        self._caller = caller
        self._control = control
        self._duties = duties
        self._before = before
        self._after = after

    def conflicts(self, name: ProjectName | KeyRingName | CryptoKeyName) -> Iterator[Conflict]:
        store = self._kms.open_store()
        project = find_project(self._control, Target(name))
        if isinstance(name, ProjectName):
            was, now = self._both(Holders())
            yield from self._fresh(name.text, Holders(), was, now)
            for place in (each for each in store.names() if each != CONTROL):
                database = store.find(place)
                if database is not None:
                    with database.read() as location:
                        yield from self._in_location(location, LocationName(name.project, place), was, now)
            return
        database = store.find(name.location)
        if project is None or database is None:
            return
        ring_name = name if isinstance(name, KeyRingName) else name.parent
        above = Holders()
        if self._sees(None, ProjectName(name.project), "resourcemanager.projects.getIamPolicy"):
            above = self._duties.of(policies.of(project), above)
        with database.read() as location:
            ring = rings.find(location, ring_name)
            if ring is None:
                return
            if isinstance(name, CryptoKeyName) and self._sees(location, ring_name, _SEES_RING):
                above = self._duties.of(policies.of(ring), above)
            was, now = self._both(above)
            yield from self._fresh(name.text, Holders(), was, now)
            if isinstance(name, KeyRingName):
                yield from self._in_ring(location, ring_name, ring, was, now)

    def _sees(self, location: Snapshot | None, name: Name, permission: str) -> bool:
        return allowed(self._control, location, self._caller, permission, Target(name))[0]

    def _both(self, above: Holders) -> tuple[Holders, Holders]:
        return self._duties.of(self._before, above), self._duties.of(self._after, above)

    def _in_location(
        self, location: Snapshot, parent: LocationName, was: Holders, now: Holders
    ) -> Iterator[Conflict]:
        for ring in rings.rows(location, parent, limit=-1):
            name = KeyRingName(parent, ring.text("name"))
            policy = policies.of(ring)
            before, after = was, now
            if policy.bindings:
                before, after = self._duties.of(policy, was), self._duties.of(policy, now)
                yield from self._fresh(name.text, now, before, after)
            yield from self._in_ring(location, name, ring, before, after)

    def _in_ring(
        self, location: Snapshot, name: KeyRingName, ring: Row, was: Holders, now: Holders
    ) -> Iterator[Conflict]:
        for key in keys.having_policies(location, ring):
            policy = policies.of(key)
            before, after = self._duties.of(policy, was), self._duties.of(policy, now)
            yield from self._fresh(f"{name}/cryptoKeys/{key.text('name')}", now, before, after)

    def _fresh(self, resource: str, above: Holders, was: Holders, now: Holders) -> Iterator[Conflict]:
        """Yields those whose duties conflict on a resource now, not before, and not above it already."""
        known = {*self._duties.conflicting(was), *self._duties.conflicting(above)}
        for member in self._duties.conflicting(now):
            if member not in known:
                yield member, resource
