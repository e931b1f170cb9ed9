"""kill -9 through real commands: the store stays sound, and result files are whole or not there."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from kmsctl.model.names import CryptoKeyName, KeyRingName, LocationName
from kmsctl.service.kms import Kms
from tests.process import expected
from tests.process.expected import CTX

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

    from tests.process.expected import Operation, State

COMMANDS = 300
RING = KeyRingName(LocationName("local", "us-east1"), "ring")
PLACE = ["--location=us-east1", "--keyring=ring"]
OLD = b"what was in the file before"
#: Rotation schedules and times are left to the workers of test_process_kill: here the clock is real.
NOT_HERE = ("schedule",)


class Shell:
    """Runs commands on one store, kills them, and keeps book of what must be there."""

    def __init__(self, home: Path, rng: Random) -> None:
        self.home = home
        self.rng = rng
        self.state = expected.empty()
        self.files = 0
        self.finished = 0
        self.killed = 0

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "kmsctl", *arguments, f"--account={CTX.principal}"],
            env={**os.environ, "KMSCTL_HOME": str(self.home), "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, arguments: list[str], life: float | None) -> bool:
        """Runs a command, for `life` seconds at most. Returns whether it ended well."""
        process = self.start(*arguments)
        try:
            _, talk = process.communicate(timeout=life)
        except subprocess.TimeoutExpired:
            process.kill()  # this is the moment that was drawn
            _, talk = process.communicate()
        if process.returncode == -9:
            self.killed += 1
            return False
        assert process.returncode == 0, talk.decode()
        self.finished += 1
        return True

    def turn(self, life: float) -> None:
        operation = self.choose()
        if self.rng.random() < 0.3:
            drawn = [self.choose() for _ in range(10)]
            operation = next((each for each in drawn if each["do"] == "encrypt"), operation)
        if operation["do"] == "key":
            operation["schedule"] = None
        if operation["do"] == "encrypt":
            self.write_file(operation, life)
        else:
            done = self.run(command(operation), life)
            self.settle(operation, done=done)

    def choose(self) -> Operation:
        while (operation := expected.choose(self.rng, self.state, 0))["do"] in NOT_HERE:
            pass
        return operation

    def settle(self, operation: Operation, *, done: bool) -> None:
        """Checks the store after a command: what was acknowledged is there, nothing is half there."""
        after = expected.apply(self.state, operation, 0)
        kms = self.open()
        try:
            assert {each.kind for each in kms.verify_store(CTX)} <= {"ORPHAN"}
            held = comparable(expected.observe(kms, RING))
            fitting = [
                state for state in (after, self.state)[: 1 if done else 2] if comparable(state) == held
            ]
            assert fitting, f"{held} after {operation}, done: {done}"
            self.state = fitting[0]
            counts = {each.name: each.audit_records for each in kms.store_status(CTX).databases}
            assert counts.get("us-east1", 0) == self.state["records"]
        finally:
            kms.close()

    def open(self) -> Kms:
        return Kms(str(self.home / "data"), str(self.home / "config" / "store"))

    def write_file(self, operation: Operation, life: float) -> None:
        """Encrypts a file; then decrypts what is there, into a file again."""
        self.files += 1
        plain, sealed, opened = (self.home / f"{self.files}.{kind}" for kind in ("plain", "sealed", "opened"))
        text = bytes.fromhex(operation["text"])
        plain.write_bytes(text)
        if self.rng.random() < 0.5:
            sealed.write_bytes(OLD)
        before = sealed.read_bytes() if sealed.exists() else None
        key = [f"--key={operation['key']}", *PLACE, f"--ciphertext-file={sealed}"]
        done = self.run(["encrypt", *key, f"--plaintext-file={plain}"], life)
        there = sealed.read_bytes() if sealed.exists() else None
        if done or there != before:
            assert there is not None
            assert expected.decrypts(self.open(), name_of(operation), there.hex(), text.hex(), b"")
            done = self.run(["decrypt", *key, f"--plaintext-file={opened}"], self.rng.uniform(0, 2 * life))
            assert opened.exists() or not done
            assert not opened.exists() or opened.read_bytes() == text
            assert not opened.exists() or opened.stat().st_mode & 0o777 == 0o600


def name_of(operation: Operation) -> CryptoKeyName:
    return CryptoKeyName(RING, operation["key"])


def command(operation: Operation) -> list[str]:
    verb = operation["do"]
    if verb == "ring":
        return ["keyrings", "create", "ring", "--location=us-east1"]
    key = operation["key"]
    if verb in ("key", "labels"):
        labels = ",".join(f"{name}={value}" for name, value in operation["labels"].items())
        if verb == "labels":
            return ["keys", "update", key, *PLACE, f"--update-labels={labels}"]
        return ["keys", "create", key, *PLACE, "--purpose=encryption", f"--labels={labels}"]
    if verb == "version":
        return ["keys", "versions", "create", f"--key={key}", *PLACE]
    if verb == "primary":
        return ["keys", "set-primary-version", key, *PLACE, f"--version={operation['number']}"]
    return ["keys", "versions", verb, operation["number"], f"--key={key}", *PLACE]


def comparable(state: State) -> State:
    """A state without destroy times: they are the real clock's."""
    keys = {
        name: {
            **key,
            "versions": {number: version["state"] for number, version in key["versions"].items()},
        }
        for name, key in state["keys"].items()
    }
    return {"ring": state["ring"], "keys": keys}


def test_commands_killed_at_random_moments(tmp_path: Path, crash_rng: Random, crash_seconds: float) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    shell = Shell(home, crash_rng)
    started = time.monotonic()
    shell.run(["version"], None)
    whole = 2 * (time.monotonic() - started)
    deadline = started + crash_seconds
    while shell.killed + shell.finished < COMMANDS or time.monotonic() < deadline:
        shell.turn(crash_rng.uniform(0, whole))
        if not shell.state["ring"] and crash_rng.random() < 0.5:
            shell.turn(10)
    print(f"{shell.killed} commands killed, {shell.finished} finished, {shell.files} files")
    assert shell.run(["store", "maintain"], None)
    assert shell.run(["store", "verify"], None)
    assert shell.killed
