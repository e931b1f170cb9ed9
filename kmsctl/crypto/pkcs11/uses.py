"""What a token's keys are used for: the part of `TokenBackend` that all backends have in common.

`secret` is the CKA_ID of a key of the token.
"""

from __future__ import annotations

from kmsctl.errors import FailedPrecondition, InvalidArgument
from kmsctl.model import algorithms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.crypto.backend import RawCiphertext
    from kmsctl.crypto.pkcs11.connection import Connection, TokenSession
    from kmsctl.model.algorithms import Algorithm, Digest

#: The digest that every token has for OAEP.
_COMMON_OAEP_DIGEST = "SHA1"


class TokenUses:
    """The operations of `kmsctl.crypto.backend.Backend` with keys that there are.

    Attributes:
        connection: to the token.
    """

    protection_level = algorithms.HSM

    connection: Connection
    _may_unpad: bool

    def must_unpad(self, session: TokenSession, algorithm: Algorithm) -> bool:
        """Tells whether OAEP has to be unpadded outside of the token, and may be."""
        if algorithm.family != algorithms.RSA_OAEP or not self._may_unpad:
            return False
        from kmsctl.crypto.pkcs11 import capabilities

        return capabilities.lacks(session, self.connection, algorithm, unpad=False) is not None

    def encrypt(self, secret: bytes, plaintext: bytes, aad: bytes) -> bytes:
        """AES-256-GCM: returns 12-byte nonce ‖ ciphertext ‖ tag. The caller counts uses, below 2^32."""

        def work(session: TokenSession) -> bytes:
            from kmsctl.crypto.pkcs11 import keys, symmetric

            nonce, sealed = symmetric.seal(session, keys.secret(session, secret), plaintext, aad)
            return nonce + sealed

        return self.connection.run(work, "encrypting")

    def decrypt(self, secret: bytes, ciphertext: bytes, aad: bytes) -> bytes:
        from kmsctl.crypto import checks

        def work(session: TokenSession) -> bytes | None:
            from kmsctl.crypto.pkcs11 import keys, symmetric

            nonce, sealed = ciphertext[: checks.GCM_IV_SIZE], ciphertext[checks.GCM_IV_SIZE :]
            return symmetric.open_(session, keys.secret(session, secret), nonce, sealed, aad)

        least = checks.GCM_IV_SIZE + checks.GCM_TAG_SIZE
        opened = self.connection.run(work, "decrypting") if len(ciphertext) >= least else None
        if opened is None:
            raise InvalidArgument("Decryption failed: the ciphertext is invalid.")
        return opened

    def raw_encrypt(
        self, algorithm: Algorithm, secret: bytes, plaintext: bytes, *, aad: bytes = b"", iv: bytes = b""
    ) -> RawCiphertext:
        from kmsctl.crypto import checks

        checks.raw_encrypt(self.protection_level, algorithm, plaintext, aad=aad, iv=iv)

        def work(session: TokenSession) -> RawCiphertext:
            from kmsctl.crypto.pkcs11 import keys, symmetric

            key = keys.secret(session, secret)
            return symmetric.raw_encrypt(session, algorithm, key, plaintext, aad=aad, iv=iv)

        return self.connection.run(work, "encrypting")

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
        from kmsctl.crypto import checks

        level = self.protection_level
        checks.raw_decrypt(level, algorithm, ciphertext, aad=aad, iv=iv, tag_length=tag_length)

        def work(session: TokenSession) -> bytes:
            from kmsctl.crypto.pkcs11 import keys, symmetric

            key = keys.secret(session, secret)
            return symmetric.raw_decrypt(session, algorithm, key, ciphertext, aad=aad, iv=iv)

        return self.connection.run(work, "decrypting")

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

        def work(session: TokenSession) -> bytes:
            from kmsctl.crypto.pkcs11 import asymmetric, keys

            over = value if digested else asymmetric.digest_of(algorithm, value)
            return asymmetric.sign(keys.private(session, secret), algorithm, over)

        return self.connection.run(work, "signing")

    def verify(
        self,
        algorithm: Algorithm,
        public: bytes,
        signature: bytes,
        *,
        digest: Digest | None = None,
        data: bytes | None = None,
    ) -> bool:
        """Needs no token: the public key says it all."""
        from kmsctl.crypto import checks
        from kmsctl.crypto.software import SoftwareBackend

        checks.signing_input(self.protection_level, algorithm, digest, data)
        return SoftwareBackend().verify(algorithm, public, signature, digest=digest, data=data)

    def asymmetric_decrypt(self, algorithm: Algorithm, secret: bytes, ciphertext: bytes) -> bytes:
        from kmsctl.crypto import checks

        checks.purpose(algorithm, algorithms.ASYMMETRIC_DECRYPT)
        checks.ciphertext_size(algorithm, ciphertext)

        def work(session: TokenSession) -> bytes:
            from kmsctl.crypto.pkcs11 import asymmetric, keys, making

            if algorithm.digest != _COMMON_OAEP_DIGEST:
                making.check_can(self.connection, session, algorithm, unpad=self._may_unpad)
            unpad = self.must_unpad(session, algorithm)
            return asymmetric.decrypt(keys.private(session, secret), algorithm, ciphertext, unpad=unpad)

        return self.connection.run(work, "decrypting")

    def mac_sign(self, algorithm: Algorithm, secret: bytes, data: bytes) -> bytes:
        """Returns the whole HMAC tag."""
        from kmsctl.crypto import checks

        checks.purpose(algorithm, algorithms.MAC)
        checks.length("data", data, algorithms.LIMITS[algorithms.HSM].mac_data)

        def work(session: TokenSession) -> bytes:
            from kmsctl.crypto.pkcs11 import keys, symmetric

            return symmetric.mac(keys.secret(session, secret), algorithm, data)

        return self.connection.run(work, "signing")

    def mac_verify(self, algorithm: Algorithm, secret: bytes, data: bytes, mac: bytes) -> bool:
        from kmsctl.crypto.integrity import bytes_eq

        return bytes_eq(self.mac_sign(algorithm, secret, data), mac)

    def decapsulate(self, algorithm: Algorithm, secret: bytes, ciphertext: bytes) -> bytes:
        """Refused: no HSM key has a purpose of key encapsulation."""
        from kmsctl.crypto import checks

        del secret
        checks.purpose(algorithm, algorithms.KEY_ENCAPSULATION)
        checks.ciphertext_size(algorithm, ciphertext)
        raise FailedPrecondition(f"{algorithm.enum} is not an algorithm of HSM keys.")

    def public_key(self, algorithm: Algorithm, public: bytes, form: str) -> bytes:
        from kmsctl.crypto.software import spki

        return spki.export(algorithm, public, form)

    def random_bytes(self, length: int) -> bytes:
        """Returns random bytes of the token."""
        from kmsctl.crypto import checks

        checks.random_length(length)

        def work(session: TokenSession) -> bytes:
            from kmsctl.crypto.pkcs11 import symmetric

            return symmetric.random(session, length)

        return self.connection.run(work, "drawing random bytes")
