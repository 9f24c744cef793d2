#include "crypto/fe51.h"

const struct fe fe_zero = { { 0 } };
const struct fe fe_one = { { 1 } };
const struct fe fe_i = { { 0x61b274a0ea0b0, 0x0d5a5fc8f189d, 0x7ef5e9cbd0c60, 0x78595a6804c9e,
    0x2b8324804fc1d } };
/* -121665 / 121666 */
const struct fe fe_d = { { 0x34dca135978a3, 0x1a8283b156ebd, 0x5e7a26001c029, 0x739c663a03cbb,
    0x52036cee2b6ff } };
const struct fe fe_2d = { { 0x69b9426b2f159, 0x35050762add7a, 0x3cf44c0038052, 0x6738cc7407977,
    0x2406d9dc56dff } };

void
fe_neg(struct fe *out, const struct fe *a)
{
	fe_sub(out, &fe_zero, a);
	fe_carry(out);
}

void
fe_move_if(struct fe *out, const struct fe *in, uint64_t mask)
{
	unsigned i;

	for (i = 0; i < 5; i++)
		out->v[i] ^= mask & (out->v[i] ^ in->v[i]);
}

void
fe_neg_if(struct fe *a, uint64_t mask)
{
	struct fe minus;

	fe_neg(&minus, a);
	fe_move_if(a, &minus, mask);
}

/* ---- bytes ---- */

static uint64_t
load64(const uint8_t *bytes)
{
	uint64_t x = 0;
	unsigned i;

	for (i = 0; i < 8; i++)
		x |= (uint64_t)bytes[i] << (8 * i);
	return x;
}

