/*
 * lanes_curve: points, VFE_LANES at a time. A part of the code that crypto/lanes_field.h
 * describes.
 *
 * Sums of products are made before carrying: an addition of points carries eight times for
 * its seven or eight products.
 *
 * The letters are those of crypto/edwards.c and crypto/ristretto_point.c, which are the
 * reference.
 */
#ifndef CRYPTO_LANES_CURVE_H
#define CRYPTO_LANES_CURVE_H

#include "crypto/lanes_field.h"

#ifdef VFE_LANES

#include <string.h>

#include "crypto/edwards.h"
#include "crypto/lanes.h"

/* ---- points ---- */

/* As struct ed. */
struct vpoint {
	vfe x, y, z, t;
};

/* A point that something will be added to: y + x, y - x, z, t. */
struct vsum {
	vfe sum, difference, z, t;
};

/* A point that will be doubled: x, y, z, x + y. */
struct vtwice {
	vfe x, y, z, sum;
};

/* A point to be added: y + x, y - x, z, 2dt; and the same with z = 1. */
struct vcached {
	vfe sum, difference, z, t2d;
};

struct vaffine {
	vfe sum, difference, t2d;
};

/* The four factors that a sum or a doubling ends in. */
struct vfactors {
	vfe e, f, g, h;
};

/* Points are passed by address: compilers copy what is passed by value in small pieces. */

VFE_INLINE void
vpoint_of(struct vpoint *out, const struct vfactors *a)
{
	out->x = vfe_mul(a->e, a->f);
	out->y = vfe_mul(a->g, a->h);
	out->z = vfe_mul(a->f, a->g);
	out->t = vfe_mul(a->e, a->h);
}

VFE_INLINE void
vsum_of(struct vsum *out, const struct vfactors *a)
{
	const vwide x = vfe_mul_wide(a->e, a->f), y = vfe_mul_wide(a->g, a->h);

	out->sum = vfe_reduce(vwide_add(y, x));
	out->difference = vfe_reduce(vwide_sub(y, x));
	out->z = vfe_mul(a->f, a->g);
	out->t = vfe_mul(a->e, a->h);
}

VFE_INLINE void
vtwice_of(struct vtwice *out, const struct vfactors *a)
{
	const vwide x = vfe_mul_wide(a->e, a->f), y = vfe_mul_wide(a->g, a->h);

	out->x = vfe_reduce(x);
	out->y = vfe_reduce(y);
	out->z = vfe_mul(a->f, a->g);
	out->sum = vfe_reduce(vwide_add(y, x));
}

VFE_INLINE void
vsum_from(struct vsum *out, const struct vpoint *p)
{
	out->sum = vfe_add(p->y, p->x);
	out->difference = vfe_sub(p->y, p->x);
	out->z = p->z;
	out->t = p->t;
}

VFE_INLINE void
vtwice_from(struct vtwice *out, const struct vpoint *p)
{
	out->x = p->x;
	out->y = p->y;
	out->z = p->z;
	out->sum = vfe_add(p->y, p->x);
}

VFE_INLINE void
vcached_from(struct vcached *out, const struct vpoint *p)
{
	out->sum = vfe_add(p->y, p->x);
	out->difference = vfe_sub(p->y, p->x);
	out->z = p->z;
	out->t2d = vfe_mul(p->t, vfe_splat(&fe_2d));
}

VFE_INLINE void
vcached_of_sum(struct vcached *out, const struct vsum *p)
{
	out->sum = p->sum;
	out->difference = p->difference;
	out->z = p->z;
	out->t2d = vfe_mul(p->t, vfe_splat(&fe_2d));
}

VFE_INLINE void
vsum_identity(struct vsum *out)
{
	out->sum = out->difference = out->z = vfe_splat(&fe_one);
	out->t = vfe_splat(&fe_zero);
}

VFE_INLINE void
vcached_identity(struct vcached *out)
{
	out->sum = out->difference = out->z = vfe_splat(&fe_one);
	out->t2d = vfe_splat(&fe_zero);
}

/* -q where the mask says so; t2d becomes a factor, no vfe. */
VFE_INLINE void
vneg_if(vfe *sum, vfe *difference, vfe *t2d, vmask yes)
{
	const vfe s = vfe_select(*sum, *difference, yes);

	*difference = vfe_select(*difference, *sum, yes);
	*sum = s;
	*t2d = vfe_select(*t2d, vfe_neg_factor(*t2d), yes);
}

/* d is twice z1 z2. */
VFE_INLINE void
vadd_with(struct vfactors *out, const struct vsum *p, vfe sum, vfe difference, vfe t2d, vwide d)
{
	const vwide a = vfe_mul_wide(p->difference, difference), b = vfe_mul_wide(p->sum, sum),
		    c = vfe_mul_wide(p->t, t2d);

	out->e = vfe_reduce(vwide_sub(b, a));
	out->f = vfe_reduce(vwide_sub(d, c));
	out->g = vfe_reduce(vwide_add(d, c));
	out->h = vfe_reduce(vwide_add(b, a));
}

VFE_INLINE void
vadd(struct vfactors *out, const struct vsum *p, const struct vcached *q)
{
	const vwide d = vfe_mul_wide(p->z, q->z);

	vadd_with(out, p, q->sum, q->difference, q->t2d, vwide_add(d, d));
}

