/*
 * lanes_powers: sums and powers of many elements. A part of the code that
 * crypto/lanes_field.h describes.
 */
#ifndef CRYPTO_LANES_POWERS_H
#define CRYPTO_LANES_POWERS_H

#include "crypto/lanes_curve.h"

#ifdef VFE_LANES

#include <sodium.h>

/* ---- sums ---- */

VFE_INLINE void
add_or_sub(struct ed *out, const struct ed *a, const struct ed *b, size_t b_step, size_t n,
    vmask negate)
{
	struct vpoint p, q, sum;
	struct vcached cached;
	unsigned lanes;
	struct vsum s;
	size_t at;

	for (at = 0; at < n; at += L) {
		lanes = lanes_left(n, at);
		vpoint_load(&p, a + at, 1, lanes);
		if (at == 0 || b_step != 0) {
			vpoint_load(&q, b + at * b_step, b_step, lanes);
			vcached_from(&cached, &q);
			vneg_if(&cached.sum, &cached.difference, &cached.t2d, negate);
		}
		vsum_from(&s, &p);
		vpoint_add(&sum, &s, &cached);
		vpoint_store(out + at, lanes, &sum);
	}
}

static void
lanes_add(struct ed *out, const struct ed *a, const struct ed *b, size_t b_step, size_t n)
{
	add_or_sub(out, a, b, b_step, n, vmask_of(0));
}

static void
lanes_sub(struct ed *out, const struct ed *a, const struct ed *b, size_t b_step, size_t n)
{
	add_or_sub(out, a, b, b_step, n, vmask_not(vmask_of(0)));
}

static void
lanes_twice(struct ed *out, const struct ed *a, size_t n)
{
	struct vpoint p;
	size_t at;

	for (at = 0; at < n; at += L) {
		vpoint_load(&p, a + at, 1, lanes_left(n, at));
		vpoint_double(&p, 1);
		vpoint_store(out + at, lanes_left(n, at), &p);
	}
}

/* As coordinates again. */
static void
vpoint_of_sum(struct vpoint *out, const struct vsum *p)
{
	struct vcached none;

	vcached_identity(&none);
	vpoint_add(out, p, &none);
}

/* *out = the sum over the lanes */
static void
across(struct ed *out, const struct vsum *p)
{
	struct ed_cached next;
	struct ed each[L];
	struct vpoint q;
	unsigned i;

	vpoint_of_sum(&q, p);
	vpoint_store(each, L, &q);
	*out = each[0];
	for (i = 1; i < L; i++) {
		ed_cache(&next, &each[i]);
		ed_add(out, out, &next);
	}
}

static void
lanes_sum(struct ed *out, const struct ed *p, size_t n)
{
	struct ed total = ed_identity;
	struct ed_cached next;
	struct vcached q;
	struct vsum all;
	struct vpoint v;
	size_t at;

	vsum_identity(&all);
	for (at = 0; at + L <= n; at += L) {
		vpoint_load(&v, p + at, 1, L);
		vcached_from(&q, &v);
		vsum_add(&all, &q);
	}
	if (at > 0)
		across(&total, &all);
	for (; at < n; at++) {
		ed_cache(&next, &p[at]);
		ed_add(&total, &total, &next);
	}
	*out = total;
}

/* ---- digits ---- */

/* Load exponents as words; the fifth is zero. */
static void
exponents_load(vnumber w[5], const uint8_t *e, size_t stride, unsigned lanes)
{
	words_load(w, e, stride, lanes);
	w[4] = (vnumber){ 0 };
}

/* Return the bits at..at+n-1 of each; n < 32, at + n <= 320. */
VFE_INLINE vnumber
window(const vnumber w[5], unsigned at, unsigned n)
{
	const unsigned shift = at % 64;
	vnumber bits = w[at / 64] >> shift;

	if (shift + n > 64)
		bits |= w[at / 64 + 1] << (64 - shift);
	return bits & (((uint64_t)1 << n) - 1);
}

/* Booth's digits: window i of n bits, and the bit below it, make a digit from -2^(n-1) to
 * 2^(n-1) without a carry: half of the n + 1 bits, rounded up, less 2^n if the highest is
 * set. These are the n + 1 bits. */
VFE_INLINE vnumber
booth_bits(const vnumber w[5], unsigned i, unsigned n)
{
	if (i == 0)
		return w[0] << 1 & (((uint64_t)2 << n) - 1);
	return window(w, i * n - 1, n + 1);
}

