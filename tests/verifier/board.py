"""What a board says so far, and how its next record is judged (protocol 10 and 11)."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import canonical
import count
import ed25519
import forms
from groups import Element, Group
from hashing import sha256, tagged
from proofs import Batch
from reasons import TYPE_NUMBERS, Refused
from roll import Roll

if TYPE_CHECKING:
    from rules import Rule

ZERO = bytes(32)
ABSOLUTE_LIMIT = 2**24
PENDING_LIMIT = 2048


@dataclass
class Record:
    """A record whose form has been read, at the place where it stands."""

    type: str
    body: dict[str, Any]
    body_bytes: bytes
    raw: bytes
    by: bytes
    seal: bytes  # `sig`, or the `proof` of a voter's record
    seq: int
    place: bytes  # the entry hash
    number: int = 0  # of a trustee or registrar, from 1; found in step 3
    read: dict[str, Any] = field(default_factory=dict)  # what step 7 and 8 decode

    @property
    def hash(self) -> bytes:
        return sha256(self.raw)

    @property
    def signed(self) -> bytes:
        return b"tabella/1 record\x00" + self.body_bytes


@dataclass
class Definition:
    body: dict[str, Any]
    group: Group

    @property
    def trustees(self) -> int:
        return len(self.body["trustees"])

    @property
    def threshold(self) -> int:
        return int(self.body["threshold"])

    @property
    def mixers(self) -> int:
        return int(self.body["mixers"])

    def key_of(self, role: str) -> list[bytes]:
        """The keys of a role, in the order of their numbers."""
        held = self.body[role]
        return [role["key"] for role in held] if isinstance(held, list) else [held["key"]]


@dataclass
class List:
    """A list of ciphertexts: N rows, width w."""

    raw: bytes
    elements: list[Element]
    rows: int

    @property
    def hash(self) -> bytes:
        return sha256(self.raw)


@dataclass
class Mix:
    trustee: int
    output: List


@dataclass
class Decryption:
    trustee: int
    factors: list[Element]
    seq: int


@dataclass
class Counted:
    """A ballot's answer to one item."""

    tracker: bytes
    raw: bytes
    elements: list[Element]


@dataclass
class Item:
    id: int
    hash: bytes
    title: str
    choice: str
    options: int
    rules: count.Rules
    state: str = "NEW"
    closing_seq: int = 0
    close_seq: int = 0
    close_hash: bytes = ZERO
    ballots: dict[int, Counted] = field(default_factory=dict)
    input: List | None = None  # from the close on
    ready: set[int] = field(default_factory=set)
    mixes: list[Mix] = field(default_factory=list)
    decryptions: list[Decryption] = field(default_factory=list)
    faulted: set[int] = field(default_factory=set)
    result: dict[str, Any] | None = None

    @property
    def width(self) -> int:
        return count.choice_width(self.choice, self.options)

    @property
    def last_list(self) -> List:
        assert self.input is not None
        return self.mixes[-1].output if self.mixes else self.input


@dataclass
class Dealt:
    raw_a: list[bytes]
    a: list[Element]
    boxes: list[tuple[bytes, bytes]]  # (E_ij, C_ij) by the participants in order


@dataclass
class Attempt:
    """One attempt at key generation; all by the trustee's number."""

    number: int
    participants: list[int]
    commits: dict[int, bytes] = field(default_factory=dict)
    receive: dict[int, bytes] = field(default_factory=dict)
    deals: dict[int, Dealt] = field(default_factory=dict)
    confirmed: set[int] = field(default_factory=set)
    transcript: bytes = ZERO
    raw_y: bytes = b""
    y: Element = None
    shares: dict[int, tuple[bytes, Element]] = field(default_factory=dict)

    @property
    def step(self) -> str:
        if len(self.commits) < len(self.participants):
            return "commit"
        return "deal" if len(self.deals) < len(self.participants) else "confirm"

    def done(self, trustee: int) -> bool:
        """Has it written its record of the current step?"""
        held = {"commit": self.commits, "deal": self.deals, "confirm": self.confirmed}
        return trustee in held[self.step]

    @property
    def complete(self) -> bool:
        return len(self.confirmed) == len(self.participants)


@dataclass
class Voter:
    """What one roll line has written."""

    records: int = 0
    trackers: set[bytes] = field(default_factory=set)
    challenged: set[bytes] = field(default_factory=set)


