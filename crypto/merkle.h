/*
 * merkle: the hash tree of RFC 6962 section 2.1 over a list of leaves. The board's
 * entries and the lines of a roll are such lists (docs/protocol.md section 9).
 *
 * Sizes of memory: a root in one go; a frontier that grows by one leaf at a time in 2 KiB;
 * an edge of 64 KiB at most that gives off the tree as tiles, from which everything can be
 * proved; and a tree in memory (64 bytes a leaf) that can prove by itself. Indexes count
 * from 0. All is public; nothing runs in constant time. Verifying takes no memory.
 */
#ifndef CRYPTO_MERKLE_H
#define CRYPTO_MERKLE_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/hash.h"
#include "crypto/result.h"
#include "crypto/slice.h"

/* The most digests that a proof can have. */
#define MERKLE_PATH_MAX 65

/* SHA-256(0x00 || data). */
void merkle_leaf(struct digest *out, const void *data, size_t len);
/* SHA-256(0x01 || left || right). */
void merkle_node(struct digest *out, const struct digest *left, const struct digest *right);
/* The root over n leaf hashes; SHA-256 of nothing if n is 0. */
void merkle_root(struct digest *root, const struct digest *leaves, size_t n);

/* ---- a frontier: the roots of the full subtrees that make up a tree ---- */

/* For each bit that is set in `size`, node[bit] is the root of a full subtree of
 * 2^bit leaves; the higher bits stand further left. Start from { 0 }. */
struct merkle_frontier {
	uint64_t size;
	struct digest node[64];
};

void merkle_frontier_append(struct merkle_frontier *f, const struct digest *leaf);
void merkle_frontier_root(const struct merkle_frontier *f, struct digest *root);

/* Its one form in bytes: u64(size), then the nodes from left to right. */
#define MERKLE_FRONTIER_MAX (8 + 64 * 32)
/* Write it (at most MERKLE_FRONTIER_MAX bytes); return its length. */
size_t merkle_frontier_encode(uint8_t *out, const struct merkle_frontier *f);
/* R_BAD_ENCODING unless the bytes are such a form, whole. */
enum result merkle_frontier_decode(struct merkle_frontier *f, struct slice bytes);

/* ---- proofs ---- */

/* Where the roots of full subtrees come from: `node` sets *out to that of the leaves
 * index * 2^level .. (index + 1) * 2^level - 1. What it returns other than R_GOOD ends the
 * proof. */
struct merkle_nodes {
	void *ctx;
	enum result (*node)(void *ctx, struct digest *out, unsigned level, uint64_t index);
};

/* Set path to PATH(index, D[size]) of RFC 6962 2.1.1, index < size, and *n to its length,
 * at most MERKLE_PATH_MAX. Asks for nodes of the tree of `size` leaves only. */
enum result merkle_prove_inclusion(const struct merkle_nodes *nodes, struct digest *path, size_t *n,
    uint64_t index, uint64_t size);
/* PROOF(first, D[size]) of RFC 6962 2.1.2, first <= size. It has no digests if first is 0
 * or equal to size. */
enum result merkle_prove_consistency(const struct merkle_nodes *nodes, struct digest *path,
    size_t *n, uint64_t first, uint64_t size);
/* The root over the first `size` leaves. */
enum result merkle_prove_root(const struct merkle_nodes *nodes, struct digest *root, uint64_t size);

/* ---- a tree in memory ---- */

/* One owner; several threads may prove at a time while none appends. */
struct merkle_tree;

/* R_NO_MEMORY. Free with merkle_tree_free. */
enum result merkle_tree_new(struct merkle_tree **out);
/* The same for a tree that has f->size leaves already, of which only the frontier is known: it
 * proves what lies behind them. */
enum result merkle_tree_new_at(struct merkle_tree **out, const struct merkle_frontier *f);
void merkle_tree_free(struct merkle_tree *t);
/* R_NO_MEMORY: then the tree is as it was. */
enum result merkle_tree_append(struct merkle_tree *t, const struct digest *leaf);
uint64_t merkle_tree_size(const struct merkle_tree *t);
/* The root of the first `size` leaves: not more than there are, not fewer than it began with. */
void merkle_tree_root(const struct merkle_tree *t, struct digest *root, uint64_t size);
/* Leaf hash number `index`, below the size, not among those it began with. */
const struct digest *merkle_tree_leaf(const struct merkle_tree *t, uint64_t index);

