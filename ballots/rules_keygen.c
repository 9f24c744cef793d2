/* Key generation on the board: docs/protocol.md sections 6 and 10.5. */
#include <stdlib.h>
#include <string.h>

#include "ballots/rules_parts.h"

/* ---- the place of each step ---- */

/* A record of a participant of the current attempt, at this step. */
static enum result
at_step(const struct judge *j, uint64_t attempt, enum keygen_step step)
{
	const struct keygen_state *k = j->f->keygen;

	if (k->step == KEYGEN_FAILED)
		return why_set(j->why, R_STATE,
		    "too few trustees are left: key generation has failed for good");
	if (attempt != k->attempt)
		return why_set(j->why, R_STATE, "key generation is in attempt %llu, not %llu",
		    (unsigned long long)k->attempt, (unsigned long long)attempt);
	if (k->step != step)
		return why_set(j->why, R_STATE, "key generation is not at this step");
	if (keygen_index(k, j->number) == k->count)
		return why_set(j->why, R_STATE, "trustee %u takes no part in this attempt",
		    j->number);
	if (set_has(k->posted, j->number))
		return why_set(j->why, R_STATE, "trustee %u has done this step already", j->number);
	return R_GOOD;
}

enum result
keygen_place_commit(struct judge *j)
{
	return at_step(j, j->record->of.keygen_commit.attempt, KEYGEN_COMMIT);
}

enum result
keygen_place_deal(struct judge *j)
{
	return at_step(j, j->record->of.keygen_deal.attempt, KEYGEN_DEAL);
}

enum result
keygen_place_confirm(struct judge *j)
{
	const struct body_keygen_confirm *b = &j->record->of.keygen_confirm;
	enum result r = at_step(j, b->attempt, KEYGEN_CONFIRM);

	if (r == R_GOOD && !digest_equal(&b->transcript, &j->f->keygen->transcript))
		return why_set(j->why, R_WRONG_KEY,
		    "it confirms another key generation than the one on this board");
	return r;
}

enum result
keygen_place_complain(struct judge *j)
{
	const struct body_keygen_complain *b = &j->record->of.keygen_complain;
	const struct keygen_state *k = j->f->keygen;
	enum result r = at_step(j, b->attempt, KEYGEN_CONFIRM);

	if (r != R_GOOD)
		return r;
	if (b->dealer == j->number || keygen_index(k, b->dealer) == k->count)
		return why_set(j->why, R_STATE, "trustee %u cannot complain about trustee %llu",
		    j->number, (unsigned long long)b->dealer);
	return R_GOOD;
}

enum result
keygen_place_skip(struct judge *j)
{
	const struct body_keygen_skip *b = &j->record->of.keygen_skip;
	const struct keygen_state *k = j->f->keygen;

	if (b->attempt != k->attempt || k->step > KEYGEN_CONFIRM)
		return why_set(j->why, R_STATE, "key generation is not in attempt %llu",
		    (unsigned long long)b->attempt);
	if (keygen_index(k, b->trustee) == k->count)
		return why_set(j->why, R_STATE, "trustee %llu takes no part in this attempt",
		    (unsigned long long)b->trustee);
	if (set_has(k->posted, b->trustee))
		return why_set(j->why, R_STATE,
		    "trustee %llu is not missing: it has done the current step",
		    (unsigned long long)b->trustee);
	return R_GOOD;
}

/* ---- checking what was posted ---- */

/* Make a post with room for n bytes. */
static struct post *
post_new(size_t n)
{
	struct post *post = calloc(1, sizeof *post);

	if (post == NULL)
		return NULL;
	atomic_init(&post->refs, 1);
	post->bytes = malloc(n > 0 ? n : 1);
	if (post->bytes == NULL) {
		free(post);
		return NULL;
	}
	return post;
}

/* Copy `from` to *at, move on, and return the copy. */
static struct slice
copy_to(uint8_t **at, struct slice from)
{
	struct slice copy = { *at, from.n };

	if (from.n > 0)
		memcpy(*at, from.p, from.n);
	*at += from.n;
	return copy;
}

static struct post *
post_commit(const struct body_keygen_commit *b)
{
	struct post *post = post_new(b->receive.n + b->proof.n);
	uint8_t *at;

	if (post == NULL)
		return NULL;
	at = post->bytes;
	post->commit.commit = b->commit;
	post->commit.receive = copy_to(&at, b->receive);
	post->commit.proof = copy_to(&at, b->proof);
	return post;
}

static struct post *
post_deal(const struct body_keygen_deal *b)
{
	struct post *post = post_new(b->commitments.n + b->proof.n + b->shares.n);
	uint8_t *at;

	if (post == NULL)
		return NULL;
	at = post->bytes;
	post->deal.A = copy_to(&at, b->commitments);
	post->deal.proof = copy_to(&at, b->proof);
	post->deal.shares = copy_to(&at, b->shares);
	return post;
}

