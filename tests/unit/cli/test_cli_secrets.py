"""Secrets are planted in all that commands read: none turns up in messages, logs, records, or the store."""

from __future__ import annotations

import json
import os
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from kmsctl.cli import reflect
from kmsctl.cli.completion.values import FILE, of
from kmsctl.cli.http_rules import RULES
from kmsctl.cli.main import main
from kmsctl.service.kms import Kms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kmsctl.cli.command import Command

SECRET = os.urandom(48)
PLACE = ("--keyring=r", "--location=us")
KEYS = {
    "enc": ("encryption", "google-symmetric-encryption"),
    "sign": ("asymmetric-signing", "ec-sign-p256-sha256"),
    "plain": ("asymmetric-signing", "ec-sign-ed25519"),
    "mac": ("mac", "hmac-sha256"),
    "raw": ("raw-encryption", "aes-256-gcm"),
    "rsa": ("asymmetric-encryption", "rsa-decrypt-oaep-2048-sha256"),
    "kem": ("key-encapsulation", "ml-kem-768"),
    "mine": ("mac", "hmac-sha256"),
    "brought": ("asymmetric-signing", "ec-sign-p256-sha256"),
}


def spellings(secret: bytes) -> Iterator[bytes]:
    """Yields how bytes may stand in a text: as they are, in hexadecimal, in Base64 at any offset."""
    yield secret
    yield secret.hex().encode()
    yield repr(secret)[2:-1].encode()
    for offset in range(3):
        text = b64encode(bytes(offset) + secret).decode().rstrip("=")
        middle = text[4 if offset else 0 : -2].encode()
        yield middle
        yield middle.replace(b"+", b"-").replace(b"/", b"_")


class Watch:
    """Runs commands, and keeps all that they say; `secrets` are what must not be among it."""

    def __init__(self, capsysbinary: pytest.CaptureFixture[bytes], home: Path) -> None:
        self._capsys = capsysbinary
        self._home = home
        self.secrets = {SECRET[at : at + 12] for at in (0, 12, 24, 36)}
        self.ran: set[tuple[str, ...]] = set()

    def run(self, *words: str, status: int | None = 0, stdout: bool = True) -> bytes:
        """Runs a command line with all logs on. `stdout` tells whether that is to be looked through."""
        self._capsys.readouterr()
        found = main([*words, "--log-http", "--verbosity=debug"])
        said = self._capsys.readouterr()
        if status is not None:
            assert found == status, said.err
        self.check(said.out if stdout else b"", " ".join(words))
        self.check(said.err, " ".join(words))
        return said.out

    def check(self, said: bytes, where: str) -> None:
        for secret in self.secrets:
            for spelling in spellings(secret):
                assert spelling not in said, where

    def check_store(self) -> None:
        for path in self._home.rglob("*"):
            if path.is_file():
                self.check(path.read_bytes(), str(path))


@pytest.fixture
def watch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> Watch:
    """A store with keys of all purposes, all of whose calls are recorded."""
    monkeypatch.setenv("KMSCTL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KMSCTL_CORE_ACCOUNT", "me@example.com")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    watch = Watch(capsysbinary, tmp_path / "home")
    watch.run("keyrings", "create", "r", "--location=us")
    policy = json.loads(watch.run("projects", "get-iam-policy", "local", "--format=json"))
    kinds = [{"logType": kind} for kind in ("ADMIN_READ", "DATA_READ", "DATA_WRITE")]
    policy["auditConfigs"] = [{"service": "allServices", "auditLogConfigs": kinds}]
    (tmp_path / "work" / "policy.json").write_text(json.dumps(policy))
    watch.run("projects", "set-iam-policy", "local", "policy.json", "--quiet")
    for key, (purpose, algorithm) in KEYS.items():
        extra = ("--import-only", "--skip-initial-version-creation") if key in ("mine", "brought") else ()
        line = ("keys", "create", key, *PLACE, f"--purpose={purpose}", f"--default-algorithm={algorithm}")
        watch.run(*line, *extra, status=None if key == "kem" else 0)
    (tmp_path / "work" / "secret").write_bytes(SECRET)
    return watch


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """All that is handed to the service, and all that it answers."""
    found: list[object] = []

    def watched(verb: Callable[..., object]) -> Callable[..., object]:
        def called(*args: object, **kwargs: object) -> object:
            found.extend((*args, *kwargs.values()))
            answer = verb(*args, **kwargs)
            found.append(answer)
            return answer

        return called

    for name in RULES:
        monkeypatch.setattr(Kms, name, watched(getattr(Kms, name)))
    return found


