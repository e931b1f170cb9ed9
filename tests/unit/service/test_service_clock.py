"""Clocks that stand behind, that jump ahead, and that come back."""

from __future__ import annotations

import pytest

from kmsctl.errors import FailedPrecondition, NotFound
from kmsctl.model.names import CryptoKeyName
from kmsctl.store.snapshot import CLOCK_JUMP, CLOCK_TOLERANCE
from tests.unit.service.world import DAY, HOUR, KEY, MINUTE, OWNER, RING, SECOND, START, World, acts, spec

VERSION = KEY.version(1)


def asked(world: World, answer: bool) -> list[str]:
    """Maintains and returns the questions."""
    questions: list[str] = []

    def confirm(question: str) -> bool:
        questions.append(question)
        return answer

    world.kms.maintain_store(OWNER, confirm_clock=confirm)
    return questions


def material(world: World, number: int = 1) -> bool:
    """Tells whether the store still has the material of a version."""
    sql = "SELECT material FROM crypto_key_versions WHERE key = 1 AND number = ?"
    return world.sql(sql, parameters=(number,)) != [(None,)]


# Behind


@pytest.mark.parametrize("behind", [1, SECOND, CLOCK_TOLERANCE])
def test_a_clock_that_is_a_little_behind_is_taken_for_the_last_time(keyed: World, behind: int) -> None:
    keyed.clock.now = START - behind
    added = keyed.kms.create_crypto_key_version(OWNER, KEY)
    assert added.create_time == START
    assert keyed.records()[-1]["timestamp"] == "2030-01-01T00:00:00Z"


@pytest.mark.parametrize("behind", [CLOCK_TOLERANCE + 1, HOUR, 365 * DAY])
def test_a_clock_that_is_far_behind_refuses_changes_and_reads_go_on(keyed: World, behind: int) -> None:
    ciphertext = keyed.encrypt()
    before = keyed.generation(), len(keyed.records())
    keyed.clock.now = START - behind
    for act in acts(
        lambda: keyed.kms.create_crypto_key_version(OWNER, KEY),
        lambda: keyed.kms.create_crypto_key(OWNER, CryptoKeyName(RING, "other"), spec()),
        lambda: keyed.kms.update_crypto_key(OWNER, KEY, {"labels": {"a": "b"}}),
        lambda: keyed.kms.update_crypto_key_version(OWNER, VERSION, "DISABLED"),
        lambda: keyed.kms.destroy_crypto_key_version(OWNER, VERSION),
    ):
        with pytest.raises(
            FailedPrecondition, match="but the store was last changed at 2030-01-01T00:00:00Z"
        ):
            act()
    assert keyed.decrypt(ciphertext) == b"text"
    assert keyed.decrypt(keyed.encrypt()) == b"text"
    assert keyed.kms.get_crypto_key(OWNER, KEY).name == KEY
    assert len(list(keyed.kms.list_crypto_keys(OWNER, RING))) == 1
    assert keyed.verify() == []
    assert (keyed.generation(), len(keyed.records())) == before


def test_states_do_not_go_back_with_the_clock(keyed: World) -> None:
    keyed.kms.destroy_crypto_key_version(OWNER, VERSION)
    keyed.clock.now += DAY
    assert keyed.state() == "DESTROYED"
    keyed.clock.now = START
    assert keyed.state() == "DESTROYED"
    with pytest.raises(FailedPrecondition, match="current state is: DESTROYED"):
        keyed.encrypt(VERSION)


def test_nothing_that_is_due_is_done_by_a_clock_that_is_wrong(keyed: World) -> None:
    schedule = {"rotation_period": DAY, "next_rotation_time": START + HOUR}
    keyed.kms.update_crypto_key(OWNER, KEY, schedule)
    keyed.clock.now = START + 2 * HOUR
    keyed.kms.create_key_ring(OWNER, type(RING)(RING.parent, "later"))  # records the time, settles nothing
    keyed.clock.now = START
    key = keyed.kms.get_crypto_key(OWNER, KEY)
    assert key.primary is not None
    assert key.primary.name == VERSION  # the rotation is due, and waits
    assert keyed.encrypt()
    keyed.clock.now = START + 2 * HOUR
    key = keyed.kms.get_crypto_key(OWNER, KEY)
    assert key.primary is not None
    assert key.primary.name == KEY.version(2)


