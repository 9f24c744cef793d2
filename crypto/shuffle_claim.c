/* The verifier's side of the shuffle: reading the lists and the proof. */
#include "crypto/shuffle_parts.h"
#include "crypto/stages.h"

/* Rows that are decoded at a time while a refusal is looked for. */
#define LOOK_ROWS 4096

void
shuffle_claim_free(struct shuffle_claim *p)
{
	gvec_free(p->g);
	elgamal_list_free(p->in);
	elgamal_list_free(p->out);
	gvec_free(p->h);
	gvec_free(p->h_i);
	svec_free(p->u);
	gvec_free(p->c);
	gvec_free(p->chat);
	gvec_free(p->that);
	gvec_free(p->t);
	svec_free(p->s);
	svec_free(p->shat);
	svec_free(p->sprime);
}

static enum result
make_elements(struct gvec **v, const struct group *g, size_t n, const uint8_t *bytes,
    const struct effort *effort)
{
	enum result r;

	r = gvec_new(v, g, n);
	if (r != R_GOOD)
		return r;
	return gvec_decode(*v, bytes, group_element_bytes(g), DECODE_NO_IDENTITY, NULL, effort);
}

static enum result
make_scalars(struct svec **v, const struct group *g, size_t n, const uint8_t *bytes)
{
	enum result r;

	r = svec_new(v, g, n);
	if (r != R_GOOD)
		return r;
	return svec_decode(*v, bytes, group_scalar_bytes(g), NULL);
}

enum result
shuffle_read_head(struct shuffle_claim *p, const struct shuffle_statement *s, const uint8_t *proof)
{
	const struct shuffle_layout at = shuffle_layout(s);
	enum result r;

	*p = (struct shuffle_claim){ .rows = s->rows, .width = s->width, .y = s->y };
	if ((r = gvec_new(&p->g, s->group, 1)) != R_GOOD ||
	    (r = gvec_new(&p->h, s->group, 1)) != R_GOOD)
		return r;
	gvec_set_generator(p->g);
	if ((r = gvec_generators(p->h, SHUFFLE_GENERATORS, 0, NULL)) != R_GOOD ||
	    (r = make_elements(&p->t, s->group, 3 + 2 * s->width, proof + at.t, NULL)) != R_GOOD)
		return r;
	return make_scalars(&p->s, s->group, 3 + s->width, proof + at.s);
}

enum result
shuffle_read_rows(struct shuffle_claim *p, const struct shuffle_statement *s, const uint8_t *proof,
    size_t from, size_t n, const struct effort *effort)
{
	const struct shuffle_layout at = shuffle_layout(s);
	const size_t element = group_element_bytes(s->group), scalar = group_scalar_bytes(s->group);
	const size_t row = 2 * s->width * element;
	const struct slice in = { s->input.p + from * row, n * row };
	const struct slice out = { s->output.p + from * row, n * row };
	struct stages stages;
	enum result r;

	p->rows = n;
	p->width = s->width;
	stages_start(&stages, effort, 4 + 4 * s->width);
	if ((r = elgamal_list_decode(&p->in, s->group, n, s->width, in, NULL,
		 stages_next(&stages, 2 * s->width))) != R_GOOD ||
	    (r = elgamal_list_decode(&p->out, s->group, n, s->width, out, NULL,
		 stages_next(&stages, 2 * s->width))) != R_GOOD ||
	    (r = make_elements(&p->c, s->group, n, proof + at.c + from * element,
		 stages_next(&stages, 1))) != R_GOOD ||
	    (r = make_elements(&p->chat, s->group, n, proof + at.chat + from * element,
		 stages_next(&stages, 1))) != R_GOOD ||
	    (r = make_elements(&p->that, s->group, n, proof + at.that + from * element,
		 stages_next(&stages, 1))) != R_GOOD ||
	    (r = make_scalars(&p->shat, s->group, n, proof + at.shat + from * scalar)) != R_GOOD ||
	    (r = make_scalars(&p->sprime, s->group, n, proof + at.sprime + from * scalar)) !=
		R_GOOD ||
	    (r = gvec_new(&p->h_i, s->group, n)) != R_GOOD)
		return r;
	return gvec_generators(p->h_i, SHUFFLE_GENERATORS, 1 + from, stages_next(&stages, 1));
}

/* ---- which refusal comes first ---- */

