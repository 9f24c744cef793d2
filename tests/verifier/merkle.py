"""The tree hash of RFC 6962 2.1 (protocol 9)."""

from __future__ import annotations

from hashing import sha256


def root(leaves: list[bytes]) -> bytes:
    """The hash of a tree over these lines."""
    level = [sha256(b"\x00" + leaf) for leaf in leaves]
    if not level:
        return sha256(b"")
    # Pairing from the left and carrying an odd last node up gives the same tree as splitting
    # at the largest power of two.
    while len(level) > 1:
        above = [sha256(b"\x01" + level[i] + level[i + 1]) for i in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0]
