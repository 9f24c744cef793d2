#include "ballots/ballot.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/elgamal.h"
#include "crypto/mem.h"
#include "crypto/schnorr.h"

/* ---- what the proofs are bound to ---- */

void
ballot_transcript(struct transcript *p, const struct ballot_place *place, struct slice body)
{
	transcript_start(p, "tabella/1 ballot", group_name(place->group), place->open);
	transcript_bytes(p, place->y.p, place->y.n);
	transcript_u64(p, place->line);
	transcript_bytes(p, place->X.p, place->X.n);
	transcript_bytes(p, place->prev->b, sizeof place->prev->b);
	transcript_bytes(p, body.p, body.n);
}

void
ballot_other_transcript(struct transcript *p, const struct ballot_place *place, struct slice body)
{
	transcript_start(p, "tabella/1 voter record", group_name(place->group), place->open);
	transcript_u64(p, place->line);
	transcript_bytes(p, place->X.p, place->X.n);
	transcript_bytes(p, place->prev->b, sizeof place->prev->b);
	transcript_bytes(p, body.p, body.n);
}

/* ---- drafts ---- */

struct ballot_draft {
	struct ballot_place place;
	struct digest election, open, prev; /* what place points to */
	struct buffer bound;                /* y and X */
	struct buffer body;
	struct digest tracker;
	struct gvec *X;      /* 1 + n: the credential, then the a of every ciphertext */
	struct svec *secret; /* 1 + n: place for x, then the r */
	uint8_t *disclosed;  /* the r as bytes, once audited */
	int cast;            /* a proof may have been made: the r are never disclosed */
};

void
ballot_draft_free(struct ballot_draft *draft)
{
	if (draft == NULL)
		return;
	buffer_free(&draft->bound);
	buffer_free(&draft->body);
	gvec_free(draft->X);
	svec_free(draft->secret);
	mem_free(draft->disclosed);
	free(draft);
}

/* Keep what the place points to. */
static enum result
keep_place(struct ballot_draft *d, const struct ballot_place *place)
{
	d->election = *place->election;
	d->open = *place->open;
	d->prev = *place->prev;
	buffer_add(&d->bound, place->y.p, place->y.n);
	buffer_add(&d->bound, place->X.p, place->X.n);
	if (buffer_result(&d->bound) != R_GOOD)
		return R_NO_MEMORY;
	d->place = *place;
	d->place.election = &d->election;
	d->place.open = &d->open;
	d->place.prev = &d->prev;
	d->place.y.p = d->bound.p;
	d->place.X.p = d->bound.p + place->y.n;
	return R_GOOD;
}

/* Encrypt n blocks: a goes to d->X from `at` + 1 on, a and b to cts. */
static enum result
encrypt_blocks(struct ballot_draft *d, uint8_t *cts, size_t at, size_t n, const uint8_t *blocks)
{
	const struct group *g = d->place.group;
	const size_t element = group_element_bytes(g);
	struct gvec *y = NULL, *m = NULL, *a = NULL;
	struct svec *r = NULL;
	enum result result;

	if ((result = gvec_new(&y, g, 1)) != R_GOOD || (result = gvec_new(&m, g, n)) != R_GOOD ||
	    (result = gvec_slice(&a, d->X, 1 + at, n)) != R_GOOD ||
	    (result = svec_slice(&r, d->secret, 1 + at, n)) != R_GOOD ||
	    (result = gvec_decode(y, d->place.y.p, element, DECODE_NO_IDENTITY, NULL, NULL)) !=
		R_GOOD ||
	    (result = gvec_embed(m, blocks)) != R_GOOD ||
	    (result = elgamal_encrypt(a, m, y, m, r, NULL)) != R_GOOD ||
	    (result = gvec_encode(cts, 2 * element, a, NULL)) != R_GOOD)
		goto out;
	result = gvec_encode(cts + element, 2 * element, m, NULL);
out:
	gvec_free(y);
	gvec_free(m);
	gvec_free(a);
	svec_free(r);
	return result;
}

/* Encrypt all answers into cts and write the body. */
static enum result
fill_body(struct ballot_draft *d, uint8_t *cts, struct body_answer *answer,
    const struct ballot_answer *answers, size_t n, struct why *why)
{
	const size_t element = group_element_bytes(d->place.group);
	union record_body body = { .ballot = { .answers = answer,
				       .answer_count = n,
				       .election = d->election,
				       .line = d->place.line,
				       .open = d->open,
				       .prev = d->prev } };
	size_t i, width, at = 0;
	enum result r;

	for (i = 0; i < n; i++, at += width) {
		width = item_width(answers[i].item);
		answer[i].cts.p = cts + at * 2 * element;
		answer[i].cts.n = width * 2 * element;
		answer[i].hash = *answers[i].hash;
		answer[i].id = answers[i].item->id;
		r = encrypt_blocks(d, cts + at * 2 * element, at, width, answers[i].choice->bytes);
		if (r != R_GOOD)
			return why_set(why, r, "the answer to item %llu could not be encrypted",
			    (unsigned long long)answers[i].item->id);
	}
	return record_write_body(&d->body, RECORD_BALLOT, &body, why);
}

/* Return the number of ciphertexts, or 0 if an answer does not fit its item. */
static size_t
count_cts(const struct ballot_answer *answers, size_t n)
{
	size_t i, cts = 0;

	for (i = 0; i < n; i++) {
		if (answers[i].choice->type != answers[i].item->choice ||
		    answers[i].choice->options != answers[i].item->option_count)
			return 0;
		cts += item_width(answers[i].item);
	}
	return cts;
}

