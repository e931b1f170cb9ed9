"""Requests and responses of the verbs of MAC keys, as the API has them.

Checksums are CRC32C (Castagnoli) of the field they are named after, as unsigned integers; None
means that the caller sent none. `name` is the version that was asked for, and that answered.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.model.names import CryptoKeyVersionName


class MacSignRequest:
    """``MacSign``."""

    __slots__ = (
        "data",
        "data_crc32c",
        "name",
    )

    def __init__(
        self,
        name: CryptoKeyVersionName,
        data: bytes,
        *,
        data_crc32c: int | None = None,
    ) -> None:
        self.name = name
        self.data = data
        self.data_crc32c = data_crc32c


class MacSignResponse:
    """`mac` is the whole tag."""

    __slots__ = (
        "mac",
        "mac_crc32c",
        "name",
        "protection_level",
        "verified_data_crc32c",
    )

    def __init__(
        self,
        name: CryptoKeyVersionName,
        mac: bytes,
        *,
        mac_crc32c: int,
        verified_data_crc32c: bool,
        protection_level: str,
    ) -> None:
        self.name = name
        self.mac = mac
        self.mac_crc32c = mac_crc32c
        self.verified_data_crc32c = verified_data_crc32c
        self.protection_level = protection_level


class MacVerifyRequest:
    """``MacVerify``."""

    __slots__ = (
        "data",
        "data_crc32c",
        "mac",
        "mac_crc32c",
        "name",
    )

    def __init__(
        self,
        name: CryptoKeyVersionName,
        data: bytes,
        mac: bytes,
        *,
        data_crc32c: int | None = None,
        mac_crc32c: int | None = None,
    ) -> None:
        self.name = name
        self.data = data
        self.mac = mac
        self.data_crc32c = data_crc32c
        self.mac_crc32c = mac_crc32c


class MacVerifyResponse:
    """A wrong tag is an answer, not an error: `success` is false."""

    __slots__ = (
        "name",
        "protection_level",
        "success",
        "verified_data_crc32c",
        "verified_mac_crc32c",
        "verified_success_integrity",
    )

    def __init__(
        self,
        name: CryptoKeyVersionName,
        success: bool,
        *,
        verified_data_crc32c: bool,
        verified_mac_crc32c: bool,
        verified_success_integrity: bool,
        protection_level: str,
    ) -> None:
        self.name = name
        self.success = success
        self.verified_data_crc32c = verified_data_crc32c
        self.verified_mac_crc32c = verified_mac_crc32c
        self.verified_success_integrity = verified_success_integrity
        self.protection_level = protection_level
