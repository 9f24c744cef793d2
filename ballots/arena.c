#include "ballots/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#define ARENA_FIRST 1000  /* bytes in the first chunk: most records fit */
#define ARENA_LIMIT 65536 /* bytes up to which chunks double */

struct arena_chunk {
	struct arena_chunk *older;
	size_t room;
	size_t used;
	alignas(max_align_t) unsigned char bytes[];
};

static size_t
aligned(size_t n)
{
	return (n + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
}

/* Put a chunk with room for n bytes on top. Return 0 if there is no memory. */
static int
add_chunk(struct arena *a, size_t n)
{
	size_t room = a->chunk == NULL ? ARENA_FIRST : a->chunk->room * 2;
	struct arena_chunk *c;

	if (room > ARENA_LIMIT)
		room = ARENA_LIMIT;
	if (room < n)
		room = n;
	c = malloc(sizeof *c + room);
	if (c == NULL)
		return 0;
	c->older = a->chunk;
	c->room = room;
	c->used = 0;
	a->chunk = c;
	return 1;
}

/* Like arena_alloc; the bytes are not set. */
static void *
take(struct arena *a, size_t n)
{
	void *p;

	if (n > SIZE_MAX / 2)
		return NULL;
	n = aligned(n);
	if (a->chunk == NULL || n > a->chunk->room - a->chunk->used)
		if (!add_chunk(a, n))
			return NULL;
	p = a->chunk->bytes + a->chunk->used;
	a->chunk->used += n;
	return p;
}

void *
arena_alloc(struct arena *a, size_t n)
{
	void *p = take(a, n);

	return p == NULL ? NULL : memset(p, 0, n);
}

/* Return 1 if the n bytes at p were the last to be taken. */
static int
is_last(const struct arena *a, const void *p, size_t n)
{
	const struct arena_chunk *c = a->chunk;

	return p != NULL && c != NULL && c->used >= aligned(n) &&
	    p == c->bytes + (c->used - aligned(n));
}

void *
arena_grow(struct arena *a, void *old, size_t old_n, size_t n)
{
	unsigned char *p = old;

	if (n > SIZE_MAX / 2)
		return NULL;
	if (is_last(a, old, old_n) &&
	    aligned(n) - aligned(old_n) <= a->chunk->room - a->chunk->used)
		a->chunk->used += aligned(n) - aligned(old_n);
	else {
		p = take(a, n);
		if (p == NULL)
			return NULL;
		if (old_n > 0)
			memcpy(p, old, old_n);
	}
	memset(p + old_n, 0, n - old_n);
	return p;
}

void
arena_free(struct arena *a)
{
	struct arena_chunk *c;

	while ((c = a->chunk) != NULL) {
		a->chunk = c->older;
		sodium_memzero(c->bytes, c->used);
		free(c);
	}
}
