#!/bin/bash
# test_tree: the house rules that a machine can check. No paths of somebody's
# machine, nothing left to do in the text, nothing new at the top level, and
# no source file that a fragment forgets (the tarball would lack it).
. "${TOP_SRCDIR:-.}/tests/lib.sh"

# Written in pieces, so that this file does not find itself.
words="\\<(TO""DO|FIX""ME|X""XX|HA""CK)\\>|/ho""me/[a-z]|/ro""ot/|(^|[^.[:alnum:]_-])/wo""rk/|\\.\\./sha""red/"

top="ballots client configure.ac crypto docs LICENSE Makefile.am quickstart README.md server tests"

# files ROOT: what people wrote, whether or not this is a git tree.
files() {
	(
		cd "$1" && find crypto ballots server client tests docs .ci configure.ac Makefile.am \
		    quickstart README.md -type f \
		    \( -name '*.[ch]' -o -name '*.sh' -o -name '*.py' -o -name '*.mk' -o -name '*.md' \
		    -o -name '*.ac' -o -name '*.am' -o -name '*.[1-8]' -o -name '*.html' -o -name '*.js' \
		    -o -name '*.sql' -o -name quickstart -o -name run \) 2>/dev/null | sort
	)
}

# unwanted ROOT: print each forbidden word and where it stands.
unwanted() {
	files "$1" | (cd "$1" && xargs -r grep -nHE "$words")
}

# forgotten ROOT LIST: print the files of LIST that no fragment names, neither
# by itself nor by a folder that is packed whole.
forgotten() {
	local file folder
	cat "$1"/Makefile.am "$1"/*/local.mk | tr -s ' \t' '\n' >"$TMPDIR/listed"
	while read -r file; do
		case $file in
		*/local.mk | Makefile.am | configure.ac | README.md | tests/test_*.c) continue ;;
		esac
		folder=$file
		until grep -qxF "$folder" "$TMPDIR/listed"; do
			case $folder in
			*/*/*) folder=${folder%/*} ;;
			*) echo "$file is in no fragment" && break ;;
			esac
		done
	done <"$2"
	# A test program's only source is named by its program.
	grep '^tests/test_[a-z0-9_]*\.c$' "$2" | while read -r file; do
		grep -qxF -e "${file%.c}" -e "$file" "$TMPDIR/listed" || echo "$file is in no fragment"
	done
}

# verdict NAME FOUND: one case, nothing may have been found.
verdict() {
	if [ -z "$2" ]; then good "$1"; else bad "$1" "
$2"; fi
}

verdict "no forbidden words" "$(unwanted "$TOP_SRCDIR")"

# Only what git tracks counts; somebody may be writing the next file.
if git -C "$TOP_SRCDIR" rev-parse --show-toplevel >"$TMPDIR/git" 2>/dev/null &&
    [ "$(cat "$TMPDIR/git")" -ef "$TOP_SRCDIR" ]; then
	git -C "$TOP_SRCDIR" ls-files >"$TMPDIR/tracked"
	verdict "every file is in a fragment" "$(grep / "$TMPDIR/tracked" | grep -v '^\.' >"$TMPDIR/deep"
		forgotten "$TOP_SRCDIR" "$TMPDIR/deep")"
	verdict "nothing new at the top level" "$(sed 's|/.*||' "$TMPDIR/tracked" | sort -u |
	    grep -v '^\.' | grep -vxF "$(tr ' ' '\n' <<<"$top")")"
else
	echo "not a git tree: the lists of files are as they were packed"
fi

# What must be caught.
mkdir -p "$TMPDIR"/planted/{crypto,docs}
plant() {
	printf '%s\n' "$1" >"$TMPDIR/planted/crypto/a.c"
	if unwanted "$TMPDIR/planted" | grep -q '^crypto/a.c:1:'; then
		good "finds $1"
	else
		bad "misses $1"
	fi
}
plant "/* TO""DO: later */"
plant "// FIX""ME"
plant "open(\"/ho""me/alice/key\")"
plant "/wo""rk/main/crypto"
plant "see ../sha""red/notes"
echo "int work; /* frame/work/flow, mktemp /tmp/tabella.XXXXXX */" >"$TMPDIR/planted/crypto/a.c"
verdict "allows what only looks like it" "$(unwanted "$TMPDIR/planted")"

printf 'sources = \\\n\tcrypto/a.c \\\n\ttests/test_a \\\n\tdocs/vectors\n' >"$TMPDIR/planted/crypto/local.mk"
: >"$TMPDIR/planted/Makefile.am"
printf '%s\n' crypto/a.c crypto/local.mk tests/test_a.c docs/vectors/v.json >"$TMPDIR/list"
verdict "a listed file is not forgotten" "$(forgotten "$TMPDIR/planted" "$TMPDIR/list")"
printf '%s\n' crypto/a.c crypto/b.c tests/test_b.c docs/v.json >"$TMPDIR/list"
if [ "$(forgotten "$TMPDIR/planted" "$TMPDIR/list" | wc -l)" -eq 3 ]; then
	good "finds forgotten files"
else
	bad "finds forgotten files"
fi
finish
