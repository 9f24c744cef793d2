#!/bin/bash
# test_crash: the crash harness (crash.c) for a few cycles of each kind. `make check-crash` runs many.
. "${TOP_SRCDIR:-$(cd "$(dirname "$0")/.." && pwd)}/tests/lib.sh"
. "$TOP_SRCDIR/tests/elect.sh"
need_server

CRASH=$TOP_BUILDDIR/tests/crash
[ -x "$CRASH" ] || fatal "tests/crash must be built first"
expect "nothing is lost, nothing doubled, and the harness would see it" 0 "$CRASH" --cycles 8 \
    --ballots 120 --board "$TOP_BUILDDIR/server/tabellad" --client "$TOP_BUILDDIR/client/tabella"
cat "$TMPDIR/out"
finish
