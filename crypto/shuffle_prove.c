/*
 * The mixer's side of the shuffle: draw, permute and re-encrypt, prove.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto/mem.h"
#include "crypto/shuffle_parts.h"
#include "crypto/stages.h"

/* Rough shares of the work: for progress only. */
#define ROWS_WEIGHT 12
#define HASH_WEIGHT 1
#define CHAIN_WEIGHT 8

/* ---- the mixer ---- */

/* One mix under way. Rows are worked on in ranges; a thread that has one holds its elements, and
 * all else of a row is scalars and bytes. */
struct mixer {
	const struct shuffle_statement *s;
	const struct shuffle_secrets *x;
	struct shuffle_layout at;
	size_t N, w;
	size_t grain;    /* rows of a range */
	uint8_t *output; /* NULL: the output is there already */
	uint8_t *proof;
	struct gvec *h;           /* 1 */
	struct gbase *g, *y, *h_; /* ready for powers */
	struct transcript P;
	struct svec *u, *uprime;          /* N */
	struct svec *R, *U;               /* R_0..R_N and U_0..U_N: N + 1 */
	struct svec *R_before, *U_before; /* views: their first N */
	struct svec *R_after, *U_after;   /* their last N */
	/* Of range k the ranges * which + k-th: prod h_i^w'_i, then for each column prod a'^w'_i
	 * and prod b'^w'_i. */
	struct gvec *product;
	struct svec *c; /* 1 */
	struct stages stages;
};

static void
mixer_free(struct mixer *m)
{
	gvec_free(m->h);
	gbase_free(m->g);
	gbase_free(m->y);
	gbase_free(m->h_);
	svec_free(m->u);
	svec_free(m->uprime);
	svec_free(m->R_before);
	svec_free(m->U_before);
	svec_free(m->R_after);
	svec_free(m->U_after);
	svec_free(m->R);
	svec_free(m->U);
	gvec_free(m->product);
	svec_free(m->c);
}

static enum result
mixer_bases(struct mixer *m)
{
	const struct group *group = m->s->group;
	struct gvec *g;
	enum result r;

	r = gvec_new(&g, group, 1);
	if (r != R_GOOD)
		return r;
	gvec_set_generator(g);
	if ((r = gvec_new(&m->h, group, 1)) != R_GOOD ||
	    (r = gvec_generators(m->h, SHUFFLE_GENERATORS, 0, NULL)) != R_GOOD ||
	    (r = gbase_new(&m->g, g, m->N)) != R_GOOD ||
	    (r = gbase_new(&m->y, m->s->y, m->N)) != R_GOOD)
		goto out;
	r = gbase_new(&m->h_, m->h, m->N);
out:
	gvec_free(g);
	return r;
}

static enum result
mixer_new(struct mixer *m, const struct effort *effort)
{
	const struct group *group = m->s->group;
	const size_t N = m->N;
	enum result r;

	stages_start(&m->stages, effort, ROWS_WEIGHT + 3 * HASH_WEIGHT + CHAIN_WEIGHT);
	m->grain = shuffle_grain(m->s, effort);
	if ((r = svec_new(&m->u, group, N)) != R_GOOD ||
	    (r = svec_new(&m->uprime, group, N)) != R_GOOD ||
	    (r = svec_new(&m->R, group, N + 1)) != R_GOOD ||
	    (r = svec_new(&m->U, group, N + 1)) != R_GOOD ||
	    (r = svec_slice(&m->R_before, m->R, 0, N)) != R_GOOD ||
	    (r = svec_slice(&m->U_before, m->U, 0, N)) != R_GOOD ||
	    (r = svec_slice(&m->R_after, m->R, 1, N)) != R_GOOD ||
	    (r = svec_slice(&m->U_after, m->U, 1, N)) != R_GOOD ||
	    (r = gvec_new(&m->product, group, par_count(N, m->grain) * (1 + 2 * m->w))) != R_GOOD ||
	    (r = svec_new(&m->c, group, 1)) != R_GOOD)
		return r;
	return mixer_bases(m);
}

/* ---- the rows: lists, commitments, and what of the t runs over rows ---- */

/* A range of them. */
struct rows {
	struct mixer *m;
	size_t from, n;
	const uint32_t *psi;
	struct elgamal_list *list; /* the rows of the input that become these, later these */
	uint8_t *bytes;            /* n encoded rows */
	struct gvec *h_i;          /* n */
	struct svec *wprime;       /* a view */
	struct svec *e;            /* n, a copy */
	struct gvec *part;         /* 1 */
};

static void
rows_free(struct rows *x)
{
	elgamal_list_free(x->list);
	mem_free(x->bytes);
	gvec_free(x->h_i);
	svec_free(x->wprime);
	svec_free(x->e);
	gvec_free(x->part);
}

