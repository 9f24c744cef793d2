#!/usr/bin/env python3
"""Spoil an honest archive in every field and see that nothing spoilt passes.

    test_mutants.py [--group G] [--plan small|rich] [--every N] [--only TYPE]

Three kinds of spoilers, each with what it could not be caught by taken away:
- anybody who changes bytes of a file;
- the author of a record, who changes a field and seals it again, together with a board that
  chains all later entries anew and authors who seal their own later records again;
- who uploads a blob and names the spoilt one instead.

All of them are tens of thousands; with --every N one in N of each kind is tried.
"""

from __future__ import annotations

import argparse
import copy
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import archive
import canonical
import ed25519
import forge
import merkle
import remember
from canonical import b64, unb64
from hashing import sha256
from reasons import Refused
from replay import Failed, Replay

Path = tuple[Any, ...]

# What only the author and the board can write and nobody else is bound to: the time of the last
# entry (caught by a head known from outside).
ALLOWED = {"time of the last entry"}


class Memory(archive.Files):
    """An archive in memory."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files

    def names(self) -> dict[str, bool | None]:
        return {"blobs": False, **dict.fromkeys(self.files, True)}

    def read(self, name: str) -> bytes:
        return self.files[name]


# ---- ways to spoil a value ----

def spoil_bytes(data: bytes, group: Any) -> Iterator[bytes]:
    """Other bytes: as a whole, and in each piece that may be an element or a scalar."""
    yield b""
    yield data[:-1]
    yield data + b"\0"
    yield bytes(len(data))
    yield bytes([data[0] ^ 1]) + data[1:] if data else b"\0"
    yield data[:-1] + bytes([data[-1] ^ 0x80]) if data else b"\0\0"
    size = group.element_bytes
    pieces = [data[at:at + size] for at in range(0, len(data), size)]
    one = group.encode(group.one)
    order = "little" if group.name == "ristretto255" else "big"
    for at, piece in enumerate(pieces):
        if len(piece) != size:
            continue
        number = int.from_bytes(piece, order)
        others = [group.encode(group.generator), one, b"\xff" * size, bytes(size),
                  ((number + group.q) % 256**size).to_bytes(size, order),
                  (number ^ 1).to_bytes(size, order)]
        try:
            inverse = group.power(group.decode(piece), group.q - 1)
            others.append(group.encode(inverse))
        except Refused:
            others.append(((group.q - number) % 256**size).to_bytes(size, order))
        if at + 1 < len(pieces):
            others.append(pieces[at + 1])
        for other in others:
            yield b"".join([*pieces[:at], other, *pieces[at + 1:]])
    if len(pieces) > 1:
        yield b"".join([pieces[1], pieces[0], *pieces[2:]])
        yield b"".join(pieces[:-1])
        yield data + pieces[-1]


def spoil_leaf(value: Any, group: Any) -> Iterator[Any]:
    if isinstance(value, int):
        yield from (value + 1, value - 1, 0, 1, 2, value ^ 1 << 40, 2**53 - 1, 2**53, str(value),
                    [value])
        return
    yield from ("", value + "A", value[:-1], value + "=", "A" * 30000, 0, [], {}, "\u00e9\t\0")
    for word in ("own", "plurality", "approval", "ranking", "condorcet", "none", "first", "roll",
                 "turnout", "sqrt", "valid", "default", "modp2048", "modp3072", "treasury"):
        yield word
    try:
        data = unb64(value)
    except Refused:
        return
    for spoilt in spoil_bytes(data, group):
        yield b64(spoilt)


def spoil_tree(value: Any, group: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """The value with one place of it changed, and which."""
    if isinstance(value, dict):
        for key in value:
            yield (*path, key, "gone"), {k: v for k, v in value.items() if k != key}
            yield (*path, key, "renamed"), {
                k + "x" if k == key else k: v for k, v in value.items()}
            for where, spoilt in spoil_tree(value[key], group, (*path, key)):
                yield where, {**value, key: spoilt}
        yield (*path, "more"), {**value, "zz": 1}
        yield (*path, "nothing"), {}
    elif isinstance(value, list):
        for at, element in enumerate(value):
            yield (*path, at, "gone"), value[:at] + value[at + 1:]
            yield (*path, at, "twice"), value[:at + 1] + value[at:]
            for where, spoilt in spoil_tree(element, group, (*path, at)):
                yield where, value[:at] + [spoilt] + value[at + 1:]
        yield (*path, "turned"), value[::-1]
        yield (*path, "nothing"), []
        yield (*path, "no array"), "x"
    else:
        for spoilt in spoil_leaf(value, group):
            yield path, spoilt


# ---- the spoilers ----

class Spoiler:
    def __init__(self, forged: forge.Forge, every: int) -> None:
        self.forge = forged
        self.every = every
        self.turn = 0
        self.group = forged.group
        self.entries = [canonical.parse(line) for line in forged.lines]
        self.tried = 0
        self.survivors: list[str] = []
        self.reasons: Counter[str] = Counter()
        self.replay = Replay(lambda name: self.forge.blobs.get(name), forged.election)

    def mine(self) -> bool:
        """Is it the turn of this mutant?"""
        self.turn += 1
        return self.turn % self.every == 0

    def run(self, only: str = "") -> None:
        """Spoil everything, or only the fields and blobs of the records of one type."""
        if not only:
            self.whole_archive()
        for number, line in enumerate(self.forge.lines):
            if not only:
                self.bytes_of_line(number)
                self.fields_of_entry(number)
            if only in ("", *self.entries[number]["record"]["body"]):
                self.fields_of_record(number)
                self.blobs_of_record(number)
            self.replay.entry(line)
            self.replay.settle()

    def stands(self, number: int, line: bytes, what: str,
               blobs: dict[bytes, bytes] | None = None) -> bool:
        """Is this a good entry at its place? If not, that is one mutant refused."""
        honest = self.replay.board.blobs
        self.replay.board.blobs = {**self.forge.blobs, **(blobs or {})}.get
        try:
            self.replay.check(line)
        except Failed as failed:
            self.refused(failed)
            return False
        finally:
            self.replay.board.blobs = honest
        return True

    def refused(self, failed: Failed) -> None:
        self.tried += 1
        self.reasons[f"{failed.check} {failed.reason}"] += 1

    # Changed bytes.

    def judge_archive(self, files: dict[str, bytes], what: str) -> None:
        try:
            archive.verify(Memory(files), self.forge.election)
        except Failed as failed:
            self.refused(failed)
        else:
            self.survivors.append(what)

    def whole_archive(self) -> None:
        """The files that are not entries: every byte; and files that go, come, or are empty."""
        for files, what in self.spoilt_files():
            if self.mine():
                self.judge_archive(files, what)

    def spoilt_files(self) -> Iterator[tuple[dict[str, bytes], str]]:
        files = self.forge.files()
        for name, data in files.items():
            yield {n: d for n, d in files.items() if n != name}, f"without {name}"
            yield {**files, name: b""}, f"empty {name}"
            yield {**files, name: data + b"\n"}, f"longer {name}"
            yield {**files, name: data[:-1]}, f"shorter {name}"
            if name == "entries.ndjson" or name.startswith("blobs/"):
                continue
            for at in range(len(data)):
                spoilt = data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]
                yield {**files, name: spoilt}, f"byte {at} of {name}"
        for name in ("blobs/" + "0" * 64, "blobs/x", "extra", "blobs/" + "A" * 64):
            yield {**files, name: b"x"}, f"with {name}"

    def bytes_of_line(self, number: int) -> None:
        line = self.forge.lines[number]
        for at in range(len(line)):
            for bit in (1, 32):
                if not self.mine():
                    continue
                spoilt = line[:at] + bytes([line[at] ^ bit]) + line[at + 1:]
                what = f"entry {number}, byte {at}, bit {bit}"
                if self.stands(number, spoilt, what):
                    lines = [*self.forge.lines]
                    lines[number] = spoilt
                    self.judge_archive({
                        **self.forge.files(),
                        "entries.ndjson": b"".join(held + b"\n" for held in lines)}, what)

    # Changed fields, everything else made to fit.

    def fields_of_entry(self, number: int) -> None:
        entry = self.entries[number]
        for field in ("election", "prev", "seq", "time"):
            for path, spoilt in spoil_tree(entry[field], self.group, (field,)):
                if spoilt != entry[field] and self.mine():
                    self.judge_line(number, {**entry, field: spoilt}, path)
            self.judge_line(number, {k: v for k, v in entry.items() if k != field},
                            (field, "gone"))
        self.judge_line(number, {**entry, "zz": 1}, ("more",))

    def fields_of_record(self, number: int) -> None:
        entry = self.entries[number]
        record = entry["record"]
        for path, spoilt in spoil_tree(record, self.group):
            if spoilt == record or not self.mine():
                continue
            self.judge_line(number, {**entry, "record": spoilt}, path)
            resealed = self.reseal(number, spoilt)
            if resealed is not None and resealed not in (spoilt, record):
                self.judge_line(number, {**entry, "record": resealed}, (*path, "resealed"))

    def reseal(self, number: int, record: Any) -> Any:
        """The record as its author would have sealed it, or None if that makes no sense."""
        if not isinstance(record, dict) or not isinstance(record.get("body"), dict):
            return None
        try:
            body = canonical.write(record["body"])
        except TypeError:
            return None
        who = self.forge.secrets[number]
        if isinstance(who, forge.Role):
            signature = ed25519.sign(who.seed, b"tabella/1 record\x00" + body)
            return {**record, "sig": b64(signature)}
        voter, randomness = who
        try:
            proof = self.forge.ballot_proof(voter, record["body"], randomness)
        except (KeyError, TypeError, AttributeError, OverflowError, ValueError, Refused):
            return None
        return {**record, "proof": b64(proof)}

    def judge_line(self, number: int, entry: Any, path: Path) -> None:
        """The entry at its place; if it is good there, the rest of the board after it."""
        what = f"entry {number} {next(iter(self.entries[number]['record']['body']))} {path}"
        line = canonical.write(entry)
        if not self.stands(number, line, what):
            return
        if number == len(self.forge.lines) - 1 and path == ("time",):
            what = "time of the last entry"
        self.judge_rest(number, line, what)

    def judge_rest(self, number: int, line: bytes, what: str,
                   blobs: dict[bytes, bytes] | None = None) -> None:
        """Chain everything that follows to a changed line; its author's records too."""
        lines = [*self.forge.lines[:number], line]
        held = {**self.forge.blobs, **(blobs or {})}
        replay = self.replay.copy()
        replay.board.blobs = held.get
        author = self.forge.secrets[number]
        record = canonical.parse(line)["record"]
        last = record
        try:
            replay.entry(line)
            for later in range(number + 1, len(self.forge.lines)):
                entry = copy.deepcopy(self.entries[later])
                entry["prev"] = b64(sha256(lines[-1]))
                if self._same(self.forge.secrets[later], author):
                    body, = entry["record"]["body"].values()
                    body["prev"] = b64(sha256(canonical.write(last)))
                    if "upto" in body and body["upto"]["seq"] < len(lines):
                        body["upto"]["hash"] = b64(sha256(lines[body["upto"]["seq"]]))
                    entry["record"] = last = self.reseal(later, entry["record"])
                lines.append(canonical.write(entry))
                replay.entry(lines[-1])
            replay.settle()
            self.judge_end(lines, held)
        except Failed as failed:
            self.refused(failed)
        else:
            self.survivors.append(what)

    def judge_end(self, lines: list[bytes], blobs: dict[bytes, bytes]) -> None:
        """The board signs the spoilt log; everything else stays."""
        forged = copy.copy(self.forge)
        forged.lines, forged.blobs = lines, blobs
        archive.verify(Memory(forged.files()), self.forge.election)

    @staticmethod
    def _same(one: Any, other: Any) -> bool:
        if isinstance(one, tuple) and isinstance(other, tuple):
            return one[0] is other[0]
        return one is other

    # Changed blobs, named by a record that is right for them.

    def blobs_of_record(self, number: int) -> None:
        (name, body), = self.entries[number]["record"]["body"].items()
        if name == "roll":
            for path, blob, fields in self.spoilt_rolls(body):
                self.judge_blob(number, ("blob", path), "blob", blob, fields)
        for field in archive.BLOB_FIELDS.get(name, ()) if name != "roll" else ():
            data = self.forge.blobs[unb64(body[field])]
            for at, spoilt in enumerate(spoil_bytes(data, self.group)):
                if spoilt != data and self.mine():
                    self.judge_blob(number, (field, at), field, spoilt, {})

    def spoilt_rolls(self, body: Any) -> Iterator[tuple[Path, bytes, Any]]:
        """Rolls with one change, and the fields of a record that describes them."""
        blob = self.forge.blobs[unb64(body["blob"])]
        lines = [canonical.parse(line) for line in blob[:-1].split(b"\n")]
        for path, spoilt in spoil_tree(lines, self.group):
            if not isinstance(spoilt, list) or not spoilt or not self.mine():
                continue
            for held in (spoilt, self._sorted(spoilt)):
                data = [canonical.write(line) for line in held]
                new = b"".join(line + b"\n" for line in data)
                if new == blob:
                    continue
                try:
                    sums = [sum(column) for column in zip(*(line["holdings"] for line in held))]
                except (TypeError, KeyError):
                    sums = body["sums"]
                yield path, new, {"blob": b64(sha256(new)), "bytes": len(new), "count": len(held),
                                  "root": b64(merkle.root(data)), "sums": sums}
        yield ("end",), blob[:-1], {"blob": b64(sha256(blob[:-1])), "bytes": len(blob) - 1}
        yield ("line end",), blob + b"\n", {
            "blob": b64(sha256(blob + b"\n")), "bytes": len(blob) + 1, "count": len(lines) + 1}

    @staticmethod
    def _sorted(lines: list[Any]) -> list[Any]:
        try:
            return sorted(lines, key=lambda line: unb64(line["key"]))
        except (TypeError, KeyError, AttributeError, Refused):
            return lines

    def judge_blob(self, number: int, path: Path, field: str, blob: bytes, fields: Any) -> None:
        entry = copy.deepcopy(self.entries[number])
        (name, body), = entry["record"]["body"].items()
        entry["record"]["body"] = {name: {**body, field: b64(sha256(blob)), **fields}}
        entry["record"] = self.reseal(number, entry["record"])
        line, held = canonical.write(entry), {sha256(blob): blob}
        what = f"entry {number} {name} {path}"
        if self.stands(number, line, what, held):
            self.judge_rest(number, line, what, held)


