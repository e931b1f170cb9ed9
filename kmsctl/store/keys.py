"""Crypto keys."""

from __future__ import annotations

from kmsctl.model import algorithms, states
from kmsctl.model.names import CryptoKeyName
from kmsctl.model.protection import PROTECTION_LEVEL_NUMBERS, PROTECTION_LEVELS
from kmsctl.model.resources import CryptoKey, CryptoKeyOutline
from kmsctl.store import labels, versions
from kmsctl.store.rings import follows, name_by_id, prefix_end
from kmsctl.store.snapshot import all_fit, index_damage
from kmsctl.store.tables import CRYPTO_KEY_VERSIONS, CRYPTO_KEYS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kmsctl.model.canonical import Value
    from kmsctl.model.names import CryptoKeyVersionName, KeyRingName
    from kmsctl.model.resources import CryptoKeySpec, CryptoKeyVersion
    from kmsctl.store.snapshot import Snapshot, Transaction
    from kmsctl.store.tables import Row

    Number = int | None
    #: The columns of `CRYPTO_KEYS`: ring, name, purpose, algorithm, protection_level, ...
    Columns = tuple[
        int, str, int, int, int, int, int, int, str, Number, Number, Number, int, str | None, str, int
    ]

_JOINED = (
    "FROM crypto_keys AS k "
    "LEFT JOIN crypto_key_versions AS v ON v.key = k.id AND v.number = k.primary_version WHERE k.ring = ?"
)
_RANGE = "AND k.name >= ? AND k.name < ? AND k.name > ? ORDER BY k.name LIMIT ?"
_WHOLE = f"SELECT {CRYPTO_KEYS.qualified('k')}, {CRYPTO_KEY_VERSIONS.qualified('v')} {_JOINED}"
_PAGE = f"{_WHOLE} {_RANGE}"
_OUTLINE = "k.name, k.purpose, k.labels, v.state, v.destroy_time, v.protection_level"
_OUTLINES = f"SELECT {_OUTLINE} {_JOINED} {_RANGE}"
#: How many names a query takes at once.
_AT_ONCE = 500
#: How many rows are checked and worked on together: so many that they stay in a processor's cache.
_TOGETHER = 1000
_PURPOSES = {purpose.number: purpose.enum for purpose in algorithms.PURPOSES}
_WIDTH = len(CRYPTO_KEYS.listed)
_NAME = CRYPTO_KEYS.listed.index("name")
_PRIMARY_VERSION = CRYPTO_KEYS.listed.index("primary_version")


def find(snapshot: Snapshot, ring: Row, name: CryptoKeyName) -> Row | None:
    return snapshot.find(CRYPTO_KEYS, f"CryptoKey {name}", ring=ring.id, name=name.crypto_key)


def insert(
    transaction: Transaction, ring: Row, name: CryptoKeyName, spec: CryptoKeySpec, destroy_duration: int
) -> Row:
    algorithm = algorithms.by_enum(spec.algorithm)
    return transaction.insert(
        CRYPTO_KEYS,
        {
            "ring": ring.id,
            "name": name.crypto_key,
            "purpose": algorithms.purpose_by_enum(spec.purpose).number,
            "algorithm": algorithm.number,
            "protection_level": PROTECTION_LEVEL_NUMBERS[spec.protection_level],
            "create_time": transaction.now,
            "destroy_scheduled_duration": destroy_duration,
            "import_only": int(spec.import_only),
            "labels": labels.encode(spec.labels),
            "rotation_period": spec.rotation_period,
            "next_rotation_time": spec.next_rotation_time,
            "primary_version": None,
            "last_version": 0,
            "allowed_access_reasons": encode_reasons(spec.allowed_access_reasons),
            "policy": "",
            "not_exportable": int(spec.not_exportable),
        },
    )


def page(
    snapshot: Snapshot, ring: Row, parent: KeyRingName, *, prefix: str, after: str, limit: int
) -> Iterator[CryptoKey]:
    """Yields up to `limit` keys in name order, whose names start with `prefix` and follow `after`."""
    found = snapshot.connection.all(_PAGE, (ring.id, prefix, prefix_end(prefix), after, limit))
    return _resources(snapshot, ring, parent, found, prefix=prefix, after=after)


