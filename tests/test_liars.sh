#!/bin/bash
# test_liars: a board that lies to voters, registrars who mix people up, thieves of codes, and what
# a voter's client makes of it. The lies go through proxy.py; where the board would sign them, they
# are signed with its key, and where the organiser would, with the organiser's.
. "${TOP_SRCDIR:-.}/tests/lib.sh"
. "$TOP_SRCDIR/tests/elect.sh"

need_server
keys organiser organiser
keys registrar registrar1
keys trustee trustee1 trustee2 trustee3
board_start
define '"late_items": 1,' 3 1
for i in 1 2 3; do trustee_start "$i"; done
register Ann Bob Cid Dee Eli Fay Gus
# The first codes are those that people have; Gus is on the roll with another one.
codes 1 1
for name in Ann Bob Cid Dee Eli Fay Gus; do code_file "$name"; done
mv "$TMPDIR/codes1.csv" "$TMPDIR/first.csv"
mv "$TMPDIR/part1.json" "$TMPDIR/first.json"
codes 1 1
jq -c --slurpfile second "$TMPDIR/part1.json" '.lines |= [.[] | if .name == "Gus" then
    ($second[0].lines[] | select(.name == "Gus")) else . end]' "$TMPDIR/first.json" >"$TMPDIR/mixed.json"
# Flo and Hal have keys of their own; Hal's is not the one on the roll.
for name in Flo Hal Hal2; do
	run "$TABELLA" vote key --dir "$TMPDIR/$name" --board "$URL" --election "$ID" --name "${name%2}" \
	    --no-passphrase
done
printf 'name\nFlo\nHal\n' >"$TMPDIR/own.csv"
run registrar 1 attest --register "$TMPDIR/own.csv" --out "$TMPDIR/own.json" \
    "$TMPDIR/Flo/request.json" "$TMPDIR/Hal2/request.json"
run organiser roll "$TMPDIR/mixed.json" "$TMPDIR/own.json"
refused "the registrar finds Gus's other key" 1 BAD_ROLL registrar 1 approve "$TMPDIR/first.json" \
    "$TMPDIR/own.json"
run registrar 1 approve "$TMPDIR/mixed.json" "$TMPDIR/own.json"
wait_for "$LONG" state '.key == "done"' || fatal "no key"
for i in 1 2 3; do stop "${TRUSTEE[i]}"; done
item Colour plurality red green blue
item Order ranking a b c
run organiser open
run organiser open-item all
lines >"$TMPDIR/honest"
proxy_start
PROXY_AT=$AT
AT=
unchanged() {
	if [ "$(board_size)" = "$1" ]; then good "$2"; else bad "$2" "$1 entries, now $(board_size)"; fi
}
own() { "$TABELLA" vote --dir "$TMPDIR/$1" --credential "$TMPDIR/$1/credential.key" "${@:2}"; }

# ---- whose key is it -------------------------------------------------------------------

before=$(board_size)
refused "another key beside my name" 1 KEY_NOT_MINE vote Gus --name Gus --choice 1=1 --yes
refused "a credential that is nobody's" 1 NOT_ON_ROLL vote Gus --choice 1=1 --yes
refused "a name that is nowhere" 1 NOT_ON_ROLL vote Gus --name Zoe --choice 1=1 --yes
refused "another's line" 1 KEY_NOT_MINE vote Bob --name Ann --choice 1=1 --yes
refused "an own key that is not on the roll, but the name is" 1 KEY_NOT_MINE own Hal --choice 1=1 --yes
unchanged "$before" "nothing was sent"
expect "my own name" 0 vote Bob --name Bob --choice 1=1 --yes
expect "my own key" 0 own Flo --choice 1=1 --yes

# ---- receipts ----------------------------------------------------------------------------

