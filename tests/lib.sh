#!/bin/bash
# lib.sh: what shell tests share. Source it: . "$TOP_SRCDIR/tests/lib.sh"
#
# Cases: end each with `good NAME` or `bad NAME [why]`, and the script with
# `finish`, which prints the counts and exits. `expect NAME STATUS COMMAND...`
# is a whole case. Processes: `start LOG COMMAND...` and they are ended with the
# script. Waiting: `wait_for SECONDS COMMAND...`; nothing here sleeps for a
# fixed time. PostgreSQL: `pg_start`, then PGHOST and PGUSER are set.
#
# driver.sh sets TMPDIR to a folder that belongs to this test alone.

set -u
: "${TOP_SRCDIR:=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}"
: "${TOP_BUILDDIR:=$PWD}"
if [ -z "${TMPDIR:-}" ] || [ "$TMPDIR" = /tmp ]; then
	TMPDIR=$(mktemp -d /tmp/tabella.XXXXXX)
	chmod 711 "$TMPDIR"
	OWN_TMPDIR=$TMPDIR
	export TMPDIR
fi

# Seconds that anything may take, with sanitizers on a slow machine.
: "${LONG:=180}"

PASSED=0
FAILED=0
SKIPPED=0
STARTED=()
COMPLAINTS=()

good() {
	PASSED=$((PASSED + 1))
	echo "good: $1"
}

bad() {
	FAILED=$((FAILED + 1))
	COMPLAINTS+=("$1${2:+: $2}")
	echo "bad: $1${2:+: $2}"
}

# One case is left out; the others go on.
skip() {
	SKIPPED=$((SKIPPED + 1))
	echo "SKIP: $1"
}

# The whole script is left out.
skip_all() {
	echo "SKIP: $1"
	exit 77
}

# Give up at once: what follows has no ground to stand on.
fatal() {
	bad "$@"
	finish
}

finish() {
	# Once more at the end, where the summary of a run shows them.
	[ "$FAILED" -eq 0 ] || printf 'bad: %s\n' "${COMPLAINTS[@]}"
	echo "$PASSED passed, $FAILED failed, $SKIPPED skipped"
	[ "$FAILED" -eq 0 ]
	exit
}

# expect NAME STATUS COMMAND...: one case, good if COMMAND exits with STATUS.
# Its output is in $TMPDIR/out (both streams).
expect() {
	local name=$1 want=$2 got=0
	shift 2
	"$@" >"$TMPDIR/out" 2>&1 || got=$?
	if [ "$got" -eq "$want" ]; then
		good "$name"
	else
		bad "$name" "exit status $got, not $want"
		sed 's/^/    /' "$TMPDIR/out"
		return 1
	fi
}

# wait_for SECONDS COMMAND...: until COMMAND succeeds; fails at the deadline.
wait_for() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$deadline" ] || return 1
		sleep 0.05
	done
}

alive() { kill -0 "$1" 2>/dev/null; }
dead() { ! kill -0 "$1" 2>/dev/null; }

# start LOG COMMAND...: in the background; its number is in $PID. COMMAND must
# be a program, not a function, so that the number is the program's own.
start() {
	local log=$1
	shift
	"$@" >>"$log" 2>&1 &
	PID=$!
	STARTED+=("$PID:TERM")
}

# stop PID [SIGNAL]: end a process of ours and reap it.
stop() {
	if ours "$1"; then
		kill "-${2:-TERM}" "$1" 2>/dev/null || true
		wait_for 60 dead_or_reaped "$1" || kill -KILL "$1" 2>/dev/null
	fi
	wait "$1" 2>/dev/null
}

# Is it still a child of this script? The number of one that was reaped may by now be that
# of a process of somebody else.
ours() { grep -qsE "^PPid:.($$|$BASHPID)\$" "/proc/$1/status"; }

# A child that has ended stays visible to kill until it is reaped.
dead_or_reaped() {
	dead "$1" || grep -qs '^State:.Z' "/proc/$1/status"
}

