/*
 * The verifier's side of the shuffle. The 3 + 2w + N equations are weighted with
 * independent 128-bit coefficients and multiplied, so that no element is raised to
 * a power more than once: if one of them is wrong, so is the product, but for a
 * chance of 2^-128.
 */
#include <stdlib.h>

#include "crypto/shuffle_parts.h"
#include "crypto/stages.h"

/* ---- reading ---- */

void
shuffle_claim_free(struct shuffle_claim *p)
{
	gvec_free(p->g);
	elgamal_list_free(p->in);
	elgamal_list_free(p->out);
	gvec_free(p->h);
	gvec_free(p->h_i);
	svec_free(p->u);
	gvec_free(p->c);
	gvec_free(p->chat);
	gvec_free(p->that);
	gvec_free(p->t);
	svec_free(p->s);
	svec_free(p->shat);
	svec_free(p->sprime);
}

static enum result
claim_new(struct shuffle_claim *p, const struct shuffle_statement *s)
{
	const struct group *group = s->group;
	const size_t N = s->rows, w = s->width;
	enum result r;

	*p = (struct shuffle_claim){ .rows = N, .width = w, .y = s->y };
	if ((r = gvec_new(&p->g, group, 1)) != R_GOOD ||
	    (r = gvec_new(&p->h, group, 1)) != R_GOOD ||
	    (r = gvec_new(&p->h_i, group, N)) != R_GOOD ||
	    (r = svec_new(&p->u, group, N)) != R_GOOD ||
	    (r = gvec_new(&p->c, group, N)) != R_GOOD ||
	    (r = gvec_new(&p->chat, group, N)) != R_GOOD ||
	    (r = gvec_new(&p->that, group, N)) != R_GOOD ||
	    (r = gvec_new(&p->t, group, 3 + 2 * w)) != R_GOOD ||
	    (r = svec_new(&p->s, group, 3 + w)) != R_GOOD ||
	    (r = svec_new(&p->shat, group, N)) != R_GOOD ||
	    (r = svec_new(&p->sprime, group, N)) != R_GOOD)
		return r;
	gvec_set_generator(p->g);
	return R_GOOD;
}

static enum result
read_elements(struct gvec *v, const uint8_t *bytes, struct stages *stages)
{
	return gvec_decode(v, bytes, group_element_bytes(gvec_group(v)), DECODE_NO_IDENTITY, NULL,
	    stages_next(stages, 1));
}

static enum result
read_scalars(struct svec *v, const uint8_t *bytes)
{
	return svec_decode(v, bytes, group_scalar_bytes(svec_group(v)), NULL);
}

enum result
shuffle_claim_read(struct shuffle_claim *p, struct svec *c, const struct shuffle_statement *s,
    struct slice proof, const struct effort *effort)
{
	struct shuffle_layout at;
	struct transcript P;
	struct stages stages;
	enum result r;

	*p = (struct shuffle_claim){ .rows = 0 };
	r = shuffle_check(s);
	if (r != R_GOOD)
		return r;
	if (s->output.p == NULL)
		return R_BAD_WIDTH;
	at = shuffle_layout(s);
	if (proof.n != at.end)
		return R_BAD_ENCODING;
	r = claim_new(p, s);
	if (r != R_GOOD)
		return r;
	if (gvec_is_identity_vartime(s->y, 0))
		return R_BAD_ELEMENT;
	stages_start(&stages, effort, 5 + 4 * s->width);
	if ((r = elgamal_list_decode(&p->in, s->group, s->rows, s->width, s->input, NULL,
		 stages_next(&stages, 2 * s->width))) != R_GOOD ||
	    (r = elgamal_list_decode(&p->out, s->group, s->rows, s->width, s->output, NULL,
		 stages_next(&stages, 2 * s->width))) != R_GOOD ||
	    (r = read_elements(p->c, proof.p + at.c, &stages)) != R_GOOD ||
	    (r = read_elements(p->chat, proof.p + at.chat, &stages)) != R_GOOD ||
	    (r = read_elements(p->t, proof.p + at.t, &stages)) != R_GOOD ||
	    (r = read_elements(p->that, proof.p + at.that, &stages)) != R_GOOD ||
	    (r = read_scalars(p->s, proof.p + at.s)) != R_GOOD ||
	    (r = read_scalars(p->shat, proof.p + at.shat)) != R_GOOD ||
	    (r = read_scalars(p->sprime, proof.p + at.sprime)) != R_GOOD)
		return r;
	r = shuffle_generators(p->h, p->h_i, stages_next(&stages, 1));
	if (r != R_GOOD)
		return r;
	shuffle_transcript(&P, s, proof.p + at.c);
	shuffle_challenge(c, &P, s, proof.p);
	return shuffle_coefficients(p->u, &P);
}

