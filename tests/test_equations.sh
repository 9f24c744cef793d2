#!/bin/bash
# test_equations: every equation of docs/protocol.md is cited by a comment in
# crypto/ or ballots/, and every equation that a comment cites exists.
#
# An equation is a line of the specification that begins with its tag, one or
# two capitals and a number in parentheses: "(S3) u_i = ...". A citation is
# such a tag in a C comment; code is not looked at, so that X(A1) may be a macro.
# (V013) and the like, with three digits, cite the check list, where a table row
# defines them or their digits are those of a record type and a family; they need
# no citation.
. "${TOP_SRCDIR:-.}/tests/lib.sh"

# tags: print the tags in what is read, one per line.
tags() { grep -oE '\([A-Z]{1,2}[0-9]+\)' | sort; }

# defined ROOT: print the tags that the specification defines.
defined() { sed -nE 's/^[[:space:]>]*(\([A-Z]{1,2}[0-9]+\))[[:space:]].*/\1/p' "$1/docs/protocol.md" | sort; }

# checks ROOT: print the tags of the check list.
checks() {
	sed -nE 's/^\| (V[0-9]{3}) \|.*/(\1)/p' "$1/docs/protocol.md"
	grep '^|' "$1/docs/protocol.md" | grep -oE '\| [0-9]{2} \| [a-z-]+' |
	    sed -E 's/^\| ([0-9]{2}).*/\1/' | while read -r type; do
		printf "(V$type%d)\n" 1 2 3 4 5 6
	done
}

# comments FILE...: print the comments of C files, their code left out.
comments() {
	awk '
	FNR == 1 { inside = 0 }
	{
		line = $0; out = ""
		while (line != "") {
			if (inside) {
				end = index(line, "*/")
				if (end == 0) { out = out line; break }
				out = out substr(line, 1, end - 1) " "
				line = substr(line, end + 2); inside = 0
			} else if (match(line, /"([^"\\]|\\.)*"|\047([^\047\\]|\\.)*\047|\/\*|\/\//)) {
				token = substr(line, RSTART, RLENGTH)
				line = substr(line, RSTART + RLENGTH)
				if (token == "//") { out = out line; break }
				if (token == "/*") inside = 1
			} else
				break
		}
		print out
	}' "$@" /dev/null
}

# cited ROOT: print the tags that comments cite.
cited() {
	local files=()
	mapfile -t files < <(find "$1/crypto" "$1/ballots" -name '*.[ch]' | sort)
	comments "${files[@]}" | tags
}

# equations ROOT: print what does not match.
equations() {
	local def=$TMPDIR/def cite=$TMPDIR/cite
	defined "$1" >"$def"
	cited "$1" | uniq | grep -vxF "$(checks "$1"; echo none)" >"$cite"
	[ -s "$def" ] || echo "the specification defines no equation"
	uniq -d "$def" | sed 's/$/ is defined twice/'
	comm -23 <(uniq "$def") "$cite" | sed 's/$/ is cited by no code/'
	comm -13 <(uniq "$def") "$cite" | while read -r tag; do
		echo "$tag does not exist and is cited in $(grep -rlF "$tag" "$1/crypto" "$1/ballots" |
		    sed "s|^$1/||" | tr '\n' ' ')"
	done
}

# plant PROTOCOL CODE: a tree of these two.
plant() {
	rm -rf "$TMPDIR/planted"
	mkdir -p "$TMPDIR"/planted/{docs,crypto,ballots}
	printf '%b\n' "$1" >"$TMPDIR/planted/docs/protocol.md"
	printf '%b\n' "$2" >"$TMPDIR/planted/crypto/a.c"
}

# says WHAT PROTOCOL CODE: one case, the checker prints exactly WHAT.
says() {
	local got
	plant "$2" "$3"
	got=$(equations "$TMPDIR/planted")
	if [ "$got" = "$1" ]; then good "${1:-in order}: $3"; else bad "$3" "got '$got'"; fi
}

found=$(equations "$TOP_SRCDIR")
if [ -z "$found" ]; then
	good "the specification and the code cite the same equations"
else
	bad "the specification and the code cite the same equations" "
$found"
fi

says "" '(S3) u = v' '/* (S3) */'
says "" '(S3) u = v' 'int x; // by (S3)'
says "" '(S3) u = v\n\n(S4) w = u' '/*\n * (S3) and\n * (S4)\n */'
says "" 'as in (S9)\n(S3) u = v' '/* (S3) */'
says "" '(S3) u = v' '/* (S3) */ int x = X(A1); char *s = "/* (S4) */";'
says "" '(S3) u = v\n| V013 | all there |' '/* (S3) (V013) */'
says "" '(S3) u = v\n| 01 | definition | 08 | keygen-skip |' '/* (S3) (V086) */'
says "(V014) does not exist and is cited in crypto/a.c " '(S3) u = v\n| V013 | x |' '/* (S3) (V014) */'
says "(S3) is cited by no code" '(S3) u = v' 'int x; /* S3 */'
says "(S3) is cited by no code" '(S3) u = v' 'int x = F(S3);'
says "(S3) is cited by no code" '(S3) u = v' 'char *s = "/* (S3) */";'
says "(S4) does not exist and is cited in crypto/a.c " '(S3) u = v' '/* (S3), (S4) */'
says "(S3) is defined twice" '(S3) u = v\n(S3) v = w' '/* (S3) */'
says "the specification defines no equation" 'S3 u = v' 'int x;'
finish
