/* After a commit whose outcome is not known: find out. */
#include <string.h>

#include "server/store_inner.h"

static const struct statement head_lock = { "head_lock",
	"SELECT " STORE_HEAD_COLUMNS " FROM tabella.head WHERE election = $1::int4 FOR UPDATE" };
static const struct statement entry_is = { "entry_is",
	"SELECT FROM tabella.entry WHERE election = $1::int4 AND seq = $2::int8"
	" AND hash = $3::bytea" };
static const struct statement batch_is = { "batch_is",
	"SELECT FROM tabella.batch WHERE election = $1::int4 AND first = $2::int8"
	" AND count = $3::int8 AND note = $4::bytea" };

/* Does the statement find a row? */
static enum result
is_there(struct store *s, bool *found, const struct statement *st, const struct params *p,
    struct why *why)
{
	PGresult *rows;
	enum result r = dbconn_do(s->db, &rows, st, p, why);

	*found = r == R_GOOD && PQntuples(rows) > 0;
	PQclear(rows);
	return r;
}

/* What the database holds of a transaction. */
struct finding {
	int wanted, stored; /* parts: entries, signature */
	bool fits;          /* what is not stored still could be */
};

static enum result
find_addition(struct store *s, struct finding *f, const struct store_head *head,
    struct store_election election, const struct store_addition *a, struct why *why)
{
	struct params p = { 0 };
	enum result r;
	bool found;

	params_i32(&p, election.key);
	params_u64(&p, a->after->size - 1);
	params_digest(&p, &a->after->hash);
	r = is_there(s, &found, &entry_is, &p, why);
	f->wanted++;
	f->stored += found;
	f->fits = f->fits && head->size == a->before->size && head->time == a->before->time &&
	    digest_equal(&head->hash, &a->before->hash);
	return r;
}

static enum result
find_signing(struct store *s, struct finding *f, const struct store_head *head,
    struct store_election election, const struct store_signing *g, struct why *why)
{
	struct params p = { 0 };
	enum result r;
	bool found;

	params_i32(&p, election.key);
	params_u64(&p, g->before->signed_size);
	params_u64(&p, g->after->signed_size - g->before->signed_size);
	params_bytes(&p, g->after->note);
	r = is_there(s, &found, &batch_is, &p, why);
	f->wanted++;
	f->stored += found;
	f->fits = f->fits && head->signed_size == g->before->signed_size &&
	    head->signed_time == g->before->signed_time;
	return r;
}

/* Within the transaction that holds the head's lock. */
static enum result
find(struct store *s, struct store_election election, const struct store_addition *a,
    const struct store_signing *g, struct why *why)
{
	struct finding f = { .fits = true };
	struct store_head head;
	enum result r = store_read_head(s, &head, election, &head_lock, why);

	if (r == R_GOOD && a != NULL)
		r = find_addition(s, &f, &head, election, a, why);
	if (r == R_GOOD && g != NULL)
		r = find_signing(s, &f, &head, election, g, why);
	store_head_free(&head);
	if (r != R_GOOD || f.stored == f.wanted)
		return r;
	if (f.fits && f.stored == 0)
		return why_set(why, R_NOT_FOUND, "it was not stored");
	return why_set(why, R_CONFLICT, "somebody else has appended or signed in between");
}

enum result
store_settle(struct store *s, struct store_election election, const struct store_addition *a,
    const struct store_signing *g, struct why *why)
{
	enum result r, found;

	/* The lock on the head waits for the lost transaction if it still runs. It is also
	 * written to the log, so that the commit here is confirmed only after everything
	 * that was seen is as durable, and as replicated, as any commit. */
	r = dbconn_begin(s->db, why);
	if (r != R_GOOD)
		return r;
	found = find(s, election, a, g, why);
	if (found == R_NO_DATABASE || found == R_NO_MEMORY) {
		dbconn_rollback(s->db);
		return found;
	}
	r = dbconn_commit(s->db, found == R_GOOD ? why : NULL);
	if (r == R_GOOD)
		return found;
	return why_set(why, r, "the database did not confirm what it holds; ask again");
}
