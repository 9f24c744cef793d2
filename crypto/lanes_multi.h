/*
 * lanes_multi: products of powers of many elements. A part of the code that
 * crypto/lanes_curve.h describes.
 */
#ifndef CRYPTO_LANES_MULTI_H
#define CRYPTO_LANES_MULTI_H

#include "crypto/lanes_powers.h"

#ifdef VFE_LANES

#include <stdlib.h>

/* From so many elements on Pippenger's method is used (measured; for 128 bits the two meet
 * at about the same number). */
#define MANY 256

/* Return the number of bits up to the highest that is set in any of n exponents. */
static unsigned
longest_vartime(const uint8_t *e, size_t stride, size_t n)
{
	unsigned bytes = 0, last = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		const uint8_t *x = e + i * stride;
		unsigned k = ED_SCALAR_BYTES;

		while (k > bytes && x[k - 1] == 0)
			k--;
		if (k > bytes) {
			bytes = k;
			last = x[k - 1];
		} else if (bytes > 0 && x[bytes - 1] > last) {
			last = x[bytes - 1];
		}
	}
	return last == 0 ? 0 : 8 * bytes - (unsigned)__builtin_clz(last) + 24;
}

/* ---- Straus: few ---- */

/* One group of elements. */
struct straus {
	struct multiples m;
	vnumber w[5];
};

static enum result
straus(struct ed *out, const struct ed *p, const uint8_t *e, size_t stride, size_t n, unsigned bits)
{
	const size_t groups = (n + L - 1) / L;
	struct straus *all;
	struct vtwice twice;
	struct vpoint v;
	struct vsum sum;
	unsigned i;
	size_t g;

	all = mem_new(groups, sizeof *all);
	if (all == NULL)
		return R_NO_MEMORY;
	for (g = 0; g < groups; g++) {
		const unsigned lanes = lanes_left(n, g * L);
		unsigned k;

		vpoint_load(&v, p + g * L, 1, lanes);
		multiples(&all[g].m, &v);
		exponents_load(all[g].w, e + g * L * stride, stride, lanes);
		/* nothing of what fills up the last group */
		for (k = 0; k < 4; k++)
			all[g].w[k] &= lanes_first(lanes);
	}
	vsum_identity(&sum);
	for (i = WINDOWS(bits); i-- > 0;) {
		if (i + 1 < WINDOWS(bits)) {
			vpoint_of_sum(&v, &sum);
			vtwice_from(&twice, &v);
			vtwice_double(&twice, WINDOW - 1);
			vsum_double(&sum, &twice);
		}
		for (g = 0; g < groups; g++)
			pick_add(&sum, &all[g].m, all[g].w, i);
	}
	across(out, &sum);
	mem_free(all);
	sodium_memzero(&sum, sizeof sum);
	sodium_memzero(&v, sizeof v);
	return R_GOOD;
}

/* ---- Pippenger: many ----
 *
 * For each window the elements are sorted by their digits' absolute values (a counting
 * sort). Each lane then walks its own part of the sorted list and adds up, with the sum in
 * registers; where the digit changes, the sum goes into that digit's bucket and starts
 * anew. So no bucket is read or written for an addition, and an addition takes L elements
 * from anywhere. A digit that goes on from one lane's part into the next is why the first
 * sum of each part has a place of its own.
 *
 * An entry of the sorted list: the bucket, the element's number, whether it is subtracted. */
#define SIGN 1u
#define AT_SHIFT 1
#define AT_MASK 0xffffu
#define BUCKET_SHIFT 17

/* Elements of which the points and exponents stay in the third-level cache. */
#define BLOCK 0x10000

/* 2^12 buckets: they have 192 bytes each and should stay in the second-level cache. */
#define DIGIT_LEAST 4
#define DIGIT_MOST 13

/* How many steps ahead points are fetched. */
#define AHEAD 4

struct bucket {
	_Alignas(64) struct fe of[4]; /* struct vsum */
};

/* The sums of one window: of (k + 1) times bucket k over each lane's buckets, and of the
 * buckets themselves. */
struct window_sums {
	struct ed inside[L], all[L];
};

struct pippenger {
	size_t n;
	const uint8_t *e;
	size_t stride;
	unsigned c, windows;
	int vartime;
	struct ed_affine *p;      /* n */
	uint32_t *order;          /* the sorted list: entry s of lane l is at s * L + l */
	uint32_t *next;           /* for each bucket, where its next entry goes */
	struct bucket *bucket;    /* number 0 is for the digit zero, and nobody looks into it */
	struct window_sums *sums; /* one for each window */
};

