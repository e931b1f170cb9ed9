"""The store that the same command lines are run on, with gcloud and with kmsctl."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kmsctl.model.mac_requests import MacSignRequest
from kmsctl.model.names import CryptoKeyName, ImportJobName, KeyRingName, LocationName
from kmsctl.model.policies import Binding, Condition, Policy
from kmsctl.model.requests import EncryptRequest
from kmsctl.model.resources import CryptoKeySpec
from kmsctl.service.context import Context
from kmsctl.service.kms import Kms

if TYPE_CHECKING:
    from pathlib import Path

ACCOUNT = "parity@example.com"
PROJECT = "parity-project"
CTX = Context(ACCOUNT)
SECOND = 1_000_000
DAY = 86_400 * SECOND
#: 2030-01-02T03:04:05.678901Z, when the first ring is made.
START = 1_893_553_445_678_901
#: When the command lines are run.
NOW = START + 40 * DAY

EAST = LocationName(PROJECT, "us-east1")
PROD = KeyRingName(EAST, "prod")
SYMMETRIC = ("ENCRYPT_DECRYPT", "GOOGLE_SYMMETRIC_ENCRYPTION")


class Clock:
    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


def open_kms(home: Path, now: int = NOW) -> Kms:
    return Kms(str(home / "data"), str(home / "config" / "store"), clock=Clock(now))


def key(name: str) -> CryptoKeyName:
    return CryptoKeyName(PROD, name)


def build(home: Path, files: Path) -> None:
    """Makes the store below `home`, and the input files of the command lines in `files`."""
    kms = open_kms(home, START)
    clock = kms.clock
    assert isinstance(clock, Clock)
    for ring in (PROD, KeyRingName(EAST, "empty"), KeyRingName(LocationName(PROJECT, "europe-west1"), "eu")):
        kms.create_key_ring(CTX, ring)
        clock.now += 3 * SECOND
    _make_keys(kms, clock)
    _make_versions(kms, clock)
    kms.create_import_job(CTX, ImportJobName(PROD, "job-1"), "RSA_OAEP_3072_SHA256_AES_256")
    clock.now = NOW - DAY // 2
    kms.destroy_crypto_key_version(CTX, key("app").version(4))
    (files / "plain.txt").write_text("attack at dawn\n")
    (files / "empty.txt").write_bytes(b"")
    (files / "large.bin").write_bytes(bytes(65537))
    sealed = kms.encrypt(CTX, EncryptRequest(key("app"), b"attack at dawn\n")).ciphertext
    (files / "sealed.bin").write_bytes(sealed)
    tag = kms.mac_sign(CTX, MacSignRequest(key("mac").version(1), b"attack at dawn\n")).mac
    (files / "tag.bin").write_bytes(tag)
    (files / "flags.yaml").write_text("--keyring: prod\n--location: us-east1\n--format: json\n")
    (files / "wrong.yaml").write_text("--keyring: prod\n--locatio: us-east1\n")
    _make_policies(kms, files)
    kms.close()


def _make_policies(kms: Kms, files: Path) -> None:
    policy = Policy([Binding("roles/viewer", ["user:ann@example.com", "domain:example.com"])])
    kms.set_iam_policy(CTX, PROD, policy, ["bindings"])
    night = Condition("request.time.getHours('Europe/Berlin') < 6", "night", "while all sleep")
    bindings = [
        Binding("roles/cloudkms.viewer", ["user:ann@example.com", "user:bob@example.com"]),
        Binding("roles/cloudkms.cryptoKeyDecrypter", ["user:ann@example.com"], night),
    ]
    kms.set_iam_policy(CTX, key("zeta"), Policy(bindings), ["bindings"])
    plain: dict[str, Any] = {"bindings": [{"role": "roles/viewer", "members": ["user:cid@example.com"]}]}
    condition = {"expression": "true", "title": "always"}
    conditional = {"version": 3, "bindings": [{**plain["bindings"][0], "condition": condition}]}
    for name, content in (
        ("policy.json", plain),
        ("nothing.json", {"bindings": []}),
        ("conditional.json", conditional),
        ("stale.json", {**plain, "etag": "AAAAAAAAAAAAAAAA"}),
        ("condition.json", condition),
    ):
        (files / name).write_text(json.dumps(content))
    (files / "policy.yaml").write_text(
        "version: 1\nbindings:\n- role: roles/viewer\n  members: [user:cid@example.com, allUsers]\n"
    )
    (files / "text.txt").write_text("no policy")


def _make_keys(kms: Kms, clock: Clock) -> None:
    def make(name: str, kind: tuple[str, str], *, empty: bool = False, **more: object) -> None:
        spec = CryptoKeySpec(purpose=kind[0], algorithm=kind[1], **more)  # type: ignore[arg-type]
        kms.create_crypto_key(CTX, key(name), spec, skip_initial_version_creation=empty)
        clock.now += 61 * SECOND + 7

    make(
        "app",
        SYMMETRIC,
        labels={"env": "prod", "team": "kms"},
        rotation_period=90 * DAY,
        next_rotation_time=NOW + 30 * DAY,
    )
    make("backup", SYMMETRIC, destroy_scheduled_duration=7 * DAY)
    make("Signer", ("ASYMMETRIC_SIGN", "EC_SIGN_P256_SHA256"), labels={"env": "test"})
    make("mac", ("MAC", "HMAC_SHA256"), labels={"team": "kms"})
    make("raw", ("RAW_ENCRYPT_DECRYPT", "AES_256_GCM"))
    make("imported", SYMMETRIC, empty=True, import_only=True)
    make("zeta", SYMMETRIC, empty=True, labels={"env": "prod", "note": "", "n7": "007"})


def _make_versions(kms: Kms, clock: Clock) -> None:
    app = key("app")
    for _ in range(3):
        kms.create_crypto_key_version(CTX, app)
        clock.now += 3600 * SECOND
    kms.update_crypto_key_primary_version(CTX, app, 3)
    kms.destroy_crypto_key_version(CTX, app.version(1))
    clock.now += 2 * DAY
    kms.update_crypto_key_version(CTX, app.version(2), "DISABLED")
    kms.get_crypto_key_version(CTX, app.version(1))
