#!/usr/bin/env python3
"""Records that are wrong in one way, at every stage of an election: each is refused with the
check and the reason that protocol 10, 11 and 14 name."""

from __future__ import annotations

import copy
import sys
import unittest
from typing import Any

import canonical
import forge
import keys
import runner
from canonical import b64, unb64
from hashing import sha256
from reasons import FAMILIES
from replay import Failed, Replay

OTHER = b64(b"\7" * 32)
seen: set[str] = set()


class Live(forge.Forge):
    """A forged election that a verifier follows entry by entry."""

    def __init__(self, test: unittest.TestCase, group: str = "ristretto255", **fields: Any) -> None:
        fields = {"trustees": 4, "threshold": 2, "mixers": 2, **fields}
        super().__init__(group, 5, **fields)
        self.test = test
        self.hidden: set[bytes] = set()
        self.replay = Replay(
            lambda name: None if name in self.hidden else self.blobs.get(name), self.election)

    def append(self, record: forge.Body, secret: Any = None) -> bytes:
        digest = super().append(record, secret)
        self.replay.entry(self.lines[-1])
        self.replay.settle()
        return digest

    def line_of(self, record: Any, **fields: Any) -> bytes:
        return canonical.write({
            "election": b64(self.election),
            "prev": b64(sha256(self.lines[-1]) if self.lines else forge.ZERO),
            "record": record, "seq": len(self.lines), "time": self.clock + 1, **fields})

    def judge(self, line: bytes) -> str:
        try:
            self.replay.check(line)
        except Failed as failed:
            seen.add(failed.reason)
            return f"{failed.check} {failed.reason}"
        return "good"

    def no(self, want: str, record: Any) -> None:
        self.test.assertEqual(self.judge(self.line_of(record)), want)

    def refuse(self, want: str, role: forge.Role, name: str, **fields: Any) -> None:
        """What this role writes here is refused."""
        self.no(want, self.sealed(role, name, fields))

    def refuse_cast(self, want: str, voter: forge.Voter, body: Any, randomness: Any,
                    by: bytes | None = None) -> None:
        self.no(want, {"body": body, "by": b64(by or voter.raw_key),
                       "proof": b64(self.ballot_proof(voter, body, randomness))})

    def to_roll(self) -> None:
        self.define()
        self.item("plurality", ["Yes", "No"])
        self.post_roll([self.voter(name, []) for name in ("Ada", "Bea", "Cleo")])

    def to_key(self) -> None:
        for step in (self.commit, self.deal, self.confirm):
            for i in range(1, len(self.trustees) + 1):
                step(i)

    def to_open(self) -> None:
        self.to_roll()
        self.approve(1)
        self.approve(2)
        self.to_key()
        self.open()
        self.open_item(1)

    def to_close(self) -> None:
        self.to_open()
        for voter in range(3):
            self.vote(voter, {1: bytes([voter])})
        self.close(1)


class EntryTests(unittest.TestCase):
    def test_entries(self) -> None:
        f = Live(self)
        f.define()
        record = f.sealed(f.organiser, "item", {})
        for want, fields in (
                ("V005 BAD_SEQUENCE", {"seq": 0}), ("V005 BAD_SEQUENCE", {"seq": 2}),
                ("V006 CHAIN_BROKEN", {"prev": OTHER}), ("V007 BAD_TIME", {"time": f.clock - 1}),
                ("V910 WRONG_ELECTION", {"election": OTHER}), ("V004 BAD_ENCODING", {"x": 1}),
                ("V004 BAD_ENCODING", {"time": "1"}), ("V004 BAD_ENCODING", {"prev": ""})):
            self.assertEqual(f.judge(f.line_of(record, **fields)), want)
        good = f.line_of(record)
        for want, line in (("V004 BAD_ENCODING", good + b" "), ("V004 BAD_ENCODING", b"{}"),
                           ("V004 BAD_ENCODING", b""), ("V004 BAD_ENCODING", good[:-1]),
                           ("V004 BAD_ENCODING", good.replace(b'"seq":1', b'"seq":1.0')),
                           ("V004 BAD_ENCODING", good.replace(b'"seq":1', b'"seq": 1'))):
            self.assertEqual(f.judge(line), want)

    def test_envelopes(self) -> None:
        f = Live(self)
        f.define()
        good = f.sealed(f.organiser, "keygen-skip", {"attempt": 1, "trustee": 1})
        self.assertEqual(f.judge(f.line_of(good)), "good")
        body = good["body"]
        for want, record in (
                ("V004 BAD_ENCODING", {}), ("V004 BAD_ENCODING", "x"), ("V004 BAD_ENCODING", []),
                ("V004 BAD_ENCODING", {**good, "body": {}}),
                ("V091 BAD_ENCODING", {**good, "body": {**body, "other": {}}}),
                ("V004 BAD_ENCODING", {**good, "body": {**body, "another": {}}}),
                ("V004 STATE", {**good, "body": {"other": {}}}),
                ("V091 BAD_ENCODING", {**good, "more": 1}),
                ("V091 BAD_ENCODING", {"body": body, "by": good["by"]}),
                ("V091 BAD_ENCODING", {"body": body, "by": good["by"], "proof": good["sig"]}),
                ("V091 BAD_ENCODING", {**good, "by": good["by"][:-1]}),
                ("V091 BAD_ENCODING", {**good, "sig": good["by"]}),
                ("V091 BAD_ENCODING", {**good, "body": {"keygen-skip": []}}),
                ("V092 BAD_SIGNATURE", {**good, "sig": b64(bytes(64))}),
                ("V092 NOT_ALLOWED", {**good, "by": OTHER})):
            f.no(want, record)
        huge = {**good, "body": {"keygen-skip": "x" * (1 << 24)}}
        self.assertEqual(f.judge(f.line_of(huge)), "V091 TOO_LARGE")


