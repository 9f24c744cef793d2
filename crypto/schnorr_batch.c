/*
 * Many proofs of knowledge at once. With an independent random coefficient e for
 * each equation g^s = T * X^c, all of them hold, but for a chance of 2^-128, if
 *
 *	g^(sum e*s) = prod T^e * prod X^(c*e).
 *
 * The coefficients are drawn once. A batch that fails is halved, and the halves
 * keep their coefficients, so that the answer is the product of theirs.
 */
#include <assert.h>
#include <stdlib.h>

#include "crypto/schnorr.h"
#include "crypto/schnorr_read.h"

/* The equations of all proofs that could be read, one after the other. */
struct batch {
	struct gvec *g; /* the generator */
	struct gvec *X, *T;
	struct svec *s, *c, *e;
	struct svec *es, *ce; /* e*s, c*e */
	size_t *from;         /* proof i has the equations from[i] <= j < from[i+1] */
	size_t *which;        /* and is statement which[i] */
	size_t proofs;
	const struct effort *effort;
};

static void
batch_free(struct batch *b)
{
	gvec_free(b->g);
	gvec_free(b->X);
	gvec_free(b->T);
	svec_free(b->s);
	svec_free(b->c);
	svec_free(b->e);
	svec_free(b->es);
	svec_free(b->ce);
	free(b->from);
	free(b->which);
}

static enum result
batch_new(struct batch *b, const struct group *group, size_t proofs, size_t equations)
{
	enum result r;

	b->from = calloc(proofs + 1, sizeof *b->from);
	b->which = calloc(proofs + 1, sizeof *b->which);
	if (b->from == NULL || b->which == NULL)
		return R_NO_MEMORY;
	if ((r = gvec_new(&b->g, group, 1)) != R_GOOD ||
	    (r = gvec_new(&b->X, group, equations)) != R_GOOD ||
	    (r = gvec_new(&b->T, group, equations)) != R_GOOD ||
	    (r = svec_new(&b->s, group, equations)) != R_GOOD ||
	    (r = svec_new(&b->c, group, equations)) != R_GOOD ||
	    (r = svec_new(&b->e, group, equations)) != R_GOOD ||
	    (r = svec_new(&b->es, group, equations)) != R_GOOD ||
	    (r = svec_new(&b->ce, group, equations)) != R_GOOD)
		return r;
	gvec_set_generator(b->g);
	return R_GOOD;
}

/* Read the proof of statement i behind those already there. */
static enum result
batch_add(struct batch *b, size_t i, const struct schnorr_statement *st)
{
	const size_t n = gvec_len(st->X), at = b->from[b->proofs];
	struct gvec *T = NULL;
	struct svec *s = NULL;
	enum result r;
	size_t j;

	if (st->proof.n != schnorr_proof_bytes(gvec_group(st->X), n))
		return R_BAD_ENCODING;
	if ((r = gvec_slice(&T, b->T, at, n)) != R_GOOD ||
	    (r = svec_slice(&s, b->s, at, n)) != R_GOOD)
		goto out;
	r = schnorr_read(T, s, b->c, at, st);
	if (r != R_GOOD)
		goto out;
	for (j = 1; j < n; j++)
		svec_copy(b->c, at + j, b->c, at, 1);
	gvec_copy(b->X, at, st->X, 0, n);
	b->which[b->proofs] = i;
	b->proofs++;
	b->from[b->proofs] = at + n;
out:
	gvec_free(T);
	svec_free(s);
	return r;
}

/* Draw the coefficients, now that all bytes are fixed. */
static enum result
batch_weigh(struct batch *b, struct rng *rng)
{
	const size_t n = svec_len(b->e);
	uint8_t *bytes;

	bytes = malloc(n * 16);
	if (bytes == NULL)
		return R_NO_MEMORY;
	rng_fill(rng, bytes, n * 16);
	svec_from_128(b->e, bytes);
	free(bytes);
	svec_mul(b->es, b->e, b->s);
	svec_mul(b->ce, b->c, b->e);
	return R_GOOD;
}

