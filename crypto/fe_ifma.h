/*
 * fe_ifma: eight numbers modulo p = 2^255 - 19 at a time, for processors with AVX-512 IFMA.
 * The field of crypto/lanes_field.h; see there for what the names have in common with
 * crypto/fe_avx2.h. Empty unless the compiler may use these instructions.
 *
 * Radix 2^51 in five vectors of eight 64-bit lanes. vpmadd52 multiplies the low 52 bits of
 * its factors and adds the low or the high 52 bits of the product; the high half of
 * a_i b_j stands for 2^(51 (i + j) + 52), so it counts twice in column i + j + 1.
 *
 *	vfe	every limb below 2^51 + 2^17: what all functions give. Limbs up to 2^52 - 1
 *		are taken by products and vfe_reduce.
 *	vwide	the five columns of a product, or a few of them added: below 2^63.
 *
 * A column of a product of limbs below 2^52, all folded: in column 5 four low halves and
 * twice five high ones, 14 2^52, 19 of these and one low half in column 0: 267 2^52 <
 * 2^60.1; the other columns have less. Of two vfe it is below 2^59.
 */
#ifndef CRYPTO_FE_IFMA_H
#define CRYPTO_FE_IFMA_H

#if defined(__AVX512F__) && defined(__AVX512IFMA__) && defined(__AVX512DQ__)

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/fe51.h"

#define VFE_LANES 8
#define VFE_INLINE static inline __attribute__((always_inline))

typedef struct {
	__m512i v[5];
} vfe;

typedef struct {
	__m512i v[5];
} vwide;

/* Eight words; eight times yes or no. */
typedef uint64_t vnumber __attribute__((vector_size(8 * VFE_LANES)));
typedef __mmask8 vmask;

VFE_INLINE __m512i
vfe_all(uint64_t x)
{
	return _mm512_set1_epi64((long long)x);
}

/* The same number in every lane. */
VFE_INLINE vfe
vfe_splat(const struct fe *a)
{
	vfe out = { { vfe_all(a->v[0]), vfe_all(a->v[1]), vfe_all(a->v[2]), vfe_all(a->v[3]),
	    vfe_all(a->v[4]) } };

	return out;
}

/* Carry once. Of a column below 2^63 12 bits go to the next one, and 19 times as much, less
 * than 2^17, from the last to the first. */
VFE_INLINE vfe
vfe_reduce(vwide a)
{
	const __m512i mask = vfe_all(FE_MASK);
	const __m512i c0 = _mm512_srli_epi64(a.v[0], 51), c1 = _mm512_srli_epi64(a.v[1], 51),
		      c2 = _mm512_srli_epi64(a.v[2], 51), c3 = _mm512_srli_epi64(a.v[3], 51),
		      c4 = _mm512_srli_epi64(a.v[4], 51);
	vfe out;

	out.v[0] = _mm512_madd52lo_epu64(_mm512_and_si512(a.v[0], mask), c4, vfe_all(19));
	out.v[1] = _mm512_add_epi64(_mm512_and_si512(a.v[1], mask), c0);
	out.v[2] = _mm512_add_epi64(_mm512_and_si512(a.v[2], mask), c1);
	out.v[3] = _mm512_add_epi64(_mm512_and_si512(a.v[3], mask), c2);
	out.v[4] = _mm512_add_epi64(_mm512_and_si512(a.v[4], mask), c3);
	return out;
}

VFE_INLINE vwide
vwide_of(vfe a)
{
	vwide out = { { a.v[0], a.v[1], a.v[2], a.v[3], a.v[4] } };

	return out;
}

VFE_INLINE vwide
vwide_add(vwide a, vwide b)
{
	vwide out = { { _mm512_add_epi64(a.v[0], b.v[0]), _mm512_add_epi64(a.v[1], b.v[1]),
	    _mm512_add_epi64(a.v[2], b.v[2]), _mm512_add_epi64(a.v[3], b.v[3]),
	    _mm512_add_epi64(a.v[4], b.v[4]) } };

	return out;
}

