/*
 * lanes_codec: encodings of many elements, and elements from uniform bytes. A part of the
 * code that crypto/lanes_field.h describes.
 */
#ifndef CRYPTO_LANES_CODEC_H
#define CRYPTO_LANES_CODEC_H

#include "crypto/lanes_curve.h"

#ifdef VFE_LANES

#include <sodium.h>

#include "crypto/ristretto_point.h"

/* SQRT_RATIO_M1 of RFC 9496, 4.2, on two times L lanes: fe_sqrt_ratio in crypto/fe51.h. */
static void
sqrt_ratio2(vfe out[2], vmask was_square[2], const vfe u[2], const vfe v[2])
{
	const vfe root = vfe_splat(&fe_i);
	vfe r[2], t[2], unused[2], check, minus_u, flipped_i;
	vmask correct, flipped;
	unsigned k;

	for (k = 0; k < 2; k++) {
		t[k] = vfe_mul(vfe_square(v[k]), v[k]);
		r[k] = vfe_mul(t[k], u[k]);
		out[k] = vfe_mul(vfe_mul(vfe_square(t[k]), v[k]), u[k]);
	}
	power_2_250_1(t, unused, out);
	squares2(t, t, 2);
	mul2(t, t, out);
	mul2(r, r, t);
	for (k = 0; k < 2; k++) {
		check = vfe_mul(vfe_square(r[k]), v[k]);
		minus_u = vfe_neg(u[k]);
		flipped_i = vfe_sub(check, vfe_mul(minus_u, root));
		correct = vfe_is_zero(vfe_sub(check, u[k]));
		flipped = vfe_is_zero(vfe_sub(check, minus_u));
		was_square[k] = vmask_or(correct, flipped);
		out[k] = vfe_abs(vfe_select(r[k], vfe_mul(r[k], root),
		    vmask_or(flipped, vfe_is_zero(flipped_i))));
	}
}

/* 1 / sqrt(a - d), 1 - d^2, (d - 1)^2, sqrt(a d - 1), where a = -1: RFC 9496, 4.1. */
VFE_INLINE vfe
invsqrt_a_minus_d(void)
{
	return vfe_splat(&ristretto_constants.invsqrt_a_minus_d);
}

/* Decode two groups. *refused: not in the group; the encodings are known to be canonical. */
static void
decode2(struct vpoint p[2], vmask refused[2], const vfe s[2])
{
	const vfe one = vfe_splat(&fe_one), d = vfe_splat(&fe_d), ones[2] = { one, one };
	vfe u1[2], u2[2], v[2], arg[2], i[2], den_x, den_y, y;
	vmask was_square[2];
	unsigned k;

	for (k = 0; k < 2; k++) {
		const vwide ss = vfe_square_wide(s[k]);
		vwide negated;

		u1[k] = vfe_reduce(vwide_sub(vwide_of(one), ss));
		u2[k] = vfe_reduce(vwide_add(vwide_of(one), ss));
		/* v = -(d u1^2) - u2^2 */
		v[k] = vfe_square(u2[k]);
		negated = vwide_add(vfe_mul_wide(vfe_square(u1[k]), d), vwide_of(v[k]));
		arg[k] = v[k];
		v[k] = vfe_neg(vfe_reduce(negated));
		arg[k] = vfe_mul(v[k], arg[k]);
	}
	sqrt_ratio2(i, was_square, ones, arg);
	for (k = 0; k < 2; k++) {
		den_x = vfe_mul(i[k], u2[k]);
		den_y = vfe_mul(vfe_mul(i[k], den_x), v[k]);
		p[k].x = vfe_abs(vfe_mul(vfe_add(s[k], s[k]), den_x));
		p[k].y = y = vfe_mul(u1[k], den_y);
		p[k].z = one;
		p[k].t = vfe_mul(p[k].x, y);
		refused[k] = vmask_or(vmask_not(was_square[k]),
		    vmask_or(vfe_is_negative(p[k].t), vfe_is_zero(y)));
	}
}

/* Read one group of encodings. *refused: not canonical. */
static void
decode_load(vfe *s, vmask *refused, const uint8_t *bytes, size_t stride, unsigned lanes)
{
	const vnumber zero = { 0 };
	vnumber w[4];

	words_load(w, bytes, stride, lanes);
	*s = vfe_from_words(w);
	*refused = vmask_not(vmask_and(vfe_canonical_equal(*s, vfe_canonical(*s)),
	    vnumber_equal((w[3] >> 63) | (w[0] & 1), zero)));
}

