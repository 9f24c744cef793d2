#include "server/dbconn_inner.h"

#include <assert.h>
#include <string.h>

/* ---- statements ---- */

static enum result
prepare(struct dbconn *c, const struct statement *s, struct why *why)
{
	enum result r;
	int i;

	for (i = 0; i < c->n_prepared; i++)
		if (c->prepared[i] == s)
			return R_GOOD;
	assert(c->n_prepared < PREPARED_MAX);
	if (!PQsendPrepare(c->pg, s->name, s->sql, 0, NULL))
		return dbconn_lost(c, why);
	r = dbconn_collect(c, NULL, why);
	if (r == R_GOOD)
		c->prepared[c->n_prepared++] = s;
	return r;
}

static bool
send_step(struct dbconn *c, const struct statement *s, const struct params *p)
{
	static const int binary[PARAMS_MAX] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
	const char *value[PARAMS_MAX];
	int i, n = p != NULL ? p->n : 0;

	for (i = 0; i < n; i++)
		value[i] = p->value[i] != NULL ? p->value[i] : p->number[i];
	return PQsendQueryPrepared(c->pg, s->name, n, value, n > 0 ? p->len : NULL, binary, 1) == 1;
}

enum result
dbconn_do(struct dbconn *c, PGresult **rows, const struct statement *s, const struct params *p,
    struct why *why)
{
	enum result r = R_GOOD;

	*rows = NULL;
	if (!c->in_transaction)
		r = dbconn_ready(c, why);
	else if (c->pg == NULL)
		r = dbconn_lost(c, why);
	if (r == R_GOOD)
		r = prepare(c, s, why);
	if (r != R_GOOD)
		return r;
	if (!send_step(c, s, p))
		return dbconn_lost(c, why);
	return dbconn_collect(c, rows, why);
}

enum result
dbconn_read(struct dbconn *c, PGresult **rows, const struct statement *s, const struct params *p,
    struct why *why)
{
	enum result r = dbconn_do(c, rows, s, p, why);

	assert(!c->in_transaction);
	if (r == R_NO_DATABASE && c->pg == NULL)
		r = dbconn_do(c, rows, s, p, why);
	return r;
}

enum result
dbconn_script(struct dbconn *c, const char *sql, struct why *why)
{
	enum result r = R_GOOD;

	if (!c->in_transaction)
		r = dbconn_ready(c, why);
	else if (c->pg == NULL)
		r = dbconn_lost(c, why);
	return r == R_GOOD ? dbconn_text(c, NULL, sql, why) : r;
}

enum result
dbconn_begin(struct dbconn *c, struct why *why)
{
	enum result r = dbconn_script(c, "BEGIN", why);

	/* It may be that the connection had died unseen. */
	if (r == R_NO_DATABASE && c->pg == NULL)
		r = dbconn_script(c, "BEGIN", why);
	c->in_transaction = r == R_GOOD;
	return r;
}

enum result
dbconn_commit(struct dbconn *c, struct why *why)
{
	enum result r;

	c->warned = false;
	r = dbconn_script(c, "COMMIT", why);
	c->in_transaction = false;
	if (r == R_GOOD && c->warned)
		r = why_set(why, R_NO_DATABASE, "the database committed with a reservation");
	return r;
}

void
dbconn_rollback(struct dbconn *c)
{
	if (c->pg != NULL && PQtransactionStatus(c->pg) != PQTRANS_IDLE &&
	    dbconn_text(c, NULL, "ROLLBACK", NULL) != R_GOOD)
		dbconn_drop(c);
	c->in_transaction = false;
}

/* ---- the pipeline ---- */

/* Take the result of one step. Returns whether it succeeded; *state is changed if not. */
static void
take_step(struct dbconn *c, PGresult *res, const struct step *step, bool last, enum piped *state,
    struct why *why)
{
	if (PQresultStatus(res) == PGRES_PIPELINE_ABORTED)
		return; /* an earlier step has said why */
	if (dbconn_succeeded(res)) {
		/* A COMMIT of a broken transaction answers ROLLBACK. */
		if (last && strcmp(PQcmdStatus(res), step->statement->sql) != 0) {
			*state = PIPE_LOST;
			(void)why_set(why, R_NO_DATABASE, "the database answered %s to %s",
			    PQcmdStatus(res), step->statement->sql);
		}
		return;
	}
	*state = dbconn_refused(c, res, why) && !last ? PIPE_REFUSED : PIPE_LOST;
}

/* Collect the answers of a pipeline of n steps. A refused step is final even if the
 * connection breaks after it: a broken transaction cannot be committed. */
static enum piped
collect_pipeline(struct dbconn *c, const struct step *steps, size_t n, size_t *at, struct why *why)
{
	int64_t deadline = dbconn_deadline(c);
	enum piped state = PIPE_DONE;
	PGresult *res;
	size_t i;

	for (i = 0; i < n; i++) {
		if (dbconn_await(c, deadline, state == PIPE_DONE ? why : NULL) != R_GOOD)
			return state == PIPE_DONE ? PIPE_LOST : state;
		res = PQgetResult(c->pg);
		if (state == PIPE_DONE) {
			*at = i;
			if (res != NULL)
				take_step(c, res, &steps[i], i == n - 1, &state, why);
		}
		if (res == NULL || PQstatus(c->pg) == CONNECTION_BAD) {
			PQclear(res);
			(void)dbconn_lost(c, state == PIPE_DONE ? why : NULL);
			return state == PIPE_DONE ? PIPE_LOST : state;
		}
		PQclear(res);
		if (dbconn_await(c, deadline, state == PIPE_DONE ? why : NULL) != R_GOOD)
			return state == PIPE_DONE ? PIPE_LOST : state;
		PQclear(PQgetResult(c->pg)); /* NULL: the end of this step */
	}
	/* The end of the pipeline: without it the connection is of no use, but every
	 * step has been answered. */
	if (dbconn_await(c, deadline, NULL) != R_GOOD)
		return state;
	res = PQgetResult(c->pg);
	if (PQresultStatus(res) != PGRES_PIPELINE_SYNC)
		dbconn_drop(c);
	PQclear(res);
	return state;
}

enum piped
dbconn_pipeline(struct dbconn *c, const struct step *steps, size_t n, size_t *at, struct why *why)
{
	enum piped state;
	bool sent = true;
	size_t i;

	*at = 0;
	for (i = 0; i < n; i++)
		if (prepare(c, steps[i].statement, why) != R_GOOD)
			return PIPE_REFUSED; /* nothing has been sent */
	if (!PQenterPipelineMode(c->pg)) {
		(void)dbconn_lost(c, why);
		return PIPE_REFUSED;
	}
	c->warned = false;
	for (i = 0; i < n && sent; i++)
		sent = send_step(c, steps[i].statement, &steps[i].params);
	if (!sent || !PQpipelineSync(c->pg)) {
		(void)dbconn_lost(c, why);
		return PIPE_LOST;
	}
	state = collect_pipeline(c, steps, n, at, why);
	if (c->pg != NULL && (state == PIPE_LOST || !PQexitPipelineMode(c->pg)))
		dbconn_drop(c);
	else
		dbconn_rollback(c);
	if (state == PIPE_DONE && c->warned) {
		(void)why_set(why, R_NO_DATABASE,
		    "the database committed with a reservation: a standby may not have it");
		state = PIPE_LOST;
	}
	return state;
}
