/* The results in an archive: V912, and the outcomes that the report shows. */
#include <string.h>

#include "ballots/archive_parts.h"
#include "ballots/outcome.h"
#include "ballots/walk.h"

/* Count the tally of a result object anew: the outcome as people see it. */
static enum result
count_tally(struct count_outcome **out, const struct outcome *o, const struct item *item)
{
	uint8_t bytes[CHOICE_MAX_BYTES];
	struct count *count = NULL;
	struct count_rules rules;
	struct choice choice;
	enum result r;
	size_t i;

	item_rules(&rules, item);
	r = count_new(&count, &rules, NULL);
	for (i = 0; i < o->tally_n && r == R_GOOD; i++) {
		memset(bytes, 0, sizeof bytes);
		memcpy(bytes, o->tally[i].bytes.p, o->tally[i].bytes.n);
		r = choice_read(&choice, (enum choice_type)item->choice,
		    (unsigned)item->option_count, bytes, item_width(item) * GROUP_BLOCK_BYTES);
		if (r == R_GOOD)
			r = count_add(count, &choice, o->tally[i].count);
	}
	if (r == R_GOOD)
		r = count_add_invalid(count, o->invalid);
	if (r == R_GOOD)
		r = count_finish(out, count, o->eligible, NULL);
	count_free(count);
	return r;
}

/* Set the outcome of an item out of its result object, which is the right one. */
static enum result
take_outcome(struct archive_report *report, uint64_t id, struct slice object)
{
	struct item_status status;
	struct arena arena = { 0 };
	struct outcome o = { 0 };
	enum result r = outcome_read(&o, &arena, object, NULL);

	if (r == R_GOOD && o.opened) {
		(void)frozen_item(report->frozen, id, &status);
		r = count_tally(&report->outcome[id - 1], &o, status.item);
	}
	arena_free(&arena);
	return r;
}

/* The next item after `id` that has a result, or 0. */
static uint64_t
next_done(const struct frozen *f, uint64_t id)
{
	struct item_status status;

	while (frozen_item(f, ++id, &status) == R_GOOD)
		if (status.state == ITEM_DONE)
			return id;
	return 0;
}

/* Is `object` what the result record of item `id` has? */
static enum result
judge_object(struct archive_report *report, uint64_t id, struct slice object)
{
	struct item_status status;
	struct digest hash;

	if (id == 0)
		return R_RESULT_MISMATCH;
	body_result_hash(&hash, object);
	(void)frozen_item(report->frozen, id, &status);
	if (!digest_equal(&hash, status.result))
		return R_RESULT_MISMATCH;
	return take_outcome(report, id, object);
}

enum result
archive_check_result(struct archive_report *report, struct slice json, struct why *why)
{
	struct digest election = { { 0 } };
	uint64_t id = 0, version = 0;
	struct arena arena = { 0 };
	struct slice object = { NULL, 0 };
	size_t at, count = 0;
	enum result r = R_GOOD;
	struct walk w;

	walk_read(&w, &arena, json, SIZE_MAX);
	walk_object(&w);
	walk_key(&w, "election");
	walk_digest(&w, &election);
	walk_key(&w, "items");
	walk_array(&w, NULL, &count, 0, 0, ITEM_MAX);
	while (r == R_GOOD && walk_next(&w, &at)) {
		walk_value(&w, &object, OUTCOME_BYTES_MAX);
		if (!walk_good(&w))
			break;
		id = next_done(report->frozen, id);
		r = judge_object(report, id, object);
		if (r != R_GOOD)
			walk_fail(&w, r, "%s", result_text(r));
	}
	walk_key(&w, "version");
	walk_u53(&w, &version, 1, 1);
	walk_end(&w);
	if (walk_finish(&w) != R_GOOD && r == R_GOOD)
		r = w.error == R_NO_MEMORY ? R_NO_MEMORY : R_RESULT_MISMATCH;
	if (r == R_GOOD &&
	    (!digest_equal(&election, frozen_election(report->frozen)) ||
		next_done(report->frozen, id) != 0))
		r = R_RESULT_MISMATCH;
	arena_free(&arena);
	if (r >= R_NO_MEMORY)
		return why_set(why, r, "result.json: %s", result_text(r));
	if (r != R_GOOD)
		return why_set(why, R_RESULT_MISMATCH,
		    "result.json is not the result that follows from the record");
	return R_GOOD;
}

enum result
archive_compute_results(struct archive_report *report, const struct source *source,
    const struct effort *effort, struct why *why)
{
	struct buffer object = { 0 };
	enum result r = R_GOOD;
	uint64_t id = 0;

	while (r == R_GOOD && (id = next_done(report->frozen, id)) != 0) {
		buffer_clear(&object);
		r = frozen_result(report->frozen, id, source, &object, effort, why);
		if (r == R_GOOD)
			r = take_outcome(report, id, buffer_slice(&object));
	}
	buffer_free(&object);
	return r;
}
