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
	struct fe s, ss, u1, u2, u2_sqr, v, i, den_x, den_y, x, y, t, e, f;
	uint8_t again[RISTRETTO_BYTES];
	uint64_t was_square, minus;

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
	fe_mul(&x, &s, &den_x);
	minus = fe_mask(fe_is_negative(&x));
	fe_neg_if(&x, minus);
	fe_mul(&y, &u1, &den_y);
	fe_mul(&t, &x, &y);
	if (!was_square || fe_is_negative(&t) || fe_is_zero(&y))
		return R_NOT_IN_GROUP;
	/* e = 2s / sqrt(a - d), f = e / x, g = u1, h = u2: see below */
	fe_mul(&e, &s, &ristretto_constants.invsqrt_a_minus_d);
	fe_mul(&f, &den_x, &v);
	fe_mul(&f, &f, &ristretto_constants.invsqrt_a_minus_d);
	fe_neg_if(&f, minus);
	fe_mul(&out->x, &e, &u2);
	fe_mul(&out->y, &f, &u1);
	fe_mul(&out->z, &f, &u2);
	fe_mul(&out->t, &e, &u1);
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
	uint64_t none;    /* all ones if efgh is zero: the identity, or */
	uint64_t unknown; /* if these are no point's factors: fh of one is never zero */
};

/* So many share an inversion: 20 KiB. */
#define DOUBLED 64

/* The factors of 2p; all but f are tight. */
static void
doubled_factors(struct doubled *out, const struct ed *p)
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
	fe_carry(&out->h);
	out->unknown = 0;
}

/* What follows from them; and let it share the inversion of all. */
static void
doubled_share(struct doubled *out, struct fe *all)
{
	fe_mul(&out->eg, &out->e, &out->g);
	fe_mul(&out->fh, &out->f, &out->h);
	fe_mul(&out->efgh, &out->eg, &out->fh);
	out->none = fe_mask(fe_is_zero(&out->efgh));
	out->unknown |= fe_mask(fe_is_zero(&out->fh));
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
		for (i = 0; i < now; i++) {
			doubled_factors(&state[i], &p[at + i]);
			doubled_share(&state[i], &all);
		}
		fe_invert(&all, &all);
		for (i = now; i-- > 0;)
			doubled_encode(bytes + (at + i) * stride, &state[i], &all);
	}
}

/* ---- add, double and encode ----
 *
 * The factors (e : f : g : h) of a point are one of another curve, e^2 + f^2 = g^2 and
 * g^2 + (a - d) e^2 = h^2, which is isogenous to this one: the factors of a sum can be had
 * from those of its terms, by the addition of the Jacobi elliptic functions (e/g, f/g, h/g are
 * sn, cn, dn; Chudnovsky and Chudnovsky 1986). So a root is needed once for a point, and
 * ristretto_decode has taken it.
 *
 * The factors of a decoded point are 2s / sqrt(a - d), that divided by x, 1 - s^2 and
 * 1 + s^2. The sum of the last two is 2, and that is how the coordinates (eh, gf, fh, eg) tell
 * what they are made of: x + t = 2e, y + z = 2f. Of the points of an element and their many
 * coordinates no others give e^2 + f^2 = g^2 with this. */

/* The factors of v, tight, if its coordinates tell them. */
static void
told_factors(struct doubled *out, const struct ed *v)
{
	struct fe e, f, left, right;

	/* times 4f: 2e 2f, (2f)^2, 4 gf, 4 hf */
	fe_add(&e, &v->x, &v->t);
	fe_add(&f, &v->y, &v->z);
	fe_mul(&out->e, &e, &f);
	fe_square(&out->f, &f);
	fe_add(&out->g, &v->y, &v->y);
	fe_add(&out->g, &out->g, &out->g);
	fe_carry(&out->g);
	fe_add(&out->h, &v->z, &v->z);
	fe_add(&out->h, &out->h, &out->h);
	fe_carry(&out->h);
	fe_square(&left, &out->e);
	fe_square(&right, &out->f);
	fe_add(&left, &left, &right);
	fe_carry(&left);
	fe_square(&right, &out->g);
	out->unknown = ~fe_mask(fe_equal(&left, &right));
}

