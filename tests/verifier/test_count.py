#!/usr/bin/env python3
"""Counting: two elections with published results, the Schwartz set by brute force, edges."""

from __future__ import annotations

import itertools
import os
import random
import re
import sys
import unittest
from collections import Counter

import count
import runner
from groups import group_by_name

EXAMPLES = os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "..", "ballots", "examples")


def read(name: str) -> str:
    with open(os.path.join(EXAMPLES, name), encoding="utf-8") as file:
        return file.read()


def sheet(name: str) -> Counter[bytes]:
    """The ballots of a Debian tally sheet; equal and missing ranks are allowed in it."""
    tally: Counter[bytes] = Counter()
    for marks in re.findall(r"^V: ([-0-9]+)", read(name), re.MULTILINE):
        given = [0 if mark == "-" else int(mark) for mark in marks]
        ranks = sorted(set(given) - {0})
        tally[bytes(ranks.index(rank) + 1 if rank else 0 for rank in given)] += 1
    return tally


def rules(method: str, **fields: object) -> count.Rules:
    values: dict[str, object] = {
        "method": method, "default": 0, "majority_base": "none", "majority": [],
        "quorum_kind": "none", "quorum": (0, 1), "tie": "none", **fields}
    return count.Rules(**values)  # type: ignore[arg-type]


class PublishedTests(unittest.TestCase):
    def judge(self, name: str, options: int, eligible: int, voters: int) -> None:
        published = read(name + ".results.txt")
        tally = sheet(name + ".txt")
        self.assertEqual(sum(tally.values()), voters)
        have = count.outcome(rules(
            "condorcet", default=options, majority_base="default", majority=[(1, 1)] * options,
            quorum_kind="sqrt", quorum=(3, 2)), options, tally, eligible)
        rows = re.findall(r"^Option (\d) ((?: *\d+)+) *$", published, re.MULTILINE)
        self.assertEqual(len(rows), options)
        for number, cells in rows:
            row = have["pairwise"][int(number) - 1]
            self.assertEqual([str(x) for i, x in enumerate(row) if i != int(number) - 1],
                             cells.split())
        reached = {int(x) for x in re.findall(r"Option (\d) Reached quorum", published)}
        passed = {int(x) for x in re.findall(r"Option (\d) passes Majority", published)}
        everybody = range(1, options + 1)
        self.assertEqual(have["in_quorum"], [int(i in reached or i == options) for i in everybody])
        self.assertEqual(have["majority"], [int(i in passed or i == options) for i in everybody])
        winners = [int(x) for x in re.findall(
            r"^\t Option (\d)", published.split("The winners are:")[1], re.MULTILINE)]
        self.assertEqual(have["winners"], winners)
        self.assertEqual(have["valid"], voters)

    def test_leader_2013(self) -> None:
        self.judge("leader-2013", 4, 988, 390)

    def test_resolution_2014(self) -> None:
        self.judge("resolution-2014", 5, 1006, 483)


class CondorcetTests(unittest.TestCase):
    def test_schwartz(self) -> None:
        """The union of the smallest sets of options that nobody outside defeats."""
        rng = random.Random(3)
        for _ in range(300):
            n = rng.randint(1, 5)
            options = list(range(n))
            defeats = set()
            for i, j in itertools.combinations(options, 2):
                defeats |= {0: set(), 1: {(i, j)}, 2: {(j, i)}}[rng.randrange(3)]
            unbeaten = [set(held) for size in range(1, n + 1)
                        for held in itertools.combinations(options, size)
                        if not any(j in held and i not in held for i, j in defeats)]
            smallest = [held for held in unbeaten if not any(o < held for o in unbeaten)]
            self.assertEqual(count._schwartz(options, defeats), sorted(set().union(*smallest)))

    def outcome(self, tally: dict[bytes, int], options: int, eligible: int = 100,
                **fields: object) -> dict[str, object]:
        return count.outcome(rules("condorcet", **fields), options, Counter(tally), eligible)

    def test_cycle(self) -> None:
        """A beats B 6:3, B beats C 7:2, C beats A 5:4: the weakest defeat is dropped."""
        have = self.outcome({bytes([1, 2, 3]): 4, bytes([3, 1, 2]): 3, bytes([2, 3, 1]): 2}, 3)
        self.assertEqual((have["schwartz"], have["winners"]), ([1, 2, 3], [1]))

    def test_weakest_by_votes_against(self) -> None:
        """4:3 is weaker than 4:0; with it gone the other side wins."""
        tally = {bytes([1, 2, 0, 0]): 0}
        have = self.outcome(tally, 4)
        self.assertEqual(have["winners"], [1, 2, 3, 4])  # nobody voted, nothing is defeated
        v = {bytes([1, 2, 3]): 4, bytes([0, 1, 2]): 2, bytes([2, 0, 1]): 3}
        have = self.outcome(v, 3)
        # 1 beats 2 by 7:2, 2 beats 3 by 6:3, 3 beats 1 by 5:4.
        self.assertEqual(have["pairwise"], [[0, 7, 4], [2, 0, 6], [5, 3, 0]])
        self.assertEqual(have["winners"], [1])

    def test_tie(self) -> None:
        tally = {bytes([1, 2]): 1, bytes([2, 1]): 1}
        self.assertEqual(self.outcome(tally, 2)["winners"], [1, 2])
        self.assertEqual(self.outcome(tally, 2, tie="first")["winners"], [1])

    def test_default_option(self) -> None:
        tally = {bytes([1, 2, 3]): 3, bytes([0, 0, 1]): 2}
        have = self.outcome(tally, 3, eligible=9, default=3, majority_base="default",
                            majority=[(3, 2), (1, 1), (9, 1)], quorum_kind="sqrt", quorum=(1, 1))
        # 3:2 is not more than 3/2; V(2,D) = 3 reaches sqrt(9).
        self.assertEqual(have["majority"], [0, 1, 1])
        self.assertEqual(have["in_quorum"], [1, 1, 1])
        self.assertEqual(have["winners"], [2])
        have = self.outcome(tally, 3, eligible=10, default=3, quorum_kind="sqrt", quorum=(1, 1))
        self.assertEqual((have["in_quorum"], have["winners"]), ([0, 0, 1], [3]))

    def test_turnout(self) -> None:
        tally = {bytes([1, 0, 2]): 5}
        for eligible, in_quorum, winners in ((10, [1, 1, 1], [1]), (11, [0, 0, 1], [3])):
            have = self.outcome(tally, 3, eligible=eligible, default=3, quorum_kind="turnout",
                                quorum=(1, 2))
            self.assertEqual((have["in_quorum"], have["winners"]), (in_quorum, winners))
        have = self.outcome(tally, 3, eligible=11, quorum_kind="turnout", quorum=(1, 2))
        self.assertEqual((have["in_quorum"], have["schwartz"], have["winners"]),
                         ([0, 0, 0], [], []))


