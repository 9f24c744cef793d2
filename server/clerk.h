/*
 * clerk: threads with a database connection of their own, which run errands that may
 * block: reading pages and blobs, taking in chunks. The queue of errands is bounded.
 */
#ifndef SERVER_CLERK_H
#define SERVER_CLERK_H

#include <stddef.h>

#include "crypto/result.h"
#include "server/store.h"

/* An errand lives in a larger struct of the caller's, which `run` frees. After
 * clerks_stop errands that were not begun are run with store NULL: answer and free. */
struct errand {
	struct errand *next;
	void (*run)(struct errand *self, struct store *store);
};

struct clerks;

/* Start n threads. Each connects when it first has something to do. */
enum result clerks_new(struct clerks **out, size_t n, size_t errands_max,
    const struct store_options *options);
/* R_GOOD, or R_BUSY: the errand stays the caller's. Any thread. */
enum result clerks_send(struct clerks *c, struct errand *errand);
/* How many errands wait. */
size_t clerks_waiting(struct clerks *c);
/* Finish what is in hand and end the threads; then free. */
void clerks_stop(struct clerks *c);
void clerks_free(struct clerks *c);

#endif
