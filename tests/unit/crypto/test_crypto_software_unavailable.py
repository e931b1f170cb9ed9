"""Where an installed library lacks an algorithm, the error says which one has it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import cryptography
import pytest
from cryptography.hazmat.primitives import asymmetric
from cryptography.hazmat.primitives.asymmetric import utils

from kmsctl.crypto.software import SoftwareBackend
from kmsctl.errors import Unimplemented
from kmsctl.model.algorithms import ALGORITHMS, SOFTWARE, Digest, by_enum

if TYPE_CHECKING:
    from collections.abc import Callable

_BACKEND = SoftwareBackend()


def _refused(enum: str, match: str) -> None:
    algorithm = by_enum(enum)
    reason = _BACKEND.unavailable_reason(algorithm)
    assert reason is not None
    operations: list[Callable[[], object]] = [
        lambda: _BACKEND.generate(algorithm),
        lambda: _BACKEND.check_material(algorithm, b""),
    ]
    if algorithm.signs_data:
        operations.append(lambda: _BACKEND.sign(algorithm, b"", data=b"data"))
        operations.append(lambda: _BACKEND.verify(algorithm, b"", b"", data=b"data"))
    for operation in operations:
        with pytest.raises(Unimplemented, match=match) as caught:
            operation()
        assert caught.value.message == reason


def test_without_no_digest_info(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(utils, "NoDigestInfo", raising=False)
    version = cryptography.__version__
    _refused("RSA_SIGN_RAW_PKCS1_2048", f"cryptography 47 or newer; {version} is installed")
    assert _BACKEND.unavailable_reason(by_enum("RSA_SIGN_PKCS1_2048_SHA256")) is None


def test_without_ml_dsa(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric.mldsa", None)
    monkeypatch.delattr(asymmetric, "mldsa", raising=False)
    _refused("PQ_SIGN_ML_DSA_44", "PQ_SIGN_ML_DSA_44 needs the Python package cryptography 48 or newer")


def test_without_external_mu(monkeypatch: pytest.MonkeyPatch) -> None:
    algorithm = by_enum("PQ_SIGN_ML_DSA_65_EXTERNAL_MU")
    mldsa = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.mldsa")

    class Older:
        @staticmethod
        def from_seed_bytes(seed: bytes) -> bytes:
            return seed

    monkeypatch.setattr(mldsa, "MLDSA65PrivateKey", Older)
    _refused("PQ_SIGN_ML_DSA_65_EXTERNAL_MU", "cryptography 49 or newer")
    assert _BACKEND.unavailable_reason(by_enum("PQ_SIGN_ML_DSA_65")) is None
    with pytest.raises(Unimplemented, match="cryptography 49 or newer"):
        _BACKEND.sign(algorithm, b"", digest=Digest("external_mu", bytes(64)))


@pytest.mark.parametrize("enum", ["ML_KEM_768", "ML_KEM_1024", "KEM_XWING"])
def test_without_ml_kem(monkeypatch: pytest.MonkeyPatch, enum: str) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric.mlkem", None)
    monkeypatch.delattr(asymmetric, "mlkem", raising=False)
    _refused(enum, f"{enum} needs the Python package cryptography 48 or newer")
    algorithm = by_enum(enum)
    with pytest.raises(Unimplemented, match="cryptography 48 or newer"):
        _BACKEND.decapsulate(algorithm, b"", bytes(algorithm.ciphertext_size or 0))


def test_without_slh_dsa(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pqcrypto", None)
    _refused("PQ_SIGN_SLH_DSA_SHA2_128S", "needs the optional Python package pqcrypto 1.0 or newer")


def test_with_a_pqcrypto_that_has_no_slh_dsa(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pqcrypto", type(sys)("pqcrypto"))
    _refused("PQ_SIGN_SLH_DSA_SHA2_128S", "needs the optional Python package pqcrypto 1.0 or newer")


def test_hash_slh_dsa_is_not_claimed() -> None:
    _refused("PQ_SIGN_HASH_SLH_DSA_SHA2_128S_SHA256", "neither cryptography nor pqcrypto can sign a digest")


def test_everything_else_is_there() -> None:
    """With a current `cryptography` only SLH-DSA may be missing."""
    if int(cryptography.__version__.split(".")[0]) < 49:
        pytest.skip(f"cryptography {cryptography.__version__} is older than what has all of them")
    offered = [a for a in ALGORITHMS if SOFTWARE in a.protection_levels]
    missing = {a.enum for a in offered if _BACKEND.unavailable_reason(a)}
    assert missing - {"PQ_SIGN_SLH_DSA_SHA2_128S"} == {"PQ_SIGN_HASH_SLH_DSA_SHA2_128S_SHA256"}
