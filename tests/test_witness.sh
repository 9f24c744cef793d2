#!/bin/bash
# test_witness: three witnesses of a board, two of whom are a quorum: their HTTP, what they keep,
# receipts and trustees that wait for them, a board that goes back or shows two histories.
. "${TOP_SRCDIR:-.}/tests/lib.sh"
. "$TOP_SRCDIR/tests/elect.sh"

need_server
keys organiser organiser
keys registrar registrar1
keys trustee trustee1 trustee2 trustee3
witnesses 3
board_start
define "$WITNESSES \"late_items\": 1," 3 1
answers "no head is co-signed yet" 404 NOT_FOUND GET "elections/$ID/witnessed"
for i in 1 2 3; do witness_start "$i"; done
board_with_witnesses
if wait_for "$LONG" all_witnessed; then good "the witnesses co-sign"; else bad "the witnesses co-sign"; fi

item Colour plurality red green blue
register Ann Bob Cid
codes 1 1
for name in Ann Bob Cid; do code_file "$name"; done
run organiser roll "$TMPDIR/part1.json"
run registrar 1 approve "$TMPDIR/part1.json"
for i in 1 2 3; do trustee_start "$i"; done
wait_for "$LONG" state '.key == "done"' || fatal "no key"
run organiser open
run organiser open-item all

# ---- the interface -----------------------------------------------------------------------

