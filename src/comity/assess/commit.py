"""Commit to a battery and a threshold before anything runs, and open single parts later without showing the rest.

A leaf's digest is SHA-256(salt || bytes), with 128 random bits of salt: a threshold is a small number, and without salt
anybody could try them all. The root is a Merkle tree in the manner of RFC 9162 (interior nodes are prefixed, odd nodes
go up alone), bound to the number of leaves, so that no interior node can pass for a leaf. An opening shows one leaf and
the path to the root.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from comity.errors import Invalid
from comity.model.ids import Digest

SALT_BYTES: Final = 16
PLAN: Final = "analysis plan"
THRESHOLD: Final = "threshold"
_TREE: Final = b"comity battery v1\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One sealed part: an item with its secrets, the analysis plan, the threshold."""

    name: str
    salt: bytes
    body: bytes

    @property
    def digest(self) -> Digest:
        """SHA-256(salt || bytes)."""
        if len(self.salt) != SALT_BYTES:
            raise Invalid(f"a salt has {SALT_BYTES} bytes")
        return Digest(hashlib.sha256(self.salt + self.body).hexdigest())


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A leaf and its way to the root. `path` holds the sibling at each height, None where the node went up alone."""

    leaf: Leaf
    place: int
    leaves: int
    path: tuple[Digest | None, ...]


def root(leaves: Sequence[Leaf]) -> Digest:
    """The commitment to these leaves in this order. Invalid for none, or for two of one name."""
    _named_once(leaves)
    return _bound([bytes.fromhex(leaf.digest) for leaf in leaves])


def root_of(digests: Sequence[Digest]) -> Digest:
    """The same commitment out of the leaves' digests alone: all that is needed after the salts are gone."""
    if not digests:
        raise Invalid("a commitment is about at least one leaf")
    return _bound([bytes.fromhex(one) for one in digests])


def opening(leaves: Sequence[Leaf], name: str) -> Opening:
    """Show one leaf. Invalid when there is none of that name."""
    _named_once(leaves)
    place = next((number for number, leaf in enumerate(leaves) if leaf.name == name), None)
    if place is None:
        raise Invalid(f"no leaf {name!r} was committed to")
    path: list[Digest | None] = []
    level, at = [bytes.fromhex(leaf.digest) for leaf in leaves], place
    while len(level) > 1:
        sibling = at ^ 1
        path.append(Digest(level[sibling].hex()) if sibling < len(level) else None)
        level, at = _up(level), at // 2
    return Opening(leaf=leaves[place], place=place, leaves=len(leaves), path=tuple(path))


def holds(committed: Digest, shown: Opening) -> bool:
    """Whether what is shown is what was committed to."""
    at, size = shown.place, shown.leaves
    if not 0 <= at < size:
        return False
    node = bytes.fromhex(shown.leaf.digest)
    path = list(shown.path)
    while size > 1:
        if not path:
            return False
        sibling = path.pop(0)
        if sibling is None:
            if at % 2 or at != size - 1:
                return False
        else:
            other = bytes.fromhex(sibling)
            node = _node(other, node) if at % 2 else _node(node, other)
        at, size = at // 2, (size + 1) // 2
    return not path and _finish(node, shown.leaves) == committed


def _named_once(leaves: Sequence[Leaf]) -> None:
    if not leaves:
        raise Invalid("a commitment is about at least one leaf")
    if len({leaf.name for leaf in leaves}) != len(leaves):
        raise Invalid("each leaf has a name of its own")


def _bound(level: list[bytes]) -> Digest:
    number = len(level)
    while len(level) > 1:
        level = _up(level)
    return _finish(level[0], number)


def _finish(top: bytes, number: int) -> Digest:
    return Digest(hashlib.sha256(_TREE + number.to_bytes(8, "big") + top).hexdigest())


def _up(level: list[bytes]) -> list[bytes]:
    return [_node(*level[i : i + 2]) if i + 1 < len(level) else level[i] for i in range(0, len(level), 2)]


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
