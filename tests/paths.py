#!/usr/bin/env python3
"""paths.py: fetch a board's entries, head and proofs and check them.

    paths.py URL ELECTION

Checks every inclusion proof and every consistency proof of every size of the tree
(RFC 9162 2.1.3.2 and 2.1.4.2), and that the head is the root of the entries. Prints how
many proofs held; exits with 1 at the first that does not.
"""
import base64
import hashlib
import http.client
import json
import sys
import urllib.parse


def h(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def root(leaves):
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return h(b"\x01", root(leaves[:k]), root(leaves[k:]))


def included(leaf, index, size, path, want):
    fn, sn, r = index, size - 1, leaf
    for p in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = h(b"\x01", p, r)
            while not fn & 1 and fn != 0:
                fn >>= 1
                sn >>= 1
        else:
            r = h(b"\x01", r, p)
        fn >>= 1
        sn >>= 1
    return sn == 0 and r == want


def consistent(first, second, path, first_root, second_root):
    if first == second:
        return path == [] and first_root == second_root
    if first & (first - 1) == 0:
        path = [first_root] + path
    if not path:
        return False
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn >>= 1
        sn >>= 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = h(b"\x01", c, fr), h(b"\x01", c, sr)
            while not fn & 1 and fn != 0:
                fn >>= 1
                sn >>= 1
        else:
            sr = h(b"\x01", sr, c)
        fn >>= 1
        sn >>= 1
    return sn == 0 and fr == first_root and sr == second_root


class Board:
    def __init__(self, url, election):
        self.base = "/v1/elections/" + election + "/"
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=60)

    def get(self, what):
        self.connection.request("GET", self.base + what)
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            sys.exit(f"{what}: {answer.status} {body[:200]}")
        return body

    def path(self, what):
        path = json.loads(self.get(what))["path"]
        return [base64.urlsafe_b64decode(p + "=") for p in path]


def main():
    board = Board(sys.argv[1], sys.argv[2])
    leaves = [h(b"\x00", line) for line in board.get("entries").splitlines()]
    roots = [None] + [root(leaves[:n]) for n in range(1, len(leaves) + 1)]
    origin, size, head, *_ = board.get("checkpoint").decode().split("\n")
    if int(size) != len(leaves) or base64.b64decode(head) != roots[-1]:
        sys.exit("the head is not that of the entries")
    if not origin.endswith("/" + sys.argv[2]):
        sys.exit("the head is that of another election")
    held = 0
    for size in range(1, len(leaves) + 1):
        for n in range(size):
            path = board.path(f"proof?seq={n}&size={size}")
            if not included(leaves[n], n, size, path, roots[size]):
                sys.exit(f"entry {n} is not shown to be in the tree of {size}")
            path = board.path(f"consistency?from={n + 1}&to={size}")
            if not consistent(n + 1, size, path, roots[n + 1], roots[size]):
                sys.exit(f"the tree of {n + 1} is not shown to begin that of {size}")
            held += 2
    print(held, "proofs hold")


main()
