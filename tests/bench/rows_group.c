/* Operations of crypto/group.h on vectors. */
#include <stdlib.h>

#include "tests/bench/bench.h"

struct vectors {
	struct gvec *base;  /* 1: no generator */
	struct gvec *v, *w; /* n, as decoded */
	struct gvec *out, *one;
	struct svec *e, *f;  /* n; of all bits */
	struct svec *small;  /* n; of 128 bits */
	struct gbase *ready; /* base */
	uint8_t *bytes;      /* v, encoded */
};

static size_t
element(const struct bench *b)
{
	return group_element_bytes(b->group);
}

static void
make(struct bench *b)
{
	struct vectors *x = bench_memory(1, sizeof *x);
	uint8_t *random = bench_memory(b->n, 16);

	x->base = bench_elements(b, 1);
	x->v = bench_elements(b, b->n);
	x->w = bench_elements(b, b->n);
	x->bytes = bench_memory(b->n, element(b));
	bench_must(gvec_encode(x->bytes, element(b), x->w, &b->all), "encode");
	bench_must(gvec_decode(x->w, x->bytes, element(b), DECODE_ANY, NULL, &b->all), "decode");
	bench_must(gvec_encode(x->bytes, element(b), x->v, &b->all), "encode");
	bench_must(gvec_decode(x->v, x->bytes, element(b), DECODE_ANY, NULL, &b->all), "decode");
	bench_must(gvec_new(&x->out, b->group, b->n), "elements");
	bench_must(gvec_new(&x->one, b->group, 1), "elements");
	x->e = bench_scalars(b, b->n);
	x->f = bench_scalars(b, b->n);
	rng_fill(&b->rng, random, b->n * 16);
	bench_must(svec_new(&x->small, b->group, b->n), "scalars");
	svec_from_128(x->small, random);
	free(random);
	bench_must(gbase_new(&x->ready, x->base, b->n), "base");
	b->data = x;
}

static void
end(struct bench *b)
{
	struct vectors *x = b->data;

	gvec_free(x->base);
	gvec_free(x->v);
	gvec_free(x->w);
	gvec_free(x->out);
	gvec_free(x->one);
	svec_free(x->e);
	svec_free(x->f);
	svec_free(x->small);
	gbase_free(x->ready);
	free(x->bytes);
	free(x);
}

/* ---- one product or power for each element ---- */

static void
run_mul(struct bench *b)
{
	struct vectors *x = b->data;

	gvec_mul(x->out, x->v, x->w);
}

static struct work
work_mul(const struct bench *b)
{
	(void)b;
	return (struct work){ .add = 1 };
}

static struct least
least_of_mul(const struct bench *b)
{
	return least_mul(b->group);
}

static void
run_pow_g(struct bench *b)
{
	struct vectors *x = b->data;

	gvec_set_generator(x->one);
	bench_must(gvec_pow_fixed(x->out, x->one, x->e, &b->effort), "power");
}

static struct work
work_pow_g(const struct bench *b)
{
	(void)b;
	return (struct work){ .base = 1 };
}

static void
run_pow_base(struct bench *b)
{
	struct vectors *x = b->data;

	bench_must(gvec_pow_base(x->out, x->ready, x->e, &b->effort), "power");
}

static struct work
work_pow(const struct bench *b)
{
	(void)b;
	return (struct work){ .power = 1 };
}

static struct least
least_of_fixed(const struct bench *b)
{
	return least_pow_fixed(b->group);
}

/* v * base^e * base^f, as bytes: two powers and two products in libsodium. */
static void
run_commit(struct bench *b)
{
	struct vectors *x = b->data;

	bench_must(gvec_commit(x->bytes, element(b), NULL, x->v, x->ready, x->e, x->ready, x->f,
		       &b->effort),
	    "commitment");
}

static struct work
work_commit(const struct bench *b)
{
	(void)b;
	return (struct work){ .power = 2, .add = 2 };
}

static struct least
least_of_commit(const struct bench *b)
{
	return least_sum(least_times(2, least_sum(least_pow_fixed(b->group), least_mul(b->group))),
	    least_encode_double(b->group, b->n));
}

static void
run_pow(struct bench *b)
{
	struct vectors *x = b->data;

	bench_must(gvec_pow(x->out, x->v, x->e, &b->effort), "power");
}

