/* Following a board: entry lines as they stand. */
#include <stdlib.h>
#include <string.h>

#include "ballots/rules_parts.h"

#define BATCH 4096      /* voters' records that are verified together */
#define WINDOW_LEAST 16 /* lines that are looked at together at first; more while all are taken */
#define AHEAD_LEAST 256 /* lines from which on several threads read them beforehand */
#define AHEAD_GRAIN 64

/* A line on its way through. */
struct step {
	struct entry entry;
	struct digest hash;
	struct check *check;
	struct record *record; /* parsed beforehand, with entry and hash, or NULL */
};

/* ---- reading beforehand ---- */

struct ahead {
	struct step *steps;
	const struct slice *lines;
};

/* What is refused is read once more when its turn comes, which says why. */
static enum result
read_ahead(void *ctx, size_t from, size_t to, size_t *bad)
{
	const struct ahead *a = ctx;
	size_t i;

	(void)bad;
	for (i = from; i < to; i++) {
		struct step *s = &a->steps[i];

		if (entry_read(&s->entry, a->lines[i], NULL) != R_GOOD)
			continue;
		entry_hash(&s->hash, a->lines[i]);
		if (record_parse(&s->record, NULL, s->entry.record, NULL) != R_GOOD)
			s->record = NULL;
	}
	return R_GOOD;
}

/* ---- one line after the other ---- */

static enum result
refuse(struct why *why, enum result r, const char *check, const char *format, uint64_t number)
{
	(void)why_set(why, r, format, (unsigned long long)number);
	if (why != NULL)
		(void)strncpy(why->check, check, sizeof why->check - 1);
	return r;
}

/* V004 to V007, and V910: the line by itself and after `before`. */
static enum result
judge_line(const struct rules *rules, struct step *s, const struct entry *next, struct slice line,
    struct why *why)
{
	enum result r;

	if (s->record == NULL) {
		r = entry_read(&s->entry, line, why);
		if (r != R_GOOD) {
			if (why != NULL && r < R_NO_MEMORY)
				memcpy(why->check, "V004", sizeof "V004");
			return r;
		}
		entry_hash(&s->hash, line);
	}
	if (s->entry.seq != next->seq)
		return refuse(why, R_BAD_SEQUENCE, "V005",
		    "the next entry is number %llu, but another stands here", next->seq);
	if (!digest_equal(&s->entry.prev, &next->prev))
		return refuse(why, R_CHAIN_BROKEN, "V006",
		    "entry %llu does not carry the hash of the one before", next->seq);
	if (s->entry.time < next->time)
		return refuse(why, R_BAD_TIME, "V007",
		    "entry %llu has a time before that of the one before", next->seq);
	if (rules->has_expected && !digest_equal(&s->entry.election, &rules->expected))
		return refuse(why, R_WRONG_ELECTION, "V910",
		    "entry %llu belongs to another election than the expected one", next->seq);
	if (next->seq > 0 && !digest_equal(&s->entry.election, &next->election))
		return refuse(why, R_WRONG_ELECTION, "V910",
		    "entry %llu belongs to another election than the one before", next->seq);
	return R_GOOD;
}

/* Parse the record of a line and prepare its check. */
static enum result
prepare(const struct rules *rules, struct step *s, struct why *why)
{
	struct record *record = s->record;
	enum record_type type;
	enum result r;

	s->record = NULL;
	r = record != NULL ? R_GOOD : record_parse(&record, &type, s->entry.record, why);
	if (r != R_GOOD) {
		rules_name_check(why, type, r);
		return r;
	}
	if (type == RECORD_DEFINITION && s->entry.seq == 0 &&
	    !digest_equal(&record->election, &s->entry.election)) {
		record_free(record);
		return refuse(why, R_WRONG_ELECTION, "V910",
		    "entry %llu carries an election id that its definition has not", s->entry.seq);
	}
	r = rules_prepare(&s->check, rules->now.frozen, record, why);
	if (r != R_GOOD)
		record_free(record);
	return r;
}

