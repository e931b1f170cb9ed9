"""The schema, and how an older one becomes the present one.

``PRAGMA user_version`` is the format. A release opens its own format and migrates older ones; a
newer format is refused untouched.
"""

from __future__ import annotations

from kmsctl.errors import IntegrityError, StoreAccess, StoreNewer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kmsctl.store.connection import Connection
    from kmsctl.store.ports import Keys
    from kmsctl.store.probes import Probe

APPLICATION_ID = 0x6B6D7363  # "kmsc", for file(1) and for refusing other people's databases
FORMAT = 1

_SHARED = """
CREATE TABLE head (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  store_id BLOB NOT NULL, name TEXT NOT NULL, epoch BLOB NOT NULL, generation INTEGER NOT NULL,
  root BLOB NOT NULL, last_time INTEGER NOT NULL, confirmed_time INTEGER NOT NULL,
  mk INTEGER NOT NULL, tag BLOB NOT NULL
);
CREATE TABLE audit_head (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  epoch BLOB NOT NULL, sequence INTEGER NOT NULL, edge BLOB NOT NULL, removed INTEGER NOT NULL,
  removed_edge BLOB NOT NULL, last_time INTEGER NOT NULL,
  mk INTEGER NOT NULL, tag BLOB NOT NULL
);
CREATE TABLE audit (
  sequence INTEGER PRIMARY KEY, time INTEGER NOT NULL, project TEXT NOT NULL, log TEXT NOT NULL,
  severity INTEGER NOT NULL, method TEXT NOT NULL COLLATE NOCASE, principal TEXT NOT NULL COLLATE NOCASE,
  resource TEXT NOT NULL COLLATE NOCASE, record TEXT NOT NULL, tag BLOB NOT NULL
);
CREATE INDEX audit_time ON audit (project, time);
CREATE INDEX audit_method ON audit (project, method, time);
CREATE INDEX audit_principal ON audit (project, principal, time);
CREATE INDEX audit_resource ON audit (project, resource, time);
CREATE INDEX audit_errors ON audit (project, time) WHERE severity >= 400;
CREATE INDEX audit_changes ON audit (resource, time, severity) WHERE log <> 'data_access';
CREATE TABLE tree (
  tbl INTEGER NOT NULL, level INTEGER NOT NULL, idx INTEGER NOT NULL, digest BLOB NOT NULL,
  PRIMARY KEY (tbl, level, idx)
) WITHOUT ROWID;
CREATE TABLE master_keys (
  id INTEGER PRIMARY KEY, mk INTEGER NOT NULL, tag BLOB NOT NULL,
  retired INTEGER NOT NULL, create_time INTEGER NOT NULL, wrapped BLOB NOT NULL
);
CREATE TABLE pending_purges (
  id INTEGER PRIMARY KEY, mk INTEGER NOT NULL, tag BLOB NOT NULL,
  tbl INTEGER NOT NULL, row_id INTEGER NOT NULL, since INTEGER NOT NULL, trace BLOB NOT NULL
);
CREATE TABLE refusals (
  id INTEGER PRIMARY KEY, mk INTEGER NOT NULL, tag BLOB NOT NULL,
  principal TEXT NOT NULL, method TEXT NOT NULL, resource TEXT NOT NULL, since INTEGER NOT NULL,
  count INTEGER NOT NULL
);
CREATE TABLE audit_keys (
  id INTEGER PRIMARY KEY, mk INTEGER NOT NULL, tag BLOB NOT NULL,
  create_time INTEGER NOT NULL, material BLOB NOT NULL
);
"""

