/*
 * vfield_lanes: vfield.h, written once: vfield_avx2.c and vfield_ifma.c include their field
 * first, then this.
 */
#ifndef TESTS_VFIELD_LANES_H
#define TESTS_VFIELD_LANES_H

#ifdef VFE_LANES

#include <string.h>

#include "crypto/lanes_field.h"
#include "tests/vfield.h"

/* Load L numbers from the k-th on. */
static vfe
numbers(const struct fe *a, size_t k)
{
	const uint64_t *row[L];
	uint64_t padded[L][8] = { { 0 } }; /* more is read than a number has */
	unsigned i;
	vfe out;

	for (i = 0; i < L; i++) {
		memcpy(padded[i], a[k + i].v, sizeof a[k + i].v);
		row[i] = padded[i];
	}
	vfe_load(&out, 1, row);
	return out;
}

static void
keep(struct fe *out, size_t k, vfe a)
{
	uint64_t padded[L][8], *row[L];
	unsigned i;

	for (i = 0; i < L; i++)
		row[i] = padded[i];
	vfe_store(row, L, &a, 1);
	for (i = 0; i < L; i++)
		memcpy(out[k + i].v, padded[i], sizeof out[k + i].v);
}

#define EACH(name, value) \
	static void name(struct fe *out, const struct fe *in_a, const struct fe *in_b) \
	{ \
		size_t k; \
		vfe a, b; \
\
		for (k = 0; k < VFIELD_MOST; k += L) { \
			a = numbers(in_a, k); \
			b = numbers(in_b, k); \
			(void)b; \
			keep(out, k, value); \
		} \
	}

static vfe
sums_of(vfe a, vfe b)
{
	const vwide ab = vfe_mul_wide(a, b), aa = vfe_square_wide(a), bb = vfe_square_wide(b);

	return vfe_reduce(vwide_add(vwide_add(ab, ab), vwide_sub(aa, bb)));
}

static vfe
inverse_of(vfe a, vfe b)
{
	vfe both[2] = { b, a };

	invert2(both, both);
	return both[1];
}

EACH(mul, vfe_mul(a, b))
EACH(square, vfe_square(a))
EACH(add, vfe_add(a, b))
EACH(sub, vfe_sub(a, b))
EACH(mul_neg, vfe_mul(b, vfe_neg_factor(a)))
EACH(sums, sums_of(a, b))
EACH(invert, inverse_of(a, b))
EACH(canonical, vfe_canonical(a))

#define VFIELD(largest) \
	{ \
		.bound = (largest), .mul = mul, .square = square, .add = add, .sub = sub, \
		.mul_neg = mul_neg, .sums = sums, .invert = invert, .canonical = canonical \
	}

#endif
#endif
