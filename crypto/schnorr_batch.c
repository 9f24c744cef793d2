/*
 * Many proofs of knowledge at once. With an independent random coefficient e for
 * each equation g^s = T * X^c, all of them hold, but for a chance of 2^-128, if
 *
 *	g^-(sum e*s) * prod X^(c*e) * prod T^e = 1.
 *
 * The coefficients are drawn once, and the left side of a batch is the product of those of
 * its halves. So a batch that fails is halved, one half is computed, and the other follows by
 * a division.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/schnorr.h"
#include "crypto/schnorr_parts.h"

/* Claims that a thread takes at a time where hashing is all there is to do. */
#define HASH_GRAIN 64

/* All claims side by side. An equation is one X with its T; the others come last. Whatever
 * belongs to a refused claim gets the coefficient 0. */
struct batch {
	const struct group *group;
	struct schnorr_claim *claims;
	size_t n;
	size_t equations, others;
	size_t *from;           /* claim i has the equations from[i] <= j < from[i+1] */
	uint8_t *bytes;         /* the encodings of every X, every T, the others */
	enum result *verdicts;  /* of each of them */
	struct gvec *elements;  /* all of them */
	uint8_t *answers;       /* the encodings of every s */
	struct svec *s, *c, *e; /* of each equation */
	struct svec *exponents; /* of every X and T */
	struct gvec *g;         /* the generator */
	const struct effort *effort;
};

static void
batch_free(struct batch *b)
{
	free(b->from);
	free(b->bytes);
	free(b->verdicts);
	gvec_free(b->elements);
	free(b->answers);
	svec_free(b->s);
	svec_free(b->c);
	svec_free(b->e);
	svec_free(b->exponents);
	gvec_free(b->g);
}

static enum result
batch_new(struct batch *b)
{
	const struct group *g = b->group;
	size_t i, all;
	enum result r;

	b->from = calloc(b->n + 1, sizeof *b->from);
	if (b->from == NULL)
		return R_NO_MEMORY;
	for (i = 0; i < b->n; i++) {
		assert(b->claims[i].n > 0);
		b->from[i + 1] = b->from[i] + b->claims[i].n;
		b->others += b->claims[i].more;
	}
	b->equations = b->from[b->n];
	all = 2 * b->equations + b->others;
	b->bytes = calloc(all, group_element_bytes(g));
	b->verdicts = calloc(all, sizeof *b->verdicts);
	b->answers = calloc(b->equations, group_scalar_bytes(g));
	if (b->bytes == NULL || b->verdicts == NULL || b->answers == NULL)
		return R_NO_MEMORY;
	if ((r = gvec_new(&b->elements, g, all)) != R_GOOD ||
	    (r = svec_new(&b->s, g, b->equations)) != R_GOOD ||
	    (r = svec_new(&b->c, g, b->equations)) != R_GOOD ||
	    (r = svec_new(&b->e, g, b->equations)) != R_GOOD ||
	    (r = svec_new(&b->exponents, g, 2 * b->equations)) != R_GOOD ||
	    (r = gvec_new(&b->g, g, 1)) != R_GOOD)
		return r;
	gvec_set_generator(b->g);
	return R_GOOD;
}

/* ---- reading ---- */

static int
has_length(const struct batch *b, const struct schnorr_claim *c)
{
	return c->proof.n == schnorr_proof_bytes(b->group, c->n);
}

/* The first refusal among n verdicts, if there is none yet. */
static void
take_verdicts(struct schnorr_claim *c, const enum result *verdicts, size_t n)
{
	size_t i;

	for (i = 0; i < n && c->verdict == R_GOOD; i++)
		c->verdict = verdicts[i];
}

