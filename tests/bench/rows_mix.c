/* Shuffles and decryption, as a trustee and a verifier do them: from bytes to bytes. */
#include <stdlib.h>
#include <string.h>

#include "crypto/dleq.h"
#include "crypto/elgamal.h"
#include "crypto/shuffle.h"
#include "tests/bench/bench.h"

/* Trustees 1 and 3 of three decrypt: their coefficients are fractions. */
#define SHARES 2
static const uint32_t numbers[SHARES] = { 1, 3 };

struct election {
	struct digest close;
	struct gvec *y;
	size_t list_bytes;
	uint8_t *list;
	/* a mix */
	struct shuffle_statement mix;
	uint8_t *output, *proof;
	size_t proof_bytes;
	/* decryption */
	struct svec *x[SHARES]; /* shares of the key; their values do not matter */
	struct gvec *X[SHARES];
	uint8_t *factors[SHARES], *dleq[SHARES];
	size_t factors_bytes;
	struct elgamal_list *decoded;
	struct gvec *m;
	uint8_t *blocks, *valid;
};

/* ---- shuffle ---- */

static struct election *
election_new(struct bench *b)
{
	struct election *e = bench_memory(1, sizeof *e);

	rng_fill(&b->rng, e->close.b, sizeof e->close.b);
	e->y = bench_elements(b, 1);
	e->list_bytes = elgamal_list_bytes(b->group, b->n, b->width);
	e->list = bench_memory(1, e->list_bytes);
	bench_list(b, e->list, e->y, NULL, NULL);
	b->data = e;
	return e;
}

static void
make_mix(struct bench *b)
{
	struct election *e = election_new(b);

	e->mix = (struct shuffle_statement){ .group = b->group,
		.close = &e->close,
		.item = 1,
		.ordinal = 1,
		.trustee = 1,
		.y = e->y,
		.rows = b->n,
		.width = b->width,
		.input = { e->list, e->list_bytes } };
	e->output = bench_memory(1, e->list_bytes);
	e->proof_bytes = shuffle_proof_bytes(b->group, b->n, b->width);
	e->proof = bench_memory(1, e->proof_bytes);
}

static void
run_prove(struct bench *b)
{
	struct election *e = b->data;

	bench_must(shuffle_mix(&e->mix, e->output, e->proof, &b->rng, &b->effort), "mix");
}

static void
make_verify(struct bench *b)
{
	struct election *e;

	make_mix(b);
	e = b->data;
	bench_must(shuffle_mix(&e->mix, e->output, e->proof, &b->rng, &b->all), "mix");
}

static void
run_verify(struct bench *b)
{
	struct election *e = b->data;

	bench_must(shuffle_verify(&e->mix, (struct slice){ e->proof, e->proof_bytes }, &b->effort),
	    "verify");
}

/* The equations of protocol.md 5.4 as they stand, a call for each power. */
static struct work
work_prove(const struct bench *b)
{
	const double w = (double)b->width;

	return (struct work){
		.base = w + 3,              /* (S1), (S2), (S4), (S9) */
		.power = w + 2 + 1 + 2 * w, /* (S1), (S9), (S7), (S8) */
		.small = 1,                 /* (S4) */
		.add = 2 * w + 1 + 1 + 1 + 1 + 2 * w,
		.map = 1,
		.member = 2 * w,
	};
}

static struct least
least_prove(const struct bench *b)
{
	const struct group *g = b->group;
	const double w = (double)b->width;
	struct least l = least_times(5 + 2 * w, least_pow_fixed(g));

	l = least_sum(l, least_times(1 + 2 * w, least_multipow(g, b->n, least_order_bits(g))));
	l = least_sum(l, least_times(2 * w, least_decode(g)));
	return least_sum(l, least_times(3 + 2 * w, least_encode_double(g, b->n)));
}

static struct work
work_verify(const struct bench *b)
{
	const double w = (double)b->width;

	return (struct work){
		.base = 1,                /* (S17) */
		.power = 1 + 2 * w + 1,   /* (S14), (S15), (S16), (S17) */
		.challenge = 1,           /* (S17) */
		.small = 1 + 2 * w,       /* (S14), (S15), (S16) */
		.add = 2 + 2 + 4 * w + 2, /* (S12), (S14), (S15), (S16), (S17) */
		.map = 1,
		.member = 3 + 4 * w,
	};
}

