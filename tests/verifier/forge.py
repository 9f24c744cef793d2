#!/usr/bin/env python3
"""forge: play everybody in a small election and write its archive.

    python3 tests/verifier/forge.py OUTDIR [--group G] [--seed N] [--plan small|rich|counts]

small: three voters, trustees two of three, key generation that fails once by a complaint, a
re-vote, a challenged ballot. rich: adds what else there is: share classes, codes of two parts,
commitments to names, a second roll, a skip, a false complaint, faults, late items, items with no
ballots or too few, wide choices, invalid ones. counts: forty items under rules drawn at random, with
the results that count.py has for them, so that another verifier can have others. The same seed
makes the same archive.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import canonical
import checkpoint
import count
import ed25519
import keys
import merkle
import proofs
import roll
from archive import README
from board import Definition
from canonical import b64
from groups import Element, Group, group_by_name
from hashing import sha256, tagged, transcript
from prove import Dealer, Prover

ZERO = bytes(32)
Body = dict[str, Any]


@dataclass
class Role:
    name: str
    seed: bytes
    prev: bytes = ZERO

    @property
    def key(self) -> bytes:
        return ed25519.public_key(self.seed)

    @property
    def entry(self) -> Body:
        return {"key": b64(self.key), "name": self.name}


@dataclass
class Voter:
    name: str
    parts: list[int]
    salt: bytes | None = None
    line: int = -1
    prev: bytes = ZERO
    raw_key: bytes = b""


@dataclass
class Question:
    """What the forger remembers of an item."""

    choice: str
    options: int
    hash: bytes
    close: bytes = ZERO
    ballots: dict[int, bytes] = field(default_factory=dict)
    mixed: bytes | None = None  # the last list
    mixes: int = 0
    decrypted: list[tuple[int, bytes]] = field(default_factory=list)


class Forge:
    """One board, and the keys of everybody on it."""

    def __init__(self, group: str, seed: int, trustees: int, threshold: int, mixers: int,
                 registrars: int = 2, witnesses: int = 0, **fields: Any) -> None:
        found = group_by_name(group)
        assert found is not None
        self.group: Group = found
        self.rng = random.Random(f"{group} {seed}")
        self.prover = Prover(self.group, self.rng)
        self.lines: list[bytes] = []
        self.secrets: list[Any] = []  # beside each line: whose record, and what it hides
        self.blobs: dict[bytes, bytes] = {}
        self.clock = 1700000000000
        self.organiser = self.role("Organiser")
        self.board = self.role("board.example/test")
        self.boards = [(-1, self.board)]  # from which entry on
        self.registrars = [self.role(f"Registrar {i + 1}") for i in range(registrars)]
        self.trustees = [self.role(f"Trustee {i + 1}") for i in range(trustees)]
        self.witnesses = [self.role(f"witness.example/{i + 1}") for i in range(witnesses)]
        self.threshold, self.mixers = threshold, mixers
        self.fields: Body = {
            "board": self.board.entry, "classes": [], "code_parts": 1, "group": group,
            "late_items": 0, "min_ballots": 1, "mixers": mixers,
            "organiser": self.organiser.entry, "registrar_quorum": registrars,
            "registrars": [role.entry for role in self.registrars],
            "salt": b64(self.rng.randbytes(32)), "threshold": threshold,
            "title": "A small election", "trustees": [role.entry for role in self.trustees],
            "version": 1, "witness_quorum": witnesses // 2 + 1 if witnesses else 0,
            "witnesses": [role.entry for role in self.witnesses], **fields}
        self.election = tagged("tabella/1 election", canonical.write({"definition": self.fields}))
        self.voters: list[Voter] = []
        self.questions: list[Question] = []
        self.results: list[Body] = []
        self.roll_hash = ZERO
        self.attempt = 0
        self.dealers: dict[int, Dealer] = {}
        self.last_deal = ZERO
        self.raw_y = b""
        self.y: Element = None
        self.opened = ZERO

    def role(self, name: str) -> Role:
        return Role(name, self.rng.randbytes(32))

    # ---- the board ----

    def append(self, record: Body, secret: Any = None) -> bytes:
        """The hash of the new entry."""
        self.clock += 1
        line = canonical.write({
            "election": b64(self.election),
            "prev": b64(sha256(self.lines[-1]) if self.lines else ZERO),
            "record": record, "seq": len(self.lines), "time": self.clock})
        self.lines.append(line)
        self.secrets.append(secret)
        return sha256(line)

    def blob(self, data: bytes) -> str:
        self.blobs[sha256(data)] = data
        return b64(sha256(data))

    def head(self) -> bytes:
        """A checkpoint of the board as it is, co-signed by as many witnesses as it takes."""
        board = [role for seq, role in self.boards if seq < len(self.lines)][-1]
        definition = Definition({"board": {"key": board.key, "name": board.name}}, self.group)
        head = checkpoint.Head(len(self.lines), merkle.root(self.lines), self.clock // 1000)
        signed = checkpoint.text(definition, self.election, head)
        return checkpoint.note(definition, self.election, head, board.seed, *(
            checkpoint.cosign(role.name, signed, role.seed, head.time + 1)
            for role in self.witnesses[:self.fields["witness_quorum"]]))

    def files(self) -> dict[str, bytes]:
        result = canonical.write({"election": b64(self.election), "items": sorted(
            self.results, key=lambda item: item["id"]), "version": 1})
        return {"README": README.encode(), "checkpoint": self.head(),
                "entries.ndjson": b"".join(line + b"\n" for line in self.lines),
                "result.json": result,
                **{f"blobs/{name.hex()}": data for name, data in self.blobs.items()}}

    def write(self, folder: str) -> None:
        os.makedirs(os.path.join(folder, "blobs"), exist_ok=True)
        for name, data in self.files().items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(data)

    # ---- records ----

    def sealed(self, role: Role, name: str, fields: Body) -> Body:
        """A signed record, right at this place unless the fields say otherwise."""
        if name != "definition":
            fields = {"election": b64(self.election), "prev": b64(role.prev), **fields}
        body = canonical.write({name: fields})
        return {"body": {name: fields}, "by": b64(role.key),
                "sig": b64(ed25519.sign(role.seed, b"tabella/1 record\x00" + body))}

    def post(self, role: Role, name: str, **fields: Any) -> bytes:
        record = self.sealed(role, name, fields)
        role.prev = sha256(canonical.write(record))
        return self.append(record, role)

    def define(self) -> None:
        self.post(self.organiser, "definition", **self.fields)

    def item(self, choice: str, options: list[str], **rules: Any) -> None:
        rules = {"default": 0, "majority": [], "majority_base": "none",
                 "method": "condorcet" if choice == "ranking" else choice,
                 "quorum": {"den": 1, "kind": "none", "num": 0}, "tie": "none", **rules}
        number = len(self.questions) + 1
        fields = {"choice": choice, "count": rules, "id": number, "options": options,
                  "text": "" if number % 2 else "What it is about.\n\"\u00fc\u20ac\U0001f5f3\"",
                  "title": f"Item {number}", "election": b64(self.election),
                  "prev": b64(self.organiser.prev)}
        digest = tagged("tabella/1 item", canonical.write({"item": fields}))
        self.questions.append(Question(choice, len(options), digest))
        self.post(self.organiser, "item", **fields)

    def voter(self, name: str, holdings: list[int], kind: str = "own",
              secret: bool = False) -> Body:
        """A new voter's line of the roll."""
        group = self.group
        parts = self.prover.scalars(self.fields["code_parts"])
        voter = Voter(name, parts, self.rng.randbytes(32) if secret else None)
        voter.raw_key = group.encode(group.power_g(sum(parts)))
        self.voters.append(voter)
        line: Body = {"holdings": holdings, "key": b64(voter.raw_key), "kind": kind}
        if voter.salt is not None:
            line["commit"] = b64(tagged(
                "tabella/1 name", self.election + voter.salt + name.encode()))
            identity = b"commit:" + canonical.unb64(line["commit"])
        else:
            line["name"] = name
            identity = b"name:" + name.encode()
        line["parts"] = [{
            "key": b64(group.encode(group.power_g(x))),
            "proof": b64(self.prover.knowledge(
                roll.credential_statement(group, self.election, p, identity), [x])),
        } for p, x in enumerate(parts, 1)]
        return line

    def post_roll(self, lines: list[Body]) -> None:
        lines = sorted(lines, key=lambda line: canonical.unb64(line["key"]))
        for voter in self.voters:
            found = [n for n, line in enumerate(lines) if line["key"] == b64(voter.raw_key)]
            voter.line = found[0] if found else -1
        data = [canonical.write(line) for line in lines]
        blob = b"".join(line + b"\n" for line in data)
        self.post(self.organiser, "roll", blob=self.blob(blob), bytes=len(blob),
                  count=len(lines), root=b64(merkle.root(data)),
                  sums=[sum(column) for column in zip(*(line["holdings"] for line in lines))])
        self.roll_hash = self.organiser.prev

    def approve(self, registrar: int) -> None:
        self.post(self.registrars[registrar - 1], "approve", record=b64(self.roll_hash))

    # ---- key generation ----

    def trustee(self, i: int, name: str, **fields: Any) -> bytes:
        return self.post(self.trustees[i - 1], name, **fields)

    def commit(self, i: int) -> None:
        if not self.dealers:
            self.attempt += 1
        group = self.group
        dealer = self.dealers[i] = Dealer.draw(self.prover, i, self.threshold)
        commit = keys.commitment(group, self.election, self.attempt, i, dealer.raw_a)
        proof = self.prover.knowledge(keys.receive_statement(
            group, self.election, self.attempt, i, commit), [dealer.rho])
        self.trustee(i, "keygen-commit", attempt=self.attempt, commit=b64(commit),
                     proof=b64(proof), receive=b64(dealer.raw_r))

    def deal(self, i: int, wrong: dict[int, bytes] | None = None) -> None:
        """`wrong`: what some get in place of their share."""
        participants = sorted(self.dealers)
        dealer = self.dealers[i]
        boxes = [dealer.box(self.prover, self.election, self.attempt, j, self.dealers[j].raw_r,
                            (wrong or {}).get(j)) for j in participants]
        statement = keys.constant_statement(
            self.group, self.election, self.attempt, i, dealer.raw_a,
            [self.dealers[j].raw_r for j in participants])
        self.last_deal = self.trustee(
            i, "keygen-deal", attempt=self.attempt, commitments=b64(b"".join(dealer.raw_a)),
            proof=b64(self.prover.knowledge(statement, dealer.coefficients[:1])),
            shares=b64(b"".join(boxes)))

    def share(self, j: int) -> int:
        """(G9)"""
        return sum(dealer.share(j, self.group.q) for dealer in self.dealers.values())

    def confirm(self, i: int) -> None:
        group = self.group
        self.y = group.power_g(sum(d.coefficients[0] for d in self.dealers.values()))
        self.raw_y = group.encode(self.y)
        shares = [group.encode(group.power_g(self.share(j))) for j in sorted(self.dealers)]
        digest = keys.transcript_hash(
            group, self.election, self.attempt, self.last_deal, self.raw_y, shares)
        self.trustee(i, "keygen-confirm", attempt=self.attempt, transcript=b64(digest))

    def complain(self, j: int, dealer: int) -> None:
        rho = self.group.encode_scalar(self.dealers[j].rho)
        self.trustee(j, "keygen-complain", attempt=self.attempt, dealer=dealer, rho=b64(rho))
        self.dealers = {}

    def skip(self, trustee: int) -> None:
        self.post(self.organiser, "keygen-skip", attempt=self.attempt, trustee=trustee)
        self.dealers = {}

    def open(self) -> None:
        self.opened = self.post(self.organiser, "open", attempt=self.attempt, key=b64(self.raw_y),
                                roll=b64(self.roll_hash))

    def open_item(self, item: int) -> None:
        self.post(self.organiser, "open-item", hash=b64(self.questions[item - 1].hash), item=item)

    # ---- voters ----

    def ballot(self, voter: Voter, answers: dict[int, bytes | list[Element]]) -> tuple[Body, Any]:
        """A ballot that was not cast yet: its body, and the randomness of its ciphertexts.
        A choice is bytes, or elements if it is none."""
        randomness, told = [], []
        for item, choice in sorted(answers.items()):
            row = self.prover.embed(choice) if isinstance(choice, bytes) else choice
            cts = b""
            for element in row:
                r = self.prover.scalar()
                randomness.append(r)
                cts += b"".join(self.group.encode_all(self.prover.encrypt(self.y, element, r)))
            told.append({"cts": b64(cts), "hash": b64(self.questions[item - 1].hash), "id": item})
        body = {"ballot": {"answers": told, "election": b64(self.election), "line": voter.line,
                           "open": b64(self.opened), "prev": b64(voter.prev)}}
        return body, randomness

    def ballot_proof(self, voter: Voter, body: Body, randomness: list[int]) -> bytes:
        """The proof of a voter's record, by the randomness in it."""
        (name, fields), = body.items()
        raw = canonical.write(body)
        statement = transcript("tabella/1 voter record" if name == "challenged"
                               else "tabella/1 ballot", self.group.name, self.opened)
        if name == "ballot":
            statement.b(self.raw_y)
        statement.u(fields["line"]).b(voter.raw_key).b(canonical.unb64(fields["prev"])).b(raw)
        return self.prover.knowledge(statement, [sum(voter.parts), *randomness])

    def cast(self, voter: Voter, body: Body, randomness: list[int]) -> None:
        record = {"body": body, "by": b64(voter.raw_key),
                  "proof": b64(self.ballot_proof(voter, body, randomness))}
        voter.prev = sha256(canonical.write(record))
        self.append(record, (voter, randomness))
        for answer in body.get("ballot", {}).get("answers", []):
            self.questions[answer["id"] - 1].ballots[voter.line] = canonical.write(
                {"body": body, "cts": answer["cts"]})

    def vote(self, voter: int, answers: dict[int, Any]) -> None:
        self.cast(self.voters[voter], *self.ballot(self.voters[voter], answers))

    def challenge(self, voter: int, body: Body) -> None:
        """Make a ballot that was audited uncastable."""
        tracker = tagged("tabella/1 tracker", canonical.write(body))
        who = self.voters[voter]
        self.cast(who, {"challenged": {
            "election": b64(self.election), "line": who.line, "open": b64(self.opened),
            "prev": b64(who.prev), "tracker": b64(tracker)}}, [])

    # ---- the tally ----

    def _upto(self) -> Body:
        return {"hash": b64(sha256(self.lines[-1])), "seq": len(self.lines) - 1}

    def close(self, item: int) -> None:
        self.post(self.organiser, "closing", item=item)
        question = self.questions[item - 1]
        question.close = self.post(self.organiser, "close", item=item, upto=self._upto())
        question.mixed = self.input_list(item)

    def input_list(self, item: int) -> bytes:
        ballots = self.questions[item - 1].ballots
        return b"".join(canonical.unb64(canonical.parse(ballots[line])["cts"])
                        for line in sorted(ballots))

    def _width(self, question: Question) -> int:
        return count.choice_width(question.choice, question.options)

    def ready(self, item: int, i: int) -> None:
        self.trustee(i, "ready", close=b64(self.questions[item - 1].close), item=item,
                     list=b64(sha256(self.input_list(item))))

    def mix(self, item: int, i: int, spoil: bool = False) -> Body:
        """The fields of the next mix, by trustee i, and its output as a blob."""
        question, group = self.questions[item - 1], self.group
        assert question.mixed is not None
        raw_in, rows = question.mixed, len(question.ballots)
        statement = proofs.Mixing(
            group, question.close, item, question.mixes + 1, i, self.raw_y, self.y, rows,
            self._width(question), raw_in, [group.decode(e) for e in group.split(raw_in)], b"", [])
        raw_out, proof = self.prover.shuffle(statement)
        if spoil:  # the last element becomes another one
            raw_out = raw_out[:-group.element_bytes] + group.encode(group.power_g(7))
        return {"close": b64(question.close), "input": b64(sha256(raw_in)), "item": item,
                "ordinal": question.mixes + 1, "output": self.blob(raw_out),
                "proof": self.blob(proof)}

    def post_mix(self, item: int, i: int) -> None:
        fields = self.mix(item, i)
        self.trustee(i, "mix", **fields)
        question = self.questions[item - 1]
        question.mixed = self.blobs[canonical.unb64(fields["output"])]
        question.mixes += 1

    def decrypt(self, item: int, i: int, x: int | None = None) -> Body:
        question, group = self.questions[item - 1], self.group
        assert question.mixed is not None
        x = self.share(i) if x is None else x
        rows, width = len(question.ballots), self._width(question)
        a = [group.decode(e) for e in group.split(question.mixed)[::2]]
        d = [group.power(a_j, x) for a_j in a]
        raw_d = b"".join(group.encode_all(d))
        statement = proofs.decrypt_statement(
            group, question.close, item, i, group.encode(group.power_g(self.share(i))),
            question.mixed, raw_d, rows, width)
        return {"close": b64(question.close), "factors": self.blob(raw_d), "item": item,
                "list": b64(sha256(question.mixed)),
                "proof": b64(self.prover.equality(statement, x, a, d))}

    def post_decrypt(self, item: int, i: int) -> None:
        fields = self.decrypt(item, i)
        self.trustee(i, "decrypt", **fields)
        self.questions[item - 1].decrypted.append((i, canonical.unb64(fields["factors"])))

    def fault(self, i: int, name: str, fields: Body) -> None:
        """The board accuses trustee i with a record that it refused."""
        self.post(self.board, "fault", record=self.sealed(self.trustees[i - 1], name, fields))

    def replace_board(self) -> None:
        """From here on the board has another key."""
        new = self.role(self.board.name)
        new.prev = self.board.prev
        self.post(self.organiser, "board-key", key=b64(new.key))
        self.boards.append((len(self.lines) - 1, new))
        self.board = new

    def result(self, item: int, fields: Body) -> None:
        """Publish; `fields` is the result object."""
        self.results.append(fields)
        self.post(self.organiser, "result", item=item, upto=self._upto(), result=b64(
            tagged("tabella/1 result", canonical.write(fields))))

    def result_fields(self, item: int, choices: list[bytes], outcome: Body, invalid: int = 0,
                      opened: int = 1) -> Body:
        """The result object, from the choices that the forger knows are in the ballots."""
        ballots = self.questions[item - 1].ballots
        return {
            "counted": [{"line": line, "tracker": b64(tagged("tabella/1 tracker", canonical.write(
                canonical.parse(ballots[line])["body"])))} for line in sorted(ballots)],
            "eligible": sum(voter.line >= 0 for voter in self.voters), "id": item,
            "invalid": invalid, "opened": opened, "outcome": outcome,
            "tally": [{"choice": b64(choice), "count": choices.count(choice)}
                      for choice in sorted(set(choices))],
            "title": f"Item {item}"}

    def tally(self, item: int, trustees: list[int]) -> None:
        """ready, mix and decrypt, all by the first of these who may."""
        quorum = (len(self.dealers) + self.threshold + 1) // 2
        for i in trustees[:quorum]:
            self.ready(item, i)
        for i in trustees[:self.mixers]:
            self.post_mix(item, i)
        for i in trustees[:self.threshold]:
            self.post_decrypt(item, i)


