"""Processes that die, or come in numbers, at work in a SoftHSM token.

This process never loads the module: all that touches the token is done by children.
"""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kmsctl.errors import KmsError
from kmsctl.keystore.protectors import Silent
from kmsctl.model import pkcs11_uri
from kmsctl.model.names import CryptoKeyName, ImportJobName, KeyRingName, LocationName
from kmsctl.model.requests import DecryptRequest, EncryptRequest
from kmsctl.model.resources import CryptoKeySpec
from kmsctl.service.context import Context
from kmsctl.service.kms import Kms
from kmsctl.service.tokens import HsmOptions
from kmsctl.store.tables import TOKEN_OBJECTS
from tests import tokens
from tests.process.forked import Child, run_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kmsctl.crypto.pkcs11.connection import TokenSession
    from tests.process.forked import Send, Task

CTX = Context("owner@example.com")
RING = KeyRingName(LocationName("kmsctl-local", "us-east1"), "ring")
KEY = CryptoKeyName(RING, "key")
JOB = ImportJobName(RING, "job")
DAY = 86400 * 1_000_000
START = 1_800_000_000_000_000
STRANGER = bytes(range(16))
EIGHT = 8

P256 = ("ASYMMETRIC_SIGN", "EC_SIGN_P256_SHA256")
SYMMETRIC = ("ENCRYPT_DECRYPT", "GOOGLE_SYMMETRIC_ENCRYPTION")


@pytest.fixture(scope="module")
def token() -> Iterator[tokens.Token]:
    directory = tokens.scratch()
    try:
        yield tokens.make("softhsm", directory)
    finally:
        shutil.rmtree(directory)


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory in memory: many stores are made, and each change is synced."""
    directory = tokens.scratch()
    yield directory
    shutil.rmtree(directory)


class Drawing:
    """Random bytes that are noted in a file, for whoever comes after a process that died."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, size: int) -> bytes:
        drawn = os.urandom(size)
        with self._path.open("a") as file:
            file.write(drawn.hex() + "\n")
        return drawn


class Home:
    """A store and a token in a directory."""

    def __init__(self, path: Path, token: tokens.Token) -> None:
        self.path = path
        self.token = token
        self.warnings: list[str] = []

    def open(self, now: int = START, probe: Callable[[str], None] = lambda step: None) -> Kms:
        """Opens the service, in a process that has not loaded the module yet."""
        configuration = self.path / "softhsm2.conf"
        configuration.write_text(
            f"directories.tokendir = {self.path}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n"
        )
        os.environ["SOFTHSM2_CONF"] = str(configuration)
        uri = pkcs11_uri.parse(self.token.uri)
        return Kms(
            str(self.path / "data"),
            str(self.path / "config" / "store"),
            clock=lambda: now,
            random=Drawing(self.path / "drawn"),
            hsm=HsmOptions(lambda project, location: uri, lambda wanted: tokens.PIN),
            warn=self.warnings.append,
            probe=probe,
        )

    def copy(self, path: Path) -> Home:
        shutil.copytree(self.path, path)
        return Home(path, self.token)


def spec(kind: tuple[str, str], **more: Any) -> CryptoKeySpec:
    return CryptoKeySpec(purpose=kind[0], algorithm=kind[1], protection_level="HSM", **more)


class Dying:
    """A probe that kills its process at a step, the first one being 0; it sends the steps it passed."""

    def __init__(self, last: int, send: Send) -> None:
        self._left = last
        self._send = send

    def __call__(self, step: str) -> None:
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1
        self._send(step)


def run(task: Task) -> list[Any]:
    return Child(task).finish()


@pytest.fixture(scope="module")
def past(token: tokens.Token) -> Home:
    """A store with a key that will rotate in a day; a stranger's object is in the token too."""
    home = Home(token.directory / "home", token)
    home.path.mkdir()
    shutil.copytree(token.directory / "tokens", home.path / "tokens")

    def build(send: Send) -> None:
        from kmsctl.model.algorithms import by_enum

        kms = home.open()
        kms.create_key_ring(CTX, RING)
        schedule = {"rotation_period": 30 * DAY, "next_rotation_time": START + DAY}
        kms.create_crypto_key(CTX, KEY, spec(SYMMETRIC, **schedule))
        kms.tokens.of(RING).create(by_enum("AES_256_GCM"), STRANGER, "a stranger's")
        kms.close()
        send("built")

    assert run(build) == ["built"]
    return home


def create(kms: Kms) -> None:
    kms.create_crypto_key(CTX, CryptoKeyName(RING, "new"), spec(P256))


def add(kms: Kms) -> None:
    kms.create_crypto_key_version(CTX, KEY)


def encrypt(kms: Kms) -> None:
    kms.encrypt(CTX, EncryptRequest(KEY, b"text"))


def look(kms: Kms) -> None:
    kms.get_crypto_key_version(CTX, KEY.version(1))


def states(kms: Kms) -> list[tuple[str, str]]:
    """Returns all versions with their states, after each was asked for by name."""
    found = {}
    for key in kms.list_crypto_keys(CTX, RING):
        for one in kms.list_crypto_key_versions(CTX, key.name):
            found[str(one.name)] = kms.get_crypto_key_version(CTX, one.name).state
    return list(found.items())


