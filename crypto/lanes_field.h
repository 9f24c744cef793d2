/*
 * lanes_field: what a vector field has to provide, and what follows from it.
 *
 * ristretto255 on VFE_LANES elements at a time is written once for every vector field:
 * crypto/lanes_ifma.c and crypto/lanes_avx2.c include their field first (crypto/fe_ifma.h,
 * crypto/fe_avx2.h), then the lanes_*.h, which are empty without one. It is all static: no
 * instruction of one processor gets into the code of another.
 *
 * The field provides vfe, a number per lane, small enough for everything; vwide, the
 * columns of a product or the sum of a few, at most four and one vwide_sub among them,
 * which vfe_reduce makes a vfe; vnumber, a word per lane, with the operators of C; vmask,
 * yes or no per lane.
 */
#ifndef CRYPTO_LANES_FIELD_H
#define CRYPTO_LANES_FIELD_H

#ifdef VFE_LANES

#define L VFE_LANES

VFE_INLINE vfe
vfe_mul(vfe a, vfe b)
{
	return vfe_reduce(vfe_mul_wide(a, b));
}

VFE_INLINE vfe
vfe_square(vfe a)
{
	return vfe_reduce(vfe_square_wide(a));
}

VFE_INLINE vfe
vfe_add(vfe a, vfe b)
{
	return vfe_reduce(vwide_add(vwide_of(a), vwide_of(b)));
}

VFE_INLINE vfe
vfe_sub(vfe a, vfe b)
{
	return vfe_reduce(vwide_sub(vwide_of(a), vwide_of(b)));
}

VFE_INLINE vfe
vfe_neg(vfe a)
{
	return vfe_reduce(vwide_of(vfe_neg_factor(a)));
}

VFE_INLINE vmask
vfe_is_negative(vfe a)
{
	return vfe_canonical_odd(vfe_canonical(a));
}

VFE_INLINE vmask
vfe_is_zero(vfe a)
{
	return vfe_canonical_zero(vfe_canonical(a));
}

VFE_INLINE vfe
vfe_neg_if(vfe a, vmask yes)
{
	return vfe_select(a, vfe_neg(a), yes);
}

VFE_INLINE vfe
vfe_abs(vfe a)
{
	return vfe_neg_if(a, vfe_is_negative(a));
}

/* A product takes as long as ten can be begun in: two chains of squarings, side by side,
 * hide each other's waiting. Everything with a root works on pairs. */

static void
squares2(vfe out[2], const vfe a[2], unsigned n)
{
	vfe x = a[0], y = a[1];

	while (n-- > 0) {
		x = vfe_square(x);
		y = vfe_square(y);
	}
	out[0] = x;
	out[1] = y;
}

static void
mul2(vfe out[2], const vfe a[2], const vfe b[2])
{
	const vfe x = vfe_mul(a[0], b[0]), y = vfe_mul(a[1], b[1]);

	out[0] = x;
	out[1] = y;
}

/* out = a^(2^250 - 1), a11 = a^11; tN is a^(2^N - 1), as in crypto/fe51.c. */
static void
power_2_250_1(vfe out[2], vfe a11[2], const vfe a[2])
{
	vfe a2[2], a9[2], t[2], t5[2], t10[2], t20[2], t50[2], t100[2];

	squares2(a2, a, 1);
	squares2(t, a2, 2);
	mul2(a9, t, a);
	mul2(a11, a9, a2);
	squares2(t, a11, 1);
	mul2(t5, t, a9);
	squares2(t, t5, 5);
	mul2(t10, t, t5);
	squares2(t, t10, 10);
	mul2(t20, t, t10);
	squares2(t, t20, 20);
	mul2(t, t, t20);
	squares2(t, t, 10);
	mul2(t50, t, t10);
	squares2(t, t50, 50);
	mul2(t100, t, t50);
	squares2(t, t100, 100);
	mul2(t, t, t100);
	squares2(t, t, 50);
	mul2(out, t, t50);
}

/* out = 1 / a, 0 for 0 */
static void
invert2(vfe out[2], const vfe a[2])
{
	vfe t[2], a11[2];

	power_2_250_1(t, a11, a);
	squares2(t, t, 5);
	mul2(out, t, a11);
}

#endif
#endif
