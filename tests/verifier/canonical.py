"""Canonical JSON (protocol 9) and unpadded base64url (1): read exactly what is written."""

from __future__ import annotations

import base64
import re
from typing import Any

from reasons import Refused

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 16

_STRING = re.compile(
    r'"((?:[^"\\\x00-\x1f]|\\(?:["\\bfnrt]|u00(?:0[1-7bef]|1[0-9a-f])))*)"')
_KEY = re.compile(r'"([ !#-\[\]-~]*)":')
_INTEGER = re.compile(r"0|[1-9][0-9]{0,15}")
_ESCAPE = re.compile(r"\\(?:u00(..)|(.))")
_SHORT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_LONG = {char: "\\" + letter for letter, char in _SHORT.items()}


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def refuse(self, what: str) -> Refused:
        return Refused("BAD_ENCODING", f"{what} at character {self.at}")

    def match(self, pattern: re.Pattern[str], what: str) -> re.Match[str]:
        found = pattern.match(self.text, self.at)
        if found is None:
            raise self.refuse(what)
        self.at = found.end()
        return found

    def take(self, char: str) -> bool:
        if self.text.startswith(char, self.at):
            self.at += 1
            return True
        return False

    def value(self, depth: int) -> Any:
        if self.text.startswith('"', self.at):
            return self.string()
        if self.take("{"):
            return self.object(depth + 1)
        if self.take("["):
            return self.array(depth + 1)
        number = int(self.match(_INTEGER, "no value")[0])
        if number > MAX_INTEGER:
            raise self.refuse("too large a number")
        return number

    def string(self) -> str:
        raw = self.match(_STRING, "bad string")[0][1:-1]
        if "\\" not in raw:
            return raw
        return _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else _SHORT[m[2]], raw)

    def object(self, depth: int) -> dict[str, Any]:
        if depth > MAX_DEPTH:
            raise self.refuse("too deep")
        result: dict[str, Any] = {}
        last: str | None = None
        if self.take("}"):
            return result
        while True:
            key = self.match(_KEY, "no key")[1]
            if last is not None and key <= last:
                raise self.refuse("keys out of order")
            last = key
            result[key] = self.value(depth)
            if self.take("}"):
                return result
            if not self.take(","):
                raise self.refuse("no comma")

    def array(self, depth: int) -> list[Any]:
        if depth > MAX_DEPTH:
            raise self.refuse("too deep")
        result: list[Any] = []
        if self.take("]"):
            return result
        while True:
            result.append(self.value(depth))
            if self.take("]"):
                return result
            if not self.take(","):
                raise self.refuse("no comma")


def parse(data: bytes) -> Any:
    """Read one value; refuse every spelling that `write` would not have produced."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused("BAD_ENCODING", "not UTF-8") from error
    reader = _Reader(text)
    value = reader.value(0)
    if reader.at != len(text):
        raise reader.refuse("something follows")
    return value


def _write_string(text: str) -> str:
    parts = []
    for char in text:
        if char in _LONG:
            parts.append(_LONG[char])
        elif char < " ":
            parts.append(f"\\u{ord(char):04x}")
        else:
            parts.append(char)
    return '"' + "".join(parts) + '"'


def _write(value: Any) -> str:
    if isinstance(value, str):
        return _write_string(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, list):
        return "[" + ",".join(_write(element) for element in value) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(
            f"{_write_string(key)}:{_write(value[key])}" for key in sorted(value)) + "}"
    raise TypeError(type(value))


def write(value: Any) -> bytes:
    """The canonical bytes of a value made of dict, list, str and int."""
    return _write(value).encode("utf-8")


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def unb64(text: str) -> bytes:
    try:
        data = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except ValueError as error:
        raise Refused("BAD_ENCODING", "not base64url") from error
    if b64(data) != text:
        raise Refused("BAD_ENCODING", "base64url in another spelling")
    return data
