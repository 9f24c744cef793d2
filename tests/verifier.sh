#!/bin/bash
# verifier: the second verifier (tests/verifier), written from docs/protocol.md alone. Its own
# tests; small elections that it makes itself, honest and spoilt; whether tabella says the same of them.
. "${TOP_SRCDIR:-.}/tests/lib.sh"

verifier=$TOP_SRCDIR/tests/verifier
export PYTHONDONTWRITEBYTECODE=1

python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
	skip_all "no Python 3.11"

# suite PROGRAM [ARGUMENT...]: a program that prints counts of its own.
suite() {
	local name=$1 log=$TMPDIR/suite
	shift
	if ! python3 "$verifier/$name" "$@" >"$log" 2>&1 || ! grep -q ' passed, 0 failed, ' "$log"; then
		bad "$name $*" "see above"
	fi
	cat "$log"
}

tabella=$TOP_BUILDDIR/client/tabella
[ -x "$tabella" ] || skip_all "client/tabella is not built: nobody to compare with"
verify() { python3 "$verifier/verify.py" "$@"; }

plain=no every=797
if [ "${TABELLA_SANITIZERS:-no}" = no ]; then
	plain=yes every=199
fi

# What runs nothing that was built: once is enough, and that is without sanitizers.
if [ "$plain" = yes ]; then
	suite test_primitives.py
	suite test_vectors.py
	suite test_count.py
	suite test_rules.py
	# One mutant in so many; all of them take minutes.
	suite test_mutants.py --every 97
	suite test_mutants.py --every 797 --plan rich
	suite test_mutants.py --every 3999 --group modp2048
fi

# The project's own verifier judges the same archives and the same mutants.
suite duel.py "$tabella" --every "$every"

for kind in "ristretto255 counts" "ristretto255 small" "modp2048 small" "ristretto255 rich" \
    "modp2048 rich"; do
	read -r group plan <<<"$kind"
	folder=$TMPDIR/$group-$plan
	id=$(python3 "$verifier/forge.py" "$folder" --group "$group" --plan "$plan") ||
		fatal "forge.py" "exit status $?"
	expect "tabella: $kind" 0 "$tabella" verify "$folder" --election "$id"
	[ "$plain" = no ] || expect "$kind" 0 verify "$folder" --election "$id"
done
[ "$plain" = yes ] || finish

expect "as JSON" 0 verify "$folder" --election "$id" --json
expect "without the id" 0 verify "$folder"
expect "with an own head" 0 verify "$folder" --head "$folder/checkpoint"
expect "another election" 1 verify "$folder" --election "${id//[0-9]/0}"
grep -q '^V910 WRONG_ELECTION ' "$TMPDIR/out" || bad "another election" "$(cat "$TMPDIR/out")"
expect "the head of another" 1 verify "$folder" --head "$TMPDIR/ristretto255-rich/checkpoint"
tar -cf "$TMPDIR/plain.tar" -C "$folder" . && expect "a tar" 0 verify "$TMPDIR/plain.tar"
tar -cf "$TMPDIR/named.tar" -C "$TMPDIR" modp2048-rich &&
	expect "a tar of a folder" 0 verify "$TMPDIR/named.tar"

spoilt=$TMPDIR/spoilt
cp -r "$folder" "$spoilt"
head -n -1 "$folder/entries.ndjson" >"$spoilt/entries.ndjson"
expect "a shorter board" 1 verify "$spoilt" --election "$id"
grep -q '^V009 BAD_CHECKPOINT ' "$TMPDIR/out" || bad "a shorter board" "$(cat "$TMPDIR/out")"
ln -sf README "$spoilt/link"
expect "a link" 1 verify "$spoilt"
grep -q '^V002 EXTRA_FILE ' "$TMPDIR/out" || bad "a link" "$(cat "$TMPDIR/out")"

mkdir "$TMPDIR/empty"
: >"$TMPDIR/empty.tar"
expect "an empty folder" 1 verify "$TMPDIR/empty"
expect "an empty file" 1 verify "$TMPDIR/empty.tar"
expect "nothing" 3 verify "$TMPDIR/nothing"
expect "no argument" 2 verify
expect "a bad id" 2 verify "$folder" --election 12
finish
