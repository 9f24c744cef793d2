#!/bin/bash
# test_manual: every command that the programs offer has --help with an example
# and a manual page, and no page describes a command that does not exist.
#
# Commands are read off --help: below a line "Commands:" (or one that ends in
# "commands:"), each line that begins with two spaces and a name, up to the
# next line that is not indented. `tabella trustee run` is described
# in docs/man/tabella-trustee.1 or in docs/man/tabella-trustee-run.1.
. "${TOP_SRCDIR:-.}/tests/lib.sh"

# commands HELP: print the names in the command lists of a help text.
commands() {
	awk '
	/^[^ \t].*[Cc]ommands:[ \t]*$/ || /^[Cc]ommands:[ \t]*$/ { on = 1; next }
	on && /^[^ \t]/ { on = 0 }
	on && match($0, /^  [a-z][a-z0-9-]*/) { print substr($0, 3, RLENGTH - 2) }' "$1"
}

# describes PAGE WORD: does the page have a heading or a bold entry with WORD?
describes() {
	grep -qE "^\.(SH|SS|B|BR|TP|It|Sh|Ss|Cm|Nm|BI|IP).*\\<$2\\>" "$1"
}

# command_faults PROGRAM PAGES WORD...: print what is wrong with this command and
# those below it.
command_faults() {
	local program=$1 pages=$2 name help page sub
	shift 2
	name="${program##*/}${1:+ $*}"
	help=$TMPDIR/help${1:+-}$(IFS=-; echo "$*")
	"$program" "$@" --help >"$help" 2>"$TMPDIR/err" </dev/null ||
	    echo "$name --help: exit status $?"
	[ ! -s "$TMPDIR/err" ] || echo "$name --help writes to standard error"
	sed -n '/[Ee]xample/,$p' "$help" | grep -qF "$name" ||
	    echo "$name --help: no example with \"$name\""
	page=$(page_of "$pages" "${program##*/}" "$@")
	if [ -z "$page" ]; then
		echo "$name: no manual page"
	elif ! grep -qE '^\.S[Hh] "?EXAMPLES?' "$page"; then
		echo "${page##*/}: no section EXAMPLES"
	elif [ $# -gt 1 ] && [ "${page##*/}" = "${program##*/}-$1.1" ] && ! describes "$page" "${*: -1}"; then
		echo "${page##*/}: does not describe ${*: -1}"
	fi
	[ $# -lt 2 ] || return
	for sub in $(commands "$help"); do
		[ "$sub" = help ] || command_faults "$program" "$pages" "$@" "$sub"
	done
}

# page_of PAGES WORD...: print the page for the words, or for all but the last.
page_of() {
	local pages=$1 section file
	shift
	for section in 1 8; do
		file=$pages/$(IFS=-; echo "$*").$section
		[ ! -f "$file" ] || { echo "$file"; return; }
	done
	[ $# -lt 3 ] || page_of "$pages" "${@:1:$#-1}"
}

# strangers PROGRAM PAGES: print the pages of commands that do not exist.
strangers() {
	local page words
	for page in "$2/${1##*/}"-*.1; do
		[ -f "$page" ] || continue
		words=${page##*/}
		words=${words%.1}
		words=${words#"${1##*/}"-}
		# A name may hold a dash: try it whole, then as two words.
		commands "$TMPDIR/help" | grep -qx -- "$words" && continue
		[ -f "$TMPDIR/help-$words" ] || echo "${page##*/}: there is no such command"
	done
}

faults() {
	rm -f "$TMPDIR"/help*
	command_faults "$1" "$2"
	strangers "$1" "$2"
}

verdict() {
	if [ -z "$2" ]; then good "$1"; else bad "$1" "
$2"; fi
}

# ---- what must be caught ---------------------------------------------------

mkdir -p "$TMPDIR/man"
cat >"$TMPDIR/toy" <<'END'
#!/bin/sh
case "$*" in
--help) printf 'Usage: toy COMMAND\n\nCommands:\n  dig  make a hole\n  sing  make a noise\n\nExample: toy dig deep\n' ;;
"dig --help") printf 'Commands:\n  deep  deeper\n\nExample:\n  toy dig deep\n' ;;
"dig deep --help") printf 'Example:\n  toy dig deep\n' ;;
"sing --help") printf 'Example:\n  toy sing\n' ;;
*) exit 2 ;;
esac
END
chmod +x "$TMPDIR/toy"
printf '.SH EXAMPLES\n' | tee "$TMPDIR/man/toy.1" >"$TMPDIR/man/toy-sing.1"
printf '.SH EXAMPLES\n.SS deep\n' >"$TMPDIR/man/toy-dig.1"
verdict "a program that is in order" "$(faults "$TMPDIR/toy" "$TMPDIR/man")"

# finds TEXT COMMAND...: one case, after COMMAND the fault TEXT is found.
finds() {
	local text=$1
	shift
	cp "$TMPDIR/toy" "$TMPDIR/kept"
	cp -r "$TMPDIR/man" "$TMPDIR/kept.man"
	"$@"
	if faults "$TMPDIR/toy" "$TMPDIR/man" | grep -qF "$text"; then
		good "finds: $text"
	else
		bad "misses: $text"
	fi
	cp "$TMPDIR/kept" "$TMPDIR/toy"
	rm -rf "$TMPDIR/man"
	mv "$TMPDIR/kept.man" "$TMPDIR/man"
}
finds "toy sing: no manual page" rm "$TMPDIR/man/toy-sing.1"
finds "toy-dig.1: does not describe deep" sed -i /deep/d "$TMPDIR/man/toy-dig.1"
finds "toy.1: no section EXAMPLES" sed -i /EXAMPLES/d "$TMPDIR/man/toy.1"
finds "toy-cry.1: there is no such command" cp "$TMPDIR/man/toy.1" "$TMPDIR/man/toy-cry.1"
finds "toy sing --help: exit status 2" sed -i 's/"sing --help"/"sing"/' "$TMPDIR/toy"
finds 'toy sing --help: no example with "toy sing"' sed -i 's/  toy sing/  toy/' "$TMPDIR/toy"
finds 'toy dig deep --help: no example' sed -i '/dig deep --help/s/Example/Such as/' "$TMPDIR/toy"

# ---- the programs -------------------------------------------------------------

program=$TOP_BUILDDIR/client/tabella
if [ -x "$program" ]; then
	verdict "tabella" "$(faults "$program" "$TOP_SRCDIR/docs/man")"
	# An empty list would pass: it must be one.
	"$program" --help >"$TMPDIR/help" 2>&1
	if [ "$(commands "$TMPDIR/help" | wc -l)" -ge 5 ]; then
		good "tabella --help lists its commands"
	else
		bad "tabella --help lists its commands"
	fi
else
	skip "client/tabella is not built"
fi

program=$TOP_BUILDDIR/server/tabellad
if [ "${TABELLA_SERVER:-yes}" = no ]; then
	echo "built without the server"
elif [ -x "$program" ]; then
	verdict "tabellad" "$(faults "$program" "$TOP_SRCDIR/docs/man")"
else
	skip "server/tabellad is not built"
fi
finish
