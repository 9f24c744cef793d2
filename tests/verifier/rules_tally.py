"""closing, close, ready, mix, decrypt, fault, result (protocol 7, 8, 10.8, 10.9)."""

from __future__ import annotations

import canonical
import proofs
from board import Board, Decryption, Item, List, Mix, Record
from forms import BLOB_FIELDS
from hashing import tagged
from reasons import Refused
from results import result_object
from rules import Rule, in_open, item_in, must, upto_in


class ClosingRule(Rule):
    type = "closing"
    role = "organiser"

    def place(self, board: Board, r: Record) -> None:
        in_open(board)
        item_in(board, r, "OPEN")

    def apply(self, board: Board, r: Record) -> None:
        item = board.item(r.body["item"])
        item.state, item.closing_seq = "CLOSING", r.seq


class CloseRule(Rule):
    type = "close"
    role = "organiser"

    def place(self, board: Board, r: Record) -> None:
        in_open(board)
        upto_in(board, r, item_in(board, r, "CLOSING").closing_seq)

    def apply(self, board: Board, r: Record) -> None:
        item = board.item(r.body["item"])
        item.state, item.close_seq, item.close_hash = "CLOSED", r.seq, r.place
        # The input list (7): lines in ascending order, of each its last ballot.
        last = [item.ballots[line] for line in sorted(item.ballots)]
        item.input = List(b"".join(ballot.raw for ballot in last),
                          [element for ballot in last for element in ballot.elements], len(last))


class TallyRule(Rule):
    role = "trustees"

    def place(self, board: Board, r: Record) -> None:
        in_open(board)
        item = item_in(board, r, "CLOSED")
        must(r.body["close"] == item.close_hash, "another close hash", "WRONG_ELECTION")
        must(r.number in board.keygen.participants and r.number not in item.faulted,
             "the trustee takes no part", "NOT_ALLOWED")
        must(board.enough(item), f"{len(item.ballots)} ballots", "MIN_BALLOTS")
        self.conditions(board, r, item)

    def conditions(self, board: Board, r: Record, item: Item) -> None:
        raise NotImplementedError


class ReadyRule(TallyRule):
    type = "ready"

    def conditions(self, board: Board, r: Record, item: Item) -> None:
        must(r.number not in item.ready, "ready before")

    def proofs(self, board: Board, r: Record) -> None:
        item = board.item(r.body["item"])
        assert item.input is not None
        must(r.body["list"] == item.input.hash, "another input list", "INPUT_LIST")

    def apply(self, board: Board, r: Record) -> None:
        board.item(r.body["item"]).ready.add(r.number)


class MixRule(TallyRule):
    type = "mix"

    def conditions(self, board: Board, r: Record, item: Item) -> None:
        # ceil((n' + t) / 2)
        quorum = (len(board.keygen.participants) + board.define.threshold + 1) // 2
        must(len(item.ready) >= quorum, f"{len(item.ready)} are ready", "NO_QUORUM")
        must(all(mix.trustee != r.number for mix in item.mixes), "mixed before", "MIX_TRUSTEE")
        must(len(item.mixes) < board.define.mixers
             and r.body["ordinal"] == len(item.mixes) + 1, "not the next mix")
        must(r.body["input"] == item.last_list.hash, "not the last list", "INPUT_LIST")

    def encodings(self, board: Board, r: Record) -> None:
        must(r.body["output"] != r.body["input"], "nothing was mixed", "NOOP_MIX")

    def blobs(self, board: Board, r: Record) -> None:
        item, group = board.item(r.body["item"]), board.group
        rows = item.last_list.rows
        output = board.blob(r.body["output"])
        must(len(output) == 2 * rows * item.width * group.element_bytes,
             "the length of the list", "BAD_WIDTH")
        proof = board.blob(r.body["proof"])
        elements, scalars = proofs.Shuffle.counts(rows, item.width)
        must(len(proof) == elements * group.element_bytes + scalars * group.scalar_bytes,
             "the length of the proof", "BAD_WIDTH")
        r.read["output"] = List(output, [group.decode(e) for e in group.split(output)], rows)
        r.read["proof"] = proofs.Shuffle.read(group, rows, item.width, proof)

    def proofs(self, board: Board, r: Record) -> None:
        item, key = board.item(r.body["item"]), board.keygen
        before, after = item.last_list, r.read["output"]
        statement = proofs.Mixing(
            board.group, item.close_hash, item.id, r.body["ordinal"], r.number, key.raw_y, key.y,
            before.rows, item.width, before.raw, before.elements, after.raw, after.elements)
        must(r.read["proof"].verify(statement), "the shuffle", "BAD_SHUFFLE")

    def apply(self, board: Board, r: Record) -> None:
        board.item(r.body["item"]).mixes.append(Mix(r.number, r.read["output"]))