def block(
    snapshot: Snapshot, ring: Row, parent: KeyRingName, *, after: str, limit: int
) -> tuple[list[Iterator[CryptoKey]], str | None]:
    """Reads up to `limit` keys whose names follow `after`.

    Returns:
        the keys, some at a time, which are checked as they are asked for, without the database; and
        the name of the last, None if there are no more.
    """
    found = snapshot.connection.all(_PAGE, (ring.id, "", prefix_end(""), after, limit))
    last = found[-1][_NAME] if len(found) == limit else None
    if last is not None and (not isinstance(last, str) or last <= after):
        raise index_damage(CRYPTO_KEYS, f"A key of KeyRing {parent}")
    parts = []
    for start in range(0, len(found), _TOGETHER):
        some = found[start : start + _TOGETHER]
        parts.append(_resources(snapshot, ring, parent, some, prefix="", after=after))
        after = some[-1][_NAME]  # type: ignore[assignment]  # whoever reads on has checked it
    return parts, last


def any_in(snapshot: Snapshot, project: str) -> bool:
    """Tells whether a project has keys in this location."""
    query = (
        "SELECT count(*) FROM key_rings AS r WHERE r.project = ? AND r.id IN (SELECT ring FROM crypto_keys)"
    )
    return snapshot.connection.number(query, (project,)) > 0


def having_policies(snapshot: Snapshot, ring: Row) -> list[Row]:
    """Returns the rows of the keys in a ring that have a policy of their own."""
    return snapshot.scan(CRYPTO_KEYS, "ring = ? AND policy != '' ORDER BY name", (ring.id,))


def with_policies(
    snapshot: Snapshot, ring: Row, parent: KeyRingName, *, after: str, limit: int
) -> Iterator[tuple[int, CryptoKey, str]]:
    """Yields (row id, key, policy as it is stored) of keys as `page` does."""
    found = snapshot.connection.all(_PAGE, (ring.id, "", prefix_end(""), after, limit))
    for row_id, columns, name, primary in _checked(snapshot, ring, parent, found, prefix="", after=after):
        yield row_id, listed(columns, name, primary), columns[14]


def outlines(snapshot: Snapshot, ring: Row, *, prefix: str, after: str, limit: int) -> list[CryptoKeyOutline]:
    """Returns outlines of keys as `page` would have them, without their tags being checked."""
    found = snapshot.connection.all(_OUTLINES, (ring.id, prefix, prefix_end(prefix), after, limit))
    return [_outline(raw, snapshot.now) for raw in found]


def named(snapshot: Snapshot, ring: Row, parent: KeyRingName, names: Sequence[str]) -> Iterator[CryptoKey]:
    """Yields the keys with these names, which are in order."""
    after = ""
    for start in range(0, len(names), _AT_ONCE):
        some = names[start : start + _AT_ONCE]
        query = f"{_WHOLE} AND k.name IN ({', '.join('?' * len(some))}) ORDER BY k.name"
        found = snapshot.connection.all(query, (ring.id, *some))
        yield from _resources(snapshot, ring, parent, found, prefix="", after=after)
        after = some[-1]


def _outline(raw: Sequence[Value], now: int) -> CryptoKeyOutline:
    name, purpose, written, state, destroy_time, level = raw
    shown = None
    if isinstance(state, int) and state in states.STATE_NAMES:
        due = destroy_time if isinstance(destroy_time, int) else None
        shown = versions.effective_state(state, due, level if isinstance(level, int) else 0, now)
    return CryptoKeyOutline(
        str(name),
        _PURPOSES.get(purpose, "") if isinstance(purpose, int) else "",
        labels.decode(written) if written and isinstance(written, str) else {},
        shown,
    )


def _resources(
    snapshot: Snapshot,
    ring: Row,
    parent: KeyRingName,
    found: Sequence[Sequence[Value]],
    *,
    prefix: str,
    after: str,
) -> Iterator[CryptoKey]:
    for _, columns, name, primary in _checked(snapshot, ring, parent, found, prefix=prefix, after=after):
        yield listed(columns, name, primary)


