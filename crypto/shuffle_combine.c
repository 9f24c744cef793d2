/*
 * The equations of a shuffle as one: the 3 + 2w + N equations are weighted with independent
 * coefficients and multiplied, so that no element is raised to a power more than once: if one of
 * them is wrong, so is the product, but for a chance of 2^-128.
 *
 * With coefficients e_1, e_2, e_3 for (S12) to (S14), ea_k, eb_k for (S15) and (S16), n_i for
 * (S17), and both sides of the product sorted by base:
 *
 *	g^(e_1*s_1 + e_2*s_2 + e_3*s_3 - sum ea_k*s_4k + sum n_i*shat_i) * y^(-sum eb_k*s_4k)
 *	  * h^(e_2*c*prod u_i) * chat_N^(-c*e_2) * prod h_i^(e_3*s'_i + e_1*c)
 *	  * prod chat_(i-1)^(n_i*s'_i) * prod chat_i^(-c*n_i)
 *	  * prod_k (prod a'_ik^s'_i)^ea_k * (prod b'_ik^s'_i)^eb_k
 *	= prod t^e * prod that_i^n_i
 *	  * (prod c_i^(e_1 + e_3*u_i) * prod_k (prod a_ik^u_i)^ea_k * (prod b_ik^u_i)^eb_k)^c
 *
 * One coefficient may be 1: a product in which the others are random is wrong for all but a 2^-128th
 * of them if one of their equations is, and always if that of e_3 is the only one. So e_3 is 1, and
 * the exponents of the c_i have 129 bits. The rest have 128.
 *
 * Rows come in ranges, each with the products of its own.
 */
#include <stdlib.h>

#include "crypto/mem.h"
#include "crypto/shuffle_combine.h"
#include "crypto/stages.h"

/* The products of a range: h_i and chat; that; c; then, for each k, a', b', a, b. */
enum { LEFT, RIGHT, INNER, LISTS };

struct combination {
	size_t width, ranges;
	const struct svec *c;
	struct svec *e;            /* e_1, e_2, e_3, ea_1, eb_1, ..., in the order of t */
	struct svec *n;            /* N */
	struct svec *e1, *e2, *ec; /* e_1, e_2; e_1 * c */
	struct svec *minus_c;
	struct gvec *product; /* of range k the ranges * which + k-th */
	struct svec *sum;     /* of each range: sum n_i*shat_i */
};