/* Return the entry of element i for a window, Booth's digit (lanes_powers.h). */
VFE_INLINE uint32_t
entry(const struct pippenger *a, size_t i, unsigned w)
{
	const unsigned c = a->c, low = w == 0 ? 0 : w * c - 1;
	/* eight bytes that hold it; none is beyond the last */
	const unsigned byte = low / 8 < ED_SCALAR_BYTES - 8 ? low / 8 : ED_SCALAR_BYTES - 8;
	uint32_t v, sign, half;
	uint64_t x;

	memcpy(&x, a->e + i * a->stride + byte, sizeof x);
	x >>= low - 8 * byte;
	v = (uint32_t)(w == 0 ? x << 1 : x) & ((2u << c) - 1);
	sign = v >> c;
	half = (v + 1) >> 1;
	half = ((half ^ (0u - sign)) + sign) + (sign << c);
	return half << BUCKET_SHIFT | (uint32_t)i << AT_SHIFT | sign;
}

/* Sort for one window. Return the number of steps. */
static size_t
sort(const struct pippenger *a, unsigned w)
{
	const size_t buckets = (size_t)1 << (a->c - 1);
	size_t i, k, at, steps, total;
	uint32_t *next = a->next, one, count, place;

	memset(next, 0, (buckets + 1) * sizeof *next);
	for (i = 0; i < a->n; i++)
		next[entry(a, i, w) >> BUCKET_SHIFT]++;
	/* The zeros come last, or not at all. */
	total = a->vartime ? a->n - next[0] : a->n;
	steps = (total + L - 1) / L;
	count = next[0];
	for (k = 1, at = 0; k <= buckets + 1; k++) {
		const size_t b = k <= buckets ? k : 0;
		const uint32_t size = b == 0 ? count : next[b];

		if (steps > 0)
			next[b] = (uint32_t)(at % steps * L + at / steps);
		at += size;
	}
	for (i = 0; i < a->n; i++) {
		one = entry(a, i, w);
		if (a->vartime && one >> BUCKET_SHIFT == 0)
			continue;
		place = next[one >> BUCKET_SHIFT];
		a->order[place] = one;
		/* down this lane's part, and from its end to the next one's beginning */
		place += L;
		place -= (uint32_t)(steps * L - 1) & fe_hide32(0u - (place >= steps * L));
		next[one >> BUCKET_SHIFT] = place;
	}
	for (i = total; i < steps * L; i++)
		a->order[i % steps * L + i / steps] = 0;
	/* fetched ahead, not used */
	memset(a->order + steps * L, 0, AHEAD * L * sizeof *a->order);
	return steps;
}

VFE_INLINE void
load_affine(struct vaffine *q, const struct pippenger *a, const uint32_t now[L])
{
	const uint64_t *row[L];
	unsigned i, negative = 0;

	for (i = 0; i < L; i++) {
		row[i] = a->p[now[i] >> AT_SHIFT & AT_MASK].sum.v;
		negative |= (now[i] & SIGN) << i;
	}
	vfe_load(&q->sum, 3, row);
	vneg_if(&q->sum, &q->difference, &q->t2d, vmask_of(negative));
}

VFE_INLINE void
fetch(const struct pippenger *a, const uint32_t now[L])
{
	const char *p;
	unsigned i;

	for (i = 0; i < L; i++) {
		p = (const char *)&a->p[now[i] >> AT_SHIFT & AT_MASK];
		__builtin_prefetch(p);
		__builtin_prefetch(p + 64);
	}
}

/* Fill the buckets; the first sum of each lane's part goes to head. If constant is not
 * zero, sums are stored at every step, whether they are complete or not. */
