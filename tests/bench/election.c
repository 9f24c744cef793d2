#include <stdlib.h>
#include <string.h>

#include "crypto/elgamal.h"
#include "tests/bench/bench.h"

struct svec *
bench_scalars(struct bench *b, size_t n)
{
	struct svec *v;

	bench_must(svec_new(&v, b->group, n), "scalars");
	bench_must(svec_random(v, &b->rng), "scalars");
	return v;
}

struct gvec *
bench_elements(struct bench *b, size_t n)
{
	struct svec *e = bench_scalars(b, n);
	struct gvec *g, *v;

	bench_must(gvec_new(&g, b->group, 1), "elements");
	bench_must(gvec_new(&v, b->group, n), "elements");
	gvec_set_generator(g);
	bench_must(gvec_pow_fixed(v, g, e, &b->all), "elements");
	gvec_free(g);
	svec_free(e);
	return v;
}

struct gvec *
bench_choices(struct bench *b, size_t n)
{
	uint8_t *blocks = bench_memory(n, GROUP_BLOCK_BYTES);
	struct gvec *v;
	size_t i;

	for (i = 0; i < n; i++)
		memcpy(blocks + i * GROUP_BLOCK_BYTES, &i, sizeof i);
	bench_must(gvec_new(&v, b->group, n), "choices");
	bench_must(gvec_embed(v, blocks), "choices");
	free(blocks);
	return v;
}

/* n elements out of `choices`. */
static struct gvec *
draw(struct bench *b, struct gvec *choices, uint64_t *counts, size_t n)
{
	uint32_t *index = bench_memory(n, sizeof *index);
	struct gvec *v;
	size_t i;

	for (i = 0; i < n; i++) {
		index[i] = rng_below(&b->rng, (uint32_t)gvec_len(choices));
		counts[index[i]]++;
	}
	bench_must(gvec_new(&v, b->group, n), "messages");
	gvec_gather(v, choices, index);
	free(index);
	return v;
}

/* Rows made at a time: what is not measured takes little memory. */
#define CHUNK ((size_t)1 << 16)

void
bench_list(struct bench *b, uint8_t *bytes, const struct gvec *y, struct gvec *choices,
    uint64_t *counts)
{
	const size_t element = group_element_bytes(b->group);
	const size_t total = b->n * b->width; /* ciphertexts; they stand one after the other */
	size_t at, n;

	for (at = 0; at < total; at += n) {
		uint8_t *row = bytes + at * 2 * element;
		struct gvec *m, *a;
		struct svec *r;

		n = total - at < CHUNK ? total - at : CHUNK;
		m = choices == NULL ? bench_elements(b, n) : draw(b, choices, counts, n);
		r = bench_scalars(b, n);
		bench_must(gvec_new(&a, b->group, n), "list");
		bench_must(elgamal_encrypt(a, m, y, m, r, &b->all), "list");
		bench_must(gvec_encode(row, 2 * element, a, &b->all), "list");
		bench_must(gvec_encode(row + element, 2 * element, m, &b->all), "list");
		gvec_free(a);
		gvec_free(m);
		svec_free(r);
	}
}
