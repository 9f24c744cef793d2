#!/bin/bash
# test_newkey: the key of a board is replaced by the organiser's word, with the old key at hand and
# after it was lost. Receipts, copies and archives of before and after hold.
. "${TOP_SRCDIR:-.}/tests/lib.sh"
. "$TOP_SRCDIR/tests/elect.sh"

need_server
keys organiser organiser
keys registrar registrar1
keys trustee trustee1 trustee2
board_start
define '"late_items": 1,' 2 1
first=$(jq -r .key <<<"$(api board)")
item One plurality yes no
# The receipt of an entry, as anybody can ask for it.
receipt_of() {
	lines | sed -n "$1p" | jq -cS .record | tr -d '\n' >"$TMPDIR/one"
	api "elections/$ID/records/$(sum "$TMPDIR/one")" >"$2"
}
receipt_of 2 "$TMPDIR/early"
new_key() {
	run "${AS_POSTGRES[@]}" "$TABELLAD" --data "$TMPDIR/$BOARD" --new-board-key
	next=$(cat "$TMPDIR/out")
}
new_key
again=$next
new_key
if [ "$next" = "$again" ] && [ "${#next}" -eq 43 ]; then good "one next key is made"; else bad "one next key is made" "$next"; fi
refused "a key that the running board does not have yet" 1 WRONG_KEY organiser board-key "$next"
stop "$BOARD_PID"
board_start
keys trustee somebody
refused "a key of somebody" 1 WRONG_KEY organiser board-key "$(cat "$TMPDIR/somebody.pub")"
item Two plurality yes no
expect "the organiser replaces the key" 0 organiser board-key "$next"
item Three plurality yes no
if organiser board-key "$next" >"$TMPDIR/out" 2>&1 || ! grep -q DUPLICATE_KEY "$TMPDIR/out"; then
	bad "the same key once more" "$(cat "$TMPDIR/out")"
else
	good "the same key once more"
fi
receipt_of 5 "$TMPDIR/late"
verify() { "$TABELLA" verify "$URL" --election "$ID" --partial --save "$1"; }
expect "the archive holds" 0 verify "$TMPDIR/archive"
for file in early late; do
	for how in "--archive $TMPDIR/archive" "--board $URL"; do
		# shellcheck disable=SC2086
		expect "the $file receipt, $how" 0 "$TABELLA" verify receipt "$TMPDIR/$file" $how --election "$ID"
	done
done
expect "the second verifier agrees" 0 python3 "$TOP_SRCDIR/tests/verifier/verify.py" "$TMPDIR/archive" --partial \
    --election "$ID"
# The old key signs no longer head.
cp "$TMPDIR/board/board.key" "$TMPDIR/old.key"
mkdir "$TMPDIR/lie"
jq -cS .record "$TMPDIR/archive/entries.ndjson" | scribe chain "$TMPDIR/old.key" "$BOARD_NAME" "$ID" "$TMPDIR/lie"
cp -r "$TMPDIR/archive" "$TMPDIR/forged"
cp "$TMPDIR/lie/checkpoint" "$TMPDIR/lie/entries.ndjson" "$TMPDIR/forged/"
refused "a head of the old key" 1 BAD_CHECKPOINT "$TABELLA" verify "$TMPDIR/forged" --election "$ID" --partial

# ---- both are lost -------------------------------------------------------------------------------

stop "$BOARD_PID"
rm -f "$TMPDIR/board/board.key" "$TMPDIR/board/board.next.key"
refused "a board without its key" 1 WRONG_KEY "${AS_POSTGRES[@]}" "$TABELLAD" --data "$TMPDIR/board" \
    --listen 127.0.0.1:0 --name "$BOARD_NAME" --organiser "$(cat "$TMPDIR/organiser.pub")"
new_key
board_start
expect "it can be read" 0 verify "$TMPDIR/read"
jq -n '{title: "Four", choice: "plurality", options: ["a", "b"]}' >"$TMPDIR/item.json"
refused "nothing is taken in that it cannot sign for" 1 WRONG_KEY organiser item "$TMPDIR/item.json"
expect "but its new key" 0 organiser board-key "$next"
expect "and then all" 0 organiser item "$TMPDIR/item.json"
expect "the archive holds again" 0 verify "$TMPDIR/archive2"
expect "the second verifier agrees again" 0 python3 "$TOP_SRCDIR/tests/verifier/verify.py" "$TMPDIR/archive2" \
    --partial --election "$ID"
if [ "$(jq -r .key <<<"$(api board)")" = "$next" ] && [ "$next" != "$first" ]; then
	good "new elections get the new key"
else
	bad "new elections get the new key"
fi
finish