def _checked(
    snapshot: Snapshot,
    ring: Row,
    parent: KeyRingName,
    found: Sequence[Sequence[Value]],
    *,
    prefix: str,
    after: str,
) -> Iterator[tuple[int, Columns, CryptoKeyName, CryptoKeyVersion | None]]:
    """Checks the tags of keys and of their primary versions, and that they are what was asked for."""
    label = f"A key of KeyRing {parent}"
    doubted = not _all_fit(snapshot, found)
    for raw in found:
        if doubted:
            snapshot.check(CRYPTO_KEYS, raw[:_WIDTH], label)
        columns: Columns = raw[3:_WIDTH]  # type: ignore[assignment]  # the tag vouches for the types
        if columns[0] != ring.id or not follows(columns[1], prefix, after):
            raise index_damage(CRYPTO_KEYS, label)
        after = columns[1]
        name = CryptoKeyName(parent, after)
        primary = None
        number = raw[_PRIMARY_VERSION]
        if number is not None:
            version = name.version(number)  # type: ignore[arg-type]  # as above
            primary = _listed_primary(snapshot, version, raw[0], raw[_WIDTH:], doubted=doubted)
        yield raw[0], columns, name, primary  # type: ignore[misc]  # as above


def _all_fit(snapshot: Snapshot, found: Sequence[Sequence[Value]]) -> bool:
    """Tells whether the tags of all these keys, and of the primary versions found beside them, are right."""
    if not found:
        return True
    columns = list(zip(*found, strict=True))
    if not all_fit(snapshot.keys, CRYPTO_KEYS, columns[:_WIDTH]):
        return False
    if None in columns[_WIDTH]:
        columns = list(zip(*[raw for raw in found if raw[_WIDTH] is not None], strict=True))
    return not columns or all_fit(snapshot.keys, CRYPTO_KEY_VERSIONS, columns[_WIDTH:])


def _listed_primary(
    snapshot: Snapshot, name: CryptoKeyVersionName, key: Value, raw: Sequence[Value], *, doubted: bool
) -> CryptoKeyVersion:
    """Checks that what was found as the primary version of a key is."""
    if raw[0] is None:
        raise versions.missing(_primary_label(name))
    if doubted:
        snapshot.check(CRYPTO_KEY_VERSIONS, raw, _primary_label(name))
    if raw[3] != key or raw[4] != name.number:
        raise index_damage(CRYPTO_KEY_VERSIONS, _primary_label(name))
    return versions.listed(raw[3:], name, snapshot.now)  # type: ignore[arg-type]  # as above


def _primary_label(name: CryptoKeyVersionName) -> str:
    return f"The primary version of CryptoKey {name.parent}"


def primary_of(snapshot: Snapshot, row: Row, name: CryptoKeyName) -> Row | None:
    number = row.optional_integer("primary_version")
    return None if number is None else versions.find(snapshot, row, name.version(number))


def resource(row: Row, name: CryptoKeyName, primary: Row | None, now: int) -> CryptoKey:
    """Returns the key as the API shows it; `primary` is the row of its primary version."""
    shown = None
    if primary is not None:
        shown = versions.resource(primary, name.version(primary.integer("number")), now)
    return listed(row.listed(), name, shown)  # type: ignore[arg-type]  # its tag vouches for the types


def listed(columns: Columns, name: CryptoKeyName, primary: CryptoKeyVersion | None) -> CryptoKey:
    """Returns the key whose row has these columns."""
    _, _, purpose, algorithm, level, created, destroy, import_only, written, *_ = columns
    period, following, reasons, kept = columns[9], columns[10], columns[13], columns[15]
    key = CryptoKey(  # by position: by name it takes three times as long, and lists are long
        name,
        algorithms.purpose_by_number(purpose).enum,
        algorithms.by_number(algorithm).enum,
        PROTECTION_LEVELS[level],
        created,
        destroy,
        labels.decode(written) if written else {},
        primary,
        period,
        following,
        None if reasons is None else tuple(reasons.split()),
    )
    key.import_only, key.not_exportable = bool(import_only), bool(kept)
    return key


def encode_reasons(reasons: Sequence[str] | None) -> str | None:
    """Returns access reasons as they are at rest; none at all is another thing than no policy."""
    return None if reasons is None else " ".join(reasons)


def with_work(snapshot: Snapshot, location: str) -> Iterator[tuple[Row, CryptoKeyName]]:
    """Yields (row, name) of each key that has a rotation due or versions that are unfinished."""
    condition = (
        "id IN (SELECT id FROM crypto_keys WHERE next_rotation_time <= ? "
        "UNION SELECT key FROM crypto_key_versions WHERE state IN (4, 5, 6)) ORDER BY id"
    )
    rings: dict[int, KeyRingName] = {}
    for row in list(snapshot.scan(CRYPTO_KEYS, condition, (snapshot.now,))):
        ring = row.integer("ring")
        if ring not in rings:
            rings[ring] = name_by_id(snapshot, ring, location)
        yield row, CryptoKeyName(rings[ring], row.text("name"))
