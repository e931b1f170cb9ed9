"""Keys that encrypt keys: how material is kept at rest (docs/format.md, "Wrapped keys")."""

from __future__ import annotations

from kmsctl.crypto import xaes
from kmsctl.crypto.xaes import InvalidTag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["InvalidTag", "WrappingKey"]


class WrappingKey:
    """A 32-byte key that wraps key material with XAES-256-GCM, bound to what the material is of."""

    __slots__ = ("_key", "_random")

    def __init__(self, key: bytes, random: Callable[[int], bytes]) -> None:
        self._key = key
        self._random = random

    def wrap(self, material: bytes, binding: bytes) -> bytes:
        """Returns nonce ‖ ciphertext ‖ tag; only the same `binding` unwraps it again."""
        return xaes.seal(self._key, self._random(xaes.NONCE_SIZE), material, binding)

    def unwrap(self, wrapped: bytes, binding: bytes) -> bytes:
        """Returns the material.

        Raises:
            InvalidTag: if the bytes or the binding are not those that were wrapped.
        """
        return xaes.open_(self._key, wrapped, binding)

    def opener(self) -> xaes.Opener:
        """Returns what unwraps many, in less time each. For one thread at a time."""
        return xaes.Opener(self._key)
