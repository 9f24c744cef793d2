/*
 * arena: memory that is freed all at once. Start from `struct arena a = { 0 }`;
 * what a record was read into lives as long as its arena. Not for several threads
 * at a time. Freed memory is wiped, since a reader may have put a secret there.
 */
#ifndef BALLOTS_ARENA_H
#define BALLOTS_ARENA_H

#include <stddef.h>

struct arena_chunk;

struct arena {
	struct arena_chunk *chunk; /* the newest; older ones hang on it */
};

/* Return n bytes of zeros aligned for any type (n may be 0), or NULL if there is
 * no memory. */
void *arena_alloc(struct arena *a, size_t n);

/* Return n bytes that begin with the old_n bytes at `old` (NULL if old_n is 0)
 * and go on with zeros, in place where that is possible; NULL if there is no memory. */
void *arena_grow(struct arena *a, void *old, size_t old_n, size_t n);

/* Free everything and leave an empty arena that may be used again. */
void arena_free(struct arena *a);

#endif
