"""The table of section 11: for each record type who writes it, when, and what it must say.

A rule has one method for each step of the order of judgement that differs from type to type.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from board import Board, Item, Record
from groups import Element
from reasons import Refused


class Rule(ABC):
    type: str
    role: str  # field of the definition, or "voter"

    def fields(self, board: Board, r: Record) -> None:
        """Step 1: bounds between fields, with reasons of their own."""

    def limit(self, board: Board) -> int:
        """Step 1: the most bytes that the record may have (10.11)."""
        return 8192

    def author(self, board: Board, r: Record) -> None:
        """Step 3."""
        keys = board.define.key_of(self.role)
        if r.by not in keys:
            raise Refused("NOT_ALLOWED", "the signer is not in " + self.role)
        r.number = keys.index(r.by) + 1

    def chain(self, r: Record) -> tuple[str, bytes | int]:
        """Whose chain the record belongs to."""
        return self.role, r.by

    @abstractmethod
    def place(self, board: Board, r: Record) -> None:
        """Step 4."""

    def encodings(self, board: Board, r: Record) -> None:
        """Step 7."""

    def blobs(self, board: Board, r: Record) -> None:
        """Step 8."""

    def proofs(self, board: Board, r: Record) -> None:
        """Step 9."""

    @abstractmethod
    def apply(self, board: Board, r: Record) -> None:
        """What the board says from now on."""


def must(condition: bool, text: str, reason: str = "STATE") -> None:
    if not condition:
        raise Refused(reason, text)


def decode_field(board: Board, data: bytes) -> Element:
    """An element that is a field of a record (10)."""
    must(len(data) == board.group.element_bytes, "the length of an element", "BAD_ENCODING")
    return board.group.decode(data)


def in_setup(board: Board, reason: str = "STATE") -> None:
    must(board.opened is None, "the election has been opened", reason)


def in_open(board: Board) -> None:
    must(board.opened is not None, "the election has not been opened")


def item_in(board: Board, r: Record, *states: str) -> Item:
    """The record's item, which must be in one of these states."""
    item = board.item(r.body["item"])
    must(item.state in states, f"item {item.id} is {item.state}")
    return item


def upto_in(board: Board, r: Record, first: int) -> None:
    """`upto` names an entry from `first` on and before this one (10.8, 10.9)."""
    upto = r.body["upto"]
    must(first <= upto["seq"] < r.seq and board.entries[upto["seq"]] == upto["hash"],
         "upto names no entry in its range", "INPUT_LIST")
