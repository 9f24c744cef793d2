#!/bin/bash
# test_forks: a board that lies to trustees. Two boards with one key show two histories that
# differ in a ballot: no quorum is ever ready for either, and a trustee that has seen one does
# not follow the other, with its copy of the board or without. Records that ask for decryption too
# early, blobs that are withheld or exchanged.
. "${TOP_SRCDIR:-.}/tests/lib.sh"
. "$TOP_SRCDIR/tests/elect.sh"

need_server
keys organiser organiser
keys registrar registrar1
keys trustee trustee1 trustee2 trustee3
board_start
define "" 3 1
for i in 1 2 3; do trustee_start "$i"; done
item Colour plurality red green blue
register Ann Bob Cid
codes 1 1
for name in Ann Bob Cid; do code_file "$name"; done
run organiser roll "$TMPDIR/part1.json"
run registrar 1 approve "$TMPDIR/part1.json"
wait_for "$LONG" state '.key == "done"' || fatal "no key"
for i in 1 2 3; do stop "${TRUSTEE[i]}"; done
run organiser open
run organiser open-item all

# ---- two histories -----------------------------------------------------------------------

stop "$BOARD_PID"
cp -a "$TMPDIR/board" "$TMPDIR/fork"
cp -r "$TMPDIR/organiser" "$TMPDIR/organiser.fork"
board_start
TRUE_URL=$URL
TRUE_PID=$BOARD_PID
BOARD=fork
ADDRESS=127.0.0.1:0
board_start
FORK_URL=$URL
FORK_PID=$BOARD_PID
on_fork() {
	URL=$FORK_URL
	POLL=.fork
}
on_board() {
	URL=$TRUE_URL
	POLL=
}
for name in Ann Cid; do cp "$TMPDIR/$name.code" "$TMPDIR/$name.fork.code"; done
for side in on_board on_fork; do
	"$side"
	for name in Ann Cid; do run vote "$name" --choice 1=1 --yes; done
done
on_board
run vote Bob --choice 1=2 --yes
for side in on_board on_fork; do
	"$side"
	run organiser close 1 --board "$URL"
done
grep -q 'with 2 ballots' "$TMPDIR/out" || bad "the fork lacks a ballot"

on_board
trustee_start 1
trustee_start 2
on_fork
cp -r "$TMPDIR/trustee3" "$TMPDIR/trustee3.fork"
rm -rf "$TMPDIR/trustee3.fork/mirror"
trustee_start 3
wait_for "$LONG" state '.items[0].ready == 1' || fatal "trustee 3 is not ready on the fork"
on_board
wait_for "$LONG" state '.items[0].ready == 2' || fatal "trustees 1 and 2 are not ready"
good "each trustee is ready for the list that it was shown"
for i in 1 2 3; do stop "${TRUSTEE[i]}"; done
nobody_mixes() { state '.items[0].mixes == 0 and (.trustees | all(.duties | all(.duty == "ready")))' >/dev/null; }
for side in on_board on_fork; do
	"$side"
	if nobody_mixes; then good "nobody mixes: $side"; else bad "nobody mixes: $side"; fi
done
on_board
got=$("$TOP_BUILDDIR/tests/rogue" "$TMPDIR/trustee1" mix 1)
case $got in
NO_QUORUM*) good "a mix without a quorum is refused" ;;
*) bad "a mix without a quorum is refused" "$got" ;;
esac
on_fork
records | jq -cS --arg by "$(cat "$TMPDIR/trustee3.pub")" 'select(.by == $by and .body.ready)' | tr -d '\n' >"$TMPDIR/ready"
on_board
answers "the word of trustee 3 is no word for the other history" 400 WRONG_ELECTION POST \
    "elections/$ID/records" "$TMPDIR/ready"

# on FOLDER BOARD: let trustee 1 work there once, in a folder.
on() {
	timeout "$LONG" "$TABELLA" trustee run --dir "$TMPDIR/$1" --board "$2" --election "$ID" \
	    --key "$TMPDIR/trustee1.key" --patience 1
}
size() { on_fork && board_size && on_board; }
before=$(size)
cp -r "$TMPDIR/trustee1" "$TMPDIR/copied"
refused "a trustee does not follow a second history" 1 EQUIVOCATION on copied "$FORK_URL"
if [ -s "$TMPDIR/copied/mirror/checkpoint" ] && [ -s "$TMPDIR/copied/mirror/checkpoint.contradiction" ]; then
	good "it keeps both heads"
