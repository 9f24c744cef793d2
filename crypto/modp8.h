/*
 * modp8: eight numbers modulo p side by side, by AVX-512 IFMA. Internal to crypto/modp8*.c,
 * which alone are compiled for such a processor.
 *
 * A number has `limbs` limbs of 52 bits; a vector of eight is an array of __m512i, one limb of
 * all eight in each. A row is one number by itself, its limbs in a uint64_t each. Both have
 * room for `row` limbs; what stands in those beyond `limbs` does not matter.
 * Inside, x stands for x * R, R = 2^(52 limbs), as in crypto/modp_mont.h.
 *
 * Bounds: R > 2^20 p. Products take numbers below 2p and give numbers below 2p, limbs below
 * 2^52: (2p * 2p + R p) / R < 2p. A column of a product gathers at most 2 * 80 terms below
 * 2^52, doubled ones counted twice, that of the reduction as many, and what was carried: less
 * than 2^61 in all.
 *
 * The modulus has to be -1 modulo 2^52, so that Montgomery's digits are the columns themselves:
 * fits() of modp_ifma asks for that, and so are p and q of all groups of RFC 3526.
 *
 * Constant time, but for modp8_start.
 */
#ifndef CRYPTO_MODP8_H
#define CRYPTO_MODP8_H

#include <gmp.h>
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define MODP8_BITS 52
#define MODP8_MASK (((uint64_t)1 << MODP8_BITS) - 1)

/* Limbs are multiplied in blocks of so many. */
#define MODP8_BLOCK 10

#define MODP8_LIMBS_MAX 80 /* of 4096 bits */

/* One modulus, with room to work, which holds secrets until modp8_end. */
struct modp8 {
	size_t limbs;   /* a multiple of MODP8_BLOCK */
	size_t row;     /* limbs rounded up to a multiple of 8 */
	size_t natural; /* limbs of 64 bits */
	const mp_limb_t *modulus;
	_Alignas(64) uint64_t m[MODP8_LIMBS_MAX]; /* rows */
	uint64_t one[MODP8_LIMBS_MAX];            /* R modulo m */
	__m512i square[MODP8_LIMBS_MAX];          /* R^2 modulo m */
	__m512i column[2 * MODP8_LIMBS_MAX];
	uint64_t rows[8][MODP8_LIMBS_MAX];
};

/* Return how many limbs a number of that many limbs of 64 bits takes. */
size_t modp8_limbs(size_t natural);

void modp8_start(struct modp8 *x, const mp_limb_t *m, size_t natural);
/* Wipe. */
void modp8_end(struct modp8 *x);

/* out may be a or b. */
void modp8_mul(struct modp8 *x, __m512i *out, const __m512i *a, const __m512i *b);
void modp8_sqr(struct modp8 *x, __m512i *out, const __m512i *a);

/* Eight numbers of limbs of 64 bits, all below the modulus. */
void modp8_load(struct modp8 *x, __m512i *out, const mp_limb_t *const from[8]);
/* And back from below 2m, canonical; nowhere where `to` is NULL. */
void modp8_store(struct modp8 *x, mp_limb_t *const to[8], const __m512i *a);
/* The same to Montgomery's form and from it. */
void modp8_in(struct modp8 *x, __m512i *out, const mp_limb_t *const from[8]);
void modp8_out(struct modp8 *x, mp_limb_t *const to[8], const __m512i *a);

/* Limb k of row i becomes limb i of row k. */
static inline void
modp8_transpose(__m512i r[8])
{
	__m512i pair[8], low, high;
	int i;

	for (i = 0; i < 8; i += 2) {
		pair[i] = _mm512_unpacklo_epi64(r[i], r[i + 1]);
		pair[i + 1] = _mm512_unpackhi_epi64(r[i], r[i + 1]);
	}
	/* pair[0] has limbs 0, 2, 4, 6 of rows 0 and 1, pair[1] the odd ones */
	for (i = 0; i < 2; i++) {
		low = _mm512_shuffle_i64x2(pair[i], pair[i + 2], 0x88);
		high = _mm512_shuffle_i64x2(pair[i + 4], pair[i + 6], 0x88);
		r[i] = _mm512_shuffle_i64x2(low, high, 0x88);
		r[i + 4] = _mm512_shuffle_i64x2(low, high, 0xdd);
		low = _mm512_shuffle_i64x2(pair[i], pair[i + 2], 0xdd);
		high = _mm512_shuffle_i64x2(pair[i + 4], pair[i + 6], 0xdd);
		r[i + 2] = _mm512_shuffle_i64x2(low, high, 0x88);
		r[i + 6] = _mm512_shuffle_i64x2(low, high, 0xdd);
	}
}

/* Eight rows of x->row limbs, which start at multiples of 64 bytes; and back. */
void modp8_gather(const struct modp8 *x, __m512i *out, uint64_t *const row[8]);
void modp8_scatter(const struct modp8 *x, uint64_t *const row[8], const __m512i *a);
/* The same row eight times. */
void modp8_spread(const struct modp8 *x, __m512i *out, const uint64_t *row);
/* a = the product of all eight of a, eight times. */
void modp8_fold(struct modp8 *x, __m512i *a);

#endif
