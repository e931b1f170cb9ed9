from __future__ import annotations

import json
import os
import select
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keyring.backend
import pytest

from kmsctl.errors import (
    AlreadyExists,
    FailedPrecondition,
    IntegrityError,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    StoreLocked,
    Unimplemented,
)
from kmsctl.keystore import agent, protectors
from tests.unit.service.protection import (
    PASSPHRASE,
    Answers,
    Wanted,
    add_command,
    add_passphrase,
    make_cheap,
    nothing,
    opened_by,
    remove,
    secrets_of,
)
from tests.unit.service.test_service_planted_bytes import files, spellings
from tests.unit.service.world import OWNER, PLACE, RING, STRANGER, World

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    make_cheap(monkeypatch)


def numbers(world: World) -> list[tuple[int, str]]:
    found, problem = world.kms.list_protectors(OWNER)
    assert problem is None
    return [(each.number, each.type) for each in found]


def opens(world: World, answers: Answers | None = None) -> bool:
    """Tells whether another command opens the store."""
    kms = opened_by(world, answers)
    try:
        return len(list(kms.list_key_rings(OWNER, RING.parent))) == 1
    except StoreLocked:
        return False
    finally:
        kms.close()


def only(world: World) -> None:
    """Leaves no other protector than those in slots."""
    remove(world, 0)
    world.reopen()


def test_several_are_enrolled_at_once_and_the_last_one_stays(keyed: World) -> None:
    assert numbers(keyed) == [(0, "file")]
    with pytest.raises(FailedPrecondition, match=r"Protector 0 \(file\) is the last one"):
        remove(keyed, 0)
    data = files(keyed.path / "data")
    assert add_passphrase(keyed).number == 1
    assert add_passphrase(keyed, b"another passphrase").number == 2
    assert numbers(keyed) == [(0, "file"), (1, "passphrase"), (2, "passphrase")]
    changed = {name for name, held in files(keyed.path / "data").items() if data.get(name) != held}
    assert all(name.startswith("control.db") for name in changed)  # the records
    remove(keyed, 0)
    assert not (secrets_of(keyed) / "root-key").exists()
    assert not opens(keyed)
    assert opens(keyed, Answers(PASSPHRASE))
    assert opens(keyed, Answers(b"wrong passphrase", b"another passphrase"))
    remove(keyed, 1)
    with pytest.raises(FailedPrecondition, match=r"Protector 2 \(passphrase\) is the last one"):
        remove(keyed, 2)
    keyed.kms.add_protector(OWNER, "file", Wanted(), Answers(), nothing)
    assert opens(keyed)
    remove(keyed, 2)
    assert add_passphrase(keyed).number == 3  # a number is never used again
    with pytest.raises(NotFound, match="no protector 2"):
        remove(keyed, 2)
    with pytest.raises(AlreadyExists, match="has its file already"):
        keyed.kms.add_protector(OWNER, "file", Wanted(), Answers(), nothing)
    assert keyed.verify() == []


def test_changes_are_recorded_and_the_owners(keyed: World) -> None:
    add_passphrase(keyed)
    remove(keyed, 1)
    found = [
        (record["protoPayload"]["methodName"], record["protoPayload"]["request"])
        for record in keyed.records("control")
    ]
    assert found[-2:] == [
        ("AddProtector", {"type": "passphrase"}),
        ("RemoveProtector", {"protector": "1", "type": "passphrase"}),
    ]
    for act in (
        lambda: keyed.kms.add_protector(STRANGER, "file", Wanted(), Answers(), nothing),
        lambda: keyed.kms.remove_protector(STRANGER, 0, nothing),
        lambda: keyed.kms.list_protectors(STRANGER),
        lambda: keyed.kms.rotate_master_key(STRANGER, PLACE),
        lambda: keyed.kms.rotate_root_key(STRANGER, Answers()),
    ):
        with pytest.raises(PermissionDenied):
            act()


