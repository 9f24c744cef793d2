/*
 * The statement of a shuffle, the layout of its proof, and the challenges: the
 * part that prover and verifier have in common.
 */
#include "crypto/shuffle.h"

#include <stdlib.h>

#include "crypto/shuffle_parts.h"

/* ---- the statement ---- */

size_t
shuffle_output_bytes(const struct group *g, size_t rows, size_t width)
{
	return elgamal_list_bytes(g, rows, width);
}

size_t
shuffle_proof_bytes(const struct group *g, size_t rows, size_t width)
{
	const size_t element = group_element_bytes(g), scalar = group_scalar_bytes(g);
	size_t elements, scalars;

	if (elgamal_list_bytes(g, rows, width) == 0 || rows > SHUFFLE_ROWS_MAX)
		return 0;
	/* No sum here overflows: the list alone would not fit if one did. */
	elements = 3 * rows + 3 + 2 * width;
	scalars = 2 * rows + 3 + width;
	if (elements > SIZE_MAX / 2 / element || scalars > SIZE_MAX / 2 / scalar)
		return 0;
	return elements * element + scalars * scalar;
}

enum result
shuffle_check(const struct shuffle_statement *s)
{
	const size_t bytes = elgamal_list_bytes(s->group, s->rows, s->width);

	if (shuffle_proof_bytes(s->group, s->rows, s->width) == 0 || s->input.n != bytes ||
	    (s->output.p != NULL && s->output.n != bytes))
		return R_BAD_WIDTH;
	return R_GOOD;
}

struct shuffle_layout
shuffle_layout(const struct shuffle_statement *s)
{
	const size_t element = group_element_bytes(s->group), scalar = group_scalar_bytes(s->group);
	struct shuffle_layout l;

	l.c = 0;
	l.chat = l.c + s->rows * element;
	l.t = l.chat + s->rows * element;
	l.that = l.t + (3 + 2 * s->width) * element;
	l.s = l.that + s->rows * element;
	l.shat = l.s + (3 + s->width) * scalar;
	l.sprime = l.shat + s->rows * scalar;
	l.end = l.sprime + s->rows * scalar;
	return l;
}

enum result
shuffle_generators(struct gvec *h, struct gvec *h_i, const struct effort *effort)
{
	enum result r;

	r = gvec_generators(h, "shuffle", 0, NULL);
	if (r != R_GOOD)
		return r;
	return gvec_generators(h_i, "shuffle", 1, effort);
}

/* ---- the challenges ---- */

/* Enter a vector of n elements by its bytes. */
static void
enter_vector(struct transcript *t, const struct group *g, const uint8_t *bytes, size_t n)
{
	elgamal_list_enter(t, (struct slice){ bytes, n * group_element_bytes(g) }, n, 1);
}

void
shuffle_transcript(struct transcript *P, const struct shuffle_statement *s, const uint8_t *c)
{
	const size_t size = group_element_bytes(s->group);
	uint8_t y[GROUP_ENCODING_MAX];

	gvec_encode(y, size, s->y, NULL);
	transcript_start(P, "tabella/1 shuffle", group_name(s->group), s->close);
	transcript_u64(P, s->item);
	transcript_u64(P, s->ordinal);
	transcript_u64(P, s->trustee);
	transcript_bytes(P, y, size);
	transcript_u64(P, s->rows);
	transcript_u64(P, s->width);
	elgamal_list_enter(P, s->input, s->rows, s->width);
	elgamal_list_enter(P, s->output, s->rows, s->width);
	enter_vector(P, s->group, c, s->rows);
}

enum result
shuffle_coefficients(struct svec *u, const struct transcript *P)
{
	const size_t N = svec_len(u);
	struct transcript t = *P;
	struct rng rng;
	uint8_t hash[64], *bytes;

	bytes = malloc(N * 16);
	if (bytes == NULL)
		return R_NO_MEMORY;
	/* (S3) */
	transcript_string(&t, "u");
	transcript_finish(&t, hash);
	rng_seeded(&rng, hash);
	rng_fill(&rng, bytes, N * 16);
	svec_from_128(u, bytes);
	free(bytes);
	return R_GOOD;
}

void
shuffle_challenge(struct svec *c, const struct transcript *P, const struct shuffle_statement *s,
    const uint8_t *proof)
{
	const struct shuffle_layout l = shuffle_layout(s);
	struct transcript t = *P;
	uint8_t hash[64];

	/* (S10) */
	transcript_string(&t, "challenge");
	enter_vector(&t, s->group, proof + l.chat, s->rows);
	enter_vector(&t, s->group, proof + l.t, 3 + 2 * s->width);
	enter_vector(&t, s->group, proof + l.that, s->rows);
	transcript_finish(&t, hash);
	svec_from_hash(c, 0, hash);
}