static struct least
least_of_pow(const struct bench *b)
{
	return least_pow(b->group);
}

static void
run_pow_vartime(struct bench *b)
{
	struct vectors *x = b->data;

	bench_must(gvec_pow_vartime(x->out, x->v, x->e, &b->effort), "power");
}

static struct least
least_of_vartime(const struct bench *b)
{
	return least_pow_vartime(b->group);
}

/* ---- bytes ---- */

static void
run_decode(struct bench *b)
{
	struct vectors *x = b->data;

	bench_must(gvec_decode(x->out, x->bytes, element(b), DECODE_NO_IDENTITY, NULL, &b->effort),
	    "decode");
}

static struct work
work_decode(const struct bench *b)
{
	(void)b;
	return (struct work){ .decode = 1 };
}

static struct least
least_of_decode(const struct bench *b)
{
	return least_decode(b->group);
}

static void
run_encode(struct bench *b)
{
	struct vectors *x = b->data;

	bench_must(gvec_encode(x->bytes, element(b), x->v, &b->effort), "encode");
}

static struct least
least_of_encode(const struct bench *b)
{
	return least_encode(b->group);
}

static void
run_generators(struct bench *b)
{
	struct vectors *x = b->data;

	bench_must(gvec_generators(x->out, "bench", 1, &b->effort), "generators");
}

static struct work
work_generators(const struct bench *b)
{
	(void)b;
	return (struct work){ .map = 1 };
}

static struct least
least_of_map(const struct bench *b)
{
	return least_map(b->group);
}

/* ---- products of powers ---- */

static void
run_multipow(struct bench *b)
{
	struct vectors *x = b->data;

	bench_must(gvec_multipow_vartime(x->one, x->v, x->e, &b->effort), "product");
}

static void
run_multipow_small(struct bench *b)
{
	struct vectors *x = b->data;

	bench_must(gvec_multipow_vartime(x->one, x->v, x->small, &b->effort), "product");
}

static void
run_multipow_secret(struct bench *b)
{
	struct vectors *x = b->data;

	bench_must(gvec_multipow(x->one, x->v, x->e, &b->effort), "product");
}

static struct work
work_multipow(const struct bench *b)
{
	(void)b;
	return (struct work){ .power = 1, .add = 1 };
}

static struct work
work_multipow_small(const struct bench *b)
{
	(void)b;
	return (struct work){ .small = 1, .add = 1 };
}

static struct least
least_of_multipow(const struct bench *b)
{
	return least_multipow(b->group, b->n, least_order_bits(b->group));
}

static struct least
least_of_multipow_small(const struct bench *b)
{
	return least_multipow(b->group, b->n, SMALL_BITS);
}

/* clang-format off */
const struct row rows_group[] = {
	{ "mul", SIZES_ALL, make, run_mul, end, work_mul, least_of_mul, NULL, NULL },
	{ "pow-g", SIZES_ALL, make, run_pow_g, end, work_pow_g, least_of_fixed, NULL, NULL },
	{ "pow-base", SIZES_ALL, make, run_pow_base, end, work_pow, least_of_fixed, NULL, NULL },
	{ "pow", SIZES_ALONE, make, run_pow, end, work_pow, least_of_pow, NULL, NULL },
	{ "pow-vartime", SIZES_ALONE, make, run_pow_vartime, end, work_pow, least_of_vartime, NULL, NULL },
	{ "commit", SIZES_ALL, make, run_commit, end, work_commit, least_of_commit, NULL, NULL },
	{ "decode", SIZES_ALL, make, run_decode, end, work_decode, least_of_decode, NULL, NULL },
	{ "encode", SIZES_ALL, make, run_encode, end, NULL, least_of_encode, NULL, NULL },
	{ "generators", SIZES_ALL, make, run_generators, end, work_generators, least_of_map, NULL, NULL },
	{ "multipow", SIZES_ALL, make, run_multipow, end, work_multipow, least_of_multipow, NULL, NULL },
	{ "multipow-128", SIZES_ALL, make, run_multipow_small, end, work_multipow_small,
	    least_of_multipow_small, NULL, NULL },
	{ "multipow-secret", SIZES_ALL, make, run_multipow_secret, end, work_multipow,
	    least_of_multipow, NULL, NULL },
	{ .name = NULL },
};
/* clang-format on */
