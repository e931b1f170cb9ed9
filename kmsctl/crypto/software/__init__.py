"""The SOFTWARE protection level: `kmsctl.crypto.backend.Backend` on the library `cryptography`.

One module per family of algorithms. Each is imported by the first operation that needs it, so that
symmetric encryption loads no asymmetric code.
"""

from __future__ import annotations

import os

from kmsctl.errors import FailedPrecondition, InvalidArgument, Unimplemented
from kmsctl.model import algorithms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from kmsctl.crypto.backend import KeyMaterial, RawCiphertext
    from kmsctl.model.algorithms import Algorithm, Digest

    class _KeyPairs(Protocol):
        """A module of asymmetric algorithms."""

        def require(self, algorithm: Algorithm) -> None: ...
        def generate(self, algorithm: Algorithm) -> KeyMaterial: ...
        def check_material(self, algorithm: Algorithm, secret: bytes) -> KeyMaterial: ...

    class _Signatures(_KeyPairs, Protocol):
        """A module of signature algorithms; `digested` says that `value` is a digest already."""

        def sign(self, algorithm: Algorithm, secret: bytes, value: bytes, *, digested: bool) -> bytes: ...
        def verify(
            self, algorithm: Algorithm, public: bytes, signature: bytes, value: bytes, *, digested: bool
        ) -> bool: ...


def _signatures(algorithm: Algorithm) -> _Signatures:
    """Returns the module of a signature algorithm."""
    family = algorithm.family
    if family == algorithms.ECDSA:
        from kmsctl.crypto.software import ec

        return ec
    if family == algorithms.ED25519:
        from kmsctl.crypto.software import ed25519

        return ed25519
    if family in (algorithms.RSA_PKCS1, algorithms.RSA_PSS, algorithms.RSA_RAW_PKCS1):
        from kmsctl.crypto.software import rsa

        return rsa
    if family in (algorithms.ML_DSA, algorithms.ML_DSA_EXTERNAL_MU):
        from kmsctl.crypto.software import mldsa

        return mldsa
    from kmsctl.crypto.software import slhdsa

    return slhdsa


def _key_pairs(algorithm: Algorithm) -> _KeyPairs:
    """Returns the module of an asymmetric algorithm of any purpose."""
    if algorithm.purpose == algorithms.ASYMMETRIC_SIGN:
        return _signatures(algorithm)
    if algorithm.purpose == algorithms.ASYMMETRIC_DECRYPT:
        from kmsctl.crypto.software import rsa

        return rsa
    from kmsctl.crypto.software import kem

    return kem


