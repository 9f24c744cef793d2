/*
 * field_lanes: field.h for the vector fields, written once: field_avx2.c and
 * field_ifma.c include their field first, then this.
 */
#ifndef TESTS_BENCH_FIELD_LANES_H
#define TESTS_BENCH_FIELD_LANES_H

#ifdef VFE_LANES

/* Most of what the curve needs is not needed here. */
#pragma GCC diagnostic ignored "-Wunused-function"

#include "crypto/lanes_field.h"
#include "tests/bench/field_parts.h"

#define GROUPS (FIELD_NUMBERS / VFE_LANES)

struct lanes_numbers {
	vfe a[GROUPS], b[GROUPS];
};

static vfe
random_number(struct rng *rng)
{
	uint8_t bytes[FE_BYTES];
	struct fe x;

	rng_fill(rng, bytes, sizeof bytes);
	fe_from_bytes(&x, bytes);
	return vfe_splat(&x);
}

/* One number in all lanes: the time does not depend on values. */
static void *
numbers_new(const struct group *g, struct rng *rng)
{
	struct lanes_numbers *f = aligned_alloc(64, sizeof *f);
	size_t i;

	(void)g;
	for (i = 0; f != NULL && i < GROUPS; i++) {
		f->a[i] = random_number(rng);
		f->b[i] = random_number(rng);
	}
	return f;
}

static void
numbers_mul(void *numbers)
{
	struct lanes_numbers *f = numbers;
	size_t i;

	for (i = 0; i < GROUPS; i++)
		f->a[i] = vfe_mul(f->a[i], f->b[i]);
}

static void
numbers_square(void *numbers)
{
	struct lanes_numbers *f = numbers;
	size_t i;

	for (i = 0; i < GROUPS; i++)
		f->a[i] = vfe_square(f->a[i]);
}

static void
numbers_invert(void *numbers)
{
	struct lanes_numbers *f = numbers;
	size_t i;

	for (i = 0; i + 1 < GROUPS; i += 2)
		invert2(&f->a[i], &f->a[i]);
}

#endif

#endif
