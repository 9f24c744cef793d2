/*
 * stretch: a stored election read from front to back, a stretch of lines at a time, with their
 * leaf hashes. When there is much to read, a thread with a connection of its own reads
 * ahead while the caller works on what it has.
 *
 * One caller. Results: as store_lines.
 */
#ifndef SERVER_STRETCH_H
#define SERVER_STRETCH_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/hash.h"
#include "crypto/slice.h"
#include "server/store.h"

#define STRETCH_LINES 4096

/* Consecutive lines, valid until the next is taken. */
struct stretch {
	size_t n;
	struct slice line[STRETCH_LINES];
	struct digest leaf[STRETCH_LINES];
};

struct stretches;

/* Read entries from..to-1 through `store`, or, if there are many, on a connection with these
 * options (NULL: through the store). R_NO_MEMORY. */
enum result stretches_new(struct stretches **out, struct store *store,
    const struct store_options *options, struct store_election key, uint64_t from, uint64_t to);
/* Take the next stretch; NULL after the last one. What was read before an error comes first. */
enum result stretches_next(struct stretches *s, const struct stretch **out, struct why *why);
/* Stop reading. NULL is fine. */
void stretches_free(struct stretches *s);

#endif
