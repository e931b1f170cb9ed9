"""Checks of the cryptographic requests that are the same whatever backend serves them."""

from __future__ import annotations

from kmsctl.errors import FailedPrecondition, InvalidArgument
from kmsctl.model import algorithms
from kmsctl.model.algorithms import LIMITS, MAX_RANDOM_BYTES, MIN_RANDOM_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.model.algorithms import Algorithm, Digest

GCM_IV_SIZE = 12
GCM_TAG_SIZE = 16
BLOCK_SIZE = 16
#: What RawDecrypt says of a ciphertext that fails to authenticate.
RAW_DECRYPTION_FAILED = (
    "Decryption failed: the ciphertext, the initialization vector or the additional authenticated data is "
    "not what was encrypted with this key version."
)


def length(field: str, value: bytes, maximum: int, minimum: int = 0) -> None:
    """Raises INVALID_ARGUMENT unless `value` has `minimum` to `maximum` bytes."""
    if not minimum <= len(value) <= maximum:
        raise InvalidArgument(
            f"Request field {field} must have length of at least {minimum}, but not more than "
            f"{maximum}. Provided value had length {len(value)}."
        )


def plaintext_and_aad(level: str, plaintext: bytes, aad: bytes) -> None:
    """Checks the caller's fields of Encrypt and RawEncrypt against the limits of a protection level."""
    limits = LIMITS[level]
    length("plaintext", plaintext, limits.plaintext)
    length("additional_authenticated_data", aad, limits.aad)
    if len(plaintext) + len(aad) > limits.together:
        raise InvalidArgument(
            "Request fields plaintext and additional_authenticated_data must not have more than "
            f"{limits.together} bytes together. Provided values had length {len(plaintext) + len(aad)}."
        )


def purpose(algorithm: Algorithm, expected: str) -> None:
    """Raises FAILED_PRECONDITION unless keys of `algorithm` have the purpose `expected`."""
    if algorithm.purpose != expected:
        raise FailedPrecondition(
            f"Operation requested for a key with algorithm {algorithm.enum} has incorrect key "
            f"purpose: {algorithm.purpose}"
        )


def material_size(algorithm: Algorithm, secret: bytes) -> None:
    """Checks the length of symmetric key material for import."""
    if len(secret) != algorithm.secret_size:
        raise InvalidArgument(
            f"Key material for {algorithm.enum} must be exactly {algorithm.secret_size} bytes, not "
            f"encoded. Provided value had length {len(secret)}."
        )


def signing_input(
    level: str, algorithm: Algorithm, digest: Digest | None, data: bytes | None
) -> tuple[bytes, bool]:
    """Returns what to sign or verify, and whether it is a digest already.

    Raises:
        InvalidArgument: if not exactly one is given, or not the one that `algorithm` takes, or with
            a length that it does not take.
        FailedPrecondition: if `algorithm` does not sign.
    """
    purpose(algorithm, algorithms.ASYMMETRIC_SIGN)
    if digest is not None and data is not None:
        raise InvalidArgument("Request fields digest and data must not both be set.")
    if digest is not None:
        return _digest(algorithm, digest), True
    if data is None:
        raise InvalidArgument("One of the request fields digest and data must be set.")
    if not algorithm.signs_data:
        raise InvalidArgument(
            f"{algorithm.enum} signs no data: digest.{algorithm.input_digest} must be set instead.",
            hint=_use(algorithm),
        )
    length("data", data, LIMITS[level].data)
    if algorithm.max_data is not None:
        length("data", data, algorithm.max_data, 1)
    return data, False


def _use(algorithm: Algorithm) -> str:
    if algorithm.input_digest is None:
        return "Leave --digest-algorithm out."
    return f"Use --digest-algorithm={algorithm.input_digest.replace('_', '-')}."


def _digest(algorithm: Algorithm, digest: Digest) -> bytes:
    if algorithm.input_digest is None:
        raise InvalidArgument(
            f"{algorithm.enum} signs data, not a digest: data must be set instead.", hint=_use(algorithm)
        )
    if digest.kind != algorithm.input_digest:
        raise InvalidArgument(
            f"{algorithm.enum} takes digest.{algorithm.input_digest}, not digest.{digest.kind}.",
            hint=_use(algorithm),
        )
    if len(digest.value) != algorithm.input_digest_size:
        raise InvalidArgument(
            f"Request field digest.{digest.kind} must have length {algorithm.input_digest_size}. "
            f"Provided value had length {len(digest.value)}."
        )
    return digest.value


