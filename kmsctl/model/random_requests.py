"""Request and response of GenerateRandomBytes, as the API has them."""

from __future__ import annotations

from kmsctl.model.protection import SOFTWARE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.model.names import LocationName


class GenerateRandomBytesRequest:
    """`length_bytes` is 8 to 1024; `protection_level` says whose generator is asked."""

    __slots__ = ("length_bytes", "name", "protection_level")

    def __init__(self, name: LocationName, length_bytes: int, *, protection_level: str = SOFTWARE) -> None:
        self.name = name
        self.length_bytes = length_bytes
        self.protection_level = protection_level


class GenerateRandomBytesResponse:
    """`data_crc32c` is the CRC32C (Castagnoli) of `data`, as an unsigned integer."""

    __slots__ = ("data", "data_crc32c")

    def __init__(self, data: bytes, *, data_crc32c: int) -> None:
        self.data = data
        self.data_crc32c = data_crc32c
