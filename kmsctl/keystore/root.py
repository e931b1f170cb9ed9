"""The root key and its file protector: a 0600 file in the configuration directory.

docs/format.md, "Root key file", has the text of the file.
"""

from __future__ import annotations

from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64

from kmsctl.crypto.integrity import derive, digest
from kmsctl.errors import IntegrityError
from kmsctl.store.files import read_private, write_new

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")

_FORMAT = "kmsctl-root-key-1"
STORE_ID_SIZE = 16


class RootKey:
    """The key above all master keys of a store. It never prints itself."""

    __slots__ = ("_key", "store_id")

    def __init__(self, store_id: bytes, key: bytes) -> None:
        self.store_id = store_id
        self._key = key

    @classmethod
    def generate(cls, random: Callable[[int], bytes]) -> RootKey:
        return cls(random(STORE_ID_SIZE), random(32))

    @classmethod
    def opened(cls, store_id: bytes, key: bytes) -> RootKey:
        """Returns the key that was unsealed from what `sealed` returned.

        Raises:
            IntegrityError: if it cannot be one.
        """
        if len(store_id) != STORE_ID_SIZE or len(key) != 32:
            raise IntegrityError("What was unsealed is not a root key.")
        return cls(store_id, key)

    @classmethod
    def load(cls, path: str) -> RootKey | None:
        """Reads the root key from its file. Returns None if there is no file.

        Raises:
            StoreAccess: if the file is not the caller's alone.
            IntegrityError: if it is damaged.
        """
        content = read_private(path, limit=4096)
        if content is None:
            return None
        damaged = IntegrityError(
            f"The root key file {path} is damaged.",
            hint="Bring it back from a copy. Without it nothing in the store can be read.",
        )
        try:
            name, store, key, check = content.decode("ascii").split()
            root = cls(bytes.fromhex(store), a2b_base64(key, strict_mode=True))
        except (ValueError, Base64Error):
            raise damaged from None
        if name != _FORMAT or len(root.store_id) != STORE_ID_SIZE or len(root._key) != 32:
            raise damaged
        if root._check() != check:
            raise damaged
        return root

    def save(self, path: str) -> None:
        """Writes the file, which must not exist."""
        key = b2a_base64(self._key, newline=False).decode()
        write_new(path, f"{_FORMAT}\n{self.store_id.hex()}\n{key}\n{self._check()}\n".encode())

    def derive(self, label: bytes, context: bytes) -> bytes:
        """Derives a 32-byte key for one use."""
        return derive(self._key, label, context)

    def sealed(self, seal: Callable[[bytes], T]) -> T:
        """Returns what `seal` makes of the key: nobody else is shown it."""
        return seal(self._key)

    def _check(self) -> str:
        return digest(b"kmsctl root key check\x01" + self.store_id + self._key)[:8].hex()
