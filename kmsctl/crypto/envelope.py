"""The ciphertext of symmetric encryption: a header, then what the key version sealed.

docs/format.md, "Ciphertext", specifies every byte. The header says which version can decrypt;
header, key name and the caller's additional authenticated data are bound by the AEAD.
"""

from __future__ import annotations

#: Three letters and the format's version: 1 is XAES-256-GCM under a software key version.
MAGIC = b"KMC"
FORMAT_XAES = 1
UID_SIZE = 16
HEADER_SIZE = len(MAGIC) + 1 + UID_SIZE


class MalformedCiphertext(Exception):
    """The bytes are not a ciphertext of a known format."""


def header(uid: bytes) -> bytes:
    """Returns the 20-byte header of a ciphertext made by the version with this 16-byte id."""
    return MAGIC + bytes((FORMAT_XAES,)) + uid


def split(ciphertext: bytes) -> tuple[bytes, bytes, bytes]:
    """Returns (header, version id, sealed part).

    Raises:
        MalformedCiphertext: if it cannot be a ciphertext of a format that this release reads.
    """
    if len(ciphertext) < HEADER_SIZE or not ciphertext.startswith(header(b"")):
        raise MalformedCiphertext
    return ciphertext[:HEADER_SIZE], ciphertext[4:HEADER_SIZE], ciphertext[HEADER_SIZE:]


def associated_data(header: bytes, key_name: str, aad: bytes) -> bytes:
    """Frames what the AEAD binds: fixed-size header, length-prefixed key name, then all of `aad`."""
    name = key_name.encode("ascii")
    return header + len(name).to_bytes(4, "big") + name + aad