/* ---- all equations in one ---- */

/*
 * The combination under way. With coefficients e_1, e_2, e_3 for (S12) to (S14), ea_k, eb_k
 * for (S15) and (S16), n_i for (S17), and both sides of the product sorted by base:
 *
 *	g^(e_1*s_1 + e_2*s_2 + e_3*s_3 - sum ea_k*s_4k + sum n_i*shat_i) * y^(-sum eb_k*s_4k)
 *	  * h^(e_2*c*prod u_i + n_1*s'_1) * prod h_i^(e_3*s'_i + e_1*c)
 *	  * prod chat_i^(n_(i+1)*s'_(i+1) - c*n_i), for i = N: (-c*n_N - c*e_2)
 *	  * prod_k (prod a'_ik^s'_i)^ea_k * (prod b'_ik^s'_i)^eb_k
 *	= prod t^e * prod that_i^n_i
 *	  * (prod c_i^(e_1 + e_3*u_i) * prod_k (prod a_ik^u_i)^ea_k * (prod b_ik^u_i)^eb_k)^c
 */
struct combination {
	const struct shuffle_claim *p;
	const struct svec *c;
	struct svec *e;                    /* e_1, e_2, e_3, ea_1, eb_1, ..., in the order of t */
	struct svec *n;                    /* N */
	struct svec *e1, *e2, *e3;         /* views of e */
	struct svec *one;                  /* 1 */
	struct svec *row;                  /* N */
	struct gvec *left, *right, *inner; /* 1: products so far */
	struct gvec *part;                 /* 1 */
	struct stages stages;
};

static void
combination_free(struct combination *b)
{
	svec_free(b->e1);
	svec_free(b->e2);
	svec_free(b->e3);
	svec_free(b->e);
	svec_free(b->n);
	svec_free(b->one);
	svec_free(b->row);
	gvec_free(b->left);
	gvec_free(b->right);
	gvec_free(b->inner);
	gvec_free(b->part);
}

static enum result
draw(struct svec *v, struct rng *rng)
{
	const size_t n = svec_len(v);
	uint8_t *bytes;

	bytes = malloc(n * 16);
	if (bytes == NULL)
		return R_NO_MEMORY;
	rng_fill(rng, bytes, n * 16);
	svec_from_128(v, bytes);
	free(bytes);
	return R_GOOD;
}

static enum result
combination_new(struct combination *b, struct rng *rng, const struct effort *effort)
{
	const struct group *group = svec_group(b->c);
	const size_t N = b->p->rows, w = b->p->width;
	enum result r;

	stages_start(&b->stages, effort, (4 + 4 * w) * N + 6 + 2 * w);
	if ((r = svec_new(&b->e, group, 3 + 2 * w)) != R_GOOD ||
	    (r = svec_new(&b->n, group, N)) != R_GOOD ||
	    (r = svec_slice(&b->e1, b->e, 0, 1)) != R_GOOD ||
	    (r = svec_slice(&b->e2, b->e, 1, 1)) != R_GOOD ||
	    (r = svec_slice(&b->e3, b->e, 2, 1)) != R_GOOD ||
	    (r = svec_new(&b->one, group, 1)) != R_GOOD ||
	    (r = svec_new(&b->row, group, N)) != R_GOOD ||
	    (r = gvec_new(&b->left, group, 1)) != R_GOOD ||
	    (r = gvec_new(&b->right, group, 1)) != R_GOOD ||
	    (r = gvec_new(&b->inner, group, 1)) != R_GOOD ||
	    (r = gvec_new(&b->part, group, 1)) != R_GOOD)
		return r;
	r = draw(b->e, rng);
	if (r != R_GOOD)
		return r;
	return draw(b->n, rng);
}

