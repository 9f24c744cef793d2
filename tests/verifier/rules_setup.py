"""definition, item, roll, approve, open, open-item (protocol 10.1 to 10.3, 10.6)."""

from __future__ import annotations

import count
import ed25519
import roll
from board import Attempt, Board, Definition, Item, Record, item_hash
from groups import group_by_name
from hashing import tagged
from reasons import Refused
from rules import Rule, in_open, in_setup, item_in, must


def _all_keys(d: Definition) -> list[bytes]:
    return [key for role in ("board", "organiser", "registrars", "trustees", "witnesses")
            for key in d.key_of(role)]


class DefinitionRule(Rule):
    type = "definition"
    role = "organiser"

    def fields(self, board: Board, r: Record) -> None:
        body = r.body
        group = group_by_name(body["group"])
        if group is None:
            raise Refused("UNKNOWN_GROUP", body["group"])
        registrars, trustees = len(body["registrars"]), len(body["trustees"])
        keys = _all_keys(Definition(body, group))
        must(body["code_parts"] <= registrars, "code_parts", "BAD_DEFINITION")
        must(body["threshold"] <= body["mixers"] <= trustees, "mixers", "BAD_DEFINITION")
        must(body["registrar_quorum"] <= registrars, "registrar_quorum", "BAD_DEFINITION")
        must(body["threshold"] <= trustees, "threshold", "BAD_DEFINITION")
        quorum, witnesses = body["witness_quorum"], len(body["witnesses"])
        must(quorum <= witnesses and (2 * quorum > witnesses or witnesses == 0),
             "witness_quorum", "BAD_DEFINITION")
        must(len(set(keys)) == len(keys), "two equal keys", "BAD_DEFINITION")
        r.read["definition"] = Definition(body, group)

    def limit(self, board: Board) -> int:
        return 262144

    def author(self, board: Board, r: Record) -> None:
        must(r.by == r.body["organiser"]["key"], "not the organiser's", "NOT_ALLOWED")

    def place(self, board: Board, r: Record) -> None:
        must(board.definition is None, "a second definition")

    def encodings(self, board: Board, r: Record) -> None:
        must(all(ed25519.valid_key(key) for key in _all_keys(r.read["definition"])),
             "a bad key", "NON_CANONICAL")

    def apply(self, board: Board, r: Record) -> None:
        definition: Definition = r.read["definition"]
        board.definition = definition
        board.election = tagged("tabella/1 election", r.body_bytes)
        board.attempt = Attempt(1, list(range(1, definition.trustees + 1)))


class ItemRule(Rule):
    type = "item"
    role = "organiser"

    def limit(self, board: Board) -> int:
        return 262144

    def fields(self, board: Board, r: Record) -> None:
        body, rules = r.body, r.body["count"]
        options, base, kind = len(body["options"]), rules["majority_base"], rules["quorum"]["kind"]
        condorcet = rules["method"] == "condorcet"

        def fits(condition: bool, text: str) -> None:
            must(condition, text, "BAD_ITEM")

        fits(rules["method"] == {"ranking": "condorcet"}.get(body["choice"], body["choice"]),
             "the method does not fit the choice")
        fits(rules["default"] <= options, "the default is no option")
        fits(condorcet or not rules["default"], "a default option without condorcet")
        if base == "none":
            fits(not rules["majority"], "a majority without a base")
        elif base == "default":
            fits(condorcet and rules["default"] > 0, "a majority against no default option")
            fits(len(rules["majority"]) == options, "not one majority for each option")
        else:
            fits(not condorcet, "a majority of voters with condorcet")
            fits(len(rules["majority"]) == 1, "not one majority")
        if kind == "none":
            fits((rules["quorum"]["num"], rules["quorum"]["den"]) == (0, 1), "a quorum of none")
        fits(kind != "sqrt" or rules["default"] > 0, "a quorum against no default option")
        fits(len(set(body["options"])) == options, "two equal options")

    def place(self, board: Board, r: Record) -> None:
        if not board.define.body["late_items"]:
            in_setup(board)
        must(r.body["id"] == len(board.items) + 1, "not the next id")

    def apply(self, board: Board, r: Record) -> None:
        body, rules = r.body, r.body["count"]
        board.items.append(Item(
            body["id"], item_hash(r.body_bytes), body["title"], body["choice"],
            len(body["options"]), count.Rules(
                rules["method"], rules["default"], rules["majority_base"],
                [(fraction["num"], fraction["den"]) for fraction in rules["majority"]],
                rules["quorum"]["kind"], (rules["quorum"]["num"], rules["quorum"]["den"]),
                rules["tie"])))