static enum result
rows_new(struct rows *x)
{
	const struct group *g = x->m->s->group;
	enum result r;

	x->psi = x->m->x->psi + x->from;
	x->bytes = mem_new(x->n, 2 * x->m->w * group_element_bytes(g));
	if (x->bytes == NULL)
		return R_NO_MEMORY;
	if ((r = gvec_new(&x->h_i, g, x->n)) != R_GOOD ||
	    (r = svec_slice(&x->wprime, x->m->x->wprime, x->from, x->n)) != R_GOOD ||
	    (r = svec_new(&x->e, g, x->n)) != R_GOOD || (r = gvec_new(&x->part, g, 1)) != R_GOOD)
		return r;
	return gvec_generators(x->h_i, SHUFFLE_GENERATORS, 1 + x->from, NULL);
}

/* Read the rows: those of the input in their new order, or those of the output. */
static enum result
read_rows(struct rows *x)
{
	const struct mixer *m = x->m;
	const size_t row = 2 * m->w * group_element_bytes(m->s->group);
	struct slice bytes = { x->bytes, x->n * row };
	size_t i;

	if (m->output == NULL)
		bytes.p = m->s->output.p + x->from * row;
	else
		for (i = 0; i < x->n; i++)
			memcpy(x->bytes + i * row, m->s->input.p + x->psi[i] * row, row);
	return elgamal_list_decode(&x->list, m->s->group, x->n, m->w, bytes, NULL, NULL);
}

/* Set product `which` of this range to prod v_i^w'_i. */
static enum result
weigh(struct rows *x, size_t which, const struct gvec *v)
{
	const size_t ranges = par_count(x->m->N, x->m->grain);
	enum result r;

	r = gvec_multipow(x->part, v, x->wprime, NULL);
	if (r == R_GOOD)
		gvec_copy(x->m->product, ranges * which + x->from / x->m->grain, x->part, 0, 1);
	return r;
}

/* Re-encrypt column k and write it. */
static enum result
mix_column(struct rows *x, size_t k)
{
	const struct mixer *m = x->m;
	const size_t size = group_element_bytes(m->s->group), row = 2 * m->w * size;
	uint8_t *to = m->output + x->from * row + 2 * k * size;
	struct svec *rprime;
	enum result r;

	r = svec_slice(&rprime, m->x->rprime[k], x->from, x->n);
	if (r != R_GOOD)
		return r;
	/* (S1) */
	r = gvec_commit(to, row, x->list->a[k], x->list->a[k], m->g, rprime, NULL, NULL, NULL);
	if (r == R_GOOD)
		r = gvec_commit(to + size, row, x->list->b[k], x->list->b[k], m->y, rprime, NULL,
		    NULL, NULL);
	svec_free(rprime);
	return r;
}

/* Commit to where these rows came from. */
static enum result
commit(struct rows *x)
{
	const size_t size = group_element_bytes(x->m->s->group);
	enum result r;
	size_t i;

	/* (S2) for j = psi(i): c_j = g^r_j * h_i */
	svec_gather(x->e, x->m->x->r, x->psi);
	r = gvec_commit(x->bytes, size, NULL, x->h_i, x->m->g, x->e, NULL, NULL, NULL);
	if (r != R_GOOD)
		return r;
	for (i = 0; i < x->n; i++)
		memcpy(x->m->proof + x->m->at.c + x->psi[i] * size, x->bytes + i * size, size);
	return R_GOOD;
}

static enum result
mix_range(void *ctx, size_t from, size_t to, size_t *bad)
{
	struct rows x = { .m = ctx, .from = from, .n = to - from };
	enum result r;
	size_t k;

	(void)bad;
	if ((r = rows_new(&x)) != R_GOOD || (r = read_rows(&x)) != R_GOOD)
		goto out;
	for (k = 0; k < x.m->w; k++) {
		if (x.m->output != NULL && (r = mix_column(&x, k)) != R_GOOD)
			goto out;
		if ((r = weigh(&x, 1 + 2 * k, x.list->a[k])) != R_GOOD ||
		    (r = weigh(&x, 2 + 2 * k, x.list->b[k])) != R_GOOD)
			goto out;
	}
	if ((r = weigh(&x, 0, x.h_i)) != R_GOOD)
		goto out;
	r = commit(&x);
out:
	rows_free(&x);
	return r;
}

/* ---- the nonces: t ---- */

