"""Import methods: how key material is wrapped on its way into a key version.

Names and numbers are those of the API's ``ImportJob.ImportMethod``. Numbers are what is stored. The
command line's spelling of a method is its name in lower case with hyphens.
"""

from __future__ import annotations

from kmsctl.errors import InvalidArgument
from kmsctl.model import algorithms
from kmsctl.model.algorithms import DIGEST_SIZES, HSM, SOFTWARE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.model.algorithms import Algorithm

#: Bytes of wrapped material that a request may carry.
MAX_WRAPPED_KEY = 65536
#: Bytes of a key file to be wrapped: more than any key of the table of algorithms needs.
MAX_TARGET_KEY = 8192

#: The ephemeral key of the RSA-AES methods is AES-256.
EPHEMERAL_KEY_SIZE = 32
#: Both AES key wrap with padding (RFC 5649) and the tag of HPKE's AES-256-GCM.
KWP_BLOCK_SIZE = 8
KWP_MINIMUM = 16
GCM_TAG_SIZE = 16


class ImportMethod:
    """One import method.

    Attributes:
        enum, number, spelling: the API's name and number, and the command line's word.
        wrapping_algorithm: the algorithm of the job's key pair: RSA-OAEP with its digest, or a KEM.
        aes_kwp: whether the RSA key wraps an ephemeral AES-256 key, which wraps the material with
            AES key wrap with padding (RFC 5649); else it wraps the material itself.
        hpke: whether it is HPKE (RFC 9180) with HKDF-SHA256 and AES-256-GCM.
        protection_levels: the levels that its jobs may have.
    """

    __slots__ = ("aes_kwp", "enum", "hpke", "number", "protection_levels", "spelling", "wrapping_algorithm")

    def __init__(self, enum: str, number: int, wrapping_algorithm: str) -> None:
        self.enum = enum
        self.number = number
        self.spelling = enum.lower().replace("_", "-")
        self.wrapping_algorithm: Algorithm = algorithms.by_enum(wrapping_algorithm)
        self.hpke = enum.startswith("HPKE_")
        self.aes_kwp = enum.endswith("_AES_256")
        self.protection_levels = (SOFTWARE,) if self.hpke else (SOFTWARE, HSM)

    @property
    def encapsulation_size(self) -> int:
        """Bytes at the start of wrapped material that the job's private key opens."""
        return self.wrapping_algorithm.ciphertext_size or 0

    @property
    def max_material(self) -> int:
        """Most bytes of material that it can wrap: RSA-OAEP alone is bounded (RFC 8017, 7.1.1)."""
        if self.hpke or self.aes_kwp:
            return MAX_TARGET_KEY
        digest = DIGEST_SIZES[self.wrapping_algorithm.digest or ""]
        return self.encapsulation_size - 2 * digest - 2

    def check_takes(self, algorithm: Algorithm) -> None:
        """Refuses key pairs under RSA-OAEP alone, which takes symmetric material only."""
        if not (self.hpke or self.aes_kwp or algorithm.secret_size is not None):
            raise InvalidArgument(
                f"Import method {self.enum} takes symmetric keys only, not {algorithm.enum}.",
                hint="Use an import job whose method ends in -aes-256.",
            )

    def __repr__(self) -> str:
        return f"ImportMethod({self.enum})"


IMPORT_METHODS = (
    ImportMethod("RSA_OAEP_3072_SHA1_AES_256", 1, "RSA_DECRYPT_OAEP_3072_SHA1"),
    ImportMethod("RSA_OAEP_4096_SHA1_AES_256", 2, "RSA_DECRYPT_OAEP_4096_SHA1"),
    ImportMethod("RSA_OAEP_3072_SHA256_AES_256", 3, "RSA_DECRYPT_OAEP_3072_SHA256"),
    ImportMethod("RSA_OAEP_4096_SHA256_AES_256", 4, "RSA_DECRYPT_OAEP_4096_SHA256"),
    ImportMethod("RSA_OAEP_3072_SHA256", 5, "RSA_DECRYPT_OAEP_3072_SHA256"),
    ImportMethod("RSA_OAEP_4096_SHA256", 6, "RSA_DECRYPT_OAEP_4096_SHA256"),
    ImportMethod("HPKE_KEM_ML_KEM_768_HKDF_SHA256_AES_256_GCM", 8, "ML_KEM_768"),
    ImportMethod("HPKE_KEM_ML_KEM_1024_HKDF_SHA256_AES_256_GCM", 9, "ML_KEM_1024"),
    ImportMethod("HPKE_KEM_XWING_HKDF_SHA256_AES_256_GCM", 10, "KEM_XWING"),
)

_BY_ENUM = {method.enum: method for method in IMPORT_METHODS}
_BY_NUMBER = {method.number: method for method in IMPORT_METHODS}
_BY_SPELLING = {method.spelling: method for method in IMPORT_METHODS}


def by_enum(name: str) -> ImportMethod:
    """Returns the method with the API's `name`; INVALID_ARGUMENT if there is none."""
    found = _BY_ENUM.get(name)
    if found is None:
        raise InvalidArgument(f"import_method: '{name}' is not an ImportMethod.")
    return found


def by_number(number: int) -> ImportMethod:
    """Returns the method that is stored as `number`; INVALID_ARGUMENT if there is none."""
    found = _BY_NUMBER.get(number)
    if found is None:
        raise InvalidArgument(f"import_method: {number} is not an ImportMethod.")
    return found


def by_spelling(text: str) -> ImportMethod:
    """Returns the method with the command line's spelling; INVALID_ARGUMENT if there is none."""
    found = _BY_SPELLING.get(text)
    if found is None:
        raise InvalidArgument(f"import_method: '{text}' is not an import method.")
    return found
