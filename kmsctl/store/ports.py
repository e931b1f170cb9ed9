"""What the store asks of keys, as Protocols. Imported for types only.

The store neither derives keys nor knows algorithms: whoever opens it brings these.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from kmsctl.model.canonical import Value
from kmsctl.store.anchor import Anchor


class DatabaseKeys(Protocol):
    """The keys of one database: its tags, and the wrapping of the material in it."""

    @property
    def current(self) -> int:
        """The version of the master key that new tags are made with."""
        ...

    def knows(self, mk: int) -> bool: ...
    def row_tag(self, mk: int, data: bytes) -> bytes: ...
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
    def anchor(self) -> Anchor: ...
    def unlock(self, name: str, wrapped: Sequence[tuple[int, bytes]]) -> DatabaseKeys:
        """Unwraps the master keys of the database `name`, given as (version, wrapped key)."""
        ...

    def new_master_key(self, name: str, version: int) -> bytes:
        """Draws a master key and returns it wrapped."""
        ...