def test_maintain_asks_before_it_goes_on_from_an_earlier_time(keyed: World) -> None:
    keyed.clock.now = START - DAY
    questions = asked(keyed, answer=False)
    text = "was last changed at 2030-01-01T00:00:00Z, but the clock says 2029-12-31T00:00:00Z. Go on"
    assert [question for question in questions if text in question] == questions
    assert [question.split("'")[1] for question in questions] == ["control", "us-east1"]
    with pytest.raises(FailedPrecondition):
        keyed.kms.create_crypto_key_version(OWNER, KEY)
    asked(keyed, answer=True)
    assert keyed.kms.create_crypto_key_version(OWNER, KEY).create_time == START - DAY
    assert asked(keyed, answer=False) == []
    assert keyed.verify() == []


def test_a_purge_that_waits_does_not_stop_maintenance_by_a_clock_that_is_behind(keyed: World) -> None:
    keyed.kms.destroy_crypto_key_version(OWNER, VERSION)
    keyed.clock.now += DAY
    with keyed.database().read() as snapshot:
        snapshot.connection.all("SELECT * FROM head")
        assert keyed.state() == "DESTROYED"
    keyed.clock.now = START - DAY
    report = keyed.maintain(confirm=False)
    assert len(report.left) == 3  # two clocks that were not confirmed, and the purge
    assert keyed.maintain(confirm=True).purged == 1
    assert keyed.verify() == []


# Ahead


def test_a_jump_ahead_changes_states_but_keeps_material_until_it_is_confirmed(keyed: World) -> None:
    ciphertext = keyed.encrypt()
    keyed.kms.destroy_crypto_key_version(OWNER, VERSION)
    keyed.clock.now = START + CLOCK_JUMP + 1
    assert keyed.state() == "DESTROYED"
    for act in acts(lambda: keyed.decrypt(ciphertext), lambda: keyed.encrypt(VERSION)):
        with pytest.raises(FailedPrecondition, match="current state is: DESTROYED"):
            act()
    with pytest.raises(FailedPrecondition, match="has value DESTROYED"):
        keyed.kms.restore_crypto_key_version(OWNER, VERSION)
    assert [one.state for one in keyed.kms.list_crypto_key_versions(OWNER, KEY)] == ["DESTROYED"]
    assert material(keyed)
    assert keyed.kinds() == {"PURGE_PENDING"}
    keyed.kms.create_crypto_key_version(OWNER, KEY)
    assert material(keyed)

    report = keyed.maintain(confirm=False)
    assert report.destroyed == []
    assert report.left == ["us-east1: the clock was not confirmed, so nothing was destroyed."]
    assert material(keyed)

    report = keyed.maintain(confirm=True)
    assert report.destroyed == [str(VERSION)]
    assert report.purged == 1
    assert not material(keyed)
    assert keyed.verify() == []


def test_the_question_says_what_is_at_stake(keyed: World) -> None:
    keyed.kms.destroy_crypto_key_version(OWNER, VERSION)
    keyed.clock.now = START + 30 * DAY
    assert asked(keyed, answer=False) == [
        (
            "In 'us-east1' 1 version(s) are to be destroyed for good by the clock, which says "
            "2030-01-31T00:00:00Z; the last time that was believed is 2030-01-01T00:00:00Z. "
            "Is the clock right?"
        )
    ]


