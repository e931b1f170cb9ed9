"""Findings about keys and who may use them, from the store alone; nothing is kept between two looks.

The detectors are those that Security Command Center has for Cloud KMS, and one for scheduled destruction.
"""

from __future__ import annotations

from kmsctl.errors import InvalidArgument, NotFound
from kmsctl.model import findings, members, states
from kmsctl.model.findings import SecurityFinding
from kmsctl.model.names import KeyRingName, LocationName, ProjectName
from kmsctl.model.policies import Policy, decode
from kmsctl.model.times import rfc3339
from kmsctl.service.authorize import OWNER
from kmsctl.service.call import check_location
from kmsctl.service.control import ControlReading
from kmsctl.service.defaults import DAY, PAGE_SIZE
from kmsctl.service.duties import EVERYBODY, Duties, Holders
from kmsctl.service.policies import shown_member
from kmsctl.service.targets import Target
from kmsctl.store import keys, policies, rings, versions
from kmsctl.store.store import CONTROL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kmsctl.model.findings import Detector
    from kmsctl.model.resources import CryptoKey
    from kmsctl.service.callers import Caller
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.store.database import Database
    from kmsctl.store.snapshot import Snapshot
    from kmsctl.store.tables import Row

ROTATION = 90 * DAY
MAX_USERS = 3


def list_(
    kms: Kms, ctx: Context, parent: ProjectName, location: str | None, key_ring: str | None
) -> Iterator[SecurityFinding]:
    """Yields what there is to find in a project, or in one of its locations, or in one key ring there.

    Raises:
        NotFound: if the project, or the key ring, is not there.
    """
    if key_ring is not None and location is None:
        raise InvalidArgument("location: a key ring is found in its location.")
    ring = None
    if location is not None:
        check_location(LocationName(parent.project, location))
        ring = None if key_ring is None else KeyRingName(LocationName(parent.project, location), key_ring)
    reading = ControlReading(kms, ctx, "ListFindings", Target(parent))
    with reading as control:
        project = reading.decision.project
        if control is None or project is None:
            raise NotFound(f"Project {parent.text} not found.")
        scan = _Scan(kms, control, reading.decision.caller, parent.project)
        found = list(scan.everything(project, location, ring))
    reading.record()
    yield from found


