"""The proofs of protocol 5: read, derive the challenge, check the equations."""

from __future__ import annotations

import secrets
from collections.abc import Hashable
from dataclasses import dataclass, field

import chacha
from groups import Element, Group
from hashing import Transcript
from reasons import Refused

Terms = list[tuple[Element, int]]


@dataclass
class Equation:
    """prod left = prod right, each side a list of (base, exponent ≥ 0)."""

    left: Terms
    right: Terms


@dataclass
class Batch:
    """Equations of many owners, checked together with a random 128-bit coefficient for each
    one (5.1). Coefficients are drawn when everything has been read."""

    group: Group
    entries: list[tuple[Hashable, list[Equation]]] = field(default_factory=list)

    def add(self, owner: Hashable, equations: list[Equation]) -> None:
        self.entries.append((owner, equations))

    def _side(self, terms: dict[Element, int]) -> Element:
        q = self.group.q
        return self.group.combine(
            list(terms), [e if e < q else e % q for e in terms.values()])

    def _hold(self, entries: list[tuple[Hashable, list[Equation]]]) -> bool:
        left: dict[Element, int] = {}
        right: dict[Element, int] = {}
        for _, equations in entries:
            for equation in equations:
                weight = secrets.randbits(128) | 1 << 128
                for side, terms in ((left, equation.left), (right, equation.right)):
                    for base, exponent in terms:
                        side[base] = side.get(base, 0) + exponent * weight
        return self.group.same(self._side(left), self._side(right))

    def first_failure(self) -> Hashable | None:
        """The first owner with an equation that does not hold, or None."""
        good, bad = 0, len(self.entries)
        if self._hold(self.entries):
            return None
        # The first `good` entries hold; the first `bad` do not.
        while bad - good > 1:
            middle = (good + bad) // 2
            if self._hold(self.entries[good:middle]):
                good = middle
            else:
                bad = middle
        return self.entries[good][0]

    def holds(self) -> bool:
        return self._hold(self.entries)


def _read(group: Group, proof: bytes, elements: int, scalars: int,
          ) -> tuple[list[bytes], list[Element], list[int]]:
    """Decode a proof: elements, then scalars."""
    border = elements * group.element_bytes
    if len(proof) != border + scalars * group.scalar_bytes:
        raise Refused("BAD_ENCODING", f"a proof of {len(proof)} bytes")
    raw = group.split(proof[:border])
    points = [group.decode(element) for element in raw]
    size = group.scalar_bytes
    numbers = [group.decode_scalar(proof[at:at + size])
               for at in range(border, len(proof), size)]
    return raw, points, numbers


# ---- knowledge of exponents (5.1) ----

def knowledge_challenge(group: Group, statement: Transcript, x: list[bytes],
                        t: list[bytes]) -> int:
    """(K2)"""
    return group.challenge(statement.fork().vector(x).vector(t).value())


@dataclass
class Knowledge:
    """A proof of knowledge of the exponents of n elements."""

    raw_t: list[bytes]
    t: list[Element]
    s: list[int]

    @staticmethod
    def read(group: Group, n: int, proof: bytes) -> Knowledge:
        return Knowledge(*_read(group, proof, n, n))

    def equations(self, group: Group, statement: Transcript, raw_x: list[bytes],
                  x: list[Element]) -> list[Equation]:
        """(K4): g^s_i = T_i · X_i^c"""
        c = knowledge_challenge(group, statement, raw_x, self.raw_t)
        return [Equation([(group.generator, s_i)], [(t_i, 1), (x_i, c)])
                for s_i, t_i, x_i in zip(self.s, self.t, x, strict=True)]

    def verify(self, group: Group, statement: Transcript, raw_x: list[bytes],
               x: list[Element]) -> bool:
        batch = Batch(group)
        batch.add(None, self.equations(group, statement, raw_x, x))
        return batch.holds()


# ---- equality of logarithms (5.3) ----

def decrypt_statement(group: Group, close: bytes, item: int, trustee: int, share: bytes,
                      current: bytes, factors: bytes, rows: int, width: int) -> Transcript:
    """P of section 8"""
    return (Transcript().s("tabella/1 decrypt").s(group.name).b(close).u(item).u(0).u(trustee)
            .b(share).list(current, rows, width).u(rows * width).list(factors, rows, width))


def equality_bases(group: Group, statement: Transcript, a: list[Element],
                   d: list[Element]) -> tuple[Element, Element]:
    """(D1) to (D3)"""
    delta = chacha.integers(statement.fork().s("delta").key(), len(a))
    return group.combine(a, delta), group.combine(d, delta)


def equality_challenge(group: Group, statement: Transcript, big_a: bytes, big_d: bytes,
                       t1: bytes, t2: bytes) -> int:
    """(D5)"""
    return group.challenge(
        statement.fork().s("challenge").b(big_a).b(big_d).b(t1).b(t2).value())


