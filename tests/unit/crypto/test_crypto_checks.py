from __future__ import annotations

import pytest

from kmsctl.crypto import checks
from kmsctl.errors import InvalidArgument
from kmsctl.model.algorithms import Digest, by_enum


@pytest.mark.parametrize(
    ("level", "plaintext", "aad"),
    [("SOFTWARE", 65536, 65536), ("SOFTWARE", 0, 0), ("HSM", 8192, 0), ("HSM", 0, 8192), ("HSM", 4096, 4096)],
)
def test_plaintext_and_aad_up_to_the_limit(level: str, plaintext: int, aad: int) -> None:
    checks.plaintext_and_aad(level, bytes(plaintext), bytes(aad))


@pytest.mark.parametrize(
    ("level", "plaintext", "aad", "message"),
    [
        (
            "SOFTWARE",
            65537,
            0,
            (
                "Request field plaintext must have length of at least 0, but not more than 65536. "
                "Provided value had length 65537."
            ),
        ),
        (
            "SOFTWARE",
            0,
            65537,
            (
                "Request field additional_authenticated_data must have length of at least 0, but not more "
                "than 65536. Provided value had length 65537."
            ),
        ),
        (
            "HSM",
            4096,
            4097,
            (
                "Request fields plaintext and additional_authenticated_data must not have more than 8192 "
                "bytes together. Provided values had length 8193."
            ),
        ),
    ],
)
def test_plaintext_and_aad_over_the_limit(level: str, plaintext: int, aad: int, message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        checks.plaintext_and_aad(level, bytes(plaintext), bytes(aad))
    assert caught.value.message == message


def test_signing_input_says_whether_it_is_a_digest() -> None:
    algorithm = by_enum("EC_SIGN_P384_SHA384")
    digest = Digest("sha384", bytes(48))
    assert checks.signing_input("SOFTWARE", algorithm, digest, None) == (bytes(48), True)
    assert checks.signing_input("SOFTWARE", algorithm, None, b"") == (b"", False)


def test_raw_pkcs1_signs_at_least_one_byte() -> None:
    with pytest.raises(InvalidArgument, match="length of at least 1, but not more than 245"):
        checks.signing_input("SOFTWARE", by_enum("RSA_SIGN_RAW_PKCS1_2048"), None, b"")


def test_an_empty_iv_means_that_one_is_to_be_drawn() -> None:
    for enum in ("AES_128_GCM", "AES_128_CBC", "AES_128_CTR"):
        checks.raw_encrypt("SOFTWARE", by_enum(enum), bytes(16), aad=b"", iv=b"")
