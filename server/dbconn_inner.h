/*
 * dbconn_inner: what the files of dbconn share.
 */
#ifndef SERVER_DBCONN_INNER_H
#define SERVER_DBCONN_INNER_H

#include "server/dbconn.h"

#define PREPARED_MAX 48
#define SLACK_MS 5000 /* what the server gets beyond its own limit before we hang up */

struct dbconn {
	struct dbconn_options options; /* its strings are ours */
	PGconn *pg;                    /* or NULL */
	uint64_t made;                 /* clock_now when it had been checked */
	const struct statement *prepared[PREPARED_MAX];
	int n_prepared;
	bool in_transaction;
	bool warned; /* the server has sent a warning since this was cleared */
	char sqlstate[6];
};

/* The moment after which an answer no longer helps; -1: never. */
int64_t dbconn_deadline(const struct dbconn *c);

/* The connection is of no use any more: say so, close it, return R_NO_DATABASE. */
enum result dbconn_lost(struct dbconn *c, struct why *why);

/* Send what is left to send and wait until the next result can be had without waiting.
 * R_NO_DATABASE: no answer in time, or the connection is broken; it has been closed. */
enum result dbconn_await(struct dbconn *c, int64_t deadline, struct why *why);

bool dbconn_succeeded(const PGresult *res);

/* Judge an error that came as a result: was it the server's refusal, after which
 * the connection lives on? Sets sqlstate and `why`; does not close. */
bool dbconn_refused(struct dbconn *c, const PGresult *res, struct why *why);

/* Collect the results of what was sent outside a pipeline, up to the end; *last (may be
 * NULL) is the last one if all succeeded. */
enum result dbconn_collect(struct dbconn *c, PGresult **last, struct why *why);

/* Run SQL on the connection as it is. */
enum result dbconn_text(struct dbconn *c, PGresult **last, const char *sql, struct why *why);

/* libpq's notice receiver: notes warnings. ctx is the struct dbconn. */
void dbconn_on_notice(void *ctx, const PGresult *notice);

#endif
