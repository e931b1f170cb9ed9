"""Answers a Tab about who and what: members, roles, permissions, service accounts, groups.

As in `kmsctl.cli.completion.names`, nothing is verified, and nothing reaches a shell but names whose
characters are known to be harmless. What people wrote (display names, titles) is not shown.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kmsctl.cli.completion.names import Named, _Answer
    from kmsctl.cli.session import Session
    from kmsctl.model.names import Name
    from kmsctl.store.lookup import Lookup

    Values = dict[str, str]

_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")
_ADDRESS = _WORD | frozenset("@+")
_MEMBER = _ADDRESS | frozenset(":")
_ROLE = _WORD | frozenset("/:")
_EVERYBODY = ("allAuthenticatedUsers", "allUsers")


def _control(session: Session) -> Lookup | None:
    """Opens control.db; where there is none, what needs no store is answered all the same."""
    from kmsctl.store.lookup import Lookup, path_of

    try:
        return Lookup(path_of(session.paths.data))
    except FileNotFoundError:
        return None


def _names(session: Session, query: str, prefix: str) -> list[str]:
    from kmsctl.cli.completion.names import LIMIT

    control = _control(session)
    found = [] if control is None else control.names(query, (session.project,), prefix, LIMIT)
    return [str(name) for (name, *_) in found]


def _service_accounts(session: Session, values: Values, parent: Name | None, prefix: str) -> Iterator[Named]:
    del values, parent
    from kmsctl.store.lookup import SERVICE_ACCOUNTS

    return _named(_names(session, SERVICE_ACCOUNTS, prefix))


def _groups(session: Session, values: Values, parent: Name | None, prefix: str) -> Iterator[Named]:
    del values, parent
    from kmsctl.store.lookup import GROUPS

    return _named(_names(session, GROUPS, prefix))


def _members(session: Session, values: Values, parent: Name | None, prefix: str) -> Iterator[Named]:
    """Yields whoever the project's policy names, its groups and service accounts, and who asks."""
    del values, parent
    from kmsctl.store.lookup import GROUPS, SERVICE_ACCOUNTS

    control = _control(session)
    policy = "" if control is None else control.policy(session.project)
    bound = [line.split()[2:] for line in policy.splitlines() if line.startswith("bind ")]
    known = {member.partition("?")[0] for members in bound for member in members}
    known |= {f"group:{name}" for name in _names(session, GROUPS, "")}
    known |= {f"serviceAccount:{name}" for name in _names(session, SERVICE_ACCOUNTS, "")}
    known.update(_EVERYBODY)
    if not session.account.endswith(".iam.gserviceaccount.com"):
        known.add(f"user:{session.account}")
    return _named(name for name in sorted(known) if name.startswith(prefix))


def _custom_roles(session: Session, values: Values, parent: Name | None, prefix: str) -> Iterator[Named]:
    del values, parent
    from kmsctl.store.lookup import CUSTOM_ROLES

    return _named(_names(session, CUSTOM_ROLES, prefix))


def _roles(session: Session, values: Values, parent: Name | None, prefix: str) -> Iterator[Named]:
    """Yields Google's roles with their titles, and those of the project by their full names."""
    del values, parent
    from kmsctl.model.grants import all_roles
    from kmsctl.store.lookup import CUSTOM_ROLES

    lead = f"projects/{session.project}/roles/"
    yield from _named(
        lead + name for name in _names(session, CUSTOM_ROLES, "") if (lead + name).startswith(prefix)
    )
    for role in all_roles():
        if role.id.startswith(prefix):
            yield role.id, role.title


def _permissions(session: Session, values: Values, parent: Name | None, prefix: str) -> Iterator[Named]:
    del session, values, parent
    from kmsctl.model.grants import known_permissions

    return _named(name for name in sorted(known_permissions()) if name.startswith(prefix))


def _services(session: Session, values: Values, parent: Name | None, prefix: str) -> Iterator[Named]:
    del session, values, parent
    from kmsctl.model.service_agents import SERVICES, display_name

    return ((name, display_name(name)) for name in SERVICES if name.startswith(prefix))


def _named(names: Iterable[str]) -> Iterator[Named]:
    return ((name, "") for name in names)


#: Kind → (what answers, the characters of its names).
KINDS: dict[str, tuple[_Answer, frozenset[str]]] = {
    "custom-role": (_custom_roles, _WORD),
    "group": (_groups, _ADDRESS),
    "member": (_members, _MEMBER),
    "permission": (_permissions, _WORD),
    "role": (_roles, _ROLE),
    "service": (_services, _WORD),
    "service-account": (_service_accounts, _ADDRESS),
}