def check(home: Home, kms: Kms) -> None:
    """Checks that token and store agree, and that nobody else's object was touched."""
    token = kms.tokens.of(RING)
    assert token.find(STRANGER) is not None
    database = kms.open_store().find("us-east1")
    assert database is not None
    with database.read() as snapshot:
        known = {row.blob("cka_id") for row in snapshot.scan(TOKEN_OBJECTS, "1", ())}
    drawn = {bytes.fromhex(line) for line in (home.path / "drawn").read_text().split()}
    there = {each for each in drawn if len(each) == 16 and token.find(each) is not None}
    assert there == known
    assert [(each.kind, each.resource) for each in kms.verify_store(CTX)] == []


@pytest.mark.parametrize(
    ("work", "now"),
    [(create, START), (add, START), (encrypt, START + DAY), (look, START + DAY)],
    ids=["create", "add", "rotate", "destroy"],
)
def test_kill_at_each_step_loses_nothing_and_leaves_nothing(
    past: Home, place: Path, work: Callable[[Kms], None], now: int
) -> None:
    def schedules(send: Send) -> None:
        home.open().destroy_crypto_key_version(CTX, KEY.version(1))
        send("scheduled")

    if work is look:
        home = past = past.copy(place / "scheduled")
        assert run(schedules) == ["scheduled"]

    def dies(home: Home, last: int) -> Task:
        def task(send: Send) -> None:
            work(home.open(now, Dying(last, send)))
            send("done")

        return task

    def goes_on(home: Home) -> Task:
        def task(send: Send) -> None:
            kms = home.open(now)
            found = states(kms)
            if work is look:
                kms.maintain_store(CTX, confirm_clock=lambda question: False)  # purges wait for it
            check(home, kms)
            send([found, home.warnings])

        return task

    whole = past.copy(place / "whole")
    passed = run(dies(whole, 10_000))
    assert passed.pop() == "done"
    assert any(step.startswith("token.") for step in passed)
    ((expected, _),) = run(goes_on(whole))
    ends = set()
    for last, step in enumerate(passed):
        home = past.copy(place / str(last))
        child = Child(dies(home, last))
        assert child.finish() == passed[:last]
        assert child.killed
        ((found, warnings),) = run(goes_on(home))
        before = [each for each in expected if each in found]
        assert before in (expected, expected[:-1]), (step, found)
        assert all(state in ("ENABLED", "DESTROYED") for _, state in found), (step, found)
        ends.add(len(found))
        for text in warnings:
            assert "C_GenerateKey" in text
            assert "libsofthsm2.so" in text
        shutil.rmtree(home.path)
    assert len(expected) in ends


def test_kill_at_each_step_of_a_protector_leaves_no_key_behind(past: Home, place: Path) -> None:
    class Wanted:
        command: Sequence[str] = ()
        command_timeout = shares = threshold = 0

    def nothing(what: object) -> None:
        """Does nothing."""

    def work(kms: Kms, step: Callable[[str], None]) -> None:
        def hand_out(shares: object) -> None:
            step("token.created")

        kms.find_store()
        made = kms.add_protector(CTX, "pkcs11", Wanted(), Silent(), hand_out)
        kms.remove_protector(CTX, made.number, nothing)

    def dies(home: Home, last: int) -> Task:
        def task(send: Send) -> None:
            probe = Dying(last, send)
            work(home.open(probe=probe), probe)
            send("done")

        return task

    def goes_on(home: Home) -> Task:
        def task(send: Send) -> None:
            kms = home.open()
            report = kms.maintain_store(CTX, confirm_clock=lambda question: False)
            enrolled = [each for each in kms.list_protectors(CTX)[0] if each.type == "pkcs11"]

            from pkcs11.constants import Attribute

            def count(session: TokenSession) -> int:
                return len(list(session.session.get_objects({Attribute.LABEL: "kmsctl root key"})))

            send([report.left, len(enrolled), kms.tokens.of(RING).connection.run(count, "counting")])

        return task

    passed = run(dies(past.copy(place / "whole"), 10_000))
    assert passed.pop() == "done"
    ends = set()
    for last, step in enumerate(passed):
        home = past.copy(place / str(last))
        child = Child(dies(home, last))
        assert child.finish() == passed[:last]
        assert child.killed
        ((left, enrolled, there),) = run(goes_on(home))
        assert left == []
        assert enrolled == there, step
        ends.add(there)
        shutil.rmtree(home.path)
    assert ends == {0, 1}


