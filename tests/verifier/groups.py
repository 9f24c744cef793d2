"""The groups that a definition may name (protocol 2), with everything that depends on them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import edwards
from edwards import P as FIELD
from hashing import Transcript
from multiexp import FixedBase, product
from reasons import Refused

BLOCK = 30

# A point in extended coordinates, or a residue: nobody outside looks inside.
Element = Any


class Group(ABC):
    name: str
    q: int
    element_bytes: int
    scalar_bytes: int
    one: Element
    generator: Element

    # ---- arithmetic ----

    @abstractmethod
    def mul(self, a: Element, b: Element) -> Element: ...

    @abstractmethod
    def sqr(self, a: Element) -> Element: ...

    @abstractmethod
    def same(self, a: Element, b: Element) -> bool: ...

    def combine(self, bases: Sequence[Element], exponents: Sequence[int]) -> Element:
        """prod bases[i]^exponents[i]"""
        return product(bases, exponents, self.one, self.mul, self.sqr)

    def power(self, base: Element, exponent: int) -> Element:
        return self.combine([base], [exponent % self.q])

    @lru_cache(maxsize=None)
    def _fixed(self) -> FixedBase[Element]:
        return FixedBase(self.generator, self.q.bit_length(), self.one, self.mul)

    def power_g(self, exponent: int) -> Element:
        return self._fixed().power(exponent % self.q)

    def is_one(self, a: Element) -> bool:
        return self.same(a, self.one)

    # ---- bytes ----

    @abstractmethod
    def encode(self, a: Element) -> bytes: ...

    @abstractmethod
    def _decode(self, data: bytes) -> Element:
        """A member of the group, the identity included, or Refused."""

    @lru_cache(maxsize=1 << 17)
    def decode(self, data: bytes) -> Element:
        """The one way from bytes to an element; the identity is refused."""
        if len(data) != self.element_bytes:
            raise Refused("NON_CANONICAL", f"an element of {len(data)} bytes")
        element = self._decode(data)
        if self.encode(element) != data:
            raise Refused("NON_CANONICAL", "an element in another encoding")
        if self.is_one(element):
            raise Refused("BAD_ELEMENT", "the identity")
        return element

    @abstractmethod
    def encode_scalar(self, x: int) -> bytes: ...

    @abstractmethod
    def _scalar(self, data: bytes) -> int: ...

    def decode_scalar(self, data: bytes) -> int:
        if len(data) != self.scalar_bytes:
            raise Refused("NON_CANONICAL", f"a scalar of {len(data)} bytes")
        number = self._scalar(data)
        if number >= self.q:
            raise Refused("NON_CANONICAL", "a scalar that is not below q")
        return number

    def split(self, data: bytes) -> list[bytes]:
        """The encodings that follow one another in data; its length is the caller's business."""
        size = self.element_bytes
        return [data[at:at + size] for at in range(0, len(data), size)]

    def encode_all(self, elements: Sequence[Element]) -> list[bytes]:
        return [self.encode(element) for element in elements]

    # ---- hashing and embedding ----

    @abstractmethod
    def challenge(self, digest: bytes) -> int:
        """2.1, from a 64-byte hash"""

    @abstractmethod
    def reduce_wide(self, wide: bytes) -> int:
        """2.1"""

    @property
    @abstractmethod
    def wide_bytes(self) -> int: ...

    def _expand(self, label: str, i: int, ctr: int, k: int) -> bytes:
        """W of 2.2"""
        return (Transcript().s("tabella/1 generator").s(self.name).s(label)
                .u(i).u(ctr).u(k).value())

    @abstractmethod
    def _map(self, label: str, i: int, ctr: int) -> Element: ...

    @lru_cache(maxsize=1 << 16)
    def hashed_generator(self, label: str, i: int) -> Element:
        """H(label, i) of 2.2"""
        ctr = 0
        while True:
            element = self._map(label, i, ctr)
            if element != 0 and not self.is_one(element):
                return element
            ctr += 1

    @abstractmethod
    def embed(self, block: bytes) -> Element:
        """2.3"""

    @abstractmethod
    def _block(self, element: Element) -> bytes | None: ...

    def extract(self, element: Element) -> bytes | None:
        """The block embedded in an element, or None if none is."""
        block = self._block(element)
        if block is None or not self.same(self.embed(block), element):
            return None
        return block

    def __deepcopy__(self, memo: object) -> Group:
        return self


# ---- ristretto255 (RFC 9496) ----

