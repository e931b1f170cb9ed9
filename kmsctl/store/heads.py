"""The two head rows of a database: what the tags vouch for, and their check against the anchor."""

from __future__ import annotations

from kmsctl.errors import IntegrityError, RollbackError
from kmsctl.model.canonical import encode
from kmsctl.store.anchor import Mark

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.store.connection import Connection
    from kmsctl.store.ports import DatabaseKeys

_SELECT = (
    "SELECT store_id, name, epoch, generation, root, last_time, confirmed_time, mk, tag "
    "FROM head WHERE id = 1"
)
_UPDATE = (
    "UPDATE head SET epoch = ?, generation = ?, root = ?, last_time = ?, confirmed_time = ?, mk = ?, tag = ? "
    "WHERE id = 1"
)
_INSERT = (
    "INSERT INTO head (id, store_id, name, epoch, generation, root, last_time, confirmed_time, mk, tag) "
    "VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_AUDIT_COLUMNS = ("epoch", "sequence", "edge", "removed", "removed_edge", "last_time", "mk", "tag")
_AUDIT_SELECT = f"SELECT {', '.join(_AUDIT_COLUMNS)} FROM audit_head WHERE id = 1"
_AUDIT_UPDATE = f"UPDATE audit_head SET {', '.join(f'{each} = ?' for each in _AUDIT_COLUMNS)} WHERE id = 1"
_AUDIT_INSERT = (
    f"INSERT INTO audit_head (id, {', '.join(_AUDIT_COLUMNS)}) "
    f"VALUES (1, {', '.join('?' * len(_AUDIT_COLUMNS))})"
)


class Head:
    """The head of the resources. Times are microseconds since 1970."""

    __slots__ = (
        "confirmed_time",
        "epoch",
        "generation",
        "last_time",
        "mk",
        "name",
        "root",
        "store_id",
        "tag",
    )

    def __init__(  # noqa: PLR0913, PLR0917 - the columns of the row, in order
        self,
        store_id: bytes,
        name: str,
        epoch: bytes,
        generation: int,
        root: bytes,
        last_time: int,
        confirmed_time: int,
        mk: int = 0,
        tag: bytes = b"",
    ) -> None:
        self.store_id = store_id
        self.name = name
        self.epoch = epoch
        self.generation = generation
        self.root = root
        self.last_time = last_time
        self.confirmed_time = confirmed_time
        self.mk = mk
        self.tag = tag

    @classmethod
    def read(cls, connection: Connection) -> Head:
        row = connection.one(_SELECT)
        if row is None:
            raise IntegrityError(f"The database {connection.path} has no head row.")
        return cls(*row)  # type: ignore[arg-type]  # the tag vouches for the types

    def data(self) -> bytes:
        """Returns the bytes that the head's tag is over."""
        values = ("head", self.store_id, self.name, self.epoch, self.generation, self.root)
        return encode((*values, self.last_time, self.confirmed_time))

    def sign(self, keys: DatabaseKeys) -> None:
        self.mk = keys.current
        self.tag = keys.head_tag(self.mk, self.data())

    def insert(self, connection: Connection) -> None:
        values = (self.store_id, self.name, self.epoch, self.generation, self.root)
        connection.execute(_INSERT, (*values, self.last_time, self.confirmed_time, self.mk, self.tag))

    def update(self, connection: Connection) -> None:
        values = (self.epoch, self.generation, self.root, self.last_time, self.confirmed_time)
        connection.change(_UPDATE, (*values, self.mk, self.tag))


class AuditHead:
    """The head of the log of audit records.

    Attributes:
        sequence: how many records there ever were.
        edge: what the hash tree over them is continued from (`kmsctl.model.log_tree`).
        removed: how many of them, from the first, were removed because they were old.
        removed_edge: the edge of the tree over those.
        last_time: of the last record.
    """

    __slots__ = (
        "edge",
        "epoch",
        "last_time",
        "mk",
        "name",
        "removed",
        "removed_edge",
        "sequence",
        "store_id",
        "tag",
    )

    def __init__(  # noqa: PLR0913, PLR0917 - the columns of the row, in order
        self,
        store_id: bytes,
        name: str,
        epoch: bytes,
        sequence: int,
        edge: bytes,
        removed: int,
        removed_edge: bytes,
        last_time: int,
        mk: int = 0,
        tag: bytes = b"",
    ) -> None:
        self.store_id = store_id
        self.name = name
        self.epoch = epoch
        self.sequence = sequence
        self.edge = edge
        self.removed = removed
        self.removed_edge = removed_edge
        self.last_time = last_time
        self.mk = mk
        self.tag = tag

    @classmethod
    def read(cls, connection: Connection, head: Head) -> AuditHead:
        row = connection.one(_AUDIT_SELECT)
        if row is None:
            raise IntegrityError(f"The database {connection.path} has no head of its audit records.")
        return cls(head.store_id, head.name, *row)  # type: ignore[arg-type]  # the tag vouches for the types

    def data(self) -> bytes:
        return encode(("audit head", self.store_id, self.name, *self._values()))

    def sign(self, keys: DatabaseKeys) -> None:
        self.mk = keys.current
        self.tag = keys.head_tag(self.mk, self.data())

    def insert(self, connection: Connection) -> None:
        connection.execute(_AUDIT_INSERT, (*self._values(), self.mk, self.tag))

    def update(self, connection: Connection) -> None:
        connection.change(_AUDIT_UPDATE, (*self._values(), self.mk, self.tag))

    def _values(self) -> tuple[bytes | int, ...]:
        return (self.epoch, self.sequence, self.edge, self.removed, self.removed_edge, self.last_time)


def check_tags(head: Head, audit: AuditHead, keys: DatabaseKeys, path: str) -> None:
    for part in (head, audit):
        try:
            fits = keys.knows(part.mk) and keys.head_tag(part.mk, part.data()) == part.tag
        except TypeError:  # a value of a type that is never stored, such as REAL
            fits = False
        if not fits:
            raise IntegrityError(
                f"The head of {path} was changed outside kmsctl.",
                hint="Bring the database back from a backup.",
            )
    if head.epoch != audit.epoch:
        raise IntegrityError(f"The heads of {path} do not belong together.")


def mark_of(head: Head, audit: AuditHead) -> Mark:
    return Mark(head.name, head.epoch, head.generation, head.tag, audit.sequence, audit.tag)


def check_anchored(head: Head, audit: AuditHead, mark: Mark | None, path: str) -> None:
    """Refuses a database that is older than its anchor, or another than the one anchored."""
    if mark is None or mark.lost:
        if head.generation == 1 and audit.sequence == 0:
            return  # made a moment ago, by a process that has not come to anchoring it
        raise RollbackError(
            f"The database {path} is in use but was never anchored: the anchor is not this store's newest.",
            hint=f"If you know why, accept it: kmsctl store accept-rollback {head.name}",
        )
    older = head.generation < mark.generation or audit.sequence < mark.audit_sequence
    other = (
        head.epoch != mark.epoch
        or (head.generation == mark.generation and head.tag != mark.head_tag)
        or (audit.sequence == mark.audit_sequence and audit.tag != mark.audit_tag)
    )
    if older or other:
        what = (
            f"is at generation {head.generation}, but was at {mark.generation} before"
            if older
            else "is not the one that was used last"
        )
        raise RollbackError(
            f"The database {path} {what}: it was rolled back, or its -wal file is missing.",
            hint="Put the newest copy back, together with its -wal file. To go on with this older state: "
            f"kmsctl store accept-rollback {head.name}",
        )
