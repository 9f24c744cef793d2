#!/bin/bash
# test_tls: the board over TLS: what it speaks and what not, the same interface as without,
# a certificate that is exchanged while it runs, clients and the authorities that they trust.
. "${TOP_SRCDIR:-$(cd "$(dirname "$0")/.." && pwd)}/tests/lib.sh"
. "$TOP_SRCDIR/tests/elect.sh"
need_server
command -v openssl >/dev/null || skip_all "there is no openssl"

# authority NAME: one of our own, NAME.pem and NAME.key.
authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
	    -subj "/CN=test $1" -keyout "$TMPDIR/$1.key" -out "$TMPDIR/$1.pem" 2>/dev/null
}
{ authority ca && authority other; } || fatal "no authority"
# certificate NAME SERIAL [ALTERNATIVE_NAME [DAYS]]: NAME.pem and NAME.key for 127.0.0.1, of ca.
certificate() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=board" \
	    -keyout "$TMPDIR/$1.key" -out "$TMPDIR/$1.csr" 2>/dev/null &&
	    openssl x509 -req -in "$TMPDIR/$1.csr" -CA "$TMPDIR/ca.pem" -CAkey "$TMPDIR/ca.key" \
		-set_serial "$2" -days "${4:-30}" -out "$TMPDIR/$1.pem" \
		-extfile <(echo "subjectAltName=${3:-IP:127.0.0.1}") 2>/dev/null
}
{
	certificate first 4097 && certificate second 4098 &&
	    certificate stale 4099 IP:127.0.0.1 0 && certificate elsewhere 4100 DNS:elsewhere.test
} || fatal "no certificates"
# What the board reads, and may be exchanged; the postgres user runs it.
own_folder "$TMPDIR/tls" || fatal "no folder"
show() {
	cp "$TMPDIR/$1.pem" "$TMPDIR/tls/new.pem" && cp "$TMPDIR/$2.key" "$TMPDIR/tls/new.key" || return
	chmod 600 "$TMPDIR/tls/new.key"
	[ ${#AS_POSTGRES[@]} -eq 0 ] || chown postgres:postgres "$TMPDIR"/tls/new.*
	mv "$TMPDIR/tls/new.pem" "$TMPDIR/tls/board.pem"
	mv "$TMPDIR/tls/new.key" "$TMPDIR/tls/board.key"
}
show first first

keys organiser organiser
keys registrar registrar1
keys trustee trustee1 trustee2

# ---- refused at the start ---------------------------------------------------------------

tabellad_says() {
	"${AS_POSTGRES[@]}" "$TABELLAD" --data "$TMPDIR/tls/none" --tls 127.0.0.1:0 "$@"
}
pem=$TMPDIR/tls/board.pem key=$TMPDIR/tls/board.key
expect "TLS needs a certificate" 2 tabellad_says
expect "a certificate needs TLS" 2 "$TABELLAD" --data x --certificate "$pem" --key "$key"
chmod 604 "$key"
refused "a key that everybody may read" 1 KEY_PERMISSIONS tabellad_says --certificate "$pem" --key "$key"
show first second
refused "somebody else's key" 1 BAD_INPUT tabellad_says --certificate "$pem" --key "$key"
refused "no certificate" 1 BAD_INPUT tabellad_says --certificate "$key" --key "$key"
refused "no file" 3 NO_DISK tabellad_says --certificate "$pem" --key "$TMPDIR/tls/absent"
show first first

# ---- the interface over TLS ---------------------------------------------------------------

BOARD_OPTIONS=(--tls 127.0.0.1:0 --certificate "$pem" --key "$key")
board_start
PLAIN=$(sed -n 1p "$TMPDIR/board/address")
SECURE=$(sed -n 2p "$TMPDIR/board/address")
case $PLAIN,$SECURE in
http://127.0.0.1:*,https://127.0.0.1:*) good "both addresses are written" ;;
*) fatal "both addresses are written" "$PLAIN,$SECURE" ;;
esac
URL=$PLAIN
ADDRESS=${PLAIN#http://}
PORT=${SECURE##*:}
s() { curl -sS -f --max-time "$LONG" --cacert "$TMPDIR/ca.pem" "$@"; }
define '' 2 1
if s "$SECURE/v1/elections" | jq -e --arg id "$ID" '.elections[0].id == $id' >/dev/null &&
    [ "$(s "$SECURE/v1/elections/$ID/entries" | sum)" = "$(lines | sum)" ]; then
	good "the same board on both"
else
	bad "the same board on both"
fi

# A blob of two pieces up, as a whole and in a range down, on one connection each.
head -c 5000000 /dev/urandom >"$TMPDIR/blob"
blob=$(sum "$TMPDIR/blob")
scribe ticket "$TMPDIR/organiser.key" "$ID" "$blob" 5000000 >"$TMPDIR/ticket" || fatal "no ticket"
upload=$(s --data-binary "@$TMPDIR/ticket" "$SECURE/v1/elections/$ID/blobs" | jq -r .upload)
head -c 4194304 "$TMPDIR/blob" >"$TMPDIR/piece0"
tail -c +4194305 "$TMPDIR/blob" >"$TMPDIR/piece1"
s -T "$TMPDIR/piece0" "$SECURE/v1/elections/$ID/uploads/$upload?at=0" >/dev/null &&
    s -T "$TMPDIR/piece1" "$SECURE/v1/elections/$ID/uploads/$upload?at=4194304" >/dev/null
if [ "$(s "$SECURE/v1/elections/$ID/blobs/$blob" | sum)" = "$blob" ] &&
    s -r 4000000-4999998 "$SECURE/v1/elections/$ID/blobs/$blob" |
    cmp -s - <(tail -c +4000001 "$TMPDIR/blob" | head -c 999999); then
	good "a large blob there and back"
else
	bad "a large blob there and back"
fi
if [ "$(s "$SECURE/healthz" "$SECURE/healthz" "$SECURE/healthz" -w '%{num_connects} ' -o /dev/null -o /dev/null -o /dev/null)" = "1 0 0 " ]; then
	good "a connection is kept"
else
	bad "a connection is kept"
fi

# A follower waits over TLS for what comes over the other address.
size=$(board_size)
s "$SECURE/v1/elections/$ID/entries?from=$size&wait=25" >"$TMPDIR/follower" &
FOLLOWER=$!
item "A question" plurality yes no
wait "$FOLLOWER"
if [ "$(wc -l <"$TMPDIR/follower")" = 1 ]; then good "a follower"; else bad "a follower"; fi

# ---- what is spoken -----------------------------------------------------------------------

hello() { openssl s_client -connect "127.0.0.1:$PORT" -CAfile "$TMPDIR/ca.pem" "$@" </dev/null 2>&1; }
for v in tls1_2 tls1_3; do
	if hello -$v | grep -q 'Verify return code: 0'; then good "$v"; else bad "$v"; fi
done
for v in "-tls1 -cipher ALL:@SECLEVEL=0" "-tls1_1 -cipher ALL:@SECLEVEL=0" "-tls1_2 -cipher AES128-SHA" \
    "-tls1_2 -cipher AES128-GCM-SHA256" "-alpn h2"; do
	# shellcheck disable=SC2086
	if hello $v | grep -q 'Cipher is (NONE)'; then good "not $v"; else bad "not $v"; fi
done
got=0
curl -sS --max-time "$LONG" "http://127.0.0.1:$PORT/healthz" >"$TMPDIR/out" 2>&1 || got=$?
if [ "$got" != 0 ] && [ "$got" != 28 ]; then
	good "no plain HTTP there"
else
	bad "no plain HTTP there"
fi

# ---- another certificate while it runs --------------------------------------------------------

serial() { hello | openssl x509 -noout -serial 2>/dev/null; }
serial_is() { [ "$(serial)" = "serial=$1" ]; }
if serial_is 1001; then good "the first certificate"; else bad "the first certificate" "$(serial)"; fi
# One who stays connected.
mkfifo "$TMPDIR/talk"
openssl s_client -quiet -connect "127.0.0.1:$PORT" -CAfile "$TMPDIR/ca.pem" <"$TMPDIR/talk" \
    >"$TMPDIR/heard" 2>/dev/null &
exec 9>"$TMPDIR/talk"
printf 'GET /healthz HTTP/1.1\r\nHost: b\r\n\r\n' >&9
heard() { [ "$(grep -ac '^HTTP/1.1 200' "$TMPDIR/heard")" = "$1" ]; }
wait_for "$LONG" heard 1 || bad "an answer before"
board_says() { grep -q "$1" "$TMPDIR/board.log"; }

show second second
kill -HUP "$BOARD_PID"
if wait_for "$LONG" serial_is 1002; then good "SIGHUP reads the certificate again"; else bad "SIGHUP reads the certificate again" "$(serial)"; fi
printf 'GET /healthz HTTP/1.1\r\nHost: b\r\n\r\n' >&9
if wait_for "$LONG" heard 2; then good "open connections stay"; else bad "open connections stay"; fi
exec 9>&-

show first second
kill -HUP "$BOARD_PID"
if wait_for "$LONG" board_says 'the certificate stays as it was' && serial_is 1002; then
	good "a key that does not fit changes nothing"
else
	bad "a key that does not fit changes nothing" "$(serial)"
fi

# ---- clients, and the authority that they trust --------------------------------------------------

verify_with() { "$TABELLA" verify "$SECURE" --election "$ID" --partial "$@"; }
# distrusted NAME WORDS COMMAND...: refused for its certificate, at once and with these words.
distrusted() {
	refused "$1" 3 BAD_CERTIFICATE "${@:3}" || return
	if grep -q "$2" "$TMPDIR/out"; then good "$1: why"; else bad "$1: why" "$(cat "$TMPDIR/out")"; fi
}
distrusted "no authority that the system trusts" 'name its certificate with --ca' verify_with
distrusted "another authority" 'not of an authority in the file' verify_with --ca "$TMPDIR/other.pem"
expect "its own authority" 0 verify_with --ca "$TMPDIR/ca.pem"
refused "an authority, but no TLS" 1 BAD_INPUT "$TABELLA" verify "$PLAIN" --ca "$TMPDIR/ca.pem"
refused "an authority that is not there" 1 BAD_INPUT verify_with --ca "$TMPDIR/absent.pem"
refused "an authority that is none" 1 BAD_INPUT verify_with --ca "$TMPDIR/definition.json"
expect "an authority for an archive" 2 "$TABELLA" verify "$TMPDIR" --ca "$TMPDIR/ca.pem"

# It is kept in the folder, from wherever it was given; "" is the system's trust again.
watch_once() { (cd "$TMPDIR" && "$TABELLA" watch --dir watch --once "$@"); }
expect "a folder with an authority" 0 watch_once --board "$SECURE" --election "$ID" --ca ca.pem
expect "the folder keeps it" 0 "$TABELLA" watch --dir "$TMPDIR/watch" --once
distrusted "and lets it go" 'name its certificate with --ca' watch_once --ca ''
expect "and takes it again" 0 watch_once --ca ca.pem

show elsewhere elsewhere
kill -HUP "$BOARD_PID"
wait_for "$LONG" serial_is 1004 || bad "the certificate for another name"
distrusted "a certificate for another name" 'one for another name' verify_with --ca "$TMPDIR/ca.pem"
# Trustees who run unattended wait until it is well again.
AT=$SECURE
trustee_start 1 --ca "$TMPDIR/ca.pem"
trustee_start 2 --ca "$TMPDIR/ca.pem"
AT=
trustees_distrust() {
	[ "$(cat "$TMPDIR"/trustee[12].log | grep -c '^BAD_CERTIFICATE: ')" = 2 ]
}
if wait_for "$LONG" trustees_distrust; then good "trustees wait"; else bad "trustees wait" "$(cat "$TMPDIR"/trustee?.log)"; fi
show stale stale
kill -HUP "$BOARD_PID"
wait_for "$LONG" serial_is 1003 || bad "the certificate of yesterday"
distrusted "a certificate that has expired" 'has expired' verify_with --ca "$TMPDIR/ca.pem"
show second second
kill -HUP "$BOARD_PID"
key_is_made() { [ "$(records | jq -c 'select(.body["keygen-confirm"])' | wc -l)" = 2 ]; }
if wait_for "$LONG" key_is_made; then good "trustees over TLS"; else bad "trustees over TLS" "$(cat "$TMPDIR"/trustee?.log)"; fi
if grep -q '127\.0\.0\.1' <(grep -v listening "$TMPDIR/board.log") || grep -q 'BEGIN' "$TMPDIR/board.log"; then
	bad "no addresses or keys in the log" "$(cat "$TMPDIR/board.log")"
else
	good "no addresses or keys in the log"
fi
finish
