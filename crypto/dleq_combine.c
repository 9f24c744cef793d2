/*
 * From the decryption factors of t trustees to the plaintexts. With shares x_i of
 * a polynomial of degree t-1 and D10's coefficients, the election's secret is
 * sum lambda_i * x_i, so that prod d_i^lambda_i is what blinds b.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/dleq.h"
#include "crypto/stages.h"

/* lambda[at] for the trustee trustees[at]. */
static enum result
coefficient(struct svec *lambda, const uint32_t *trustees, size_t n, size_t at)
{
	const struct group *group = svec_group(lambda);
	struct svec *top = NULL, *bottom = NULL, *i = NULL, *one = NULL;
	enum result r;
	size_t j, m = 0;

	if ((r = svec_new(&top, group, n - 1)) != R_GOOD ||
	    (r = svec_new(&bottom, group, n - 1)) != R_GOOD ||
	    (r = svec_new(&i, group, 1)) != R_GOOD || (r = svec_new(&one, group, 1)) != R_GOOD)
		goto out;
	svec_set_u64(i, 0, trustees[at]);
	for (j = 0; j < n; j++)
		if (j != at) {
			assert(trustees[j] != trustees[at]);
			svec_set_u64(top, m++, trustees[j]);
		}
	/* (D10) */
	svec_sub(bottom, top, i);
	svec_product(one, bottom);
	svec_invert(one, one);
	svec_product(i, top);
	svec_mul(i, i, one);
	svec_copy(lambda, at, i, 0, 1);
out:
	svec_free(top);
	svec_free(bottom);
	svec_free(i);
	svec_free(one);
	return r;
}

enum result
dleq_lagrange(struct svec *lambda, const uint32_t *trustees, size_t n)
{
	enum result r = R_GOOD;
	size_t i;

	assert(svec_len(lambda) == n);
	for (i = 0; i < n && r == R_GOOD; i++)
		r = coefficient(lambda, trustees, n, i);
	return r;
}

/* ---- the same as integers ---- */

