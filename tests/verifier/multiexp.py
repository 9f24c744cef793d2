"""Products of powers, for any group that can multiply and square. Nothing here is secret."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

E = TypeVar("E")
Mul = Callable[[E, E], E]
Sqr = Callable[[E], E]


def product(bases: Sequence[E], exponents: Sequence[int], one: E, mul: Mul[E], sqr: Sqr[E]) -> E:
    """prod bases[i]^exponents[i]; exponents are not negative, of any length."""
    if len(bases) != len(exponents):
        raise ValueError("as many bases as exponents")
    pairs = [(base, exponent) for base, exponent in zip(bases, exponents) if exponent]
    if not pairs:
        return one
    bits = max(exponent.bit_length() for _, exponent in pairs)
    if len(pairs) < 24:
        return _straus(pairs, bits, one, mul, sqr)
    return _pippenger(pairs, bits, one, mul, sqr)


def _straus(pairs: list[tuple[E, int]], bits: int, one: E, mul: Mul[E], sqr: Sqr[E]) -> E:
    """A table of 15 powers for each base; all of them share the squarings."""
    tables = []
    for base, _ in pairs:
        table = [one, base]
        for _ in range(14):
            table.append(mul(table[-1], base))
        tables.append(table)
    result = one
    for shift in range((bits - 1) // 4 * 4, -1, -4):
        if result is not one:
            result = sqr(sqr(sqr(sqr(result))))
        for table, (_, exponent) in zip(tables, pairs):
            digit = exponent >> shift & 15
            if digit:
                result = mul(result, table[digit])
    return result


def _window(count: int, bits: int) -> int:
    def cost(width: int) -> int:
        return -(-bits // width) * (count + 2 * (1 << width) + width)

    return min(range(2, 17), key=cost)


def _pippenger(pairs: list[tuple[E, int]], bits: int, one: E, mul: Mul[E], sqr: Sqr[E]) -> E:
    """Buckets: for each window, sum the bases that have the same digit there."""
    width = _window(len(pairs), bits)
    mask = (1 << width) - 1
    result = one
    for shift in range((bits - 1) // width * width, -1, -width):
        if result is not one:
            for _ in range(width):
                result = sqr(result)
        buckets: list[E | None] = [None] * (mask + 1)
        for base, exponent in pairs:
            digit = exponent >> shift & mask
            if digit:
                held = buckets[digit]
                buckets[digit] = base if held is None else mul(held, base)
        running: E | None = None
        total: E | None = None
        for bucket in reversed(buckets[1:]):
            if bucket is not None:
                running = bucket if running is None else mul(running, bucket)
            if running is not None:
                total = running if total is None else mul(total, running)
        if total is not None:
            result = mul(result, total)
    return result


class FixedBase:
    """Powers of one base that is used often: one table row for every four bits."""

    def __init__(self, base: E, bits: int, one: E, mul: Mul[E]) -> None:
        self.one = one
        self.mul = mul
        self.rows: list[list[E]] = []
        for _ in range(-(-bits // 4)):
            row = [one, base]
            for _ in range(14):
                row.append(mul(row[-1], base))
            self.rows.append(row)
            base = mul(row[-1], base)

    def power(self, exponent: int) -> E:
        result = self.one
        for row in self.rows:
            digit = exponent & 15
            if digit:
                result = self.mul(result, row[digit])
            exponent >>= 4
        if exponent:
            raise ValueError("the exponent is longer than the table")
        return result
