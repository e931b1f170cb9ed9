"""The textual encoding of keys (RFC 7468): DER in base64 between two lines that say what it is."""

from __future__ import annotations

from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64

PUBLIC_KEY = b"PUBLIC KEY"
PRIVATE_KEY = b"PRIVATE KEY"
_LINE = 64
_BEGIN = b"-----BEGIN "
_END = b"-----"


def encode(label: bytes, der: bytes) -> bytes:
    """Returns the PEM of `der`: lines of 64 characters, each ended by a line feed."""
    text = b2a_base64(der, newline=False)
    lines = [text[start : start + _LINE] for start in range(0, len(text), _LINE)]
    return b"\n".join((_BEGIN + label + _END, *lines, b"-----END " + label + _END, b""))


def label_of(data: bytes) -> bytes | None:
    """Returns what the first PEM block in `data` says it is, or None if there is no such block."""
    start = data.find(_BEGIN)
    if start < 0:
        return None
    start += len(_BEGIN)
    end = data.find(_END, start, start + 80)
    return data[start:end] if end >= 0 else None


def decode(data: bytes, label: bytes) -> bytes | None:
    """Returns the DER in the first block with this label, or None if there is none that is sound.

    Text before and after the block is skipped, as RFC 7468 wants it.
    """
    begin, end = _BEGIN + label + _END, b"-----END " + label + _END
    start = data.find(begin)
    stop = data.find(end, start)
    if start < 0 or stop < 0:
        return None
    try:
        return a2b_base64(b"".join(data[start + len(begin) : stop].split()), strict_mode=True)
    except Base64Error:
        return None