/* side *= prod v_i^x_i, to the power of e[at] if e is given. */
static enum result
multiply(struct combination *b, struct gvec *side, const struct gvec *v, const struct svec *x,
    const struct svec *e, size_t at)
{
	enum result r;

	r = gvec_multipow_vartime(b->part, v, x, stages_next(&b->stages, gvec_len(v)));
	if (r != R_GOOD)
		return r;
	if (e != NULL) {
		svec_copy(b->one, 0, e, at, 1);
		r = gvec_pow_vartime(b->part, b->part, b->one, NULL);
		if (r != R_GOOD)
			return r;
	}
	gvec_mul(side, side, b->part);
	return R_GOOD;
}

/* The powers of g and y. */
static enum result
fixed_bases(struct combination *b)
{
	const struct shuffle_claim *p = b->p;
	struct svec *g = NULL, *y = NULL, *sum = NULL;
	enum result r;
	size_t k;

	if ((r = svec_new(&g, svec_group(b->c), 3 + p->width)) != R_GOOD ||
	    (r = svec_new(&y, svec_group(b->c), 3 + p->width)) != R_GOOD ||
	    (r = svec_new(&sum, svec_group(b->c), 1)) != R_GOOD)
		goto out;
	for (k = 0; k < p->width; k++) {
		svec_copy(g, 3 + k, b->e, 3 + 2 * k, 1);
		svec_copy(y, 3 + k, b->e, 4 + 2 * k, 1);
	}
	svec_neg(g, g);
	svec_neg(y, y);
	svec_copy(g, 0, b->e, 0, 3);

	svec_inner(b->one, g, p->s);
	svec_inner(sum, b->n, p->shat);
	svec_add(sum, sum, b->one);
	r = multiply(b, b->left, p->g, sum, NULL, 0);
	if (r != R_GOOD)
		goto out;
	svec_inner(sum, y, p->s);
	r = multiply(b, b->left, p->y, sum, NULL, 0);
out:
	svec_free(g);
	svec_free(y);
	svec_free(sum);
	return r;
}

/* The powers of the generators h and h_i. */
static enum result
generators(struct combination *b)
{
	const struct shuffle_claim *p = b->p;
	struct svec *sum = NULL;
	enum result r;

	r = svec_new(&sum, svec_group(b->c), 1);
	if (r != R_GOOD)
		return r;
	svec_product(sum, p->u);
	svec_mul(sum, sum, b->e2);
	svec_mul(sum, sum, b->c);
	svec_mul(b->row, b->n, p->sprime);
	svec_copy(b->one, 0, b->row, 0, 1);
	svec_add(sum, sum, b->one);
	r = multiply(b, b->left, p->h, sum, NULL, 0);
	if (r != R_GOOD)
		goto out;
	svec_mul(b->one, b->e1, b->c);
	svec_mul(b->row, p->sprime, b->e3);
	svec_add(b->row, b->row, b->one);
	r = multiply(b, b->left, p->h_i, b->row, NULL, 0);
out:
	svec_free(sum);
	return r;
}

