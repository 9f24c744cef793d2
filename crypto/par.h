/*
 * par: run a loop over ranges on several threads, with progress and
 * cancellation. The only place below the server that makes threads.
 */
#ifndef CRYPTO_PAR_H
#define CRYPTO_PAR_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/result.h"

/* How much of the machine a heavy function may use, and whom it tells.
 * A NULL effort means one thread, no progress. */
struct effort {
	int threads; /* 0: all processors that this process may use */
	/* Called from the calling thread now and then with done of total steps, the
	 * last time with done equal to total (not at all if that is 0); a non-zero answer
	 * cancels: the function returns R_CANCELLED. May be NULL. */
	int (*progress)(void *ctx, uint64_t done, uint64_t total);
	void *ctx;
};

/* Work on the items from <= i < to. Called from any thread, several at a time on
 * disjoint ranges. If it does not return R_GOOD it may set *bad to the item it
 * failed at. */
typedef enum result par_body(void *ctx, size_t from, size_t to, size_t *bad);

/* Run body over 0 <= i < n in the ranges [k * grain, min(n, (k+1) * grain)), which
 * depend on n and grain only, so that a body may keep one partial result a range.
 *
 * Return R_GOOD; or what the lowest failing range returned, with its *bad in *bad
 * (may be NULL), however many threads there are; or R_CANCELLED. A failure stops
 * the rest. */
enum result par_ranges(const struct effort *effort, size_t n, size_t grain, par_body *body,
    void *ctx, size_t *bad);

/* Return a grain that cuts n items into ranges as long as can be, but not longer than `most`,
 * that keep all threads at work; at least 1. For bodies that pay for every range. */
size_t par_grain(const struct effort *effort, size_t n, size_t most);

/* The number of ranges that par_ranges makes of n items. */
size_t par_count(size_t n, size_t grain);

#endif
