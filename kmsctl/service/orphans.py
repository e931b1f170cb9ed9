"""What the control database does not know, though others name it: it was lost, or is an older one.

Projects that have key rings and addresses of groups that policies name are nobody's then: whoever made them
anew would be given what was not meant for them.
"""

from __future__ import annotations

from kmsctl.errors import KmsError
from kmsctl.model.members import GROUP
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


def names_group(store: Store, control: Snapshot, address: str) -> bool:
    """Tells whether some policy or group names a group. A location that cannot be read is an error."""
    member = GROUP + address
    if groups.any_with(control, member):
        return True
    if any(policies.any_naming(control, table, member) for table in (PROJECTS, SERVICE_ACCOUNTS)):
        return True
    return any(
        policies.any_naming(snapshot, table, member)
        for snapshot in _locations(store)
        for table in (KEY_RINGS, CRYPTO_KEYS, IMPORT_JOBS)
    )


def _locations(store: Store) -> Iterator[Snapshot]:
    for name in store.names():
        database = None if name == CONTROL else store.find(name)
        if database is not None:
            with database.read() as snapshot:
                yield snapshot
