#!/usr/bin/env python3
"""proxy.py: a board in between, which loses, holds back and lies.

    proxy.py URL FOLDER

passes requests on to the board at URL. Its own address goes to FOLDER/address. Each
request is a line of FOLDER/log:

    METHOD PATH TYPE BYTES-OF-BODY STATUS BYTES-OF-ANSWER

where TYPE is the type of a posted record, or "-". Lines of FOLDER/rules (looked at anew
for each request; it may be missing) say what else is to happen; the first line whose
regular expression is found in "METHOD PATH TYPE" counts:

    hold - REGEX        do not pass it on while this line stands
    mute - REGEX        pass it on, do not answer while this line stands
    lose N REGEX        pass it on and cut the connection, the first N times
    busy N REGEX        answer 503 without passing it on, the first N times
    answer FILE REGEX   answer 200 with this file
    fail REASON REGEX   answer 400 with this reason
    lines FILE REGEX    answer as GET entries with the lines of this file
    keep FOLDER REGEX   keep the body in FOLDER, named by its SHA-256; pass it on

FOLDER/held gets a line for each request that is held or muted, when that has begun.
"""
import hashlib
import http.client
import http.server
import os
import re
import select
import socket
import sys
import threading
import time
import urllib.parse

lock = threading.Lock()
used = {}


def find_rule(folder, text):
    try:
        with open(os.path.join(folder, "rules")) as f:
            rules = f.read().splitlines()
    except FileNotFoundError:
        return None
    for rule in rules:
        action, arg, regex = rule.split(" ", 2)
        if not re.search(regex, text):
            continue
        if action in ("lose", "busy"):
            with lock:
                used[rule] = used.get(rule, 0) + 1
                if used[rule] > int(arg):
                    continue
        return rule
    return None


def note(folder, name, line):
    with lock, open(os.path.join(folder, name), "a") as f:
        f.write(line + "\n")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def gone(self):
        """Has the client closed its connection?"""
        readable, _, _ = select.select([self.connection], [], [], 0)
        return readable and self.connection.recv(1, socket.MSG_PEEK) == b""

    def stay(self, rule, text):
        """Wait while the rule stands. False: the client has gone."""
        note(self.server.folder, "held", text)
        while find_rule(self.server.folder, text) == rule:
            if self.gone():
                break
            time.sleep(0.02)
        return not self.gone()

    def reply(self, status, body, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.status, self.answer = status, len(body)

    def forward(self, body):
        board = http.client.HTTPConnection(self.server.board, timeout=120)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")}
        board.request(self.command, self.path, body if body else None, headers)
        answer = board.getresponse()
        data = answer.read()
        board.close()
        kept = [(k, v) for k, v in answer.getheaders()
                if k.lower() not in ("content-length", "connection", "date", "server")]
        return answer.status, data, kept

    def lines(self, path):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        first = int(query.get("from", ["0"])[0])
        with open(path, "rb") as f:
            self.reply(200, b"".join(f.readlines()[first:]))

    def act(self, rule, text, body):
        """True: answered, or to be cut off. False: pass it on."""
        action, arg, _ = rule.split(" ", 2)
        if action == "hold":
            return not self.stay(rule, text)
        if action in ("lose", "mute"):
            answer = self.forward(body)
            if action == "mute" and self.stay(rule, text):
                self.reply(*answer)
            else:
                self.close_connection = True
        elif action == "busy":
            self.reply(503, b'{"error":{"reason":"BUSY","text":"busy"}}', [("Retry-After", "1")])
        elif action == "answer":
            with open(arg, "rb") as f:
                self.reply(200, f.read())
        elif action == "fail":
            self.reply(400, b'{"error":{"reason":"%s","text":"no"}}' % arg.encode())
        elif action == "lines":
            self.lines(arg)
        elif action == "keep":
            with open(os.path.join(arg, hashlib.sha256(body).hexdigest()), "wb") as f:
                f.write(body)
            return False
        else:
            raise ValueError(action)
        return True

    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind = re.match(rb'\{"body":\{"([a-z-]+)"', body)
        text = f"{self.command} {self.path} {kind[1].decode() if kind else '-'}"
        rule = find_rule(self.server.folder, text)
        self.status, self.answer = 0, 0
        try:
            if rule is None or not self.act(rule, text, body):
                self.reply(*self.forward(body))
        except (ConnectionError, http.client.HTTPException, OSError):
            self.close_connection = True
        note(self.server.folder, "log", f"{text} {len(body)} {self.status} {self.answer}")

    do_GET = do_POST = do_PUT = do_HEAD = serve


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


def main():
    server = Server(("127.0.0.1", 0), Handler)
    server.board = urllib.parse.urlsplit(sys.argv[1]).netloc
    server.folder = sys.argv[2]
    path = os.path.join(server.folder, "address")
    with open(path + ".new", "w") as f:
        f.write("http://127.0.0.1:%d\n" % server.server_address[1])
    os.rename(path + ".new", path)
    server.serve_forever()


main()
