"""The hash tree over the records of a log: RFC 6962, section 2.1, kept as its right edge alone.

A log only grows at its end. What is kept of `size` records is one hash for each 1 in the binary form of
`size`: of the perfect subtrees that they fall into, the largest first. More records can be added to that,
and the root told, without what came before.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Digest = Callable[[bytes], bytes]

HASH_SIZE = 32


def leaf_hash(digest: Digest, record: bytes) -> bytes:
    """Returns the hash of a leaf: of a record's bytes."""
    return digest(b"\0" + record)


class LogTree:
    """A log of `size` records. `digest` is SHA-256."""

    __slots__ = ("_digest", "_edge", "size")

    def __init__(self, digest: Digest, size: int = 0, edge: bytes = b"") -> None:
        """Starts from the edge of a log.

        Raises:
            ValueError: if a log of this size has an edge of another length.
        """
        if size < 0 or len(edge) != HASH_SIZE * size.bit_count():
            raise ValueError("edge and size of a log do not belong together")
        self._digest = digest
        self._edge = [edge[at : at + HASH_SIZE] for at in range(0, len(edge), HASH_SIZE)]
        self.size = size

    @property
    def edge(self) -> bytes:
        """The hashes that are kept, joined."""
        return b"".join(self._edge)

    def append(self, leaf: bytes) -> None:
        """Adds a record by the hash of its leaf."""
        digest, edge, size = self._digest, self._edge, self.size
        self.size = size + 1
        while size & 1:
            leaf = digest(b"\1" + edge.pop() + leaf)
            size >>= 1
        edge.append(leaf)

    def root(self) -> bytes:
        """Returns the root hash of all records."""
        if not self._edge:
            return self._digest(b"")
        *others, root = self._edge
        for left in reversed(others):
            root = self._digest(b"\1" + left + root)
        return root
