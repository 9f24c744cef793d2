#!/bin/bash
# test_board: the HTTP interface with honest clients and with others: who may found what,
# records without their key, other elections' records, blobs and tickets, pages, proofs,
# and receipts that never change: 50 posts of a ballot at once, kills and stops under load.
. "${TOP_SRCDIR:-.}/tests/lib.sh"
. "$TOP_SRCDIR/tests/elect.sh"

need_server
keys organiser organiser stranger
keys registrar registrar1
keys trustee trustee1 trustee2 trustee3
board_start
VOTERS=16

# ---- who may found elections ----------------------------------------------------------

if [ "$(curl -sS "$URL/healthz")" = ok ] &&
    [ "$(api board | jq -c '[.name, .version]')" = '["test.board",1]' ]; then
	good "the board says who it is"
else
	bad "the board says who it is"
fi
cp "$TMPDIR/stranger.key" "$TMPDIR/organiser2.key"
define "" 3 1
api "elections/$ID/entries" | head -n 1 | jq -cS .record.body >"$TMPDIR/definition.body"
# definition KEY FILTER: the definition changed by jq and signed by a key.
definition() { jq -cS "$2" "$TMPDIR/definition.body" | scribe sign "$TMPDIR/$1.key" >"$TMPDIR/record"; }
stranger=$(cat "$TMPDIR/stranger.pub")
definition stranger ".definition.organiser.key = \"$stranger\""
answers "an unknown organiser" 403 FORBIDDEN POST elections "$TMPDIR/record"
definition organiser ".definition.board.key = \"$stranger\""
answers "another board's key" 400 WRONG_KEY POST elections "$TMPDIR/record"
definition organiser '.definition.board.name = "test.other"'
answers "another board's name" 400 WRONG_KEY POST elections "$TMPDIR/record"
definition stranger .
organiser_key=$(cat "$TMPDIR/organiser.pub")
jq -cS --arg by "$organiser_key" '.by = $by' "$TMPDIR/record" | tr -d '\n' >"$TMPDIR/forged"
answers "a stranger signs as the organiser" 403 BAD_SIGNATURE POST elections "$TMPDIR/forged"
head -c 300000 /dev/zero >"$TMPDIR/large"
answers "a definition of 300 kB" 413 TOO_LARGE POST elections "$TMPDIR/large"
echo '{}' >"$TMPDIR/record"
answers "no record at all" 400 BAD_ENCODING POST elections "$TMPDIR/record"
if [ "$(api elections | jq '.elections | length')" = 1 ]; then
	good "no election was founded by these"
else
	bad "no election was founded by these" "$(api elections)"
fi
api "elections/$ID/entries" | head -n 1 | jq -cS .record | tr -d '\n' >"$TMPDIR/record"
for i in 1 2; do status POST elections "$TMPDIR/record" >/dev/null && cp "$TMPDIR/answer" "$TMPDIR/founded$i"; done
if cmp -s "$TMPDIR/founded1" "$TMPDIR/founded2" && [ "$(board_size)" = 1 ]; then
	good "the same definition again is the same election with the same receipt"
else
	bad "the same definition again is the same election with the same receipt"
fi

# ---- an election up to the opening, and another one beside it -----------------------------

item Colour plurality red green blue
item Order ranking a b c d
for i in 1 2 3; do trustee_start "$i"; done
register $(seq -f 'V%.0f' 1 "$VOTERS")
codes 1 1
run organiser roll "$TMPDIR/part1.json"
run registrar 1 approve "$TMPDIR/part1.json"
wait_for "$LONG" state '.key == "done"' || fatal "no key"
FIRST=$ID
POLL=.second
define '"min_ballots": 2,' 3 1
item Other approval yes no
SECOND=$ID
POLL=
ID=$FIRST
if [ "$(api elections | jq -c '[.elections[] | [.id, .title]] | sort' )" = \
    "$(jq -nc --arg a "$FIRST" --arg b "$SECOND" '[[$a, "A test"], [$b, "A test.second"]] | sort')" ]; then
	good "two elections on one board"
