#!/bin/bash
# test_election: a whole election by its programs, over HTTP, while things go wrong: a
# trustee is silent in key generation, the board is killed while people vote and while
# trustees mix, a trustee is killed at every stage of its mix and its decryption, another
# one never comes back after its `ready`. Credentials come in two parts.
. "${TOP_SRCDIR:-.}/tests/lib.sh"
. "$TOP_SRCDIR/tests/elect.sh"

need_server
keys organiser organiser
keys registrar registrar1 registrar2
keys trustee trustee1 trustee2 trustee3 trustee4
board_start

# kill_board: no last words; its database may go on for a while.
kill_board() {
	stop "$BOARD_PID" KILL
	board_start
}

# ---- key generation without trustee 4 ----------------------------------------------

define '"code_parts": 2,' 4 2
item Colour plurality red green blue
item Order ranking a b c
for i in 1 2 3; do trustee_start "$i"; done

waits_for_4() { state '[.trustees[] | select(.duties != []) | .trustee] == [4]'; }
wait_for "$LONG" waits_for_4 || fatal "trustees 1 to 3 did not commit"
refused "nobody is skipped who did its part" 1 STATE organiser skip 1
expect "the silent trustee is skipped" 0 organiser skip 4
wait_for "$LONG" state '.key == "done"' || fatal "no key without trustee 4"
if state '.attempt == 2' >/dev/null; then good "the second attempt makes the key"; else
	bad "the second attempt makes the key"
fi
keys trustee stranger
refused "a key that is no trustee's" 1 NOT_ALLOWED "$TABELLA" trustee run --dir "$TMPDIR/stranger" \
    --board "$URL" --election "$ID" --key "$TMPDIR/stranger.key"

# ---- the roll ---------------------------------------------------------------------

register Ann Bob "Cid \"the\" Kid" Dee Eli
codes 1 1
codes 2 2
# Flo makes her own key.
run "$TABELLA" vote key --dir "$TMPDIR/Flo" --board "$URL" --election "$ID" --name Flo \
    --no-passphrase
printf 'name\nFlo\nGus\n' >"$TMPDIR/own.csv"
run registrar 1 attest --register "$TMPDIR/own.csv" --out "$TMPDIR/own.json" \
    "$TMPDIR/Flo/request.json"
refused "an election without a roll does not open" 1 STATE organiser open
refused "a roll with a part missing" 1 BAD_ROLL organiser roll "$TMPDIR/part1.json" \
    "$TMPDIR/own.json"
run organiser roll "$TMPDIR/part1.json" "$TMPDIR/part2.json" "$TMPDIR/own.json"
refused "a registrar does not approve strangers" 1 BAD_ROLL registrar 1 approve --part 1 \
    "$TMPDIR/part1.json"
run registrar 1 approve --part 1 "$TMPDIR/part1.json" "$TMPDIR/own.json"
refused "one registrar of two is too few" 1 NOT_APPROVED organiser open
run registrar 2 approve --part 2 "$TMPDIR/part2.json" "$TMPDIR/own.json"
run organiser open
refused "ballots before the item opens" 1 CLOSED "$TABELLA" vote --dir "$TMPDIR/Flo" \
    --credential "$TMPDIR/Flo/credential.key" --choice 1=1 --yes
run organiser open-item all

# ---- voting, while the board is killed -----------------------------------------------

for name in Ann Bob Dee Eli; do code_file "$name"; done
(umask 077 && cat "$TMPDIR"/codes?.csv | sed -n 's/^"Cid ""the"" Kid",.,//p' >"$TMPDIR/Cid.code")
flo() { "$TABELLA" vote --dir "$TMPDIR/Flo" --credential "$TMPDIR/Flo/credential.key" "$@"; }