def test_a_jump_back_brings_a_version_back_that_was_not_destroyed_for_good(keyed: World) -> None:
    ciphertext = keyed.encrypt()
    keyed.kms.destroy_crypto_key_version(OWNER, VERSION)
    keyed.clock.now = START + 365 * DAY
    assert keyed.state() == "DESTROYED"
    keyed.kms.create_crypto_key_version(OWNER, KEY)  # which records the wrong time
    keyed.clock.now = START + HOUR
    assert keyed.state() == "DESTROYED"
    with pytest.raises(FailedPrecondition, match="the store was last changed at 2031-01-01"):
        keyed.kms.restore_crypto_key_version(OWNER, VERSION)
    keyed.maintain(confirm=True)
    assert keyed.state() == "DESTROY_SCHEDULED"
    keyed.kms.restore_crypto_key_version(OWNER, VERSION)
    keyed.kms.update_crypto_key_version(OWNER, VERSION, "ENABLED")
    assert keyed.decrypt(ciphertext) == b"text"
    assert keyed.verify() == []


def test_a_clock_that_was_ahead_for_reads_only_leaves_no_trace(keyed: World) -> None:
    keyed.kms.destroy_crypto_key_version(OWNER, VERSION)
    keyed.clock.now = START + 365 * DAY
    assert keyed.state() == "DESTROYED"
    assert keyed.verify() != []
    keyed.clock.now = START + HOUR
    assert keyed.state() == "DESTROY_SCHEDULED"
    keyed.kms.restore_crypto_key_version(OWNER, VERSION)
    assert keyed.verify() == []


def test_the_record_of_a_failed_change_has_a_time_that_nothing_after_it_goes_behind(keyed: World) -> None:
    keyed.clock.now = START + 365 * DAY
    with pytest.raises(NotFound):
        keyed.kms.destroy_crypto_key_version(OWNER, KEY.version(6))
    assert keyed.records()[-1]["timestamp"] == "2031-01-01T00:00:00Z"
    keyed.clock.now = START + HOUR
    with pytest.raises(FailedPrecondition, match="but the store was last changed at 2031-01-01T00:00:00Z"):
        keyed.kms.create_crypto_key_version(OWNER, KEY)
    keyed.maintain(confirm=True)
    assert keyed.kms.create_crypto_key_version(OWNER, KEY).create_time == START + HOUR


@pytest.mark.parametrize("gap", [71 * HOUR, CLOCK_JUMP])
def test_a_long_weekend_is_believed(keyed: World, gap: int) -> None:
    keyed.kms.destroy_crypto_key_version(OWNER, VERSION)
    keyed.clock.now += gap
    keyed.maintain()
    assert not material(keyed)


def test_time_that_passes_in_small_steps_is_believed(keyed: World) -> None:
    keyed.kms.destroy_crypto_key_version(OWNER, VERSION)
    keyed.kms.create_crypto_key(OWNER, CryptoKeyName(RING, "other"), spec())
    for _ in range(40):
        keyed.clock.now += 2 * DAY
        keyed.kms.create_crypto_key_version(OWNER, CryptoKeyName(RING, "other"))
    keyed.maintain()
    assert not material(keyed)


def test_once_confirmed_the_clock_is_believed_again(keyed: World) -> None:
    keyed.kms.destroy_crypto_key_version(OWNER, VERSION)
    keyed.clock.now += 10 * DAY
    keyed.maintain(confirm=True)
    second = keyed.kms.create_crypto_key_version(OWNER, KEY).name
    keyed.kms.destroy_crypto_key_version(OWNER, second)
    keyed.clock.now += DAY
    keyed.maintain()
    assert not material(keyed, 2)


@pytest.mark.parametrize("now", [-1, -(2**62), 2**62, 260_000_000_000_000_000])
def test_a_clock_that_cannot_be_changes_nothing(keyed: World, now: int) -> None:
    ciphertext = keyed.encrypt()
    keyed.clock.now = now
    for act in acts(
        lambda: keyed.kms.create_crypto_key_version(OWNER, KEY),
        lambda: keyed.kms.destroy_crypto_key_version(OWNER, VERSION),
    ):
        with pytest.raises(FailedPrecondition):
            act()
    assert keyed.decrypt(ciphertext) == b"text"
    keyed.clock.now = START + MINUTE
    assert keyed.verify() == []
    assert keyed.state() == "ENABLED"
