/*
 * dbconn: one connection to PostgreSQL, for the store's own files. It is made when it
 * is needed, checked for safe settings each time it is made, made again after it
 * was lost, and bounded in time in every step. Parameters and results are binary.
 *
 * One thread at a time.
 *
 * Results: R_NO_DATABASE for what the server refuses (dbconn_sqlstate says what)
 * and for a lost connection; R_UNSAFE_DATABASE; R_NO_MEMORY. `why` may be NULL.
 */
#ifndef SERVER_DBCONN_H
#define SERVER_DBCONN_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/buffer.h"
#include "crypto/hash.h"
#include "crypto/result.h"
#include "crypto/slice.h"

struct dbconn;

struct dbconn_options {
	const char *address;   /* a libpq connection string */
	bool read_only;        /* any server will do, also a standby */
	bool owner;            /* for the schema: no check of version, no time limit */
	unsigned statement_ms; /* for each statement; 0: 30,000 */
	unsigned retry_ms;     /* to connect, all attempts together; 0: 10,000 */
	/* Called before each attempt to connect (may be NULL): make the server run. */
	enum result (*revive)(void *ctx, struct why *why);
	void *ctx;
};

/* Strings are copied. Does not connect yet. Free with dbconn_free. */
enum result dbconn_new(struct dbconn **out, const struct dbconn_options *o, struct why *why);
void dbconn_free(struct dbconn *c);

/* Have a live connection, trying for at most retry_ms. */
enum result dbconn_ready(struct dbconn *c, struct why *why);
/* Close it, so that the next use makes a new one. */
void dbconn_drop(struct dbconn *c);
/* Milliseconds since the settings were checked on this connection, UINT64_MAX without one. */
uint64_t dbconn_age(const struct dbconn *c);
/* The server's process for this connection, 0 without one. */
int dbconn_backend(const struct dbconn *c);

/* ---- statements ---- */

/* A statement, prepared on its first use on a connection: a static constant, known by
 * its address. */
struct statement {
	const char *name; /* unique */
	const char *sql;  /* types of parameters by casts: $1::int4 */
};

#define PARAMS_MAX 10

/* Parameters, in order; start with zeros. Bytes are not copied. */
struct params {
	int n;
	const char *value[PARAMS_MAX];
	int len[PARAMS_MAX];
	char number[PARAMS_MAX][8];
};

void params_i32(struct params *p, int32_t x);
void params_u64(struct params *p, uint64_t x); /* below 2^63 */
void params_bytes(struct params *p, struct slice s);
void params_digest(struct params *p, const struct digest *d);

/* Build a bytea[] in `b` (cleared first), to be handed over with params_bytes: start,
 * then exactly n times add (p NULL: SQL's NULL). Memory is b's affair. */
void array_start(struct buffer *b, uint32_t n, bool nulls);
void array_add(struct buffer *b, struct slice s);

/* Run one statement and set *rows to its result, to be cleared with PQclear (NULL after a
 * failure). Connects if need be, but not within a transaction. */
enum result dbconn_do(struct dbconn *c, PGresult **rows, const struct statement *s,
    const struct params *p, struct why *why);
/* The same for reading outside a transaction: tries once more after the connection was
 * lost on the way. */
enum result dbconn_read(struct dbconn *c, PGresult **rows, const struct statement *s,
    const struct params *p, struct why *why);

/* A transaction of several dbconn_do. After a failure of one of them call dbconn_rollback,
 * which cannot fail: it closes the connection if it must. */
enum result dbconn_begin(struct dbconn *c, struct why *why);
enum result dbconn_commit(struct dbconn *c, struct why *why);
void dbconn_rollback(struct dbconn *c);

/* Run plain SQL without parameters, several statements in one go. */
enum result dbconn_script(struct dbconn *c, const char *sql, struct why *why);

/* SQLSTATE of the last error that the server reported on this connection, "" if the last
 * failure was not of that kind. */
const char *dbconn_sqlstate(const struct dbconn *c);

/* ---- one pipeline ---- */

/* A step of a pipeline. */
struct step {
	const struct statement *statement;
	struct params params;
};

enum piped {
	PIPE_DONE,    /* every step succeeded */
	PIPE_REFUSED, /* the server refused the step *at; it and what follows did not happen */
	PIPE_LOST,    /* the connection was lost, or the last step did not succeed: it may or
	               * may not have happened */
};

/* Send the steps at once and collect the answers. The first is "BEGIN", the last
 * "COMMIT"; on PIPE_REFUSED the transaction has been rolled back. PIPE_DONE means that
 * the server has confirmed the commit without reservation. *at: the step that
 * failed. `why` is set unless PIPE_DONE. The connection must be ready. */
enum piped dbconn_pipeline(struct dbconn *c, const struct step *steps, size_t n, size_t *at,
    struct why *why);

/* ---- reading results ---- */

int32_t row_i32(const PGresult *rows, int row, int column);
uint64_t row_u64(const PGresult *rows, int row, int column);
bool row_bool(const PGresult *rows, int row, int column);
/* Rows that an INSERT, UPDATE or DELETE changed. */
uint64_t rows_changed(PGresult *rows);
struct slice row_bytes(const PGresult *rows, int row, int column);
/* Copy 32 bytes; R_NO_DATABASE if the column does not hold as many. */
enum result row_digest(struct digest *out, const PGresult *rows, int row, int column);

#endif
