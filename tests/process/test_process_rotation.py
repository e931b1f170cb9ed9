"""Rotation of master and root keys with real processes: kill -9 at each step, and four others at work."""

from __future__ import annotations

import os
import select
import shutil
import socket
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kmsctl.errors import FailedPrecondition, KmsError
from kmsctl.keystore import agent, stretching
from kmsctl.keystore.root import load_all
from kmsctl.keystore.root_rotation import is_pending
from kmsctl.model.names import CryptoKeyName, KeyRingName, LocationName
from kmsctl.model.requests import DecryptRequest, EncryptRequest
from kmsctl.model.resources import CryptoKeySpec
from kmsctl.service import master_rotation
from kmsctl.service.kms import Kms
from kmsctl.service.restores import RestoreRequest
from tests.bench import seed
from tests.process.forked import Child, Dying, run_all

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.process.forked import Send

CTX = seed.CTX
RING = KeyRingName(LocationName("acme", "us-east1"), "ring")
KEY = CryptoKeyName(RING, "key")
SPEC = CryptoKeySpec(purpose="ENCRYPT_DECRYPT", algorithm="GOOGLE_SYMMETRIC_ENCRYPTION")
PASSPHRASE = b"correct horse battery"
#: Versions besides the first: more than one batch of what a test calls a batch.
VERSIONS = 5
BATCH = 3


class Answers:
    """Whoever knows the passphrase (`kmsctl.keystore.ports.Asking`), and wants a new protector."""

    command: Sequence[str] = ()
    command_timeout = 10
    threshold = 0

    def passphrase(self, question: str) -> bytes | None:
        assert question
        return PASSPHRASE

    new_passphrase = passphrase

    def token(self) -> None:
        pass

    def shares(self) -> Sequence[bytes]:
        return ()

    def brought(self) -> Sequence[str]:
        return ()


class Wanted:
    command: Sequence[str] = ()
    command_timeout = 10
    shares = 0
    threshold = 0


def ignore(what: object) -> None:
    """Does nothing."""


def open_kms(home: Path, probe: Callable[[str], None] = ignore) -> Kms:
    return Kms(str(home / "data"), str(home / "config" / "store"), probe=probe, ask=Answers)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretching, "COST", {"iterations": 1, "lanes": 1, "memoryKib": 1 << 13})


def add_passphrase(kms: Kms) -> None:
    kms.add_protector(CTX, "passphrase", Wanted(), Answers(), ignore)


def fill(home: Path, *, file: bool, passphrase: bool) -> bytes:
    """Makes a store with some versions, one of them destroyed. Returns a ciphertext."""
    kms = open_kms(home)
    kms.create_key_ring(CTX, RING)
    kms.create_crypto_key(CTX, KEY, SPEC)
    for _ in range(VERSIONS):
        kms.create_crypto_key_version(CTX, KEY)
    kms.update_crypto_key_primary_version(CTX, KEY, 3)
    if passphrase:
        add_passphrase(kms)
    if not file:
        kms.remove_protector(CTX, 0, ignore)
    ciphertext = kms.encrypt(CTX, EncryptRequest(KEY, b"text")).ciphertext
    kms.close()
    return ciphertext


def attempt(home: Path, act: Callable[[Kms], object], last: int) -> tuple[bool, list[str]]:
    """Does something in a process that dies at its step `last`. Returns whether it did, and its steps."""

    def work(send: Send) -> None:
        act(open_kms(home, Dying(last, send)))

    child = Child(work)
    steps: list[Any] = child.finish()
    return child.killed, steps


def rotate_master_keys(kms: Kms) -> object:
    return kms.rotate_master_key(CTX, None)


def rotate_root_key(kms: Kms) -> object:
    return kms.rotate_root_key(CTX, Answers())


def check_usable(home: Path, ciphertext: bytes) -> None:
    kms = open_kms(home)
    try:
        assert kms.decrypt(CTX, DecryptRequest(KEY, ciphertext)).plaintext == b"text"
        fresh = kms.encrypt(CTX, EncryptRequest(KEY, b"more")).ciphertext
        assert kms.decrypt(CTX, DecryptRequest(KEY, fresh)).plaintext == b"more"
        kms.create_crypto_key_version(CTX, KEY)
        found = {(each.resource, each.kind, each.message) for each in kms.verify_store(CTX)}
        kinds = {kind for _, kind, _ in found}
        assert kinds <= {"PURGE_PENDING", "ROTATION_PENDING", "ORPHAN"}, found
        assert ("ROTATION_PENDING" in kinds) == is_pending(kms.open_store().keys)  # type: ignore[arg-type]
    finally:
        kms.close()


