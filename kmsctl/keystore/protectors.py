"""The types of protectors: how the key of a slot is made when it is added, and found again when it opens.

The key of a slot is 32 bytes, under which the root key is sealed in it (`kmsctl.keystore.slots`). Each
type is a module with the functions of `kmsctl.keystore.ports.ProtectorType`, imported when it is used.
"""

from __future__ import annotations

from kmsctl.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from kmsctl.crypto.pkcs11 import TokenBackend
    from kmsctl.keystore.ports import ProtectorType

FILE = "file"
PKCS11 = "pkcs11"
#: Type → (its module in this package, the order in which slots are tried, whether nobody is asked).
TYPES = {
    "keyring": ("os_keyring", 1, True),
    "command": ("command", 2, True),
    PKCS11: ("token", 3, False),
    "passphrase": ("passphrase", 4, False),
    "shares": ("shares", 5, False),
}


def module_of(type_: str) -> ProtectorType:
    """Imports the module of a type.

    Raises:
        InvalidArgument: if this version of kmsctl has no such type.
    """
    if type_ not in TYPES:
        raise InvalidArgument(
            f"This version of kmsctl has no protectors of type '{type_}'.",
            hint="Use the kmsctl that added it, or another protector.",
        )
    from importlib import import_module

    found: ProtectorType = import_module(f"kmsctl.keystore.{TYPES[type_][0]}")
    return found


class Silent:
    """Gives nothing: for whoever opens the store where nobody can be asked (`Asking`)."""

    __slots__ = ()

    def passphrase(self, question: str) -> bytes | None:
        del question
        return None

    def new_passphrase(self, question: str) -> bytes | None:
        del question
        return None

    def shares(self) -> Sequence[bytes]:
        return ()

    def token(self) -> TokenBackend | None:
        return None

    def brought(self) -> Collection[str]:
        return ()
