#include "server/store.h"

#include <stdlib.h>
#include <string.h>

#include "server/store_inner.h"

#define CHECK_MS 1000 /* for how long the database's settings are taken to be as they were */

/* ---- life ---- */

enum result
store_open(struct store **out, const struct store_options *o, struct why *why)
{
	const struct dbconn_options options = { .address = o->address,
		.read_only = o->read_only,
		.statement_ms = o->statement_ms,
		.retry_ms = o->retry_ms,
		.revive = o->revive,
		.ctx = o->ctx };
	struct store *s = calloc(1, sizeof *s);
	enum result r;

	*out = NULL;
	if (s == NULL)
		return why_set(why, R_NO_MEMORY, "out of memory");
	r = dbconn_new(&s->db, &options, why);
	if (r == R_GOOD)
		r = dbconn_ready(s->db, why);
	if (r != R_GOOD) {
		store_free(s);
		return r;
	}
	*out = s;
	return R_GOOD;
}

void
store_free(struct store *s)
{
	int i;

	if (s == NULL)
		return;
	dbconn_free(s->db);
	for (i = 0; i < STORE_COLUMNS; i++)
		buffer_free(&s->column[i]);
	buffer_free(&s->names);
	for (i = 0; i < MERKLE_TILE_LEVELS; i++) {
		buffer_free(&s->roots[i]);
		buffer_free(&s->nodes[i]);
	}
	free(s);
}

enum result
store_check(struct store *s, struct why *why)
{
	if (dbconn_age(s->db) < CHECK_MS && dbconn_script(s->db, "SELECT 1", NULL) == R_GOOD)
		return R_GOOD;
	dbconn_drop(s->db);
	return dbconn_ready(s->db, why);
}

/* ---- elections ---- */

static const struct statement election_find = { "election_find",
	"SELECT key FROM tabella.election WHERE id = $1::bytea" };
/* The head row comes with the election, in one statement. */
static const struct statement election_make = { "election_make",
	"WITH made AS (INSERT INTO tabella.election (id) VALUES ($1::bytea)"
	" ON CONFLICT (id) DO NOTHING RETURNING key)"
	" INSERT INTO tabella.head (election, " STORE_HEAD_COLUMNS ")"
	" SELECT key, 0, decode(repeat('00', 32), 'hex'), 0, '', 0, 0, '', '' FROM made" };
static const struct statement election_list = { "election_list",
	"SELECT key, id FROM tabella.election ORDER BY key" };

enum result
store_election_find(struct store *s, struct store_election *out, const struct digest *id,
    struct why *why)
{
	struct params p = { 0 };
	PGresult *rows;
	enum result r;

	params_digest(&p, id);
	r = dbconn_read(s->db, &rows, &election_find, &p, why);
	if (r == R_GOOD && PQntuples(rows) == 0)
		r = why_set(why, R_NOT_FOUND, "there is no such election on this board");
	if (r == R_GOOD)
		out->key = row_i32(rows, 0, 0);
	PQclear(rows);
	return r;
}

enum result
store_election_make(struct store *s, struct store_election *out, const struct digest *id,
    struct why *why)
{
	struct params p = { 0 };
	PGresult *rows;
	enum result r;

	r = store_election_find(s, out, id, why);
	if (r != R_NOT_FOUND)
		return r;
	params_digest(&p, id);
	/* Safe to repeat, so a lost connection does not matter. */
	r = dbconn_read(s->db, &rows, &election_make, &p, why);
	PQclear(rows);
	return r == R_GOOD ? store_election_find(s, out, id, why) : r;
}

enum result
store_elections(struct store *s,
    enum result (*each)(void *ctx, struct store_election election, const struct digest *id),
    void *ctx, struct why *why)
{
	struct store_election election;
	struct digest id;
	PGresult *rows;
	enum result r;
	int i;

	r = dbconn_read(s->db, &rows, &election_list, NULL, why);
	for (i = 0; r == R_GOOD && i < PQntuples(rows); i++) {
		election.key = row_i32(rows, i, 0);
		r = row_digest(&id, rows, i, 1);
		if (r == R_GOOD)
			r = each(ctx, election, &id);
	}
	PQclear(rows);
	return r;
}

