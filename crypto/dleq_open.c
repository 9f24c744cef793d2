/*
 * From the factors to the blocks, for many rows. With lambda_i = n_i / D in integers, a row's
 *
 *	w = (b^D * prod d_i^(-n_i))^2 = m^2D
 *
 * takes short powers only, and a square is cheap to encode; since 2D is prime to the order, w
 * says which m it is. So the power 1/2D, and whether m is a block, are worked out once for
 * every distinct w.
 */
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/dleq.h"
#include "crypto/stages.h"

/* Bytes of one vector's elements that are in memory at a time. */
#define CHUNK_BYTES ((size_t)64 << 10)

struct opening {
	const struct group *group;
	size_t size; /* bytes of an element */
	size_t M;
	struct slice list;
	const struct dleq_share *shares;
	size_t t;
	struct svec *e;    /* D, -n_1, ..., -n_t */
	struct svec *root; /* 1 / 2D */
	uint8_t *powers;   /* the encoding of every w */
	uint32_t *which;   /* of every row: the number of its w among the distinct ones */
	uint32_t *first;   /* of every distinct w: the first row that has it */
	size_t distinct;
	uint8_t *blocks, *valid; /* of every distinct w */
};

static void
opening_free(struct opening *o)
{
	svec_free(o->e);
	svec_free(o->root);
	free(o->powers);
	free(o->which);
	free(o->first);
	free(o->blocks);
	free(o->valid);
}

/* ---- exponents ---- */

static enum result
set_exponents(struct opening *o)
{
	uint32_t *trustees = calloc(o->t, sizeof *trustees);
	struct svec *top = NULL, *bottom = NULL;
	enum result r = R_NO_MEMORY;
	size_t i;

	if (trustees == NULL)
		goto out;
	for (i = 0; i < o->t; i++)
		trustees[i] = o->shares[i].trustee;
	if ((r = svec_new(&top, o->group, o->t)) != R_GOOD ||
	    (r = svec_new(&bottom, o->group, 1)) != R_GOOD ||
	    (r = svec_new(&o->e, o->group, 1 + o->t)) != R_GOOD ||
	    (r = svec_new(&o->root, o->group, 1)) != R_GOOD ||
	    (r = dleq_lagrange_whole(top, bottom, trustees, o->t)) != R_GOOD)
		goto out;
	svec_neg(top, top);
	svec_copy(o->e, 0, bottom, 0, 1);
	svec_copy(o->e, 1, top, 0, o->t);
	svec_add(bottom, bottom, bottom);
	/* The numbers of trustees are below the order, so 2D is prime to it. */
	svec_invert(o->root, bottom);
out:
	free(trustees);
	svec_free(top);
	svec_free(bottom);
	return r;
}

/* ---- w of every row ---- */

static enum result
powers_range(void *ctx, size_t from, size_t to, size_t *bad)
{
	const struct opening *o = ctx;
	struct gvec **v = calloc(1 + o->t, sizeof(struct gvec *)), *w = NULL;
	enum result r = R_NO_MEMORY;
	size_t i;

	(void)bad;
	if (v == NULL)
		return r;
	r = gvec_new(&w, o->group, to - from);
	for (i = 0; i <= o->t && r == R_GOOD; i++) {
		const uint8_t *bytes = i == 0 ? o->list.p + (2 * from + 1) * o->size
					      : o->shares[i - 1].factors.p + from * o->size;

		r = gvec_new(&v[i], o->group, to - from);
		if (r == R_GOOD)
			r = gvec_decode(v[i], bytes, i == 0 ? 2 * o->size : o->size,
			    DECODE_NO_IDENTITY, NULL, NULL);
	}
	/* (D11), to the power of 2D */
	if (r == R_GOOD)
		r = gvec_rowpow_vartime(w, (const struct gvec *const *)v, o->e, NULL);
	if (r == R_GOOD)
		r = gvec_encode_squares(o->powers + from * o->size, o->size, w, NULL);
	for (i = 0; i <= o->t; i++)
		gvec_free(v[i]);
	free(v);
	gvec_free(w);
	return r;
}

/* ---- which of them are distinct ---- */

/* Number the distinct w. Their place in the table is hashed with a secret key, so that nobody can
 * vote so as to make it slow. */