class SetupTests(unittest.TestCase):
    def test_definition(self) -> None:
        f = Live(self)
        self.assertEqual(f.judge(f.line_of(f.sealed(f.organiser, "closing", {"item": 1}))),
                         "V144 STATE")

        def change(want: str, **fields: Any) -> None:
            g = Live(self)
            record = g.sealed(g.organiser, "definition", {**g.fields, **fields})
            g.replay.expected = None
            election = forge.tagged("tabella/1 election", canonical.write(record["body"]))
            self.assertEqual(g.judge(g.line_of(record, election=b64(election))), want)

        change("good")
        change("V011 UNKNOWN_GROUP", group="modp1024")
        change("V011 BAD_ENCODING", version=2)
        change("V011 BAD_ENCODING", title="")
        change("V011 BAD_ENCODING", min_ballots=0)
        change("V011 BAD_ENCODING", classes=["x"] * 17)
        change("V011 BAD_ENCODING", trustees=[])
        change("V011 BAD_ENCODING", board={**f.board.entry, "name": "a b"})
        change("V011 BAD_DEFINITION", threshold=5, mixers=5)
        change("V011 BAD_DEFINITION", mixers=1)
        change("V011 BAD_DEFINITION", mixers=5)
        change("V011 BAD_DEFINITION", code_parts=3)
        change("V011 BAD_DEFINITION", registrar_quorum=3)
        change("V011 BAD_DEFINITION", witness_quorum=1)
        change("V011 BAD_DEFINITION", witness_quorum=1, witnesses=[f.board.entry])
        change("V011 BAD_DEFINITION", witness_quorum=1, witnesses=[
            {"key": OTHER, "name": "w/1"}, {"key": b64(b"\x08" * 32), "name": "w/2"}])
        change("V011 BAD_ENCODING", witness_quorum=1, witnesses=[{"key": OTHER, "name": "w 1"}])
        change("V011 BAD_DEFINITION", trustees=[
            *f.fields["trustees"][:3], f.fields["registrars"][0]])
        change("V012 NOT_ALLOWED", organiser={"key": OTHER, "name": "x"})
        low = b64(b"\1" + bytes(31))
        change("V011 NON_CANONICAL", trustees=[
            *f.fields["trustees"][:3], {"key": low, "name": "x"}])
        f.define()
        record = f.sealed(f.organiser, "definition", f.fields)
        f.no("V014 STATE", record)
        record["sig"] = b64(bytes(64))
        f.no("V014 STATE", record)

    def test_item(self) -> None:
        f = Live(self, late_items=0)
        f.define()
        rules = {"default": 0, "majority": [], "majority_base": "none", "method": "plurality",
                 "quorum": {"den": 1, "kind": "none", "num": 0}, "tie": "none"}
        ranked = {**rules, "method": "condorcet", "default": 2, "majority_base": "default",
                  "majority": [{"den": 1, "num": 1}] * 2}
        fields = {"choice": "plurality", "count": rules, "id": 1, "options": ["a", "b"],
                  "text": "", "title": "t"}
        half = {"den": 2, "num": 1}

        def change(want: str, count: Any = None, **more: Any) -> None:
            f.refuse(want, f.organiser, "item", **{
                **fields, **more, **({"count": count} if count is not None else {})})

        change("good")
        change("good", ranked, choice="ranking")
        change("good", {**rules, "majority_base": "roll", "majority": [half]})
        change("V024 STATE", id=2)
        change("V021 BAD_ENCODING", id=0)
        change("V021 BAD_ENCODING", choice="other")
        change("V021 BAD_ENCODING", options=["a"])
        change("V021 BAD_ENCODING", text="x" * 20001)
        change("V021 BAD_ENCODING", title="")
        change("V021 BAD_ENCODING", {**rules, "tie": "last"})
        change("V021 BAD_ENCODING", {**rules, "quorum": {"den": 0, "kind": "none", "num": 0}})
        for count in (
                {**rules, "method": "approval"}, {**rules, "default": 1},
                {**rules, "majority": [half]}, {**rules, "majority_base": "valid"},
                {**rules, "majority_base": "valid", "majority": [half, half]},
                {**rules, "majority_base": "default", "majority": [half, half]},
                {**rules, "quorum": {"den": 1, "kind": "none", "num": 1}},
                {**rules, "quorum": {"den": 1, "kind": "sqrt", "num": 1}}):
            change("V021 BAD_ITEM", count)
        for count in ({**ranked, "default": 3}, {**ranked, "default": 0},
                      {**ranked, "majority": [half]}, {**ranked, "majority_base": "valid",
                                                       "majority": [half]}, rules):
            change("V021 BAD_ITEM", count, choice="ranking")
        change("V023 WRONG_ELECTION", election=OTHER)
        change("V023 BAD_PREV", prev=OTHER)
        f.refuse("V022 NOT_ALLOWED", f.trustees[0], "item", **fields)

    def test_roll(self) -> None:
        f = Live(self, classes=["A"], code_parts=2)
        f.define()
        lines = [f.voter(name, [n]) for n, name in enumerate(("Ada", "Bea", "Cleo"), 1)]
        lines.sort(key=lambda line: unb64(line["key"]))

        def roll(want: str, held: list[Any], **fields: Any) -> None:
            data = [canonical.write(line) for line in held]
            blob = b"".join(line + b"\n" for line in data)
            f.refuse(want, f.organiser, "roll", **{
                "blob": f.blob(blob), "bytes": len(blob), "count": len(held),
                "root": b64(forge.merkle.root(data)),
                "sums": [sum(line["holdings"][0] for line in held
                             if isinstance(line["holdings"][0], int)) % 2**44], **fields})

        def change(want: str, n: int = 1, **fields: Any) -> None:
            held = copy.deepcopy(lines)
            held[n] = {k: v for k, v in {**held[n], **fields}.items() if v is not None}
            roll(want, held)

        roll("good", lines)
        part = lines[1]["parts"]
        change("V031 BAD_WEIGHT", holdings=[0])
        change("V031 BAD_WEIGHT", holdings=[2**44])
        change("V031 BAD_WEIGHT", holdings=["007"])
        change("V031 BAD_WEIGHT", holdings=[1, 1])
        change("V035 BAD_ROLL", holdings=[2**44 - 1])
        change("V031 BAD_ENCODING", kind="other")
        change("V031 BAD_ENCODING", commit=OTHER)
        change("V031 BAD_ENCODING", name=None)
        change("V031 NON_CANONICAL", key=b64(unb64(lines[1]["key"])[:-1]))
        change("V035 DUPLICATE_KEY", key=lines[0]["key"])
        change("V035 BAD_ROLL", parts=part[:1])
        change("V035 BAD_ROLL", parts=[part[0], lines[0]["parts"][1]])
        change("V036 BAD_PROOF", parts=[part[1], part[0]])
        change("V036 BAD_PROOF", name="Somebody else")
        change("V031 BAD_ENCODING", parts=[{**part[0], "proof": ""}, part[1]])
        roll("V035 BAD_ROLL", lines[::-1])
        roll("V035 DUPLICATE_KEY", [lines[0], *lines])
        roll("V035 BAD_ROLL", lines, count=2)
        roll("V035 BAD_ROLL", lines, count=4)
        roll("V035 BAD_ROLL", lines, root=OTHER)
        roll("V035 BAD_ROLL", lines, sums=[7])
        roll("V035 BAD_ROLL", lines, sums=[])
        roll("V035 BAD_BLOB", lines, bytes=7)
        roll("V035 MISSING_BLOB", lines, blob=OTHER)
        f.refuse("V044 STATE", f.registrars[0], "approve", record=OTHER)
        f.post_roll(lines)
        f.approve(1)
        f.refuse("V044 STATE", f.registrars[0], "approve", record=b64(f.roll_hash))
        f.refuse("V042 NOT_ALLOWED", f.trustees[0], "approve", record=b64(f.roll_hash))
        f.refuse("V044 STATE", f.registrars[1], "approve", record=OTHER)
        f.post_roll(lines)
        f.approve(1)
        f.to_key()
        body = {"attempt": 1, "key": b64(f.raw_y), "roll": b64(f.roll_hash)}
        f.refuse("V104 NOT_APPROVED", f.organiser, "open", **body)
        f.approve(2)
        f.refuse("V105 WRONG_KEY", f.organiser, "open", **{**body, "attempt": 2})
        f.refuse("V105 WRONG_KEY", f.organiser, "open", **{**body, "key": OTHER})
        f.refuse("V105 BAD_ROLL", f.organiser, "open", **{**body, "roll": OTHER})
        f.open()
        f.refuse("V104 STATE", f.organiser, "open", **body)
        f.refuse("V044 ROLL_FROZEN", f.registrars[0], "approve", record=b64(f.roll_hash))
        roll("V034 ROLL_FROZEN", lines)