else
	bad "two elections on one board" "$(api elections)"
fi

# ---- records without their key, and records of other elections ----------------------------

election=$(b64 "$ID")
prev=$(last_prev organiser)
before=$(board_size)
for body in "{\"closing\":{\"election\":\"$election\",\"item\":1,\"prev\":\"$prev\"}}" \
    "{\"keygen-skip\":{\"attempt\":1,\"election\":\"$election\",\"prev\":\"$prev\",\"trustee\":1}}" \
    "{\"approve\":{\"election\":\"$election\",\"prev\":\"$prev\",\"record\":\"$prev\"}}" \
    "{\"keygen-confirm\":{\"attempt\":1,\"election\":\"$election\",\"prev\":\"$prev\",\"transcript\":\"$prev\"}}" \
    "{\"ready\":{\"close\":\"$prev\",\"election\":\"$election\",\"item\":1,\"list\":\"$prev\",\"prev\":\"$prev\"}}" \
    "{\"fault\":{\"election\":\"$election\",\"prev\":\"$prev\",\"record\":$(cat "$TMPDIR/record")}}"; do
	kind=$(jq -r 'keys[0]' <<<"$body")
	scribe sign "$TMPDIR/stranger.key" <<<"$body" >"$TMPDIR/strange"
	answers "a stranger's $kind" 403 NOT_ALLOWED POST "elections/$ID/records" "$TMPDIR/strange"
done
jq -cS --arg by "$organiser_key" '.by = $by' "$TMPDIR/strange" | tr -d '\n' >"$TMPDIR/forged"
answers "somebody else's role" 403 NOT_ALLOWED POST "elections/$ID/records" "$TMPDIR/forged"
# In its place and with its chain, but without the key: only the signature is wrong.
scribe sign "$TMPDIR/stranger.key" <<<"{\"item\":{\"choice\":\"plurality\",\"count\":{\"default\":0,\"majority\":[],\"majority_base\":\"none\",\"method\":\"plurality\",\"quorum\":{\"den\":1,\"kind\":\"none\",\"num\":0},\"tie\":\"none\"},\"election\":\"$election\",\"id\":3,\"options\":[\"a\",\"b\"],\"prev\":\"$prev\",\"text\":\"\",\"title\":\"t\"}}" |
    jq -cS --arg by "$organiser_key" '.by = $by' | tr -d '\n' >"$TMPDIR/forged"
answers "an item in the organiser's name" 403 BAD_SIGNATURE POST "elections/$ID/records" "$TMPDIR/forged"
head -c 20000000 /dev/zero >"$TMPDIR/large"
answers "a record of 20 MB" 413 TOO_LARGE POST "elections/$ID/records" "$TMPDIR/large"
answers "a record for no election" 404 NOT_FOUND POST "elections/$(printf '0%.0s' $(seq 64))/records" "$TMPDIR/forged"
answers "an election that is no hash" 400 BAD_REQUEST POST "elections/12/records" "$TMPDIR/forged"

# Everything that stands on one board is posted to the other, then to its own again.
api "elections/$FIRST/entries" >"$TMPDIR/lines"
wrong=0
same=0
n=-1
while read -r line; do
	jq -cS .record <<<"$line" | tr -d '\n' >"$TMPDIR/one"
	got=$(status POST "elections/$SECOND/records" "$TMPDIR/one")
	reason=$(jq -r .error.reason "$TMPDIR/answer")
	case $n/$got/$reason in
	-1/409/STATE | [0-9]*/400/WRONG_ELECTION) wrong=$((wrong + 1)) ;;
	esac
	got=$(status POST "elections/$FIRST/records" "$TMPDIR/one")
	[ "$got" = 200 ] && [ "$(jq -r .entry "$TMPDIR/answer")" = "$line" ] && same=$((same + 1))
	n=$((n + 1))
done <"$TMPDIR/lines"
n=$((n + 1))
if [ "$wrong" = "$n" ]; then good "no record of one election stands in another"; else
	bad "no record of one election stands in another" "$wrong of $n refused"
