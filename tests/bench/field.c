/* What is included here is private to crypto/; it is measured because everything else is
 * made of it. */
#include "tests/bench/field.h"

#include "crypto/cpu.h"
#include "crypto/fe51.h"
#include "tests/bench/bench.h"
#include "tests/bench/field_parts.h"

/* ---- portable ---- */

struct numbers {
	struct fe a[FIELD_NUMBERS], b[FIELD_NUMBERS];
};

static void *
numbers_new(const struct group *g, struct rng *rng)
{
	struct numbers *f = calloc(1, sizeof *f);
	uint8_t bytes[FE_BYTES];
	size_t i;

	(void)g;
	for (i = 0; f != NULL && i < FIELD_NUMBERS; i++) {
		rng_fill(rng, bytes, sizeof bytes);
		fe_from_bytes(&f->a[i], bytes);
		rng_fill(rng, bytes, sizeof bytes);
		fe_from_bytes(&f->b[i], bytes);
	}
	return f;
}

static void
numbers_mul(void *numbers)
{
	struct numbers *f = numbers;
	size_t i;

	for (i = 0; i < FIELD_NUMBERS; i++)
		fe_mul(&f->a[i], &f->a[i], &f->b[i]);
}

static void
numbers_square(void *numbers)
{
	struct numbers *f = numbers;
	size_t i;

	for (i = 0; i < FIELD_NUMBERS; i++)
		fe_square(&f->a[i], &f->a[i]);
}

static void
numbers_invert(void *numbers)
{
	struct numbers *f = numbers;
	size_t i;

	for (i = 0; i < FIELD_NUMBERS; i++)
		fe_invert(&f->a[i], &f->a[i]);
}

static const struct field_path field_portable = {
	.make = numbers_new,
	.mul = numbers_mul,
	.square = numbers_square,
	.invert = numbers_invert,
};

/* ---- the chosen one ---- */

struct field {
	const struct field_path *path;
	void *numbers;
};

static const struct field_path *
curve_path(void)
{
	switch (cpu_chosen()) {
#if TABELLA_AVX2
	case CPU_AVX2: return &field_avx2;
#endif
#if TABELLA_IFMA
	case CPU_IFMA: return &field_ifma;
#endif
	default: return &field_portable;
	}
}

static const struct field_path *
modp_path(const struct group *g)
{
	(void)g;
#if TABELLA_IFMA
	if (cpu_chosen() == CPU_IFMA && field_modp_ifma_fits(g))
		return &field_modp_ifma;
#endif
	return &field_modp;
}

struct field *
field_new(const struct group *g, struct rng *rng)
{
	struct field *f = bench_memory(1, sizeof *f);

	f->path = bench_is_curve(g) ? curve_path() : modp_path(g);
	f->numbers = f->path->make(g, rng);
	if (f->numbers == NULL)
		bench_fail(EXIT_FAILURE, "out of memory");
	return f;
}

void
field_free(struct field *f)
{
	free(f->numbers);
	free(f);
}

void
field_mul(struct field *f)
{
	f->path->mul(f->numbers);
}

void
field_square(struct field *f)
{
	f->path->square(f->numbers);
}

void
field_invert(struct field *f)
{
	f->path->invert(f->numbers);
}
