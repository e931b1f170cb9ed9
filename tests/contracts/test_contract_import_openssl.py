"""What the openssl command wraps by the documented recipe imports unchanged, and the other way round."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kmsctl.crypto.import_wrapping import wrap
from kmsctl.model import algorithms, import_methods
from kmsctl.model.algorithms import by_enum
from kmsctl.model.asymmetric_requests import AsymmetricSignRequest
from kmsctl.model.import_methods import IMPORT_METHODS, ImportMethod
from kmsctl.model.import_requests import ImportCryptoKeyVersionRequest
from kmsctl.model.mac_requests import MacSignRequest
from kmsctl.model.names import CryptoKeyName, ImportJobName, KeyRingName, LocationName
from kmsctl.model.resources import CryptoKeySpec
from kmsctl.service.context import Context
from kmsctl.service.kms import Kms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kmsctl.model.resources import CryptoKeyVersion, ImportJob

_OPENSSL = shutil.which("openssl")
_SCRIPT = Path(__file__).with_name("wrap_with_openssl.sh")
_CTX = Context("owner@example.com")
_RING = KeyRingName(LocationName("acme", "us-east1"), "ring")
_RSA_METHODS = [each for each in IMPORT_METHODS if not each.hpke]
_KEYS = {
    "EC_SIGN_P256_SHA256": ("EC", "ec_paramgen_curve:P-256"),
    "EC_SIGN_P384_SHA384": ("EC", "ec_paramgen_curve:P-384"),
    "EC_SIGN_SECP256K1_SHA256": ("EC", "ec_paramgen_curve:secp256k1"),
    "EC_SIGN_ED25519": ("ED25519", None),
    "RSA_SIGN_PKCS1_2048_SHA256": ("RSA", "rsa_keygen_bits:2048"),
}


def _openssl(*arguments: str | Path, data: bytes | None = None) -> bytes:
    assert _OPENSSL is not None
    done = subprocess.run([_OPENSSL, *map(str, arguments)], input=data, capture_output=True, check=True)
    return done.stdout


def _has_key_wrap() -> bool:
    """Tells whether `openssl enc` wraps keys, as OpenSSL 3 does."""
    if _OPENSSL is None:
        return False
    listed = subprocess.run([_OPENSSL, "enc", "-list"], capture_output=True, check=False)
    return b"-id-aes256-wrap-pad" in listed.stdout


pytestmark = pytest.mark.skipif(
    not _has_key_wrap(), reason="INTEROPERATION NOT TESTED: there is no openssl command that wraps keys"
)


def _run(verb: str, key: Path, method: ImportMethod, source: Path, target: Path) -> bytes:
    digest = (method.wrapping_algorithm.digest or "").lower()
    subprocess.run(["sh", _SCRIPT, verb, key, digest, source, target], check=True, capture_output=True)
    return target.read_bytes()


@pytest.fixture(scope="module")
def kms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kms]:
    path = tmp_path_factory.mktemp("openssl")
    made = Kms(str(path / "data"), str(path / "config" / "keys"))
    made.create_key_ring(_CTX, _RING)
    yield made
    made.close()


@pytest.fixture(scope="module")
def jobs(kms: Kms) -> dict[str, ImportJob]:
    return {
        each.enum: kms.create_import_job(_CTX, ImportJobName(_RING, each.spelling), each.enum)
        for each in _RSA_METHODS
    }


def _import(kms: Kms, job: ImportJob, algorithm: str, wrapped: bytes) -> CryptoKeyVersion:
    found = by_enum(algorithm)
    key = CryptoKeyName(_RING, found.spelling)
    if key not in [each.name for each in kms.list_crypto_keys(_CTX, _RING)]:
        spec = CryptoKeySpec(purpose=found.purpose, algorithm=algorithm, import_only=True)
        kms.create_crypto_key(_CTX, key, spec, skip_initial_version_creation=True)
    request = ImportCryptoKeyVersionRequest(
        key, algorithm=algorithm, import_job=job.name, wrapped_key=wrapped
    )
    return kms.import_crypto_key_version(_CTX, request)


def _wrap(job: ImportJob, key: Path) -> bytes:
    method = import_methods.by_enum(job.import_method)
    public = key.with_name("job.pem")
    public.write_text(job.public_key or "", "ascii")
    return _run("wrap" if method.aes_kwp else "bare", public, method, key, key.with_name("wrapped"))


@pytest.mark.parametrize("method", _RSA_METHODS, ids=repr)
def test_openssl_wraps_and_kmsctl_imports(
    kms: Kms, jobs: dict[str, ImportJob], tmp_path: Path, method: ImportMethod
) -> None:
    key = tmp_path / "key"
    key.write_bytes(os.urandom(32))
    version = _import(kms, jobs[method.enum], "HMAC_SHA256", _wrap(jobs[method.enum], key))
    assert (version.state, version.import_failure_reason) == ("ENABLED", None)
    mac = kms.mac_sign(_CTX, MacSignRequest(version.name, b"text")).mac
    options = ("-mac", "HMAC", "-macopt", f"hexkey:{key.read_bytes().hex()}")
    assert mac == _openssl("dgst", "-sha256", *options, "-binary", data=b"text")


@pytest.mark.parametrize("algorithm", _KEYS)
def test_keys_of_openssl_import_and_sign(
    kms: Kms, jobs: dict[str, ImportJob], tmp_path: Path, algorithm: str
) -> None:
    kind, option = _KEYS[algorithm]
    text = _openssl("genpkey", "-algorithm", kind, *(("-pkeyopt", option) if option else ()))
    key = tmp_path / "key.der"
    key.write_bytes(_openssl("pkcs8", "-topk8", "-nocrypt", "-outform", "DER", data=text))
    (tmp_path / "public.pem").write_bytes(_openssl("pkey", "-pubout", data=text))
    job = jobs["RSA_OAEP_3072_SHA256_AES_256"]
    version = _import(kms, job, algorithm, _wrap(job, key))
    assert (version.state, version.import_failure_reason) == ("ENABLED", None)
    (tmp_path / "data").write_bytes(b"what is signed")
    found = by_enum(algorithm)
    request = AsymmetricSignRequest(version.name, data=b"what is signed")
    (tmp_path / "signature").write_bytes(kms.asymmetric_sign(_CTX, request).signature)
    arguments: tuple[str | Path, ...] = (
        "-inkey",
        tmp_path / "public.pem",
        "-sigfile",
        tmp_path / "signature",
    )
    digest = () if found.family == algorithms.ED25519 else ("-digest", found.input_digest or "")
    _openssl("pkeyutl", "-verify", "-pubin", *arguments, "-rawin", *digest, "-in", tmp_path / "data")


@pytest.fixture(scope="module")
def private_keys(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    path = tmp_path_factory.mktemp("private")
    for bits in (3072, 4096):
        option = f"rsa_keygen_bits:{bits}"
        _openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", option, "-out", path / f"{bits}.pem")
    return {bits: path / f"{bits}.pem" for bits in (3072, 4096)}


@pytest.mark.parametrize("method", _RSA_METHODS, ids=repr)
def test_kmsctl_wraps_and_openssl_unwraps(
    private_keys: dict[int, Path], tmp_path: Path, method: ImportMethod
) -> None:
    private = private_keys[method.wrapping_algorithm.key_bits or 0]
    public = _openssl("pkey", "-in", private, "-pubout")
    for size in (31, 32):
        material = os.urandom(size)
        wrapped = tmp_path / "wrapped"
        wrapped.write_bytes(wrap(method, public, material))
        assert _run("unwrap", private, method, wrapped, tmp_path / "key") == material
