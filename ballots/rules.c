#include "ballots/rules.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ballots/rules_parts.h"

enum result
rules_new(struct rules **out, const struct digest *expected, enum rules_mode mode)
{
	struct rules *rules = calloc(1, sizeof *rules);

	*out = NULL;
	if (rules == NULL)
		return R_NO_MEMORY;
	rules->now.frozen = frozen_new(mode);
	if (rules->now.frozen == NULL) {
		free(rules);
		return R_NO_MEMORY;
	}
	if (expected != NULL) {
		rules->expected = *expected;
		rules->has_expected = 1;
	}
	rules->settled = rules->now;
	(void)frozen_ref(rules->settled.frozen);
	*out = rules;
	return R_GOOD;
}

void
rules_free(struct rules *rules)
{
	if (rules == NULL)
		return;
	frozen_unref(rules->now.frozen);
	frozen_unref(rules->settled.frozen);
	free(rules->lines);
	free(rules->journal);
	free(rules);
}

void
rules_verify_from_now_on(struct rules *rules)
{
	assert(rules->now.frozen == rules->settled.frozen);
	rules->now.frozen->mode = RULES_VERIFY;
}

struct frozen *
rules_frozen(const struct rules *rules)
{
	return frozen_ref(rules->settled.frozen);
}

/* ---- the journal ---- */

enum result
journal_room(struct rules *rules, size_t n)
{
	size_t room = rules->journal_room;
	struct undo *grown;

	if (rules->journal_n + n <= room)
		return R_GOOD;
	room = 2 * room + n;
	grown = reallocarray(rules->journal, room, sizeof *grown);
	if (grown == NULL)
		return R_NO_MEMORY;
	rules->journal = grown;
	rules->journal_room = room;
	return R_GOOD;
}

void
journal_keep(struct rules *rules, void *at, size_t n)
{
	struct undo *undo = &rules->journal[rules->journal_n++];

	assert(rules->journal_n <= rules->journal_room && n <= sizeof undo->old);
	undo->at = at;
	undo->n = (uint8_t)n;
	memcpy(undo->old, at, n);
}

void
rules_settle(struct rules *rules)
{
	struct frozen *before = rules->settled.frozen;

	rules->settled = rules->now;
	(void)frozen_ref(rules->settled.frozen);
	frozen_unref(before);
	rules->journal_n = 0;
}

void
rules_undo(struct rules *rules)
{
	struct frozen *undone = rules->now.frozen;

	/* Newest first: a place that was written twice gets its oldest bytes back. What
	 * was allocated since still exists here. */
	while (rules->journal_n > 0) {
		const struct undo *undo = &rules->journal[--rules->journal_n];

		memcpy(undo->at, undo->old, undo->n);
	}
	if (undone->phase == PHASE_OPEN && rules->settled.frozen->phase != PHASE_OPEN) {
		free(rules->lines);
		rules->lines = NULL;
	}
	rules->now = rules->settled;
	(void)frozen_ref(rules->now.frozen);
	frozen_unref(undone);
}

/* ---- admitting ---- */

static enum result
judge_next(const struct rules *rules, const struct rules_place *place, struct why *why)
{
	if (place->seq != rules->now.entries)
		return why_set(why, R_BAD_SEQUENCE, "the next entry is number %llu, not %llu",
		    (unsigned long long)rules->now.entries, (unsigned long long)place->seq);
	if (place->time < rules->now.time)
		return why_set(why, R_BAD_TIME, "its time is before that of the last entry");
	return R_GOOD;
}

/* The expected election, once the definition is there. */
static enum result
judge_expected(const struct rules *rules, const struct check *c, struct why *why)
{
	if (c->record->type != RECORD_DEFINITION || !rules->has_expected ||
	    digest_equal(&c->record->election, &rules->expected))
		return R_GOOD;
	(void)why_set(why, R_WRONG_ELECTION, "this is another election than the expected one");
	if (why != NULL)
		memcpy(why->check, "V910", sizeof "V910");
	return R_WRONG_ELECTION;
}

/* Apply a record that may stand here. */
static enum result
apply(struct rules *rules, struct check *c, const struct judge *j, const struct rules_place *place)
{
	const struct rule *rule = &rules_table[c->record->type];
	struct frozen *next;
	enum result r;

	if (store_room_hash(rules->now.frozen->store, place->seq) != R_GOOD)
		return R_NO_MEMORY;
	if (rule->author == ROLE_VOTER) {
		r = rule->apply(rules, c, place, NULL);
		if (r != R_GOOD)
			return r;
	} else {
		next = frozen_clone(rules->now.frozen);
		if (next == NULL)
			return R_NO_MEMORY;
		r = rule->apply(rules, c, place, next);
		if (r != R_GOOD) {
			frozen_unref(next);
			return r;
		}
		next->prev[role_index(next, j->role, j->number)] = c->record->hash;
		frozen_unref(rules->now.frozen);
		rules->now.frozen = next;
	}
	*store_hash(rules->now.frozen->store, place->seq) = place->hash;
	rules->now.entries = place->seq + 1;
	rules->now.time = place->time;
	rules->now.head = place->hash;
	return R_GOOD;
}