void
combination_free(struct combination *b)
{
	if (b == NULL)
		return;
	svec_free(b->e1);
	svec_free(b->e2);
	svec_free(b->ec);
	svec_free(b->minus_c);
	svec_free(b->e);
	svec_free(b->n);
	gvec_free(b->product);
	svec_free(b->sum);
	mem_free(b);
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

enum result
combination_new(struct combination **out, const struct svec *c, size_t rows, size_t width,
    size_t ranges, struct rng *rng)
{
	const struct group *g = svec_group(c);
	enum result r = R_NO_MEMORY;
	struct combination *b;

	*out = NULL;
	b = mem_new(1, sizeof *b);
	if (b == NULL)
		goto out;
	b->width = width;
	b->ranges = ranges;
	b->c = c;
	if ((r = svec_new(&b->e, g, 3 + 2 * width)) != R_GOOD ||
	    (r = svec_new(&b->n, g, rows)) != R_GOOD ||
	    (r = svec_slice(&b->e1, b->e, 0, 1)) != R_GOOD ||
	    (r = svec_slice(&b->e2, b->e, 1, 1)) != R_GOOD ||
	    (r = svec_new(&b->ec, g, 1)) != R_GOOD || (r = svec_new(&b->minus_c, g, 1)) != R_GOOD ||
	    (r = gvec_new(&b->product, g, ranges * (LISTS + 4 * width))) != R_GOOD ||
	    (r = svec_new(&b->sum, g, ranges)) != R_GOOD || (r = draw(b->e, rng)) != R_GOOD ||
	    (r = draw(b->n, rng)) != R_GOOD)
		goto out;
	svec_set_u64(b->e, 2, 1);
	svec_mul(b->ec, b->e1, c);
	svec_neg(b->minus_c, c);
	*out = b;
	b = NULL;
out:
	combination_free(b);
	return r;
}

/* ---- the rows ---- */

/* A range under way. */
struct range {
	struct combination *b;
	const struct shuffle_claim *p; /* its rows */
	size_t at;                     /* which range it is */
	struct svec *n;                /* its coefficients, a view */
	struct svec *row, *other;      /* p->rows */
	struct svec *one;              /* 1 */
	struct gvec *part;             /* 1 */
	struct stages stages;
};

/* product[which] *= prod v_i^x_i */
static enum result
multiply(struct range *x, size_t which, const struct gvec *v, const struct svec *e)
{
	struct gvec *product = NULL;
	enum result r;

	r = gvec_multipow_vartime(x->part, v, e, stages_next(&x->stages, gvec_len(v)));
	if (r == R_GOOD)
		r = gvec_slice(&product, x->b->product, x->b->ranges * which + x->at, 1);
	if (r == R_GOOD)
		gvec_mul(product, product, x->part);
	gvec_free(product);
	return r;
}

/* The powers of the generators and of the c_i. */
static enum result
commitments(struct range *x)
{
	enum result r;

	svec_add(x->row, x->p->sprime, x->b->ec);
	r = multiply(x, LEFT, x->p->h_i, x->row);
	if (r != R_GOOD)
		return r;
	svec_add(x->row, x->p->u, x->b->e1);
	return multiply(x, INNER, x->p->c, x->row);
}

/* The powers of the chain, from `before` on, and of that. */
static enum result
chain(struct range *x, const struct gvec *before)
{
	enum result r;

	svec_mul(x->other, x->n, x->p->sprime);
	svec_copy(x->one, 0, x->other, 0, 1);
	r = multiply(x, LEFT, before, x->one);
	if (r != R_GOOD)
		return r;
	svec_copy(x->other, 0, x->other, 1, x->p->rows - 1);
	svec_set_u64(x->other, x->p->rows - 1, 0);
	svec_muladd(x->row, x->n, x->b->minus_c, x->other);
	if ((r = multiply(x, LEFT, x->p->chat, x->row)) != R_GOOD)
		return r;
	return multiply(x, RIGHT, x->p->that, x->n);
}

static enum result
lists(struct range *x)
{
	const struct shuffle_claim *p = x->p;
	enum result r;
	size_t k;

	for (k = 0; k < p->width; k++)
		if ((r = multiply(x, LISTS + 4 * k, p->out->a[k], p->sprime)) != R_GOOD ||
		    (r = multiply(x, LISTS + 4 * k + 1, p->out->b[k], p->sprime)) != R_GOOD ||
		    (r = multiply(x, LISTS + 4 * k + 2, p->in->a[k], p->u)) != R_GOOD ||
		    (r = multiply(x, LISTS + 4 * k + 3, p->in->b[k], p->u)) != R_GOOD)
			return r;
	return R_GOOD;
}

enum result
combination_rows(struct combination *b, const struct shuffle_claim *p, size_t from, size_t range,
    const struct gvec *before, const struct effort *effort)
{
	const struct group *g = svec_group(b->c);
	struct range x = { .b = b, .p = p, .at = range };
	enum result r;

	stages_start(&x.stages, effort, (4 + 4 * p->width) * p->rows + 1);
	if ((r = svec_slice(&x.n, b->n, from, p->rows)) != R_GOOD ||
	    (r = svec_new(&x.row, g, p->rows)) != R_GOOD ||
	    (r = svec_new(&x.other, g, p->rows)) != R_GOOD ||
	    (r = svec_new(&x.one, g, 1)) != R_GOOD || (r = gvec_new(&x.part, g, 1)) != R_GOOD ||
	    (r = commitments(&x)) != R_GOOD || (r = chain(&x, before)) != R_GOOD ||
	    (r = lists(&x)) != R_GOOD)
		goto out;
	svec_inner(x.one, x.n, p->shat);
	svec_copy(b->sum, range, x.one, 0, 1);
out:
	svec_free(x.n);
	svec_free(x.row);
	svec_free(x.other);
	svec_free(x.one);
	gvec_free(x.part);
	return r;
}

/* ---- the end ---- */

/* The last products. */
struct end {
	struct combination *b;
	struct svec *one, *other;                 /* 1 */
	struct gvec *part, *left, *right, *inner; /* 1 */
};

/* side *= v^e */
static enum result
raise(struct end *x, struct gvec *side, const struct gvec *v, const struct svec *e)
{
	enum result r;

	r = gvec_pow_vartime(x->part, v, e, NULL);
	if (r == R_GOOD)
		gvec_mul(side, side, x->part);
	return r;
}

/* side *= the products of all ranges, to the power of e[at] if at is not 0. */
static enum result
gather(struct end *x, struct gvec *side, size_t which, size_t at)
{
	struct combination *b = x->b;
	struct gvec *all;
	enum result r;

	r = gvec_slice(&all, b->product, b->ranges * which, b->ranges);
	if (r != R_GOOD)
		return r;
	gvec_product(x->part, all);
	gvec_free(all);
	if (at > 0) {
		svec_copy(x->one, 0, b->e, at, 1);
		r = gvec_pow_vartime(x->part, x->part, x->one, NULL);
	}
	if (r == R_GOOD)
		gvec_mul(side, side, x->part);
	return r;
}

static enum result
gather_all(struct end *x)
{
	enum result r;
	size_t k;

	if ((r = gather(x, x->left, LEFT, 0)) != R_GOOD ||
	    (r = gather(x, x->right, RIGHT, 0)) != R_GOOD ||
	    (r = gather(x, x->inner, INNER, 0)) != R_GOOD)
		return r;
	for (k = 0; k < x->b->width; k++)
		if ((r = gather(x, x->left, LISTS + 4 * k, 3 + 2 * k)) != R_GOOD ||
		    (r = gather(x, x->left, LISTS + 4 * k + 1, 4 + 2 * k)) != R_GOOD ||
		    (r = gather(x, x->inner, LISTS + 4 * k + 2, 3 + 2 * k)) != R_GOOD ||
		    (r = gather(x, x->inner, LISTS + 4 * k + 3, 4 + 2 * k)) != R_GOOD)
			return r;
	return raise(x, x->right, x->inner, x->b->c);
}

/* The powers of g and y. */
static enum result
fixed_bases(struct end *x, const struct shuffle_claim *p)
{
	const size_t width = x->b->width;
	struct svec *g = NULL, *y = NULL;
	enum result r;
	size_t k;

	if ((r = svec_new(&g, svec_group(x->b->c), 3 + width)) != R_GOOD ||
	    (r = svec_new(&y, svec_group(x->b->c), 3 + width)) != R_GOOD)
		goto out;
	for (k = 0; k < width; k++) {
		svec_copy(g, 3 + k, x->b->e, 3 + 2 * k, 1);
		svec_copy(y, 3 + k, x->b->e, 4 + 2 * k, 1);
	}
	svec_neg(g, g);
	svec_neg(y, y);
	svec_copy(g, 0, x->b->e, 0, 3);
	svec_inner(x->one, g, p->s);
	svec_sum(x->other, x->b->sum);
	svec_add(x->one, x->one, x->other);
	r = raise(x, x->left, p->g, x->one);
	if (r != R_GOOD)
		goto out;
	svec_inner(x->one, y, p->s);
	r = raise(x, x->left, p->y, x->one);
out:
	svec_free(g);
	svec_free(y);
	return r;
}

/* What (S13) adds to the powers of h and chat_N. */
static enum result
last_link(struct end *x, const struct shuffle_claim *p, const struct svec *u,
    const struct gvec *chat_N)
{
	enum result r;

	svec_mul(x->other, x->b->e2, x->b->c);
	svec_product(x->one, u);
	svec_mul(x->one, x->one, x->other);
	r = raise(x, x->left, p->h, x->one);
	if (r != R_GOOD)
		return r;
	svec_neg(x->other, x->other);
	return raise(x, x->left, chat_N, x->other);
}

enum result
combination_end(struct combination *b, const struct shuffle_claim *p, const struct svec *u,
    const struct gvec *chat_N)
{
	const struct group *g = svec_group(b->c);
	struct end x = { .b = b };
	enum result r;

	if ((r = svec_new(&x.one, g, 1)) != R_GOOD || (r = svec_new(&x.other, g, 1)) != R_GOOD ||
	    (r = gvec_new(&x.part, g, 1)) != R_GOOD || (r = gvec_new(&x.left, g, 1)) != R_GOOD ||
	    (r = gvec_new(&x.right, g, 1)) != R_GOOD || (r = gvec_new(&x.inner, g, 1)) != R_GOOD ||
	    (r = gather_all(&x)) != R_GOOD || (r = fixed_bases(&x, p)) != R_GOOD ||
	    (r = last_link(&x, p, u, chat_N)) != R_GOOD ||
	    (r = gvec_multipow_vartime(x.part, p->t, b->e, NULL)) != R_GOOD)
		goto out;
	gvec_mul(x.right, x.right, x.part);
	r = gvec_differ_vartime(x.left, x.right) == 1 ? R_GOOD : R_BAD_SHUFFLE;
out:
	svec_free(x.one);
	svec_free(x.other);
	gvec_free(x.part);
	gvec_free(x.left);
	gvec_free(x.right);
	gvec_free(x.inner);
	return r;
}

enum result
shuffle_equations_at_once(const struct shuffle_claim *p, const struct svec *c, struct rng *rng,
    const struct effort *effort)
{
	struct combination *b = NULL;
	struct gvec *last = NULL;
	enum result r;

	if ((r = combination_new(&b, c, p->rows, p->width, 1, rng)) != R_GOOD ||
	    (r = combination_rows(b, p, 0, 0, p->h, effort)) != R_GOOD ||
	    (r = gvec_slice(&last, p->chat, p->rows - 1, 1)) != R_GOOD)
		goto out;
	r = combination_end(b, p, p->u, last);
out:
	gvec_free(last);
	combination_free(b);
	return r;
}
