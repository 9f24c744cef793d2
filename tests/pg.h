/*
 * pg: PostgreSQL for tests in C. A program's main is
 *
 *	return pg_main(body);
 *
 * where body runs libcheck and returns the exit status. body runs in a process of its
 * own, as the user postgres if we are root, with a folder of its own. When it has
 * ended, however it did, every server in that folder is ended and the folder removed.
 *
 * initdb runs once: TABELLA_PG_TEMPLATE names a data folder to copy, or, under
 * `make check`, the file tests/pg-template does (shared with lib.sh).
 */
#ifndef TESTS_PG_H
#define TESTS_PG_H

#include <stdbool.h>

#include "server/cluster.h"
#include "server/store.h"

int pg_main(int (*body)(void));

/* The program's folder: absolute, writable. */
const char *pg_folder(void);

/* Have a private cluster in pg_folder()/name, with the board's tables. Aborts on failure. */
struct cluster *pg_cluster(const char *name);
/* Open a store on it, as the board. Aborts on failure. */
struct store *pg_store(struct cluster *c);

/* Run SQL (several statements) as a role of server/roles.h in the board's database and
 * return the first value of the last one that has rows, or "" if there is none; on an
 * error "!" and the SQLSTATE. Valid until the third next call. */
const char *pg_sql(const struct cluster *c, const char *role, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Kill, all at once and without a warning, the servers that work below pg_folder()/name: a
 * postmaster and all its processes. Returns when they are gone. */
void pg_kill(const char *name);

/* Return whether the condition becomes true within two minutes. */
bool pg_wait(bool (*condition)(void *ctx), void *ctx);

#endif
