from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tre.audit.merkle import (
    Frontier,
    Head,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)

# The tree that Certificate Transparency's implementations of RFC 6962 share.
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


class Tree:
    """A tree of numbered leaves, with every node it completed."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.leaves = [leaf_hash(leaf) for leaf in leaves]
        self.frontier = Frontier()
        self.heads = [Head(0, self.frontier.root())]
        self.nodes: dict[tuple[int, int], bytes] = {}
        for leaf in self.leaves:
            self.frontier, nodes = self.frontier.append(leaf)
            self.nodes.update(
                {(node.level, node.position): node.hash for node in nodes}
            )
            self.heads.append(Head(self.frontier.size, self.frontier.root()))

    def node(self, level: int, position: int) -> bytes:
        """The hash of a complete node."""
        return self.nodes[level, position]


def numbered(size: int) -> Tree:
    """A tree of so many leaves."""
    return Tree([str(number).encode() for number in range(size)])


def naive_root(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(naive_root(leaves[:split]), naive_root(leaves[split:]))


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_certificate_transparency(size: int) -> None:
    """The first n leaves of the shared test tree have the published root."""
    assert Tree(LEAVES[:size]).frontier.root().hex() == ROOTS[size]


@given(st.lists(st.binary(max_size=8), max_size=70))
def test_the_frontier_has_the_root_that_the_definition_has(leaves: list[bytes]) -> None:
    """Appending leaf by leaf gives the root of the recursive definition."""
    assert Tree(leaves).frontier.root() == naive_root(leaves)


@given(st.integers(1, 70))
def test_the_frontier_knows_its_nodes(size: int) -> None:
    """The hashes of a frontier are complete nodes of its tree."""
    tree = numbered(size)
    for node in tree.frontier.nodes():
        assert tree.node(node.level, node.position) == node.hash


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 33])
def test_every_leaf_has_a_proof(size: int) -> None:
    """A leaf's proof leads to the root, and to no other root, place or leaf."""
    tree = numbered(size)
    root = tree.frontier.root()
    for index, leaf in enumerate(tree.leaves):
        path = inclusion_proof(index, size, tree.node)
        assert verify_inclusion(leaf, index, size, path, root)
        assert not verify_inclusion(leaf_hash(b"other"), index, size, path, root)
        assert not verify_inclusion(leaf, index, size, path, leaf_hash(b"other"))
        assert not verify_inclusion(leaf, index, size, (*path, root), root)
        assert not verify_inclusion(leaf, size, size, path, root)
        if size > 1:
            assert not verify_inclusion(leaf, index, size, path[:-1], root)
            assert not verify_inclusion(leaf, (index + 1) % size, size, path, root)


@given(st.data())
def test_a_later_tree_begins_with_an_earlier_one(data: st.DataObject) -> None:
    """The proof between two sizes holds, and does not for another earlier tree."""
    later = data.draw(st.integers(1, 70))
    earlier = data.draw(st.integers(0, later))
    tree = numbered(later)
    old, new = tree.heads[earlier], tree.heads[later]
    path = consistency_proof(earlier, later, tree.node)
    assert verify_consistency(old, new, path)
    forged = Head(old.size, leaf_hash(b"forged"))
    assert not verify_consistency(forged, new, path)
    assert not verify_consistency(old, Head(new.size, forged.root), path) or not earlier
    assert not verify_consistency(old, new, (*path, old.root))
    if path:
        assert not verify_consistency(old, new, path[:-1])


def test_trees_do_not_shrink() -> None:
    """No proof goes from a larger tree to a smaller one, or outside a tree."""
    tree = numbered(3)
    assert not verify_consistency(tree.heads[3], tree.heads[2], ())
    with pytest.raises(ValueError, match="shrink"):
        consistency_proof(4, 3, tree.node)
    with pytest.raises(ValueError, match="not in the tree"):
        inclusion_proof(3, 3, tree.node)
