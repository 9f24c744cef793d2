/* Voting: items open and close, voters write. docs/protocol.md sections 10.6 to 10.8. */
#include "ballots/rules_parts.h"

/* ---- items ---- */

enum result
vote_place_open_item(struct judge *j)
{
	if (!digest_equal(&j->record->of.open_item.hash, &j->item->hash))
		return why_set(j->why, R_INPUT_LIST, "its hash is not that of item %llu",
		    (unsigned long long)j->record->of.open_item.item);
	return R_GOOD;
}

enum result
vote_apply_open_item(struct rules *rules, struct check *c, const struct rules_place *place,
    struct frozen *next)
{
	struct item_data *item = frozen_own_item(next, c->record->of.open_item.item);

	(void)rules;
	(void)place;
	if (item == NULL)
		return R_NO_MEMORY;
	item->votes = votes_new(roll_count(next->roll));
	if (item->votes == NULL)
		return R_NO_MEMORY;
	item->state = ITEM_OPEN;
	return R_GOOD;
}

enum result
vote_apply_closing(struct rules *rules, struct check *c, const struct rules_place *place,
    struct frozen *next)
{
	struct item_data *item = frozen_own_item(next, c->record->of.closing.item);
	uint64_t i;

	(void)rules;
	if (item == NULL)
		return R_NO_MEMORY;
	for (i = 0; i < item->votes->n; i++)
		item->counted += item->votes->last[i] != 0;
	item->state = ITEM_CLOSING;
	item->closing_seq = place->seq;
	return R_GOOD;
}

enum result
judge_upto(struct judge *j, const struct body_upto *upto, uint64_t from)
{
	const struct rules *rules = j->rules;

	if (rules == NULL) {
		j->partly = 1; /* the entries so far are known to the owner only */
		return R_GOOD;
	}
	if (upto->seq < from || upto->seq >= rules->now.entries ||
	    !digest_equal(&upto->hash, store_hash(j->f->store, upto->seq)))
		return why_set(j->why, R_INPUT_LIST,
		    "upto must name one of the entries %llu to %llu and its hash",
		    (unsigned long long)from, (unsigned long long)(rules->now.entries - 1));
	return R_GOOD;
}

enum result
vote_place_close(struct judge *j)
{
	return judge_upto(j, &j->record->of.close.upto, j->item->closing_seq);
}

enum result
vote_apply_close(struct rules *rules, struct check *c, const struct rules_place *place,
    struct frozen *next)
{
	struct item_data *item = frozen_own_item(next, c->record->of.close.item);

	(void)rules;
	if (item == NULL)
		return R_NO_MEMORY;
	item->state = ITEM_CLOSED;
	item->close_seq = place->seq;
	item->close = place->hash;
	return R_GOOD;
}

/* ---- voters ---- */

enum result
line_find(const struct rules *rules, uint64_t line, const struct digest *tracker, int challenged,
    const struct mark **mark)
{
	const struct store *store = rules->now.frozen->store;
	uint32_t at;

	for (at = rules->lines[line].mark; at != 0; at = (*mark)->older) {
		*mark = store_mark(store, at - 1);
		if ((int)(*mark)->challenged == challenged &&
		    digest_equal(&(*mark)->tracker, tracker))
			return R_GOOD;
	}
	return R_NOT_FOUND;
}

static enum result
judge_open(const struct judge *j, const struct digest *open)
{
	if (!digest_equal(open, &j->f->open))
		return why_set(j->why, R_WRONG_ELECTION, "it is bound to another opening");
	return R_GOOD;
}

static enum result
judge_records(const struct judge *j, uint64_t line)
{
	if (j->rules != NULL && j->rules->lines[line].records >= LINE_RECORDS_MAX)
		return why_set(j->why, R_STATE, "line %llu has written %d records, the most it may",
		    (unsigned long long)line, LINE_RECORDS_MAX);
	return R_GOOD;
}

static enum result
judge_answer(const struct judge *j, const struct body_answer *answer)
{
	const unsigned long long id = (unsigned long long)answer->id;
	const struct item_data *item = frozen_item_data(j->f, answer->id);

	if (item == NULL)
		return why_set(j->why, R_UNKNOWN_ITEM, "there is no item %llu", id);
	if (!digest_equal(&answer->hash, &item->hash))
		return why_set(j->why, R_WRONG_ELECTION,
		    "its answer is to another text of item %llu", id);
	if (item->state == ITEM_NEW)
		return why_set(j->why, R_CLOSED, "item %llu is not open yet", id);
	if (item->state != ITEM_OPEN)
		return why_set(j->why, R_LATE_BALLOT, "voting on item %llu has ended", id);
	return R_GOOD;
}

enum result
vote_place_ballot(struct judge *j)
{
	const struct body_ballot *b = &j->record->of.ballot;
	const struct mark *mark;
	enum result r = judge_open(j, &b->open);
	size_t i;

	for (i = 0; i < b->answer_count && r == R_GOOD; i++)
		r = judge_answer(j, &b->answers[i]);
	if (r != R_GOOD)
		return r;
	if (j->rules != NULL &&
	    line_find(j->rules, b->line, &j->record->tracker, 1, &mark) == R_GOOD)
		return why_set(j->why, R_CHALLENGED,
		    "this ballot was audited in entry %llu; encrypt a new one",
		    (unsigned long long)mark->seq);
	return judge_records(j, b->line);
}

enum result
vote_place_challenged(struct judge *j)
{
	const struct body_challenged *b = &j->record->of.challenged;
	const struct mark *mark;
	enum result r = judge_open(j, &b->open);

	if (r != R_GOOD)
		return r;
	if (j->rules != NULL && line_find(j->rules, b->line, &b->tracker, 0, &mark) == R_GOOD)
		return why_set(j->why, R_STATE, "this ballot was cast already, in entry %llu",
		    (unsigned long long)mark->seq);
	return judge_records(j, b->line);
}

enum result
vote_apply_voter(struct rules *rules, struct check *c, const struct rules_place *place,
    struct frozen *next)
{
	const struct record *r = c->record;
	const struct body_ballot *b = r->type == RECORD_BALLOT ? &r->of.ballot : NULL;
	struct line *line = &rules->lines[b != NULL ? b->line : r->of.challenged.line];
	struct frozen *f = rules->now.frozen;
	const size_t answers = b != NULL ? b->answer_count : 0;
	uint32_t *last, number;
	struct mark *mark;
	size_t i;

	(void)next;
	if (journal_room(rules, 1 + answers) != R_GOOD ||
	    store_room_mark(f->store, rules->now.marks) != R_GOOD)
		return R_NO_MEMORY;
	mark = store_mark(f->store, rules->now.marks);
	mark->tracker = b != NULL ? r->tracker : r->of.challenged.tracker;
	mark->seq = place->seq;
	mark->older = line->mark;
	mark->challenged = b == NULL;
	number = (uint32_t)++rules->now.marks;

	journal_keep(rules, line, sizeof *line);
	line->prev = r->hash;
	line->mark = number;
	line->records++;
	for (i = 0; i < answers; i++) {
		last = &f->item[b->answers[i].id - 1]->votes->last[b->line];
		journal_keep(rules, last, sizeof *last);
		*last = number;
	}
	return R_GOOD;
}
