"""The life of keys against a model of it: states, schedules, ciphertexts and clocks that go wrong.

More of it: ``KMSCTL_LIFECYCLE_EXAMPLES=2000 pytest tests/property/test_property_lifecycle.py``.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from kmsctl.errors import KmsError
from kmsctl.model.names import CryptoKeyName
from kmsctl.service.operations import DECRYPTION_FAILED
from kmsctl.store.snapshot import CLOCK_JUMP, CLOCK_TOLERANCE
from tests.unit.service.world import DAY, HOUR, MINUTE, OWNER, RING, SECOND, START, World, spec

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLES = int(os.environ.get("KMSCTL_LIFECYCLE_EXAMPLES", "15"))

VERBS = {
    "enable": (("ENABLED", "DISABLED"), "ENABLED"),
    "disable": (("ENABLED", "DISABLED"), "DISABLED"),
    "destroy": (("ENABLED", "DISABLED"), "DESTROY_SCHEDULED"),
    "restore": (("DESTROY_SCHEDULED",), "DISABLED"),
    "primary": (("ENABLED", "DISABLED", "DESTROY_SCHEDULED"), None),
}
SCHEDULES = st.none() | st.tuples(
    st.sampled_from([None, DAY, 3 * DAY, 30 * DAY]), st.sampled_from([SECOND, HOUR, 2 * DAY, 40 * DAY])
)
AHEAD = [SECOND, MINUTE, HOUR, 23 * HOUR, 25 * HOUR, 71 * HOUR, 73 * HOUR, 40 * DAY, 400 * DAY]
BACK = [-SECOND, -4 * MINUTE, -6 * MINUTE, -HOUR, -2 * DAY, -60 * DAY]


class Refused(Exception):
    """What the model says of a call that must fail: the status, and the message or its beginning."""


class Version:
    def __init__(self) -> None:
        self.state = "ENABLED"
        self.until: int | None = None


class Key:
    def __init__(self, labels: dict[str, str], period: int | None, following: int | None) -> None:
        self.labels = labels
        self.period = period
        self.following = following
        self.primary = 1
        self.versions = [Version()]


class Model:
    """The rules of docs/decisions/0002-time.md and of the API's states, once more."""

    def __init__(self) -> None:
        self.clock = self.last = self.confirmed = START
        self.control_last = START
        self.keys: dict[str, Key] = {}

    @property
    def now(self) -> int:
        return max(self.clock, self.last)

    @property
    def trusted(self) -> int:
        return self.now if self.now - self.confirmed <= CLOCK_JUMP else self.confirmed

    @property
    def behind(self) -> bool:
        return self.clock < self.last - CLOCK_TOLERANCE

    def state(self, version: Version) -> str:
        """Returns the effective state."""
        if version.state == "DESTROY_SCHEDULED" and version.until is not None and version.until <= self.now:
            return "DESTROYED"
        return version.state

    def check_still(self, verb: str, version: Version, name: str) -> None:
        """Refuses what the state alone would allow; for keys in software that is nothing."""

    def commit(self) -> None:
        now, trusted = self.now, self.trusted
        self.last = now
        if trusted == now:
            self.confirmed = now

    def pending(self, key: Key) -> bool:
        if self.behind:
            return False
        if key.following is not None and key.following <= self.now:
            return True
        return any(self.is_due(version, self.trusted) for version in key.versions)

    @staticmethod
    def is_due(version: Version, until: int) -> bool:
        return version.state == "DESTROY_SCHEDULED" and version.until is not None and version.until <= until

    def apply(self, key: Key) -> None:
        for version in key.versions:
            if self.is_due(version, self.trusted):
                version.state = "DESTROYED"
        if key.following is not None and key.following <= self.now:
            key.versions.append(Version())
            key.primary = len(key.versions)
            due, key.following = key.following, None
            if key.period is not None:
                key.following = due + ((self.now - due) // key.period + 1) * key.period

    def settle(self, name: str) -> Key:
        """What is due for a key is done before it is read."""
        key = self.keys[name]
        if self.pending(key):
            self.apply(key)
            self.commit()
        return key

    def change(self, name: str | None, act: Callable[[Key], object]) -> None:
        """What is due for a key is done with a change of it, and undone if that is refused."""
        if self.behind:
            raise Refused("FAILED_PRECONDITION", "The clock says ")
        before = deepcopy(self.keys)
        try:
            key = self.keys[name] if name is not None else Key({}, None, None)
            self.apply(key)
            act(key)
        except Refused:
            self.refuse(before)
            raise
        self.commit()

    def refuse(self, before: dict[str, Key]) -> None:
        """A change that is refused for its own fault leaves a record, which has a time, and nothing else."""
        self.keys = before
        self.last = self.now

    def maintain(self, *, confirm: bool) -> bool:
        """Returns whether something is left."""
        left = False
        if self.clock < self.control_last - CLOCK_TOLERANCE:
            left = not confirm
            self.control_last = self.clock if confirm else self.control_last
        waiting = self.trusted < self.now and any(
            self.is_due(version, self.now) and not self.is_due(version, self.trusted)
            for key in self.keys.values()
            for version in key.versions
        )
        if self.behind or waiting:
            if confirm:
                self.last = self.confirmed = self.clock
            else:
                left = True
        for name in self.keys:
            self.settle(name)
        return left


class Ciphertext:
    def __init__(self, key: str, number: int, text: bytes, aad: bytes, data: bytes) -> None:
        self.key = key
        self.number = number
        self.text = text
        self.aad = aad
        self.data = data


def full(key: str) -> CryptoKeyName:
    return CryptoKeyName(RING, key)


class Lifecycle(RuleBasedStateMachine):
    """Every rule does a thing to the store and to the model, and compares what comes of it."""

    keys: Bundle[str] = Bundle("keys")
    ciphertexts: Bundle[Ciphertext] = Bundle("ciphertexts")
    #: What else is asked for when a key is made.
    more: ClassVar[dict[str, Any]] = {}

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.mkdtemp(prefix="kmsctl-lifecycle-")
        self.world = self.make_world(Path(self.directory) / "store")
        self.model = self.make_model()
        self.generation = 0

    def make_world(self, path: Path) -> World:
        return World(path)

    def make_model(self) -> Model:
        return Model()

    @initialize()
    def make_ring(self) -> None:
        self.world.kms.create_key_ring(OWNER, RING)

    def teardown(self) -> None:
        if self.generation:
            self.check_everything()
        self.world.kms.close()
        shutil.rmtree(self.directory)

    def same(self, real: Callable[[], Any], modelled: Callable[[], Any]) -> Any:
        """Calls both, and checks that they are refused alike. Returns what the real one gives."""
        try:
            modelled()
        except Refused as refused:
            status, text = refused.args
            try:
                real()
            except KmsError as error:
                assert (error.status, error.message[: len(text)]) == (status, text)  # noqa: PT017 - compared
                return None
            raise AssertionError(f"not refused: {status} {text}") from None
        return real()

    # Changes

    @rule(target=keys, schedule=SCHEDULES, label=st.sampled_from(["", "a", "b"]))
    def create_key(self, schedule: tuple[int | None, int] | None, label: str) -> Any:
        if len(self.model.keys) >= 4:
            return multiple()
        name = f"k{len(self.model.keys)}"
        period, delay = schedule or (None, None)
        following = None if delay is None else self.model.now + delay
        labels = {"label": label}

        def add(_: Key) -> None:
            self.model.keys[name] = Key(labels, period, following)

        made = self.same(
            lambda: self.world.kms.create_crypto_key(
                OWNER,
                full(name),
                spec(labels=labels, rotation_period=period, next_rotation_time=following, **self.more),
            ),
            lambda: self.model.change(None, add),
        )
        return multiple() if made is None else name

    @rule(key=keys)
    def create_version(self, key: str) -> None:
        self.same(
            lambda: self.world.kms.create_crypto_key_version(OWNER, full(key)),
            lambda: self.model.change(key, lambda found: found.versions.append(Version())),
        )

    @rule(key=keys, number=st.integers(1, 6), verb=st.sampled_from(sorted(VERBS)))
    def ask(self, key: str, number: int, verb: str) -> None:
        version = full(key).version(number)
        kms = self.world.kms
        real: dict[str, Callable[[], object]] = {
            "enable": lambda: kms.update_crypto_key_version(OWNER, version, "ENABLED"),
            "disable": lambda: kms.update_crypto_key_version(OWNER, version, "DISABLED"),
            "destroy": lambda: kms.destroy_crypto_key_version(OWNER, version),
            "restore": lambda: kms.restore_crypto_key_version(OWNER, version),
            "primary": lambda: kms.update_crypto_key_primary_version(OWNER, full(key), number),
        }

        def act(found: Key) -> None:
            if number > len(found.versions):
                raise Refused("NOT_FOUND", f"CryptoKeyVersion {version} not found.")
            chosen = found.versions[number - 1]
            allowed, after = VERBS[verb]
            state = self.model.state(chosen)
            if state not in allowed:
                text = f"The request cannot be fulfilled. Resource {version} has value {state} in field "
                raise Refused("FAILED_PRECONDITION", text + "crypto_key_version.state.")
            self.model.check_still(verb, chosen, str(version))
            if after is None:
                found.primary = number
                return
            chosen.state = after
            chosen.until = self.model.now + DAY if verb == "destroy" else None

        self.same(real[verb], lambda: self.model.change(key, act))

    @rule(key=keys, label=st.sampled_from(["", "a", "b"]))
    def label(self, key: str, label: str) -> None:
        labels = {"label": label}
        self.same(
            lambda: self.world.kms.update_crypto_key(OWNER, full(key), {"labels": labels}),
            lambda: self.model.change(key, lambda found: setattr(found, "labels", labels)),
        )

    @rule(key=keys, schedule=SCHEDULES)
    def schedule(self, key: str, schedule: tuple[int | None, int] | None) -> None:
        period, delay = schedule or (None, None)
        following = None if delay is None else self.model.now + delay

        def act(found: Key) -> None:
            found.period, found.following = period, following

        changes = {"rotation_period": period, "next_rotation_time": following}
        self.same(
            lambda: self.world.kms.update_crypto_key(OWNER, full(key), changes),
            lambda: self.model.change(key, act),
        )

    # Use

    def refuse_unless_enabled(self, key: str, number: int) -> None:
        state = self.model.state(self.model.keys[key].versions[number - 1])
        if state != "ENABLED":
            text = f"{full(key).version(number)} is not enabled, current state is: {state}."
            raise Refused("FAILED_PRECONDITION", text)

    @rule(target=ciphertexts, key=keys, text=st.binary(max_size=20), aad=st.binary(max_size=3))
    def encrypt(self, key: str, text: bytes, aad: bytes) -> Any:
        def modelled() -> None:
            self.refuse_unless_enabled(key, self.model.settle(key).primary)

        data = self.same(lambda: self.world.encrypt(full(key), text, aad), modelled)
        if data is None:
            return multiple()
        return Ciphertext(key, self.model.keys[key].primary, text, aad, data)

    @rule(ciphertext=ciphertexts, aad=st.none() | st.binary(max_size=3), other=keys)
    def decrypt(self, ciphertext: Ciphertext, aad: bytes | None, other: str) -> None:
        key = ciphertext.key if aad is not None or other == ciphertext.key else other
        used = ciphertext.aad if aad is None else aad

        def modelled() -> None:
            self.model.settle(key)
            if key != ciphertext.key:
                raise Refused("INVALID_ARGUMENT", DECRYPTION_FAILED)
            self.refuse_unless_enabled(key, ciphertext.number)
            if used != ciphertext.aad:
                raise Refused("INVALID_ARGUMENT", DECRYPTION_FAILED)

        found = self.same(lambda: self.world.decrypt(ciphertext.data, full(key), used), modelled)
        assert found in (None, ciphertext.text)

    @rule(ciphertext=consumes(ciphertexts))
    def forget(self, ciphertext: Ciphertext) -> None:
        pass

    # Time, processes, maintenance

    @rule(step=st.sampled_from(AHEAD))
    def go_ahead(self, step: int) -> None:
        self.model.clock += step
        self.world.clock.now = self.model.clock

    @rule(step=st.sampled_from(BACK))
    def go_back(self, step: int) -> None:
        self.model.clock += step
        self.world.clock.now = self.model.clock

    @rule()
    def reopen(self) -> None:
        self.world.reopen()

    @rule(confirm=st.booleans())
    def maintain(self, confirm: bool) -> None:
        report = self.world.maintain(confirm=confirm)
        assert bool(report.left) == self.model.maintain(confirm=confirm)

    @rule(key=keys)
    def look(self, key: str) -> None:
        found = self.world.kms.get_crypto_key(OWNER, full(key))
        expected = self.model.settle(key)
        assert found.primary is not None
        assert found.primary.name.number == expected.primary
        assert found.primary.state == self.model.state(expected.versions[expected.primary - 1])
        assert (found.rotation_period, found.next_rotation_time) == (expected.period, expected.following)
        if not self.model.behind:
            assert expected.following is None or expected.following > self.model.now

    # What always holds

    @invariant()
    def lists_say_what_the_model_says(self) -> None:
        if not self.model.keys:
            return
        for found in self.world.kms.list_crypto_keys(OWNER, RING):
            expected = self.model.keys[found.name.crypto_key]
            assert dict(found.labels) == expected.labels
            assert found.primary is not None
            assert found.primary.name.number == expected.primary
            versions = list(self.world.kms.list_crypto_key_versions(OWNER, found.name))
            assert [version.state for version in versions] == [
                self.model.state(version) for version in expected.versions
            ]
            assert [version.destroy_time for version in versions] == [
                version.until for version in expected.versions
            ]

    @invariant()
    def the_generation_only_grows(self) -> None:
        if self.world.database_path().exists():
            found = self.world.generation()
            assert found >= self.generation
            self.generation = found

    def check_everything(self) -> None:
        waiting = any(
            self.model.is_due(version, self.model.now)
            for key in self.model.keys.values()
            for version in key.versions
        )
        kinds = {finding.kind for finding in self.world.verify()}
        assert kinds == ({"PURGE_PENDING"} if waiting else set())
        stored = dict(
            self.world.sql(
                "SELECT (SELECT name FROM crypto_keys WHERE id = key) || '/' || number, material IS NOT NULL "
                "FROM crypto_key_versions"
            )
        )
        for name, key in self.model.keys.items():
            for number, version in enumerate(key.versions, 1):
                assert bool(stored[f"{name}/{number}"]) == (version.state != "DESTROYED")


Lifecycle.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=40, deadline=None)
TestLifecycle = Lifecycle.TestCase