/* The powers of the chain and of that. */
static enum result
chain(struct combination *b)
{
	const struct shuffle_claim *p = b->p;
	struct svec *next = NULL;
	enum result r;

	r = svec_new(&next, svec_group(b->c), p->rows);
	if (r != R_GOOD)
		return r;
	svec_mul(b->row, b->n, p->sprime);
	svec_copy(next, 0, b->row, 1, p->rows - 1);
	svec_neg(b->one, b->e2);
	svec_mul(b->one, b->one, b->c);
	svec_copy(next, p->rows - 1, b->one, 0, 1);
	svec_mul(b->row, b->n, b->c);
	svec_sub(b->row, next, b->row);
	svec_free(next);

	r = multiply(b, b->left, p->chat, b->row, NULL, 0);
	if (r != R_GOOD)
		return r;
	return multiply(b, b->right, p->that, b->n, NULL, 0);
}

/* The powers of the commitments c_i and of the lists. */
static enum result
lists(struct combination *b)
{
	const struct shuffle_claim *p = b->p;
	enum result r;
	size_t k;

	svec_mul(b->row, p->u, b->e3);
	svec_add(b->row, b->row, b->e1);
	r = multiply(b, b->inner, p->c, b->row, NULL, 0);
	for (k = 0; k < p->width && r == R_GOOD; k++)
		if ((r = multiply(b, b->left, p->out->a[k], p->sprime, b->e, 3 + 2 * k)) ==
			R_GOOD &&
		    (r = multiply(b, b->left, p->out->b[k], p->sprime, b->e, 4 + 2 * k)) ==
			R_GOOD &&
		    (r = multiply(b, b->inner, p->in->a[k], p->u, b->e, 3 + 2 * k)) == R_GOOD)
			r = multiply(b, b->inner, p->in->b[k], p->u, b->e, 4 + 2 * k);
	return r;
}

enum result
shuffle_equations_at_once(const struct shuffle_claim *p, const struct svec *c, struct rng *rng,
    const struct effort *effort)
{
	struct combination b = { .p = p, .c = c };
	enum result r;

	if ((r = combination_new(&b, rng, effort)) != R_GOOD || (r = lists(&b)) != R_GOOD ||
	    (r = generators(&b)) != R_GOOD || (r = chain(&b)) != R_GOOD ||
	    (r = fixed_bases(&b)) != R_GOOD)
		goto out;
	r = gvec_pow_vartime(b.inner, b.inner, c, NULL);
	if (r != R_GOOD)
		goto out;
	gvec_mul(b.right, b.right, b.inner);
	r = multiply(&b, b.right, p->t, b.e, NULL, 0);
	if (r != R_GOOD)
		goto out;
	r = gvec_differ_vartime(b.left, b.right) == 1 ? R_GOOD : R_BAD_SHUFFLE;
out:
	combination_free(&b);
	return r;
}

/* ---- verify ---- */

enum result
shuffle_verify(const struct shuffle_statement *s, struct slice proof, const struct effort *effort)
{
	struct shuffle_claim p;
	struct svec *c = NULL;
	struct stages stages;
	struct rng rng;
	enum result r;

	r = svec_new(&c, s->group, 1);
	if (r != R_GOOD)
		return r;
	stages_start(&stages, effort, 2);
	r = shuffle_claim_read(&p, c, s, proof, stages_next(&stages, 1));
	if (r != R_GOOD)
		goto out;
	r = rng_system(&rng);
	if (r != R_GOOD)
		goto out;
	r = shuffle_equations_at_once(&p, c, &rng, stages_next(&stages, 1));
	rng_wipe(&rng);
out:
	shuffle_claim_free(&p);
	svec_free(c);
	return r;
}

enum result
shuffle_verify_slow(const struct shuffle_statement *s, struct slice proof,
    const struct effort *effort)
{
	struct shuffle_claim p;
	struct svec *c = NULL;
	enum result r;

	r = svec_new(&c, s->group, 1);
	if (r != R_GOOD)
		return r;
	r = shuffle_claim_read(&p, c, s, proof, effort);
	if (r == R_GOOD)
		r = shuffle_equations(&p, c);
	shuffle_claim_free(&p);
	svec_free(c);
	return r;
}
