"""What the store asks of keys, as Protocols. Imported for types only.

The store neither derives keys nor knows algorithms: whoever opens it brings these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

from kmsctl.model.canonical import Value
from kmsctl.store.anchor import Mark

T = TypeVar("T")


class Anchored(Protocol):
    """What databases are compared with (`kmsctl.store.anchor.Anchor`, or a copy's own)."""

    path: str

    def find(self, name: str) -> Mark | None: ...
    def marks(self) -> list[Mark]: ...
    def raise_to(self, mark: Mark, *, new_epoch: bool = False) -> None: ...
    def check_writable(self) -> None: ...
    def damage(self) -> list[str]: ...
    def complete(self) -> int: ...


class DatabaseKeys(Protocol):
    """The keys of one database: its tags, and the wrapping of the material in it."""

    @property
    def current(self) -> int:
        """The version of the master key that new tags are made with."""
        ...

    def knows(self, mk: int) -> bool: ...
    def row_tag(self, mk: int, data: bytes) -> bytes: ...
    def row_tags(self, mk: int, data: Iterable[bytes]) -> list[bytes]: ...
    def head_tag(self, mk: int, data: bytes) -> bytes: ...
    def digest(self, data: bytes) -> bytes: ...
    def opener(self) -> Callable[[Value, tuple[Value, ...]], bool]:
        """Returns a function that tells whether wrapped material opens with its binding, for many of them.

        It is for one thread at a time.
        """
        ...

    def wrap(self, material: bytes, binding: tuple[Value, ...]) -> bytes: ...
    def unwrap(self, wrapped: bytes, binding: tuple[Value, ...], label: str) -> bytes: ...
    def tagger(self, wrapped: bytes, binding: tuple[Value, ...], label: str) -> Callable[[bytes], bytes]:
        """Returns what makes tags under the second half of a wrapped secret of 64 bytes."""
        ...


class Keys(Protocol):
    """Where databases get their keys from, and where their anchor is."""

    @property
    def store_id(self) -> bytes: ...
    @property
    def anchor(self) -> Anchored: ...
    def unlock(self, name: str, wrapped: Sequence[tuple[int, bytes]]) -> DatabaseKeys:
        """Unwraps the master keys of the database `name`, given as (version, wrapped key)."""
        ...

    def new_master_key(self, name: str, version: int) -> bytes:
        """Draws a master key and returns it wrapped."""
        ...

    def root_ids(self) -> list[str]:
        """Returns which root keys there are, the newest first: two while it is being rotated."""
        ...

    def file_key(self, kind: int, file_id: bytes) -> bytes:
        """Returns the key of a container (docs/format.md, "Containers")."""
        ...

    def sealed_root_key(self, seal: Callable[[bytes], T]) -> T:
        """Returns what `seal` makes of the root key."""
        ...

    def check_settled(self) -> None:
        """Refuses while the root key is being rotated."""
        ...