/* Decode all elements in one go. */
static enum result
read_elements(struct batch *b)
{
	const size_t size = group_element_bytes(b->group), T = b->equations;
	size_t i, other = 2 * b->equations;
	enum result r;

	for (i = 0; i < b->n; i++) {
		const struct schnorr_claim *c = &b->claims[i];

		memcpy(b->bytes + b->from[i] * size, c->X, c->n * size);
		if (has_length(b, c))
			memcpy(b->bytes + (T + b->from[i]) * size, c->proof.p, c->n * size);
		if (c->more > 0)
			memcpy(b->bytes + other * size, c->others, c->more * size);
		other += c->more;
	}
	r = gvec_decode_each(b->elements, b->verdicts, b->bytes, size, DECODE_NO_IDENTITY,
	    b->effort);
	if (r != R_GOOD)
		return r;
	for (i = 0, other = 2 * b->equations; i < b->n; i++) {
		struct schnorr_claim *c = &b->claims[i];

		c->verdict = R_GOOD;
		take_verdicts(c, b->verdicts + b->from[i], c->n);
		take_verdicts(c, b->verdicts + other, c->more);
		if (c->verdict == R_GOOD && !has_length(b, c))
			c->verdict = R_BAD_ENCODING;
		take_verdicts(c, b->verdicts + T + b->from[i], c->n);
		other += c->more;
	}
	return R_GOOD;
}

/* Decode the answers of the claims first <= i < last. *bad becomes the claim that was refused. */
static enum result
decode_answers(struct batch *b, size_t first, size_t last, size_t *bad)
{
	const size_t size = group_scalar_bytes(b->group), from = b->from[first];
	struct svec *s;
	enum result r;
	size_t at;

	r = svec_slice(&s, b->s, from, b->from[last] - from);
	if (r != R_GOOD)
		return r;
	r = svec_decode(s, b->answers + from * size, size, &at);
	svec_free(s);
	if (r == R_NON_CANONICAL)
		for (*bad = first; b->from[*bad + 1] <= from + at;)
			(*bad)++;
	return r;
}

/* All answers; a refused claim's are left 0. */
static enum result
read_answers(struct batch *b)
{
	const size_t size = group_scalar_bytes(b->group);
	const size_t element = group_element_bytes(b->group);
	size_t i, first = 0, bad;
	enum result r = R_NON_CANONICAL;

	for (i = 0; i < b->n; i++)
		if (b->claims[i].verdict == R_GOOD)
			memcpy(b->answers + b->from[i] * size,
			    b->claims[i].proof.p + b->claims[i].n * element, b->claims[i].n * size);
	while (r == R_NON_CANONICAL) {
		r = decode_answers(b, first, b->n, &bad);
		if (r != R_NON_CANONICAL)
			break;
		b->claims[bad].verdict = r;
		memset(b->answers + b->from[bad] * size, 0, b->claims[bad].n * size);
		/* What stood before it was not kept. */
		r = decode_answers(b, first, bad + 1, &bad);
		first = bad + 1;
		r = r == R_GOOD ? R_NON_CANONICAL : r;
	}
	return r;
}

static enum result
hash_range(void *ctx, size_t from, size_t to, size_t *bad)
{
	const struct batch *b = ctx;
	const size_t size = group_element_bytes(b->group);
	size_t i, j;

	(void)bad;
	for (i = from; i < to; i++) {
		const size_t at = b->from[i];

		if (b->claims[i].verdict != R_GOOD)
			continue;
		schnorr_challenge(b->c, at, &b->claims[i].p, b->bytes + at * size,
		    b->bytes + (b->equations + at) * size, b->claims[i].n);
		for (j = 1; j < b->claims[i].n; j++)
			svec_copy(b->c, at + j, b->c, at, 1);
	}
	return R_GOOD;
}

/* Draw the coefficients, now that all bytes are fixed. */
static enum result
weigh(struct batch *b, struct rng *rng)
{
	const size_t n = b->equations;
	struct svec *ce = NULL;
	uint8_t *bytes;
	enum result r;
	size_t i;

	bytes = malloc(n * 16);
	if (bytes == NULL)
		return R_NO_MEMORY;
	rng_fill(rng, bytes, n * 16);
	for (i = 0; i < b->n; i++)
		if (b->claims[i].verdict != R_GOOD)
			memset(bytes + b->from[i] * 16, 0, b->claims[i].n * 16);
	svec_from_128(b->e, bytes);
	free(bytes);
	r = svec_slice(&ce, b->exponents, 0, n);
	if (r != R_GOOD)
		return r;
	svec_mul(ce, b->c, b->e);
	svec_copy(b->exponents, n, b->e, 0, n);
	svec_free(ce);
	return R_GOOD;
}

/* ---- verifying ---- */

