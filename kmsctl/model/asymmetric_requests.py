"""Requests and responses of the verbs of asymmetric keys, as the API has them.

Checksums are CRC32C (Castagnoli) of the field they are named after, as unsigned integers; None
means that the caller sent none. `name` is the version that was asked for, and that answered.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.model.algorithms import Digest
    from kmsctl.model.names import CryptoKeyVersionName


class AsymmetricSignRequest:
    """``AsymmetricSign`` over `digest` or over `data`, of which exactly one is given."""

    __slots__ = (
        "data",
        "data_crc32c",
        "digest",
        "digest_crc32c",
        "name",
    )

    def __init__(
        self,
        name: CryptoKeyVersionName,
        *,
        digest: Digest | None = None,
        data: bytes | None = None,
        digest_crc32c: int | None = None,
        data_crc32c: int | None = None,
    ) -> None:
        self.name = name
        self.digest = digest
        self.data = data
        self.digest_crc32c = digest_crc32c
        self.data_crc32c = data_crc32c


class AsymmetricSignResponse:
    """`signature` is encoded as the algorithm has it (`Backend.sign`)."""

    __slots__ = (
        "name",
        "protection_level",
        "signature",
        "signature_crc32c",
        "verified_data_crc32c",
        "verified_digest_crc32c",
    )

    def __init__(
        self,
        name: CryptoKeyVersionName,
        signature: bytes,
        *,
        signature_crc32c: int,
        verified_digest_crc32c: bool,
        verified_data_crc32c: bool,
        protection_level: str,
    ) -> None:
        self.name = name
        self.signature = signature
        self.signature_crc32c = signature_crc32c
        self.verified_digest_crc32c = verified_digest_crc32c
        self.verified_data_crc32c = verified_data_crc32c
        self.protection_level = protection_level


class AsymmetricVerifyRequest:
    """Verification with the stored public key; the API leaves it to its clients."""

    __slots__ = (
        "data",
        "data_crc32c",
        "digest",
        "digest_crc32c",
        "name",
        "signature",
        "signature_crc32c",
    )

    def __init__(
        self,
        name: CryptoKeyVersionName,
        signature: bytes,
        *,
        digest: Digest | None = None,
        data: bytes | None = None,
        signature_crc32c: int | None = None,
        digest_crc32c: int | None = None,
        data_crc32c: int | None = None,
    ) -> None:
        self.name = name
        self.signature = signature
        self.digest = digest
        self.data = data
        self.signature_crc32c = signature_crc32c
        self.digest_crc32c = digest_crc32c
        self.data_crc32c = data_crc32c


class AsymmetricVerifyResponse:
    """A wrong signature is an answer, not an error: `success` is false."""

    __slots__ = (
        "name",
        "protection_level",
        "success",
        "verified_data_crc32c",
        "verified_digest_crc32c",
        "verified_signature_crc32c",
        "verified_success_integrity",
    )

    def __init__(
        self,
        name: CryptoKeyVersionName,
        success: bool,
        *,
        verified_signature_crc32c: bool,
        verified_digest_crc32c: bool,
        verified_data_crc32c: bool,
        verified_success_integrity: bool,
        protection_level: str,
    ) -> None:
        self.name = name
        self.success = success
        self.verified_signature_crc32c = verified_signature_crc32c
        self.verified_digest_crc32c = verified_digest_crc32c
        self.verified_data_crc32c = verified_data_crc32c
        self.verified_success_integrity = verified_success_integrity
        self.protection_level = protection_level


class AsymmetricDecryptRequest:
    """``AsymmetricDecrypt``: `ciphertext` is as long as the modulus."""

    __slots__ = (
        "ciphertext",
        "ciphertext_crc32c",
        "name",
    )

    def __init__(
        self,
        name: CryptoKeyVersionName,
        ciphertext: bytes,
        *,
        ciphertext_crc32c: int | None = None,
    ) -> None:
        self.name = name
        self.ciphertext = ciphertext
        self.ciphertext_crc32c = ciphertext_crc32c


class AsymmetricDecryptResponse:
    """What RSA-OAEP encrypted."""

    __slots__ = (
        "name",
        "plaintext",
        "plaintext_crc32c",
        "protection_level",
        "verified_ciphertext_crc32c",
    )

    def __init__(
        self,
        name: CryptoKeyVersionName,
        plaintext: bytes,
        *,
        plaintext_crc32c: int,
        verified_ciphertext_crc32c: bool,
        protection_level: str,
    ) -> None:
        self.name = name
        self.plaintext = plaintext
        self.plaintext_crc32c = plaintext_crc32c
        self.verified_ciphertext_crc32c = verified_ciphertext_crc32c
        self.protection_level = protection_level


class DecapsulateRequest:
    """``Decapsulate``: `ciphertext` is what the KEM's encapsulation gave."""

    __slots__ = (
        "ciphertext",
        "ciphertext_crc32c",
        "name",
    )

    def __init__(
        self,
        name: CryptoKeyVersionName,
        ciphertext: bytes,
        *,
        ciphertext_crc32c: int | None = None,
    ) -> None:
        self.name = name
        self.ciphertext = ciphertext
        self.ciphertext_crc32c = ciphertext_crc32c


class DecapsulateResponse:
    """`shared_secret` has 32 bytes."""

    __slots__ = (
        "name",
        "protection_level",
        "shared_secret",
        "shared_secret_crc32c",
        "verified_ciphertext_crc32c",
    )

    def __init__(
        self,
        name: CryptoKeyVersionName,
        shared_secret: bytes,
        *,
        shared_secret_crc32c: int,
        verified_ciphertext_crc32c: bool,
        protection_level: str,
    ) -> None:
        self.name = name
        self.shared_secret = shared_secret
        self.shared_secret_crc32c = shared_secret_crc32c
        self.verified_ciphertext_crc32c = verified_ciphertext_crc32c
        self.protection_level = protection_level


class PublicKey:
    """``GetPublicKey``: `data` is the public key in `public_key_format`; PEM is ASCII text."""

    __slots__ = (
        "algorithm",
        "data",
        "data_crc32c",
        "name",
        "protection_level",
        "public_key_format",
    )

    def __init__(
        self,
        name: CryptoKeyVersionName,
        data: bytes,
        *,
        data_crc32c: int,
        algorithm: str,
        public_key_format: str,
        protection_level: str,
    ) -> None:
        self.name = name
        self.data = data
        self.data_crc32c = data_crc32c
        self.algorithm = algorithm
        self.public_key_format = public_key_format
        self.protection_level = protection_level
