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

size_t
shuffle_grain(const struct shuffle_statement *s, const struct effort *effort)
{
	/* Some seconds' work for a thread, and in the curve some ten megabytes. */
	const size_t most = 4096 * group_grain(s->group) / s->width;

	return par_grain(effort, s->rows, most > 0 ? most : 1);
}

/* ---- the challenges ---- */

/* A list by its bytes, and what they hash to. */
struct part {
	struct slice bytes;
	size_t rows, width;
	struct digest digest;
};

static struct part
list_part(const struct shuffle_statement *s, struct slice bytes)
{
	return (struct part){ .bytes = bytes, .rows = s->rows, .width = s->width };
}

static struct part
vector_part(const struct shuffle_statement *s, const uint8_t *bytes, size_t n)
{
	const struct slice all = { bytes, n * group_element_bytes(s->group) };

	return (struct part){ .bytes = all, .rows = n, .width = 1 };
}

static enum result
hash_part(void *ctx, size_t from, size_t to, size_t *bad)
{
	struct part *part = ctx;

	(void)to;
	(void)bad;
	sha256(&part[from].digest, part[from].bytes.p, part[from].bytes.n);
	return R_GOOD;
}

/* Enter three lists, which are hashed at the same time. */
static enum result
enter(struct transcript *t, struct part part[3], const struct effort *effort)
{
	enum result r;
	size_t i;

	r = par_ranges(effort, 3, 1, hash_part, part, NULL);
	for (i = 0; i < 3; i++)
		transcript_list(t, &part[i].digest, part[i].rows, part[i].width);
	return r;
}

enum result
shuffle_transcript(struct transcript *P, const struct shuffle_statement *s, const uint8_t *c,
    const struct effort *effort)
{
	const size_t size = group_element_bytes(s->group);
	struct part part[3] = { list_part(s, s->input), list_part(s, s->output),
		vector_part(s, c, s->rows) };
	uint8_t y[GROUP_ENCODING_MAX];

	gvec_encode(y, size, s->y, NULL);
	transcript_start(P, "tabella/1 shuffle", group_name(s->group), s->close);
	transcript_u64(P, s->item);
	transcript_u64(P, s->ordinal);
	transcript_u64(P, s->trustee);
	transcript_bytes(P, y, size);
	transcript_u64(P, s->rows);
	transcript_u64(P, s->width);
	return enter(P, part, effort);
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

enum result
shuffle_challenge(struct svec *c, const struct transcript *P, const struct shuffle_statement *s,
    const uint8_t *proof, const struct effort *effort)
{
	const struct shuffle_layout l = shuffle_layout(s);
	struct part part[3] = { vector_part(s, proof + l.chat, s->rows),
		vector_part(s, proof + l.t, 3 + 2 * s->width),
		vector_part(s, proof + l.that, s->rows) };
	struct transcript t = *P;
	uint8_t hash[64];
	enum result r;

	/* (S10) */
	transcript_string(&t, "challenge");
	r = enter(&t, part, effort);
	transcript_finish(&t, hash);
	svec_from_hash(c, 0, hash);
	return r;
}