/* (K4) of the proofs first <= i < last, in one. */
static enum result
check_range(struct batch *b, size_t first, size_t last)
{
	const size_t from = b->from[first], n = b->from[last] - from;
	const struct group *group = gvec_group(b->g);
	struct gvec *X = NULL, *T = NULL, *left = NULL, *right = NULL, *part = NULL;
	struct svec *e = NULL, *es = NULL, *ce = NULL, *sum = NULL;
	enum result r;

	if ((r = gvec_slice(&X, b->X, from, n)) != R_GOOD ||
	    (r = gvec_slice(&T, b->T, from, n)) != R_GOOD ||
	    (r = svec_slice(&e, b->e, from, n)) != R_GOOD ||
	    (r = svec_slice(&es, b->es, from, n)) != R_GOOD ||
	    (r = svec_slice(&ce, b->ce, from, n)) != R_GOOD ||
	    (r = svec_new(&sum, group, 1)) != R_GOOD || (r = gvec_new(&left, group, 1)) != R_GOOD ||
	    (r = gvec_new(&right, group, 1)) != R_GOOD || (r = gvec_new(&part, group, 1)) != R_GOOD)
		goto out;
	svec_sum(sum, es);
	r = gvec_pow_fixed(left, b->g, sum, NULL);
	if (r != R_GOOD)
		goto out;
	r = gvec_multipow_vartime(right, T, e, b->effort);
	if (r != R_GOOD)
		goto out;
	r = gvec_multipow_vartime(part, X, ce, b->effort);
	if (r != R_GOOD)
		goto out;
	gvec_mul(right, right, part);
	r = gvec_differ_vartime(left, right) == 1 ? R_GOOD : R_BAD_PROOF;
out:
	gvec_free(X);
	gvec_free(T);
	gvec_free(left);
	gvec_free(right);
	gvec_free(part);
	svec_free(e);
	svec_free(es);
	svec_free(ce);
	svec_free(sum);
	return r;
}

/* Set the verdicts of the proofs first <= i < last. Returns R_GOOD unless something
 * kept us from finding them. */
static enum result
judge_range(enum result *verdicts, struct batch *b, size_t first, size_t last)
{
	const size_t middle = first + (last - first) / 2;
	enum result r;

	if (first == last)
		return R_GOOD;
	r = check_range(b, first, last);
	if (r != R_BAD_PROOF)
		return r; /* the verdicts are R_GOOD already */
	if (last - first == 1) {
		verdicts[b->which[first]] = R_BAD_PROOF;
		return R_GOOD;
	}
	r = judge_range(verdicts, b, first, middle);
	if (r != R_GOOD)
		return r;
	return judge_range(verdicts, b, middle, last);
}

enum result
schnorr_verify_batch(enum result *verdicts, const struct schnorr_statement *const *statements,
    size_t n, struct rng *rng, const struct effort *effort)
{
	struct batch b = { .effort = effort };
	size_t i, equations = 0;
	enum result r;

	if (n == 0)
		return R_GOOD;
	for (i = 0; i < n; i++)
		equations += gvec_len(statements[i]->X);
	r = batch_new(&b, gvec_group(statements[0]->X), n, equations);
	if (r != R_GOOD)
		goto out;
	for (i = 0; i < n; i++) {
		assert(gvec_len(statements[i]->X) > 0);
		verdicts[i] = batch_add(&b, i, statements[i]);
		if (verdicts[i] >= R_NO_MEMORY) {
			r = verdicts[i];
			goto out;
		}
	}
	r = batch_weigh(&b, rng);
	if (r != R_GOOD)
		goto out;
	r = judge_range(verdicts, &b, 0, b.proofs);
	for (i = 0; i < n && r == R_GOOD; i++)
		r = verdicts[i];
out:
	batch_free(&b);
	return r;
}
