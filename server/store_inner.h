/*
 * store_inner: what the files of the store share.
 */
#ifndef SERVER_STORE_INNER_H
#define SERVER_STORE_INNER_H

#include "server/dbconn.h"
#include "server/store.h"

#define STORE_COLUMNS 5

struct store {
	struct dbconn *db;
	struct buffer column[STORE_COLUMNS]; /* arrays of a batch on their way out */
};

/* Copy the slices into one piece of memory and point them there; R_NO_MEMORY. */
enum result store_keep(void **memory, struct slice *a, struct slice *b, struct why *why);

/* Read a head by the statement given; R_NOT_FOUND. */
enum result store_read_head(struct store *s, struct store_head *out, struct store_election election,
    const struct statement *st, struct why *why);

#endif
