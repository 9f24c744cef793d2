#include "crypto/modp_mont.h"

/* GMP does what it likes with a number that is too long for its place. */
#undef NDEBUG
#include <assert.h>
#include <sodium.h>

void
mont_power_of_two(mp_limb_t *out, size_t bits, const mp_limb_t *m, size_t limbs)
{
	mp_limb_t power[MONT_POWER_BITS / 64 + 1] = { 0 }, quotient[MONT_POWER_BITS / 64 + 1];
	const size_t n = bits / 64 + 1;

	assert(bits <= MONT_POWER_BITS && n >= limbs);
	power[bits / 64] = (mp_limb_t)1 << (bits % 64);
	mpn_tdiv_qr(quotient, out, 0, power, (mp_size_t)n, m, (mp_size_t)limbs);
}

void
mont_start(struct mont *x, const mp_limb_t *m, size_t limbs)
{
	unsigned i;

	assert(limbs > 0 && limbs <= MODP_LIMBS_MAX && m[limbs - 1] != 0 && m[0] % 2 == 1);
	x->m = m;
	x->n = (mp_size_t)limbs;
	assert(mpn_sec_mul_itch(x->n, x->n) <= MONT_SCRATCH);
	assert(mpn_sec_sqr_itch(x->n) <= MONT_SCRATCH);
	/* Newton: each step doubles the bits that are right, from the 3 of m itself. */
	x->k = m[0];
	for (i = 0; i < 5; i++)
		x->k *= 2 - m[0] * x->k;
	x->k = -x->k;
	mont_power_of_two(x->one, 64 * limbs, m, limbs);
	mont_power_of_two(x->square, 128 * limbs, m, limbs);
}

void
mont_end(struct mont *x)
{
	sodium_memzero(x, sizeof *x);
}

/* out = x->product / 2^(64 n). What is below 2^(64 n) * 2^(64 n) gives less than 2^(64 n) + m,
 * so that one m at most has to go for n limbs to hold it. */
static void
reduce(struct mont *x, mp_limb_t *out)
{
	mp_limb_t *t = x->product, carry;
	mp_size_t i;

	for (i = 0; i < x->n; i++)
		t[i] = mpn_addmul_1(t + i, x->m, x->n, t[i] * x->k);
	carry = mpn_add_n(out, t + x->n, t, x->n);
	(void)mpn_cnd_sub_n(carry, out, out, x->m, x->n);
}

void
mont_mul(struct mont *x, mp_limb_t *out, const mp_limb_t *a, const mp_limb_t *b)
{
	mpn_sec_mul(x->product, a, x->n, b, x->n, x->scratch);
	reduce(x, out);
}

void
mont_mul_vartime(struct mont *x, mp_limb_t *out, const mp_limb_t *a, const mp_limb_t *b)
{
	mpn_mul_n(x->product, a, b, x->n);
	reduce(x, out);
}

void
mont_sqr(struct mont *x, mp_limb_t *out, const mp_limb_t *a)
{
	mpn_sec_sqr(x->product, a, x->n, x->scratch);
	reduce(x, out);
}

void
mont_in(struct mont *x, mp_limb_t *out, const mp_limb_t *a)
{
	mont_mul(x, out, a, x->square);
}

void
mont_out(struct mont *x, mp_limb_t *out, const mp_limb_t *a)
{
	mp_limb_t borrow;

	/* What n limbs hold gives at most m. */
	mpn_copyi(x->product, a, x->n);
	mpn_zero(x->product + x->n, x->n);
	reduce(x, out);
	borrow = mpn_sub_n(x->product, out, x->m, x->n);
	(void)mpn_cnd_add_n(borrow, out, x->product, x->m, x->n);
}
