"""OAEP unpadded outside of a token that lacks its digest (RFC 8017, 7.1.2), for those who allow it.

Python is not constant-time: whoever can time many decryptions of ciphertexts of their choice may learn how
far the unpadding came, and with that decrypt (Manger, 2001). It is off unless the property
``hsm/allow_software_oaep_unpadding`` turns it on, and is not for servers.
"""

from __future__ import annotations

import hashlib
import hmac


def unpad(encoded: bytes, digest: str) -> bytes | None:
    """Returns the message in an encoded message of the modulus's length, or None if there is none."""
    name = digest.lower()
    size = hashlib.new(name).digest_size
    seed = _xor(encoded[1 : 1 + size], _mgf1(name, encoded[1 + size :], size))
    block = _xor(encoded[1 + size :], _mgf1(name, seed, len(encoded) - 1 - size))
    sound = hmac.compare_digest(block[:size], hashlib.new(name).digest()) & (encoded[0] == 0)
    # One pass over all bytes, whatever they are.
    separator, looking, bad = 0, True, False
    for position in range(size, len(block)):
        one, zero = block[position] == 1, block[position] == 0
        separator = position if looking & one else separator
        bad |= looking & (not one) & (not zero)
        looking &= not one
    return None if bad or looking or not sound else block[separator + 1 :]


def _mgf1(name: str, seed: bytes, length: int) -> bytes:
    """MGF1 (RFC 8017, B.2.1)."""
    mask = b""
    for counter in range(-(-length // hashlib.new(name).digest_size)):
        mask += hashlib.new(name, seed + counter.to_bytes(4, "big")).digest()
    return mask[:length]


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
