/*
 * The equations (S12) to (S17) of the shuffle, each as it stands in
 * docs/protocol.md: the reference for the faster form in shuffle_verify.c.
 */
#include "crypto/shuffle_parts.h"

/* Temporaries for one equation between single elements. */
struct sides {
	struct gvec *left, *right, *part;
	struct svec *e;
};

static void
sides_free(struct sides *x)
{
	gvec_free(x->left);
	gvec_free(x->right);
	gvec_free(x->part);
	svec_free(x->e);
}

static enum result
sides_new(struct sides *x, const struct group *g)
{
	enum result r;

	*x = (struct sides){ .left = NULL };
	if ((r = gvec_new(&x->left, g, 1)) != R_GOOD || (r = gvec_new(&x->right, g, 1)) != R_GOOD ||
	    (r = gvec_new(&x->part, g, 1)) != R_GOOD || (r = svec_new(&x->e, g, 1)) != R_GOOD)
		return r;
	return R_GOOD;
}

/* left = base^s[at] */
static enum result
set_left(struct sides *x, const struct gvec *base, const struct svec *s, size_t at)
{
	svec_copy(x->e, 0, s, at, 1);
	return gvec_pow_vartime(x->left, base, x->e, NULL);
}

/* Is left = t[at] * right^c? */
static enum result
compare(struct sides *x, const struct gvec *t, size_t at, const struct svec *c)
{
	enum result r;

	r = gvec_pow_vartime(x->right, x->right, c, NULL);
	if (r != R_GOOD)
		return r;
	gvec_copy(x->part, 0, t, at, 1);
	gvec_mul(x->right, x->part, x->right);
	return gvec_differ_vartime(x->left, x->right) == 1 ? R_GOOD : R_BAD_SHUFFLE;
}

enum result
shuffle_equation_12(const struct shuffle_claim *p, const struct svec *c)
{
	struct sides x;
	enum result r;

	r = sides_new(&x, svec_group(c));
	if (r != R_GOOD)
		goto out;
	/* (S12) */
	r = set_left(&x, p->g, p->s, 0);
	if (r != R_GOOD)
		goto out;
	gvec_product(x.right, p->c);
	gvec_product(x.part, p->h_i);
	gvec_div(x.right, x.right, x.part);
	r = compare(&x, p->t, 0, c);
out:
	sides_free(&x);
	return r;
}

enum result
shuffle_equation_13(const struct shuffle_claim *p, const struct svec *c)
{
	struct sides x;
	enum result r;

	r = sides_new(&x, svec_group(c));
	if (r != R_GOOD)
		goto out;
	/* (S13) */
	r = set_left(&x, p->g, p->s, 1);
	if (r != R_GOOD)
		goto out;
	svec_product(x.e, p->u);
	r = gvec_pow_vartime(x.part, p->h, x.e, NULL);
	if (r != R_GOOD)
		goto out;
	gvec_copy(x.right, 0, p->chat, p->rows - 1, 1);
	gvec_div(x.right, x.right, x.part);
	r = compare(&x, p->t, 1, c);
out:
	sides_free(&x);
	return r;
}

/* base^(+-s[s_at]) * prod v_i^s'_i = t[t_at] * (prod w_i^u_i)^c, the form of three of the
 * equations. */
static enum result
weighted(const struct shuffle_claim *p, const struct gvec *base, int negate, size_t s_at,
    const struct gvec *v, size_t t_at, const struct gvec *w, const struct svec *c)
{
	struct sides x;
	enum result r;

	r = sides_new(&x, svec_group(c));
	if (r != R_GOOD)
		goto out;
	svec_copy(x.e, 0, p->s, s_at, 1);
	if (negate)
		svec_neg(x.e, x.e);
	r = gvec_pow_vartime(x.left, base, x.e, NULL);
	if (r != R_GOOD)
		goto out;
	r = gvec_multipow_vartime(x.part, v, p->sprime, NULL);
	if (r != R_GOOD)
		goto out;
	gvec_mul(x.left, x.left, x.part);
	r = gvec_multipow_vartime(x.right, w, p->u, NULL);
	if (r != R_GOOD)
		goto out;
	r = compare(&x, p->t, t_at, c);
out:
	sides_free(&x);
	return r;
}

enum result
shuffle_equation_14(const struct shuffle_claim *p, const struct svec *c)
{
	/* (S14) */
	return weighted(p, p->g, 0, 2, p->h_i, 2, p->c, c);
}

enum result
shuffle_equation_15(const struct shuffle_claim *p, size_t k, const struct svec *c)
{
	/* (S15) */
	return weighted(p, p->g, 1, 3 + k, p->out->a[k], 3 + 2 * k, p->in->a[k], c);
}

enum result
shuffle_equation_16(const struct shuffle_claim *p, size_t k, const struct svec *c)
{
	/* (S16) */
	return weighted(p, p->y, 1, 3 + k, p->out->b[k], 4 + 2 * k, p->in->b[k], c);
}

enum result
shuffle_equation_17(const struct shuffle_claim *p, const struct svec *c)
{
	const struct group *g = svec_group(c);
	struct gvec *left = NULL, *right = NULL, *before = NULL;
	enum result r;

	if ((r = gvec_new(&left, g, p->rows)) != R_GOOD ||
	    (r = gvec_new(&right, g, p->rows)) != R_GOOD ||
	    (r = gvec_new(&before, g, p->rows)) != R_GOOD)
		goto out;
	/* (S17), chat_0 being h */
	gvec_copy(before, 0, p->h, 0, 1);
	gvec_copy(before, 1, p->chat, 0, p->rows - 1);
	if ((r = gvec_pow_fixed(left, p->g, p->shat, NULL)) != R_GOOD ||
	    (r = gvec_pow_vartime(right, before, p->sprime, NULL)) != R_GOOD)
		goto out;
	gvec_mul(left, left, right);
	r = gvec_pow_vartime(right, p->chat, c, NULL);
	if (r != R_GOOD)
		goto out;
	gvec_mul(right, p->that, right);
	r = gvec_differ_vartime(left, right) == p->rows ? R_GOOD : R_BAD_SHUFFLE;
out:
	gvec_free(left);
	gvec_free(right);
	gvec_free(before);
	return r;
}

enum result
shuffle_equations(const struct shuffle_claim *p, const struct svec *c)
{
	enum result r;
	size_t k;

	if ((r = shuffle_equation_12(p, c)) != R_GOOD ||
	    (r = shuffle_equation_13(p, c)) != R_GOOD ||
	    (r = shuffle_equation_14(p, c)) != R_GOOD || (r = shuffle_equation_17(p, c)) != R_GOOD)
		return r;
	for (k = 0; k < p->width; k++)
		if ((r = shuffle_equation_15(p, k, c)) != R_GOOD ||
		    (r = shuffle_equation_16(p, k, c)) != R_GOOD)
			return r;
	return R_GOOD;
}
