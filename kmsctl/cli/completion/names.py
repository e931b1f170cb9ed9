"""Answers a Tab: the names of resources, for the completions of the shells.

``kmsctl --complete-names KIND PREFIX [FLAG=VALUE ...]`` prints the names of a kind that start with a
prefix, one a line: the name, a tab, what it is. The flags are those that say where: ``--location``,
``--keyring``, ``--key``, ``--project`` and ``--configuration``; those that are not given come from the
environment and the properties, as everywhere. Whatever is wrong, the answer is
nothing: a Tab never fails, writes, asks or waits.

This runs for every Tab, so it imports next to nothing. It verifies nothing (see `kmsctl.store.lookup`),
so each name is checked against the grammar of names before it reaches a shell.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kmsctl.cli.session import Session
    from kmsctl.model.names import Name
    from kmsctl.store.lookup import Found, Lookup, SqlValue

    #: (name, what it is)
    Named = tuple[str, str]

#: Names in an answer; shells ask before they show more than a hundred.
LIMIT = 100

_SETTINGS = ("project", "configuration")
_PARTS = ("location", "keyring", "key")
_ID = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_PROJECT = _ID | frozenset(".:")


def main(args: Sequence[str]) -> int:
    """Prints the answer to the arguments after the option; the exit status is always 0."""
    try:
        answer = "".join(f"{name}\t{about}\n" for name, about in find(args))
        # No buffer: there is nothing to flush, and nothing to say, if nobody listens any more.
        os.write(1, answer.encode("ascii"))
    except (Exception, KeyboardInterrupt):  # noqa: BLE001, S110 - a Tab shows names, never errors
        pass
    return 0


def find(args: Sequence[str]) -> list[Named]:
    """Returns the names that the arguments ask for.

    Raises:
        Exception: whatever is wrong, from the arguments to the store.
    """
    from kmsctl.cli.session import Session

    kind, prefix, *flags = args
    values = dict(_flag(flag) for flag in flags)
    session = Session(os.environ)
    session.settings.update((name, values.pop(name)) for name in _SETTINGS if name in values)
    answer, allowed = _kind(kind)
    lead, parent = _split(kind, prefix)
    last = prefix.removeprefix(lead)
    if not allowed.issuperset(last):
        return []
    return [
        (lead + name, about)
        for name, about in answer(session, values, parent, last)
        if name and allowed.issuperset(name) and len(name) <= 100
    ]


def _kind(kind: str) -> tuple[_Answer, frozenset[str]]:
    found = KINDS.get(kind)
    if found is None:
        from kmsctl.cli.completion.identities import KINDS as IDENTITIES

        found = IDENTITIES[kind]
    return found


def _flag(text: str) -> tuple[str, str]:
    name, _, value = text.removeprefix("--").partition("=")
    if name not in (*_SETTINGS, *_PARTS):
        raise ValueError(name)
    return name, value


def _split(kind: str, prefix: str) -> tuple[str, Name | None]:
    """Parts what is before the last part of a full name, and its parent's name, from a prefix."""
    if not prefix.startswith("projects/") or kind not in _COLLECTIONS:
        return "", None
    from kmsctl.model.names import parse

    parent, collection, _ = prefix.rsplit("/", 2)
    if collection != _COLLECTIONS[kind]:
        raise ValueError(prefix)
    return f"{parent}/{collection}/", parse(parent)


def _projects(session: Session, values: dict[str, str], parent: Name | None, prefix: str) -> Iterator[Named]:
    del values, parent
    from kmsctl.store import lookup

    control = lookup.Lookup(lookup.path_of(session.paths.data))
    for (name,) in control.names(lookup.PROJECTS, (), prefix, LIMIT):
        yield _text(name), ""


def _configurations(
    session: Session, values: dict[str, str], parent: Name | None, prefix: str
) -> Iterator[Named]:
    del values, parent
    from kmsctl.cli.configurations import Configurations

    configurations = Configurations(session.paths.config)
    active = configurations.active()
    for name in configurations.names():
        if name.startswith(prefix):
            yield name, "active" if name == active else ""


def _key_rings(session: Session, values: dict[str, str], parent: Name | None, prefix: str) -> Iterator[Named]:
    from kmsctl.cli import resources
    from kmsctl.model.names import LocationName
    from kmsctl.store.lookup import KEY_RINGS

    above = parent or resources.location(session, values, anchor="")
    if isinstance(above, LocationName):
        location = _open(session, above.location)
        for (name,) in location.names(KEY_RINGS, (above.project,), prefix, LIMIT):
            yield _text(name), ""


