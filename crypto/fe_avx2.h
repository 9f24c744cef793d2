/*
 * fe_avx2: four numbers modulo p = 2^255 - 19 at a time, for processors with AVX2. The field
 * of crypto/lanes_field.h; see there for what the names have in common with
 * crypto/fe_ifma.h. Empty unless the compiler may use these instructions.
 *
 * Radix 2^25.5: ten vectors of four 64-bit lanes, limb i stands for 2^ceil(25.5 i).
 * vpmuludq multiplies the low 32 bits of its factors. In memory numbers are struct fe: limb
 * i of those is limbs 2i and 2i + 1 of these.
 *
 *	vfe	even limbs below 2^26 + 2^18, odd ones below 2^25 + 2^18: what all functions
 *		give. Products take twice as much of one of their factors.
 *	vwide	the ten columns of a product, or a few of them added: below 2^63.
 *
 * A column of a product of two vfe is at most 1 + 19 * 4 times 2^52 and 38 * 5 times 2^50,
 * less than 2^59; if one factor is twice as large, less than 2^60.
 */
#ifndef CRYPTO_FE_AVX2_H
#define CRYPTO_FE_AVX2_H

#ifdef __AVX2__

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/fe51.h"

#define VFE_LANES 4
#define VFE_INLINE static inline __attribute__((always_inline))

typedef struct {
	__m256i v[10];
} vfe;

typedef struct {
	__m256i v[10];
} vwide;

/* Four words; four times yes (all ones) or no. */
typedef uint64_t vnumber __attribute__((vector_size(8 * VFE_LANES)));
typedef __m256i vmask;

/* Not a thing to do, but the compiler may not move work across it: left alone, it begins all
 * products at once and runs out of registers. */
#define KEEP(a) \
	__asm__("" \
		: "+x"((a).v[0]), "+x"((a).v[1]), "+x"((a).v[2]), "+x"((a).v[3]), "+x"((a).v[4]), \
		"+x"((a).v[5]), "+x"((a).v[6]), "+x"((a).v[7]), "+x"((a).v[8]), "+x"((a).v[9]))

#define BITS26 (((uint64_t)1 << 26) - 1)
#define BITS25 (((uint64_t)1 << 25) - 1)

VFE_INLINE __m256i
vfe_all(uint64_t x)
{
	return _mm256_set1_epi64x((long long)x);
}

/* Limb i has so many bits; so do p's, but for the lowest, which is 18 less than all ones. */
VFE_INLINE int
vfe_bits(unsigned i)
{
	return i % 2 == 0 ? 26 : 25;
}

VFE_INLINE __m256i
vfe_limb_mask(unsigned i)
{
	return vfe_all(i % 2 == 0 ? BITS26 : BITS25);
}

/* The same number in every lane. */
VFE_INLINE vfe
vfe_splat(const struct fe *a)
{
	unsigned i;
	vfe out;

#pragma GCC unroll 5
	for (i = 0; i < 5; i++) {
		out.v[2 * i] = vfe_all(a->v[i] & BITS26);
		out.v[2 * i + 1] = vfe_all(a->v[i] >> 26);
	}
	return out;
}

VFE_INLINE __m256i
vfe_times_19(__m256i a)
{
	return _mm256_add_epi64(_mm256_slli_epi64(a, 4),
	    _mm256_add_epi64(a, _mm256_add_epi64(a, a)));
}

/* Move what limb i has too much to the next one; from the last to the first 19 times. */
#define CARRY(i) \
	do { \
		const __m256i over = _mm256_srli_epi64(a.v[i], vfe_bits(i)); \
\
		a.v[i] = _mm256_and_si256(a.v[i], vfe_limb_mask(i)); \
		a.v[((i) + 1) % 10] = \
		    _mm256_add_epi64(a.v[((i) + 1) % 10], (i) == 9 ? vfe_times_19(over) : over); \
	} while (0)

