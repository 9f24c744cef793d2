"""Reading a board entry by entry (protocol 9, 11, 14)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import canonical
import forms
import rules_keygen
import rules_setup
import rules_tally
import rules_vote
from board import ABSOLUTE_LIMIT, PENDING_LIMIT, ZERO, Board, Record
from hashing import sha256, tagged
from proofs import Batch
from reasons import Refused, record_check
from rules import Rule

RULES: dict[str, Rule] = {
    rule.type: rule for module in (rules_setup, rules_keygen, rules_vote, rules_tally)
    for rule in module.RULES
}


class Failed(Exception):
    """A check of the list has failed."""

    def __init__(self, check: str, reason: str, text: str, entry: int | None = None) -> None:
        super().__init__(check, reason, text, entry)
        self.check = check
        self.reason = reason
        self.text = text
        self.entry = entry

    def line(self) -> str:
        place = "" if self.entry is None else f"entry {self.entry}: "
        return f"{self.check} {self.reason} {place}{self.text}".rstrip()


class Replay:
    """Follows a board. With `expected`, only the election of that id will do."""

    def __init__(self, blobs: Callable[[bytes], bytes | None],
                 expected: bytes | None = None) -> None:
        self.board = Board(blobs)
        self.expected = expected
        self.previous = ZERO

    def copy(self) -> Replay:
        other = Replay(self.board.blobs, self.expected)
        other.board = self.board.copy()
        other.previous = self.previous
        return other

    def entry(self, line: bytes) -> None:
        """Judge the next line and follow it, or Failed."""
        try:
            self._entry(line)
        except Failed:
            # The proof of a ballot that stands before is the first failure.
            self.settle()
            raise
        self.settle(PENDING_LIMIT)

    def settle(self, at_least: int = 1) -> None:
        bad = self.board.settle(at_least)
        if bad is not None:
            raise self._bad_proof(bad[1], bad[0])

    def _entry(self, line: bytes) -> None:
        board = self.board
        digest = sha256(line)
        rule, record, time = self._judge(line, digest)
        board.accept(rule, record)
        board.entries.append(digest)
        board.time = time
        board.seq += 1
        self.previous = digest

    def check(self, line: bytes) -> None:
        """Judge the next line, its proofs included, and follow nothing."""
        _, record, _ = self._judge(line, sha256(line))
        if "equations" in record.read:
            batch = Batch(self.board.group)
            batch.add(None, record.read["equations"])
            if not batch.holds():
                raise self._bad_proof(record.type, record.seq)

    @staticmethod
    def _bad_proof(name: str, seq: int) -> Failed:
        return Failed(record_check(name, "BAD_PROOF"), "BAD_PROOF", f"{name}: the proof", seq)

    def _judge(self, line: bytes, digest: bytes) -> tuple[Rule, Record, int]:
        board = self.board
        seq = board.seq

        def need(good: bool, check: str, reason: str, text: str) -> None:
            if not good:
                raise Failed(check, reason, text, seq)

        try:
            entry = forms.ENTRY(canonical.parse(line))
        except Refused as refused:
            raise Failed("V004", refused.reason, refused.text, seq) from None
        need(entry["seq"] == seq, "V005", "BAD_SEQUENCE", f"seq {entry['seq']}")
        need(entry["prev"] == self.previous, "V006", "CHAIN_BROKEN",
             "prev is not the hash of the line before")
        need(entry["time"] >= board.time, "V007", "BAD_TIME", "time runs backwards")
        need(self._right_election(entry), "V910", "WRONG_ELECTION", "another election")
        rule, record = self._record(entry, seq, digest)
        return rule, record, entry["time"]

    def _right_election(self, entry: dict[str, Any]) -> bool:
        """V910, but for entry 0: its definition must be read first."""
        if self.expected is not None and entry["election"] != self.expected:
            return False
        return self.board.definition is None or bool(entry["election"] == self.board.election)

    def _record(self, entry: dict[str, Any], seq: int, digest: bytes) -> tuple[Rule, Record]:
        board, value, name = self.board, entry["record"], None
        if isinstance(value, dict) and isinstance(value.get("body"), dict):
            name = next(iter(value["body"]), None)
        try:
            if len(canonical.write(value)) > ABSOLUTE_LIMIT:
                raise Refused("TOO_LARGE", "a record of more than 2^24 bytes")
            record = board.read_record(value, seq, digest)
            rule = RULES[record.type]
            board.judge_form(rule, record)
            if record.type == "definition" and board.definition is None and (
                    entry["election"] != tagged("tabella/1 election", record.body_bytes)):
                raise Failed("V910", "WRONG_ELECTION", "not the id of this definition", seq)
            board.judge_place(rule, record)
            board.judge_signature(record)
            board.judge_content(rule, record)
        except Refused as refused:
            raise Failed(record_check(name, refused.reason), refused.reason,
                         f"{name or 'record'}: {refused.text}", seq) from None
        return rule, record
