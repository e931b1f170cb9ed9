"""Key rings."""

from __future__ import annotations

from kmsctl.errors import IntegrityError
from kmsctl.model.names import KeyRingName, LocationName
from kmsctl.model.resources import KeyRing
from kmsctl.store import labels
from kmsctl.store.snapshot import index_damage
from kmsctl.store.tables import KEY_RINGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kmsctl.model.canonical import Value
    from kmsctl.store.snapshot import Snapshot, Transaction
    from kmsctl.store.tables import Row


def find(snapshot: Snapshot, name: KeyRingName) -> Row | None:
    return snapshot.find(KEY_RINGS, f"KeyRing {name}", project=name.project, name=name.key_ring)


def insert(transaction: Transaction, name: KeyRingName, tags: Mapping[str, str] | None = None) -> Row:
    values: dict[str, Value] = {
        "project": name.project,
        "name": name.key_ring,
        "create_time": transaction.now,
        "tags": labels.encode(tags or {}),
        "policy": "",
    }
    return transaction.insert(KEY_RINGS, values)


def page(
    snapshot: Snapshot, parent: LocationName, *, prefix: str, after: str, limit: int
) -> Iterator[KeyRing]:
    """Yields up to `limit` rings in name order, whose names start with `prefix` and follow `after`."""
    for row in rows(snapshot, parent, prefix=prefix, after=after, limit=limit):
        yield resource(row, KeyRingName(parent, row.text("name")))


def rows(
    snapshot: Snapshot, parent: LocationName, *, prefix: str = "", after: str = "", limit: int
) -> list[Row]:
    """Returns the rows of rings as `page` yields them."""
    condition = "project = ? AND name >= ? AND name < ? AND name > ? ORDER BY name LIMIT ?"
    parameters = (parent.project, prefix, prefix_end(prefix), after, limit)
    found = snapshot.scan(KEY_RINGS, condition, parameters)
    for row in found:
        name = row.text("name")
        if row.text("project") != parent.project or not follows(name, prefix, after):
            raise index_damage(KEY_RINGS, f"A key ring of {parent}")
        after = name
    return found


def any_of(snapshot: Snapshot, project: str) -> bool:
    """Tells whether a project has key rings here."""
    return bool(snapshot.scan(KEY_RINGS, "project = ? LIMIT 1", (project,)))


def projects(snapshot: Snapshot) -> set[str]:
    """Returns the projects that have key rings here."""
    return {row.text("project") for row in snapshot.scan(KEY_RINGS, "true", ())}


def name_by_id(snapshot: Snapshot, ring: int, location: str) -> KeyRingName:
    """Returns the name of the ring with a row id."""
    row = snapshot.find(KEY_RINGS, f"Key ring {ring} of {location}", id=ring)
    if row is None:
        raise IntegrityError(f"Key ring {ring} of '{location}' is missing.")
    return KeyRingName(LocationName(row.text("project"), location), row.text("name"))


def resource(row: Row, name: KeyRingName) -> KeyRing:
    return KeyRing(name, row.integer("create_time"), tags_of(row) if row.values["tags"] else None)


def tags_of(row: Row) -> dict[str, str]:
    """Returns the tags of a ring: namespaced key (``PROJECT/NAME``) → value."""
    return labels.decode(row.text("tags"))


def follows(name: str, prefix: str, after: str) -> bool:
    """Tells whether a name belongs on a page where the index has it: a list must not run in circles."""
    return name > after and name.startswith(prefix)


def prefix_end(prefix: str) -> str:
    """Returns a text above all names that start with `prefix`: ids are ASCII, so ``~`` is above them."""
    return prefix + "~"
