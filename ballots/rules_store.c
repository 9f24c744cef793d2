/* What only grows: entry hashes, and the marks of voters' records. */
#include <assert.h>
#include <stdlib.h>

#include "ballots/rules_parts.h"

/* Pieces never move, so that other threads may read while the owner adds. */
#define PIECE_BITS 14
#define PIECE (UINT64_C(1) << PIECE_BITS)
#define PIECES (UINT64_C(1) << (32 - PIECE_BITS))

struct store {
	atomic_uint refs;
	struct digest **hash; /* PIECES of PIECE each; NULL: not yet in use */
	struct mark **mark;
};

struct store *
store_new(void)
{
	struct store *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	atomic_init(&s->refs, 1);
	s->hash = calloc(PIECES, sizeof *s->hash);
	s->mark = calloc(PIECES, sizeof *s->mark);
	if (s->hash == NULL || s->mark == NULL) {
		store_unref(s);
		return NULL;
	}
	return s;
}

struct store *
store_ref(struct store *store)
{
	atomic_fetch_add(&store->refs, 1);
	return store;
}

void
store_unref(struct store *store)
{
	size_t i;

	if (store == NULL || atomic_fetch_sub(&store->refs, 1) != 1)
		return;
	for (i = 0; store->hash != NULL && i < PIECES && store->hash[i] != NULL; i++)
		free(store->hash[i]);
	for (i = 0; store->mark != NULL && i < PIECES && store->mark[i] != NULL; i++)
		free(store->mark[i]);
	free(store->hash);
	free(store->mark);
	free(store);
}

enum result
store_room_hash(struct store *store, uint64_t at)
{
	struct digest **piece;

	if (at >= PIECES * PIECE)
		return R_NO_MEMORY;
	piece = &store->hash[at >> PIECE_BITS];
	if (*piece == NULL)
		*piece = malloc(PIECE * sizeof **piece);
	return *piece == NULL ? R_NO_MEMORY : R_GOOD;
}

enum result
store_room_mark(struct store *store, uint64_t at)
{
	struct mark **piece;

	if (at >= PIECES * PIECE - 1) /* a mark's number plus 1 must fit 32 bits */
		return R_NO_MEMORY;
	piece = &store->mark[at >> PIECE_BITS];
	if (*piece == NULL)
		*piece = malloc(PIECE * sizeof **piece);
	return *piece == NULL ? R_NO_MEMORY : R_GOOD;
}

struct digest *
store_hash(const struct store *store, uint64_t at)
{
	assert(store->hash[at >> PIECE_BITS] != NULL);
	return &store->hash[at >> PIECE_BITS][at & (PIECE - 1)];
}

struct mark *
store_mark(const struct store *store, uint64_t at)
{
	assert(store->mark[at >> PIECE_BITS] != NULL);
	return &store->mark[at >> PIECE_BITS][at & (PIECE - 1)];
}
