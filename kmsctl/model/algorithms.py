"""Purposes and algorithms: the one table that validation, help, completion and backends read.

Names and numbers are those of the API's ``CryptoKey.CryptoKeyPurpose`` and
``CryptoKeyVersion.CryptoKeyVersionAlgorithm``. Numbers are what is stored. The command line's
spelling of an algorithm is its name in lower case with hyphens. Rows stand in the order in which
gcloud prints the choices of a purpose.
"""

from __future__ import annotations

from kmsctl.errors import InvalidArgument

ENCRYPT_DECRYPT = "ENCRYPT_DECRYPT"
RAW_ENCRYPT_DECRYPT = "RAW_ENCRYPT_DECRYPT"
ASYMMETRIC_SIGN = "ASYMMETRIC_SIGN"
ASYMMETRIC_DECRYPT = "ASYMMETRIC_DECRYPT"
MAC = "MAC"
KEY_ENCAPSULATION = "KEY_ENCAPSULATION"

SOFTWARE = "SOFTWARE"
HSM = "HSM"

#: Digest name → its length in bytes.
DIGEST_SIZES = {"SHA1": 20, "SHA224": 28, "SHA256": 32, "SHA384": 48, "SHA512": 64}

#: The field of the API's ``Digest`` that carries ML-DSA's message representative, and its length.
EXTERNAL_MU = "external_mu"
EXTERNAL_MU_SIZE = 64

#: Parameter set → (bytes of its raw public key, bytes of its signature or KEM ciphertext), from
#: FIPS 203, 204 and 205, and from draft-connolly-cfrg-xwing-kem.
PARAMETER_SETS = {
    "ML-DSA-44": (1312, 2420),
    "ML-DSA-65": (1952, 3309),
    "ML-DSA-87": (2592, 4627),
    "SLH-DSA-SHA2-128s": (32, 7856),
    "ML-KEM-768": (1184, 1088),
    "ML-KEM-1024": (1568, 1568),
    "X-Wing": (1216, 1120),
}

#: The formats in which a public key is handed out (``PublicKey.PublicKeyFormat``) → number.
PUBLIC_KEY_FORMATS = {"PEM": 1, "DER": 2, "NIST_PQC": 3, "XWING_RAW_BYTES": 4}

MIN_RANDOM_BYTES = 8
MAX_RANDOM_BYTES = 1024


class Limits:
    """Sizes in bytes that a protection level takes.

    `together` bounds plaintext and additional authenticated data in sum.
    """

    __slots__ = ("aad", "data", "mac_data", "plaintext", "together")

    def __init__(self, *, plaintext: int, aad: int, together: int, data: int, mac_data: int) -> None:
        self.plaintext = plaintext
        self.aad = aad
        self.together = together
        self.data = data
        self.mac_data = mac_data


LIMITS = {
    SOFTWARE: Limits(plaintext=65536, aad=65536, together=131072, data=65536, mac_data=65536),
    HSM: Limits(plaintext=8192, aad=8192, together=8192, data=65536, mac_data=16384),
}


class Purpose:
    """What the keys of a purpose can do.

    Attributes:
        enum, number, spelling: the API's name and number, and gcloud's ``--purpose``.
        operations: the API methods that keys of this purpose serve.
        default_algorithm: the algorithm of a key created without one, or None: it must be given.
        has_primary: whether a key has a primary version.
        rotates: whether a key may have a rotation schedule.
    """

    __slots__ = ("default_algorithm", "enum", "has_primary", "number", "operations", "rotates", "spelling")

    def __init__(
        self,
        enum: str,
        number: int,
        spelling: str,
        operations: tuple[str, ...],
        *,
        default_algorithm: str | None = None,
    ) -> None:
        self.enum = enum
        self.number = number
        self.spelling = spelling
        self.operations = operations
        self.default_algorithm = default_algorithm
        self.has_primary = self.rotates = enum == ENCRYPT_DECRYPT

    @property
    def has_public_key(self) -> bool:
        return "GetPublicKey" in self.operations


