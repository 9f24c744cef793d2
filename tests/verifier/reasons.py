"""Named reasons (protocol 15), and the check that each belongs to (14)."""

from __future__ import annotations

FAMILIES: dict[str, int] = {
    **dict.fromkeys(
        ("BAD_ENCODING", "NON_CANONICAL", "NOT_IN_GROUP", "BAD_ELEMENT", "BAD_WIDTH", "TOO_LARGE",
         "UNKNOWN_GROUP", "BAD_DEFINITION", "BAD_ITEM", "BAD_WEIGHT"), 1),
    **dict.fromkeys(("BAD_SIGNATURE", "NOT_ALLOWED", "NOT_ON_ROLL"), 2),
    **dict.fromkeys(("WRONG_ELECTION", "BAD_PREV"), 3),
    **dict.fromkeys(
        ("STATE", "CLOSED", "LATE_BALLOT", "CHALLENGED", "ROLL_FROZEN", "NOT_APPROVED",
         "UNKNOWN_ITEM", "MIX_TRUSTEE", "MIX_MISSING", "NO_QUORUM", "MIN_BALLOTS",
         "BELOW_THRESHOLD"), 4),
    **dict.fromkeys(
        ("WRONG_KEY", "DUPLICATE_KEY", "BAD_ROLL", "INPUT_LIST", "NOT_MIXED", "NOOP_MIX",
         "RESULT_MISMATCH", "BAD_SHARE", "BAD_FAULT", "MISSING_BLOB", "BAD_BLOB"), 5),
    **dict.fromkeys(("BAD_PROOF", "BAD_SHUFFLE", "BAD_DECRYPTION"), 6),
}

TYPE_NUMBERS: dict[str, int] = {
    name: number for number, name in enumerate(
        ("definition", "item", "roll", "approve", "keygen-commit", "keygen-deal",
         "keygen-confirm", "keygen-complain", "keygen-skip", "open", "open-item", "ballot",
         "challenged", "closing", "close", "ready", "mix", "decrypt", "fault", "result",
         "board-key"), 1)
}


class Refused(Exception):
    """Something is not as the protocol wants it: a named reason, and words for people."""

    def __init__(self, reason: str, text: str = "") -> None:
        super().__init__(f"{reason}: {text}" if text else reason)
        self.reason = reason
        self.text = text


def record_check(record_type: str | None, reason: str) -> str:
    """The check of the list (14) that a record of this type fails with this reason."""
    number = TYPE_NUMBERS.get(record_type or "")
    if number is None:
        return "V004"
    return f"V{number:02d}{FAMILIES[reason]}"
