/* The letters are those of RFC 9496, section 4.3. */
#include "crypto/ristretto_point.h"

#include <string.h>

const struct ristretto_constants ristretto_constants = {
	.sqrt_ad_minus_one = { { 0x7f6a0497b2e1b, 0x1836f0a97afd2, 0x7d747f6be7638, 0x456079e7e6498,
	    0x376931bf2b834 } },
	.invsqrt_a_minus_d = { { 0x0fdaa805d40ea, 0x2eb482e57d339, 0x007610274bc58, 0x6510b613dc8ff,
	    0x786c8905cfaff } },
	.one_minus_d_sq = { { 0x409c1945fc176, 0x719abc6a1fc4f, 0x1c37f90b20684, 0x06bccca55eedf,
	    0x029072a8b2b3e } },
	.d_minus_one_sq = { { 0x55aaa44ed4d20, 0x59603c3332635, 0x26d3baf4a7928, 0x120a66e6997a9,
	    0x5968b37af66c2 } },
};

enum result
ristretto_decode(struct ed *out, const uint8_t bytes[RISTRETTO_BYTES])
{
	struct fe s, ss, u1, u2, u2_sqr, v, i, den_x, den_y;
	uint8_t again[RISTRETTO_BYTES];
	uint64_t was_square;

	fe_from_bytes(&s, bytes);
	fe_to_bytes(again, &s);
	if (memcmp(again, bytes, RISTRETTO_BYTES) != 0 || (bytes[0] & 1) != 0)
		return R_NON_CANONICAL;
	fe_square(&ss, &s);
	fe_sub(&u1, &fe_one, &ss);
	fe_add(&u2, &fe_one, &ss);
	fe_square(&u2_sqr, &u2);
	/* v = -(d u1^2) - u2^2 */
	fe_square(&v, &u1);
	fe_mul(&v, &v, &fe_d);
	fe_add(&v, &v, &u2_sqr);
	fe_carry(&v);
	fe_neg(&v, &v);
	fe_mul(&i, &v, &u2_sqr);
	was_square = fe_sqrt_ratio(&i, &fe_one, &i);
	fe_mul(&den_x, &i, &u2);
	fe_mul(&den_y, &i, &den_x);
	fe_mul(&den_y, &den_y, &v);
	fe_add(&s, &s, &s);
	fe_mul(&out->x, &s, &den_x);
	fe_abs(&out->x);
	fe_mul(&out->y, &u1, &den_y);
	out->z = fe_one;
	fe_mul(&out->t, &out->x, &out->y);
	if (!was_square || fe_is_negative(&out->t) || fe_is_zero(&out->y))
		return R_NOT_IN_GROUP;
	return R_GOOD;
}

void
ristretto_encode(uint8_t bytes[RISTRETTO_BYTES], const struct ed *p)
{
	struct fe u1, u2, i, den1, den2, z_inv, x, y, den_inv, t;
	uint64_t rotate;

	/* u1 = (z + y) (z - y), u2 = x y */
	fe_add(&u1, &p->z, &p->y);
	fe_sub(&t, &p->z, &p->y);
	fe_mul(&u1, &u1, &t);
	fe_mul(&u2, &p->x, &p->y);
	fe_square(&t, &u2);
	fe_mul(&t, &t, &u1);
	(void)fe_sqrt_ratio(&i, &fe_one, &t); /* always a square, or 0 */
	fe_mul(&den1, &i, &u1);
	fe_mul(&den2, &i, &u2);
	fe_mul(&z_inv, &den1, &den2);
	fe_mul(&z_inv, &z_inv, &p->t);
	/* Rotate by a point of order 4 if t / z is negative. */
	fe_mul(&t, &p->t, &z_inv);
	rotate = fe_mask(fe_is_negative(&t));
	x = p->x;
	y = p->y;
	den_inv = den2;
	fe_mul(&t, &p->y, &fe_i);
	fe_move_if(&x, &t, rotate);
	fe_mul(&t, &p->x, &fe_i);
	fe_move_if(&y, &t, rotate);
	fe_mul(&t, &den1, &ristretto_constants.invsqrt_a_minus_d);
	fe_move_if(&den_inv, &t, rotate);
	fe_mul(&t, &x, &z_inv);
	fe_neg_if(&y, fe_mask(fe_is_negative(&t)));
	fe_sub(&t, &p->z, &y);
	fe_mul(&t, &t, &den_inv);
	fe_abs(&t);
	fe_to_bytes(bytes, &t);
}

unsigned
ristretto_equal(const struct ed *a, const struct ed *b)
{
	struct fe s, t;
	uint64_t cross, straight;

	fe_mul(&s, &a->x, &b->y);
	fe_mul(&t, &a->y, &b->x);
	cross = fe_equal(&s, &t);
	fe_mul(&s, &a->y, &b->y);
	fe_mul(&t, &a->x, &b->x);
	straight = fe_equal(&s, &t);
	return (unsigned)(cross | straight);
}

/* MAP */
static void
map(struct ed *out, const uint8_t bytes[RISTRETTO_BYTES])
{
	struct fe t, r, u, v, c, s, s_other, n, w0, w1, w2, w3;
	uint64_t no_square;

	fe_from_bytes(&t, bytes);
	fe_square(&r, &t);
	fe_mul(&r, &r, &fe_i);
	/* u = (r + 1) (1 - d^2) */
	fe_add(&u, &r, &fe_one);
	fe_mul(&u, &u, &ristretto_constants.one_minus_d_sq);
	/* v = (-1 - r d) (r + d) */
	fe_mul(&v, &r, &fe_d);
	fe_add(&v, &v, &fe_one);
	fe_carry(&v);
	fe_neg(&v, &v);
	fe_add(&w0, &r, &fe_d);
	fe_mul(&v, &v, &w0);
	no_square = fe_mask(1 ^ fe_sqrt_ratio(&s, &u, &v));
	/* if it is no square, s = -|s t| and c = r, else c = -1 */
	fe_mul(&s_other, &s, &t);
	fe_abs(&s_other);
	fe_neg(&s_other, &s_other);
	fe_move_if(&s, &s_other, no_square);
	fe_neg(&c, &fe_one);
	fe_move_if(&c, &r, no_square);
	/* n = c (r - 1) (d - 1)^2 - v */
	fe_sub(&n, &r, &fe_one);
	fe_mul(&n, &n, &c);
	fe_mul(&n, &n, &ristretto_constants.d_minus_one_sq);
	fe_sub(&n, &n, &v);
	/* w0 = 2 s v, w1 = n sqrt(a d - 1), w2 = 1 - s^2, w3 = 1 + s^2 */
	fe_mul(&w0, &s, &v);
	fe_add(&w0, &w0, &w0);
	fe_mul(&w1, &n, &ristretto_constants.sqrt_ad_minus_one);
	fe_square(&s, &s);
	fe_sub(&w2, &fe_one, &s);
	fe_add(&w3, &fe_one, &s);
	fe_mul(&out->x, &w0, &w3);
	fe_mul(&out->y, &w2, &w1);
	fe_mul(&out->z, &w1, &w3);
	fe_mul(&out->t, &w0, &w2);
}

void
ristretto_map(struct ed *out, const uint8_t uniform[2 * RISTRETTO_BYTES])
{
	struct ed second;
	struct ed_cached add;

	map(out, uniform);
	map(&second, uniform + RISTRETTO_BYTES);
	ed_cache(&add, &second);
	ed_add(out, out, &add);
}
