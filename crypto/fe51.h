/*
 * fe51: numbers modulo p = 2^255 - 19 in five limbs of 51 bits, in portable C.
 *
 * A number is v[0] + v[1] 2^51 + ... + v[4] 2^204, modulo p; it has many forms. How large
 * the limbs may be is part of each function's contract, in these words:
 *
 *	tight	every limb below 2^51 + 2^13: what products and fe_carry give,
 *	wide	every limb below 2^53: sums and differences of two tight ones,
 *	loose	every limb below 2^54: the most that products, fe_carry and fe_to_bytes take.
 *
 * Everything runs in constant time. An output may be an input.
 */
#ifndef CRYPTO_FE51_H
#define CRYPTO_FE51_H

#include <stdint.h>

#define FE_BYTES 32

struct fe {
	uint64_t v[5];
};

__extension__ typedef unsigned __int128 fe_wide;

#define FE_MASK (((uint64_t)1 << 51) - 1)

/* The limbs of 2p: the first, the others. */
#define FE_2P_0 ((uint64_t)0xfffffffffffda)
#define FE_2P ((uint64_t)0xffffffffffffe)

/* The compiler must not see through masks made of secrets and turn them into branches. */
static inline uint64_t
fe_hide(uint64_t mask)
{
	__asm__("" : "+r"(mask));
	return mask;
}

static inline uint32_t
fe_hide32(uint32_t mask)
{
	__asm__("" : "+r"(mask));
	return mask;
}

/* Return all ones if bit is 1, zero if it is 0. */
static inline uint64_t
fe_mask(uint64_t bit)
{
	return fe_hide((uint64_t)0 - bit);
}

/* out = a + b. Tight inputs give a result below 2^52 + 2^14; in general the limbs' sizes
 * add. */
static inline void
fe_add(struct fe *out, const struct fe *a, const struct fe *b)
{
	out->v[0] = a->v[0] + b->v[0];
	out->v[1] = a->v[1] + b->v[1];
	out->v[2] = a->v[2] + b->v[2];
	out->v[3] = a->v[3] + b->v[3];
	out->v[4] = a->v[4] + b->v[4];
}

/* out = a - b, for a tight b: 2p is added, whose limbs are 2^52 - 38 and 2^52 - 2. The
 * limbs of the result are less than 2^52 above those of a: wide for a tight a. */
static inline void
fe_sub(struct fe *out, const struct fe *a, const struct fe *b)
{
	out->v[0] = a->v[0] + FE_2P_0 - b->v[0];
	out->v[1] = a->v[1] + FE_2P - b->v[1];
	out->v[2] = a->v[2] + FE_2P - b->v[2];
	out->v[3] = a->v[3] + FE_2P - b->v[3];
	out->v[4] = a->v[4] + FE_2P - b->v[4];
}

/* Make a loose number tight: what a limb loses is below 2^3, times 19 below 2^8. */
static inline void
fe_carry(struct fe *a)
{
	const uint64_t c0 = a->v[0] >> 51, c1 = a->v[1] >> 51, c2 = a->v[2] >> 51,
		       c3 = a->v[3] >> 51, c4 = a->v[4] >> 51;

	a->v[0] = (a->v[0] & FE_MASK) + 19 * c4;
	a->v[1] = (a->v[1] & FE_MASK) + c0;
	a->v[2] = (a->v[2] & FE_MASK) + c1;
	a->v[3] = (a->v[3] & FE_MASK) + c2;
	a->v[4] = (a->v[4] & FE_MASK) + c3;
}

/* Return a column's bits from 51 on; it is below 2^115. With + for the two parts, as for |
 * compilers take one instruction that many processors need several steps for. */
static inline __attribute__((always_inline)) uint64_t
fe_high(fe_wide r)
{
	return ((uint64_t)(r >> 64) << 13) + ((uint64_t)r >> 51);
}

