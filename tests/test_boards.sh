#!/bin/bash
# test_boards: two boards on one database, which is a synchronous pair of servers; the first server is
# killed under load and the second takes over. Databases that are not what they were: older,
# another board's, changed behind the board's back. Backups.
# shellcheck disable=SC2034 # elect.sh uses what is set here
. "${TOP_SRCDIR:-.}/tests/lib.sh"
. "$TOP_SRCDIR/tests/elect.sh"
. "$TOP_SRCDIR/tests/pair.sh"

need_server
keys organiser organiser
keys registrar registrar1
keys trustee trustee1 trustee2
pair_start
VOTERS=24
DB="$PAIR user=vote"

# one NUMBER: start board 1 or 2, or start it again on its address.
one() {
	BOARD=board$1
	ADDRESS=${AT_ADDRESS[$1]:-}
	BOARD_OPTIONS=(--db "$DB")
	board_start
	AT_ADDRESS[$1]=$ADDRESS
	AT_URL[$1]=$URL
	AT_PID[$1]=$BOARD_PID
}
AT_ADDRESS=()
AT_URL=()
AT_PID=()
halt() { local i; for i; do stop "${AT_PID[i]}"; done; }
# at NUMBER COMMAND...: with that board.
at() { URL=${AT_URL[$1]} "${@:2}"; }
at_size() { at "$1" api elections | jq -r --arg id "$ID" '.elections[] | select(.id == $id) | .size'; }
same_size() { [ "$(at_size 1)" = "$(at_size 2)" ]; }

one 1
halt 1
own_folder "$TMPDIR/board2" && cp -p "$TMPDIR/board1/board.key" "$TMPDIR/board2/"
one 2
one 1

# ---- one chain ---------------------------------------------------------------------------

define "" 2 1
founded() { [ "$(at_size 2)" = 1 ]; }
if wait_for "$LONG" founded; then
	good "an election that one board founds is served by the other"
else
	bad "an election that one board founds is served by the other"
fi
run organiser item --board "${AT_URL[2]}" <(echo '{"title":"Colour","choice":"plurality","options":["red","blue"]}')
POLL=
for i in 1 2; do AT=${AT_URL[$((3 - i))]} trustee_start "$i"; done
register $(seq -f 'V%.0f' 1 "$VOTERS")
codes 1 1
run organiser roll --board "${AT_URL[1]}" "$TMPDIR/part1.json"
run registrar 1 approve --board "${AT_URL[2]}" "$TMPDIR/part1.json"
wait_for "$LONG" state '.key == "done"' || fatal "no key"
run organiser open --board "${AT_URL[2]}"
run organiser open-item --board "${AT_URL[1]}" all
# Heads first: no board shows an older one than another has shown.
for i in 1 2; do at "$i" api "elections/$ID/checkpoint" >"$TMPDIR/head$i"; done
if cmp -s "$TMPDIR/head1" "$TMPDIR/head2" && cmp -s <(at 1 lines) <(at 2 lines); then
	good "key generation between trustees on different boards is one chain"
else
	bad "key generation between trustees on different boards is one chain"
fi

# ---- ballots to post, and a database that is newer than the one that is served ---------------------

for i in 1 2; do stop "${TRUSTEE[i]}"; done
halt 1 2
cp -p "$TMPDIR/board1/board.mark" "$TMPDIR/before.mark"
pair_sql "CREATE DATABASE older TEMPLATE tabella"
one 1
at 1 proxy_start
mkdir "$TMPDIR/ballots" "$TMPDIR/receipts"
rules "keep $TMPDIR/ballots POST .* ballot"
(umask 077 && sed -n 's/^"V\([0-9]*\)",1,\(.*\)/\2,\1/p' "$TMPDIR/codes1.csv" |
    awk -F, '{ print $1 "," $2 % 2 + 1 }' >"$TMPDIR/batch.csv")
run "$TABELLA" vote batch --dir "$TMPDIR/batch" --board "$AT" --election "$ID" "$TMPDIR/batch.csv"
AT=
halt 1
mapfile -t BALLOT < <(find "$TMPDIR/ballots" -type f -printf '%f\n' | sort)
[ "${#BALLOT[@]}" = "$VOTERS" ] || fatal "there are ${#BALLOT[@]} ballots, not $VOTERS"
SPARE=${BALLOT[-1]} # for later
unset 'BALLOT[-1]'
VOTERS=$((VOTERS - 1))
pair_sql "ALTER DATABASE tabella RENAME TO newer"
pair_sql "CREATE DATABASE tabella TEMPLATE older"
serve() { "${AS_POSTGRES[@]}" "$TABELLAD" --data "$TMPDIR/$1" --db "$DB" --name "$BOARD_NAME" --listen 127.0.0.1:0 "${@:2}"; }
refused "an older copy of the database" 1 ROLLBACK serve board1
own_folder "$TMPDIR/stranger"
refused "another board's database" 1 WRONG_KEY serve stranger
refused "the database under another name" 1 WRONG_KEY serve board2 --name test.other
pair_sql "DROP DATABASE tabella"
pair_sql "CREATE DATABASE tabella OWNER tabella_owner"
"$TOP_BUILDDIR/server/tabellad" --make-tables --db "$PAIR user=tabella_owner" || fatal "no tables"
refused "an empty database in its place" 1 ROLLBACK serve board1
pair_sql "DROP DATABASE tabella"
pair_sql "CREATE DATABASE tabella TEMPLATE older"
# This board has not seen what is to be undone now.
cp -p "$TMPDIR/before.mark" "$TMPDIR/board1/board.mark"
make_mark() { "${AS_POSTGRES[@]}" "$TABELLAD" --data "$TMPDIR/$1" --db "$DB" --make-mark; }
refused "no new mark over an old one" 1 CONFLICT make_mark board1
rm "$TMPDIR/board1/board.mark"
refused "a board without the mark of what it has signed for" 1 ROLLBACK serve board1
refused "and once more" 1 ROLLBACK serve board1
expect "a new mark, made on purpose" 0 make_mark board1

