/* Judging an audited ballot on another device: what do its ciphertexts hold? */
#include <stdlib.h>
#include <string.h>

#include "ballots/ballot.h"
#include "crypto/elgamal.h"

/* One answer, decrypted by its disclosed randomness. */
struct opened {
	struct elgamal_list *cts; /* one row */
	struct gvec *a, *m, *y;   /* width, width, 1 */
	struct svec *r;           /* width */
	uint8_t *blocks;
};

static void
opened_free(struct opened *o)
{
	elgamal_list_free(o->cts);
	gvec_free(o->a);
	gvec_free(o->m);
	gvec_free(o->y);
	svec_free(o->r);
	free(o->blocks);
}

static enum result
opened_new(struct opened *o, const struct ballot_place *place, size_t width)
{
	enum result r;

	*o = (struct opened){ 0 };
	o->blocks = calloc(width, GROUP_BLOCK_BYTES);
	if (o->blocks == NULL)
		return R_NO_MEMORY;
	if ((r = gvec_new(&o->a, place->group, width)) != R_GOOD ||
	    (r = gvec_new(&o->m, place->group, width)) != R_GOOD ||
	    (r = gvec_new(&o->y, place->group, 1)) != R_GOOD)
		return r;
	return svec_new(&o->r, place->group, width);
}

/* (E1) backwards: a must be g^r; b / y^r is the plaintext. */
static enum result
decrypt(struct opened *o, const struct ballot_place *place, struct slice cts, size_t width,
    const uint8_t *randomness)
{
	const size_t element = group_element_bytes(place->group);
	struct gvec *g = o->m; /* until the plaintexts go there */
	enum result r;
	size_t k;

	r = elgamal_list_decode(&o->cts, place->group, 1, width, cts, NULL, NULL);
	if (r == R_GOOD)
		r = svec_decode(o->r, randomness, group_scalar_bytes(place->group), NULL);
	if (r == R_GOOD)
		r = gvec_decode(o->y, place->y.p, element, DECODE_NO_IDENTITY, NULL, NULL);
	if (r != R_GOOD)
		return r;
	gvec_set_generator(g);
	r = gvec_pow(o->a, g, o->r, NULL);
	if (r != R_GOOD)
		return r;
	for (k = 0; k < width; k++)
		gvec_copy(o->m, k, o->cts->a[k], 0, 1);
	if (gvec_differ_vartime(o->a, o->m) != width)
		return R_BAD_PROOF;
	r = gvec_pow_fixed(o->a, o->y, o->r, NULL);
	if (r != R_GOOD)
		return r;
	for (k = 0; k < width; k++)
		gvec_copy(o->m, k, o->cts->b[k], 0, 1);
	gvec_div(o->m, o->m, o->a);
	return gvec_extract(o->blocks, o->m, NULL);
}

static enum result
audit_answer(struct choice *choice, const struct ballot_place *place, const struct item *item,
    const struct body_answer *answer, const uint8_t *randomness)
{
	const size_t width = item_width(item);
	struct opened o;
	enum result r;

	r = opened_new(&o, place, width);
	if (r == R_GOOD)
		r = decrypt(&o, place, answer->cts, width, randomness);
	if (r == R_GOOD)
		r = choice_read(choice, (enum choice_type)item->choice,
		    (unsigned)item->option_count, o.blocks, width * GROUP_BLOCK_BYTES);
	opened_free(&o);
	return r;
}

/* Is the body for this election, opening and these items? */
static enum result
judge_body(const struct record *record, const struct ballot_answer *items, size_t n,
    const struct ballot_place *place, struct why *why)
{
	const struct body_ballot *b = &record->of.ballot;
	size_t i;

	if (record->type != RECORD_BALLOT)
		return why_set(why, R_BAD_ENCODING, "this is no ballot");
	if (!digest_equal(&b->election, place->election) || !digest_equal(&b->open, place->open))
		return why_set(why, R_WRONG_ELECTION, "the ballot is for another election");
	if (b->answer_count != n)
		return why_set(why, R_WRONG_ELECTION, "the ballot has %zu answers, not %zu",
		    b->answer_count, n);
	for (i = 0; i < n; i++)
		if (b->answers[i].id != items[i].item->id ||
		    !digest_equal(&b->answers[i].hash, items[i].hash))
			return why_set(why, R_WRONG_ELECTION,
			    "the ballot answers another item, or another text of it, than item "
			    "%llu",
			    (unsigned long long)items[i].item->id);
	return R_GOOD;
}

enum result
ballot_audit(struct choice *choices, const struct ballot_answer *items, size_t n,
    const struct ballot_place *place, struct slice body, struct slice r, struct why *why)
{
	const size_t scalar = group_scalar_bytes(place->group);
	struct record *record;
	enum result result;
	size_t i, at = 0, width;

	result = record_parse_body(&record, body, why);
	if (result != R_GOOD)
		return result;
	result = judge_body(record, items, n, place, why);
	if (result == R_GOOD && place->y.n != group_element_bytes(place->group))
		result =
		    why_set(why, R_BAD_ENCODING, "the election key is no element of the group");
	for (i = 0; i < n && result == R_GOOD; i++) {
		width = item_width(items[i].item);
		if (r.n < (at + width) * scalar)
			result = R_BAD_ENCODING;
		else
			result = audit_answer(&choices[i], place, items[i].item,
			    &record->of.ballot.answers[i], r.p + at * scalar);
		at += width;
		if (result != R_GOOD)
			(void)why_set(why, result, "the answer to item %llu: %s",
			    (unsigned long long)items[i].item->id, result_text(result));
	}
	if (result == R_GOOD && r.n != at * scalar)
		result = why_set(why, R_BAD_ENCODING, "there is more randomness than ciphertexts");
	record_free(record);
	return result;
}