fi
if [ "$same" = "$n" ] && [ "$(board_size)" = "$before" ]; then
	good "each record posted again gives its receipt and no entry"
else
	bad "each record posted again gives its receipt and no entry" "$same of $n, $before entries and $(board_size)"
fi

# ---- blobs -------------------------------------------------------------------------------

printf 'ten bytes!' >"$TMPDIR/small"
printf 'other ten!' >"$TMPDIR/other"
small=$(sum "$TMPDIR/small")
blobs=elections/$ID/blobs
ticket() { scribe ticket "$TMPDIR/$1.key" "$2" "$3" "$4" >"$TMPDIR/ticket"; }
upload() { jq -r .upload "$TMPDIR/answer"; }
have() { jq -r .have "$TMPDIR/answer"; }
answers "an upload without a ticket" 404 NOT_FOUND PUT "elections/$ID/uploads/$small?at=0" "$TMPDIR/small"
ticket stranger "$ID" "$small" 10
answers "a stranger's ticket" 403 FORBIDDEN POST "$blobs" "$TMPDIR/ticket"
jq -cS --arg by "$organiser_key" '.by = $by' "$TMPDIR/ticket" | tr -d '\n' >"$TMPDIR/forged"
answers "a ticket in the organiser's name" 403 BAD_SIGNATURE POST "$blobs" "$TMPDIR/forged"
ticket organiser "$SECOND" "$small" 10
answers "a ticket for another election" 400 WRONG_ELECTION POST "$blobs" "$TMPDIR/ticket"
ticket organiser "$ID" "$small" 5000000000
answers "a blob above the quota" 413 TOO_LARGE POST "$blobs" "$TMPDIR/ticket"
ticket organiser "$ID" "$small" 2000000000000
answers "a blob above the limit" 413 TOO_LARGE POST "$blobs" "$TMPDIR/ticket"
echo '{"ticket":1}' >"$TMPDIR/ticket"
answers "no ticket at all" 400 BAD_ENCODING POST "$blobs" "$TMPDIR/ticket"

ticket trustee1 "$ID" "$small" 10
status POST "$blobs" "$TMPDIR/ticket" >/dev/null
u=$(upload)
answers "bytes of another hash" 400 BAD_BLOB PUT "elections/$ID/uploads/$u?at=0" "$TMPDIR/other"
answers "that upload has gone" 404 NOT_FOUND PUT "elections/$ID/uploads/$u?at=0" "$TMPDIR/small"
answers "what is not complete is not there" 404 NOT_FOUND GET "$blobs/$small"
if [ "$(status POST "$blobs" "$TMPDIR/ticket")" = 200 ] && [ "$(have)" = 0 ]; then
	good "it can begin again"
else
	bad "it can begin again" "$(cat "$TMPDIR/answer")"
fi
answers "an offset that is no piece's" 400 BAD_REQUEST PUT "elections/$ID/uploads/$u?at=5" "$TMPDIR/small"
answers "no offset" 400 BAD_REQUEST PUT "elections/$ID/uploads/$u" "$TMPDIR/small"
answers "an offset behind the end" 400 BAD_REQUEST PUT "elections/$ID/uploads/$u?at=4194304" "$TMPDIR/small"
head -c 4194305 /dev/zero >"$TMPDIR/large"
answers "a piece that is too long" 413 TOO_LARGE PUT "elections/$ID/uploads/$u?at=0" "$TMPDIR/large"
got=$(status PUT "elections/$ID/uploads/$u?at=0" "$TMPDIR/small")
if [ "$got $(have)" = "200 10" ] && api "$blobs/$small" | cmp -s - "$TMPDIR/small"; then
	good "the right bytes are kept"
else
	bad "the right bytes are kept" "$got $(cat "$TMPDIR/answer")"
fi

