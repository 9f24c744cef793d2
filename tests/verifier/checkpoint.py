"""Signed heads: C2SP tlog-checkpoint as a signed note (protocol 9)."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import ed25519
from board import Definition
from hashing import sha256
from reasons import Refused


@dataclass
class Head:
    size: int
    root: bytes


def _key_hash(name: str, key: bytes) -> bytes:
    return sha256(name.encode() + b"\n\x01" + key)[:4]


def text(definition: Definition, election: bytes, head: Head) -> bytes:
    """The three lines that are signed."""
    origin = f"{definition.body['board']['name']}/{election.hex()}"
    root = base64.b64encode(head.root).decode()
    return f"{origin}\n{head.size}\n{root}\n".encode()


def note(definition: Definition, election: bytes, head: Head, seed: bytes) -> bytes:
    """A whole checkpoint, signed with this seed of the board's key."""
    board = definition.body["board"]
    signed = text(definition, election, head)
    signature = _key_hash(board["name"], board["key"]) + ed25519.sign(seed, signed)
    return signed + f"\n— {board['name']} {base64.b64encode(signature).decode()}\n".encode()


def read(definition: Definition, election: bytes, data: bytes) -> Head:
    """The head in a checkpoint of this election, or BAD_CHECKPOINT."""
    def need(good: bool, what: str) -> None:
        if not good:
            raise Refused("BAD_CHECKPOINT", what)

    board = definition.body["board"]
    try:
        lines = data.decode().split("\n")
    except UnicodeDecodeError:
        lines = []
    need(len(lines) == 6 and lines[3] == "" and lines[5] == "", "not a checkpoint of one signature")
    size, root = lines[1], _base64(lines[2])
    need(size.isascii() and size.isdecimal() and str(int(size)) == size and len(size) < 20,
         "the size")
    need(root is not None and len(root) == 32, "the root")
    head = Head(int(size), root or b"")
    signed = text(definition, election, head)
    need(data.startswith(signed), "not of this election")
    start = f"— {board['name']} "
    need(lines[4].startswith(start), "signed by another name")
    signature = _base64(lines[4][len(start):])
    need(signature is not None and signature[:4] == _key_hash(board["name"], board["key"]),
         "signed by another key")
    need(ed25519.verify(board["key"], signed, (signature or b"")[4:]), "the signature")
    return head


def _base64(data: str) -> bytes | None:
    """Standard base64 in its only spelling, or None."""
    try:
        decoded = base64.b64decode(data.encode("ascii"), validate=True)
    except ValueError:
        return None
    return decoded if base64.b64encode(decoded).decode() == data else None
