"""Raw AES: GCM (SP 800-38D), CBC and CTR (SP 800-38A), with the API's rules.

Nothing is padded. AES-GCM draws a 12-byte IV and appends a 16-byte tag; as the IV is random, a key
should seal at most 2^32 messages.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from kmsctl.crypto import checks
from kmsctl.crypto.backend import RawCiphertext
from kmsctl.errors import InvalidArgument
from kmsctl.model import algorithms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kmsctl.model.algorithms import Algorithm


def _cipher(algorithm: Algorithm, secret: bytes, iv: bytes) -> Cipher[modes.CBC] | Cipher[modes.CTR]:
    if algorithm.family == algorithms.AES_CBC:
        return Cipher(AES(secret), modes.CBC(iv))
    return Cipher(AES(secret), modes.CTR(iv))


def encrypt(
    algorithm: Algorithm,
    secret: bytes,
    plaintext: bytes,
    *,
    aad: bytes,
    iv: bytes,
    random: Callable[[int], bytes],
) -> RawCiphertext:
    """`Backend.raw_encrypt`; `random` draws the IV if none is given."""
    checks.raw_encrypt(algorithms.SOFTWARE, algorithm, plaintext, aad=aad, iv=iv)
    if algorithm.family == algorithms.AES_GCM:
        iv = random(checks.GCM_IV_SIZE)
        return RawCiphertext(AESGCM(secret).encrypt(iv, plaintext, aad), iv, checks.GCM_TAG_SIZE)
    iv = iv or random(checks.BLOCK_SIZE)
    encryptor = _cipher(algorithm, secret, iv).encryptor()
    return RawCiphertext(encryptor.update(plaintext) + encryptor.finalize(), iv)


def decrypt(
    algorithm: Algorithm, secret: bytes, ciphertext: bytes, *, aad: bytes, iv: bytes, tag_length: int
) -> bytes:
    """`Backend.raw_decrypt`."""
    checks.raw_decrypt(algorithms.SOFTWARE, algorithm, ciphertext, aad=aad, iv=iv, tag_length=tag_length)
    if algorithm.family == algorithms.AES_GCM:
        try:
            return AESGCM(secret).decrypt(iv, ciphertext, aad)
        except InvalidTag:
            raise InvalidArgument(checks.RAW_DECRYPTION_FAILED) from None
    decryptor = _cipher(algorithm, secret, iv).decryptor()
    return decryptor.update(ciphertext) + decryptor.finalize()