enum result
shuffle_list_refusal(const struct shuffle_statement *s, struct slice list, enum result refused)
{
	const size_t row = 2 * s->width * group_element_bytes(s->group);
	struct elgamal_list *decoded;
	enum result r = R_GOOD;
	size_t from, n;

	for (from = 0; from < s->rows && r == R_GOOD; from += n) {
		n = s->rows - from < LOOK_ROWS ? s->rows - from : LOOK_ROWS;
		r = elgamal_list_decode(&decoded, s->group, n, s->width,
		    (struct slice){ list.p + from * row, n * row }, NULL, NULL);
		elgamal_list_free(decoded);
	}
	return r != R_GOOD ? r : refused;
}

static enum result
look_at_elements(const struct shuffle_statement *s, const uint8_t *bytes, size_t rows)
{
	const size_t size = group_element_bytes(s->group);
	struct gvec *v = NULL;
	enum result r = R_GOOD;
	size_t from, n;

	for (from = 0; from < rows && r == R_GOOD; from += n) {
		n = rows - from < LOOK_ROWS ? rows - from : LOOK_ROWS;
		r = make_elements(&v, s->group, n, bytes + from * size, NULL);
		gvec_free(v);
	}
	return r;
}

static enum result
look_at_scalars(const struct shuffle_statement *s, const uint8_t *bytes, size_t rows)
{
	struct svec *v = NULL;
	enum result r;

	r = make_scalars(&v, s->group, rows, bytes);
	svec_free(v);
	return r;
}

enum result
shuffle_refusal(const struct shuffle_statement *s, const uint8_t *proof, enum result refused)
{
	const struct shuffle_layout at = shuffle_layout(s);
	enum result r;

	if ((r = shuffle_list_refusal(s, s->input, R_GOOD)) != R_GOOD ||
	    (r = shuffle_list_refusal(s, s->output, R_GOOD)) != R_GOOD ||
	    (r = look_at_elements(s, proof + at.c, s->rows)) != R_GOOD ||
	    (r = look_at_elements(s, proof + at.chat, s->rows)) != R_GOOD ||
	    (r = look_at_elements(s, proof + at.t, 3 + 2 * s->width)) != R_GOOD ||
	    (r = look_at_elements(s, proof + at.that, s->rows)) != R_GOOD ||
	    (r = look_at_scalars(s, proof + at.s, 3 + s->width)) != R_GOOD ||
	    (r = look_at_scalars(s, proof + at.shat, s->rows)) != R_GOOD ||
	    (r = look_at_scalars(s, proof + at.sprime, s->rows)) != R_GOOD)
		return r;
	return refused;
}

/* ---- all of it ---- */

enum result
shuffle_check_proof(const struct shuffle_statement *s, struct slice proof)
{
	enum result r;

	r = shuffle_check(s);
	if (r != R_GOOD)
		return r;
	if (s->output.p == NULL)
		return R_BAD_WIDTH;
	if (proof.n != shuffle_layout(s).end)
		return R_BAD_ENCODING;
	return gvec_is_identity_vartime(s->y, 0) ? R_BAD_ELEMENT : R_GOOD;
}

enum result
shuffle_challenges(struct svec *u, struct svec *c, const struct shuffle_statement *s,
    const uint8_t *proof, const struct effort *effort)
{
	struct stages stages;
	struct transcript P;
	enum result r;

	stages_start(&stages, effort, 2);
	r = shuffle_transcript(&P, s, proof + shuffle_layout(s).c, stages_next(&stages, 1));
	if (r == R_GOOD)
		r = shuffle_challenge(c, &P, s, proof, stages_next(&stages, 1));
	return r == R_GOOD ? shuffle_coefficients(u, &P) : r;
}

enum result
shuffle_claim_read(struct shuffle_claim *p, struct svec *c, const struct shuffle_statement *s,
    struct slice proof, const struct effort *effort)
{
	struct stages stages;
	enum result r;

	*p = (struct shuffle_claim){ .rows = 0 };
	r = shuffle_check_proof(s, proof);
	if (r != R_GOOD)
		return r;
	stages_start(&stages, effort, 20);
	r = shuffle_read_head(p, s, proof.p);
	if (r == R_GOOD)
		r = shuffle_read_rows(p, s, proof.p, 0, s->rows, stages_next(&stages, 19));
	if (r != R_GOOD)
		return r < R_NO_MEMORY ? shuffle_refusal(s, proof.p, r) : r;
	r = svec_new(&p->u, s->group, s->rows);
	if (r != R_GOOD)
		return r;
	return shuffle_challenges(p->u, c, s, proof.p, stages_next(&stages, 1));
}