class Board:
    """State after some entries. `blobs` gives the bytes of a blob, or None."""

    def __init__(self, blobs: Callable[[bytes], bytes | None]) -> None:
        self.blobs = blobs
        self.election = ZERO
        self.definition: Definition | None = None
        self.items: list[Item] = []
        self.board_keys: list[tuple[int, bytes]] = []  # that have replaced the definition's
        self.roll: Roll | None = None
        self.approvals: set[int] = set()
        self.attempt: Attempt | None = None
        self.opened: bytes | None = None  # the open hash
        self.voters: dict[int, Voter] = {}
        self.last: dict[tuple[str, bytes | int], bytes] = {}
        self.seq = 0
        self.entries: list[bytes] = []  # entry hashes
        self.time = 0
        self.pending: Batch | None = None  # ballots whose proofs wait for company

    def copy(self) -> Board:
        """Another board in the same state; what is never changed is shared."""
        memo = {id(self.blobs): self.blobs, id(self.definition): self.definition,
                id(self.roll): self.roll}
        return copy.deepcopy(self, memo)

    # ---- what rules ask ----

    @property
    def define(self) -> Definition:
        assert self.definition is not None
        return self.definition

    @property
    def group(self) -> Group:
        return self.define.group

    @property
    def keygen(self) -> Attempt:
        """The attempt that made the key."""
        assert self.attempt is not None
        return self.attempt

    def board_key(self, size: int) -> bytes:
        """The key that signs heads of so many entries."""
        later = [key for seq, key in self.board_keys if seq < size]
        return later[-1] if later else bytes(self.define.body["board"]["key"])

    def item(self, number: int) -> Item:
        if number > len(self.items):
            raise Refused("UNKNOWN_ITEM", f"item {number}")
        return self.items[number - 1]

    def enough(self, item: Item) -> bool:
        """Are there ballots to mix and decrypt?"""
        return len(item.ballots) >= max(1, self.define.body["min_ballots"])

    def blob(self, name: bytes) -> bytes:
        data = self.blobs(name)
        if data is None:
            raise Refused("MISSING_BLOB", f"blob {name.hex()}")
        if sha256(data) != name:
            raise Refused("BAD_BLOB", f"blob {name.hex()}")
        return data

    # ---- judging ----

    def read_record(self, value: Any, seq: int, place: bytes) -> Record:
        """The first half of step 1: the form of the envelope and of the body."""
        if (not isinstance(value, dict) or not isinstance(value.get("body"), dict)
                or len(value["body"]) != 1):
            raise Refused("BAD_ENCODING", "not a record")
        (name, body), = value["body"].items()
        if name not in TYPE_NUMBERS:
            raise Refused("STATE", "an unknown record type")
        voter = name in forms.VOTER_TYPES
        seal = "proof" if voter else "sig"
        envelope = forms.table(**{
            "body": lambda body: body,
            "by": forms.VOTER if voter else forms.b64(32),
            seal: forms.PROOF if voter else forms.b64(64)})(value)
        body = forms.BODIES[name](body)
        raw = canonical.write(value)
        return Record(name, body, canonical.write(value["body"]), raw, envelope["by"],
                      envelope[seal], seq, place)

    def judge_form(self, rule: Rule, record: Record) -> None:
        """The second half of step 1."""
        rule.fields(self, record)
        limit = rule.limit(self)
        if len(record.raw) > limit:
            raise Refused("TOO_LARGE", f"{len(record.raw)} bytes, at most {limit}")
        if self.definition is None and record.type != "definition":
            raise Refused("STATE", "the first record is no definition")

    def judge_place(self, rule: Rule, record: Record) -> None:
        """Steps 2 to 5."""
        if record.type != "definition" and record.body["election"] != self.election:
            raise Refused("WRONG_ELECTION", "the record is of another election")
        rule.author(self, record)
        rule.place(self, record)
        if "prev" in record.body:
            wanted = self.last.get(rule.chain(record), ZERO)
            if record.body["prev"] != wanted:
                raise Refused("BAD_PREV", "not the author's record before")

    def judge_signature(self, record: Record) -> None:
        """Step 6."""
        if record.type not in forms.VOTER_TYPES and not ed25519.verify(
                record.by, record.signed, record.seal):
            raise Refused("BAD_SIGNATURE", "the signature is not by this key")

    def judge_content(self, rule: Rule, record: Record) -> None:
        """Steps 7 to 9; changes nothing but record.read."""
        rule.encodings(self, record)
        rule.blobs(self, record)
        rule.proofs(self, record)

    def accept(self, rule: Rule, record: Record) -> None:
        rule.apply(self, record)
        self.last[rule.chain(record)] = record.hash

    # ---- proofs of ballots, many at a time ----

    def postpone(self, record: Record, equations: list[Any]) -> None:
        if self.pending is None:
            self.pending = Batch(self.group)
        self.pending.add((record.seq, record.type), equations)

    def settle(self, at_least: int = 1) -> tuple[int, str] | None:
        """Check what was postponed: the place and type of the first bad proof, or None."""
        if self.pending is None or len(self.pending.entries) < at_least:
            return None
        batch, self.pending = self.pending, None
        bad: Any = batch.first_failure()
        return bad


def item_hash(body_bytes: bytes) -> bytes:
    return tagged("tabella/1 item", body_bytes)


def tracker(body_bytes: bytes) -> bytes:
    return tagged("tabella/1 tracker", body_bytes)
