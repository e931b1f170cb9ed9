from __future__ import annotations

from hashlib import sha256

import pytest

from kmsctl.model.log_tree import LogTree, leaf_hash


def digest(data: bytes) -> bytes:
    return sha256(data).digest()


def root_of(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, as it is written there."""
    if len(leaves) < 2:
        return leaves[0] if leaves else digest(b"")
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return digest(b"\1" + root_of(leaves[:split]) + root_of(leaves[split:]))


def test_the_roots_are_those_of_the_rfc() -> None:
    tree, leaves = LogTree(digest), list[bytes]()
    for number in range(70):
        assert tree.root() == root_of(leaves)
        leaves.append(leaf_hash(digest, b"record %d" % number))
        tree.append(leaves[-1])
        assert tree.size == number + 1


@pytest.mark.parametrize("cut", [0, 1, 5, 8, 31, 32])
def test_it_goes_on_from_its_edge(cut: int) -> None:
    whole = LogTree(digest)
    for number in range(cut):
        whole.append(leaf_hash(digest, b"%d" % number))
    later = LogTree(digest, whole.size, whole.edge)
    for number in range(cut, 40):
        for tree in (whole, later):
            tree.append(leaf_hash(digest, b"%d" % number))
    assert (later.root(), later.edge, later.size) == (whole.root(), whole.edge, whole.size)


@pytest.mark.parametrize(
    ("size", "edge"), [(-1, b""), (1, b""), (2, bytes(64)), (3, bytes(63)), (0, bytes(32))]
)
def test_an_edge_of_another_size_is_refused(size: int, edge: bytes) -> None:
    with pytest.raises(ValueError, match="do not belong together"):
        LogTree(digest, size, edge)