# Two pieces, the board killed in between, the second one first.
head -c 5000000 /dev/urandom >"$TMPDIR/big"
head -c 4194304 "$TMPDIR/big" >"$TMPDIR/big1"
tail -c +4194305 "$TMPDIR/big" >"$TMPDIR/big2"
big=$(sum "$TMPDIR/big")
ticket trustee1 "$ID" "$big" 5000000
status POST "$blobs" "$TMPDIR/ticket" >/dev/null
u=$(upload)
got="$(status PUT "elections/$ID/uploads/$u?at=4194304" "$TMPDIR/big2") $(have)"
stop "$BOARD_PID" KILL
board_start
got="$got $(status POST "$blobs" "$TMPDIR/ticket") $(have)"
got="$got $(status PUT "elections/$ID/uploads/$u?at=0" "$TMPDIR/big1") $(have)"
if [ "$got" = "200 0 200 0 200 5000000" ] && api "$blobs/$big" | cmp -s - "$TMPDIR/big"; then
	good "an upload goes on after the board was killed"
else
	bad "an upload goes on after the board was killed" "$got"
fi
curl -sS -r 4194300-4194309 "$URL/v1/$blobs/$big" >"$TMPDIR/range"
if tail -c +4194301 "$TMPDIR/big" | head -c 10 | cmp -s - "$TMPDIR/range"; then
	good "a range of a blob"
else
	bad "a range of a blob"
fi
etag=$(curl -sS -I "$URL/v1/$blobs/$big" | tr -d '\r' | sed -n 's/^etag: //Ip')
got=$(curl -sS -o /dev/null -w '%{http_code}' -H "If-None-Match: $etag" "$URL/v1/$blobs/$big")
if [ "$got" = 304 ]; then good "a blob that a cache has"; else bad "a blob that a cache has" "$got $etag"; fi

# ---- pages -----------------------------------------------------------------------------

size=$(board_size)
entries=elections/$ID/entries
api "$entries" >"$TMPDIR/lines"
for ((i = 0; i < size; i += 3)); do api "$entries?from=$i&count=3"; done >"$TMPDIR/pages"
if [ "$(wc -l <"$TMPDIR/lines")" = "$size" ] && cmp -s "$TMPDIR/lines" "$TMPDIR/pages"; then
	good "pages of three are the whole"
else
	bad "pages of three are the whole"
fi
if [ -z "$(api "$entries?from=$size")$(api "$entries?from=999999")$(api "$entries?from=0&count=0")" ]; then
	good "nothing behind the end"
else
	bad "nothing behind the end"
fi
for query in count=4097 from=-1 from=x wait=26 from=0x1 count=; do
	answers "entries?$query" 400 BAD_REQUEST GET "$entries?$query"
done
# header NAME QUERY
header() { curl -sS -D - -o /dev/null "$URL/v1/$entries?$2" | tr -d '\r' | sed -n "s/^$1: //Ip"; }
case $(header cache-control 'from=0&count=3')/$(header cache-control "from=$((size - 1))&count=3") in
*immutable*/no-store) good "a full page is for ever, one that may grow is not" ;;
*) bad "a full page is for ever, one that may grow is not" "$(header cache-control 'from=0&count=3')" ;;
esac
etag=$(header etag 'from=0&count=3')
got=$(curl -sS -o /dev/null -w '%{http_code}' -H "If-None-Match: $etag" "$URL/v1/$entries?from=0&count=3")
if [ -n "$etag" ] && [ "$got" = 304 ]; then good "a page that a cache has"; else bad "a page that a cache has" "$got $etag"; fi

# A follower waits; the next record ends its waiting.
api "$entries?from=$size&wait=25" >"$TMPDIR/followed" &
follower=$!
run organiser open
wait "$follower"
if [ "$(jq -r '.record.body | keys[0]' "$TMPDIR/followed")" = open ]; then
	good "a follower gets the next entry"
else
	bad "a follower gets the next entry" "$(cat "$TMPDIR/followed")"
fi
run organiser open-item all

