#include "crypto/dleq.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#include "crypto/mem.h"

/* ---- the statement ---- */

/* Bytes of elements that are raised, and multiplied, at a time: what is decoded of a long list at
 * once. The larger, the faster is a product. */
#define POWER_BYTES ((size_t)64 << 10)
#define PRODUCT_BYTES ((size_t)512 << 10)

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

/* (D1), 16 bytes each. Free with free. */
static enum result
draw_delta(uint8_t **delta, const struct transcript *P, size_t M)
{
	struct transcript t = *P;
	struct rng rng;
	uint8_t hash[64];

	*delta = malloc(M * 16);
	if (*delta == NULL)
		return R_NO_MEMORY;
	transcript_string(&t, "delta");
	transcript_finish(&t, hash);
	rng_seeded(&rng, hash);
	rng_fill(&rng, *delta, M * 16);
	return R_GOOD;
}

/* Elements that stand at regular distances in bytes, and the products of ranges of them. */
struct column {
	const uint8_t *bytes;
	size_t stride;
	struct gvec *partial;
};

struct products {
	struct column column[2];
	size_t columns, grain;
	const uint8_t *delta;
};

/* out = prod v_j^delta_j over a range. */
static enum result
range_product(struct gvec *out, const struct column *c, const struct svec *delta, size_t from)
{
	struct gvec *v = NULL;
	enum result r;

	if ((r = gvec_new(&v, svec_group(delta), svec_len(delta))) == R_GOOD &&
	    (r = gvec_decode(v, c->bytes + from * c->stride, c->stride, DECODE_NO_IDENTITY, NULL,
		 NULL)) == R_GOOD)
		r = gvec_multipow_vartime(out, v, delta, NULL);
	gvec_free(v);
	return r;
}

static enum result
products_range(void *ctx, size_t from, size_t to, size_t *bad)
{
	const struct products *p = ctx;
	struct svec *delta = NULL;
	struct gvec *out = NULL;
	enum result r;
	size_t k;

	(void)bad;
	r = svec_new(&delta, gvec_group(p->column[0].partial), to - from);
	if (r != R_GOOD)
		return r;
	svec_from_128(delta, p->delta + 16 * from);
	for (k = 0; k < p->columns && r == R_GOOD; k++) {
		r = gvec_slice(&out, p->column[k].partial, from / p->grain, 1);
		if (r == R_GOOD)
			r = range_product(out, &p->column[k], delta, from);
		gvec_free(out);
		out = NULL;
	}
	svec_free(delta);
	return r;
}

/* A = prod a_j^delta_j; and D = prod d_j^delta_j, if D is not NULL. */
static enum result
weighted_products(struct gvec *A, struct gvec *D, const struct dleq_statement *s,
    const uint8_t *delta, const struct effort *effort)
{
	const size_t size = group_element_bytes(s->group), M = s->rows * s->width;
	struct products p = { .columns = D == NULL ? 1 : 2,
		.grain = par_grain(effort, M, PRODUCT_BYTES / size),
		.delta = delta };
	enum result r = R_GOOD;
	size_t k;

	/* Every other element of the list is an a. */
	p.column[0] = (struct column){ .bytes = s->list.p, .stride = 2 * size };
	p.column[1] = (struct column){ .bytes = s->factors.p, .stride = size };
	for (k = 0; k < p.columns && r == R_GOOD; k++)
		r = gvec_new(&p.column[k].partial, s->group, par_count(M, p.grain));
	if (r == R_GOOD)
		r = par_ranges(effort, M, p.grain, products_range, &p, NULL);
	if (r == R_GOOD)
		gvec_product(A, p.column[0].partial);
	if (r == R_GOOD && D != NULL)
		gvec_product(D, p.column[1].partial);
	gvec_free(p.column[0].partial);
	gvec_free(p.column[1].partial);
	return r;
}

/* Whoever knows x gets D from it: prod d_j^delta_j = prod a_j^(x delta_j) = A^x. */
static enum result
aggregate_new(struct aggregate *ag, const struct dleq_statement *s, const struct svec *x,
    const struct effort *effort)
{
	const size_t list_bytes = elgamal_list_bytes(s->group, s->rows, s->width);
	uint8_t *delta = NULL;
	enum result r;

	ag->A = ag->D = NULL;
	if (s->list.n == 0 || s->list.n != list_bytes || s->factors.n != list_bytes / 2)
		return R_BAD_WIDTH;
	if ((r = gvec_new(&ag->A, s->group, 1)) != R_GOOD ||
	    (r = gvec_new(&ag->D, s->group, 1)) != R_GOOD)
		goto out;
	enter_statement(&ag->P, s);
	r = draw_delta(&delta, &ag->P, s->rows * s->width);
	if (r != R_GOOD)
		goto out;
	/* (D2), (D3) */
	r = weighted_products(ag->A, x == NULL ? ag->D : NULL, s, delta, effort);
	if (r == R_GOOD && x != NULL)
		r = gvec_pow(ag->D, ag->A, x, NULL);
out:
	free(delta);
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

struct factors {
	uint8_t *out;
	const struct dleq_statement *s;
	const struct svec *half; /* of x: a square is cheaper to encode */
};

static enum result
factors_range(void *ctx, size_t from, size_t to, size_t *bad)
{
	const struct factors *f = ctx;
	const size_t size = group_element_bytes(f->s->group);
	struct gvec *d = NULL;
	enum result r;

	(void)bad;
	/* (D9) */
	if ((r = gvec_new(&d, f->s->group, to - from)) == R_GOOD &&
	    (r = gvec_decode(d, f->s->list.p + from * 2 * size, 2 * size, DECODE_NO_IDENTITY, NULL,
		 NULL)) == R_GOOD &&
	    (r = gvec_pow(d, d, f->half, NULL)) == R_GOOD)
		r = gvec_encode_squares(f->out + from * size, size, d, NULL);
	gvec_free(d);
	return r;
}

enum result
dleq_factors(uint8_t *factors, const struct dleq_statement *s, const struct svec *x,
    const struct effort *effort)
{
	const size_t size = group_element_bytes(s->group), M = s->rows * s->width;
	struct factors f = { .out = factors, .s = s };
	struct svec *half = NULL;
	enum result r;

	if (s->list.n == 0 || s->list.n != elgamal_list_bytes(s->group, s->rows, s->width))
		return R_BAD_WIDTH;
	r = svec_new(&half, s->group, 1);
	if (r != R_GOOD)
		return r;
	svec_set_u64(half, 0, 2);
	svec_invert(half, half);
	svec_mul(half, half, x);
	f.half = half;
	r = par_ranges(effort, M, par_grain(effort, M, POWER_BYTES / size), factors_range, &f,
	    NULL);
	svec_free(half);
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
	r = aggregate_new(&ag, st, x, effort);
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
	r = aggregate_new(&ag, st, NULL, effort);
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
