"""What a protection level does for the service, as a Protocol, and the values that cross it.

Every operation raises `kmsctl.errors` types with the API's category: INVALID_ARGUMENT for sizes,
digests and undecryptable ciphertext, FAILED_PRECONDITION for a key of another purpose,
UNIMPLEMENTED for what the installed libraries cannot do. No message holds secret bytes.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from kmsctl.model.algorithms import Algorithm, Digest
else:
    Protocol = object  # `typing` is too slow to import for two words


class KeyMaterial:
    """The material of one key version, as a backend made or accepted it.

    Attributes:
        secret: raw bytes of a symmetric or MAC key; else a PKCS#8 DER ``OneAsymmetricKey``:
            RFC 5958 for RSA and EC, RFC 8410 for Ed25519, the seed form of RFC 9881 for ML-DSA and
            RFC 9935 for ML-KEM, RFC 9909 for SLH-DSA, the 32-byte seed of
            draft-connolly-cfrg-xwing-kem for X-Wing.
        public: the ``SubjectPublicKeyInfo`` in DER by the same documents; None for symmetric keys.
    """

    __slots__ = ("public", "secret")

    def __init__(self, secret: bytes, public: bytes | None = None) -> None:
        self.secret = secret
        self.public = public

    def __repr__(self) -> str:
        return "KeyMaterial(...)"


class RawCiphertext:
    """What RawEncrypt answers: for AES-GCM the last `tag_length` bytes of `ciphertext` are the tag."""

    __slots__ = ("ciphertext", "iv", "tag_length")

    def __init__(self, ciphertext: bytes, iv: bytes, tag_length: int = 0) -> None:
        self.ciphertext = ciphertext
        self.iv = iv
        self.tag_length = tag_length


class Backend(Protocol):
    """One protection level. Implementations are safe to share between threads.

    `secret` is `KeyMaterial.secret` as the same backend returned it, `public` is
    `KeyMaterial.public`.
    """

    @property
    def protection_level(self) -> str:
        """``SOFTWARE``, ``HSM``, ..."""

    def unavailable_reason(self, algorithm: Algorithm) -> str | None:
        """Returns a sentence that says why `algorithm` cannot be used here, or None if it can."""

    def generate(self, algorithm: Algorithm) -> KeyMaterial:
        """Makes new material. RSA takes seconds."""

    def check_material(self, algorithm: Algorithm, secret: bytes) -> KeyMaterial:
        """Checks material for import: it must be exactly of `algorithm`, and sound.

        Args:
            algorithm: of the version to be.
            secret: raw bytes for symmetric and MAC keys, PKCS#8 DER for asymmetric ones.

        Returns:
            the same key in this backend's form, with its public key.
        """

    def encrypt(self, secret: bytes, plaintext: bytes, aad: bytes) -> bytes:
        """GOOGLE_SYMMETRIC_ENCRYPTION: returns nonce ‖ ciphertext ‖ tag. Sizes are the caller's."""

    def decrypt(self, secret: bytes, ciphertext: bytes, aad: bytes) -> bytes:
        """Returns the plaintext of what `encrypt` returned; INVALID_ARGUMENT if it is not that."""

    def raw_encrypt(
        self, algorithm: Algorithm, secret: bytes, plaintext: bytes, *, aad: bytes = b"", iv: bytes = b""
    ) -> RawCiphertext:
        """RawEncrypt. Pads nothing: AES-CBC takes whole blocks of 16 bytes only.

        Args:
            algorithm: AES-GCM, -CBC or -CTR.
            secret: the AES key.
            plaintext: what to encrypt.
            aad: for AES-GCM only.
            iv: 16 bytes for AES-CBC and AES-CTR, or empty: one is drawn. AES-GCM always draws its own
                12 bytes. A pair of key and IV must never be used for two AES-CTR messages.
        """

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
        """RawDecrypt. `tag_length` is 16 or 0 (the default, which is 16) for AES-GCM, else 0."""

    def sign(
        self,
        algorithm: Algorithm,
        secret: bytes,
        *,
        digest: Digest | None = None,
        data: bytes | None = None,
    ) -> bytes:
        """AsymmetricSign over `digest` or over `data`, of which exactly one is given.

        Returns:
            the signature: big-endian integer of the modulus's size for RSA, DER ``Ecdsa-Sig-Value``
            for ECDSA (low S for secp256k1), 64 bytes for Ed25519, FIPS 204 and 205 encodings else.
        """

    def verify(
        self,
        algorithm: Algorithm,
        public: bytes,
        signature: bytes,
        *,
        digest: Digest | None = None,
        data: bytes | None = None,
    ) -> bool:
        """Says whether `signature` is one of `sign`'s kind over the same input."""

    def asymmetric_decrypt(self, algorithm: Algorithm, secret: bytes, ciphertext: bytes) -> bytes:
        """RSA-OAEP with an empty label; every failure past the length check reads the same."""

    def mac_sign(self, algorithm: Algorithm, secret: bytes, data: bytes) -> bytes:
        """Returns the whole HMAC tag."""

    def mac_verify(self, algorithm: Algorithm, secret: bytes, data: bytes, mac: bytes) -> bool:
        """Says, in constant time, whether `mac` is the whole tag of `data`."""

    def decapsulate(self, algorithm: Algorithm, secret: bytes, ciphertext: bytes) -> bytes:
        """Returns the 32-byte shared secret.

        A ciphertext of the right length that was made for another key yields another secret, not an
        error: ML-KEM rejects implicitly (FIPS 203).
        """

    def public_key(self, algorithm: Algorithm, public: bytes, form: str) -> bytes:
        """Returns the public key in a format of `PUBLIC_KEY_FORMATS`; PEM is ASCII text."""

    def random_bytes(self, length: int) -> bytes:
        """Returns 8 to 1024 random bytes."""