def test_no_call_that_is_served_shows_what_it_was_given(
    watch: Watch, tmp_path: Path, passed: list[object]
) -> None:
    def at(key: str, *more: str) -> tuple[str, ...]:
        return (f"--key={key}", *PLACE, *more)

    aad = "--additional-authenticated-data-file=secret"
    run = watch.run
    run("encrypt", *at("enc", "--plaintext-file=secret", "--ciphertext-file=c", aad))
    run("decrypt", *at("enc", "--plaintext-file=p", "--ciphertext-file=c", aad))
    run("decrypt", *at("enc", "--plaintext-file=-", "--ciphertext-file=c", aad), stdout=False)
    assert (tmp_path / "work" / "p").read_bytes() == SECRET
    one = "--version=1"
    run("raw-encrypt", *at("raw", one, "--plaintext-file=secret", "--ciphertext-file=rc", aad))
    vector = "--initialization-vector-file=rc.iv"
    run("raw-decrypt", *at("raw", one, "--plaintext-file=p", "--ciphertext-file=rc", vector, aad))
    for key, digest in (("sign", ("--digest-algorithm=sha256",)), ("plain", ())):
        given = at(key, one, "--input-file=secret", "--signature-file=s", *digest)
        run("asymmetric-sign", *given)
        run("asymmetric-verify", *given)
    run("mac-sign", *at("mac", one, "--input-file=secret", "--signature-file=m"))
    run("mac-verify", *at("mac", one, "--input-file=secret", "--signature-file=m"))
    method = "--import-method=rsa-oaep-3072-sha256-aes-256"
    run("import-jobs", "create", "j", *PLACE, method, "--protection-level=software")
    (tmp_path / "work" / "key").write_bytes(SECRET[:32])
    private = ec.generate_private_key(ec.SECP256R1())
    der = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    watch.secrets.add(private.private_numbers().private_value.to_bytes(32, "big"))
    (tmp_path / "work" / "der").write_bytes(der)
    for key, algorithm, file in (("mine", "hmac-sha256", "key"), ("brought", "ec-sign-p256-sha256", "der")):
        given = at(key, "--import-job=j", f"--algorithm={algorithm}", f"--target-key-file={file}")
        run("keys", "versions", "import", *given)
    watch.check_store()
    assert len(passed) > 30
    for each in passed:
        watch.check(f"{each!r} {each}".encode("utf-8", "backslashreplace"), type(each).__name__)


def test_no_call_that_is_refused_shows_what_it_was_given(watch: Watch) -> None:
    """Files that make no sense where they are given: ciphertexts, keys, signatures, checkpoints, policies."""

    def at(key: str, *more: str) -> tuple[str, ...]:
        return (f"--key={key}", *PLACE, *more)

    refused = [
        ("decrypt", *at("enc", "--plaintext-file=p", "--ciphertext-file=secret")),
        ("raw-decrypt", *at("raw", "--version=1", "--plaintext-file=p", "--ciphertext-file=secret")),
        ("asymmetric-decrypt", *at("rsa", "--version=1", "--plaintext-file=p", "--ciphertext-file=secret")),
        ("encrypt", *at("mac", "--plaintext-file=secret", "--ciphertext-file=c")),
        ("encrypt", *at("none", "--plaintext-file=secret", "--ciphertext-file=c")),
        (
            "encrypt",
            *at("enc", "--plaintext-file=secret", "--ciphertext-file=c", "--account=eve@example.com"),
        ),
        ("keys", "set-iam-policy", "enc", *PLACE, "secret"),
        ("logging", "verify", "--checkpoint=secret"),
        ("logging", "verify", "--checkpoint=secret", "--public-key=secret", "secret"),
        ("keys", "list", *PLACE, "--flags-file=secret"),
    ]
    for line in refused:
        watch.run(*line, status=None)
    watch.check_store()


def lines(command: Command) -> Iterator[tuple[str, ...]]:
    """Yields a command line for each file that a command takes, the secret in its place."""
    words = {
        "key": "enc",
        "keyring": "r",
        "location": "us",
        "version": "1",
        "import_job": "j",
        "project": "local",
    }
    others = [
        f"--{name}={value}" for name, value in (("key", "enc"), *(each[2:].split("=") for each in PLACE))
    ]
    known = {flag.opts[0] for flag in command.flags}
    others = [flag for flag in others if flag.partition("=")[0] in known]
    for flag in reflect.available(command):
        if of(command, flag).source == FILE:
            named = [words.get(each.name or "", "secret") for each in command.positionals]
            yield (*command.words, *named, *others, f"{flag.opts[0]}=secret")
    if any(of(command, each).source == FILE for each in command.positionals):
        named = [words.get(each.name or "", "secret") for each in command.positionals]
        yield (*command.words, *named, *others)


def test_every_file_of_every_command(watch: Watch, tmp_path: Path) -> None:
    """Whatever they make of it: a command that comes to be is among these by itself."""
    count = 0
    for command in reflect.commands():
        for line in lines(command):
            watch.run(*line, "--quiet", status=None, stdout=False)
            (tmp_path / "work" / "secret").write_bytes(SECRET)  # some take it for their output
            count += 1
    assert count > 40
    for path in (tmp_path / "home").rglob("*"):
        if path.is_file():
            watch.check(path.read_bytes(), str(path))


@pytest.mark.parametrize("offset", [0, 1, 5, 20])
def test_the_watch_sees_secrets_however_they_are_written(watch: Watch, offset: int) -> None:
    part = SECRET[offset:]
    for said in (part, part.hex().encode(), b64encode(b"before" + part), repr(part).encode()):
        with pytest.raises(AssertionError):
            watch.check(b"said: " + said, "here")