/* a - b for b no more than one product (or a vfe): 2^10 p is added, whose limbs are
 * 2^61 - 19 2^10 and 2^61 - 2^10. */
VFE_INLINE vwide
vwide_sub(vwide a, vwide b)
{
	const __m512i p0 = vfe_all(((uint64_t)1 << 61) - 19 * 1024),
		      p1 = vfe_all(((uint64_t)1 << 61) - 1024);
	vwide out;

	out.v[0] = _mm512_add_epi64(a.v[0], _mm512_sub_epi64(p0, b.v[0]));
	out.v[1] = _mm512_add_epi64(a.v[1], _mm512_sub_epi64(p1, b.v[1]));
	out.v[2] = _mm512_add_epi64(a.v[2], _mm512_sub_epi64(p1, b.v[2]));
	out.v[3] = _mm512_add_epi64(a.v[3], _mm512_sub_epi64(p1, b.v[3]));
	out.v[4] = _mm512_add_epi64(a.v[4], _mm512_sub_epi64(p1, b.v[4]));
	return out;
}

/* -a, uncarried: limbs of 2p - a are at most 2^52 - 2, enough for a factor. */
VFE_INLINE vfe
vfe_neg_factor(vfe a)
{
	const __m512i p0 = vfe_all(0xfffffffffffda), p1 = vfe_all(0xffffffffffffe);
	vfe out = { { _mm512_sub_epi64(p0, a.v[0]), _mm512_sub_epi64(p1, a.v[1]),
	    _mm512_sub_epi64(p1, a.v[2]), _mm512_sub_epi64(p1, a.v[3]),
	    _mm512_sub_epi64(p1, a.v[4]) } };

	return out;
}

#define LO(sum, a, b) ((sum) = _mm512_madd52lo_epu64((sum), (a), (b)))
#define HI(sum, a, b) ((sum) = _mm512_madd52hi_epu64((sum), (a), (b)))

/* lo + 2 hi */
VFE_INLINE __m512i
vfe_column(__m512i lo, __m512i hi)
{
	return _mm512_add_epi64(lo, _mm512_add_epi64(hi, hi));
}

/* a + 19 b; b is below 2^56. The compiler must not see the 19: gcc takes it apart into
 * shifts and sums, which are slower. */
VFE_INLINE __m512i
vfe_fold(__m512i a, __m512i b)
{
	__m512i x19 = vfe_all(19);

	__asm__("" : "+v"(x19));
	return _mm512_add_epi64(a, _mm512_mullo_epi64(b, x19));
}

