"""Choices (protocol 4), counting (12) and the outcome of an item (12.4)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from groups import BLOCK, Element, Group

Outcome = dict[str, Any]


def choice_size(choice: str, options: int) -> int:
    return {"plurality": 1, "approval": (options + 7) // 8, "ranking": options}[choice]


def choice_width(choice: str, options: int) -> int:
    return -(-choice_size(choice, options) // BLOCK)


def valid_choice(choice: str, options: int, data: bytes) -> bool:
    """Do these bytes have the form of section 4?"""
    if len(data) != choice_size(choice, options):
        return False
    if choice == "plurality":
        return data[0] <= options
    if choice == "approval":
        return int.from_bytes(data, "little") >> options == 0
    ranks = set(data) - {0}
    return ranks == set(range(1, len(ranks) + 1))


def read_row(group: Group, choice: str, options: int, row: list[Element]) -> bytes | None:
    """The choice in a row of plaintexts, or None if it is not a valid one."""
    data = b""
    for element in row:
        block = group.extract(element)
        if block is None:
            return None
        data += block
    size = choice_size(choice, options)
    if any(data[size:]) or not valid_choice(choice, options, data[:size]):
        return None
    return data[:size]


@dataclass
class Rules:
    """What the `count` field of an item says."""

    method: str
    default: int
    majority_base: str
    majority: list[tuple[int, int]]
    quorum_kind: str
    quorum: tuple[int, int]
    tie: str


def _first(winners: list[int], tie: str) -> list[int]:
    return winners[:1] if tie == "first" else winners


def _turnout(rules: Rules, valid: int, eligible: int) -> bool:
    """12.1: valid·den ≥ num·eligible, where there is such a quorum"""
    num, den = rules.quorum
    return rules.quorum_kind != "turnout" or valid * den >= num * eligible


def _most_votes(rules: Rules, options: int, tally: Counter[bytes], eligible: int) -> Outcome:
    """12.1"""
    votes = [0] * options
    blank = valid = 0
    for choice, number in tally.items():
        valid += number
        if rules.method == "plurality":
            chosen = [choice[0] - 1] if choice[0] else []
        else:
            bits = int.from_bytes(choice, "little")
            chosen = [i for i in range(options) if bits >> i & 1]
        blank += 0 if chosen else number
        for i in chosen:
            votes[i] += number
    if rules.majority_base == "none":
        majority = [1] * options
    else:
        num, den = rules.majority[0]
        base = valid if rules.majority_base == "valid" else eligible
        majority = [int(votes[i] * den > num * base) for i in range(options)]
    quorum = int(_turnout(rules, valid, eligible))
    best = max((votes[i] for i in range(options) if majority[i]), default=0)
    winners = [i + 1 for i in range(options)
               if quorum and majority[i] and best >= 1 and votes[i] == best]
    return {"blank": blank, "majority": majority, "method": rules.method, "quorum": quorum,
            "valid": valid, "votes": votes, "winners": _first(winners, rules.tie)}


def _schwartz(options: list[int], defeats: set[tuple[int, int]]) -> list[int]:
    """12.2 step 3: i such that whenever j reaches i, i reaches j"""
    reach = {i: {j for j in options if (i, j) in defeats} for i in options}
    for k in options:
        for i in options:
            if k in reach[i]:
                reach[i] |= reach[k]
    return [i for i in options if all(j in reach[i] for j in options if i in reach[j])]


def _condorcet(rules: Rules, options: int, tally: Counter[bytes], eligible: int) -> Outcome:
    """12.2, the options counted from 0"""
    v = [[0] * options for _ in range(options)]
    blank = valid = 0
    for choice, number in tally.items():
        valid += number
        blank += 0 if any(choice) else number
        for i in range(options):
            for j in range(options):
                if choice[i] and (not choice[j] or choice[i] < choice[j]):
                    v[i][j] += number
    d = rules.default - 1
    num, den = rules.quorum
    in_quorum = [1] * options
    majority = [1] * options
    for i in range(options):
        if i == d:
            continue
        if rules.quorum_kind == "sqrt":  # step 1
            in_quorum[i] = int(v[i][d] ** 2 * den**2 >= num**2 * eligible)
        else:
            in_quorum[i] = int(_turnout(rules, valid, eligible))
        if rules.majority_base == "default":  # step 2
            num_i, den_i = rules.majority[i]
            majority[i] = int(v[i][d] * den_i > num_i * v[d][i])
    stay = [i for i in range(options) if in_quorum[i] and majority[i]]
    defeats = {(i, j) for i in stay for j in stay if v[i][j] > v[j][i]}
    first = current = _schwartz(stay, defeats)  # step 3
    while inside := [(i, j) for i, j in defeats if i in current and j in current]:  # step 4
        # Fewer votes for it is weaker; with as many, more votes against it.
        weakest = min((v[i][j], -v[j][i]) for i, j in inside)
        defeats -= {(i, j) for i, j in inside if (v[i][j], -v[j][i]) == weakest}
        current = _schwartz(stay, defeats)
    winners = [i + 1 for i in current]  # step 5
    return {"blank": blank, "in_quorum": in_quorum, "majority": majority,
            "method": rules.method, "pairwise": v, "schwartz": [i + 1 for i in first],
            "valid": valid, "winners": _first(winners, rules.tie)}


def outcome(rules: Rules, options: int, tally: Counter[bytes], eligible: int) -> Outcome:
    """The `outcome` of 12.4 of these valid choices."""
    count = _condorcet if rules.method == "condorcet" else _most_votes
    return count(rules, options, tally, eligible)
