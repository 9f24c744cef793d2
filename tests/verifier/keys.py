"""The arithmetic of key generation (protocol 6) and of decryption (8)."""

from __future__ import annotations

import chacha
from groups import Element, Group
from hashing import Transcript, transcript
from reasons import Refused

NONCE = bytes(12)


def receive_statement(group: Group, election: bytes, attempt: int, i: int,
                      commit: bytes) -> Transcript:
    return transcript("tabella/1 keygen receive", group.name, election).u(attempt).u(i).b(commit)


def constant_statement(group: Group, election: bytes, attempt: int, i: int, raw_a: list[bytes],
                       raw_r: list[bytes]) -> Transcript:
    return (transcript("tabella/1 keygen constant", group.name, election)
            .u(attempt).u(i).vector(raw_a).vector(raw_r))


def commitment(group: Group, election: bytes, attempt: int, i: int, raw_a: list[bytes]) -> bytes:
    """(G2)"""
    return (transcript("tabella/1 keygen commit", group.name, election)
            .u(attempt).u(i).vector(raw_a).key())


def share_key(group: Group, election: bytes, attempt: int, i: int, j: int, raw_e: bytes,
              raw_r: bytes, point: Element) -> bytes:
    """(G4); `point` is R_j^e_ij = E_ij^rho_j"""
    return (transcript("tabella/1 keygen share", group.name, election)
            .u(attempt).u(i).u(j).b(raw_e).b(raw_r).b(group.encode(point)).key())


def public_share(group: Group, a: list[Element], j: int) -> Element:
    """The right side of (G6): prod_m A_im^(j^m)"""
    return group.combine(a, [pow(j, m, group.q) for m in range(len(a))])


def election_key(group: Group, commitments: list[list[Element]]) -> Element:
    """(G7)"""
    result = group.one
    for a in commitments:
        result = group.mul(result, a[0])
    return result


def share_of_all(group: Group, commitments: list[list[Element]], j: int) -> Element:
    """(G8)"""
    result = group.one
    for a in commitments:
        result = group.mul(result, public_share(group, a, j))
    return result


def transcript_hash(group: Group, election: bytes, attempt: int, last_deal: bytes, raw_y: bytes,
                    raw_shares: list[bytes]) -> bytes:
    """(G10)"""
    return (transcript("tabella/1 keygen transcript", group.name, election)
            .u(attempt).b(last_deal).b(raw_y).vector(raw_shares).key())


def complaint_holds(group: Group, election: bytes, attempt: int, dealer: int, j: int,
                    rho: int, raw_r: bytes, raw_e: bytes, sealed: bytes,
                    a: list[Element]) -> bool:
    """(G11): True if the dealer is at fault, False if the complainer j is."""
    if group.encode(group.power_g(rho)) != raw_r:
        return False
    point = group.power(group.decode(raw_e), rho)
    key = share_key(group, election, attempt, dealer, j, raw_e, raw_r, point)
    plaintext = chacha.unseal(key, NONCE, sealed)
    if plaintext is None:
        return True
    try:
        share = group.decode_scalar(plaintext)
    except Refused:
        return True
    return not group.same(group.power_g(share), public_share(group, a, j))


def lagrange(group: Group, i: int, numbers: list[int]) -> int:
    """(D10)"""
    result = 1
    for j in numbers:
        if j != i:
            result = result * j * pow(j - i, -1, group.q) % group.q
    return result


def open_list(group: Group, b: list[Element], factors: dict[int, list[Element]]) -> list[Element]:
    """(D11): the plaintexts of a list with these b parts."""
    numbers = list(factors)
    # Dividing by d^lambda is multiplying by d^(q - lambda).
    exponents = [group.q - lagrange(group, i, numbers) for i in numbers]
    return [group.mul(b_j, group.combine([factors[i][j] for i in numbers], exponents))
            for j, b_j in enumerate(b)]
