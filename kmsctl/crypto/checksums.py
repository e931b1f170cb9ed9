"""CRC32C, the checksum of every bytes field of the API."""

from __future__ import annotations


def crc32c(data: bytes) -> int:
    """Returns the CRC32C (Castagnoli, RFC 3720) of `data` as an unsigned 32-bit integer."""
    from google_crc32c import value

    checksum: int = value(data)
    return checksum
