from __future__ import annotations

import subprocess
import sys

import pytest

from kmsctl.errors import InvalidArgument
from kmsctl.model import algorithms
from kmsctl.model.algorithms import ALGORITHMS, PURPOSES, Algorithm, by_enum


def test_names_and_numbers_are_unique() -> None:
    for values in (
        [a.enum for a in ALGORITHMS],
        [a.number for a in ALGORITHMS],
        [a.spelling for a in ALGORITHMS],
        [p.enum for p in PURPOSES],
        [p.number for p in PURPOSES],
        [p.spelling for p in PURPOSES],
    ):
        assert len(set(values)) == len(values)


def test_every_row_is_found_by_each_of_its_names() -> None:
    for row in ALGORITHMS:
        assert algorithms.by_enum(row.enum) is row
        assert algorithms.by_number(row.number) is row
        assert algorithms.by_spelling(row.spelling) is row
        assert row in algorithms.for_purpose(row.purpose)
    for purpose in PURPOSES:
        assert algorithms.purpose_by_enum(purpose.enum) is purpose
        assert algorithms.purpose_by_number(purpose.number) is purpose
        assert algorithms.purpose_by_spelling(purpose.spelling) is purpose
    assert sum(len(algorithms.for_purpose(p.enum)) for p in PURPOSES) == len(ALGORITHMS)


@pytest.mark.parametrize(
    ("function", "value"),
    [
        (algorithms.by_enum, "rsa-sign-pss-2048-sha256"),
        (algorithms.by_spelling, "RSA_SIGN_PSS_2048_SHA256"),
        (algorithms.by_number, 0),
        (algorithms.purpose_by_enum, "encryption"),
        (algorithms.purpose_by_spelling, "ENCRYPT_DECRYPT"),
        (algorithms.purpose_by_number, 2),
    ],
)
def test_unknown_names_are_invalid_and_named(function: object, value: object) -> None:
    assert callable(function)
    with pytest.raises(InvalidArgument, match=str(value)):
        function(value)


def test_only_encryption_has_a_default_a_primary_and_a_schedule() -> None:
    for purpose in PURPOSES:
        symmetric = purpose.enum == "ENCRYPT_DECRYPT"
        assert purpose.has_primary is purpose.rotates is symmetric
        assert purpose.default_algorithm == ("GOOGLE_SYMMETRIC_ENCRYPTION" if symmetric else None)
        assert purpose.has_public_key is any(
            a.public_key_formats for a in algorithms.for_purpose(purpose.enum)
        )


@pytest.mark.parametrize(
    ("enum", "kind", "size", "data"),
    [
        ("RSA_SIGN_PSS_4096_SHA512", "sha512", 64, True),
        ("RSA_SIGN_PKCS1_2048_SHA256", "sha256", 32, True),
        ("RSA_SIGN_RAW_PKCS1_2048", None, None, True),
        ("EC_SIGN_P384_SHA384", "sha384", 48, True),
        ("EC_SIGN_ED25519", None, None, True),
        ("PQ_SIGN_ML_DSA_65", None, None, True),
        ("PQ_SIGN_ML_DSA_65_EXTERNAL_MU", "external_mu", 64, False),
        ("PQ_SIGN_HASH_SLH_DSA_SHA2_128S_SHA256", "sha256", 32, True),
        ("RSA_DECRYPT_OAEP_2048_SHA256", None, None, False),
        ("HMAC_SHA256", None, None, False),
    ],
)
def test_what_an_algorithm_signs(enum: str, kind: str | None, size: int | None, data: bool) -> None:
    row = by_enum(enum)
    assert (row.input_digest, row.input_digest_size, row.signs_data) == (kind, size, data)


@pytest.mark.parametrize(
    ("enum", "secret", "ciphertext", "public"),
    [
        ("GOOGLE_SYMMETRIC_ENCRYPTION", 32, None, None),
        ("AES_128_CTR", 16, None, None),
        ("HMAC_SHA1", 20, None, None),
        ("HMAC_SHA512", 64, None, None),
        ("RSA_DECRYPT_OAEP_3072_SHA1", None, 384, None),
        ("RSA_SIGN_PSS_2048_SHA256", None, None, None),
        ("ML_KEM_768", None, 1088, 1184),
        ("ML_KEM_1024", None, 1568, 1568),
        ("KEM_XWING", None, 1120, 1216),
        ("PQ_SIGN_ML_DSA_44", None, None, 1312),
    ],
)
def test_sizes(enum: str, secret: int | None, ciphertext: int | None, public: int | None) -> None:
    row = by_enum(enum)
    assert (row.secret_size, row.ciphertext_size, row.public_key_size) == (secret, ciphertext, public)


def test_raw_pkcs1_takes_eleven_bytes_less_than_the_modulus() -> None:
    sizes = [by_enum(f"RSA_SIGN_RAW_PKCS1_{bits}").max_data for bits in (2048, 3072, 4096)]
    assert sizes == [245, 373, 501]
    assert by_enum("RSA_SIGN_PKCS1_2048_SHA256").max_data is None


def test_public_key_formats() -> None:
    assert by_enum("EC_SIGN_P256_SHA256").public_key_formats == ("PEM", "DER")
    assert by_enum("ML_KEM_768").public_key_formats == ("PEM", "DER", "NIST_PQC")
    assert by_enum("KEM_XWING").public_key_formats == ("PEM", "DER", "XWING_RAW_BYTES")
    assert by_enum("HMAC_SHA256").public_key_formats == ()
    for row in ALGORITHMS:
        assert set(row.public_key_formats) <= set(algorithms.PUBLIC_KEY_FORMATS)


def test_spellings_follow_the_rule_of_gcloud() -> None:
    assert by_enum("PQ_SIGN_HASH_SLH_DSA_SHA2_128S_SHA256").spelling == (
        "pq-sign-hash-slh-dsa-sha2-128s-sha256"
    )
    assert repr(by_enum("KEM_XWING")) == "Algorithm(KEM_XWING)"
    assert all(isinstance(row, Algorithm) for row in ALGORITHMS)


def test_the_table_imports_nothing_slow() -> None:
    script = (
        "import sys; before = set(sys.modules); import kmsctl.model.algorithms; "
        "print(*sorted(set(sys.modules) - before))"
    )
    loaded = subprocess.run(
        [sys.executable, "-S", "-c", script], capture_output=True, text=True, check=True, env=_PATH
    ).stdout.split()
    own = {"kmsctl", "kmsctl.errors", "kmsctl.model", "kmsctl.model.algorithms"}
    assert set(loaded) - {"__future__"} == own


_PATH = {"PYTHONPATH": ":".join(path for path in sys.path if path)}