/* out = the product of n elements from `at` on to their exponents. */
static enum result
product(struct gvec *out, const struct batch *b, size_t at, size_t n)
{
	struct gvec *v = NULL;
	struct svec *e = NULL;
	enum result r;

	if ((r = gvec_slice(&v, b->elements, at, n)) == R_GOOD &&
	    (r = svec_slice(&e, b->exponents, at, n)) == R_GOOD)
		r = gvec_multipow_vartime(out, v, e, b->effort);
	gvec_free(v);
	svec_free(e);
	return r;
}

/* out = g^-(sum e*s) over the equations from <= j < to. */
static enum result
answer(struct gvec *out, const struct batch *b, size_t from, size_t to)
{
	struct svec *e = NULL, *s = NULL, *sum = NULL;
	enum result r;

	if ((r = svec_slice(&e, b->e, from, to - from)) != R_GOOD ||
	    (r = svec_slice(&s, b->s, from, to - from)) != R_GOOD ||
	    (r = svec_new(&sum, b->group, 1)) != R_GOOD)
		goto out;
	svec_inner(sum, e, s);
	svec_neg(sum, sum);
	r = gvec_pow_fixed(out, b->g, sum, NULL);
out:
	svec_free(e);
	svec_free(s);
	svec_free(sum);
	return r;
}

/* (K4) of the claims first <= i < last in one: *out, which the caller frees, is the
 * identity if all hold. */
static enum result
left_side(struct gvec **out, const struct batch *b, size_t first, size_t last)
{
	const size_t from = b->from[first], to = b->from[last];
	struct gvec *part = NULL;
	enum result r;

	*out = NULL;
	if ((r = gvec_new(out, b->group, 1)) != R_GOOD ||
	    (r = gvec_new(&part, b->group, 1)) != R_GOOD ||
	    (r = answer(*out, b, from, to)) != R_GOOD)
		goto out;
	if (to - from == b->equations) {
		r = product(part, b, 0, 2 * b->equations);
	} else {
		r = product(part, b, from, to - from);
		if (r != R_GOOD)
			goto out;
		gvec_mul(*out, *out, part);
		r = product(part, b, b->equations + from, to - from);
	}
	if (r == R_GOOD)
		gvec_mul(*out, *out, part);
out:
	gvec_free(part);
	return r;
}

/* Find the bad ones among the claims first <= i < last, whose left side this is. It changes. */
static enum result
name_bad(struct batch *b, size_t first, size_t last, struct gvec *left)
{
	const size_t middle = first + (last - first) / 2;
	struct gvec *half = NULL;
	enum result r;

	if (gvec_is_identity_vartime(left, 0))
		return R_GOOD;
	if (last - first == 1) {
		b->claims[first].verdict = R_BAD_PROOF;
		return R_GOOD;
	}
	r = left_side(&half, b, first, middle);
	if (r != R_GOOD)
		goto out;
	gvec_div(left, left, half);
	if ((r = name_bad(b, first, middle, half)) == R_GOOD)
		r = name_bad(b, middle, last, left);
out:
	gvec_free(half);
	return r;
}

static enum result
verify(struct batch *b, struct rng *rng)
{
	struct gvec *left = NULL;
	enum result r;

	if ((r = batch_new(b)) == R_GOOD && (r = read_elements(b)) == R_GOOD &&
	    (r = read_answers(b)) == R_GOOD &&
	    (r = par_ranges(b->effort, b->n, HASH_GRAIN, hash_range, b, NULL)) == R_GOOD &&
	    (r = weigh(b, rng)) == R_GOOD && (r = left_side(&left, b, 0, b->n)) == R_GOOD)
		r = name_bad(b, 0, b->n, left);
	gvec_free(left);
	return r;
}

enum result
schnorr_verify_batch(struct schnorr_claim *claims, size_t n, const struct group *g, struct rng *rng,
    const struct effort *effort)
{
	struct batch b = { .group = g, .claims = claims, .n = n, .effort = effort };
	enum result r;
	size_t i;

	if (n == 0)
		return R_GOOD;
	r = verify(&b, rng);
	for (i = 0; i < n && r == R_GOOD; i++)
		r = claims[i].verdict;
	batch_free(&b);
	return r;
}
