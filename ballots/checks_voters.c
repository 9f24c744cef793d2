/*
 * Verify voters' records: (7) encodings and widths, (9) proofs. Many at a time in one batch;
 * and one by itself, which is what decides about a record that the batch refuses, and what
 * the batch is tested against.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ballots/ballot.h"
#include "ballots/rules_parts.h"
#include "crypto/schnorr.h"

static void
refuse(struct check *c, enum result r, const char *what)
{
	c->verdict = why_set(&c->why, r, "the %s: %s%s", record_type_name(c->record->type), what,
	    result_text(r));
}

static const struct group *
group_of(const struct check *c)
{
	return frozen_definition(c->frozen)->group;
}

/* The answers of a record; a `challenged` has none. */
static size_t
answers_of(const struct body_answer **answers, const struct record *r)
{
	*answers = r->of.ballot.answers;
	return r->type == RECORD_BALLOT ? r->of.ballot.answer_count : 0;
}

/* (7) Widths; sets the number of ciphertexts. */
static enum result
judge_widths(const struct check *c, size_t *cts)
{
	const size_t element = group_element_bytes(group_of(c));
	const struct body_answer *answers;
	size_t i, width, n = answers_of(&answers, c->record);

	*cts = 0;
	for (i = 0; i < n; i++) {
		width = frozen_item_data(c->frozen, answers[i].id)->width;
		if (answers[i].cts.n != 2 * width * element)
			return R_BAD_WIDTH;
		*cts += width;
	}
	return R_GOOD;
}

/* Write the encodings of the statement's elements to X: the credential, then every a; and
 * those of every b. */
static void
gather(uint8_t *X, uint8_t *b, const struct record *r, size_t element)
{
	const struct body_answer *answers;
	size_t i, k, n = answers_of(&answers, r);

	memcpy(X, r->by.p, element);
	X += element;
	for (i = 0; i < n; i++)
		for (k = 0; k < answers[i].cts.n; k += 2 * element) {
			memcpy(X, answers[i].cts.p + k, element);
			memcpy(b, answers[i].cts.p + k + element, element);
			X += element;
			b += element;
		}
}

/* P of the proof. */
static void
start_transcript(struct transcript *p, const struct check *c)
{
	const struct record *r = c->record;
	const struct frozen *f = c->frozen;
	const struct ballot_place place = { .group = group_of(c),
		.election = &f->election,
		.open = &f->open,
		.y = frozen_key_bytes(f),
		.line = r->type == RECORD_BALLOT ? r->of.ballot.line : r->of.challenged.line,
		.X = r->by,
		.prev = &r->prev };

	if (r->type == RECORD_BALLOT)
		ballot_transcript(p, &place, r->body);
	else
		ballot_other_transcript(p, &place, r->body);
}

/* ---- one record ---- */

/* (7) The ciphertexts in their order, then the credential. */
static enum result
decode_elements(const struct check *c)
{
	const struct group *g = group_of(c);
	const struct body_answer *answers;
	size_t i, n = answers_of(&answers, c->record);
	enum result r;

	for (i = 0; i < n; i++) {
		r = decode_form(g, answers[i].cts, answers[i].cts.n / group_element_bytes(g), 0);
		if (r != R_GOOD)
			return r;
	}
	return decode_form(g, c->record->by, 1, 0);
}

/* (9) Its proof; everything else has been decoded. */
static enum result
verify_proof(const struct check *c, size_t cts)
{
	const struct group *g = group_of(c);
	const size_t element = group_element_bytes(g);
	struct gvec *X = NULL;
	struct transcript p;
	uint8_t *bytes;
	enum result r;

	bytes = calloc(1 + 2 * cts, element);
	if (bytes == NULL)
		return R_NO_MEMORY;
	gather(bytes, bytes + (1 + cts) * element, c->record, element);
	r = gvec_new(&X, g, 1 + cts);
	if (r == R_GOOD)
		r = gvec_decode(X, bytes, element, DECODE_NO_IDENTITY, NULL, NULL);
	if (r == R_GOOD) {
		start_transcript(&p, c);
		r = schnorr_verify(&p, X, c->record->proof);
	}
	gvec_free(X);
	free(bytes);
	return r;
}

