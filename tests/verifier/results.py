"""From opened ballots to result objects and result.json (protocol 12.3, 12.4)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import canonical
import count
import keys
from board import Board, Item


def result_object(board: Board, item: Item) -> dict[str, Any]:
    """What follows from the record of an item that may have its result."""
    assert board.roll is not None
    tally: Counter[bytes] = Counter()
    invalid = 0
    if board.enough(item):
        for row in _rows(board, item):
            choice = count.read_row(board.group, item.choice, item.options, row)
            if choice is None:
                invalid += 1
            else:
                tally[choice] += 1
    eligible = len(board.roll.lines)
    return {
        "counted": [{"line": line, "tracker": canonical.b64(ballot.tracker)}
                    for line, ballot in sorted(item.ballots.items())],
        "eligible": eligible,
        "id": item.id,
        "invalid": invalid,
        "opened": int(board.enough(item) or not item.ballots),
        "outcome": count.outcome(item.rules, item.options, tally, eligible),
        "tally": [{"choice": canonical.b64(choice), "count": tally[choice]}
                  for choice in sorted(tally)],
        "title": item.title,
    }


def _rows(board: Board, item: Item) -> list[list[Any]]:
    """The plaintexts, row by row, from the first t decryptions."""
    used = item.decryptions[:board.define.threshold]
    opened = keys.open_list(board.group, item.last_list.elements[1::2],
                            {d.trustee: d.factors for d in used})
    return [opened[at:at + item.width] for at in range(0, len(opened), item.width)]


def result_file(board: Board) -> bytes:
    """result.json"""
    return canonical.write({
        "election": canonical.b64(board.election),
        "items": [item.result for item in board.items if item.result is not None],
        "version": 1,
    })
