#include "crypto/dleq.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#include "crypto/mem.h"
#include "crypto/stages.h"

/* ---- the statement ---- */

/* How much more a power costs than reading an element: for progress only. */
#define POWER_WEIGHT 8

size_t
dleq_factors_bytes(const struct group *g, size_t rows, size_t width)
{
	return elgamal_list_bytes(g, rows, width) / 2;
}

size_t
dleq_proof_bytes(const struct group *g)
{
	return 2 * group_element_bytes(g) + group_scalar_bytes(g);
}

/* P of section 8. */
static void
enter_statement(struct transcript *t, const struct dleq_statement *s)
{
	const size_t size = group_element_bytes(s->group);
	uint8_t X[GROUP_ENCODING_MAX];

	/* One element: nothing that could fail or take long. */
	gvec_encode(X, size, s->X, NULL);
	transcript_start(t, "tabella/1 decrypt", group_name(s->group), s->close);
	transcript_u64(t, s->item);
	transcript_u64(t, 0);
	transcript_u64(t, s->trustee);
	transcript_bytes(t, X, size);
	elgamal_list_enter(t, s->list, s->rows, s->width);
	transcript_u64(t, (uint64_t)s->rows * s->width);
	elgamal_list_enter(t, s->factors, s->rows, s->width);
}

/* What both sides compute of the statement: P, and the two products. */
struct aggregate {
	struct transcript P;
	struct gvec *A; /* length 1 */
	struct gvec *D;
};

static void
aggregate_free(struct aggregate *ag)
{
	gvec_free(ag->A);
	gvec_free(ag->D);
}

/* (D1) */
static enum result
draw_delta(struct svec *delta, const struct transcript *P)
{
	const size_t M = svec_len(delta);
	struct transcript t = *P;
	struct rng rng;
	uint8_t hash[64], *bytes;

	bytes = malloc(M * 16);
	if (bytes == NULL)
		return R_NO_MEMORY;
	transcript_string(&t, "delta");
	transcript_finish(&t, hash);
	rng_seeded(&rng, hash);
	rng_fill(&rng, bytes, M * 16);
	svec_from_128(delta, bytes);
	free(bytes);
	return R_GOOD;
}

/* product = prod v_j^delta_j, v_j at bytes + j * stride. */
static enum result
weighted_product(struct gvec *product, const struct svec *delta, const uint8_t *bytes,
    size_t stride, struct stages *stages)
{
	const size_t M = svec_len(delta);
	struct gvec *v = NULL;
	enum result r;

	r = gvec_new(&v, svec_group(delta), M);
	if (r != R_GOOD)
		goto out;
	r = gvec_decode(v, bytes, stride, DECODE_NO_IDENTITY, NULL, stages_next(stages, 1));
	if (r != R_GOOD)
		goto out;
	r = gvec_multipow_vartime(product, v, delta, stages_next(stages, POWER_WEIGHT / 2));
out:
	gvec_free(v);
	return r;
}

static enum result
aggregate_new(struct aggregate *ag, const struct dleq_statement *s, const struct effort *effort)
{
	const size_t size = group_element_bytes(s->group);
	const size_t list_bytes = elgamal_list_bytes(s->group, s->rows, s->width);
	struct svec *delta = NULL;
	struct stages stages;
	enum result r;

	ag->A = ag->D = NULL;
	if (s->list.n == 0 || s->list.n != list_bytes || s->factors.n != list_bytes / 2)
		return R_BAD_WIDTH;
	stages_start(&stages, effort, 2 + 2 * (POWER_WEIGHT / 2));
	if ((r = gvec_new(&ag->A, s->group, 1)) != R_GOOD ||
	    (r = gvec_new(&ag->D, s->group, 1)) != R_GOOD ||
	    (r = svec_new(&delta, s->group, s->rows * s->width)) != R_GOOD)
		goto out;
	enter_statement(&ag->P, s);
	r = draw_delta(delta, &ag->P);
	if (r != R_GOOD)
		goto out;
	/* (D2): every other element of the list is an a. */
	r = weighted_product(ag->A, delta, s->list.p, 2 * size, &stages);
	if (r != R_GOOD)
		goto out;
	/* (D3) */
	r = weighted_product(ag->D, delta, s->factors.p, size, &stages);
out:
	svec_free(delta);
	return r;
}

