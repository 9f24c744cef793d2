#!/usr/bin/env python3
"""A board that shows what is in a folder: for tests of those who read boards.

    stub_board.py ENTRIES CHECKPOINT BLOBS

Serves GET of docs/api.md as far as readers need it, on a port of its own, which it prints. What
it shows need not be in order. The entries are read anew for each request.
"""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import os
import sys
import urllib.parse


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def root(leaves: list[bytes]) -> bytes:
    """The Merkle tree hash of RFC 6962 over leaf hashes."""
    if len(leaves) <= 1:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + root(leaves[:k]) + root(leaves[k:])).digest()


def inclusion(m: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) <= 1:
        return []
    k = 1 << (len(leaves) - 1).bit_length() - 1
    if m < k:
        return inclusion(m, leaves[:k]) + [root(leaves[k:])]
    return inclusion(m - k, leaves[k:]) + [root(leaves[:k])]


def consistency(m: int, leaves: list[bytes], whole: bool = True) -> list[bytes]:
    if m == len(leaves):
        return [] if whole else [root(leaves)]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    if m <= k:
        return consistency(m, leaves[:k], whole) + [root(leaves[k:])]
    return consistency(m - k, leaves[k:], False) + [root(leaves[:k])]


def leaf(line: bytes) -> bytes:
    return hashlib.sha256(b"\0" + line).digest()


def receipt(lines: list[bytes], number: int, note: str) -> bytes:
    """The receipt of an entry under a signed head."""
    size = int(note.split("\n")[1])
    path = inclusion(number, [leaf(line) for line in lines[:size]])
    answer = {"checkpoint": note, "entry": lines[number].decode(), "path": [b64(p) for p in path]}
    return json.dumps(answer, separators=(",", ":"), ensure_ascii=False).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:  # noqa: N802
        entries, checkpoint, blobs = sys.argv[1:4]
        url = urllib.parse.urlsplit(self.path)
        query = {k: int(v[0]) for k, v in urllib.parse.parse_qs(url.query).items()}
        with open(entries, "rb") as file:
            lines = file.read().splitlines()
        election = json.loads(lines[0])["election"]
        ident = base64.urlsafe_b64decode(election + "=").hex()
        path = url.path.split("/")[2:]
        if path == ["elections"]:
            self.answer(200, json.dumps({"elections": [{"id": ident}]}).encode())
        elif path[:2] != ["elections", ident]:
            self.answer(404, b'{"error":{"reason":"NOT_FOUND","text":"not here"}}')
        elif path[2] in ("checkpoint", "witnessed"):
            with open(checkpoint, "rb") as file:
                self.answer(200, file.read())
        elif path[2] == "entries":
            some = lines[query["from"]:query["from"] + 50]
            self.answer(200, b"".join(line + b"\n" for line in some))
        elif path[2] == "consistency":
            leaves = [leaf(line) for line in lines[:query["to"]]]
            proof = consistency(query["from"], leaves) if query["from"] else []
            self.answer(200, json.dumps({"path": [b64(p) for p in proof]}).encode())
        elif path[2] == "blobs" and os.path.exists(os.path.join(blobs, path[3])):
            with open(os.path.join(blobs, path[3]), "rb") as file:
                self.answer(200, file.read())
        else:
            self.answer(404, b'{"error":{"reason":"NOT_FOUND","text":"no such thing"}}')


def main() -> None:
    if sys.argv[1] == "receipt":
        # receipt ENTRIES HEAD NUMBER: print a receipt
        with open(sys.argv[2], "rb") as file:
            lines = file.read().splitlines()
        with open(sys.argv[3], encoding="utf-8") as file:
            sys.stdout.buffer.write(receipt(lines, int(sys.argv[4]), file.read()))
        return
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