def test_removal_asks_first(keyed: World) -> None:
    add_passphrase(keyed)

    def no(gone: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        keyed.kms.remove_protector(OWNER, 0, no)
    assert numbers(keyed) == [(0, "file"), (1, "passphrase")]


# Passphrases


def test_a_wrong_passphrase_opens_nothing_locks_nothing_and_takes_as_long_as_the_right_one(
    keyed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # what it costs in earnest
    add_passphrase(keyed)
    only(keyed)

    def took(passphrase: bytes) -> float:
        begun = time.process_time()
        opens(keyed, Answers(passphrase))
        return time.process_time() - begun

    right, wrong, short = took(PASSPHRASE), took(b"wrong passphrase"), took(b"w")
    assert min(right, wrong, short) > 0.1
    assert max(right, wrong, short) < 5 * min(right, wrong, short)
    for _ in range(3):
        with pytest.raises(StoreLocked, match=r"Protector 1 \(passphrase\) was not opened: what was given"):
            opened_by(keyed, Answers(b"wrong passphrase")).store_status(OWNER)
    assert opens(keyed, Answers(PASSPHRASE))


def test_a_passphrase_is_the_same_however_its_letters_are_composed(keyed: World) -> None:
    add_passphrase(keyed, "pässwörter".encode())
    only(keyed)
    assert opens(keyed, Answers("pa\u0308sswo\u0308rter".encode()))
    assert not opens(keyed, Answers(b"passworter"))


@pytest.mark.parametrize("passphrase", [b"", b"seven77", b"x" * 1025])
def test_a_passphrase_that_is_too_short_or_too_long_is_refused(keyed: World, passphrase: bytes) -> None:
    with pytest.raises(InvalidArgument, match="8 to 1024 bytes"):
        add_passphrase(keyed, passphrase)
    assert numbers(keyed) == [(0, "file")]


def test_a_passphrase_that_nobody_gives_is_asked_for_by_name(keyed: World) -> None:
    with pytest.raises(FailedPrecondition, match="needs a passphrase"):
        keyed.kms.add_protector(OWNER, "passphrase", Wanted(), Answers(), nothing)
    add_passphrase(keyed)
    only(keyed)
    with pytest.raises(StoreLocked, match="nobody gave what it takes") as caught:
        keyed.encrypt()
    assert "store unlock" in str(caught.value.hint)


def test_neither_passphrase_nor_root_key_is_in_any_file(keyed: World) -> None:
    keystore: Any = keyed.kms.open_store().keys
    root = keystore.roots[0].reveal()
    add_passphrase(keyed)
    add_command(keyed, "echo the secret of a program")
    only(keyed)
    held = b"".join(files(keyed.path).values())
    for secret in (root, PASSPHRASE, b"the secret of a program\n"):
        assert not any(spelling in held for spelling in spellings(secret))


# Programs


def test_a_program_opens_the_store(keyed: World) -> None:
    made = add_command(keyed, "echo 0123456789abcdef")
    assert made.detail == "/usr/bin/sh -c 'echo 0123456789abcdef' (at most 20 s)" or made.detail.startswith(
        "/"
    )
    only(keyed)
    assert opens(keyed)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("exit 3", "ended with status 3"),
        ("kill -9 $$", "was ended by signal 9"),
        ("true", "printed no secret: it is to print 16 to 4096 bytes, and printed fewer"),
        ("echo short", "and printed fewer"),
        ("head -c 100000 /dev/zero", "and printed more"),
        ("cat /dev/zero", "and printed more"),
        ("date +%s%N; echo 0123456789", "prints something else each time"),
    ],
)
def test_a_program_that_gives_no_secret_is_refused(keyed: World, script: str, message: str) -> None:
    with pytest.raises(FailedPrecondition, match=message):
        add_command(keyed, script)
    assert numbers(keyed) == [(0, "file")]


@pytest.mark.parametrize(
    "script", ["sleep 61.25", "exec >&-; sleep 61.25", "sleep 61.25 & echo 0123456789abcdef"]
)
def test_a_program_that_hangs_is_ended(keyed: World, script: str) -> None:
    begun = time.monotonic()
    with pytest.raises(FailedPrecondition, match="longer than 1 s"):
        add_command(keyed, script, timeout=1)
    assert time.monotonic() - begun < 30
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        if is_of(path, b"sleep\x0061.25"):
            assert ends(int(path.parent.name))


def ends(pid: int) -> bool:
    """Waits for a process that was killed a moment ago."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], 20)[0])
    finally:
        os.close(descriptor)


def is_of(path: Path, command: bytes) -> bool:
    try:
        return path.read_bytes().startswith(command)
    except OSError:
        return False


def test_a_program_that_changes_its_mind_leaves_the_store_as_it_was(keyed: World) -> None:
    secret = keyed.path / "secret"
    secret.write_text("0123456789abcdef")
    add_command(keyed, f"cat {secret}")
    add_passphrase(keyed)
    only(keyed)
    held = files(secrets_of(keyed))
    for content in ("another secret..", "x", ""):
        secret.write_text(content)
        with pytest.raises(StoreLocked, match=r"Protector 1 \(command\) was not opened") as caught:
            opened_by(keyed).store_status(OWNER)
        assert "another" not in f"{caught.value} {caught.value.hint}"
        assert opens(keyed, Answers(PASSPHRASE))
    secret.unlink()
    with pytest.raises(StoreLocked, match=r"ended with status 1\. Protector 2 \(passphrase\)"):
        opened_by(keyed).store_status(OWNER)
    assert files(secrets_of(keyed)) == held


@pytest.mark.parametrize("argv", [[], ["no-such-program-anywhere"]])
def test_a_program_that_is_not_there_is_refused(keyed: World, argv: list[str]) -> None:
    with pytest.raises(InvalidArgument):
        keyed.kms.add_protector(OWNER, "command", Wanted(argv), Answers(), nothing)


# The keyring of the operating system


class Ring(keyring.backend.KeyringBackend):
    """A keyring in memory."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.held: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.held[service, username]


