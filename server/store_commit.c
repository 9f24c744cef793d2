#include "server/store.h"

#include <assert.h>
#include <string.h>

#include "server/store_inner.h"

static const struct statement begin = { "begin", "BEGIN" };
static const struct statement take_head = { "take_head",
	"SELECT tabella.take_head($1::int4, $2::int8, $3::bytea, $4::int8)" };
static const struct statement name_blobs = { "name_blobs",
	"SELECT tabella.name_blobs($1::int4, $2::bytea[])" };
static const struct statement add_entries = { "add_entries",
	"INSERT INTO tabella.entry (election, seq, hash, leaf, record, tracker, line)"
	" SELECT $1::int4, $2::int8 + i - 1, h, f, r, t, l FROM unnest($3::bytea[], $4::bytea[],"
	" $5::bytea[], $6::bytea[], $7::bytea[]) WITH ORDINALITY AS e (h, f, r, t, l, i)" };
static const struct statement add_batch = { "add_batch",
	"INSERT INTO tabella.batch (election, first, count, frontier_before, note)"
	" VALUES ($1::int4, $2::int8, $3::int8, $4::bytea, $5::bytea)" };
static const struct statement add_tiles = { "add_tiles",
	"INSERT INTO tabella.tile (election, level, number, root, nodes)"
	" SELECT $1::int4, $2::int4, $3::int8 + i - 1, r, n"
	" FROM unnest($4::bytea[], $5::bytea[]) WITH ORDINALITY AS t (r, n, i)" };
static const struct statement move_head = { "move_head",
	"UPDATE tabella.head SET size = $2::int8, hash = $3::bytea, time = $4::int8,"
	" frontier = $5::bytea WHERE election = $1::int4" };
static const struct statement take_signed = { "take_signed",
	"SELECT tabella.take_signed($1::int4, $2::int8, $3::int8)" };
static const struct statement sign_head = { "sign_head",
	"UPDATE tabella.head SET signed_size = $2::int8, signed_time = $3::int8,"
	" signed_frontier = $4::bytea, note = $5::bytea WHERE election = $1::int4" };
static const struct statement commit = { "commit", "COMMIT" };

#define STEPS_MAX (9 + MERKLE_TILE_LEVELS)

/* ---- what is sent ---- */

static struct slice
digest_slice(const struct digest *d)
{
	return (struct slice){ d->b, sizeof d->b };
}

/* How many tiles of a level the entries complete. */
static uint32_t
tiles_of(const struct store_addition *a, unsigned level)
{
	const unsigned shift = 8 * (level + 1);

	return (uint32_t)((a->after->size >> shift) - (a->before->size >> shift));
}

/* Put the entries into one array a column, tiles into two a level. */
static enum result
fill_columns(struct store *s, const struct store_addition *a, struct why *why)
{
	const struct slice null = { NULL, 0 };
	const struct store_entry *e;
	const struct store_tile *t;
	enum result r;
	size_t i;

	for (i = 0; i < STORE_COLUMNS; i++)
		array_start(&s->column[i], (uint32_t)a->n, i == 3);
	for (i = 0; i < a->n; i++) {
		e = &a->entries[i];
		array_add(&s->column[0], digest_slice(&e->hash));
		array_add(&s->column[1], digest_slice(&e->leaf));
		array_add(&s->column[2], digest_slice(&e->record));
		array_add(&s->column[3], e->has_tracker ? digest_slice(&e->tracker) : null);
		array_add(&s->column[4], e->line);
	}
	array_start(&s->names, (uint32_t)a->n_blobs, false);
	for (i = 0; i < a->n_blobs; i++)
		array_add(&s->names, digest_slice(&a->blobs[i]));
	for (i = 0; i < MERKLE_TILE_LEVELS; i++) {
		array_start(&s->roots[i], tiles_of(a, (unsigned)i), false);
		array_start(&s->nodes[i], tiles_of(a, (unsigned)i), false);
	}
	for (i = 0; i < a->n_tiles; i++) {
		t = &a->tiles[i];
		array_add(&s->roots[t->level], digest_slice(&t->root));
		array_add(&s->nodes[t->level],
		    (struct slice){ (const uint8_t *)t->node, sizeof t->node });
	}
	r = buffer_result(&s->names);
	for (i = 0; r == R_GOOD && i < STORE_COLUMNS; i++)
		r = buffer_result(&s->column[i]);
	for (i = 0; r == R_GOOD && i < MERKLE_TILE_LEVELS; i++)
		if ((r = buffer_result(&s->roots[i])) == R_GOOD)
			r = buffer_result(&s->nodes[i]);
	return r == R_GOOD ? r : why_set(why, r, "out of memory");
}

static struct params *
next_step(struct step *steps, size_t *n, const struct statement *st)
{
	assert(*n < STEPS_MAX);
	steps[*n].statement = st;
	memset(&steps[*n].params, 0, sizeof steps[*n].params);
	return &steps[(*n)++].params;
}