static void
store64(uint8_t *bytes, uint64_t x)
{
	unsigned i;

	for (i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(x >> (8 * i));
}

void
fe_from_bytes(struct fe *out, const uint8_t bytes[FE_BYTES])
{
	const uint64_t w[4] = { load64(bytes), load64(bytes + 8), load64(bytes + 16),
		load64(bytes + 24) };

	fe_from_words(out, w);
}

/* Bring a loose number to 0..p-1, every limb below 2^51. */
static void
reduce(struct fe *out, const struct fe *a)
{
	struct fe t = *a;
	uint64_t q;
	unsigned i;

	/* One round in sequence: limbs 1 to 4 end below 2^51 and limb 0 below 2^51 + 2^8,
	 * as limb 4 was below 2^54 + 2^4 when it was cut. The number is below 2p then. */
	for (i = 0; i < 4; i++) {
		t.v[i + 1] += t.v[i] >> 51;
		t.v[i] &= FE_MASK;
	}
	t.v[0] += 19 * (t.v[4] >> 51);
	t.v[4] &= FE_MASK;
	/* It is at least p exactly if adding 19 carries out of 255 bits: q is 1 or 0. */
	q = 19;
	for (i = 0; i < 5; i++)
		q = (t.v[i] + q) >> 51;
	/* Take q p away: add 19 q and drop bit 255. */
	t.v[0] += 19 * q;
	for (i = 0; i < 4; i++) {
		t.v[i + 1] += t.v[i] >> 51;
		t.v[i] &= FE_MASK;
	}
	t.v[4] &= FE_MASK;
	*out = t;
}

void
fe_to_words(uint64_t w[4], const struct fe *a)
{
	struct fe t;

	reduce(&t, a);
	w[0] = t.v[0] | t.v[1] << 51;
	w[1] = t.v[1] >> 13 | t.v[2] << 38;
	w[2] = t.v[2] >> 26 | t.v[3] << 25;
	w[3] = t.v[3] >> 39 | t.v[4] << 12;
}

void
fe_to_bytes(uint8_t bytes[FE_BYTES], const struct fe *a)
{
	uint64_t w[4];
	unsigned i;

	fe_to_words(w, a);
	for (i = 0; i < 4; i++)
		store64(bytes + 8 * i, w[i]);
}

uint64_t
fe_is_zero(const struct fe *a)
{
	struct fe t;

	reduce(&t, a);
	/* Below 2^51, so that one less is negative for 0 only. */
	return ((t.v[0] | t.v[1] | t.v[2] | t.v[3] | t.v[4]) - 1) >> 63;
}

uint64_t
fe_is_negative(const struct fe *a)
{
	struct fe t;

	reduce(&t, a);
	return t.v[0] & 1;
}

uint64_t
fe_equal(const struct fe *a, const struct fe *b)
{
	struct fe t;

	fe_sub(&t, a, b);
	return fe_is_zero(&t);
}

void
fe_abs(struct fe *a)
{
	fe_neg_if(a, fe_mask(fe_is_negative(a)));
}

/* ---- powers ---- */

/* out = a^(2^n), n > 0 */
static void
square_times(struct fe *out, const struct fe *a, unsigned n)
{
	struct fe t;

	fe_square(&t, a);
	while (--n > 0)
		fe_square(&t, &t);
	*out = t;
}

/* out = a^(2^250 - 1), and a11 = a^11. The names say the exponent: tN is a^(2^N - 1). */
static void
power_2_250_1(struct fe *out, struct fe *a11, const struct fe *a)
{
	struct fe a2, a9, t, t5, t10, t20, t50, t100;

	fe_square(&a2, a);
	square_times(&t, &a2, 2);
	fe_mul(&a9, &t, a);
	fe_mul(a11, &a9, &a2);
	fe_square(&t, a11);
	fe_mul(&t5, &t, &a9);
	square_times(&t, &t5, 5);
	fe_mul(&t10, &t, &t5);
	square_times(&t, &t10, 10);
	fe_mul(&t20, &t, &t10);
	square_times(&t, &t20, 20);
	fe_mul(&t, &t, &t20);
	square_times(&t, &t, 10);
	fe_mul(&t50, &t, &t10);
	square_times(&t, &t50, 50);
	fe_mul(&t100, &t, &t50);
	square_times(&t, &t100, 100);
	fe_mul(&t, &t, &t100);
	square_times(&t, &t, 50);
	fe_mul(out, &t, &t50);
}

/* a^(p - 2), and p - 2 = 2^5 (2^250 - 1) + 11. */
void
fe_invert(struct fe *out, const struct fe *a)
{
	struct fe t, a11;

	power_2_250_1(&t, &a11, a);
	square_times(&t, &t, 5);
	fe_mul(out, &t, &a11);
}

/* out = a^((p - 5) / 8), and (p - 5) / 8 = 2^2 (2^250 - 1) + 1. */
static void
power_p58(struct fe *out, const struct fe *a)
{
	struct fe t, unused;

	power_2_250_1(&t, &unused, a);
	square_times(&t, &t, 2);
	fe_mul(out, &t, a);
}

uint64_t
fe_sqrt_ratio(struct fe *out, const struct fe *u, const struct fe *v)
{
	struct fe r, check, t, minus_u, minus_iu;
	uint64_t correct, flipped, flipped_i;

	fe_square(&t, v);
	fe_mul(&t, &t, v); /* v^3 */
	fe_mul(&r, &t, u);
	fe_square(&t, &t);
	fe_mul(&t, &t, v); /* v^7 */
	fe_mul(&t, &t, u);
	power_p58(&t, &t);
	fe_mul(&r, &r, &t);
	fe_square(&check, &r);
	fe_mul(&check, &check, v);
	fe_neg(&minus_u, u);
	fe_mul(&minus_iu, &minus_u, &fe_i);
	correct = fe_equal(&check, u);
	flipped = fe_equal(&check, &minus_u);
	flipped_i = fe_equal(&check, &minus_iu);
	fe_mul(&t, &r, &fe_i);
	fe_move_if(&r, &t, fe_mask(flipped | flipped_i));
	fe_abs(&r);
	*out = r;
	return correct | flipped;
}
