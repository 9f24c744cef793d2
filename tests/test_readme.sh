#!/bin/bash
# test_readme: the walk through a small election in README.md works as it
# stands there. Its blocks marked ```sh run one after the other in an empty folder,
# as somebody would paste them; the answers of the voter who is asked come from
# standard input, and what README.md shows of that dialogue (```text) must be
# what the program says.
. "${TOP_SRCDIR:-.}/tests/lib.sh"

[ "${TABELLA_SERVER:-yes}" != no ] || skip_all "built without the server"
for program in client/tabella server/tabellad; do
	[ -x "$TOP_BUILDDIR/$program" ] || skip_all "$program is not built"
done
need_postgres

# blocks KIND FILE: print the fenced blocks of that kind, a line "@@ N" after each.
blocks() {
	awk -v fence='```' -v kind="$1" '
	$0 == fence kind { on = 1; next }
	on && $0 == fence { on = 0; print "@@ " ++n; next }
	on' "$2"
}

# ---- the script ----------------------------------------------------------------

walk=$TMPDIR/walk
mkdir "$walk"
blocks sh "$TOP_SRCDIR/README.md" >"$TMPDIR/blocks"
count=$(grep -c '^@@ ' "$TMPDIR/blocks")
{
	# What the blocks have started ends with them, however they end.
	cat <<'END'
set -eu
ended() {
	trap - EXIT
	jobs -p | xargs -r kill 2>/dev/null
	wait
	[ -z "${BOARD:-}" ] || rm -rf -- "$BOARD"
}
trap 'status=$?; ended; exit "$status"' EXIT
trap 'exit 143' TERM
END
	sed 's/^@@ \(.*\)/echo \1 >\&9/' "$TMPDIR/blocks"
} >"$walk.sh"

status=0
(
	cd "$walk" &&
	    PATH=$TOP_BUILDDIR/client:$TOP_BUILDDIR/server:$PATH timeout -k 30 400 bash "$walk.sh" \
		<<<$'2=3\ncast' >"$walk.log" 2>&1 9>"$walk.done"
) || status=$?

reached=$(tail -n 1 "$walk.done")
if [ "$count" -ge 10 ] && [ "${reached:-0}" -eq "$count" ] && [ "$status" -eq 0 ]; then
	good "all $count blocks run"
else
	bad "all $count blocks run" "exit status $status after block ${reached:-0}"
	tail -n 40 "$walk.log" | sed 's/^/    /'
	tail -n 5 "$walk"/*.log | sed 's/^/    /'
fi

# ---- what README.md says of it ---------------------------------------------------

# says NAME PATTERN: one case, the walk has printed such a line.
says() {
	if grep -qE -- "$2" "$walk.log"; then
		good "$1"
	else
		bad "$1" "no line \"$2\" in what the walk printed"
	fi
}
says "the audited ballot is opened" '^  option 3: Uppsala$'
says "the archive verifies" '^VERIFIED: '
says "a changed byte is found" '^NOT VERIFIED: check V'

if grep -A 1 '^Winner$' "$walk.log" | grep -q Porto; then good "Porto wins"; else bad "Porto wins"; fi

# The dialogue, but for what differs each time; typed answers are not echoed.
missing=$(blocks text "$TOP_SRCDIR/README.md" |
    grep -vE '^(@@ .*|election [0-9a-f]{64}|  [a-z2-7]{4}( [a-z2-7]{4}){7}|)$' |
    sed -e 's/: 2=3$/:/' -e 's/? cast$/?/' |
    while read -r line; do
	    grep -qF -- "$line" "$walk.log" || echo "$line"
    done)
if [ -z "$missing" ]; then
	good "the dialogue is as shown"
else
	bad "the dialogue is as shown" "README.md has: $missing"
fi
finish