def test_a_version_that_nobody_can_make_is_given_up_and_module_and_operation_are_named(
    past: Home, place: Path
) -> None:
    home = past.copy(place / "home")

    def dies(send: Send) -> None:
        def probe(step: str) -> None:
            if step == "token.created":  # as a module that ends its process would
                os.kill(os.getpid(), signal.SIGSEGV)

        kms = home.open(probe=probe)
        if kms.find_store() is not None:
            try:
                kms.get_crypto_key(CTX, CryptoKeyName(RING, "new"))
            except KmsError:
                create(kms)
        send("alive")

    def looks(send: Send) -> None:
        kms = home.open()
        version = kms.get_crypto_key_version(CTX, CryptoKeyName(RING, "new").version(1))
        check(home, kms)
        send([version.state, version.generation_failure_reason, home.warnings])

    for _ in range(2):
        assert run(dies) == []
    ((state, reason, warnings),) = run(looks)
    assert state == "GENERATION_FAILED"
    assert "C_GenerateKeyPair" in reason
    assert "libsofthsm2.so" in reason
    assert warnings == []


def test_eight_processes_create_and_use_keys_at_once_and_none_is_lost(past: Home, place: Path) -> None:
    home = past.copy(place / "home")
    turns = 4

    def worker(number: int) -> Task:
        def task(send: Send) -> None:
            kms = home.open()
            for turn in range(turns):
                name = CryptoKeyName(RING, f"key-{number}-{turn}")
                kms.create_crypto_key(CTX, name, spec(SYMMETRIC))
                kms.create_crypto_key_version(CTX, KEY)
                text = f"{number} {turn}".encode()
                for key in (name, KEY):
                    ciphertext = kms.encrypt(CTX, EncryptRequest(key, text)).ciphertext
                    assert kms.decrypt(CTX, DecryptRequest(key, ciphertext)).plaintext == text
                    send([str(key), text.hex(), ciphertext.hex()])

        return task

    said = [message for messages in run_all([worker(n) for n in range(EIGHT)]) for message in messages]
    assert len(said) == EIGHT * turns * 2

    def looks(send: Send) -> None:
        kms = home.open()
        for name, text, ciphertext in said:
            key = CryptoKeyName(RING, name.rpartition("/")[2])
            opened = kms.decrypt(CTX, DecryptRequest(key, bytes.fromhex(ciphertext)))
            assert opened.plaintext.hex() == text
        found = states(kms)
        check(home, kms)
        send(found)

    (found,) = run(looks)
    assert len(found) == 1 + EIGHT * turns * 2
    assert {state for _, state in found} == {"ENABLED"}


def test_a_process_that_is_at_it_is_left_alone(past: Home, place: Path) -> None:
    home = past.copy(place / "home")
    begun, release = os.pipe(), os.pipe()

    def works(send: Send) -> None:
        def probe(step: str) -> None:
            if step == "token.created":
                os.write(begun[1], b"!")
                os.read(release[0], 1)

        add(home.open(probe=probe))
        send("made")

    def looks(send: Send) -> None:
        kms = home.open()
        kms.maintain_store(CTX, confirm_clock=lambda question: False)
        send(kms.get_crypto_key_version(CTX, KEY.version(2)).state)

    child = Child(works)
    os.read(begun[0], 1)
    assert run(looks) == ["PENDING_GENERATION"]
    os.write(release[1], b"!")
    assert child.finish() == ["made"]
    assert run(looks) == ["ENABLED"]
    for descriptor in (*begun, *release):
        os.close(descriptor)


def test_a_job_and_an_import_that_were_cut_off_are_cleared_away(past: Home, place: Path) -> None:
    from kmsctl.crypto.import_wrapping import wrap
    from kmsctl.model.import_methods import by_enum
    from kmsctl.model.import_requests import ImportCryptoKeyVersionRequest

    method = "RSA_OAEP_3072_SHA1_AES_256"

    def make_job(kms: Kms) -> None:
        kms.create_import_job(CTX, JOB, method, "HSM")

    def bring(kms: Kms) -> None:
        public = kms.get_import_job(CTX, JOB).public_key
        assert public is not None
        blob = wrap(by_enum(method), public.encode(), bytes(32))
        request = ImportCryptoKeyVersionRequest(
            KEY, algorithm=SYMMETRIC[1], import_job=JOB, wrapped_key=blob, crypto_key_version=None
        )
        kms.import_crypto_key_version(CTX, request)

    def dies(home: Home, step: str, work: Callable[[Kms], None]) -> Task:
        def task(send: Send) -> None:
            def probe(name: str) -> None:
                if name == step:
                    os.kill(os.getpid(), signal.SIGKILL)

            work(home.open(probe=probe))
            send("alive")

        return task

    def maintains(home: Home) -> Task:
        def task(send: Send) -> None:
            kms = home.open()
            report = kms.maintain_store(CTX, confirm_clock=lambda question: False)
            found = states(kms)
            check(home, kms)
            send([report.failed, report.left, found[-1][1]])

        return task

    for step in ("token.begun", "token.created"):
        home = past.copy(place / step)
        assert run(dies(home, step, make_job)) == []
        assert run(maintains(home)) == [[[str(JOB)], [], "ENABLED"]]
        assert run(dies(home, "never", make_job)) == ["alive"]
        assert run(dies(home, step, bring)) == []
        assert run(maintains(home)) == [[[str(KEY.version(2))], [], "IMPORT_FAILED"]]
        assert run(dies(home, "never", bring)) == ["alive"]
        assert run(maintains(home)) == [[[], [], "ENABLED"]]