VFE_INLINE void
vadd_affine(struct vfactors *out, const struct vsum *p, const struct vaffine *q)
{
	const vwide d = vwide_of(p->z);

	vadd_with(out, p, q->sum, q->difference, q->t2d, vwide_add(d, d));
}

VFE_INLINE void
vdouble(struct vfactors *out, const struct vtwice *p)
{
	const vwide a = vfe_square_wide(p->x), b = vfe_square_wide(p->y), c = vfe_square_wide(p->z),
		    s = vfe_square_wide(p->sum);
	const vwide h = vwide_add(a, b), g = vwide_sub(a, b), c2 = vwide_add(c, c);

	out->e = vfe_reduce(vwide_sub(h, s));
	out->f = vfe_reduce(vwide_add(c2, g));
	out->g = vfe_reduce(g);
	out->h = vfe_reduce(h);
}

/* As functions: a call is nothing beside the work, and the code of all that do it would not
 * fit in the cache otherwise. */

static __attribute__((noinline)) void
vsum_add(struct vsum *p, const struct vcached *q)
{
	struct vfactors a;

	vadd(&a, p, q);
	vsum_of(p, &a);
}

static __attribute__((noinline)) void
vsum_add_affine(struct vsum *p, const struct vaffine *q)
{
	struct vfactors a;

	vadd_affine(&a, p, q);
	vsum_of(p, &a);
}

static __attribute__((noinline)) void
vpoint_add(struct vpoint *out, const struct vsum *p, const struct vcached *q)
{
	struct vfactors a;

	vadd(&a, p, q);
	vpoint_of(out, &a);
}

/* p = 2^times p */
static __attribute__((noinline)) void
vtwice_double(struct vtwice *p, unsigned times)
{
	struct vfactors a;

	while (times-- > 0) {
		vdouble(&a, p);
		vtwice_of(p, &a);
	}
}

/* out = 2 p */
static __attribute__((noinline)) void
vsum_double(struct vsum *out, const struct vtwice *p)
{
	struct vfactors a;

	vdouble(&a, p);
	vsum_of(out, &a);
}

/* p = 2^times p; times > 0 */
static __attribute__((noinline)) void
vpoint_double(struct vpoint *p, unsigned times)
{
	struct vfactors a;
	struct vtwice d;

	vtwice_from(&d, p);
	vtwice_double(&d, times - 1);
	vdouble(&a, &d);
	vpoint_of(p, &a);
}

/* ---- arrays ---- */

typedef uint16_t vhalves __attribute__((vector_size(2 * L)));

/* From words of 32 bits, and to words of 16. */
VFE_INLINE vnumber
vnumber_of(const uint32_t from[L])
{
	typedef uint32_t vwords __attribute__((vector_size(4 * L)));
	vwords words;

	memcpy(&words, from, sizeof words);
	return __builtin_convertvector(words, vnumber);
}

VFE_INLINE vhalves
vhalves_of(vnumber a)
{
	return __builtin_convertvector(a, vhalves);
}

/* Return how many of n elements, the first of which stands at `at`, make the next group. */
VFE_INLINE unsigned
lanes_left(size_t n, size_t at)
{
	return n - at < L ? (unsigned)(n - at) : L;
}

/* Load L points, `step` apart; after the first `lanes` the last is repeated. */
static __attribute__((noinline)) void
vpoint_load(struct vpoint *out, const struct ed *p, size_t step, unsigned lanes)
{
	const uint64_t *row[L];
	unsigned i;

	for (i = 0; i < L; i++)
		row[i] = p[(i < lanes ? i : lanes - 1) * step].x.v;
	vfe_load(&out->x, 4, row);
}

static __attribute__((noinline)) void
vpoint_store(struct ed *out, unsigned lanes, const struct vpoint *p)
{
	uint64_t *row[L];
	unsigned i;

	for (i = 0; i < L; i++)
		/* an address is all that is taken */
		/* cppcheck-suppress uninitvar */
		row[i] = out[i < lanes ? i : 0].x.v;
	vfe_store(row, lanes, &p->x, 4);
}

/* The same for strings of 32 bytes, as words. */
static void
words_load(vnumber w[4], const uint8_t *bytes, size_t stride, unsigned lanes)
{
	uint64_t word[4][L], four[4];
	unsigned i, k;

	for (i = 0; i < L; i++) {
		memcpy(four, bytes + (i < lanes ? i : lanes - 1) * stride, sizeof four);
		for (k = 0; k < 4; k++)
			word[k][i] = four[k];
	}
	for (k = 0; k < 4; k++)
		memcpy(&w[k], word[k], sizeof w[k]);
}

static void
words_store(uint8_t *bytes, size_t stride, unsigned lanes, const vnumber w[4])
{
	uint64_t word[4][L], four[4];
	unsigned i, k;

	for (k = 0; k < 4; k++)
		memcpy(word[k], &w[k], sizeof w[k]);
	for (i = 0; i < lanes; i++) {
		for (k = 0; k < 4; k++)
			four[k] = word[k][i];
		memcpy(bytes + i * stride, four, sizeof four);
	}
}

#endif
#endif
