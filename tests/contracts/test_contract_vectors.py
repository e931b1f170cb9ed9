"""Published vectors, valid and invalid ones, through the operations of a backend.

Each family's README under tests/vectors says where they come from. `valid` is null where the
source lets an implementation choose.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kmsctl.crypto.backend import KeyMaterial
from kmsctl.crypto.pkcs11 import TokenBackend
from kmsctl.errors import InvalidArgument, Unimplemented
from kmsctl.model.algorithms import Algorithm, Digest, by_enum

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kmsctl.crypto.backend import Backend

    ImportKey = Callable[[Algorithm, bytes], KeyMaterial]

_ROOT = Path(__file__).parents[1] / "vectors"
_FAMILIES = (
    "aes_cbc",
    "aes_ctr",
    "aes_gcm",
    "ecdsa",
    "ed25519",
    "hmac",
    "ml_dsa",
    "ml_kem",
    "rsa_oaep",
    "rsa_pkcs1",
    "rsa_pss",
    "slh_dsa",
    "x_wing",
)
_FILES = [path for family in _FAMILIES for path in sorted((_ROOT / family).glob("*.json"))]
_SHA256_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


def _digest(algorithm: Algorithm, data: bytes) -> Digest:
    assert algorithm.input_digest is not None
    return Digest(algorithm.input_digest, hashlib.new(algorithm.input_digest, data).digest())


def _signature(backend: Backend, algorithm: Algorithm, key: KeyMaterial, test: Any) -> bool:
    assert key.public is not None
    signature = bytes.fromhex(test["signature"])
    data = bytes.fromhex(test["data"])
    verdict = backend.verify(algorithm, key.public, signature, data=data)
    if algorithm.input_digest:
        digest = _digest(algorithm, data)
        assert backend.verify(algorithm, key.public, signature, digest=digest) is verdict
    return verdict


def _deterministic_signature(backend: Backend, algorithm: Algorithm, key: KeyMaterial, test: Any) -> bool:
    data, expected = bytes.fromhex(test["data"]), bytes.fromhex(test["signature"])
    signatures = [
        backend.sign(algorithm, key.secret, data=data),
        backend.sign(algorithm, key.secret, digest=_digest(algorithm, data)),
    ]
    raw = by_enum(f"RSA_SIGN_RAW_PKCS1_{algorithm.key_bits}")
    if algorithm.digest == "SHA256" and backend.unavailable_reason(raw) is None:
        encoded = _SHA256_DIGEST_INFO + hashlib.sha256(data).digest()
        signatures.append(backend.sign(raw, key.secret, data=encoded))
        assert key.public is not None
        assert backend.verify(raw, key.public, expected, data=encoded)
        assert not backend.verify(raw, key.public, expected, data=encoded[:-1])
    return signatures == [expected] * len(signatures)


def _asymmetric_decrypt(backend: Backend, algorithm: Algorithm, key: KeyMaterial, test: Any) -> bool:
    ciphertext = bytes.fromhex(test["ciphertext"])
    try:
        plaintext = backend.asymmetric_decrypt(algorithm, key.secret, ciphertext)
    except InvalidArgument as error:
        whole = len(ciphertext) == algorithm.ciphertext_size
        assert (error.message == "Decryption failed.") is whole  # noqa: PT017 - the text is the point
        return False
    assert plaintext == bytes.fromhex(test["plaintext"])
    return True


def _raw_decrypt(backend: Backend, algorithm: Algorithm, key: KeyMaterial, test: Any) -> bool:
    ciphertext, iv = bytes.fromhex(test["ciphertext"]), bytes.fromhex(test["iv"])
    aad = bytes.fromhex(test["aad"])
    try:
        plaintext = backend.raw_decrypt(algorithm, key.secret, ciphertext, iv=iv, aad=aad)
    except InvalidArgument as error:
        assert error.message.startswith("Decryption failed")  # noqa: PT017 - the text is the point
        return False
    assert plaintext == bytes.fromhex(test["plaintext"])
    return True


def _raw_both_ways(backend: Backend, algorithm: Algorithm, key: KeyMaterial, test: Any) -> bool:
    iv = bytes.fromhex(test["iv"])
    made = backend.raw_encrypt(algorithm, key.secret, bytes.fromhex(test["plaintext"]), iv=iv)
    assert made.ciphertext == bytes.fromhex(test["ciphertext"])
    return _raw_decrypt(backend, algorithm, key, test)


def _mac(backend: Backend, algorithm: Algorithm, key: KeyMaterial, test: Any) -> bool:
    data, mac = bytes.fromhex(test["data"]), bytes.fromhex(test["mac"])
    assert backend.mac_sign(algorithm, key.secret, data) == mac
    for wrong in (mac[:-1], mac + b"\0", b"", bytes((mac[0] ^ 1,)) + mac[1:]):
        assert backend.mac_verify(algorithm, key.secret, data, wrong) is False
    return backend.mac_verify(algorithm, key.secret, data, mac)


def _decapsulate(backend: Backend, algorithm: Algorithm, key: KeyMaterial, test: Any) -> bool:
    try:
        secret = backend.decapsulate(algorithm, key.secret, bytes.fromhex(test["ciphertext"]))
    except InvalidArgument:
        return False
    return secret == bytes.fromhex(test["shared_secret"])


def _ml_dsa_mu(backend: Backend, algorithm: Algorithm, key: KeyMaterial, test: Any) -> bool:
    assert key.public is not None
    signature, mu = bytes.fromhex(test["signature"]), bytes.fromhex(test["mu"])
    if "data" in test:
        assert backend.verify(algorithm, key.public, signature, data=bytes.fromhex(test["data"]))
    external = by_enum(f"{algorithm.enum}_EXTERNAL_MU")
    if backend.unavailable_reason(external) is not None:
        return True
    made = backend.sign(external, key.secret, digest=Digest("external_mu", mu))
    assert backend.verify(external, key.public, made, digest=Digest("external_mu", mu))
    other = bytes((mu[0] ^ 1,)) + mu[1:]
    assert not backend.verify(external, key.public, signature, digest=Digest("external_mu", other))
    return backend.verify(external, key.public, signature, digest=Digest("external_mu", mu))


_KINDS = {
    "signature": _signature,
    "deterministic-signature": _deterministic_signature,
    "asymmetric-decrypt": _asymmetric_decrypt,
    "raw-decrypt": _raw_decrypt,
    "raw-both-ways": _raw_both_ways,
    "mac": _mac,
    "decapsulate": _decapsulate,
    "ml-dsa-mu": _ml_dsa_mu,
}


def _key(backend: Backend, import_key: ImportKey, algorithm: Algorithm, group: Any) -> KeyMaterial:
    """Imports the group's key; a group of signatures may have its public key only."""
    if "secret" not in group:
        return KeyMaterial(b"", bytes.fromhex(group["public"]))
    key = import_key(algorithm, bytes.fromhex(group["secret"]))
    if group.get("raw_public") is not None:
        assert key.public is not None
        raw = backend.public_key(algorithm, key.public, algorithm.public_key_formats[-1])
        assert raw.hex() == group["raw_public"]
    if "public" in group:
        assert key.public == bytes.fromhex(group["public"])
    return key


