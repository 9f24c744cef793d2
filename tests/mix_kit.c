#include "tests/mix_kit.h"

#include <string.h>

void
mix_kit_make(struct mix *m, const struct group *g, size_t rows, size_t width, uint8_t seed)
{
	const uint8_t key[32] = { 'm', 'i', 'x', seed };
	struct rng rng;

	*m = (struct mix){ .g = g, .rows = rows, .width = width };
	m->element = group_element_bytes(g);
	m->scalar = group_scalar_bytes(g);
	rng_seeded(&rng, key);
	rng_fill(&rng, m->close.b, sizeof m->close.b);
	m->x = kit_scalars(g, 1, &rng);
	m->y = kit_powers(m->x);
	m->st = (struct shuffle_statement){ .group = g,
		.close = &m->close,
		.item = 5,
		.ordinal = 1,
		.trustee = 2,
		.y = m->y,
		.rows = rows,
		.width = width };
	m->st.input = kit_list(m->y, rows, width, &m->messages, &rng);
	m->input = (uint8_t *)(uintptr_t)m->st.input.p;
	m->list_bytes = shuffle_output_bytes(g, rows, width);
	m->proof_bytes = shuffle_proof_bytes(g, rows, width);
	m->output = malloc(m->list_bytes);
	m->proof = malloc(m->proof_bytes + 1);
	ck_assert(m->output != NULL && m->proof != NULL);
	m->at = shuffle_layout(&m->st);
	good(shuffle_secrets_new(&m->secrets, g, rows, width, &rng));
	good(shuffle_mix_with(&m->st, m->output, m->proof, m->secrets, NULL));
}

void
mix_kit_free(struct mix *m)
{
	svec_free(m->x);
	gvec_free(m->y);
	gvec_free(m->messages);
	free(m->input);
	free(m->output);
	free(m->proof);
	shuffle_secrets_free(m->secrets);
}

void
mix_kit_prove(struct mix *m)
{
	good(shuffle_prove_with(&m->st, m->proof, m->secrets, NULL));
}

enum result
mix_kit_verify(void *mix)
{
	const struct mix *m = mix;
	const struct slice proof = { m->proof, m->proof_bytes };
	enum result r;

	r = shuffle_verify(&m->st, proof, NULL);
	ck_result(shuffle_verify_slow(&m->st, proof, NULL), r);
	return r;
}

uint8_t *
mix_kit_at(const struct mix *m, uint8_t *list, size_t i, size_t k, size_t part)
{
	return list + ((i * m->width + k) * 2 + part) * m->element;
}

uint8_t *
mix_kit_decrypt(const struct mix *m, struct slice bytes)
{
	struct elgamal_list *list;
	struct gvec *all, *column;
	uint8_t *out;
	size_t i, k;

	good(elgamal_list_decode(&list, m->g, m->rows, m->width, bytes, NULL, NULL));
	good(gvec_new(&all, m->g, m->rows * m->width));
	good(gvec_new(&column, m->g, m->rows));
	for (k = 0; k < m->width; k++) {
		good(gvec_pow(column, list->a[k], m->x, NULL));
		gvec_div(column, list->b[k], column);
		for (i = 0; i < m->rows; i++)
			gvec_copy(all, i * m->width + k, column, i, 1);
	}
	out = kit_encode(all);
	gvec_free(all);
	gvec_free(column);
	elgamal_list_free(list);
	return out;
}
