#!/bin/bash
# second: the two verifiers, tabella verify and tests/verifier, say the same of the archive of a whole
# election and of archives in which something is wrong: verdict, check and reason.
. "${TOP_SRCDIR:-.}/tests/lib.sh"

tabella=$TOP_BUILDDIR/client/tabella
[ -f "$TOP_SRCDIR/tests/verifier/verify.py" ] || skip_all "there is no second verifier"
[ -x "$tabella" ] || skip_all "client/tabella is not built"
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
	skip_all "no Python 3.11"
export PYTHONDONTWRITEBYTECODE=1

[ "${TABELLA_SANITIZERS:-no}" = no ] || skip_all "the build without sanitizers has compared the two"

mkdir "$TMPDIR/archives"
# An archive for each check and reason that refuses a mutant, and a large one that is in order.
for program in mutants forgeries; do
	TABELLA_MUTANTS=$TMPDIR/archives "$TOP_BUILDDIR/tests/test_$program" >"$TMPDIR/log" 2>&1 ||
		fatal "test_$program" "$(tail -n 5 "$TMPDIR/log")"
done
TABELLA_BOTTLE=$TMPDIR/archives/rich "$TOP_BUILDDIR/tests/test_bottle" >"$TMPDIR/log" 2>&1 ||
	fatal "test_bottle" "$(tail -n 5 "$TMPDIR/log")"
rm -r "$TMPDIR/archives/rich.heads"
if [ "$(find "$TMPDIR/archives" -mindepth 1 -maxdepth 1 | wc -l)" -ge 100 ]; then
	good "archives to judge"
else
	bad "archives to judge" "$(ls "$TMPDIR/archives")"
fi
expect "the verifiers agree" 0 python3 "$TOP_SRCDIR/tests/second.py" "$tabella" \
    "$TMPDIR"/archives/*
tail -n 1 "$TMPDIR/out"
finish
