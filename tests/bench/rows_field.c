/* The field below a group. */
#include "tests/bench/bench.h"
#include "tests/bench/field.h"

static void
make(struct bench *b)
{
	b->data = field_new(b->group, &b->rng);
}

static void
end(struct bench *b)
{
	field_free(b->data);
}

static void
mul(struct bench *b)
{
	size_t i;

	for (i = 0; i < b->n; i += FIELD_NUMBERS)
		field_mul(b->data);
}

static void
square(struct bench *b)
{
	size_t i;

	for (i = 0; i < b->n; i += FIELD_NUMBERS)
		field_square(b->data);
}

static void
invert(struct bench *b)
{
	size_t i;

	for (i = 0; i < b->n; i += FIELD_NUMBERS)
		field_invert(b->data);
}

static struct least
least_invert(const struct bench *b)
{
	(void)b;
	return (struct least){ .mul = 11, .square = 254 };
}

const struct row rows_field[] = {
	{ "field-mul", SIZES_FIELD, make, mul, end, NULL, NULL, NULL, NULL },
	{ "field-square", SIZES_FIELD, make, square, end, NULL, NULL, NULL, NULL },
	{ "field-invert", SIZES_FIELD, make, invert, end, NULL, least_invert, NULL,
	    bench_is_curve },
	{ .name = NULL },
};
