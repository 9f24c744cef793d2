"""Ed25519 (protocol 5.2): cofactorless, R compared as bytes, odd keys and points refused."""

from __future__ import annotations

import hashlib

from edwards import D, ORDER, P, Point, combine, double, negate, sqrt_ratio

_BASE_Y = 4 * pow(5, -1, P) % P


def _decode(data: bytes) -> Point | None:
    """A point from its only encoding, or None."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & ((1 << 255) - 1)
    if len(data) != 32 or y >= P:
        return None
    square, x = sqrt_ratio(y * y - 1, D * y * y + 1)
    if not square or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def _encode(point: Point) -> bytes:
    x, y, z, _ = point
    inverse = pow(z, -1, P)
    x, y = x * inverse % P, y * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


_BASE = _decode(_BASE_Y.to_bytes(32, "little"))
assert _BASE is not None


def _is_one(point: Point) -> bool:
    return point[0] == 0 and point[1] == point[2]


def _small(point: Point) -> bool:
    return _is_one(double(double(double(point))))


def valid_key(key: bytes) -> bool:
    """Is it canonical, not of small order, and in the subgroup of prime order (10.1)?"""
    point = _decode(key)
    return point is not None and not _small(point) and _is_one(combine([point], [ORDER]))


def _number(data: bytes) -> int:
    return int.from_bytes(hashlib.sha512(data).digest(), "little") % ORDER


def verify(key: bytes, message: bytes, signature: bytes) -> bool:
    if len(signature) != 64:
        return False
    point, commitment = _decode(key), _decode(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if point is None or commitment is None or _small(point) or _small(commitment) or s >= ORDER:
        return False
    k = _number(signature[:32] + key + message)
    return _encode(combine([_BASE, negate(point)], [s, k])) == signature[:32]


def _expand(seed: bytes) -> tuple[int, bytes]:
    digest = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little") & ((1 << 254) - 8) | 1 << 254
    return scalar, digest[32:]


def public_key(seed: bytes) -> bytes:
    return _encode(combine([_BASE], [_expand(seed)[0]]))


def sign(seed: bytes, message: bytes) -> bytes:
    scalar, prefix = _expand(seed)
    key = _encode(combine([_BASE], [scalar]))
    r = _number(prefix + message)
    commitment = _encode(combine([_BASE], [r]))
    s = (r + _number(commitment + key + message) * scalar) % ORDER
    return commitment + s.to_bytes(32, "little")