class SoftwareBackend:
    """The software backend. It keeps no state and may be shared between threads.

    `random` draws nonces and symmetric keys; key pairs and randomised signatures draw from the
    library's own generator.
    """

    __slots__ = ("_random",)

    protection_level = algorithms.SOFTWARE

    def __init__(self, random: Callable[[int], bytes] = os.urandom) -> None:
        self._random = random

    def unavailable_reason(self, algorithm: Algorithm) -> str | None:
        try:
            self._require(algorithm)
        except (FailedPrecondition, Unimplemented) as error:
            return error.message
        return None

    def _require(self, algorithm: Algorithm) -> None:
        if algorithms.SOFTWARE not in algorithm.protection_levels:
            raise FailedPrecondition(f"{algorithm.enum} is not an algorithm of SOFTWARE keys.")
        if algorithm.secret_size is None:
            _key_pairs(algorithm).require(algorithm)

    def generate(self, algorithm: Algorithm) -> KeyMaterial:
        self._require(algorithm)
        if algorithm.secret_size is None:
            return _key_pairs(algorithm).generate(algorithm)
        from kmsctl.crypto.backend import KeyMaterial

        return KeyMaterial(self._random(algorithm.secret_size))

    def check_material(self, algorithm: Algorithm, secret: bytes) -> KeyMaterial:
        self._require(algorithm)
        if algorithm.secret_size is None:
            return _key_pairs(algorithm).check_material(algorithm, secret)
        from kmsctl.crypto import checks
        from kmsctl.crypto.backend import KeyMaterial

        checks.material_size(algorithm, secret)
        return KeyMaterial(secret)

    def encrypt(self, secret: bytes, plaintext: bytes, aad: bytes) -> bytes:
        from kmsctl.crypto import xaes

        return xaes.seal(secret, self._random(xaes.NONCE_SIZE), plaintext, aad)

    def decrypt(self, secret: bytes, ciphertext: bytes, aad: bytes) -> bytes:
        from kmsctl.crypto import xaes

        try:
            return xaes.open_(secret, ciphertext, aad)
        except xaes.InvalidTag:
            raise InvalidArgument("Decryption failed: the ciphertext is invalid.") from None

    def raw_encrypt(
        self, algorithm: Algorithm, secret: bytes, plaintext: bytes, *, aad: bytes = b"", iv: bytes = b""
    ) -> RawCiphertext:
        from kmsctl.crypto.software import raw

        return raw.encrypt(algorithm, secret, plaintext, aad=aad, iv=iv, random=self._random)

    def raw_decrypt(
        self,
        algorithm: Algorithm,
        secret: bytes,
        ciphertext: bytes,
        *,
        iv: bytes,
        aad: bytes = b"",
        tag_length: int = 0,
    ) -> bytes:
        from kmsctl.crypto.software import raw

        return raw.decrypt(algorithm, secret, ciphertext, aad=aad, iv=iv, tag_length=tag_length)

    def sign(
        self,
        algorithm: Algorithm,
        secret: bytes,
        *,
        digest: Digest | None = None,
        data: bytes | None = None,
    ) -> bytes:
        from kmsctl.crypto import checks

        value, digested = checks.signing_input(self.protection_level, algorithm, digest, data)
        self._require(algorithm)
        return _signatures(algorithm).sign(algorithm, secret, value, digested=digested)

    def verify(
        self,
        algorithm: Algorithm,
        public: bytes,
        signature: bytes,
        *,
        digest: Digest | None = None,
        data: bytes | None = None,
    ) -> bool:
        from kmsctl.crypto import checks

        value, digested = checks.signing_input(self.protection_level, algorithm, digest, data)
        self._require(algorithm)
        return _signatures(algorithm).verify(algorithm, public, signature, value, digested=digested)

    def asymmetric_decrypt(self, algorithm: Algorithm, secret: bytes, ciphertext: bytes) -> bytes:
        from kmsctl.crypto import checks
        from kmsctl.crypto.software import rsa

        checks.purpose(algorithm, algorithms.ASYMMETRIC_DECRYPT)
        checks.ciphertext_size(algorithm, ciphertext)
        return rsa.decrypt(algorithm, secret, ciphertext)

    def mac_sign(self, algorithm: Algorithm, secret: bytes, data: bytes) -> bytes:
        from kmsctl.crypto.software import mac

        return mac.sign(algorithm, secret, data)

    def mac_verify(self, algorithm: Algorithm, secret: bytes, data: bytes, mac: bytes) -> bool:
        from kmsctl.crypto.software import mac as family

        return family.verify(algorithm, secret, data, mac)

    def decapsulate(self, algorithm: Algorithm, secret: bytes, ciphertext: bytes) -> bytes:
        from kmsctl.crypto import checks
        from kmsctl.crypto.software import kem

        checks.purpose(algorithm, algorithms.KEY_ENCAPSULATION)
        checks.ciphertext_size(algorithm, ciphertext)
        return kem.decapsulate(algorithm, secret, ciphertext)

    def public_key(self, algorithm: Algorithm, public: bytes, form: str) -> bytes:
        from kmsctl.crypto.software import spki

        return spki.export(algorithm, public, form)

    def random_bytes(self, length: int) -> bytes:
        from kmsctl.crypto import checks

        checks.random_length(length)
        return self._random(length)
