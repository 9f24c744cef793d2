/* Before voting: definition, items, roll, approvals, opening; and the board's key. */
#include <stdlib.h>
#include <string.h>

#include "ballots/rules_parts.h"

/* ---- definition ---- */

static enum result
check_party(const struct party *party, struct why *why)
{
	if (sign_public_check(&party->key) != R_GOOD)
		return why_set(why, R_NON_CANONICAL, "the key of %s is no proper Ed25519 key",
		    party->name);
	return R_GOOD;
}

/* (7) All keys are ones that signatures can be checked with, in the order of the fields. */
enum result
setup_run_definition(struct check *c, const struct source *source, const struct effort *effort,
    struct why *why)
{
	const struct definition *d = &c->record->of.definition;
	enum result r;
	size_t i;

	(void)source;
	(void)effort;
	if ((r = check_party(&d->board, why)) != R_GOOD ||
	    (r = check_party(&d->organiser, why)) != R_GOOD)
		return r;
	for (i = 0; i < d->registrar_count; i++)
		if ((r = check_party(&d->registrars[i], why)) != R_GOOD)
			return r;
	for (i = 0; i < d->trustee_count; i++)
		if ((r = check_party(&d->trustees[i], why)) != R_GOOD)
			return r;
	for (i = 0; i < d->witness_count; i++)
		if ((r = check_party(&d->witnesses[i], why)) != R_GOOD)
			return r;
	return R_GOOD;
}

enum result
setup_apply_definition(struct rules *rules, struct check *c, const struct rules_place *place,
    struct frozen *next)
{
	(void)rules;
	(void)place;
	next->keygen = keygen_state_first(&c->record->of.definition);
	if (next->keygen == NULL)
		return R_NO_MEMORY;
	next->definition = held_ref(c->held);
	next->election = c->record->election;
	next->phase = PHASE_SETUP;
	return R_GOOD;
}

/* ---- items ---- */

enum result
setup_place_item(struct judge *j)
{
	const struct item *item = &j->record->of.item;

	if (j->f->phase == PHASE_OPEN && !frozen_definition(j->f)->late_items)
		return why_set(j->why, R_STATE,
		    "the definition allows no items after opening (late_items is 0)");
	if (item->id != j->f->item_count + 1)
		return why_set(j->why, R_STATE, "the next item has the id %zu, not %llu",
		    j->f->item_count + 1, (unsigned long long)item->id);
	return R_GOOD;
}

enum result
setup_apply_item(struct rules *rules, struct check *c, const struct rules_place *place,
    struct frozen *next)
{
	struct item_data *item = item_data_new();

	(void)rules;
	(void)place;
	if (item == NULL)
		return R_NO_MEMORY;
	item->record = held_ref(c->held);
	item_hash(&item->hash, c->record->body);
	item->width = item_width(&c->record->of.item);
	item->state = ITEM_NEW;
	next->item[next->item_count++] = item;
	return R_GOOD;
}

/* ---- roll ---- */

enum result
setup_place_roll(struct judge *j)
{
	const struct definition *d = frozen_definition(j->f);
	const struct body_roll *b = &j->record->of.roll;

	if (b->sum_count != d->class_count)
		return why_set(j->why, R_BAD_ROLL, "%zu sums for %zu share classes", b->sum_count,
		    d->class_count);
	return R_GOOD;
}

/* (8), (9) The blob and its lines. */
enum result
setup_run_roll(struct check *c, const struct source *source, const struct effort *effort,
    struct why *why)
{
	const struct body_roll *body = &c->record->of.roll;
	struct blob blob;
	enum result r;

	r = source_blob(source, &body->blob, &blob);
	if (r != R_GOOD)
		return why_set(why, r, "the blob of the roll: %s", result_text(r));
	r = roll_read(&c->roll, frozen_definition(c->frozen), &c->frozen->election, body, &blob,
	    c->frozen->mode == RULES_REPLAY ? ROLL_KEYS_ONLY : ROLL_CHECK_ALL, effort, why);
	blob_release(&blob);
	return r;
}