def small(group: str, seed: int) -> Forge:
    f = Forge(group, seed, trustees=3, threshold=2, mixers=2)
    f.define()
    f.item("ranking", ["Anna", "Bert", "None of them"], default=3,
           majority=[{"den": 1, "num": 1}] * 3, majority_base="default",
           quorum={"den": 2, "kind": "sqrt", "num": 1}, tie="first")
    f.item("plurality", ["Yes", "No"], majority=[{"den": 2, "num": 1}], majority_base="valid",
           quorum={"den": 2, "kind": "turnout", "num": 1})
    f.post_roll([f.voter(name, []) for name in ("Ada", "Bea", "Cleo")])
    f.approve(1)
    f.approve(2)
    for i in (1, 2, 3):
        f.commit(i)
    f.deal(3)
    f.deal(1)
    f.deal(2, wrong={3: f.group.encode_scalar(5)})
    f.confirm(1)
    f.complain(3, 2)
    for i in (3, 1):
        f.commit(i)
    for i in (1, 3):
        f.deal(i)
    for i in (3, 1):
        f.confirm(i)
    f.open()
    f.open_item(1)
    f.open_item(2)
    f.vote(0, {1: bytes([2, 1, 3]), 2: bytes([1])})
    audited, _ = f.ballot(f.voters[1], {1: bytes([1, 1, 1])})
    f.challenge(1, audited)
    f.vote(1, {1: bytes([1, 2, 0]), 2: bytes([0])})
    f.vote(2, {1: bytes([1, 3, 2])})
    f.vote(0, {1: bytes([1, 2, 3])})
    f.close(1)
    f.tally(1, [1, 3])
    f.result(1, f.result_fields(1, [bytes([1, 2, 3]), bytes([1, 2, 0]), bytes([1, 3, 2])], {
        "blank": 0, "in_quorum": [1, 1, 1], "majority": [1, 1, 1], "method": "condorcet",
        "pairwise": [[0, 3, 3], [0, 0, 2], [0, 1, 0]], "schwartz": [1], "valid": 3,
        "winners": [1]}))
    f.close(2)
    f.tally(2, [3, 1])
    f.result(2, f.result_fields(2, [bytes([1]), bytes([0])], {
        "blank": 1, "majority": [0, 0], "method": "plurality", "quorum": 1, "valid": 2,
        "votes": [1, 0], "winners": []}))
    return f