CONTROL_SCHEMA = (
    _SHARED
    + """
CREATE TABLE projects (
  id INTEGER PRIMARY KEY, mk INTEGER NOT NULL, tag BLOB NOT NULL,
  project TEXT NOT NULL UNIQUE, number INTEGER NOT NULL UNIQUE, display_name TEXT NOT NULL,
  labels TEXT NOT NULL, create_time INTEGER NOT NULL, policy TEXT NOT NULL
);
CREATE TABLE service_accounts (
  id INTEGER PRIMARY KEY, mk INTEGER NOT NULL, tag BLOB NOT NULL,
  email TEXT NOT NULL UNIQUE, project TEXT NOT NULL, unique_id TEXT NOT NULL UNIQUE,
  display_name TEXT NOT NULL, description TEXT NOT NULL, disabled INTEGER NOT NULL, service TEXT NOT NULL,
  create_time INTEGER NOT NULL, policy TEXT NOT NULL
);
CREATE INDEX service_accounts_project ON service_accounts (project, email);
CREATE TABLE custom_roles (
  id INTEGER PRIMARY KEY, mk INTEGER NOT NULL, tag BLOB NOT NULL,
  project TEXT NOT NULL, role TEXT NOT NULL, title TEXT NOT NULL, description TEXT NOT NULL,
  stage TEXT NOT NULL, permissions TEXT NOT NULL, deleted INTEGER NOT NULL, etag TEXT NOT NULL,
  create_time INTEGER NOT NULL,
  UNIQUE (project, role)
);
CREATE TABLE account_groups (
  id INTEGER PRIMARY KEY, mk INTEGER NOT NULL, tag BLOB NOT NULL,
  email TEXT NOT NULL UNIQUE, project TEXT NOT NULL, display_name TEXT NOT NULL, description TEXT NOT NULL,
  members TEXT NOT NULL, deleted INTEGER NOT NULL, create_time INTEGER NOT NULL
);
CREATE TABLE transport_keys (
  id INTEGER PRIMARY KEY, mk INTEGER NOT NULL, tag BLOB NOT NULL,
  uid BLOB NOT NULL UNIQUE, algorithm INTEGER NOT NULL, create_time INTEGER NOT NULL,
  public BLOB NOT NULL, material BLOB NOT NULL
);
"""
)

LOCATION_SCHEMA = (
    _SHARED
    + """
CREATE TABLE key_rings (
  id INTEGER PRIMARY KEY, mk INTEGER NOT NULL, tag BLOB NOT NULL,
  project TEXT NOT NULL, name TEXT NOT NULL, create_time INTEGER NOT NULL, tags TEXT NOT NULL,
  policy TEXT NOT NULL,
  UNIQUE (project, name)
);
CREATE TABLE crypto_keys (
  id INTEGER PRIMARY KEY, mk INTEGER NOT NULL, tag BLOB NOT NULL,
  ring INTEGER NOT NULL, name TEXT NOT NULL, purpose INTEGER NOT NULL, algorithm INTEGER NOT NULL,
  protection_level INTEGER NOT NULL, create_time INTEGER NOT NULL,
  destroy_scheduled_duration INTEGER NOT NULL, import_only INTEGER NOT NULL, labels TEXT NOT NULL,
  rotation_period INTEGER, next_rotation_time INTEGER, primary_version INTEGER, last_version INTEGER NOT NULL,
  allowed_access_reasons TEXT, policy TEXT NOT NULL, not_exportable INTEGER NOT NULL,
  UNIQUE (ring, name)
);
CREATE INDEX crypto_keys_due ON crypto_keys (next_rotation_time) WHERE next_rotation_time IS NOT NULL;
CREATE TABLE crypto_key_versions (
  id INTEGER PRIMARY KEY, mk INTEGER NOT NULL, tag BLOB NOT NULL,
  key INTEGER NOT NULL, number INTEGER NOT NULL, uid BLOB NOT NULL UNIQUE, state INTEGER NOT NULL,
  algorithm INTEGER NOT NULL, protection_level INTEGER NOT NULL, create_time INTEGER NOT NULL,
  generate_time INTEGER, generation_failure_reason TEXT, import_job TEXT, import_time INTEGER,
  import_failure_reason TEXT, fingerprint BLOB, destroy_time INTEGER, destroy_event_time INTEGER,
  public BLOB, material BLOB,
  UNIQUE (key, number)
);
CREATE INDEX crypto_key_versions_due ON crypto_key_versions (destroy_time) WHERE state = 4;
CREATE INDEX crypto_key_versions_pending ON crypto_key_versions (key) WHERE state IN (4, 5, 6);
CREATE TABLE import_jobs (
  id INTEGER PRIMARY KEY, mk INTEGER NOT NULL, tag BLOB NOT NULL,
  ring INTEGER NOT NULL, name TEXT NOT NULL, uid BLOB NOT NULL UNIQUE, state INTEGER NOT NULL,
  import_method INTEGER NOT NULL, protection_level INTEGER NOT NULL, create_time INTEGER NOT NULL,
  generate_time INTEGER, expire_time INTEGER NOT NULL, expire_event_time INTEGER, policy TEXT NOT NULL,
  public BLOB, material BLOB,
  UNIQUE (ring, name)
);
CREATE INDEX import_jobs_unfinished ON import_jobs (ring) WHERE state IN (1, 2);
CREATE TABLE token_objects (
  id INTEGER PRIMARY KEY, mk INTEGER NOT NULL, tag BLOB NOT NULL,
  tbl INTEGER NOT NULL, row_id INTEGER NOT NULL, resource TEXT NOT NULL, cka_id BLOB NOT NULL UNIQUE,
  label TEXT NOT NULL, serial TEXT NOT NULL, module TEXT NOT NULL, operation TEXT NOT NULL,
  state INTEGER NOT NULL, attempts INTEGER NOT NULL, since INTEGER NOT NULL,
  encryptions INTEGER NOT NULL, attestation BLOB,
  UNIQUE (tbl, row_id)
);
CREATE INDEX token_objects_doomed ON token_objects (since) WHERE state = 3;
CREATE TABLE tombstones (
  id INTEGER PRIMARY KEY, mk INTEGER NOT NULL, tag BLOB NOT NULL,
  uid BLOB NOT NULL UNIQUE, name TEXT NOT NULL, destroy_time INTEGER NOT NULL
);
"""
)


