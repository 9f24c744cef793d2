#!/bin/bash
# The load tool itself: a small run must be acknowledged whole and hold against the board;
# what is not the board's receipt must be noticed.
. "${TOP_SRCDIR:-$(cd "$(dirname "$0")/.." && pwd)}/tests/lib.sh"
. "$TOP_SRCDIR/tests/elect.sh"
need_server

LOAD=$TOP_BUILDDIR/tests/bench/load
[ -x "$LOAD" ] || fatal "tests/bench/load must be built first"
own_folder "$TMPDIR/kept" || fatal "no folder"

load() { "$LOAD" --board "$TOP_BUILDDIR/server/tabellad" --connections 16 --read 0 "$@"; }

run load --voters 64 --keep "$TMPDIR/kept"
cat "$TMPDIR/out"
if grep -q '^flat out: 48 acknowledged.* 503 0, refused 0, connections lost 0$' "$TMPDIR/out"; then
	good "flat out"
else
	bad "flat out"
fi
if grep -q '^at a fixed rate: 16 acknowledged.* 503 0, refused 0, connections lost 0$' \
    "$TMPDIR/out"; then
	good "at a fixed rate"
else
	bad "at a fixed rate"
fi
if grep -q '^checked 64 receipts against [0-9]* entries' "$TMPDIR/out"; then
	good "receipts"
else
	bad "receipts"
fi

# One bit of a kept ballot: it is refused and the run fails.
size=$(stat -c %s "$TMPDIR/kept/ballots")
python3 - "$TMPDIR/kept/ballots" "$((size - 40))" <<'END'
import sys
with open(sys.argv[1], "r+b") as f:
    f.seek(int(sys.argv[2]))
    c = f.read(1)
    f.seek(-1, 1)
    f.write(b"A" if c != b"A" else b"B")
END
got=0
load --keep "$TMPDIR/kept" >"$TMPDIR/out" 2>&1 || got=$?
if [ "$got" -eq 1 ] && grep -q 'refused 1,' "$TMPDIR/out" &&
    grep -q 'first refusal: 400 {"error":{"reason":"BAD_PROOF"' "$TMPDIR/out" &&
    grep -q '^checked 63 receipts' "$TMPDIR/out"; then
	good "a spoilt ballot is counted as refused"
else
	bad "a spoilt ballot is counted as refused" "status $got: $(cat "$TMPDIR/out")"
fi
finish
