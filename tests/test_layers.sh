#!/bin/bash
# test_layers: includes point down only (crypto <- ballots <- server, client),
# each header stands on its own, and threads are made in crypto/par.c alone, and by the server.
. "${TOP_SRCDIR:-.}/tests/lib.sh"

# sources ROOT FOLDER...: the C files in them.
sources() {
	local root=$1
	shift
	(cd "$root" && find "$@" -name '*.[ch]' -print 2>/dev/null | sort)
}

# layers ROOT: print each include that a file's place does not allow.
layers() {
	sources "$1" crypto ballots server client | (
		cd "$1" && xargs -r awk '
		BEGIN {
			may["crypto"] = " crypto "
			may["ballots"] = " crypto ballots "
			may["server"] = " crypto ballots server "
			may["client"] = " crypto ballots client "
		}
		/^[ \t]*#[ \t]*include/ {
			from = FILENAME; sub(/\/.*/, "", from)
			what = $0; sub(/^[ \t]*#[ \t]*include[ \t]*/, "", what)
			if (what ~ /^</) {
				sub(/^</, "", what); sub(/>.*/, "", what)
				# a system header, unless it is one of ours in disguise
				if (what !~ /^(crypto|ballots|server|client|tests)\// && what !~ /\.\./)
					next
			} else if (what ~ /^"/) {
				sub(/^"/, "", what); sub(/".*/, "", what)
			} else {
				print FILENAME ":" FNR ": includes by macro: " what
				next
			}
			to = what
			if (!sub(/\/.*/, "", to) || to == ".." || to == ".")
				print FILENAME ":" FNR ": does not name the folder of \"" what "\""
			else if (index(may[from], " " to " ") == 0)
				print FILENAME ":" FNR ": " from " may not include " what
		}'
	)
}

# threads ROOT: print each place below the server that makes threads outside crypto/par.c.
threads() {
	sources "$1" crypto ballots client | grep -vx 'crypto/par\.c' | (
		cd "$1" && xargs -r grep -nE \
		    '\<pthread_create[[:space:]]*\(|\<thrd_create[[:space:]]*\(|#[[:space:]]*pragma[[:space:]]+omp|[<"]omp\.h[>"]' \
		    /dev/null
	)
}

# standing ROOT: print each header that does not compile alone, twice in a row.
standing() {
	local header flags
	local folders=(crypto ballots client)
	[ "${TABELLA_SERVER:-yes}" = no ] || folders+=(server)
	read -ra flags <<<"${CPPFLAGS:--D_GNU_SOURCE}"
	sources "$1" "${folders[@]}" | grep '\.h$' | while read -r header; do
		printf '#include "%s"\n#include "%s"\n' "$header" "$header" >"$TMPDIR/one.c"
		# CC may carry options of its own
		# shellcheck disable=SC2086
		${CC:-cc} -std=gnu11 -I"$1" "${flags[@]}" -Wall -Wextra -Werror -fsyntax-only \
		    "$TMPDIR/one.c" >"$TMPDIR/cc.log" 2>&1 || {
			echo "$header does not stand alone"
			head -n 5 "$TMPDIR/cc.log"
		}
	done
}

# clean CHECK NAME: one case, the tree passes.
clean() {
	local found
	found=$("$1" "$TOP_SRCDIR")
	if [ -z "$found" ]; then good "$2"; else bad "$2" "$found"; fi
}

# plant FILE TEXT: a small tree with this in it.
plant() {
	rm -rf "$TMPDIR/planted"
	mkdir -p "$TMPDIR"/planted/{crypto,ballots,server,client,tests}
	printf '%s\n' '#ifndef A_H' '#define A_H' '#include <stdint.h>' \
	    'struct a { uint8_t x; };' '#endif' >"$TMPDIR/planted/crypto/a.h"
	printf '%b\n' "$2" >"$TMPDIR/planted/$1"
}

# caught CHECK FILE TEXT: one case, the check names FILE when it holds TEXT.
caught() {
	plant "$2" "$3"
	if "$1" "$TMPDIR/planted" | grep -q "^$2"; then
		good "$1 catches $3 in $2"
	else
		bad "$1 misses $3 in $2"
	fi
}

# let_pass CHECK FILE TEXT: the reverse.
let_pass() {
	local found
	plant "$2" "$3"
	found=$("$1" "$TMPDIR/planted")
	if [ -z "$found" ]; then good "$1 allows $3 in $2"; else bad "$1 in $2" "$found"; fi
}

clean layers "includes point down only"
caught layers crypto/b.c '#include "ballots/rules.h"'
caught layers crypto/b.c '#include <ballots/rules.h>'
caught layers crypto/b.c '#include "../ballots/rules.h"'
caught layers crypto/b.c '#include "a.h"'
caught layers crypto/b.c '  #  include   "server/http.h"'
caught layers crypto/b.c '#include HEADER'
caught layers ballots/b.h '#include "client/board.h"'
caught layers server/b.c '#include "client/board.h"'
caught layers client/b.c '#include "server/http.h"'
caught layers client/b.c '#include "tests/lib.h"'
let_pass layers client/b.c '#include <sys/stat.h>\n#include "crypto/a.h"\n#include "ballots/b.h"'

clean threads "threads are made in crypto/par.c alone, and by the server"
caught threads crypto/b.c '#pragma omp parallel for'
caught threads ballots/b.c 'int n(void) { return pthread_create(0, 0, 0, 0); }'
caught threads client/b.c 'int n(void) { return thrd_create (0, 0, 0); }'
caught threads client/b.c '#include <omp.h>'
let_pass threads crypto/par.c 'int n(void) { return pthread_create(0, 0, 0, 0); }'
let_pass threads server/b.c 'int n(void) { return pthread_create(0, 0, 0, 0); }'

clean standing "each header stands on its own"
caught standing crypto/b.h 'uint8_t one(void);'
caught standing crypto/b.h '#include "crypto/a.h"\nstruct b { struct a a; };'
let_pass standing crypto/b.h '#ifndef B_H\n#define B_H\n#include "crypto/a.h"\nstruct b { struct a a; };\n#endif'
finish