/* From the five columns of a product to a tight number: carries run from column 0 to 3 and from
 * column 3 over 4 and 0 to 1 at the same time.
 *
 * Of loose factors, column 0 is below (1 + 4 * 19) 2^108 < 2^114.3, columns 1 to 3 are
 * smaller, column 4 is below 5 * 2^108 < 2^110.4. So each carry, the one that comes in
 * included, is below 2^63.5; that of column 4 is below 2^59.5, and times 19 below 2^63.8: it
 * fits with a limb in 64 bits, as does what column 2 leaves for limb 3, and they leave less
 * than 2^13 for limbs 1 and 4. */
static inline __attribute__((always_inline)) void
fe_fold(struct fe *out, fe_wide r0, fe_wide r1, fe_wide r2, fe_wide r3, fe_wide r4)
{
	uint64_t v0, v3;

	r1 += fe_high(r0);
	r4 += fe_high(r3);
	r2 += fe_high(r1);
	v0 = ((uint64_t)r0 & FE_MASK) + 19 * fe_high(r4);
	v3 = ((uint64_t)r3 & FE_MASK) + fe_high(r2);
	out->v[0] = v0 & FE_MASK;
	out->v[1] = ((uint64_t)r1 & FE_MASK) + (v0 >> 51);
	out->v[2] = (uint64_t)r2 & FE_MASK;
	out->v[3] = v3 & FE_MASK;
	out->v[4] = ((uint64_t)r4 & FE_MASK) + (v3 >> 51);
}

/* out = a * b; loose inputs, tight result. 19 times a loose limb is below 2^58.3. */
static inline __attribute__((always_inline)) void
fe_mul(struct fe *out, const struct fe *a, const struct fe *b)
{
	const uint64_t a0 = a->v[0], a1 = a->v[1], a2 = a->v[2], a3 = a->v[3], a4 = a->v[4];
	const uint64_t b0 = b->v[0], b1 = b->v[1], b2 = b->v[2], b3 = b->v[3], b4 = b->v[4];
	const uint64_t c1 = 19 * b1, c2 = 19 * b2, c3 = 19 * b3, c4 = 19 * b4;

	fe_fold(out,
	    (fe_wide)a0 * b0 + (fe_wide)a1 * c4 + (fe_wide)a2 * c3 + (fe_wide)a3 * c2 +
		(fe_wide)a4 * c1,
	    (fe_wide)a0 * b1 + (fe_wide)a1 * b0 + (fe_wide)a2 * c4 + (fe_wide)a3 * c3 +
		(fe_wide)a4 * c2,
	    (fe_wide)a0 * b2 + (fe_wide)a1 * b1 + (fe_wide)a2 * b0 + (fe_wide)a3 * c4 +
		(fe_wide)a4 * c3,
	    (fe_wide)a0 * b3 + (fe_wide)a1 * b2 + (fe_wide)a2 * b1 + (fe_wide)a3 * b0 +
		(fe_wide)a4 * c4,
	    (fe_wide)a0 * b4 + (fe_wide)a1 * b3 + (fe_wide)a2 * b2 + (fe_wide)a3 * b1 +
		(fe_wide)a4 * b0);
}

/* out = a^2; loose input, tight result; the columns are those of fe_mul. Twice 19 times a
 * loose limb is below 2^59.3. */
static inline __attribute__((always_inline)) void
fe_square(struct fe *out, const struct fe *a)
{
	const uint64_t a0 = a->v[0], a1 = a->v[1], a2 = a->v[2], a3 = a->v[3], a4 = a->v[4];
	const uint64_t d0 = 2 * a0, d1 = 2 * a1, d2 = 2 * a2;
	const uint64_t c3 = 19 * a3, c4 = 19 * a4, e4 = 2 * c4;

	fe_fold(out, (fe_wide)a0 * a0 + (fe_wide)a1 * e4 + (fe_wide)d2 * c3,
	    (fe_wide)d0 * a1 + (fe_wide)a2 * e4 + (fe_wide)a3 * c3,
	    (fe_wide)d0 * a2 + (fe_wide)a1 * a1 + (fe_wide)a3 * e4,
	    (fe_wide)d0 * a3 + (fe_wide)d1 * a2 + (fe_wide)a4 * c4,
	    (fe_wide)d0 * a4 + (fe_wide)d1 * a3 + (fe_wide)a2 * a2);
}