class _Scan:
    """One look at a project, with one state of control.db."""

    __slots__ = ("_control", "_duties", "_kms", "_project")

    def __init__(self, kms: Kms, control: Snapshot, caller: Caller, project: str) -> None:
        self._kms = kms
        self._control = control
        self._project = project
        self._duties = Duties(control, caller)

    def everything(
        self, project: Row, location: str | None, ring: KeyRingName | None
    ) -> Iterator[SecurityFinding]:
        policy = policies.of(project)
        above = self._duties.of(policy, Holders())
        store = self._kms.open_store()
        names = [name for name in store.names() if name != CONTROL] if location is None else [location]
        below: list[SecurityFinding] = []
        has_keys = False
        for name in names:
            database = store.find(name)
            if database is not None:
                if ring is None:
                    with database.read() as snapshot:
                        has_keys = keys.any_in(snapshot, self._project) or has_keys
                below += self._location(database, name, ring, above)
            elif ring is not None:
                raise NotFound(f"KeyRing {ring} not found.")
        if location is None:
            yield from self._of_project(policy, above, has_keys=has_keys)
        yield from below

    def _of_project(self, policy: Policy, held: Holders, *, has_keys: bool) -> Iterator[SecurityFinding]:
        resource = f"projects/{self._project}"
        now = self._control.now
        owners = sorted(member for member in held.owners if member.startswith(members.USER))
        if has_keys and owners:
            text = f"The project has keys, and {len(owners)} user(s) with {OWNER}."
            yield self._found(findings.PROJECT_HAS_OWNER, resource, text, now, owners)
        using = Policy(each for each in policy.bindings if self._duties.uses_keys(each.role))
        yield from self._of_policy(resource, using, Holders(), held, now)

    def _of_policy(
        self, resource: str, policy: Policy, above: Holders, held: Holders, now: int
    ) -> Iterator[SecurityFinding]:
        """Yields what a policy brings about that those above it have not."""
        public = sorted({member for each in policy.bindings for member in each.members} & EVERYBODY)
        if public:
            text = f"The policy gives roles to {' and '.join(public)}."
            yield self._found(findings.PUBLIC_KEY, resource, text, now, public)
        conflicting = self._duties.conflicting(held)
        if set(conflicting) - set(self._duties.conflicting(above)):
            text = f"{len(conflicting)} principal(s) both manage keys and use them."
            yield self._found(findings.ROLE_SEPARATION, resource, text, now, conflicting)

    def _location(
        self, database: Database, location: str, only: KeyRingName | None, above: Holders
    ) -> Iterator[SecurityFinding]:
        parent = LocationName(self._project, location)
        if only is not None:
            with database.read() as snapshot:
                row = rings.find(snapshot, only)
                if row is None:
                    raise NotFound(f"KeyRing {only} not found.")
            yield from self._ring(database, only, row, above)
            return
        after = ""
        while True:
            with database.read() as snapshot:
                found = rings.rows(snapshot, parent, after=after, limit=PAGE_SIZE)
            for row in found:
                after = row.text("name")
                yield from self._ring(database, KeyRingName(parent, after), row, above)
            if len(found) < PAGE_SIZE:
                return

    def _ring(
        self, database: Database, name: KeyRingName, ring: Row, above: Holders
    ) -> Iterator[SecurityFinding]:
        policy = policies.of(ring)
        held = self._duties.of(policy, above) if policy.bindings else above
        many = self._too_many(held)
        after = ""
        first = True
        while True:
            with database.read() as snapshot:
                now = max(snapshot.now, self._control.now)
                if first:
                    yield from self._of_policy(name.text, policy, above, held, now)
                    doomed = versions.scheduled(snapshot, ring)
                    first = False
                found = list(keys.with_policies(snapshot, ring, name, after=after, limit=PAGE_SIZE))
            for key_id, key, text in found:
                yield from self._key(key, text, held, many, now)
                for number, time in doomed.get(key_id, ()):
                    yield self._doomed(f"{key.name}/cryptoKeyVersions/{number}", time, now)
            if len(found) < PAGE_SIZE:
                return
            after = found[-1][1].name.crypto_key

    def _key(
        self, key: CryptoKey, text: str, above: Holders, many: list[str], now: int
    ) -> Iterator[SecurityFinding]:
        resource = key.name.text
        reason = _not_rotated(key, now)
        if reason is not None:
            yield self._found(findings.NOT_ROTATED, resource, reason, now)
        if text:
            policy = decode(text)
            held = self._duties.of(policy, above)
            yield from self._of_policy(resource, policy, above, held, now)
            many = self._too_many(held)
        if many:
            reason = f"{len(many)} principals can encrypt, decrypt or sign with the key."
            yield self._found(findings.TOO_MANY_USERS, resource, reason, now, many)

    def _too_many(self, held: Holders) -> list[str]:
        users = self._duties.users(held)
        return users if len(users) > MAX_USERS else []

    def _doomed(self, resource: str, time: int, now: int) -> SecurityFinding:
        text = f"The version will be destroyed at {rfc3339(time)}."
        return self._found(findings.DESTRUCTION_SCHEDULED, resource, text, now)

    def _found(
        self, detector: Detector, resource: str, text: str, now: int, principals: Iterable[str] = ()
    ) -> SecurityFinding:
        shown = [shown_member(self._control, member) for member in principals]
        return SecurityFinding(detector, self._project, resource, text, now, shown)


def _not_rotated(key: CryptoKey, now: int) -> str | None:
    """Tells why a key does not rotate often enough; None if it does, or cannot, or is not in use."""
    primary = key.primary
    if key.purpose != "ENCRYPT_DECRYPT" or key.import_only:
        return None
    if primary is None or primary.state != states.ENABLED:
        return None
    if key.rotation_period is None and key.next_rotation_time is None:
        return "The key has no rotation schedule."
    if key.rotation_period is not None and key.rotation_period > ROTATION:
        return f"The key rotates every {key.rotation_period // DAY} days."
    if key.next_rotation_time is not None and key.next_rotation_time > now + ROTATION:
        return f"The key rotates next at {rfc3339(key.next_rotation_time)}."
    return None
