#!/bin/bash
# test_honest: a board that keeps the rules never convicts itself: it is killed while people vote,
# started again, its clock is set back and ahead, two boards serve one database. Every head that was ever
# shown is held against every other.
. "${TOP_SRCDIR:-.}/tests/lib.sh"
. "$TOP_SRCDIR/tests/elect.sh"

need_server
# shellcheck disable=SC2119 # the function's own default
pg_start
"$PG_BIN/createdb" -T template0 -E UTF8 --locale=C tabella || fatal "no database"
"$PG_BIN/psql" -q -d tabella -c 'CREATE ROLE tabella_owner LOGIN CREATEROLE; GRANT ALL ON DATABASE tabella TO tabella_owner;
    GRANT CREATE ON SCHEMA public TO tabella_owner' || fatal "no owner"
run "$TABELLAD" --make-tables --db "host=$PGHOST dbname=tabella user=tabella_owner"
"$PG_BIN/psql" -q -d tabella -c 'CREATE ROLE vote LOGIN IN ROLE tabella_board' || fatal "no role"
# Readable for whoever the board runs as.
trip=$(share "$TOP_BUILDDIR/tests/trip.so")

keys organiser organiser
keys registrar registrar1
keys trustee trustee1 trustee2
# board N [CLOCK]: board N on the database; its clock is off by that. Sets URL.
board() {
	local data=$TMPDIR/board$1
	own_folder "$data" || fatal "no folder"
	[ -f "$data/board.key" ] || [ "$1" -eq 1 ] ||
	    "${AS_POSTGRES[@]}" cp "$TMPDIR/board1/board.key" "$TMPDIR/board1/board.mark" "$data/"
	rm -f "$data/address"
	start "$TMPDIR/board$1.log" "${AS_POSTGRES[@]}" env LD_PRELOAD="$trip" TRIP="clock:${2:-0}" "$TABELLAD" \
	    --data "$data" --db "host=$PGHOST dbname=tabella user=vote" --listen 127.0.0.1:0 --name "$BOARD_NAME" \
	    --address-file "$data/address" --organiser "$(cat "$TMPDIR/organiser.pub")"
	BOARD_PIDS[$1]=$PID
	wait_for "$LONG" test -s "$data/address" || {
		cat "$TMPDIR/board$1.log"
		fatal "board $1 did not start"
	}
	URL=$(cat "$data/address")
	URLS[$1]=$URL
}
BOARD_PIDS=()
URLS=()

board 1
define '"late_items": 1,' 2 1
mkdir "$TMPDIR/heads" "$TMPDIR/last"
# Keep every head that any board shows.
keep_heads() {
	local n=0 url file
	while [ -d "$TMPDIR/heads" ] && [ ! -e "$TMPDIR/enough" ]; do
		for file in "$TMPDIR"/board?/address; do
			url=$(cat "$file" 2>/dev/null) &&
			    curl -sS -f --max-time 5 -o "$TMPDIR/heads/$((n++))" "$url/v1/elections/$ID/checkpoint" 2>/dev/null
		done
		sleep 0.02
	done
}
keep_heads &
keeper=$!
STARTED+=("$keeper:TERM")
# post N...: items, one by one, at whichever board; each is in the end on the board.
titles=0
post() {
	local url=$1 i
	for ((i = 0; i < $2; i++)); do
		titles=$((titles + 1))
		jq -n --arg title "$titles" '{title: $title, choice: "plurality", options: ["a", "b"]}' >"$TMPDIR/item.json"
		"$TABELLA" organiser item --dir "$TMPDIR/organiser" --board "$url" "$TMPDIR/item.json" >"$TMPDIR/out" 2>&1 ||
			{ sed 's/^/    /' "$TMPDIR/out"; bad "item $titles"; }
	done
}

post "${URLS[1]}" 3
# Killed and started again, its clock an hour back, then a day ahead, then right.
for clock in -3600 86400 0; do
	kill -KILL "${BOARD_PIDS[1]}"
	wait "${BOARD_PIDS[1]}" 2>/dev/null
	board 1 "$clock"
	post "${URLS[1]}" 3
done
# Two boards, one of them an hour behind.
board 2 -3600
for ((i = 0; i < 4; i++)); do
	post "${URLS[1]}" 1
	post "${URLS[2]}" 1
done
kill -KILL "${BOARD_PIDS[1]}"
wait "${BOARD_PIDS[1]}" 2>/dev/null
post "${URLS[2]}" 2
touch "$TMPDIR/enough"
wait "$keeper"

URL=${URLS[2]}
lines >"$TMPDIR/last/entries.ndjson"
if [ "$(jq -r .record.body.item.title "$TMPDIR/last/entries.ndjson" | grep -vc null)" -eq "$titles" ]; then
	good "every item is there once"
else
	bad "every item is there once" "$(wc -l <"$TMPDIR/last/entries.ndjson")"
fi
if [ "$(tail -n 1 "$TMPDIR/last/entries.ndjson" | jq .time)" -gt "$((($(date +%s) + 80000) * 1000))" ]; then
	good "the clock has jumped"
else
	bad "the clock has jumped"
fi
find "$TMPDIR/heads" -size 0 -delete
# The same head was kept many times.
mapfile -t heads < <(sha256sum "$TMPDIR"/heads/* | sort | awk '!seen[$1]++ { print $2 }')
expect "its heads convict nobody" 0 scribe honest "$TMPDIR/last" "${heads[@]}"
cat "$TMPDIR/out"
if [ "${#heads[@]}" -ge 10 ]; then good "enough heads were seen"; else bad "enough heads were seen" "${#heads[@]}"; fi
# The positive control: two that do contradict each other.
head -n 3 "$TMPDIR/last/entries.ndjson" >"$TMPDIR/three"
mkdir "$TMPDIR/last.other"
jq -cS .record "$TMPDIR/three" | scribe chain "$TMPDIR/board1/board.key" "$BOARD_NAME" "$ID" "$TMPDIR/last.other"
expect "another history does" 1 scribe honest "$TMPDIR/last" "${heads[@]}" "$TMPDIR/last.other/checkpoint"
finish
