#!/bin/bash
# shellcheck disable=SC2034,SC2119,SC2120 # the scripts use what is set here
# elect.sh: what tests of whole elections share: a board, its people, their
# commands. Source it after lib.sh. Everything lives in $TMPDIR:
#
#	board/ (or as named)	the board's data; its URL is in $URL
#	<who>.key, <who>.pub	signing keys
#	<who>/			the folder of a role
#
# Names are words: organiser, registrar1, trustee1 ... Elections are told apart by
# $ID. What a command printed last is in $TMPDIR/out.

TABELLA=$TOP_BUILDDIR/client/tabella
TABELLAD=$TOP_BUILDDIR/server/tabellad

# A message of a sanitizer must not drown in an exit status that is expected anyway.
export ASAN_OPTIONS=${ASAN_OPTIONS:-exitcode=99} UBSAN_OPTIONS=${UBSAN_OPTIONS:-exitcode=99}

need_server() {
	[ "${TABELLA_SERVER:-yes}" = yes ] || skip_all "this build has no server"
	if [ ! -x "$TABELLAD" ] || [ ! -x "$TABELLA" ]; then
		fatal "client/tabella and server/tabellad must be built first"
	fi
	need_postgres
	TABELLAD=$(share "$TABELLAD")
	TABELLA_PG_TEMPLATE=$(pg_template) || fatal "initdb"
	export TABELLA_PG_TEMPLATE
}

# run COMMAND...: it must succeed, or the script ends here. The output is in
# $TMPDIR/out.
run() {
	local got=0
	"$@" >"$TMPDIR/out" 2>&1 || got=$?
	[ "$got" -ne 0 ] || return 0
	sed 's/^/    /' "$TMPDIR/out"
	fatal "a step that must succeed" "exit status $got: $*"
}

# refused NAME STATUS REASON COMMAND...: one case: COMMAND exits with STATUS and its
# message begins with "tabella: REASON: ".
refused() {
	local name=$1 status=$2 reason=$3 got=0
	shift 3
	"$@" >"$TMPDIR/out" 2>&1 </dev/null || got=$?
	if [ "$got" -eq "$status" ] && grep -q "^tabellad\?: $reason: ..*" "$TMPDIR/out"; then
		good "$name"
	else
		bad "$name" "exit status $got, not $status with $reason"
		sed 's/^/    /' "$TMPDIR/out"
		return 1
	fi
}

# ---- the board ---------------------------------------------------------------

