/* What the mixer of a shuffle draws. */
#include <assert.h>
#include <stdlib.h>

#include "crypto/mem.h"
#include "crypto/shuffle_parts.h"

void
shuffle_secrets_free(struct shuffle_secrets *x)
{
	size_t k;

	if (x == NULL)
		return;
	mem_free(x->psi);
	for (k = 0; x->rprime != NULL && k < x->width; k++)
		svec_free(x->rprime[k]);
	free(x->rprime);
	svec_free(x->r);
	svec_free(x->rhat);
	svec_free(x->w);
	svec_free(x->what);
	svec_free(x->wprime);
	mem_free(x);
}

static enum result
draw(struct svec **out, const struct group *g, size_t n, struct rng *rng)
{
	enum result r;

	r = svec_new(out, g, n);
	if (r != R_GOOD)
		return r;
	return svec_random(*out, rng);
}

enum result
shuffle_secrets_new(struct shuffle_secrets **out, const struct group *g, size_t rows, size_t width,
    struct rng *rng)
{
	struct shuffle_secrets *x;
	enum result r = R_NO_MEMORY;
	size_t k;

	assert(rows <= SHUFFLE_ROWS_MAX);
	*out = NULL;
	x = mem_new(1, sizeof *x);
	if (x == NULL)
		goto out;
	x->rows = rows;
	x->width = width;
	x->psi = mem_new(rows, sizeof *x->psi);
	x->rprime = calloc(width, sizeof(struct svec *));
	if (x->psi == NULL || x->rprime == NULL)
		goto out;
	rng_permutation(rng, x->psi, (uint32_t)rows);
	for (k = 0; k < width; k++) {
		r = draw(&x->rprime[k], g, rows, rng);
		if (r != R_GOOD)
			goto out;
	}
	if ((r = draw(&x->r, g, rows, rng)) != R_GOOD ||
	    (r = draw(&x->rhat, g, rows, rng)) != R_GOOD ||
	    (r = draw(&x->w, g, 3 + width, rng)) != R_GOOD ||
	    (r = draw(&x->what, g, rows, rng)) != R_GOOD ||
	    (r = draw(&x->wprime, g, rows, rng)) != R_GOOD)
		goto out;
	*out = x;
	x = NULL;
out:
	shuffle_secrets_free(x);
	return r;
}
