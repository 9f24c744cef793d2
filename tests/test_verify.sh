#!/bin/bash
# test_verify: tabella verify: folders, tars good and hostile, boards, heads, receipts; what it
# prints and with which status it ends.
. "${TOP_SRCDIR:-.}/tests/lib.sh"

tabella=$TOP_BUILDDIR/client/tabella
[ -x "$tabella" ] || skip_all "client/tabella is not built"
command -v python3 >/dev/null || skip_all "there is no Python"

archive=$TMPDIR/archive
TABELLA_BOTTLE=$archive "$TOP_BUILDDIR/tests/test_bottle" >"$TMPDIR/log" 2>&1 ||
	fatal "test_bottle" "$(tail -n 5 "$TMPDIR/log")"
heads=$archive.heads
id=$(head -n 1 "$archive/entries.ndjson" | sed 's/^{"election":"\([^"]*\)".*/\1=/' | tr -- -_ +/ |
    base64 -d | od -An -tx1 | tr -d ' \n')
scratch=$TMPDIR/scratch
mkdir "$scratch"

verify() { TMPDIR=$scratch "$tabella" verify "$@"; }
# says NAME TEXT: the last output has the text.
says() {
	if grep -qF -- "$2" "$TMPDIR/out"; then good "$1"; else bad "$1" "$(cat "$TMPDIR/out")"; fi
}
# hushes NAME TEXT: the reverse.
hushes() {
	if grep -qF -- "$2" "$TMPDIR/out"; then bad "$1"; else good "$1"; fi
}
# clean NAME: nothing is left in the scratch folder.
clean() {
	if [ -z "$(ls -A "$scratch")" ]; then good "$1"; else bad "$1" "$(ls -A "$scratch")"; fi
}
# refused NAME REASON CHECK COMMAND...: exit status 1, and the reason and the check are named.
refused() {
	local name=$1 reason=$2 check=$3
	shift 3
	expect "$name" 1 "$@" && says "$name says why" "tabella: $reason: $check"
}

# ---- a folder ----------------------------------------------------------------------------

expect "an archive" 0 verify "$archive" --election "$id"
says "the verdict" "VERIFIED: 116 checks on 150 entries"
says "the result of an item" "option 2, option 2"
says "who would have to act together" "any 2 of the 3 trustees together"
hushes "no warning" WARNING
expect "without the id" 0 verify "$archive"
says "it warns" "WARNING: no --election ID was given"
refused "another election" WRONG_ELECTION V910 verify "$archive" --election "${id//[0-7]/8}"
expect "as JSON" 0 verify "$archive" --election "$id" --json
if python3 -c 'import json, sys
a = json.load(open(sys.argv[1]))
assert a["verdict"] == "verified" and a["exit"] == 0 and a["election"] == sys.argv[2]
assert a["election_expected"] is True and a["entries"] == 150 and a["reason"] == "GOOD"
assert all(c["state"] in ("good", "not asked") for c in a["checks"]) and len(a["checks"]) == 117
assert [i["outcome"]["winners"] for i in a["items"]][:2] == [[2], [9]]
assert len(a["promises"]) == 7' "$TMPDIR/out" "$id"; then
	good "the JSON"
else
	bad "the JSON" "$(head -c 500 "$TMPDIR/out")"
fi
expect "no archive" 2 verify
expect "two archives" 2 verify "$archive" "$archive"
expect "an unknown option" 2 verify "$archive" --fast
expect "an id that is none" 2 verify "$archive" --election "${id}0"
expect "--save without a board" 2 verify "$archive" --save "$TMPDIR/x"
expect "help" 0 verify --help
refused "nothing there" MISSING_FILE V001 verify "$TMPDIR/nothing"
mkdir "$TMPDIR/empty"
refused "an empty folder" MISSING_FILE V001 verify "$TMPDIR/empty"

# ---- changed files -------------------------------------------------------------------------

# changed NAME FILE OFFSET REASON CHECK: one byte of a file is another.
changed() {
	local copy=$TMPDIR/changed
	rm -rf "$copy"
	cp -r "$archive" "$copy"
	printf '~' | dd of="$copy/$2" bs=1 seek="$3" conv=notrunc 2>/dev/null
	refused "$1" "$4" "$5" verify "$copy" --election "$id"
}
changed "README changed" README 7 BAD_ENCODING V003
changed "checkpoint changed" checkpoint 9 BAD_CHECKPOINT V008
changed "result.json changed" result.json 99 RESULT_MISMATCH V912
changed "a blob changed" "blobs/$(find "$archive/blobs" -type f -printf '%f\n' | sort | head -n 1)" 5 \
    BAD_BLOB V911
changed "entries changed" entries.ndjson 20000 BAD_ENCODING V051
says "the entry is named" "entry "
expect "JSON of a refusal" 1 verify "$TMPDIR/changed" --election "$id" --json
says "its verdict" '"verdict": "refused"'