/* PATH(index, D[size]), index < size <= the tree's size, index not among the leaves it
 * began with. Writes at most MERKLE_PATH_MAX digests and returns how many. */
size_t merkle_tree_inclusion(const struct merkle_tree *t, struct digest *path, uint64_t index,
    uint64_t size);
/* PROOF(first, D[size]), first <= size <= the tree's size, of a tree that began empty. */
size_t merkle_tree_consistency(const struct merkle_tree *t, struct digest *path, uint64_t first,
    uint64_t size);

/* ---- tiles (the numbering of C2SP tlog-tiles) ---- */

/* Tile `number` of level L holds 256 nodes: the roots of the full subtrees of 256^L leaves
 * number 256 * number and following. It exists once all 256 do, and its root is a node of the
 * level above. A tree of n leaves has n >> 8 * (L + 1) tiles of level L. */
#define MERKLE_TILE 256
#define MERKLE_TILE_BYTES (MERKLE_TILE * 32)
#define MERKLE_TILE_LEVELS 7 /* enough for 2^56 leaves */

/* Compute the root of a tile, or node `index` of the level `height` (0..8) above its nodes. */
void merkle_tile_node(struct digest *out, const struct digest *tile, unsigned height,
    uint64_t index);

/* The right edge of a tree that grows: the nodes of each level that make up no tile yet. Start
 * from { 0 }. */
struct merkle_edge {
	uint64_t size;
	struct digest *level[MERKLE_TILE_LEVELS]; /* room for MERKLE_TILE each, or NULL */
};

/* Called with each tile that a leaf completes, lowest level first; 256 nodes, valid during
 * the call. What it returns other than R_GOOD ends the append, and the edge is lost: copy
 * it before. */
typedef enum result merkle_tile_each(void *arg, unsigned level, uint64_t number,
    const struct digest *nodes);

/* R_NO_MEMORY; what `each` (may be NULL) returned. */
enum result merkle_edge_append(struct merkle_edge *e, const struct digest *leaf,
    merkle_tile_each *each, void *arg);
/* Make *to what *from is; R_NO_MEMORY. */
enum result merkle_edge_copy(struct merkle_edge *to, const struct merkle_edge *from);
/* Leaves an empty one. */
void merkle_edge_free(struct merkle_edge *e);

/* Where tiles come from: `read` sets nodes[0..width) to the first nodes of a tile, which need
 * not be complete if width is below MERKLE_TILE. */
struct merkle_tiles {
	void *ctx;
	enum result (*read)(void *ctx, struct digest *nodes, unsigned level, uint64_t number,
	    unsigned width);
};

/* The proofs from tiles, each of which is read once. R_NO_MEMORY; what `read` returned. */
enum result merkle_tiles_inclusion(const struct merkle_tiles *tiles, struct digest *path, size_t *n,
    uint64_t index, uint64_t size);
enum result merkle_tiles_consistency(const struct merkle_tiles *tiles, struct digest *path,
    size_t *n, uint64_t first, uint64_t size);

/* ---- verification, RFC 9162 sections 2.1.3.2 and 2.1.4.2 ---- */

/* Is `leaf` number `index` of the tree of that size and root? R_GOOD, R_BAD_PROOF. */
enum result merkle_check_inclusion(const struct digest *root, uint64_t size,
    const struct digest *leaf, uint64_t index, const struct digest *path, size_t n);
/* Compute both roots that a consistency proof leads to, 0 < first < size. Unlike in the RFC `nodes`
 * begins with a node even if the first tree is full: then with its root. R_BAD_PROOF if the number
 * of nodes is wrong. */
enum result merkle_rebuild(struct digest *first_root, struct digest *root, uint64_t first,
    uint64_t size, const struct digest *nodes, size_t n);
/* Are the first `first` leaves of the tree of `size` leaves those of the tree with
 * the root `first_root`? R_GOOD, R_BAD_PROOF. Unlike in the RFC, first may be 0 (the
 * root of nothing) or equal to size, each with an empty path. */
enum result merkle_check_consistency(const struct digest *first_root, uint64_t first,
    const struct digest *root, uint64_t size, const struct digest *path, size_t n);

#endif
