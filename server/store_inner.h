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
	struct buffer names;
	struct buffer roots[MERKLE_TILE_LEVELS], nodes[MERKLE_TILE_LEVELS];
};

/* Copy n slices into one piece of memory and point them there; R_NO_MEMORY. */
enum result store_keep(void **memory, struct slice *const slices[], size_t n, struct why *why);

/* The columns that store_read_head reads. */
#define STORE_HEAD_COLUMNS \
	"size, hash, time, frontier, signed_size, signed_time, signed_frontier, note"

/* Read a head by the statement given; R_NOT_FOUND. */
enum result store_read_head(struct store *s, struct store_head *out, struct store_election election,
    const struct statement *st, struct why *why);

#endif
