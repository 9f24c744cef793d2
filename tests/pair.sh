#!/bin/bash
# shellcheck disable=SC2034 # lib.sh uses what is set here
# pair.sh: two PostgreSQL servers of which one follows the other synchronously. Source it after
# lib.sh; or run it to have such a pair to play with:
#
#	tests/pair.sh FOLDER		FOLDER must not exist; until Ctrl-C
#
# pair_start	the first server (port 5432) with its synchronous standby (5433), both on
#		Unix sockets in $PGHOST; the roles and the database tabella with its tables.
#		PAIR is the address for --db: whichever of the two takes writes.
# pair_kill	kill -9 the first server.
# pair_promote	the standby takes over.
# pair_sql SQL	on the server that takes writes, as a superuser, in $PGDATABASE.
if [ "${BASH_SOURCE[0]}" = "$0" ]; then
	[ $# = 1 ] || { echo "Usage: tests/pair.sh FOLDER" >&2; exit 2; }
	mkdir -m 711 "$1" || exit
	TMPDIR=$(realpath "$1")
	export TMPDIR
	# shellcheck source=tests/lib.sh
	. "$(dirname "$0")/lib.sh"
fi

pair_server() { # NAME PORT OPTION...
	start "$TMPDIR/pg-$1.log" "${AS_POSTGRES[@]}" "$PG_BIN/postgres" -D "$TMPDIR/$1" \
	    -c unix_socket_directories="$PGHOST" -c listen_addresses= -c port="$2" \
	    -c max_connections=60 -c shared_buffers=32MB -c wal_level=replica -c max_wal_senders=6 \
	    "${@:3}"
	STARTED[-1]=$PID:INT
	wait_for 120 "$PG_BIN/pg_isready" -q -p "$2" || {
		cat "$TMPDIR/pg-$1.log"
		fatal "PostgreSQL did not start"
	}
}
pair_sql() { psql -XAtq -p "$PAIR_PORT" -U postgres -d "${PGDATABASE:-postgres}" -c "$1"; }
pair_is() { [ "$(pair_sql "$1")" = "$2" ]; }

pair_start() {
	need_postgres
	PGHOST=$TMPDIR/s
	PAIR_PORT=5432
	export PGHOST
	own_folder "$PGHOST" || fatal "no folder for sockets"
	chmod 711 "$PGHOST"
	pg_data "$TMPDIR/first" || fatal "no data"
	pair_server first 5432
	PAIR_FIRST=$PID
	own_folder "$TMPDIR/second" || fatal "no folder for the standby"
	(cd / && "${AS_POSTGRES[@]}" "$PG_BIN/pg_basebackup" -D "$TMPDIR/second" -R -X stream \
	    -c fast -C -S second -h "$PGHOST" -U postgres) || fatal "the standby has no data"
	pair_server second 5433
	# Only where it is first; a standby that takes over has none to wait for.
	pair_sql "ALTER SYSTEM SET synchronous_standby_names = '*'"
	pair_sql "SELECT pg_reload_conf()" >"$TMPDIR/reloaded"
	wait_for 120 pair_is "SELECT sync_state FROM pg_stat_replication" sync ||
	    fatal "the standby does not follow"
	pair_sql "CREATE ROLE tabella_owner LOGIN; CREATE ROLE tabella_board; CREATE ROLE tabella_reader;
	    CREATE ROLE vote LOGIN IN ROLE tabella_board; CREATE ROLE look LOGIN IN ROLE tabella_reader"
	pair_sql "CREATE DATABASE tabella OWNER tabella_owner TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'"
	PAIR="host=$PGHOST,$PGHOST port=5432,5433 dbname=tabella"
	"$TOP_BUILDDIR/server/tabellad" --make-tables --db "$PAIR user=tabella_owner" ||
	    fatal "no tables"
}

pair_kill() { stop "$PAIR_FIRST" KILL; }
pair_promote() {
	PAIR_PORT=5433
	pair_sql "SELECT pg_promote()" >"$TMPDIR/promoted" || fatal "the standby cannot take over"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
	TOP_BUILDDIR=${TOP_BUILDDIR:-.}
	pair_start
	echo "tabellad --data DIR --db \"$PAIR user=vote\""
	echo "kill -9 $PAIR_FIRST; psql -h $PGHOST -p 5433 -U postgres -c 'SELECT pg_promote()'"
	wait
fi