PURPOSES = (
    Purpose(
        ENCRYPT_DECRYPT,
        1,
        "encryption",
        ("Encrypt", "Decrypt"),
        default_algorithm="GOOGLE_SYMMETRIC_ENCRYPTION",
    ),
    Purpose(RAW_ENCRYPT_DECRYPT, 7, "raw-encryption", ("RawEncrypt", "RawDecrypt")),
    Purpose(ASYMMETRIC_SIGN, 5, "asymmetric-signing", ("AsymmetricSign", "GetPublicKey")),
    Purpose(ASYMMETRIC_DECRYPT, 6, "asymmetric-encryption", ("AsymmetricDecrypt", "GetPublicKey")),
    Purpose(MAC, 9, "mac", ("MacSign", "MacVerify")),
    Purpose(KEY_ENCAPSULATION, 10, "key-encapsulation", ("Decapsulate", "GetPublicKey")),
)

# Families name the scheme; a backend chooses its code by them.
GOOGLE_SYMMETRIC = "google-symmetric"
EXTERNAL = "external"
AES_GCM = "aes-gcm"
AES_CBC = "aes-cbc"
AES_CTR = "aes-ctr"
ECDSA = "ecdsa"
ED25519 = "ed25519"
RSA_PSS = "rsa-pss"
RSA_PKCS1 = "rsa-pkcs1"
RSA_RAW_PKCS1 = "rsa-raw-pkcs1"
RSA_OAEP = "rsa-oaep"
ML_DSA = "ml-dsa"
ML_DSA_EXTERNAL_MU = "ml-dsa-external-mu"
SLH_DSA = "slh-dsa"
HASH_SLH_DSA = "hash-slh-dsa"
HMAC = "hmac"
ML_KEM = "ml-kem"
X_WING = "x-wing"

_SIGNS_A_DIGEST = (RSA_PKCS1, RSA_PSS, ECDSA, HASH_SLH_DSA)


class Algorithm:
    """One algorithm of a key version.

    Attributes:
        enum, number, spelling: the API's name and number, and the command line's word.
        purpose: the enum name of its purpose.
        family: the scheme, one of this module's family names.
        key_bits: of a symmetric key or of an RSA modulus; None where `parameters` says it.
        parameters: the curve (``P-256``, ``P-384``, ``secp256k1``) or the parameter set, or None.
        digest: the digest of the scheme (also of OAEP, MGF1 and HMAC), a key of DIGEST_SIZES.
        protection_levels: the levels that kmsctl offers it at.
        importable: whether material of one's own may become a version.
        input_digest: the field of the API's ``Digest`` that it signs: ``sha256``, ``sha384``,
            ``sha512`` or ``external_mu``; None if it signs data only.
        input_digest_size: the length of that field in bytes, or None.
        signs_data: whether AsymmetricSign may be given the data itself.
        secret_size: bytes of a symmetric key, else None.
        public_key_size: bytes of a raw post-quantum public key, else None.
        ciphertext_size: bytes of what AsymmetricDecrypt or Decapsulate takes, else None.
    """

    __slots__ = (
        "ciphertext_size",
        "digest",
        "enum",
        "family",
        "importable",
        "input_digest",
        "input_digest_size",
        "key_bits",
        "number",
        "parameters",
        "protection_levels",
        "public_key_size",
        "purpose",
        "secret_size",
        "signs_data",
        "spelling",
    )

    def __init__(
        self,
        enum: str,
        number: int,
        purpose: str,
        family: str,
        *,
        bits: int | None = None,
        parameters: str | None = None,
        digest: str | None = None,
        levels: tuple[str, ...] = (SOFTWARE, HSM),
    ) -> None:
        self.enum = enum
        self.number = number
        self.spelling = enum.lower().replace("_", "-")
        self.purpose = purpose
        self.family = family
        self.key_bits = bits
        self.parameters = parameters
        self.digest = digest
        self.protection_levels = levels
        self.importable = family != EXTERNAL
        self.signs_data = purpose == ASYMMETRIC_SIGN and family != ML_DSA_EXTERNAL_MU
        self.input_digest: str | None = None
        self.input_digest_size: int | None = None
        if family == ML_DSA_EXTERNAL_MU:
            self.input_digest, self.input_digest_size = EXTERNAL_MU, EXTERNAL_MU_SIZE
        elif digest is not None and family in _SIGNS_A_DIGEST:
            self.input_digest, self.input_digest_size = digest.lower(), DIGEST_SIZES[digest]
        symmetric = bits is not None and purpose in (ENCRYPT_DECRYPT, RAW_ENCRYPT_DECRYPT, MAC)
        self.secret_size = bits // 8 if symmetric and bits else None
        public_key_size, size = PARAMETER_SETS.get(parameters or "", (None, None))
        self.public_key_size: int | None = public_key_size
        self.ciphertext_size = size if purpose == KEY_ENCAPSULATION else None
        if purpose == ASYMMETRIC_DECRYPT and bits:
            self.ciphertext_size = bits // 8

    @property
    def max_data(self) -> int | None:
        """Most bytes of data that this algorithm itself can sign, or None: the level's limit holds.

        PKCS #1 v1.5 padding takes 11 bytes (RFC 8017, 9.2).
        """
        if self.family == RSA_RAW_PKCS1 and self.key_bits:
            return self.key_bits // 8 - 11
        return None

    @property
    def counts_encryptions(self) -> bool:
        """Whether a key in a token counts its encryptions: AES-GCM with random nonces of 12 bytes.

        NIST SP 800-38D, 8.3, allows 2^32 of them.
        """
        return self.family in (GOOGLE_SYMMETRIC, AES_GCM)

    @property
    def public_key_formats(self) -> tuple[str, ...]:
        """The formats that GetPublicKey knows for it, the default first; empty without public key."""
        if self.purpose not in (ASYMMETRIC_SIGN, ASYMMETRIC_DECRYPT, KEY_ENCAPSULATION):
            return ()
        if self.family == X_WING:
            return ("PEM", "DER", "XWING_RAW_BYTES")
        return ("PEM", "DER", "NIST_PQC") if self.public_key_size else ("PEM", "DER")

    def __repr__(self) -> str:
        return f"Algorithm({self.enum})"


