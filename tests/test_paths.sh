#!/bin/bash
# test_paths: the tests that stand on the arithmetic of ristretto255, once for each path that
# this machine has (crypto/cpu.h), the known answers of docs/vectors among them; and that a
# path which is not there is refused. The best path is the one that these tests have taken by
# themselves already; modp groups know two, portable and IFMA.
. "${TOP_SRCDIR:-.}/tests/lib.sh"

tabella=$TOP_BUILDDIR/client/tabella
has() {
	TABELLA_CPU=$1 "$tabella" --version >"$TMPDIR/out" 2>&1
}

has portable || fatal "the portable path is there" "$(cat "$TMPDIR/out")"
best=
for path in ifma avx2 portable; do
	if ! has "$path"; then
		skip "$path: $(cat "$TMPDIR/out")"
		continue
	fi
	if [ -z "$best" ]; then
		best=$path
		[ -n "${TABELLA_CPU:-}" ] || continue
	fi
	# The tiny groups have one path.
	export CK_EXCLUDE_TAGS=tiny
	[ "$path" != avx2 ] || CK_EXCLUDE_TAGS="tiny modp"
	for name in vectors gvec ristretto embed elgamal dleq shuffle; do
		if TABELLA_CPU=$path "$TOP_BUILDDIR/tests/test_$name" >"$TMPDIR/log" 2>&1; then
			good "test_$name with TABELLA_CPU=$path"
		else
			bad "test_$name with TABELLA_CPU=$path" "$(tail -n 5 "$TMPDIR/log")"
		fi
	done
done

# refused NAME PROGRAM: exit status 2, and the message says what can be had.
refused() {
	local status
	TABELLA_CPU=$1 "$2" --version >"$TMPDIR/out" 2>"$TMPDIR/err"
	status=$?
	if [ "$status" -eq 2 ] && [ ! -s "$TMPDIR/out" ] && grep -q portable "$TMPDIR/err"; then
		good "$(basename "$2") refuses TABELLA_CPU=$1"
	else
		bad "$(basename "$2") with TABELLA_CPU=$1" "status $status: $(cat "$TMPDIR/err")"
	fi
}

refused avx512 "$tabella"
refused " ifma" "$tabella"
[ "${TABELLA_SERVER:-yes}" = no ] || refused fast "$TOP_BUILDDIR/server/tabellad"
finish
