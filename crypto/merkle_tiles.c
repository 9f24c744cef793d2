/* Tiles: 256 nodes of a tree each, and the proofs that follow from them. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/merkle.h"

#define TILE_BITS 8

void
merkle_tile_node(struct digest *out, const struct digest *tile, unsigned height, uint64_t index)
{
	struct digest row[MERKLE_TILE / 2];
	const struct digest *from = tile + (index << height);
	size_t n, i;

	assert(height <= TILE_BITS && index < (uint64_t)MERKLE_TILE >> height);
	for (n = (size_t)1 << height; n > 1; n /= 2) {
		for (i = 0; i < n / 2; i++)
			merkle_node(&row[i], &from[2 * i], &from[2 * i + 1]);
		from = row;
	}
	*out = *from;
}

/* ---- the edge ---- */

static unsigned
width_of(uint64_t size, unsigned level)
{
	return (unsigned)(size >> TILE_BITS * level & (MERKLE_TILE - 1));
}

enum result
merkle_edge_append(struct merkle_edge *e, const struct digest *leaf, merkle_tile_each *each,
    void *arg)
{
	struct digest node = *leaf;
	enum result r = R_GOOD;
	unsigned level;

	for (level = 0; r == R_GOOD && level < MERKLE_TILE_LEVELS; level++) {
		unsigned width = width_of(e->size, level);

		if (e->level[level] == NULL)
			e->level[level] = malloc(MERKLE_TILE_BYTES);
		if (e->level[level] == NULL)
			return R_NO_MEMORY;
		e->level[level][width] = node;
		if (width < MERKLE_TILE - 1)
			break;
		merkle_tile_node(&node, e->level[level], TILE_BITS, 0);
		if (each != NULL)
			r = each(arg, level, e->size >> TILE_BITS * (level + 1), e->level[level]);
	}
	if (r == R_GOOD)
		e->size++;
	return r;
}

enum result
merkle_edge_copy(struct merkle_edge *to, const struct merkle_edge *from)
{
	unsigned level;

	for (level = 0; level < MERKLE_TILE_LEVELS; level++) {
		size_t bytes = width_of(from->size, level) * sizeof(struct digest);

		if (bytes == 0)
			continue;
		if (to->level[level] == NULL)
			to->level[level] = malloc(MERKLE_TILE_BYTES);
		if (to->level[level] == NULL)
			return R_NO_MEMORY;
		memcpy(to->level[level], from->level[level], bytes);
	}
	to->size = from->size;
	return R_GOOD;
}

void
merkle_edge_free(struct merkle_edge *e)
{
	unsigned level;

	for (level = 0; level < MERKLE_TILE_LEVELS; level++)
		free(e->level[level]);
	memset(e, 0, sizeof *e);
}

/* ---- proofs ---- */

struct tile {
	struct tile *next;
	unsigned level;
	uint64_t number;
	struct digest node[MERKLE_TILE];
};

/* The tiles that one proof has read. */
struct shelf {
	const struct merkle_tiles *tiles;
	uint64_t size; /* of the tree that is proved */
	struct tile *first;
};

static void
clear_shelf(struct shelf *s)
{
	struct tile *t;

	while ((t = s->first) != NULL) {
		s->first = t->next;
		free(t);
	}
}

static enum result
take_tile(struct shelf *s, const struct digest **nodes, unsigned level, uint64_t number)
{
	uint64_t width = (s->size >> TILE_BITS * level) - number * MERKLE_TILE;
	struct tile *t;
	enum result r;

	for (t = s->first; t != NULL; t = t->next)
		if (t->level == level && t->number == number)
			break;
	if (t == NULL) {
		t = malloc(sizeof *t);
		if (t == NULL)
			return R_NO_MEMORY;
		t->level = level;
		t->number = number;
		r = s->tiles->read(s->tiles->ctx, t->node, level, number,
		    width < MERKLE_TILE ? (unsigned)width : MERKLE_TILE);
		if (r != R_GOOD) {
			free(t);
			return r;
		}
		t->next = s->first;
		s->first = t;
	}
	*nodes = t->node;
	return R_GOOD;
}

static enum result
find_node(void *ctx, struct digest *out, unsigned level, uint64_t index)
{
	const unsigned row = level / TILE_BITS, height = level % TILE_BITS;
	const uint64_t at = index << height; /* of its first node in that row */
	const struct digest *nodes;
	enum result r;

	if (row >= MERKLE_TILE_LEVELS)
		return R_TOO_LARGE;
	r = take_tile(ctx, &nodes, row, at / MERKLE_TILE);
	if (r == R_GOOD)
		merkle_tile_node(out, nodes, height, (at % MERKLE_TILE) >> height);
	return r;
}

enum result
merkle_tiles_inclusion(const struct merkle_tiles *tiles, struct digest *path, size_t *n,
    uint64_t index, uint64_t size)
{
	struct shelf s = { .tiles = tiles, .size = size };
	const struct merkle_nodes nodes = { &s, find_node };
	enum result r = merkle_prove_inclusion(&nodes, path, n, index, size);

	clear_shelf(&s);
	return r;
}

enum result
merkle_tiles_consistency(const struct merkle_tiles *tiles, struct digest *path, size_t *n,
    uint64_t first, uint64_t size)
{
	struct shelf s = { .tiles = tiles, .size = size };
	const struct merkle_nodes nodes = { &s, find_node };
	enum result r = merkle_prove_consistency(&nodes, path, n, first, size);

	clear_shelf(&s);
	return r;
}