VFE_INLINE void
walk(const struct pippenger *a, struct bucket head[L], size_t steps, int constant)
{
	struct vsum sum, none;
	uint64_t *slot[L];
	struct vaffine q;
	uint32_t in[L];
	unsigned i, changed;
	size_t t;

	vsum_identity(&none);
	vsum_identity(&sum);
	for (i = 0; i < L; i++) {
		in[i] = a->order[i] >> BUCKET_SHIFT;
		slot[i] = head[i].of[0].v;
	}
	for (t = 0; t < steps; t++) {
		const uint32_t *now = a->order + t * L;

		fetch(a, now + AHEAD * L);
		changed = 0;
		for (i = 0; i < L; i++)
			changed |= (unsigned)((now[i] >> BUCKET_SHIFT) != in[i]) << i;
		if (constant || changed != 0) {
			const vmask anew = vmask_of(changed);

			vfe_store(slot, L, &sum.sum, 4);
			sum.sum = vfe_select(sum.sum, none.sum, anew);
			sum.difference = vfe_select(sum.difference, none.difference, anew);
			sum.z = vfe_select(sum.z, none.z, anew);
			sum.t = vfe_select(sum.t, none.t, anew);
			for (i = 0; i < L; i++) {
				const uintptr_t move = (uintptr_t)fe_mask(changed >> i & 1);
				uint64_t *to;

				in[i] = now[i] >> BUCKET_SHIFT;
				to = a->bucket[in[i]].of[0].v;
				slot[i] = (uint64_t *)(((uintptr_t)slot[i] & ~move) |
				    ((uintptr_t)to & move));
			}
		}
		load_affine(&q, a, now);
		vsum_add_affine(&sum, &q);
	}
	vfe_store(slot, L, &sum.sum, 4);
}

static __attribute__((noinline)) void
walk_vartime(const struct pippenger *a, struct bucket head[L], size_t steps)
{
	walk(a, head, steps, 0);
}

static __attribute__((noinline)) void
walk_constant(const struct pippenger *a, struct bucket head[L], size_t steps)
{
	walk(a, head, steps, 1);
}

/* Load L of struct vsum, `step` apart. */
static void
bucket_load(struct vsum *out, const struct bucket *b, size_t step)
{
	const uint64_t *row[L];
	unsigned i;

	for (i = 0; i < L; i++)
		row[i] = b[i * step].of[0].v;
	vfe_load(&out->sum, 4, row);
}

/* Add each lane's first sum to its bucket; one after the other, as they may be the same. */
static void
add_heads(const struct pippenger *a, const struct bucket head[L], const uint32_t in[L])
{
	struct vsum sum, first;
	struct vcached q;
	uint64_t *row[L];
	unsigned i, k;

	for (i = 0; i < L; i++) {
		bucket_load(&first, &head[i], 0);
		bucket_load(&sum, &a->bucket[in[i]], 0);
		vcached_of_sum(&q, &first);
		vsum_add(&sum, &q);
		for (k = 0; k < L; k++)
			row[k] = a->bucket[in[i]].of[0].v;
		vfe_store(row, 1, &sum.sum, 4);
	}
}

/* Add up the buckets, each lane a range of them: from the highest number down, all so far
 * and the sum of these. */
static void
add_buckets(const struct pippenger *a, struct window_sums *out)
{
	const size_t range = ((size_t)1 << (a->c - 1)) / L;
	struct vsum all, inside, b;
	struct vcached q;
	struct vpoint v;
	size_t k;

	vsum_identity(&all);
	vsum_identity(&inside);
	for (k = range; k-- > 0;) {
		bucket_load(&b, a->bucket + 1 + k, range);
		vcached_of_sum(&q, &b);
		vsum_add(&all, &q);
		vcached_of_sum(&q, &all);
		vsum_add(&inside, &q);
	}
	vpoint_of_sum(&v, &inside);
	vpoint_store(out->inside, L, &v);
	vpoint_of_sum(&v, &all);
	vpoint_store(out->all, L, &v);
}

static void
one_window(const struct pippenger *a, unsigned w)
{
	const size_t buckets = (size_t)1 << (a->c - 1), steps = sort(a, w);
	const struct bucket none = { { fe_one, fe_one, fe_one, fe_zero } };
	struct bucket head[L];
	uint32_t in[L];
	size_t i;

	for (i = 0; i <= buckets; i++)
		a->bucket[i] = none;
	if (steps > 0) {
		for (i = 0; i < L; i++)
			in[i] = a->order[i] >> BUCKET_SHIFT;
		if (a->vartime)
			walk_vartime(a, head, steps);
		else
			walk_constant(a, head, steps);
		add_heads(a, head, in);
	}
	add_buckets(a, &a->sums[w]);
}

