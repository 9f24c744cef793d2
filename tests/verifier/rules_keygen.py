"""The five records of key generation (protocol 6 and 10.5)."""

from __future__ import annotations

import keys
from board import Attempt, Board, Dealt, Record
from proofs import Knowledge
from rules import Rule, decode_field, in_setup, must


def _attempt(board: Board, r: Record) -> Attempt:
    """The current attempt, which must be the record's."""
    in_setup(board)
    attempt = board.keygen
    must(len(attempt.participants) >= board.define.mixers, "too few trustees are left")
    must(r.body["attempt"] == attempt.number, f"attempt {attempt.number} is under way")
    return attempt


def _exclude(board: Board, trustee: int) -> None:
    """Begin the next attempt without somebody."""
    old = board.keygen
    board.attempt = Attempt(old.number + 1, [i for i in old.participants if i != trustee])


class TrusteeRule(Rule):
    role = "trustees"
    step: str

    def place(self, board: Board, r: Record) -> None:
        attempt = _attempt(board, r)
        must(r.number in attempt.participants, "no participant")
        must(attempt.step == self.step, f"the step is {attempt.step}")
        must(not attempt.done(r.number), "done before")


class CommitRule(TrusteeRule):
    type = "keygen-commit"
    step = "commit"

    def encodings(self, board: Board, r: Record) -> None:
        r.read["proof"] = Knowledge.read(board.group, 1, r.body["proof"])
        r.read["receive"] = decode_field(board, r.body["receive"])

    def proofs(self, board: Board, r: Record) -> None:
        statement = keys.receive_statement(
            board.group, board.election, board.keygen.number, r.number, r.body["commit"])
        must(r.read["proof"].verify(
            board.group, statement, [r.body["receive"]], [r.read["receive"]]),
            "the receiving key", "BAD_PROOF")

    def apply(self, board: Board, r: Record) -> None:
        board.keygen.commits[r.number] = r.body["commit"]
        board.keygen.receive[r.number] = r.body["receive"]


class DealRule(TrusteeRule):
    type = "keygen-deal"
    step = "deal"

    def limit(self, board: Board) -> int:
        if board.definition is None:
            return 8192
        group, d = board.group, board.define
        return 8192 + 2 * (d.threshold * group.element_bytes + d.trustees * (
            group.element_bytes + group.scalar_bytes + 16))

    def encodings(self, board: Board, r: Record) -> None:
        group, participants = board.group, len(board.keygen.participants)
        must(len(r.body["commitments"]) == board.define.threshold * group.element_bytes,
             "the length of the commitments", "BAD_ENCODING")
        raw_a = group.split(r.body["commitments"])
        a = [group.decode(raw) for raw in raw_a]
        r.read["proof"] = Knowledge.read(group, 1, r.body["proof"])
        size = group.element_bytes + group.scalar_bytes + 16
        shares = r.body["shares"]
        must(len(shares) == participants * size, "the length of the shares", "BAD_ENCODING")
        boxes = []
        for at in range(0, len(shares), size):
            raw_e = shares[at:at + group.element_bytes]
            group.decode(raw_e)
            boxes.append((raw_e, shares[at + group.element_bytes:at + size]))
        r.read["dealt"] = Dealt(raw_a, a, boxes)

    def proofs(self, board: Board, r: Record) -> None:
        group, attempt, dealt = board.group, board.keygen, r.read["dealt"]
        commit = keys.commitment(
            group, board.election, attempt.number, r.number, dealt.raw_a)
        must(commit == attempt.commits[r.number], "not what was committed to", "BAD_SHARE")
        statement = keys.constant_statement(
            group, board.election, attempt.number, r.number, dealt.raw_a,
            [attempt.receive[j] for j in attempt.participants])
        must(r.read["proof"].verify(group, statement, dealt.raw_a[:1], dealt.a[:1]),
             "the constant term", "BAD_PROOF")
        if len(attempt.deals) == len(attempt.participants) - 1:
            self._keys(board, r)

    def _keys(self, board: Board, r: Record) -> None:
        """With the last deal: the keys must be keys."""
        group, attempt = board.group, board.keygen
        deals = {**attempt.deals, r.number: r.read["dealt"]}
        commitments = [deals[i].a for i in attempt.participants]
        y = keys.election_key(group, commitments)
        shares = [keys.share_of_all(group, commitments, j) for j in attempt.participants]
        must(not any(group.is_one(x) for x in (y, *shares)), "a key is the identity",
             "BAD_ELEMENT")
        r.read["keys"] = y, shares

    def apply(self, board: Board, r: Record) -> None:
        group, attempt = board.group, board.keygen
        attempt.deals[r.number] = r.read["dealt"]
        if "keys" not in r.read:
            return
        attempt.y, shares = r.read["keys"]
        attempt.raw_y = group.encode(attempt.y)
        raw_shares = group.encode_all(shares)
        attempt.shares = dict(zip(attempt.participants, zip(raw_shares, shares)))
        attempt.transcript = keys.transcript_hash(
            group, board.election, attempt.number, r.place, attempt.raw_y, raw_shares)


class ConfirmRule(TrusteeRule):
    type = "keygen-confirm"
    step = "confirm"

    def place(self, board: Board, r: Record) -> None:
        super().place(board, r)
        must(r.body["transcript"] == board.keygen.transcript, "another transcript", "WRONG_KEY")

    def apply(self, board: Board, r: Record) -> None:
        board.keygen.confirmed.add(r.number)


class ComplainRule(TrusteeRule):
    type = "keygen-complain"
    step = "confirm"

    def place(self, board: Board, r: Record) -> None:
        super().place(board, r)
        must(r.body["dealer"] != r.number, "a complaint about oneself")
        must(r.body["dealer"] in board.keygen.participants, "the dealer takes no part")

    def encodings(self, board: Board, r: Record) -> None:
        must(len(r.body["rho"]) == board.group.scalar_bytes, "the length of rho", "BAD_ENCODING")
        r.read["rho"] = board.group.decode_scalar(r.body["rho"])

    def apply(self, board: Board, r: Record) -> None:
        attempt, dealer = board.keygen, r.body["dealer"]
        raw_e, sealed = attempt.deals[dealer].boxes[attempt.participants.index(r.number)]
        holds = keys.complaint_holds(
            board.group, board.election, attempt.number, dealer, r.number, r.read["rho"],
            attempt.receive[r.number], raw_e, sealed, attempt.deals[dealer].a)
        _exclude(board, dealer if holds else r.number)


class SkipRule(Rule):
    type = "keygen-skip"
    role = "organiser"

    def place(self, board: Board, r: Record) -> None:
        attempt = _attempt(board, r)
        must(r.body["trustee"] in attempt.participants, "no participant")
        must(not attempt.done(r.body["trustee"]), "nothing is missing")

    def apply(self, board: Board, r: Record) -> None:
        _exclude(board, r.body["trustee"])


RULES = [CommitRule(), DealRule(), ConfirmRule(), ComplainRule(), SkipRule()]