class DecryptRule(TallyRule):
    type = "decrypt"

    def conditions(self, board: Board, r: Record, item: Item) -> None:
        assert item.input is not None
        must(all(d.trustee != r.number for d in item.decryptions), "decrypted before")
        must(len(item.mixes) >= board.define.mixers, f"{len(item.mixes)} mixes", "MIX_MISSING")
        must(r.body["list"] != item.input.hash, "the input list", "NOT_MIXED")
        must(r.body["list"] == item.last_list.hash, "not the last list", "INPUT_LIST")

    def encodings(self, board: Board, r: Record) -> None:
        r.read["proof"] = proofs.Equality.read(board.group, r.body["proof"])

    def blobs(self, board: Board, r: Record) -> None:
        item, group = board.item(r.body["item"]), board.group
        factors = board.blob(r.body["factors"])
        must(len(factors) == item.last_list.rows * item.width * group.element_bytes,
             "the length of the factors", "BAD_WIDTH")
        r.read["raw"] = factors
        r.read["factors"] = [group.decode(element) for element in group.split(factors)]

    def proofs(self, board: Board, r: Record) -> None:
        item = board.item(r.body["item"])
        last = item.last_list
        raw_share, share = board.keygen.shares[r.number]
        statement = proofs.decrypt_statement(
            board.group, item.close_hash, item.id, r.number, raw_share, last.raw, r.read["raw"],
            last.rows, item.width)
        must(r.read["proof"].verify(
            board.group, statement, share, last.elements[::2], r.read["factors"]),
            "the factors", "BAD_DECRYPTION")

    def apply(self, board: Board, r: Record) -> None:
        board.item(r.body["item"]).decryptions.append(
            Decryption(r.number, r.read["factors"], r.seq))


class FaultRule(Rule):
    """The embedded record is judged as if it stood here; its content must be refused."""

    type = "fault"
    role = "board"
    reasons = ("NON_CANONICAL", "NOT_IN_GROUP", "BAD_ELEMENT", "BAD_WIDTH", "BAD_ENCODING",
               "BAD_SHUFFLE", "NOOP_MIX", "BAD_DECRYPTION")
    blamed: dict[str, TallyRule] = {"mix": MixRule(), "decrypt": DecryptRule()}

    def limit(self, board: Board) -> int:
        return 65536

    def author(self, board: Board, r: Record) -> None:
        must(r.by == board.board_key(r.seq), "not the board", "NOT_ALLOWED")

    def chain(self, r: Record) -> tuple[str, bytes | int]:
        return "board", 0  # whatever its key

    def place(self, board: Board, r: Record) -> None:
        in_open(board)
        try:
            inner = board.read_record(r.body["record"], r.seq, r.place)
            must(inner.type in self.blamed, "a record that cannot be at fault")
            rule = self.blamed[inner.type]
            board.judge_form(rule, inner)
            board.judge_place(rule, inner)
        except Refused as refused:
            raise Refused("BAD_FAULT", str(refused)) from refused
        r.read["inner"] = inner

    def proofs(self, board: Board, r: Record) -> None:
        inner: Record = r.read["inner"]
        try:
            for field in BLOB_FIELDS[inner.type]:
                board.blob(inner.body[field])
            board.judge_signature(inner)
            board.judge_content(self.blamed[inner.type], inner)
        except Refused as refused:
            if refused.reason in self.reasons:
                return
            raise Refused("BAD_FAULT", str(refused)) from refused
        raise Refused("BAD_FAULT", "nothing is wrong with the record")

    def apply(self, board: Board, r: Record) -> None:
        inner: Record = r.read["inner"]
        board.item(inner.body["item"]).faulted.add(inner.number)


class ResultRule(Rule):
    type = "result"
    role = "organiser"

    def place(self, board: Board, r: Record) -> None:
        in_open(board)
        item = item_in(board, r, "CLOSED")
        first = item.close_seq
        if board.enough(item):
            threshold = board.define.threshold
            must(len(item.decryptions) >= threshold, f"{len(item.decryptions)} decryptions",
                 "BELOW_THRESHOLD")
            first = item.decryptions[threshold - 1].seq
        upto_in(board, r, first)

    def proofs(self, board: Board, r: Record) -> None:
        r.read["result"] = result_object(board, board.item(r.body["item"]))
        digest = tagged("tabella/1 result", canonical.write(r.read["result"]))
        must(r.body["result"] == digest, "another result", "RESULT_MISMATCH")

    def apply(self, board: Board, r: Record) -> None:
        item = board.item(r.body["item"])
        item.state, item.result = "DONE", r.read["result"]


RULES = [ClosingRule(), CloseRule(), ReadyRule(), MixRule(), DecryptRule(), FaultRule(),
         ResultRule()]
