#include "server/dbconn_inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/clock.h"
#include "server/store_schema.h"

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

uint64_t
dbconn_age(const struct dbconn *c)
{
	return c->pg != NULL ? clock_now() - c->made : UINT64_MAX;
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

/* ---- connecting ---- */

static enum result
check_settings(struct dbconn *c, struct why *why)
{
	static const char *const names[] = { "fsync", "full_page_writes", "synchronous_commit" };
	PGresult *res;
	enum result r;
	int i;

	r = dbconn_text(c, &res,
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

/* The locks of the schema: each trigger is there and fires always, and the board's own
 * role cannot do what they refuse. */
static enum result
check_locks(struct dbconn *c, struct why *why)
{
	PGresult *res;
	enum result r;

	r = dbconn_text(c, &res,
	    "SELECT (SELECT min(w.rel || '.' || w.name) FROM (VALUES"
	    " ('election', 'stays'), ('entry', 'stays'), ('batch', 'stays'), ('tile', 'stays'),"
	    " ('head', 'stays'), ('head', 'forward'), ('head', 'empty'), ('blob', 'stays'),"
	    " ('blob', 'stays_row'), ('chunk', 'stays'), ('chunk', 'stays_row')) AS w (rel, name)"
	    " WHERE NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgenabled = 'A'"
	    "  AND t.tgname = w.name AND t.tgrelid = to_regclass('tabella.' || w.rel))),"
	    " (SELECT min(x) FROM unnest(ARRAY['entry', 'batch', 'tile', 'election']) AS x"
	    "  WHERE has_table_privilege('tabella.' || x, 'UPDATE, DELETE, TRUNCATE')),"
	    " current_setting('server_encoding')",
	    why);
	if (r != R_GOOD)
		return r;
	if (!PQgetisnull(res, 0, 0))
		r = why_set(why, R_UNSAFE_DATABASE,
		    "the trigger tabella.%s, which keeps anybody from changing what stands, is "
		    "missing or "
		    "disabled: restore the tables, or ALTER TABLE ... ENABLE ALWAYS TRIGGER, and "
		    "run tabellad --check",
		    PQgetvalue(res, 0, 0));
	else if (!PQgetisnull(res, 0, 1) && !c->options.read_only)
		r = why_set(why, R_UNSAFE_DATABASE,
		    "the database user %s may change tabella.%s: let the board connect as a user "
		    "that is a member of tabella_board and of nothing else",
		    PQuser(c->pg), PQgetvalue(res, 0, 1));
	else if (strcmp(PQgetvalue(res, 0, 2), "UTF8") != 0)
		r = why_set(why, R_UNSAFE_DATABASE,
		    "the database has the encoding %s: make it with ENCODING 'UTF8'",
		    PQgetvalue(res, 0, 2));
	PQclear(res);
	return r;
}

static enum result
check_version(struct dbconn *c, struct why *why)
{
	PGresult *res;
	enum result r;
	int version;

	r = dbconn_text(c, &res, "SELECT coalesce(max(version), 0) FROM tabella.schema_version",
	    why);
	if (r != R_GOOD && (strcmp(c->sqlstate, "42P01") == 0 || strcmp(c->sqlstate, "3F000") == 0))
		return why_set(why, R_NO_DATABASE,
		    "the database has no tables of tabella: make them with tabellad --make-tables");
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
		    "--make-tables",
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
	r = dbconn_text(c, NULL, sql, why);
	if (r == R_GOOD && !c->options.owner)
		r = check_settings(c, why);
	if (r == R_GOOD && !c->options.owner)
		r = check_version(c, why);
	if (r == R_GOOD && !c->options.owner)
		r = check_locks(c, why);
	c->made = clock_now();
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
	PQsetNoticeReceiver(c->pg, dbconn_on_notice, c);
	if (PQsetnonblocking(c->pg, 1) != 0)
		return dbconn_lost(c, why);
	return set_up(c, why);
}

enum result
dbconn_ready(struct dbconn *c, struct why *why)
{
	uint64_t deadline = clock_now() + c->options.retry_ms;
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
		if (c->pg != NULL || r != R_NO_DATABASE ||
		    clock_now() + (uint64_t)pause_ms > deadline) {
			dbconn_drop(c);
			return r;
		}
		nanosleep(&(struct timespec){ pause_ms / 1000, pause_ms % 1000 * 1000000 }, NULL);
		pause_ms = pause_ms < 500 ? 2 * pause_ms : 1000;
	}
}