class KeygenTests(unittest.TestCase):
    def test_steps(self) -> None:
        f = Live(self)
        f.define()
        group, one = f.group, b64(f.group.encode(f.group.one))
        f.refuse("V074 STATE", f.trustees[0], "keygen-confirm", attempt=1, transcript=OTHER)
        dealer = forge.Dealer.draw(f.prover, 1, 2)
        commit = keys.commitment(group, f.election, 1, 1, dealer.raw_a)
        proof = f.prover.knowledge(
            keys.receive_statement(group, f.election, 1, 1, commit), [dealer.rho])
        body = {"attempt": 1, "commit": b64(commit), "proof": b64(proof),
                "receive": b64(dealer.raw_r)}

        def commits(want: str, i: int = 1, **fields: Any) -> None:
            f.refuse(want, f.trustees[i - 1], "keygen-commit", **{**body, **fields})

        commits("good")
        commits("V056 BAD_PROOF", i=2)
        commits("V056 BAD_PROOF", commit=OTHER)
        commits("V054 STATE", attempt=2)
        commits("V051 BAD_ELEMENT", receive=one)
        commits("V051 BAD_ENCODING", receive="")
        commits("V051 NON_CANONICAL", receive=b64(b"\xff" * 32))
        commits("V051 BAD_ENCODING", proof="")
        commits("V051 BAD_ENCODING", attempt=0)
        commits("V053 BAD_PREV", prev=OTHER)
        f.refuse("V052 NOT_ALLOWED", f.organiser, "keygen-commit", **body)
        for i in (1, 2, 3, 4):
            f.commit(i)
        commits("V054 STATE")
        f.refuse("V094 STATE", f.organiser, "keygen-skip", attempt=2, trustee=1)
        self.deals(f)
        f.refuse("good", f.organiser, "keygen-skip", attempt=1, trustee=1)
        self.confirmations(f)

    def deals(self, f: Live) -> None:
        group, one = f.group, f.group.encode(f.group.one)
        f.deal(1)
        honest = copy.deepcopy(f.dealers)
        body, = canonical.parse(f.lines[-1])["record"]["body"].values()
        f.refuse("V064 STATE", f.trustees[0], "keygen-deal", **{**body, "prev": b64(
            f.trustees[0].prev)})
        f.refuse("V065 BAD_SHARE", f.trustees[1], "keygen-deal", **{
            **body, "prev": b64(f.trustees[1].prev)})

        def deals(want: str, **fields: Any) -> None:
            dealer = f.dealers[2]
            raw = [f.dealers[j].raw_r for j in (1, 2, 3, 4)]
            statement = keys.constant_statement(group, f.election, 1, 2, dealer.raw_a, raw)
            boxes = [dealer.box(f.prover, f.election, 1, j, raw[j - 1]) for j in (1, 2, 3, 4)]
            f.refuse(want, f.trustees[1], "keygen-deal", **{
                "attempt": 1, "commitments": b64(b"".join(dealer.raw_a)),
                "proof": b64(f.prover.knowledge(statement, dealer.coefficients[:1])),
                "shares": b64(b"".join(boxes)), **fields})

        deals("good")
        raw_a = f.dealers[2].raw_a
        deals("V061 BAD_ENCODING", commitments=b64(raw_a[0]))
        deals("V061 BAD_ELEMENT", commitments=b64(raw_a[0] + one))
        deals("V065 BAD_SHARE", commitments=b64(raw_a[1] + raw_a[0]))
        deals("V061 BAD_ENCODING", proof="")
        deals("V061 BAD_ENCODING", shares="")
        deals("V061 BAD_ELEMENT", shares=b64((one + bytes(48)) * 4))
        deals("V066 BAD_PROOF", proof=b64(f.prover.knowledge(
            keys.constant_statement(group, f.election, 1, 2, raw_a, raw_a), [1])))
        self.assertEqual(honest, f.dealers)
        for i in (2, 3):
            f.deal(i)
        f.refuse("V074 STATE", f.trustees[0], "keygen-confirm", attempt=1, transcript=OTHER)
        f.refuse("V084 STATE", f.trustees[0], "keygen-complain", attempt=1, dealer=2, rho="")
        f.deal(4, wrong={1: b"\xff" * 32})

    def confirmations(self, f: Live) -> None:
        f.refuse("V075 WRONG_KEY", f.trustees[1], "keygen-confirm", attempt=1, transcript=OTHER)
        f.confirm(2)
        rho = {j: b64(f.group.encode_scalar(f.dealers[j].rho)) for j in (1, 2, 3)}

        def complains(want: str, j: int, dealer: int, **fields: Any) -> None:
            f.refuse(want, f.trustees[j - 1], "keygen-complain", **{
                "attempt": 1, "dealer": dealer, "rho": rho[j], **fields})

        complains("V084 STATE", 2, 4)
        complains("V084 STATE", 1, 1)
        complains("V084 STATE", 1, 5)
        complains("V081 BAD_ENCODING", 1, 65)
        complains("V081 NON_CANONICAL", 1, 4, rho=b64(b"\xff" * 32))
        complains("V081 BAD_ENCODING", 1, 4, rho="")
        complains("V084 STATE", 1, 4, attempt=2)
        complains("good", 1, 4)
        participants = f.replay.board.keygen.participants
        self.assertEqual(participants, [1, 2, 3, 4])
        # Who is at fault: the dealer of a bad box; else who complains, or names another rho.
        for j, dealer, told, left in ((1, 4, rho[1], [1, 2, 3]), (1, 2, rho[1], [2, 3, 4]),
                                      (1, 4, rho[3], [2, 3, 4]), (3, 4, rho[3], [1, 2, 4])):
            other = f.replay.copy()
            other.entry(f.line_of(f.sealed(f.trustees[j - 1], "keygen-complain", {
                "attempt": 1, "dealer": dealer, "rho": told})))
            self.assertEqual(other.board.keygen.participants, left)
        f.complain(1, 4)
        self.assertEqual(f.replay.board.keygen.participants, [1, 2, 3])
        f.refuse("V104 STATE", f.organiser, "open", attempt=1, key=OTHER, roll=OTHER)
        f.commit(1)
        f.refuse("V094 STATE", f.organiser, "keygen-skip", attempt=2, trustee=1)
        f.refuse("V094 STATE", f.organiser, "keygen-skip", attempt=2, trustee=4)
        f.skip(3)
        f.commit(2)
        f.skip(1)
        # One trustee is left and two mixers are wanted.
        f.refuse("V094 STATE", f.organiser, "keygen-skip", attempt=4, trustee=2)