/* Two chains of carries side by side, the second of which ends in the first one's
 * beginning. Of columns below 2^63 38 bits go on; 19 times as much, less than 2^43, leaves
 * less than 2^17 for limb 1, and what limb 4 passes on for the second time is less. */
VFE_INLINE vfe
vfe_reduce(vwide a)
{
	vfe out;

	CARRY(0);
	CARRY(4);
	CARRY(1);
	CARRY(5);
	CARRY(2);
	CARRY(6);
	CARRY(3);
	CARRY(7);
	CARRY(4);
	CARRY(8);
	CARRY(9);
	CARRY(0);
	out.v[0] = a.v[0];
	out.v[1] = a.v[1];
	out.v[2] = a.v[2];
	out.v[3] = a.v[3];
	out.v[4] = a.v[4];
	out.v[5] = a.v[5];
	out.v[6] = a.v[6];
	out.v[7] = a.v[7];
	out.v[8] = a.v[8];
	out.v[9] = a.v[9];
	return out;
}

VFE_INLINE vwide
vwide_of(vfe a)
{
	vwide out;
	unsigned i;

#pragma GCC unroll 10
	for (i = 0; i < 10; i++)
		out.v[i] = a.v[i];
	return out;
}

VFE_INLINE vwide
vwide_add(vwide a, vwide b)
{
	unsigned i;

#pragma GCC unroll 10
	for (i = 0; i < 10; i++)
		a.v[i] = _mm256_add_epi64(a.v[i], b.v[i]);
	return a;
}

/* a - b for b no more than one product (or a vfe): 2^36 p is added, whose limbs are about
 * 2^62 and 2^61. */
VFE_INLINE vwide
vwide_sub(vwide a, vwide b)
{
	unsigned i;

#pragma GCC unroll 10
	for (i = 0; i < 10; i++)
		a.v[i] = _mm256_add_epi64(a.v[i],
		    _mm256_sub_epi64(vfe_all((i == 0              ? BITS26 - 18
						     : i % 2 == 0 ? BITS26
								  : BITS25)
					 << 36),
			b.v[i]));
	return a;
}

/* -a, uncarried: limbs of 2p - a are at most 2^27 - 2 and 2^26 - 2, enough for one factor of
 * a product. */
VFE_INLINE vfe
vfe_neg_factor(vfe a)
{
	unsigned i;

#pragma GCC unroll 10
	for (i = 0; i < 10; i++)
		a.v[i] = _mm256_sub_epi64(vfe_all((i == 0              ? BITS26 - 18
							  : i % 2 == 0 ? BITS26
								       : BITS25)
					      << 1),
		    a.v[i]);
	return a;
}

/* In column k, a_i b_j of i + j = k counts once, of i + j = k + 10 19 times; twice as often
 * if both are odd, as 2^ceil(25.5 i) 2^ceil(25.5 j) is then twice 2^ceil(25.5 (i + j)). 19
 * times a limb below 2^27 has 32 bits. */
VFE_INLINE vwide
vfe_mul_wide(vfe a, vfe b)
{
	const __m256i x19 = vfe_all(19);
	__m256i b19[10], x, twice, y;
	unsigned i, j, k;
	vwide out;

#pragma GCC unroll 10
	for (i = 1; i < 10; i++)
		b19[i] = _mm256_mul_epu32(b.v[i], x19);
		/* One limb of a after the other: the ten columns stay in registers. */
#pragma GCC unroll 10
	for (k = 0; k < 10; k++)
		out.v[k] = _mm256_mul_epu32(a.v[0], b.v[k]);
#pragma GCC unroll 10
	for (i = 1; i < 10; i++) {
		x = a.v[i];
		twice = i % 2 == 1 ? _mm256_add_epi64(x, x) : x;
#pragma GCC unroll 10
		for (k = 0; k < 10; k++) {
			j = (k + 10 - i) % 10;
			y = i + j >= 10 ? b19[j] : b.v[j];
			out.v[k] =
			    _mm256_add_epi64(out.v[k], _mm256_mul_epu32(j % 2 == 1 ? twice : x, y));
		}
		KEEP(out);
	}
	return out;
}

