#!/bin/bash
# test_clock: the board's clock jumps forth and back, by days and years. While people vote every
# ballot is acknowledged, times on the board never go back and receipts hold (`load` checks all that);
# and what the board waits for takes as long as ever.
# shellcheck disable=SC2034 # elect.sh uses what is set here
. "${TOP_SRCDIR:-$(cd "$(dirname "$0")/.." && pwd)}/tests/lib.sh"
. "$TOP_SRCDIR/tests/elect.sh"
need_server

CLOCK=$TMPDIR/clock
trip=$(share "$TOP_BUILDDIR/tests/trip.so")
jump() { echo "$1" >"$CLOCK.new" && mv "$CLOCK.new" "$CLOCK"; }
JUMPS=(86400 -172800 315360000 -315360000 0)

# ---- while people vote ------------------------------------------------------------------------

jump 0
own_folder "$TMPDIR/load" || fatal "no folder"
start "$TMPDIR/load.log" env TMPDIR="$TMPDIR/load" LD_PRELOAD="$trip" TRIP="clock:$CLOCK" \
    "$TOP_BUILDDIR/tests/bench/load" --board "$TOP_BUILDDIR/server/tabellad" --voters 400 \
    --connections 8 --rate 25 --read 0
LOAD_PID=$PID
paced() { grep -q '^flat out' "$TMPDIR/load.log"; }
wait_for "$LONG" paced || fatal "no load" "$(cat "$TMPDIR/load.log")"
URL=$(cat "$TMPDIR"/load/pg.*/board.address)
ID=$(api elections | jq -r '.elections[0].id')
ended() { dead_or_reaped "$LOAD_PID"; }
# grown SIZE: the board has five entries more.
grown() { ended || [ "$(board_size)" -ge $(($1 + 5)) ]; }
jumps=0
for by in "${JUMPS[@]}"; do
	size=$(board_size) || break
	jump "$by"
	wait_for "$LONG" grown "$size" && ! ended && jumps=$((jumps + 1))
done
wait_for "$LONG" ended
wait "$LOAD_PID"
status=$?
cat "$TMPDIR/load.log"
if [ "$status $jumps" = "0 ${#JUMPS[@]}" ] && grep -q '^checked 400 receipts' "$TMPDIR/load.log" &&
    grep -q '^at a fixed rate: 100 acknowledged.* 503 0, refused 0' "$TMPDIR/load.log"; then
	good "all are acknowledged, receipts hold, times never go back"
else
	bad "all are acknowledged, receipts hold, times never go back" "status $status, $jumps jumps"
fi

# ---- while somebody waits --------------------------------------------------------------------

jump 0
keys organiser organiser
keys registrar registrar1
keys trustee trustee1 trustee2
AS_POSTGRES+=(env LD_PRELOAD="$trip" TRIP="clock:$CLOCK")
board_start
define "" 2 1
# follow: wait one second for what does not come; the milliseconds are in $TMPDIR/waited.
follow() {
	local begun
	begun=$(date +%s%N)
	api "elections/$ID/entries?from=1&wait=1" >"$TMPDIR/followed" || return
	echo $((($(date +%s%N) - begun) / 1000000)) >"$TMPDIR/waited"
}
slow=
for by in 86400 -172800 0; do
	rm -f "$TMPDIR/waited"
	follow &
	jump "$by"
	wait $!
	ms=$(cat "$TMPDIR/waited" 2>/dev/null || echo 0)
	if [ "$ms" -lt 900 ] || [ "$ms" -gt 10000 ] || [ -s "$TMPDIR/followed" ]; then
		slow+=" $by: $ms ms"
	fi
done
if [ -z "$slow" ]; then good "a follower waits as long as it asked for"; else
	bad "a follower waits as long as it asked for" "$slow"
fi
jump -86400
run organiser item <(echo '{"title":"Colour","choice":"plurality","options":["red","blue"]}')
if [ "$(lines | jq -s '.[0].time <= .[1].time')" = true ]; then
	good "an entry of yesterday has the time of the one before"
else
	bad "an entry of yesterday has the time of the one before" "$(lines)"
fi
finish