/* Return the digits' absolute values. */
VFE_INLINE vnumber
booth(vmask *negative, const vnumber w[5], unsigned i, unsigned n)
{
	const vnumber v = booth_bits(w, i, n), sign = v >> n, half = (v + 1) >> 1, zero = { 0 };

	*negative = vmask_not(vnumber_equal(sign, zero));
	/* half, or 2^n - half */
	return ((half ^ (zero - sign)) + sign) + (sign << n);
}

/* ---- powers of any element ---- */

#define WINDOW 4
#define MULTIPLES 8

/* Windows that exponents of so many bits take: the highest bit that a digit reads has to be
 * zero. */
#define WINDOWS(bits) ((bits) / WINDOW + 1)

/* A point's multiples 1..8. */
struct multiples {
	struct vcached of[MULTIPLES];
};

static __attribute__((noinline)) void
multiples(struct multiples *out, const struct vpoint *p)
{
	struct vsum sum;
	unsigned k;

	vsum_from(&sum, p);
	vcached_from(&out->of[0], p);
	for (k = 1; k < MULTIPLES; k++) {
		vsum_add(&sum, &out->of[0]);
		vcached_of_sum(&out->of[k], &sum);
	}
}

/* Return the number whose place is `digit`, counted from 1, of eight; the first for 0. */
VFE_INLINE vfe
pick_one(vfe first, const struct multiples *m, size_t offset, const vmask is[MULTIPLES])
{
	unsigned k;

#pragma GCC unroll 8
	for (k = 0; k < MULTIPLES; k++)
		first = vfe_select(first,
		    *(const vfe *)(const void *)((const char *)&m->of[k] + offset), is[k]);
	return first;
}

/* out = digit i times the point; all multiples are read whichever is wanted. */
VFE_INLINE void
pick(struct vcached *out, const struct multiples *m, const vnumber w[5], unsigned i)
{
	const vfe one = vfe_splat(&fe_one), zero = vfe_splat(&fe_zero);
	vmask negative, is[MULTIPLES];
	vnumber digit;
	unsigned k;

	digit = booth(&negative, w, i, WINDOW);
#pragma GCC unroll 8
	for (k = 0; k < MULTIPLES; k++)
		is[k] = vnumber_equal(digit, (vnumber){ 0 } + (k + 1));
	out->sum = pick_one(one, m, offsetof(struct vcached, sum), is);
	out->difference = pick_one(one, m, offsetof(struct vcached, difference), is);
	out->z = pick_one(one, m, offsetof(struct vcached, z), is);
	out->t2d = pick_one(zero, m, offsetof(struct vcached, t2d), is);
	vneg_if(&out->sum, &out->difference, &out->t2d, negative);
}

static __attribute__((noinline)) void
pick_add(struct vsum *sum, const struct multiples *m, const vnumber w[5], unsigned i)
{
	struct vcached q;

	pick(&q, m, w, i);
	vsum_add(sum, &q);
}

/* The same, and then 2^WINDOW times that. */
static __attribute__((noinline)) void
pick_add_shift(struct vsum *sum, const struct multiples *m, const vnumber w[5], unsigned i)
{
	struct vfactors a;
	struct vcached q;
	struct vtwice d;

	pick(&q, m, w, i);
	vadd(&a, sum, &q);
	vtwice_of(&d, &a);
	vtwice_double(&d, WINDOW - 1);
	vsum_double(sum, &d);
}

static void
lanes_pow(struct ed *out, const struct ed *p, size_t p_step, const uint8_t *e, size_t e_stride,
    size_t n)
{
	struct multiples m;
	struct vpoint v;
	struct vcached q;
	struct vsum sum;
	unsigned lanes, i;
	vnumber w[5];
	size_t at;

	for (at = 0; at < n; at += L) {
		lanes = lanes_left(n, at);
		if (at == 0 || p_step != 0) {
			vpoint_load(&v, p + at * p_step, p_step, lanes);
			multiples(&m, &v);
		}
		exponents_load(w, e + at * e_stride, e_stride, lanes);
		vsum_identity(&sum);
		for (i = WINDOWS(253); i-- > 1;)
			pick_add_shift(&sum, &m, w, i);
		pick(&q, &m, w, 0);
		vpoint_add(&v, &sum, &q);
		vpoint_store(out + at, lanes, &v);
	}
	sodium_memzero(&m, sizeof m);
	sodium_memzero(&q, sizeof q);
	sodium_memzero(&sum, sizeof sum);
	sodium_memzero(&v, sizeof v);
	sodium_memzero(w, sizeof w);
}

#endif
#endif
