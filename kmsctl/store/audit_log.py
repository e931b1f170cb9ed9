"""The audit records of a database: a log that only grows, and can be cut off at its beginning.

A record is JSON text. Beside it stand what records are looked for by, and a tag under the audit key over
all of it, so that each record shows by itself whether it is as it was written. The head of the log vouches
for the set: docs/format.md, "Audit records", has the bytes.
"""

from __future__ import annotations

from kmsctl.errors import IntegrityError
from kmsctl.model.canonical import encode
from kmsctl.model.log_tree import LogTree, leaf_hash
from kmsctl.store import audit_keys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from kmsctl.model.canonical import Value
    from kmsctl.store.snapshot import Snapshot, Transaction

    Tagger = Callable[[bytes], bytes]

#: What a record is looked for by, in the order of the tag. `severity` is the number of a LogSeverity.
COLUMNS = ("sequence", "time", "project", "log", "severity", "method", "principal", "resource")
_LISTED = ", ".join((*COLUMNS, "record", "tag"))
_INSERT = f"INSERT INTO audit ({_LISTED}) VALUES ({', '.join('?' * (len(COLUMNS) + 2))})"


class Record:
    """One record: `text` is JSON; times are microseconds since 1970."""

    __slots__ = ("log", "method", "principal", "project", "resource", "sequence", "severity", "text", "time")

    def __init__(  # noqa: PLR0913, PLR0917 - the columns of the row, in order
        self,
        sequence: int,
        time: int,
        project: str,
        log: str,
        severity: int,
        method: str,
        principal: str,
        resource: str,
        text: str,
    ) -> None:
        self.sequence = sequence
        self.time = time
        self.project = project
        self.log = log
        self.severity = severity
        self.method = method
        self.principal = principal
        self.resource = resource
        self.text = text

    @property
    def values(self) -> tuple[Value, ...]:
        return (
            self.sequence,
            self.time,
            self.project,
            self.log,
            self.severity,
            self.method,
            self.principal,
            self.resource,
        )


def tag_data(values: Sequence[Any], leaf: bytes) -> bytes:
    """Returns the bytes that the tag of a record is over: the values ("audit record", columns..., leaf)."""
    number, time, project, log, severity, method, principal, resource = values
    texts = f"{project}{log}{method}{principal}{resource}"
    if not texts.isascii():
        return encode(("audit record", *values, leaf))
    # The same, written out: this is most of what verifying a log takes.
    return (
        f"s12:audit recordi{number};i{time};s{len(project)}:{project}s{len(log)}:{log}i{severity};"
        f"s{len(method)}:{method}s{len(principal)}:{principal}s{len(resource)}:{resource}b32:"
    ).encode() + leaf


def tagger(snapshot: Snapshot) -> Tagger:
    """Returns what makes the tags of this database's records."""
    row = audit_keys.find(snapshot)
    bound = audit_keys.binding(row.integer("create_time"))
    return snapshot.keys.tagger(row.blob("material"), bound, audit_keys.LABEL)


def append(transaction: Transaction, record: Record) -> None:
    """Adds a record at the end of the log. Its number must be the next one."""
    head, digest = transaction.audit, transaction.keys.digest
    tree = LogTree(digest, head.sequence, head.edge)
    leaf = leaf_hash(digest, record.text.encode())
    tree.append(leaf)
    values = record.values
    tag = tagger(transaction)(tag_data(values, leaf))
    transaction.connection.change(_INSERT, (*values, record.text, tag))
    head.sequence, head.edge = tree.size, tree.edge


def select(
    snapshot: Snapshot, condition: str, parameters: Sequence[Value] = (), index: str = ""
) -> Iterator[Record]:
    """Yields the records that fit a condition (with its ORDER BY), each checked against its tag.

    Args:
        snapshot: where to look.
        condition: in SQL.
        parameters: its parameters.
        index: what is to find them, if the database is not to choose.

    Raises:
        IntegrityError: if one is not as it was written.
    """
    make = tagger(snapshot)
    digest = snapshot.keys.digest
    for *values, text, tag in snapshot.connection.each(
        f"SELECT {_LISTED} FROM audit {index and f'INDEXED BY {index}'} WHERE {condition}",
        parameters,
    ):
        if not isinstance(text, str) or not fits(make, values, leaf_hash(digest, text.encode()), tag):
            raise IntegrityError(
                f"Audit record {values[0]!r} of {snapshot.connection.path} was changed outside kmsctl.",
                hint="kmsctl logging verify tells what else is affected.",
            )
        yield Record(*values, text)  # type: ignore[call-arg, arg-type]  # the tag vouches for the types


def fits(make: Tagger, values: Sequence[Value], leaf: bytes, tag: object) -> bool:
    """Tells whether a record is as it was written."""
    try:
        return make(tag_data(values, leaf)) == tag
    except TypeError:  # a value of a type that is never stored, such as REAL
        return False


def listed(snapshot: Snapshot) -> Iterator[tuple[Value, ...]]:
    """Yields all records in order, unchecked: `COLUMNS`, the text, the tag."""
    return snapshot.connection.each(f"SELECT {_LISTED} FROM audit ORDER BY sequence")


def first_since(snapshot: Snapshot, time: int) -> int:
    """Returns the number of the first record that is not older than a time; the next one if there is none."""
    found = snapshot.connection.number("SELECT min(sequence) FROM audit WHERE time >= ?", (time,))
    return found or snapshot.audit.sequence + 1


def edge_before(snapshot: Snapshot, sequence: int) -> bytes:
    """Returns the edge of the log as it was before a record, from the records that are there.

    Raises:
        IntegrityError: if one of them is missing or not as it was written.
    """
    head = snapshot.audit
    tree = LogTree(snapshot.keys.digest, head.removed, head.removed_edge)
    condition = "sequence > ? AND sequence < ? ORDER BY sequence"
    for record in select(snapshot, condition, (head.removed, sequence)):
        if record.sequence != tree.size + 1:
            break
        tree.append(leaf_hash(snapshot.keys.digest, record.text.encode()))
    if tree.size != sequence - 1:
        raise IntegrityError(
            f"Audit record {tree.size + 1} of {snapshot.connection.path} is missing.",
            hint="kmsctl logging verify tells what else is affected.",
        )
    return tree.edge


def remove_before(transaction: Transaction, sequence: int) -> int:
    """Removes the records before one, which stays. Returns how many. What is left still shows what was there.

    Raises:
        IntegrityError: if one of them is missing or not as it was written: that is not to be covered up.
    """
    head = transaction.audit
    count = sequence - 1 - head.removed
    if count <= 0:
        return 0
    head.removed_edge = edge_before(transaction, sequence)
    head.removed = sequence - 1
    transaction.connection.execute("DELETE FROM audit WHERE sequence < ?", (sequence,))
    transaction.log_changed()
    return count