def _disagreements(backend: Backend, import_key: ImportKey, content: Any) -> Iterator[str]:
    run = _KINDS[content["kind"]]
    for group in content["groups"]:
        algorithm = by_enum(group["algorithm"])
        key = _key(backend, import_key, algorithm, group)
        for test in group["tests"]:
            verdict = run(backend, algorithm, key, test)
            if test["valid"] not in (None, verdict):
                yield f"{algorithm.enum} {test['id']}: {verdict}, not {test['valid']}"
        if isinstance(backend, TokenBackend) and key.secret:
            backend.destroy(key.secret)  # tokens search all their objects for one


@pytest.mark.parametrize("path", _FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_backend_agrees_with_published_vectors(
    backend: Backend, request: pytest.FixtureRequest, path: Path
) -> None:
    content = json.loads(path.read_text(encoding="ascii"))
    for name in sorted({group["algorithm"] for group in content["groups"]}):
        reason = backend.unavailable_reason(by_enum(name))
        if reason is not None:
            pytest.skip(reason)
    import_key: ImportKey = request.getfixturevalue("import_key")
    try:
        assert list(_disagreements(backend, import_key, content)) == []
    except Unimplemented as error:
        # Tokens take some kinds of keys that they make and do not import.
        pytest.skip(error.message)


@pytest.mark.parametrize("family", _FAMILIES)
def test_every_family_has_vectors_and_says_where_they_come_from(family: str) -> None:
    assert list((_ROOT / family).glob("*.json"))
    readme = (_ROOT / family / "README.md").read_text(encoding="utf-8")
    for path in (_ROOT / family).glob("*.json"):
        assert path.name in readme