/* A verdict stands on a snapshot. All that can have changed on this board since is named in
 * the record and judged anew; another board's snapshot is no ground at all. */
static int
is_foreign(const struct rules *rules, const struct check *c)
{
	return c->frozen->store != rules->now.frozen->store;
}

/* (1) to (5), by the current state. */
static enum result
judge_now(struct judge *j, const struct rules *rules, const struct check *c, struct why *why)
{
	enum result r;

	*j = (struct judge){ .f = rules->now.frozen,
		.rules = rules,
		.record = c->record,
		.accused = c->accused,
		.why = why };
	r = rules_judge(j);
	if (r != R_GOOD)
		rules_name_check(why, c->record->type, r);
	return r;
}

enum result
rules_look(const struct rules *rules, const struct check *check, struct why *why)
{
	struct judge j;

	return judge_now(&j, rules, check, why);
}

enum result
rules_admit(struct rules *rules, struct check *c, const struct rules_place *place, struct why *why)
{
	struct judge j;
	enum result r;

	if ((r = judge_next(rules, place, why)) != R_GOOD ||
	    (r = judge_now(&j, rules, c, why)) != R_GOOD || (r = check_verdict(c, why)) != R_GOOD ||
	    (r = judge_expected(rules, c, why)) != R_GOOD)
		return r;
	r = is_foreign(rules, c) ? R_BUSY : apply(rules, c, &j, place);
	if (r != R_GOOD)
		return why_set(why, r, "%s",
		    r == R_BUSY ? "the board has moved on: check the record again"
				: result_text(r));
	return R_GOOD;
}

/* ---- asking ---- */

uint64_t
rules_size(const struct rules *rules)
{
	return rules->now.entries;
}

const struct digest *
rules_head(const struct rules *rules)
{
	return &rules->now.head;
}

const struct frozen *
rules_now(const struct rules *rules)
{
	return rules->now.frozen;
}

void
rules_next(const struct rules *rules, struct entry *next)
{
	*next = (struct entry){ .election = rules->now.frozen->election,
		.prev = rules->now.head,
		.seq = rules->now.entries,
		.time = rules->now.time };
}

enum result
rules_entry_hash(const struct rules *rules, uint64_t seq, struct digest *hash)
{
	if (seq >= rules->now.entries)
		return R_MISSING_ENTRY;
	*hash = *store_hash(rules->now.frozen->store, seq);
	return R_GOOD;
}

/* Return a line that exists, or NULL. */
static const struct line *
line_at(const struct rules *rules, uint64_t line)
{
	if (rules->lines == NULL || line >= roll_count(rules->now.frozen->roll))
		return NULL;
	return &rules->lines[line];
}

enum result
rules_line_prev(const struct rules *rules, uint64_t line, struct digest *prev)
{
	const struct line *l = line_at(rules, line);

	*prev = (struct digest){ { 0 } };
	if (l == NULL)
		return R_NOT_ON_ROLL;
	*prev = l->prev;
	return R_GOOD;
}

enum result
rules_last_ballot(const struct rules *rules, uint64_t line, uint64_t id, struct last_ballot *out)
{
	const struct item_data *item = frozen_item_data(rules->now.frozen, id);
	const struct mark *mark;

	if (line_at(rules, line) == NULL || item == NULL || item->votes == NULL ||
	    item->votes->last[line] == 0)
		return R_NOT_FOUND;
	mark = store_mark(rules->now.frozen->store, item->votes->last[line] - 1);
	out->tracker = mark->tracker;
	out->seq = mark->seq;
	return R_GOOD;
}

enum result
rules_complete(const struct rules *rules, struct why *why)
{
	const struct frozen *f = rules->now.frozen;
	enum result r = R_GOOD;
	size_t i;

	if (f->phase != PHASE_OPEN)
		r = why_set(why, R_MISSING_RECORD, "the election was not opened");
	else if (f->item_count == 0)
		r = why_set(why, R_MISSING_RECORD, "the election has no item");
	for (i = 0; r == R_GOOD && i < f->item_count; i++)
		if (f->item[i]->state != ITEM_DONE)
			r = why_set(why, R_MISSING_RECORD, "item %zu is %s: it has no result",
			    i + 1, item_state_name(f->item[i]->state));
	if (r != R_GOOD && why != NULL)
		memcpy(why->check, "V913", sizeof "V913");
	return r;
}
