from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)

from kmsctl.crypto.software import SoftwareBackend, spki
from kmsctl.errors import InvalidArgument
from kmsctl.model.algorithms import by_enum

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

_X_WING = by_enum("KEM_XWING")
_SLH_DSA = by_enum("PQ_SIGN_SLH_DSA_SHA2_128S")


def test_pem_and_der_are_what_the_library_writes() -> None:
    backend, algorithm = SoftwareBackend(), by_enum("EC_SIGN_P256_SHA256")
    public = backend.generate(algorithm).public
    assert public is not None
    key = load_der_public_key(backend.public_key(algorithm, public, "DER"))
    pem = backend.public_key(algorithm, public, "PEM")
    assert pem == key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert load_pem_public_key(pem) == key


def _ml_dsa_key() -> MLDSA44PrivateKey:
    reason = SoftwareBackend().unavailable_reason(by_enum("PQ_SIGN_ML_DSA_44"))
    if reason is not None:
        pytest.skip(reason)
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

    return MLDSA44PrivateKey.generate()


def test_raw_bytes_of_a_nist_key_are_what_the_library_writes() -> None:
    key = _ml_dsa_key().public_key()
    public = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    raw = spki.export(by_enum("PQ_SIGN_ML_DSA_44"), public, "NIST_PQC")
    assert raw == key.public_bytes_raw()


def test_encodings_differ_from_the_librarys_in_the_object_identifier_only() -> None:
    key = _ml_dsa_key()
    ml_dsa = bytes.fromhex("0609608648016503040311")
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ours = spki.encode_public(_SLH_DSA, key.public_key().public_bytes_raw())
    assert ours == public.replace(ml_dsa, spki.OIDS["SLH-DSA-SHA2-128s"], 1)
    # The library writes ML-DSA's seed under a context tag, of which these keys have none.
    private = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    ours = spki.encode_private(_SLH_DSA, b"\x80\x20" + key.private_bytes_raw())
    assert ours == private.replace(ml_dsa, spki.OIDS["SLH-DSA-SHA2-128s"], 1)


def test_x_wing_has_the_encoding_of_its_draft() -> None:
    seed = bytes(range(32))
    der = spki.encode_private(_X_WING, seed)
    assert der == bytes.fromhex("3034020100300d060b2b0601040183e62d81c87a0420") + seed
    public = spki.encode_public(_X_WING, bytes(1216))
    assert public[:24] == bytes.fromhex("308204d4300d060b2b0601040183e62d81c87a038204c100")
    assert spki.export(_X_WING, public, "XWING_RAW_BYTES") == bytes(1216)


@pytest.mark.parametrize(("algorithm", "size"), [(_X_WING, 32), (_SLH_DSA, 64)])
def test_a_private_key_is_read_back_and_nothing_else_is(algorithm: object, size: int) -> None:
    assert algorithm in (_X_WING, _SLH_DSA)
    row = _X_WING if algorithm is _X_WING else _SLH_DSA
    raw = bytes(range(size))
    der = spki.encode_private(row, raw)
    assert spki.decode_private(row, der, size) == raw
    for wrong in (b"", raw, der[:-1], der + b"\0", b"\x31" + der[1:]):
        assert spki.decode_private(row, wrong, size) is None


@pytest.mark.parametrize(
    ("enum", "form"),
    [
        ("EC_SIGN_P256_SHA256", "NIST_PQC"),
        ("ML_KEM_768", "XWING_RAW_BYTES"),
        ("KEM_XWING", "NIST_PQC"),
        ("KEM_XWING", "pem"),
        ("HMAC_SHA256", "PEM"),
    ],
)
def test_other_formats_are_refused_by_name(enum: str, form: str) -> None:
    with pytest.raises(InvalidArgument, match=f"{form} is not a format for {enum}"):
        spki.export(by_enum(enum), bytes(2000), form)