static struct least
least_verify(const struct bench *b)
{
	const struct group *g = b->group;
	const double w = (double)b->width;
	struct least l = least_multipow(g, b->n, least_order_bits(g));

	l = least_times(2 + 2 * w, least_sum(l, least_multipow(g, b->n, SMALL_BITS)));
	return least_sum(l, least_times(3 + 4 * w, least_decode(g)));
}

/* ---- decryption ---- */

static void
make_share(struct bench *b)
{
	struct election *e = election_new(b);
	struct gvec *g;
	size_t i;

	e->factors_bytes = dleq_factors_bytes(b->group, b->n, b->width);
	bench_must(gvec_new(&g, b->group, 1), "share");
	gvec_set_generator(g);
	for (i = 0; i < SHARES; i++) {
		e->x[i] = bench_scalars(b, 1);
		bench_must(gvec_new(&e->X[i], b->group, 1), "share");
		bench_must(gvec_pow_fixed(e->X[i], g, e->x[i], NULL), "share");
		e->factors[i] = bench_memory(1, e->factors_bytes);
		e->dleq[i] = bench_memory(1, dleq_proof_bytes(b->group));
	}
	gvec_free(g);
}

static struct dleq_statement
statement(const struct bench *b, size_t i)
{
	const struct election *e = b->data;

	return (struct dleq_statement){ .group = b->group,
		.close = &e->close,
		.item = 1,
		.trustee = numbers[i],
		.X = e->X[i],
		.rows = b->n,
		.width = b->width,
		.list = { e->list, e->list_bytes },
		.factors = { e->factors[i], e->factors_bytes } };
}

static void
share(struct bench *b, size_t i, const struct effort *effort)
{
	struct election *e = b->data;
	const struct dleq_statement s = statement(b, i);

	bench_must(dleq_factors(e->factors[i], &s, e->x[i], effort), "factors");
	bench_must(dleq_prove(e->dleq[i], &s, e->x[i], &b->rng, effort), "proof");
}

static void
run_share(struct bench *b)
{
	share(b, 0, &b->effort);
}

static void
make_share_verify(struct bench *b)
{
	make_share(b);
	share(b, 0, &b->all);
}

static void
run_share_verify(struct bench *b)
{
	const struct election *e = b->data;
	const struct dleq_statement s = statement(b, 0);

	bench_must(dleq_verify(&s, (struct slice){ e->dleq[0], dleq_proof_bytes(b->group) },
		       &b->effort),
	    "verify");
}

static void
make_combine(struct bench *b)
{
	struct election *e;
	size_t i;

	make_share(b);
	e = b->data;
	bench_must(elgamal_list_decode(&e->decoded, b->group, b->n, b->width,
		       (struct slice){ e->list, e->list_bytes }, NULL, &b->all),
	    "list");
	for (i = 0; i < SHARES; i++) {
		const struct dleq_statement s = statement(b, i);

		bench_must(dleq_factors(e->factors[i], &s, e->x[i], &b->all), "factors");
	}
	bench_must(gvec_new(&e->m, b->group, b->n * b->width), "messages");
}

static void
run_combine(struct bench *b)
{
	const struct election *e = b->data;
	const struct dleq_share shares[SHARES] = {
		{ numbers[0], { e->factors[0], e->factors_bytes } },
		{ numbers[1], { e->factors[1], e->factors_bytes } },
	};

	bench_must(dleq_combine(e->m, e->decoded, shares, SHARES, &b->effort), "combine");
}

/* A list under a key of which these are shares: y = prod X_i^lambda_i. */
static void
open_list(struct bench *b, size_t distinct)
{
	uint64_t *counts = bench_memory(distinct, sizeof *counts);
	struct gvec *choices = bench_choices(b, distinct), *part;
	struct svec *lambda, *one;
	struct election *e;
	size_t i;

	make_share(b);
	e = b->data;
	bench_must(svec_new(&lambda, b->group, SHARES), "key");
	bench_must(gvec_new(&part, b->group, 1), "key");
	bench_must(dleq_lagrange(lambda, numbers, SHARES), "key");
	gvec_set_identity(e->y);
	for (i = 0; i < SHARES; i++) {
		bench_must(svec_slice(&one, lambda, i, 1), "key");
		bench_must(gvec_pow(part, e->X[i], one, NULL), "key");
		gvec_mul(e->y, e->y, part);
		svec_free(one);
	}
	bench_list(b, e->list, e->y, choices, counts);
	for (i = 0; i < SHARES; i++) {
		const struct dleq_statement s = statement(b, i);

		bench_must(dleq_factors(e->factors[i], &s, e->x[i], &b->all), "factors");
	}
	e->blocks = bench_memory(b->n * b->width, GROUP_BLOCK_BYTES);
	e->valid = bench_memory(b->n, b->width);
	svec_free(lambda);
	gvec_free(part);
	gvec_free(choices);
	free(counts);
}