VFE_INLINE vwide
vfe_mul_wide(vfe a, vfe b)
{
	const __m512i zero = _mm512_setzero_si512();
	__m512i l0 = zero, l1 = zero, l2 = zero, l3 = zero, l4 = zero, l5 = zero, l6 = zero,
		l7 = zero, l8 = zero;
	__m512i h1 = zero, h2 = zero, h3 = zero, h4 = zero, h5 = zero, h6 = zero, h7 = zero,
		h8 = zero, h9 = zero;
	vwide out;

	LO(l5, a.v[1], b.v[4]);
	HI(h5, a.v[0], b.v[4]);
	LO(l6, a.v[2], b.v[4]);
	HI(h6, a.v[1], b.v[4]);
	LO(l7, a.v[3], b.v[4]);
	HI(h7, a.v[2], b.v[4]);
	LO(l8, a.v[4], b.v[4]);
	HI(h8, a.v[3], b.v[4]);
	LO(l4, a.v[0], b.v[4]);
	HI(h9, a.v[4], b.v[4]);
	LO(l5, a.v[2], b.v[3]);
	HI(h5, a.v[1], b.v[3]);
	LO(l6, a.v[3], b.v[3]);
	HI(h6, a.v[2], b.v[3]);
	LO(l7, a.v[4], b.v[3]);
	HI(h7, a.v[3], b.v[3]);
	LO(l3, a.v[0], b.v[3]);
	HI(h8, a.v[4], b.v[3]);
	LO(l4, a.v[1], b.v[3]);
	HI(h4, a.v[0], b.v[3]);
	LO(l5, a.v[3], b.v[2]);
	HI(h5, a.v[2], b.v[2]);
	LO(l6, a.v[4], b.v[2]);
	HI(h6, a.v[3], b.v[2]);
	LO(l2, a.v[0], b.v[2]);
	HI(h7, a.v[4], b.v[2]);
	LO(l3, a.v[1], b.v[2]);
	HI(h3, a.v[0], b.v[2]);
	LO(l4, a.v[2], b.v[2]);
	HI(h4, a.v[1], b.v[2]);
	LO(l5, a.v[4], b.v[1]);
	HI(h5, a.v[3], b.v[1]);
	LO(l1, a.v[0], b.v[1]);
	HI(h6, a.v[4], b.v[1]);
	LO(l2, a.v[1], b.v[1]);
	HI(h2, a.v[0], b.v[1]);
	LO(l3, a.v[2], b.v[1]);
	HI(h3, a.v[1], b.v[1]);
	LO(l4, a.v[3], b.v[1]);
	HI(h4, a.v[2], b.v[1]);
	LO(l0, a.v[0], b.v[0]);
	HI(h5, a.v[4], b.v[0]);
	LO(l1, a.v[1], b.v[0]);
	HI(h1, a.v[0], b.v[0]);
	LO(l2, a.v[2], b.v[0]);
	HI(h2, a.v[1], b.v[0]);
	LO(l3, a.v[3], b.v[0]);
	HI(h3, a.v[2], b.v[0]);
	LO(l4, a.v[4], b.v[0]);
	HI(h4, a.v[3], b.v[0]);
	out.v[0] = vfe_fold(l0, vfe_column(l5, h5));
	out.v[1] = vfe_fold(vfe_column(l1, h1), vfe_column(l6, h6));
	out.v[2] = vfe_fold(vfe_column(l2, h2), vfe_column(l7, h7));
	out.v[3] = vfe_fold(vfe_column(l3, h3), vfe_column(l8, h8));
	out.v[4] = vfe_fold(vfe_column(l4, h4), vfe_column(zero, h9));
	return out;
}

/* Products of two different limbs count twice: m has what counts once twice, h is what
 * counts four times, d once. */
VFE_INLINE vwide
vfe_square_wide(vfe a)
{
	const __m512i zero = _mm512_setzero_si512();
	__m512i d0 = zero, d2 = zero, d4 = zero, d6 = zero, d8 = zero;
	__m512i m1 = zero, m2 = zero, m3 = zero, m4 = zero, m5 = zero, m6 = zero, m7 = zero,
		m9 = zero;
	__m512i h2 = zero, h3 = zero, h4 = zero, h5 = zero, h6 = zero, h7 = zero, h8 = zero;
	vwide out;

	LO(m5, a.v[1], a.v[4]);
	HI(h5, a.v[0], a.v[4]);
	LO(m6, a.v[2], a.v[4]);
	HI(h6, a.v[1], a.v[4]);
	LO(m7, a.v[3], a.v[4]);
	HI(h7, a.v[2], a.v[4]);
	LO(d8, a.v[4], a.v[4]);
	HI(h8, a.v[3], a.v[4]);
	HI(m9, a.v[4], a.v[4]);
	LO(m4, a.v[0], a.v[4]);
	LO(m5, a.v[2], a.v[3]);
	HI(h5, a.v[1], a.v[3]);
	LO(d6, a.v[3], a.v[3]);
	HI(h6, a.v[2], a.v[3]);
	HI(m7, a.v[3], a.v[3]);
	LO(m3, a.v[0], a.v[3]);
	LO(m4, a.v[1], a.v[3]);
	HI(h4, a.v[0], a.v[3]);
	HI(m5, a.v[2], a.v[2]);
	LO(m2, a.v[0], a.v[2]);
	LO(m3, a.v[1], a.v[2]);
	HI(h3, a.v[0], a.v[2]);
	LO(d4, a.v[2], a.v[2]);
	HI(h4, a.v[1], a.v[2]);
	LO(m1, a.v[0], a.v[1]);
	LO(d2, a.v[1], a.v[1]);
	HI(h2, a.v[0], a.v[1]);
	HI(m3, a.v[1], a.v[1]);
	LO(d0, a.v[0], a.v[0]);
	HI(m1, a.v[0], a.v[0]);
	out.v[0] = vfe_fold(d0, vfe_column(zero, vfe_column(m5, h5)));
	out.v[1] = vfe_fold(_mm512_add_epi64(m1, m1), vfe_column(d6, vfe_column(m6, h6)));
	out.v[2] =
	    vfe_fold(vfe_column(d2, vfe_column(m2, h2)), vfe_column(zero, vfe_column(m7, h7)));
	out.v[3] =
	    vfe_fold(vfe_column(zero, vfe_column(m3, h3)), vfe_column(d8, vfe_column(zero, h8)));
	out.v[4] = vfe_fold(vfe_column(d4, vfe_column(m4, h4)), vfe_column(zero, m9));
	return out;
}