/* ---- the head ---- */

static const struct statement head_read = { "head_read",
	"SELECT " STORE_HEAD_COLUMNS " FROM tabella.head WHERE election = $1::int4" };

enum result
store_keep(void **memory, struct slice *const slices[], size_t n, struct why *why)
{
	uint8_t *copy;
	size_t i, bytes = 1;

	for (i = 0; i < n; i++)
		bytes += slices[i]->n;
	*memory = copy = malloc(bytes);
	if (copy == NULL)
		return why_set(why, R_NO_MEMORY, "out of memory");
	for (i = 0; i < n; copy += slices[i++]->n) {
		memcpy(copy, slices[i]->p, slices[i]->n);
		slices[i]->p = copy;
	}
	return R_GOOD;
}

enum result
store_read_head(struct store *s, struct store_head *out, struct store_election election,
    const struct statement *st, struct why *why)
{
	struct slice *const slices[] = { &out->frontier, &out->signed_frontier, &out->note };
	struct params p = { 0 };
	PGresult *rows;
	enum result r;

	memset(out, 0, sizeof *out);
	params_i32(&p, election.key);
	r = dbconn_do(s->db, &rows, st, &p, why);
	if (r == R_GOOD && PQntuples(rows) == 0)
		r = why_set(why, R_NOT_FOUND, "there is no such election on this board");
	if (r == R_GOOD)
		r = row_digest(&out->hash, rows, 0, 1);
	if (r == R_GOOD) {
		out->size = row_u64(rows, 0, 0);
		out->time = row_u64(rows, 0, 2);
		out->frontier = row_bytes(rows, 0, 3);
		out->signed_size = row_u64(rows, 0, 4);
		out->signed_time = row_u64(rows, 0, 5);
		out->signed_frontier = row_bytes(rows, 0, 6);
		out->note = row_bytes(rows, 0, 7);
		r = store_keep(&out->memory, slices, 3, why);
	}
	if (r != R_GOOD)
		memset(out, 0, sizeof *out);
	PQclear(rows);
	return r;
}

enum result
store_head(struct store *s, struct store_head *out, struct store_election election, struct why *why)
{
	enum result r = store_read_head(s, out, election, &head_read, why);

	if (r == R_NO_DATABASE && dbconn_backend(s->db) == 0)
		r = store_read_head(s, out, election, &head_read, why);
	return r;
}

static const struct statement places_read = { "places_read",
	"SELECT key, id, size, signed_size, hash FROM tabella.election"
	" JOIN tabella.head ON head.election = election.key ORDER BY key" };

enum result
store_places(struct store *s,
    enum result (*each)(void *ctx, struct store_election election, const struct digest *id,
	const struct store_place *place),
    void *ctx, struct why *why)
{
	struct store_election election;
	struct store_place place;
	struct digest id;
	PGresult *rows;
	enum result r;
	int i;

	r = dbconn_read(s->db, &rows, &places_read, NULL, why);
	for (i = 0; r == R_GOOD && i < PQntuples(rows); i++) {
		election.key = row_i32(rows, i, 0);
		place.size = row_u64(rows, i, 2);
		place.signed_size = row_u64(rows, i, 3);
		r = row_digest(&id, rows, i, 1);
		if (r == R_GOOD)
			r = row_digest(&place.hash, rows, i, 4);
		if (r == R_GOOD)
			r = each(ctx, election, &id, &place);
	}
	PQclear(rows);
	return r;
}

void
store_head_free(struct store_head *h)
{
	if (h == NULL)
		return;
	free(h->memory);
	memset(h, 0, sizeof *h);
}
