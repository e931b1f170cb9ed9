"""Requests and responses of the cryptographic verbs, and pages of lists.

Checksums are CRC32C (Castagnoli) of the field they are named after, as unsigned integers; None
means that the caller sent, or asked for, none.
"""

from __future__ import annotations

from kmsctl.model.names import CryptoKeyName, CryptoKeyVersionName


class EncryptRequest:
    """``Encrypt``. `name` is a key, whose primary version is used, or a version."""

    __slots__ = ("aad", "aad_crc32c", "name", "plaintext", "plaintext_crc32c")

    def __init__(
        self,
        name: CryptoKeyName | CryptoKeyVersionName,
        plaintext: bytes,
        *,
        aad: bytes = b"",
        plaintext_crc32c: int | None = None,
        aad_crc32c: int | None = None,
    ) -> None:
        self.name = name
        self.plaintext = plaintext
        self.aad = aad
        self.plaintext_crc32c = plaintext_crc32c
        self.aad_crc32c = aad_crc32c


class EncryptResponse:
    """`name` is the version that encrypted."""

    __slots__ = (
        "ciphertext",
        "ciphertext_crc32c",
        "name",
        "protection_level",
        "verified_aad_crc32c",
        "verified_plaintext_crc32c",
    )

    def __init__(
        self,
        name: CryptoKeyVersionName,
        ciphertext: bytes,
        *,
        ciphertext_crc32c: int,
        verified_plaintext_crc32c: bool,
        verified_aad_crc32c: bool,
        protection_level: str,
    ) -> None:
        self.name = name
        self.ciphertext = ciphertext
        self.ciphertext_crc32c = ciphertext_crc32c
        self.verified_plaintext_crc32c = verified_plaintext_crc32c
        self.verified_aad_crc32c = verified_aad_crc32c
        self.protection_level = protection_level


class DecryptRequest:
    """``Decrypt``. The version is found in the ciphertext."""

    __slots__ = ("aad", "aad_crc32c", "ciphertext", "ciphertext_crc32c", "name")

    def __init__(
        self,
        name: CryptoKeyName,
        ciphertext: bytes,
        *,
        aad: bytes = b"",
        ciphertext_crc32c: int | None = None,
        aad_crc32c: int | None = None,
    ) -> None:
        self.name = name
        self.ciphertext = ciphertext
        self.aad = aad
        self.ciphertext_crc32c = ciphertext_crc32c
        self.aad_crc32c = aad_crc32c


class DecryptResponse:
    """`version` is the version that decrypted; `used_primary` says whether it is the primary."""

    __slots__ = ("plaintext", "plaintext_crc32c", "protection_level", "used_primary", "version")

    def __init__(
        self,
        plaintext: bytes,
        *,
        plaintext_crc32c: int,
        used_primary: bool,
        protection_level: str,
        version: CryptoKeyVersionName,
    ) -> None:
        self.plaintext = plaintext
        self.plaintext_crc32c = plaintext_crc32c
        self.used_primary = used_primary
        self.protection_level = protection_level
        self.version = version
