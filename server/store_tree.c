/* The tree of an election, from its tiles. */
#include <string.h>

#include "server/store_inner.h"

static const struct statement tile_read = { "tile_read",
	"SELECT nodes FROM tabella.tile WHERE election = $1::int4 AND level = $2::int4"
	" AND number = $3::int8" };
/* The nodes of a tile that is not complete: leaves, or roots of the tiles below. */
static const struct statement leaves_of_tile = { "leaves_of_tile",
	"SELECT leaf FROM tabella.entry WHERE election = $1::int4 AND seq >= $2::int8"
	" AND seq < $3::int8 ORDER BY seq" };
static const struct statement roots_of_tiles = { "roots_of_tiles",
	"SELECT root FROM tabella.tile WHERE election = $1::int4 AND level = $4::int4"
	" AND number >= $2::int8 AND number < $3::int8 ORDER BY number" };

static enum result
read_whole(struct store *s, struct digest *nodes, struct store_election election, unsigned level,
    uint64_t number, struct why *why)
{
	struct params p = { 0 };
	PGresult *rows;
	struct slice bytes;
	enum result r;

	params_i32(&p, election.key);
	params_i32(&p, (int32_t)level);
	params_u64(&p, number);
	r = dbconn_read(s->db, &rows, &tile_read, &p, why);
	if (r == R_GOOD && PQntuples(rows) == 0)
		r = why_set(why, R_NOT_FOUND, "there is no tile %llu of level %u",
		    (unsigned long long)number, level);
	if (r == R_GOOD) {
		bytes = row_bytes(rows, 0, 0);
		if (bytes.n == MERKLE_TILE_BYTES)
			memcpy(nodes, bytes.p, bytes.n);
		else
			r = why_set(why, R_NO_DATABASE, "tile %llu of level %u is damaged",
			    (unsigned long long)number, level);
	}
	PQclear(rows);
	return r;
}

static enum result
read_part(struct store *s, struct digest *nodes, struct store_election election, unsigned level,
    uint64_t number, unsigned width, struct why *why)
{
	struct params p = { 0 };
	PGresult *rows;
	enum result r;
	unsigned i;

	params_i32(&p, election.key);
	params_u64(&p, number * MERKLE_TILE);
	params_u64(&p, number * MERKLE_TILE + width);
	if (level > 0)
		params_i32(&p, (int32_t)level - 1);
	r = dbconn_read(s->db, &rows, level == 0 ? &leaves_of_tile : &roots_of_tiles, &p, why);
	if (r == R_GOOD && PQntuples(rows) != (int)width)
		r = why_set(why, R_NOT_FOUND, "tile %llu of level %u has no %u nodes",
		    (unsigned long long)number, level, width);
	for (i = 0; r == R_GOOD && i < width; i++)
		r = row_digest(&nodes[i], rows, (int)i, 0);
	PQclear(rows);
	return r;
}

enum result
store_tile(struct store *s, struct digest *nodes, struct store_election election, unsigned level,
    uint64_t number, unsigned width, struct why *why)
{
	if (level >= MERKLE_TILE_LEVELS || width > MERKLE_TILE || number >= UINT64_C(1) << 48)
		return why_set(why, R_NOT_FOUND, "no board has such a tile");
	return width == MERKLE_TILE ? read_whole(s, nodes, election, level, number, why)
				    : read_part(s, nodes, election, level, number, width, why);
}

/* ---- proofs ---- */

struct reading {
	struct store *store;
	struct store_election election;
	struct why *why;
};

static enum result
read_tile(void *ctx, struct digest *nodes, unsigned level, uint64_t number, unsigned width)
{
	const struct reading *t = ctx;

	return store_tile(t->store, nodes, t->election, level, number, width, t->why);
}

/* A tile may only be missing where the board ends. */
static enum result
judge_missing(struct reading *t, uint64_t size, enum result r)
{
	struct store_head head;

	if (r != R_NOT_FOUND)
		return r;
	r = store_head(t->store, &head, t->election, t->why);
	if (r == R_GOOD)
		r = size <= head.size
		    ? why_set(t->why, R_NO_DATABASE,
			  "the tree in the database is damaged: run tabellad --check")
		    : why_set(t->why, R_NOT_FOUND, "the board has no %llu entries",
			  (unsigned long long)size);
	store_head_free(&head);
	return r;
}

enum result
store_inclusion(struct store *s, struct digest path[MERKLE_PATH_MAX], size_t *n,
    struct store_election election, uint64_t index, uint64_t size, struct why *why)
{
	struct reading t = { s, election, why };
	const struct merkle_tiles tiles = { &t, read_tile };

	return judge_missing(&t, size, merkle_tiles_inclusion(&tiles, path, n, index, size));
}

enum result
store_consistency(struct store *s, struct digest path[MERKLE_PATH_MAX], size_t *n,
    struct store_election election, uint64_t first, uint64_t size, struct why *why)
{
	struct reading t = { s, election, why };
	const struct merkle_tiles tiles = { &t, read_tile };

	return judge_missing(&t, size, merkle_tiles_consistency(&tiles, path, n, first, size));
}
