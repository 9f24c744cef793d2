#include "server/dbconn.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/store_schema.h"

#define PREPARED_MAX 32
#define SLACK_MS 5000 /* what the server gets beyond its own limit before we hang up */

struct dbconn {
	struct dbconn_options options; /* its strings are ours */
	PGconn *pg;                    /* or NULL */
	const struct statement *prepared[PREPARED_MAX];
	int n_prepared;
	bool in_transaction;
	bool warned; /* the server has sent a warning since this was cleared */
	char sqlstate[6];
};

/* ---- time ---- */

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The moment after which an answer no longer helps; -1: never. */
static int64_t
deadline_of(const struct dbconn *c)
{
	return c->options.owner ? -1 : now_ms() + c->options.statement_ms + SLACK_MS;
}

static int
until(int64_t deadline)
{
	int64_t left = deadline - now_ms();

	if (deadline < 0)
		return -1;
	return left < 0 ? 0 : left > 1000000 ? 1000000 : (int)left;
}

/* ---- life ---- */

enum result
dbconn_new(struct dbconn **out, const struct dbconn_options *o, struct why *why)
{
	struct dbconn *c = calloc(1, sizeof *c);

	*out = c;
	if (c != NULL) {
		c->options = *o;
		c->options.address = strdup(o->address);
	}
	if (c == NULL || c->options.address == NULL) {
		free(c);
		*out = NULL;
		return why_set(why, R_NO_MEMORY, "out of memory");
	}
	if (c->options.statement_ms == 0)
		c->options.statement_ms = 30000;
	if (c->options.retry_ms == 0)
		c->options.retry_ms = 10000;
	return R_GOOD;
}

void
dbconn_free(struct dbconn *c)
{
	if (c == NULL)
		return;
	dbconn_drop(c);
	free((void *)(uintptr_t)c->options.address);
	free(c);
}

void
dbconn_drop(struct dbconn *c)
{
	PQfinish(c->pg);
	c->pg = NULL;
	c->n_prepared = 0;
}

int
dbconn_backend(const struct dbconn *c)
{
	return c->pg != NULL ? PQbackendPID(c->pg) : 0;
}

const char *
dbconn_sqlstate(const struct dbconn *c)
{
	return c->sqlstate;
}

/* ---- answers ---- */

/* libpq would print to stderr. */
static void
on_notice(void *ctx, const PGresult *notice)
{
	struct dbconn *c = ctx;
	const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);

	if (severity != NULL && strcmp(severity, "WARNING") == 0)
		c->warned = true;
}

/* The connection is of no use any more: say so and close it. */
static enum result
lost(struct dbconn *c, struct why *why)
{
	const char *text = c->pg != NULL ? PQerrorMessage(c->pg) : "";
	int len = (int)strcspn(text, "\n");

	c->sqlstate[0] = '\0';
	(void)why_set(why, R_NO_DATABASE, "the connection to the database was lost%s%.*s",
	    len > 0 ? ": " : "", len, text);
	dbconn_drop(c);
	return R_NO_DATABASE;
}

/* Send what is left to send and wait until the next result can be had without
 * waiting. R_NO_DATABASE: no answer in time, or the connection is broken; it has been closed. */
static enum result
await(struct dbconn *c, int64_t deadline, struct why *why)
{
	struct pollfd p = { .fd = PQsocket(c->pg) };
	int unsent, n;

	for (;;) {
		unsent = PQflush(c->pg);
		if (unsent < 0)
			return lost(c, why);
		if (!PQisBusy(c->pg))
			return R_GOOD;
		p.events = (short)(POLLIN | (unsent > 0 ? POLLOUT : 0));
		n = poll(&p, 1, until(deadline));
		if (n < 0 && errno != EINTR)
			return lost(c, why);
		if (n == 0) {
			dbconn_drop(c);
			c->sqlstate[0] = '\0';
			return why_set(why, R_NO_DATABASE,
			    "the database did not answer within %u seconds",
			    (c->options.statement_ms + SLACK_MS) / 1000);
		}
		if (n > 0 && (p.revents & (POLLIN | POLLERR | POLLHUP)) != 0 &&
		    PQconsumeInput(c->pg) == 0)
			return lost(c, why);
	}
}

