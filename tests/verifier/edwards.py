"""The curve under ristretto255 and Ed25519: -x^2 + y^2 = 1 + d x^2 y^2 over GF(2^255 - 19).

Points are extended coordinates (X, Y, Z, T): x = X/Z, y = Y/Z, T = XY/Z.
"""

from __future__ import annotations

from multiexp import product

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
D2 = 2 * D % P
SQRT_M1 = pow(2, (P - 1) // 4, P)

Point = tuple[int, int, int, int]

ONE: Point = (0, 1, 1, 0)


def add(p: Point, q: Point) -> Point:
    x1, y1, z1, t1 = p
    x2, y2, z2, t2 = q
    a = (y1 - x1) * (y2 - x2) % P
    b = (y1 + x1) * (y2 + x2) % P
    c = t1 * D2 % P * t2 % P
    d = 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def double(p: Point) -> Point:
    x1, y1, z1, _ = p
    a = x1 * x1 % P
    b = y1 * y1 % P
    h = a + b
    e = h - (x1 + y1) * (x1 + y1) % P
    g = a - b
    f = 2 * z1 * z1 % P + g
    return e * f % P, g * h % P, f * g % P, e * h % P


def negate(p: Point) -> Point:
    x, y, z, t = p
    return -x % P, y, z, -t % P


def combine(points: list[Point], scalars: list[int]) -> Point:
    return product(points, scalars, ONE, add, double)


def sqrt_ratio(u: int, v: int) -> tuple[bool, int]:
    """SQRT_RATIO_M1 of RFC 9496 4.2: whether u/v is a square, and the non-negative root of
    u/v, or of SQRT_M1·u/v when it is none."""
    v3 = v * v % P * v % P
    r = u * v3 * pow(u * v3 * v3 % P * v % P, (P - 5) // 8, P) % P
    check = v * r % P * r % P
    u %= P
    correct = check == u
    flipped = check == -u % P
    flipped_i = check == -u * SQRT_M1 % P
    if flipped or flipped_i:
        r = r * SQRT_M1 % P
    if r & 1:
        r = P - r
    return correct or flipped, r
