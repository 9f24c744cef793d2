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
patient() {
	start "$TMPDIR/trustee2.log" "$TABELLA" trustee run --dir "$TMPDIR/trustee2" --board "$URL" \
	    --election "$ID" --key "$TMPDIR/trustee2.key" --patience 3600
	TRUSTEE[2]=$PID
}
patient

# stumbling_trustee HOW LOG: start trustee 1; it stumbles at that moment.
stumbling_trustee() {
	start "$TMPDIR/$2" "${STUMBLE[@]}" TRIP="$1" "$TABELLA" trustee run \
	    --dir "$TMPDIR/trustee1" --board "$URL" --election "$ID" --key "$TMPDIR/trustee1.key" \
	    --patience 3600
}
# signed_twice TRUSTEE: duties for which the journal holds different outputs.
signed_twice() {
	jq -r 'select(.record) | .duty as $d | .record | fromjson | .body | .mix // .decrypt //
	    empty | [$d, .output // .factors] | @tsv' "$TMPDIR/trustee$1/journal" | sort -u |
	    cut -f 1 | uniq -d
}

# ---- key generation, killed at every write -----------------------------------------------

# The election is not open when the key is made, so trustee 1 goes on until then: it is
# killed at its Nth write for N = 1, 2, ... until it comes through.
kills=0
made() { state '.key == "done"'; }
for ((n = 1; n < 200; n++)); do
	stumbling_trustee "kill:$n" trustee1.log
	ended() { dead_or_reaped "$PID" || made; }
	wait_for "$LONG" ended || fatal "trustee 1 hangs in key generation"
	dead_or_reaped "$PID" || break
	kills=$((kills + 1))
done
stop "$PID"
if made >/dev/null && state '.attempt == 1' >/dev/null; then
	good "the key is made in the first attempt although trustee 1 died $kills times"
else
	bad "the key is made in the first attempt although trustee 1 died $kills times"
fi

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
# dies HOW: run trustee 1 until it dies, or until all is done: then 1.
dies() {
	stumbling_trustee "$1" trustee1.log
	wait_for "$LONG" died_or_decrypted || fatal "trustee 1 hangs" "$(tail -n 3 "$TMPDIR/trustee1.log")"
	dead_or_reaped "$PID"
}
died_or_decrypted() { dead_or_reaped "$PID" || decrypted; }

kills=0
for ((n = 1; n < 400; n++)); do
	dies "kill:$n" || break
	kills=$((kills + 1))
done
stop "$PID"
if decrypted >/dev/null; then
	good "three items are decrypted although trustee 1 died $kills times"
else
	bad "three items are decrypted although trustee 1 died $kills times"
fi
# Each kind of write by its name.
run organiser close 4 5
for call in 'write trustee1/journal' 'fsync trustee1/journal' 'write blobs/' 'fsync blobs/' \
    'rename blobs/' 'pwrite mirror/entries.ndjson'; do
	if dies "kill:1:$call"; then good "killed at $call"; else bad "killed at $call"; fi
	stop "$PID"
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
for ((n = 1; n < 200; n++)); do
	stumbling_trustee "full:$n" full.log
	ended() { dead_or_reaped "$PID" || decrypted; }
	wait_for "$LONG" ended || fatal "trustee 1 hangs on a full disk"
	dead_or_reaped "$PID" || break
	got=0
	wait "$PID" || got=$?
	[ "$got" -eq 3 ] && full=$((full + 1)) || echo "exit status $got at write $n" >>"$TMPDIR/wrong"
done
stop "$PID"
if decrypted >/dev/null && [ ! -e "$TMPDIR/wrong" ] && [ "$full" -ge 5 ] &&
    [ "$(grep -c '^tabella: NO_DISK: ' "$TMPDIR/full.log")" = "$full" ]; then
	good "a full disk ends with NO_DISK and 3, $full times; then trustee 1 finishes"
else
	bad "a full disk ends with NO_DISK and 3, $full times; then trustee 1 finishes" \
	    "$(cat "$TMPDIR/wrong" 2>/dev/null; grep -v 'ing: \|ne: ' "$TMPDIR/full.log")"
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
if [ "$n" -gt 1 ]; then good "no key without randomness, at $((n - 1)) moments"; else bad "no key without randomness"; fi

run organiser result all
run "$TABELLA" verify "$URL" --election "$ID" --save "$TMPDIR/archive"
expect "the archive verifies" 0 "$TABELLA" verify "$TMPDIR/archive" --election "$ID"
if [ "$(jq -c '[.items[].outcome.votes] | unique' "$TMPDIR/archive/result.json")" = '[[2,0]]' ]; then
	good "all votes are counted"
else
	bad "all votes are counted"
fi
finish
