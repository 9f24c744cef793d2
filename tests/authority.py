#!/usr/bin/env python3
"""authority.py: a time-stamp authority for tests: HTTP around `openssl ts -reply`.

    authority.py FOLDER

makes a certificate authority and a signing certificate in FOLDER (ca.pem, tsa.pem), and writes its URL to
FOLDER/address. While FOLDER/lies is there it answers what it has answered first; while FOLDER/refuses is
there, 500.
"""
import http.server
import os
import subprocess
import sys

CONFIG = """
[tsa]
default_tsa = one
[one]
serial = serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
crypto_device = builtin
signer_cert = tsa.pem
signer_key = tsa.key
certs = ca.pem
accuracy = secs:1
ess_cert_id_alg = sha256
[ca]
basicConstraints = critical, CA:true
[leaf]
basicConstraints = CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
"""


def openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def make() -> None:
    with open("config", "w", encoding="ascii") as file:
        file.write(CONFIG)
    with open("serial", "w", encoding="ascii") as file:
        file.write("01\n")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem",
            "-days", "2", "-subj", "/CN=Test CA")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "tsa.key", "-out", "tsa.csr",
            "-subj", "/CN=Test authority")
    openssl("x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", "2", "-extfile", "config", "-extensions", "leaf", "-out", "tsa.pem")


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:  # noqa: N802
        query = self.rfile.read(int(self.headers["Content-Length"]))
        if os.path.exists("refuses"):
            self.send_error(500)
            return
        if not (os.path.exists("lies") and os.path.exists("first")):
            with open("query", "wb") as file:
                file.write(query)
            openssl("ts", "-reply", "-config", "config", "-section", "one", "-queryfile", "query",
                    "-out", "reply")
            if not os.path.exists("first"):
                os.link("reply", "first")
        with open("first" if os.path.exists("lies") else "reply", "rb") as file:
            reply = file.read()
        self.send_response(200)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)


def main() -> None:
    os.chdir(sys.argv[1])
    make()
    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    with open("address.new", "w", encoding="ascii") as file:
        file.write(f"http://127.0.0.1:{server.server_address[1]}\n")
    os.rename("address.new", "address")
    server.serve_forever()


if __name__ == "__main__":
    main()
