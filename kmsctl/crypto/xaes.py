"""XAES-256-GCM, the extended-nonce AEAD of https://c2sp.org/XAES-256-GCM.

The 192-bit nonce is random, so any number of messages may be sealed under one key. The
derivation of the message key is the specification's: SP 800-108 KBKDF in counter mode with
AES-CMAC; both parts come from `cryptography`.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFCMAC, CounterLocation, Mode

__all__ = ["KEY_SIZE", "NONCE_SIZE", "OVERHEAD", "InvalidTag", "Opener", "open_", "seal"]

KEY_SIZE = 32
NONCE_SIZE = 24
TAG_SIZE = 16
#: Bytes that `seal` adds to the plaintext: nonce and tag.
OVERHEAD = NONCE_SIZE + TAG_SIZE


def _message_cipher(key: bytes, nonce: bytes) -> AESGCM:
    if len(key) != KEY_SIZE:
        raise ValueError("an XAES-256-GCM key has 32 bytes")
    derivation = KBKDFCMAC(
        AES,
        Mode.CounterMode,
        length=32,
        rlen=2,
        llen=None,
        location=CounterLocation.BeforeFixed,
        label=None,
        context=None,
        fixed=b"X\x00" + nonce[:12],
    )
    return AESGCM(derivation.derive(key))


def seal(key: bytes, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """Encrypts and authenticates.

    Args:
        key: 32 bytes.
        nonce: 24 bytes, drawn at random for this message.
        plaintext: what to encrypt.
        aad: what to authenticate without encrypting it.

    Returns:
        nonce ‖ ciphertext ‖ 16-byte tag.
    """
    if len(nonce) != NONCE_SIZE:
        raise ValueError("an XAES-256-GCM nonce has 24 bytes")
    return nonce + _message_cipher(key, nonce).encrypt(nonce[12:], plaintext, aad)


def open_(key: bytes, sealed: bytes, aad: bytes) -> bytes:
    """Returns the plaintext of what `seal` returned.

    Raises:
        InvalidTag: if key, nonce, ciphertext, tag or aad is not what was sealed.
    """
    if len(sealed) < OVERHEAD:
        raise InvalidTag
    nonce = sealed[:NONCE_SIZE]
    return _message_cipher(key, nonce).decrypt(nonce[12:], sealed[NONCE_SIZE:], aad)


class Opener:
    """Opens many messages that were sealed under one key, in half the time. For one thread at a time.

    The message key is two blocks of CMAC, each over one whole block of input, which is AES of that
    block and the first subkey, as the specification says. Subkey and cipher are kept here.
    """

    __slots__ = ("_encrypt", "_subkey")

    def __init__(self, key: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers import Cipher, modes

        if len(key) != KEY_SIZE:
            raise ValueError("an XAES-256-GCM key has 32 bytes")
        # ECB is the bare block cipher, which is what CMAC is made of.
        self._encrypt = Cipher(AES(key), modes.ECB()).encryptor().update  # noqa: S305
        zero = int.from_bytes(self._encrypt(bytes(16)), "big")
        subkey = (zero << 1) ^ (0x1_00000000_00000000_00000000_00000087 if zero >> 127 else 0)
        self._subkey = subkey << 128 | subkey

    def open(self, sealed: bytes, aad: bytes) -> bytes:
        """Returns what `open_` returns, and raises what it raises."""
        if len(sealed) < OVERHEAD:
            raise InvalidTag
        start = sealed[:12]
        blocks = int.from_bytes(b"\x00\x01X\x00" + start + b"\x00\x02X\x00" + start, "big") ^ self._subkey
        key = self._encrypt(blocks.to_bytes(32, "big"))
        return AESGCM(key).decrypt(sealed[12:NONCE_SIZE], sealed[NONCE_SIZE:], aad)