# ---- both boards, the first server killed under load ---------------------------------------

one 1
one 2
wait_for "$LONG" same_size
before=$(at_size 1)
# post HASH NUMBER: to that board; the receipt is in HASH.NUMBER.
post() { at "$2" cast "$1" "$1.$2"; }
receipts() { find "$TMPDIR/receipts" -name '*.[12]' | wc -l; }
some() { [ "$(receipts)" -ge "$1" ]; }
third=$((VOTERS / 3))
for ((i = 0; i < third; i++)); do post "${BALLOT[i]}" 1 & post "${BALLOT[i]}" 2 & done
wait_posts
for ((; i < VOTERS; i++)); do
	post "${BALLOT[i]}" $((i % 2 + 1)) &
	[ "$i" -lt $((2 * third)) ] || { post "${BALLOT[i]}" $((2 - i % 2)) & }
done
wait_for "$LONG" some $((2 * third + 1))
pair_kill
pair_promote
wait_posts
for ((i = 0; i < VOTERS; i++)); do for n in 1 2; do [ -e "$TMPDIR/receipts/${BALLOT[i]}.$n" ] || post "${BALLOT[i]}" "$n"; done; done
wait_for "$LONG" same_size
lost=0
doubled=0
at 1 lines >"$TMPDIR/lines"
for hash in "${BALLOT[@]}"; do
	cmp -s "$TMPDIR/receipts/$hash.1" "$TMPDIR/receipts/$hash.2" || lost=$((lost + 1))
	jq -r .entry "$TMPDIR/receipts/$hash.1" >"$TMPDIR/one"
	[ "$(grep -cxFf "$TMPDIR/one" "$TMPDIR/lines")" = 1 ] || doubled=$((doubled + 1))
done
if [ ! -e "$TMPDIR/refused" ] && [ "$lost $doubled" = "0 0" ] &&
    [ "$(at_size 1)" = $((before + VOTERS)) ] && cmp -s <(at 2 lines) "$TMPDIR/lines"; then
	good "every ballot stands once, with one receipt from both boards, and the standby has taken over"
else
	bad "every ballot stands once, with one receipt from both boards, and the standby has taken over" \
	    "$lost $doubled $(at_size 1) $before $(cat "$TMPDIR/refused" 2>/dev/null)"
fi
check() { "${AS_POSTGRES[@]}" "$TABELLAD" --data "$TMPDIR/board2" --db "$PAIR user=look ${1:-}" --check; }
expect "--check while two boards serve" 0 check
run "$TABELLA" verify "${AT_URL[2]}" --election "$ID" --partial
good "an observer finds nothing wrong"

# A board is killed with entries that it has not signed for: the other one signs.
stop "${AT_PID[1]}" KILL
post "${BALLOT[0]}" 2
one 1
wait_for "$LONG" same_size
expect "a killed board comes back" 0 test "$(at_size 1)" = $((before + VOTERS))

# ---- the database goes back while boards serve ---------------------------------------------

pair_sql "ALTER DATABASE tabella WITH CONNECTION LIMIT 0"
swap() {
	pair_sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'tabella'" >"$TMPDIR/out"
	pair_sql "ALTER DATABASE tabella RENAME TO whole"
}
wait_for "$LONG" swap || fatal "the database cannot be renamed"
pair_sql "ALTER DATABASE whole WITH CONNECTION LIMIT -1"
pair_sql "ALTER DATABASE older RENAME TO tabella"
ill() { [ "$(curl -s -o /dev/null -w '%{http_code}' "${AT_URL[$1]}/healthz")" = 503 ] && grep -q ROLLBACK "$TMPDIR/board$1.log"; }
if wait_for "$LONG" ill 1 && wait_for "$LONG" ill 2; then
	good "boards notice that their database has gone back"
else
	bad "boards notice that their database has gone back" "$(tail -n 3 "$TMPDIR/board1.log")"
fi
at 1 answers "and take nothing in" 503 UNSAFE_DATABASE POST "elections/$ID/records" "$TMPDIR/ballots/$SPARE"
halt 1 2
refused "nor do they start on it" 1 ROLLBACK serve board2

