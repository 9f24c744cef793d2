#!/usr/bin/env python3
"""The second verifier: judges an archive by docs/protocol.md alone."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tarfile
import traceback

import archive
from replay import Failed

GOOD, REFUSED, USAGE, RESOURCES = 0, 1, 2, 3


def _hex(text: str) -> bytes:
    data = bytes.fromhex(text)
    if len(data) != 32 or text != data.hex():
        raise ValueError("an election id is 64 lower-case hexadecimal digits")
    return data


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="verify.py", description=__doc__)
    parser.add_argument("archive", help="folder, or uncompressed tar of one")
    parser.add_argument("--election", type=_hex, help="the election id, from a source you trust")
    parser.add_argument("--partial", action="store_true", help="the election still runs")
    parser.add_argument("--head", help="file with a signed head known from outside")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args()


def _progress(done: int, total: int) -> None:
    sys.stderr.write(f"\r{done} of {total} entries ")


def _judge(arguments: argparse.Namespace) -> tuple[archive.Verified | None, Failed | None]:
    path = arguments.archive
    head = None
    if arguments.head:
        with open(arguments.head, "rb") as file:
            head = file.read()
    progress = _progress if sys.stderr.isatty() else None
    try:
        files = archive.Folder(path) if os.path.isdir(path) else archive.Tar(path)
        return archive.verify(files, arguments.election, arguments.partial, head, progress), None
    except Failed as failed:
        return None, failed
    except tarfile.TarError as error:
        return None, Failed("V001", "MISSING_FILE", f"not an archive: {error}")
    finally:
        if progress is not None:
            sys.stderr.write("\r\033[K")


def _tell(arguments: argparse.Namespace, verified: archive.Verified | None,
          failed: Failed | None) -> None:
    if arguments.json:
        answer: dict[str, object] = {"failures": [], "good": failed is None}
        if failed is not None:
            answer["failures"] = [{"check": failed.check, "entry": failed.entry,
                                   "reason": failed.reason, "text": failed.text}]
        if verified is not None:
            answer |= {"election": verified.election.hex(), "entries": verified.entries,
                       "title": verified.title}
        print(json.dumps(answer, sort_keys=True))
    elif failed is not None:
        print(failed.line())
    elif verified is not None:
        print(f"good: {verified.entries} entries, election {verified.election.hex()}")
        if arguments.election is None:
            print("The election id was taken from the archive itself. Compare it with one from a "
                  "source that you trust.")
    sys.stdout.flush()


def main() -> int:
    arguments = _arguments()
    try:
        verified, failed = _judge(arguments)
        _tell(arguments, verified, failed)
    except BrokenPipeError:  # nobody reads; nor should the interpreter complain at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return RESOURCES
    except (OSError, MemoryError) as error:
        print(f"verify.py: {error or 'no memory'}", file=sys.stderr)
        return RESOURCES
    except Exception:  # a bug of this program says nothing about the archive
        traceback.print_exc()
        return RESOURCES
    return GOOD if failed is None else REFUSED


if __name__ == "__main__":
    sys.exit(main())