enum result
ballot_draft_new(struct ballot_draft **out, const struct ballot_place *place,
    const struct ballot_answer *answers, size_t n, struct rng *rng, struct why *why)
{
	const size_t cts_n = count_cts(answers, n), element = group_element_bytes(place->group);
	struct ballot_draft *d = NULL;
	struct body_answer *answer = NULL;
	struct svec *r = NULL;
	uint8_t *cts = NULL;
	enum result result;

	*out = NULL;
	if (cts_n == 0)
		return why_set(why, R_BAD_INPUT, "the choices do not fit the items");
	d = calloc(1, sizeof *d);
	answer = calloc(n, sizeof *answer);
	cts = calloc(cts_n, 2 * element);
	if (d == NULL || answer == NULL || cts == NULL)
		result = R_NO_MEMORY;
	else if ((result = keep_place(d, place)) == R_GOOD &&
	    (result = gvec_new(&d->X, place->group, 1 + cts_n)) == R_GOOD &&
	    (result = svec_new(&d->secret, place->group, 1 + cts_n)) == R_GOOD &&
	    (result = svec_slice(&r, d->secret, 1, cts_n)) == R_GOOD)
		result = svec_random(r, rng);
	if (result != R_GOOD) {
		(void)why_set(why, result, "%s", result_text(result));
		goto out;
	}
	result = fill_body(d, cts, answer, answers, n, why);
	if (result != R_GOOD)
		goto out;
	record_tracker(&d->tracker, buffer_slice(&d->body));
	*out = d;
	d = NULL;
out:
	svec_free(r);
	free(answer);
	free(cts);
	ballot_draft_free(d);
	return result;
}

struct slice
ballot_draft_body(const struct ballot_draft *draft)
{
	return buffer_slice(&draft->body);
}

const struct digest *
ballot_draft_tracker(const struct ballot_draft *draft)
{
	return &draft->tracker;
}

struct slice
ballot_draft_audit(struct ballot_draft *draft)
{
	const size_t scalar = group_scalar_bytes(draft->place.group);
	const size_t n = svec_len(draft->secret) - 1;
	struct slice none = { NULL, 0 };
	struct svec *r = NULL;

	if (draft->cast)
		return none;
	if (draft->disclosed == NULL) {
		draft->disclosed = mem_new(n, scalar);
		if (draft->disclosed == NULL)
			return none;
		if (svec_slice(&r, draft->secret, 1, n) != R_GOOD) {
			mem_free(draft->disclosed);
			draft->disclosed = NULL;
			return none;
		}
		svec_encode(draft->disclosed, scalar, r);
		svec_free(r);
	}
	return (struct slice){ draft->disclosed, n * scalar };
}

/* Prove knowledge of the exponents of X and add the record with this body. */
static enum result
prove(struct buffer *out, const struct ballot_place *place, struct slice body,
    const struct transcript *p, const struct gvec *X, const struct svec *x, struct rng *rng,
    struct why *why)
{
	struct slice proof;
	uint8_t *bytes;
	enum result r;

	proof.n = schnorr_proof_bytes(place->group, gvec_len(X));
	proof.p = bytes = calloc(1, proof.n);
	if (bytes == NULL)
		return why_set(why, R_NO_MEMORY, "out of memory for a proof");
	r = schnorr_prove(bytes, p, X, x, rng);
	if (r != R_GOOD)
		(void)why_set(why, r, "the proof could not be made: %s", result_text(r));
	else
		r = record_write_voter(out, body, place->X, proof, why);
	free(bytes);
	return r;
}

enum result
ballot_draft_cast(struct buffer *out, struct ballot_draft *draft, const struct svec *x,
    struct rng *rng, struct why *why)
{
	struct transcript p;
	struct gvec *X = NULL;
	enum result r;

	if (draft->disclosed != NULL)
		return why_set(why, R_CHALLENGED, "an audited ballot can no longer be cast");
	draft->cast = 1;
	r = gvec_new(&X, draft->place.group, 1);
	if (r == R_GOOD)
		r = gvec_decode(X, draft->place.X.p, draft->place.X.n, DECODE_NO_IDENTITY, NULL,
		    NULL);
	if (r != R_GOOD) {
		gvec_free(X);
		return why_set(why, r, "the credential of the line is no element");
	}
	gvec_copy(draft->X, 0, X, 0, 1);
	svec_copy(draft->secret, 0, x, 0, 1);
	ballot_transcript(&p, &draft->place, buffer_slice(&draft->body));
	r = prove(out, &draft->place, buffer_slice(&draft->body), &p, draft->X, draft->secret, rng,
	    why);
	gvec_free(X);
	return r;
}

enum result
ballot_challenge(struct buffer *out, const struct ballot_place *place, const struct digest *tracker,
    const struct svec *x, struct rng *rng, struct why *why)
{
	union record_body fields = { .challenged = { .election = *place->election,
					 .line = place->line,
					 .open = *place->open,
					 .prev = *place->prev,
					 .tracker = *tracker } };
	struct buffer body = { 0 };
	struct gvec *X = NULL;
	struct transcript p;
	enum result r;

	r = record_write_body(&body, RECORD_CHALLENGED, &fields, why);
	if (r != R_GOOD)
		goto out;
	r = gvec_new(&X, place->group, 1);
	if (r == R_GOOD)
		r = gvec_decode(X, place->X.p, place->X.n, DECODE_NO_IDENTITY, NULL, NULL);
	if (r != R_GOOD) {
		(void)why_set(why, r, "the credential of the line is no element");
		goto out;
	}
	ballot_other_transcript(&p, place, buffer_slice(&body));
	r = prove(out, place, buffer_slice(&body), &p, X, x, rng, why);
out:
	gvec_free(X);
	buffer_free(&body);
	return r;
}
