"""ChaCha20 with a 64-bit counter (protocol 3.2) and ChaCha20-Poly1305 of RFC 8439 (G5)."""

from __future__ import annotations

import hmac
import struct
from collections.abc import Iterator

_CONSTANTS = struct.unpack("<4L", b"expand 32-byte k")
_MASK = 0xFFFFFFFF


def _block(words: list[int]) -> bytes:
    x = list(words)

    def quarter(a: int, b: int, c: int, d: int) -> None:
        x[a] = (x[a] + x[b]) & _MASK
        t = x[d] ^ x[a]
        x[d] = ((t << 16) | (t >> 16)) & _MASK
        x[c] = (x[c] + x[d]) & _MASK
        t = x[b] ^ x[c]
        x[b] = ((t << 12) | (t >> 20)) & _MASK
        x[a] = (x[a] + x[b]) & _MASK
        t = x[d] ^ x[a]
        x[d] = ((t << 8) | (t >> 24)) & _MASK
        x[c] = (x[c] + x[d]) & _MASK
        t = x[b] ^ x[c]
        x[b] = ((t << 7) | (t >> 25)) & _MASK

    for _ in range(10):
        quarter(0, 4, 8, 12)
        quarter(1, 5, 9, 13)
        quarter(2, 6, 10, 14)
        quarter(3, 7, 11, 15)
        quarter(0, 5, 10, 15)
        quarter(1, 6, 11, 12)
        quarter(2, 7, 8, 13)
        quarter(3, 4, 9, 14)
    return struct.pack("<16L", *((a + b) & _MASK for a, b in zip(x, words)))


def stream(key: bytes) -> Iterator[bytes]:
    """PRG(key): 64-byte blocks, 64-bit counter from 0, nonce of eight zero bytes."""
    words = [*_CONSTANTS, *struct.unpack("<8L", key)]
    counter = 0
    while True:
        yield _block([*words, counter & _MASK, counter >> 32, 0, 0])
        counter += 1


def integers(key: bytes, count: int) -> list[int]:
    """The first `count` 128-bit integers of PRG(key)."""
    result: list[int] = []
    for block in stream(key):
        for at in range(0, 64, 16):
            if len(result) == count:
                return result
            result.append(int.from_bytes(block[at:at + 16], "little"))
    raise AssertionError("the stream ended")


def ietf_block(key: bytes, counter: int, nonce: bytes) -> bytes:
    """One block of RFC 8439: 32-bit counter, 96-bit nonce."""
    return _block([*_CONSTANTS, *struct.unpack("<8L", key), counter,
                   *struct.unpack("<3L", nonce)])


def _ietf_xor(key: bytes, nonce: bytes, data: bytes) -> bytes:
    out = bytearray()
    for number, at in enumerate(range(0, len(data), 64), 1):
        block = ietf_block(key, number, nonce)
        out += bytes(a ^ b for a, b in zip(data[at:at + 64], block))
    return bytes(out)


def poly1305(key: bytes, message: bytes) -> bytes:
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    s = int.from_bytes(key[16:], "little")
    total = 0
    for at in range(0, len(message), 16):
        total = (total + int.from_bytes(message[at:at + 16] + b"\x01", "little")) * r
        total %= (1 << 130) - 5
    return ((total + s) & ((1 << 128) - 1)).to_bytes(16, "little")


def _tag(key: bytes, nonce: bytes, ciphertext: bytes, associated: bytes) -> bytes:
    def padded(data: bytes) -> bytes:
        return data + bytes(-len(data) % 16)

    lengths = struct.pack("<QQ", len(associated), len(ciphertext))
    return poly1305(ietf_block(key, 0, nonce)[:32],
                    padded(associated) + padded(ciphertext) + lengths)


def seal(key: bytes, nonce: bytes, plaintext: bytes, associated: bytes = b"") -> bytes:
    ciphertext = _ietf_xor(key, nonce, plaintext)
    return ciphertext + _tag(key, nonce, ciphertext, associated)


def unseal(key: bytes, nonce: bytes, sealed: bytes, associated: bytes = b"") -> bytes | None:
    """The plaintext, or None if the tag does not fit."""
    if len(sealed) < 16:
        return None
    ciphertext, tag = sealed[:-16], sealed[-16:]
    if not hmac.compare_digest(tag, _tag(key, nonce, ciphertext, associated)):
        return None
    return _ietf_xor(key, nonce, ciphertext)
