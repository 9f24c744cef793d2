#!/bin/bash
# test_driver: the harness counts what it says it counts, and cannot be fooled
# by a test that runs nothing, hides why it skips, or dies.
. "${TOP_SRCDIR:-.}/tests/lib.sh"

cd "$TMPDIR" || exit 99

# run NAME < script: through the driver, as automake does it.
run() {
	cat >"$1"
	chmod +x "$1"
	bash "$TOP_SRCDIR/tests/driver.sh" --test-name "$1" --log-file "${1%.sh}.log" \
	    --trs-file "${1%.sh}.trs" --color-tests no --expect-failure no \
	    --enable-hard-errors yes -- "./$1" >console
}

# counted NAME PASS FAIL SKIP VERDICT
counted() {
	local got
	got="$(grep -c 'test-result: PASS$' <(grep '^:test' "$1.trs")) \
$(grep -c '^:test-result: FAIL$' "$1.trs") $(grep -c '^:test-result: SKIP$' "$1.trs") \
$(sed -n 's/^:global-test-result: //p' "$1.trs")"
	if [ "$got" = "$2 $3 $4 $5" ] && grep -q "^$5: $1" console; then
		good "$1"
	else
		bad "$1" "got $got, not $2 $3 $4 $5"
	fi
}

run program <<'END'
#!/bin/sh
echo "100%: Checks: 7, Failures: 0, Errors: 0"
END
counted program 7 0 0 PASS

run two_suites <<'END'
#!/bin/sh
echo "100%: Checks: 7, Failures: 0, Errors: 0"
echo "50%: Checks: 4, Failures: 1, Errors: 1"
exit 1
END
counted two_suites 9 2 0 FAIL

run crashed <<'END'
#!/bin/sh
echo "100%: Checks: 7, Failures: 0, Errors: 0"
kill -SEGV $$
END
counted crashed 7 1 0 FAIL

run swallowed <<'END'
#!/bin/sh
echo "85%: Checks: 7, Failures: 1, Errors: 0"
END
counted swallowed 6 1 0 FAIL

run silent <<'END'
#!/bin/sh
END
counted silent 0 1 0 FAIL

run no_cases <<'END'
#!/bin/sh
echo "100%: Checks: 0, Failures: 0, Errors: 0"
END
counted no_cases 0 1 0 FAIL

run plain.sh <<'END'
#!/bin/sh
END
counted plain 1 0 0 PASS

run plain_bad.sh <<'END'
#!/bin/sh
exit 1
END
counted plain_bad 0 1 0 FAIL

run cases.sh <<'END'
#!/bin/sh
echo "SKIP: no second machine"
echo "3 passed, 0 failed, 1 skipped"
END
counted cases 3 0 1 PASS

run none.sh <<'END'
#!/bin/sh
echo "0 passed, 0 failed, 0 skipped"
END
counted none 0 1 0 FAIL

run skipped.sh <<'END'
#!/bin/sh
echo "SKIP: the moon is full"
exit 77
END
counted skipped 0 0 1 SKIP

run shy.sh <<'END'
#!/bin/sh
exit 77
END
counted shy 0 1 0 FAIL

run shy_case.sh <<'END'
#!/bin/sh
echo "3 passed, 0 failed, 1 skipped"
END
counted shy_case 3 1 1 FAIL

TEST_TIMEOUT=1 run endless.sh <<'END'
#!/bin/sh
while :; do :; done
END
counted endless 0 1 0 FAIL

run own_folder.sh <<'END'
#!/bin/sh
echo "$TMPDIR" >folder
touch "$TMPDIR/file"
END
if [ "$(cat folder)" != "$TMPDIR" ] && [ ! -e "$(cat folder)" ]; then
	good "a test has a folder of its own, removed afterwards"
else
	bad "a test has a folder of its own, removed afterwards" "$(cat folder)"
fi
(unset TMPDIR && run anywhere.sh) <<'END'
#!/bin/sh
echo "$TMPDIR" >folder
END
case $(cat folder) in
/dev/shm/tabella.* | /tmp/tabella.*)
	if [ -e "$(cat folder)" ]; then bad "also where nobody says where"; else good "also where nobody says where"; fi
	;;
*) bad "also where nobody says where" "$(cat folder)" ;;
esac

# summary EXPECTED_STATUS LAST_LINE FILE...
summary() {
	local status=0 want=$1 last=$2
	shift 2
	sh "$TOP_SRCDIR/tests/summary.sh" "$@" >sum || status=$?
	if [ "$status" -eq "$want" ] && [ "$(tail -n 1 sum)" = "$last" ]; then
		good "summary of $*"
	else
		bad "summary of $*" "status $status, $(tail -n 1 sum)"
	fi
}

summary 0 "11 passed, 0 failed, 2 skipped" program.trs plain.trs cases.trs skipped.trs
if grep -q "^    skipped: the moon is full$" sum && grep -q "^    cases: no second machine$" sum; then
	good "each skip with its reason"
else
	bad "each skip with its reason"
fi
summary 1 "16 passed, 2 failed, 0 skipped" program.trs two_suites.trs
if grep -q "^Failed: two_suites (2 of 11)" sum && grep -q "50%: Checks: 4" sum; then
	good "a failure with the end of its log"
else
	bad "a failure with the end of its log"
fi
summary 1 "7 passed, 1 failed, 0 skipped" program.trs absent.trs
summary 1 "0 passed, 0 failed, 1 skipped" skipped.trs
finish
