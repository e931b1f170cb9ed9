from __future__ import annotations

import pytest

from kmsctl.errors import InvalidArgument
from kmsctl.model import algorithms, import_methods
from kmsctl.model.import_methods import IMPORT_METHODS

#: enum → (number, bits of RSA or None, digest, AES-KWP, bytes that it can wrap), from the API's reference
#: and RFC 8017, 7.1.1: k - 2 hLen - 2.
EXPECTED = {
    "RSA_OAEP_3072_SHA1_AES_256": (1, 3072, "SHA1", True, 8192),
    "RSA_OAEP_4096_SHA1_AES_256": (2, 4096, "SHA1", True, 8192),
    "RSA_OAEP_3072_SHA256_AES_256": (3, 3072, "SHA256", True, 8192),
    "RSA_OAEP_4096_SHA256_AES_256": (4, 4096, "SHA256", True, 8192),
    "RSA_OAEP_3072_SHA256": (5, 3072, "SHA256", False, 318),
    "RSA_OAEP_4096_SHA256": (6, 4096, "SHA256", False, 446),
    "HPKE_KEM_ML_KEM_768_HKDF_SHA256_AES_256_GCM": (8, None, None, False, 8192),
    "HPKE_KEM_ML_KEM_1024_HKDF_SHA256_AES_256_GCM": (9, None, None, False, 8192),
    "HPKE_KEM_XWING_HKDF_SHA256_AES_256_GCM": (10, None, None, False, 8192),
}
ENCAPSULATED = {"ML_KEM_768": 1088, "ML_KEM_1024": 1568, "KEM_XWING": 1120}


def test_the_table_is_the_apis() -> None:
    found = {
        method.enum: (
            method.number,
            method.wrapping_algorithm.key_bits,
            method.wrapping_algorithm.digest,
            method.aes_kwp,
            method.max_material,
        )
        for method in IMPORT_METHODS
    }
    assert found == EXPECTED


@pytest.mark.parametrize("method", IMPORT_METHODS, ids=repr)
def test_a_method_is_found_by_each_of_its_names(method: import_methods.ImportMethod) -> None:
    assert import_methods.by_enum(method.enum) is method
    assert import_methods.by_number(method.number) is method
    assert import_methods.by_spelling(method.spelling) is method
    assert method.spelling == method.enum.lower().replace("_", "-")
    bits = method.wrapping_algorithm.key_bits
    assert method.encapsulation_size == (bits // 8 if bits else ENCAPSULATED[method.wrapping_algorithm.enum])


def test_hpke_methods_are_for_software_keys_only() -> None:
    assert {method.enum: method.protection_levels for method in IMPORT_METHODS} == {
        method.enum: ("SOFTWARE",) if method.hpke else ("SOFTWARE", "HSM") for method in IMPORT_METHODS
    }
    assert sum(method.hpke for method in IMPORT_METHODS) == 3


@pytest.mark.parametrize(
    ("find", "value"),
    [
        (import_methods.by_enum, "RSA_OAEP_2048_SHA256"),
        (import_methods.by_spelling, "RSA_OAEP_3072_SHA256"),
        (import_methods.by_number, 7),
    ],
)
def test_an_unknown_method_is_an_invalid_argument(find: object, value: object) -> None:
    assert callable(find)
    with pytest.raises(InvalidArgument, match=str(value)):
        find(value)


@pytest.mark.parametrize("method", import_methods.IMPORT_METHODS, ids=repr)
def test_rsa_oaep_alone_takes_symmetric_keys_only(method: import_methods.ImportMethod) -> None:
    for algorithm in algorithms.ALGORITHMS:
        if algorithm.secret_size is not None:
            method.check_takes(algorithm)
        elif method.enum in ("RSA_OAEP_3072_SHA256", "RSA_OAEP_4096_SHA256"):
            with pytest.raises(InvalidArgument, match="symmetric keys only"):
                method.check_takes(algorithm)
        else:
            method.check_takes(algorithm)
