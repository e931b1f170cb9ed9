"""Interoperation with the `openssl` command: it reads our public keys, and each checks the other."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from kmsctl.crypto.software import SoftwareBackend
from kmsctl.errors import InvalidArgument
from kmsctl.model import algorithms
from kmsctl.model.algorithms import Algorithm, Digest, by_enum, for_purpose

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kmsctl.crypto.backend import Backend, KeyMaterial

    KeyOf = Callable[[Algorithm], KeyMaterial]

_OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(
    _OPENSSL is None, reason="INTEROPERATION NOT TESTED: there is no openssl command on the PATH"
)
_DATA = b"what both must agree on\n"
_DIGEST_SIGNERS = [
    a
    for a in for_purpose(algorithms.ASYMMETRIC_SIGN)
    if a.family in (algorithms.RSA_PKCS1, algorithms.RSA_PSS, algorithms.ECDSA)
]
_PSS = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"]


def _name(algorithm: Algorithm) -> str:
    return algorithm.enum


def _openssl(
    directory: Path, *arguments: str, data: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    assert _OPENSSL is not None
    return subprocess.run([_OPENSSL, *arguments], cwd=directory, input=data, capture_output=True, check=False)


def _write_keys(backend: Backend, algorithm: Algorithm, key: KeyMaterial, directory: Path) -> None:
    assert key.public is not None
    (directory / "public.pem").write_bytes(backend.public_key(algorithm, key.public, "PEM"))
    (directory / "private.der").write_bytes(key.secret)
    (directory / "data").write_bytes(_DATA)
    (directory / "other").write_bytes(_DATA + b"!")


def _options(algorithm: Algorithm) -> list[str]:
    return [f"-{algorithm.input_digest}", *(_PSS if algorithm.family == algorithms.RSA_PSS else [])]


@pytest.mark.parametrize("algorithm", _DIGEST_SIGNERS, ids=_name)
def test_openssl_verifies_our_signatures_and_refuses_them_for_other_data(
    backend: Backend, key_of: KeyOf, algorithm: Algorithm, tmp_path: Path
) -> None:
    key = key_of(algorithm)
    _write_keys(backend, algorithm, key, tmp_path)
    digest = hashlib.new(algorithm.input_digest or "", _DATA).digest()
    signature = backend.sign(algorithm, key.secret, digest=Digest(algorithm.input_digest or "", digest))
    (tmp_path / "signature").write_bytes(signature)
    verify = ["dgst", *_options(algorithm), "-verify", "public.pem", "-signature", "signature"]
    assert _openssl(tmp_path, *verify, "data").stdout == b"Verified OK\n"
    refused = _openssl(tmp_path, *verify, "other")
    assert (refused.returncode, b"OK" in refused.stdout) == (1, False)


@pytest.mark.parametrize("algorithm", _DIGEST_SIGNERS, ids=_name)
def test_we_verify_openssl_signatures(
    software: Backend, software_key_of: KeyOf, algorithm: Algorithm, tmp_path: Path
) -> None:
    key = software_key_of(algorithm)
    assert key.public is not None
    _write_keys(software, algorithm, key, tmp_path)
    made = _openssl(tmp_path, "dgst", *_options(algorithm), "-sign", "private.der", "-keyform", "DER", "data")
    assert made.returncode == 0, made.stderr
    assert software.verify(algorithm, key.public, made.stdout, data=_DATA)
    assert not software.verify(algorithm, key.public, made.stdout, data=_DATA + b"!")


def test_ed25519_both_ways(software: Backend, software_key_of: KeyOf, tmp_path: Path) -> None:
    algorithm = by_enum("EC_SIGN_ED25519")
    key = software_key_of(algorithm)
    assert key.public is not None
    _write_keys(software, algorithm, key, tmp_path)
    signature = software.sign(algorithm, key.secret, data=_DATA)
    (tmp_path / "signature").write_bytes(signature)
    verify = ["pkeyutl", "-verify", "-pubin", "-inkey", "public.pem", "-rawin", "-sigfile", "signature"]
    assert _openssl(tmp_path, *verify, "-in", "data").returncode == 0
    assert _openssl(tmp_path, *verify, "-in", "other").returncode == 1
    sign = ["pkeyutl", "-sign", "-inkey", "private.der", "-keyform", "DER", "-rawin", "-in", "data"]
    assert _openssl(tmp_path, *sign).stdout == signature


@pytest.mark.parametrize(
    "algorithm",
    [a for a in for_purpose(algorithms.ASYMMETRIC_SIGN) if a.family == algorithms.RSA_RAW_PKCS1],
    ids=_name,
)
def test_openssl_recovers_what_raw_pkcs1_signed(
    backend: Backend, key_of: KeyOf, algorithm: Algorithm, tmp_path: Path
) -> None:
    key = key_of(algorithm)
    _write_keys(backend, algorithm, key, tmp_path)
    (tmp_path / "signature").write_bytes(backend.sign(algorithm, key.secret, data=_DATA))
    recover = ["pkeyutl", "-verifyrecover", "-pubin", "-inkey", "public.pem", "-in", "signature"]
    assert _openssl(tmp_path, *recover).stdout == _DATA


@pytest.mark.parametrize("algorithm", for_purpose(algorithms.ASYMMETRIC_DECRYPT), ids=_name)
def test_we_decrypt_what_openssl_encrypts_to_our_public_key(
    backend: Backend, key_of: KeyOf, algorithm: Algorithm, tmp_path: Path
) -> None:
    key = key_of(algorithm)
    _write_keys(backend, algorithm, key, tmp_path)
    digest = (algorithm.digest or "").lower()
    encrypt = ["pkeyutl", "-encrypt", "-pubin", "-inkey", "public.pem", "-in", "data"]
    oaep = ["-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", f"rsa_oaep_md:{digest}"]
    made = _openssl(tmp_path, *encrypt, *oaep, "-pkeyopt", f"rsa_mgf1_md:{digest}")
    assert backend.asymmetric_decrypt(algorithm, key.secret, made.stdout) == _DATA
    wrong = "sha512" if digest != "sha512" else "sha256"
    refused = [
        _openssl(tmp_path, *encrypt).stdout,  # PKCS #1 v1.5 padding
        _openssl(tmp_path, *encrypt, *oaep, "-pkeyopt", f"rsa_mgf1_md:{wrong}").stdout,
        _openssl(
            tmp_path, *encrypt, *oaep, "-pkeyopt", f"rsa_mgf1_md:{digest}", "-pkeyopt", "rsa_oaep_label:6c"
        ).stdout,
    ]
    for ciphertext in refused:
        with pytest.raises(InvalidArgument, match=r"^Decryption failed\.$"):
            backend.asymmetric_decrypt(algorithm, key.secret, ciphertext)


@pytest.mark.parametrize("algorithm", for_purpose(algorithms.MAC), ids=_name)
def test_openssl_makes_the_same_mac(
    software: Backend, software_key_of: KeyOf, algorithm: Algorithm, tmp_path: Path
) -> None:
    secret = software_key_of(algorithm).secret
    digest = f"-{(algorithm.digest or '').lower()}"
    theirs = _openssl(
        tmp_path,
        *("dgst", digest, "-mac", "HMAC", "-macopt", f"hexkey:{secret.hex()}", "-binary"),
        data=_DATA,
    ).stdout
    assert software.mac_sign(algorithm, secret, _DATA) == theirs


@pytest.mark.parametrize(
    "algorithm",
    [
        a
        for a in for_purpose(algorithms.RAW_ENCRYPT_DECRYPT)
        if a.family in (algorithms.AES_CBC, algorithms.AES_CTR)
    ],
    ids=_name,
)
def test_raw_aes_both_ways(
    software: Backend, software_key_of: KeyOf, algorithm: Algorithm, tmp_path: Path
) -> None:
    secret, plaintext = software_key_of(algorithm).secret, bytes(range(48))
    made = software.raw_encrypt(algorithm, secret, plaintext)
    cipher = ["enc", f"-{algorithm.spelling}", "-K", secret.hex(), "-iv", made.iv.hex(), "-nopad"]
    assert _openssl(tmp_path, *cipher, "-d", data=made.ciphertext).stdout == plaintext
    theirs = _openssl(tmp_path, *cipher, data=plaintext).stdout
    assert theirs == made.ciphertext
    assert software.raw_decrypt(algorithm, secret, theirs, iv=made.iv) == plaintext


def _pkcs8_of_a_new_key(directory: Path, command: list[str]) -> bytes:
    pem = _openssl(directory, "genpkey", "-algorithm", *command).stdout
    made = _openssl(directory, "pkcs8", "-topk8", "-nocrypt", "-outform", "DER", data=pem)
    assert made.stdout, made.stderr
    return made.stdout


@pytest.mark.parametrize(
    ("algorithm", "command"),
    [
        ("EC_SIGN_P256_SHA256", ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
        ("EC_SIGN_P384_SHA384", ["EC", "-pkeyopt", "ec_paramgen_curve:P-384"]),
        ("EC_SIGN_SECP256K1_SHA256", ["EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"]),
        ("EC_SIGN_ED25519", ["ED25519"]),
        ("RSA_SIGN_PSS_2048_SHA256", ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
    ],
)
def test_keys_that_openssl_makes_can_be_imported(algorithm: str, command: list[str], tmp_path: Path) -> None:
    backend, row = SoftwareBackend(), by_enum(algorithm)
    der = _pkcs8_of_a_new_key(tmp_path, command)
    key = backend.check_material(row, der)
    assert key.public is not None
    (tmp_path / "private.der").write_bytes(der)
    public = ["pkey", "-in", "private.der", "-inform", "DER", "-pubout"]
    assert backend.public_key(row, key.public, "PEM") == _openssl(tmp_path, *public).stdout
    assert backend.public_key(row, key.public, "DER") == _openssl(tmp_path, *public, "-outform", "DER").stdout


@pytest.mark.parametrize(
    ("algorithm", "command"),
    [
        ("EC_SIGN_P256_SHA256", ["EC", "-pkeyopt", "ec_paramgen_curve:P-384"]),
        (
            "RSA_SIGN_PSS_2048_SHA256",
            ["RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-pkeyopt", "rsa_keygen_pubexp:3"],
        ),
        ("RSA_SIGN_PSS_2048_SHA256", ["RSA", "-pkeyopt", "rsa_keygen_bits:2056"]),
    ],
    ids=["other curve", "exponent 3", "2056 bits"],
)
def test_unfit_keys_that_openssl_makes_are_refused(
    algorithm: str, command: list[str], tmp_path: Path
) -> None:
    der = _pkcs8_of_a_new_key(tmp_path, command)
    with pytest.raises(InvalidArgument, match="exactly that type and size"):
        SoftwareBackend().check_material(by_enum(algorithm), der)


def test_other_encodings_of_a_fit_key_are_refused(software_key_of: KeyOf, tmp_path: Path) -> None:
    algorithm = by_enum("RSA_SIGN_PKCS1_2048_SHA256")
    (tmp_path / "private.der").write_bytes(software_key_of(algorithm).secret)
    read = ["-in", "private.der", "-inform", "DER"]
    pkcs1 = _openssl(tmp_path, "rsa", *read, "-traditional", "-outform", "DER").stdout
    pem = _openssl(tmp_path, "pkey", *read).stdout
    encrypted = _openssl(
        tmp_path, "pkcs8", "-topk8", *read, "-outform", "DER", "-v2", "aes-256-cbc", "-passout", "pass:x"
    ).stdout
    for form in (pkcs1, pem, encrypted):
        assert len(form) > 1000
        with pytest.raises(InvalidArgument, match="unencrypted PKCS#8 key in DER"):
            SoftwareBackend().check_material(algorithm, form)
