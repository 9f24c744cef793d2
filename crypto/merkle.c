#include "crypto/merkle.h"

#include <string.h>

void
merkle_leaf(struct digest *out, const void *data, size_t len)
{
	static const uint8_t prefix = 0;
	struct sha256 s;

	sha256_start(&s);
	sha256_add(&s, &prefix, 1);
	sha256_add(&s, data, len);
	sha256_finish(&s, out);
}

void
merkle_node(struct digest *out, const struct digest *left, const struct digest *right)
{
	uint8_t bytes[65];

	bytes[0] = 1;
	memcpy(bytes + 1, left->b, 32);
	memcpy(bytes + 33, right->b, 32);
	sha256(out, bytes, sizeof bytes);
}

void
merkle_root(struct digest *root, const struct digest *leaves, size_t n)
{
	struct merkle_frontier f;
	size_t i;

	f.size = 0;
	for (i = 0; i < n; i++)
		merkle_frontier_append(&f, &leaves[i]);
	merkle_frontier_root(&f, root);
}

/* ---- frontier ---- */

void
merkle_frontier_append(struct merkle_frontier *f, const struct digest *leaf)
{
	struct digest node = *leaf;
	unsigned bit;

	/* As a binary counter: a carry joins two full subtrees of equal size. */
	for (bit = 0; f->size >> bit & 1; bit++)
		merkle_node(&node, &f->node[bit], &node);
	f->node[bit] = node;
	f->size++;
}

void
merkle_frontier_root(const struct merkle_frontier *f, struct digest *root)
{
	struct digest node;
	int have = 0;
	unsigned bit;

	for (bit = 0; bit < 64; bit++) {
		if ((f->size >> bit & 1) == 0)
			continue;
		if (have)
			merkle_node(&node, &f->node[bit], &node);
		else
			node = f->node[bit];
		have = 1;
	}
	if (!have)
		sha256(&node, NULL, 0);
	*root = node;
}

size_t
merkle_frontier_encode(uint8_t *out, const struct merkle_frontier *f)
{
	uint8_t *at = out;
	int bit;

	for (bit = 56; bit >= 0; bit -= 8)
		*at++ = (uint8_t)(f->size >> bit);
	for (bit = 63; bit >= 0; bit--)
		if (f->size >> bit & 1) {
			memcpy(at, f->node[bit].b, 32);
			at += 32;
		}
	return (size_t)(at - out);
}

enum result
merkle_frontier_decode(struct merkle_frontier *f, struct slice bytes)
{
	const uint8_t *at = bytes.p;
	uint64_t size = 0;
	unsigned nodes = 0;
	int bit;

	if (bytes.n < 8)
		return R_BAD_ENCODING;
	for (bit = 0; bit < 8; bit++)
		size = size << 8 | *at++;
	for (bit = 0; bit < 64; bit++)
		nodes += size >> bit & 1;
	if (bytes.n != 8 + 32 * (size_t)nodes)
		return R_BAD_ENCODING;
	memset(f, 0, sizeof *f);
	f->size = size;
	for (bit = 63; bit >= 0; bit--)
		if (size >> bit & 1) {
			memcpy(f->node[bit].b, at, 32);
			at += 32;
		}
	return R_GOOD;
}

/* ---- verification ---- */

/* Follow a path from the hash `r` of node number fn on a level whose last node is
 * sn up to the root (steps 4 of RFC 9162 2.1.3.2). With `first` not NULL also rebuild
 * the older root from what stands left (2.1.4.2). Return 0 if the path's length is wrong. */
static int
follow(struct digest *r, struct digest *first, uint64_t fn, uint64_t sn, const struct digest *path,
    size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (sn == 0)
			return 0;
		if ((fn & 1) || fn == sn) {
			if (first != NULL)
				merkle_node(first, &path[i], first);
			merkle_node(r, &path[i], r);
			while ((fn & 1) == 0 && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else
			merkle_node(r, r, &path[i]);
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0;
}

enum result
merkle_check_inclusion(const struct digest *root, uint64_t size, const struct digest *leaf,
    uint64_t index, const struct digest *path, size_t n)
{
	struct digest r = *leaf;

	if (index >= size || !follow(&r, NULL, index, size - 1, path, n))
		return R_BAD_PROOF;
	return digest_equal(&r, root) ? R_GOOD : R_BAD_PROOF;
}

/* Without a path both roots are known: that of nothing, or one and the same. */
static enum result
check_without_path(const struct digest *first_root, uint64_t first, const struct digest *root,
    uint64_t size, size_t n)
{
	struct digest empty;

	sha256(&empty, NULL, 0);
	if (n != 0 || (first == 0 && !digest_equal(first_root, &empty)))
		return R_BAD_PROOF;
	if (first == size && !digest_equal(first_root, root))
		return R_BAD_PROOF;
	return R_GOOD;
}

enum result
merkle_rebuild(struct digest *first_root, struct digest *root, uint64_t first, uint64_t size,
    const struct digest *nodes, size_t n)
{
	uint64_t fn = first - 1, sn = size - 1;

	if (first == 0 || first >= size || n == 0)
		return R_BAD_PROOF;
	*first_root = *root = nodes[0];
	while (fn & 1) {
		fn >>= 1;
		sn >>= 1;
	}
	return follow(root, first_root, fn, sn, nodes + 1, n - 1) ? R_GOOD : R_BAD_PROOF;
}

enum result
merkle_check_consistency(const struct digest *first_root, uint64_t first, const struct digest *root,
    uint64_t size, const struct digest *path, size_t n)
{
	struct digest nodes[MERKLE_PATH_MAX + 1], fr, sr;
	const int full = (first & (first - 1)) == 0;

	if (first > size || n > MERKLE_PATH_MAX)
		return R_BAD_PROOF;
	if (first == 0 || first == size)
		return check_without_path(first_root, first, root, size, n);
	/* A full first tree is a node of the second and is not sent along. */
	if (full)
		nodes[0] = *first_root;
	if (n > 0)
		memcpy(nodes + full, path, n * sizeof *path);
	if (merkle_rebuild(&fr, &sr, first, size, nodes, n + (size_t)full) != R_GOOD)
		return R_BAD_PROOF;
	return digest_equal(&fr, first_root) && digest_equal(&sr, root) ? R_GOOD : R_BAD_PROOF;
}