static enum result
admit(struct rules *rules, struct step *s, struct why *why)
{
	const struct rules_place place = { .seq = s->entry.seq,
		.time = s->entry.time,
		.hash = s->hash };

	return rules_admit(rules, s->check, &place, why);
}

/* Read lines[0..n) as far as they can be verified together: voters' records, which leave
 * the snapshot as it is, or one other record. *ready counts the steps; what stopped the
 * reading is returned, to be reported once these steps are through. */
static enum result
gather(const struct rules *rules, struct step *steps, const struct slice *lines, size_t n,
    size_t *ready, struct why *why)
{
	struct entry next;
	enum result r;

	rules_next(rules, &next);
	for (*ready = 0; *ready < n;) {
		struct step *s = &steps[*ready];

		r = judge_line(rules, s, &next, lines[*ready], why);
		if (r == R_GOOD)
			r = prepare(rules, s, why);
		if (r != R_GOOD)
			return r;
		if (rules_table[s->check->record->type].author != ROLE_VOTER) {
			/* By itself, and after what was gathered before it. */
			if (*ready == 0)
				(*ready)++;
			else {
				check_free(s->check);
				s->check = NULL;
			}
			return R_GOOD;
		}
		next.seq++;
		next.prev = s->hash;
		next.time = s->entry.time;
		next.election = s->entry.election;
		(*ready)++;
	}
	return R_GOOD;
}

/* Take as many of the lines as can be verified together. */
static enum result
take_some(struct rules *rules, struct step *steps, const struct slice *lines, size_t n,
    const struct source *source, const struct effort *effort, size_t *taken, struct why *why)
{
	struct check *checks[BATCH];
	struct why later = { 0 }, *reason = why == NULL ? NULL : &later;
	enum result r = R_GOOD, stopped;
	size_t i, ready;

	*taken = 0;
	memset(steps, 0, n * sizeof *steps);
	if (n >= AHEAD_LEAST && effort != NULL && effort->threads != 1)
		(void)par_ranges(&(struct effort){ .threads = effort->threads }, n, AHEAD_GRAIN,
		    read_ahead, &(struct ahead){ steps, lines }, NULL);
	stopped = gather(rules, steps, lines, n, &ready, reason);
	for (i = 0; i < ready; i++)
		checks[i] = steps[i].check;
	if (ready > 0)
		checks_run(checks, ready, source, effort);
	for (i = 0; i < ready && r == R_GOOD; i++) {
		r = admit(rules, &steps[i], why);
		*taken += r == R_GOOD;
	}
	for (i = 0; i < ready; i++)
		check_free(checks[i]);
	for (i = 0; i < n; i++)
		record_free(steps[i].record);
	rules_settle(rules);
	if (r == R_GOOD && stopped != R_GOOD) {
		r = stopped;
		if (why != NULL)
			*why = later;
	}
	return r;
}

enum result
rules_entries(struct rules *rules, const struct slice *lines, size_t n, const struct source *source,
    const struct effort *effort, size_t *done, struct why *why)
{
	const size_t room = n < BATCH ? n : BATCH;
	size_t all = 0, taken, window = room;
	struct step *steps;
	enum result r = R_GOOD;

	if (done != NULL)
		*done = 0;
	steps = calloc(room > 0 ? room : 1, sizeof *steps);
	if (steps == NULL)
		return why_set(why, R_NO_MEMORY, "out of memory for entries");
	while (all < n && r == R_GOOD) {
		if (window > n - all)
			window = n - all;
		r = take_some(rules, steps, lines + all, window, source, effort, &taken, why);
		all += taken;
		/* Records that stand alone are not worth looking far ahead. */
		window = taken < window ? WINDOW_LEAST : 2 * window;
		window = window < room ? window : room;
	}
	free(steps);
	if (done != NULL)
		*done = all;
	return r;
}

enum result
rules_entry(struct rules *rules, struct slice line, const struct source *source,
    const struct effort *effort, struct why *why)
{
	return rules_entries(rules, &line, 1, source, effort, NULL, why);
}
