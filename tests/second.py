#!/usr/bin/env python3
"""Let both verifiers judge archives and compare what they say: the check and the reason.

    second.py TABELLA FOLDER...

A folder whose name is CHECK-REASON must be refused so; others as they agree. Archives in which
files were changed are made of the folder named `honest`.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "verifier"))
import archive  # noqa: E402
import remember  # noqa: E402
from replay import Failed  # noqa: E402


def election_of(folder: str) -> str:
    """The election id of an archive that is in order, in hexadecimal."""
    with open(os.path.join(folder, "entries.ndjson"), "rb") as file:
        text = json.loads(file.readline())["election"]
    return base64.urlsafe_b64decode(text + "=").hex()


def first(tabella: str, folder: str, options: dict[str, str]) -> str:
    """What the project's own verifier says: "V121 BAD_ELEMENT", or "good"."""
    command = [tabella, "verify", folder, "--json"]
    command += ["--partial"] if "partial" in options else []
    for name in ("election", "head"):
        command += [f"--{name}", options[name]] if name in options else []
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        return f"exit {done.returncode}: {done.stderr.decode(errors='replace')}"
    if done.returncode == 0 and answer["verdict"] == "verified":
        return "good"
    if done.returncode == 1 and answer["verdict"] == "refused":
        return f"{answer['check']} {answer['reason']}"
    return f"exit {done.returncode}: {answer['verdict']}"


def second(folder: str, options: dict[str, str]) -> str:
    election = bytes.fromhex(options["election"]) if "election" in options else None
    head = None
    if "head" in options:
        with open(options["head"], "rb") as file:
            head = file.read()
    try:
        archive.verify(archive.Folder(folder), election, "partial" in options, head, None)
    except Failed as failed:
        return f"{failed.check} {failed.reason}"
    return "good"


def ask(question: tuple[str, str, dict[str, str]]) -> tuple[str, str]:
    tabella, folder, options = question
    return first(tabella, folder, options), second(folder, options)


def change(path: str, edit: Callable[[bytes], bytes]) -> None:
    with open(path, "rb") as file:
        data = file.read()
    with open(path, "wb") as file:
        file.write(edit(data))


def spoil_files(honest: str, into: str) -> Iterator[str]:
    """Copies of an archive, each with something wrong with its files."""
    blob = os.path.join("blobs", sorted(os.listdir(os.path.join(honest, "blobs")))[0])
    lines = "entries.ndjson"

    def copy(name: str, spoil: Callable[[str], object]) -> str:
        folder = os.path.join(into, name)
        shutil.copytree(honest, folder)
        spoil(folder)
        return folder

    def at(name: str, edit: Callable[[bytes], bytes]) -> Callable[[str], object]:
        return lambda folder: change(os.path.join(folder, name), edit)

    def stranger(name: str) -> Callable[[str], object]:
        def make(folder: str) -> None:
            with open(os.path.join(folder, name), "w", encoding="ascii") as file:
                file.write("x")
        return make

    for name in ("README", "checkpoint", lines, "result.json", blob):
        label = name.replace("/", "-")
        yield copy(f"without {label}", lambda f, n=name: os.remove(os.path.join(f, n)))
        yield copy(f"empty {label}", at(name, lambda _: b""))
        yield copy(f"flipped {label}", at(name, lambda d: d[:9] + bytes([d[9] ^ 1]) + d[10:]))
        yield copy(f"shorter {label}", at(name, lambda d: d[:-1]))
        yield copy(f"longer {label}", at(name, lambda d: d + b"\n"))
        yield copy(f"linked {label}", lambda f, n=name: (
            os.rename(os.path.join(f, n), os.path.join(into, f"away {n}".replace("/", "-"))),
            os.symlink(os.path.join(into, f"away {n}".replace("/", "-")), os.path.join(f, n))))
    yield copy("stranger", stranger("LICENSE"))
    yield copy("strange blob", stranger("blobs/x"))
    yield copy("unnamed blob", stranger(
        "blobs/2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"))
    yield copy("no blobs", lambda f: shutil.rmtree(os.path.join(f, "blobs")))
    yield copy("carriage return", at(lines, lambda d: d.replace(b"\n", b"\r\n", 1)))
    yield copy("empty line", at(lines, lambda d: d.replace(b"\n", b"\n\n", 1)))
    yield copy("one entry", at(lines, lambda d: d[:d.index(b"\n") + 1]))
    yield copy("two joined", at(lines, lambda d: d.replace(b"\n", b"", 1)))
    yield copy("two exchanged", at(lines, lambda d: b"\n".join(
        [*d.split(b"\n")[:7], d.split(b"\n")[8], d.split(b"\n")[7], *d.split(b"\n")[9:]])))
    empty = os.path.join(into, "nothing")
    os.mkdir(empty)
    yield empty


def main() -> int:
    tabella, folders = sys.argv[1], sys.argv[2:]
    remember.what_was_found()
    honest = next(folder for folder in folders if os.path.basename(folder) == "honest")
    own = {"election": election_of(honest)}
    head = {"head": os.path.join(honest, "checkpoint")}
    with tempfile.TemporaryDirectory() as into:
        asked = [(folder, {"election": election_of(folder)}) for folder in folders
                 if os.path.basename(folder) == "rich"]  # the longest first
        asked += [(folder, own) for folder in folders if os.path.basename(folder) != "rich"]
        asked += [(folder, own) for folder in spoil_files(honest, into)]
        asked += [(honest, {}), (honest, own | head), (honest, own | {"partial": ""}),
                  (honest, {"election": own["election"][::-1]})]
        for folder in folders:
            if os.path.basename(folder) == "rich":
                asked.append((folder, head))
            if os.path.basename(folder) == "none-GOOD":
                asked.append((folder, own | head))
        with ProcessPoolExecutor() as pool:
            answers = list(pool.map(ask, [(tabella, *question) for question in asked]))
    apart = 0
    for (folder, options), (one, other) in zip(asked, answers):
        name = os.path.basename(folder)
        wanted = name.replace("-", " ", 1) if name[0] == "V" else one
        if name.startswith("none") and options == own:
            wanted = "good"
        if not one == other == wanted or one.startswith("exit"):
            apart += 1
            print(f"{name} {' '.join(options)}: tabella says {one}, verify.py {other}"
                  f"{'' if wanted == one else ', the rule book ' + wanted}")
    refused = sum(one != "good" for one, _ in answers)
    print(f"{len(answers)} archives, {refused} of them refused, "
          f"{len({one for one, _ in answers}) - 1} checks and reasons, {apart} disagreements")
    return 1 if apart else 0


if __name__ == "__main__":
    sys.exit(main())