static enum result
find_distinct(struct opening *o)
{
	uint8_t key[crypto_shorthash_KEYBYTES], hash[crypto_shorthash_BYTES];
	size_t room = 16, at, row;
	uint32_t *table; /* 1 + the number of a w, or 0 */
	struct rng rng;
	uint64_t h;
	enum result r;

	r = rng_system(&rng);
	if (r != R_GOOD)
		return r;
	rng_fill(&rng, key, sizeof key);
	rng_wipe(&rng);
	while (room < 2 * o->M)
		room *= 2;
	table = calloc(room, sizeof *table);
	if (table == NULL)
		return R_NO_MEMORY;
	for (row = 0; row < o->M; row++) {
		const uint8_t *w = o->powers + row * o->size;

		(void)crypto_shorthash(hash, w, o->size, key);
		memcpy(&h, hash, sizeof h);
		for (at = h & (room - 1); table[at] != 0; at = (at + 1) & (room - 1))
			if (memcmp(o->powers + o->first[table[at] - 1] * o->size, w, o->size) == 0)
				break;
		if (table[at] == 0) {
			o->first[o->distinct++] = (uint32_t)row;
			table[at] = (uint32_t)o->distinct;
		}
		o->which[row] = table[at] - 1;
	}
	free(table);
	return R_GOOD;
}

/* ---- the block of each ---- */

static enum result
blocks_range(void *ctx, size_t from, size_t to, size_t *bad)
{
	const struct opening *o = ctx;
	uint8_t *bytes = malloc((to - from) * o->size);
	struct gvec *m = NULL;
	enum result r = R_NO_MEMORY;
	size_t i;

	(void)bad;
	if (bytes == NULL)
		return r;
	for (i = from; i < to; i++)
		memcpy(bytes + (i - from) * o->size, o->powers + o->first[i] * o->size, o->size);
	/* A vote for the identity is no vote, but no reason to stop either. */
	if ((r = gvec_new(&m, o->group, to - from)) == R_GOOD &&
	    (r = gvec_decode(m, bytes, o->size, DECODE_ANY, NULL, NULL)) == R_GOOD &&
	    (r = gvec_pow_vartime(m, m, o->root, NULL)) == R_GOOD)
		r = gvec_extract_each(o->blocks + from * GROUP_BLOCK_BYTES, o->valid + from, m,
		    NULL);
	gvec_free(m);
	free(bytes);
	return r;
}

static enum result
open_rows(struct opening *o, uint8_t *blocks, uint8_t *valid, const struct effort *effort)
{
	const size_t chunk = CHUNK_BYTES / o->size;
	struct stages stages;
	enum result r;
	size_t row;

	o->powers = calloc(o->M, o->size);
	o->which = calloc(o->M, sizeof *o->which);
	o->first = calloc(o->M, sizeof *o->first);
	if (o->powers == NULL || o->which == NULL || o->first == NULL)
		return R_NO_MEMORY;
	stages_start(&stages, effort, (1 + o->t) + 1);
	if ((r = set_exponents(o)) != R_GOOD ||
	    (r = par_ranges(stages_next(&stages, 1 + o->t), o->M, par_grain(effort, o->M, chunk),
		 powers_range, o, NULL)) != R_GOOD ||
	    (r = find_distinct(o)) != R_GOOD)
		return r;
	o->blocks = calloc(o->distinct, GROUP_BLOCK_BYTES);
	o->valid = calloc(o->distinct, 1);
	if (o->blocks == NULL || o->valid == NULL)
		return R_NO_MEMORY;
	r = par_ranges(stages_next(&stages, 1), o->distinct,
	    par_grain(effort, o->distinct, chunk / 8 + 1), blocks_range, o, NULL);
	for (row = 0; row < o->M && r == R_GOOD; row++) {
		valid[row] = o->valid[o->which[row]];
		memcpy(blocks + row * GROUP_BLOCK_BYTES,
		    o->blocks + (size_t)o->which[row] * GROUP_BLOCK_BYTES, GROUP_BLOCK_BYTES);
	}
	return r;
}

enum result
dleq_open(uint8_t *blocks, uint8_t *valid, const struct group *g, struct slice list, size_t rows,
    size_t width, const struct dleq_share *shares, size_t t, const struct effort *effort)
{
	struct opening o = { .group = g,
		.size = group_element_bytes(g),
		.M = rows * width,
		.list = list,
		.shares = shares,
		.t = t };
	enum result r;
	size_t i;

	assert(t > 0 && o.M < UINT32_MAX);
	if (list.n == 0 || list.n != elgamal_list_bytes(g, rows, width))
		return R_BAD_WIDTH;
	for (i = 0; i < t; i++)
		if (shares[i].factors.n != list.n / 2)
			return R_BAD_WIDTH;
	r = open_rows(&o, blocks, valid, effort);
	opening_free(&o);
	return r;
}