/* Judge an error that came as a result: was it the server's refusal, after which
 * the connection lives on? Sets sqlstate and `why`; does not close. */
static bool
refused(struct dbconn *c, const PGresult *res, struct why *why)
{
	const char *severity = PQresultErrorField(res, PG_DIAG_SEVERITY_NONLOCALIZED);
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
	const char *hint = PQresultErrorField(res, PG_DIAG_MESSAGE_HINT);

	(void)snprintf(c->sqlstate, sizeof c->sqlstate, "%s", state != NULL ? state : "");
	if (text == NULL)
		text = PQresultErrorMessage(res);
	/* Never the detail: it holds values. */
	(void)why_set(why, R_NO_DATABASE, "the database refused: %.*s (SQLSTATE %s)%s%s",
	    (int)strcspn(text, "\n"), text, state != NULL ? state : "none",
	    hint != NULL ? "; " : "", hint != NULL ? hint : "");
	return severity != NULL && strcmp(severity, "ERROR") == 0;
}

static bool
succeeded(const PGresult *res)
{
	ExecStatusType status = PQresultStatus(res);

	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/* Collect the results of what was sent outside a pipeline, up to the end; *last (may be
 * NULL) is the last one if all succeeded. */
static enum result
collect(struct dbconn *c, PGresult **last, struct why *why)
{
	int64_t deadline = deadline_of(c);
	bool bad = false, dead = false;
	PGresult *res, *kept = NULL;
	enum result r;

	if (last != NULL)
		*last = NULL;
	for (;;) {
		r = await(c, deadline, why);
		if (r != R_GOOD)
			break;
		res = PQgetResult(c->pg);
		if (res == NULL)
			break;
		if (!succeeded(res) && !bad) {
			bad = true;
			dead = !refused(c, res, why);
		}
		PQclear(kept);
		kept = res;
		if (PQstatus(c->pg) == CONNECTION_BAD)
			break;
	}
	if (r == R_GOOD && (bad || PQstatus(c->pg) == CONNECTION_BAD)) {
		r = R_NO_DATABASE;
		if (!bad)
			(void)lost(c, why);
		else if (dead || PQstatus(c->pg) == CONNECTION_BAD)
			dbconn_drop(c);
	}
	if (r != R_GOOD || last == NULL) {
		PQclear(kept);
		return r;
	}
	*last = kept;
	return R_GOOD;
}

/* ---- connecting ---- */

/* Run SQL on the connection as it is. */
static enum result
run_text(struct dbconn *c, PGresult **last, const char *sql, struct why *why)
{
	if (!PQsendQuery(c->pg, sql))
		return lost(c, why);
	return collect(c, last, why);
}

static enum result
check_settings(struct dbconn *c, struct why *why)
{
	static const char *const names[] = { "fsync", "full_page_writes", "synchronous_commit" };
	PGresult *res;
	enum result r;
	int i;

	r = run_text(c, &res,
	    "SELECT current_setting('fsync'), current_setting('full_page_writes'),"
	    " current_setting('synchronous_commit'), current_setting('synchronous_standby_names')",
	    why);
	if (r != R_GOOD)
		return r;
	for (i = 0; i < 3 && r == R_GOOD; i++)
		if (strcmp(PQgetvalue(res, 0, i), "off") == 0)
			r = why_set(why, R_UNSAFE_DATABASE,
			    "%s is off in the database: it could lose what has been acknowledged; "
			    "set %s = on in postgresql.conf and check ALTER SYSTEM, ALTER DATABASE "
			    "and "
			    "ALTER ROLE settings",
			    names[i], names[i]);
	if (r == R_GOOD && strcmp(PQgetvalue(res, 0, 2), "local") == 0 &&
	    PQgetvalue(res, 0, 3)[0] != '\0')
		r = why_set(why, R_UNSAFE_DATABASE,
		    "synchronous_commit is local in a database with standbys: what has been "
		    "acknowledged could be lost with this server; set synchronous_commit = on");
	PQclear(res);
	return r;
}

static enum result
check_version(struct dbconn *c, struct why *why)
{
	PGresult *res;
	enum result r;
	int version;

	r = run_text(c, &res, "SELECT coalesce(max(version), 0) FROM tabella.schema_version", why);
	if (r != R_GOOD && (strcmp(c->sqlstate, "42P01") == 0 || strcmp(c->sqlstate, "3F000") == 0))
		return why_set(why, R_NO_DATABASE,
		    "the database has no tables of tabella: run tabellad init-db first");
	if (r != R_GOOD && strcmp(c->sqlstate, "42501") == 0)
		return why_set(why, R_NO_DATABASE,
		    "the database user %s has no rights on the board's tables: GRANT %s TO it",
		    PQuser(c->pg), c->options.read_only ? "tabella_reader" : "tabella_board");
	if (r != R_GOOD)
		return r;
	version = atoi(PQgetvalue(res, 0, 0));
	PQclear(res);
	if (version < STORE_SCHEMA_VERSION)
		return why_set(why, R_NO_DATABASE,
		    "the database has tables of version %d, this program needs %d: run tabellad "
		    "init-db",
		    version, STORE_SCHEMA_VERSION);
	if (version > STORE_SCHEMA_VERSION)
		return why_set(why, R_NO_DATABASE,
		    "the database has tables of version %d, this program knows %d: install a newer "
		    "one",
		    version, STORE_SCHEMA_VERSION);
	return R_GOOD;
}

/* Index scans only: a prepared plan made while a table was empty would read all of it
 * when it has grown. */
static enum result
set_up(struct dbconn *c, struct why *why)
{
	char sql[400];
	enum result r;

	(void)snprintf(sql, sizeof sql,
	    "SET statement_timeout = %u; SET idle_in_transaction_session_timeout = 60000;"
	    "SET search_path = pg_catalog; SET client_min_messages = warning;"
	    "SET enable_seqscan = off; SET jit = off;"
	    "SET default_transaction_isolation = 'read committed'",
	    c->options.owner ? 0 : c->options.statement_ms);
	r = run_text(c, NULL, sql, why);
	if (r == R_GOOD && !c->options.owner)
		r = check_settings(c, why);
	if (r == R_GOOD && !c->options.owner)
		r = check_version(c, why);
	return r;
}

/* One attempt. What stands before dbname is a default that the address may change. */
static enum result
connect_once(struct dbconn *c, struct why *why)
{
	const char *const names[] = { "connect_timeout", "target_session_attrs", "keepalives_idle",
		"keepalives_interval", "keepalives_count", "tcp_user_timeout",
		"fallback_application_name", "dbname", "client_encoding", NULL };
	const char *const values[] = { "5", c->options.read_only ? "any" : "read-write", "20", "5",
		"3", "30000", "tabellad", c->options.address, "UTF8", NULL };
	const char *text;

	dbconn_drop(c);
	c->sqlstate[0] = '\0';
	c->pg = PQconnectdbParams(names, values, 1);
	if (c->pg == NULL)
		return why_set(why, R_NO_MEMORY, "out of memory");
	if (PQstatus(c->pg) != CONNECTION_OK) {
		text = PQerrorMessage(c->pg);
		(void)why_set(why, R_NO_DATABASE, "cannot connect to the database: %.*s",
		    (int)strcspn(text, "\n"), text);
		dbconn_drop(c);
		return R_NO_DATABASE;
	}
	if (PQserverVersion(c->pg) < 150000) {
		dbconn_drop(c);
		return why_set(why, R_NO_DATABASE, "the database is older than PostgreSQL 15");
	}
	PQsetNoticeReceiver(c->pg, on_notice, c);
	if (PQsetnonblocking(c->pg, 1) != 0)
		return lost(c, why);
	return set_up(c, why);
}

enum result
dbconn_ready(struct dbconn *c, struct why *why)
{
	int64_t deadline = now_ms() + c->options.retry_ms;
	long pause_ms = 20;
	enum result r;

	if (c->pg != NULL && PQstatus(c->pg) == CONNECTION_OK)
		return R_GOOD;
	for (;;) {
		r = c->options.revive != NULL ? c->options.revive(c->options.ctx, why) : R_GOOD;
		if (r == R_GOOD)
			r = connect_once(c, why);
		if (r == R_GOOD)
			return R_GOOD;
		/* A connection that came about and did not suit will not suit in a second. */
		if (c->pg != NULL || r != R_NO_DATABASE || now_ms() + pause_ms > deadline) {
			dbconn_drop(c);
			return r;
		}
		nanosleep(&(struct timespec){ pause_ms / 1000, pause_ms % 1000 * 1000000 }, NULL);
		pause_ms = pause_ms < 500 ? 2 * pause_ms : 1000;
	}
}

/* ---- parameters ---- */

static void
put_be(char *out, uint64_t x, int bytes)
{
	int i;

	for (i = bytes - 1; i >= 0; i--, x >>= 8)
		out[i] = (char)(x & 255);
}

/* A number is kept in p->number and only pointed at when it is sent, so that a
 * struct params may be copied. */
static void
params_number(struct params *p, uint64_t x, int bytes)
{
	assert(p->n < PARAMS_MAX);
	put_be(p->number[p->n], x, bytes);
	p->value[p->n] = NULL;
	p->len[p->n++] = bytes;
}

void
params_i32(struct params *p, int32_t x)
{
	params_number(p, (uint32_t)x, 4);
}

void
params_u64(struct params *p, uint64_t x)
{
	assert(x <= INT64_MAX);
	params_number(p, x, 8);
}

void
params_bytes(struct params *p, struct slice s)
{
	assert(p->n < PARAMS_MAX && s.n <= INT32_MAX);
	p->value[p->n] = s.p != NULL ? (const char *)s.p : "";
	p->len[p->n++] = (int)s.n;
}

void
params_digest(struct params *p, const struct digest *d)
{
	params_bytes(p, (struct slice){ d->b, sizeof d->b });
}

#define OID_BYTEA 17

static void
array_number(struct buffer *b, uint32_t x)
{
	uint8_t *room = buffer_room(b, 4);

	if (room == NULL)
		return;
	put_be((char *)room, x, 4);
	b->n += 4;
}

void
array_start(struct buffer *b, uint32_t n, bool nulls)
{
	buffer_clear(b);
	array_number(b, n > 0 ? 1 : 0); /* dimensions */
	array_number(b, nulls ? 1 : 0);
	array_number(b, OID_BYTEA);
	if (n > 0) {
		array_number(b, n);
		array_number(b, 1); /* the first index */
	}
}

void
array_add(struct buffer *b, struct slice s)
{
	assert(s.n <= INT32_MAX);
	array_number(b, s.p == NULL ? UINT32_MAX : (uint32_t)s.n);
	if (s.p != NULL)
		buffer_add(b, s.p, s.n);
}

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
		return lost(c, why);
	r = collect(c, NULL, why);
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
		r = lost(c, why);
	if (r == R_GOOD)
		r = prepare(c, s, why);
	if (r != R_GOOD)
		return r;
	if (!send_step(c, s, p))
		return lost(c, why);
	return collect(c, rows, why);
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
		r = lost(c, why);
	return r == R_GOOD ? run_text(c, NULL, sql, why) : r;
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
	    run_text(c, NULL, "ROLLBACK", NULL) != R_GOOD)
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
	if (succeeded(res)) {
		/* A COMMIT of a broken transaction answers ROLLBACK. */
		if (last && strcmp(PQcmdStatus(res), step->statement->sql) != 0) {
			*state = PIPE_LOST;
			(void)why_set(why, R_NO_DATABASE, "the database answered %s to %s",
			    PQcmdStatus(res), step->statement->sql);
		}
		return;
	}
	*state = refused(c, res, why) && !last ? PIPE_REFUSED : PIPE_LOST;
}

