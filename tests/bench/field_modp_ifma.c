/* The field of a modp group, eight numbers at a time: crypto/modp8.h. */
#include "crypto/modp8.h"

#include "tests/bench/field_parts.h"

#define GROUPS (FIELD_NUMBERS / 8)

struct numbers {
	struct modp8 x;
	mp_limb_t p[FIELD_LIMBS_MAX];
	__m512i a[GROUPS][MODP8_LIMBS_MAX], b[GROUPS][MODP8_LIMBS_MAX];
};

int
field_modp_ifma_fits(const struct group *g)
{
	mp_limb_t p[FIELD_LIMBS_MAX];

	(void)field_modulus(p, g);
	return (p[0] & MODP8_MASK) == MODP8_MASK;
}

/* One number in all lanes: the time does not depend on values. */
static void
random_number(struct modp8 *x, __m512i *out, size_t limbs, struct rng *rng)
{
	mp_limb_t number[FIELD_LIMBS_MAX];
	const mp_limb_t *from[8];
	int i;

	rng_fill(rng, (uint8_t *)number, limbs * sizeof *number);
	number[limbs - 1] >>= 1;
	for (i = 0; i < 8; i++)
		from[i] = number;
	modp8_load(x, out, from);
}

static void *
numbers_new(const struct group *g, struct rng *rng)
{
	struct numbers *f = aligned_alloc(64, sizeof *f);
	size_t i, limbs;

	if (f == NULL)
		return NULL;
	limbs = field_modulus(f->p, g);
	modp8_start(&f->x, f->p, limbs);
	for (i = 0; i < GROUPS; i++) {
		random_number(&f->x, f->a[i], limbs, rng);
		random_number(&f->x, f->b[i], limbs, rng);
	}
	return f;
}

static void
numbers_mul(void *numbers)
{
	struct numbers *f = numbers;
	size_t i;

	for (i = 0; i < GROUPS; i++)
		modp8_mul(&f->x, f->a[i], f->a[i], f->b[i]);
}

static void
numbers_square(void *numbers)
{
	struct numbers *f = numbers;
	size_t i;

	for (i = 0; i < GROUPS; i++)
		modp8_sqr(&f->x, f->a[i], f->a[i]);
}

const struct field_path field_modp_ifma = {
	.make = numbers_new,
	.mul = numbers_mul,
	.square = numbers_square,
};