/* (7) Proof and receiving key decode; (9) the proof of possession. */
enum result
keygen_run_commit(struct check *c, const struct source *source, const struct effort *effort,
    struct why *why)
{
	const struct body_keygen_commit *b = &c->record->of.keygen_commit;
	const struct keygen_attempt a = frozen_attempt(c->frozen);
	enum result r;

	(void)source;
	(void)effort;
	c->post = post_commit(b);
	if (c->post == NULL)
		return why_set(why, R_NO_MEMORY, "out of memory");
	if (c->frozen->mode == RULES_REPLAY)
		return R_GOOD;
	if ((r = decode_form(a.group, b->proof, 1, 1)) != R_GOOD)
		return why_set(why, r, "proof: %s", result_text(r));
	if ((r = decode_form(a.group, b->receive, 1, 0)) != R_GOOD)
		return why_set(why, r, "receive: %s", result_text(r));
	r = keygen_check_commit(&a, frozen_author(c->frozen, c->record), &c->post->commit);
	if (r != R_GOOD)
		return why_set(why, r, "the receiving key: %s", result_text(r));
	return R_GOOD;
}

/* (7) The parts of a deal decode. */
static enum result
deal_form(const struct check *c, const struct keygen_attempt *a, struct why *why)
{
	const struct body_keygen_deal *b = &c->record->of.keygen_deal;
	const size_t element = keygen_key_bytes(a->group), box = keygen_box_bytes(a->group);
	struct slice E;
	enum result r;
	size_t i;

	if ((r = decode_form(a->group, b->commitments, a->threshold, 0)) != R_GOOD)
		return why_set(why, r, "commitments: %s", result_text(r));
	if ((r = decode_form(a->group, b->proof, 1, 1)) != R_GOOD)
		return why_set(why, r, "proof: %s", result_text(r));
	if (b->shares.n != a->count * (element + box))
		return why_set(why, R_BAD_ENCODING, "shares: there must be %zu bytes",
		    a->count * (element + box));
	for (i = 0; i < a->count; i++) {
		E.p = b->shares.p + i * (element + box);
		E.n = element;
		if ((r = decode_form(a->group, E, 1, 0)) != R_GOOD)
			return why_set(why, r, "shares: that for trustee %u: %s",
			    a->participants[i], result_text(r));
	}
	return R_GOOD;
}

/* Compute the keys out of all deals, `deals` being complete. */
static enum result
keys_make(struct keys **out, const struct keygen_attempt *a, const struct keygen_deal *deals)
{
	const size_t element = group_element_bytes(a->group);
	struct keys *keys = calloc(1, sizeof *keys);
	enum result r;
	size_t i;

	if (keys == NULL)
		return R_NO_MEMORY;
	atomic_init(&keys->refs, 1);
	keys->y_len = element;
	keys->y_bytes = malloc(element);
	r = keys->y_bytes == NULL ? R_NO_MEMORY : R_GOOD;
	if (r != R_GOOD || (r = gvec_new(&keys->y, a->group, 1)) != R_GOOD ||
	    (r = gvec_new(&keys->X, a->group, a->count)) != R_GOOD ||
	    (r = keygen_keys(keys->y, keys->X, a, deals)) != R_GOOD ||
	    (r = gvec_encode(keys->y_bytes, element, keys->y, NULL)) != R_GOOD)
		goto out;
	for (i = 0; i < a->count && r == R_GOOD; i++)
		r = gvec_slice(&keys->share[a->participants[i] - 1], keys->X, i, 1);
out:
	if (r != R_GOOD) {
		keys_unref(keys);
		keys = NULL;
	}
	*out = keys;
	return r;
}

/* (7), then (9): what was committed to, the proof, and with the last deal the keys. */
enum result
keygen_run_deal(struct check *c, const struct source *source, const struct effort *effort,
    struct why *why)
{
	const struct keygen_state *k = c->frozen->keygen;
	const struct keygen_attempt a = frozen_attempt(c->frozen);
	struct keygen_deal deals[DEFINITION_TRUSTEES_MAX];
	const uint32_t dealer = frozen_author(c->frozen, c->record);
	enum result r;

