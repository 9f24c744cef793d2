/* Paths of RFC 6962, made from the roots of full subtrees wherever those come from. */
#include <assert.h>

#include "crypto/merkle.h"

#define LEVELS 64

/* Return k with 2^k the largest power of two below n, n > 1: where RFC 6962 splits a
 * tree of n leaves. */
static unsigned
split(uint64_t n)
{
	return 63 - (unsigned)__builtin_clzll(n - 1);
}

/* The root of the n leaves (n > 0) from `start` on, a multiple of every power of two
 * that n is not below: a path of split points down its right edge. */
static enum result
subtree(const struct merkle_nodes *nodes, struct digest *root, uint64_t start, uint64_t n)
{
	struct digest left[LEVELS];
	unsigned lefts = 0, k;
	enum result r = R_GOOD;

	while (r == R_GOOD && (n & (n - 1)) != 0) {
		k = split(n);
		r = nodes->node(nodes->ctx, &left[lefts++], k, start >> k);
		start += UINT64_C(1) << k;
		n -= UINT64_C(1) << k;
	}
	k = (unsigned)__builtin_ctzll(n);
	if (r == R_GOOD)
		r = nodes->node(nodes->ctx, root, k, start >> k);
	while (r == R_GOOD && lefts > 0)
		merkle_node(root, &left[--lefts], root);
	return r;
}

enum result
merkle_prove_root(const struct merkle_nodes *nodes, struct digest *root, uint64_t size)
{
	if (size > 0)
		return subtree(nodes, root, 0, size);
	sha256(root, NULL, 0);
	return R_GOOD;
}

/* Turn a path that was collected from the root down. */
static void
reverse(struct digest *path, size_t n)
{
	struct digest swap;
	size_t i;

	for (i = 0; i < n / 2; i++) {
		swap = path[i];
		path[i] = path[n - 1 - i];
		path[n - 1 - i] = swap;
	}
}

enum result
merkle_prove_inclusion(const struct merkle_nodes *nodes, struct digest *path, size_t *n,
    uint64_t index, uint64_t size)
{
	uint64_t start = 0, half;
	enum result r = R_GOOD;

	assert(index < size);
	*n = 0;
	while (r == R_GOOD && size > 1) {
		half = UINT64_C(1) << split(size);
		if (index - start < half) {
			r = subtree(nodes, &path[(*n)++], start + half, size - half);
			size = half;
		} else {
			r = subtree(nodes, &path[(*n)++], start, half);
			start += half;
			size -= half;
		}
	}
	reverse(path, *n);
	return r;
}

enum result
merkle_prove_consistency(const struct merkle_nodes *nodes, struct digest *path, size_t *n,
    uint64_t first, uint64_t size)
{
	uint64_t start = 0, half, m = first;
	enum result r = R_GOOD;

	assert(first <= size);
	*n = 0;
	if (first == 0)
		return R_GOOD;
	while (r == R_GOOD && m < size) {
		half = UINT64_C(1) << split(size);
		if (m <= half) {
			r = subtree(nodes, &path[(*n)++], start + half, size - half);
			size = half;
		} else {
			r = subtree(nodes, &path[(*n)++], start, half);
			start += half;
			size -= half;
			m -= half;
		}
	}
	/* The verifier knows this node already if it is the whole first tree. */
	if (r == R_GOOD && start > 0)
		r = subtree(nodes, &path[(*n)++], start, m);
	reverse(path, *n);
	return r;
}