def ciphertext_size(algorithm: Algorithm, ciphertext: bytes) -> None:
    """Checks the ciphertext of AsymmetricDecrypt and Decapsulate, whose length is fixed."""
    if len(ciphertext) != algorithm.ciphertext_size:
        raise InvalidArgument(
            f"Request field ciphertext must have length {algorithm.ciphertext_size} for "
            f"{algorithm.enum}. Provided value had length {len(ciphertext)}."
        )


def raw_encrypt(level: str, algorithm: Algorithm, plaintext: bytes, *, aad: bytes, iv: bytes) -> None:
    """Checks a request of RawEncrypt; an empty IV means that one is to be drawn."""
    _raw(algorithm, aad)
    plaintext_and_aad(level, plaintext, aad)
    if algorithm.family == algorithms.AES_GCM:
        if iv:
            raise InvalidArgument(
                "Request field initialization_vector must not be set: the initialization vector of "
                f"{algorithm.enum} is always generated."
            )
    elif iv and len(iv) != BLOCK_SIZE:
        raise InvalidArgument(_iv_length(BLOCK_SIZE, iv))
    _whole_blocks(algorithm, "plaintext", plaintext)


def raw_decrypt(
    level: str, algorithm: Algorithm, ciphertext: bytes, *, aad: bytes, iv: bytes, tag_length: int
) -> None:
    """Checks a request of RawDecrypt. A ciphertext may be longer than the longest plaintext by its tag."""
    _raw(algorithm, aad)
    limits = LIMITS[level]
    length("additional_authenticated_data", aad, limits.aad)
    gcm = algorithm.family == algorithms.AES_GCM
    expected = GCM_IV_SIZE if gcm else BLOCK_SIZE
    if len(iv) != expected:
        raise InvalidArgument(_iv_length(expected, iv))
    if tag_length not in ((0, GCM_TAG_SIZE) if gcm else (0,)):
        raise InvalidArgument(
            f"Request field tag_length must be {GCM_TAG_SIZE} or unset."
            if gcm
            else f"Request field tag_length must not be set: {algorithm.enum} does not authenticate."
        )
    length("ciphertext", ciphertext, limits.plaintext + GCM_TAG_SIZE, GCM_TAG_SIZE if gcm else 0)
    _whole_blocks(algorithm, "ciphertext", ciphertext)


def _raw(algorithm: Algorithm, aad: bytes) -> None:
    """Checks what RawEncrypt and RawDecrypt have in common: purpose, and AAD for AES-GCM only."""
    purpose(algorithm, algorithms.RAW_ENCRYPT_DECRYPT)
    if aad and algorithm.family != algorithms.AES_GCM:
        raise InvalidArgument(
            f"Request field additional_authenticated_data must not be set: {algorithm.enum} does not "
            "authenticate."
        )


def _iv_length(expected: int, iv: bytes) -> str:
    return (
        f"Request field initialization_vector must have length {expected}. "
        f"Provided value had length {len(iv)}."
    )


def _whole_blocks(algorithm: Algorithm, field: str, value: bytes) -> None:
    """Raises INVALID_ARGUMENT if AES-CBC is given anything but whole blocks: nothing is padded."""
    if algorithm.family == algorithms.AES_CBC and len(value) % BLOCK_SIZE:
        raise InvalidArgument(
            f"Request field {field} must have a length that is a multiple of {BLOCK_SIZE} for "
            f"{algorithm.enum}, which does not pad. Provided value had length {len(value)}."
        )


def random_length(count: int) -> None:
    """Checks ``length_bytes`` of GenerateRandomBytes."""
    if not MIN_RANDOM_BYTES <= count <= MAX_RANDOM_BYTES:
        raise InvalidArgument(
            f"Request field length_bytes must be at least {MIN_RANDOM_BYTES}, but not more than "
            f"{MAX_RANDOM_BYTES}. Provided value was {count}."
        )
