"""A whole archive, judged in the order of section 14; the first failure is reported."""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import canonical
import checkpoint
import merkle
from forms import BLOB_FIELDS
from hashing import sha256
from reasons import Refused
from replay import Failed, Replay
from results import result_file

README = """\
This is the complete public record of an election held with Tabella, protocol version 1.

  entries.ndjson  the bulletin board: one entry a line, each with the hash of the one before
  checkpoint      the size and root of the board, signed by the board and its witnesses
  blobs/          the roll, the mixed lists, proofs and decryption factors, by SHA-256
  result.json     the result, as it follows from the record

To verify it: tabella verify FOLDER --election ID, with the election id from a source that you trust.
"""

FIXED = ("README", "checkpoint", "entries.ndjson", "result.json")
HEX = set("0123456789abcdef")


class Files(Protocol):
    """What is in an archive: names like README and blobs/…; None is no regular file."""

    def names(self) -> dict[str, bool | None]:
        """Every name: True a regular file, False a folder, None anything else."""

    def read(self, name: str) -> bytes: ...


class Folder:
    def __init__(self, path: str) -> None:
        self.path = path

    def names(self) -> dict[str, bool | None]:
        result: dict[str, bool | None] = {}
        for entry in os.scandir(self.path):
            result[entry.name] = self._kind(entry)
            if entry.name == "blobs" and result["blobs"] is False:
                for blob in os.scandir(entry.path):
                    result["blobs/" + blob.name] = self._kind(blob)
        return result

    @staticmethod
    def _kind(entry: os.DirEntry[str]) -> bool | None:
        mode = entry.stat(follow_symlinks=False).st_mode
        return True if stat.S_ISREG(mode) else False if stat.S_ISDIR(mode) else None

    def read(self, name: str) -> bytes:
        with open(os.path.join(self.path, name), "rb") as file:
            return file.read()


class Tar:
    """The names as they are, behind ./, or behind one folder that all have in common."""

    def __init__(self, path: str) -> None:
        with tarfile.open(path, "r:") as tar:
            members = [(self._strip(member.name), member) for member in tar.getmembers()]
            tops = {name.split("/")[0] for name, _ in members if name}
            top = next(iter(tops)) if len(tops) == 1 else ""
            self._names: dict[str, bool | None] = {}
            self._data: dict[str, bytes] = {}
            for name, member in members:
                if top and top not in FIXED + ("blobs",):
                    name = name[len(top) + 1:]
                if not name:
                    continue
                self._names[name] = (
                    None if name in self._names
                    else True if member.isreg() else False if member.isdir() else None)
                if member.isreg():
                    file = tar.extractfile(member)
                    assert file is not None
                    self._data[name] = file.read()

    @staticmethod
    def _strip(name: str) -> str:
        return "" if name == "." else name.removeprefix("./")

    def names(self) -> dict[str, bool | None]:
        return self._names

    def read(self, name: str) -> bytes:
        return self._data[name]


@dataclass
class Verified:
    """What a verified archive is about."""

    election: bytes
    title: str
    entries: int
    records: list[str]


def named_blobs(record: Any) -> Iterator[bytes]:
    """The blobs that a good record names (13)."""
    (name, body), = record["body"].items()
    if name == "fault":
        yield from named_blobs(body["record"])
    for field in BLOB_FIELDS.get(name, ()):
        yield canonical.unb64(body[field])


def verify(files: Files, expected: bytes | None = None, partial: bool = False,
           head: bytes | None = None, progress: Callable[[int, int], None] | None = None,
           ) -> Verified:
    """Run the whole check list; Failed at the first check that does not hold."""
    blobs = _layout(files)
    cache: dict[bytes, bytes] = {}
    for blob in blobs:
        cache[bytes.fromhex(blob)] = files.read("blobs/" + blob)
        if sha256(cache[bytes.fromhex(blob)]).hex() != blob:
            raise Failed("V911", "BAD_BLOB", f"blobs/{blob} does not have this hash")

    data = files.read("entries.ndjson")
    if not data.endswith(b"\n"):
        raise Failed("V004", "BAD_ENCODING", "entries.ndjson has no line, or no line end")
    lines = data[:-1].split(b"\n")
    replay = Replay(cache.get, expected)
    types = []
    for number, line in enumerate(lines):
        if progress is not None:
            progress(number, len(lines))
        replay.entry(line)
        types.append(next(iter(canonical.parse(line)["record"]["body"])))
    replay.settle()

    board = replay.board
    tree = merkle.root(lines)
    try:
        signed = checkpoint.read(board, files.read("checkpoint"))
    except Refused as refused:
        raise Failed("V008", refused.reason, refused.text) from None
    if (signed.size, signed.root) != (len(lines), tree):
        raise Failed("V009", "BAD_CHECKPOINT", f"size {signed.size} or its root is not the board's")
    if len(signed.witnessed) < board.define.body["witness_quorum"]:
        raise Failed("V915", "NO_QUORUM", f"{len(signed.witnessed)} witnesses have co-signed")
    if head is not None:
        _judge_head(replay, lines, head)
    _judge_blobs(blobs, lines)
    if not partial:
        _judge_results(replay, files)
    return Verified(board.election, board.define.body["title"], len(lines), types)


def _layout(files: Files) -> list[str]:
    """V001 to V003: the names of the blobs that are there."""
    names = files.names()
    for name in FIXED:
        if name not in names:
            raise Failed("V001", "MISSING_FILE", name)
    # Those at the top first, each in the order of its bytes.
    order = sorted(names, key=lambda name: ("/" in name, os.fsencode(name)))
    blobs = []
    for name in order:
        kind = names[name]
        blob = name.removeprefix("blobs/")
        if name == "blobs" and kind is False or name in FIXED and kind is True:
            continue
        if blob != name and kind is True and len(blob) == 64 and set(blob) <= HEX:
            blobs.append(blob)
            continue
        raise Failed("V002", "EXTRA_FILE", repr(name))
    if files.read("README") != README.encode():
        raise Failed("V003", "BAD_ENCODING", "README is not the fixed text")
    return blobs


def _judge_head(replay: Replay, lines: list[bytes], head: bytes) -> None:
    """V914: a head known from outside is a prefix of this board."""
    try:
        outside = checkpoint.read(replay.board, head)
    except Refused as refused:
        raise Failed("V914", refused.reason, "the head from outside: " + refused.text) from None
    if outside.size > len(lines):
        raise Failed("V914", "ROLLBACK", f"the board once had {outside.size} entries")
    if merkle.root(lines[:outside.size]) != outside.root:
        raise Failed("V914", "EQUIVOCATION", f"another board of {outside.size} entries exists")


def _judge_blobs(blobs: list[str], lines: list[bytes]) -> None:
    """V001, V002: the blobs that are named, and no others."""
    named = {name.hex() for line in lines
             for name in named_blobs(canonical.parse(line)["record"])}
    for name in sorted(named - set(blobs)):
        raise Failed("V001", "MISSING_FILE", "blobs/" + name)
    for name in sorted(set(blobs) - named):
        raise Failed("V002", "EXTRA_FILE", f"blobs/{name}: no record names it")


def _judge_results(replay: Replay, files: Files) -> None:
    """V912, V913"""
    board = replay.board
    if files.read("result.json") != result_file(board):
        raise Failed("V912", "RESULT_MISMATCH", "result.json is not what follows")
    for item in board.items:
        if item.state != "DONE":
            raise Failed("V913", "MISSING_RECORD", f"item {item.id} is {item.state}")
