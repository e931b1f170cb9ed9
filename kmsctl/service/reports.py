"""What the store's own verbs answer."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class DatabaseStatus:
    """One database of the store. `name` is a location id, or ``control``."""

    __slots__ = (
        "audit_records",
        "bytes_on_disk",
        "counts",
        "epoch",
        "generation",
        "last_time",
        "master_key_versions",
        "name",
        "path",
        "pending_purges",
        "pending_removals",
        "problem",
    )

    def __init__(  # noqa: PLR0913 - a record of facts, given by name
        self,
        name: str,
        path: str,
        *,
        generation: int = 0,
        epoch: str = "",
        counts: dict[str, int] | None = None,
        audit_records: int = 0,
        bytes_on_disk: int = 0,
        master_key_versions: Sequence[int] = (),
        pending_purges: int = 0,
        pending_removals: Sequence[str] = (),
        last_time: int = 0,
        problem: str | None = None,
    ) -> None:
        self.name = name
        self.path = path
        self.generation = generation
        self.epoch = epoch
        self.counts = counts or {}
        self.audit_records = audit_records
        self.bytes_on_disk = bytes_on_disk
        self.master_key_versions = master_key_versions
        self.pending_purges = pending_purges
        #: sentences: which objects are yet to be removed from their tokens
        self.pending_removals = pending_removals
        self.last_time = last_time
        self.problem = problem


class StoreStatus:
    """The whole store; `initialized` is false before its first use."""

    __slots__ = ("databases", "initialized", "store_id")

    def __init__(self, store_id: str, databases: Sequence[DatabaseStatus], *, initialized: bool) -> None:
        self.store_id = store_id
        self.databases = databases
        self.initialized = initialized


#: What can be done about a finding of a kind, unless the finding itself says otherwise.
ACTIONS = {
    "ROW_DAMAGED": "restore",
    "ROW_REPLAYED": "restore",
    "MATERIAL_DAMAGED": "restore",
    "DATABASE_DAMAGED": "restore",
    "INDEX_DAMAGED": "repair",
    "ROLLBACK": "restore",
    "PROTECTOR_DAMAGED": "restore",
    "ANCHOR_DAMAGED": "restore",
    "AUDIT_DAMAGED": "restore",
    "PURGE_PENDING": "maintain",
    "ROTATION_PENDING": "maintain",
    "ORPHAN": "inspect",
    "FILE_ACCESS": "inspect",
}


class Finding:
    """One thing that is wrong.

    Attributes:
        resource: what it is about: a resource name, or a database's or file's name.
        kind: one of `ACTIONS`; of logs EDITED, REMOVED, ADDED, MOVED, REPLACED, DIVERGED, INDEX, SIGNATURE,
            CANNOT_TELL.
        message: what was found.
        remedy: what can be done, in words.
        action: the same in one word: ``restore`` (from a backup: kmsctl cannot know what was there),
            ``repair`` (`store repair` does it), ``maintain`` (`store maintain` does it) or ``inspect``
            (somebody has to look).
    """

    __slots__ = ("action", "kind", "message", "remedy", "resource")

    def __init__(self, resource: str, kind: str, message: str, remedy: str, action: str = "") -> None:
        self.kind = kind
        self.message = message
        self.remedy = remedy
        self.resource = resource
        self.action = action or ACTIONS.get(kind, "restore")


class VerifyOptions:
    """How much `verify_store` looks at.

    Attributes:
        since_last: of rows that were whole before, look only at whether they are still the same.
        audit: also follow the chains of audit records.
        workers: processes to check rows in; None for one a processor.
    """

    __slots__ = ("audit", "since_last", "workers")

    def __init__(self, *, since_last: bool = False, audit: bool = True, workers: int | None = None) -> None:
        self.since_last = since_last
        self.audit = audit
        self.workers = workers


class RepairStep:
    """One thing that `repair_store` does, or would do.

    Attributes:
        action: ``remove``, ``rebuild-indexes``, ``complete-anchor``, ``finish-purge`` or ``settle``.
        resource: the file, database or resource it is about.
        text: what is done, in words.
    """

    __slots__ = ("action", "resource", "text")

    def __init__(self, action: str, resource: str, text: str) -> None:
        self.action = action
        self.resource = resource
        self.text = text


class RepairReport:
    """What `repair_store` did, and what is left that it must not touch.

    Attributes:
        steps: what was to be done.
        done: whether it was agreed to.
        failed: what could not be done, and why.
        left: what is still wrong: after the steps, if they were done; else what they would leave.
    """

    __slots__ = ("done", "failed", "left", "steps")

    def __init__(self, steps: Sequence[RepairStep]) -> None:
        self.steps = steps
        self.done = False
        self.failed: list[str] = []
        self.left: list[Finding] = []


class LogStatus:
    """The log of one database, whose records `first` to `last` are there.

    Attributes:
        origin: its name, which is also that of its signing key.
        location: a location id, or ``control``.
        public_key: SubjectPublicKeyInfo in PEM.
    """

    __slots__ = ("first", "last", "location", "origin", "public_key")

    def __init__(self, origin: str, location: str, public_key: str, first: int, last: int) -> None:
        self.origin = origin
        self.location = location
        self.public_key = public_key
        self.first = first
        self.last = last


class MaintenanceReport:
    """What `maintain` did, and what it could not do."""

    __slots__ = (
        "destroyed",
        "expired",
        "failed",
        "left",
        "made",
        "purged",
        "rewrapped",
        "rotated",
        "snapshots",
    )

    def __init__(self) -> None:
        #: resource names
        self.rotated: list[str] = []
        self.destroyed: list[str] = []
        self.failed: list[str] = []
        self.made: list[str] = []
        self.expired: list[str] = []
        #: names of databases whose master key was rotated
        self.rewrapped: list[str] = []
        #: databases and times, ``us-east1/20260102T030405Z``
        self.snapshots: list[str] = []
        #: how many purges were finished
        self.purged = 0
        #: sentences: what is still to be done, and why
        self.left: list[str] = []


class RotationReport:
    """What became of the rotation of one database's master key.

    Attributes:
        name: a location id, or ``control``.
        version: the master key that is used now.
        retired: the versions that were retired.
        rows: how many rows were written anew.
        resumed: whether the rotation had been begun before.
        pending_purges: how many purges wait for readers of the database to finish.
    """

    __slots__ = ("name", "pending_purges", "resumed", "retired", "rows", "version")

    def __init__(
        self,
        name: str,
        version: int,
        retired: Sequence[int],
        *,
        rows: int,
        resumed: bool,
        pending_purges: int,
    ) -> None:
        self.name = name
        self.version = version
        self.retired = retired
        self.rows = rows
        self.resumed = resumed
        self.pending_purges = pending_purges


class RootRotationReport:
    """What became of the rotation of the root key.

    Attributes:
        resumed: whether it had been begun before.
        dropped: the protectors that were removed, as ``NUMBER (TYPE)``.
        databases: whose master keys were wrapped anew.
        pending_purges: how many purges wait for readers of the databases to finish.
    """

    __slots__ = ("databases", "dropped", "pending_purges", "resumed")

    def __init__(self) -> None:
        self.resumed = False
        self.dropped: list[str] = []
        self.databases: list[str] = []
        self.pending_purges = 0
