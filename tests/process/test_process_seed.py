"""The bulk seeder of the benchmarks leaves a store that is as the service would have left it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kmsctl.model.requests import DecryptRequest, EncryptRequest
from kmsctl.service.kms import Kms
from tests.bench.seed import CTX, LOCATION, RING, key_name, seed

if TYPE_CHECKING:
    from pathlib import Path


def test_a_seeded_store_is_whole_and_works(tmp_path: Path) -> None:
    keys, versions = 150, 3
    kms = Kms(str(tmp_path / "data"), str(tmp_path / "config" / "store"))
    seed(kms, keys=keys, versions_each=versions)
    kms.close()
    assert [each.message for each in kms.verify_store(CTX)] == []
    assert [key.name for key in kms.list_crypto_keys(CTX, RING)] == [
        key_name(number) for number in range(1, keys + 1)
    ]
    last = key_name(keys)
    ciphertext = kms.encrypt(CTX, EncryptRequest(last, b"text")).ciphertext
    assert kms.create_crypto_key_version(CTX, last).name.number == versions + 1
    kms.update_crypto_key_primary_version(CTX, last, versions + 1)
    assert kms.decrypt(CTX, DecryptRequest(last, ciphertext)).plaintext == b"text"
    assert [each.message for each in kms.verify_store(CTX)] == []
    (status,) = (each for each in kms.store_status(CTX).databases if each.name == LOCATION.location)
    assert status.counts["crypto_key_versions"] == keys * versions + 1
