"""Signatures of notes: C2SP signed-note with Ed25519 keys."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from kmsctl.crypto.integrity import digest
from kmsctl.errors import InvalidArgument

_ED25519 = b"\x01"
_BEGIN = b"-----BEGIN "
_MOST_KEYS = 1000


def key_id(name: str, public: bytes) -> bytes:
    """Returns the 4 bytes that a signature names its key by."""
    return digest(name.encode() + b"\n" + _ED25519 + public)[:4]


def load_public_keys(pem: bytes) -> list[bytes]:
    """Returns the Ed25519 public keys of a PEM file, 32 bytes each.

    Raises:
        InvalidArgument: if there is none, or something else.
    """
    found = []
    for block in pem.split(_BEGIN)[1 : _MOST_KEYS + 1]:
        try:
            key = load_pem_public_key(_BEGIN + block)
        except ValueError:
            key = None
        if not isinstance(key, Ed25519PublicKey):
            raise InvalidArgument("public-key: the file has something that is no Ed25519 public key in PEM.")
        found.append(key.public_bytes_raw())
    if not found:
        raise InvalidArgument("public-key: the file has no public key in PEM.")
    return found


def is_signed(public: bytes, signature: bytes, data: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except InvalidSignature:
        return False
    return True
