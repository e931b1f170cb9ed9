"""Imported keys, the keys of jobs and ephemeral keys are in no file of a store in the clear, at any time."""

from __future__ import annotations

import os
from binascii import b2a_base64
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from kmsctl.crypto.import_wrapping import wrap
from kmsctl.errors import FailedPrecondition
from kmsctl.model import import_methods
from kmsctl.model.names import CryptoKeyName, ImportJobName
from kmsctl.service import expiry
from kmsctl.store import import_jobs
from tests.unit.service.imports_world import JOB, QUICK, RSA_AES, bring, fresh, make_import_key, make_job
from tests.unit.service.world import DAY, KEY, OWNER, RING, START, World

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNER = CryptoKeyName(RING, "signer")


class Watch:
    """Looks for planted secrets in every file of a store, at every step of every transaction."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.secrets: dict[str, bytes] = {}
        self.looks = 0

    def plant(self, what: str, secret: bytes) -> bytes:
        self.secrets[what] = secret
        return secret

    def __call__(self, step: str) -> None:
        self.look(step)

    def look(self, when: str) -> None:
        self.looks += 1
        for file in self._files():
            content = file.read_bytes()
            for what, secret in self.secrets.items():
                for form in _forms(secret):
                    assert form not in content, f"{what} is in {file.name} ({when})"

    def _files(self) -> Iterator[Path]:
        for directory, _, names in os.walk(self.path):
            for name in names:
                yield Path(directory) / name


def _forms(secret: bytes) -> Iterator[bytes]:
    """The bytes, parts of them, and how they would look in text."""
    yield secret
    for start in range(0, len(secret) - 15, max(16, len(secret) // 8)):
        yield secret[start : start + 16]
    yield secret.hex().encode()
    yield b2a_base64(secret, newline=False)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[tuple[World, Watch]]:
    watch = Watch(tmp_path / "store")
    world = World(tmp_path / "store", probe=watch)
    make_import_key(world)
    yield world, watch
    world.kms.close()


def private_key_of(world: World, name: ImportJobName) -> bytes:
    with world.database().read() as snapshot:
        row = expiry.find_job(snapshot, name)
        assert row is not None
        return import_jobs.material(snapshot, row, name)


def integer(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def test_nothing_secret_of_an_import_is_in_a_file(watched: tuple[World, Watch]) -> None:
    world, watch = watched
    rsa_job = ImportJobName(RING, "rsa")
    job = make_job(world, rsa_job, RSA_AES)
    private = load_der_private_key(private_key_of(world, rsa_job), None)
    assert isinstance(private, rsa.RSAPrivateKey)
    numbers = private.private_numbers()
    for what, number in (("p", numbers.p), ("q", numbers.q), ("d", numbers.d), ("dmp1", numbers.dmp1)):
        watch.plant(f"{what} of the job", integer(number))
    make_job(world, JOB, QUICK)
    watch.plant("the seed of the job", private_key_of(world, JOB)[-64:])

    ephemeral = watch.plant("the ephemeral key", fresh())
    secret = watch.plant("the symmetric key", fresh())
    assert job.public_key is not None
    blob = wrap(
        import_methods.by_enum(RSA_AES), job.public_key.encode(), secret, lambda size: ephemeral[:size]
    )
    assert bring(world, b"", job=rsa_job, blob=blob).state == "ENABLED"
    make_import_key(world, SIGNER, kind=("ASYMMETRIC_SIGN", "EC_SIGN_P256_SHA256"))
    p256, edwards = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()
    watch.plant("the EC key", integer(p256.private_numbers().private_value))
    watch.plant("the Ed25519 key", edwards.private_bytes_raw())
    for key, algorithm in ((p256, "EC_SIGN_P256_SHA256"), (edwards, "EC_SIGN_ED25519")):
        der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        assert bring(world, der, key=SIGNER, algorithm=algorithm).state == "ENABLED"
        assert bring(world, der + b"\x00", key=SIGNER, algorithm=algorithm).state == "IMPORT_FAILED"
    failed = watch.plant("a key that was refused", os.urandom(31))
    assert bring(world, failed).state == "IMPORT_FAILED"
    world.kms.destroy_crypto_key_version(OWNER, KEY.version(1))
    with pytest.raises(FailedPrecondition):
        bring(world, watch.plant("another key", fresh()), version=1)
    assert bring(world, secret, version=1).state == "ENABLED"
    world.clock.now = START + 3 * DAY
    assert world.kms.get_import_job(OWNER, rsa_job).state == "EXPIRED"
    watch.look("open")
    world.kms.close()
    watch.look("closed")
    assert watch.looks > 50


def test_the_watch_sees_what_is_there(watched: tuple[World, Watch]) -> None:
    world, watch = watched
    watch.plant("the name of the key's ring", b"cryptoKeys/key\xff"[:14])
    with pytest.raises(AssertionError, match="the name of the key's ring is in"):
        bring_something(world)


def bring_something(world: World) -> None:
    make_job(world)
    bring(world, fresh())


def test_a_destroyed_import_leaves_no_wrapped_copy(watched: tuple[World, Watch]) -> None:
    world, watch = watched
    make_job(world)
    secret = fresh()
    for _ in range(3):
        number = 1 if list(world.kms.list_crypto_key_versions(OWNER, KEY)) else None
        bring(world, secret, version=number)
        [(blob,)] = world.sql("SELECT material FROM crypto_key_versions")
        world.kms.destroy_crypto_key_version(OWNER, KEY.version(1))
        watch.plant("the nonce of a destroyed version", blob[4:28])
        watch.look("destroyed")
        watch.secrets.clear()