/* Products of two different limbs count twice more. */
VFE_INLINE vwide
vfe_square_wide(vfe a)
{
	const __m256i x19 = vfe_all(19);
	__m256i twice[10], a19[10], a38[10], x, y;
	unsigned i, j;
	vwide out;

#pragma GCC unroll 10
	for (i = 0; i < 10; i++) {
		twice[i] = _mm256_add_epi64(a.v[i], a.v[i]);
		a19[i] = _mm256_mul_epu32(a.v[i], x19);
		a38[i] = _mm256_add_epi64(a19[i], a19[i]);
	}
	out.v[0] = _mm256_mul_epu32(a.v[0], a.v[0]);
#pragma GCC unroll 10
	for (j = 1; j < 10; j++)
		out.v[j] = _mm256_mul_epu32(twice[0], a.v[j]);
#pragma GCC unroll 10
	for (i = 1; i < 10; i++) {
#pragma GCC unroll 10
		for (j = i; j < 10; j++) {
			x = j > i ? twice[i] : a.v[i];
			if (i % 2 == 1 && j % 2 == 1)
				y = i + j >= 10 ? a38[j] : twice[j];
			else
				y = i + j >= 10 ? a19[j] : a.v[j];
			out.v[(i + j) % 10] =
			    _mm256_add_epi64(out.v[(i + j) % 10], _mm256_mul_epu32(x, y));
		}
		KEEP(out);
	}
	return out;
}

/* The number in 0..p-1. A carry leaves less than 2p; whether that is p or more is what a
 * carry of 19 through all limbs tells. */
VFE_INLINE vfe
vfe_canonical(vfe a)
{
	__m256i c = vfe_all(19);
	unsigned i;

	a = vfe_reduce(vwide_of(a));
#pragma GCC unroll 10
	for (i = 0; i < 10; i++)
		c = _mm256_srli_epi64(_mm256_add_epi64(a.v[i], c), vfe_bits(i));
	c = vfe_times_19(c);
#pragma GCC unroll 10
	for (i = 0; i < 10; i++) {
		a.v[i] = _mm256_add_epi64(a.v[i], c);
		c = _mm256_srli_epi64(a.v[i], vfe_bits(i));
		a.v[i] = _mm256_and_si256(a.v[i], vfe_limb_mask(i));
	}
	return a;
}

/* Of canonical numbers. */
VFE_INLINE vmask
vfe_canonical_odd(vfe a)
{
	const __m256i one = vfe_all(1);

	return _mm256_cmpeq_epi64(_mm256_and_si256(a.v[0], one), one);
}

VFE_INLINE vmask
vfe_canonical_zero(vfe a)
{
	__m256i any = a.v[0];
	unsigned i;

#pragma GCC unroll 10
	for (i = 1; i < 10; i++)
		any = _mm256_or_si256(any, a.v[i]);
	return _mm256_cmpeq_epi64(any, _mm256_setzero_si256());
}

/* Of canonical numbers, or any whose limbs have only one form. */
VFE_INLINE vmask
vfe_canonical_equal(vfe a, vfe b)
{
	unsigned i;

#pragma GCC unroll 10
	for (i = 0; i < 10; i++)
		a.v[i] = _mm256_xor_si256(a.v[i], b.v[i]);
	return vfe_canonical_zero(a);
}

/* b where the mask says yes, else a. */
VFE_INLINE vfe
vfe_select(vfe a, vfe b, vmask yes)
{
	unsigned i;

#pragma GCC unroll 10
	for (i = 0; i < 10; i++)
		a.v[i] = _mm256_blendv_epi8(a.v[i], b.v[i], yes);
	return a;
}

/* ---- small numbers and masks ---- */

/* Lane i says yes if bit i is set. */
VFE_INLINE vmask
vmask_of(unsigned bits)
{
	const __m256i each = _mm256_set_epi64x(8, 4, 2, 1);

	return _mm256_cmpeq_epi64(_mm256_and_si256(vfe_all(bits), each), each);
}