static uint32_t
gcd(uint32_t a, uint32_t b)
{
	uint32_t rest;

	while (b != 0) {
		rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

/* Cancel what the products of two lists of factors have in common. */
static void
cancel(uint32_t *a, size_t a_n, uint32_t *b, size_t b_n)
{
	uint32_t common;
	size_t i, j;

	for (i = 0; i < a_n; i++)
		for (j = 0; j < b_n && a[i] > 1; j++) {
			common = gcd(a[i], b[j]);
			a[i] /= common;
			b[j] /= common;
		}
}

/* Integers as lists of their factors. */
struct fractions {
	const uint32_t *trustees;
	size_t n;
	uint32_t *top, *bottom; /* of one coefficient, n - 1 each */
	uint32_t *common;       /* the common denominator */
	size_t common_n;
	uint32_t *rest; /* a copy of it */
};

/* (D10): the coefficient of the trustee `at` in lowest terms; returns 1 if it is negative. */
static int
lowest_terms(struct fractions *f, size_t at)
{
	const uint32_t i = f->trustees[at];
	size_t k, n = 0;
	int negative = 0;

	for (k = 0; k < f->n; k++) {
		const uint32_t j = f->trustees[k];

		if (k == at)
			continue;
		assert(i != j && i > 0 && j > 0);
		f->top[n] = j;
		f->bottom[n++] = j > i ? j - i : i - j;
		negative ^= j < i;
	}
	cancel(f->bottom, n, f->top, n);
	return negative;
}

/* Set the rest to the common denominator without this coefficient's, and leave in f->bottom what of it
 * is not in there. */
static void
divide_common(struct fractions *f)
{
	memcpy(f->rest, f->common, f->common_n * sizeof *f->rest);
	cancel(f->bottom, f->n - 1, f->rest, f->common_n);
}

/* v[at] *= the factors; `one` is a temporary. */
static void
multiply_factors(struct svec *v, size_t at, const uint32_t *factors, size_t n, struct svec *one,
    struct svec *product)
{
	size_t i;

	svec_copy(product, 0, v, at, 1);
	for (i = 0; i < n; i++) {
		if (factors[i] == 1)
			continue;
		svec_set_u64(one, 0, factors[i]);
		svec_mul(product, product, one);
	}
	svec_copy(v, at, product, 0, 1);
}

static enum result
whole(struct fractions *f, struct svec *top, struct svec *bottom)
{
	struct svec *one = NULL, *product = NULL;
	enum result r;
	size_t i, k;
	int negative;

	if ((r = svec_new(&one, svec_group(top), 1)) != R_GOOD ||
	    (r = svec_new(&product, svec_group(top), 1)) != R_GOOD)
		goto out;
	for (i = 0; i < f->n; i++) {
		(void)lowest_terms(f, i);
		divide_common(f);
		for (k = 0; k + 1 < f->n; k++)
			if (f->bottom[k] > 1)
				f->common[f->common_n++] = f->bottom[k];
	}
	for (i = 0; i < f->n; i++) {
		negative = lowest_terms(f, i);
		divide_common(f);
		svec_set_u64(top, i, 1);
		multiply_factors(top, i, f->top, f->n - 1, one, product);
		multiply_factors(top, i, f->rest, f->common_n, one, product);
		if (negative) {
			svec_copy(product, 0, top, i, 1);
			svec_neg(product, product);
			svec_copy(top, i, product, 0, 1);
		}
	}
	svec_set_u64(bottom, 0, 1);
	multiply_factors(bottom, 0, f->common, f->common_n, one, product);
out:
	svec_free(one);
	svec_free(product);
	return r;
}

enum result
dleq_lagrange_whole(struct svec *top, struct svec *bottom, const uint32_t *trustees, size_t n)
{
	struct fractions f = { .trustees = trustees, .n = n };
	enum result r = R_NO_MEMORY;

	assert(n > 0 && svec_len(top) == n && svec_len(bottom) == 1);
	f.top = calloc(n, sizeof *f.top);
	f.bottom = calloc(n, sizeof *f.bottom);
	f.common = calloc(n * n, sizeof *f.common);
	f.rest = calloc(n * n, sizeof *f.rest);
	if (f.top != NULL && f.bottom != NULL && f.common != NULL && f.rest != NULL)
		r = whole(&f, top, bottom);
	free(f.top);
	free(f.bottom);
	free(f.common);
	free(f.rest);
	return r;
}

/* ---- combining, straight from the formula ---- */

/* One column: m[i] = b[i] / prod over the shares of d[i]^lambda. */
static enum result
combine_column(struct gvec *m, size_t k, const struct elgamal_list *list,
    const struct dleq_share *shares, struct svec *lambda, struct stages *stages)
{
	const size_t size = group_element_bytes(list->group);
	struct gvec *d = NULL, *blind = NULL;
	struct svec *exponent = NULL;
	enum result r;
	size_t i;

	if ((r = gvec_new(&d, list->group, list->rows)) != R_GOOD ||
	    (r = gvec_new(&blind, list->group, list->rows)) != R_GOOD ||
	    (r = svec_new(&exponent, list->group, 1)) != R_GOOD)
		goto out;
	/* (D11) */
	for (i = 0; i < svec_len(lambda); i++) {
		r = gvec_decode(d, shares[i].factors.p + k * size, list->width * size,
		    DECODE_NO_IDENTITY, NULL, stages_next(stages, 1));
		if (r != R_GOOD)
			goto out;
		svec_copy(exponent, 0, lambda, i, 1);
		r = gvec_pow_vartime(d, d, exponent, stages_next(stages, 4));
		if (r != R_GOOD)
			goto out;
		gvec_mul(blind, blind, d);
	}
	gvec_div(blind, list->b[k], blind);
	gvec_copy(m, k * list->rows, blind, 0, list->rows);
out:
	gvec_free(d);
	gvec_free(blind);
	svec_free(exponent);
	return r;
}

/* out = v, which stands column by column, row by row. */
static enum result
to_rows(struct gvec *out, const struct gvec *v, size_t rows, size_t width)
{
	uint32_t *index;
	size_t i, k;

	index = malloc(rows * width * sizeof *index);
	if (index == NULL)
		return R_NO_MEMORY;
	for (i = 0; i < rows; i++)
		for (k = 0; k < width; k++)
			index[i * width + k] = (uint32_t)(k * rows + i);
	gvec_gather(out, v, index);
	free(index);
	return R_GOOD;
}

enum result
dleq_combine(struct gvec *m, const struct elgamal_list *list, const struct dleq_share *shares,
    size_t t, const struct effort *effort)
{
	const size_t M = list->rows * list->width;
	struct gvec *columns = NULL;
	struct svec *lambda = NULL;
	uint32_t *trustees;
	struct stages stages;
	enum result r;
	size_t i, k;

	assert(t > 0 && gvec_len(m) == M && M <= UINT32_MAX);
	for (i = 0; i < t; i++)
		if (shares[i].factors.n != dleq_factors_bytes(list->group, list->rows, list->width))
			return R_BAD_WIDTH;
	trustees = calloc(t, sizeof *trustees);
	if (trustees == NULL)
		return R_NO_MEMORY;
	for (i = 0; i < t; i++)
		trustees[i] = shares[i].trustee;
	if ((r = svec_new(&lambda, list->group, t)) != R_GOOD ||
	    (r = gvec_new(&columns, list->group, M)) != R_GOOD ||
	    (r = dleq_lagrange(lambda, trustees, t)) != R_GOOD)
		goto out;
	stages_start(&stages, effort, (uint64_t)list->width * t * 5);
	for (k = 0; k < list->width; k++) {
		r = combine_column(columns, k, list, shares, lambda, &stages);
		if (r != R_GOOD)
			goto out;
	}
	r = to_rows(m, columns, list->rows, list->width);
out:
	free(trustees);
	svec_free(lambda);
	gvec_free(columns);
	return r;
}
