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

__all__ = ["KEY_SIZE", "NONCE_SIZE", "OVERHEAD", "InvalidTag", "open_", "seal"]

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
