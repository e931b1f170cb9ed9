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
            ROLLBACK, ANCHOR_DAMAGED, AUDIT_DAMAGED, PURGE_PENDING, ORPHAN, FILE_ACCESS.
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

    __slots__ = ("destroyed", "expired", "failed", "left", "purged", "rotated", "snapshots")

    def __init__(self) -> None:
        #: resource names
        self.rotated: list[str] = []
        self.destroyed: list[str] = []
        self.failed: list[str] = []
        self.expired: list[str] = []
        #: databases and times, ``us-east1/20260102T030405Z``
        self.snapshots: list[str] = []
        #: how many purges were finished
        self.purged = 0
        #: sentences: what is still to be done, and why
        self.left: list[str] = []