/* t[at] = base^w[w_at], or its inverse, times product `which` of all ranges if there is one. */
static enum result
announce_one(struct mixer *m, struct gvec *t, size_t at, const struct gbase *base, size_t w_at,
    int negate, const size_t *which)
{
	const size_t ranges = par_count(m->N, m->grain);
	struct gvec *left = NULL, *right = NULL, *all = NULL;
	struct svec *w = NULL;
	enum result r;

	if ((r = gvec_new(&left, m->s->group, 1)) != R_GOOD ||
	    (r = gvec_new(&right, m->s->group, 1)) != R_GOOD ||
	    (r = svec_new(&w, m->s->group, 1)) != R_GOOD)
		goto out;
	svec_copy(w, 0, m->x->w, w_at, 1);
	if (negate)
		svec_neg(w, w);
	r = gvec_pow_base(left, base, w, NULL);
	if (r != R_GOOD)
		goto out;
	if (which != NULL) {
		r = gvec_slice(&all, m->product, ranges * *which, ranges);
		if (r != R_GOOD)
			goto out;
		gvec_product(right, all);
		gvec_mul(left, left, right);
	}
	gvec_copy(t, at, left, 0, 1);
out:
	gvec_free(left);
	gvec_free(right);
	gvec_free(all);
	svec_free(w);
	return r;
}

/* Commit to the nonces: the t. */
static enum result
announce(struct mixer *m)
{
	struct gvec *t = NULL;
	enum result r;
	size_t k, which = 0;

	r = gvec_new(&t, m->s->group, 3 + 2 * m->w);
	if (r != R_GOOD)
		goto out;
	/* (S7) */
	if ((r = announce_one(m, t, 0, m->g, 0, 0, NULL)) != R_GOOD ||
	    (r = announce_one(m, t, 1, m->g, 1, 0, NULL)) != R_GOOD ||
	    (r = announce_one(m, t, 2, m->g, 2, 0, &which)) != R_GOOD)
		goto out;
	/* (S8) */
	for (k = 0; k < m->w; k++) {
		which = 1 + 2 * k;
		r = announce_one(m, t, 3 + 2 * k, m->g, 3 + k, 1, &which);
		if (r != R_GOOD)
			goto out;
		which = 2 + 2 * k;
		r = announce_one(m, t, 4 + 2 * k, m->y, 3 + k, 1, &which);
		if (r != R_GOOD)
			goto out;
	}
	r = gvec_encode(m->proof + m->at.t, group_element_bytes(m->s->group), t, NULL);
out:
	gvec_free(t);
	return r;
}

/* ---- the chain ---- */

/* Make the exponents of the chain of products of the u'. */
static enum result
exponents(struct mixer *m)
{
	struct svec *first = NULL, *zero = NULL;
	enum result r;

	svec_gather(m->uprime, m->u, m->x->psi);
	if ((r = svec_new(&first, m->s->group, 1)) != R_GOOD ||
	    (r = svec_new(&zero, m->s->group, m->N)) != R_GOOD)
		goto out;
	/* (S5) */
	svec_chain(m->R_after, first, m->x->rhat, m->uprime);
	svec_set_u64(first, 0, 1);
	svec_copy(m->U, 0, first, 0, 1);
	svec_chain(m->U_after, first, zero, m->uprime);
out:
	svec_free(first);
	svec_free(zero);
	return r;
}

/* Views of a range of the scalars of the chain, and room for exponents. */
struct links {
	struct svec *R, *U, *R_before, *U_before, *what, *wprime;
	struct svec *e, *f;
};

static void
links_free(struct links *l)
{
	svec_free(l->R);
	svec_free(l->U);
	svec_free(l->R_before);
	svec_free(l->U_before);
	svec_free(l->what);
	svec_free(l->wprime);
	svec_free(l->e);
	svec_free(l->f);
}

static enum result
links_new(struct links *l, const struct mixer *m, size_t from, size_t n)
{
	enum result r;

	if ((r = svec_slice(&l->R, m->R_after, from, n)) != R_GOOD ||
	    (r = svec_slice(&l->U, m->U_after, from, n)) != R_GOOD ||
	    (r = svec_slice(&l->R_before, m->R_before, from, n)) != R_GOOD ||
	    (r = svec_slice(&l->U_before, m->U_before, from, n)) != R_GOOD ||
	    (r = svec_slice(&l->what, m->x->what, from, n)) != R_GOOD ||
	    (r = svec_slice(&l->wprime, m->x->wprime, from, n)) != R_GOOD ||
	    (r = svec_new(&l->e, m->s->group, n)) != R_GOOD)
		return r;
	return svec_new(&l->f, m->s->group, n);
}

/* Commit to the chain, and to its nonces: chat and that. */
static enum result
chain_range(void *ctx, size_t from, size_t to, size_t *bad)
{
	struct mixer *m = ctx;
	const size_t size = group_element_bytes(m->s->group);
	struct links l = { .R = NULL };
	enum result r;

	(void)bad;
	r = links_new(&l, m, from, to - from);
	if (r != R_GOOD)
		goto out;
	/* (S4) */
	r = gvec_commit(m->proof + m->at.chat + from * size, size, NULL, NULL, m->g, l.R, m->h_,
	    l.U, NULL);
	if (r != R_GOOD)
		goto out;
	/* (S9), both powers from fixed bases */
	svec_muladd(l.e, l.wprime, l.R_before, l.what);
	svec_mul(l.f, l.wprime, l.U_before);
	r = gvec_commit(m->proof + m->at.that + from * size, size, NULL, NULL, m->g, l.e, m->h_,
	    l.f, NULL);
out:
	links_free(&l);
	return r;
}

