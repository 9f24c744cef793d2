"""Tagged hashes and transcripts (protocol 3)."""

from __future__ import annotations

import hashlib


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def tagged(label: str, data: bytes) -> bytes:
    """TH(label, m)"""
    return sha256(label.encode() + b"\x00" + data)


class Transcript:
    """SHA-512 over fields: a tag byte, the length of the content, the content (3.1)."""

    def __init__(self) -> None:
        self._hash = hashlib.sha512()

    def _field(self, tag: bytes, content: bytes) -> Transcript:
        self._hash.update(tag + len(content).to_bytes(8, "big") + content)
        return self

    def s(self, text: str) -> Transcript:
        return self._field(b"S", text.encode())

    def u(self, number: int) -> Transcript:
        return self._field(b"U", number.to_bytes(8, "big"))

    def b(self, data: bytes) -> Transcript:
        return self._field(b"B", data)

    def list(self, data: bytes, rows: int, width: int) -> Transcript:
        return self._field(
            b"L", sha256(data) + rows.to_bytes(8, "big") + width.to_bytes(8, "big"))

    def vector(self, encodings: list[bytes]) -> Transcript:
        return self.list(b"".join(encodings), len(encodings), 1)

    def fork(self) -> Transcript:
        other = Transcript()
        other._hash = self._hash.copy()
        return other

    def value(self) -> bytes:
        return self._hash.digest()

    def key(self) -> bytes:
        """The first 32 bytes."""
        return self.value()[:32]


def transcript(label: str, group: str, context: bytes) -> Transcript:
    """T(label, context, …)"""
    return Transcript().s(label).s(group).b(context)