def _rsa(enum: str, number: int, family: str, bits: int, digest: str | None) -> Algorithm:
    purpose = ASYMMETRIC_DECRYPT if family == RSA_OAEP else ASYMMETRIC_SIGN
    return Algorithm(enum, number, purpose, family, bits=bits, digest=digest)


def _post_quantum(enum: str, number: int, family: str, parameters: str) -> Algorithm:
    purpose = KEY_ENCAPSULATION if family in (ML_KEM, X_WING) else ASYMMETRIC_SIGN
    digest = "SHA256" if family == HASH_SLH_DSA else None
    return Algorithm(enum, number, purpose, family, parameters=parameters, digest=digest, levels=(SOFTWARE,))


ALGORITHMS = (
    Algorithm("GOOGLE_SYMMETRIC_ENCRYPTION", 1, ENCRYPT_DECRYPT, GOOGLE_SYMMETRIC, bits=256),
    Algorithm(
        "EXTERNAL_SYMMETRIC_ENCRYPTION",
        18,
        ENCRYPT_DECRYPT,
        EXTERNAL,
        levels=("EXTERNAL", "EXTERNAL_VPC"),
    ),
    Algorithm("AES_128_GCM", 41, RAW_ENCRYPT_DECRYPT, AES_GCM, bits=128),
    Algorithm("AES_256_GCM", 19, RAW_ENCRYPT_DECRYPT, AES_GCM, bits=256),
    Algorithm("AES_128_CBC", 42, RAW_ENCRYPT_DECRYPT, AES_CBC, bits=128),
    Algorithm("AES_256_CBC", 43, RAW_ENCRYPT_DECRYPT, AES_CBC, bits=256),
    Algorithm("AES_128_CTR", 44, RAW_ENCRYPT_DECRYPT, AES_CTR, bits=128),
    Algorithm("AES_256_CTR", 45, RAW_ENCRYPT_DECRYPT, AES_CTR, bits=256),
    Algorithm("EC_SIGN_ED25519", 40, ASYMMETRIC_SIGN, ED25519, parameters="Ed25519"),
    Algorithm("EC_SIGN_P256_SHA256", 12, ASYMMETRIC_SIGN, ECDSA, parameters="P-256", digest="SHA256"),
    Algorithm("EC_SIGN_P384_SHA384", 13, ASYMMETRIC_SIGN, ECDSA, parameters="P-384", digest="SHA384"),
    # Cloud KMS has this one in HSMs only; kmsctl has it in software too.
    Algorithm(
        "EC_SIGN_SECP256K1_SHA256", 31, ASYMMETRIC_SIGN, ECDSA, parameters="secp256k1", digest="SHA256"
    ),
    _rsa("RSA_SIGN_PSS_2048_SHA256", 2, RSA_PSS, 2048, "SHA256"),
    _rsa("RSA_SIGN_PSS_3072_SHA256", 3, RSA_PSS, 3072, "SHA256"),
    _rsa("RSA_SIGN_PSS_4096_SHA256", 4, RSA_PSS, 4096, "SHA256"),
    _rsa("RSA_SIGN_PSS_4096_SHA512", 15, RSA_PSS, 4096, "SHA512"),
    _rsa("RSA_SIGN_PKCS1_2048_SHA256", 5, RSA_PKCS1, 2048, "SHA256"),
    _rsa("RSA_SIGN_PKCS1_3072_SHA256", 6, RSA_PKCS1, 3072, "SHA256"),
    _rsa("RSA_SIGN_PKCS1_4096_SHA256", 7, RSA_PKCS1, 4096, "SHA256"),
    _rsa("RSA_SIGN_PKCS1_4096_SHA512", 16, RSA_PKCS1, 4096, "SHA512"),
    _rsa("RSA_SIGN_RAW_PKCS1_2048", 28, RSA_RAW_PKCS1, 2048, None),
    _rsa("RSA_SIGN_RAW_PKCS1_3072", 29, RSA_RAW_PKCS1, 3072, None),
    _rsa("RSA_SIGN_RAW_PKCS1_4096", 30, RSA_RAW_PKCS1, 4096, None),
    _post_quantum("PQ_SIGN_ML_DSA_44", 68, ML_DSA, "ML-DSA-44"),
    _post_quantum("PQ_SIGN_ML_DSA_65", 56, ML_DSA, "ML-DSA-65"),
    _post_quantum("PQ_SIGN_ML_DSA_87", 69, ML_DSA, "ML-DSA-87"),
    _post_quantum("PQ_SIGN_SLH_DSA_SHA2_128S", 57, SLH_DSA, "SLH-DSA-SHA2-128s"),
    _post_quantum("PQ_SIGN_HASH_SLH_DSA_SHA2_128S_SHA256", 60, HASH_SLH_DSA, "SLH-DSA-SHA2-128s"),
    _post_quantum("PQ_SIGN_ML_DSA_44_EXTERNAL_MU", 70, ML_DSA_EXTERNAL_MU, "ML-DSA-44"),
    _post_quantum("PQ_SIGN_ML_DSA_65_EXTERNAL_MU", 67, ML_DSA_EXTERNAL_MU, "ML-DSA-65"),
    _post_quantum("PQ_SIGN_ML_DSA_87_EXTERNAL_MU", 71, ML_DSA_EXTERNAL_MU, "ML-DSA-87"),
    _rsa("RSA_DECRYPT_OAEP_2048_SHA1", 37, RSA_OAEP, 2048, "SHA1"),
    _rsa("RSA_DECRYPT_OAEP_2048_SHA256", 8, RSA_OAEP, 2048, "SHA256"),
    _rsa("RSA_DECRYPT_OAEP_3072_SHA1", 38, RSA_OAEP, 3072, "SHA1"),
    _rsa("RSA_DECRYPT_OAEP_3072_SHA256", 9, RSA_OAEP, 3072, "SHA256"),
    _rsa("RSA_DECRYPT_OAEP_4096_SHA1", 39, RSA_OAEP, 4096, "SHA1"),
    _rsa("RSA_DECRYPT_OAEP_4096_SHA256", 10, RSA_OAEP, 4096, "SHA256"),
    _rsa("RSA_DECRYPT_OAEP_4096_SHA512", 17, RSA_OAEP, 4096, "SHA512"),
    Algorithm("HMAC_SHA1", 33, MAC, HMAC, bits=160, digest="SHA1"),
    Algorithm("HMAC_SHA224", 36, MAC, HMAC, bits=224, digest="SHA224"),
    Algorithm("HMAC_SHA256", 32, MAC, HMAC, bits=256, digest="SHA256"),
    Algorithm("HMAC_SHA384", 34, MAC, HMAC, bits=384, digest="SHA384"),
    Algorithm("HMAC_SHA512", 35, MAC, HMAC, bits=512, digest="SHA512"),
    _post_quantum("ML_KEM_768", 47, ML_KEM, "ML-KEM-768"),
    _post_quantum("ML_KEM_1024", 48, ML_KEM, "ML-KEM-1024"),
    _post_quantum("KEM_XWING", 63, X_WING, "X-Wing"),
)