# ---- changed behind the board's back ---------------------------------------------------------

# damage NAME REASON SQL
damage() {
	pair_sql "DROP DATABASE IF EXISTS damaged"
	pair_sql "CREATE DATABASE damaged TEMPLATE whole"
	PGDATABASE=damaged pair_sql "SET session_replication_role = replica;
	    ALTER TABLE tabella.entry DISABLE TRIGGER ALL; ALTER TABLE tabella.batch DISABLE TRIGGER ALL;
	    ALTER TABLE tabella.head DISABLE TRIGGER ALL; ALTER TABLE tabella.blob DISABLE TRIGGER ALL;
	    ALTER TABLE tabella.chunk DISABLE TRIGGER ALL; $3;
	    ALTER TABLE tabella.entry ENABLE ALWAYS TRIGGER stays; ALTER TABLE tabella.batch ENABLE ALWAYS TRIGGER stays;
	    ALTER TABLE tabella.head ENABLE ALWAYS TRIGGER stays; ALTER TABLE tabella.head ENABLE ALWAYS TRIGGER forward;
	    ALTER TABLE tabella.head ENABLE ALWAYS TRIGGER empty; ALTER TABLE tabella.blob ENABLE ALWAYS TRIGGER stays;
	    ALTER TABLE tabella.blob ENABLE ALWAYS TRIGGER stays_row; ALTER TABLE tabella.chunk ENABLE ALWAYS TRIGGER stays;
	    ALTER TABLE tabella.chunk ENABLE ALWAYS TRIGGER stays_row"
	refused "--check: $1" "${4:-1}" "$2" check dbname=damaged
}
expect "--check of what was whole" 0 check dbname=whole
other="decode(repeat('11', 32), 'hex')"
damage "a leaf" CHAIN_BROKEN "UPDATE tabella.entry SET leaf = $other WHERE seq = 3"
damage "a hash" CHAIN_BROKEN "UPDATE tabella.entry SET hash = $other WHERE seq = 3"
damage "a record hash" CHAIN_BROKEN "UPDATE tabella.entry SET record = $other WHERE seq = 3"
damage "a tracker" CHAIN_BROKEN "UPDATE tabella.entry SET tracker = $other WHERE seq = $((before + 1))"
damage "a tracker too many" CHAIN_BROKEN "UPDATE tabella.entry SET tracker = $other WHERE seq = 3"
damage "a line" BAD_SEQUENCE "UPDATE tabella.entry SET line = (SELECT line FROM tabella.entry e WHERE e.seq = 4) WHERE seq = $((before + 2))"
damage "a head's note" BAD_CHECKPOINT "UPDATE tabella.head SET note = (SELECT note FROM tabella.batch ORDER BY first LIMIT 1)"
damage "a batch's note" BAD_CHECKPOINT "UPDATE tabella.batch SET note = (SELECT note FROM tabella.head) WHERE first = 0"
damage "a batch's frontier" CHAIN_BROKEN "UPDATE tabella.batch SET frontier_before = $other WHERE first = (SELECT max(first) FROM tabella.batch)"
damage "a blob that may go" CHAIN_BROKEN "UPDATE tabella.blob SET named = false WHERE key = (SELECT min(key) FROM tabella.blob WHERE named)"
damage "bytes of a blob" BAD_BLOB "UPDATE tabella.chunk SET data = overlay(data PLACING '\\x00' FROM 1) WHERE blob = (SELECT min(key) FROM tabella.blob WHERE named)"

# ---- backups of a private database ------------------------------------------------------------

PAIR=
BOARD=private
ADDRESS=
BOARD_OPTIONS=()
board_start
POLL=.private
define "" 2 1
tabellad() { "${AS_POSTGRES[@]}" "$TABELLAD" "$@"; }
expect "--check of a private database while it is served" 0 tabellad --data "$TMPDIR/private" --check
own_folder "$TMPDIR/backups"
expect "a backup while the board serves" 0 tabellad --data "$TMPDIR/private" --backup "$TMPDIR/backups/one"
refused "never over another one" 3 NO_DISK tabellad --data "$TMPDIR/private" --backup "$TMPDIR/backups/one"
expect "the board goes on" 0 api "elections/$ID/entries"
item Later approval yes no
stop "$BOARD_PID"
expect "a backup while it does not" 0 tabellad --data "$TMPDIR/private" --backup "$TMPDIR/backups/two"
for n in one two; do
	cp -p "$TMPDIR/private/board.key" "$TMPDIR/private/board.mark" "$TMPDIR/backups/$n/"
	expect "backup $n holds what was there" 0 tabellad --data "$TMPDIR/backups/$n" --check
done
refused "a backup that is older than the mark" 1 ROLLBACK tabellad --data "$TMPDIR/backups/one" \
    --name "$BOARD_NAME" --listen 127.0.0.1:0
BOARD=backups/two
board_start
if [ "$(board_size)" = 2 ]; then good "a board from a backup"; else bad "a board from a backup" "$(board_size)"; fi
finish
