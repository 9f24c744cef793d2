#include "server/dbconn_inner.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "server/clock.h"

/* ---- time ---- */

int64_t
dbconn_deadline(const struct dbconn *c)
{
	return c->options.owner ? -1 : (int64_t)clock_now() + c->options.statement_ms + SLACK_MS;
}

static int
until(int64_t deadline)
{
	int64_t left = deadline - (int64_t)clock_now();

	if (deadline < 0)
		return -1;
	return left < 0 ? 0 : left > 1000000 ? 1000000 : (int)left;
}

/* ---- answers ---- */

/* libpq would print to stderr. */
void
dbconn_on_notice(void *ctx, const PGresult *notice)
{
	struct dbconn *c = ctx;
	const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);

	if (severity != NULL && strcmp(severity, "WARNING") == 0)
		c->warned = true;
}

enum result
dbconn_lost(struct dbconn *c, struct why *why)
{
	const char *text = c->pg != NULL ? PQerrorMessage(c->pg) : "";
	int len = (int)strcspn(text, "\n");

	c->sqlstate[0] = '\0';
	(void)why_set(why, R_NO_DATABASE, "the connection to the database was lost%s%.*s",
	    len > 0 ? ": " : "", len, text);
	dbconn_drop(c);
	return R_NO_DATABASE;
}

enum result
dbconn_await(struct dbconn *c, int64_t deadline, struct why *why)
{
	struct pollfd p = { .fd = PQsocket(c->pg) };
	int unsent, n;

	for (;;) {
		unsent = PQflush(c->pg);
		if (unsent < 0)
			return dbconn_lost(c, why);
		if (!PQisBusy(c->pg))
			return R_GOOD;
		p.events = (short)(POLLIN | (unsent > 0 ? POLLOUT : 0));
		n = poll(&p, 1, until(deadline));
		if (n < 0 && errno != EINTR)
			return dbconn_lost(c, why);
		if (n == 0) {
			dbconn_drop(c);
			c->sqlstate[0] = '\0';
			return why_set(why, R_NO_DATABASE,
			    "the database did not answer within %u seconds",
			    (c->options.statement_ms + SLACK_MS) / 1000);
		}
		if (n > 0 && (p.revents & (POLLIN | POLLERR | POLLHUP)) != 0 &&
		    PQconsumeInput(c->pg) == 0)
			return dbconn_lost(c, why);
	}
}

bool
dbconn_refused(struct dbconn *c, const PGresult *res, struct why *why)
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

bool
dbconn_succeeded(const PGresult *res)
{
	ExecStatusType status = PQresultStatus(res);

	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

enum result
dbconn_collect(struct dbconn *c, PGresult **last, struct why *why)
{
	int64_t deadline = dbconn_deadline(c);
	bool bad = false, dead = false;
	PGresult *res, *kept = NULL;
	enum result r;

	if (last != NULL)
		*last = NULL;
	for (;;) {
		r = dbconn_await(c, deadline, why);
		if (r != R_GOOD)
			break;
		res = PQgetResult(c->pg);
		if (res == NULL)
			break;
		if (!dbconn_succeeded(res) && !bad) {
			bad = true;
			dead = !dbconn_refused(c, res, why);
		}
		PQclear(kept);
		kept = res;
		if (PQstatus(c->pg) == CONNECTION_BAD)
			break;
	}
	if (r == R_GOOD && (bad || PQstatus(c->pg) == CONNECTION_BAD)) {
		r = R_NO_DATABASE;
		if (!bad)
			(void)dbconn_lost(c, why);
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

enum result
dbconn_text(struct dbconn *c, PGresult **last, const char *sql, struct why *why)
{
	if (!PQsendQuery(c->pg, sql))
		return dbconn_lost(c, why);
	return dbconn_collect(c, last, why);
}