_BY_ENUM = {algorithm.enum: algorithm for algorithm in ALGORITHMS}
_BY_NUMBER = {algorithm.number: algorithm for algorithm in ALGORITHMS}
_BY_SPELLING = {algorithm.spelling: algorithm for algorithm in ALGORITHMS}
_PURPOSES_BY_ENUM = {purpose.enum: purpose for purpose in PURPOSES}
_PURPOSES_BY_NUMBER = {purpose.number: purpose for purpose in PURPOSES}
_PURPOSES_BY_SPELLING = {purpose.spelling: purpose for purpose in PURPOSES}


def by_enum(name: str) -> Algorithm:
    """Returns the algorithm with the API's `name`; INVALID_ARGUMENT if there is none."""
    found = _BY_ENUM.get(name)
    if found is None:
        raise InvalidArgument(f"algorithm: '{name}' is not a CryptoKeyVersionAlgorithm.")
    return found


def by_number(number: int) -> Algorithm:
    """Returns the algorithm that is stored as `number`; INVALID_ARGUMENT if there is none."""
    found = _BY_NUMBER.get(number)
    if found is None:
        raise InvalidArgument(f"algorithm: {number} is not a CryptoKeyVersionAlgorithm.")
    return found


def by_spelling(text: str) -> Algorithm:
    """Returns the algorithm with the command line's spelling; INVALID_ARGUMENT if there is none."""
    found = _BY_SPELLING.get(text)
    if found is None:
        raise InvalidArgument(f"algorithm: '{text}' is not an algorithm.")
    return found


