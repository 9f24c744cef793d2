/* Verify voters' records, many at a time: (7) encodings and widths, (9) proofs. */
#include <stdlib.h>
#include <string.h>

#include "ballots/ballot.h"
#include "ballots/rules_parts.h"
#include "crypto/mem.h"
#include "crypto/schnorr.h"

/* One voter's record in the batch. */
struct voter {
	struct check *check;
	size_t cts; /* ciphertexts of its answers */
	size_t at;  /* its first element in the vector of statements */
	struct transcript p;
	struct gvec *X; /* 1 + cts elements: the credential, then every a */
	struct schnorr_statement statement;
};

struct batch {
	const struct group *group;
	struct voter *voter;
	size_t n;
	size_t cts; /* of all */
	struct gvec *X, *b;
	uint8_t *X_bytes, *b_bytes; /* their encodings */
	const struct schnorr_statement **statements;
	enum result *verdicts;
	size_t *which; /* the voter of each statement */
};

static void
refuse(struct check *c, enum result r, const char *what)
{
	c->verdict = why_set(&c->why, r, "the %s: %s%s", record_type_name(c->record->type), what,
	    result_text(r));
}

/* (7) Widths, and the length of the proof; sets v->cts. */
static enum result
judge_lengths(struct voter *v, const struct group *g)
{
	const struct record *r = v->check->record;
	const size_t element = group_element_bytes(g);
	size_t i, width;

	v->cts = 0;
	for (i = 0; r->type == RECORD_BALLOT && i < r->of.ballot.answer_count; i++) {
		const struct body_answer *a = &r->of.ballot.answers[i];

		width = frozen_item_data(v->check->frozen, a->id)->width;
		if (a->cts.n != 2 * width * element)
			return R_BAD_WIDTH;
		v->cts += width;
	}
	return R_GOOD;
}

/* Write the encodings of the statement's elements where they belong. */
static void
gather(struct batch *b, const struct voter *v, uint8_t *X, uint8_t *bs)
{
	const struct record *r = v->check->record;
	const size_t element = group_element_bytes(b->group);
	size_t i, k;

	memcpy(X, r->by.p, element);
	X += element;
	for (i = 0; r->type == RECORD_BALLOT && i < r->of.ballot.answer_count; i++) {
		const struct slice cts = r->of.ballot.answers[i].cts;

		for (k = 0; k < cts.n; k += 2 * element) {
			memcpy(X, cts.p + k, element);
			memcpy(bs, cts.p + k + element, element);
			X += element;
			bs += element;
		}
	}
}

/* (7) Decode the elements of one record in their order, to find the one that is refused. */
static enum result
decode_one(const struct batch *b, const struct voter *v)
{
	const struct record *r = v->check->record;
	const size_t element = group_element_bytes(b->group);
	enum result result = R_GOOD;
	size_t i;

	for (i = 0; r->type == RECORD_BALLOT && i < r->of.ballot.answer_count; i++) {
		result = decode_form(b->group, r->of.ballot.answers[i].cts,
		    r->of.ballot.answers[i].cts.n / element, 0);
		if (result != R_GOOD)
			return result;
	}
	return decode_form(b->group, r->by, 1, 0);
}

static void
batch_free(struct batch *b)
{
	size_t i;

	for (i = 0; b->voter != NULL && i < b->n; i++)
		gvec_free(b->voter[i].X);
	gvec_free(b->X);
	gvec_free(b->b);
	free(b->X_bytes);
	free(b->b_bytes);
	free(b->voter);
	free(b->statements);
	free(b->verdicts);
	free(b->which);
}

/* Collect the voters among the checks whose lengths are right. */
static enum result
batch_new(struct batch *b, struct check *const checks[], size_t n)
{
	enum result r;
	size_t i;

	*b = (struct batch){ 0 };
	b->voter = calloc(n, sizeof *b->voter);
	b->statements = calloc(n, sizeof *b->statements);
	b->verdicts = calloc(n, sizeof *b->verdicts);
	b->which = calloc(n, sizeof *b->which);
	if (b->voter == NULL || b->statements == NULL || b->verdicts == NULL || b->which == NULL)
		return R_NO_MEMORY;
	for (i = 0; i < n; i++) {
		struct voter *v = &b->voter[b->n];

		if (rules_table[checks[i]->record->type].author != ROLE_VOTER ||
		    checks[i]->frozen->mode == RULES_REPLAY)
			continue;
		v->check = checks[i];
		b->group = frozen_definition(checks[i]->frozen)->group;
		r = judge_lengths(v, b->group);
		if (r != R_GOOD) {
			refuse(checks[i], r, "");
			continue;
		}
		b->cts += v->cts;
		b->n++;
	}
	return R_GOOD;
}

