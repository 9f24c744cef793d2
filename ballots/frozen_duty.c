/* What the board expects of a trustee now. */
#include "ballots/rules_parts.h"

const char *
duty_name(enum duty_kind kind)
{
	static const char *const names[] = { "keygen-commit", "keygen-deal", "keygen-confirm",
		"ready", "mix", "decrypt" };

	return names[kind];
}

/* Collects duties; `n` goes on counting when there is no room. */
struct duties {
	struct duty *out;
	size_t max, n;
};

static void
add(struct duties *d, const struct duty *duty)
{
	if (d->n < d->max)
		d->out[d->n] = *duty;
	d->n++;
}

/* How many members of a set have a number below this. */
static uint32_t
below(uint64_t set, uint32_t number)
{
	return (uint32_t)set_count(set & (set_of(number) - 1));
}

static uint32_t
lowest(uint64_t set)
{
	uint32_t i = 1;

	while (!set_has(set, i))
		i++;
	return i;
}

static void
key_duty(struct duties *d, const struct frozen *f, uint32_t trustee)
{
	const struct keygen_state *k = f->keygen;
	struct duty duty = { .attempt = k->attempt, .needed = 1 };

	if (f->phase != PHASE_SETUP || k->step > KEYGEN_CONFIRM ||
	    keygen_index(k, trustee) == k->count || set_has(k->posted, trustee))
		return;
	duty.kind = k->step == KEYGEN_COMMIT ? DUTY_KEYGEN_COMMIT
	    : k->step == KEYGEN_DEAL         ? DUTY_KEYGEN_DEAL
					     : DUTY_KEYGEN_CONFIRM;
	add(d, &duty);
}

static void
item_duty(struct duties *d, const struct frozen *f, uint64_t id, uint32_t trustee)
{
	const struct definition *def = frozen_definition(f);
	const struct item_data *item = frozen_item_data(f, id);
	const uint64_t able = keygen_set(f->keygen) & ~item->faults;
	struct duty duty = { .item = id, .needed = 1 };
	uint64_t who = able;

	if (item->state != ITEM_CLOSED || !item_is_opened(f, item))
		return;
	if (set_count(item->ready) < definition_ready_quorum(def, f->keygen->count)) {
		duty.kind = DUTY_READY;
		who &= ~item->ready;
	} else if (item->mixes < def->mixers) {
		duty.kind = DUTY_MIX;
		duty.ordinal = item->mixes + 1;
		who &= ~item->mixed;
		duty.turn = who == 0 ? 0 : lowest(who);
		duty.before = below(who, trustee);
		duty.needed = set_count(who) <= def->mixers - item->mixes;
	} else if (item->decryptions < def->threshold) {
		duty.kind = DUTY_DECRYPT;
		who &= ~item->decrypted;
		duty.before = below(who, trustee);
		duty.needed = set_count(who) <= def->threshold - item->decryptions;
	} else
		return;
	if (set_has(who, trustee))
		add(d, &duty);
}

size_t
frozen_duties(const struct frozen *f, uint32_t trustee, struct duty *out, size_t max)
{
	struct duties d = { .out = out, .max = max };
	uint64_t id;

	if (f->phase == PHASE_EMPTY || trustee < 1 || trustee > DEFINITION_TRUSTEES_MAX)
		return 0;
	key_duty(&d, f, trustee);
	for (id = 1; id <= f->item_count; id++)
		item_duty(&d, f, id, trustee);
	return d.n;
}