AT=$PROXY_AT
expect "Ann votes" 0 vote Ann --choice 1=1 --choice '2=1>2' --yes
cp "$TMPDIR"/Ann/receipts/*.json "$TMPDIR/ann.json"
rules "answer $TMPDIR/ann.json ^POST .*/records ballot"
before=$(board_size)
refused "the receipt of another ballot" 1 RECEIPT_NOT_MINE vote Cid --choice 1=1 --yes
jq -c '.checkpoint |= sub("test.board"; "best.board")' "$TMPDIR/ann.json" | tr -d '\n' >"$TMPDIR/other.json"
rules "answer $TMPDIR/other.json ^POST .*/records ballot"
refused "a receipt of another board" 1 BAD_CHECKPOINT vote Cid --choice 1=1 --yes
head -c 300 "$TMPDIR/ann.json" >"$TMPDIR/other.json"
rules "answer $TMPDIR/other.json ^POST .*/records ballot"
refused "half a receipt" 1 BAD_ENCODING vote Cid --choice 1=1 --yes
unchanged "$before" "these ballots were not stored"
if [ ! -d "$TMPDIR/Cid/receipts" ]; then good "no such receipt is kept"; else bad "no such receipt is kept"; fi
rules
expect "Cid votes again" 0 vote Cid --choice 1=2 --yes
if grep -q 'sent last time without an answer' "$TMPDIR/out"; then
	good "what was not acknowledged is sent first, and said so"
else
	bad "what was not acknowledged is sent first, and said so" "$(cat "$TMPDIR/out")"
fi
unchanged $((before + 2)) "both stand"

# A receipt for a ballot that is never stored: signed by the board, with a good proof.
rules 'hold - ^POST .*/records ballot'
start "$TMPDIR/dee.log" "$TABELLA" vote --dir "$TMPDIR/Dee" --board "$AT" --election "$ID" \
    --code-file "$TMPDIR/Dee.code" --choice 1=3 --yes
wait_for "$LONG" held || fatal "Dee does not vote"
stop "$PID" KILL
rules
{ lines && sed -n '/./p' "$TMPDIR/Dee/sent.ndjson"; } | chain
scribe receipt "$TMPDIR/lie/board.key" "$BOARD_NAME" "$ID" "$TMPDIR/lie" "$(board_size)" >"$TMPDIR/never.json"
before=$(board_size)
lie "answer $TMPDIR/never.json ^POST .*/records"
refused "Dee's ballot is sent again" 1 BAD_CHOICE vote Dee --choice 2=9 --yes
if grep -q 'is on the board' "$TMPDIR/out"; then good "and Dee believes the receipt"; else bad "and Dee believes the receipt"; fi
unchanged "$before" "but nothing was stored"
rules
rm -rf "$TMPDIR/Dee/mirror"
refused "the check finds it out" 1 MISSING_ENTRY "$TABELLA" vote check --dir "$TMPDIR/Dee" --board "$URL"
if grep -q "Keep $TMPDIR/Dee/receipts/.*evidence" "$TMPDIR/out"; then
	good "the receipt is named as evidence"
else
	bad "the receipt is named as evidence" "$(cat "$TMPDIR/out")"
fi

# A ballot that was stored is dropped: all is chained and signed anew without it.
expect "Ann's receipt holds" 0 "$TABELLA" vote check --dir "$TMPDIR/Ann" --board "$AT"
ann=$(jq -r .entry "$TMPDIR/ann.json")
{
	lines | grep -vxF "$ann"
	# Another one in its place, so that the board is no shorter.
	sed -n '/./p' "$TMPDIR/Dee/sent.ndjson"
} | chain
lie
refused "history is not what it was" 1 EQUIVOCATION "$TABELLA" vote check --dir "$TMPDIR/Ann"
if [ -s "$TMPDIR/Ann/mirror/checkpoint" ] && [ -s "$TMPDIR/Ann/mirror/checkpoint.contradiction" ]; then
	good "both heads are kept"
else
	bad "both heads are kept"