# ---- what the board counts -------------------------------------------------------------------
curl -sS --max-time "$LONG" "$URL/metrics" >"$TMPDIR/metrics"
if python3 - "$TMPDIR/metrics" <<'END'
import re, sys
kinds, values, helped = {}, {}, set()
for line in open(sys.argv[1]):
    line = line.rstrip("\n")
    if line.startswith("# HELP "):
        helped.add(line.split(" ", 3)[2])
        assert len(line.split(" ", 3)[3]) > 5, line
    elif line.startswith("# TYPE "):
        _, _, name, kind = line.split(" ")
        assert name in helped and name not in kinds and kind in ("counter", "gauge", "histogram"), line
        kinds[name] = kind
    else:
        m = re.fullmatch(r'(tabella_[a-z_]+)(\{[a-z]+="[A-Za-z0-9_.+]+"\})? ([0-9.]+)', line)
        assert m, line
        base = re.sub(r"_(bucket|sum|count)$", "", m[1])
        assert m[1] in kinds or kinds.get(base) == "histogram", line
        assert m[1] + (m[2] or "") not in values, line
        values[m[1] + (m[2] or "")] = float(m[3])
assert values["tabella_elections"] == 2
assert values["tabella_batches_total"] > 0
assert values["tabella_records_stored_total"] >= values["tabella_batches_total"]
assert values["tabella_commit_seconds_count"] == values["tabella_batches_total"]
assert values['tabella_commit_seconds_bucket{le="+Inf"}'] == values["tabella_batches_total"]
assert values["tabella_record_seconds_count"] == values["tabella_records_stored_total"]
assert values["tabella_records_verified_total"] > 0 and values["tabella_requests_total"] > 0
assert values['tabella_queue_records{queue="append"}'] == 0
buckets = [v for k, v in values.items() if k.startswith("tabella_commit_seconds_bucket")]
assert buckets == sorted(buckets) and len(buckets) == 14
END
then good "metrics"; else bad "metrics"; fi

# ---- ballots -----------------------------------------------------------------------------

# Prepare ballots: cast them all through the proxy, which keeps them, on a board whose
# data are then put back to what they were before.
for i in 1 2 3; do stop "${TRUSTEE[i]}"; done
stop "$BOARD_PID"
cp -a "$TMPDIR/board" "$TMPDIR/before"
board_start
proxy_start
mkdir "$TMPDIR/ballots" "$TMPDIR/receipts"
rules "keep $TMPDIR/ballots POST .* ballot"
(umask 077 && sed -n 's/^"V\([0-9]*\)",1,\(.*\)/\2,\1,/p' "$TMPDIR/codes1.csv" |
    awk -F, '{ print $1 "," $2 % 3 + 1 "," ($2 % 2 ? "" : "2>1=4") }' >"$TMPDIR/batch.csv")
run "$TABELLA" vote batch --dir "$TMPDIR/batch" --board "$AT" --election "$ID" "$TMPDIR/batch.csv"
AT=
rules
stop "$BOARD_PID"
rm -rf "$TMPDIR/board" && mv "$TMPDIR/before" "$TMPDIR/board"
board_start
mapfile -t BALLOT < <(find "$TMPDIR/ballots" -type f -printf '%f\n' | sort)
[ "${#BALLOT[@]}" = "$VOTERS" ] || fatal "there are ${#BALLOT[@]} ballots, not $VOTERS"

before=$(board_size)
for ((i = 0; i < 50; i++)); do cast "${BALLOT[0]}" "same.$i" & done
wait_posts
if [ "$(sum "$TMPDIR"/receipts/same.* | sort -u | wc -l)" = 1 ] &&
    [ "$(find "$TMPDIR/receipts" -name 'same.*' | wc -l)" = 50 ] && [ "$(board_size)" = $((before + 1)) ]; then
	good "a ballot 50 times at once is one entry and one receipt"
else
	bad "a ballot 50 times at once is one entry and one receipt" "$(cat "$TMPDIR/refused" 2>/dev/null)"
fi
cp "$TMPDIR/receipts/same.0" "$TMPDIR/receipts/${BALLOT[0]}"
rm "$TMPDIR"/receipts/same.*

