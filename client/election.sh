#!/bin/bash
# election: a whole election on this machine, on the ballots of a tally sheet: what
# ./quickstart runs once everything is built.
#
# Everything here is done by the programs as people would use them: the board is
# tabellad with its own PostgreSQL, the trustees are three processes of
# their own, and every ballot goes through the voter's client and over HTTP.
set -u

ROOT=$(cd "$(dirname "$0")/.." && pwd) || exit 3
TABELLA=${TABELLA:-$ROOT/build/client/tabella}
TABELLAD=${TABELLAD:-$ROOT/build/server/tabellad}
DEMO=${DEMO:-$ROOT/demo}
SHEET=$ROOT/ballots/examples/leader-2013.txt
ELIGIBLE=
MAJORITIES=()
STARTED=()
DATA=

usage() {
	cat <<'END'
Usage: ./quickstart [--tally FILE] [--eligible N] [--majority OPTION=3:1]...

Holds an election with the ballots of a tally sheet in the Debian project's form.

  --tally FILE            the sheet (default: the project leader election of 2013)
  --eligible N            how many people are on the roll (default: as published for the
                          two sheets in ballots/examples, else one for each ballot)
  --majority OPTION=3:1   a majority that an option needs against the last option

Example: ./quickstart --tally ballots/examples/resolution-2014.txt
END
}

die() {
	local status=$1 line
	shift
	printf 'quickstart: %s\n' "$1" >&2
	shift
	for line; do printf '  %s\n' "$line" >&2; done
	exit "$status"
}

say() { printf "\n%s\n" "$*"; }

# ---- what was asked --------------------------------------------------------------

while [ $# -gt 0 ]; do
	case $1 in
	--tally | --eligible | --majority)
		[ $# -ge 2 ] || { usage >&2; exit 2; }
		case $1 in
		--tally) SHEET=$2 ;;
		--eligible) ELIGIBLE=$2 ;;
		--majority) MAJORITIES+=(--majority "$2") ;;
		esac
		shift 2
		;;
	--help | -h) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
done
[ -r "$SHEET" ] || die 1 "the tally sheet $SHEET cannot be read." "Give the path of a text file."
BALLOTS=$(grep -cE '^[[:space:]]*V:' "$SHEET" || true)
if [ -z "$ELIGIBLE" ]; then
	case $(basename "$SHEET") in
	leader-2013.txt) ELIGIBLE=988 ;;
	resolution-2014.txt) ELIGIBLE=1006 ;;
	*) ELIGIBLE=$((BALLOTS > 0 ? BALLOTS : 1)) ;;
	esac
fi
case $ELIGIBLE in
'' | *[!0-9]* | 0*) die 2 "--eligible is a number of people, not \"$ELIGIBLE\"." ;;
esac
[ "${#ELIGIBLE}" -le 6 ] || die 2 "--eligible is at most 999999 here."
[ "$ELIGIBLE" -ge "$BALLOTS" ] ||
    die 1 "the sheet holds $BALLOTS ballots, more than the $ELIGIBLE people on the roll."
PUBLISHED=${SHEET%.txt}.results.txt

# ---- processes ---------------------------------------------------------------------

# As root the board and its database run as the user postgres: PostgreSQL refuses root.
BOARD_USER=()
if [ "$(id -u)" -eq 0 ]; then
	BOARD_USER=(setpriv --reuid=postgres --regid=postgres --init-groups)
fi

