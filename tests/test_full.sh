#!/bin/bash
# test_full: a board on a disk that is full (full.c), which is a small file system in memory that
# only this test sees.
. "${TOP_SRCDIR:-$(cd "$(dirname "$0")/.." && pwd)}/tests/lib.sh"
. "$TOP_SRCDIR/tests/elect.sh"
need_server

[ -x "$TOP_BUILDDIR/tests/full" ] || fatal "tests/full must be built first"
mkdir "$TMPDIR/small"
own_folder "$TMPDIR/log" || fatal "no folder"
unshare -m mount -t tmpfs -o size=1m tmpfs "$TMPDIR/small" 2>/dev/null ||
    skip_all "this user may not mount a small file system to fill"
expect "a full disk" 0 unshare -m bash -c 'mount -t tmpfs -o size=160m,mode=711 tmpfs "$1" &&
    export TMPDIR="$1" && exec "$2" "$3" "$4"' bash "$TMPDIR/small" "$TOP_BUILDDIR/tests/full" \
    "$TOP_BUILDDIR/server/tabellad" "$TMPDIR/log/acknowledged"
cat "$TMPDIR/out"
finish
