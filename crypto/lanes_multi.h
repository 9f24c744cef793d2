/*
 * lanes_multi: products of powers of many elements. A part of the code that
 * crypto/lanes_field.h describes.
 */
#ifndef CRYPTO_LANES_MULTI_H
#define CRYPTO_LANES_MULTI_H

#include "crypto/lanes_straus.h"
#include "crypto/lanes_table.h"

#ifdef VFE_LANES

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
	unsigned c, windows;
	int vartime;
	struct ed_affine *p;      /* n */
	uint32_t *order;          /* the sorted list: entry s of lane l is at s * L + l */
	size_t padded;            /* n, made a multiple of L */
	uint16_t *digit;          /* windows times padded */
	uint32_t *next;           /* for each bucket, where its next entry goes */
	struct bucket *bucket;    /* number 0 is for the digit zero, and nobody looks into it */
	struct window_sums *sums; /* one for each window */
};

/* Cut the exponents into windows with the bit below each, which is what Booth's digits are
 * made of (lanes_powers.h). */
static void
cut(const struct pippenger *a, const uint8_t *e, size_t stride)
{
	const unsigned c = a->c;
	vhalves some;
	vnumber x[5];
	unsigned w;
	size_t at;

	for (at = 0; at < a->n; at += L) {
		exponents_load(x, e + at * stride, stride, lanes_left(a->n, at));
		for (w = 0; w < a->windows; w++) {
			some = vhalves_of(booth_bits(x, w, c));
			memcpy(a->digit + w * a->padded + at, &some, sizeof some);
		}
	}
	sodium_memzero(x, sizeof x);
}

/* Return the entry of element i, of which these are the bits. */
VFE_INLINE uint32_t
entry(size_t i, uint32_t bits, unsigned c)
{
	const uint32_t sign = bits >> c, half = (bits + 1) >> 1;

	return (((half ^ (0u - sign)) + sign) + (sign << c)) << BUCKET_SHIFT |
	    (uint32_t)i << AT_SHIFT | sign;
}

/* Sort for one window. Return the number of steps. */
static size_t
sort(const struct pippenger *a, unsigned w)
{
	const size_t buckets = (size_t)1 << (a->c - 1);
	size_t i, k, at, steps, total;
	const uint16_t *digit = a->digit + w * a->padded;
	uint32_t *next = a->next, one, count, place;

	memset(next, 0, (buckets + 1) * sizeof *next);
	for (i = 0; i < a->n; i++)
		next[entry(i, digit[i], a->c) >> BUCKET_SHIFT]++;
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
		one = entry(i, digit[i], a->c);
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
	const vnumber one = (vnumber){ 0 } + 1;
	const uint64_t *row[L];
	unsigned i;

#pragma GCC unroll 8
	for (i = 0; i < L; i++)
		row[i] = a->p[now[i] >> AT_SHIFT & AT_MASK].sum.v;
	vfe_load(&q->sum, 3, row);
	vneg_if(&q->sum, &q->difference, &q->t2d, vnumber_equal(vnumber_of(now) & one, one));
}

VFE_INLINE void
fetch(const struct pippenger *a, const uint32_t now[L])
{
	const char *p;
	unsigned i;

#pragma GCC unroll 8
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
	const uint32_t *now = a->order, *before = now, *end = now + steps * L;
	struct vsum sum, none;
	uint64_t *slot[L];
	struct vaffine q;
	vmask same;
	unsigned i;

	vsum_identity(&none);
	vsum_identity(&sum);
	for (i = 0; i < L; i++)
		slot[i] = head[i].of[0].v;
	for (; now < end; before = now, now += L) {
		fetch(a, now + AHEAD * L);
		same = vnumber_equal(vnumber_of(now) >> BUCKET_SHIFT,
		    vnumber_of(before) >> BUCKET_SHIFT);
		if (constant || vmask_bits(vmask_not(same)) != 0) {
			vfe_store(slot, L, &sum.sum, 4);
			sum.sum = vfe_select(none.sum, sum.sum, same);
			sum.difference = vfe_select(none.difference, sum.difference, same);
			sum.z = vfe_select(none.z, sum.z, same);
			sum.t = vfe_select(none.t, sum.t, same);
			for (i = 0; i < L; i++) {
				const uint32_t in = now[i] >> BUCKET_SHIFT,
					       was = before[i] >> BUCKET_SHIFT;
				const uintptr_t stay =
				    (uintptr_t)fe_mask(((uint64_t)(in ^ was) - 1) >> 63);

				slot[i] = (uint64_t *)(((uintptr_t)slot[i] & stay) |
				    ((uintptr_t)a->bucket[in].of[0].v & ~stay));
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
	struct vtwice result; /* in all lanes the same */
	struct ed each[L];
	struct vcached q;
	struct vpoint v;
	unsigned w, j, lanes;

	vpoint_load(&v, &ed_identity, 0, L);
	vtwice_from(&result, &v);
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
			vtwice_double(&result, a->c - 1);
			vsum_double(&all, &result);
			vpoint_load(&v, &each[j], 0, L);
			vcached_from(&q, &v);
			vpoint_add(&v, &all, &q);
			vtwice_from(&result, &v);
		}
	}
	vpoint_store(out, 1, &v);
}

/* Return the digit size that is cheapest, in nanoseconds as measured: an element costs
 * `element` in every window, a bucket `bucket`, and the rest of a window `rest`. */
static unsigned
best_digit(size_t n, unsigned bits)
{
	const double element = 16, bucket = 30, rest = 2000;
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
	struct pippenger a = { .n = n, .vartime = vartime };
	enum result r = R_NO_MEMORY;
	unsigned w;

	a.c = best_digit(n, bits);
	a.windows = bits / a.c + 1;
	a.padded = (n + L - 1) / L * L;
	a.p = mem_new(n, sizeof *a.p);
	a.digit = mem_new(a.windows * a.padded, sizeof *a.digit);
	a.order = mem_new(n + (AHEAD + 1) * L, sizeof *a.order);
	a.next = mem_new(((size_t)1 << (a.c - 1)) + 1, sizeof *a.next);
	a.bucket = mem_new(((size_t)1 << (a.c - 1)) + 1, sizeof *a.bucket);
	a.sums = mem_new(a.windows, sizeof *a.sums);
	if (a.p == NULL || a.digit == NULL || a.order == NULL || a.next == NULL ||
	    a.bucket == NULL || a.sums == NULL)
		goto out;
	affine_many(a.p, p, n);
	cut(&a, e, stride);
	for (w = 0; w < a.windows; w++)
		one_window(&a, w);
	add_windows(&a, out);
	r = R_GOOD;
out:
	mem_free(a.p);
	mem_free(a.digit);
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