static void
lanes_decode(struct ed *out, enum result *verdicts, const uint8_t *bytes, size_t stride, size_t n)
{
	vmask strange[2], outside[2];
	unsigned k, j, lanes;
	struct vpoint p[2];
	size_t at, i;
	vfe s[2];

	for (at = 0; at < n; at += 2 * L) {
		for (k = 0; k < 2; k++) {
			i = at + k * L < n ? at + k * L : at;
			decode_load(&s[k], &strange[k], bytes + i * stride, stride,
			    lanes_left(n, i));
		}
		decode2(p, outside, s);
		for (k = 0; k < 2 && at + k * L < n; k++) {
			i = at + k * L;
			lanes = lanes_left(n, i);
			vpoint_store(out + i, lanes, &p[k]);
			for (j = 0; j < lanes; j++)
				verdicts[i + j] = vmask_bits(strange[k]) >> j & 1 ? R_NON_CANONICAL
				    : vmask_bits(outside[k]) >> j & 1             ? R_NOT_IN_GROUP
										  : R_GOOD;
		}
	}
}

/* Write |s| of one group. */
static void
encode_store(uint8_t *bytes, size_t stride, unsigned lanes, vfe s)
{
	vnumber w[4];

	vfe_to_words(w, vfe_canonical(vfe_abs(s)));
	words_store(bytes, stride, lanes, w);
}

/* The names are those of ristretto_encode. */
static void
encode2(vfe s[2], const struct vpoint p[2])
{
	const vfe one = vfe_splat(&fe_one), root = vfe_splat(&fe_i), ones[2] = { one, one };
	vfe u1[2], u2[2], arg[2], i[2], den1, den2, z_inv, x, y, den_inv;
	vmask unused[2], rotate;
	unsigned k;

	for (k = 0; k < 2; k++) {
		u1[k] = vfe_mul(vfe_add(p[k].z, p[k].y), vfe_sub(p[k].z, p[k].y));
		u2[k] = vfe_mul(p[k].x, p[k].y);
		arg[k] = vfe_mul(vfe_square(u2[k]), u1[k]);
	}
	sqrt_ratio2(i, unused, ones, arg);
	for (k = 0; k < 2; k++) {
		den1 = vfe_mul(i[k], u1[k]);
		den2 = vfe_mul(i[k], u2[k]);
		z_inv = vfe_mul(vfe_mul(den1, den2), p[k].t);
		rotate = vfe_is_negative(vfe_mul(p[k].t, z_inv));
		x = vfe_select(p[k].x, vfe_mul(p[k].y, root), rotate);
		y = vfe_select(p[k].y, vfe_mul(p[k].x, root), rotate);
		den_inv = vfe_select(den2, vfe_mul(den1, invsqrt_a_minus_d()), rotate);
		y = vfe_neg_if(y, vfe_is_negative(vfe_mul(x, z_inv)));
		s[k] = vfe_mul(vfe_sub(p[k].z, y), den_inv);
	}
}

static void
lanes_encode(uint8_t *bytes, size_t stride, const struct ed *p, size_t n)
{
	struct vpoint v[2];
	size_t at, i;
	unsigned k;
	vfe s[2];

	for (at = 0; at < n; at += 2 * L) {
		for (k = 0; k < 2; k++) {
			i = at + k * L < n ? at + k * L : at;
			vpoint_load(&v[k], p + i, 1, lanes_left(n, i));
		}
		encode2(s, v);
		for (k = 0; k < 2 && at + k * L < n; k++) {
			i = at + k * L;
			encode_store(bytes + i * stride, stride, lanes_left(n, i), s[k]);
		}
	}
	sodium_memzero(v, sizeof v);
	sodium_memzero(s, sizeof s);
}

/* ---- double and encode: as in crypto/ristretto_point.c, which says why ---- */

struct doubled {
	vfe e, f, g, h, eg, fh;
	vfe before; /* the product of all efgh before this one */
	vmask none; /* efgh is zero: 2p is the identity */
};

/* Groups that share an inversion: the encodings of about 90 KiB of state. */
#define DOUBLED 32

static __attribute__((noinline)) void
doubled_load(struct doubled *out, vfe *all, const struct vpoint *p)
{
	const vwide xx = vfe_square_wide(p->x), yy = vfe_square_wide(p->y),
		    zz = vfe_square_wide(p->z), xy = vfe_mul_wide(p->x, p->y),
		    dtt = vfe_mul_wide(vfe_square(p->t), vfe_splat(&fe_d));
	vfe efgh;

	out->e = vfe_reduce(vwide_add(xy, xy));
	out->f = vfe_reduce(vwide_add(zz, dtt));
	out->g = vfe_reduce(vwide_add(yy, xx));
	out->h = vfe_reduce(vwide_sub(zz, dtt));
	out->eg = vfe_mul(out->e, out->g);
	out->fh = vfe_mul(out->f, out->h);
	out->before = *all;
	efgh = vfe_mul(out->eg, out->fh);
	out->none = vfe_is_zero(efgh);
	*all = vfe_mul(*all, vfe_select(efgh, vfe_splat(&fe_one), out->none));
}

