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
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    T = TypeVar("T")

_FORMAT = "kmsctl-root-key-1"
STORE_ID_SIZE = 16
KEY_SIZE = 32


class RootKey:
    """The key above all master keys of a store. It never prints itself."""

    __slots__ = ("_key", "id", "store_id")

    def __init__(self, store_id: bytes, key: bytes) -> None:
        self.store_id = store_id
        self._key = key
        #: Which key this is, without giving it away: 16 hexadecimal digits.
        self.id = digest(b"kmsctl root key check\x01" + store_id + key)[:8].hex()

    @classmethod
    def generate(cls, random: Callable[[int], bytes], store_id: bytes | None = None) -> RootKey:
        return cls(random(STORE_ID_SIZE) if store_id is None else store_id, random(KEY_SIZE))

    @classmethod
    def opened(cls, store_id: bytes, key: bytes) -> RootKey:
        """Returns the key that was unsealed from what `sealed` returned.

        Raises:
            IntegrityError: if it cannot be one.
        """
        if len(store_id) != STORE_ID_SIZE or len(key) != KEY_SIZE:
            raise IntegrityError("What was unsealed is not a root key.")
        return cls(store_id, key)

    @classmethod
    def load(cls, path: str) -> RootKey | None:
        """Reads the newest root key from its file, as `load_all` does. Returns None if there is no file."""
        found = load_all(path)
        return found[0] if found else None

    def save(self, path: str) -> None:
        """Writes the file, which must not exist."""
        write_new(path, text_of([self]))

    def derive(self, label: bytes, context: bytes) -> bytes:
        """Derives a 32-byte key for one use."""
        return derive(self._key, label, context)

    def sealed(self, seal: Callable[[bytes], T]) -> T:
        """Returns what `seal` makes of the 32 bytes of the key."""
        return seal(self._key)

    def reveal(self) -> bytes:
        """Returns the 32 bytes, for a protector to keep."""
        return self._key


def load_all(path: str) -> list[RootKey]:
    """Reads the root key from its file, and after it the one that it is taking the place of, if any.

    Returns an empty list if there is no file.

    Raises:
        StoreAccess: if the file is not the caller's alone.
        IntegrityError: if it is damaged.
    """
    content = read_private(path, limit=4096)
    if content is None:
        return []
    damaged = IntegrityError(
        f"The root key file {path} is damaged.",
        hint="Bring it back from a copy. Without it nothing in the store can be read.",
    )
    try:
        name, store, *pairs = content.decode("ascii").split()
        store_id = bytes.fromhex(store)
        found = [RootKey(store_id, a2b_base64(key, strict_mode=True)) for key in pairs[::2]]
    except (ValueError, Base64Error):
        raise damaged from None
    sizes_fit = len(store_id) == STORE_ID_SIZE and all(len(root.reveal()) == KEY_SIZE for root in found)
    if name != _FORMAT or len(pairs) not in (2, 4) or not sizes_fit:
        raise damaged
    if [root.id for root in found] != pairs[1::2]:
        raise damaged
    return found


def text_of(roots: Sequence[RootKey]) -> bytes:
    """Returns what the file of root keys, the newest first, holds."""
    lines = [_FORMAT, roots[0].store_id.hex()]
    for root in roots:
        lines += [b2a_base64(root.reveal(), newline=False).decode(), root.id]
    return "".join(f"{line}\n" for line in lines).encode()