def for_purpose(purpose: str) -> tuple[Algorithm, ...]:
    """Returns the algorithms of a purpose (its enum name), in the order of gcloud's choices."""
    return tuple(algorithm for algorithm in ALGORITHMS if algorithm.purpose == purpose)


def purpose_by_enum(name: str) -> Purpose:
    """Returns the purpose with the API's `name`; INVALID_ARGUMENT if there is none."""
    found = _PURPOSES_BY_ENUM.get(name)
    if found is None:
        raise InvalidArgument(f"purpose: '{name}' is not a CryptoKeyPurpose.")
    return found


def purpose_by_number(number: int) -> Purpose:
    """Returns the purpose that is stored as `number`; INVALID_ARGUMENT if there is none."""
    found = _PURPOSES_BY_NUMBER.get(number)
    if found is None:
        raise InvalidArgument(f"purpose: {number} is not a CryptoKeyPurpose.")
    return found


def purpose_by_spelling(text: str) -> Purpose:
    """Returns the purpose with the command line's spelling; INVALID_ARGUMENT if there is none."""
    found = _PURPOSES_BY_SPELLING.get(text)
    if found is None:
        raise InvalidArgument(f"purpose: '{text}' is not a purpose.")
    return found


class Digest:
    """The API's ``Digest``: `kind` is ``sha256``, ``sha384``, ``sha512`` or ``external_mu``."""

    __slots__ = ("kind", "value")

    def __init__(self, kind: str, value: bytes) -> None:
        self.kind = kind
        self.value = value