void
checks_run_voter(struct check *c)
{
	const char *what = "";
	enum result r;
	size_t cts;

	r = judge_widths(c, &cts);
	if (r == R_GOOD)
		r = decode_elements(c);
	if (r == R_GOOD) {
		r = verify_proof(c, cts);
		what = r < R_NO_MEMORY ? "its proof: " : "";
	}
	if (r != R_GOOD)
		refuse(c, r, what);
}

/* ---- many ---- */

/* Records of one group whose widths are right. */
struct batch {
	const struct group *group;
	struct check **checks;
	size_t *cts; /* of each */
	size_t n, all_cts;
	uint8_t *bytes; /* the encodings that the claims point to */
	struct schnorr_claim *claims;
};

static void
batch_free(struct batch *b)
{
	free(b->checks);
	free(b->cts);
	free(b->bytes);
	free(b->claims);
}

/* Is this a check for the batch? */
static int
is_wanted(const struct check *c)
{
	return rules_table[c->record->type].author == ROLE_VOTER && c->frozen->mode == RULES_VERIFY;
}

/* Collect the voters' records of this group. */
static enum result
batch_new(struct batch *b, struct check *const checks[], size_t n)
{
	const size_t element = group_element_bytes(b->group);
	enum result r;
	size_t i;

	b->checks = calloc(n, sizeof(struct check *));
	b->cts = calloc(n, sizeof *b->cts);
	if (b->checks == NULL || b->cts == NULL)
		return R_NO_MEMORY;
	for (i = 0; i < n; i++) {
		if (!is_wanted(checks[i]) || group_of(checks[i]) != b->group)
			continue;
		r = judge_widths(checks[i], &b->cts[b->n]);
		if (r != R_GOOD) {
			refuse(checks[i], r, "");
			continue;
		}
		b->all_cts += b->cts[b->n];
		b->checks[b->n++] = checks[i];
	}
	b->bytes = calloc(b->n + 2 * b->all_cts + 1, element);
	b->claims = calloc(b->n + 1, sizeof *b->claims);
	return b->bytes == NULL || b->claims == NULL ? R_NO_MEMORY : R_GOOD;
}

/* What each record claims. */
static void
batch_state(struct batch *b)
{
	const size_t element = group_element_bytes(b->group);
	uint8_t *at = b->bytes;
	size_t i;

	for (i = 0; i < b->n; i++) {
		const size_t cts = b->cts[i];

		b->claims[i] = (struct schnorr_claim){ .X = at,
			.n = 1 + cts,
			.others = at + (1 + cts) * element,
			.more = cts,
			.proof = b->checks[i]->record->proof };
		gather(at, at + (1 + cts) * element, b->checks[i]->record, element);
		start_transcript(&b->claims[i].p, b->checks[i]);
		at += (1 + 2 * cts) * element;
	}
}

/* Verify the voters' records of a group. R_GOOD, whatever the verdicts are, unless something kept us from
 * finding them. */
static enum result
run_group(const struct group *g, struct check *const checks[], size_t n,
    const struct effort *effort)
{
	struct batch b = { .group = g };
	struct rng rng = { 0 };
	enum result r;
	size_t i;

	r = batch_new(&b, checks, n);
	if (r == R_GOOD)
		r = rng_system(&rng);
	if (r == R_GOOD) {
		batch_state(&b);
		r = schnorr_verify_batch(b.claims, b.n, g, &rng, effort);
	}
	rng_wipe(&rng);
	if (r < R_NO_MEMORY) {
		for (i = 0; i < b.n; i++)
			if (b.claims[i].verdict != R_GOOD) {
				checks_run_voter(b.checks[i]);
				assert(b.checks[i]->verdict != R_GOOD);
			}
		r = R_GOOD;
	}
	batch_free(&b);
	return r;
}

void
checks_run_voters(struct check *const checks[], size_t n, const struct effort *effort)
{
	const struct group *g;
	enum result r;
	size_t i, k;

	for (i = 0; i < n; i++) {
		if (!is_wanted(checks[i]))
			continue;
		/* A group's records are all done when its first one comes along. */
		g = group_of(checks[i]);
		for (k = 0; k < i; k++)
			if (is_wanted(checks[k]) && group_of(checks[k]) == g)
				break;
		if (k < i)
			continue;
		r = run_group(g, checks, n, effort);
		for (k = i; k < n && r != R_GOOD; k++)
			if (is_wanted(checks[k]) && group_of(checks[k]) == g &&
			    checks[k]->verdict == R_GOOD)
				refuse(checks[k], r, "");
	}
}
