"""The commands and other programs: OpenSSL, `cryptography` and `pqcrypto` read what the commands write."""

from __future__ import annotations

import hmac
import os
import shutil
import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

from kmsctl.cli import opening
from kmsctl.cli.main import main
from kmsctl.crypto.software import SoftwareBackend
from kmsctl.model.algorithms import by_spelling
from kmsctl.service.kms import Kms

OPENSSL = shutil.which("openssl")
needs_openssl = pytest.mark.skipif(
    OPENSSL is None, reason="INTEROPERATION NOT TESTED: there is no openssl command on the PATH"
)
DATA = b"what both must agree on\n"
PSS = ("-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest")
DIGEST_SIGNERS = (
    ("rsa-sign-pkcs1-2048-sha256", ()),
    ("rsa-sign-pkcs1-4096-sha512", ()),
    ("rsa-sign-pss-2048-sha256", PSS),
    ("rsa-sign-pss-3072-sha256", PSS),
    ("ec-sign-p256-sha256", ()),
    ("ec-sign-p384-sha384", ()),
    ("ec-sign-secp256k1-sha256", ()),
)


class Commands:
    """Runs commands in a directory with a store, whose random bytes it keeps."""

    def __init__(self) -> None:
        self.drawn: list[bytes] = []

    def random(self, size: int) -> bytes:
        self.drawn.append(os.urandom(size))
        return self.drawn[-1]

    def __call__(self, *args: str) -> None:
        assert main([*args]) == 0, args

    def key(self, algorithm: str) -> tuple[str, str, str]:
        """Makes a key and returns the flags of its first version."""
        self(
            "keys",
            "create",
            algorithm,
            f"--purpose={_purpose(algorithm)}",
            f"--default-algorithm={algorithm}",
        )
        return (f"--key={algorithm}", "--version=1", "--quiet")

    def public(self, algorithm: str, form: str = "pem") -> bytes:
        self(
            *("keys", "versions", "get-public-key", "1", f"--key={algorithm}"),
            *(f"--public-key-format={form}", "--output-file=public"),
        )
        return Path("public").read_bytes()


def _purpose(algorithm: str) -> str:
    from kmsctl.model.algorithms import purpose_by_enum

    return purpose_by_enum(by_spelling(algorithm).purpose).spelling


@pytest.fixture
def kmsctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    commands = Commands()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KMSCTL_HOME", str(tmp_path / "store"))
    monkeypatch.setenv("KMSCTL_KMS_LOCATION", "us-east1")
    monkeypatch.setenv("KMSCTL_KMS_KEYRING", "r")

    def open_kms(paths: Any, *_: Any) -> Kms:
        return Kms(paths.data, opening.secrets_directory(paths), random=commands.random)

    monkeypatch.setattr(opening, "open_kms", open_kms)
    Path("data").write_bytes(DATA)
    Path("other").write_bytes(DATA + b"!")
    commands("keyrings", "create", "r")
    return commands


