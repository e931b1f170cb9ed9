"""Import jobs and imports in a `World`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from kmsctl.crypto.import_wrapping import wrap
from kmsctl.model import import_methods
from kmsctl.model.import_requests import ImportCryptoKeyVersionRequest
from kmsctl.model.names import CryptoKeyName, ImportJobName
from tests.unit.service.world import KEY, OWNER, RING, spec

if TYPE_CHECKING:
    from kmsctl.model.resources import CryptoKeyVersion, ImportJob
    from tests.unit.service.world import World

#: A job of this method is made in no time.
QUICK = "HPKE_KEM_ML_KEM_768_HKDF_SHA256_AES_256_GCM"
RSA_AES = "RSA_OAEP_3072_SHA256_AES_256"
SYMMETRIC = "GOOGLE_SYMMETRIC_ENCRYPTION"
JOB = ImportJobName(RING, "job")


def make_import_key(world: World, key: CryptoKeyName = KEY, **more: Any) -> None:
    """Makes a key for imports only, and the ring if it is not there."""
    if not any(ring.name == key.parent for ring in world.kms.list_key_rings(OWNER, key.parent.parent)):
        world.kms.create_key_ring(OWNER, key.parent)
    made = spec(import_only=True, destroy_scheduled_duration=0, **more)
    world.kms.create_crypto_key(OWNER, key, made, skip_initial_version_creation=True)


def make_job(world: World, name: ImportJobName = JOB, method: str = QUICK) -> ImportJob:
    return world.kms.create_import_job(OWNER, name, method)


def wrapped(job: ImportJob, material: bytes) -> bytes:
    assert job.public_key is not None
    return wrap(import_methods.by_enum(job.import_method), job.public_key.encode(), material)


def request(
    world: World, material: bytes, *, algorithm: str = SYMMETRIC, job: ImportJobName = JOB, **more: Any
) -> ImportCryptoKeyVersionRequest:
    """Returns a request with material that is wrapped for a job; `key` and `version` as wanted."""
    key = more.pop("key", KEY)
    number = more.pop("version", None)
    blob = more.pop("blob", None)
    assert not more
    if blob is None:
        blob = wrapped(world.kms.get_import_job(OWNER, job), material)
    return ImportCryptoKeyVersionRequest(
        key,
        algorithm=algorithm,
        import_job=job,
        wrapped_key=blob,
        crypto_key_version=None if number is None else key.version(number),
    )


def bring(world: World, material: bytes, **more: Any) -> CryptoKeyVersion:
    return world.kms.import_crypto_key_version(OWNER, request(world, material, **more))


def fresh() -> bytes:
    return os.urandom(32)