wait_for "$LONG" all_witnessed || bad "the witnesses keep up"
api "elections/$ID/checkpoint" >"$TMPDIR/head"
# add FILE [N]: the status of an add-checkpoint; the answer is in $TMPDIR/answer.
add() {
	curl -sS --max-time "$LONG" -o "$TMPDIR/answer" -D "$TMPDIR/answer.head" -w '%{http_code}' \
	    --data-binary "@$1" "${WITNESS_URL[${2:-1}]}/add-checkpoint"
}
# shows NAME STATUS OLD HEAD [PROOF...]
shows() {
	local name=$1 want=$2 old=$3 head=$4 got
	shift 4
	{
		printf 'old %s\n' "$old"
		[ $# -eq 0 ] || printf '%s\n' "$@"
		echo
		cat "$head"
	} >"$TMPDIR/request"
	got=$(add "$TMPDIR/request")
	if [ "$got" = "$want" ]; then good "$name"; else bad "$name" "$got: $(cat "$TMPDIR/answer")"; fi
}
size=$(board_size)
shows "the same head once more" 200 "$size" "$TMPDIR/head"
if grep -q '^— witness.test/1 ' "$TMPDIR/answer"; then good "it answers a line"; else bad "it answers a line"; fi
shows "another old size" 409 0 "$TMPDIR/head"
if [ "$(cat "$TMPDIR/answer")" = "$size" ] && grep -qi '^content-type: text/x.tlog.size' "$TMPDIR/answer.head"; then
	good "it says which size it has"
else
	bad "it says which size it has" "$(cat "$TMPDIR/answer" "$TMPDIR/answer.head")"
fi
shows "an old size above the head" 400 $((size + 1)) "$TMPDIR/head"
shows "a proof too many" 422 "$size" "$TMPDIR/head" "$(head -c 32 /dev/zero | base64)"
shows "a number with a zero before it" 400 "0$size" "$TMPDIR/head"
shows "a proof that is no base64" 400 "$size" "$TMPDIR/head" "???"
sed '1s/.*/another.board\/00/' "$TMPDIR/head" >"$TMPDIR/other"
shows "another board" 404 0 "$TMPDIR/other"
sed '2s/.*/1/' "$TMPDIR/head" >"$TMPDIR/other"
shows "a head that the board has not signed" 403 0 "$TMPDIR/other"
head -n 5 "$TMPDIR/head" >"$TMPDIR/other"
shows "a head without the board's cosignature" 403 "$size" "$TMPDIR/other"
head -c 40000 /dev/zero | tr '\0' a >"$TMPDIR/request"
if [ "$(add "$TMPDIR/request")" = 413 ]; then good "a huge request"; else bad "a huge request"; fi
if [ "$(curl -sS -o "$TMPDIR/answer" -w '%{http_code}' "${WITNESS_URL[1]}/checkpoint")" = 200 ] &&
    [ "$(sed -n 2p "$TMPDIR/answer")" = "$size" ]; then
	good "it shows its last head"
else
	bad "it shows its last head"
fi

# The board as it is now, for later.
stop "$BOARD_PID"
cp -a "$TMPDIR/board" "$TMPDIR/old"
board_start

# ---- votes ---------------------------------------------------------------------------------

expect "a vote with all witnesses" 0 vote Ann --choice 1=1 --yes
receipt=$(ls "$TMPDIR"/Ann/receipts/*.json)
# Somebody who has this receipt, and no copy of the board.
mkdir "$TMPDIR/Zoe"
cp -r "$TMPDIR/Ann/receipts" "$TMPDIR/Ann/workspace.json" "$TMPDIR/Ann/sent.ndjson" "$TMPDIR/Zoe/"
lines_of() { jq -r .checkpoint "$1" | grep -c '^— witness.test/'; }
if [ "$(lines_of "$receipt")" -ge 2 ]; then good "its receipt has the quorum"; else bad "its receipt has the quorum"; fi
# In place of the third one a liar, who says that it has co-signed more than there is.
stop "${WITNESS[3]}"
cat >"$TMPDIR/liar.py" <<-'END'
	import http.server, sys
	class Liar(http.server.BaseHTTPRequestHandler):
	    def do_POST(self):
	        self.rfile.read(int(self.headers["Content-Length"]))
	        self.send_response(409)
	        self.end_headers()
	        self.wfile.write(b"9007199254740991\n")
	host, port = sys.argv[1].rsplit(":", 1)
	http.server.HTTPServer((host, int(port)), Liar).serve_forever()
END
start "$TMPDIR/liar.log" python3 "$TMPDIR/liar.py" "${WITNESS_AT[3]}"
liar=$PID
wait_for "$LONG" curl -sS -d x "${WITNESS_URL[3]}" || fatal "the liar did not start"
expect "a vote with two witnesses" 0 vote Bob --choice 1=2 --yes
if wait_for "$LONG" grep -q "witness.test/3: names heads that it cannot have co-signed" "$TMPDIR/board.log"; then
	good "a witness that lies is named"
else
	bad "a witness that lies is named"
fi
stop "$liar"
expect "the check of a receipt" 0 "$TABELLA" vote check --dir "$TMPDIR/Bob"

# A board that is started again has what it had, with all its witnesses away; killed too.
wait_for "$LONG" all_witnessed || bad "the witnesses keep up"
stop "${WITNESS[1]}"
stop "${WITNESS[2]}"
before=$(witnessed)
stop "$BOARD_PID"
board_start
if [ "$before" -gt 0 ] && [ "$(witnessed)" = "$before" ]; then
	good "co-signed heads outlive the board"
else
	bad "co-signed heads outlive the board" "$before $(witnessed)"
fi
expect "so the receipt counts" 0 "$TABELLA" vote check --dir "$TMPDIR/Bob"
stop "$BOARD_PID" KILL
board_start
if [ "$(witnessed)" = "$before" ]; then good "and a crash"; else bad "and a crash" "$before $(witnessed)"; fi
# What does not hold is not shown.
stop "$BOARD_PID"
sed -i '2s/.*/1/' "$TMPDIR/board/witnessed/$ID"
board_start
answers "a damaged one is not shown" 404 NOT_FOUND GET "elections/$ID/witnessed"
witness_start 1
witness_start 2
if wait_for "$LONG" all_witnessed; then good "it is asked for again"; else bad "it is asked for again"; fi

# Below the quorum the ballot is taken, and the receipt does not count yet.
stop "${WITNESS[2]}"
start "$TMPDIR/cid.log" "$TABELLA" vote --dir "$TMPDIR/Cid" --board "$URL" --election "$ID" \
    --code-file "$TMPDIR/Cid.code" --choice 1=2 --yes
cid=$PID
cid_has_receipt() { compgen -G "$TMPDIR/Cid/receipts/*.json"; }
wait_for "$LONG" cid_has_receipt || fatal "Cid has no receipt" "$(cat "$TMPDIR/cid.log")"
stop "$cid"
refused "a receipt that the witnesses have not seen" 1 NO_QUORUM "$TABELLA" vote check --dir "$TMPDIR/Cid"
if [ "$(lines_of "$TMPDIR"/Cid/receipts/*.json)" -eq 0 ]; then good "it has no lines"; else bad "it has no lines"; fi

# ---- trustees wait -----------------------------------------------------------------------------

run organiser close 1
wait_for "$LONG" grep -q NO_QUORUM "$TMPDIR/trustee1.log" || bad "a trustee says what it waits for"
if state '.items[0].ready == 0' >/dev/null; then good "trustees wait for the witnesses"; else bad "trustees wait for the witnesses"; fi
kill -KILL "${WITNESS[1]}"
witness_start 1
witness_start 2
wait_for "$LONG" all_witnessed || bad "the quorum is back"
expect "then the receipt counts" 0 "$TABELLA" vote check --dir "$TMPDIR/Cid"
if [ "$(lines_of "$TMPDIR"/Cid/receipts/*.json)" -ge 2 ]; then good "it has its lines"; else bad "it has its lines"; fi
witness_start 3
third_signs() { api "elections/$ID/witnessed" | grep '^— witness.test/3 '; }
if wait_for "$LONG" third_signs; then good "the third one is asked again"; else bad "the third one is asked again"; fi
wait_for "$LONG" state '.items[0].decryptions >= 2' || bad "the trustees go on"
run organiser result all
expect "the archive has the quorum" 0 "$TABELLA" verify "$URL" --election "$ID" --save "$TMPDIR/archive"
if grep -q '^— witness.test/' "$TMPDIR/archive/checkpoint"; then good "its checkpoint is co-signed"; else bad "its checkpoint is co-signed"; fi
sed -i '/^— witness/d' "$TMPDIR/archive/checkpoint"
refused "without the lines it is not verified" 1 NO_QUORUM "$TABELLA" verify "$TMPDIR/archive" --election "$ID"
for i in 1 2 3; do stop "${TRUSTEE[i]}"; done

# ---- an observer ------------------------------------------------------------------------------------

watch() { "$TABELLA" watch --dir "$TMPDIR/observer" --board "${AT:-$URL}" --election "$ID" "$@"; }
expect "an observer" 0 watch --once
expect "an observer to the end" 0 watch --until-done

# ---- a board that goes back --------------------------------------------------------------------------

stop "$BOARD_PID"
goes_back() {
	"${AS_POSTGRES[@]}" "$TABELLAD" --data "$TMPDIR/old" --listen 127.0.0.1:0 --name "$BOARD_NAME" \
	    --organiser "$(cat "$TMPDIR/organiser.pub")" "${BOARD_OPTIONS[@]}"
}
refused "an older database is not served" 1 ROLLBACK goes_back

# Nobody asks the witnesses: a second history, up to the size of the first.
BOARD=old
kept=$TMPDIR/head.true
api_of() { curl -sS -f --max-time "$LONG" "${WITNESS_URL[$1]}/checkpoint"; }
api_of 1 >"$kept"
BOARD_OPTIONS=()
ADDRESS=127.0.0.1:0
board_start
size=$(sed -n 2p "$kept")
api "elections/$ID/checkpoint" >"$TMPDIR/head"
shows "a shorter head" 409 "$(sed -n 2p "$TMPDIR/head")" "$TMPDIR/head"
observe() {
	"$TABELLA" watch --dir "$TMPDIR/observer" --board "$URL" --election "$ID" --once
}
# evidence FILE: it convicts the board, and of what.
evidence() {
	"$TABELLA" verify evidence "$1" --election "$ID" >"$TMPDIR/verdict" 2>&1 &&
	    grep -q "^CONVICTED ($2): the board $BOARD_NAME" "$TMPDIR/verdict"
}
refused "an observer is not taken back" 1 ROLLBACK observe
if grep -q 'does not convict' "$TMPDIR/out"; then good "an old head convicts nobody"; else bad "an old head convicts nobody"; fi
cp -r "$TMPDIR/organiser" "$TMPDIR/organiser.fork"
rm -rf "$TMPDIR/organiser.fork/mirror"
POLL=.fork
more() {
	jq -n --arg title "More $(board_size)" '{title: $title, choice: "plurality", options: ["a", "b"]}' >"$TMPDIR/item.json"
	run organiser item --board "$URL" "$TMPDIR/item.json"
}
more
got=0
observe >"$TMPDIR/out" 2>&1 || got=$?
if [ "$got" -eq 1 ] && evidence "$TMPDIR/observer/mirror/evidence-E3.json" E3; then
	good "a shorter history that was signed later convicts the board"
else
	bad "a shorter history that was signed later convicts the board" "$got $(cat "$TMPDIR/out" "$TMPDIR/verdict")"
fi
while [ "$(board_size)" -lt "$size" ]; do more; done
refused "an observer sees another history of the same length" 1 EQUIVOCATION observe
if evidence "$TMPDIR/observer/mirror/evidence-E1.json" E1; then
	good "two histories of one length convict the board"
else
	bad "two histories of one length convict the board" "$(cat "$TMPDIR/out" "$TMPDIR/verdict")"
fi
api "elections/$ID/checkpoint" >"$TMPDIR/head"
shows "another head of the same size" 409 "$size" "$TMPDIR/head"
if evidence "$TMPDIR/witness1/evidence-heads.json" E1; then
	good "the witness has evidence too"
else
	bad "the witness has evidence too" "$(cat "$TMPDIR/verdict")"
fi
more
refused "an observer sees entries that do not continue" 1 EQUIVOCATION observe
if evidence "$TMPDIR/observer/mirror/evidence-E2.json" E2; then
	good "a history that was rewritten convicts the board"
else
	bad "a history that was rewritten convicts the board" "$(cat "$TMPDIR/out" "$TMPDIR/verdict")"
fi
expect "evidence against another election" 1 "$TABELLA" verify evidence \
    "$TMPDIR/observer/mirror/evidence-E2.json" --election "${ID//[0-7]/8}"
expect "no evidence" 1 "$TABELLA" verify evidence "$receipt"
"$TABELLA" verify evidence "$TMPDIR/observer/mirror/evidence-E2.json" --json 2>/dev/null >"$TMPDIR/verdict"
if jq -e '.convicts and .kind == "E2"' "$TMPDIR/verdict" >/dev/null; then good "as JSON"; else bad "as JSON"; fi
refused "a receipt that is not honoured" 1 MISSING_ENTRY "$TABELLA" vote check --dir "$TMPDIR/Zoe" --board "$URL"
if evidence "$TMPDIR/Zoe/mirror/evidence-E4.json" E4; then
	good "a receipt that is not honoured convicts the board"
else
	bad "a receipt that is not honoured convicts the board" "$(cat "$TMPDIR/out" "$TMPDIR/verdict")"
fi
# The same for whoever has the receipt and nothing else; in the folder where they are.
mkdir "$TMPDIR/third"
in_third() { (cd "$TMPDIR/third" && "$TABELLA" "$@"); }
refused "a receipt that is not honoured, without a copy" 1 MISSING_ENTRY \
    in_third verify receipt "$receipt" --board "$URL" --election "$ID"
if evidence "$TMPDIR/third/evidence-E4.json" E4; then
	good "it convicts the board too"
else
	bad "it convicts the board too" "$(cat "$TMPDIR/out" "$TMPDIR/verdict")"
fi
python3 "$TOP_SRCDIR/tests/stub_board.py" receipt "$TMPDIR/archive/entries.ndjson" \
    "$TMPDIR/archive/checkpoint" 0 >"$TMPDIR/receipt0"
refused "a receipt under a head of another history" 1 EQUIVOCATION \
    in_third verify receipt "$TMPDIR/receipt0" --board "$URL" --election "$ID"
if evidence "$TMPDIR/third/evidence-E2.json" E2; then
	good "that convicts it as well"
else
	bad "that convicts it as well" "$(cat "$TMPDIR/out" "$TMPDIR/verdict")"
fi
api "elections/$ID/checkpoint" >"$TMPDIR/head"
proof() { api "elections/$ID/consistency?from=$1&to=$2" | jq -r '.path[]' | while read -r h; do python3 -c 'import base64, sys
print(base64.b64encode(base64.urlsafe_b64decode(sys.argv[1] + "==")).decode())' "$h"; done; }
mapfile -t path < <(proof "$size" "$((size + 1))")
shows "a head that continues another history" 422 "$size" "$TMPDIR/head" "${path[@]}"
if [ "$(api_of 1 | head -n 3)" = "$(head -n 3 "$kept")" ]; then good "nothing of it was co-signed"; else bad "nothing of it was co-signed"; fi

# ---- an entry that breaks the rules ---------------------------------------------------------

# The board with a ballot behind the end of voting.
BOARD=board
stop "$BOARD_PID"
POLL=
ADDRESS=127.0.0.1:0
board_start
proxy_start
{
	lines
	lines | jq -cS 'select(.record.body.ballot) | .record' | head -n 1
} | chain
lie
AT=$(cat "$PROXY/address")
refused "an entry that breaks the rules" 1 LATE_BALLOT "$TABELLA" watch --dir "$TMPDIR/second" --board "$AT" \
    --election "$ID" --once
if evidence "$TMPDIR/second/mirror/evidence-E5.json" E5; then
	good "an invalid entry convicts the board"
else
	bad "an invalid entry convicts the board" "$(cat "$TMPDIR/out" "$TMPDIR/verdict")"
fi
refused "the same for who verifies it once" 1 LATE_BALLOT in_third verify "$AT" --election "$ID"
if evidence "$TMPDIR/third/evidence-E5.json" E5; then
	good "that convicts the board, too"
else
	bad "that convicts the board, too" "$(cat "$TMPDIR/out" "$TMPDIR/verdict")"
fi
finish
