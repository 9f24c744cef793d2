#include "server/store_blob.h"

#include <assert.h>
#include <string.h>

#include "server/store_inner.h"

/* Chunks of a blob of that size. */
static uint64_t
chunks_of(uint64_t size)
{
	return size / STORE_CHUNK + (size % STORE_CHUNK != 0);
}

/* ---- uploads ---- */

static const struct statement blob_begin = { "blob_begin",
	"SELECT found_key, is_complete FROM tabella.begin_blob($1::int4, $2::bytea, $3::bytea,"
	" $4::bytea, $5::int8, $6::int8)" };
static const struct statement blob_upload = { "blob_upload",
	"SELECT key, id, size, complete FROM tabella.blob"
	" WHERE election = $1::int4 AND token = $2::bytea" };
/* The first number that is not there, among those there and one more than each. */
static const struct statement blob_gap = {
	"blob_gap",
	"SELECT coalesce((SELECT min(n) + 1 FROM tabella.chunk c WHERE blob = $1::int8"
	" AND NOT EXISTS (SELECT FROM tabella.chunk d WHERE d.blob = $1::int8 AND d.n = c.n + 1)"
	" AND EXISTS (SELECT FROM tabella.chunk z WHERE z.blob = $1::int8 AND z.n = 0)), 0)::int8"
};

/* Fill in how far an upload has come. */
static enum result
measure(struct store *s, struct store_upload *u, struct why *why)
{
	struct params p = { 0 };
	PGresult *rows;
	enum result r;
	uint64_t chunks;

	u->have = u->size;
	if (u->complete)
		return R_GOOD;
	params_u64(&p, u->key);
	r = dbconn_read(s->db, &rows, &blob_gap, &p, why);
	if (r == R_GOOD) {
		chunks = row_u64(rows, 0, 0);
		if (chunks < chunks_of(u->size))
			u->have = chunks * STORE_CHUNK;
	}
	PQclear(rows);
	return r;
}

static enum result
judge_ticket(const char *sqlstate, const struct store_ticket *t, struct why *why)
{
	if (strcmp(sqlstate, "TB003") == 0)
		return why_set(why, R_TOO_LARGE,
		    "%llu bytes more are above the quota of %llu bytes for this key",
		    (unsigned long long)t->size, (unsigned long long)t->quota);
	if (strcmp(sqlstate, "TB004") == 0)
		return why_set(why, R_CONFLICT, "this ticket was used for another blob");
	return R_NO_DATABASE;
}

enum result
store_blob_begin(struct store *s, struct store_upload *out, struct store_election election,
    const struct store_ticket *t, struct why *why)
{
	struct params p = { 0 };
	PGresult *rows;
	enum result r;

	if (t->size > STORE_BLOB_MAX)
		return why_set(why, R_TOO_LARGE, "a blob of %llu bytes is above the limit of %llu",
		    (unsigned long long)t->size, (unsigned long long)STORE_BLOB_MAX);
	params_i32(&p, election.key);
	params_digest(&p, &t->token);
	params_digest(&p, &t->owner);
	params_digest(&p, &t->id);
	params_u64(&p, t->size);
	params_u64(&p, t->quota < INT64_MAX ? t->quota : INT64_MAX);
	r = dbconn_read(s->db, &rows, &blob_begin, &p, why);
	if (r == R_NO_DATABASE)
		r = judge_ticket(dbconn_sqlstate(s->db), t, why);
	if (r == R_GOOD) {
		out->key = row_u64(rows, 0, 0);
		out->complete = row_bool(rows, 0, 1);
		out->id = t->id;
		out->size = t->size;
		r = measure(s, out, why);
	}
	PQclear(rows);
	return r;
}

enum result
store_blob_upload(struct store *s, struct store_upload *out, struct store_election election,
    const struct digest *token, struct why *why)
{
	struct params p = { 0 };
	PGresult *rows;
	enum result r;

	params_i32(&p, election.key);
	params_digest(&p, token);
	r = dbconn_read(s->db, &rows, &blob_upload, &p, why);
	if (r == R_GOOD && PQntuples(rows) == 0)
		r = why_set(why, R_NOT_FOUND,
		    "there is no such upload (any more): send the ticket again");
	if (r == R_GOOD)
		r = row_digest(&out->id, rows, 0, 1);
	if (r == R_GOOD) {
		out->key = row_u64(rows, 0, 0);
		out->size = row_u64(rows, 0, 2);
		out->complete = row_bool(rows, 0, 3);
		r = measure(s, out, why);
	}
	PQclear(rows);
	return r;
}

/* The lock keeps store_blob_finish from completing it under the writer's hands. */
static const struct statement chunk_write = { "chunk_write",
	"INSERT INTO tabella.chunk (blob, n, data) SELECT key, $2::int4, $3::bytea"
	" FROM tabella.blob WHERE key = $1::int8 AND NOT complete FOR SHARE"
	" ON CONFLICT (blob, n) DO UPDATE SET data = EXCLUDED.data" };
