#!/bin/bash
# test_restart: a trustee is killed at every write to its disk, from its first `ready` to its
# last decryption, and started again each time; it finishes, and never signs two different
# outputs. The same for a disk without room and for lost answers.
. "${TOP_SRCDIR:-.}/tests/lib.sh"
. "$TOP_SRCDIR/tests/elect.sh"

need_server
keys organiser organiser
keys registrar registrar1
keys trustee trustee1 trustee2
board_start
define "" 2 1

# Trustee 2 waits for trustee 1, however often that dies.
PATIENCE=3600 trustee_start 2

# stumbling_trustee HOW LOG: start trustee 1; it stumbles at that moment.
stumbling_trustee() {
	start "$TMPDIR/$2" "${STUMBLE[@]}" TRIP="$1" "$TABELLA" trustee run \
	    --dir "$TMPDIR/trustee1" --board "$URL" --election "$ID" --key "$TMPDIR/trustee1.key" \
	    --patience 3600
}
# dies STATUS HOW LOG CONDITION: run trustee 1 until it stumbles, or until CONDITION holds: then 1.
# If its exit status is another one, that is in $TMPDIR/wrong.
dies() {
	local got=0
	stumbling_trustee "$2" "$3"
	wait_for "$LONG" dead_or "$4" || fatal "trustee 1 hangs, $2" "$(tail -n 3 "$TMPDIR/$3")"
	dead_or_reaped "$PID" || return 1
	wait "$PID" || got=$?
	[ "$got" -eq "$1" ] || echo "$2: exit status $got" >>"$TMPDIR/wrong"
}
dead_or() { dead_or_reaped "$PID" || "$1"; }
# died NAME TIMES LEAST COMMAND...: one case: that often, never otherwise, and COMMAND succeeds.
died() {
	if [ "$2" -ge "$3" ] && [ ! -e "$TMPDIR/wrong" ] && "${@:4}" >/dev/null; then
		good "$1"
	else
		bad "$1" "$(cat "$TMPDIR/wrong" 2>&1)"
		rm -f "$TMPDIR/wrong"
	fi
}
KILLED=137

# ---- key generation, killed at every write -----------------------------------------------

# The election is not open when the key is made, so trustee 1 goes on until then: it is
# killed at its Nth write for N = 1, 2, ... until it comes through.
made() { state '.key == "done"'; }
kills=0
while [ "$kills" -lt 200 ] && dies "$KILLED" "kill:$((kills + 1))" trustee1.log made; do kills=$((kills + 1)); done
stop "$PID"
died "the key is made in the first attempt although trustee 1 died $kills times" "$kills" 5 \
    state '.key == "done" and .attempt == 1'

# ---- an election of eight items -----------------------------------------------------------

ITEMS=8
for ((i = 1; i <= ITEMS; i++)); do item "Item $i" plurality red green; done
register Ann Bob
codes 1 1
run organiser roll "$TMPDIR/part1.json"
run registrar 1 approve "$TMPDIR/part1.json"
run organiser open
run organiser open-item all
code_file Ann
code_file Bob
answers=()
for ((i = 1; i <= ITEMS; i++)); do answers+=(--choice "$i=1"); done
run vote Ann "${answers[@]}" --yes
run vote Bob "${answers[@]}" --yes
run organiser close 1 2 3

# ---- tally, killed at every write -------------------------------------------------------

decrypted() { state "[.items[] | select(.state == \"closed\") | .decryptions == 2] | all"; }
kills=0
while [ "$kills" -lt 400 ] && dies "$KILLED" "kill:$((kills + 1))" trustee1.log decrypted; do kills=$((kills + 1)); done
stop "$PID"
died "three items are decrypted although trustee 1 died $kills times" "$kills" 5 decrypted
# Each kind of write by its name.
run organiser close 4 5
for call in 'write trustee1/journal' 'fsync trustee1/journal' 'write blobs/' 'fsync blobs/' \
    'rename blobs/' 'pwrite mirror/entries.ndjson'; do
	times=0
	if dies "$KILLED" "kill:1:$call" trustee1.log decrypted; then times=1; fi
	stop "$PID"
	died "killed at $call" "$times" 1 :
done
trustee_start 1
if wait_for "$LONG" decrypted; then good "two more items are decrypted"; else
	bad "two more items are decrypted" "$(tail -n 3 "$TMPDIR/trustee1.log")"
fi
stop "${TRUSTEE[1]}"
twice=$(signed_twice 1)
if [ -z "$twice" ]; then good "trustee 1 signed no two outputs"; else bad "trustee 1 signed no two outputs" "$twice"; fi

# ---- what was signed stays, also when other records have come in between ---------------------

# A mix is signed and kept; before it arrives trustee 1 dies; then an item with a lower
# number is closed, so that trustee 1 has other records to sign first.
run organiser close 7
proxy_start
rules 'hold - ^POST .*/records mix'
trustee_start 1
wait_for "$LONG" held || fatal "trustee 1 does not mix item 7"
stop "${TRUSTEE[1]}" KILL
rules
run organiser close 6
trustee_start 1
wait_for "$LONG" decrypted || fatal "items 6 and 7 are not decrypted" "$(tail -n 3 "$TMPDIR/trustee1.log")"
stop "${TRUSTEE[1]}"
twice=$(signed_twice 1)
if [ -z "$twice" ]; then
	good "a mix that was signed before is posted, not made anew"
else
	bad "a mix that was signed before is posted, not made anew" "$twice"
fi

# ---- no room on the disk -----------------------------------------------------------------

run organiser close 8
full=0
while [ "$full" -lt 200 ] && dies 3 "full:$((full + 1))" full.log decrypted; do full=$((full + 1)); done
stop "$PID"
died "a full disk ends with 3, $full times; then trustee 1 finishes" "$full" 5 decrypted
if [ "$(grep -c '^tabella: NO_DISK: ' "$TMPDIR/full.log")" = "$full" ]; then good "each time with NO_DISK"; else
	bad "each time with NO_DISK" "$(grep -v 'ing: \|ne: ' "$TMPDIR/full.log")"
fi

# ---- the random source fails ----------------------------------------------------------------

keys organiser other
for ((n = 1; n < 50; n++)); do
	rm -f "$TMPDIR/new.key"
	got=0
	"${STUMBLE[@]}" TRIP="random:$n" "$TABELLA" organiser key --no-passphrase \
	    --out "$TMPDIR/new.key" >"$TMPDIR/out" 2>&1 || got=$?
	[ "$got" -ne 0 ] || break
	if [ "$got" -ne 3 ] || ! grep -q '^tabella: NO_RANDOM: ' "$TMPDIR/out" || [ -e "$TMPDIR/new.key" ]; then
		bad "no key without randomness" "$got $(cat "$TMPDIR/out")"
	fi
done
if [ "$got" -eq 0 ] && [ "$n" -gt 1 ]; then good "no key without randomness, at $((n - 1)) moments"; else bad "no key without randomness" "$n times, then $got"; fi

run organiser result all
run "$TABELLA" verify "$URL" --election "$ID" --save "$TMPDIR/archive"
expect "the archive verifies" 0 "$TABELLA" verify "$TMPDIR/archive" --election "$ID"
if [ "$(jq -c '[.items[].outcome.votes] | unique' "$TMPDIR/archive/result.json")" = '[[2,0]]' ]; then
	good "all votes are counted"
else
	bad "all votes are counted"
fi
finish
