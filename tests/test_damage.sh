#!/bin/bash
# test_damage: tiles of the tree that were changed behind the board's back. `--check` finds it, and the
# board gives no proof from a tile that is missing. (test_boards.sh has the other tables; its board is
# too small for tiles.)
# shellcheck disable=SC2034 # elect.sh uses what is set here
. "${TOP_SRCDIR:-$(cd "$(dirname "$0")/.." && pwd)}/tests/lib.sh"
. "$TOP_SRCDIR/tests/elect.sh"
need_server

KEPT=$TMPDIR/kept
own_folder "$KEPT" || fatal "no folder"
run "$TOP_BUILDDIR/tests/bench/load" --board "$TOP_BUILDDIR/server/tabellad" --voters 300 \
    --connections 16 --read 0 --keep "$KEPT"
run "${AS_POSTGRES[@]}" "$(share "$TOP_BUILDDIR/tests/bench/fill")" "$KEPT/board" "$KEPT/ballots"
keys organiser organiser
BOARD=kept/board
BOARD_NAME=board.example/1
board_start
ID=$(api elections | jq -r '.elections[0].id')
check() { "${AS_POSTGRES[@]}" "$TABELLAD" --data "$KEPT/board" --check; }
expect "--check of what is whole" 0 check
proof() { api "elections/$ID/proof?seq=7&size=$(board_size)" >"$TMPDIR/proof"; }
expect "a proof" 0 proof

# damage NAME SQL: done and undone.
sql() {
	"${AS_POSTGRES[@]}" "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -h "$KEPT/board/database/socket" -U postgres \
	    -d tabella
}
damage() {
	sql <<-END || fatal "$1"
		CREATE TABLE kept AS SELECT * FROM tabella.tile;
		ALTER TABLE tabella.tile DISABLE TRIGGER stays;
		$2;
		ALTER TABLE tabella.tile ENABLE ALWAYS TRIGGER stays;
	END
	refused "--check: $1" 1 CHAIN_BROKEN check
}
repair() {
	sql <<-END || fatal "repair"
		ALTER TABLE tabella.tile DISABLE TRIGGER stays;
		DELETE FROM tabella.tile;
		INSERT INTO tabella.tile SELECT * FROM kept;
		ALTER TABLE tabella.tile ENABLE ALWAYS TRIGGER stays;
		DROP TABLE kept;
	END
}
damage "a tile that was changed" "UPDATE tabella.tile SET nodes = overlay(nodes PLACING decode('0000', 'hex') FROM 1000)"
repair
damage "a tile with another root" "UPDATE tabella.tile SET root = decode(repeat('11', 32), 'hex')"
repair
damage "a tile that is missing" "DELETE FROM tabella.tile"
answers "no proof from a missing tile" 503 NO_DATABASE GET "elections/$ID/proof?seq=7&size=$(board_size)"
repair
expect "--check of what was repaired" 0 check
finish
