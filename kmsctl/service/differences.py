"""What a restore would change: the resources of a database and of a copy of it, compared by name."""

from __future__ import annotations

from kmsctl.model import algorithms, states
from kmsctl.model.protection import PROTECTION_LEVELS
from kmsctl.model.times import rfc3339
from kmsctl.store.store import CONTROL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from kmsctl.model.canonical import Value
    from kmsctl.store.connection import Connection
    from kmsctl.store.snapshot import Snapshot
    from kmsctl.store.tombstones import Tombstone

    Names = tuple[str | int, ...]
    Found = tuple[Names, dict[str, Value]]

#: It is in the copy alone; in the store alone; in both, otherwise; destroyed in the store, and stays so.
ADDED, REMOVED, CHANGED, STAYS_DESTROYED = "ADDED", "REMOVED", "CHANGED", "STAYS_DESTROYED"


class Difference:
    """One resource that a restore would change.

    Attributes:
        resource: its name.
        action: ADDED, REMOVED, CHANGED or STAYS_DESTROYED.
        changes: (field, what it is now, what it would be), as texts; empty where there is none.
    """

    __slots__ = ("action", "changes", "resource")

    def __init__(self, resource: str, action: str, changes: list[tuple[str, str, str]]) -> None:
        self.resource = resource
        self.action = action
        self.changes = changes


class _Kind:
    """A kind of resource: where it is read, what makes its name, what of it is compared."""

    __slots__ = ("fields", "names", "pattern", "sql")

    def __init__(self, pattern: str, source: str, names: Sequence[str], fields: Sequence[str]) -> None:
        self.pattern = pattern
        self.names = len(names)
        self.fields = tuple(fields)
        alias = source.partition(" AS ")[2][:1]
        columns = (*names, *(f"{alias}.{field}" for field in fields))
        self.sql = f"SELECT {', '.join(columns)} FROM {source} ORDER BY {', '.join(names)}"

    def each(self, connection: Connection) -> Iterator[Found]:
        for row in connection.each(self.sql):
            yield row[: self.names], dict(zip(self.fields, row[self.names :], strict=True))  # type: ignore[misc]  # checked before


_RING = "JOIN key_rings AS r ON r.id ="
_IN_RING = "projects/{}/locations/{location}/keyRings/{}"
_KEY_FIELDS = (
    "purpose algorithm protection_level create_time destroy_scheduled_duration import_only labels "
    "rotation_period next_rotation_time primary_version last_version allowed_access_reasons "
    "not_exportable policy"
)
_VERSION_FIELDS = (
    "uid state algorithm protection_level create_time generate_time import_job import_time "
    "import_failure_reason destroy_time destroy_event_time public"
)
_JOB_FIELDS = "uid state import_method protection_level create_time expire_time expire_event_time policy"
_VERSION = _Kind(
    _IN_RING + "/cryptoKeys/{}/cryptoKeyVersions/{}",
    f"crypto_key_versions AS v JOIN crypto_keys AS k ON k.id = v.key {_RING} k.ring",
    ("r.project", "r.name", "k.name", "v.number"),
    _VERSION_FIELDS.split(),
)
_LOCATION_KINDS = (
    _Kind(_IN_RING, "key_rings AS r", ("r.project", "r.name"), ("create_time", "tags", "policy")),
    _Kind(
        _IN_RING + "/cryptoKeys/{}",
        f"crypto_keys AS k {_RING} k.ring",
        ("r.project", "r.name", "k.name"),
        _KEY_FIELDS.split(),
    ),
    _VERSION,
    _Kind(
        _IN_RING + "/importJobs/{}",
        f"import_jobs AS j {_RING} j.ring",
        ("r.project", "r.name", "j.name"),
        _JOB_FIELDS.split(),
    ),
)
_ACCOUNT_FIELDS = "unique_id display_name description disabled create_time policy"
_ROLE_FIELDS = "title description stage permissions deleted"
_CONTROL_KINDS = (
    _Kind(
        "projects/{}",
        "projects AS p",
        ("p.project",),
        ("number", "display_name", "labels", "create_time", "policy"),
    ),
    _Kind(
        "projects/{}/serviceAccounts/{}",
        "service_accounts AS a",
        ("a.project", "a.email"),
        _ACCOUNT_FIELDS.split(),
    ),
    _Kind("projects/{}/roles/{}", "custom_roles AS c", ("c.project", "c.role"), _ROLE_FIELDS.split()),
    _Kind(
        "projects/{}/groups/{}",
        "account_groups AS g",
        ("g.project", "g.email"),
        ("display_name", "description", "members"),
    ),
)


