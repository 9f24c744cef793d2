#!/bin/bash
# test_trustee: trustees who do not keep the rules. In key generation: a share that does
# not open, a false complaint, one that comes too late, records out of turn. In the tally:
# bad mixes and bad factors, which the board refuses and tells everybody of; the others
# finish.
. "${TOP_SRCDIR:-.}/tests/lib.sh"
. "$TOP_SRCDIR/tests/elect.sh"

need_server
keys organiser organiser
keys registrar registrar1
keys trustee trustee1 trustee2 trustee3 trustee4
board_start

# rogue N ACT...: trustee N does this one thing; prints the reason.
rogue() {
	local folder=$TMPDIR/trustee$1$POLL
	[ -f "$folder/workspace.json" ] || {
		mkdir -p "$folder"
		jq -n --arg board "$URL" --arg election "$ID" --arg key "$TMPDIR/trustee$1.key" \
		    '$ARGS.named' >"$folder/workspace.json"
	}
	"$TOP_BUILDDIR/tests/rogue" "$folder" "${@:2}"
}
# acts NAME REASON N ACT...: one case.
acts() {
	local got
	got=$(rogue "${@:3}" 2>&1)
	if [ "${got%% *}" = "$2" ]; then good "$1"; else bad "$1" "$got"; fi
}
key_made() { state '.key == "done"'; }
in_attempt() { state ".attempt == $1"; }
# step NAME: the key generation has come so far.
step() { state ".key == \"$1\""; }
# made_without TRUSTEE NAME: the key is made in attempt 2, without this trustee.
made_without() {
	wait_for "$LONG" key_made || fatal "$2" "$(tail -n 3 "$TMPDIR"/trustee?"$POLL".log)"
	confirmed=$(records | jq -r '.by as $by | .body["keygen-confirm"] // empty |
	    select(.attempt == 2) | $by' | sort)
	if in_attempt 2 >/dev/null && [ "$confirmed" = "$(for i in 1 2 3 4; do
		[ "$i" = "$1" ] || cat "$TMPDIR/trustee$i.pub"
	done | sort)" ]; then
		good "$2"
	else
		bad "$2"
	fi
}

# ---- key generation: a share that does not open -----------------------------------------

POLL=.bad-share
define "" 4 1
acts "trustee 2 commits" GOOD 2 commit
acts "a deal before everybody has committed" STATE 2 deal-bad 3
for i in 1 3 4; do trustee_start "$i"; done
wait_for "$LONG" step deal || fatal "nobody commits"
acts "a second commit" STATE 2 commit
acts "trustee 2 deals a bad share to trustee 3" GOOD 2 deal-bad 3
made_without 2 "everybody blames the dealer of a share that does not open"
if grep -q 'trustee 2 has dealt a wrong share' "$TMPDIR/trustee3$POLL.log"; then
	good "trustee 3 says why it complains"
else
	bad "trustee 3 says why it complains"
fi
for i in 1 3 4; do stop "${TRUSTEE[i]}"; done

# ---- key generation: complaints --------------------------------------------------------

POLL=.complaint
define "" 4 1
acts "trustee 2 commits" GOOD 2 commit
for i in 1 3; do trustee_start "$i"; done
acts "a complaint before there is anything to complain of" STATE 2 complain 1
acts "trustee 4 commits" GOOD 4 commit
wait_for "$LONG" step deal || fatal "nobody commits"
acts "trustee 4 deals" GOOD 4 deal
acts "trustee 2 deals" GOOD 2 deal
wait_for "$LONG" step confirm || fatal "nobody deals"
acts "trustee 4 confirms" GOOD 4 confirm
acts "a complaint after the own confirmation" STATE 4 complain 1
acts "a complaint about oneself" STATE 2 complain 2
acts "a complaint about nobody" STATE 2 complain 9
acts "trustee 2 complains without a reason" GOOD 2 complain 1
# Trustee 4 goes on as an honest one: it does everything anew in the second attempt.
trustee_start 4
made_without 2 "everybody blames who complains without a reason"
for i in 1 3 4; do stop "${TRUSTEE[i]}"; done
acts "a complaint when the key is made" STATE 3 complain 1

# ---- an election in which trustees 1 and 2 cheat ------------------------------------------

POLL=
define "" 4 1
for i in 1 2 3 4; do trustee_start "$i"; done
item Colour plurality red green
item Order ranking a b c
register Ann Bob Cid
codes 1 1
run organiser roll "$TMPDIR/part1.json"
run registrar 1 approve "$TMPDIR/part1.json"
wait_for "$LONG" key_made || fatal "no key"
for i in 1 2 3 4; do stop "${TRUSTEE[i]}"; done
run organiser open
run organiser open-item all
(umask 077 && tail -n +2 "$TMPDIR/codes1.csv" | awk -F, '{ print $3 "," NR % 2 + 1 "," NR ">" NR % 3 + 1 }' \
    >"$TMPDIR/batch.csv")
run "$TABELLA" vote batch --dir "$TMPDIR/batch" --board "$URL" --election "$ID" "$TMPDIR/batch.csv"
acts "ready before the close" STATE 1 ready 1
run organiser close 1
acts "a mix without a quorum" NO_QUORUM 1 mix 1
acts "trustee 1 is ready" GOOD 1 ready 1
acts "trustee 2 is ready" GOOD 2 ready 1
acts "ready twice" STATE 2 ready 1
acts "a mix without a quorum still" NO_QUORUM 1 mix 1
acts "trustee 3 is ready" GOOD 3 ready 1
acts "factors before any mix" MIX_MISSING 1 decrypt 1

# Both at once: the board accuses both.
rogue 1 mix-bad 1 >"$TMPDIR/bad1" 2>&1 &
one=$!
rogue 2 mix-bad 1 >"$TMPDIR/bad2" 2>&1 &
wait "$one" "$!"
if grep -q '^BAD_SHUFFLE ' "$TMPDIR/bad1" && grep -q '^BAD_SHUFFLE ' "$TMPDIR/bad2"; then
	good "two bad mixes are refused"
else
	bad "two bad mixes are refused" "$(cat "$TMPDIR/bad1" "$TMPDIR/bad2")"
fi
accused() {
	[ "$(records | jq -r '.body.fault.record.by // empty' | sort)" = \
	    "$(for i in "$@"; do cat "$TMPDIR/trustee$i.pub"; done | sort)" ]
}
if wait_for "$LONG" accused 1 2; then good "the board accuses both"; else
	bad "the board accuses both" "$(records | jq -c '.body.fault // empty')"
fi
# What they have signed convicts them by itself.
fault=$(lines | jq -r 'select(.record.body.fault) | .seq' | head -n 1)
culprit=$(lines | jq -r 'select(.record.body.fault) | .record.body.fault.record.by' | head -n 1)
in_folder() { (cd "$TMPDIR" && "$TABELLA" "$@"); }
expect "evidence against the first" 0 in_folder verify fault "$fault" --board "$URL" --election "$ID"
in_folder verify evidence evidence-E5.json --election "$ID" --json >"$TMPDIR/verdict" 2>/dev/null
if jq -e --arg key "$culprit" '.convicts and .kind == "E5" and (.accused | contains($key))' "$TMPDIR/verdict" >/dev/null; then
	good "it convicts that trustee"
else
	bad "it convicts that trustee" "$(cat "$TMPDIR/verdict")"
fi
refused "no evidence in an entry that is no fault" 1 STATE in_folder verify fault 1 --board "$URL" --election "$ID"
refused "nor in one that is not there" 1 MISSING_ENTRY in_folder verify fault 100000 --board "$URL" --election "$ID"
acts "who is accused no longer mixes this item" NOT_ALLOWED 1 mix 1
acts "nor decrypts it" NOT_ALLOWED 2 decrypt 1
for i in 3 4; do trustee_start "$i"; done
wait_for "$LONG" state '.items[0].decryptions == 2' || fatal "the others do not finish item 1"
good "the two others finish item 1"

# Item 2: an output that is the input; a second mix by one trustee; bad factors. Trustees 3 and 4
# wait for those before them until they are stopped.
for i in 3 4; do
	stop "${TRUSTEE[i]}"
	PATIENCE=3600 trustee_start "$i"
done
run organiser close 2
acts "trustee 1 is ready for item 2" GOOD 1 ready 2
wait_for "$LONG" state '.items[1].ready >= 3' || fatal "trustees 3 and 4 are not ready"
for i in 3 4; do stop "${TRUSTEE[i]}"; done
acts "a mix that is none" NOOP_MIX 1 mix-noop 2
wait_for "$LONG" accused 1 1 2 || bad "the board accuses trustee 1 again"
acts "trustee 2 mixes" GOOD 2 mix 2
acts "trustee 2 mixes again" MIX_TRUSTEE 2 mix 2
acts "factors before the last mix" MIX_MISSING 2 decrypt 2
trustee_start 3
wait_for "$LONG" state '.items[1].mixes == 2' || fatal "trustee 3 does not mix"
acts "bad factors" BAD_DECRYPTION 2 decrypt-bad 2
if wait_for "$LONG" accused 1 1 2 2; then good "the board accuses trustee 2 of its factors"; else
	bad "the board accuses trustee 2 of its factors"
fi
trustee_start 4
wait_for "$LONG" state '.items[1].decryptions == 2' || fatal "the others do not finish item 2"
good "the two others finish item 2"
acts "a decryption more than is needed" NOT_ALLOWED 2 decrypt 2
run organiser result all
run "$TABELLA" verify "$URL" --election "$ID" --save "$TMPDIR/archive"
expect "an archive with four accusations verifies" 0 "$TABELLA" verify "$TMPDIR/archive" --election "$ID"
got=$(jq -c '[.items[].outcome | .votes // .valid]' "$TMPDIR/archive/result.json")
if [ "$got" = '[[1,2],3]' ]; then good "the votes are those cast"; else bad "the votes are those cast" "$got"; fi
finish