fi
cp -r "$TMPDIR/Ann" "$TMPDIR/Ann2"
rm -rf "$TMPDIR/Ann2/mirror"
refused "who has seen nothing else misses the entry" 1 MISSING_ENTRY "$TABELLA" vote check --dir "$TMPDIR/Ann2"
# The board goes back to before the ballot.
head -n 20 "$TMPDIR/honest" | chain
lie
refused "a shorter history" 1 ROLLBACK "$TABELLA" vote check --dir "$TMPDIR/Ann"
# Her copy of the entries is lost, the head that agreed with it is not.
cp -r "$TMPDIR/Ann" "$TMPDIR/Ann3"
: >"$TMPDIR/Ann3/mirror/entries.ndjson"
refused "a shorter history, who has only the head" 1 ROLLBACK "$TABELLA" vote check --dir "$TMPDIR/Ann3"
# A head for more than is shown.
lines | chain
head -n 15 "$TMPDIR/lie/entries.ndjson" >"$TMPDIR/few"
rules "lines $TMPDIR/few ^GET .*/entries" "answer $TMPDIR/lie/checkpoint ^GET .*/checkpoint"
refused "entries are held back" 1 MISSING_ENTRY "$TABELLA" vote --dir "$TMPDIR/fresh1" --board "$AT" \
    --election "$ID" --code-file "$TMPDIR/Eli.code" --choice 1=1 --yes
rules
jq -r .checkpoint "$TMPDIR/ann.json" | sed 's/^[0-9][0-9]*$/9/' >"$TMPDIR/head"
rules "answer $TMPDIR/head ^GET .*/checkpoint"
refused "a head that nobody signed" 1 BAD_CHECKPOINT "$TABELLA" vote --dir "$TMPDIR/fresh2" --board "$AT" \
    --election "$ID" --code-file "$TMPDIR/Eli.code" --choice 1=1 --yes
rules
expect "all is well with the honest board" 0 "$TABELLA" vote check --dir "$TMPDIR/Ann"

# ---- another election, another question, another key -------------------------------------------

# eli NAME REASON: Eli would vote, in a fresh folder, and nothing is sent.
tries=0
eli() {
	tries=$((tries + 1))
	refused "$1" 1 "$2" "$TABELLA" vote --dir "$TMPDIR/eli.$tries" --board "$AT" --election "$ID" \
	    --code-file "$TMPDIR/Eli.code" --choice 1=1 --yes
}
before=$(board_size)
POLL=.other
FIRST=$ID
AT=
define "" 3 1
OTHER=$ID
POLL=
ID=$FIRST
AT=$PROXY_AT
api "elections/$OTHER/entries" >"$TMPDIR/few"
rules "lines $TMPDIR/few ^GET .*/entries"
eli "another election under this id" WRONG_ELECTION
sed 's/"Colour"/"Color"/' "$TMPDIR/honest" | chain
lie
eli "a question that the organiser did not sign" BAD_SIGNATURE
# The organiser is in it: the last item with another text, and all of the organiser's after it.
# fork FILTER KEY: the second item changed by FILTER; y as in KEY, or the true one.
n=$(grep -n '"item":{.*"id":2' "$TMPDIR/honest" | cut -d : -f 1)
fork() {
	local item open prev
	head -n $((n - 1)) "$TMPDIR/honest" >"$TMPDIR/fork"
	item=$(sed -n "${n}p" "$TMPDIR/honest" | jq -cS ".record.body | $1" | sign organiser)
	echo "$item" >>"$TMPDIR/fork"
	prev=$(record_hash <<<"$item")
	open=$(sed -n "$((n + 1))p" "$TMPDIR/honest" | jq -cS --arg prev "$prev" --arg y "$2" \
	    '.record.body | .open.prev = $prev | if $y != "" then .open.key = $y else . end' | sign organiser)
	echo "$open" >>"$TMPDIR/fork"
	prev=$(record_hash <<<"$open")
	open=$(sed -n "$((n + 2))p" "$TMPDIR/honest" | jq -cS --arg prev "$prev" \
	    '.record.body | .["open-item"].prev = $prev' | sign organiser)
	echo "$open" >>"$TMPDIR/fork"
	prev=$(record_hash <<<"$open")
	sed -n "$((n + 3))p" "$TMPDIR/honest" | jq -cS --arg prev "$prev" --arg hash \
	    "$(jq -cS .body <<<"$item" | label_hash 'tabella/1 item')" \
	    '.record.body | .["open-item"].prev = $prev | .["open-item"].hash = $hash' | sign organiser >>"$TMPDIR/fork"
	chain <"$TMPDIR/fork"
	lie
}
fork . "$(jq -r '.record.body["keygen-commit"].receive // empty' "$TMPDIR/honest" | head -n 1)"
eli "another key than the trustees'" WRONG_KEY
fork '.item.options = ["b", "a", "c"]' ""
expect "this fork is good in itself" 0 "$TABELLA" organiser status --dir "$TMPDIR/looker" --board "$AT" --election "$ID"
eli "a ballot for another question does not count here" WRONG_ELECTION
rules "lines $TMPDIR/lie/entries.ndjson ^GET .*/entries"
eli "a fork without its own head" MISSING_ENTRY
rules
unchanged "$before" "no ballot of Eli's was stored"
# The folder of the voter who was shown the fork: nothing stands in its way afterwards.
rm -rf "$TMPDIR/eli.4/mirror"
expect "Eli votes on the honest board" 0 "$TABELLA" vote --dir "$TMPDIR/eli.4" --board "$URL" \
    --code-file "$TMPDIR/Eli.code" --choice 1=1 --yes
