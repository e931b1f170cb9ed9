"""The types of protectors: how the key of a slot is made when it is added, and found again when it opens.

The key of a slot is 32 bytes, under which the root key is sealed in it (`kmsctl.keystore.slots`). Each
type is a module with the functions of `ProtectorType`, imported when it is used.
"""

from __future__ import annotations

from kmsctl.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Protocol

    from kmsctl.crypto.pkcs11 import TokenBackend
    from kmsctl.keystore.slots import Parameter, Slot

    Parameters = Mapping[str, Parameter]
    Random = Callable[[int], bytes]

    class Asking(Protocol):
        """Whoever opens the store and can be asked for secrets. Each gives None where it has none to give."""

        def passphrase(self, question: str) -> bytes | None: ...
        def new_passphrase(self, question: str) -> bytes | None: ...
        def shares(self) -> Sequence[bytes]: ...
        def token(self) -> TokenBackend | None:
            """Returns the PKCS#11 token that is configured, if one is."""
            ...

        def can_ask(self) -> bool:
            """Whether a question would be answered, by a person or by a file."""
            ...

    class Request(Protocol):
        """What a protector is to be like, beyond its type."""

        command: Sequence[str]
        command_timeout: int
        shares: int
        threshold: int

    class ProtectorType(Protocol):
        """What the module of a type has."""

        def enrol(
            self, request: Request, store_id: bytes, asking: Asking, random: Random
        ) -> tuple[dict[str, Parameter], bytes, Sequence[bytes]]:
            """Returns the parameters and the key of a new slot, and what is to be handed out (shares)."""
            ...

        def key_of(self, slot: Slot, store_id: bytes, asking: Asking) -> bytes | None:
            """Returns the key of a slot, or None where what it takes is not given.

            Raises:
                KmsError: if what it takes is at hand and fails.
            """
            ...

        def describe(self, parameters: Parameters) -> str: ...
        def forget(self, parameters: Parameters, asking: Asking) -> None:
            """Removes what is kept elsewhere for a slot that was removed."""
            ...


FILE = "file"
#: Type → (its module in this package, the order in which slots are tried, whether nobody is asked).
TYPES = {
    "keyring": ("os_keyring", 1, True),
    "command": ("command", 2, True),
    "pkcs11": ("token", 3, False),
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

    def can_ask(self) -> bool:
        return False
