"""Import jobs: their rows, their effective state, their wrapped private key."""

from __future__ import annotations

from kmsctl.errors import IntegrityError
from kmsctl.model import import_methods, pem, states
from kmsctl.model.names import ImportJobName
from kmsctl.model.protection import PROTECTION_LEVELS
from kmsctl.model.resources import ImportJob
from kmsctl.store import purges
from kmsctl.store.rings import follows, name_by_id, page_bounds
from kmsctl.store.snapshot import index_damage
from kmsctl.store.tables import IMPORT_JOBS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from kmsctl.model.canonical import Value
    from kmsctl.model.import_methods import ImportMethod
    from kmsctl.model.names import KeyRingName
    from kmsctl.store.snapshot import Snapshot, Transaction
    from kmsctl.store.tables import Row

_PENDING = states.IMPORT_JOB_STATE_NUMBERS[states.PENDING_GENERATION]
_ACTIVE = states.IMPORT_JOB_STATE_NUMBERS[states.ACTIVE]
_EXPIRED = states.IMPORT_JOB_STATE_NUMBERS[states.EXPIRED]


def find(snapshot: Snapshot, ring: Row, name: ImportJobName) -> Row | None:
    return snapshot.find(IMPORT_JOBS, f"ImportJob {name}", ring=ring.id, name=name.import_job)


def insert(
    transaction: Transaction,
    ring: Row,
    name: ImportJobName,
    uid: bytes,
    *,
    method: ImportMethod,
    protection_level: int,
    lifetime: int,
) -> Row:
    """Adds a job without its key pair (PENDING_GENERATION). `set_key_pair` gives it one."""
    return transaction.insert(
        IMPORT_JOBS,
        {
            "ring": ring.id,
            "name": name.import_job,
            "uid": uid,
            "state": _PENDING,
            "import_method": method.number,
            "protection_level": protection_level,
            "create_time": transaction.now,
            "generate_time": None,
            "expire_time": transaction.now + lifetime,
            "expire_event_time": None,
            "policy": "",
            "public": None,
            "material": None,
        },
    )


def set_key_pair(
    transaction: Transaction, row: Row, name: ImportJobName, private: bytes, public: bytes
) -> None:
    """Wraps and stores the private key, and activates the job."""
    transaction.update(
        row,
        state=_ACTIVE,
        generate_time=transaction.now,
        public=public,
        material=transaction.keys.wrap(private, binding(row, name)),
    )


def material(snapshot: Snapshot, row: Row, name: ImportJobName) -> bytes:
    """Returns the private key of a job, unwrapped."""
    wrapped = row.values["material"]
    if not isinstance(wrapped, bytes):
        raise IntegrityError(f"ImportJob {name} is {state_of(row, snapshot.now)}, but has no private key.")
    return snapshot.keys.unwrap(wrapped, binding(row, name), f"ImportJob {name}")


def binding(row: Row, name: ImportJobName) -> tuple[Value, ...]:
    """Returns what the private key is bound to: the job's full name and all that never changes."""
    fixed = ("uid", "import_method", "protection_level", "create_time")
    return ("import job", name.text, *(row.values[column] for column in fixed))


def expire(transaction: Transaction, row: Row) -> None:
    """Ends a job whose time has come, and records that its private key is to be purged."""
    purges.insert(transaction, row)
    transaction.update(
        row, state=_EXPIRED, expire_event_time=row.integer("expire_time"), public=None, material=None
    )


def unfinished(snapshot: Snapshot) -> list[Row]:
    """Returns the jobs that time or a crash may have overtaken: those that have not expired."""
    return snapshot.scan(IMPORT_JOBS, "state IN (1, 2)", ())  # the very words of the partial index


def is_due(row: Row, until: int) -> bool:
    """Tells whether a job was to expire by then, and its private key is still there."""
    return row.integer("state") == _ACTIVE and row.integer("expire_time") <= until


def is_pending_generation(row: Row) -> bool:
    return row.integer("state") == _PENDING


def state_of(row: Row, now: int) -> str:
    """Returns the effective state: a job is EXPIRED from the moment its time passes."""
    if row.integer("expire_time") <= now:
        return states.EXPIRED
    return states.IMPORT_JOB_STATE_NAMES[row.integer("state")]


def method_of(row: Row) -> ImportMethod:
    return import_methods.by_number(row.integer("import_method"))


def page(
    snapshot: Snapshot, ring: Row, parent: KeyRingName, *, prefix: str, after: str, limit: int
) -> Iterator[ImportJob]:
    """Yields up to `limit` jobs in name order, whose names start with `prefix` and follow `after`."""
    condition = "ring = ? AND name >= ? AND name < ? AND name <> ? ORDER BY name LIMIT ?"
    parameters = (ring.id, *page_bounds(prefix, after), limit)
    label = f"An import job of KeyRing {parent}"
    for row in snapshot.scan(IMPORT_JOBS, condition, parameters, label):
        name = row.text("name")
        if row.integer("ring") != ring.id or not follows(name, prefix, after):
            raise index_damage(IMPORT_JOBS, label)
        after = name
        yield resource(row, ImportJobName(parent, name), snapshot.now)


def resource(row: Row, name: ImportJobName, now: int) -> ImportJob:
    state = state_of(row, now)
    event = row.optional_integer("expire_event_time")
    if state == states.EXPIRED and event is None:
        event = row.integer("expire_time")
    public = row.values["public"]
    shown = None
    if state == states.ACTIVE and isinstance(public, bytes):
        shown = pem.encode(pem.PUBLIC_KEY, public).decode()
    return ImportJob(
        name,
        import_method=method_of(row).enum,
        protection_level=PROTECTION_LEVELS[row.integer("protection_level")],
        state=state,
        create_time=row.integer("create_time"),
        generate_time=row.optional_integer("generate_time"),
        expire_time=row.integer("expire_time"),
        expire_event_time=event,
        public_key=shown,
    )


def name_of(snapshot: Snapshot, row: Row, location: str) -> ImportJobName:
    """Returns the name of the job that a row is."""
    return ImportJobName(name_by_id(snapshot, row.integer("ring"), location), row.text("name"))
