from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kmsctl.errors import IntegrityError, InvalidArgument, KmsError
from kmsctl.model.names import CryptoKeyName, KeyRingName
from kmsctl.service import defaults, keyrings, keys, versions
from kmsctl.store import keys as key_rows
from kmsctl.store import rings as ring_rows
from tests.unit.service.world import KEY, OWNER, PROJECT, RING, World, spec

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

ID = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
#: At both ends of the alphabet, and at the limits of lengths.
NAMES = sorted(
    {"-", "_", "0", "A", "Z", "a", "z", "z" * 63, "-" * 63, "a-", "a_", "a0", "aA", "az", "zz", "Aa", "b"}
)


def add_keys(world: World, names: Iterable[str]) -> None:
    """Adds keys without versions, all in one transaction."""
    with world.database().write() as transaction:
        ring = ring_rows.find(transaction, RING)
        assert ring is not None
        for name in names:
            key_rows.insert(transaction, ring, CryptoKeyName(RING, name), spec(), defaults.DAY)


def add_rings(world: World, names: Iterable[str]) -> None:
    with world.database().write() as transaction:
        for name in names:
            ring_rows.insert(transaction, KeyRingName(RING.parent, name))


@pytest.fixture
def filled(world: World) -> World:
    world.kms.create_key_ring(OWNER, RING)
    add_keys(world, NAMES)
    add_rings(world, NAMES)
    return world


def key_names(world: World, **more: Any) -> list[str]:
    return [key.name.crypto_key for key in world.kms.list_crypto_keys(OWNER, RING, **more)]


def ring_names(world: World, **more: Any) -> list[str]:
    return [ring.name.key_ring for ring in world.kms.list_key_rings(OWNER, RING.parent, **more)]


PREFIXES = [
    "",
    "-",
    "_",
    "0",
    "A",
    "Z",
    "a",
    "z",
    "zz",
    "z" * 63,
    "z" * 64,
    "a-",
    "y",
    "~",
    "%",
    "a%",
    "é",
    "\0",
    " ",
]


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("page", [1, 2, 3, 1000])
def test_lists_are_in_name_order_page_by_page(
    filled: World, monkeypatch: pytest.MonkeyPatch, prefix: str, page: int
) -> None:
    monkeypatch.setattr(keys, "PAGE_SIZE", page)
    monkeypatch.setattr(keyrings, "PAGE_SIZE", page)
    expected = [name for name in NAMES if name.startswith(prefix)]
    assert key_names(filled, prefix=prefix) == expected
    assert ring_names(filled, prefix=prefix) == sorted(
        expected + (["ring"] if "ring".startswith(prefix) else [])
    )
    for limit in (0, 1, 2, len(expected), len(expected) + 1, 10**6):
        assert key_names(filled, prefix=prefix, limit=limit) == expected[:limit]


@given(st.text(ID, max_size=4), st.none() | st.integers(-1, 20), st.integers(1, 5))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_prefix_limit_and_page(filled: World, prefix: str, limit: int | None, page: int) -> None:
    expected = [name for name in NAMES if name.startswith(prefix)]
    if limit is not None:
        expected = expected[: max(limit, 0)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys, "PAGE_SIZE", page)
        assert key_names(filled, prefix=prefix, limit=limit) == expected


def test_a_prefix_that_is_no_text_is_the_callers_mistake(filled: World) -> None:
    for names in (key_names, ring_names):
        with pytest.raises(InvalidArgument):
            names(filled, prefix="\ud800")


def test_more_than_a_page_of_keys(world: World) -> None:
    world.kms.create_key_ring(OWNER, RING)
    names = [f"k{number:04}" for number in range(2 * defaults.PAGE_SIZE + 1)]
    add_keys(world, reversed(names))
    assert key_names(world) == names
    assert key_names(world, limit=defaults.PAGE_SIZE) == names[:1000]
    assert key_names(world, limit=defaults.PAGE_SIZE + 1) == names[:1001]
    assert key_names(world, prefix="k1", limit=1) == ["k1000"]
    assert world.verify() == []


def test_more_than_a_page_of_versions(keyed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "PAGE_SIZE", 3)
    for _ in range(9):
        keyed.kms.create_crypto_key_version(OWNER, KEY)
    found = [version.name.number for version in keyed.kms.list_crypto_key_versions(OWNER, KEY)]
    assert found == list(range(1, 11))
    for limit in (0, 1, 3, 4, 9, 10, 11):
        listed = keyed.kms.list_crypto_key_versions(OWNER, KEY, limit=limit)
        assert [version.name.number for version in listed] == found[:limit]