_SQRT_AD_MINUS_ONE = 25063068953384623474111414158702152701244531502492656460079210482610430750235
_INVSQRT_A_MINUS_D = 54469307008909316920995813868745141605393597292927456921205312896311721017578
_ONE_MINUS_D_SQ = (1 - edwards.D * edwards.D) % FIELD
_D_MINUS_ONE_SQ = (edwards.D - 1) ** 2 % FIELD
assert _SQRT_AD_MINUS_ONE**2 % FIELD == (-edwards.D - 1) % FIELD
assert _INVSQRT_A_MINUS_D**2 * (-1 - edwards.D) % FIELD == 1


def _absolute(x: int) -> int:
    x %= FIELD
    return FIELD - x if x & 1 else x


class Ristretto(Group):
    name = "ristretto255"
    q = edwards.ORDER
    element_bytes = 32
    scalar_bytes = 32
    wide_bytes = 64
    one = edwards.ONE

    mul = staticmethod(edwards.add)
    sqr = staticmethod(edwards.double)

    def __init__(self) -> None:
        self.generator = self._decode(bytes.fromhex(
            "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76"))

    def same(self, a: Element, b: Element) -> bool:
        return ((a[0] * b[1] - a[1] * b[0]) % FIELD == 0
                or (a[1] * b[1] - a[0] * b[0]) % FIELD == 0)

    def _decode(self, data: bytes) -> Element:
        # RFC 9496 4.3.1
        s = int.from_bytes(data, "little")
        if s >= FIELD or s & 1:
            raise Refused("NON_CANONICAL", "not a canonical non-negative field element")
        ss = s * s % FIELD
        u1, u2 = (1 - ss) % FIELD, 1 + ss
        u2_sqr = u2 * u2 % FIELD
        v = (-edwards.D * u1 % FIELD * u1 - u2_sqr) % FIELD
        was_square, invsqrt = edwards.sqrt_ratio(1, v * u2_sqr % FIELD)
        den_x = invsqrt * u2 % FIELD
        den_y = invsqrt * den_x % FIELD * v % FIELD
        x = _absolute(2 * s * den_x)
        y = u1 * den_y % FIELD
        t = x * y % FIELD
        if not was_square or t & 1 or y == 0:
            raise Refused("NOT_IN_GROUP", "not a ristretto255 element")
        return x, y, 1, t

    def encode(self, a: Element) -> bytes:
        # RFC 9496 4.3.2
        x0, y0, z0, t0 = a
        u1 = (z0 + y0) * (z0 - y0) % FIELD
        u2 = x0 * y0 % FIELD
        _, invsqrt = edwards.sqrt_ratio(1, u1 * u2 % FIELD * u2 % FIELD)
        den1 = invsqrt * u1 % FIELD
        den2 = invsqrt * u2 % FIELD
        z_inv = den1 * den2 % FIELD * t0 % FIELD
        if t0 * z_inv % FIELD & 1:
            x = y0 * edwards.SQRT_M1 % FIELD
            y = x0 * edwards.SQRT_M1 % FIELD
            den_inv = den1 * _INVSQRT_A_MINUS_D % FIELD
        else:
            x, y, den_inv = x0, y0, den2
        if x * z_inv % FIELD & 1:
            y = -y
        return _absolute(den_inv * (z0 - y)).to_bytes(32, "little")

    def encode_scalar(self, x: int) -> bytes:
        return x.to_bytes(32, "little")

    def _scalar(self, data: bytes) -> int:
        return int.from_bytes(data, "little")

    def challenge(self, digest: bytes) -> int:
        return int.from_bytes(digest, "little") % self.q

    def reduce_wide(self, wide: bytes) -> int:
        return int.from_bytes(wide, "little") % self.q

    @staticmethod
    def _half_map(data: bytes) -> edwards.Point:
        # MAP of RFC 9496 4.3.4
        t = (int.from_bytes(data, "little") & (1 << 255) - 1) % FIELD
        r = edwards.SQRT_M1 * t % FIELD * t % FIELD
        u = (r + 1) * _ONE_MINUS_D_SQ % FIELD
        v = (-1 - r * edwards.D) * (r + edwards.D) % FIELD
        was_square, s = edwards.sqrt_ratio(u, v)
        c = -1
        if not was_square:
            s = -_absolute(s * t) % FIELD
            c = r
        n = (c * (r - 1) % FIELD * _D_MINUS_ONE_SQ - v) % FIELD
        w0 = 2 * s * v % FIELD
        w1 = n * _SQRT_AD_MINUS_ONE % FIELD
        w2 = (1 - s * s) % FIELD
        w3 = (1 + s * s) % FIELD
        return w0 * w3 % FIELD, w2 * w1 % FIELD, w1 * w3 % FIELD, w0 * w2 % FIELD

    def one_way_map(self, data: bytes) -> Element:
        return edwards.add(self._half_map(data[:32]), self._half_map(data[32:]))

    def _map(self, label: str, i: int, ctr: int) -> Element:
        return self.one_way_map(self._expand(label, i, ctr, 0))

    @lru_cache(maxsize=1 << 12)
    def embed(self, block: bytes) -> Element:
        if len(block) != BLOCK:
            raise ValueError("not a block")
        for ctr in range(1 << 14):
            s = bytes([ctr % 128 * 2]) + block + bytes([ctr // 128])
            try:
                return self.decode(s)
            except Refused:
                continue
        raise ArithmeticError("a block that cannot be embedded")

    def _block(self, element: Element) -> bytes | None:
        return self.encode(element)[1:1 + BLOCK]


# ---- quadratic residues modulo a safe prime (RFC 3526) ----

def _floor_pi(bits: int) -> int:
    """floor(2^bits · pi), by Machin's formula with 64 bits to spare."""
    scale = 1 << bits + 64

    def arctan_of_inverse(n: int) -> int:
        total, term, k = 0, scale // n, 1
        while term:
            total += term // k if k % 4 == 1 else -(term // k)
            term //= n * n
            k += 2
        return total

    return 4 * (4 * arctan_of_inverse(5) - arctan_of_inverse(239)) >> 64


def jacobi(a: int, n: int) -> int:
    """The Jacobi symbol (a/n) for odd n > 0."""
    a %= n
    result = 1
    while a:
        twos = (a & -a).bit_length() - 1
        a >>= twos
        if twos & 1 and n & 7 in (3, 5):
            result = -result
        if a & n & 3 == 3:
            result = -result
        a, n = n % a, a
    return result if n == 1 else 0


class Modp(Group):
    one = 1
    generator = 2

    def __init__(self, bits: int, c: int) -> None:
        self.name = f"modp{bits}"
        self.p = 2**bits - 2**(bits - 64) - 1 + 2**64 * (_floor_pi(bits - 130) + c)
        self.q = (self.p - 1) // 2
        self.element_bytes = self.scalar_bytes = bits // 8

    @property
    def wide_bytes(self) -> int:
        return self.element_bytes + 16

    def mul(self, a: Element, b: Element) -> Element:
        return a * b % self.p

    def sqr(self, a: Element) -> Element:
        return a * a % self.p

    def same(self, a: Element, b: Element) -> bool:
        return bool(a == b)

    def power(self, base: Element, exponent: int) -> Element:
        return pow(base, exponent % self.q, self.p)

    def _decode(self, data: bytes) -> Element:
        x = int.from_bytes(data, "big")
        if not 1 <= x < self.p:
            raise Refused("NON_CANONICAL", "a number that is not below p, or 0")
        if jacobi(x, self.p) != 1:
            raise Refused("NOT_IN_GROUP", "not a quadratic residue")
        return x

    def encode(self, a: Element) -> bytes:
        return int(a).to_bytes(self.element_bytes, "big")

    def encode_scalar(self, x: int) -> bytes:
        return x.to_bytes(self.scalar_bytes, "big")

    def _scalar(self, data: bytes) -> int:
        return int.from_bytes(data, "big")

    def challenge(self, digest: bytes) -> int:
        return int.from_bytes(digest[:32], "big")

    def reduce_wide(self, wide: bytes) -> int:
        return int.from_bytes(wide, "big") % self.q

    def _map(self, label: str, i: int, ctr: int) -> Element:
        wide = b""
        k = 0
        while len(wide) < self.wide_bytes:
            wide += self._expand(label, i, ctr, k)
            k += 1
        return int.from_bytes(wide[:self.wide_bytes], "big") ** 2 % self.p

    @lru_cache(maxsize=1 << 12)
    def embed(self, block: bytes) -> Element:
        if len(block) != BLOCK:
            raise ValueError("not a block")
        start = int.from_bytes(block, "big") << 16
        for x in range(max(start, 2), start + (1 << 16)):
            if jacobi(x, self.p) == 1:
                return x
        raise ArithmeticError("a block that cannot be embedded")

    def _block(self, element: Element) -> bytes | None:
        if element >> 256:
            return None
        return int(element >> 16).to_bytes(BLOCK, "big")


_MODP = {"modp2048": (2048, 124476), "modp3072": (3072, 1690314), "modp4096": (4096, 240904)}


@lru_cache(maxsize=None)
def group_by_name(name: str) -> Group | None:
    if name == Ristretto.name:
        return Ristretto()
    return Modp(*_MODP[name]) if name in _MODP else None