static void
make_sign_steps(struct step *steps, size_t *n, struct store_election election,
    const struct store_signing *g)
{
	struct params *p = next_step(steps, n, &take_signed);

	params_i32(p, election.key);
	params_u64(p, g->before->signed_size);
	params_u64(p, g->before->signed_time);
	p = next_step(steps, n, &add_batch);
	params_i32(p, election.key);
	params_u64(p, g->before->signed_size);
	params_u64(p, g->after->signed_size - g->before->signed_size);
	params_bytes(p, g->before->signed_frontier);
	params_bytes(p, g->after->note);
	p = next_step(steps, n, &sign_head);
	params_i32(p, election.key);
	params_u64(p, g->after->signed_size);
	params_u64(p, g->after->signed_time);
	params_bytes(p, g->after->signed_frontier);
	params_bytes(p, g->after->note);
}

static void
make_add_steps(struct step *steps, size_t *n, struct store *s, struct store_election election,
    const struct store_addition *a)
{
	struct params *p = next_step(steps, n, &take_head);
	unsigned level;
	size_t i;

	params_i32(p, election.key);
	params_u64(p, a->before->size);
	params_digest(p, &a->before->hash);
	params_u64(p, a->before->time);
	if (a->n_blobs > 0) {
		p = next_step(steps, n, &name_blobs);
		params_i32(p, election.key);
		params_bytes(p, buffer_slice(&s->names));
	}
	p = next_step(steps, n, &add_entries);
	params_i32(p, election.key);
	params_u64(p, a->before->size);
	for (i = 0; i < STORE_COLUMNS; i++)
		params_bytes(p, buffer_slice(&s->column[i]));
	for (level = 0; tiles_of(a, level) > 0; level++) {
		p = next_step(steps, n, &add_tiles);
		params_i32(p, election.key);
		params_i32(p, (int32_t)level);
		params_u64(p, a->before->size >> 8 * (level + 1));
		params_bytes(p, buffer_slice(&s->roots[level]));
		params_bytes(p, buffer_slice(&s->nodes[level]));
	}
	p = next_step(steps, n, &move_head);
	params_i32(p, election.key);
	params_u64(p, a->after->size);
	params_digest(p, &a->after->hash);
	params_u64(p, a->after->time);
	params_bytes(p, a->after->frontier);
}

/* ---- commit ---- */

/* The server has refused a step: what does that mean to the caller? */
static enum result
judge_refusal(const char *sqlstate, struct why *why)
{
	if (strcmp(sqlstate, "TB001") == 0)
		return why_set(why, R_CONFLICT, "somebody else has appended in between");
	if (strcmp(sqlstate, "TB005") == 0)
		return why_set(why, R_CONFLICT, "somebody else has signed in between");
	if (strcmp(sqlstate, "TB002") == 0) {
		if (why != NULL)
			why->reason = R_MISSING_BLOB;
		return R_MISSING_BLOB;
	}
	return R_NO_DATABASE;
}

static enum result
send_steps(struct store *s, const struct step *steps, size_t n, struct why *why)
{
	enum result r;
	size_t at;

	r = dbconn_ready(s->db, why);
	if (r != R_GOOD)
		return r;
	switch (dbconn_pipeline(s->db, steps, n, &at, why)) {
	case PIPE_DONE: return R_GOOD;
	case PIPE_REFUSED: return judge_refusal(dbconn_sqlstate(s->db), why);
	case PIPE_LOST: break;
	}
	if (why != NULL)
		why->reason = R_NOT_CONFIRMED;
	return R_NOT_CONFIRMED;
}

static void
assert_fits(const struct store_addition *a, const struct store_signing *g)
{
	unsigned level;
	size_t tiles = 0;

	assert(a != NULL || g != NULL);
	if (a != NULL) {
		assert(a->n > 0);
		assert(a->after->size == a->before->size + a->n);
		assert(a->after->time >= a->before->time);
		assert(digest_equal(&a->after->hash, &a->entries[a->n - 1].hash));
		for (level = 0; level < MERKLE_TILE_LEVELS; level++)
			tiles += tiles_of(a, level);
		assert(tiles == a->n_tiles);
	}
	if (g != NULL) {
		assert(g->after->signed_size > g->before->signed_size);
		assert(g->after->signed_time >= g->before->signed_time);
	}
}

static enum result
check_limits(const struct store_addition *a, struct why *why)
{
	size_t i, bytes = 0;

	for (i = 0; i < a->n && i < STORE_BATCH_MAX && bytes <= STORE_BATCH_BYTES; i++)
		bytes += a->entries[i].line.n;
	if (i < a->n || bytes > STORE_BATCH_BYTES || a->n_blobs > STORE_BATCH_MAX)
		return why_set(why, R_TOO_LARGE,
		    "the batch is above %d entries, %d blobs or %u bytes", STORE_BATCH_MAX,
		    STORE_BATCH_MAX, STORE_BATCH_BYTES);
	return R_GOOD;
}

enum result
store_commit(struct store *s, struct store_election election, const struct store_addition *a,
    const struct store_signing *g, struct why *why)
{
	struct step steps[STEPS_MAX];
	enum result r = R_GOOD;
	size_t n = 0;

	assert_fits(a, g);
	if (a != NULL)
		r = check_limits(a, why);
	if (r == R_GOOD && a != NULL)
		r = fill_columns(s, a, why);
	if (r != R_GOOD)
		return r;
	(void)next_step(steps, &n, &begin);
	if (g != NULL)
		make_sign_steps(steps, &n, election, g);
	if (a != NULL)
		make_add_steps(steps, &n, s, election, a);
	(void)next_step(steps, &n, &commit);
	return send_steps(s, steps, n, why);
}
