/* The field of a modp group through GMP: crypto/modp_mont.h. */
#include <string.h>

#include "crypto/modp_mont.h"
#include "tests/bench/field_parts.h"

struct numbers {
	mp_limb_t p[FIELD_LIMBS_MAX];
	struct mont mont;
	mp_limb_t a[FIELD_NUMBERS][FIELD_LIMBS_MAX], b[FIELD_NUMBERS][FIELD_LIMBS_MAX];
};

/* p = 2q + 1; minus one, as a scalar, is q - 1. */
size_t
field_modulus(mp_limb_t p[FIELD_LIMBS_MAX], const struct group *g)
{
	const size_t size = group_scalar_bytes(g);
	const size_t limbs = group_element_bytes(g) / sizeof *p;
	uint8_t bytes[GROUP_ENCODING_MAX];
	struct svec *one;
	mpz_t x;

	if (svec_new(&one, g, 1) != R_GOOD)
		abort();
	svec_set_u64(one, 0, 1);
	svec_neg(one, one);
	svec_encode(bytes, size, one);
	svec_free(one);
	mpz_init(x);
	mpz_import(x, size, 1, 1, 1, 0, bytes);
	mpz_mul_2exp(x, x, 1);
	mpz_add_ui(x, x, 3);
	memset(p, 0, limbs * sizeof *p);
	mpz_export(p, NULL, -1, sizeof *p, 0, 0, x);
	mpz_clear(x);
	return limbs;
}

static void *
numbers_new(const struct group *g, struct rng *rng)
{
	struct numbers *f = calloc(1, sizeof *f);
	size_t i, limbs;

	if (f == NULL)
		return NULL;
	limbs = field_modulus(f->p, g);
	mont_start(&f->mont, f->p, limbs);
	for (i = 0; i < FIELD_NUMBERS; i++) {
		rng_fill(rng, (uint8_t *)f->a[i], limbs * sizeof(mp_limb_t));
		rng_fill(rng, (uint8_t *)f->b[i], limbs * sizeof(mp_limb_t));
		/* below p, whose highest limb is all ones */
		f->a[i][limbs - 1] >>= 1;
		f->b[i][limbs - 1] >>= 1;
	}
	return f;
}

static void
numbers_mul(void *numbers)
{
	struct numbers *f = numbers;
	size_t i;

	for (i = 0; i < FIELD_NUMBERS; i++)
		mont_mul(&f->mont, f->a[i], f->a[i], f->b[i]);
}

static void
numbers_square(void *numbers)
{
	struct numbers *f = numbers;
	size_t i;

	for (i = 0; i < FIELD_NUMBERS; i++)
		mont_sqr(&f->mont, f->a[i], f->a[i]);
}

const struct field_path field_modp = {
	.make = numbers_new,
	.mul = numbers_mul,
	.square = numbers_square,
};