class VotingTests(unittest.TestCase):
    def test_ballots(self) -> None:
        f = Live(self, late_items=1)
        f.to_roll()
        ada, bea = f.voters[0], f.voters[1]
        f.y, f.raw_y = f.group.generator, f.group.encode(f.group.generator)
        f.refuse_cast("V124 STATE", ada, *f.ballot(ada, {1: b"\1"}))
        f.approve(1)
        f.approve(2)
        f.to_key()
        f.open()
        f.item("ranking", [f"o{i}" for i in range(31)])
        f.refuse_cast("V124 CLOSED", ada, *f.ballot(ada, {1: b"\1"}))
        f.refuse("V115 INPUT_LIST", f.organiser, "open-item", hash=OTHER, item=1)
        f.refuse("V114 UNKNOWN_ITEM", f.organiser, "open-item", hash=OTHER, item=3)
        f.open_item(1)
        f.open_item(2)
        f.refuse("V114 STATE", f.organiser, "open-item", hash=b64(f.questions[0].hash), item=1)
        body, r = f.ballot(ada, {1: b"\1", 2: bytes(31)})
        f.refuse_cast("good", ada, body, r)

        def change(want: str, answers: Any = None, **fields: Any) -> None:
            held = {**body["ballot"], **fields}
            if answers is not None:
                held["answers"] = answers
            f.refuse_cast(want, ada, {"ballot": held}, r)

        one, two = body["ballot"]["answers"]
        change("V121 BAD_ENCODING", [two, one])
        change("V121 BAD_ENCODING", [one, one])
        change("V121 BAD_ENCODING", [])
        change("V124 UNKNOWN_ITEM", [one, {**two, "id": 3}])
        change("V123 WRONG_ELECTION", [one, {**two, "hash": OTHER}])
        change("V121 BAD_WIDTH", [{**one, "cts": two["cts"]}, two])
        change("V121 BAD_WIDTH", [{**one, "cts": ""}, two])
        change("V123 WRONG_ELECTION", open=OTHER)
        change("V123 WRONG_ELECTION", election=OTHER)
        change("V123 BAD_PREV", prev=OTHER)
        change("V122 NOT_ON_ROLL", line=3)
        change("V122 NOT_ON_ROLL", line=bea.line)
        raw = unb64(one["cts"])
        identity = f.group.encode(f.group.one)
        change("V121 BAD_ELEMENT", [{**one, "cts": b64(raw[:32] + identity)}, two])
        change("V121 BAD_ELEMENT", [{**one, "cts": b64(identity + raw[32:])}, two])
        change("V121 NON_CANONICAL", [{**one, "cts": b64(raw[:32] + b"\xff" * 32)}, two])
        change("V121 NOT_IN_GROUP", [{**one, "cts": b64(raw[:32] + b"\2" + bytes(31))}, two])
        f.refuse_cast("V122 NOT_ON_ROLL", ada, body, r, by=bea.raw_key)
        # Another's ciphertexts, and powers of them, without their randomness.
        copied, _ = f.ballot(bea, {})
        for power in (1, 2):
            cts = b64(b"".join(f.group.encode(f.group.power(f.group.decode(e), power))
                               for e in f.group.split(raw)))
            copied["ballot"]["answers"] = [{**one, "cts": cts}]
            f.refuse_cast("V126 BAD_PROOF", bea, copied, [5])
        f.no("V121 BAD_ENCODING", {"body": body, "by": b64(ada.raw_key), "proof": ""})
        f.no("V126 BAD_PROOF", {"body": body, "by": b64(ada.raw_key), "proof": b64(
            f.ballot_proof(bea, body, r))})

        audited, r2 = f.ballot(ada, {1: b"\2"})
        f.challenge(0, audited)
        audited["ballot"]["prev"] = b64(ada.prev)
        f.refuse_cast("good", ada, audited, r2)  # another prev is another ballot
        f.cast(ada, *f.ballot(ada, {1: b"\1"}))
        tracker = forge.tagged("tabella/1 tracker", canonical.write(
            canonical.parse(f.lines[-1])["record"]["body"]))
        held = {"election": b64(f.election), "line": ada.line, "open": b64(f.opened),
                "prev": b64(ada.prev), "tracker": b64(tracker)}
        f.refuse_cast("V134 STATE", ada, {"challenged": held}, [])
        f.refuse_cast("V133 WRONG_ELECTION", ada, {"challenged": {**held, "open": OTHER}}, [])
        f.refuse_cast("V132 NOT_ON_ROLL", ada, {"challenged": {**held, "line": 9}}, [])
        f.refuse_cast("V133 BAD_PREV", ada, {"challenged": {
            **held, "prev": OTHER, "tracker": OTHER}}, [])
        f.no("V136 BAD_PROOF", {"body": {"challenged": {**held, "tracker": OTHER}},
                                "by": b64(ada.raw_key), "proof": b64(f.ballot_proof(
                                    bea, {"challenged": {**held, "tracker": OTHER}}, []))})

    def test_challenged(self) -> None:
        """The very ballot that was challenged, its chain made to fit."""
        f = Live(self)
        f.to_open()
        ada = f.voters[0]
        body, r = f.ballot(ada, {1: b"\1"})
        f.challenge(0, body)
        f.refuse_cast("V124 CHALLENGED", ada, body, r)

    def test_too_many(self) -> None:
        f = Live(self)
        f.to_open()
        ada = f.voters[0]
        f.vote(0, {1: b"\1"})
        f.replay.board.voters[ada.line].records = 4096
        f.refuse_cast("V124 STATE", ada, *f.ballot(ada, {1: b"\1"}))

    def test_bad_proof_among_many(self) -> None:
        """Proofs wait for company; the first bad one is named, before what comes after it."""
        f = Live(self)
        f.to_open()
        replay = f.replay.copy()
        for voter in (0, 1):
            f.vote(voter, {1: b"\1"})
        cleo = f.voters[2]
        body, r = f.ballot(cleo, {1: b"\1"})
        bad = {"body": body, "by": b64(cleo.raw_key),
               "proof": b64(f.ballot_proof(cleo, body, [r[0] + 1]))}
        lines = [*f.lines[-2:], f.line_of(bad)]
        record = f.sealed(f.organiser, "closing", {"item": 7})
        entry = canonical.parse(f.line_of(record))
        lines.append(canonical.write({
            **entry, "prev": b64(sha256(lines[-1])), "seq": entry["seq"] + 1}))
        with self.assertRaises(Failed) as caught:
            for line in lines:
                replay.entry(line)
        self.assertEqual((caught.exception.check, caught.exception.entry),
                         ("V126", entry["seq"]))