cleanup() {
	local status=$? i
	for ((i = ${#STARTED[@]} - 1; i >= 0; i--)); do
		stop "${STARTED[i]%:*}" "${STARTED[i]#*:}"
	done
	[ -z "${OWN_TMPDIR:-}" ] || rm -rf "$OWN_TMPDIR"
	exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT HUP TERM

# ---- PostgreSQL ------------------------------------------------------------
# PostgreSQL refuses to run as root. As root, put "${AS_POSTGRES[@]}" in front
# of whatever starts it; otherwise it is empty.
AS_POSTGRES=()
if [ "$(id -u)" -eq 0 ]; then
	AS_POSTGRES=(setpriv --reuid=postgres --regid=postgres --init-groups --)
fi

# Set PG_BIN to the newest installation from 15 on, or skip the script.
need_postgres() {
	local bin
	PG_BIN=
	while read -r bin; do
		[ ! -x "$bin/initdb" ] || PG_BIN=$bin
	done < <(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V)
	[ -n "$PG_BIN" ] || skip_all "PostgreSQL is not installed"
	if [ "$(id -u)" -eq 0 ] && ! id postgres >/dev/null 2>&1; then
		skip_all "there is no user postgres to run PostgreSQL as"
	fi
}

# own_folder FOLDER: make a folder that PostgreSQL may fill.
own_folder() {
	mkdir -p "$1" && chmod 700 "$1" || return
	[ ${#AS_POSTGRES[@]} -eq 0 ] || chown postgres:postgres "$1"
}

# share FILE: print the path of FILE for use by the postgres user, who may not
# be able to look into the build folder: a copy, if there is a need.
share() {
	if [ ${#AS_POSTGRES[@]} -eq 0 ] || "${AS_POSTGRES[@]}" test -r "$1"; then
		printf '%s\n' "$1"
	else
		install -m 755 "$1" "$TMPDIR/" && printf '%s\n' "$TMPDIR/${1##*/}"
	fi
}

# pg_template: print where a data folder is that may be copied. initdb takes seconds, so
# it runs once per `make check`; the file tests/pg-template in the build folder says
# where the result is.
pg_template() {
	local mark=$TOP_BUILDDIR/tests/pg-template
	(
		flock 9
		[ ! -s "$mark" ] || exit 0
		template=$(mktemp -d /var/tmp/tabella-pg.XXXXXX) && own_folder "$template" &&
		    cd / && "${AS_POSTGRES[@]}" "$PG_BIN/initdb" -D "$template" -U postgres \
			--auth=trust --encoding=UTF8 --locale=C.UTF-8 --data-checksums \
			--no-sync >"$TMPDIR/initdb.log" 2>&1 || exit 1
		printf '%s\n' "$template" >"$mark"
	) 9>"$mark.lock" || {
		cat "$TMPDIR/initdb.log" >&2
		return 1
	}
	cat "$mark"
}

# pg_data FOLDER: make a fresh data folder.
pg_data() {
	local template
	need_postgres
	template=$(pg_template) || fatal "initdb"
	# The template may be one that a program made (tests/pg.c), with another pg_hba.conf.
	own_folder "$1" && (cd / && "${AS_POSTGRES[@]}" cp -a "$template/." "$1/") &&
		printf 'local %s all trust\n' all replication >"$1/pg_hba.conf"
}

# pg_start [FOLDER]: run a cluster of this test's own, on a Unix socket only,
# in FOLDER (made if it does not exist). Sets PGHOST, PGUSER, PG_PID.
pg_start() {
	local data=${1:-$TMPDIR/pg}
	need_postgres
	[ -d "$data" ] || pg_data "$data"
	PGHOST=$TMPDIR/s
	PGUSER=postgres
	export PGHOST PGUSER
	[ -d "$PGHOST" ] || { own_folder "$PGHOST" && chmod 711 "$PGHOST"; }
	start "$TMPDIR/pg.log" "${AS_POSTGRES[@]}" "$PG_BIN/postgres" -D "$data" \
	    -c unix_socket_directories="$PGHOST" -c listen_addresses= -c max_connections=40
	PG_PID=$PID
	# An interrupt is PostgreSQL's fast shutdown; it does not wait for clients.
	STARTED[-1]=$PG_PID:INT
	wait_for 120 "$PG_BIN/pg_isready" -q || {
		cat "$TMPDIR/pg.log"
		fatal "PostgreSQL did not start"
	}
}