def rich(group: str, seed: int) -> Forge:
    f = Forge(group, seed, trustees=5, threshold=2, mixers=2, registrars=3, witnesses=3,
              classes=["A", "B"],
              code_parts=2, late_items=1, min_ballots=2, registrar_quorum=2)
    f.define()
    f.item("plurality", ["Red", "Green", "Blue"],
           quorum={"den": 100, "kind": "turnout", "num": 50}, tie="first")
    f.item("ranking", [f"Candidate {i}" for i in range(1, 32)])
    f.post_roll([f.voter("Left out", [7, 7])])
    f.approve(1)
    f.approve(3)
    f.post_roll([f.voter("Ada", [1, 0]), f.voter("Bea", [0, 2**43], "nominee", secret=True),
                 f.voter("Cleo", [3, 4], "treasury"), f.voter("Dora", [1, 1])])
    f.approve(3)
    f.approve(2)
    for i in (1, 2, 3, 4):
        f.commit(i)
    f.skip(5)
    for i in (1, 2, 3, 4):
        f.commit(i)
    for i in (4, 3, 2, 1):
        f.deal(i)
    f.confirm(2)
    f.complain(4, 1)
    for i in (3, 2, 1):
        f.commit(i)
    for i in (1, 2, 3):
        f.deal(i)
    for i in (1, 2, 3):
        f.confirm(i)
    f.open()
    for item in (1, 2):
        f.open_item(item)
    one = bytes([1, 2, *[0] * 29])
    two = bytes([2, 1, *[0] * 28, 2])
    blank = bytes(31)
    f.vote(1, {1: bytes([1]), 2: one})
    f.vote(2, {1: bytes([3])})
    f.item("approval", [f"Seat {i}" for i in range(1, 10)], majority=[{"den": 4, "num": 1}],
           majority_base="roll")
    f.open_item(3)
    f.item("plurality", ["Yes", "No"])
    f.open_item(4)
    f.item("ranking", ["Yes", "No"], default=2)
    f.open_item(5)
    f.vote(3, {1: bytes([1]), 2: two, 3: bytes([3, 1]), 4: bytes([1])})
    f.vote(4, {1: bytes([9]), 2: blank})  # no option 9
    f.vote(1, {3: bytes([2, 0])})
    f.vote(2, {3: bytes([2, 1])})
    f.vote(4, {2: [f.group.hashed_generator("shuffle", 99)] * 2})  # nothing is embedded in it
    for item in (5, 4):
        f.close(item)
    f.result(5, f.result_fields(5, [], {
        "blank": 0, "in_quorum": [1, 1], "majority": [1, 1], "method": "condorcet",
        "pairwise": [[0, 0], [0, 0]], "schwartz": [1, 2], "valid": 0, "winners": [1, 2]}))
    f.result(4, f.result_fields(4, [], {
        "blank": 0, "majority": [1, 1], "method": "plurality", "quorum": 1, "valid": 0,
        "votes": [0, 0], "winners": []}, opened=0))
    f.close(2)
    for i in (2, 3, 1):
        f.ready(2, i)
    f.fault(2, "mix", f.mix(2, 2, spoil=True))
    f.replace_board()
    f.post_mix(2, 3)
    f.close(1)
    f.post_mix(2, 1)
    f.post_decrypt(2, 1)
    f.post_decrypt(2, 3)
    for i in (3, 1, 2):
        f.ready(1, i)
    f.post_mix(1, 3)
    f.post_mix(1, 2)
    f.fault(3, "decrypt", f.decrypt(1, 3, x=12345))
    f.post_decrypt(1, 1)
    f.post_decrypt(1, 2)
    f.close(3)
    f.tally(3, [2, 3, 1])
    f.post_decrypt(3, 1)
    f.result(3, f.result_fields(3, [bytes([3, 1]), bytes([2, 0]), bytes([2, 1])], {
        "blank": 0, "majority": [0, 1, 0, 0, 0, 0, 0, 0, 1], "method": "approval", "quorum": 1,
        "valid": 3, "votes": [1, 3, 0, 0, 0, 0, 0, 0, 2], "winners": [2]}))
    pairwise = [[0] * 31 for _ in range(31)]
    for choice in (one, two):
        for i in range(31):
            for j in range(31):
                pairwise[i][j] += choice[i] > 0 and (not choice[j] or choice[i] < choice[j])
    f.result(2, f.result_fields(2, [one, two], {
        "blank": 0, "in_quorum": [1] * 31, "majority": [1] * 31, "method": "condorcet",
        "pairwise": pairwise, "schwartz": [1, 2], "valid": 2, "winners": [1, 2]}, invalid=1))
    f.result(1, f.result_fields(1, [bytes([1]), bytes([3]), bytes([1])], {
        "blank": 0, "majority": [1, 1, 1], "method": "plurality", "quorum": 1, "valid": 3,
        "votes": [2, 0, 1], "winners": [1]}, invalid=1))
    return f


