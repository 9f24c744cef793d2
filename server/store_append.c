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
static const struct statement move_head = { "move_head",
	"UPDATE tabella.head SET size = $2::int8, hash = $3::bytea, time = $4::int8,"
	" frontier = $5::bytea, note = $6::bytea WHERE election = $1::int4" };
static const struct statement commit = { "commit", "COMMIT" };

#define STEPS_MAX 7

/* ---- what is sent ---- */

static struct slice
digest_slice(const struct digest *d)
{
	return (struct slice){ d->b, sizeof d->b };
}

/* Put the entries into one array a column. */
static enum result
fill_columns(struct store *s, const struct store_addition *a, struct why *why)
{
	const struct slice null = { NULL, 0 };
	const struct store_entry *e;
	size_t i;

	for (i = 0; i < STORE_COLUMNS; i++)
		array_start(&s->column[i], (uint32_t)a->n, i == 3);
	for (e = a->entries; e < a->entries + a->n; e++) {
		array_add(&s->column[0], digest_slice(&e->hash));
		array_add(&s->column[1], digest_slice(&e->leaf));
		array_add(&s->column[2], digest_slice(&e->record));
		array_add(&s->column[3], e->has_tracker ? digest_slice(&e->tracker) : null);
		array_add(&s->column[4], e->line);
	}
	for (i = 0; i < STORE_COLUMNS; i++)
		if (buffer_result(&s->column[i]) != R_GOOD)
			return why_set(why, R_NO_MEMORY, "out of memory");
	return R_GOOD;
}

static struct params *
next_step(struct step *steps, size_t *n, const struct statement *st)
{
	assert(*n < STEPS_MAX);
	steps[*n].statement = st;
	memset(&steps[*n].params, 0, sizeof steps[*n].params);
	return &steps[(*n)++].params;
}

/* Make the steps of the transaction; `names` is the array of blob ids. */
static size_t
make_steps(struct step *steps, struct store *s, struct store_election election,
    const struct store_addition *a, const struct buffer *names)
{
	struct params *p;
	size_t n = 0, i;

	(void)next_step(steps, &n, &begin);
	p = next_step(steps, &n, &take_head);
	params_i32(p, election.key);
	params_u64(p, a->before->size);
	params_digest(p, &a->before->hash);
	params_u64(p, a->before->time);
	if (a->n_blobs > 0) {
		p = next_step(steps, &n, &name_blobs);
		params_i32(p, election.key);
		params_bytes(p, buffer_slice(names));
	}
	p = next_step(steps, &n, &add_entries);
	params_i32(p, election.key);
	params_u64(p, a->before->size);
	for (i = 0; i < STORE_COLUMNS; i++)
		params_bytes(p, buffer_slice(&s->column[i]));
	p = next_step(steps, &n, &add_batch);
	params_i32(p, election.key);
	params_u64(p, a->before->size);
	params_u64(p, a->n);
	params_bytes(p, a->before->frontier);
	params_bytes(p, a->after->note);
	p = next_step(steps, &n, &move_head);
	params_i32(p, election.key);
	params_u64(p, a->after->size);
	params_digest(p, &a->after->hash);
	params_u64(p, a->after->time);
	params_bytes(p, a->after->frontier);
	params_bytes(p, a->after->note);
	(void)next_step(steps, &n, &commit);
	return n;
}

/* ---- append ---- */

/* The server has refused a step: what does that mean to the caller? */
static enum result
judge_refusal(const char *sqlstate, struct why *why)
{
	if (strcmp(sqlstate, "TB001") == 0)
		return why_set(why, R_CONFLICT, "somebody else has appended in between");
	if (strcmp(sqlstate, "TB002") == 0) {
		if (why != NULL)
			why->reason = R_MISSING_BLOB;
		return R_MISSING_BLOB;
	}
	return R_NO_DATABASE;
}

static enum result
send_batch(struct store *s, const struct step *steps, size_t n, struct why *why)
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
assert_fits(const struct store_addition *a)
{
	assert(a->n > 0);
	assert(a->after->size == a->before->size + a->n);
	assert(a->after->time >= a->before->time);
	assert(digest_equal(&a->after->hash, &a->entries[a->n - 1].hash));
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
store_append(struct store *s, struct store_election election, const struct store_addition *a,
    struct why *why)
{
	struct step steps[STEPS_MAX];
	struct buffer names = { 0 };
	enum result r;
	size_t i, n;

	assert_fits(a);
	r = check_limits(a, why);
	if (r == R_GOOD)
		r = fill_columns(s, a, why);
	if (r != R_GOOD)
		return r;
	if (a->n_blobs > 0) {
		array_start(&names, (uint32_t)a->n_blobs, false);
		for (i = 0; i < a->n_blobs; i++)
			array_add(&names, digest_slice(&a->blobs[i]));
		r = buffer_result(&names);
	}
	if (r == R_GOOD) {
		n = make_steps(steps, s, election, a, &names);
		r = send_batch(s, steps, n, why);
	} else {
		(void)why_set(why, r, "out of memory");
	}
	buffer_free(&names);
	return r;
}

/* ---- settle ---- */

static const struct statement head_lock = { "head_lock",
	"SELECT size, hash, time, frontier, note FROM tabella.head WHERE election = $1::int4"
	" FOR UPDATE" };
static const struct statement entry_is = { "entry_is",
	"SELECT FROM tabella.entry WHERE election = $1::int4 AND seq = $2::int8"
	" AND hash = $3::bytea" };

/* Within the transaction that holds the head's lock: is the batch there? */
static enum result
find_batch(struct store *s, struct store_election election, const struct store_addition *a,
    struct why *why)
{
	struct params p = { 0 };
	struct store_head head;
	PGresult *rows;
	enum result r;
	bool moved;

	r = store_read_head(s, &head, election, &head_lock, why);
	if (r != R_GOOD)
		return r;
	moved = head.size != a->before->size || head.time != a->before->time ||
	    !digest_equal(&head.hash, &a->before->hash);
	store_head_free(&head);
	params_i32(&p, election.key);
	params_u64(&p, a->after->size - 1);
	params_digest(&p, &a->after->hash);
	r = dbconn_do(s->db, &rows, &entry_is, &p, why);
	if (r != R_GOOD)
		return r;
	if (PQntuples(rows) == 0)
		r = moved ? why_set(why, R_CONFLICT, "somebody else has appended in between")
			  : why_set(why, R_NOT_FOUND, "the batch was not stored");
	PQclear(rows);
	return r;
}

enum result
store_settle(struct store *s, struct store_election election, const struct store_addition *a,
    struct why *why)
{
	enum result r, found;

	/* The lock on the head waits for the lost transaction if it still runs. It is also
	 * written to the log, so that the commit here is confirmed only after everything
	 * that was seen is as durable, and as replicated, as any commit. */
	r = dbconn_begin(s->db, why);
	if (r != R_GOOD)
		return r;
	found = find_batch(s, election, a, why);
	if (found == R_NO_DATABASE || found == R_NO_MEMORY) {
		dbconn_rollback(s->db);
		return found;
	}
	r = dbconn_commit(s->db, found == R_GOOD ? why : NULL);
	if (r == R_GOOD)
		return found;
	return why_set(why, r, "the database did not confirm what it holds; ask again");
}
