"""The authenticated tables, one row a resource: their numbers, columns and SQL.

Table numbers and column order are part of every tag, so they never change within a format;
a new column means a new format (see migrations.py).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from kmsctl.model.canonical import Value


class Table:
    """An authenticated table.

    Attributes:
        number: its number in tags and in the integrity tree.
        name: its name in SQL.
        columns: all columns but ``id``, ``mk`` (master key version) and ``tag``.
        sealed: the columns that hold material wrapped under a master key.
        listed: ``id``, ``mk``, ``tag`` and the columns: a raw row as `Snapshot.checked` takes it.
        select: ``SELECT listed... FROM name``, without a condition.
    """

    __slots__ = ("columns", "insert", "listed", "name", "number", "sealed", "select", "update")

    def __init__(self, number: int, name: str, columns: Sequence[str], sealed: Sequence[str] = ()) -> None:
        self.number = number
        self.name = name
        self.columns = tuple(columns)
        self.sealed = tuple(sealed)
        self.listed = ("id", "mk", "tag", *columns)
        listed = ", ".join(self.listed)
        marks = ", ".join("?" * (3 + len(self.columns)))
        changes = ", ".join(f"{column} = ?" for column in ("mk", "tag", *columns))
        self.select = f"SELECT {listed} FROM {name}"
        self.insert = f"INSERT INTO {name} ({listed}) VALUES ({marks})"
        self.update = f"UPDATE {name} SET {changes} WHERE id = ?"

    def qualified(self, alias: str) -> str:
        """Returns the listed columns for a query in which the table has another name."""
        return ", ".join(f"{alias}.{column}" for column in self.listed)


class Row:
    """One row as it was read: `values` by column, its `tag`. Change it through a transaction only."""

    __slots__ = ("id", "table", "tag", "values")

    def __init__(self, table: Table, id: int, values: dict[str, Value], tag: bytes) -> None:  # noqa: A002
        self.table = table
        self.id = id
        self.values = values
        self.tag = tag

    def listed(self) -> tuple[Value, ...]:
        """Returns the values in the order of the table's columns."""
        return tuple([self.values[column] for column in self.table.columns])

    def integer(self, column: str) -> int:
        value = self.values[column]
        if not isinstance(value, int):
            raise TypeError(column)
        return value

    def optional_integer(self, column: str) -> int | None:
        return None if self.values[column] is None else self.integer(column)

    def text(self, column: str) -> str:
        value = self.values[column]
        if not isinstance(value, str):
            raise TypeError(column)
        return value

    def blob(self, column: str) -> bytes:
        value = self.values[column]
        if not isinstance(value, bytes):
            raise TypeError(column)
        return value


MASTER_KEYS = Table(1, "master_keys", ("retired", "create_time", "wrapped"))
PENDING_PURGES = Table(2, "pending_purges", ("tbl", "row_id", "since", "trace"))
PROJECTS = Table(3, "projects", ("project", "number", "display_name", "labels", "create_time", "policy"))
KEY_RINGS = Table(4, "key_rings", ("project", "name", "create_time", "tags", "policy"))
CRYPTO_KEYS = Table(
    5,
    "crypto_keys",
    (
        "ring",
        "name",
        "purpose",
        "algorithm",
        "protection_level",
        "create_time",
        "destroy_scheduled_duration",
        "import_only",
        "labels",
        "rotation_period",
        "next_rotation_time",
        "primary_version",
        "last_version",
        "allowed_access_reasons",
        "policy",
        "not_exportable",
    ),
)
CRYPTO_KEY_VERSIONS = Table(
    6,
    "crypto_key_versions",
    (
        "key",
        "number",
        "uid",
        "state",
        "algorithm",
        "protection_level",
        "create_time",
        "generate_time",
        "generation_failure_reason",
        "import_job",
        "import_time",
        "import_failure_reason",
        "fingerprint",
        "destroy_time",
        "destroy_event_time",
        "public",
        "material",
    ),
    sealed=("fingerprint", "material"),
)
IMPORT_JOBS = Table(
    7,
    "import_jobs",
    (
        "ring",
        "name",
        "uid",
        "state",
        "import_method",
        "protection_level",
        "create_time",
        "generate_time",
        "expire_time",
        "expire_event_time",
        "policy",
        "public",
        "material",
    ),
    sealed=("material",),
)

SERVICE_ACCOUNTS = Table(
    8,
    "service_accounts",
    (
        "email",
        "project",
        "unique_id",
        "display_name",
        "description",
        "disabled",
        "service",
        "create_time",
        "policy",
    ),
)
CUSTOM_ROLES = Table(
    9,
    "custom_roles",
    (
        "project",
        "role",
        "title",
        "description",
        "stage",
        "permissions",
        "deleted",
        "etag",
        "create_time",
    ),
)
ACCOUNT_GROUPS = Table(
    10,
    "account_groups",
    ("email", "project", "display_name", "description", "members", "deleted", "create_time"),
)
REFUSALS = Table(11, "refusals", ("principal", "method", "resource", "since", "count"))
TOKEN_OBJECTS = Table(
    12,
    "token_objects",
    (
        "tbl",
        "row_id",
        "resource",
        "cka_id",
        "label",
        "serial",
        "module",
        "operation",
        "state",
        "attempts",
        "since",
        "encryptions",
        "attestation",
    ),
)
AUDIT_KEYS = Table(14, "audit_keys", ("create_time", "material"), sealed=("material",))
TOMBSTONES = Table(16, "tombstones", ("uid", "name", "destroy_time"))
TRANSPORT_KEYS = Table(
    17,
    "transport_keys",
    ("uid", "algorithm", "create_time", "public", "material"),
    sealed=("material",),
)

CONTROL_TABLES = (
    MASTER_KEYS,
    PENDING_PURGES,
    PROJECTS,
    SERVICE_ACCOUNTS,
    CUSTOM_ROLES,
    ACCOUNT_GROUPS,
    REFUSALS,
    AUDIT_KEYS,
    TRANSPORT_KEYS,
)
LOCATION_TABLES = (
    MASTER_KEYS,
    PENDING_PURGES,
    KEY_RINGS,
    CRYPTO_KEYS,
    CRYPTO_KEY_VERSIONS,
    IMPORT_JOBS,
    REFUSALS,
    TOKEN_OBJECTS,
    AUDIT_KEYS,
    TOMBSTONES,
)
BY_NUMBER = {table.number: table for table in (*CONTROL_TABLES, *LOCATION_TABLES)}