/* Collect the answers of a pipeline of n steps. A refused step is final even if the
 * connection breaks after it: a broken transaction cannot be committed. */
static enum piped
collect_pipeline(struct dbconn *c, const struct step *steps, size_t n, size_t *at, struct why *why)
{
	int64_t deadline = deadline_of(c);
	enum piped state = PIPE_DONE;
	PGresult *res;
	size_t i;

	for (i = 0; i < n; i++) {
		if (await(c, deadline, state == PIPE_DONE ? why : NULL) != R_GOOD)
			return state == PIPE_DONE ? PIPE_LOST : state;
		res = PQgetResult(c->pg);
		if (state == PIPE_DONE) {
			*at = i;
			if (res != NULL)
				take_step(c, res, &steps[i], i == n - 1, &state, why);
		}
		if (res == NULL || PQstatus(c->pg) == CONNECTION_BAD) {
			PQclear(res);
			(void)lost(c, state == PIPE_DONE ? why : NULL);
			return state == PIPE_DONE ? PIPE_LOST : state;
		}
		PQclear(res);
		if (await(c, deadline, state == PIPE_DONE ? why : NULL) != R_GOOD)
			return state == PIPE_DONE ? PIPE_LOST : state;
		PQclear(PQgetResult(c->pg)); /* NULL: the end of this step */
	}
	/* The end of the pipeline: without it the connection is of no use, but every
	 * step has been answered. */
	if (await(c, deadline, NULL) != R_GOOD)
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
		(void)lost(c, why);
		return PIPE_REFUSED;
	}
	c->warned = false;
	for (i = 0; i < n && sent; i++)
		sent = send_step(c, steps[i].statement, &steps[i].params);
	if (!sent || !PQpipelineSync(c->pg)) {
		(void)lost(c, why);
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

/* ---- results ---- */

static uint64_t
get_be(const char *p, int bytes)
{
	uint64_t x = 0;
	int i;

	for (i = 0; i < bytes; i++)
		x = x << 8 | (uint8_t)p[i];
	return x;
}

int32_t
row_i32(const PGresult *rows, int row, int column)
{
	assert(PQgetlength(rows, row, column) == 4);
	return (int32_t)(uint32_t)get_be(PQgetvalue(rows, row, column), 4);
}

uint64_t
row_u64(const PGresult *rows, int row, int column)
{
	assert(PQgetlength(rows, row, column) == 8);
	return get_be(PQgetvalue(rows, row, column), 8);
}

bool
row_bool(const PGresult *rows, int row, int column)
{
	assert(PQgetlength(rows, row, column) == 1);
	return PQgetvalue(rows, row, column)[0] != 0;
}

struct slice
row_bytes(const PGresult *rows, int row, int column)
{
	struct slice s = { (const uint8_t *)PQgetvalue(rows, row, column),
		(size_t)PQgetlength(rows, row, column) };

	return s;
}

enum result
row_digest(struct digest *out, const PGresult *rows, int row, int column)
{
	struct slice s = row_bytes(rows, row, column);

	if (s.n != sizeof out->b)
		return R_NO_DATABASE;
	memcpy(out->b, s.p, s.n);
	return R_GOOD;
}

uint64_t
rows_changed(PGresult *rows)
{
	return strtoull(PQcmdTuples(rows), NULL, 10);
}