/* All ones in the first `lanes` lanes, else zero. */
VFE_INLINE vnumber
lanes_first(unsigned lanes)
{
	return (vnumber)vmask_of((1u << lanes) - 1);
}

VFE_INLINE unsigned
vmask_bits(vmask a)
{
	return (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(a));
}

VFE_INLINE vmask
vmask_and(vmask a, vmask b)
{
	return _mm256_and_si256(a, b);
}

VFE_INLINE vmask
vmask_or(vmask a, vmask b)
{
	return _mm256_or_si256(a, b);
}

VFE_INLINE vmask
vmask_not(vmask a)
{
	return _mm256_xor_si256(a, vfe_all(UINT64_MAX));
}

VFE_INLINE vmask
vnumber_equal(vnumber a, vnumber b)
{
	return _mm256_cmpeq_epi64((__m256i)a, (__m256i)b);
}

/* ---- memory ---- */

/* Transpose four rows of four words. */
VFE_INLINE void
vfe_transpose(__m256i r[4])
{
	const __m256i a = _mm256_unpacklo_epi64(r[0], r[1]), b = _mm256_unpackhi_epi64(r[0], r[1]),
		      c = _mm256_unpacklo_epi64(r[2], r[3]), d = _mm256_unpackhi_epi64(r[2], r[3]);

	r[0] = _mm256_permute2x128_si256(a, c, 0x20);
	r[1] = _mm256_permute2x128_si256(b, d, 0x20);
	r[2] = _mm256_permute2x128_si256(a, c, 0x31);
	r[3] = _mm256_permute2x128_si256(b, d, 0x31);
}

/* out[0..n-1] from n numbers (struct fe) at each of four addresses. There, 5n words are
 * read, rounded up to a multiple of four. */
VFE_INLINE void
vfe_load(vfe *out, unsigned n, const uint64_t *const row[VFE_LANES])
{
	__m256i r[4], *to = (void *)out;
	const unsigned all = 5 * n;
	unsigned at, i;

#pragma GCC unroll 8
	for (at = 0; at < all; at += 4) {
#pragma GCC unroll 4
		for (i = 0; i < 4; i++)
			r[i] = _mm256_loadu_si256((const void *)(row[i] + at));
		vfe_transpose(r);
#pragma GCC unroll 4
		for (i = 0; i < 4; i++)
			if (at + i < all) {
				to[2 * (at + i)] = _mm256_and_si256(r[i], vfe_all(BITS26));
				to[2 * (at + i) + 1] = _mm256_srli_epi64(r[i], 26);
			}
	}
}

/* To five limbs of 51 bits, carried once: tight as crypto/fe51.h has it. */
VFE_INLINE void
vfe_to_51(__m256i out[5], const vfe *a)
{
	__m256i over[5];
	unsigned i;

#pragma GCC unroll 5
	for (i = 0; i < 5; i++) {
		out[i] = _mm256_add_epi64(a->v[2 * i], _mm256_slli_epi64(a->v[2 * i + 1], 26));
		over[i] = _mm256_srli_epi64(out[i], 51);
		out[i] = _mm256_and_si256(out[i], vfe_all(FE_MASK));
	}
	out[0] = _mm256_add_epi64(out[0], vfe_times_19(over[4]));
#pragma GCC unroll 4
	for (i = 1; i < 5; i++)
		out[i] = _mm256_add_epi64(out[i], over[i - 1]);
}

/* The reverse of vfe_load, for lanes 0..lanes-1; as many words are written. */
VFE_INLINE void
vfe_store(uint64_t *const row[VFE_LANES], unsigned lanes, const vfe *in, unsigned n)
{
	const unsigned all = 5 * n;
	__m256i from[20] = { { 0 } }, r[4];
	unsigned at, i;

#pragma GCC unroll 4
	for (i = 0; i < n; i++)
		vfe_to_51(from + 5 * i, &in[i]);
#pragma GCC unroll 8
	for (at = 0; at < all; at += 4) {
#pragma GCC unroll 4
		for (i = 0; i < 4; i++)
			r[i] = from[at + i < all ? at + i : at];
		vfe_transpose(r);
#pragma GCC unroll 4
		for (i = 0; i < 4; i++) {
			if (i >= lanes)
				break;
			_mm256_storeu_si256((void *)(row[i] + at), r[i]);
		}
	}
}

