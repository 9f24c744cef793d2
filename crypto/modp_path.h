/*
 * modp_path: the ways to products and powers modulo p: by GMP everywhere, and by AVX-512
 * IFMA eight at a time where the processor has it. Internal to crypto/modp*.c.
 *
 * Numbers come and go as vectors of m->limbs limbs, canonical, as crypto/modp.h says;
 * exponents are below q.
 */
#ifndef CRYPTO_MODP_PATH_H
#define CRYPTO_MODP_PATH_H

#include <gmp.h>
#include <stddef.h>

#include "crypto/modp.h"
#include "crypto/result.h"

/* Inputs; from one to the next it is `step` limbs, or 0 if there is one for all. */
struct modp_inputs {
	const mp_limb_t *at;
	size_t step;
};

static inline const mp_limb_t *
modp_input(struct modp_inputs v, size_t i)
{
	return v.at + i * v.step;
}

/* Every output may be an input at the same place, inputs with step 0 may not. */
struct modp_path {
	/* out[i] = a[i] * b[i] modulo `modulus`, p or q, in constant time. */
	void (*mul)(mp_limb_t *out, const mp_limb_t *modulus, size_t limbs, struct modp_inputs a,
	    struct modp_inputs b, size_t n);
	/* out[i] = base[i]^e[i], in constant time. No exponent is longer than `bits`, here and
	 * below. */
	enum result (*pow)(mp_limb_t *out, const struct modp *m, struct modp_inputs base,
	    struct modp_inputs e, size_t n, size_t bits);
	/* Make a table for n powers of one public base, which mem_free frees, or NULL if n powers
	 * are faster without. */
	enum result (*table)(void **out, const struct modp *m, const mp_limb_t *base, size_t n);
	/* out[i] = the base's e[i]-th power, in constant time. */
	void (*table_pow)(mp_limb_t *out, const struct modp *m, const void *table,
	    struct modp_inputs e, size_t n);
	/* out = product of all base[i]^e[i], in constant time. */
	enum result (*straus)(mp_limb_t *out, const struct modp *m, struct modp_inputs base,
	    struct modp_inputs e, size_t n, size_t bits);
	/* The same for many. Addresses follow the digits of the exponents, but no branch does,
	 * unless they are public. */
	enum result (*buckets)(mp_limb_t *out, const struct modp *m, struct modp_inputs base,
	    struct modp_inputs e, size_t n, size_t bits, int is_public);
	/* From so many on `buckets` is the faster for full exponents. */
	size_t many;
};

/* For any group. */
extern const struct modp_path modp_gmp;
/* For the groups that modp_ifma_fits says 1 of, on a machine with CPU_IFMA (crypto/cpu.h). */
extern const struct modp_path modp_ifma;
int modp_ifma_fits(const struct modp *m);

/* Return `width` bits of the exponent e from bit `at` on, zeros beyond its end; width < 32. */
static inline unsigned
modp_digit(const mp_limb_t *e, size_t limbs, size_t at, unsigned width)
{
	const size_t i = at / 64, shift = at % 64;
	mp_limb_t bits;

	if (i >= limbs)
		return 0;
	bits = e[i] >> shift;
	if (shift + width > 64 && i + 1 < limbs)
		bits |= e[i + 1] << (64 - shift);
	return (unsigned)(bits & (((mp_limb_t)1 << width) - 1));
}

#endif