/* Swap a and b if the mask is all ones. */
static inline void
fe_swap_if(struct fe *a, struct fe *b, uint64_t mask)
{
	uint64_t x;
	unsigned i;

	for (i = 0; i < 5; i++) {
		x = mask & (a->v[i] ^ b->v[i]);
		a->v[i] ^= x;
		b->v[i] ^= x;
	}
}

/* Negate the tight number a if the mask is all ones, without a carry: its limbs are then
 * at most 2^52 - 2, which is wide. Minus x is the complement of x, plus 1. */
static inline void
fe_neg_wide_if(struct fe *a, uint64_t mask)
{
	const uint64_t first = mask & (FE_2P_0 + 1), other = mask & (FE_2P + 1);

	a->v[0] = (a->v[0] ^ mask) + first;
	a->v[1] = (a->v[1] ^ mask) + other;
	a->v[2] = (a->v[2] ^ mask) + other;
	a->v[3] = (a->v[3] ^ mask) + other;
	a->v[4] = (a->v[4] ^ mask) + other;
}

/* The number of four words, least first, as fe_to_words gives them: below 2^255. Tight. */
static inline void
fe_from_words(struct fe *out, const uint64_t w[4])
{
	out->v[0] = w[0] & FE_MASK;
	out->v[1] = (w[0] >> 51 | w[1] << 13) & FE_MASK;
	out->v[2] = (w[1] >> 38 | w[2] << 26) & FE_MASK;
	out->v[3] = (w[2] >> 25 | w[3] << 39) & FE_MASK;
	out->v[4] = w[3] >> 12 & FE_MASK;
}

/* out = -a for a tight a; tight. */
void fe_neg(struct fe *out, const struct fe *a);
/* out = in if the mask is all ones, unchanged if it is zero. */
void fe_move_if(struct fe *out, const struct fe *in, uint64_t mask);
/* Negate the tight number a if the mask is all ones. Tight. */
void fe_neg_if(struct fe *a, uint64_t mask);

/* The number of 255 bits, least first; the top bit is ignored and it need not be below p.
 * Tight. */
void fe_from_bytes(struct fe *out, const uint8_t bytes[FE_BYTES]);
/* The one number in 0..p-1, in four words, least first, or in bytes; for a loose a. */
void fe_to_words(uint64_t w[4], const struct fe *a);
void fe_to_bytes(uint8_t bytes[FE_BYTES], const struct fe *a);

/* Return 1 or 0: whether the loose a is zero; whether it is odd ("negative" in RFC 9496)
 * as a number in 0..p-1; whether tight a and b are equal. */
uint64_t fe_is_zero(const struct fe *a);
uint64_t fe_is_negative(const struct fe *a);
uint64_t fe_equal(const struct fe *a, const struct fe *b);

/* Make the tight a non-negative. Tight. */
void fe_abs(struct fe *a);

/* out = 1 / a for a loose a, 0 for 0; tight. */
void fe_invert(struct fe *out, const struct fe *a);

/* SQRT_RATIO_M1 of RFC 9496, 4.2, for tight u and v: out, tight, is the non-negative root
 * of u/v and the answer 1; or of i u/v and 0 if u/v is no square. For u = 0 it is 0 and 1,
 * for v = 0 alone 0 and 0. */
uint64_t fe_sqrt_ratio(struct fe *out, const struct fe *u, const struct fe *v);

/* Constants, tight. i^2 = -1; d is the curve's. */
extern const struct fe fe_zero, fe_one, fe_i, fe_d, fe_2d;

#endif