class RollRule(Rule):
    type = "roll"
    role = "organiser"

    def place(self, board: Board, r: Record) -> None:
        in_setup(board, "ROLL_FROZEN")
        must(len(r.body["sums"]) == len(board.define.body["classes"]), "the number of sums",
             "BAD_ROLL")

    def blobs(self, board: Board, r: Record) -> None:
        blob = board.blob(r.body["blob"])
        must(len(blob) == r.body["bytes"], "a blob of another length", "BAD_BLOB")
        r.read["blob"] = blob

    def proofs(self, board: Board, r: Record) -> None:
        body = board.define.body
        r.read["roll"] = roll.read(r.read["blob"], r.body, r.hash, board.election, board.group,
                                   len(body["classes"]), body["code_parts"])

    def apply(self, board: Board, r: Record) -> None:
        board.roll = r.read["roll"]
        board.approvals = set()


class ApproveRule(Rule):
    type = "approve"
    role = "registrars"

    def place(self, board: Board, r: Record) -> None:
        in_setup(board, "ROLL_FROZEN")
        must(board.roll is not None and r.body["record"] == board.roll.record_hash,
             "not the last roll")
        must(r.number not in board.approvals, "approved before")

    def apply(self, board: Board, r: Record) -> None:
        board.approvals.add(r.number)


class OpenRule(Rule):
    type = "open"
    role = "organiser"

    def place(self, board: Board, r: Record) -> None:
        in_setup(board)
        attempt = board.keygen
        must(attempt.complete, "there is no key yet")
        must(r.body["attempt"] == attempt.number, "another attempt", "WRONG_KEY")
        must(r.body["key"] == attempt.raw_y, "another key", "WRONG_KEY")
        must(board.roll is not None and r.body["roll"] == board.roll.record_hash,
             "another roll", "BAD_ROLL")
        must(len(board.approvals) >= board.define.body["registrar_quorum"],
             f"{len(board.approvals)} approvals", "NOT_APPROVED")

    def apply(self, board: Board, r: Record) -> None:
        board.opened = r.place


class OpenItemRule(Rule):
    type = "open-item"
    role = "organiser"

    def place(self, board: Board, r: Record) -> None:
        in_open(board)
        item = item_in(board, r, "NEW")
        must(r.body["hash"] == item.hash, "another item", "INPUT_LIST")

    def apply(self, board: Board, r: Record) -> None:
        board.item(r.body["item"]).state = "OPEN"


class BoardKeyRule(Rule):
    type = "board-key"
    role = "organiser"

    def place(self, board: Board, r: Record) -> None:
        must(board.definition is not None, "no definition yet")
        must(len(board.board_keys) < 16, "replaced too often")
        used = _all_keys(board.define) + [key for _, key in board.board_keys]
        must(r.body["key"] not in used, "a key that is in use", "DUPLICATE_KEY")

    def encodings(self, board: Board, r: Record) -> None:
        must(ed25519.valid_key(r.body["key"]), "a bad key", "NON_CANONICAL")

    def apply(self, board: Board, r: Record) -> None:
        board.board_keys.append((r.seq, r.body["key"]))


RULES = [DefinitionRule(), ItemRule(), RollRule(), ApproveRule(), OpenRule(), OpenItemRule(),
         BoardKeyRule()]
