/* Snapshots as everybody else sees them. */
#include <string.h>

#include "ballots/frozen.h"
#include "ballots/rules_parts.h"

const char *
phase_name(enum phase phase)
{
	static const char *const names[] = { "empty", "setup", "open" };

	return names[phase];
}

const char *
item_state_name(enum item_state state)
{
	static const char *const names[] = { "new", "open", "closing", "closed", "done" };

	return names[state];
}

const char *
role_name(enum role role)
{
	static const char *const names[] = { "nobody", "organiser", "registrar", "trustee", "board",
		"voter" };

	return names[role];
}

enum phase
frozen_phase(const struct frozen *f)
{
	return f->phase;
}

const struct definition *
frozen_definition(const struct frozen *f)
{
	return f->definition == NULL ? NULL : &f->definition->record->of.definition;
}

const struct digest *
frozen_election(const struct frozen *f)
{
	return f->definition == NULL ? NULL : &f->election;
}

const struct roll *
frozen_roll(const struct frozen *f)
{
	return f->roll;
}

const struct digest *
frozen_roll_record(const struct frozen *f)
{
	return f->roll_record == NULL ? NULL : &f->roll_record->record->hash;
}

const struct body_roll *
frozen_roll_body(const struct frozen *f)
{
	return f->roll_record == NULL ? NULL : &f->roll_record->record->of.roll;
}

uint64_t
frozen_approvals(const struct frozen *f)
{
	return set_count(f->approved);
}

size_t
frozen_items(const struct frozen *f)
{
	return f->item_count;
}

enum result
frozen_item(const struct frozen *f, uint64_t id, struct item_status *out)
{
	const struct item_data *item = frozen_item_data(f, id);

	*out = (struct item_status){ 0 };
	if (item == NULL)
		return R_UNKNOWN_ITEM;
	out->item = &item->record->record->of.item;
	out->hash = &item->hash;
	out->width = item->width;
	out->state = item->state;
	if (item->state < ITEM_CLOSED)
		return R_GOOD;
	out->close_seq = item->close_seq;
	out->close = &item->close;
	out->counted = item->counted;
	out->opened = item_is_opened(f, item);
	out->ready = item->ready;
	out->ready_needed = (size_t)definition_ready_quorum(frozen_definition(f), f->keygen->count);
	out->list = item->has_list ? &item->list : NULL;
	out->mixed = item->mixed;
	out->mixes = item->mixes;
	out->decrypted = item->decrypted;
	out->faults = item->faults;
	if (item->state == ITEM_DONE) {
		out->result_seq = item->result_seq;
		out->result = &item->result;
	}
	return R_GOOD;
}

int
item_is_opened(const struct frozen *f, const struct item_data *item)
{
	return item->counted > 0 && item->counted >= frozen_definition(f)->min_ballots;
}

/* ---- keys ---- */

struct keygen_attempt
frozen_attempt(const struct frozen *f)
{
	const struct definition *d = frozen_definition(f);

	return (struct keygen_attempt){ .group = d->group,
		.election = &f->election,
		.attempt = f->keygen->attempt,
		.threshold = (size_t)d->threshold,
		.count = f->keygen->count,
		.participants = f->keygen->participants };
}

enum result
frozen_keygen(const struct frozen *f, struct keygen_status *out)
{
	*out = (struct keygen_status){ 0 };
	if (f->keygen == NULL)
		return R_STATE;
	out->step = f->keygen->step;
	out->attempt = frozen_attempt(f);
	out->excluded = f->keygen->excluded;
	out->posted = f->keygen->posted;
	out->commits = f->keygen->commits;
	out->deals = f->keygen->deals;
	out->transcript = f->keygen->keys == NULL ? NULL : &f->keygen->transcript;
	return R_GOOD;
}

const struct gvec *
frozen_key(const struct frozen *f)
{
	return f->keygen == NULL || f->keygen->keys == NULL ? NULL : f->keygen->keys->y;
}

struct slice
frozen_key_bytes(const struct frozen *f)
{
	if (frozen_key(f) == NULL)
		return (struct slice){ NULL, 0 };
	return (struct slice){ f->keygen->keys->y_bytes, f->keygen->keys->y_len };
}

const struct gvec *
frozen_share(const struct frozen *f, uint32_t trustee)
{
	if (frozen_key(f) == NULL || trustee < 1 || trustee > DEFINITION_TRUSTEES_MAX)
		return NULL;
	return f->keygen->keys->share[trustee - 1];
}

const struct digest *
frozen_open(const struct frozen *f)
{
	return f->phase == PHASE_OPEN ? &f->open : NULL;
}

uint64_t
frozen_open_seq(const struct frozen *f)
{
	return f->open_seq;
}

/* ---- roles ---- */

static int
is_key(const struct party *party, struct slice key)
{
	return key.n == sizeof party->key.b && memcmp(party->key.b, key.p, key.n) == 0;
}

enum role
frozen_role(const struct frozen *f, struct slice key, uint32_t *number)
{
	const struct definition *d = frozen_definition(f);
	struct head_signers signers;
	struct party board = { .name = "" };
	uint32_t i;

	*number = 0;
	if (d == NULL)
		return ROLE_NONE;
	if (is_key(&d->organiser, key))
		return ROLE_ORGANISER;
	signers = frozen_signers(f);
	board.key = *head_signer(&signers, UINT64_MAX);
	if (is_key(&board, key))
		return ROLE_BOARD;
	for (i = 0; i < d->registrar_count; i++)
		if (is_key(&d->registrars[i], key)) {
			*number = i + 1;
			return ROLE_REGISTRAR;
		}
	for (i = 0; i < d->trustee_count; i++)
		if (is_key(&d->trustees[i], key)) {
			*number = i + 1;
			return ROLE_TRUSTEE;
		}
	return ROLE_NONE;
}

uint32_t
frozen_author(const struct frozen *f, const struct record *record)
{
	uint32_t number;

	(void)frozen_role(f, record->by, &number);
	return number;
}

size_t
role_index(const struct frozen *f, enum role role, uint32_t number)
{
	switch (role) {
	case ROLE_ORGANISER: return 0;
	case ROLE_BOARD: return 1;
	case ROLE_REGISTRAR: return 1 + number;
	default: return 1 + frozen_definition(f)->registrar_count + number;
	}
}

struct head_signers
frozen_signers(const struct frozen *f)
{
	return (struct head_signers){ .definition = frozen_definition(f),
		.election = f->election,
		.later = f->board_key,
		.later_count = f->board_keys };
}

const struct digest *
frozen_prev(const struct frozen *f, enum role role, uint32_t number)
{
	return &f->prev[role_index(f, role, number)];
}