if grep -q FOREIGN "$TMPDIR/out"; then bad "and nobody else's"; else good "and nobody else's"; fi

# ---- a thief has the code ------------------------------------------------------------------

AT=
run "$TABELLA" vote --dir "$TMPDIR/thief" --board "$URL" --election "$ID" --code-file "$TMPDIR/Ann.code" \
    --choice 2=3 --yes
if grep -q '^FOREIGN_BALLOT: ' "$TMPDIR/out"; then
	good "who uses a credential that was used is told"
else
	bad "who uses a credential that was used is told" "$(cat "$TMPDIR/out")"
fi
refused "the check finds the other ballot" 1 FOREIGN_BALLOT "$TABELLA" vote check --dir "$TMPDIR/Ann" --board "$URL"
if grep -q "item 1 counts item 2 WAS REPLACED BY SOMEBODY ELSE'S" "$TMPDIR/out"; then
	good "it says which item"
else
	bad "it says which item" "$(cat "$TMPDIR/out")"
fi
run vote Ann --choice 1=1 --choice 2=1 --yes
if grep -q '^FOREIGN_BALLOT: ' "$TMPDIR/out"; then good "Ann is warned"; else bad "Ann is warned"; fi
expect "Ann's vote counts again" 0 "$TABELLA" vote check --dir "$TMPDIR/Ann"

# ---- audits ------------------------------------------------------------------------------

run own Flo --choice 1=2 --audit "$TMPDIR/audit.json"
jq -cS '{body: (.body | fromjson), by: .X}' "$TMPDIR/audit.json" >"$TMPDIR/stolen"
jq -cS --arg proof "$(records | jq -r 'select(.body.ballot) | .proof' | tail -n 1)" '.proof = $proof' \
    "$TMPDIR/stolen" | tr -d '\n' >"$TMPDIR/third"
answers "an audited ballot cast by somebody else" 409 CHALLENGED POST "elections/$ID/records" "$TMPDIR/third"
if python3 - "$TMPDIR/audit.json" "$TMPDIR/Flo/credential.key" <<'PY'; then
"""Nothing in the audit is the secret of the credential, nor any part of its key file."""
import base64, json, sys

def b64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

def strings(value):
    if isinstance(value, dict):
        for k, v in value.items():
            yield from strings(v)
    elif isinstance(value, list):
        for v in value:
            yield from strings(v)
    elif isinstance(value, str):
        yield value
        if value.startswith("{"):
            yield from strings(json.loads(value))

P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
audit = json.load(open(sys.argv[1]))
assert set(audit) == {"X", "body", "choices", "election", "group", "items", "line", "open", "prev",
                      "r", "version", "y"}, sorted(audit)
text = open(sys.argv[1]).read()
for line in open(sys.argv[2]):
    word = line.split()[-1]
    if len(word) >= 40 and not line.startswith("public"):
        assert word not in text
