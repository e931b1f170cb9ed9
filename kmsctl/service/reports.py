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


class Finding:
    """One thing that is wrong.

    Attributes:
        resource: what it is about: a resource name, or a database's or file's name.
        kind: one of ROW_DAMAGED, ROW_MISSING, ROW_REPLAYED, MATERIAL_DAMAGED, DATABASE_DAMAGED,
            ROLLBACK, ANCHOR_DAMAGED, PROTECTOR_DAMAGED, AUDIT_DAMAGED, PURGE_PENDING, ORPHAN, FILE_ACCESS.
        message: what was found.
        remedy: what can be done.
    """

    __slots__ = ("kind", "message", "remedy", "resource")

    def __init__(self, resource: str, kind: str, message: str, remedy: str) -> None:
        self.resource = resource
        self.kind = kind
        self.message = message
        self.remedy = remedy


class MaintenanceReport:
    """What `maintain` did, and what it could not do."""

    __slots__ = ("destroyed", "expired", "failed", "left", "made", "purged", "rewrapped", "rotated")

    def __init__(self) -> None:
        #: resource names
        self.rotated: list[str] = []
        self.destroyed: list[str] = []
        self.failed: list[str] = []
        self.made: list[str] = []
        self.expired: list[str] = []
        #: names of databases whose master key was rotated
        self.rewrapped: list[str] = []
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
