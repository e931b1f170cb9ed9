"""Requests and responses of raw encryption, as the API has them.

Checksums are CRC32C (Castagnoli) of the field they are named after, as unsigned integers; None
means that the caller sent none. `name` is the version that was asked for, and that answered.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.model.names import CryptoKeyVersionName


class RawEncryptRequest:
    """``RawEncrypt``. An empty `iv` means that one is to be drawn."""

    __slots__ = (
        "aad",
        "aad_crc32c",
        "iv",
        "iv_crc32c",
        "name",
        "plaintext",
        "plaintext_crc32c",
    )

    def __init__(
        self,
        name: CryptoKeyVersionName,
        plaintext: bytes,
        *,
        aad: bytes = b"",
        iv: bytes = b"",
        plaintext_crc32c: int | None = None,
        aad_crc32c: int | None = None,
        iv_crc32c: int | None = None,
    ) -> None:
        self.name = name
        self.plaintext = plaintext
        self.aad = aad
        self.iv = iv
        self.plaintext_crc32c = plaintext_crc32c
        self.aad_crc32c = aad_crc32c
        self.iv_crc32c = iv_crc32c


class RawEncryptResponse:
    """For AES-GCM the last `tag_length` bytes of `ciphertext` are the tag."""

    __slots__ = (
        "ciphertext",
        "ciphertext_crc32c",
        "iv",
        "iv_crc32c",
        "name",
        "protection_level",
        "tag_length",
        "verified_aad_crc32c",
        "verified_iv_crc32c",
        "verified_plaintext_crc32c",
    )

    def __init__(  # noqa: PLR0913 - a record of facts, given by name
        self,
        name: CryptoKeyVersionName,
        ciphertext: bytes,
        iv: bytes,
        *,
        tag_length: int,
        ciphertext_crc32c: int,
        iv_crc32c: int,
        verified_plaintext_crc32c: bool,
        verified_aad_crc32c: bool,
        verified_iv_crc32c: bool,
        protection_level: str,
    ) -> None:
        self.name = name
        self.ciphertext = ciphertext
        self.iv = iv
        self.tag_length = tag_length
        self.ciphertext_crc32c = ciphertext_crc32c
        self.iv_crc32c = iv_crc32c
        self.verified_plaintext_crc32c = verified_plaintext_crc32c
        self.verified_aad_crc32c = verified_aad_crc32c
        self.verified_iv_crc32c = verified_iv_crc32c
        self.protection_level = protection_level


class RawDecryptRequest:
    """``RawDecrypt``. A `tag_length` of 0 means the default of the algorithm."""

    __slots__ = (
        "aad",
        "aad_crc32c",
        "ciphertext",
        "ciphertext_crc32c",
        "iv",
        "iv_crc32c",
        "name",
        "tag_length",
    )

    def __init__(
        self,
        name: CryptoKeyVersionName,
        ciphertext: bytes,
        iv: bytes,
        *,
        aad: bytes = b"",
        tag_length: int = 0,
        ciphertext_crc32c: int | None = None,
        aad_crc32c: int | None = None,
        iv_crc32c: int | None = None,
    ) -> None:
        self.name = name
        self.ciphertext = ciphertext
        self.iv = iv
        self.aad = aad
        self.tag_length = tag_length
        self.ciphertext_crc32c = ciphertext_crc32c
        self.aad_crc32c = aad_crc32c
        self.iv_crc32c = iv_crc32c


class RawDecryptResponse:
    """What was encrypted."""

    __slots__ = (
        "name",
        "plaintext",
        "plaintext_crc32c",
        "protection_level",
        "verified_aad_crc32c",
        "verified_ciphertext_crc32c",
        "verified_iv_crc32c",
    )

    def __init__(
        self,
        name: CryptoKeyVersionName,
        plaintext: bytes,
        *,
        plaintext_crc32c: int,
        verified_ciphertext_crc32c: bool,
        verified_aad_crc32c: bool,
        verified_iv_crc32c: bool,
        protection_level: str,
    ) -> None:
        self.name = name
        self.plaintext = plaintext
        self.plaintext_crc32c = plaintext_crc32c
        self.verified_ciphertext_crc32c = verified_ciphertext_crc32c
        self.verified_aad_crc32c = verified_aad_crc32c
        self.verified_iv_crc32c = verified_iv_crc32c
        self.protection_level = protection_level
