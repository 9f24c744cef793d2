"""Signed heads: C2SP tlog-checkpoint in a signed note, with cosignatures (protocol 9)."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

import ed25519
from board import Board, Definition
from hashing import sha256
from reasons import Refused


SIGNATURE, COSIGNATURE = 1, 4


@dataclass
class Head:
    size: int
    root: bytes
    time: int = 0  # of the board's cosignature, in seconds
    witnessed: set[int] = field(default_factory=set)  # which witnesses have co-signed, from 0


def _key_hash(name: str, algorithm: int, key: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + bytes([algorithm]) + key)[:4]


def text(definition: Definition, election: bytes, head: Head) -> bytes:
    """The three lines that are signed."""
    origin = f"{definition.body['board']['name']}/{election.hex()}"
    root = base64.b64encode(head.root).decode()
    return f"{origin}\n{head.size}\n{root}\n".encode()


def _cosigned(signed: bytes, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n".encode() + signed


def line(name: str, algorithm: int, key: bytes, rest: bytes) -> bytes:
    """A signature line, with its line end."""
    data = base64.b64encode(_key_hash(name, algorithm, key) + rest).decode()
    return f"— {name} {data}\n".encode()


def cosign(name: str, signed: bytes, seed: bytes, time: int) -> bytes:
    """The line of a timestamped cosignature."""
    signature = ed25519.sign(seed, _cosigned(signed, time))
    return line(name, COSIGNATURE, ed25519.public_key(seed), time.to_bytes(8, "big") + signature)


def note(definition: Definition, election: bytes, head: Head, seed: bytes,
         *witnesses: bytes) -> bytes:
    """A whole checkpoint, signed with this seed of the board's key; lines of witnesses after it."""
    board = definition.body["board"]
    signed = text(definition, election, head)
    own = line(board["name"], SIGNATURE, board["key"], ed25519.sign(seed, signed))
    return b"".join([signed, b"\n", own, cosign(board["name"], signed, seed, head.time),
                     *witnesses])


def read(state: Board, data: bytes) -> Head:
    """The head in a checkpoint of this election, or BAD_CHECKPOINT."""
    def need(good: bool, what: str) -> None:
        if not good:
            raise Refused("BAD_CHECKPOINT", what)

    definition = state.define
    name = definition.body["board"]["name"]
    need(len(data) <= 16384, "too large")
    try:
        lines = data.decode().split("\n")
    except UnicodeDecodeError:
        lines = []
    need(len(lines) >= 7 and lines[3] == "" and lines[-1] == "", "not a signed checkpoint")
    size, root = lines[1], _base64(lines[2])
    need(size.isascii() and size.isdecimal() and str(int(size)) == size and len(size) < 20,
         "the size")
    need(root is not None and len(root) == 32, "the root")
    head = Head(int(size), root or b"")
    signed = text(definition, state.election, head)
    key = state.board_key(head.size)
    need(data.startswith(signed), "not of this election")

    def signature(number: int, name: str, algorithm: int, key: bytes, length: int) -> bytes | None:
        """What line `number` holds if it is of this key."""
        start = f"— {name} "
        held = _base64(lines[number][len(start):]) if lines[number].startswith(start) else None
        if held is None or held[:4] != _key_hash(name, algorithm, key):
            return None
        need(len(held) == 4 + length, "the length of a signature")
        return held[4:]

    def cosignature(number: int, name: str, key: bytes) -> int | None:
        held = signature(number, name, COSIGNATURE, key, 72)
        if held is None:
            return None
        time = int.from_bytes(held[:8], "big")
        need(time < 2**63 and ed25519.verify(key, _cosigned(signed, time), held[8:]),
             "a cosignature")
        return time

    own = signature(4, name, SIGNATURE, key, 64)
    need(own is not None and ed25519.verify(key, signed, own or b""), "the signature")
    at = cosignature(5, name, key)
    need(at is not None, "no cosignature of the board")
    head.time = at or 0
    number = 6
    for i, witness in enumerate(definition.body["witnesses"]):
        if number < len(lines) - 1 and (
                cosignature(number, witness["name"], witness["key"]) is not None):
            head.witnessed.add(i)
            number += 1
    need(number == len(lines) - 1, "signed by somebody else")
    return head


def _base64(data: str) -> bytes | None:
    """Standard base64 in its only spelling, or None."""
    try:
        decoded = base64.b64decode(data.encode("ascii"), validate=True)
    except ValueError:
        return None
    return decoded if base64.b64encode(decoded).decode() == data else None
