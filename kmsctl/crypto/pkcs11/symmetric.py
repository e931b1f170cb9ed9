"""AES and HMAC in a token. Nonces and IVs are the token's random bytes."""

from __future__ import annotations

import struct

from pkcs11.mechanisms import GCMParams, Mechanism

from kmsctl.crypto import checks
from kmsctl.crypto.backend import RawCiphertext
from kmsctl.crypto.pkcs11 import failures, schemes
from kmsctl.errors import InvalidArgument
from kmsctl.model import algorithms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kmsctl.crypto.pkcs11.connection import TokenSession
    from kmsctl.model.algorithms import Algorithm

#: CK_AES_CTR_PARAMS has the counter's size in bits first: all of the block, as SP 800-38A has it.
_CTR_BITS = struct.pack("L", 128)


def random(session: TokenSession, length: int) -> bytes:
    """Returns random bytes of the token."""
    return bytes(session.session.generate_random(length * 8))


def seal(session: TokenSession, key: Any, plaintext: bytes, aad: bytes) -> tuple[bytes, bytes]:
    """Encrypts with AES-GCM; returns (12-byte nonce, ciphertext ‖ 16-byte tag)."""
    nonce = random(session, checks.GCM_IV_SIZE)
    if session.cryptoki is None:
        sealed = key.encrypt(
            plaintext, mechanism=Mechanism.AES_GCM, mechanism_param=GCMParams(nonce, aad or None)
        )
    else:
        sealed = session.cryptoki.gcm(
            "Encrypt", session.session.handle, key.handle, iv=nonce, aad=aad, data=plaintext
        )
    return nonce, _of_length(sealed, len(plaintext) + checks.GCM_TAG_SIZE)


def open_(session: TokenSession, key: Any, nonce: bytes, sealed: bytes, aad: bytes) -> bytes | None:
    """Decrypts what `seal` made, or returns None if it is not that."""
    try:
        if session.cryptoki is None:
            opened = key.decrypt(
                sealed, mechanism=Mechanism.AES_GCM, mechanism_param=GCMParams(nonce, aad or None)
            )
        else:
            opened = session.cryptoki.gcm(
                "Decrypt", session.session.handle, key.handle, iv=nonce, aad=aad, data=sealed
            )
    except failures.kinds() as error:
        if failures.name(error) in failures.UNDECRYPTABLE:
            return None
        raise
    return _of_length(opened, len(sealed) - checks.GCM_TAG_SIZE)


def _of_length(answer: bytes, length: int) -> bytes:
    """Returns what a module answered, which is of no use if it has another length."""
    if len(answer) != length:
        raise failures.senseless()
    return bytes(answer)


def _plain_mode(algorithm: Algorithm, iv: bytes) -> dict[str, object]:
    if algorithm.family == algorithms.AES_CBC:
        return {"mechanism": Mechanism.AES_CBC, "mechanism_param": iv}
    return {"mechanism": Mechanism.AES_CTR, "mechanism_param": _CTR_BITS + iv}


def raw_encrypt(
    session: TokenSession, algorithm: Algorithm, key: Any, plaintext: bytes, *, aad: bytes, iv: bytes
) -> RawCiphertext:
    """`Backend.raw_encrypt`, after the checks."""
    if algorithm.family == algorithms.AES_GCM:
        nonce, sealed = seal(session, key, plaintext, aad)
        return RawCiphertext(sealed, nonce, checks.GCM_TAG_SIZE)
    iv = iv or random(session, checks.BLOCK_SIZE)
    # Of nothing, nothing comes: not all modules take an empty message.
    sealed = key.encrypt(plaintext, **_plain_mode(algorithm, iv)) if plaintext else b""
    return RawCiphertext(_of_length(sealed, len(plaintext)), iv)


def raw_decrypt(
    session: TokenSession, algorithm: Algorithm, key: Any, ciphertext: bytes, *, aad: bytes, iv: bytes
) -> bytes:
    """`Backend.raw_decrypt`, after the checks."""
    if algorithm.family == algorithms.AES_GCM:
        opened = open_(session, key, iv, ciphertext, aad)
        if opened is None:
            raise InvalidArgument(checks.RAW_DECRYPTION_FAILED)
        return opened
    opened = key.decrypt(ciphertext, **_plain_mode(algorithm, iv)) if ciphertext else b""
    return _of_length(opened, len(ciphertext))


def mac(key: Any, algorithm: Algorithm, data: bytes) -> bytes:
    """Returns the whole HMAC tag."""
    tag = key.sign(data, mechanism=schemes.HMACS[algorithm.digest])
    return _of_length(tag, algorithms.DIGEST_SIZES[algorithm.digest or ""])
