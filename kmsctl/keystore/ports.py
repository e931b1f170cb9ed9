"""What protectors need, and what they are, as Protocols. Imported for types only."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from kmsctl.crypto.pkcs11 import TokenBackend
from kmsctl.keystore.slots import Parameter, Slot

Parameters = Mapping[str, Parameter]
Random = Callable[[int], bytes]
#: Is given the shares of a new protector, before it is enrolled.
HandOut = Callable[[Sequence[bytes]], None]


class Asking(Protocol):
    """Whoever opens the store and can be asked for secrets. Each gives None where it has none to give."""

    def passphrase(self, question: str) -> bytes | None: ...
    def new_passphrase(self, question: str) -> bytes | None: ...
    def shares(self) -> Sequence[bytes]: ...
    def token(self) -> TokenBackend | None:
        """Returns the PKCS#11 token that is configured, if one is."""
        ...

    def brought(self) -> Collection[str]:
        """Returns the types of protectors that a secret was named for; if any were, no others are tried."""
        ...


class Enrolling(Asking, Protocol):
    """Whoever enrols a protector."""

    def making(self, cka_id: bytes) -> None:
        """Notes, for after a crash, that a key with this CKA_ID is about to be made in the token."""
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
        self, request: Request, store_id: bytes, asking: Enrolling, random: Random
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