/* a becomes the factors of the sum, tight. If a and b stand for the same element, they may all be
 * zero. */
static void
add_factors(struct doubled *a, const struct doubled *b)
{
	struct fe p, r, s, u, ps, ru, one_plus_d, x, y;

	fe_mul(&p, &a->g, &b->f);
	fe_mul(&r, &a->h, &b->e);
	fe_mul(&s, &a->f, &b->g);
	fe_mul(&u, &a->e, &b->h);
	fe_mul(&ps, &p, &s);
	fe_mul(&ru, &r, &u);
	/* h = g1 h1 g2 h2 + (a - d) e1 f1 e2 f2 */
	fe_mul(&x, &a->g, &a->h);
	fe_mul(&y, &b->g, &b->h);
	fe_mul(&x, &x, &y);
	fe_mul(&a->h, &a->e, &a->f);
	fe_mul(&y, &b->e, &b->f);
	fe_mul(&y, &y, &a->h);
	fe_add(&one_plus_d, &fe_d, &fe_one);
	fe_mul(&y, &y, &one_plus_d);
	fe_sub(&a->h, &x, &y);
	fe_carry(&a->h);
	/* e = g1 f2 u + f1 g2 r, f = ps - ru, g = p^2 + r^2 */
	fe_add(&x, &p, &r);
	fe_add(&y, &s, &u);
	fe_mul(&a->e, &x, &y);
	fe_sub(&a->e, &a->e, &ps);
	fe_sub(&a->e, &a->e, &ru);
	fe_carry(&a->e);
	fe_sub(&a->f, &ps, &ru);
	fe_carry(&a->f);
	fe_square(&x, &p);
	fe_square(&y, &r);
	fe_add(&a->g, &x, &y);
	fe_carry(&a->g);
}

/* The long way, if the mask is all ones. That is no news: whether v was just decoded is no
 * secret, and that v and 2p are the same element is met in tests only; to expect it were to know
 * the exponent that p was made with. tests/ct.supp says so. */
static __attribute__((noinline)) void
encode_sum_if(uint8_t bytes[RISTRETTO_BYTES], const struct ed *v, const struct ed *p, uint64_t mask)
{
	struct ed_cached add;
	struct ed sum;

	if (mask == 0)
		return;
	ed_double(&sum, p, 1);
	ed_cache(&add, v);
	ed_add(&sum, &sum, &add);
	ristretto_encode(bytes, &sum);
}