else
	bad "it keeps both heads"
fi
rm -rf "$TMPDIR/copied/mirror"
refused "its journal remembers, also without its copy of the board" 1 EQUIVOCATION on copied "$FORK_URL"
if [ "$(size)" = "$before" ]; then good "it has signed nothing there"; else bad "it has signed nothing there"; fi
stop "$FORK_PID"

# ---- decryption too early -------------------------------------------------------------------

BOARD=board
BOARD_PID=$TRUE_PID
trustee_start 3
wait_for "$LONG" state '.items[0].ready == 3' || fatal "trustee 3 is not ready"
stop "${TRUSTEE[3]}"
proxy_start

# asks LINES LIST: a board of these lines, and on it trustee 2 has decrypted the list.
asks() {
	local prev
	prev=$(jq -cS --arg by "$(cat "$TMPDIR/trustee2.pub")" '.record | select(.by == $by)' "$1" | tail -n 1 | record_hash)
	{
		cat "$1"
		jq -ncS --arg close "$close" --arg list "$2" --arg prev "$prev" --arg election "$(b64 "$ID")" \
		    --arg blob "$roll" --arg proof "$(b64 "$(printf '00%.0s' $(seq 96))")" '{decrypt: {close: $close,
		    election: $election, factors: $blob, item: 1, list: $list, prev: $prev, proof: $proof}}' | sign trustee2
	} | chain
	lie ""
}
# asked NAME REASON: trustee 1, with what it knows, refuses that board.
asked() {
	rm -rf "$TMPDIR/copied"
	cp -r "$TMPDIR/trustee1" "$TMPDIR/copied"
	rm -rf "$TMPDIR/copied/mirror"
	refused "$1" 1 "$2" on copied "$AT"
}
lines >"$TMPDIR/unmixed"
close=$(grep '"close":{' "$TMPDIR/unmixed" | entry_hash)
roll=$(jq -r '.record.body.roll.blob // empty' "$TMPDIR/unmixed")
list=$(jq -r '.record.body.ready.list // empty' "$TMPDIR/unmixed" | head -n 1)
asks "$TMPDIR/unmixed" "$list"
asked "decryption of what was never mixed" MIX_MISSING
rules "fail NOT_FOUND ^GET .*/blobs"
asked "a blob that is withheld" MISSING_BLOB
rules "answer $TMPDIR/ready ^GET .*/blobs"
asked "a blob that is another" BAD_BLOB
rules
AT=
for i in 1 2 3; do trustee_start "$i"; done
wait_for "$LONG" state '.items[0].decryptions >= 2' || fatal "the honest board does not finish"
good "the honest board finishes"
for i in 1 2 3; do stop "${TRUSTEE[i]}"; done
AT=$(cat "$PROXY/address")
lines >"$TMPDIR/whole"
mixes=$(grep -n '"body":{"mix":{' "$TMPDIR/whole" | cut -d : -f 1)
head -n "$(head -n 1 <<<"$mixes")" "$TMPDIR/whole" >"$TMPDIR/one-mix"
asks "$TMPDIR/one-mix" "$(jq -r '.record.body.mix.output // empty' "$TMPDIR/one-mix")"
asked "decryption after one mix of two" MIX_MISSING
head -n "$(tail -n 1 <<<"$mixes")" "$TMPDIR/whole" >"$TMPDIR/two-mixes"
asks "$TMPDIR/two-mixes" "$list"
asked "decryption of the list that was not mixed" NOT_MIXED
asks "$TMPDIR/two-mixes" "$(jq -r '.record.body.mix.output // empty' "$TMPDIR/one-mix")"
asked "decryption of another list" INPUT_LIST
rules
run organiser result all
run "$TABELLA" verify "$URL" --election "$ID" --save "$TMPDIR/archive"
if [ "$(jq -c '[.items[].outcome.votes]' "$TMPDIR/archive/result.json")" = '[[2,1,0]]' ]; then
	good "all three votes are counted"
else
	bad "all three votes are counted"
fi
finish
