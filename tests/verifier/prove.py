"""The prover's side of protocol 4 to 8, for forge.py. Not in constant time: for tests only."""

from __future__ import annotations

import random
from dataclasses import dataclass

import chacha
import keys
import proofs
from groups import BLOCK, Element, Group
from hashing import Transcript


class Prover:
    """A group and a stream of repeatable randomness."""

    def __init__(self, group: Group, rng: random.Random) -> None:
        self.group = group
        self.rng = rng

    def scalar(self) -> int:
        return self.group.reduce_wide(self.rng.randbytes(self.group.wide_bytes))

    def scalars(self, count: int) -> list[int]:
        return [self.scalar() for _ in range(count)]

    def powers(self, exponents: list[int]) -> list[Element]:
        return [self.group.power_g(x) for x in exponents]

    def encode_scalars(self, numbers: list[int]) -> bytes:
        return b"".join(self.group.encode_scalar(x % self.group.q) for x in numbers)

    # ---- (E1), (K1) to (K3) ----

    def encrypt(self, y: Element, plaintext: Element, r: int) -> tuple[Element, Element]:
        """(E1)"""
        return self.group.power_g(r), self.group.mul(plaintext, self.group.power(y, r))

    def embed(self, choice: bytes) -> list[Element]:
        """The elements of a choice, padded to whole blocks."""
        padded = choice + bytes(-len(choice) % BLOCK)
        return [self.group.embed(padded[at:at + BLOCK]) for at in range(0, len(padded), BLOCK)]

    def knowledge(self, statement: Transcript, x: list[int],
                  raw_x: list[bytes] | None = None) -> bytes:
        """Prove knowledge of the exponents x; raw_x may be a lie."""
        if raw_x is None:
            raw_x = self.group.encode_all(self.powers(x))
        w = self.scalars(len(x))
        raw_t = self.group.encode_all(self.powers(w))  # (K1)
        c = proofs.knowledge_challenge(self.group, statement, raw_x, raw_t)
        return b"".join(raw_t) + self.encode_scalars(
            [w_i + c * x_i for w_i, x_i in zip(w, x, strict=True)])  # (K3)

    def equality(self, statement: Transcript, x: int, a: list[Element],
                 d: list[Element]) -> bytes:
        group = self.group
        big_a, big_d = proofs.equality_bases(group, statement, a, d)
        w = self.scalar()
        raw_t = group.encode_all([group.power_g(w), group.power(big_a, w)])  # (D4)
        c = proofs.equality_challenge(
            group, statement, group.encode(big_a), group.encode(big_d), *raw_t)
        return b"".join(raw_t) + self.encode_scalars([w + c * x])  # (D6)

    # ---- shuffle ----

    def shuffle(self, m: proofs.Mixing) -> tuple[bytes, bytes]:
        """Fill m's output, and return its bytes and the proof's."""
        group, n, w = m.group, m.rows, m.width
        psi = list(range(n))
        self.rng.shuffle(psi)
        r_out = [self.scalars(w) for _ in range(n)]
        m.list_out = []
        for i in range(n):  # (S1)
            for k in range(w):
                a, b = m.list_in[2 * (psi[i] * w + k):][:2]
                m.list_out.append(group.mul(a, group.power_g(r_out[i][k])))
                m.list_out.append(group.mul(b, group.power(m.y, r_out[i][k])))
        m.raw_out = b"".join(group.encode_all(m.list_out))
        return m.raw_out, self.shuffle_proof(m, psi, r_out)

    def shuffle_proof(self, m: proofs.Mixing, psi: list[int], r_out: list[list[int]]) -> bytes:
        group, n, w, q = m.group, m.rows, m.width, m.group.q
        g = group.power_g
        h0 = group.hashed_generator("shuffle", 0)
        h = [group.hashed_generator("shuffle", i) for i in range(1, n + 1)]
        r = self.scalars(n)
        c: list[Element] = [None] * n
        for i in range(n):  # (S2)
            c[psi[i]] = group.mul(g(r[psi[i]]), h[i])
        raw_c = group.encode_all(c)
        p = m.transcript(raw_c)
        u = proofs.shuffle_exponents(p, n)
        u_out = [u[psi[i]] for i in range(n)]  # (S3)
        rhat = self.scalars(n)
        big_r, big_u, chat = [0], [1], []
        for i in range(n):  # (S4), (S5)
            big_r.append((rhat[i] + u_out[i] * big_r[i]) % q)
            big_u.append(u_out[i] * big_u[i] % q)
            chat.append(group.mul(g(big_r[-1]), group.power(h0, big_u[-1])))
        rbar = sum(r)  # (S6)
        rtilde = sum(r_j * u_j for r_j, u_j in zip(r, u))
        rstar = [sum(r_out[i][k] * u_out[i] for i in range(n)) for k in range(w)]

        w1, w2, w3 = self.scalars(3)
        w4, what, w_out = self.scalars(w), self.scalars(n), self.scalars(n)
        t = [g(w1), g(w2), group.mul(g(w3), group.combine(h, w_out))]  # (S7)
        for k in range(w):  # (S8)
            for part, base in ((0, group.generator), (1, m.y)):
                t.append(group.mul(group.power(base, q - w4[k]),
                                   group.combine(m.column(m.list_out, k, part), w_out)))
        that = [group.mul(g(what[i] + w_out[i] * big_r[i]),  # (S9)
                          group.power(h0, w_out[i] * big_u[i])) for i in range(n)]
        raw_chat, raw_t, raw_that = (group.encode_all(v) for v in (chat, t, that))
        challenge = proofs.shuffle_challenge(group, p, raw_chat, raw_t, raw_that)
        s = [w1 + challenge * rbar, w2 + challenge * big_r[n], w3 + challenge * rtilde]  # (S11)
        s += [w4[k] + challenge * rstar[k] for k in range(w)]
        s += [what[i] + challenge * rhat[i] for i in range(n)]
        s += [w_out[i] + challenge * u_out[i] for i in range(n)]
        return b"".join([*raw_c, *raw_chat, *raw_t, *raw_that]) + self.encode_scalars(s)


@dataclass
class Dealer:
    """A trustee's secrets of one attempt (G1)."""

    number: int
    coefficients: list[int]
    rho: int
    raw_a: list[bytes]
    raw_r: bytes

    @staticmethod
    def draw(prover: Prover, number: int, threshold: int) -> Dealer:
        coefficients, rho = prover.scalars(threshold), prover.scalar()
        return Dealer(number, coefficients, rho,
                      prover.group.encode_all(prover.powers(coefficients)),
                      prover.group.encode(prover.group.power_g(rho)))

    def share(self, j: int, q: int) -> int:
        """f_i(j)"""
        return sum(a * j**m for m, a in enumerate(self.coefficients)) % q

    def box(self, prover: Prover, election: bytes, attempt: int, j: int, raw_r: bytes,
            plaintext: bytes | None = None) -> bytes:
        """E_ij and C_ij, of the share or of something else."""
        group = prover.group
        e = prover.scalar()
        raw_e = group.encode(group.power_g(e))  # (G3)
        key = keys.share_key(group, election, attempt, self.number, j, raw_e, raw_r,
                             group.power(group.decode(raw_r), e))
        if plaintext is None:
            plaintext = group.encode_scalar(self.share(j, group.q))
        return raw_e + chacha.seal(key, keys.NONCE, plaintext)  # (G5)