# ballots NAME=CHOICE...: cast them all at once; each must succeed.
ballots() {
	local pids=() one i
	for one; do
		(
			if [ "${one%%=*}" = Flo ]; then
				flo --choice "${one#*=}" --yes
			else
				vote "${one%%=*}" --choice "${one#*=}" --yes
			fi
		) >"$TMPDIR/${one%%=*}.out" 2>&1 </dev/null &
		pids+=($!)
	done
	"${WHILE:-:}"
	for ((i = 0; i < ${#pids[@]}; i++)); do
		wait "${pids[i]}" || {
			cat "$TMPDIR"/*.out
			return 1
		}
	done
}
somebody_voted() { find "$TMPDIR"/*/receipts -name '*.json' | grep -q .; }
kill_while_voting() {
	wait_for "$LONG" somebody_voted
	kill_board
}
if WHILE=kill_while_voting ballots Ann=1=1 Bob=1=2 Cid=1=2 Dee=1=3 Eli=1=1 Flo=1=2; then
	good "everybody votes although the board is killed"
else
	bad "everybody votes although the board is killed"
fi
if ballots Ann=1=2 Eli=1=2; then good "two vote again"; else bad "two vote again"; fi

# ---- audits and checks -----------------------------------------------------------------

expect "an audit" 0 flo --choice 1=3 --audit "$TMPDIR/audit.json"
tracker=$(grep -oE '([a-z2-7]{4} ){7}[a-z2-7]{4}' "$TMPDIR/out" | head -n 1)
expect "the audited ballot holds what was chosen" 0 "$TABELLA" verify ballot "$TMPDIR/audit.json"
if grep -q "$tracker" "$TMPDIR/out" && grep -q blue "$TMPDIR/out"; then
	good "the second device shows the tracker and the choice"
else
	bad "the second device shows the tracker and the choice" "$(cat "$TMPDIR/out")"
fi
expect "a ballot after the audit" 0 flo --choice 1=1 --yes
for name in Ann Flo; do
	expect "$name's receipts hold" 0 "$TABELLA" vote check --dir "$TMPDIR/$name"
	if ! grep -q 'item 1 counts' "$TMPDIR/out" || ! grep -q 'replaced by a later' "$TMPDIR/out"; then
		bad "$name's first ballot was replaced" "$(cat "$TMPDIR/out")"
	fi
done

# ---- closing ------------------------------------------------------------------------

# Trustees 1 and 2 come back one after the other.
stop "${TRUSTEE[1]}" KILL
stop "${TRUSTEE[2]}" KILL
run organiser close all
if grep -q 'item 1 is closed with 6 ballots' "$TMPDIR/out" &&
    grep -q 'item 2 is closed with 0 ballots' "$TMPDIR/out"; then
	good "one ballot of each voter counts"
else
	bad "one ballot of each voter counts" "$(cat "$TMPDIR/out")"
fi
refused "no ballot after the end" 1 LATE_BALLOT vote Bob --choice 1=1 --yes

# ---- mixing and decryption -------------------------------------------------------------

item_1() { state ".items[0] | $1" >/dev/null; }
trustee_start 1
wait_for "$LONG" item_1 '.ready == 2' || fatal "trustees 1 and 3 are not ready"
stop "${TRUSTEE[1]}" KILL
echo "trustee 1 is gone for good"

# Trustee 2 talks to the board through the proxy and dies again and again.
proxy_start

# killed_when NAME RULE: trustee 2 is started, and killed once the rule holds a request.
killed_when() {
	rules "$2"
	trustee_start 2
	if wait_for "$LONG" held; then
		stop "${TRUSTEE[2]}" KILL
		good "trustee 2 killed: $1"
	else
		stop "${TRUSTEE[2]}" KILL
		bad "trustee 2 killed: $1" "$(tail -n 5 "$TMPDIR/trustee2.log")"
	fi
	rules
}
killed_when "before it says that it is ready" 'hold - ^POST .*/records ready'
killed_when "when that was posted and not answered" 'mute - ^POST .*/records ready'
# Trustee 3 goes ahead with the first mix after two seconds; then these are the moments
# of the second one.
killed_when "before its mix is uploaded" 'hold - ^POST .*/blobs'
killed_when "while its mix is uploaded" 'hold - ^PUT .*/uploads'
killed_when "when it posts its mix" 'hold - ^POST .*/records mix'
killed_when "when its mix was posted and not answered" 'mute - ^POST .*/records mix'
kill_board
killed_when "before its factors are uploaded" 'hold - ^POST .*/blobs'
if item_1 '.mixes == 2'; then good "the list is mixed although a trustee and the board were killed"; else
	bad "the list is mixed although a trustee and the board were killed"
fi
killed_when "when it posts its decryption" 'hold - ^POST .*/records decrypt'
killed_when "when that was posted and not answered" 'mute - ^POST .*/records decrypt'
if wait_for "$LONG" item_1 '.decryptions == 2'; then
	good "two of three trustees decrypt"
else
	fatal "two of three trustees decrypt" "$(tail -n 5 "$TMPDIR"/trustee?.log)"
fi

# ---- the result ----------------------------------------------------------------------

run organiser result all
if state '[.items[].state] == ["done", "done"]' >/dev/null; then good "results"; else bad "results"; fi
run "$TABELLA" verify "$URL" --election "$ID" --save "$TMPDIR/archive"
expect "the archive verifies" 0 "$TABELLA" verify "$TMPDIR/archive" --election "$ID"
got=$(jq -c '[.items[] | [.id, (.counted | length), .outcome.votes, .outcome.winners,
    .outcome.valid, .eligible]]' "$TMPDIR/archive/result.json")
if [ "$got" = '[[1,6,[1,4,1],[2],6,6],[2,0,null,[1,2,3],0,6]]' ]; then
	good "every vote is in the result once"
else
	bad "every vote is in the result once" "$got"
fi
expect "receipts hold after the result" 0 "$TABELLA" vote check --dir "$TMPDIR/Eli"

twice=$(for i in 1 2 3; do signed_twice "$i"; done)
if [ -z "$twice" ]; then good "no trustee signed two outputs"; else bad "no trustee signed two outputs" "$twice"; fi

stop "$BOARD_PID"
expect "the whole store is valid" 0 "${AS_POSTGRES[@]}" "$TABELLAD" --data "$TMPDIR/board" --check
finish