def main() -> int:
    parser = argparse.ArgumentParser(prog="test_mutants.py")
    parser.add_argument("--group", default="ristretto255")
    parser.add_argument("--plan", default="small", choices=sorted(forge.PLANS))
    parser.add_argument("--every", type=int, default=1, help="try one in N")
    parser.add_argument("--only", default="", help="records of this type alone")
    parser.add_argument("--reasons", action="store_true", help="how often each check failed")
    arguments = parser.parse_args()
    remember.what_was_found()
    forged = forge.PLANS[arguments.plan](arguments.group, 1)
    archive.verify(Memory(forged.files()), forged.election)
    spoiler = Spoiler(forged, arguments.every)
    spoiler.run(arguments.only)
    survivors = [what for what in spoiler.survivors if what not in ALLOWED]
    for what in survivors:
        print(f"bad: survives: {what}")
    if arguments.reasons:
        for reason, number in sorted(spoiler.reasons.items()):
            print(f"{number:6} {reason}")
    print(f"{arguments.group} {arguments.plan}: {spoiler.tried} mutants refused, "
          f"{len(spoiler.survivors) - len(survivors)} allowed, {len(survivors)} survived")
    # One case for each kind of field would be thousands; the whole is one.
    print("0 passed, 1 failed, 0 skipped" if survivors else "1 passed, 0 failed, 0 skipped")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