/* ---- the challenge ---- */

/* (D5): c from P, A, D and the bytes of T_1, T_2. */
static void
challenge(struct svec *c, const struct aggregate *ag, const uint8_t *T1, const uint8_t *T2)
{
	const size_t size = group_element_bytes(svec_group(c));
	struct transcript t = ag->P;
	uint8_t bytes[GROUP_ENCODING_MAX], hash[64];

	transcript_string(&t, "challenge");
	gvec_encode(bytes, size, ag->A, NULL);
	transcript_bytes(&t, bytes, size);
	gvec_encode(bytes, size, ag->D, NULL);
	transcript_bytes(&t, bytes, size);
	transcript_bytes(&t, T1, size);
	transcript_bytes(&t, T2, size);
	transcript_finish(&t, hash);
	svec_from_hash(c, 0, hash);
}

/* ---- prove ---- */

enum result
dleq_factors(uint8_t *factors, const struct elgamal_list *list, const struct svec *x,
    const struct effort *effort)
{
	const size_t size = group_element_bytes(list->group);
	struct gvec *d = NULL;
	struct stages stages;
	enum result r;
	size_t k;

	stages_start(&stages, effort, list->width * (POWER_WEIGHT + 1));
	r = gvec_new(&d, list->group, list->rows);
	for (k = 0; k < list->width && r == R_GOOD; k++) {
		/* (D9) */
		r = gvec_pow(d, list->a[k], x, stages_next(&stages, POWER_WEIGHT));
		if (r == R_GOOD)
			r = gvec_encode(factors + k * size, list->width * size, d,
			    stages_next(&stages, 1));
	}
	gvec_free(d);
	return r;
}

/* Draw w from a stream of its own: hedged with x and P, see rng_hedged. */
static enum result
draw_nonce(struct svec *w, struct rng *rng, const struct transcript *P, const struct svec *x)
{
	const size_t size = group_scalar_bytes(svec_group(x));
	struct transcript t = *P;
	struct rng nonces;
	uint8_t secret[GROUP_ENCODING_MAX], hash[64];
	enum result r;

	transcript_finish(&t, hash);
	svec_encode(secret, size, x);
	rng_hedged(&nonces, rng, "tabella/1 decrypt nonce", secret, size, hash, sizeof hash);
	r = svec_random(w, &nonces);
	sodium_memzero(secret, sizeof secret);
	rng_wipe(&nonces);
	return r;
}

enum result
dleq_prove(uint8_t *proof, const struct dleq_statement *st, const struct svec *x, struct rng *rng,
    const struct effort *effort)
{
	const size_t size = group_element_bytes(st->group);
	struct aggregate ag = { .A = NULL };
	struct gvec *g = NULL, *T = NULL;
	struct svec *w = NULL, *c = NULL, *s = NULL;
	enum result r;

	if ((r = gvec_new(&g, st->group, 1)) != R_GOOD ||
	    (r = gvec_new(&T, st->group, 1)) != R_GOOD ||
	    (r = svec_new(&w, st->group, 1)) != R_GOOD ||
	    (r = svec_new(&c, st->group, 1)) != R_GOOD ||
	    (r = svec_new(&s, st->group, 1)) != R_GOOD)
		goto out;
	r = aggregate_new(&ag, st, effort);
	if (r != R_GOOD)
		goto out;
	r = draw_nonce(w, rng, &ag.P, x);
	if (r != R_GOOD)
		goto out;
	/* (D4) */
	gvec_set_generator(g);
	if ((r = gvec_pow_fixed(T, g, w, NULL)) != R_GOOD ||
	    (r = gvec_encode(proof, size, T, NULL)) != R_GOOD ||
	    (r = gvec_pow_fixed(T, ag.A, w, NULL)) != R_GOOD ||
	    (r = gvec_encode(proof + size, size, T, NULL)) != R_GOOD)
		goto out;
	challenge(c, &ag, proof, proof + size);
	/* (D6) */
	svec_mul(s, c, x);
	svec_add(s, s, w);
	svec_encode(proof + 2 * size, group_scalar_bytes(st->group), s);
out:
	aggregate_free(&ag);
	gvec_free(g);
	gvec_free(T);
	svec_free(w);
	svec_free(c);
	svec_free(s);
	return r;
}