# One scalar for each ciphertext and nothing more.
cts = sum(len(b64(a["cts"])) for a in json.loads(audit["body"])["ballot"]["answers"])
assert len(b64(audit["r"])) * 2 == cts
PY
	good "the audit holds no key, nonce or seed"
else
	bad "the audit holds no key, nonce or seed"
fi
cp "$TMPDIR/Flo/sent.ndjson" "$TMPDIR/sent"
refused "an audit over an older one" 1 CONFLICT own Flo --choice 1=2 --audit "$TMPDIR/audit.json"
if cmp -s "$TMPDIR/sent" "$TMPDIR/Flo/sent.ndjson"; then good "then nothing is sent"; else bad "then nothing is sent"; fi

# ---- what the network sees ---------------------------------------------------------------------

AT=$PROXY_AT
# seen NAME CHOICE CHOICE: the requests of a voter: methods, kinds and sizes of what is sent.
seen() {
	: >"$PROXY/log"
	run vote "$1" --choice "1=$2" --choice "2=$3" --yes
	sed -E 's#/[0-9a-f]{64}##g; s/from=[0-9]+/from=/' "$PROXY/log" | awk '{ print $1, $2, $3, $4, $5 }' >"$TMPDIR/$1.seen"
}
seen Fay blank '3>1=2'
cp -r "$TMPDIR/Fay" "$TMPDIR/Fay1"
seen Fay 3 blank
mv "$TMPDIR/Fay.seen" "$TMPDIR/Fay2.seen"
seen Fay 1 '1>2>3'
if cmp -s "$TMPDIR/Fay.seen" "$TMPDIR/Fay2.seen" && grep -q 'records ballot' "$TMPDIR/Fay.seen"; then
	good "requests and their sizes are the same for every choice"
else
	bad "requests and their sizes are the same for every choice" "$(diff "$TMPDIR/Fay.seen" "$TMPDIR/Fay2.seen")"
fi
rules 'lose 2 ^POST .*/records ballot'
before=$(board_size)
expect "answers that are lost" 0 vote Fay --choice 1=1 --yes
unchanged $((before + 1)) "one entry all the same"
rules 'busy 2 ^POST .*/records ballot'
expect "a board that is short of something" 0 vote Fay --choice 1=2 --yes
unchanged $((before + 2)) "one entry more"
rules

# ---- no randomness ----------------------------------------------------------------------------

before=$(board_size)
for ((n = 1; n < 40; n++)); do
	got=0
	"${STUMBLE[@]}" TRIP="random:$n" "$TABELLA" vote --dir "$TMPDIR/Fay" --board "$AT" \
	    --code-file "$TMPDIR/Fay.code" --choice 1=2 --yes >"$TMPDIR/out" 2>&1 || got=$?
	[ "$got" -ne 0 ] || break
	if [ "$got" -ne 3 ] || ! grep -q '^tabella: NO_RANDOM: ' "$TMPDIR/out" || [ "$(board_size)" != "$before" ]; then
		bad "no vote without randomness" "$got $(cat "$TMPDIR/out")"
	fi
done
if [ "$got" -eq 0 ] && [ "$n" -gt 2 ]; then good "no vote without randomness, at $((n - 1)) moments"; else bad "no vote without randomness" "$n times, then $got"; fi

# ---- refused for good -----------------------------------------------------------------------------

# A ballot that was refused is not sent again by itself, also when it would be taken.
AT=
item Late plurality x y
refused "an item that is not open yet" 1 CLOSED vote Bob --choice 3=1 --yes
run organiser open-item 3
before=$(board_size)
expect "another item of the same voter" 0 vote Bob --choice 2=2 --yes
if grep -q FOREIGN "$TMPDIR/out"; then bad "a refused ballot is nobody else's"; else good "a refused ballot is nobody else's"; fi
unchanged $((before + 1)) "the refused ballot was not cast behind his back"
run organiser close 1
refused "an item that is closed" 1 LATE_BALLOT vote Bob --choice 1=2 --yes
expect "his ballots" 0 "$TABELLA" vote check --dir "$TMPDIR/Bob"
finish
