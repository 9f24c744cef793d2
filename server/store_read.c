#include "server/store.h"

#include <stdlib.h>
#include <string.h>

#include "server/store_inner.h"

#define LINES_A_QUERY 256
#define LEAVES_A_QUERY 8192

/* ---- ranges ---- */

static const struct statement lines_read = { "lines_read",
	"SELECT seq, line FROM tabella.entry WHERE election = $1::int4 AND seq >= $2::int8"
	" AND seq < $3::int8 ORDER BY seq" };
static const struct statement leaves_read = { "leaves_read",
	"SELECT seq, leaf FROM tabella.entry WHERE election = $1::int4 AND seq >= $2::int8"
	" AND seq < $3::int8 ORDER BY seq" };

static const struct statement rows_read = { "rows_read",
	"SELECT seq, line, hash, leaf, record, tracker FROM tabella.entry"
	" WHERE election = $1::int4 AND seq >= $2::int8 AND seq < $3::int8 ORDER BY seq" };

/* Who is called for each row. */
struct visitor {
	enum result (*line)(void *ctx, uint64_t seq, struct slice line);
	enum result (*leaf)(void *ctx, uint64_t seq, const struct digest *leaf);
	enum result (*entry)(void *ctx, uint64_t seq, const struct store_entry *entry);
	void *ctx;
};

static enum result
visit_entry(const struct visitor *v, const PGresult *rows, int row)
{
	struct store_entry e = { .line = row_bytes(rows, row, 1),
		.has_tracker = !PQgetisnull(rows, row, 5) };
	enum result r = row_digest(&e.hash, rows, row, 2);

	if (r == R_GOOD)
		r = row_digest(&e.leaf, rows, row, 3);
	if (r == R_GOOD)
		r = row_digest(&e.record, rows, row, 4);
	if (r == R_GOOD && e.has_tracker)
		r = row_digest(&e.tracker, rows, row, 5);
	return r == R_GOOD ? v->entry(v->ctx, row_u64(rows, row, 0), &e) : r;
}

static enum result
visit(const struct visitor *v, const PGresult *rows, int row)
{
	uint64_t seq = row_u64(rows, row, 0);
	struct digest leaf;
	enum result r;

	if (v->entry != NULL)
		return visit_entry(v, rows, row);
	if (v->line != NULL)
		return v->line(v->ctx, seq, row_bytes(rows, row, 1));
	r = row_digest(&leaf, rows, row, 1);
	return r == R_GOOD ? v->leaf(v->ctx, seq, &leaf) : r;
}

/* A batch is stored whole or not at all, so a short answer is the end of the board
 * unless the head says otherwise. */
static enum result
short_answer(struct store *s, struct store_election election, uint64_t seq, struct why *why)
{
	struct store_head head;
	enum result r;

	r = store_head(s, &head, election, why);
	if (r != R_GOOD)
		return r;
	r = seq < head.size
	    ? why_set(why, R_NO_DATABASE,
		  "entry %llu is missing in the database: it is damaged, stop the board",
		  (unsigned long long)seq)
	    : why_set(why, R_NOT_FOUND, "the board ends before entry %llu",
		  (unsigned long long)seq);
	store_head_free(&head);
	return r;
}

static enum result
read_range(struct store *s, struct store_election election, uint64_t from, uint64_t count,
    const struct statement *st, uint64_t a_query, const struct visitor *v, struct why *why)
{
	uint64_t seq = from, end, stop;
	PGresult *rows;
	enum result r;
	int i;

	if (from > INT64_MAX || count > INT64_MAX - from)
		return why_set(why, R_NOT_FOUND, "no board is that long");
	for (end = from + count; seq < end; seq = stop) {
		struct params p = { 0 };

		stop = end - seq < a_query ? end : seq + a_query;
		params_i32(&p, election.key);
		params_u64(&p, seq);
		params_u64(&p, stop);
		r = dbconn_read(s->db, &rows, st, &p, why);
		for (i = 0; r == R_GOOD && i < PQntuples(rows); i++, seq++) {
			if (row_u64(rows, i, 0) != seq)
				break;
			r = visit(v, rows, i);
		}
		PQclear(rows);
		if (r == R_GOOD && seq < stop)
			r = short_answer(s, election, seq, why);
		if (r != R_GOOD)
			return r;
	}
	return R_GOOD;
}

enum result
store_lines(struct store *s, struct store_election election, uint64_t from, uint64_t count,
    enum result (*each)(void *ctx, uint64_t seq, struct slice line), void *ctx, struct why *why)
{
	const struct visitor v = { .line = each, .ctx = ctx };

	return read_range(s, election, from, count, &lines_read, LINES_A_QUERY, &v, why);
}