	(void)source;
	(void)effort;
	if ((r = deal_form(c, &a, why)) != R_GOOD)
		return r;
	c->post = post_deal(&c->record->of.keygen_deal);
	if (c->post == NULL)
		return why_set(why, R_NO_MEMORY, "out of memory");
	if (c->frozen->mode == RULES_VERIFY) {
		r = keygen_check_deal(&a, k->commits, dealer, &c->post->deal);
		if (r != R_GOOD)
			return why_set(why, r, "the deal of trustee %u: %s", dealer,
			    result_text(r));
	}
	if ((k->posted | set_of(dealer)) != keygen_set(k))
		return R_GOOD;
	memcpy(deals, k->deals, sizeof deals);
	deals[keygen_index(k, dealer)] = c->post->deal;
	r = keys_make(&c->keys, &a, deals);
	if (r == R_BAD_ELEMENT)
		return why_set(why, r, "with this deal the key, or a share of it, is the identity");
	return r == R_GOOD ? r : why_set(why, r, "%s", result_text(r));
}

/* (7) rho decodes; (9) everybody judges who is at fault. */
enum result
keygen_run_complain(struct check *c, const struct source *source, const struct effort *effort,
    struct why *why)
{
	const struct body_keygen_complain *b = &c->record->of.keygen_complain;
	const struct keygen_state *k = c->frozen->keygen;
	const struct keygen_attempt a = frozen_attempt(c->frozen);
	enum result r;

	(void)source;
	(void)effort;
	if ((r = decode_form(a.group, b->rho, 0, 1)) == R_GOOD)
		r = keygen_judge(&c->at_fault, &a, k->commits, frozen_author(c->frozen, c->record),
		    b->rho, (uint32_t)b->dealer, &k->deals[keygen_index(k, b->dealer)]);
	return r == R_GOOD ? r : why_set(why, r, "rho: %s", result_text(r));
}

/* ---- applying ---- */

/* Go on to the next step when everybody has posted. */
static int
step_done(struct keygen_state *k, uint32_t trustee)
{
	k->posted |= set_of(trustee);
	if (k->posted != keygen_set(k))
		return 0;
	k->posted = 0;
	k->step++;
	return 1;
}

enum result
keygen_apply_commit(struct rules *rules, struct check *c, const struct rules_place *place,
    struct frozen *next)
{
	struct keygen_state *k = frozen_own_keygen(next);
	size_t i;

	(void)rules;
	(void)place;
	if (k == NULL)
		return R_NO_MEMORY;
	i = keygen_index(k, frozen_author(c->frozen, c->record));
	k->commit[i] = post_ref(c->post);
	k->commits[i] = c->post->commit;
	(void)step_done(k, k->participants[i]);
	return R_GOOD;
}

enum result
keygen_apply_deal(struct rules *rules, struct check *c, const struct rules_place *place,
    struct frozen *next)
{
	struct keygen_state *k = frozen_own_keygen(next);
	struct keygen_attempt a;
	size_t i;

	(void)rules;
	if (k == NULL)
		return R_NO_MEMORY;
	i = keygen_index(k, frozen_author(c->frozen, c->record));
	k->deal[i] = post_ref(c->post);
	k->deals[i] = c->post->deal;
	if (!step_done(k, k->participants[i]))
		return R_GOOD;
	if (c->keys == NULL)
		return R_BUSY; /* it was not the last one when it was checked */
	k->keys = keys_ref(c->keys);
	a = frozen_attempt(next);
	return keygen_transcript(&k->transcript, &a, &place->hash, k->keys->y, k->keys->X);
}

enum result
keygen_apply_confirm(struct rules *rules, struct check *c, const struct rules_place *place,
    struct frozen *next)
{
	struct keygen_state *k = frozen_own_keygen(next);

	(void)rules;
	(void)place;
	if (k == NULL)
		return R_NO_MEMORY;
	(void)step_done(k, frozen_author(c->frozen, c->record));
	return R_GOOD;
}

/* Exclude a trustee and begin the next attempt with the others. */
static enum result
exclude(struct frozen *next, uint64_t trustee)
{
	struct keygen_state *k = frozen_own_keygen(next);
	size_t i;

	if (k == NULL)
		return R_NO_MEMORY;
	keygen_state_clear(k);
	i = keygen_index(k, trustee);
	memmove(&k->participants[i], &k->participants[i + 1],
	    (k->count - i - 1) * sizeof k->participants[0]);
	k->count--;
	k->excluded |= set_of(trustee);
	k->attempt++;
	k->step = k->count < frozen_definition(next)->mixers ? KEYGEN_FAILED : KEYGEN_COMMIT;
	return R_GOOD;
}

enum result
keygen_apply_complain(struct rules *rules, struct check *c, const struct rules_place *place,
    struct frozen *next)
{
	(void)rules;
	(void)place;
	return exclude(next, c->at_fault);
}

enum result
keygen_apply_skip(struct rules *rules, struct check *c, const struct rules_place *place,
    struct frozen *next)
{
	(void)rules;
	(void)place;
	return exclude(next, c->record->of.keygen_skip.trustee);
}
