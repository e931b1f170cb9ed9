"""What the control database does not know, though others name it: it was lost, or is an older one.

Projects that have key rings and addresses of groups that policies name are nobody's then: whoever made them
anew would be given what was not meant for them.
"""

from __future__ import annotations

from kmsctl.errors import KmsError
from kmsctl.store import groups, policies, rings
from kmsctl.store.store import CONTROL
from kmsctl.store.tables import CRYPTO_KEYS, IMPORT_JOBS, KEY_RINGS, PROJECTS, SERVICE_ACCOUNTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from kmsctl.store.snapshot import Snapshot
    from kmsctl.store.store import Store


def has_key_rings(store: Store, project: str) -> bool:
    """Tells whether a project has key rings in some location. One that cannot be read is an error."""
    return any(rings.any_of(snapshot, project) for snapshot in _locations(store))


def projects_with_key_rings(store: Store) -> list[str]:
    """Returns the projects that have key rings in locations that can be read; those in others stay closed."""
    found: set[str] = set()
    for name in store.names():
        try:
            database = None if name == CONTROL else store.find(name)
            if database is not None:
                with database.read() as snapshot:
                    found |= rings.projects(snapshot)
        except KmsError:
            continue
    return sorted(found)


def groups_named(store: Store, control: Snapshot) -> set[str]:
    """Returns the groups, as members, that policies and groups name.

    A location that cannot be read is an error.
    """
    found = groups.groups_within(control)
    for table in (PROJECTS, SERVICE_ACCOUNTS):
        found |= policies.groups_named(control, table)
    for snapshot in _locations(store):
        for table in (KEY_RINGS, CRYPTO_KEYS, IMPORT_JOBS):
            found |= policies.groups_named(snapshot, table)
    return found


def _locations(store: Store) -> Iterator[Snapshot]:
    for name in store.names():
        database = None if name == CONTROL else store.find(name)
        if database is not None:
            with database.read() as snapshot:
                yield snapshot
