/* The tree in memory: every full subtree's root, level by level. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/merkle.h"

#define LEVELS 64

/* level[k].node[i] is the root of subtree number (base >> k) + i of 2^k leaves; it is there as
 * soon as all of them are. */
struct level {
	struct digest *node;
	size_t room;
};

struct merkle_tree {
	uint64_t size;
	struct merkle_frontier base; /* what it began with */
	struct level level[LEVELS];
};

enum result
merkle_tree_new_at(struct merkle_tree **out, const struct merkle_frontier *f)
{
	*out = calloc(1, sizeof **out);
	if (*out == NULL)
		return R_NO_MEMORY;
	(*out)->base = *f;
	(*out)->size = f->size;
	return R_GOOD;
}

enum result
merkle_tree_new(struct merkle_tree **out)
{
	static const struct merkle_frontier empty;

	return merkle_tree_new_at(out, &empty);
}

void
merkle_tree_free(struct merkle_tree *t)
{
	unsigned k;

	if (t == NULL)
		return;
	for (k = 0; k < LEVELS; k++)
		free(t->level[k].node);
	free(t);
}

/* Return subtree number i of 2^k leaves: of those before the base only what its frontier has. */
static const struct digest *
node_at(const struct merkle_tree *t, unsigned k, uint64_t i)
{
	uint64_t first = t->base.size >> k;

	if (i >= first)
		return &t->level[k].node[i - first];
	assert((first & 1) == 1 && i == first - 1);
	return &t->base.node[k];
}

/* Make room for node number i of level k. */
static enum result
make_room(struct merkle_tree *t, unsigned k, uint64_t i)
{
	struct level *l = &t->level[k];
	struct digest *p;
	size_t room;

	if (i - (t->base.size >> k) < l->room)
		return R_GOOD;
	room = l->room == 0 ? 16 : 2 * l->room;
	if (room > SIZE_MAX / sizeof *p)
		return R_NO_MEMORY;
	p = realloc(l->node, room * sizeof *p);
	if (p == NULL)
		return R_NO_MEMORY;
	l->node = p;
	l->room = room;
	return R_GOOD;
}

enum result
merkle_tree_append(struct merkle_tree *t, const struct digest *leaf)
{
	uint64_t i = t->size;
	unsigned k, top = 0;

	while (i >> top & 1)
		top++;
	for (k = 0; k <= top; k++)
		if (make_room(t, k, i >> k) != R_GOOD)
			return R_NO_MEMORY;
	t->level[0].node[i - t->base.size] = *leaf;
	for (k = 1; k <= top; k++)
		merkle_node(&t->level[k].node[(i >> k) - (t->base.size >> k)],
		    node_at(t, k - 1, (i >> (k - 1)) - 1), node_at(t, k - 1, i >> (k - 1)));
	t->size++;
	return R_GOOD;
}

uint64_t
merkle_tree_size(const struct merkle_tree *t)
{
	return t->size;
}

const struct digest *
merkle_tree_leaf(const struct merkle_tree *t, uint64_t index)
{
	assert(index < t->size && index >= t->base.size);
	return node_at(t, 0, index);
}

/* ---- proofs ---- */

static enum result
give_node(void *ctx, struct digest *out, unsigned level, uint64_t index)
{
	*out = *node_at(ctx, level, index);
	return R_GOOD;
}

static struct merkle_nodes
nodes_of(const struct merkle_tree *t)
{
	return (struct merkle_nodes){ (void *)(uintptr_t)t, give_node };
}

void
merkle_tree_root(const struct merkle_tree *t, struct digest *root, uint64_t size)
{
	const struct merkle_nodes nodes = nodes_of(t);

	assert(size <= t->size && size >= t->base.size);
	(void)merkle_prove_root(&nodes, root, size);
}

size_t
merkle_tree_inclusion(const struct merkle_tree *t, struct digest *path, uint64_t index,
    uint64_t size)
{
	const struct merkle_nodes nodes = nodes_of(t);
	size_t n;

	assert(index < size && size <= t->size && index >= t->base.size);
	(void)merkle_prove_inclusion(&nodes, path, &n, index, size);
	return n;
}

size_t
merkle_tree_consistency(const struct merkle_tree *t, struct digest *path, uint64_t first,
    uint64_t size)
{
	const struct merkle_nodes nodes = nodes_of(t);
	size_t n;

	assert(first <= size && size <= t->size && t->base.size == 0);
	(void)merkle_prove_consistency(&nodes, path, &n, first, size);
	return n;
}