@pytest.fixture
def ring() -> Iterator[Ring]:
    before = keyring.get_keyring()
    made = Ring()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


def add_keyring(world: World) -> None:
    world.kms.add_protector(OWNER, "keyring", Wanted(), Answers(), nothing)


def test_the_keyring_opens_the_store_and_is_cleared_on_removal(keyed: World, ring: Ring) -> None:
    add_keyring(keyed)
    only(keyed)
    assert opens(keyed)
    assert len(ring.held) == 1
    held = b"".join(files(keyed.path).values())
    assert all(secret.encode() not in held for secret in ring.held.values())
    keyed.kms.add_protector(OWNER, "file", Wanted(), Answers(), nothing)
    assert remove(keyed, 1) is None
    assert ring.held == {}


def test_a_keyring_without_its_entry_or_with_another_is_said(keyed: World, ring: Ring) -> None:
    add_keyring(keyed)
    only(keyed)
    (place,) = ring.held
    for content, message in (("rubbish", "is not kmsctl's"), ("QUJD" * 11, "was not opened")):
        ring.held[place] = content
        with pytest.raises(StoreLocked, match=message):
            opened_by(keyed).store_status(OWNER)
    ring.held.clear()
    with pytest.raises(StoreLocked, match="has no entry"):
        opened_by(keyed).store_status(OWNER)