/* Decode the elements of all records at once; if that fails, find the records to blame. */
static enum result
batch_decode(struct batch *b, const struct effort *effort)
{
	const size_t element = group_element_bytes(b->group);
	size_t i, at = 0, bs = 0;
	enum result r;

	b->X_bytes = calloc(b->n + b->cts, element);
	b->b_bytes = calloc(b->cts + 1, element);
	if (b->X_bytes == NULL || b->b_bytes == NULL)
		return R_NO_MEMORY;
	if ((r = gvec_new(&b->X, b->group, b->n + b->cts)) != R_GOOD ||
	    (r = gvec_new(&b->b, b->group, b->cts)) != R_GOOD)
		return r;
	for (i = 0; i < b->n; i++) {
		struct voter *v = &b->voter[i];

		v->at = at;
		gather(b, v, b->X_bytes + at * element, b->b_bytes + bs * element);
		at += 1 + v->cts;
		bs += v->cts;
	}
	r = gvec_decode(b->X, b->X_bytes, element, DECODE_NO_IDENTITY, NULL, effort);
	if (r == R_GOOD)
		r = gvec_decode(b->b, b->b_bytes, element, DECODE_NO_IDENTITY, NULL, effort);
	return r;
}

/* Decode record by record: those that fail are refused, the others' elements go where the
 * decoding of all would have put them. */
static enum result
batch_decode_each(struct batch *b)
{
	const size_t element = group_element_bytes(b->group);
	struct gvec *part = NULL;
	enum result r;
	size_t i;

	for (i = 0; i < b->n; i++) {
		struct voter *v = &b->voter[i];

		r = decode_one(b, v);
		if (r >= R_NO_MEMORY)
			return r;
		if (r != R_GOOD) {
			refuse(v->check, r, "");
			continue;
		}
		r = gvec_slice(&part, b->X, v->at, 1 + v->cts);
		if (r == R_GOOD)
			r = gvec_decode(part, b->X_bytes + v->at * element, element,
			    DECODE_NO_IDENTITY, NULL, NULL);
		gvec_free(part);
		part = NULL;
		if (r != R_GOOD)
			return r;
	}
	return R_GOOD;
}

/* Make the statement that a record's proof is about. */
static enum result
state(struct batch *b, struct voter *v)
{
	const struct record *r = v->check->record;
	const struct frozen *f = v->check->frozen;
	const struct ballot_place place = { .group = b->group,
		.election = &f->election,
		.open = &f->open,
		.y = frozen_key_bytes(f),
		.line = r->type == RECORD_BALLOT ? r->of.ballot.line : r->of.challenged.line,
		.X = r->by,
		.prev = &r->prev };

	if (r->type == RECORD_BALLOT)
		ballot_transcript(&v->p, &place, r->body);
	else
		ballot_other_transcript(&v->p, &place, r->body);
	v->statement = (struct schnorr_statement){ .p = &v->p, .proof = r->proof };
	return gvec_slice(&v->X, b->X, v->at, 1 + v->cts);
}

static enum result
batch_verify(struct batch *b, const struct effort *effort)
{
	struct rng rng = { 0 };
	size_t i, n = 0;
	enum result r = R_GOOD;

	for (i = 0; i < b->n; i++) {
		struct voter *v = &b->voter[i];

		if (v->check->verdict != R_GOOD)
			continue;
		r = state(b, v);
		if (r != R_GOOD)
			return r;
		v->statement.X = v->X;
		b->statements[n] = &v->statement;
		b->which[n++] = i;
	}
	if (n == 0)
		return R_GOOD;
	r = rng_system(&rng);
	if (r == R_GOOD)
		r = schnorr_verify_batch(b->verdicts, b->statements, n, &rng, effort);
	rng_wipe(&rng);
	if (r >= R_NO_MEMORY)
		return r;
	for (i = 0; i < n; i++)
		if (b->verdicts[i] != R_GOOD)
			refuse(b->voter[b->which[i]].check, b->verdicts[i], "its proof: ");
	return R_GOOD;
}

void
checks_run_voters(struct check *const checks[], size_t n, const struct effort *effort)
{
	struct batch b;
	enum result r;
	size_t i;

	r = batch_new(&b, checks, n);
	if (r == R_GOOD && b.n > 0) {
		r = batch_decode(&b, effort);
		if (r != R_GOOD && r < R_NO_MEMORY)
			r = batch_decode_each(&b);
		if (r == R_GOOD)
			r = batch_verify(&b, effort);
	}
	if (r != R_GOOD)
		for (i = 0; i < b.n; i++)
			if (b.voter[i].check->verdict == R_GOOD)
				refuse(b.voter[i].check, r, "");
	/* Without memory for the batch itself nobody has been looked at. */
	if (r != R_GOOD && b.n == 0)
		for (i = 0; i < n; i++)
			if (rules_table[checks[i]->record->type].author == ROLE_VOTER)
				refuse(checks[i], r, "");
	batch_free(&b);
}
