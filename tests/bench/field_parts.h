/* field_parts: what the files field*.c share. For them only. */
#ifndef TESTS_BENCH_FIELD_PARTS_H
#define TESTS_BENCH_FIELD_PARTS_H

#include <stdlib.h>

#include "tests/bench/field.h"

/* Numbers in a path's own form. */
struct field_path {
	/* Free with free. NULL: out of memory. */
	void *(*make)(const struct group *g, struct rng *rng);
	void (*mul)(void *numbers);
	void (*square)(void *numbers);
	void (*invert)(void *numbers);
};

/* Those for one kind of processor are there only where they can be built. */
extern const struct field_path field_avx2, field_ifma, field_modp, field_modp_ifma;

/* Return 1 if field_modp_ifma is for this modulus, too. */
int field_modp_ifma_fits(const struct group *g);

#endif