/* The numbers of 255 bits in w[0..3], least first; the top bit is ignored. Each limb has no
 * more than its bits. */
VFE_INLINE vfe
vfe_from_words(const vnumber w[4])
{
	const uint64_t mask = FE_MASK;
	const vnumber v[5] = { w[0] & mask, (w[0] >> 51 | w[1] << 13) & mask,
		(w[1] >> 38 | w[2] << 26) & mask, (w[2] >> 25 | w[3] << 39) & mask,
		(w[3] >> 12) & mask };
	unsigned i;
	vfe out;

#pragma GCC unroll 5
	for (i = 0; i < 5; i++) {
		out.v[2 * i] = (__m256i)(v[i] & BITS26);
		out.v[2 * i + 1] = (__m256i)(v[i] >> 26);
	}
	return out;
}

/* Of a canonical number. */
VFE_INLINE void
vfe_to_words(vnumber w[4], vfe a)
{
	vnumber v[5];
	unsigned i;

#pragma GCC unroll 5
	for (i = 0; i < 5; i++)
		v[i] = (vnumber)a.v[2 * i] | (vnumber)a.v[2 * i + 1] << 26;
	w[0] = v[0] | v[1] << 51;
	w[1] = v[1] >> 13 | v[2] << 38;
	w[2] = v[2] >> 26 | v[3] << 25;
	w[3] = v[3] >> 39 | v[4] << 12;
}

/* ---- tables of a fixed point ---- */

/* Windows of 6 bits: 32 multiples for each position. Entry k of limb l is 32-bit lane k, so
 * that four look-ups are permutations; all entries are read whichever are wanted. */
#define VTABLE_BITS 6
#define VTABLE_ENTRIES 32

struct vtable_row {
	_Alignas(64) uint32_t limb[30][VTABLE_ENTRIES];
};

static inline void
vtable_put(struct vtable_row *row, unsigned k, const struct fe entry[3])
{
	unsigned i, l;

	for (i = 0; i < 3; i++)
		for (l = 0; l < 5; l++) {
			row->limb[10 * i + 2 * l][k] = (uint32_t)(entry[i].v[l] & BITS26);
			row->limb[10 * i + 2 * l + 1][k] = (uint32_t)(entry[i].v[l] >> 26);
		}
}

/* out[0..2] = the entries with these indices */
VFE_INLINE void
vtable_get(vfe *out, const struct vtable_row *row, vnumber index)
{
	const __m256i k = (__m256i)index, low = vfe_all(UINT32_MAX), *t;
	const __m256i b8 = vfe_all(8), b16 = vfe_all(16);
	const __m256i odd = _mm256_cmpeq_epi64(_mm256_and_si256(k, b8), b8),
		      high = _mm256_cmpeq_epi64(_mm256_and_si256(k, b16), b16);
	__m256i first, second;
	unsigned i, l;

#pragma GCC unroll 3
	for (i = 0; i < 3; i++)
#pragma GCC unroll 10
		for (l = 0; l < 10; l++) {
			t = (const void *)row->limb[10 * i + l];
			first = _mm256_blendv_epi8(_mm256_permutevar8x32_epi32(t[0], k),
			    _mm256_permutevar8x32_epi32(t[1], k), odd);
			second = _mm256_blendv_epi8(_mm256_permutevar8x32_epi32(t[2], k),
			    _mm256_permutevar8x32_epi32(t[3], k), odd);
			out[i].v[l] =
			    _mm256_and_si256(_mm256_blendv_epi8(first, second, high), low);
		}
}

#undef CARRY
#undef KEEP

#endif
#endif