def compare(
    live: Snapshot | None, copied: Snapshot, destroyed: Mapping[bytes, Tombstone]
) -> Iterator[Difference]:
    """Yields what would change where the copy takes the place of the live database.

    Args:
        live: the store's; None if there is none, or it cannot be read.
        copied: the copy, whose rows were all checked.
        destroyed: what is known to be destroyed, by random id.
    """
    location = copied.head.name
    for kind in _CONTROL_KINDS if location == CONTROL else _LOCATION_KINDS:
        before = iter(()) if live is None else kind.each(live.connection)
        for names, old, new in _joined(before, kind.each(copied.connection)):
            difference = _difference(kind, names, old, new, destroyed, location)
            if difference is not None:
                yield difference


def _joined(
    before: Iterator[Found], after: Iterator[Found]
) -> Iterator[tuple[Names, dict[str, Value] | None, dict[str, Value] | None]]:
    """Joins two sequences that are sorted by name."""
    old, new = next(before, None), next(after, None)
    while old is not None or new is not None:
        if new is None or (old is not None and old[0] < new[0]):
            assert old is not None  # noqa: S101 - one of the two is there
            yield old[0], old[1], None
            old = next(before, None)
        elif old is None or new[0] < old[0]:
            yield new[0], None, new[1]
            new = next(after, None)
        else:
            yield new[0], old[1], new[1]
            old, new = next(before, None), next(after, None)


def _difference(
    kind: _Kind,
    names: Names,
    old: dict[str, Value] | None,
    new: dict[str, Value] | None,
    destroyed: Mapping[bytes, Tombstone],
    location: str,
) -> Difference | None:
    resource = kind.pattern.format(*names, location=location)
    if new is not None and kind is _VERSION and new["uid"] in destroyed:
        if states.STATE_NAMES.get(_number(new["state"])) == states.DESTROYED:
            return None
        state = states.STATE_NAMES.get(_number(new["state"]), "?")
        return Difference(resource, STAYS_DESTROYED, [("state", f"{state} in the copy", states.DESTROYED)])
    if new is None:
        return Difference(resource, REMOVED, _changes(kind, old, None))
    if old is None:
        return Difference(resource, ADDED, _changes(kind, None, new))
    changes = _changes(kind, old, new)
    return Difference(resource, CHANGED, changes) if changes else None


def _changes(
    kind: _Kind, old: dict[str, Value] | None, new: dict[str, Value] | None
) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = []
    whole = old is None or new is None
    for field in kind.fields:
        before = None if old is None else old[field]
        after = None if new is None else new[field]
        if field == "policy":
            found += _policy_changes(before, after)
        elif before != after and (not whole or field == "state"):
            show = _SHOWN.get(field, _plain)
            if kind is not _VERSION and field == "state":
                show = _job_state
            found.append((field, show(before), show(after)))
    return found


def _policy_changes(before: Value, after: Value) -> Iterator[tuple[str, str, str]]:
    """Yields each grant and each audited type that would go or come back."""
    old, new = _grants(before), _grants(after)
    for grant in sorted(old - new):
        yield "policy", grant, ""
    for grant in sorted(new - old):
        yield "policy", "", grant


def _grants(text: Value) -> set[str]:
    from kmsctl.model.policies import decode

    if not isinstance(text, str) or not text:
        return set()
    policy = decode(text)
    found: set[str] = set()
    for binding in policy.bindings:
        condition = "" if binding.condition is None else f" if {binding.condition.expression}"
        found.update(f"{binding.role} {member}{condition}" for member in binding.members)
    for config in policy.audit_configs:
        found.update(
            " ".join(("audit", config.service, kind, *exempt)) for kind, exempt in config.exempt.items()
        )
    return found


def _plain(value: Value) -> str:
    if value is None:
        return ""
    return value.hex() if isinstance(value, bytes) else str(value).replace("\n", ", ")


def _number(value: Value) -> int:
    return value if isinstance(value, int) else -1


def _state(value: Value) -> str:
    return "" if value is None else states.STATE_NAMES.get(_number(value), "?")


def _job_state(value: Value) -> str:
    return "" if value is None else states.IMPORT_JOB_STATE_NAMES.get(_number(value), "?")


def _time(value: Value) -> str:
    return "" if value is None else rfc3339(_number(value))


def _duration(value: Value) -> str:
    return "" if value is None else f"{_number(value) // 1_000_000}s"


def _shown_fields() -> dict[str, Callable[[Value], str]]:
    times = "create_time generate_time import_time destroy_time destroy_event_time next_rotation_time "
    times += "expire_time expire_event_time"
    return {
        "state": _state,
        "algorithm": lambda value: "" if value is None else algorithms.by_number(_number(value)).enum,
        "protection_level": lambda value: "" if value is None else PROTECTION_LEVELS[_number(value)],
        "public": lambda value: "" if value is None else "a public key",
        "rotation_period": _duration,
        "destroy_scheduled_duration": _duration,
        **dict.fromkeys(times.split(), _time),
    }


_SHOWN = _shown_fields()
