#!/usr/bin/env python3
"""docs/vectors: every value of every case, computed here from the inputs alone."""

from __future__ import annotations

import base64
import json
import os
import random
import sys
import unittest
from typing import Any

import chacha
import checkpoint
import ed25519
import keys
import proofs
import runner
from groups import Element, Group, group_by_name
from hashing import Transcript, sha256, tagged, transcript
from prove import Prover
from reasons import Refused

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "vectors")
SUBJECTS = ("decoding", "dleq", "elgamal", "embedding", "generators", "keygen", "lagrange",
            "reduction", "schnorr", "shuffle", "stream", "tagged", "transcript", "checkpoint")

Case = dict[str, Any]


class Told(Prover):
    """A prover that draws what a vector tells it to."""

    def __init__(self, group: Group, told: list[int]) -> None:
        super().__init__(group, random.Random(0))
        self.told = told

    def scalar(self) -> int:
        return self.told.pop(0)


class VectorTests(unittest.TestCase):
    def cases(self, subject: str) -> list[Case]:
        path = os.path.join(FOLDER, subject + ".json")
        if not os.path.exists(path):
            self.skipTest(f"docs/vectors/{subject}.json is not there")
        with open(path, encoding="utf-8") as file:
            held = json.load(file)
        self.assertEqual(held["subject"], subject)
        self.assertTrue(held["cases"])
        cases: list[Case] = held["cases"]
        return cases

    def grouped(self, subject: str) -> list[tuple[Case, Group]]:
        result = []
        for case in self.cases(subject):
            group = group_by_name(case["group"])
            assert group is not None
            result.append((case, group))
        return result

    # Hexadecimal to values and back.

    def elements(self, group: Group, held: list[str]) -> list[Element]:
        return [group.decode(bytes.fromhex(text)) for text in held]

    def scalar(self, group: Group, text: str) -> int:
        return group.decode_scalar(bytes.fromhex(text))

    def scalars(self, group: Group, held: list[str]) -> list[int]:
        return [self.scalar(group, text) for text in held]

    def same(self, group: Group, have: list[Element], want: list[str]) -> None:
        self.assertEqual([e.hex() for e in group.encode_all(have)], want)

    def same_scalars(self, group: Group, have: list[int], want: list[str]) -> None:
        self.assertEqual([group.encode_scalar(x % group.q).hex() for x in have], want)

    def test_every_file_is_known(self) -> None:
        if not os.path.isdir(FOLDER):
            self.skipTest("docs/vectors is not there")
        have = {name[:-5] for name in os.listdir(FOLDER) if name.endswith(".json")}
        self.assertLessEqual(have, set(SUBJECTS))

    def test_decoding(self) -> None:
        for case, group in self.grouped("decoding"):
            for decode, held in ((group.decode, case["elements"]),
                                 (group.decode_scalar, case["scalars"])):
                for one in held:
                    try:
                        decode(bytes.fromhex(one["bytes"]))
                        have = "GOOD"
                    except Refused as refused:
                        have = refused.reason
                    self.assertEqual(have, one["verdict"], one["what"])

    def test_stream(self) -> None:
        for case in self.cases("stream"):
            key, want = bytes.fromhex(case["key"]), bytes.fromhex(case["PRG"])
            have = b"".join(
                block for _, block in zip(range(-(-len(want) // 64)), chacha.stream(key)))
            self.assertEqual(have[:len(want)], want)
            numbers = [int(text) for text in case["integers"]]
            self.assertEqual(chacha.integers(key, len(numbers)), numbers)

    def test_checkpoint(self) -> None:
        for case in self.cases("checkpoint"):
            key, seed = bytes.fromhex(case["key"]), bytes.fromhex(case["seed"])
            self.assertEqual(ed25519.public_key(seed), key)
            signed = bytes.fromhex(case["text"])
            self.assertEqual(signed, (
                f"{case['origin']}\n{case['size']}\n"
                f"{base64.b64encode(bytes.fromhex(case['root'])).decode()}\n").encode())
            own = checkpoint.line(case["name"], checkpoint.SIGNATURE, key,
                                  ed25519.sign(seed, signed))
            lines = [own, checkpoint.cosign(case["name"], signed, seed, case["time"])]
            lines += [checkpoint.cosign(w["name"], signed, bytes.fromhex(w["seed"]), w["time"])
                      for w in case["witnesses"]]
            self.assertEqual((signed + b"\n" + b"".join(lines)).hex(), case["note"])

    def test_tagged(self) -> None:
        for case in self.cases("tagged"):
            self.assertEqual(tagged(case["label"], bytes.fromhex(case["data"])).hex(), case["TH"])

    def test_transcript(self) -> None:
        for case in self.cases("transcript"):
            have = Transcript()
            for field in case["fields"]:
                have._field(field["tag"].encode(), bytes.fromhex(field["content"]))
            self.assertEqual(have.value().hex(), case["value"])

    def test_reduction(self) -> None:
        for case, group in self.grouped("reduction"):
            for one in case["wide"]:
                wide = bytes.fromhex(one["wide"])
                self.assertEqual(len(wide), group.wide_bytes)
                self.same_scalars(group, [group.reduce_wide(wide)], [one["scalar"]])
            for one in case["challenges"]:
                self.same_scalars(
                    group, [group.challenge(bytes.fromhex(one["hash"]))], [one["challenge"]])
            for one in case["integers"]:
                number = int.from_bytes(bytes.fromhex(one["bytes"]), "little")
                self.same_scalars(group, [number], [one["scalar"]])

    def test_generators(self) -> None:
        for case, group in self.grouped("generators"):
            for one in case["generators"]:
                self.assertEqual(group._expand(one["label"], one["i"], 0, 0).hex(), one["W"])
                self.same(group, [group.hashed_generator(one["label"], one["i"])], [one["H"]])

    def test_embedding(self) -> None:
        for case, group in self.grouped("embedding"):
            for one in case["blocks"]:
                block = bytes.fromhex(one["block"])
                self.same(group, [group.embed(block)], [one["element"]])
                element = group.decode(bytes.fromhex(one["element"]))
                self.assertEqual(group.extract(element), block)
            for text in case["refused"]:
                self.assertIsNone(group.extract(group.decode(bytes.fromhex(text))))

    def test_lagrange(self) -> None:
        for case, group in self.grouped("lagrange"):
            for one in case["sets"]:
                numbers = one["trustees"]
                self.same_scalars(group, [keys.lagrange(group, i, numbers) for i in numbers],
                                  one["lambda"])

    def test_elgamal(self) -> None:
        for case, group in self.grouped("elgamal"):
            y = group.power_g(self.scalar(group, case["x"]))
            self.same(group, [y], [case["y"]])
            prover = Told(group, [])
            for column in case["columns"]:
                pairs = [prover.encrypt(y, m, r) for m, r in zip(
                    self.elements(group, column["m"]), self.scalars(group, column["r"]))]
                self.same(group, [a for a, _ in pairs], column["a"])
                self.same(group, [b for _, b in pairs], column["b"])
            # Row after row, a b a b …
            rows = [text for i in range(case["rows"]) for column in case["columns"]
                    for text in (column["a"][i], column["b"][i])]
            self.assertEqual(rows, case["list"])
            self.assertEqual(sha256(bytes.fromhex("".join(rows))).hex(), case["list_sha256"])
            again, first = case["reencrypted_column_1"], case["columns"][0]
            for i, r in enumerate(self.scalars(group, again["r'"])):  # (E2)
                a, b = self.elements(group, [first["a"][i], first["b"][i]])
                self.same(group, [group.mul(a, group.power_g(r)), group.mul(b, group.power(y, r))],
                          [again["a'"][i], again["b'"][i]])

    def test_schnorr(self) -> None:
        for case, group in self.grouped("schnorr"):
            statement = transcript(
                case["label"], group.name, bytes.fromhex(case["context"])).u(case["n"])
            self.assertEqual(statement.value().hex(), case["P"])
            x = self.scalars(group, case["x"])
            raw_x = [bytes.fromhex(text) for text in case["X"]]
            raw_t = [bytes.fromhex(text) for text in case["T"]]
            prover = Told(group, self.scalars(group, case["w"]))
            self.assertEqual(prover.knowledge(statement, x).hex(), case["proof"])
            self.same_scalars(group, [proofs.knowledge_challenge(group, statement, raw_x, raw_t)],
                              [case["c"]])
            proof = proofs.Knowledge.read(group, case["n"], bytes.fromhex(case["proof"]))
            self.assertTrue(proof.verify(group, statement, raw_x, self.elements(group, case["X"])))

    def test_dleq(self) -> None:
        for case, group in self.grouped("dleq"):
            rows, width = case["rows"], case["width"]
            elements = self.elements(group, case["list"])
            a = elements[::2]
            factors: dict[int, list[Element]] = {}
            for one in case["shares"]:
                x, d = self.scalar(group, one["x"]), self.elements(group, one["d"])
                self.same(group, [group.power(a_j, x) for a_j in a], one["d"])  # (D9)
                self.same(group, [group.power_g(x)], [one["X"]])
                statement = proofs.decrypt_statement(
                    group, bytes.fromhex(case["close"]), case["item"], one["trustee"],
                    bytes.fromhex(one["X"]), bytes.fromhex("".join(case["list"])),
                    bytes.fromhex("".join(one["d"])), rows, width)
                self.assertEqual(statement.value().hex(), one["P"])
                self.same(group, list(proofs.equality_bases(group, statement, a, d)),
                          [one["A"], one["D"]])
                prover = Told(group, [self.scalar(group, one["w"])])
                self.assertEqual(prover.equality(statement, x, a, d).hex(), one["proof"])
                proof = proofs.Equality.read(group, bytes.fromhex(one["proof"]))
                self.assertTrue(proof.verify(group, statement, group.power_g(x), a, d))
                factors[one["trustee"]] = d
            self.same_scalars(group, [keys.lagrange(group, i, list(factors)) for i in factors],
                              case["lambda"])
            self.same(group, keys.open_list(group, elements[1::2], factors), case["m"])

    def test_shuffle(self) -> None:
        for case, group in self.grouped("shuffle"):
            secret, n, w = case["secrets"], case["N"], case["w"]
            m = proofs.Mixing(
                group, bytes.fromhex(case["close"]), case["item"], case["ordinal"],
                case["trustee"], bytes.fromhex(case["y"]),
                group.decode(bytes.fromhex(case["y"])), n, w,
                bytes.fromhex("".join(case["input"])), self.elements(group, case["input"]),
                bytes.fromhex("".join(case["output"])), self.elements(group, case["output"]))
            psi = [i - 1 for i in secret["psi"]]
            columns = [self.scalars(group, column) for column in secret["r'"]]
            r_out = [list(row) for row in zip(*columns, strict=True)]
            for i in range(n):  # (S1)
                for k in range(w):
                    at = 2 * (psi[i] * w + k)
                    a, b = m.list_in[at:at + 2]
                    at = 2 * (i * w + k)
                    self.same(group, [group.mul(a, group.power_g(r_out[i][k])),
                                      group.mul(b, group.power(m.y, r_out[i][k]))],
                              case["output"][at:at + 2])
            prover = Told(group, self.scalars(
                group, secret["r"] + secret["rhat"] + secret["w"] + secret["what"] + secret["w'"]))
            self.assertEqual(prover.shuffle_proof(m, psi, r_out).hex(), case["proof"])
            self.assertEqual(prover.told, [])
            p = m.transcript([bytes.fromhex(text) for text in case["c_i"]])
            self.assertEqual(p.value().hex(), case["P"])
            proof = proofs.Shuffle.read(group, n, w, bytes.fromhex(case["proof"]))
            self.assertTrue(proof.verify(m))
            # Each equation alone, and none of them for another statement.
            m.trustee += 1
            self.assertFalse(proof.verify(m))

    def test_keygen(self) -> None:
        for case, group in self.grouped("keygen"):
            self._keygen(case, group)

    def _keygen(self, case: Case, group: Group) -> None:
        election, k = bytes.fromhex(case["election"]), case["attempt"]
        participants = case["participants"]
        raw_r = {one["i"]: bytes.fromhex(one["R"]) for one in case["commits"]}
        secrets: dict[int, list[int]] = {}
        committed: dict[int, list[Element]] = {}
        for one, deal in zip(case["commits"], case["deals"], strict=True):
            i, raw_a = one["i"], [bytes.fromhex(text) for text in deal["A"]]
            secrets[i] = a = self.scalars(group, one["a"])
            committed[i] = [group.power_g(a_m) for a_m in a]
            self.same(group, committed[i], deal["A"])
            self.same(group, [group.power_g(self.scalar(group, one["rho"]))], [one["R"]])
            commit = keys.commitment(group, election, k, i, raw_a)
            self.assertEqual(commit.hex(), one["commit"])
            self._proof(group, keys.receive_statement(group, election, k, i, commit),
                        raw_r[i], one["receive_P"], one["receive_proof"])
            self._proof(group, keys.constant_statement(
                group, election, k, i, raw_a, [raw_r[j] for j in participants]),
                raw_a[0], deal["constant_P"], deal["constant_proof"])
            for box, text in zip(deal["boxes"], one["e"], strict=True):
                self._box(case, group, a, i, box, self.scalar(group, text))
        lists = [committed[i] for i in participants]
        y = keys.election_key(group, lists)
        self.same(group, [y], [case["y"]])
        self.same(group, [keys.share_of_all(group, lists, j) for j in participants], case["X"])
        shares = [sum(a_m * j**m for a in secrets.values() for m, a_m in enumerate(a))
                  for j in participants]
        self.same_scalars(group, shares, case["x"])
        self.same(group, [group.power_g(x) for x in shares], case["X"])
        self.assertEqual(keys.transcript_hash(
            group, election, k, bytes.fromhex(case["last"]), group.encode(y),
            [bytes.fromhex(text) for text in case["X"]]).hex(), case["transcript"])

    def _proof(self, group: Group, statement: Transcript, raw: bytes, want: str,
               proof: str) -> None:
        self.assertEqual(statement.value().hex(), want)
        self.assertTrue(proofs.Knowledge.read(group, 1, bytes.fromhex(proof)).verify(
            group, statement, [raw], [group.decode(raw)]))

    def _box(self, case: Case, group: Group, a: list[int], i: int, box: Case, e: int) -> None:
        election, k, j = bytes.fromhex(case["election"]), case["attempt"], box["j"]
        raw_r, = [bytes.fromhex(one["R"]) for one in case["commits"] if one["i"] == j]
        rho, = [self.scalar(group, one["rho"]) for one in case["commits"] if one["i"] == j]
        raw_e = bytes.fromhex(box["E"])
        point = group.power(group.decode(raw_r), e)
        self.same(group, [group.power_g(e), point], [box["E"], box["R^e"]])
        self.same(group, [group.power(group.decode(raw_e), rho)], [box["R^e"]])
        key = keys.share_key(group, election, k, i, j, raw_e, raw_r, point)
        self.assertEqual(key.hex(), box["key"])
        share = sum(a_m * j**m for m, a_m in enumerate(a)) % group.q
        self.same_scalars(group, [share], [box["f(j)"]])
        sealed = chacha.seal(key, keys.NONCE, group.encode_scalar(share))
        self.assertEqual(sealed.hex(), box["C"])
        # A complaint about an honest box falls back on the complainer.
        committed = [group.power_g(a_m) for a_m in a]
        self.assertFalse(keys.complaint_holds(
            group, election, k, i, j, rho, raw_r, raw_e, sealed, committed))
        self.assertTrue(keys.complaint_holds(
            group, election, k, i, j, rho, raw_r, raw_e, sealed[:-1] + b"\0", committed))


if __name__ == "__main__":
    sys.exit(runner.main(__name__))