#undef LO
#undef HI

/* The number in 0..p-1. A carry leaves less than 2p; whether that is p or more is what a
 * carry of 19 through all limbs tells. */
VFE_INLINE vfe
vfe_canonical(vfe a)
{
	const __m512i mask = vfe_all(FE_MASK);
	__m512i c = vfe_all(19);
	unsigned i;

	a = vfe_reduce(vwide_of(a));
#pragma GCC unroll 5
	for (i = 0; i < 5; i++)
		c = _mm512_srli_epi64(_mm512_add_epi64(a.v[i], c), 51);
	c = _mm512_mullo_epi64(c, vfe_all(19));
#pragma GCC unroll 5
	for (i = 0; i < 5; i++) {
		a.v[i] = _mm512_add_epi64(a.v[i], c);
		c = _mm512_srli_epi64(a.v[i], 51);
		a.v[i] = _mm512_and_si512(a.v[i], mask);
	}
	return a;
}

/* Of canonical numbers. */
VFE_INLINE vmask
vfe_canonical_odd(vfe a)
{
	return _mm512_test_epi64_mask(a.v[0], vfe_all(1));
}

VFE_INLINE vmask
vfe_canonical_zero(vfe a)
{
	const __m512i all = _mm512_or_si512(_mm512_or_si512(a.v[0], a.v[1]),
	    _mm512_or_si512(_mm512_or_si512(a.v[2], a.v[3]), a.v[4]));

	return _mm512_testn_epi64_mask(all, all);
}

/* b where the mask says yes, else a. */
VFE_INLINE vfe
vfe_select(vfe a, vfe b, vmask yes)
{
	vfe out = { { _mm512_mask_mov_epi64(a.v[0], yes, b.v[0]),
	    _mm512_mask_mov_epi64(a.v[1], yes, b.v[1]), _mm512_mask_mov_epi64(a.v[2], yes, b.v[2]),
	    _mm512_mask_mov_epi64(a.v[3], yes, b.v[3]),
	    _mm512_mask_mov_epi64(a.v[4], yes, b.v[4]) } };

	return out;
}

/* Of canonical numbers, or any whose limbs have only one form. */
VFE_INLINE vmask
vfe_canonical_equal(vfe a, vfe b)
{
	return _mm512_cmpeq_epi64_mask(a.v[0], b.v[0]) & _mm512_cmpeq_epi64_mask(a.v[1], b.v[1]) &
	    _mm512_cmpeq_epi64_mask(a.v[2], b.v[2]) & _mm512_cmpeq_epi64_mask(a.v[3], b.v[3]) &
	    _mm512_cmpeq_epi64_mask(a.v[4], b.v[4]);
}

