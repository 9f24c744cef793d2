"""ballot, challenged (protocol 10.7)."""

from __future__ import annotations

import board as boards
from board import Board, Counted, Record, Voter
from hashing import transcript
from proofs import Knowledge
from reasons import Refused
from rules import Rule, in_open, must

RECORDS_OF_A_LINE = 4096


class VoterRule(Rule):
    role = "voter"

    def author(self, board: Board, r: Record) -> None:
        line = r.body["line"]
        must(board.roll is not None and line < len(board.roll.lines)
             and board.roll.lines[line].raw_key == r.by, f"line {line}", "NOT_ON_ROLL")

    def chain(self, r: Record) -> tuple[str, bytes | int]:
        return self.role, r.body["line"]

    def voter(self, board: Board, r: Record) -> Voter:
        return board.voters.get(r.body["line"], Voter())

    def place(self, board: Board, r: Record) -> None:
        in_open(board)
        must(r.body["open"] == board.opened, "another open hash", "WRONG_ELECTION")
        self.conditions(board, r)
        must(self.voter(board, r).records < RECORDS_OF_A_LINE, "too many records of one line")

    def conditions(self, board: Board, r: Record) -> None:
        raise NotImplementedError

    def apply(self, board: Board, r: Record) -> None:
        board.postpone(r, r.read["equations"])
        board.voters.setdefault(r.body["line"], Voter()).records += 1


class BallotRule(VoterRule):
    type = "ballot"

    def limit(self, board: Board) -> int:
        total = 8192
        for item in board.items:
            e, s = board.group.element_bytes, board.group.scalar_bytes
            total += 512 + 4 * item.width * e + 2 * item.width * (e + s)
        return total

    def fields(self, board: Board, r: Record) -> None:
        ids = [answer["id"] for answer in r.body["answers"]]
        if any(a >= b for a, b in zip(ids, ids[1:])):
            raise Refused("BAD_ENCODING", "ids are not increasing")

    def conditions(self, board: Board, r: Record) -> None:
        for answer in r.body["answers"]:
            item = board.item(answer["id"])
            must(answer["hash"] == item.hash, f"another item {item.id}", "WRONG_ELECTION")
            must(item.state != "NEW", f"item {item.id} was not opened yet", "CLOSED")
            must(item.state == "OPEN", f"after the closing of item {item.id}", "LATE_BALLOT")
        must(boards.tracker(r.body_bytes) not in self.voter(board, r).challenged,
             "a challenged ballot", "CHALLENGED")

    def encodings(self, board: Board, r: Record) -> None:
        group, answers = board.group, r.body["answers"]
        for answer in answers:
            width = board.item(answer["id"]).width
            must(len(answer["cts"]) == 2 * width * group.element_bytes,
                 f"item {answer['id']}: {len(answer['cts'])} bytes", "BAD_WIDTH")
        raw = [group.split(answer["cts"]) for answer in answers]
        r.read["cts"] = [[group.decode(element) for element in row] for row in raw]
        r.read["a"] = [element for row in raw for element in row[::2]]
        r.read["proof"] = Knowledge.read(group, 1 + len(r.read["a"]), r.seal)

    def proofs(self, board: Board, r: Record) -> None:
        assert board.roll is not None and board.opened is not None
        group = board.group
        statement = (transcript("tabella/1 ballot", group.name, board.opened)
                     .b(board.keygen.raw_y).u(r.body["line"]).b(r.by).b(r.body["prev"])
                     .b(r.body_bytes))
        x = board.roll.lines[r.body["line"]].key
        r.read["equations"] = r.read["proof"].equations(
            group, statement, [r.by, *r.read["a"]],
            [x, *(a for row in r.read["cts"] for a in row[::2])])

    def apply(self, board: Board, r: Record) -> None:
        super().apply(board, r)
        tracker = boards.tracker(r.body_bytes)
        board.voters[r.body["line"]].trackers.add(tracker)
        for answer, elements in zip(r.body["answers"], r.read["cts"]):
            board.item(answer["id"]).ballots[r.body["line"]] = Counted(
                tracker, answer["cts"], elements)


class ChallengedRule(VoterRule):
    type = "challenged"

    def conditions(self, board: Board, r: Record) -> None:
        must(r.body["tracker"] not in self.voter(board, r).trackers, "the ballot was cast")

    def encodings(self, board: Board, r: Record) -> None:
        r.read["proof"] = Knowledge.read(board.group, 1, r.seal)

    def proofs(self, board: Board, r: Record) -> None:
        assert board.roll is not None and board.opened is not None
        statement = (transcript("tabella/1 voter record", board.group.name, board.opened)
                     .u(r.body["line"]).b(r.by).b(r.body["prev"]).b(r.body_bytes))
        x = board.roll.lines[r.body["line"]].key
        r.read["equations"] = r.read["proof"].equations(board.group, statement, [r.by], [x])

    def apply(self, board: Board, r: Record) -> None:
        super().apply(board, r)
        board.voters[r.body["line"]].challenged.add(r.body["tracker"])


RULES = [BallotRule(), ChallengedRule()]