/* ---- the equations ---- */

/* base^s = T * X^c */
static enum result
equation(const struct gvec *base, const struct gvec *X, const struct gvec *T, const struct svec *c,
    const struct svec *s)
{
	struct gvec *left = NULL, *right = NULL;
	enum result r;

	if ((r = gvec_new(&left, gvec_group(X), 1)) != R_GOOD ||
	    (r = gvec_new(&right, gvec_group(X), 1)) != R_GOOD ||
	    (r = gvec_pow_vartime(left, base, s, NULL)) != R_GOOD ||
	    (r = gvec_pow_vartime(right, X, c, NULL)) != R_GOOD)
		goto out;
	gvec_mul(right, T, right);
	r = gvec_differ_vartime(left, right) == 1 ? R_GOOD : R_BAD_DECRYPTION;
out:
	gvec_free(left);
	gvec_free(right);
	return r;
}

enum result
dleq_equations(const struct gvec *X, const struct gvec *A, const struct gvec *D,
    const struct gvec *T1, const struct gvec *T2, const struct svec *c, const struct svec *s)
{
	struct gvec *g = NULL;
	enum result r;

	r = gvec_new(&g, gvec_group(X), 1);
	if (r != R_GOOD)
		return r;
	gvec_set_generator(g);
	r = equation(g, X, T1, c, s); /* (D7) */
	if (r == R_GOOD)
		r = equation(A, D, T2, c, s); /* (D8) */
	gvec_free(g);
	return r;
}

/* ---- verify ---- */

enum result
dleq_verify(const struct dleq_statement *st, struct slice proof, const struct effort *effort)
{
	const size_t size = group_element_bytes(st->group);
	struct aggregate ag = { .A = NULL };
	struct gvec *T1 = NULL, *T2 = NULL;
	struct svec *c = NULL, *s = NULL;
	enum result r;

	if (proof.n != dleq_proof_bytes(st->group))
		return R_BAD_ENCODING;
	if (gvec_is_identity_vartime(st->X, 0))
		return R_BAD_ELEMENT;
	if ((r = gvec_new(&T1, st->group, 1)) != R_GOOD ||
	    (r = gvec_new(&T2, st->group, 1)) != R_GOOD ||
	    (r = svec_new(&c, st->group, 1)) != R_GOOD ||
	    (r = svec_new(&s, st->group, 1)) != R_GOOD)
		goto out;
	if ((r = gvec_decode(T1, proof.p, size, DECODE_NO_IDENTITY, NULL, NULL)) != R_GOOD ||
	    (r = gvec_decode(T2, proof.p + size, size, DECODE_NO_IDENTITY, NULL, NULL)) != R_GOOD ||
	    (r = svec_decode(s, proof.p + 2 * size, group_scalar_bytes(st->group), NULL)) != R_GOOD)
		goto out;
	r = aggregate_new(&ag, st, effort);
	if (r != R_GOOD)
		goto out;
	challenge(c, &ag, proof.p, proof.p + size);
	r = dleq_equations(st->X, ag.A, ag.D, T1, T2, c, s);
out:
	aggregate_free(&ag);
	gvec_free(T1);
	gvec_free(T2);
	svec_free(c);
	svec_free(s);
	return r;
}