/* ---- small numbers and masks ---- */

/* Lane i says yes if bit i is set. */
VFE_INLINE vmask
vmask_of(unsigned bits)
{
	return (vmask)bits;
}

/* All ones in the first `lanes` lanes, else zero. */
VFE_INLINE vnumber
lanes_first(unsigned lanes)
{
	return (vnumber)_mm512_movm_epi64((__mmask8)((1u << lanes) - 1));
}

VFE_INLINE unsigned
vmask_bits(vmask a)
{
	return a;
}

VFE_INLINE vmask
vmask_and(vmask a, vmask b)
{
	return a & b;
}

VFE_INLINE vmask
vmask_or(vmask a, vmask b)
{
	return a | b;
}

VFE_INLINE vmask
vmask_not(vmask a)
{
	return (vmask)~a;
}

VFE_INLINE vmask
vnumber_equal(vnumber a, vnumber b)
{
	return _mm512_cmpeq_epi64_mask((__m512i)a, (__m512i)b);
}

/* ---- memory ---- */

/* Transpose eight rows of eight words. */
VFE_INLINE void
vfe_transpose(__m512i r[8])
{
	__m512i t[8], u[8];
	unsigned i;

#pragma GCC unroll 4
	for (i = 0; i < 4; i++) {
		t[2 * i] = _mm512_unpacklo_epi64(r[2 * i], r[2 * i + 1]);
		t[2 * i + 1] = _mm512_unpackhi_epi64(r[2 * i], r[2 * i + 1]);
	}
	/* t[2i + k] holds column k, 2 + k, 4 + k, 6 + k of rows 2i and 2i + 1 */
#pragma GCC unroll 2
	for (i = 0; i < 2; i++) {
		u[i] = _mm512_shuffle_i64x2(t[i], t[2 + i], 0x88);
		u[2 + i] = _mm512_shuffle_i64x2(t[i], t[2 + i], 0xdd);
		u[4 + i] = _mm512_shuffle_i64x2(t[4 + i], t[6 + i], 0x88);
		u[6 + i] = _mm512_shuffle_i64x2(t[4 + i], t[6 + i], 0xdd);
	}
	/* u[0 + k]: columns k and 4 + k of rows 0..3, u[2 + k]: columns 2 + k and 6 + k */
#pragma GCC unroll 2
	for (i = 0; i < 2; i++) {
		r[i] = _mm512_shuffle_i64x2(u[i], u[4 + i], 0x88);
		r[4 + i] = _mm512_shuffle_i64x2(u[i], u[4 + i], 0xdd);
		r[2 + i] = _mm512_shuffle_i64x2(u[2 + i], u[6 + i], 0x88);
		r[6 + i] = _mm512_shuffle_i64x2(u[2 + i], u[6 + i], 0xdd);
	}
}

/* out[0..n-1] from n numbers at each of eight addresses. There, 5n words are read, rounded
 * up to a multiple of four: masked loads and stores would be slow. */
VFE_INLINE void
vfe_load(vfe *out, unsigned n, const uint64_t *const row[VFE_LANES])
{
	__m512i r[8], *to = (void *)out;
	const unsigned all = 5 * n;
	unsigned at, i;

#pragma GCC unroll 4
	for (at = 0; at < all; at += 8) {
#pragma GCC unroll 8
		for (i = 0; i < 8; i++)
			r[i] = all - at > 4 ? _mm512_loadu_si512(row[i] + at)
					    : _mm512_castsi256_si512(
						  _mm256_loadu_si256((const void *)(row[i] + at)));
		vfe_transpose(r);
#pragma GCC unroll 8
		for (i = 0; i < 8; i++)
			if (at + i < all)
				to[at + i] = r[i];
	}
}

/* The reverse, for lanes 0..lanes-1; as many words are written. Numbers that products gave
 * are tight as crypto/fe51.h has it. */
