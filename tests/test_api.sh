#!/bin/bash
# test_api: the examples of docs/api.md work as they stand there and print what is shown.
. "${TOP_SRCDIR:-$(cd "$(dirname "$0")/.." && pwd)}/tests/lib.sh"
. "$TOP_SRCDIR/tests/elect.sh"
need_server

keys organiser organiser
keys registrar registrar1
keys trustee trustee1 trustee2
board_start
define '' 2 1
item "A question" plurality yes no

# What the examples take for granted.
B=$URL E=$ID
export B E
mkdir "$TMPDIR/walk"
cd "$TMPDIR/walk" || fatal "no folder"
head -c 5000000 /dev/urandom >blob
id=$(sum blob)
scribe ticket "$TMPDIR/organiser.key" "$ID" "$id" 5000000 >"$TMPDIR/made" || fatal "no ticket"
mv "$TMPDIR/made" ticket

# block KIND N: the N-th fenced block of that kind.
block() {
	awk -v fence='```' -v kind="$1" -v want="$2" '
	$0 == fence kind { on = ++n == want; next }
	$0 == fence { on = 0 }
	on' "$TOP_SRCDIR/docs/api.md"
}

n=0
while code=$(block sh $((n + 1))) && [ -n "$code" ]; do
	n=$((n + 1))
	got=0
	out=$(timeout "$LONG" bash -eo pipefail -c "$code" 2>&1) || got=$?
	# Everything stands for itself but …, which stands for anything.
	want=$(block text "$n" | sed 's/[][\\*?]/\\&/g; s/…/*/g')
	# shellcheck disable=SC2053 # it is a pattern
	if [ "$got" = 0 ] && [[ $out == $want ]]; then
		good "example $n"
	else
		bad "example $n" "exit status $got of:"
		printf '%s\n---- printed\n%s\n---- shown\n%s\n' "$code" "$out" "$want"
	fi
done
if [ "$n" -ge 9 ]; then good "there are $n examples"; else bad "there are $n examples"; fi
cd / || exit 1
finish