def test_a_keyring_that_fails_is_an_error_and_leaves_nothing(
    keyed: World, ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise RuntimeError("the secret is hunter2")

    with monkeypatch.context() as patch:
        patch.setattr(ring, "set_password", fail)
        with pytest.raises(FailedPrecondition, match=r"cannot be used \(RuntimeError\)") as caught:
            add_keyring(keyed)
        assert "hunter2" not in str(caught.value)
    with monkeypatch.context() as patch:
        patch.setattr(ring, "get_password", lambda *args: "other")
        with pytest.raises(FailedPrecondition, match="does not give back"):
            add_keyring(keyed)
    assert numbers(keyed) == [(0, "file")]
    add_keyring(keyed)
    monkeypatch.setattr(ring, "delete_password", fail)
    left = remove(keyed, 1)
    assert left is not None
    assert "was not removed" in left


@pytest.mark.parametrize(("type_", "module"), [("keyring", "keyring"), ("shares", "pyshamir")])
def test_a_library_that_is_not_there_is_named(
    keyed: World, type_: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(Unimplemented, match=f"library {module}"):
        keyed.kms.add_protector(OWNER, type_, Wanted(shares=3, threshold=2), Answers(), nothing)


# Shares


def add_shares(world: World, count: int, threshold: int) -> list[bytes]:
    handed_out: list[bytes] = []
    wanted = Wanted(shares=count, threshold=threshold)
    world.kms.add_protector(OWNER, "shares", wanted, Answers(), handed_out.extend)
    return handed_out


def test_as_many_shares_as_the_threshold_open_the_store(keyed: World) -> None:
    shares = add_shares(keyed, 5, 3)
    only(keyed)
    assert len(set(shares)) == 5
    for chosen in ([0, 1, 2], [4, 2, 0], [1, 3, 4], [0, 1, 2, 3, 4], [3, 3, 2, 1]):
        assert opens(keyed, Answers(shares=[shares[index] for index in chosen]))


def test_too_few_wrong_or_foreign_shares_open_nothing(keyed: World, tmp_path: Path) -> None:
    shares, others = add_shares(keyed, 5, 3), add_shares(keyed, 3, 2)
    only(keyed)
    remove_other = [*shares[:2], others[0]]

    def message(given: Sequence[bytes]) -> str:
        with pytest.raises(StoreLocked) as caught:
            opened_by(keyed, Answers(shares=given)).store_status(OWNER)
        return caught.value.message

    assert "3 shares are needed, and 2 were given" in message(shares[:2])
    assert "3 shares are needed, and 1 were given" in message([shares[0], shares[0]])
    assert "3 shares are needed, and 2 were given" in message(remove_other)
    assert "begins with kmsctl-share-1" in message([*shares[:2], b"rubbish"])
    assert "begins with kmsctl-share-1" in message([*shares[:2], b"\xff"])
    slip = b"0" if shares[2][-20:-19] != b"0" else b"1"
    wrong = shares[2][:-20] + slip + shares[2][-19:]
    assert "check digits do not fit" in message([*shares[:2], wrong])
    world = World(tmp_path / "elsewhere")
    world.make_key()
    foreign = add_shares(world, 3, 2)
    world.kms.close()
    assert "A share is of another store" in message([*shares[:2], foreign[0]])
    assert "nobody gave what it takes" in message([])
    assert opens(keyed, Answers(shares=shares[2:]))
    assert opens(keyed, Answers(shares=others[1:]))


def test_shares_that_are_well_formed_but_not_right_combine_to_nothing(keyed: World) -> None:
    from kmsctl.keystore.shares import Share

    shares = add_shares(keyed, 3, 2)
    only(keyed)
    forged = Share.parse(shares[0])
    forged.piece = bytes([forged.piece[0] ^ 1]) + forged.piece[1:]
    with pytest.raises(StoreLocked, match="what was given is not right"):
        opened_by(keyed, Answers(shares=[forged.text().encode(), shares[1]])).store_status(OWNER)
    twice = Share.parse(shares[0])
    twice.index = 3
    with pytest.raises(StoreLocked, match="do not fit together"):
        opened_by(keyed, Answers(shares=[shares[0], twice.text().encode()])).store_status(OWNER)


@pytest.mark.parametrize(("count", "threshold"), [(0, 0), (3, 1), (2, 3), (100, 2), (1, 1)])
def test_shares_that_make_no_sense_are_refused(keyed: World, count: int, threshold: int) -> None:
    with pytest.raises(InvalidArgument, match="--threshold"):
        add_shares(keyed, count, threshold)


def test_a_protector_whose_shares_cannot_be_handed_out_is_not_enrolled(keyed: World) -> None:
    def full(shares: Sequence[bytes]) -> None:
        raise FailedPrecondition("no room")

    with pytest.raises(FailedPrecondition, match="no room"):
        keyed.kms.add_protector(OWNER, "shares", Wanted(shares=3, threshold=2), Answers(), full)
    assert numbers(keyed) == [(0, "file")]


# Stores that begin with another protector than the file


def test_a_store_can_be_made_without_the_root_key_in_a_file(world: World) -> None:
    steps: list[str] = []
    world.probe = lambda step: steps.append(f"{step} {sorted(files(world.path))}")
    world.reopen()
    made = world.kms.init_store(OWNER, "passphrase", Wanted(), Answers(PASSPHRASE), nothing)
    assert [(each.number, each.type) for each in made] == [(1, "passphrase")]
    assert not any("root-key" in step for step in steps)
    world.make_key()
    world.kms.close()
    assert opens(world, Answers(PASSPHRASE))
    assert not opens(world)
    with pytest.raises(AlreadyExists):
        opened_by(world, Answers(PASSPHRASE)).init_store(OWNER, "file", Wanted(), Answers(), nothing)


def test_a_store_that_is_refused_its_protector_is_not_made(world: World) -> None:
    with pytest.raises(InvalidArgument):
        world.kms.init_store(OWNER, "passphrase", Wanted(), Answers(b"short"), nothing)
    assert files(world.path) == {}
    world.kms.init_store(OWNER, "file", Wanted(), Answers(), nothing)
    world.make_key()
    assert numbers(world) == [(0, "file")]


# Damage


def test_where_the_root_keys_file_is_damaged_it_is_said_what_still_opens_the_store(keyed: World) -> None:
    add_passphrase(keyed)
    path = secrets_of(keyed) / "root-key"
    path.write_bytes(path.read_bytes()[:-5])
    keyed.reopen()
    with pytest.raises(
        IntegrityError, match=r"is damaged\. Protector 1 \(passphrase\) still opens"
    ) as caught:
        keyed.encrypt()
    assert f"Move {path} away" in str(caught.value.hint)
    (finding,) = keyed.verify()
    assert finding.kind == "PROTECTOR_DAMAGED"
    assert "Protector 1 (passphrase) still opens the store" in finding.message
    found, problem = keyed.kms.list_protectors(OWNER)
    assert [each.number for each in found] == [0, 1]
    assert problem is not None
    # As the hint says:
    path.rename(keyed.path / "damaged")
    kms = opened_by(keyed, Answers(PASSPHRASE))
    kms.add_protector(OWNER, "file", Wanted(), Answers(), nothing)
    kms.close()
    assert keyed.decrypt(keyed.encrypt()) == b"text"
    assert keyed.verify() == []


def test_protectors_are_listed_also_while_the_store_is_locked(keyed: World) -> None:
    add_passphrase(keyed)
    only(keyed)
    found, problem = keyed.kms.list_protectors(OWNER)
    assert [(each.number, each.type) for each in found] == [(1, "passphrase")]
    assert problem is not None
    assert "The store is locked" in problem


def test_a_type_that_this_release_does_not_know_is_left_alone(keyed: World) -> None:
    add_passphrase(keyed)
    only(keyed)
    path = secrets_of(keyed) / "protectors"
    found = json.loads(path.read_text())
    found["slots"][0]["type"] = "future"
    path.write_text(json.dumps(found))
    with pytest.raises(StoreLocked, match="has no protectors of type 'future'"):
        keyed.encrypt()
    with pytest.raises(InvalidArgument, match="no protectors of type 'future'"):
        protectors.module_of("future")


def test_a_slot_file_that_was_changed_neither_opens_nor_is_changed(keyed: World) -> None:
    add_passphrase(keyed)
    path = secrets_of(keyed) / "protectors"
    found = json.loads(path.read_text())
    found["lastSlot"] = 7
    path.write_text(json.dumps(found))
    keyed.reopen()
    assert keyed.decrypt(keyed.encrypt()) == b"text"  # the file of the root key serves
    assert [finding.kind for finding in keyed.verify()] == ["PROTECTOR_DAMAGED"]
    acts: list[Any] = [
        lambda: add_passphrase(keyed),
        lambda: remove(keyed, 1),
        lambda: keyed.kms.rotate_root_key(OWNER, Answers(PASSPHRASE)),
        lambda: keyed.kms.list_protectors(OWNER),
    ]
    for act in acts:
        with pytest.raises(IntegrityError, match="The slot file"):
            act()


# The agent


def test_the_agent_answers_in_place_of_a_passphrase(keyed: World) -> None:
    with pytest.raises(FailedPrecondition, match="never locked"):
        keyed.kms.unlock_store(OWNER, 60)
    add_passphrase(keyed)
    only(keyed)
    kms = opened_by(keyed, Answers(PASSPHRASE))
    kms.unlock_store(OWNER, 60)
    kms.close()
    try:
        assert opens(keyed)
        keyed.kms.rotate_root_key(OWNER, Answers(PASSPHRASE))
        keyed.reopen()
        assert opens(keyed)  # it was given the new root key
        assert keyed.verify() == []
    finally:
        assert keyed.kms.lock_store(OWNER)
    assert not opens(keyed)
    assert not keyed.kms.lock_store(OWNER)


def test_what_is_given_to_unlock_has_to_open_whatever_else_would(keyed: World) -> None:
    add_passphrase(keyed)
    add_command(keyed, "echo the secret of a program")
    only(keyed)
    assert opens(keyed)  # by the command
    for given, said in (
        (Answers(b"wrong passphrase", brought=["passphrase"]), "what was given is not right"),
        (Answers(PASSPHRASE, brought=["shares"]), "has no protector of type shares"),
    ):
        with pytest.raises(StoreLocked, match=said):
            opened_by(keyed, given).unlock_store(OWNER, 60)
        assert not keyed.kms.lock_store(OWNER)
    opened_by(keyed, Answers(PASSPHRASE, brought=["passphrase"])).unlock_store(OWNER, 60)
    assert keyed.kms.lock_store(OWNER)


def test_an_agent_of_an_older_root_key_is_not_believed(keyed: World) -> None:
    add_passphrase(keyed)
    only(keyed)
    kms = opened_by(keyed, Answers(PASSPHRASE))
    kms.unlock_store(OWNER, 60)
    keystore: Any = kms.open_store().keys
    old = keystore.roots
    kms.rotate_root_key(OWNER, Answers(PASSPHRASE))
    kms.close()
    try:
        agent.update(str(secrets_of(keyed)), old)
        assert not opens(keyed)
        assert opens(keyed, Answers(PASSPHRASE))
    finally:
        agent.end(str(secrets_of(keyed)))


def test_errors_show_no_secret(keyed: World) -> None:
    add_passphrase(keyed)
    only(keyed)
    wrong = b"wrong passphrase!"
    with pytest.raises(StoreLocked) as caught:
        opened_by(keyed, Answers(wrong)).store_status(OWNER)
    error = caught.value
    shown = f"{error} {error.hint} {error.__cause__} {error.__context__}"
    assert wrong.decode() not in shown