VFE_INLINE void
vfe_store(uint64_t *const row[VFE_LANES], unsigned lanes, const vfe *in, unsigned n)
{
	const __m512i *from = (const void *)in;
	const unsigned all = 5 * n;
	__m512i r[8];
	unsigned at, i;

#pragma GCC unroll 4
	for (at = 0; at < all; at += 8) {
#pragma GCC unroll 8
		for (i = 0; i < 8; i++)
			r[i] = from[at + i < all ? at + i : at];
		vfe_transpose(r);
#pragma GCC unroll 8
		for (i = 0; i < 8; i++) {
			if (i >= lanes)
				break;
			if (all - at > 4)
				_mm512_storeu_si512(row[i] + at, r[i]);
			else
				_mm256_storeu_si256((void *)(row[i] + at),
				    _mm512_castsi512_si256(r[i]));
		}
	}
}

/* The numbers of 255 bits in w[0..3], least first; the top bit is ignored. Each limb is
 * below 2^51. */
VFE_INLINE vfe
vfe_from_words(const vnumber w[4])
{
	const vnumber mask = (vnumber)vfe_all(FE_MASK);
	vfe out;

	out.v[0] = (__m512i)(w[0] & mask);
	out.v[1] = (__m512i)((w[0] >> 51 | w[1] << 13) & mask);
	out.v[2] = (__m512i)((w[1] >> 38 | w[2] << 26) & mask);
	out.v[3] = (__m512i)((w[2] >> 25 | w[3] << 39) & mask);
	out.v[4] = (__m512i)((w[3] >> 12) & mask);
	return out;
}

/* Of a canonical number. */
VFE_INLINE void
vfe_to_words(vnumber w[4], vfe a)
{
	const vnumber v0 = (vnumber)a.v[0], v1 = (vnumber)a.v[1], v2 = (vnumber)a.v[2],
		      v3 = (vnumber)a.v[3], v4 = (vnumber)a.v[4];

	w[0] = v0 | v1 << 51;
	w[1] = v1 >> 13 | v2 << 38;
	w[2] = v2 >> 26 | v3 << 25;
	w[3] = v3 >> 39 | v4 << 12;
}

/* ---- tables of a fixed point ---- */

/* Windows of 7 bits: 64 multiples for each position. Entry k of limb l is lane k, so that
 * eight look-ups are permutations; all entries are read whichever are wanted. */
#define VTABLE_BITS 7
#define VTABLE_ENTRIES 64

struct vtable_row {
	_Alignas(64) uint64_t limb[15][VTABLE_ENTRIES];
};

static inline void
vtable_put(struct vtable_row *row, unsigned k, const struct fe entry[3])
{
	unsigned i, l;

	for (i = 0; i < 3; i++)
		for (l = 0; l < 5; l++)
			row->limb[5 * i + l][k] = entry[i].v[l];
}

/* out[0..2] = the entries with these indices */
VFE_INLINE void
vtable_get(vfe *out, const struct vtable_row *row, vnumber index)
{
	const __m512i k = (__m512i)index, *t;
	const __mmask8 odd = _mm512_test_epi64_mask(k, vfe_all(16)),
		       high = _mm512_test_epi64_mask(k, vfe_all(32));
	__m512i low_pair, high_pair;
	unsigned i, l;

#pragma GCC unroll 3
	for (i = 0; i < 3; i++)
#pragma GCC unroll 5
		for (l = 0; l < 5; l++) {
			t = (const void *)row->limb[5 * i + l];
			low_pair = _mm512_mask_mov_epi64(_mm512_permutex2var_epi64(t[0], k, t[1]),
			    odd, _mm512_permutex2var_epi64(t[2], k, t[3]));
			high_pair = _mm512_mask_mov_epi64(_mm512_permutex2var_epi64(t[4], k, t[5]),
			    odd, _mm512_permutex2var_epi64(t[6], k, t[7]));
			out[i].v[l] = _mm512_mask_mov_epi64(low_pair, high, high_pair);
		}
}

#endif
#endif
