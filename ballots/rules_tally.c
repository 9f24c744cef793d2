/* Tallying: the places and effects of ready, mix, decrypt, fault, result. docs/protocol.md
 * sections 7, 8 and 10.9. */
#include "ballots/rules_parts.h"

/* What all records of trustees about a closed item have in common. */
static enum result
judge_trustee(const struct judge *j, const struct digest *close)
{
	if (!digest_equal(close, &j->item->close))
		return why_set(j->why, R_WRONG_ELECTION,
		    "it is bound to another close of the item");
	if (keygen_index(j->f->keygen, j->number) == j->f->keygen->count)
		return why_set(j->why, R_NOT_ALLOWED, "trustee %u takes no part in the key",
		    j->number);
	if (set_has(j->item->faults, j->number))
		return why_set(j->why, R_NOT_ALLOWED, "trustee %u was found at fault on this item",
		    j->number);
	if (!item_is_opened(j->f, j->item))
		return why_set(j->why, R_MIN_BALLOTS,
		    "%llu ballots were counted, too few to be opened",
		    (unsigned long long)j->item->counted);
	return R_GOOD;
}

/* ---- ready ---- */

enum result
tally_place_ready(struct judge *j)
{
	enum result r = judge_trustee(j, &j->record->of.ready.close);

	if (r == R_GOOD && set_has(j->item->ready, j->number))
		return why_set(j->why, R_STATE, "trustee %u is ready already", j->number);
	return r;
}

enum result
tally_apply_ready(struct rules *rules, struct check *c, const struct rules_place *place,
    struct frozen *next)
{
	const struct body_ready *b = &c->record->of.ready;
	struct item_data *item = frozen_own_item(next, b->item);

	(void)rules;
	(void)place;
	if (item == NULL)
		return R_NO_MEMORY;
	item->ready |= set_of(frozen_author(next, c->record));
	if (!item->has_list) {
		item->input = item->list = b->list;
		item->has_list = 1;
	}
	return R_GOOD;
}

/* ---- mix ---- */

enum result
tally_place_mix(struct judge *j)
{
	const struct body_mix *b = &j->record->of.mix;
	const struct definition *d = frozen_definition(j->f);
	const struct item_data *item = j->item;
	const uint64_t quorum = definition_ready_quorum(d, j->f->keygen->count);
	enum result r = judge_trustee(j, &b->close);

	if (r != R_GOOD)
		return r;
	if (set_count(item->ready) < quorum)
		return why_set(j->why, R_NO_QUORUM, "%zu trustees are ready; %llu must be",
		    set_count(item->ready), (unsigned long long)quorum);
	if (set_has(item->mixed, j->number))
		return why_set(j->why, R_MIX_TRUSTEE, "trustee %u has mixed this item already",
		    j->number);
	if (item->mixes == d->mixers)
		return why_set(j->why, R_STATE, "all %zu mixes are done", item->mixes);
	if (b->ordinal != item->mixes + 1)
		return why_set(j->why, R_STATE, "the next mix is number %zu, not %llu",
		    item->mixes + 1, (unsigned long long)b->ordinal);
	if (!digest_equal(&b->input, &item->list))
		return why_set(j->why, R_INPUT_LIST, "it does not take the last list");
	return R_GOOD;
}

enum result
tally_apply_mix(struct rules *rules, struct check *c, const struct rules_place *place,
    struct frozen *next)
{
	const struct body_mix *b = &c->record->of.mix;
	struct item_data *item = frozen_own_item(next, b->item);

	(void)rules;
	(void)place;
	if (item == NULL)
		return R_NO_MEMORY;
	item->mixed |= set_of(frozen_author(next, c->record));
	item->mixes++;
	item->list = b->output;
	return R_GOOD;
}

/* ---- decrypt ---- */

enum result
tally_place_decrypt(struct judge *j)
{
	const struct body_decrypt *b = &j->record->of.decrypt;
	const struct definition *d = frozen_definition(j->f);
	const struct item_data *item = j->item;
	enum result r = judge_trustee(j, &b->close);

	if (r != R_GOOD)
		return r;
	if (set_has(item->decrypted, j->number))
		return why_set(j->why, R_STATE, "trustee %u has decrypted this item already",
		    j->number);
	if (item->mixes < d->mixers)
		return why_set(j->why, R_MIX_MISSING, "%zu of %llu mixes are done", item->mixes,
		    (unsigned long long)d->mixers);
	if (digest_equal(&b->list, &item->input))
		return why_set(j->why, R_NOT_MIXED, "it decrypts the list before the mixes");
	if (!digest_equal(&b->list, &item->list))
		return why_set(j->why, R_INPUT_LIST, "it decrypts another list than the last");
	return R_GOOD;
}

enum result
tally_apply_decrypt(struct rules *rules, struct check *c, const struct rules_place *place,
    struct frozen *next)
{
	const struct body_decrypt *b = &c->record->of.decrypt;
	struct item_data *item = frozen_own_item(next, b->item);
	const uint32_t trustee = frozen_author(next, c->record);

	(void)rules;
	if (item == NULL)
		return R_NO_MEMORY;
	item->decrypted |= set_of(trustee);
	item->decryption[item->decryptions++] =
	    (struct decryption){ .trustee = trustee, .factors = b->factors, .seq = place->seq };
	return R_GOOD;
}

/* ---- fault ---- */

enum result
tally_place_fault(struct judge *j)
{
	struct why why = { .text = "it is not in the form of a record" };

	if (j->accused == NULL ||
	    (j->accused->type != RECORD_MIX && j->accused->type != RECORD_DECRYPT))
		return why_set(j->why, R_BAD_FAULT, "it does not hold a mix or decrypt record");
	if (rules_judge_accused(j, &why) != R_GOOD)
		return why_set(j->why, R_BAD_FAULT,
		    "the accused record would be refused whatever its proof: %.300s", why.text);
	return R_GOOD;
}

enum result
tally_apply_fault(struct rules *rules, struct check *c, const struct rules_place *place,
    struct frozen *next)
{
	const struct record *accused = c->accused;
	const uint64_t id =
	    accused->type == RECORD_MIX ? accused->of.mix.item : accused->of.decrypt.item;
	struct item_data *item = frozen_own_item(next, id);

	(void)rules;
	(void)place;
	if (item == NULL)
		return R_NO_MEMORY;
	item->faults |= set_of(frozen_author(next, accused));
	return R_GOOD;
}

/* ---- result ---- */

enum result
tally_place_result(struct judge *j)
{
	const struct body_result *b = &j->record->of.result;
	const struct item_data *item = j->item;
	const size_t threshold = (size_t)frozen_definition(j->f)->threshold;
	uint64_t from = item->close_seq;

	if (item_is_opened(j->f, item)) {
		if (item->decryptions < threshold)
			return why_set(j->why, R_BELOW_THRESHOLD,
			    "%zu trustees have decrypted; %zu must", item->decryptions, threshold);
		from = item->decryption[threshold - 1].seq;
	}
	return judge_upto(j, &b->upto, from);
}

enum result
tally_apply_result(struct rules *rules, struct check *c, const struct rules_place *place,
    struct frozen *next)
{
	const struct body_result *b = &c->record->of.result;
	struct item_data *item = frozen_own_item(next, b->item);

	(void)rules;
	if (item == NULL)
		return R_NO_MEMORY;
	item->state = ITEM_DONE;
	item->result_seq = place->seq;
	item->result = b->result;
	return R_GOOD;
}