enum result
setup_apply_roll(struct rules *rules, struct check *c, const struct rules_place *place,
    struct frozen *next)
{
	(void)rules;
	(void)place;
	roll_unref(next->roll);
	held_unref(next->roll_record);
	next->roll = roll_ref(c->roll);
	next->roll_record = held_ref(c->held);
	next->approved = 0;
	return R_GOOD;
}

enum result
setup_place_approve(struct judge *j)
{
	const struct digest *roll = frozen_roll_record(j->f);

	if (roll == NULL)
		return why_set(j->why, R_STATE, "there is no roll to approve yet");
	if (!digest_equal(&j->record->of.approve.record, roll))
		return why_set(j->why, R_STATE, "it approves another roll than the last one");
	if (set_has(j->f->approved, j->number))
		return why_set(j->why, R_STATE, "this registrar has approved the roll already");
	return R_GOOD;
}

enum result
setup_apply_approve(struct rules *rules, struct check *c, const struct rules_place *place,
    struct frozen *next)
{
	(void)rules;
	(void)place;
	next->approved |= set_of(frozen_author(next, c->record));
	return R_GOOD;
}

/* ---- opening ---- */

enum result
setup_place_open(struct judge *j)
{
	const struct definition *d = frozen_definition(j->f);
	const struct body_open *b = &j->record->of.open;
	const struct digest *roll = frozen_roll_record(j->f);

	if (j->f->keygen->step != KEYGEN_DONE)
		return why_set(j->why, R_STATE, "key generation is not complete");
	if (b->attempt != j->f->keygen->attempt)
		return why_set(j->why, R_WRONG_KEY, "the key was made in attempt %llu, not %llu",
		    (unsigned long long)j->f->keygen->attempt, (unsigned long long)b->attempt);
	if (!slice_equal(b->key, frozen_key_bytes(j->f)))
		return why_set(j->why, R_WRONG_KEY,
		    "the key is not the one that the trustees have made");
	if (roll == NULL || !digest_equal(&b->roll, roll))
		return why_set(j->why, R_BAD_ROLL, "it names another roll than the last one");
	if (set_count(j->f->approved) < d->registrar_quorum)
		return why_set(j->why, R_NOT_APPROVED,
		    "%zu registrars have approved the roll; %llu must", set_count(j->f->approved),
		    (unsigned long long)d->registrar_quorum);
	return R_GOOD;
}

enum result
setup_apply_open(struct rules *rules, struct check *c, const struct rules_place *place,
    struct frozen *next)
{
	(void)c;
	rules->lines = calloc((size_t)roll_count(next->roll), sizeof *rules->lines);
	if (rules->lines == NULL)
		return R_NO_MEMORY;
	next->phase = PHASE_OPEN;
	next->open = place->hash;
	next->open_seq = place->seq;
	return R_GOOD;
}

/* ---- the board's key ---- */

enum result
setup_place_board_key(struct judge *j)
{
	const struct sign_public *key = &j->record->of.board_key.key;
	size_t i;

	if (j->f->board_keys == HEAD_KEYS_MAX)
		return why_set(j->why, R_STATE, "the board's key was replaced %d times already",
		    HEAD_KEYS_MAX);
	if (definition_has_key(frozen_definition(j->f), key))
		return why_set(j->why, R_DUPLICATE_KEY,
		    "the new key of the board stands in the definition already");
	for (i = 0; i < j->f->board_keys; i++)
		if (memcmp(j->f->board_key[i].key.b, key->b, sizeof key->b) == 0)
			return why_set(j->why, R_DUPLICATE_KEY, "the board had this key before");
	return R_GOOD;
}

/* (7) */
enum result
setup_run_board_key(struct check *c, const struct source *source, const struct effort *effort,
    struct why *why)
{
	const struct party board = { .key = c->record->of.board_key.key, .name = "the board" };

	(void)source;
	(void)effort;
	return check_party(&board, why);
}

enum result
setup_apply_board_key(struct rules *rules, struct check *c, const struct rules_place *place,
    struct frozen *next)
{
	struct head_key *key = &next->board_key[next->board_keys++];

	(void)rules;
	key->seq = place->seq;
	key->key = c->record->of.board_key.key;
	return R_GOOD;
}
