"""Unwrapping imported key material (docs/format.md, "Wrapped key material on import").

Whatever goes wrong inside the unwrap reads the same, so that an import job is no oracle for
anybody's wrapped key. What depends on the length of the request alone may be told apart.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap_with_padding

from kmsctl.errors import InvalidArgument
from kmsctl.model.import_methods import EPHEMERAL_KEY_SIZE, GCM_TAG_SIZE, KWP_BLOCK_SIZE, KWP_MINIMUM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kmsctl.crypto.backend import Backend
    from kmsctl.model.import_methods import ImportMethod

#: The words of Cloud KMS, which scripts and people look for.
UNWRAP_FAILED = "The key material in the import request couldn't be unwrapped or wasn't formatted correctly"
TOO_SHORT = "Wrapped key is too short"
NOT_IN_BLOCKS = "Wrapped key does not consist of 64-bit blocks"
INVALID_LENGTH = "Wrapped key has invalid length"


class UnwrapError(Exception):
    """Wrapped material that could not be unwrapped; `reason` may be shown to whoever sent it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def unwrap(
    backend: Backend,
    method: ImportMethod,
    private: bytes,
    wrapped: bytes,
    random: Callable[[int], bytes],
) -> bytes:
    """Returns the material in a request.

    Args:
        backend: of the job's protection level.
        method: the job's import method.
        private: the job's private key, as the backend made it.
        wrapped: what was sent.
        random: draws that many random bytes.

    Raises:
        UnwrapError: if it cannot be unwrapped.
    """
    check_length(method, wrapped)
    algorithm = method.wrapping_algorithm
    if method.hpke:
        from kmsctl.crypto import hpke

        try:
            return hpke.open_(algorithm, private, wrapped)
        except hpke.InvalidTag:
            raise UnwrapError(UNWRAP_FAILED) from None
    head, tail = wrapped[: method.encapsulation_size], wrapped[method.encapsulation_size :]
    try:
        opened: bytes | None = backend.asymmetric_decrypt(algorithm, private, head)
    except InvalidArgument:
        opened = None
    if method.aes_kwp:
        opened = _unwrap_with(opened, tail, random)
    if not opened:
        raise UnwrapError(UNWRAP_FAILED)
    return opened


def _unwrap_with(ephemeral: bytes | None, wrapped: bytes, random: Callable[[int], bytes]) -> bytes | None:
    """AES key unwrap with padding; without a key the same work is done under a random one.

    So the time that a refusal takes does not say which of the two layers refused.
    """
    sound = ephemeral is not None and len(ephemeral) == EPHEMERAL_KEY_SIZE
    key = ephemeral if ephemeral is not None and sound else random(EPHEMERAL_KEY_SIZE)
    try:
        material = aes_key_unwrap_with_padding(key, wrapped)
    except InvalidUnwrap:
        return None
    return material if sound else None


def check_length(method: ImportMethod, wrapped: bytes) -> None:
    """Refuses what cannot be right, whatever the bytes are, with an `UnwrapError`."""
    rest = len(wrapped) - method.encapsulation_size
    if method.hpke:
        if rest <= GCM_TAG_SIZE:
            raise UnwrapError(TOO_SHORT)
    elif method.aes_kwp:
        if rest < KWP_MINIMUM:
            raise UnwrapError(TOO_SHORT)
        if rest % KWP_BLOCK_SIZE:
            raise UnwrapError(NOT_IN_BLOCKS)
    elif rest:
        raise UnwrapError(INVALID_LENGTH)
