#!/usr/bin/env python3
"""Let another verifier judge the mutants of test_mutants.py too, and compare the verdicts:
the check and the reason must be the same.

    duel.py PROGRAM [--group G] [--plan small|rich] [--every N] [--only TYPE]

Beside those, what has two things wrong with it, for the order of judgement: two changes in one
record, and records that stand at another place than their own.

PROGRAM is called as `PROGRAM verify FOLDER --election ID [--partial] --json` (tabella).
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from typing import Any

import archive
import canonical
import forge
import remember
from board import ZERO
from canonical import b64
from reasons import Refused
from replay import RULES, Failed
from test_mutants import Memory, Spoiler, spoil_tree


def named(line: bytes) -> list[bytes]:
    """The blobs that a line names, as far as it can be read."""
    try:
        return list(archive.named_blobs(canonical.parse(line)["record"]))
    except (Refused, TypeError, KeyError, ValueError, AttributeError):
        return []


class Duel(Spoiler):
    def __init__(self, forged: forge.Forge, every: int, program: str, folder: str) -> None:
        super().__init__(forged, every)
        self.program = program
        self.folder = folder
        self.rng = random.Random(every)
        self.disagreements: list[str] = []

    def fields_of_record(self, number: int) -> None:
        super().fields_of_record(number)
        self.two_changes(number)
        self.other_places(number)

    def two_changes(self, number: int) -> None:
        entry = self.entries[number]
        once = list(spoil_tree(entry["record"], self.group))
        for first, spoilt in once:
            if not self.mine():
                continue
            second, twice = self.rng.choice(list(spoil_tree(spoilt, self.group)))
            for record in (twice, self.reseal(number, twice)):
                if record is not None:
                    self.judge_line(number, {**entry, "record": record}, (*first, "and", *second))

    def other_places(self, number: int) -> None:
        """Records of other entries here, chained to what their authors wrote before."""
        for other, entry in enumerate(self.entries):
            if not self.mine():
                continue
            (name, body), = entry["record"]["body"].items()
            record = copy.deepcopy(entry["record"])
            if name != "definition":
                who = self.forge.secrets[other]
                chain = ("voter", who[0].line) if isinstance(who, tuple) else (
                    RULES[name].role, 0 if name == "fault" else who.key)
                record["body"][name]["prev"] = b64(self.replay.board.last.get(chain, ZERO))
            for held in (record, self.reseal(other, record)):
                self.judge_line(number, {**self.entries[number], "record": held},
                                ("the record of entry", other))

    def stands(self, number: int, line: bytes, what: str,
               blobs: dict[bytes, bytes] | None = None) -> bool:
        """Both judge the board up to and with this entry."""
        mine = "good"
        if not super().stands(number, line, what, blobs):
            mine = self.last
        held = {**self.forge.blobs, **(blobs or {})}
        lines = [*self.forge.lines[:number], line]
        names = {name for one in lines for name in named(one) if name in held}
        short = self._short(lines, {name: held[name] for name in names})
        theirs = self.theirs(short, True)
        if mine == "good" and theirs == "good":
            return True
        self.compare(what, mine, theirs)
        return mine == "good"

    def refused(self, failed: Failed) -> None:
        super().refused(failed)
        self.last = f"{failed.check} {failed.reason}"

    def judge_archive(self, files: dict[str, bytes], what: str) -> None:
        """Both judge an archive."""
        try:
            archive.verify(Memory(files), self.forge.election)
        except Failed as failed:
            self.refused(failed)
            mine = self.last
        else:
            mine = "good"
        self.compare(what, mine, self.theirs(files, False))

    def judge_rest(self, number: int, line: bytes, what: str,
                   blobs: dict[bytes, bytes] | None = None) -> None:
        """That no later entry lets it pass is for test_mutants.py alone."""

    def _short(self, lines: list[bytes], blobs: dict[bytes, bytes]) -> dict[str, bytes]:
        kept = self.forge.lines, self.forge.blobs
        self.forge.lines, self.forge.blobs = lines, blobs
        try:
            return self.forge.files()
        finally:
            self.forge.lines, self.forge.blobs = kept

    def compare(self, what: str, mine: str, theirs: str) -> None:
        if mine != theirs:
            self.disagreements.append(f"{what}: here {mine}, there {theirs}")

    def theirs(self, files: dict[str, bytes], partial: bool) -> str:
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(os.path.join(self.folder, "blobs"))
        for name, data in files.items():
            with open(os.path.join(self.folder, name), "wb") as file:
                file.write(data)
        done = subprocess.run(
            [self.program, "verify", self.folder, "--election", self.forge.election.hex(),
             *(["--partial"] if partial else []), "--json"],
            capture_output=True, check=False)
        try:
            told: dict[str, Any] = json.loads(done.stdout)
        except ValueError:
            return f"exit status {done.returncode}: {done.stderr.decode(errors='replace')}"
        if done.returncode == 0:
            return "good"
        return f"{told['check']} {told['reason']}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="duel.py")
    parser.add_argument("program")
    parser.add_argument("--group", default="ristretto255")
    parser.add_argument("--plan", default="small", choices=sorted(forge.PLANS))
    parser.add_argument("--every", type=int, default=1, help="try one in N")
    parser.add_argument("--only", default="", help="records of this type alone")
    arguments = parser.parse_args()
    remember.what_was_found()
    forged = forge.PLANS[arguments.plan](arguments.group, 1)
    with tempfile.TemporaryDirectory() as folder:
        duel = Duel(forged, arguments.every, arguments.program, os.path.join(folder, "archive"))
        duel.run(arguments.only)
    for line in duel.disagreements:
        print("bad:", line)
    print(f"{arguments.group} {arguments.plan}: {duel.tried} mutants refused, "
          f"{len(duel.disagreements)} disagreements")
    print("0 passed, 1 failed, 0 skipped" if duel.disagreements
          else "1 passed, 0 failed, 0 skipped")
    return 1 if duel.disagreements else 0


if __name__ == "__main__":
    sys.exit(main())