void
ristretto_encode_add_double(uint8_t *bytes, size_t stride, const struct ed *v, const struct ed *p,
    size_t n)
{
	struct doubled state[DOUBLED], double_p;
	size_t at, now, i;
	struct fe all;

	for (at = 0; at < n; at += now) {
		now = n - at < DOUBLED ? n - at : DOUBLED;
		all = fe_one;
		for (i = 0; i < now; i++) {
			told_factors(&state[i], &v[at + i]);
			doubled_factors(&double_p, &p[at + i]);
			add_factors(&state[i], &double_p);
			doubled_share(&state[i], &all);
		}
		fe_invert(&all, &all);
		for (i = now; i-- > 0;) {
			doubled_encode(bytes + (at + i) * stride, &state[i], &all);
			encode_sum_if(bytes + (at + i) * stride, &v[at + i], &p[at + i],
			    state[i].unknown);
		}
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

/* What MAP makes: w0..w3, tight but the last two, and v. */
struct mapped {
	struct fe w0, w1, w2, w3, v;
};

/* MAP */
static void
map(struct mapped *out, const uint8_t bytes[RISTRETTO_BYTES])
{
	struct fe t, r, u, v, c, s, s_other, n, w0;
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
	fe_add(&out->w0, &s, &s);
	fe_mul(&out->w0, &out->w0, &v);
	fe_mul(&out->w1, &n, &ristretto_constants.sqrt_ad_minus_one);
	fe_square(&s, &s);
	fe_sub(&out->w2, &fe_one, &s);
	fe_add(&out->w3, &fe_one, &s);
	out->v = v;
}

static void
mapped_point(struct ed *out, const struct mapped *w)
{
	fe_mul(&out->x, &w->w0, &w->w3);
	fe_mul(&out->y, &w->w2, &w->w1);
	fe_mul(&out->z, &w->w1, &w->w3);
	fe_mul(&out->t, &w->w0, &w->w2);
}

void
ristretto_map(struct ed *out, const uint8_t uniform[2 * RISTRETTO_BYTES])
{
	struct mapped first, second;
	struct ed_cached add;
	struct ed point;

	map(&first, uniform);
	map(&second, uniform + RISTRETTO_BYTES);
	mapped_point(&point, &second);
	ed_cache(&add, &point);
	mapped_point(&point, &first);
	ed_add(out, &point, &add);
}

/* Its factors: e : f is w0 : w1, g : h is w2 : w3, and w0 is v times 2s. */
static void
mapped_factors(struct doubled *out, const uint8_t bytes[RISTRETTO_BYTES])
{
	struct mapped w;

	map(&w, bytes);
	fe_mul(&out->e, &w.w0, &ristretto_constants.invsqrt_a_minus_d);
	fe_mul(&out->f, &w.w1, &ristretto_constants.invsqrt_a_minus_d);
	fe_mul(&out->g, &w.w2, &w.v);
	fe_mul(&out->h, &w.w3, &w.v);
}

/* Coordinates that tell the factors, whose scale is to be 2 / (g + h). */
static void
tell_factors(struct ed *out, struct doubled *a, const struct fe *scale)
{
	fe_mul(&a->e, &a->e, scale);
	fe_mul(&a->f, &a->f, scale);
	fe_mul(&a->g, &a->g, scale);
	fe_mul(&a->h, &a->h, scale);
	fe_mul(&out->x, &a->e, &a->h);
	fe_mul(&out->y, &a->g, &a->f);
	fe_mul(&out->z, &a->f, &a->h);
	fe_mul(&out->t, &a->e, &a->g);
}

static void
map_some(struct ed *out, const uint8_t *uniform, size_t n)
{
	struct doubled state[DOUBLED], second, *a;
	struct fe all = fe_one, own;
	size_t i;

	for (i = 0; i < n; i++) {
		a = &state[i];
		mapped_factors(a, uniform + 2 * i * RISTRETTO_BYTES);
		mapped_factors(&second, uniform + (2 * i + 1) * RISTRETTO_BYTES);
		add_factors(a, &second);
		/* the divisor, in the place of efgh */
		fe_add(&a->efgh, &a->g, &a->h);
		fe_mul(&own, &a->f, &a->h);
		fe_mul(&own, &own, &a->efgh);
		a->unknown = fe_mask(fe_is_zero(&own));
		fe_carry(&a->efgh);
		fe_move_if(&a->efgh, &fe_one, a->unknown);
		a->before = all;
		fe_mul(&all, &all, &a->efgh);
	}
	fe_invert(&all, &all);
	for (i = n; i-- > 0;) {
		a = &state[i];
		fe_mul(&own, &all, &a->before);
		fe_mul(&all, &all, &a->efgh);
		fe_add(&own, &own, &own);
		tell_factors(&out[i], a, &own);
		if (a->unknown) /* as unlikely as any given element */
			ristretto_map(&out[i], uniform + 2 * i * RISTRETTO_BYTES);
	}
}

void
ristretto_map_many(struct ed *out, const uint8_t *uniform, size_t n)
{
	size_t at, now;

	for (at = 0; at < n; at += now) {
		now = n - at < DOUBLED ? n - at : DOUBLED;
		map_some(out + at, uniform + 2 * at * RISTRETTO_BYTES, now);
	}
}