static void
make_open(struct bench *b)
{
	open_list(b, CHOICES);
}

static void
make_open_distinct(struct bench *b)
{
	open_list(b, b->n * b->width);
}

static void
run_open(struct bench *b)
{
	const struct election *e = b->data;
	const struct dleq_share shares[SHARES] = {
		{ numbers[0], { e->factors[0], e->factors_bytes } },
		{ numbers[1], { e->factors[1], e->factors_bytes } },
	};

	bench_must(dleq_open(e->blocks, e->valid, b->group,
		       (struct slice){ e->list, e->list_bytes }, b->n, b->width, shares, SHARES,
		       &b->effort),
	    "open");
	if (memchr(e->valid, 0, b->n * b->width) != NULL)
		bench_fail(EXIT_FAILURE, "what was encrypted does not come out");
}

static void
end(struct bench *b)
{
	struct election *e = b->data;
	size_t i;

	for (i = 0; i < SHARES; i++) {
		svec_free(e->x[i]);
		gvec_free(e->X[i]);
		free(e->factors[i]);
		free(e->dleq[i]);
	}
	elgamal_list_free(e->decoded);
	gvec_free(e->m);
	gvec_free(e->y);
	free(e->list);
	free(e->output);
	free(e->proof);
	free(e->blocks);
	free(e->valid);
	free(e);
}

/* (D9), and A of the proof; D is a power of A. */
static struct work
work_share(const struct bench *b)
{
	const double w = (double)b->width;

	return (struct work){ .power = w, .small = w, .add = w, .member = 2 * w };
}

static struct least
least_share(const struct bench *b)
{
	const struct group *g = b->group;
	struct least l = least_sum(least_decode(g), least_pow(g));

	l = least_sum(l, least_encode_double(g, b->n * b->width));
	l = least_sum(l, least_multipow(g, b->n * b->width, SMALL_BITS));
	return least_times((double)b->width, l);
}

static struct work
work_share_verify(const struct bench *b)
{
	const double w = (double)b->width;

	return (struct work){ .small = 2 * w, .add = 2 * w, .member = 2 * w };
}

static struct least
least_share_verify(const struct bench *b)
{
	const struct group *g = b->group;

	return least_times(2 * (double)b->width,
	    least_sum(least_decode(g), least_multipow(g, b->n * b->width, SMALL_BITS)));
}

/* (D11): a power and a product for each share. */
static struct work
work_combine(const struct bench *b)
{
	const double w = (double)b->width;

	return (struct work){ .power = SHARES * w, .add = SHARES * w, .member = SHARES * w };
}

static struct least
least_combine(const struct bench *b)
{
	return least_times(SHARES * (double)b->width,
	    least_sum(least_decode(b->group), least_mul(b->group)));
}

/* The elements b, too, are decoded, and each plaintext is encoded to be compared. */
static struct least
least_open(const struct bench *b)
{
	return least_sum(least_combine(b),
	    least_times((double)b->width,
		least_sum(least_decode(b->group), least_encode_double(b->group, b->n))));
}

/* clang-format off */
const struct row rows_mix[] = {
	{ "shuffle-prove", SIZES_MIX, make_mix, run_prove, end, work_prove, least_prove, NULL, NULL },
	{ "shuffle-verify", SIZES_MIX, make_verify, run_verify, end, work_verify, least_verify, NULL, NULL },
	{ "decrypt-share", SIZES_ALL, make_share, run_share, end, work_share, least_share, NULL, NULL },
	{ "decrypt-verify", SIZES_ALL, make_share_verify, run_share_verify, end, work_share_verify,
	    least_share_verify, NULL, NULL },
	{ "decrypt-combine", SIZES_ALL, make_combine, run_combine, end, work_combine, least_combine, NULL, NULL },
	{ "open", SIZES_ALL, make_open, run_open, end, work_combine, least_open, NULL, NULL },
	{ "open-distinct", SIZES_ALL, make_open_distinct, run_open, end, work_combine, least_open, NULL, NULL },
	{ .name = NULL },
};
/* clang-format on */
