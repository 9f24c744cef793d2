#!/bin/sh
# driver.sh: run one test for automake's parallel harness and count its cases.
#
# A program prints the line of libcheck ("100%: Checks: 7, Failures: 0, Errors:
# 0"), a script may print "N passed, N failed, N skipped"; several such lines
# add up. A script that prints neither is one case, judged by its exit status.
# Exit 77 skips the whole test and needs a line "SKIP: why". A test that runs
# no case, says nothing of its cases though it is a program, or skips without
# a reason has failed.
#
# The test finds TOP_SRCDIR, TOP_BUILDDIR and a temporary folder of its own,
# TMPDIR, which is removed afterwards unless it fails and KEEP is set. It is
# made in TMPDIR; if that is not set, in memory if there is room, since what
# tests of databases do most is wait for the disk.
# TEST_TIMEOUT (seconds, default 1200) bounds the whole test.
#
# Besides automake's fields the .trs file carries ":ms:" (duration) and
# ":skip:" (a reason), which summary.sh reads.
set -u

name='' log='' trs=''
while [ $# -gt 0 ]; do
	case $1 in
	--test-name) name=$2; shift 2 ;;
	--log-file) log=$2; shift 2 ;;
	--trs-file) trs=$2; shift 2 ;;
	--color-tests | --expect-failure | --enable-hard-errors) shift 2 ;;
	--) shift; break ;;
	*) break ;;
	esac
done
if [ -z "$name" ] || [ -z "$log" ] || [ -z "$trs" ] || [ $# -eq 0 ]; then
	echo "usage: driver.sh --test-name N --log-file F --trs-file F -- TEST" >&2
	exit 2
fi

now() { echo $(($(date +%s%N) / 1000000)); }

# in_memory: make a folder there and print it. The largest test fills 600 MB.
in_memory() {
	[ -z "${KEEP:-}" ] && [ "$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }')" -ge 2000000 ] &&
	    [ "$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)" -ge 4000000 ] &&
	    there=$(mktemp -d /dev/shm/tabella.XXXXXX) || return
	# It may be mounted so that no program runs there.
	if echo '#!/bin/sh' >"$there/run" && chmod 700 "$there/run" && "$there/run"; then
		rm "$there/run" && echo "$there"
	else
		rm -rf "$there"
		return 1
	fi
}
if [ -n "${TMPDIR:-}" ]; then
	folder=$(mktemp -d "$TMPDIR/tabella.XXXXXX") || exit 2
else
	folder=$(in_memory 2>/dev/null) || folder=$(mktemp -d /tmp/tabella.XXXXXX) || exit 2
fi
# A test may hand part of it to the postgres user.
chmod 711 "$folder"
child=''
trap 'kill "$child" 2>/dev/null; rm -rf "$folder"; exit 130' INT HUP TERM

begin=$(now)
: "${TEST_TIMEOUT:=1200}"
TMPDIR=$folder timeout -k 30 "$TEST_TIMEOUT" "$@" >"$log" 2>&1 &
child=$!
wait "$child"
status=$?
child=''
ms=$(($(now) - begin))
[ "$status" -ne 124 ] || echo "stopped after $TEST_TIMEOUT seconds" >>"$log"

case $name in *.sh) kind=script ;; *) kind=program ;; esac
counts=$(awk '
	/^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+/ {
		gsub(/,/, ""); lines++
		p += $3 - $5 - $7; f += $5 + $7
	}
	/^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ {
		lines++; p += $1; f += $3; s += $5
	}
	END { print lines + 0, p + 0, f + 0, s + 0 }' "$log")
# shellcheck disable=SC2086
set -- $counts
lines=$1 passed=$2 failed=$3 skipped=$4

note=''
complain() {
	failed=$((failed + 1))
	note=$1
	echo "driver: $1" >>"$log"
}
reasons=$(sed -n 's/^SKIP: *//p' "$log" | sed '/^$/d')

if [ "$status" -eq 77 ]; then
	passed=0 failed=0 skipped=1
elif [ "$lines" -eq 0 ] && [ "$kind" = script ]; then
	if [ "$status" -eq 0 ]; then passed=1; else failed=1; fi
elif [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then
	complain "exit status $status"
elif [ $((passed + failed + skipped)) -eq 0 ]; then
	complain "ran no cases"
fi
if [ "$skipped" -gt 0 ] && [ -z "$reasons" ]; then
	[ "$status" -ne 77 ] || skipped=0
	complain "skipped without a line \"SKIP: why\""
fi

if [ "$failed" -gt 0 ]; then
	verdict=FAIL
elif [ "$passed" -eq 0 ]; then
	verdict=SKIP
else
	verdict=PASS
fi

repeat() {
	i=0
	while [ "$i" -lt "$1" ]; do
		echo ":test-result: $2"
		i=$((i + 1))
	done
}
{
	repeat "$passed" PASS
	repeat "$failed" FAIL
	repeat "$skipped" SKIP
	echo ":global-test-result: $verdict"
	[ $verdict = FAIL ] && echo ":recheck: yes" || echo ":recheck: no"
	[ $verdict = FAIL ] && echo ":copy-in-global-log: yes" || echo ":copy-in-global-log: no"
	echo ":ms: $ms"
	[ "$skipped" -eq 0 ] || printf '%s\n' "$reasons" | sed 's/^/:skip: /'
} >"$trs"

cases=$((passed + failed + skipped))
printf '%s: %s (%d case%s, %d.%d s)%s\n' "$verdict" "$name" "$cases" \
    "$([ "$cases" -eq 1 ] || echo s)" $((ms / 1000)) $((ms % 1000 / 100)) "${note:+: $note}"

if [ $verdict = FAIL ] && [ -n "${KEEP:-}" ]; then
	echo "driver: kept $folder" >>"$log"
else
	rm -rf "$folder"
fi
exit 0