static const struct statement blob_state = { "blob_state",
	"SELECT complete FROM tabella.blob WHERE key = $1::int8" };

enum result
store_blob_write(struct store *s, const struct store_upload *u, uint64_t at, struct slice chunk,
    struct why *why)
{
	struct params p = { 0 }, q = { 0 };
	uint64_t left;
	PGresult *rows;
	enum result r;

	if (at % STORE_CHUNK != 0 || at >= u->size)
		return why_set(why, R_BAD_REQUEST,
		    "a chunk begins at a multiple of %u bytes and below %llu", STORE_CHUNK,
		    (unsigned long long)u->size);
	left = u->size - at;
	if (chunk.n != (left < STORE_CHUNK ? left : STORE_CHUNK))
		return why_set(why, R_BAD_REQUEST, "this chunk has %u bytes, not %zu",
		    (unsigned)(left < STORE_CHUNK ? left : STORE_CHUNK), chunk.n);
	params_u64(&p, u->key);
	params_i32(&p, (int32_t)(at / STORE_CHUNK));
	params_bytes(&p, chunk);
	/* Safe to repeat, so a lost connection does not matter. */
	r = dbconn_read(s->db, &rows, &chunk_write, &p, why);
	if (r != R_GOOD || rows_changed(rows) == 1) {
		PQclear(rows);
		return r;
	}
	PQclear(rows);
	params_u64(&q, u->key);
	r = dbconn_read(s->db, &rows, &blob_state, &q, why);
	if (r == R_GOOD && PQntuples(rows) == 0)
		r = why_set(why, R_NOT_FOUND,
		    "there is no such upload (any more): send the ticket again");
	PQclear(rows);
	return r;
}

/* ---- finishing ---- */

static const struct statement upload_lock = { "upload_lock",
	"SELECT complete FROM tabella.blob WHERE key = $1::int8 FOR UPDATE" };
static const struct statement chunk_read = { "chunk_read",
	"SELECT data FROM tabella.chunk WHERE blob = $1::int8 AND n = $2::int4" };
static const struct statement blob_complete = { "blob_complete",
	"UPDATE tabella.blob SET complete = true WHERE key = $1::int8" };
static const struct statement blob_drop = { "blob_drop",
	"DELETE FROM tabella.blob WHERE key = $1::int8" };

/* Hash the chunks in order; R_CONFLICT if one is missing or too short. */
static enum result
hash_chunks(struct store *s, struct digest *out, const struct store_upload *u, struct why *why)
{
	uint64_t n, seen = 0;
	struct sha256 hash;
	enum result r;

	sha256_start(&hash);
	for (n = 0; n < chunks_of(u->size); n++) {
		struct params p = { 0 };
		struct slice data;
		PGresult *rows;

		params_u64(&p, u->key);
		params_i32(&p, (int32_t)n);
		r = dbconn_do(s->db, &rows, &chunk_read, &p, why);
		if (r == R_GOOD && PQntuples(rows) == 0)
			r = why_set(why, R_CONFLICT, "chunk %llu of %llu is missing",
			    (unsigned long long)n + 1, (unsigned long long)chunks_of(u->size));
		if (r == R_GOOD) {
			data = row_bytes(rows, 0, 0);
			sha256_add(&hash, data.p, data.n);
			seen += data.n;
		}
		PQclear(rows);
		if (r != R_GOOD)
			return r;
	}
	sha256_finish(&hash, out);
	if (seen != u->size)
		return why_set(why, R_BAD_BLOB, "the blob has another size than its ticket says");
	return R_GOOD;
}

/* Run a statement that changes the upload's row. */
static enum result
change(struct store *s, const struct statement *st, const struct store_upload *u, struct why *why)
{
	struct params p = { 0 };
	PGresult *rows;
	enum result r;

	params_u64(&p, u->key);
	r = dbconn_do(s->db, &rows, st, &p, why);
	PQclear(rows);
	return r;
}

/* In a transaction: lock the upload, check it, mark it complete or delete it.
 * *keep: what was done is to be committed. */
static enum result
finish_locked(struct store *s, const struct store_upload *u, bool *keep, struct why *why)
{
	struct params p = { 0 };
	struct digest id;
	PGresult *rows;
	enum result r, verdict;
	bool complete = false;

	*keep = false;
	params_u64(&p, u->key);
	r = dbconn_do(s->db, &rows, &upload_lock, &p, why);
	if (r == R_GOOD && PQntuples(rows) == 0)
		r = why_set(why, R_NOT_FOUND,
		    "there is no such upload (any more): send the ticket again");
	if (r == R_GOOD)
		complete = row_bool(rows, 0, 0);
	PQclear(rows);
	if (r != R_GOOD || complete)
		return r;
	verdict = hash_chunks(s, &id, u, why);
	if (verdict == R_GOOD && !digest_equal(&id, &u->id))
		verdict = why_set(why, R_BAD_BLOB,
		    "the blob does not have the hash that its ticket says");
	if (verdict != R_GOOD && verdict != R_BAD_BLOB)
		return verdict;
	r = change(s, verdict == R_GOOD ? &blob_complete : &blob_drop, u,
	    verdict == R_GOOD ? why : NULL);
	*keep = r == R_GOOD;
	return r == R_GOOD ? verdict : r;
}