/* Put the windows together. Lane j's range of buckets begins at j times its length. */
static void
add_windows(const struct pippenger *a, struct ed *out)
{
	const size_t step = sizeof(struct window_sums) / sizeof(struct ed);
	struct vsum all, weighted;
	struct ed_cached next;
	struct ed each[L];
	struct vcached q;
	struct vpoint v;
	unsigned w, j, lanes;

	*out = ed_identity;
	for (w = (a->windows - 1) / L * L; w < a->windows; w -= L) {
		lanes = lanes_left(a->windows, w);
		vsum_identity(&all);
		vsum_identity(&weighted);
		for (j = L; j-- > 1;) {
			vpoint_load(&v, &a->sums[w].all[j], step, lanes);
			vcached_from(&q, &v);
			vsum_add(&all, &q);
			vcached_of_sum(&q, &all);
			vsum_add(&weighted, &q);
		}
		vpoint_of_sum(&v, &weighted);
		if ((1u << (a->c - 1)) > L)
			vpoint_double(&v, a->c - 1 - (unsigned)__builtin_ctz(L));
		vsum_from(&all, &v);
		for (j = 0; j < L; j++) {
			vpoint_load(&v, &a->sums[w].inside[j], step, lanes);
			vcached_from(&q, &v);
			vsum_add(&all, &q);
		}
		vpoint_of_sum(&v, &all);
		vpoint_store(each, L, &v);
		for (j = lanes; j-- > 0;) {
			if (w + j + 1 < a->windows)
				ed_double(out, out, a->c);
			ed_cache(&next, &each[j]);
			ed_add(out, out, &next);
		}
	}
}

/* Return the digit size that is cheapest, in nanoseconds as measured: an element costs
 * ELEMENT in every window, a bucket BUCKET and the rest of a window WINDOW_COST. */
static unsigned
best_digit(size_t n, unsigned bits)
{
	const double element = 11, bucket = 16, rest = 3000;
	double cost, least = 0;
	unsigned c, best = 0;

	for (c = DIGIT_LEAST; c <= DIGIT_MOST; c++) {
		cost = (bits / c + 1) *
		    (element * (double)n + bucket * (double)(1u << (c - 1)) + rest);
		if (best == 0 || cost < least) {
			least = cost;
			best = c;
		}
	}
	return best;
}

static enum result
pippenger(struct ed *out, const struct ed *p, const uint8_t *e, size_t stride, size_t n,
    unsigned bits, int vartime)
{
	struct pippenger a = { .n = n, .e = e, .stride = stride, .vartime = vartime };
	enum result r = R_NO_MEMORY;
	unsigned w;

	a.c = best_digit(n, bits);
	a.windows = bits / a.c + 1;
	a.p = mem_new(n, sizeof *a.p);
	a.order = mem_new(n + (AHEAD + 1) * L, sizeof *a.order);
	a.next = mem_new(((size_t)1 << (a.c - 1)) + 1, sizeof *a.next);
	a.bucket = mem_new(((size_t)1 << (a.c - 1)) + 1, sizeof *a.bucket);
	a.sums = mem_new(a.windows, sizeof *a.sums);
	if (a.p == NULL || a.order == NULL || a.next == NULL || a.bucket == NULL || a.sums == NULL)
		goto out;
	affine_many(a.p, p, n);
	for (w = 0; w < a.windows; w++)
		one_window(&a, w);
	add_windows(&a, out);
	r = R_GOOD;
out:
	mem_free(a.p);
	mem_free(a.order);
	mem_free(a.next);
	mem_free(a.bucket);
	mem_free(a.sums);
	return r;
}

static enum result
multi(struct ed *out, const struct ed *p, const uint8_t *e, size_t stride, size_t n, unsigned bits,
    int vartime)
{
	const size_t blocks = (n + BLOCK - 1) / BLOCK;
	struct ed sum = ed_identity, part;
	struct ed_cached next;
	size_t k, from, to;
	enum result r;

	if (n < MANY)
		return straus(out, p, e, stride, n, bits);
	for (k = 0; k < blocks; k++) {
		from = n / blocks * k + (k < n % blocks ? k : n % blocks);
		to = from + n / blocks + (k < n % blocks);
		r = pippenger(&part, p + from, e + from * stride, stride, to - from, bits, vartime);
		if (r != R_GOOD)
			return r;
		ed_cache(&next, &part);
		ed_add(&sum, &sum, &next);
	}
	*out = sum;
	return R_GOOD;
}

static enum result
lanes_multi(struct ed *out, const struct ed *p, const uint8_t *e, size_t stride, size_t n)
{
	return multi(out, p, e, stride, n, 253, 0);
}

static enum result
lanes_multi_vartime(struct ed *out, const struct ed *p, const uint8_t *e, size_t stride, size_t n)
{
	return multi(out, p, e, stride, n, longest_vartime(e, stride, n), 1);
}

#endif
#endif