# ---- heads -----------------------------------------------------------------------------------

expect "its own head" 0 verify "$archive" --election "$id" --head "$archive/checkpoint"
expect "an older head" 0 verify "$archive" --election "$id" --head "$heads/half"
says "the check" "V914"
refused "a longer head" ROLLBACK V914 verify "$archive" --election "$id" --head "$heads/more"
refused "a forked head" EQUIVOCATION V914 verify "$archive" --election "$id" --head "$heads/fork"
refused "a head that is none" BAD_CHECKPOINT V914 verify "$archive" --head "$archive/README"
expect "a head that is not there" 1 verify "$archive" --head "$TMPDIR/nothing"

# The first half of the board: the election still runs.
half=$TMPDIR/half
mkdir "$half" "$half/blobs"
cp "$archive/README" "$half/"
cp "$heads/half" "$half/checkpoint"
head -n 75 "$archive/entries.ndjson" >"$half/entries.ndjson"
printf '{}' >"$half/result.json"
python3 - "$archive/blobs" "$half" <<'PY'
import base64, os, shutil, sys
blobs, half = sys.argv[1:]
entries = open(f"{half}/entries.ndjson", encoding="utf-8").read()
for name in os.listdir(blobs):
    if base64.urlsafe_b64encode(bytes.fromhex(name)).decode().rstrip("=") in entries:
        shutil.copy(f"{blobs}/{name}", f"{half}/blobs/")
PY
expect "a part of an election" 0 verify "$half" --election "$id" --partial
says "it says so" "The election still runs"
expect "a part, taken for the whole" 1 verify "$half" --election "$id"

# ---- tars ------------------------------------------------------------------------------------

tar -cf "$TMPDIR/dot.tar" -C "$archive" .
tar -cf "$TMPDIR/named.tar" -C "$TMPDIR" archive
tar -cf "$TMPDIR/plain.tar" -C "$archive" README blobs checkpoint entries.ndjson result.json
tar --format=ustar -cf "$TMPDIR/ustar.tar" -C "$archive" .
for tar in dot named plain ustar; do
	expect "$tar.tar" 0 verify "$TMPDIR/$tar.tar" --election "$id"
done
gzip -k "$TMPDIR/dot.tar"
refused "a compressed tar" MISSING_FILE V001 verify "$TMPDIR/dot.tar.gz"
head -c 50000 "$TMPDIR/dot.tar" >"$TMPDIR/torn.tar"
refused "a torn tar" MISSING_FILE V001 verify "$TMPDIR/torn.tar"
: >"$TMPDIR/empty.tar"
refused "an empty file" MISSING_FILE V001 verify "$TMPDIR/empty.tar"
refused "a file that is no tar" MISSING_FILE V001 verify "$archive/README"

# Tars that would write elsewhere, or more than they hold.
python3 - "$archive" "$TMPDIR" <<'PY'
import io, sys, tarfile
archive, into = sys.argv[1:]
def make(name, *members):
    with tarfile.open(f"{into}/{name}.tar", "w", format=tarfile.GNU_FORMAT) as tar:
        tar.add(archive, arcname=".")
        for member, data in members:
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
def entry(name, kind=tarfile.REGTYPE, target=""):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member
make("outside", (entry("../evil"), b"x"))
make("absolute", (entry(f"{into}/evil"), b"x"))
make("deep", (entry("blobs/../../evil"), b"x"))
make("extra", (entry("LICENSE"), b"x"))
make("strange-blob", (entry("blobs/evil"), b"x"))
make("twice", (entry("README"), b"x"))
make("folder", (entry("more", tarfile.DIRTYPE), b""))
make("link", (entry("blobs/" + "a" * 64, tarfile.SYMTYPE, "/etc/passwd"), b""))
make("hard-link", (entry("blobs/" + "a" * 64, tarfile.LNKTYPE, "README"), b""))
make("device", (entry("blobs/" + "a" * 64, tarfile.CHRTYPE), b""))
make("pipe", (entry("blobs/" + "a" * 64, tarfile.FIFOTYPE), b""))
make("other-top", (entry("elsewhere/README"), b"x"))
PY
for tar in outside absolute deep extra strange-blob twice folder link hard-link device pipe other-top; do
	refused "$tar.tar" EXTRA_FILE V002 verify "$TMPDIR/$tar.tar" --election "$id"
done
truncate -s 1G "$TMPDIR/hole"
mkdir "$TMPDIR/sparse"
cp "$TMPDIR/hole" "$TMPDIR/sparse/README"
tar --sparse -cf "$TMPDIR/sparse.tar" -C "$TMPDIR/sparse" README
refused "a tar of holes" EXTRA_FILE V002 verify "$TMPDIR/sparse.tar"
if [ -e "$TMPDIR/evil" ] || [ -e "$scratch/evil" ]; then bad "nothing outside"; else good "nothing outside"; fi
clean "nothing is left of the tars"

# ---- boards ----------------------------------------------------------------------------------