enum result
store_leaves(struct store *s, struct store_election election, uint64_t from, uint64_t count,
    enum result (*each)(void *ctx, uint64_t seq, const struct digest *leaf), void *ctx,
    struct why *why)
{
	const struct visitor v = { .leaf = each, .ctx = ctx };

	return read_range(s, election, from, count, &leaves_read, LEAVES_A_QUERY, &v, why);
}

enum result
store_rows(struct store *s, struct store_election election, uint64_t from, uint64_t count,
    enum result (*each)(void *ctx, uint64_t seq, const struct store_entry *entry), void *ctx,
    struct why *why)
{
	const struct visitor v = { .entry = each, .ctx = ctx };

	return read_range(s, election, from, count, &rows_read, LINES_A_QUERY, &v, why);
}

/* ---- by hash ---- */

/* A subquery for each key, so that each is one look into the index. */
static const struct statement records_find = { "records_find",
	"SELECT i, (SELECT seq FROM tabella.entry WHERE election = $1::int4 AND record = k)"
	" FROM unnest($2::bytea[]) WITH ORDINALITY AS x (k, i)" };
static const struct statement tracker_find = { "tracker_find",
	"SELECT seq FROM tabella.entry WHERE election = $1::int4 AND tracker = $2::bytea" };

enum result
store_find_records(struct store *s, uint64_t *seqs, struct store_election election,
    const struct digest *records, size_t n, struct why *why)
{
	struct buffer *keys = &s->column[0];
	struct params p = { 0 };
	PGresult *rows;
	enum result r;
	uint64_t at;
	size_t i;
	int row;

	for (i = 0; i < n; i++)
		seqs[i] = STORE_NONE;
	if (n == 0)
		return R_GOOD;
	if (n > STORE_BATCH_MAX)
		return why_set(why, R_TOO_LARGE, "too many records at once");
	array_start(keys, (uint32_t)n, false);
	for (i = 0; i < n; i++)
		array_add(keys, (struct slice){ records[i].b, sizeof records[i].b });
	if (buffer_result(keys) != R_GOOD)
		return why_set(why, R_NO_MEMORY, "out of memory");
	params_i32(&p, election.key);
	params_bytes(&p, buffer_slice(keys));
	r = dbconn_read(s->db, &rows, &records_find, &p, why);
	for (row = 0; r == R_GOOD && row < PQntuples(rows); row++) {
		at = row_u64(rows, row, 0);
		if (at >= 1 && at <= n && !PQgetisnull(rows, row, 1))
			seqs[at - 1] = row_u64(rows, row, 1);
	}
	PQclear(rows);
	return r;
}

enum result
store_find_tracker(struct store *s, uint64_t *seq, struct store_election election,
    const struct digest *tracker, struct why *why)
{
	struct params p = { 0 };
	PGresult *rows;
	enum result r;

	params_i32(&p, election.key);
	params_digest(&p, tracker);
	r = dbconn_read(s->db, &rows, &tracker_find, &p, why);
	if (r == R_GOOD && PQntuples(rows) == 0)
		r = why_set(why, R_NOT_FOUND, "no ballot with this tracker is on the board");
	if (r == R_GOOD)
		*seq = row_u64(rows, 0, 0);
	PQclear(rows);
	return r;
}

/* ---- batches ---- */

static const struct statement batch_read = { "batch_read",
	"SELECT first, count, frontier_before, note FROM tabella.batch WHERE election = $1::int4"
	" AND first <= $2::int8 ORDER BY first DESC LIMIT 1" };

enum result
store_batch(struct store *s, struct store_batch *out, struct store_election election, uint64_t seq,
    struct why *why)
{
	struct slice *const slices[] = { &out->frontier_before, &out->note };
	struct params p = { 0 };
	PGresult *rows;
	enum result r;

	memset(out, 0, sizeof *out);
	if (seq > INT64_MAX)
		return why_set(why, R_NOT_FOUND, "no board is that long");
	params_i32(&p, election.key);
	params_u64(&p, seq);
	r = dbconn_read(s->db, &rows, &batch_read, &p, why);
	if (r == R_GOOD &&
	    (PQntuples(rows) == 0 || seq - row_u64(rows, 0, 0) >= row_u64(rows, 0, 1)))
		r = why_set(why, R_NOT_FOUND, "no signed head covers entry %llu",
		    (unsigned long long)seq);
	if (r == R_GOOD) {
		out->first = row_u64(rows, 0, 0);
		out->count = row_u64(rows, 0, 1);
		out->frontier_before = row_bytes(rows, 0, 2);
		out->note = row_bytes(rows, 0, 3);
		r = store_keep(&out->memory, slices, 2, why);
	}
	if (r != R_GOOD)
		memset(out, 0, sizeof *out);
	PQclear(rows);
	return r;
}

void
store_batch_free(struct store_batch *b)
{
	if (b == NULL)
		return;
	free(b->memory);
	memset(b, 0, sizeof *b);
}
