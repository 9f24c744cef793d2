#!/bin/bash
# test_stamps: RFC 3161 time stamps of opening, close and result, by an authority of our own, verified
# with the stock openssl; an authority that is away, and one that answers something else.
. "${TOP_SRCDIR:-.}/tests/lib.sh"
. "$TOP_SRCDIR/tests/elect.sh"

need_server
tsa=$TMPDIR/tsa
mkdir "$tsa"
start "$TMPDIR/tsa.log" python3 "$TOP_SRCDIR/tests/authority.py" "$tsa"
wait_for "$LONG" test -s "$tsa/address" || fatal "no authority" "$(cat "$TMPDIR/tsa.log")"

keys organiser organiser
keys registrar registrar1
keys trustee trustee1 trustee2
BOARD_OPTIONS=(--time-stamps "$(cat "$tsa/address")")
board_start
define "" 2 1
item Colour plurality red green
item Shape plurality round square
register Ann
codes 1 1
code_file Ann
run organiser roll "$TMPDIR/part1.json"
run registrar 1 approve "$TMPDIR/part1.json"
for i in 1 2; do trustee_start "$i"; done
wait_for "$LONG" state '.key == "done"' || fatal "no key"

if [ "$(api "elections/$ID/stamps")" = '{"stamps":[]}' ]; then good "nothing is stamped before opening"; else bad "nothing is stamped before opening"; fi
# stamped EVENT: there is a stamp of it.
stamped() { api "elections/$ID/stamps" | jq -e --arg of "$1" '.stamps | any(.of == $of)' >/dev/null; }
# holds EVENT: the stock openssl verifies it.
holds() {
	local head
	head=$(api "elections/$ID/stamps" | jq -r --arg of "$1" '.stamps[] | select(.of == $of) | .head')
	api "elections/$ID/stamped/$head" >"$TMPDIR/$1.checkpoint" &&
	    api "elections/$ID/stamps/$head" >"$TMPDIR/$1.tsr" &&
	    [ "$(sum "$TMPDIR/$1.checkpoint")" = "$head" ] &&
	    openssl ts -verify -data "$TMPDIR/$1.checkpoint" -in "$TMPDIR/$1.tsr" -CAfile "$tsa/ca.pem"
}
run organiser open
wait_for "$LONG" stamped open || bad "the opening is stamped" "$(cat "$TMPDIR/board.log")"
expect "the stamp of the opening holds" 0 holds open
open_seq=$(lines | jq 'select(.record.body.open) | .seq')
if [ "$(sed -n 2p "$TMPDIR/open.checkpoint")" -gt "$open_seq" ]; then good "it covers the opening"; else bad "it covers the opening"; fi
printf 'x' >>"$TMPDIR/open.checkpoint"
expect "of other bytes it does not" 1 openssl ts -verify -data "$TMPDIR/open.checkpoint" -in "$TMPDIR/open.tsr" \
    -CAfile "$tsa/ca.pem"

# An authority that answers something else, then none at all.
touch "$tsa/lies"
run organiser open-item all
run vote Ann --choice 1=1 --yes
run organiser close 1
wait_for "$LONG" grep -q 'no time stamp of close-1' "$TMPDIR/board.log" || bad "what is not for us is refused"
if stamped close-1; then bad "a stamp of something else"; else good "a stamp of something else"; fi
rm "$tsa/lies"
wait_for "$LONG" stamped close-1 || bad "the close is stamped later"
expect "the stamp of the close holds" 0 holds close-1
touch "$tsa/refuses"
wait_for "$LONG" state '.items[0].decryptions >= 2' || fatal "no decryption"
run organiser result 1
stop "$BOARD_PID"
rm "$tsa/refuses"
board_start
wait_for "$LONG" stamped result-1 || bad "the result is stamped after a restart"
expect "the stamp of the result holds" 0 holds result-1
expect "those of before are still there" 0 holds open
expect "also that of the close" 0 holds close-1
if [ "$(api "elections/$ID/stamps" | jq '.stamps | length')" -eq 3 ]; then good "there are three"; else bad "there are three"; fi
answers "another name" 404 NOT_FOUND GET "elections/$ID/stamps/$ID"
# What is stamped is a head of this board.
run "$TABELLA" verify "$URL" --election "$ID" --partial --head "$TMPDIR/close-1.checkpoint"
good "the board continues what was stamped"
finish
