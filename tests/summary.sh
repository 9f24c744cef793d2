#!/bin/sh
# summary.sh FILE.trs...: what a test run has come to.
#
# Prints the end of each failed test's log, the five slowest tests, every skip
# with its reason, and as the last line "N passed, N failed, N skipped". A test
# whose file is missing did not run and counts as failed. Exits 1 if anything
# failed or nothing passed.
set -u

[ $# -gt 0 ] || {
	echo "usage: summary.sh FILE.trs..." >&2
	exit 2
}

passed=0 failed=0 skipped=0 slow='' skips=''
for trs in "$@"; do
	name=${trs%.trs}
	name=${name#./}
	if [ ! -f "$trs" ]; then
		failed=$((failed + 1))
		echo "Failed: $name did not run"
		continue
	fi
	# shellcheck disable=SC2046
	set -- $(awk '
		/^:test-result: PASS/ { p++ }
		/^:test-result: FAIL/ { f++ }
		/^:test-result: SKIP/ { s++ }
		/^:ms: / { ms = $2 }
		END { print p + 0, f + 0, s + 0, ms + 0 }' "$trs")
	passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
	slow="$slow$4 $name
"
	if [ "$2" -gt 0 ]; then
		echo "Failed: $name ($2 of $(($1 + $2 + $3))), the end of ${trs%.trs}.log:"
		tail -n 25 "${trs%.trs}.log" | sed 's/^/    /'
	fi
	reasons=$(sed -n "s|^:skip: |    $name: |p" "$trs")
	[ -z "$reasons" ] || skips="$skips$reasons
"
done

[ -z "$slow" ] || echo "The five slowest:"
printf '%s' "$slow" | sort -rn | head -n 5 |
    awk '{ printf "%10.1f s  %s\n", $1 / 1000, $2 }'
if [ -n "$skips" ]; then
	echo "Skipped:"
	printf '%s' "$skips"
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
