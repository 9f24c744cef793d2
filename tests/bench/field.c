/* What is included here is private to crypto/; it is measured because everything else is
 * made of it. */
#include "tests/bench/field.h"

#include <stdlib.h>

#include "crypto/fe51.h"
#include "tests/bench/bench.h"

struct field {
	struct fe a[FIELD_NUMBERS], b[FIELD_NUMBERS];
};

struct field *
field_new(struct rng *rng)
{
	struct field *f = bench_memory(1, sizeof *f);
	uint8_t bytes[FE_BYTES];
	size_t i;

	for (i = 0; i < FIELD_NUMBERS; i++) {
		rng_fill(rng, bytes, sizeof bytes);
		fe_from_bytes(&f->a[i], bytes);
		rng_fill(rng, bytes, sizeof bytes);
		fe_from_bytes(&f->b[i], bytes);
	}
	return f;
}

void
field_free(struct field *f)
{
	free(f);
}

void
field_mul(struct field *f)
{
	size_t i;

	for (i = 0; i < FIELD_NUMBERS; i++)
		fe_mul(&f->a[i], &f->a[i], &f->b[i]);
}

void
field_square(struct field *f)
{
	size_t i;

	for (i = 0; i < FIELD_NUMBERS; i++)
		fe_square(&f->a[i], &f->a[i]);
}

void
field_invert(struct field *f)
{
	size_t i;

	for (i = 0; i < FIELD_NUMBERS; i++)
		fe_invert(&f->a[i], &f->a[i]);
}