@dataclass
class Equality:
    """A proof that many elements were raised to the exponent of a public share."""

    raw_t: list[bytes]
    t: list[Element]
    s: int

    @staticmethod
    def read(group: Group, proof: bytes) -> Equality:
        raw_t, t, s = _read(group, proof, 2, 1)
        return Equality(raw_t, t, s[0])

    def verify(self, group: Group, statement: Transcript, share: Element, a: list[Element],
               d: list[Element]) -> bool:
        big_a, big_d = equality_bases(group, statement, a, d)
        c = equality_challenge(
            group, statement, group.encode(big_a), group.encode(big_d), *self.raw_t)
        batch = Batch(group)
        batch.add(None, [
            Equation([(group.generator, self.s)], [(self.t[0], 1), (share, c)]),  # (D7)
            Equation([(big_a, self.s)], [(self.t[1], 1), (big_d, c)]),  # (D8)
        ])
        return batch.holds()


# ---- shuffle (5.4) ----

@dataclass
class Mixing:
    """The statement of a shuffle: N rows of w ciphertexts, a and b in turn."""

    group: Group
    close: bytes
    item: int
    ordinal: int
    trustee: int
    raw_y: bytes
    y: Element
    rows: int
    width: int
    raw_in: bytes
    list_in: list[Element]
    raw_out: bytes
    list_out: list[Element]

    def transcript(self, raw_c: list[bytes]) -> Transcript:
        """P"""
        return (Transcript().s("tabella/1 shuffle").s(self.group.name).b(self.close)
                .u(self.item).u(self.ordinal).u(self.trustee).b(self.raw_y)
                .u(self.rows).u(self.width)
                .list(self.raw_in, self.rows, self.width)
                .list(self.raw_out, self.rows, self.width)
                .vector(raw_c))

    def column(self, elements: list[Element], k: int, part: int) -> list[Element]:
        """The a's (part 0) or b's (part 1) of column k, counted from 0."""
        return elements[2 * k + part::2 * self.width]


def shuffle_exponents(p: Transcript, rows: int) -> list[int]:
    """(S3): u_1..u_N"""
    return chacha.integers(p.fork().s("u").key(), rows)


def shuffle_challenge(group: Group, p: Transcript, chat: list[bytes], t: list[bytes],
                      that: list[bytes]) -> int:
    """(S10)"""
    return group.challenge(
        p.fork().s("challenge").vector(chat).vector(t).vector(that).value())


@dataclass
class Shuffle:
    raw: list[bytes]
    points: list[Element]
    s: list[int]

    @staticmethod
    def read(group: Group, rows: int, width: int, proof: bytes) -> Shuffle:
        return Shuffle(*_read(group, proof, *Shuffle.counts(rows, width)))

    @staticmethod
    def counts(rows: int, width: int) -> tuple[int, int]:
        """How many elements and scalars a proof has."""
        return 3 * rows + 3 + 2 * width, 2 * rows + 3 + width

    def verify(self, m: Mixing) -> bool:
        batch = Batch(m.group)
        batch.add(None, self.equations(m))
        return batch.holds()

    def equations(self, m: Mixing) -> list[Equation]:
        n, w, group, q = m.rows, m.width, m.group, m.group.q
        ends = (n, 2 * n, 2 * n + 3 + 2 * w)
        p = m.transcript(self.raw[:n])
        u = shuffle_exponents(p, n)
        challenge = shuffle_challenge(
            group, p, self.raw[n:ends[1]], self.raw[ends[1]:ends[2]], self.raw[ends[2]:])

        c = self.points[:n]
        h0 = group.hashed_generator("shuffle", 0)
        chat = [h0, *self.points[n:ends[1]]]
        t1, t2, t3, *t4 = self.points[ends[1]:ends[2]]
        that = self.points[ends[2]:]
        s1, s2, s3 = self.s[:3]
        s4 = self.s[3:3 + w]
        shat = self.s[3 + w:3 + w + n]
        sprime = self.s[3 + w + n:]
        g = group.generator
        h = [group.hashed_generator("shuffle", i) for i in range(1, n + 1)]
        u_product = 1
        for u_i in u:
            u_product = u_product * u_i % q
        cu = [challenge * u_i % q for u_i in u]

        # No exponent is negative: what the protocol divides by is on the other side here.
        result = [
            Equation([(g, s1), *((h_i, challenge) for h_i in h)],  # (S12)
                     [(t1, 1), *((c_i, challenge) for c_i in c)]),
            Equation([(g, s2), (h0, u_product * challenge % q)],  # (S13)
                     [(t2, 1), (chat[n], challenge)]),
            Equation([(g, s3), *zip(h, sprime)],  # (S14)
                     [(t3, 1), *zip(c, cu)]),
        ]
        for k in range(w):
            for part, base in ((0, g), (1, m.y)):  # (S15), (S16)
                result.append(Equation(
                    list(zip(m.column(m.list_out, k, part), sprime)),
                    [(t4[2 * k + part], 1), (base, s4[k]),
                     *zip(m.column(m.list_in, k, part), cu)]))
        for i in range(n):  # (S17)
            result.append(Equation([(g, shat[i]), (chat[i], sprime[i])],
                                   [(that[i], 1), (chat[i + 1], challenge)]))
        return result
