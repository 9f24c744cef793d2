/*
 * lanes_powers: sums and powers of many elements. A part of the code that
 * crypto/lanes_field.h describes.
 */
#ifndef CRYPTO_LANES_POWERS_H
#define CRYPTO_LANES_POWERS_H

#include "crypto/lanes_curve.h"

#ifdef VFE_LANES

#include <sodium.h>

#include "crypto/mem.h"

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

/* ---- points with z = 1 ---- */

/* Groups that share two inversions. */
#define AFFINE_GROUPS 64

static __attribute__((noinline)) void
affine_one(struct ed_affine *out, unsigned lanes, const struct vpoint *p, vfe z_inv)
{
	const vfe x = vfe_mul(p->x, z_inv), y = vfe_mul(p->y, z_inv);
	struct vaffine a = { vfe_add(y, x), vfe_sub(y, x),
		vfe_mul(vfe_mul(x, y), vfe_splat(&fe_2d)) };
	uint64_t *row[L];
	unsigned i;

	for (i = 0; i < L; i++)
		row[i] = out[i < lanes ? i : 0].sum.v;
	vfe_store(row, lanes, &a.sum, 3);
}

static void
affine_some(struct ed_affine *out, const struct ed *p, size_t n)
{
	vfe before[AFFINE_GROUPS], all[2] = { vfe_splat(&fe_one), vfe_splat(&fe_one) };
	const uint64_t *row[L];
	struct vpoint v;
	size_t at, k;
	unsigned i;

	for (at = 0, k = 0; at < n; at += L, k++) {
		for (i = 0; i < L; i++)
			row[i] = p[at + i < n ? at + i : at].z.v;
		vfe_load(&v.z, 1, row);
		before[k] = all[k & 1];
		all[k & 1] = vfe_mul(all[k & 1], v.z);
	}
	invert2(all, all);
	while (k-- > 0) {
		at = k * L;
		/* the padding repeats the first of the group, as above: the z must be the same */
		for (i = 0; i < L; i++)
			row[i] = p[at + i < n ? at + i : at].x.v;
		vfe_load(&v.x, 4, row);
		affine_one(out + at, lanes_left(n, at), &v, vfe_mul(all[k & 1], before[k]));
		all[k & 1] = vfe_mul(all[k & 1], v.z);
	}
}

/* Make n points ready to be added. */
static void
affine_many(struct ed_affine *out, const struct ed *p, size_t n)
{
	size_t at, now;

	for (at = 0; at < n; at += now) {
		now = n - at < AFFINE_GROUPS * L ? n - at : AFFINE_GROUPS * L;
		affine_some(out + at, p + at, now);
	}
}

/* ---- powers of one element ----
 *
 * An odd e below 2^254 is the sum of s_j 2^j for j < N, all s_j 1 or -1, where s_j is 1 if
 * bit j of (e + 2^N - 1) / 2 = (e - 1) / 2 + 2^(N - 1) is set. So its windows are odd digits
 * without a carry and without a zero: of w bits with the value b, 2b - (2^w - 1). An even e
 * becomes odd by adding q, which changes nothing for an element. */

#define ROWS ((253 + VTABLE_BITS) / VTABLE_BITS)

struct lanes_table {
	/* row[i] holds 2^(w i) times 1, 3, 5, ... */
	struct vtable_row row[ROWS];
};

/* q */
static const uint64_t order[4] = { 0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0, 0x1000000000000000 };

/* w = (e - 1) / 2 + 2^(N - 1) for e, or e + q if that is even. */
static void
odd_exponents(vnumber w[5])
{
	const vnumber even = (w[0] & 1) - 1; /* all ones or zero */
	vnumber carry = { 0 }, add, sum;
	unsigned i;

	for (i = 0; i < 4; i++) {
		add = even & order[i];
		sum = w[i] + add;
		/* a carry out of it: the highest bit of the majority of a, b, not sum */
		add = ((w[i] & add) | ((w[i] | add) & ~(sum + carry))) >> 63;
		w[i] = sum + carry;
		carry = add;
	}
	for (i = 0; i < 4; i++)
		w[i] = w[i] >> 1 | (i < 3 ? w[i + 1] << 63 : (vnumber){ 0 });
	w[(ROWS * VTABLE_BITS - 1) / 64] |= (uint64_t)1 << (ROWS * VTABLE_BITS - 1) % 64;
}

/* out = the entry for window i */
VFE_INLINE void
table_entry(struct vaffine *out, const struct vtable_row *row, const vnumber w[5], unsigned i)
{
	const vnumber b = window(w, i * VTABLE_BITS, VTABLE_BITS), zero = { 0 };
	const vnumber positive = b >> (VTABLE_BITS - 1);

	vtable_get(&out->sum, row, (b ^ (positive - 1)) & (VTABLE_ENTRIES - 1));
	vneg_if(&out->sum, &out->difference, &out->t2d, vnumber_equal(positive, zero));
}