class TallyTests(unittest.TestCase):
    def test_tally(self) -> None:
        f = Live(self)
        f.to_open()
        for voter in range(3):
            f.vote(voter, {1: bytes([voter])})
        body, r = f.ballot(f.voters[0], {1: b"\1"})
        upto = f._upto()
        f.refuse("V154 STATE", f.organiser, "close", item=1, upto=upto)
        f.refuse("V164 STATE", f.trustees[0], "ready", close=OTHER, item=1, list=OTHER)
        f.post(f.organiser, "closing", item=1)
        f.refuse_cast("V124 LATE_BALLOT", f.voters[0], body, r)
        f.refuse("V144 STATE", f.organiser, "closing", item=1)
        f.refuse("V155 INPUT_LIST", f.organiser, "close", item=1, upto=upto)
        f.refuse("V155 INPUT_LIST", f.organiser, "close", item=1, upto={**f._upto(), "hash": OTHER})
        f.refuse("V155 INPUT_LIST", f.organiser, "close", item=1,
                 upto={"hash": f._upto()["hash"], "seq": len(f.lines)})
        question = f.questions[0]
        question.close = f.post(f.organiser, "close", item=1, upto=f._upto())
        question.mixed = f.input_list(1)
        f.refuse_cast("V124 LATE_BALLOT", f.voters[0], body, r)
        self.ready(f)
        self.mixes(f)
        self.decryptions(f)
        self.results(f)

    def ready(self, f: Live) -> None:
        body = {"close": b64(f.questions[0].close), "item": 1, "list": b64(
            sha256(f.input_list(1)))}
        role = f.trustees[0]
        f.refuse("V163 WRONG_ELECTION", role, "ready", **{**body, "close": OTHER})
        f.refuse("V165 INPUT_LIST", role, "ready", **{**body, "list": OTHER})
        f.refuse("V164 UNKNOWN_ITEM", role, "ready", **{**body, "item": 2})
        f.refuse("V162 NOT_ALLOWED", f.organiser, "ready", **body)
        f.ready(1, 1)
        f.refuse("V164 STATE", role, "ready", **body)
        f.ready(1, 2)
        f.refuse("V174 NO_QUORUM", f.trustees[3], "mix", **f.mix(1, 4))
        f.ready(1, 3)

    def mixes(self, f: Live) -> None:
        size = f.group.element_bytes
        fields = f.mix(1, 1)
        output, proof = (f.blobs[unb64(fields[name])] for name in ("output", "proof"))

        def mixes(want: str, i: int = 1, **more: Any) -> None:
            f.refuse(want, f.trustees[i - 1], "mix", **{**fields, **more})

        mixes("good")
        mixes("V174 STATE", ordinal=2)
        mixes("V175 INPUT_LIST", input=OTHER)
        mixes("V175 NOOP_MIX", output=fields["input"])
        mixes("V175 MISSING_BLOB", output=OTHER)
        mixes("V175 MISSING_BLOB", proof=OTHER)
        mixes("V171 BAD_WIDTH", output=f.blob(output[:-2 * size]))
        mixes("V171 BAD_WIDTH", proof=f.blob(proof[:-size]))
        mixes("V171 BAD_WIDTH", proof=f.blob(b""))
        mixes("V176 BAD_SHUFFLE", i=2)
        mixes("V176 BAD_SHUFFLE", output=f.blob(output[2 * size:] + output[:2 * size]))
        mixes("V176 BAD_SHUFFLE", output=f.blob(output[:-2 * size] + output[:2 * size]))
        one = f.group.encode(f.group.one)
        mixes("V171 BAD_ELEMENT", output=f.blob(one + output[size:]))
        mixes("V171 BAD_ELEMENT", proof=f.blob(one + proof[size:]))
        mixes("V171 NON_CANONICAL", proof=f.blob(proof[:-size] + b"\xff" * size))
        f.refuse("V184 MIX_MISSING", f.trustees[0], "decrypt", **f.decrypt(1, 1))
        # A fault only for what is wrong in content.
        f.refuse("V195 BAD_FAULT", f.board, "fault", record=f.sealed(f.trustees[0], "mix", fields))
        spoilt = f.mix(1, 4, spoil=True)
        record = f.sealed(f.trustees[3], "mix", spoilt)
        f.refuse("good", f.board, "fault", record=record)
        f.refuse("V192 NOT_ALLOWED", f.organiser, "fault", record=record)
        for wrong in (
                {**record, "sig": b64(bytes(64))}, {"x": 1},
                f.sealed(f.trustees[3], "mix", {**spoilt, "prev": OTHER}),
                f.sealed(f.trustees[3], "mix", {**spoilt, "ordinal": 2}),
                f.sealed(f.trustees[3], "mix", {**spoilt, "election": OTHER}),
                f.sealed(f.trustees[3], "mix", {**spoilt, "output": OTHER}),
                f.sealed(f.organiser, "mix", spoilt),
                f.sealed(f.trustees[3], "ready", {"close": OTHER, "item": 1, "list": OTHER})):
            f.refuse("V195 BAD_FAULT", f.board, "fault", record=wrong)
        f.refuse("V191 BAD_ENCODING", f.board, "fault", record="x")
        noop = {**spoilt, "output": spoilt["input"]}
        f.refuse("V195 BAD_FAULT", f.board, "fault", record=f.sealed(f.trustees[3], "mix", noop))
        f.blob(f.input_list(1))
        f.refuse("good", f.board, "fault", record=f.sealed(f.trustees[3], "mix", noop))
        f.fault(4, "mix", spoilt)
        f.refuse("V195 BAD_FAULT", f.board, "fault", record=record)
        mixes("V172 NOT_ALLOWED", i=4)
        f.post_mix(1, 1)
        f.refuse("V174 MIX_TRUSTEE", f.trustees[0], "mix", **f.mix(1, 1))
        f.refuse("V184 MIX_MISSING", f.trustees[0], "decrypt", **f.decrypt(1, 1))
        f.post_mix(1, 3)
        f.refuse("V174 STATE", f.trustees[1], "mix", **f.mix(1, 2))

    def decryptions(self, f: Live) -> None:
        fields = f.decrypt(1, 1)
        factors, size = f.blobs[unb64(fields["factors"])], f.group.element_bytes

        def decrypts(want: str, i: int = 1, **more: Any) -> None:
            f.refuse(want, f.trustees[i - 1], "decrypt", **{**fields, **more})

        decrypts("good")
        decrypts("V185 NOT_MIXED", list=b64(sha256(f.input_list(1))))
        decrypts("V185 INPUT_LIST", list=OTHER)
        decrypts("V183 WRONG_ELECTION", close=OTHER)
        decrypts("V181 BAD_ENCODING", proof="")
        decrypts("V185 MISSING_BLOB", factors=OTHER)
        decrypts("V181 BAD_WIDTH", factors=f.blob(factors[size:]))
        decrypts("V186 BAD_DECRYPTION", factors=f.blob(factors[size:] + factors[:size]))
        decrypts("V186 BAD_DECRYPTION", i=2)
        f.refuse("V186 BAD_DECRYPTION", f.trustees[0], "decrypt", **f.decrypt(1, 1, x=5))
        decrypts("V182 NOT_ALLOWED", i=4)
        f.refuse("V204 BELOW_THRESHOLD", f.organiser, "result", item=1, result=OTHER,
                 upto=f._upto())
        f.post_decrypt(1, 1)
        decrypts("V184 STATE", prev=b64(f.trustees[0].prev))
        f.refuse("V204 BELOW_THRESHOLD", f.organiser, "result", item=1, result=OTHER,
                 upto=f._upto())

    def results(self, f: Live) -> None:
        before = f._upto()
        f.post_decrypt(1, 2)
        object_ = f.result_fields(1, [b"\0", b"\1", b"\2"], {
            "blank": 1, "majority": [1, 1], "method": "plurality", "quorum": 1, "valid": 3,
            "votes": [1, 1], "winners": [1, 2]})
        body = {"item": 1, "upto": f._upto(), "result": b64(
            forge.tagged("tabella/1 result", canonical.write(object_)))}
        f.refuse("good", f.organiser, "result", **body)
        f.refuse("V205 INPUT_LIST", f.organiser, "result", **{**body, "upto": before})
        f.refuse("V205 RESULT_MISMATCH", f.organiser, "result", **{**body, "result": OTHER})
        f.refuse("V202 NOT_ALLOWED", f.board, "result", **body)
        f.result(1, object_)
        f.refuse("V204 STATE", f.organiser, "result", **body)
        f.refuse("V184 STATE", f.trustees[2], "decrypt", **f.decrypt(1, 3))

    def test_few_ballots(self) -> None:
        for votes in (0, 1):
            f = Live(self, min_ballots=2)
            f.to_open()
            for voter in range(votes):
                f.vote(voter, {1: b"\1"})
            f.close(1)
            f.refuse("V164 MIN_BALLOTS", f.trustees[0], "ready", item=1, list=OTHER,
                     close=b64(f.questions[0].close))
            f.result(1, f.result_fields(1, [], {
                "blank": 0, "majority": [1, 1], "method": "plurality", "quorum": 1, "valid": 0,
                "votes": [0, 0], "winners": []}, opened=int(not votes)))

    def test_excluded_trustee(self) -> None:
        """Who takes no part in the key takes no part in the tally."""
        f = Live(self)
        f.to_roll()
        f.approve(1)
        f.approve(2)
        for i in (1, 2, 3):
            f.commit(i)
        f.skip(4)
        for step in (f.commit, f.deal, f.confirm):
            for i in (1, 2, 3):
                step(i)
        f.open()
        f.open_item(1)
        f.vote(0, {1: b"\1"})
        f.close(1)
        f.refuse("V162 NOT_ALLOWED", f.trustees[3], "ready", item=1, close=b64(
            f.questions[0].close), list=b64(sha256(f.input_list(1))))


class ZzTests(unittest.TestCase):
    def test_every_reason_was_seen(self) -> None:
        """Runs last: each reason of the list of checks was the answer to something above."""
        wanted = set(FAMILIES) - {"BAD_BLOB"}
        self.assertEqual(wanted - seen, set())


if __name__ == "__main__":
    sys.exit(runner.main(__name__))
