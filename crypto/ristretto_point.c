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

/* ---- double and encode ----
 *
 * With e = 2xy, f = z^2 + d t^2, g = y^2 + x^2, h = z^2 - d t^2 of p, the point 2p is
 * (eh : gf : fh : eg). On the curve y^2 - x^2 = f, so that
 *
 *	h^2 - g^2 = f^2 - 4 d z^2 t^2 - f^2 - 4 x^2 y^2 = (a - d) e^2,
 *
 * as z t = x y and a = -1. The encoder's number under the root, (z^2 - y^2) (x y)^2 of 2p,
 * is (a - d) (e f)^2 (e f g h)^2: a known root and a square, of which one inversion can be
 * shared by many. What follows is RFC 9496, 4.3.2 with these put in: den1 = sqrt(a - d) / gh
 * and den2 = 1 / (sqrt(a - d) ef) up to a sign, 1/z = 1/fh, t/z = e g / fh. */
struct doubled {
	struct fe e, f, g, h, eg, fh, efgh;
	struct fe before; /* the product of all efgh before this one */
	uint64_t none;    /* all ones if efgh is zero: 2p is the identity */
};

/* So many share an inversion: 20 KiB. */
#define DOUBLED 64

static void
doubled_load(struct doubled *out, struct fe *all, const struct ed *p)
{
	struct fe xx, yy, zz, dtt;

	fe_square(&xx, &p->x);
	fe_square(&yy, &p->y);
	fe_square(&zz, &p->z);
	fe_square(&dtt, &p->t);
	fe_mul(&dtt, &dtt, &fe_d);
	fe_mul(&out->e, &p->x, &p->y);
	fe_add(&out->e, &out->e, &out->e);
	fe_carry(&out->e);
	fe_add(&out->f, &zz, &dtt);
	fe_add(&out->g, &yy, &xx);
	fe_carry(&out->g);
	fe_sub(&out->h, &zz, &dtt);
	fe_mul(&out->eg, &out->e, &out->g);
	fe_mul(&out->fh, &out->f, &out->h);
	fe_mul(&out->efgh, &out->eg, &out->fh);
	out->none = fe_mask(fe_is_zero(&out->efgh));
	fe_move_if(&out->efgh, &fe_one, out->none);
	out->before = *all;
	fe_mul(all, all, &out->efgh);
}

/* Take this one's inverse out of that of all. */
static void
doubled_encode(uint8_t bytes[RISTRETTO_BYTES], struct doubled *a, struct fe *inverse)
{
	struct fe own, z_inv, t_inv, t, s, k = ristretto_constants.invsqrt_a_minus_d;
	uint64_t rotate;

	fe_mul(&own, inverse, &a->before);
	fe_mul(inverse, inverse, &a->efgh);
	fe_move_if(&own, &fe_zero, a->none);
	fe_mul(&z_inv, &a->eg, &own);
	fe_mul(&t_inv, &a->fh, &own);
	fe_mul(&t, &a->eg, &z_inv);
	rotate = fe_mask(fe_is_negative(&t));
	/* e, g, h become g, -e, i f */
	fe_neg(&t, &a->e);
	fe_move_if(&a->e, &a->g, rotate);
	fe_move_if(&a->g, &t, rotate);
	fe_mul(&t, &a->f, &fe_i);
	fe_move_if(&a->h, &t, rotate);
	fe_move_if(&k, &fe_i, rotate);
	fe_mul(&t, &a->h, &a->e);
	fe_mul(&t, &t, &z_inv);
	fe_neg_if(&a->g, fe_mask(fe_is_negative(&t)));
	fe_sub(&s, &a->h, &a->g);
	fe_mul(&s, &s, &k);
	fe_mul(&t, &a->g, &t_inv);
	fe_mul(&s, &s, &t);
	fe_abs(&s);
	fe_to_bytes(bytes, &s);
}

void
ristretto_encode_double(uint8_t *bytes, size_t stride, const struct ed *p, size_t n)
{
	struct doubled state[DOUBLED];
	struct fe all;
	size_t at, now, i;

	for (at = 0; at < n; at += now) {
		now = n - at < DOUBLED ? n - at : DOUBLED;
		all = fe_one;
		for (i = 0; i < now; i++)
			doubled_load(&state[i], &all, &p[at + i]);
		fe_invert(&all, &all);
		for (i = now; i-- > 0;)
			doubled_encode(bytes + (at + i) * stride, &state[i], &all);
	}
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