def schema_of(name: str) -> list[str]:
    """Returns the statements that make a database: ``control``'s, or a location's."""
    script = CONTROL_SCHEMA if name == "control" else LOCATION_SCHEMA
    return [statement for part in script.split(";") if (statement := part.strip())]


def settle(connection: Connection, name: str, keys: Keys, clock: Callable[[], int], probe: Probe) -> None:
    """Refuses what is no database of this release, and upgrades one of an older format."""
    if connection.number("PRAGMA application_id") != APPLICATION_ID:
        if connection.number("PRAGMA page_count") == 0:
            raise IntegrityError(
                f"The database {connection.path} is empty.", hint="Bring it back from a backup."
            )
        raise StoreAccess(f"{connection.path} is not a kmsctl database.", hint="Bring it back from a backup.")
    found = connection.number("PRAGMA user_version")
    if 0 < found < FORMAT:
        from kmsctl.store.upgrading import upgrade

        upgrade(connection, name, keys, clock(), FORMAT, probe)
        found = FORMAT
    if found > FORMAT:
        raise StoreNewer(
            f"{connection.path} has format {found}; this release reads format {FORMAT}.",
            hint="Use the newer kmsctl that wrote it.",
        )
    if found != FORMAT:
        raise StoreAccess(f"{connection.path} has format {found}, which no release has written.")
    check_schema(connection, name)
    if connection.one("PRAGMA journal_mode") != ("wal",):
        connection.execute("PRAGMA journal_mode = WAL")  # other programs make copies without it


def check_schema(connection: Connection, name: str) -> None:
    """Refuses a database with other tables, indexes, triggers or views than kmsctl made.

    A trigger would run within kmsctl's own changes, a missing index would hide rows.
    """
    found = connection.all("SELECT name, sql FROM sqlite_master")
    kept = [str(sql) for item, sql in found if sql or not str(item).startswith("sqlite_autoindex_")]
    expected = schema_of(name)
    if sorted(kept) != sorted(expected):
        changed = sorted(set(kept).symmetric_difference(expected))
        first = changed[0].partition("(")[0].split("\n")[0].strip() if changed else "a repeated statement"
        raise IntegrityError(
            f"The schema of {connection.path} was changed outside kmsctl: {first}.",
            hint="Undo the change, or bring the database back from a backup.",
        )
