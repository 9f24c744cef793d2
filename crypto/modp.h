/*
 * modp: the quadratic residues modulo a safe prime p, through GMP. Internal: the
 * compiled-in groups for group.c, and the type for the tiny groups of the tests.
 *
 * Elements and scalars are vectors of `limbs` limbs, least significant first.
 */
#ifndef CRYPTO_MODP_H
#define CRYPTO_MODP_H

#include <gmp.h>
#include <stddef.h>

#include "crypto/group_ops.h"

_Static_assert(GMP_NUMB_BITS == 64, "the primes are written in limbs of 64 bits");

struct modp {
	struct group group;     /* first: a group's operations cast back */
	size_t limbs;           /* of p; q has as many */
	size_t order_bits;      /* of q */
	const mp_limb_t *p, *q; /* p = 2q + 1, both prime */
	mp_limb_t generator;    /* a quadratic residue above 1 */
	int embeds;             /* p is above 2^256: there is room for a block */
};

#define MODP_LIMBS_MAX 64 /* of 4096 bits */

/* The members of a group of `n` bytes an element and `l` limbs. */
#define MODP_GROUP(group_name, n, l, powers_a_millisecond) \
	{ \
		.name = group_name, .element_bytes = (n), .scalar_bytes = (n), \
		.wide_bytes = (n) + 16, .element_store = 8 * (l), .scalar_store = 8 * (l), \
		.grain = (powers_a_millisecond), .ops = &modp_ops \
	}

extern const struct group_ops modp_ops;
extern const struct modp modp2048, modp3072, modp4096;

#endif
