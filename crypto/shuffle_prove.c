/*
 * The mixer's side of the shuffle: draw, permute and re-encrypt, prove.
 */
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#include "crypto/mem.h"
#include "crypto/shuffle_parts.h"
#include "crypto/stages.h"

/* Rough costs for a row, in fixed-base powers: for progress only. */
#define READ_WEIGHT 1
#define POWER_WEIGHT 1
#define PRODUCT_WEIGHT 6

/* ---- the secrets ---- */

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

/* Make a uniform permutation of 0..n-1 (Fisher and Yates). */
static void
permute(uint32_t *psi, size_t n, struct rng *rng)
{
	uint32_t i, j, swap;

	for (i = 0; i < n; i++)
		psi[i] = i;
	for (i = (uint32_t)n; i > 1; i--) {
		j = rng_below(rng, i);
		swap = psi[i - 1];
		psi[i - 1] = psi[j];
		psi[j] = swap;
	}
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
	permute(x->psi, rows, rng);
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

/* ---- the mixer ---- */

/* One mix under way. */
struct mixer {
	const struct shuffle_statement *s;
	const struct shuffle_secrets *x;
	struct shuffle_layout at;
	size_t N, w;
	uint8_t *proof;
	struct elgamal_list *in, *out;
	struct gvec *g, *h; /* 1 */
	struct gvec *h_i;   /* N */
	struct transcript P;
	struct svec *u, *uprime;          /* N */
	struct svec *R, *U;               /* R_0..R_N and U_0..U_N: N + 1 */
	struct svec *R_before, *U_before; /* views: their first N */
	struct gvec *tmp_a, *tmp_b;       /* N */
	struct svec *tmp;                 /* N */
	struct stages stages;
};

static void
mixer_free(struct mixer *m)
{
	elgamal_list_free(m->in);
	elgamal_list_free(m->out);
	gvec_free(m->g);
	gvec_free(m->h);
	gvec_free(m->h_i);
	svec_free(m->u);
	svec_free(m->uprime);
	svec_free(m->R_before);
	svec_free(m->U_before);
	svec_free(m->R);
	svec_free(m->U);
	gvec_free(m->tmp_a);
	gvec_free(m->tmp_b);
	svec_free(m->tmp);
}

static enum result
mixer_new(struct mixer *m, const struct effort *effort)
{
	const struct group *group = m->s->group;
	const size_t N = m->N, w = m->w;
	enum result r;

	stages_start(&m->stages, effort,
	    w * 2 * (2 * READ_WEIGHT + POWER_WEIGHT) + READ_WEIGHT + 5 * POWER_WEIGHT +
		3 * READ_WEIGHT + PRODUCT_WEIGHT * (1 + 2 * w));
	if ((r = gvec_new(&m->g, group, 1)) != R_GOOD ||
	    (r = gvec_new(&m->h, group, 1)) != R_GOOD ||
	    (r = gvec_new(&m->h_i, group, N)) != R_GOOD ||
	    (r = svec_new(&m->u, group, N)) != R_GOOD ||
	    (r = svec_new(&m->uprime, group, N)) != R_GOOD ||
	    (r = svec_new(&m->R, group, N + 1)) != R_GOOD ||
	    (r = svec_new(&m->U, group, N + 1)) != R_GOOD ||
	    (r = svec_slice(&m->R_before, m->R, 0, N)) != R_GOOD ||
	    (r = svec_slice(&m->U_before, m->U, 0, N)) != R_GOOD ||
	    (r = gvec_new(&m->tmp_a, group, N)) != R_GOOD ||
	    (r = gvec_new(&m->tmp_b, group, N)) != R_GOOD ||
	    (r = svec_new(&m->tmp, group, N)) != R_GOOD)
		return r;
	gvec_set_generator(m->g);
	return shuffle_generators(m->h, m->h_i, stages_next(&m->stages, READ_WEIGHT));
}

/* Make the output list. */
static enum result
mix(struct mixer *m, uint8_t *output)
{
	enum result r;
	size_t k;

	r = elgamal_list_decode(&m->in, m->s->group, m->N, m->w, m->s->input, NULL,
	    stages_next(&m->stages, m->w * 2 * READ_WEIGHT));
	if (r != R_GOOD)
		return r;
	r = elgamal_list_new(&m->out, m->s->group, m->N, m->w);
	if (r != R_GOOD)
		return r;
	for (k = 0; k < m->w; k++) {
		/* (S1) */
		gvec_gather(m->tmp_a, m->in->a[k], m->x->psi);
		gvec_gather(m->tmp_b, m->in->b[k], m->x->psi);
		r = elgamal_reencrypt(m->out->a[k], m->out->b[k], m->s->y, m->tmp_a, m->tmp_b,
		    m->x->rprime[k], stages_next(&m->stages, 2 * POWER_WEIGHT));
		if (r != R_GOOD)
			return r;
	}
	elgamal_list_free(m->in);
	m->in = NULL;
	return elgamal_list_encode(output, m->out, stages_next(&m->stages, m->w * 2 * READ_WEIGHT));
}

/* Write n elements of the proof. */
static enum result
put(struct mixer *m, size_t at, const struct gvec *v, const struct effort *effort)
{
	return gvec_encode(m->proof + at, group_element_bytes(m->s->group), v, effort);
}

/* Commit to the permutation. */
static enum result
commit(struct mixer *m)
{
	uint32_t *inverse;
	enum result r;
	size_t i;

	inverse = mem_new(m->N, sizeof *inverse);
	if (inverse == NULL)
		return R_NO_MEMORY;
	for (i = 0; i < m->N; i++)
		inverse[m->x->psi[i]] = (uint32_t)i;
	/* (S2) for j = psi(i): c_j = g^r_j * h_i */
	gvec_gather(m->tmp_b, m->h_i, inverse);
	mem_free(inverse);
	r = gvec_pow_fixed(m->tmp_a, m->g, m->x->r, stages_next(&m->stages, POWER_WEIGHT));
	if (r != R_GOOD)
		return r;
	gvec_mul(m->tmp_a, m->tmp_a, m->tmp_b);
	return put(m, m->at.c, m->tmp_a, stages_next(&m->stages, READ_WEIGHT));
}

/* Commit to the chain of products of the u'. */
static enum result
chain(struct mixer *m)
{
	struct svec *first = NULL, *R = NULL, *U = NULL;
	enum result r;

	if ((r = svec_new(&first, m->s->group, 1)) != R_GOOD ||
	    (r = svec_slice(&R, m->R, 1, m->N)) != R_GOOD ||
	    (r = svec_slice(&U, m->U, 1, m->N)) != R_GOOD)
		goto out;
	/* (S5); m->tmp is zero */
	svec_chain(R, first, m->x->rhat, m->uprime);
	svec_set_u64(first, 0, 1);
	svec_copy(m->U, 0, first, 0, 1);
	svec_chain(U, first, m->tmp, m->uprime);
	/* (S4) */
	if ((r = gvec_pow_fixed(m->tmp_a, m->g, R, stages_next(&m->stages, POWER_WEIGHT))) !=
		R_GOOD ||
	    (r = gvec_pow_fixed(m->tmp_b, m->h, U, stages_next(&m->stages, POWER_WEIGHT))) !=
		R_GOOD)
		goto out;
	gvec_mul(m->tmp_a, m->tmp_a, m->tmp_b);
	r = put(m, m->at.chat, m->tmp_a, stages_next(&m->stages, READ_WEIGHT));
out:
	svec_free(first);
	svec_free(R);
	svec_free(U);
	return r;
}

/* t[at] = base^w[w_at], or its inverse, times prod v_i^w'_i; v may be NULL. */
static enum result
announce_one(struct mixer *m, struct gvec *t, size_t at, const struct gvec *base, size_t w_at,
    int negate, const struct gvec *v)
{
	struct gvec *left = NULL, *right = NULL;
	struct svec *w = NULL;
	enum result r;

	if ((r = gvec_new(&left, m->s->group, 1)) != R_GOOD ||
	    (r = gvec_new(&right, m->s->group, 1)) != R_GOOD ||
	    (r = svec_new(&w, m->s->group, 1)) != R_GOOD)
		goto out;
	svec_copy(w, 0, m->x->w, w_at, 1);
	if (negate)
		svec_neg(w, w);
	r = gvec_pow_fixed(left, base, w, NULL);
	if (r != R_GOOD)
		goto out;
	if (v != NULL) {
		r = gvec_multipow(right, v, m->x->wprime, stages_next(&m->stages, PRODUCT_WEIGHT));
		if (r != R_GOOD)
			goto out;
		gvec_mul(left, left, right);
	}
	gvec_copy(t, at, left, 0, 1);
out:
	gvec_free(left);
	gvec_free(right);
	svec_free(w);
	return r;
}

/* Commit to the nonces: the t. */
static enum result
announce(struct mixer *m)
{
	struct gvec *t = NULL;
	enum result r;
	size_t k;

	r = gvec_new(&t, m->s->group, 3 + 2 * m->w);
	if (r != R_GOOD)
		goto out;
	/* (S7) */
	if ((r = announce_one(m, t, 0, m->g, 0, 0, NULL)) != R_GOOD ||
	    (r = announce_one(m, t, 1, m->g, 1, 0, NULL)) != R_GOOD ||
	    (r = announce_one(m, t, 2, m->g, 2, 0, m->h_i)) != R_GOOD)
		goto out;
	/* (S8) */
	for (k = 0; k < m->w; k++)
		if ((r = announce_one(m, t, 3 + 2 * k, m->g, 3 + k, 1, m->out->a[k])) != R_GOOD ||
		    (r = announce_one(m, t, 4 + 2 * k, m->s->y, 3 + k, 1, m->out->b[k])) != R_GOOD)
			goto out;
	r = put(m, m->at.t, t, NULL);
out:
	gvec_free(t);
	return r;
}

/* Commit to the nonces: the that. */
static enum result
announce_chain(struct mixer *m)
{
	enum result r;

	/* (S9), both powers from fixed bases */
	svec_mul(m->tmp, m->x->wprime, m->R_before);
	svec_add(m->tmp, m->tmp, m->x->what);
	r = gvec_pow_fixed(m->tmp_a, m->g, m->tmp, stages_next(&m->stages, POWER_WEIGHT));
	if (r != R_GOOD)
		return r;
	svec_mul(m->tmp, m->x->wprime, m->U_before);
	r = gvec_pow_fixed(m->tmp_b, m->h, m->tmp, stages_next(&m->stages, POWER_WEIGHT));
	if (r != R_GOOD)
		return r;
	gvec_mul(m->tmp_a, m->tmp_a, m->tmp_b);
	return put(m, m->at.that, m->tmp_a, stages_next(&m->stages, READ_WEIGHT));
}

/* sum = what s_1, s_2, s_3, s_41..s_4w are the answers about. */
static enum result
sums(struct mixer *m, struct svec *sum)
{
	struct svec *one = NULL;
	enum result r;
	size_t k;

	r = svec_new(&one, m->s->group, 1);
	if (r != R_GOOD)
		return r;
	/* (S6) */
	svec_sum(one, m->x->r);
	svec_copy(sum, 0, one, 0, 1);
	svec_copy(sum, 1, m->R, m->N, 1);
	svec_inner(one, m->x->r, m->u);
	svec_copy(sum, 2, one, 0, 1);
	for (k = 0; k < m->w; k++) {
		svec_inner(one, m->x->rprime[k], m->uprime);
		svec_copy(sum, 3 + k, one, 0, 1);
	}
	svec_free(one);
	return R_GOOD;
}

/* Write nonce + c * secret at proof + at. */
static void
answer(struct mixer *m, size_t at, struct svec *tmp, const struct svec *nonce, const struct svec *c,
    const struct svec *secret)
{
	svec_mul(tmp, secret, c);
	svec_add(tmp, tmp, nonce);
	svec_encode(m->proof + at, group_scalar_bytes(m->s->group), tmp);
}

static enum result
respond(struct mixer *m)
{
	struct svec *c = NULL, *sum = NULL, *s = NULL;
	enum result r;

	if ((r = svec_new(&c, m->s->group, 1)) != R_GOOD ||
	    (r = svec_new(&sum, m->s->group, 3 + m->w)) != R_GOOD ||
	    (r = svec_new(&s, m->s->group, 3 + m->w)) != R_GOOD)
		goto out;
	r = sums(m, sum);
	if (r != R_GOOD)
		goto out;
	shuffle_challenge(c, &m->P, m->s, m->proof);
	/* (S11) */
	answer(m, m->at.s, s, m->x->w, c, sum);
	answer(m, m->at.shat, m->tmp, m->x->what, c, m->x->rhat);
	answer(m, m->at.sprime, m->tmp, m->x->wprime, c, m->uprime);
out:
	svec_free(c);
	svec_free(sum);
	svec_free(s);
	return r;
}

/* Prove; m->out is the output as a list, m->s->output its bytes. */
static enum result
prove(struct mixer *m)
{
	enum result r;

	r = commit(m);
	if (r != R_GOOD)
		return r;
	shuffle_transcript(&m->P, m->s, m->proof + m->at.c);
	r = shuffle_coefficients(m->u, &m->P);
	if (r != R_GOOD)
		return r;
	svec_gather(m->uprime, m->u, m->x->psi);
	if ((r = chain(m)) != R_GOOD || (r = announce(m)) != R_GOOD ||
	    (r = announce_chain(m)) != R_GOOD)
		return r;
	return respond(m);
}

enum result
shuffle_mix_with(struct shuffle_statement *s, uint8_t *output, uint8_t *proof,
    const struct shuffle_secrets *x, const struct effort *effort)
{
	struct mixer m = { .s = s, .x = x, .N = s->rows, .w = s->width, .proof = proof };
	enum result r;

	s->output = (struct slice){ NULL, 0 };
	r = shuffle_check(s);
	if (r != R_GOOD)
		return r;
	m.at = shuffle_layout(s);
	if ((r = mixer_new(&m, effort)) != R_GOOD || (r = mix(&m, output)) != R_GOOD)
		goto out;
	s->output = (struct slice){ output, s->input.n };
	r = prove(&m);
out:
	mixer_free(&m);
	return r;
}

enum result
shuffle_prove_with(const struct shuffle_statement *s, uint8_t *proof,
    const struct shuffle_secrets *x, const struct effort *effort)
{
	struct mixer m = { .s = s, .x = x, .N = s->rows, .w = s->width, .proof = proof };
	enum result r;

	r = shuffle_check(s);
	if (r != R_GOOD)
		return r;
	m.at = shuffle_layout(s);
	r = mixer_new(&m, effort);
	if (r != R_GOOD)
		goto out;
	r = elgamal_list_decode(&m.out, s->group, m.N, m.w, s->output, NULL,
	    stages_next(&m.stages, m.w * 2 * (2 * READ_WEIGHT + POWER_WEIGHT)));
	if (r != R_GOOD)
		goto out;
	r = prove(&m);
out:
	mixer_free(&m);
	return r;
}

/* Start the stream that everything is drawn from. It depends on the whole statement but for the
 * output, which follows from it: if `rng` ever repeats itself, then either the list and
 * its place are the same and so is the proof, or all secrets differ. */
static void
start_stream(struct rng *stream, struct rng *rng, const struct shuffle_statement *s)
{
	const size_t size = group_element_bytes(s->group);
	struct transcript t;
	uint8_t y[GROUP_ENCODING_MAX], hash[64];

	gvec_encode(y, size, s->y, NULL);
	transcript_start(&t, "tabella/1 shuffle secrets", group_name(s->group), s->close);
	transcript_u64(&t, s->item);
	transcript_u64(&t, s->ordinal);
	transcript_u64(&t, s->trustee);
	transcript_bytes(&t, y, size);
	elgamal_list_enter(&t, s->input, s->rows, s->width);
	transcript_finish(&t, hash);
	rng_hedged(stream, rng, "tabella/1 shuffle secrets", NULL, 0, hash, sizeof hash);
}

enum result
shuffle_mix(struct shuffle_statement *s, uint8_t *output, uint8_t *proof, struct rng *rng,
    const struct effort *effort)
{
	struct shuffle_secrets *x = NULL;
	struct rng stream;
	enum result r;

	s->output = (struct slice){ NULL, 0 };
	r = shuffle_check(s);
	if (r != R_GOOD)
		return r;
	start_stream(&stream, rng, s);
	r = shuffle_secrets_new(&x, s->group, s->rows, s->width, &stream);
	rng_wipe(&stream);
	if (r != R_GOOD)
		return r;
	r = shuffle_mix_with(s, output, proof, x, effort);
	shuffle_secrets_free(x);
	return r;
}
