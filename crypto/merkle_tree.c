/* The tree in memory: every full subtree's root, level by level. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/merkle.h"

#define LEVELS 64

/* level[k].node[i] is the root of leaves i * 2^k .. (i + 1) * 2^k - 1; it is there as
 * soon as all of them are. */
struct level {
	struct digest *node;
	size_t room;
};

struct merkle_tree {
	uint64_t size;
	struct level level[LEVELS];
};

enum result
merkle_tree_new(struct merkle_tree **out)
{
	*out = calloc(1, sizeof **out);
	return *out == NULL ? R_NO_MEMORY : R_GOOD;
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

/* Make room for node number i of level k. */
static enum result
make_room(struct level *l, uint64_t i)
{
	struct digest *p;
	size_t room;

	if (i < l->room)
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
		if (make_room(&t->level[k], i >> k) != R_GOOD)
			return R_NO_MEMORY;
	t->level[0].node[i] = *leaf;
	for (k = 1; k <= top; k++)
		merkle_node(&t->level[k].node[i >> k], &t->level[k - 1].node[(i >> (k - 1)) - 1],
		    &t->level[k - 1].node[i >> (k - 1)]);
	t->size++;
	return R_GOOD;
}

void
merkle_tree_truncate(struct merkle_tree *t, uint64_t size)
{
	assert(size <= t->size);
	t->size = size;
}

uint64_t
merkle_tree_size(const struct merkle_tree *t)
{
	return t->size;
}

const struct digest *
merkle_tree_leaf(const struct merkle_tree *t, uint64_t index)
{
	assert(index < t->size);
	return &t->level[0].node[index];
}

/* Return k with 2^k the largest power of two below n, n > 1: where RFC 6962 splits a
 * tree of n leaves. */
static unsigned
split(uint64_t n)
{
	return 63 - (unsigned)__builtin_clzll(n - 1);
}

/* The root of the n leaves (n > 0) from `start` on, a multiple of every power of two
 * that n is not below: a path of split points down its right edge. */
static void
subtree(const struct merkle_tree *t, struct digest *root, uint64_t start, uint64_t n)
{
	struct digest left[LEVELS];
	unsigned lefts = 0, k;

	while ((n & (n - 1)) != 0) {
		k = split(n);
		left[lefts++] = t->level[k].node[start >> k];
		start += UINT64_C(1) << k;
		n -= UINT64_C(1) << k;
	}
	k = (unsigned)__builtin_ctzll(n);
	*root = t->level[k].node[start >> k];
	while (lefts > 0)
		merkle_node(root, &left[--lefts], root);
}

void
merkle_tree_root(const struct merkle_tree *t, struct digest *root, uint64_t size)
{
	assert(size <= t->size);
	if (size == 0)
		sha256(root, NULL, 0);
	else
		subtree(t, root, 0, size);
}

/* Turn a path that was collected from the root down. */
static size_t
reverse(struct digest *path, size_t n)
{
	struct digest swap;
	size_t i;

	for (i = 0; i < n / 2; i++) {
		swap = path[i];
		path[i] = path[n - 1 - i];
		path[n - 1 - i] = swap;
	}
	return n;
}

size_t
merkle_tree_inclusion(const struct merkle_tree *t, struct digest *path, uint64_t index,
    uint64_t size)
{
	uint64_t start = 0, half;
	size_t n = 0;

	assert(index < size && size <= t->size);
	while (size > 1) {
		half = UINT64_C(1) << split(size);
		if (index - start < half) {
			subtree(t, &path[n++], start + half, size - half);
			size = half;
		} else {
			subtree(t, &path[n++], start, half);
			start += half;
			size -= half;
		}
	}
	return reverse(path, n);
}

size_t
merkle_tree_consistency(const struct merkle_tree *t, struct digest *path, uint64_t first,
    uint64_t size)
{
	uint64_t start = 0, half, m = first;
	size_t n = 0;

	assert(first <= size && size <= t->size);
	if (first == 0)
		return 0;
	while (m < size) {
		half = UINT64_C(1) << split(size);
		if (m <= half) {
			subtree(t, &path[n++], start + half, size - half);
			size = half;
		} else {
			subtree(t, &path[n++], start, half);
			start += half;
			size -= half;
			m -= half;
		}
	}
	/* The verifier knows this node already if it is the whole first tree. */
	if (start > 0)
		subtree(t, &path[n++], start, m);
	return reverse(path, n);
}
