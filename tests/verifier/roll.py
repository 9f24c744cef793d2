"""The roll blob (protocol 10.4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import canonical
import merkle
from forms import ROLL_LINE, WEIGHT_LIMIT
from groups import Element, Group
from hashing import Transcript, transcript
from proofs import Batch, Knowledge
from reasons import Refused


@dataclass
class Line:
    raw_key: bytes
    key: Element


@dataclass
class Roll:
    record_hash: bytes
    lines: list[Line]


def credential_statement(group: Group, election: bytes, part: int,
                         identity: bytes) -> Transcript:
    return transcript("tabella/1 credential", group.name, election).u(part).b(identity)


def identity_of(line: dict[str, Any]) -> bytes:
    if "name" in line:
        return b"name:" + line["name"].encode()
    return b"commit:" + bytes(line["commit"])


def _read_line(data: bytes, classes: int) -> dict[str, Any]:
    line: dict[str, Any] = ROLL_LINE(canonical.parse(data))
    if ("commit" in line) == ("name" in line):
        raise Refused("BAD_ENCODING", "not exactly one of commit and name")
    if not classes and line["kind"] != "own":
        raise Refused("BAD_ENCODING", "a kind other than own without classes")
    holdings = line["holdings"]
    if (not isinstance(holdings, list) or len(holdings) != classes
            or not all(isinstance(x, int) and x < WEIGHT_LIMIT for x in holdings)
            or (classes and not any(holdings))):
        raise Refused("BAD_WEIGHT", f"holdings {holdings}")
    return line


def _split(blob: bytes) -> Iterator[bytes]:
    """The lines without their line ends, which all must have."""
    *whole, rest = blob.split(b"\n")
    yield from whole
    if rest:
        raise Refused("BAD_ENCODING", "the roll does not end with a line end")


def _read_lines(blob: bytes, group: Group, classes: int, parts: int, count: int,
                sums: list[int]) -> list[dict[str, Any]]:
    """Each line by itself, the order of the keys, and the running sums."""
    lines: list[dict[str, Any]] = []
    for number, data in enumerate(_split(blob)):
        try:
            if number == count:
                raise Refused("BAD_ROLL", f"more than {count} lines")
            line = _read_line(data, classes)
            if len(line["key"]) != group.element_bytes:
                raise Refused("NON_CANONICAL", "a key of another length")
            if lines and line["key"] == lines[-1]["key"]:
                raise Refused("DUPLICATE_KEY", "the key of the line before")
            if lines and line["key"] < lines[-1]["key"]:
                raise Refused("BAD_ROLL", "keys out of order")
            if len(line["parts"]) != parts:
                raise Refused("BAD_ROLL", f"{len(line['parts'])} parts, not {parts}")
            for k, holding in enumerate(line["holdings"]):
                sums[k] += holding
                if sums[k] >= WEIGHT_LIMIT:
                    raise Refused("BAD_ROLL", "a sum that is too large")
        except Refused as refused:
            raise Refused(refused.reason, f"line {number}: {refused.text}") from None
        lines.append(line)
    return lines


def read(blob: bytes, record: dict[str, Any], record_hash: bytes, election: bytes, group: Group,
         classes: int, parts: int) -> Roll:
    """Judge a whole roll blob against the record that names it, in the order of 10.4."""
    sums = [0] * classes
    lines = _read_lines(blob, group, classes, parts, record["count"], sums)
    if len(lines) != record["count"]:
        raise Refused("BAD_ROLL", f"{len(lines)} lines, not {record['count']}")
    if merkle.root(blob[:-1].split(b"\n")) != record["root"]:
        raise Refused("BAD_ROLL", "another root")
    if sums != record["sums"]:
        raise Refused("BAD_ROLL", f"sums {sums}")
    batch = Batch(group)
    try:
        result = [_judge_key(batch, number, line, group, election)
                  for number, line in enumerate(lines)]
    except Refused:
        # A proof of an earlier line comes first.
        _judge_proofs(batch)
        raise
    _judge_proofs(batch)
    return Roll(record_hash, result)


def _judge_key(batch: Batch, number: int, line: dict[str, Any], group: Group,
               election: bytes) -> Line:
    """The key of a line and its parts; the proofs go to the batch."""
    try:
        key = group.decode(line["key"])
        parts = [(part["key"], group.decode(part["key"]), Knowledge.read(group, 1, part["proof"]))
                 for part in line["parts"]]
        product = group.one
        for _, part_key, _ in parts:
            product = group.mul(product, part_key)
        if not group.same(product, key):
            raise Refused("BAD_ROLL", "the key is not the product of its parts")
    except Refused as refused:
        raise Refused(refused.reason, f"line {number}: {refused.text}") from None
    identity = identity_of(line)
    for p, (raw, part_key, proof) in enumerate(parts, 1):
        batch.add(number, proof.equations(
            group, credential_statement(group, election, p, identity), [raw], [part_key]))
    return Line(line["key"], key)


def _judge_proofs(batch: Batch) -> None:
    number = batch.first_failure() if batch.entries else None
    if number is not None:
        raise Refused("BAD_PROOF", f"line {number}: a credential part without proof")
