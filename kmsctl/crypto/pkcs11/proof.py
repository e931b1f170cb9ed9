"""Using a key once, to see that it does what it was made for."""

from __future__ import annotations

from kmsctl.crypto.pkcs11 import asymmetric, symmetric
from kmsctl.errors import TokenError
from kmsctl.model import algorithms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kmsctl.crypto.pkcs11.connection import TokenSession
    from kmsctl.model.algorithms import Algorithm

#: One byte more than a block: there are modules whose counter mode takes whole blocks only.
_MESSAGE = b"kmsctl tries this"


def use(
    session: TokenSession, algorithm: Algorithm, key: Any, public: bytes | None, *, unpad: bool = False
) -> None:
    """Does with a key of `algorithm` what it is for.

    Args:
        session: of the key.
        algorithm: of the key.
        key: a secret or private key.
        public: the SubjectPublicKeyInfo that belongs to it, or None.
        unpad: whether OAEP is unpadded outside of the token.

    Raises:
        TokenError: if the result is wrong. What the module's calls raise is not caught.
    """
    if algorithm.purpose == algorithms.ASYMMETRIC_SIGN:
        sound = _signs(algorithm, key, public or b"")
    elif algorithm.purpose == algorithms.ASYMMETRIC_DECRYPT:
        sound = _decrypts(algorithm, key, public or b"", unpad=unpad)
    elif algorithm.purpose == algorithms.MAC:
        tag = symmetric.mac(key, algorithm, _MESSAGE)
        sound = len(tag) == algorithm.secret_size and tag != symmetric.mac(key, algorithm, _MESSAGE[1:])
    else:
        sound = _encrypts(session, algorithm, key)
    if not sound:
        raise TokenError(f"The token '{session.token.label}' computes {algorithm.enum} wrongly.")


def _signs(algorithm: Algorithm, key: Any, public: bytes) -> bool:
    from kmsctl.crypto.software import SoftwareBackend

    raw = algorithm.family == algorithms.RSA_RAW_PKCS1
    value = _MESSAGE if raw else asymmetric.digest_of(algorithm, _MESSAGE)
    signature = asymmetric.sign(key, algorithm, value)
    return SoftwareBackend().verify(algorithm, public, signature, data=_MESSAGE)


def _decrypts(algorithm: Algorithm, key: Any, public: bytes, *, unpad: bool) -> bool:
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    from kmsctl.crypto.software.digests import digest_of

    digest = digest_of(algorithm)
    loaded = load_der_public_key(public)
    if not isinstance(loaded, RSAPublicKey):
        return False
    sealed = loaded.encrypt(_MESSAGE, padding.OAEP(padding.MGF1(digest), digest, None))
    opened = (asymmetric.unpadded if unpad else asymmetric.native)(key, algorithm, sealed)
    return opened == _MESSAGE


def _encrypts(session: TokenSession, algorithm: Algorithm, key: Any) -> bool:
    if algorithm.family in (algorithms.GOOGLE_SYMMETRIC, algorithms.AES_GCM):
        nonce, sealed = symmetric.seal(session, key, _MESSAGE, _MESSAGE)
        other = symmetric.seal(session, key, _MESSAGE, _MESSAGE)
        opened = symmetric.open_(session, key, nonce, sealed, _MESSAGE)
        return opened == _MESSAGE and other[0] != nonce
    message = _MESSAGE[:16] if algorithm.family == algorithms.AES_CBC else _MESSAGE
    made = symmetric.raw_encrypt(session, algorithm, key, message, aad=b"", iv=b"")
    opened = symmetric.raw_decrypt(session, algorithm, key, made.ciphertext, aad=b"", iv=made.iv)
    return opened == message != made.ciphertext
