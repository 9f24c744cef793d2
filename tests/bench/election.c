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

/* Rows made at a time: what is not measured takes little memory. */
#define CHUNK ((size_t)1 << 16)

void
bench_list(struct bench *b, uint8_t *bytes, const struct gvec *y, uint8_t *messages)
{
	const size_t element = group_element_bytes(b->group);
	const size_t total = b->n * b->width; /* ciphertexts; they stand one after the other */
	size_t at, n;

	for (at = 0; at < total; at += n) {
		struct gvec *m, *a;
		struct svec *r;

		n = total - at < CHUNK ? total - at : CHUNK;
		m = bench_elements(b, n);
		r = bench_scalars(b, n);
		if (messages != NULL)
			bench_must(gvec_encode(messages + at * element, element, m, &b->all),
			    "messages");
		bench_must(gvec_new(&a, b->group, n), "list");
		bench_must(elgamal_encrypt(a, m, y, m, r, &b->all), "list");
		bench_must(gvec_encode(bytes + at * 2 * element, 2 * element, a, &b->all), "list");
		bench_must(gvec_encode(bytes + at * 2 * element + element, 2 * element, m, &b->all),
		    "list");
		gvec_free(a);
		gvec_free(m);
		svec_free(r);
	}
}