enum result
store_blob_finish(struct store *s, struct store_election election, const struct store_upload *u,
    struct why *why)
{
	struct store_blob there;
	enum result r;
	bool keep;

	r = dbconn_begin(s->db, why);
	if (r != R_GOOD)
		return r;
	r = finish_locked(s, u, &keep, why);
	if (keep) {
		enum result c = dbconn_commit(s->db, r == R_GOOD ? why : NULL);

		return c == R_GOOD ? r : why_set(why, c, "the database did not confirm; try again");
	}
	dbconn_rollback(s->db);
	/* Another upload of the same blob may have been completed before or meanwhile. */
	if (strcmp(dbconn_sqlstate(s->db), "23505") == 0 || r == R_NOT_FOUND) {
		enum result found = store_blob_find(s, &there, election, &u->id, NULL);

		if (found == R_GOOD) {
			(void)change(s, &blob_drop, u, NULL); /* else it expires */
			return R_GOOD;
		}
	}
	return r;
}

/* ---- reading ---- */

static const struct statement blob_find = { "blob_find",
	"SELECT key, size, named FROM tabella.blob"
	" WHERE election = $1::int4 AND id = $2::bytea AND complete" };
static const struct statement chunk_slice = { "chunk_slice",
	"SELECT substring(data FROM $3::int4 FOR $4::int4) FROM tabella.chunk"
	" WHERE blob = $1::int8 AND n = $2::int4" };

enum result
store_blob_find(struct store *s, struct store_blob *out, struct store_election election,
    const struct digest *id, struct why *why)
{
	struct params p = { 0 };
	PGresult *rows;
	enum result r;

	params_i32(&p, election.key);
	params_digest(&p, id);
	r = dbconn_read(s->db, &rows, &blob_find, &p, why);
	if (r == R_GOOD && PQntuples(rows) == 0)
		r = why_set(why, R_NOT_FOUND, "there is no such blob");
	if (r == R_GOOD) {
		out->key = row_u64(rows, 0, 0);
		out->size = row_u64(rows, 0, 1);
		out->named = row_bool(rows, 0, 2);
	}
	PQclear(rows);
	return r;
}

/* Read what falls into one chunk. */
static enum result
read_piece(struct store *s, uint8_t *buf, const struct store_blob *blob, uint64_t at, size_t len,
    struct why *why)
{
	struct params p = { 0 };
	struct slice data;
	PGresult *rows;
	enum result r;

	params_u64(&p, blob->key);
	params_i32(&p, (int32_t)(at / STORE_CHUNK));
	params_i32(&p, (int32_t)(at % STORE_CHUNK) + 1); /* SQL counts from 1 */
	params_i32(&p, (int32_t)len);
	r = dbconn_read(s->db, &rows, &chunk_slice, &p, why);
	if (r == R_GOOD && PQntuples(rows) == 0)
		r = why_set(why, R_NOT_FOUND, "the blob is not there any more");
	if (r == R_GOOD) {
		data = row_bytes(rows, 0, 0);
		if (data.n == len)
			memcpy(buf, data.p, len);
		else
			r = why_set(why, R_NO_DATABASE, "a blob in the database is damaged");
	}
	PQclear(rows);
	return r;
}

enum result
store_blob_read(struct store *s, void *buf, const struct store_blob *blob, uint64_t at, size_t len,
    struct why *why)
{
	uint8_t *out = buf;
	enum result r;
	size_t n;

	if (at > blob->size || len > blob->size - at)
		return why_set(why, R_BAD_REQUEST, "this range ends beyond the blob's %llu bytes",
		    (unsigned long long)blob->size);
	for (; len > 0; len -= n, at += n, out += n) {
		n = STORE_CHUNK - (size_t)(at % STORE_CHUNK);
		if (n > len)
			n = len;
		r = read_piece(s, out, blob, at, n, why);
		if (r != R_GOOD)
			return r;
	}
	return R_GOOD;
}

/* ---- expiry ---- */

static const struct statement blob_expire = { "blob_expire",
	"DELETE FROM tabella.blob WHERE NOT named AND made <= now() - make_interval(secs => "
	"$1::int8)" };

enum result
store_blob_expire(struct store *s, uint64_t *dropped, uint64_t seconds, struct why *why)
{
	struct params p = { 0 };
	PGresult *rows;
	enum result r;

	params_u64(&p, seconds);
	r = dbconn_do(s->db, &rows, &blob_expire, &p, why);
	if (r == R_GOOD && dropped != NULL)
		*dropped = rows_changed(rows);
	PQclear(rows);
	return r;
}