def check_settled(home: Path) -> None:
    """After `maintain`, nothing is half done: one master key, one root key, nothing in the way."""
    kms = open_kms(home)
    try:
        assert not kms.maintain_store(CTX, confirm_clock=lambda _: False).left
        assert [finding.message for finding in kms.verify_store(CTX)] == []
        for each in kms.store_status(CTX).databases:
            assert len(each.master_key_versions) == 1
            assert each.problem is None
        keystore: Any = kms.open_store().keys
        assert len(keystore.roots) == 1
    finally:
        kms.close()
    assert len(load_all(str(home / "config" / "store" / "root-key"))) <= 1
    assert not [path for path in home.rglob("*") if path.name.endswith(".new")]


def spelled(secret: bytes) -> list[bytes]:
    return [secret, secret.hex().encode(), b64encode(secret)[:-2], b64encode(b"x" + secret)[4:-4]]


def holds(home: Path, secret: bytes) -> list[str]:
    return [
        str(path.relative_to(home))
        for path in home.rglob("*")
        if path.is_file() and any(each in path.read_bytes() for each in spelled(secret))
    ]


@pytest.mark.parametrize(
    ("act", "file", "passphrase"),
    [
        (rotate_master_keys, True, False),
        (rotate_root_key, True, False),
        (rotate_root_key, True, True),
        (rotate_root_key, False, True),
    ],
)
def test_a_rotation_that_dies_at_any_step_leaves_a_store_that_works_and_goes_on(
    tmp_path: Path,
    act: Callable[[Kms], object],
    file: bool,
    passphrase: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(master_rotation, "_BATCH", BATCH)
    home, copy = tmp_path / "home", tmp_path / "copy"
    ciphertext = fill(home, file=file, passphrase=passphrase)
    keystore: Any = open_kms(home).open_store().keys
    old = keystore.roots[0].reveal()
    seen: set[str] = set()
    for last in range(200):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(home, copy)
        died, steps = attempt(copy, act, last)
        seen.update(steps)
        if not died:
            break
        check_usable(copy, ciphertext)
        if last % 2:
            act(open_kms(copy))  # the same command again ...
        check_settled(copy)  # ... or `maintain` goes on
        check_usable(copy, ciphertext)
        if act is rotate_root_key and "root.begun" in steps:
            assert holds(copy, old) == []
    else:
        pytest.fail("a rotation without an end")
    if act is rotate_root_key:
        assert seen >= {"replace.written", "replace.renamed", "root.begun", "root.database", "root.anchored"}
    else:
        assert seen >= {"rotation.begun", "rotation.batch", "rotation.retired"}
    assert holds(copy, PASSPHRASE) == []


def test_a_rotation_of_the_root_key_that_dies_leaves_snapshots_that_open_or_none(tmp_path: Path) -> None:
    home, copy = tmp_path / "home", tmp_path / "copy"
    ciphertext = fill(home, file=True, passphrase=True)
    kms = open_kms(home)
    kms.create_snapshot(CTX)
    kms.update_crypto_key_version(CTX, KEY.version(2), "DISABLED")
    kms.close()
    found = set()
    for last in range(200):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(home, copy)
        died, _ = attempt(copy, rotate_root_key, last)
        if not died:
            break
        found.add(restore_newest(copy))
        check_usable(copy, ciphertext)
        check_settled(copy)
        kms = open_kms(copy)
        kms.create_snapshot(CTX)
        kms.close()
        assert restore_newest(copy) == "nothing"  # it is in that state
        check_usable(copy, ciphertext)
    else:
        pytest.fail("a rotation without an end")
    assert found == {"restored", "The root key is being rotated.", "no snapshot"}


def restore_newest(home: Path) -> str:
    """Restores the newest snapshot, if there is one. Returns what became of that."""
    kms = open_kms(home)
    ids = sorted({each.id for each in kms.list_snapshots(CTX)})
    if not ids:
        return "no snapshot"
    try:
        report = kms.restore_snapshot(CTX, ids[-1], RestoreRequest("a drill"), confirm=lambda _: True)
    except FailedPrecondition as error:
        return error.message
    finally:
        kms.close()
    assert report is not None
    return "restored" if report.databases else "nothing"


@pytest.mark.parametrize("act", ["add", "remove", "remove file", "add file"])
def test_a_change_of_protectors_that_dies_at_any_step_leaves_one_that_opens(tmp_path: Path, act: str) -> None:
    home, copy = tmp_path / "home", tmp_path / "copy"
    ciphertext = fill(home, file=act != "add file", passphrase=True)
    acts: dict[str, Callable[[Kms], object]] = {
        "add": add_passphrase,
        "remove": lambda kms: kms.remove_protector(CTX, 1, ignore),
        "remove file": lambda kms: kms.remove_protector(CTX, 0, ignore),
        "add file": lambda kms: kms.add_protector(CTX, "file", Wanted(), Answers(), ignore),
    }
    before = {"add": {0, 1}, "remove": {0, 1}, "remove file": {0, 1}, "add file": {1}}[act]
    after = {"add": {0, 1, 2}, "remove": {0}, "remove file": {1}, "add file": {0, 1}}[act]
    outcomes = set()
    for last in range(60):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(home, copy)
        died, _ = attempt(copy, acts[act], last)
        if not died:
            break
        found, problem = open_kms(copy).list_protectors(CTX)
        assert problem is None
        numbers = {each.number for each in found}
        assert numbers in (before, after)
        outcomes.add(frozenset(numbers))
        check_usable(copy, ciphertext)
        check_settled_protectors(copy)
    assert outcomes == {frozenset(before), frozenset(after)}


def check_settled_protectors(home: Path) -> None:
    """The next change works, whatever a crash left beside the files."""
    kms = open_kms(home)
    made = kms.add_protector(CTX, "passphrase", Wanted(), Answers(), ignore)
    kms.remove_protector(CTX, made.number, ignore)
    kms.close()
    assert not [path for path in home.rglob("*") if path.name.endswith(".new")]


def test_of_several_that_unlock_at_once_one_agent_is_left(tmp_path: Path) -> None:
    fill(tmp_path, file=False, passphrase=True)
    secrets = str(tmp_path / "config" / "store")

    def unlock(send: Send) -> None:
        kms = open_kms(tmp_path)
        kms.unlock_store(CTX, 60)
        # None if another has taken its place meanwhile: then that one has ended it.
        send(agent_at(secrets))

    pids = {pid for (pid,) in run_all([unlock] * 4) if pid is not None}
    assert pids
    assert open_kms(tmp_path).lock_store(CTX)
    for pid in pids:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue  # it has ended
        assert select.select([descriptor], [], [], 20)[0]
        os.close(descriptor)


def agent_at(secrets: str) -> int | None:
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(os.path.join(secrets, agent.SOCKET))
        except OSError:
            return None
        peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return int.from_bytes(peer[:4], "little")


def at_work(home: Path, number: int, until: Path) -> Callable[[Send], None]:
    """Returns a task that uses a store in every way until a file is there; it sends what fails."""

    def work(send: Send) -> None:
        done = 0
        key = CryptoKeyName(seed.RING, f"own-{number}")
        kms = open_kms(home)
        kms.create_crypto_key(CTX, key, SPEC)
        while not until.exists() or done < 3:
            try:
                if done % 5 == number:
                    kms.close()  # as another command would
                    kms = open_kms(home)
                other = seed.key_name(1 + (number * 997 + done * 31) % 2000)
                sealed = kms.encrypt(CTX, EncryptRequest(other, b"text")).ciphertext
                assert kms.decrypt(CTX, DecryptRequest(other, sealed)).plaintext == b"text"
                version = kms.create_crypto_key_version(CTX, key)
                kms.update_crypto_key_version(CTX, version.name, "DISABLED")
                kms.destroy_crypto_key_version(CTX, other.version(1 + done % 9))
                kms.restore_crypto_key_version(CTX, other.version(1 + done % 9))
                kms.update_crypto_key(CTX, other, {"labels": {"n": str(done)}})
                assert sum(1 for _ in kms.list_crypto_keys(CTX, seed.RING, limit=50)) == 50
            except KmsError as error:
                if "state DISABLED" not in error.message and "DESTROY_SCHEDULED" not in error.message:
                    send(f"{type(error).__name__}: {error.message}")
                    return
            done += 1
        send(done)

    return work


def test_twenty_thousand_rows_are_written_anew_while_four_processes_work(tmp_path: Path) -> None:
    home, until = tmp_path / "home", tmp_path / "done"
    kms = open_kms(home)
    seed.seed(kms, keys=2000, versions_each=10)
    kms.close()

    def rotate(send: Send) -> None:
        try:
            mine = open_kms(home)
            reports = mine.rotate_master_key(CTX, seed.LOCATION.location)
            send(reports[0].rows)
            mine.rotate_root_key(CTX, Answers())
            mine.rotate_master_key(CTX, seed.LOCATION.location)
        finally:
            until.touch()

    rotated, *workers = run_all([rotate, *(at_work(home, number, until) for number in range(4))])
    assert rotated[0] >= 20_000  # what others changed meanwhile they wrote anew themselves
    for said in workers:
        assert isinstance(said[-1], int), said
        assert said[-1] >= 3
    check_settled(home)
    kms = open_kms(home)
    status = {each.name: each for each in kms.store_status(CTX).databases}
    assert status["us-east1"].master_key_versions == [3]
    kms.close()