static __attribute__((noinline)) void
table_add(struct vsum *sum, const struct vtable_row *row, const vnumber w[5], unsigned i)
{
	struct vfactors a;
	struct vaffine q;

	table_entry(&q, row, w, i);
	vadd_affine(&a, sum, &q);
	vsum_of(sum, &a);
}

static __attribute__((noinline)) void
table_add_end(struct vpoint *out, const struct vsum *sum, const struct vtable_row *row,
    const vnumber w[5])
{
	struct vfactors a;
	struct vaffine q;

	table_entry(&q, row, w, ROWS - 1);
	vadd_affine(&a, sum, &q);
	vpoint_of(out, &a);
}

/* So many groups go through a row while it is in the first-level cache. */
#define TABLE_GROUPS 8

struct table_group {
	struct vsum sum;
	vnumber w[5];
};

static void
lanes_table_pow(struct ed *out, const struct lanes_table *table, const uint8_t *e, size_t e_stride,
    const struct ed *and, size_t n)
{
	struct table_group group[TABLE_GROUPS];
	size_t at, from, g, groups;
	struct vpoint v;
	unsigned i;

	for (from = 0; from < n; from += groups * L) {
		groups = (n - from + L - 1) / L;
		groups = groups < TABLE_GROUPS ? groups : TABLE_GROUPS;
		for (g = 0, at = from; g < groups; g++, at += L) {
			vsum_identity(&group[g].sum);
			if (and != NULL) {
				vpoint_load(&v, and+at, 1, lanes_left(n, at));
				vsum_from(&group[g].sum, &v);
			}
			exponents_load(group[g].w, e + at * e_stride, e_stride, lanes_left(n, at));
			odd_exponents(group[g].w);
		}
		for (i = 0; i < ROWS - 1; i++)
			for (g = 0; g < groups; g++)
				table_add(&group[g].sum, &table->row[i], group[g].w, i);
		for (g = 0, at = from; g < groups; g++, at += L) {
			table_add_end(&v, &group[g].sum, &table->row[i], group[g].w);
			vpoint_store(out + at, lanes_left(n, at), &v);
		}
	}
	sodium_memzero(group, sizeof group);
	sodium_memzero(&v, sizeof v);
}

/* out[k + VTABLE_ENTRIES i] = (2k + 1) p[i] for L points p. */
static void
odd_multiples(struct ed *out, const struct ed *p, unsigned lanes)
{
	struct vpoint v, twice;
	struct vcached step;
	uint64_t *row[L];
	struct vsum sum;
	unsigned k, i;

	vpoint_load(&v, p, 1, lanes);
	twice = v;
	vpoint_double(&twice, 1);
	vcached_from(&step, &twice);
	for (k = 0; k < VTABLE_ENTRIES; k++) {
		for (i = 0; i < L; i++)
			row[i] = out[(i < lanes ? i : 0) * VTABLE_ENTRIES + k].x.v;
		vfe_store(row, lanes, &v.x, 4);
		vsum_from(&sum, &v);
		vpoint_add(&v, &sum, &step);
	}
}

static enum result
lanes_table(struct lanes_table **out, const struct ed *p)
{
	struct ed_affine *affine = NULL;
	struct ed first[ROWS], *all = NULL;
	enum result r = R_NO_MEMORY;
	struct fe entry[3];
	unsigned i, k;

	*out = mem_new(1, sizeof **out);
	all = mem_new(ROWS * VTABLE_ENTRIES, sizeof *all);
	affine = mem_new(ROWS * VTABLE_ENTRIES, sizeof *affine);
	if (*out == NULL || all == NULL || affine == NULL)
		goto out;
	first[0] = *p;
	for (i = 1; i < ROWS; i++)
		ed_double(&first[i], &first[i - 1], VTABLE_BITS);
	for (i = 0; i < ROWS; i += L)
		odd_multiples(all + i * VTABLE_ENTRIES, first + i, lanes_left(ROWS, i));
	affine_many(affine, all, ROWS * VTABLE_ENTRIES);
	for (i = 0; i < ROWS * VTABLE_ENTRIES; i++) {
		k = i % VTABLE_ENTRIES;
		entry[0] = affine[i].sum;
		entry[1] = affine[i].difference;
		entry[2] = affine[i].t2d;
		vtable_put(&(*out)->row[i / VTABLE_ENTRIES], k, entry);
	}
	r = R_GOOD;
out:
	if (r != R_GOOD) {
		mem_free(*out);
		*out = NULL;
	}
	mem_free(all);
	mem_free(affine);
	return r;
}

#endif
#endif