def _random_rules(rng: random.Random, choice: str, options: int) -> Body:
    """The `count` field of an item, of any kind that there is."""
    def fraction(most: int) -> Body:
        return {"den": rng.randint(1, 5), "num": rng.randint(0, most)}

    ranking = choice == "ranking"
    default = rng.randint(0, options) if ranking else 0
    kind = rng.choice(["none", "turnout", "turnout"] + ["sqrt"] * 3 * (default > 0))
    base = rng.choice(["none"] + ["default"] * 2 * (default > 0) if ranking
                      else ["none", "valid", "roll"])
    return {"default": default, "majority_base": base,
            "majority": [fraction(4) for _ in range(
                {"none": 0, "default": options}.get(base, 1))],
            "method": "condorcet" if ranking else choice,
            "quorum": {**({"den": 1, "num": 0} if kind == "none" else fraction(4)), "kind": kind},
            "tie": rng.choice(["first", "none"])}


def _random_choice(rng: random.Random, choice: str, options: int) -> bytes:
    if choice == "plurality":
        return bytes([rng.randint(0, options)])
    if choice == "approval":
        return rng.getrandbits(options).to_bytes((options + 7) // 8, "little")
    ranks = [rng.choice((0, 1, 2, 3)) for _ in range(options)]
    used = sorted(set(ranks) - {0})
    return bytes(used.index(rank) + 1 if rank else 0 for rank in ranks)


def counts(group: str, seed: int) -> Forge:
    f = Forge(group, seed, trustees=2, threshold=1, mixers=1, min_ballots=2)
    rng = f.rng
    f.define()
    items = []
    for _ in range(40):
        choice = rng.choice(["plurality", "approval", "ranking", "ranking", "ranking"])
        options = rng.randint(2, 5)
        rules = _random_rules(rng, choice, options)
        f.item(choice, [f"Option {i}" for i in range(1, options + 1)], **rules)
        items.append((choice, options, count.Rules(
            rules["method"], rules["default"], rules["majority_base"],
            [(part["num"], part["den"]) for part in rules["majority"]], rules["quorum"]["kind"],
            (rules["quorum"]["num"], rules["quorum"]["den"]), rules["tie"])))
    f.post_roll([f.voter(f"Voter {i}", []) for i in range(8)])
    f.approve(1)
    f.approve(2)
    for step in (f.commit, f.deal, f.confirm):
        for i in (1, 2):
            step(i)
    f.open()
    for number in range(1, 41):
        f.open_item(number)
    cast: dict[int, list[bytes]] = {number: [] for number in range(1, 41)}
    for voter in range(8):
        answers = {number: _random_choice(rng, choice, options)
                   for number, (choice, options, _) in enumerate(items, 1)
                   if rng.random() < (number % 10 + 1) / 10}
        for number, data in answers.items():
            cast[number].append(data)
        if answers:
            f.vote(voter, dict(answers))
    for number, (_, options, rules) in enumerate(items, 1):
        f.close(number)
        enough = len(cast[number]) >= 2
        if enough:
            f.tally(number, [2, 1])
        tally = Counter(cast[number]) if enough else Counter()
        f.result(number, f.result_fields(
            number, list(tally.elements()), count.outcome(rules, options, tally, 8),
            opened=int(enough or not cast[number])))
    return f


PLANS = {"small": small, "rich": rich, "counts": counts}


def main() -> int:
    parser = argparse.ArgumentParser(prog="forge.py")
    parser.add_argument("folder")
    parser.add_argument("--group", default="ristretto255",
                        choices=["ristretto255", "modp2048", "modp3072", "modp4096"])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plan", default="small", choices=sorted(PLANS))
    arguments = parser.parse_args()
    forged = PLANS[arguments.plan](arguments.group, arguments.seed)
    forged.write(arguments.folder)
    print(forged.election.hex())
    return 0


if __name__ == "__main__":
    sys.exit(main())