def test_a_list_goes_on_where_it_was_while_others_write(
    filled: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "PAGE_SIZE", 2)
    listing: Iterator[Any] = filled.kms.list_crypto_keys(OWNER, RING)
    seen = [next(listing).name.crypto_key]
    add_keys(filled, ["---", "zzz"])  # before what was seen, and behind
    seen += [key.name.crypto_key for key in listing]
    assert seen == sorted([*NAMES, "zzz"])


def test_a_list_that_is_left_half_read_holds_nothing(filled: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "PAGE_SIZE", 2)
    listing = filled.kms.list_crypto_keys(OWNER, RING)
    next(listing)
    assert filled.database().purge([])  # no snapshot is open
    filled.kms.create_crypto_key(OWNER, KEY, spec())


def test_keys_are_listed_with_their_primaries(keyed: World) -> None:
    keyed.kms.create_crypto_key_version(OWNER, KEY)
    keyed.kms.update_crypto_key_primary_version(OWNER, KEY, 2)
    keyed.kms.update_crypto_key_version(OWNER, KEY.version(2), "DISABLED")
    add_keys(keyed, ["bare"])
    bare, key = keyed.kms.list_crypto_keys(OWNER, RING)
    assert bare.primary is None
    assert key.primary is not None
    assert (key.primary.name, key.primary.state) == (KEY.version(2), "DISABLED")


def test_lists_do_not_mix_rings_or_projects(filled: World) -> None:
    other = KeyRingName(RING.parent, "other")
    filled.kms.create_key_ring(OWNER, other)
    assert list(filled.kms.list_crypto_keys(OWNER, other)) == []
    theirs = KeyRingName(type(RING.parent)("other", RING.location), "ring")
    filled.kms.create_key_ring(OWNER, theirs)
    assert [ring.name for ring in filled.kms.list_key_rings(OWNER, theirs.parent)] == [theirs]
    assert PROJECT not in str(theirs)


def test_a_location_that_was_never_used_lists_nothing(keyed: World) -> None:
    elsewhere = type(RING.parent)(PROJECT, "global")
    assert list(keyed.kms.list_key_rings(OWNER, elsewhere)) == []
    assert not keyed.database_path("global").exists()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE crypto_keys SET labels = 'a=b' WHERE name = 'a'",
        "UPDATE crypto_keys SET primary_version = 7 WHERE name = 'a'",
        "UPDATE crypto_keys SET name = 'c' WHERE name = 'a'",
    ],
)
def test_a_list_stops_at_a_row_that_was_edited(filled: World, statement: str) -> None:
    filled.sql(statement)
    with pytest.raises(IntegrityError, match="A key of KeyRing"):
        key_names(filled)


def test_a_list_in_which_a_primary_version_is_missing_is_refused(keyed: World) -> None:
    keyed.sql("DELETE FROM crypto_key_versions")
    with pytest.raises(IntegrityError, match=r"The primary version of CryptoKey .*key is missing"):
        key_names(keyed)


def test_a_list_in_which_a_version_is_missing_is_refused(keyed: World) -> None:
    for _ in range(3):
        keyed.kms.create_crypto_key_version(OWNER, KEY)
    for number in (4, 1, 2):
        keyed.sql(f"DELETE FROM crypto_key_versions WHERE number = {number}")
        with pytest.raises(IntegrityError, match="is missing"):
            list(keyed.kms.list_crypto_key_versions(OWNER, KEY))
        with pytest.raises(KmsError):
            list(keyed.kms.list_crypto_key_versions(OWNER, KEY, limit=4))


@pytest.mark.parametrize("what", ["keys", "outlines", "rings"])
@pytest.mark.parametrize("prefix", ["", "k"])
def test_a_page_far_behind_takes_no_more_steps_than_the_first(world: World, what: str, prefix: str) -> None:
    world.kms.create_key_ring(OWNER, RING)
    names = [f"k{number:03}" for number in range(300)]
    (add_rings if what == "rings" else add_keys)(world, names)

    def steps(after: str) -> int:
        """Counts the steps of SQLite's machine."""
        count = 0

        def step() -> None:
            nonlocal count
            count += 1

        with world.database().read() as snapshot:
            ring = ring_rows.find(snapshot, RING)
            assert ring is not None
            connection: sqlite3.Connection = snapshot.connection._sqlite
            connection.set_progress_handler(step, 1)
            page: dict[str, Any] = {"prefix": prefix, "after": after, "limit": 5}
            if what == "keys":
                found = [key.name.crypto_key for key in key_rows.page(snapshot, ring, RING, **page)]
            elif what == "outlines":
                found = [key.crypto_key for key in key_rows.outlines(snapshot, ring, **page)]
            else:
                found = [each.name.key_ring for each in ring_rows.page(snapshot, RING.parent, **page)]
            connection.set_progress_handler(None, 1)
        assert found == [name for name in names if name > after][:5]
        return count

    assert steps("k289") < steps("") * 1.5