# under_load SIGNAL FROM TO: post these ballots; in the middle stop the board and start it.
under_load() {
	local i
	for ((i = $2; i < $3; i++)); do cast "${BALLOT[i]}" & done
	wait_for "$LONG" some_receipt "$2" "$3"
	stop "$BOARD_PID" "$1"
	board_start
	wait_posts
}
some_receipt() {
	local i
	for ((i = $1; i < $2; i++)); do [ ! -s "$TMPDIR/receipts/${BALLOT[i]}" ] || return 0; done
	return 1
}
under_load TERM 1 6
under_load KILL 6 11
under_load KILL 11 "$VOTERS"
if [ ! -e "$TMPDIR/refused" ] && [ "$(find "$TMPDIR/receipts" -type f | wc -l)" = "$VOTERS" ] &&
    [ "$(board_size)" = $((before + VOTERS)) ]; then
	good "every ballot stands once although the board was stopped and killed"
else
	bad "every ballot stands once although the board was stopped and killed" \
	    "$(cat "$TMPDIR/refused" 2>/dev/null) $(board_size) entries"
fi
same=0
for hash in "${BALLOT[@]}"; do
	tracker=$(jq -r .entry "$TMPDIR/receipts/$hash" | jq -cS .record.body | tr -d '\n' >"$TMPDIR/body"
		{ printf 'tabella/1 tracker\0' && cat "$TMPDIR/body"; } | sum)
	cast "$hash" again
	api "elections/$ID/records/$hash" >"$TMPDIR/by-hash"
	api "elections/$ID/trackers/$tracker" >"$TMPDIR/by-tracker"
	for file in "$TMPDIR/receipts/again" "$TMPDIR/by-hash" "$TMPDIR/by-tracker"; do
		cmp -s "$file" "$TMPDIR/receipts/$hash" && same=$((same + 1))
	done
done
if [ "$same" = $((VOTERS * 3)) ]; then
	good "receipts never change: posted again, by record hash, by tracker"
else
	bad "receipts never change: posted again, by record hash, by tracker" "$same of $((VOTERS * 3))"
fi
answers "a receipt of nothing" 404 NOT_FOUND GET "elections/$ID/records/$small"
answers "a tracker of nothing" 404 NOT_FOUND GET "elections/$ID/trackers/$small"

# ---- proofs ------------------------------------------------------------------------------

expect "every proof between any two sizes" 0 python3 "$TOP_SRCDIR/tests/paths.py" "$URL" "$ID"
size=$(board_size)
for query in "proof?seq=5&size=5" "proof?seq=0&size=$((size + 1))" "consistency?from=6&to=5" \
    "consistency?from=1&to=$((size + 1))"; do
	answers "$query" 404 NOT_FOUND GET "elections/$ID/$query"
done
answers "proof?seq=1" 400 BAD_REQUEST GET "elections/$ID/proof?seq=1"

# ---- what nothing names is dropped after a day ----------------------------------------------

api "$blobs/$big" >/dev/null || bad "the blob is still there"
"${AS_POSTGRES[@]}" "$PG_BIN/psql" -q -h "$TMPDIR/board/database/socket" -U tabella_owner tabella \
    -c "UPDATE tabella.blob SET made = made - interval '25 hours'" >"$TMPDIR/out" 2>&1 ||
    bad "time does not pass" "$(cat "$TMPDIR/out")"
stop "$BOARD_PID"
board_start
gone() { [ "$(status GET "$blobs/$big")" = 404 ]; }
if wait_for "$LONG" gone && [ "$(status GET "$blobs/$small")" = 404 ]; then
	good "blobs that nothing names are dropped"
else
	bad "blobs that nothing names are dropped"
fi
roll=$(hex "$(records | jq -r '.body.roll.blob // empty')")
if api "$blobs/$roll" | head -c 1 | grep -q '{'; then good "those of records stay"; else bad "those of records stay"; fi

stop "$BOARD_PID"
expect "the whole store is valid" 0 "${AS_POSTGRES[@]}" "$TABELLAD" --data "$TMPDIR/board" --check
if [ "$(grep -c 'all valid' "$TMPDIR/out")" = 2 ]; then good "both elections"; else bad "both elections"; fi
finish
