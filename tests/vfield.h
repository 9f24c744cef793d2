/*
 * vfield: the vector fields (crypto/fe_avx2.h, crypto/fe_ifma.h) for test_lanes, which is
 * compiled without their instructions: on arrays of VFIELD_MOST numbers, of which each
 * path takes as many at a time as it has lanes.
 */
#ifndef TESTS_VFIELD_H
#define TESTS_VFIELD_H

#include "crypto/fe51.h"

#define VFIELD_MOST 8

struct vfield {
	/* Limbs of the inputs are below this; those of the outputs, too. */
	uint64_t bound;
	/* ab, aa, a + b, a - b */
	void (*mul)(struct fe *out, const struct fe *a, const struct fe *b);
	void (*square)(struct fe *out, const struct fe *a, const struct fe *b);
	void (*add)(struct fe *out, const struct fe *a, const struct fe *b);
	void (*sub)(struct fe *out, const struct fe *a, const struct fe *b);
	/* (-a) b, with the largest limbs that a factor may have */
	void (*mul_neg)(struct fe *out, const struct fe *a, const struct fe *b);
	/* 2ab + aa - bb, carried once at the end: the most that is ever added up */
	void (*sums)(struct fe *out, const struct fe *a, const struct fe *b);
	/* 1 / a, beside 1 / b; and a in 0..p-1 */
	void (*invert)(struct fe *out, const struct fe *a, const struct fe *b);
	void (*canonical)(struct fe *out, const struct fe *a, const struct fe *b);
};

extern const struct vfield vfield_avx2, vfield_ifma;

#endif