def openssl(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    assert OPENSSL is not None
    return subprocess.run([OPENSSL, *arguments], capture_output=True, check=False)


# Signatures


@needs_openssl
@pytest.mark.parametrize(("algorithm", "options"), DIGEST_SIGNERS, ids=[name for name, _ in DIGEST_SIGNERS])
def test_openssl_verifies_what_we_sign(kmsctl: Commands, algorithm: str, options: tuple[str, ...]) -> None:
    key = kmsctl.key(algorithm)
    digest = by_spelling(algorithm).input_digest
    kmsctl.public(algorithm)
    verify = ("dgst", f"-{digest}", *options, "-verify", "public", "-signature", "signature")
    for how in ((f"--digest-algorithm={digest}",), ()):
        kmsctl("asymmetric-sign", *key, *how, "--input-file=data", "--signature-file=signature")
        assert openssl(*verify, "data").stdout == b"Verified OK\n"
        assert openssl(*verify, "other").returncode == 1


@needs_openssl
@pytest.mark.parametrize(
    ("algorithm", "options"),
    [
        ("rsa-sign-raw-pkcs1-2048", ("-pkeyopt", "rsa_padding_mode:pkcs1")),
        ("ec-sign-ed25519", ("-rawin",)),
    ],
)
def test_openssl_verifies_what_we_sign_as_it_is(
    kmsctl: Commands, algorithm: str, options: tuple[str, ...]
) -> None:
    key = kmsctl.key(algorithm)
    kmsctl.public(algorithm)
    kmsctl("asymmetric-sign", *key, "--input-file=data", "--signature-file=signature")
    verify = ("pkeyutl", "-verify", "-pubin", "-inkey", "public", "-sigfile", "signature", *options, "-in")
    assert openssl(*verify, "data").returncode == 0
    assert openssl(*verify, "other").returncode != 0


@pytest.mark.parametrize("size", [0, 100, 3_000_000], ids=["nothing", "a line", "more than is sent"])
@pytest.mark.parametrize("algorithm", ["pq-sign-ml-dsa-44-external-mu", "pq-sign-ml-dsa-87-external-mu"])
def test_a_signature_of_external_mu_is_one_of_pure_ml_dsa(
    kmsctl: Commands, algorithm: str, size: int
) -> None:
    Path("data").write_bytes(bytes(range(100)) * (size // 100))
    key = kmsctl.key(algorithm)
    how = ("--digest-algorithm=external-mu", "--input-file=data", "--signature-file=signature")
    kmsctl("asymmetric-sign", *key, *how)
    kmsctl("asymmetric-verify", *key, *how)
    public: Any = load_pem_public_key(kmsctl.public(algorithm))
    public.verify(Path("signature").read_bytes(), Path("data").read_bytes())
    assert kmsctl.public(algorithm, "nist-pqc") == public.public_bytes_raw()


def test_ml_dsa_signs_data(kmsctl: Commands) -> None:
    key = kmsctl.key("pq-sign-ml-dsa-65")
    kmsctl("asymmetric-sign", *key, "--input-file=data", "--signature-file=signature")
    public: Any = load_der_public_key(kmsctl.public("pq-sign-ml-dsa-65", "der"))
    public.verify(Path("signature").read_bytes(), DATA)


def test_slh_dsa_is_that_of_pqcrypto(kmsctl: Commands) -> None:
    algorithm = "pq-sign-slh-dsa-sha2-128s"
    reason = SoftwareBackend().unavailable_reason(by_spelling(algorithm))
    if reason is not None:
        pytest.skip(f"SLH-DSA NOT TESTED: {reason}")
    pqcrypto: Any = import_module("pqcrypto")
    key = kmsctl.key(algorithm)
    kmsctl("asymmetric-sign", *key, "--input-file=data", "--signature-file=signature")
    kmsctl("asymmetric-verify", *key, "--input-file=data", "--signature-file=signature")
    public, signature = kmsctl.public(algorithm, "nist-pqc"), Path("signature").read_bytes()
    assert (len(public), len(signature)) == (32, 7856)
    pqcrypto.slh_dsa_sha2_128s.verify(public, DATA, signature)
    with pytest.raises(pqcrypto.InvalidSignatureError):
        pqcrypto.slh_dsa_sha2_128s.verify(public, DATA + b"!", signature)
    assert main(["asymmetric-verify", *key, "--input-file=other", "--signature-file=signature"]) == 1


# Decryption


@needs_openssl
@pytest.mark.parametrize(
    "algorithm",
    ["rsa-decrypt-oaep-2048-sha1", "rsa-decrypt-oaep-2048-sha256", "rsa-decrypt-oaep-4096-sha512"],
)
def test_we_decrypt_what_openssl_encrypts(kmsctl: Commands, algorithm: str) -> None:
    key = kmsctl.key(algorithm)
    kmsctl.public(algorithm)
    digest = algorithm.rpartition("-")[2]
    how = (f"rsa_oaep_md:{digest}", f"rsa_mgf1_md:{digest}", "rsa_padding_mode:oaep")
    options = [word for each in how for word in ("-pkeyopt", each)]
    files = ("--ciphertext-file=ciphertext", "--plaintext-file=plaintext")
    for plaintext in (DATA, b""):
        Path("in").write_bytes(plaintext)
        encrypt = ("pkeyutl", "-encrypt", "-pubin", "-inkey", "public", "-in", "in", "-out", "ciphertext")
        assert openssl(*encrypt, *options).returncode == 0
        kmsctl("asymmetric-decrypt", *key, *files)
        assert Path("plaintext").read_bytes() == plaintext
    Path("plaintext").unlink()
    other = ("-pkeyopt", "rsa_padding_mode:pkcs1")
    assert openssl(*encrypt, *other).returncode == 0
    assert main(["asymmetric-decrypt", *key, *files]) == 1
    assert not Path("plaintext").exists()


@pytest.mark.parametrize("algorithm", ["ml-kem-768", "ml-kem-1024"])
def test_we_decapsulate_what_the_library_encapsulates(kmsctl: Commands, algorithm: str) -> None:
    key = kmsctl.key(algorithm)
    public: Any = load_pem_public_key(kmsctl.public(algorithm))
    assert kmsctl.public(algorithm, "nist-pqc") == public.public_bytes_raw()
    secret, ciphertext = public.encapsulate()
    _check_decapsulation(kmsctl, key, ciphertext, secret)


def test_we_decapsulate_what_is_encapsulated_by_the_draft_of_x_wing(kmsctl: Commands) -> None:
    from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PublicKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
    from cryptography.hazmat.primitives.hashes import SHA3_256, Hash

    key = kmsctl.key("kem-xwing")
    raw = kmsctl.public("kem-xwing", "xwing-raw-bytes")
    assert kmsctl.public("kem-xwing", "der").endswith(raw)
    secret_m, ciphertext_m = MLKEM768PublicKey.from_public_bytes(raw[:1184]).encapsulate()
    ephemeral = X25519PrivateKey.generate()
    ciphertext_x = ephemeral.public_key().public_bytes_raw()
    secret_x = ephemeral.exchange(X25519PublicKey.from_public_bytes(raw[1184:]))
    combined = Hash(SHA3_256())
    for part in (secret_m, secret_x, ciphertext_x, raw[1184:], bytes.fromhex("5c2e2f2f5e5c")):
        combined.update(part)
    _check_decapsulation(kmsctl, key, ciphertext_m + ciphertext_x, combined.finalize())


def _check_decapsulation(kmsctl: Commands, key: tuple[str, ...], ciphertext: bytes, secret: bytes) -> None:
    line = ("decapsulate", *key, "--ciphertext-file=ciphertext", "--shared-secret-file=made/secret")
    Path("ciphertext").write_bytes(ciphertext)
    kmsctl(*line)
    assert Path("made/secret").read_bytes() == secret
    assert Path("made/secret").stat().st_mode & 0o777 == 0o600
    assert Path("made").stat().st_mode & 0o777 == 0o700
    # Another ciphertext yields another secret, and no error; one of another length is refused.
    Path("ciphertext").write_bytes(bytes([ciphertext[0] ^ 1]) + ciphertext[1:])
    kmsctl(*line)
    other = Path("made/secret").read_bytes()
    assert len(other) == 32
    assert other != secret
    Path("ciphertext").write_bytes(ciphertext[:-1])
    assert main([*line]) == 1
    assert main([*line, "--version=2"]) == 1
    kmsctl("keys", "versions", "disable", "1", key[0])
    Path("ciphertext").write_bytes(ciphertext)
    assert main([*line]) == 1
    assert Path("made/secret").read_bytes() == other


# Symmetric keys: what is drawn for them is known here, and nowhere else


@needs_openssl
@pytest.mark.parametrize("given", [False, True], ids=["drawn", "given"])
@pytest.mark.parametrize("algorithm", ["aes-128-cbc", "aes-256-cbc", "aes-128-ctr", "aes-256-ctr"])
def test_openssl_decrypts_raw_ciphertexts(kmsctl: Commands, algorithm: str, given: bool) -> None:
    key = kmsctl.key(algorithm)
    secrets = [each for each in kmsctl.drawn if len(each) == by_spelling(algorithm).secret_size]
    Path("in").write_bytes(DATA.ljust(48))
    how: tuple[str, ...] = ()
    if given:
        Path("out.iv").write_bytes(bytes(range(16)))
        how = ("--initialization-vector-file=out.iv",)
    kmsctl("raw-encrypt", *key, *how, "--plaintext-file=in", "--ciphertext-file=out")
    iv = Path("out.iv").read_bytes().hex()
    decrypt = ("enc", "-d", f"-{algorithm}", "-nopad", "-in", "out", "-iv", iv, "-K")
    assert Path("in").read_bytes() in [openssl(*decrypt, secret.hex()).stdout for secret in secrets]


@pytest.mark.parametrize("algorithm", ["aes-128-gcm", "aes-256-gcm"])
def test_the_library_opens_raw_aes_gcm(kmsctl: Commands, algorithm: str) -> None:
    key = kmsctl.key(algorithm)
    secrets = [each for each in kmsctl.drawn if len(each) == by_spelling(algorithm).secret_size]
    kmsctl(
        *("raw-encrypt", *key, "--plaintext-file=data", "--ciphertext-file=out"),
        "--additional-authenticated-data-file=other",
    )
    iv = Path("out.iv").read_bytes()
    sealed = [AESGCM(secret).encrypt(iv, DATA, DATA + b"!") for secret in secrets]
    assert Path("out").read_bytes() in sealed


@pytest.mark.parametrize(
    "algorithm", ["hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512"]
)
def test_tags_are_those_of_the_standard_library(kmsctl: Commands, algorithm: str) -> None:
    key = kmsctl.key(algorithm)
    secrets = [each for each in kmsctl.drawn if len(each) == by_spelling(algorithm).secret_size]
    kmsctl("mac-sign", *key, "--input-file=data", "--signature-file=tag")
    tags = [hmac.digest(secret, DATA, algorithm.partition("-")[2]) for secret in secrets]
    assert Path("tag").read_bytes() in tags