# Processes end with the script, the newest first; the board last, which stops its
# database.
cleanup() {
	local status=$? i
	trap - EXIT INT TERM
	for ((i = ${#STARTED[@]} - 1; i >= 0; i--)); do
		kill -TERM "${STARTED[i]}" 2>/dev/null
	done
	for ((i = ${#STARTED[@]} - 1; i >= 0; i--)); do
		wait "${STARTED[i]}" 2>/dev/null
	done
	exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# wait_for SECONDS WHAT COMMAND...: until COMMAND succeeds.
wait_for() {
	local deadline=$((SECONDS + $1)) what=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$deadline" ] || die 3 "$what did not happen in time." "See the logs in $DEMO."
		for pid in "${STARTED[@]}"; do
			kill -0 "$pid" 2>/dev/null || die 3 "a process has ended while waiting: $what." \
			    "See the logs in $DEMO: $(tail -n 2 "$DEMO"/*.log | tr '\n' ' ')"
		done
		sleep 0.1
	done
}

# run COMMAND...: a step that must succeed; its own message says what is wrong.
run() {
	"$@" || exit
}

key_is() { organiser status --json | grep -q "\"key\": \"$1\""; }
decrypted() { organiser status --json | grep -q '"decryptions": [2-9]'; }
counted_nothing() { organiser status --json | grep -q '"ballots": 0'; }
organiser() { "$TABELLA" organiser "$1" --dir "$DEMO/organiser" "${@:2}"; }
registrar() { "$TABELLA" registrar "$1" --dir "$DEMO/registrar" "${@:2}"; }

# ---- the folder ----------------------------------------------------------------------

# What an earlier run left goes, its data folder in /var/tmp too.
if [ -L "$DEMO/data" ]; then
	OLD=$(readlink "$DEMO/data")
	case $OLD in
	/var/tmp/tabella.*) rm -rf -- "$OLD" ;;
	esac
fi
rm -rf -- "$DEMO"
mkdir -p "$DEMO" || die 3 "$DEMO cannot be made."
DATA=$(mktemp -d /var/tmp/tabella.XXXXXX) || die 3 "no folder can be made in /var/tmp."
ln -s "$DATA" "$DEMO/data"
if [ "$(id -u)" -eq 0 ]; then
	chown postgres: "$DATA"
	# That user may not be able to look into the folder that we stand in.
	if ! "${BOARD_USER[@]}" test -x "$TABELLAD"; then
		install -m 755 "$TABELLAD" "$DATA/tabellad" || die 3 "$TABELLAD cannot be copied to $DATA."
		TABELLAD=$DATA/tabellad
	fi
fi

# ---- the election --------------------------------------------------------------------

say "1. Keys: an organiser, a registrar and three trustees each make their own."
for who in organiser registrar; do
	run "$TABELLA" $who key --no-passphrase --out "$DEMO/$who.key" >"$DEMO/$who.pub"
done
for i in 1 2 3; do
	run "$TABELLA" trustee key --no-passphrase --out "$DEMO/trustee$i.key" >"$DEMO/trustee$i.pub"
done

say "2. The board: tabellad with a PostgreSQL of its own, in $DATA."
"${BOARD_USER[@]}" "$TABELLAD" --data "$DATA/board" --listen 127.0.0.1:0 --name demo.tabella \
    --organiser "$(cat "$DEMO/organiser.pub")" --address-file "$DATA/address" 2>"$DEMO/board.log" &
STARTED+=($!)
wait_for 90 "the start of the board" test -s "$DATA/address"
cp "$DATA/address" "$DEMO/address"
URL=$(cat "$DEMO/address")
echo "   It listens on $URL"

say "3. The organiser defines the election: any two of the three trustees open the ballots together."
party() { printf '{"name":"%s","key":"%s"}' "$1" "$(cat "$DEMO/$2.pub")"; }
cat >"$DEMO/definition.json" <<END
{
  "title": "$(basename "$SHEET" .txt | tr -cd 'A-Za-z0-9._ -')",
  "organiser": "Secretary",
  "threshold": 2,
  "mixers": 2,
  "registrars": [$(party Registrar registrar)],
  "trustees": [$(party Ada trustee1), $(party Blaise trustee2), $(party Charles trustee3)]
}
END
ID=$(organiser define --board "$URL" --key "$DEMO/organiser.key" "$DEMO/definition.json") || exit
echo "   Election $ID"
echo "$ID" >"$DEMO/election"
run organiser item --sheet "$SHEET" --title "$(basename "$SHEET" .txt)" "${MAJORITIES[@]}" >/dev/null
for i in 1 2 3; do
	"$TABELLA" trustee run --dir "$DEMO/trustee$i" --board "$URL" --election "$ID" \
	    --key "$DEMO/trustee$i.key" --patience 10 >"$DEMO/trustee$i.log" 2>&1 &
	STARTED+=($!)
done

say "4. The registrar makes a code for each of $ELIGIBLE voters; the organiser posts the roll."
{
	echo name
	seq -f 'Voter %06.0f' 1 "$ELIGIBLE"
} >"$DEMO/register.csv"
run registrar codes --board "$URL" --election "$ID" --key "$DEMO/registrar.key" \
    --codes "$DEMO/codes.csv" --out "$DEMO/lines.json" "$DEMO/register.csv" >/dev/null
run organiser roll "$DEMO/lines.json" >/dev/null
run registrar approve "$DEMO/lines.json" | sed 's/^/   /'
[ "${PIPESTATUS[0]}" -eq 0 ] || exit 1
wait_for 120 "the key generation of the trustees" key_is "done"
echo "   Meanwhile the trustees have made the election key: none of them knows its secret."

say "5. Voting: $BALLOTS ballots, each encrypted and proved by the voter's client and sent over HTTP."
run organiser open >/dev/null
run organiser open-item all >/dev/null
if [ "$BALLOTS" -gt 0 ]; then
	run "$TABELLA" vote batch --dir "$DEMO/voters" --board "$URL" --election "$ID" \
	    --sheet "$SHEET" "$DEMO/codes.csv" | sed 's/^/   /'
	[ "${PIPESTATUS[0]}" -eq 0 ] || exit 1
fi

say "6. Closing. The trustees shuffle the encrypted ballots twice, prove it, and open them together."
run organiser close all | sed 's/^/   /'
counted_nothing || wait_for 300 "mixing and decryption by the trustees" decrypted
run organiser result all | sed 's/^/   /'
[ "${PIPESTATUS[0]}" -eq 0 ] || exit 1

say "7. Anybody verifies, from the public record alone:"
run "$TABELLA" verify "$URL" --election "$ID" --save "$DEMO/archive" >"$DEMO/verify.log"
run "$TABELLA" verify "$DEMO/archive" --election "$ID"
cp "$DEMO/archive/result.json" "$DEMO/result.json"

# ---- beside the published result ---------------------------------------------------------

# Each prints what must be the same, row by row: the pairwise table, which options (the
# default, the last one, aside) reach the quorum and pass the majority, the winners.
flags() {
	grep -o "\"$1\":\[[0-9,]*\]" "$DEMO/result.json" | grep -o '\[.*' | tr -d '[]' | awk -F, -v "word=$2" '
	    { s = ""; for (i = 1; i < NF; i++) if ($i == 1) s = s (s == "" ? "" : ", ") word " " i; print s }'
}
ours() {
	grep -o '"pairwise":\[\[[0-9,]*\]\(,\[[0-9,]*\]\)*\]' "$DEMO/result.json" |
	    grep -o '\[[0-9,]*\]' | tr -d '[]' |
	    awk -F, '{ printf "option %d:", NR; for (i = 1; i <= NF; i++) if (i != NR) printf " %d", $i; print "" }'
	flags in_quorum quorum
	flags majority majority
	grep -o '"winners":\[[0-9,]*\]' "$DEMO/result.json" | tr -cd '0-9,\n' | sed 's/^/winner /'
}
published() {
	tr -d '\r' <"$PUBLISHED" | awk '
	/^Option [0-9]+  +[0-9 ]+$/ { printf "option %d:", $2; for (i = 3; i <= NF; i++) printf " %d", $i; print "" }
	/Reached quorum/ { q = q (q == "" ? "" : ", ") "quorum " $2 }
	/passes Majority/ { m = m (m == "" ? "" : ", ") "majority " $2 }
	/winners are/ { on = 1 }
	on && /Option [0-9]+/ { print q; print m; print "winner " $2; exit }'
}

if [ -f "$PUBLISHED" ] && [ ${#MAJORITIES[@]} -eq 0 ]; then
	say "8. Beside the published result ($(basename "$PUBLISHED")):"
	ours >"$DEMO/ours.txt"
	published >"$DEMO/published.txt"
	printf '   %-38s %s\n' "this election" "published"
	paste -d '\t' "$DEMO/ours.txt" "$DEMO/published.txt" | awk -F '\t' '{ printf "   %-38s %s\n", $1, $2 }'
	if [ -s "$DEMO/published.txt" ] && cmp -s "$DEMO/ours.txt" "$DEMO/published.txt"; then
		echo "   They are the same."
	else
		die 1 "the result is not the published one." "Compare $DEMO/ours.txt with $DEMO/published.txt."
	fi
fi

cat <<END

What just happened: $BALLOTS people voted in secret. Nobody, the board and the registrar's
database included, could read a ballot, and nobody could add, drop or change one without the
verification above failing. The whole public record is in demo/archive.

What to try next:
  build/client/tabella verify demo/archive --election $ID
  printf '!' | dd of=demo/archive/entries.ndjson bs=1 seek=5000 conv=notrunc
  build/client/tabella verify demo/archive        (it names what is wrong)
  ./quickstart --tally ballots/examples/resolution-2014.txt
  README.md walks through a small election by hand.
END