# Start tabellad, or start it again on the same address. The data folder is $BOARD
# (default board), further options are in BOARD_OPTIONS.
BOARD_OPTIONS=()
BOARD_NAME=test.board
board_start() {
	local data=$TMPDIR/${BOARD:=board}
	[ -d "$data" ] || own_folder "$data" || fatal "no folder for the board"
	rm -f "$data/address"
	start "$TMPDIR/$BOARD.log" "${AS_POSTGRES[@]}" "$TABELLAD" --data "$data" \
	    --listen "${ADDRESS:-127.0.0.1:0}" --name "$BOARD_NAME" \
	    --address-file "$data/address" --organiser "$(cat "$TMPDIR/organiser.pub")" \
	    "${BOARD_OPTIONS[@]}"
	BOARD_PID=$PID
	wait_for "$LONG" test -s "$data/address" || {
		cat "$TMPDIR/$BOARD.log"
		fatal "the board did not start"
	}
	URL=$(cat "$data/address")
	ADDRESS=${URL#http://}
}

# api PATH: the body of GET /v1/PATH; fails unless the status is 200.
api() { curl -sS -f --max-time "$LONG" "$URL/v1/$1"; }
board_size() { api elections | jq -r --arg id "$ID" '.elections[] | select(.id == $id) | .size'; }
# status METHOD PATH [FILE]: the HTTP status; the answer is in $TMPDIR/answer.
status() {
	curl -sS --max-time "$LONG" -o "$TMPDIR/answer" -w '%{http_code}' -X "$1" \
	    ${3:+--data-binary "@$3"} "$URL/v1/$2"
}
# answers NAME STATUS REASON METHOD PATH [FILE]: one case: the board refuses with this.
answers() {
	local got reason
	got=$(status "$4" "$5" "${6:-}")
	reason=$(jq -r '.error.reason // empty' "$TMPDIR/answer" 2>/dev/null)
	if [ "$got" = "$2" ] && [ "$reason" = "$3" ]; then
		good "$1"
	else
		bad "$1" "$got $reason, not $2 $3: $(head -c 300 "$TMPDIR/answer")"
	fi
}

# b64 HEX: as protocol.md writes bytes.
b64() { python3 -c 'import base64, sys
print(base64.urlsafe_b64encode(bytes.fromhex(sys.argv[1])).decode().rstrip("="))' "$1"; }
# hex B64: the reverse.
hex() { python3 -c 'import base64, sys
print(base64.urlsafe_b64decode(sys.argv[1] + "==").hex())' "$1"; }
sum() { sha256sum "$@" | cut -d ' ' -f 1; }
scribe() { "$TOP_BUILDDIR/tests/scribe" "$@"; }
lines() { api "elections/$ID/entries"; }
# records: those of the board's entries, one a line, in their own bytes.
records() { api "elections/$ID/entries" | jq -cS .record; }
# chain: make a board of these records or lines (standard input), with the key of ours, in
# $TMPDIR/lie: its entries and its head.
chain() {
	mkdir -p "$TMPDIR/lie"
	cp "$TMPDIR/board/board.key" "$TMPDIR/lie/board.key"
	scribe chain "$TMPDIR/lie/board.key" "$BOARD_NAME" "$ID" "$TMPDIR/lie" || fatal "no chain"
}
# The proxy shows what chain has made; further rules may be given.
lie() {
	rules "lines $TMPDIR/lie/entries.ndjson ^GET .*/entries" \
	    "answer $TMPDIR/lie/checkpoint ^GET .*/checkpoint" "$@"
}
# sign WHO: a body (standard input) as a signed record, with a line end.
sign() {
	scribe sign "$TMPDIR/$1.key" || fatal "cannot sign"
	echo
}
# record_hash: of a record (standard input), as protocol.md writes it.
record_hash() {
	tr -d '\n' >"$TMPDIR/one"
	b64 "$(sum "$TMPDIR/one")"
}
# entry_hash: of a line.
entry_hash() { record_hash; }
# label_hash LABEL: TH of a body.
label_hash() {
	{ printf '%s\0' "$1" && tr -d '\n'; } >"$TMPDIR/one"
	b64 "$(sum "$TMPDIR/one")"
}

# last_prev WHO: what the next record of a signing key must carry as prev.
last_prev() {
	records | jq -cS --arg by "$(cat "$TMPDIR/$1.pub")" 'select(.by == $by)' | tail -n 1 |
	    tr -d '\n' >"$TMPDIR/last"
	b64 "$(sum "$TMPDIR/last")"
}

# ---- people ------------------------------------------------------------------

# keys ROLE NAME...: signing keys without a passphrase.
keys() {
	local role=$1 name
	shift
	for name; do
		run "$TABELLA" "$role" key --no-passphrase --out "$TMPDIR/$name.key"
		cp "$TMPDIR/out" "$TMPDIR/$name.pub"
	done
}

party() { printf '{"name":"%s","key":"%s"}' "$1" "$(cat "$TMPDIR/$1.pub")"; }
parties() {
	local name comma=
	for name; do
		printf '%s' "$comma"
		party "$name"
		comma=,
	done
}

organiser() { "$TABELLA" organiser "$1" --dir "$TMPDIR/organiser$POLL" "${@:2}"; }
# registrar N COMMAND ...
registrar() { "$TABELLA" registrar "$2" --dir "$TMPDIR/registrar$1$POLL" "${@:3}"; }
# Where several elections are held, POLL tells the folders apart.
POLL=

# witnesses N: keys of witnesses; $WITNESSES is their part of a definition.
witnesses() {
	local i list=
	for ((i = 1; i <= $1; i++)); do
		run "$TABELLA" watch key --no-passphrase --out "$TMPDIR/witness$i.key"
		cp "$TMPDIR/out" "$TMPDIR/witness$i.pub"
		list+=${list:+,}$(printf '{"name":"witness.test/%d","key":"%s"}' "$i" "$(cat "$TMPDIR/out")")
	done
	WITNESSES="\"witnesses\": [$list],"
}
# witness_start N [OPTION...]: its process is in WITNESS[N], its URL in WITNESS_URL[N].
witness_start() {
	local n=$1
	shift
	rm -f "$TMPDIR/witness$n.address"
	start "$TMPDIR/witness$n.log" "$TABELLA" watch --dir "$TMPDIR/witness$n" --board "${AT:-$URL}" \
	    --election "$ID" --witness --name "witness.test/$n" --key "$TMPDIR/witness$n.key" \
	    --listen "${WITNESS_AT[n]:-127.0.0.1:0}" --address-file "$TMPDIR/witness$n.address" "$@"
	WITNESS[n]=$PID
	wait_for "$LONG" test -s "$TMPDIR/witness$n.address" || {
		cat "$TMPDIR/witness$n.log"
		fatal "witness $n did not start"
	}
	WITNESS_URL[n]=$(cat "$TMPDIR/witness$n.address")
	WITNESS_AT[n]=${WITNESS_URL[n]#http://}
}
WITNESS=()
WITNESS_URL=()
WITNESS_AT=()
# Start the board again, with the addresses of the witnesses.
board_with_witnesses() {
	local n
	BOARD_OPTIONS=()
	for n in "${!WITNESS_URL[@]}"; do
		BOARD_OPTIONS+=(--witness "witness.test/$n=${WITNESS_URL[n]}")
	done
	stop "$BOARD_PID"
	board_start
}
# The size of the newest head with the quorum; 0: none yet.
witnessed() { api "elections/$ID/witnessed" 2>/dev/null | sed -n 2p | grep . || echo 0; }
# Have the witnesses co-signed all of the board?
all_witnessed() { [ "$(witnessed)" = "$(board_size)" ]; }

# define EXTRA TRUSTEES REGISTRARS: found an election; EXTRA is JSON for the definition.
# Sets ID.
define() {
	local trustees=() registrars=() i
	for ((i = 1; i <= $2; i++)); do trustees+=("trustee$i"); done
	for ((i = 1; i <= $3; i++)); do registrars+=("registrar$i"); done
	cat >"$TMPDIR/definition.json" <<-END
		{$1 "title": "A test$POLL", "threshold": 2, "mixers": 2,
		 "trustees": [$(parties "${trustees[@]}")],
		 "registrars": [$(parties "${registrars[@]}")]}
	END
	run organiser define --board "$URL" --key "$TMPDIR/organiser.key" "$TMPDIR/definition.json"
	ID=$(tail -n 1 "$TMPDIR/out")
}

# item TITLE CHOICE OPTION...
item() {
	local file=$TMPDIR/item.json
	jq -n --arg title "$1" --arg choice "$2" '$ARGS.positional as $options |
	    {title: $title, choice: $choice, options: $options}' --args "${@:3}" >"$file"
	run organiser item "$file"
}

# trustee_start N [OPTION...]: let a trustee do its work; its number is in TRUSTEE[N].
# Through another address than the board's: AT=http://... Seconds that it waits for each
# trustee before it: PATIENCE.
trustee_start() {
	local n=$1
	shift
	start "$TMPDIR/trustee$n$POLL.log" "$TABELLA" trustee run --dir "$TMPDIR/trustee$n$POLL" \
	    --board "${AT:-$URL}" --election "$ID" --key "$TMPDIR/trustee$n.key" \
	    --patience "${PATIENCE:-1}" "$@"
	TRUSTEE[n]=$PID
}
TRUSTEE=()
# signed_twice N: the duties for which the trustee's journal holds different outputs: there must be
# none. A trustee never signs two mixes or two decryptions of one list.
signed_twice() {
	jq -r 'select(.record) | .duty as $d | .record | fromjson | .body | .mix // .decrypt //
	    empty | [$d, .output // .factors] | @tsv' "$TMPDIR/trustee$1/journal" | sort -u |
	    cut -f 1 | uniq -d
}

# STUMBLE: put "${STUMBLE[@]}" TRIP=HOW before a program that shall stumble (trip.c).
STUMBLE=(env "LD_PRELOAD=$TOP_BUILDDIR/tests/trip.so")

# register NAME...: the register of people.
register() {
	{
		echo name
		printf '%s\n' "$@" | sed 's/"/""/g; s/.*/"&"/'
	} >"$TMPDIR/register.csv"
}

# codes N PART: registrar N makes codes for the register: codes<PART>.csv, part<PART>.json.
codes() {
	run registrar "$1" codes --board "$URL" --election "$ID" --key "$TMPDIR/registrar$1.key" \
	    --codes "$TMPDIR/codes$2$POLL.csv" --out "$TMPDIR/part$2$POLL.json" --part "$2" \
	    "$TMPDIR/register.csv"
}

# code_file NAME: put all parts of a person's code into NAME.code.
code_file() {
	local part
	(umask 077 && for part in "$TMPDIR"/codes?"$POLL".csv; do
		sed -n "s/^\"$1\",[0-9]*,//p" "$part"
	done >"$TMPDIR/$1$POLL.code")
}

# vote NAME ARGUMENT...: with the code of that person.
vote() {
	"$TABELLA" vote --dir "$TMPDIR/$1$POLL" --board "${AT:-$URL}" --election "$ID" \
	    --code-file "$TMPDIR/$1$POLL.code" "${@:2}"
}

# cast HASH [NAME]: post what is in ballots/HASH until the board takes it; the receipt is in
# receipts/NAME. What it says otherwise is in $TMPDIR/refused. May run in the background.
cast() {
	local out=$TMPDIR/receipts/${2:-$1} deadline=$((SECONDS + LONG)) got
	until got=$(curl -sS -o "$out.part" -w '%{http_code}' --max-time 20 --data-binary \
	    "@$TMPDIR/ballots/$1" "$URL/v1/elections/$ID/records" 2>/dev/null) && [ "$got" = 200 ]; do
		if [ "$SECONDS" -ge "$deadline" ] || { [ "$got" != 000 ] && [ "$got" != 503 ]; }; then
			echo "$1 at $URL: $got $(cat "$out.part")" >>"$TMPDIR/refused"
			return 1
		fi
		sleep 0.1
	done
	mv "$out.part" "$out"
}
# Wait for what runs in the background and is no process of start.
wait_posts() {
	local job
	for job in $(jobs -p); do
		case " ${STARTED[*]} " in *" $job:"*) ;; *) wait "$job" ;; esac
	done
}

# state FILTER: ask the board how far the election is, by jq on the organiser's status.
state() { organiser status --json | jq -e "$1"; }

# ---- a board in between (proxy.py) ---------------------------------------------

# Start it; its folder is PROXY and its address AT, which the functions above use.
proxy_start() {
	PROXY=$TMPDIR/proxy
	mkdir -p "$PROXY"
	start "$PROXY.log" python3 "$TOP_SRCDIR/tests/proxy.py" "$URL" "$PROXY"
	PROXY_PID=$PID
	wait_for "$LONG" test -s "$PROXY/address" || fatal "the proxy did not start"
	AT=$(cat "$PROXY/address")
}

# rules LINE...: what the proxy does from now on; none: passes everything on.
rules() {
	printf '%s\n' "$@" | sed '/^$/d' >"$PROXY/rules.new"
	: >"$PROXY/held"
	mv "$PROXY/rules.new" "$PROXY/rules"
}
# A request is being held, or was passed on and its answer is being held.
held() { [ -s "$PROXY/held" ]; }