def _crypto_keys(
    session: Session, values: dict[str, str], parent: Name | None, prefix: str
) -> Iterator[Named]:
    from kmsctl.model.algorithms import purpose_by_number
    from kmsctl.store.lookup import CRYPTO_KEYS

    for _, now, (name, purpose, *primary) in _below_ring(session, values, parent, prefix, CRYPTO_KEYS):
        about = purpose_by_number(_number(purpose)).spelling
        number, state, destroy_time = primary
        if number is not None:
            about += f", version {_number(number)} {_state(state, destroy_time, now)}"
        yield _text(name), about


def _import_jobs(
    session: Session, values: dict[str, str], parent: Name | None, prefix: str
) -> Iterator[Named]:
    from kmsctl.model.import_methods import by_number
    from kmsctl.model.states import ACTIVE, EXPIRED, IMPORT_JOB_STATE_NAMES
    from kmsctl.store.lookup import IMPORT_JOBS

    for _, now, (name, method, number, expires) in _below_ring(session, values, parent, prefix, IMPORT_JOBS):
        state = IMPORT_JOB_STATE_NAMES[_number(number)]
        if state == ACTIVE and _number(expires) <= now:
            state = EXPIRED
        yield _text(name), f"{_words(state)}, {by_number(_number(method)).spelling}"


def _below_ring(
    session: Session, values: dict[str, str], parent: Name | None, prefix: str, query: str
) -> Iterator[tuple[Lookup, int, Found]]:
    from kmsctl.cli import resources
    from kmsctl.model.names import KeyRingName

    ring = parent or resources.key_ring(session, values)
    if isinstance(ring, KeyRingName):
        location = _open(session, ring.location)
        now = location.now(_clock())
        for row in location.names(query, (ring.project, ring.key_ring), prefix, LIMIT):
            yield location, now, row


def _versions(session: Session, values: dict[str, str], parent: Name | None, prefix: str) -> Iterator[Named]:
    from kmsctl.cli import resources
    from kmsctl.model.algorithms import by_number
    from kmsctl.model.names import CryptoKeyName

    key = parent or resources.plain_key(session, values)
    if isinstance(key, CryptoKeyName) and not prefix.startswith("0"):
        location = _open(session, key.location)
        now = location.now(_clock())
        path = (key.project, key.parent.key_ring, key.crypto_key)
        for number, algorithm, state, destroy_time in location.versions(path, prefix, LIMIT):
            about = f"{_state(state, destroy_time, now)}, {by_number(_number(algorithm)).spelling}"
            yield str(_number(number)), about


def _open(session: Session, location: str) -> Lookup:
    from kmsctl.store.lookup import Lookup, path_of

    return Lookup(path_of(session.paths.data, location))


def _clock() -> int:
    import time

    return time.time_ns() // 1000


def _state(number: SqlValue, destroy_time: SqlValue, now: int) -> str:
    """Returns the effective state: a version is destroyed from the moment its destroy time passes."""
    from kmsctl.model.states import DESTROY_SCHEDULED, DESTROYED, STATE_NAMES

    state = STATE_NAMES[_number(number)]
    if state == DESTROY_SCHEDULED and _number(destroy_time) <= now:
        state = DESTROYED
    return _words(state)


def _words(state: str) -> str:
    return state.lower().replace("_", " ")


def _text(value: SqlValue) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _number(value: SqlValue) -> int:
    if not isinstance(value, int):
        raise TypeError(value)
    return value


if TYPE_CHECKING:
    _Answer = Callable[[Session, dict[str, str], Name | None, str], Iterator[Named]]

#: Kind → (what answers, the characters of its names).
KINDS: dict[str, tuple[_Answer, frozenset[str]]] = {
    "configuration": (_configurations, _ID),
    "project": (_projects, _PROJECT),
    "keyring": (_key_rings, _ID),
    "key": (_crypto_keys, _ID),
    "version": (_versions, frozenset("0123456789")),
    "import-job": (_import_jobs, _ID),
}
_COLLECTIONS = {
    "keyring": "keyRings",
    "key": "cryptoKeys",
    "version": "cryptoKeyVersions",
    "import-job": "importJobs",
}
