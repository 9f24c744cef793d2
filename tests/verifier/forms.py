"""The forms of fields and the field tables of protocol 10. A form takes a value of canonical
JSON and gives it back decoded (b64 as bytes), or refuses it as BAD_ENCODING."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from canonical import MAX_INTEGER, unb64
from reasons import Refused

Form = Callable[[Any], Any]


def _bad(what: str) -> Refused:
    return Refused("BAD_ENCODING", what)


def integer(low: int, high: int) -> Form:
    def read(value: Any) -> int:
        if not isinstance(value, int) or not low <= value <= high:
            raise _bad(f"not a number from {low} to {high}")
        return value
    return read


def string(limit: int, least: int = 1) -> Form:
    def read(value: Any) -> str:
        if not isinstance(value, str) or not least <= len(value.encode()) <= limit:
            raise _bad(f"not a string of {least} to {limit} bytes")
        return value
    return read


def word(*words: str) -> Form:
    def read(value: Any) -> str:
        if value not in words:
            raise _bad("not one of " + ", ".join(words))
        return str(value)
    return read


def b64(length: int | None = None, most: int | None = None) -> Form:
    """With a length exactly that; without one anything, or at most so much (judged later)."""
    def read(value: Any) -> bytes:
        if not isinstance(value, str):
            raise _bad("not a string of base64url")
        data = unb64(value)
        if length is not None and len(data) != length:
            raise _bad(f"{len(data)} bytes, not {length}")
        if most is not None and len(data) > most:
            raise _bad(f"{len(data)} bytes, more than {most}")
        return data
    return read


def array(form: Form, least: int = 0, most: int = MAX_INTEGER) -> Form:
    def read(value: Any) -> list[Any]:
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise _bad(f"not an array of {least} to {most}")
        return [form(element) for element in value]
    return read


def table(optional: tuple[str, ...] = (), **fields: Form) -> Form:
    """An object with exactly these fields (those in `optional` may be absent)."""
    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _bad("not an object")
        wanted = [name for name in fields if name in value or name not in optional]
        if sorted(value) != sorted(wanted):
            raise _bad("fields " + ",".join(value) + " and not " + ",".join(wanted))
        result = {}
        for name in sorted(wanted):
            try:
                result[name] = fields[name](value[name])
            except Refused as refused:
                raise Refused(refused.reason, f"{name}: {refused.text}") from None
        return result
    return read


def _whole(value: Any) -> Any:
    """An object that is judged as a record of its own."""
    if not isinstance(value, dict):
        raise _bad("not an object")
    return value


def _board_name(value: Any) -> str:
    name = string(100)(value)
    if not all(c.isascii() and (c.isalnum() or c in ".-_/") for c in name):
        raise _bad("a character that a board's name may not have")
    return str(name)


HASH = b64(32)
ELEMENT = b64()
SCALAR = b64()
PROOF = b64()
VOTER = b64(most=1024)
ROLL_BYTES = b64(most=4096)
ITEM = integer(1, 200)
TRUSTEE = integer(1, 64)
ATTEMPT = integer(1, 64)
WEIGHT_LIMIT = 2**44

_ROLE = table(key=b64(32), name=string(200))
_FRACTION = table(den=integer(1, 1000000), num=integer(0, 1000000))
_UPTO = table(hash=HASH, seq=integer(0, MAX_INTEGER))
_CHAINED = {"election": HASH, "prev": HASH}

BODIES: dict[str, Form] = {
    "definition": table(
        board=table(key=b64(32), name=_board_name),
        classes=array(string(40), 0, 16),
        code_parts=integer(1, 8),
        group=string(20),
        late_items=integer(0, 1),
        min_ballots=integer(1, WEIGHT_LIMIT),
        mixers=integer(1, 64),
        organiser=_ROLE,
        registrar_quorum=integer(1, 32),
        registrars=array(_ROLE, 1, 32),
        salt=HASH,
        threshold=integer(1, 64),
        title=string(500),
        trustees=array(_ROLE, 1, 64),
        version=integer(1, 1),
        witness_quorum=integer(0, 32),
        witnesses=array(table(key=b64(32), name=_board_name), 0, 32)),
    "item": table(
        choice=word("plurality", "approval", "ranking"),
        count=table(
            default=integer(0, 250),
            majority=array(_FRACTION),
            majority_base=word("none", "valid", "roll", "default"),
            method=word("plurality", "approval", "condorcet"),
            quorum=table(den=integer(1, 1000000), kind=word("none", "turnout", "sqrt"),
                         num=integer(0, 1000000)),
            tie=word("first", "none")),
        id=ITEM,
        options=array(string(500), 2, 250),
        text=string(20000, least=0),
        title=string(500),
        **_CHAINED),
    "roll": table(
        blob=HASH, bytes=integer(1, 2**32), count=integer(1, 2**24), root=HASH,
        sums=array(integer(0, WEIGHT_LIMIT - 1)), **_CHAINED),
    "board-key": table(key=b64(32), **_CHAINED),
    "approve": table(record=HASH, **_CHAINED),
    "keygen-commit": table(
        attempt=ATTEMPT, commit=HASH, proof=PROOF, receive=ELEMENT, **_CHAINED),
    "keygen-deal": table(
        attempt=ATTEMPT, commitments=b64(), proof=PROOF, shares=b64(), **_CHAINED),
    "keygen-confirm": table(attempt=ATTEMPT, transcript=HASH, **_CHAINED),
    "keygen-complain": table(attempt=ATTEMPT, dealer=TRUSTEE, rho=SCALAR, **_CHAINED),
    "keygen-skip": table(attempt=ATTEMPT, trustee=TRUSTEE, **_CHAINED),
    "open": table(attempt=ATTEMPT, key=ELEMENT, roll=HASH, **_CHAINED),
    "open-item": table(hash=HASH, item=ITEM, **_CHAINED),
    "ballot": table(
        answers=array(table(cts=b64(), hash=HASH, id=ITEM), 1, 200),
        line=integer(0, MAX_INTEGER), open=HASH, **_CHAINED),
    "challenged": table(
        line=integer(0, MAX_INTEGER), open=HASH, tracker=HASH, **_CHAINED),
    "closing": table(item=ITEM, **_CHAINED),
    "close": table(item=ITEM, upto=_UPTO, **_CHAINED),
    "ready": table(close=HASH, item=ITEM, list=HASH, **_CHAINED),
    "mix": table(close=HASH, input=HASH, item=ITEM, ordinal=TRUSTEE, output=HASH, proof=HASH,
                 **_CHAINED),
    "decrypt": table(close=HASH, factors=HASH, item=ITEM, list=HASH, proof=PROOF, **_CHAINED),
    "fault": table(record=_whole, **_CHAINED),
    "result": table(item=ITEM, result=HASH, upto=_UPTO, **_CHAINED),
}

VOTER_TYPES = ("ballot", "challenged")

ENTRY = table(election=HASH, prev=HASH, record=lambda value: value,
              seq=integer(0, MAX_INTEGER), time=integer(0, MAX_INTEGER))

ROLL_LINE = table(
    ("commit", "name"),
    commit=HASH, holdings=lambda value: value, key=ROLL_BYTES,
    kind=word("own", "nominee", "treasury"), name=string(200),
    parts=array(table(key=ROLL_BYTES, proof=ROLL_BYTES)))

# The fields of a record that name blobs (13).
BLOB_FIELDS = {"roll": ("blob",), "mix": ("output", "proof"), "decrypt": ("factors",)}
