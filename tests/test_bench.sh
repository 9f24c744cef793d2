#!/bin/bash
# test_bench: what `make bench` runs, over a few items: rows can be measured and a tally comes out
# right, the JSON lines hold what they should, a misspelt name is refused. The times mean
# nothing here.
. "${TOP_SRCDIR:-.}/tests/lib.sh"

bench=$TOP_BUILDDIR/tests/bench/bench
[ -x "$bench" ] || fatal "tests/bench/bench is built"
command -v python3 >/dev/null || skip_all "python3 is missing"
export BENCH_JSON=$TMPDIR/rows

# rows PATTERNS: the names in the JSON lines are those, and each line is whole.
rows() {
	python3 - "$BENCH_JSON" "$1" <<'END'
import fnmatch, json, sys

keys = {"name", "group", "cpu", "threads", "n", "width", "runs", "min", "median", "max",
        "ratio", "bound", "speedup", "peak_kib"}
wanted, seen = sys.argv[2].split(), set()
for line in open(sys.argv[1]):
    row = json.loads(line)
    assert set(row) == keys, row
    assert row["cpu"] in ("portable", "avx2", "ifma"), row
    assert row["runs"] >= 1 and row["n"] >= 1 and row["width"] == 1 and row["peak_kib"] > 0, row
    assert 0 < row["min"] <= row["median"] <= row["max"], row
    for key in "ratio", "bound":
        assert row[key] is None or row[key] > 0, row
    assert (row["speedup"] is not None) == (row["threads"] == 2 and "/" not in row["name"]), row
    matching = [w for w in wanted if fnmatch.fnmatchcase(row["name"], w)]
    assert matching, row
    seen.update(matching)
assert seen == set(wanted), (seen, wanted)
END
}

BENCH='field decode,multipow-1*' expect "a few rows" 0 "$bench" --group ristretto255 --n 3 --seconds 60
expect "their JSON" 0 rows 'field-* decode multipow-128'
BENCH='shuffle ballot-verify' expect "mixes and ballots" 0 "$bench" --group ristretto255 --n 2 --seconds 60
expect "their JSON" 0 rows 'shuffle-prove shuffle-verify ballot-verify'
BENCH=sha256 expect "a hash" 0 "$bench" --group - --n 1
expect "its JSON" 0 rows sha256
BENCH=mul,decode expect "a large group" 0 "$bench" --group modp2048 --n 1
expect "its JSON" 0 rows 'mul decode'
BENCH=pipeline expect "a whole tally" 0 "$bench" --n 3
expect "its JSON" 0 rows 'pipeline/mix?[1-3] pipeline/verify* pipeline/decrypt* pipeline/open*
    pipeline/key pipeline/encrypt* pipeline/compare pipeline/total*'

BENCH=shufle expect "a misspelt name" 2 "$bench"
if grep -q '"shufle"' "$TMPDIR/out" && grep -q shuffle-prove "$TMPDIR/out"; then
	good "is named, with those there are"
else
	bad "is named, with those there are"
fi
BENCH='sha256 shufle' expect "one misspelt name of two" 2 "$bench" --n 3
BENCH=sha256 BENCH_JSON=/nowhere/rows expect "a file that cannot be written" 1 "$bench" --n 3
expect "an unknown option" 2 "$bench" --quick
expect "an unknown group" 2 "$bench" --group p256
expect "n must be a number" 2 "$bench" --n none
if find "$TMPDIR" -name 'tabella-pipeline.*' | grep -q .; then
	bad "the pipeline's files are gone"
else
	good "the pipeline's files are gone"
fi
finish