/* ---- the answers ---- */

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

/* Write nonce + c * secret at proof + at, for n of them from `from` on. */
static enum result
answer(struct mixer *m, size_t at, struct svec *nonce, struct svec *secret, size_t from, size_t n)
{
	const size_t size = group_scalar_bytes(m->s->group);
	struct svec *w = NULL, *x = NULL, *s = NULL;
	enum result r;

	if ((r = svec_slice(&w, nonce, from, n)) != R_GOOD ||
	    (r = svec_slice(&x, secret, from, n)) != R_GOOD ||
	    (r = svec_new(&s, m->s->group, n)) != R_GOOD)
		goto out;
	svec_muladd(s, x, m->c, w);
	svec_encode(m->proof + at + from * size, size, s);
out:
	svec_free(w);
	svec_free(x);
	svec_free(s);
	return r;
}

static enum result
answer_range(void *ctx, size_t from, size_t to, size_t *bad)
{
	struct mixer *m = ctx;
	enum result r;

	(void)bad;
	r = answer(m, m->at.shat, m->x->what, m->x->rhat, from, to - from);
	if (r != R_GOOD)
		return r;
	return answer(m, m->at.sprime, m->x->wprime, m->uprime, from, to - from);
}

static enum result
respond(struct mixer *m, const struct effort *effort)
{
	struct svec *sum = NULL;
	enum result r;

	r = svec_new(&sum, m->s->group, 3 + m->w);
	if (r == R_GOOD)
		r = sums(m, sum);
	/* (S11) */
	if (r == R_GOOD)
		r = answer(m, m->at.s, m->x->w, sum, 0, 3 + m->w);
	if (r == R_GOOD)
		r = par_ranges(effort, m->N, m->grain, answer_range, m, NULL);
	svec_free(sum);
	return r;
}

/* Mix and prove; or prove alone. */
static enum result
mix(struct mixer *m, struct shuffle_statement *s)
{
	enum result r;

	r = par_ranges(stages_next(&m->stages, ROWS_WEIGHT), m->N, m->grain, mix_range, m, NULL);
	if (r != R_GOOD)
		return r;
	if (m->output != NULL)
		s->output = (struct slice){ m->output, s->input.n };
	if ((r = announce(m)) != R_GOOD ||
	    (r = shuffle_transcript(&m->P, s, m->proof + m->at.c,
		 stages_next(&m->stages, HASH_WEIGHT))) != R_GOOD ||
	    (r = shuffle_coefficients(m->u, &m->P)) != R_GOOD || (r = exponents(m)) != R_GOOD ||
	    (r = par_ranges(stages_next(&m->stages, CHAIN_WEIGHT), m->N, m->grain, chain_range, m,
		 NULL)) != R_GOOD)
		return r;
	r = shuffle_challenge(m->c, &m->P, s, m->proof, stages_next(&m->stages, HASH_WEIGHT));
	return r == R_GOOD ? respond(m, stages_next(&m->stages, HASH_WEIGHT)) : r;
}

/* With output NULL, prove alone. */
static enum result
mix_or_prove(struct shuffle_statement *s, uint8_t *output, uint8_t *proof,
    const struct shuffle_secrets *x, const struct effort *effort)
{
	struct mixer m = { .s = s,
		.x = x,
		.N = s->rows,
		.w = s->width,
		.output = output,
		.proof = proof };
	enum result r;

	r = shuffle_check(s);
	if (r != R_GOOD)
		return r;
	m.at = shuffle_layout(s);
	r = mixer_new(&m, effort);
	if (r == R_GOOD)
		r = mix(&m, s);
	mixer_free(&m);
	if (r != R_GOOD && r < R_NO_MEMORY)
		r = shuffle_list_refusal(s, output != NULL ? s->input : s->output, r);
	return r;
}

enum result
shuffle_mix_with(struct shuffle_statement *s, uint8_t *output, uint8_t *proof,
    const struct shuffle_secrets *x, const struct effort *effort)
{
	s->output = (struct slice){ NULL, 0 };
	return mix_or_prove(s, output, proof, x, effort);
}

enum result
shuffle_prove_with(const struct shuffle_statement *s, uint8_t *proof,
    const struct shuffle_secrets *x, const struct effort *effort)
{
	struct shuffle_statement copy = *s;

	return mix_or_prove(&copy, NULL, proof, x, effort);
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