/* Take this group's inverse out of that of all and return s up to its sign. */
static __attribute__((noinline)) vfe
doubled_encode(const struct doubled *a, vfe *inverse)
{
	const vfe efgh = vfe_mul(a->eg, a->fh), root = vfe_splat(&fe_i);
	const vfe own = vfe_select(vfe_mul(*inverse, a->before), vfe_splat(&fe_zero), a->none);
	const vfe z_inv = vfe_mul(a->eg, own), t_inv = vfe_mul(a->fh, own);
	const vmask rotate = vfe_is_negative(vfe_mul(a->eg, z_inv));
	const vfe e = vfe_select(a->e, a->g, rotate),
		  h = vfe_select(a->h, vfe_mul(a->f, root), rotate),
		  k = vfe_select(invsqrt_a_minus_d(), root, rotate);
	vfe g = vfe_select(a->g, vfe_neg(a->e), rotate);

	*inverse = vfe_mul(*inverse, vfe_select(efgh, vfe_splat(&fe_one), a->none));
	g = vfe_neg_if(g, vfe_is_negative(vfe_mul(vfe_mul(h, e), z_inv)));
	return vfe_mul(vfe_mul(vfe_sub(h, g), k), vfe_mul(g, t_inv));
}

static void
encode_double_some(uint8_t *bytes, size_t stride, const struct ed *p, size_t n)
{
	struct doubled state[DOUBLED];
	/* two products, so that the inversion is of two as well */
	vfe all[2] = { vfe_splat(&fe_one), vfe_splat(&fe_one) };
	struct vpoint v;
	size_t at, k;

	for (at = 0, k = 0; at < n; at += L, k++) {
		vpoint_load(&v, p + at, 1, lanes_left(n, at));
		doubled_load(&state[k], &all[k & 1], &v);
	}
	invert2(all, all);
	while (k-- > 0)
		encode_store(bytes + k * L * stride, stride, lanes_left(n, k * L),
		    doubled_encode(&state[k], &all[k & 1]));
}

static void
lanes_encode_double(uint8_t *bytes, size_t stride, const struct ed *p, size_t n)
{
	size_t at, now;

	for (at = 0; at < n; at += now) {
		now = n - at < DOUBLED * L ? n - at : DOUBLED * L;
		encode_double_some(bytes + at * stride, stride, p + at, now);
	}
}

/* ---- elements from uniform bytes: MAP of RFC 9496, 4.3.4, as in ristretto_point.c ---- */

static void
map2(struct vpoint out[2], const vfe t[2])
{
	const vfe one = vfe_splat(&fe_one), d = vfe_splat(&fe_d);
	vfe r[2], u[2], v[2], s[2], s_other, c, n, ss;
	vmask was_square[2], no_square;
	struct vfactors w;
	unsigned k;

	for (k = 0; k < 2; k++) {
		r[k] = vfe_mul(vfe_square(t[k]), vfe_splat(&fe_i));
		/* u = (r + 1) (1 - d^2), v = (-1 - r d) (r + d) */
		u[k] = vfe_mul(vfe_add(r[k], one), vfe_splat(&ristretto_constants.one_minus_d_sq));
		v[k] = vfe_mul(vfe_neg(vfe_add(vfe_mul(r[k], d), one)), vfe_add(r[k], d));
	}
	sqrt_ratio2(s, was_square, u, v);
	for (k = 0; k < 2; k++) {
		/* if it is no square, s = -|s t| and c = r, else c = -1 */
		no_square = vmask_not(was_square[k]);
		s_other = vfe_neg(vfe_abs(vfe_mul(s[k], t[k])));
		s[k] = vfe_select(s[k], s_other, no_square);
		c = vfe_select(vfe_neg(one), r[k], no_square);
		/* n = c (r - 1) (d - 1)^2 - v */
		n = vfe_mul(vfe_mul(vfe_sub(r[k], one), c),
		    vfe_splat(&ristretto_constants.d_minus_one_sq));
		n = vfe_sub(n, v[k]);
		/* w0 = 2 s v, w1 = n sqrt(a d - 1), w2 = 1 - s^2, w3 = 1 + s^2 */
		ss = vfe_square(s[k]);
		w.e = vfe_mul(vfe_add(s[k], s[k]), v[k]);
		w.g = vfe_mul(n, vfe_splat(&ristretto_constants.sqrt_ad_minus_one));
		w.h = vfe_sub(one, ss);
		w.f = vfe_add(one, ss);
		/* x = w0 w3, y = w1 w2, z = w1 w3, t = w0 w2 */
		vpoint_of(&out[k], &w);
	}
}

static void
lanes_map(struct ed *out, const uint8_t *uniform, size_t n)
{
	struct vpoint p[2], sum;
	struct vcached add;
	struct vsum first;
	unsigned k, lanes;
	vnumber w[4];
	size_t at;
	vfe t[2];

	for (at = 0; at < n; at += L) {
		lanes = lanes_left(n, at);
		for (k = 0; k < 2; k++) {
			words_load(w, uniform + at * 64 + k * 32, 64, lanes);
			t[k] = vfe_from_words(w);
		}
		map2(p, t);
		vsum_from(&first, &p[0]);
		vcached_from(&add, &p[1]);
		vpoint_add(&sum, &first, &add);
		vpoint_store(out + at, lanes, &sum);
	}
}

#endif
#endif
