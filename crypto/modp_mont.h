/*
 * modp_mont: Montgomery's products through GMP, constant time but for the one that says
 * otherwise. Internal to crypto/modp*.c.
 *
 * Inside, x stands for x * 2^(64 n) modulo the modulus, n its limbs, and is any number of n
 * limbs that is congruent to it, not always below the modulus.
 */
#ifndef CRYPTO_MODP_MONT_H
#define CRYPTO_MODP_MONT_H

#include "crypto/modp.h"

/* Scratch for one product or square; GMP 6.2 asks for 4 * MODP_LIMBS_MAX + 4. */
#define MONT_SCRATCH (8 * MODP_LIMBS_MAX + 64)

/* One modulus, with room to work, which holds secrets until mont_end. */
struct mont {
	const mp_limb_t *m; /* odd; the caller's */
	mp_size_t n;
	mp_limb_t k; /* -1 / m modulo 2^64 */
	mp_limb_t one[MODP_LIMBS_MAX];
	mp_limb_t square[MODP_LIMBS_MAX]; /* 2^(128 n) modulo m */
	mp_limb_t product[2 * MODP_LIMBS_MAX], scratch[MONT_SCRATCH];
};

/* out = 2^bits modulo m; bits not below the length of m, nor above MONT_POWER_BITS. Variable
 * time. */
#define MONT_POWER_BITS (128 * MODP_LIMBS_MAX + 512)
void mont_power_of_two(mp_limb_t *out, size_t bits, const mp_limb_t *m, size_t limbs);

void mont_start(struct mont *x, const mp_limb_t *m, size_t limbs);
/* Wipe. */
void mont_end(struct mont *x);

/* From a number below the modulus, and back to it. */
void mont_in(struct mont *x, mp_limb_t *out, const mp_limb_t *a);
void mont_out(struct mont *x, mp_limb_t *out, const mp_limb_t *a);

void mont_mul(struct mont *x, mp_limb_t *out, const mp_limb_t *a, const mp_limb_t *b);
void mont_mul_vartime(struct mont *x, mp_limb_t *out, const mp_limb_t *a, const mp_limb_t *b);
void mont_sqr(struct mont *x, mp_limb_t *out, const mp_limb_t *a);

#endif