board=$TMPDIR/board
cp -r "$archive" "$board"
start "$TMPDIR/port" python3 "$TOP_SRCDIR/tests/stub_board.py" "$board/entries.ndjson" \
    "$board/checkpoint" "$board/blobs"
wait_for "$LONG" test -s "$TMPDIR/port" || fatal "stub_board.py" "$(cat "$TMPDIR/port")"
url=http://127.0.0.1:$(cat "$TMPDIR/port")

expect "a board" 0 verify "$url" --election "$id"
clean "nothing is left of the board"
expect "a board, kept" 0 verify "$url" --election "$id" --save "$TMPDIR/saved"
says "where it lies" "The archive lies in $TMPDIR/saved"
if diff -r "$archive" "$TMPDIR/saved" >"$TMPDIR/diff"; then
	good "the same archive"
else
	bad "the same archive" "$(head -n 3 "$TMPDIR/diff")"
fi
if [ -e "$TMPDIR/saved.copy" ]; then bad "the copy is gone"; else good "the copy is gone"; fi
refused "where something is already" CONFLICT "" verify "$url" --election "$id" --save "$TMPDIR/saved"
expect "a board without the id" 0 verify "$url"
says "it warns" "WARNING: no --election ID was given"
refused "a board with another head from outside" EQUIVOCATION V914 verify "$url" --election "$id" \
    --head "$heads/fork"
sed -i '50s/.*/{"x":1}/' "$board/entries.ndjson"
refused "a board with a bad entry" BAD_ENCODING V004 verify "$url" --election "$id"
cp "$archive/entries.ndjson" "$board/"
cp "$heads/fork" "$board/checkpoint"
refused "a board with another head" BAD_CHECKPOINT "" verify "$url" --election "$id" --partial
cp "$archive/checkpoint" "$board/"
expect "again in order" 0 verify "$url" --election "$id"

# ---- receipts --------------------------------------------------------------------------------

receipt() { python3 "$TOP_SRCDIR/tests/stub_board.py" receipt "$@"; }
receipt "$archive/entries.ndjson" "$heads/half" 60 >"$TMPDIR/receipt"
receipt "$archive/entries.ndjson" "$archive/checkpoint" 60 >"$TMPDIR/receipt-late"
for how in "--archive $archive" "--board $url"; do
	for file in receipt receipt-late; do
		# shellcheck disable=SC2086
		expect "$file $how" 0 verify receipt "$TMPDIR/$file" $how --election "$id"
		says "$file $how: where it is" "is entry 60"
	done
done
expect "a receipt and nothing" 2 verify receipt "$TMPDIR/receipt"
expect "a receipt and both" 2 verify receipt "$TMPDIR/receipt" --archive "$archive" --board "$url"
refused "a receipt of another election" WRONG_ELECTION "" verify receipt "$TMPDIR/receipt" \
    --archive "$archive" --election "${id//[0-7]/8}"
sed 's/"path":\["./"path":["_/' "$TMPDIR/receipt" >"$TMPDIR/receipt-path"
refused "another path" MISSING_ENTRY "" verify receipt "$TMPDIR/receipt-path" --archive "$archive"
sed 's/\\n75\\n/\\n76\\n/' "$TMPDIR/receipt" >"$TMPDIR/receipt-head"
refused "another head" BAD_CHECKPOINT "" verify receipt "$TMPDIR/receipt-head" --archive "$archive"
refused "no receipt" BAD_ENCODING "" verify receipt "$archive/README" --archive "$archive"
# The board has put something else in its place, or left it out.
changed_board() {
	rm -rf "$TMPDIR/other"
	cp -r "$archive" "$TMPDIR/other"
	sed -i "$1" "$TMPDIR/other/entries.ndjson"
	cp "$TMPDIR/other/entries.ndjson" "$board/"
}
changed_board '61s/"time":/"time":9/'
refused "another entry in the archive" MISSING_ENTRY "" verify receipt "$TMPDIR/receipt" \
    --archive "$TMPDIR/other"
refused "another entry on the board" MISSING_ENTRY "" verify receipt "$TMPDIR/receipt" --board "$url"
changed_board '61,$d'
refused "a shorter archive" MISSING_ENTRY "" verify receipt "$TMPDIR/receipt" --archive "$TMPDIR/other"
refused "a shorter board" MISSING_ENTRY "" verify receipt "$TMPDIR/receipt" --board "$url"
changed_board '30s/"time":/"time":9/'
refused "another history in the archive" EQUIVOCATION "" verify receipt "$TMPDIR/receipt" \
    --archive "$TMPDIR/other"
refused "another history on the board" EQUIVOCATION "" verify receipt "$TMPDIR/receipt" --board "$url"
cp "$archive/entries.ndjson" "$board/"
cp "$heads/half" "$board/checkpoint"
refused "a head that went back" ROLLBACK "" verify receipt "$TMPDIR/receipt-late" --board "$url"
finish
