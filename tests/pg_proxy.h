/*
 * pg_proxy: a man between the store and its PostgreSQL, on a Unix socket of its own. It
 * passes everything on until, in one chosen transaction, it cuts the connection at a
 * chosen place around the COMMIT of store_commit. While the server is away, it refuses
 * connections.
 */
#ifndef TESTS_PG_PROXY_H
#define TESTS_PG_PROXY_H

#include <stdbool.h>

#include "server/cluster.h"

struct pg_proxy;

enum pg_cut {
	CUT_NEVER,
	CUT_BEFORE, /* the server never sees the COMMIT, and learns that the client has gone */
	CUT_AFTER,  /* the server commits; the client never sees the answer */
	CUT_HOLD,   /* the client is cut off; the server gets the COMMIT at pg_proxy_release */
};

/* Serve in the folder pg_folder()/name. Aborts on failure. */
struct pg_proxy *pg_proxy_start(const struct cluster *c, const char *name);
void pg_proxy_end(struct pg_proxy *p);

/* The connection string of the board's role through the proxy; lives as long as it. */
const char *pg_proxy_address(const struct pg_proxy *p);

/* The next COMMIT is cut like this, and only that one. */
void pg_proxy_cut(struct pg_proxy *p, enum pg_cut cut);
/* Has it been cut, as far as it was to go? */
bool pg_proxy_was_cut(struct pg_proxy *p);
/* Let the held COMMIT go. */
void pg_proxy_release(struct pg_proxy *p);

#endif