class VotesTests(unittest.TestCase):
    def test_plurality(self) -> None:
        tally = Counter({b"\0": 2, b"\1": 4, b"\2": 4, b"\3": 1})
        have = count.outcome(rules("plurality"), 3, tally, 20)
        self.assertEqual(have, {
            "blank": 2, "majority": [1, 1, 1], "method": "plurality", "quorum": 1, "valid": 11,
            "votes": [4, 4, 1], "winners": [1, 2]})
        first = rules("plurality", tie="first")
        self.assertEqual(count.outcome(first, 3, tally, 20)["winners"], [1])
        for base, num, den, majority in (("valid", 4, 11, [0, 0, 0]), ("valid", 3, 11, [1, 1, 0]),
                                         ("roll", 1, 5, [0, 0, 0]), ("roll", 3, 20, [1, 1, 0])):
            held = rules("plurality", majority_base=base, majority=[(num, den)])
            have = count.outcome(held, 3, tally, 20)
            self.assertEqual(have["majority"], majority)
            self.assertEqual(have["winners"], [1, 2] if any(majority) else [])
        for den, quorum in ((20, 1), (19, 0)):
            held = rules("plurality", quorum_kind="turnout", quorum=(11, den))
            have = count.outcome(held, 3, tally, 20)
            self.assertEqual((have["quorum"], have["winners"]), (quorum, [1, 2] if quorum else []))

    def test_nobody_voted(self) -> None:
        have = count.outcome(rules("approval"), 3, Counter(), 20)
        self.assertEqual((have["votes"], have["winners"]), ([0, 0, 0], []))

    def test_approval(self) -> None:
        tally = Counter({b"\0\0": 1, b"\1\1": 2, b"\x80\0": 1})
        have = count.outcome(rules("approval"), 9, tally, 9)
        self.assertEqual((have["blank"], have["votes"], have["winners"]),
                         (1, [2, 0, 0, 0, 0, 0, 0, 1, 2], [1, 9]))


class ChoiceTests(unittest.TestCase):
    def test_forms(self) -> None:
        for choice, options, data, good in (
                ("plurality", 3, b"\0", True), ("plurality", 3, b"\3", True),
                ("plurality", 3, b"\4", False), ("plurality", 3, b"\0\0", False),
                ("approval", 9, b"\xff\1", True), ("approval", 9, b"\0\2", False),
                ("approval", 8, b"\xff", True), ("approval", 8, b"\xff\0", False),
                ("ranking", 3, b"\0\0\0", True), ("ranking", 3, b"\1\1\1", True),
                ("ranking", 3, b"\2\1\2", True), ("ranking", 3, b"\1\3\0", False),
                ("ranking", 3, b"\2\0\0", False), ("ranking", 3, b"\1\2\3\0", False)):
            self.assertEqual(count.valid_choice(choice, options, data), good, (choice, data))

    def test_rows(self) -> None:
        """A row counts only if all of it was written in the one way there is."""
        for name in ("ristretto255", "modp2048"):
            group = group_by_name(name)
            assert group is not None

            def row(data: bytes) -> bytes | None:
                blocks = [data[at:at + 30] for at in range(0, len(data), 30)]
                return count.read_row(
                    group, "ranking", 31, [group.embed(block) for block in blocks])

            good = bytes([1, 2]) + bytes(29)
            self.assertEqual(row(good + bytes(29)), good)
            self.assertIsNone(row(good + bytes(28) + b"\1"))  # padding
            self.assertIsNone(row(b"\2" + bytes(59)))  # no rank 1
            first, second = group.embed(good[:30]), group.embed(bytes(30))
            square = group.mul(second, second)
            self.assertIsNone(count.read_row(group, "ranking", 31, [first, square]))
            self.assertIsNone(count.read_row(group, "ranking", 31, [first, group.one]))
            self.assertEqual(count.read_row(group, "ranking", 31, [first, second]), good)

    def test_width(self) -> None:
        for choice, options, width in (("plurality", 250, 1), ("approval", 240, 1),
                                       ("approval", 241, 2), ("ranking", 30, 1),
                                       ("ranking", 31, 2), ("ranking", 250, 9)):
            self.assertEqual(count.choice_width(choice, options), width)


if __name__ == "__main__":
    sys.exit(runner.main(__name__))
